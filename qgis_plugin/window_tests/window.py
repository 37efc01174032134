"""A QGIS with a fresh profile, and hands for it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .screen import Screen

QGIS = "/usr/bin/qgis.bin"
PICTURES = Path(__file__).parents[2] / "out" / "window"
PROBE = Path(__file__).with_name("probe.py")
START_S = 90.0
SETTLED_S = 0.4  # the map has settled when it has not been drawing for so long

SETTINGS = """\
[locale]
overrideFlag=true
userLocale={locale}

[qgis]
showTips=false
checkVersion=false

[PythonPlugins]
processing=true
gridtwin_qgis=true

[core]
NewsFeed\\httpsfeedqgisorg\\disabled=true

[GridTwin]
engine_python={engine}
"""


class WindowError(AssertionError):
    """The window does not show what it should."""


@dataclass(frozen=True)
class Profile:
    """A QGIS profile folder.

    Parameters
    ----------
    folder
        What QGIS gets as ``--profiles-path``.
    """

    folder: Path

    @classmethod
    def create(cls, folder: Path, plugin: Path, *, engine: str, locale: str = "en") -> Profile:
        """Return a fresh profile in which the plugin is installed.

        Parameters
        ----------
        folder
            A folder that is not there yet.
        plugin
            The zip of the plugin.
        engine
            Python of the engine.
        locale
            Language of QGIS, ``en`` or ``zh-Hans``.
        """
        home = folder / "profiles" / "default"
        (home / "QGIS").mkdir(parents=True)
        (home / "QGIS" / "QGIS3.ini").write_text(SETTINGS.format(locale=locale, engine=engine), encoding="utf-8")
        with zipfile.ZipFile(plugin) as archive:
            archive.extractall(home / "python" / "plugins")
        return cls(folder)


class Window:
    """The QGIS window: ask what it shows, act with mouse and keyboard.

    Parameters
    ----------
    screen
        Where it stands.
    process
        The running QGIS.
    link
        Connection to the probe in it.
    """

    def __init__(self, screen: Screen, process: subprocess.Popen[bytes], link: socket.socket) -> None:
        self.screen = screen
        self.process = process
        self._link = link
        self._answers = link.makefile("r", encoding="utf-8")

    def ask(self, question: str, **details: Any) -> Any:
        """Return the answer of the probe to a question (a method of ``probe.Questions``)."""
        self._link.sendall(json.dumps({"ask": question, **details}).encode() + b"\n")
        line = self._answers.readline()
        if not line:
            raise WindowError(f"QGIS has ended with {self.process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise WindowError(answer["error"])
        return answer["value"]

    def wait(self, holds: Callable[[], Any], what: str, *, within_s: float = 20.0) -> Any:
        """Return the first true value of ``holds()``.

        Raises
        ------
        WindowError
            If there is none in time.
        """
        end = time.monotonic() + within_s
        while not (value := holds()):
            if time.monotonic() > end:
                picture = self.screen.picture(PICTURES / f"failed-{self.process.pid}.png")
                log = "; ".join(text for _tab, text in self.ask("messages")[-12:])
                raise WindowError(f"{what}: not within {within_s:g} s; see {picture}; log: {log}")
            time.sleep(0.1)
        return value

    def settle(self, *, within_s: float = 40.0) -> None:
        """Wait until the map is drawn."""
        quiet_since = time.monotonic()
        end = quiet_since + within_s
        while time.monotonic() - quiet_since < SETTLED_S:
            if self.ask("map")["drawing"]:
                quiet_since = time.monotonic()
            if time.monotonic() > end:
                raise WindowError(f"the map is still drawing after {within_s:g} s")
            time.sleep(0.05)

    def widget(self, **fits: Any) -> dict[str, Any]:
        """Return the first visible widget of a ``name``, ``kind`` or ``text``, ``within`` another, once it is there."""
        return self.wait(lambda: next(iter(self.ask("widgets", **fits)), None), f"a widget {fits}")

    def click(self, *, button: int = 1, times: int = 1, **fits: Any) -> None:
        """Click a widget; see :meth:`widget`."""
        self.press(self.widget(**fits), button=button, times=times)

    def press(self, place: Mapping[str, Any], **how: int) -> None:
        """Click the middle of something that has an ``area``."""
        x, y, width, height = place["area"]
        self.screen.click(x + width // 2, y + height // 2, **how)

    def trigger(self, *path: str) -> None:
        """Click an action by its object name or text where it is shown: through menus, or on a tool bar.

        Parameters
        ----------
        path
            The menus and the action: ``("Edit", "mActionUndo")``.
        """
        for step in path:
            self.press(self.wait(lambda step=step: self._action(step), f"an action {step}"))

    def cell(self, table: str, text: str, *, column: int = 0, times: int = 1) -> None:
        """Click the first row of a table that has a text in one of its cells."""
        row = next((r for r in self.ask("table", name=table, area_of_column=column) if text in r["cells"]), None)
        if row is None or row["area"] is None:
            raise WindowError(f"table {table} shows no row with {text!r}")
        self.press(row, times=times)

    def map_pixels(self, points: Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
        """Return the pixels of points of the map."""
        return [tuple(self.ask("pixel", x=x, y=y)) for x, y in points]

    def map_click(self, x: float, y: float, *, button: int = 1) -> None:
        """Click a point of the map."""
        self.screen.click(*self.map_pixels([(x, y)])[0], button=button)

    def map_glide(self, points: Sequence[tuple[float, float]]) -> None:
        """Move the mouse over the map without a button."""
        self.screen.glide(self.map_pixels(points))

    def map_drag(self, points: Sequence[tuple[float, float]]) -> None:
        """Drag over the map with the left button."""
        self.screen.drag(self.map_pixels(points))

    def picture(self, path: Path) -> Path:
        """Save the window as a PNG."""
        self.settle()
        return self.screen.picture(path)

    def children(self) -> list[int]:
        """Return the processes that QGIS has started and that still run."""
        listing = Path(f"/proc/{self.process.pid}/task")
        return [int(p) for task in listing.iterdir() for p in (task / "children").read_text().split()]

    def kill(self) -> None:
        """End QGIS as a power cut would."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _action(self, step: str) -> dict[str, Any] | None:
        for key in ("name", "text"):
            for place in self.ask("actions", **{key: step}):
                if place["enabled"]:
                    return place
        return None


@contextmanager
def open_window(screen: Screen, profile: Profile, *arguments: str, log: Path | None = None) -> Iterator[Window]:
    """Yield a QGIS window once it answers, and end it afterwards.

    Parameters
    ----------
    screen
        Where it shall stand.
    profile
        Its profile.
    arguments
        More words of the command line, such as a project.
    log
        File for what QGIS writes to the console.
    """
    runtime = profile.folder / "run"
    shutil.rmtree(runtime, ignore_errors=True)
    runtime.mkdir(mode=0o700)
    path = runtime / "probe"
    command = [QGIS, "--nologo", "--noversioncheck", "--profiles-path", str(profile.folder), "--code", str(PROBE)]
    environment = {**screen.environment, "GRIDTWIN_PROBE": str(path), "XDG_RUNTIME_DIR": str(runtime)}
    with (log or profile.folder / "qgis.log").open("ab") as stream:
        process = subprocess.Popen([*command, *arguments], env=environment, stdout=stream, stderr=stream)
        try:
            with _connect(path, process) as link:
                window = Window(screen, process, link)
                window.wait(lambda: window.ask("ready"), "the window", within_s=START_S)
                screen.fill(process.pid)
                yield window
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _connect(path: Path, process: subprocess.Popen[bytes]) -> socket.socket:
    end = time.monotonic() + START_S
    link = socket.socket(socket.AF_UNIX)
    link.settimeout(START_S)
    while process.poll() is None and time.monotonic() < end:
        if path.exists():
            link.connect(str(path))
            return link
        time.sleep(0.1)
    raise WindowError(f"QGIS does not start (ended with {process.poll()})")
