"""A display that nobody looks at, with a mouse and a keyboard."""

from __future__ import annotations

import itertools
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NEEDED = ("Xvfb", "xdotool", "import")
DRAG_STEPS = 12  # events of one drag: map tools want to see the mouse move
STEP_S = 0.03
LEFT_OUT = {"QT_QPA_PLATFORM", "WAYLAND_DISPLAY", "PYTHONPATH", "GRIDTWIN_PYTHON"}  # what tests set for themselves


@dataclass(frozen=True)
class Screen:
    """One X display.

    Parameters
    ----------
    name
        Name of the display, such as ``:99``.
    width, height
        Size in pixels.
    """

    name: str
    width: int
    height: int

    @property
    def environment(self) -> dict[str, str]:
        """Environment of programs that shall appear on the display."""
        kept = {k: v for k, v in os.environ.items() if k not in LEFT_OUT}
        return {**kept, "DISPLAY": self.name}

    def picture(self, path: Path) -> Path:
        """Save what the display shows as a PNG."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._run("import", "-window", "root", str(path))
        return path

    def pixels(self, x: int, y: int, width: int, height: int) -> bytes:
        """Return the pixels of a part of the display."""
        crop = ("-crop", f"{width}x{height}+{x}+{y}")
        command = ("import", "-window", "root", *crop, "rgb:-")
        return subprocess.run(command, env=self.environment, check=True, capture_output=True, timeout=30).stdout

    def fill(self, process: int) -> None:
        """Give all of the display to the windows of a process: there is no window manager to maximise them."""
        search = ("search", "--sync", "--onlyvisible", "--all", "--pid", str(process), "--name", ".")
        self._xdo(*search, "windowmove", "%1", "0", "0", "windowsize", "%1", str(self.width), str(self.height))

    def move(self, x: int, y: int) -> None:
        """Move the mouse to a pixel of the display."""
        self._xdo("mousemove", str(x), str(y))

    def click(self, x: int, y: int, *, button: int = 1, times: int = 1) -> None:
        """Click at a pixel with mouse button 1 (left) or 3 (right)."""
        self.move(x, y)
        time.sleep(STEP_S)
        self._xdo("click", "--repeat", str(times), "--delay", "60", str(button))

    def glide(self, points: Sequence[tuple[int, int]]) -> None:
        """Move the mouse in small steps along a line of pixels."""
        for (x0, y0), (x1, y1) in itertools.pairwise(points):
            for step in range(1, DRAG_STEPS + 1):
                self.move(x0 + (x1 - x0) * step // DRAG_STEPS, y0 + (y1 - y0) * step // DRAG_STEPS)
                time.sleep(STEP_S)

    def drag(self, points: Sequence[tuple[int, int]]) -> None:
        """Drag with the left button along a line of pixels."""
        self.move(*points[0])
        self._xdo("mousedown", "1")
        self.glide(points)
        self._xdo("mouseup", "1")

    def key(self, *names: str) -> None:
        """Press keys one after the other, such as ``ctrl+z``."""
        for name in names:
            self._xdo("key", "--clearmodifiers", name)
            time.sleep(STEP_S)

    def write(self, text: str) -> None:
        """Type a text."""
        self._xdo("type", "--delay", "4", text)

    def _xdo(self, *words: str) -> None:
        self._run("xdotool", *words)

    def _run(self, *words: str) -> None:
        subprocess.run(words, env=self.environment, check=True, timeout=30)


@contextmanager
def open_screen(width: int = 1600, height: int = 1000) -> Iterator[Screen]:
    """Yield a new display, and close it afterwards.

    Parameters
    ----------
    width, height
        Size in pixels.
    """
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=(writer,), stderr=subprocess.DEVNULL)
    os.close(writer)
    try:
        with os.fdopen(reader) as stream:
            number = stream.readline().strip()
        if not number:
            raise RuntimeError(f"Xvfb ended with {server.wait()}")
        yield Screen(f":{number}", width, height)
    finally:
        server.terminate()
        server.wait()
