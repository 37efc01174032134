# SPDX-License-Identifier: GPL-3.0-or-later
"""An environment of Python for the engine: which Python can make one, and making it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import pyqtSignal
from qgis_plugin_tools.tools.i18n import tr
from qgis_plugin_tools.tools.tasks import BaseTask

from .catalogue import fetch_schema
from .errors import EngineError
from .files import remove_folder
from .runner import run_process
from .settings import language
from .task import failure_of

PACKAGE = "gridtwin"
NEWEST, OLDEST = (3, 13), (3, 11)
NAMES = ("python3.13", "python3.12", "python3.11", "python3", "python")
ASK = (
    "import importlib.util as u, json, sys; "
    "print(json.dumps([list(sys.version_info[:2]), all(u.find_spec(m) for m in ('venv', 'ensurepip'))]))"
)

OnLine = Callable[[str], None]


@dataclass(frozen=True)
class BasePython:
    """A Python that can make an environment."""

    path: str
    version: tuple[int, int]

    @property
    def text(self) -> str:
        """What a list shows of it."""
        return f"Python {self.version[0]}.{self.version[1]} - {self.path}"


def find_pythons() -> list[BasePython]:
    """Return the Pythons of this machine that can make an environment, the newest first."""
    found: dict[str, BasePython] = {}
    for path in _candidates():
        real = os.path.realpath(path)
        if real in found:
            continue
        try:
            found[real] = check_python(path)
        except EngineError:
            continue  # one that cannot is not offered
    return sorted(found.values(), key=lambda python: python.version, reverse=True)


def check_python(path: str) -> BasePython:
    """Return what a Python is, once it is known that it can make an environment.

    Raises
    ------
    EngineError
        If it is QGIS itself or belongs to it, is no Python, too old or too new, or lacks ``venv``.
    """
    if is_of_qgis(path):
        raise EngineError("python_of_qgis", tr("{} belongs to QGIS; choose another Python.", path))
    lines: list[str] = []
    code, log = run_process([path, "-I", "-c", ASK], language=language(), on_line=lines.append)
    try:
        version, can_make = json.loads("".join(lines))
    except ValueError as error:
        raise EngineError("no_python", tr("{} is no Python (it ended with code {}).", path, code), log) from error
    version = (int(version[0]), int(version[1]))
    if not OLDEST <= version <= NEWEST:
        text = tr("{} is Python {}.{}; the engine needs 3.11 to 3.13.", path, *version)
        raise EngineError("wrong_python", text)
    if not can_make:
        raise EngineError("no_venv", tr("{} cannot make environments; install its package venv.", path))
    return BasePython(path, version)


def is_of_qgis(path: str) -> bool:
    """Return whether a program is QGIS or comes with it: started, it would open a second QGIS, or break.

    On Linux QGIS runs in the system's Python, which is as good as any.
    """
    if not Path(path).name.lower().startswith("py"):
        return True
    if os.name != "nt" and "QGIS" not in QgsApplication.applicationFilePath():
        return False
    home = Path(QgsApplication.prefixPath()).resolve()
    home = next((folder for folder in (home, *home.parents) if folder.name.endswith(".app")), home)
    if os.name == "nt":
        home = home.parents[1]  # C:\\Program Files\\QGIS 3.22\\apps\\qgis
    return home in Path(path).resolve().parents


def python_in(folder: Path) -> Path:
    """Return the Python of an environment."""
    return folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"


def default_folder() -> Path:
    """Return where the engine's environment is made: in the user's profile."""
    return Path(QgsApplication.qgisSettingsDirPath()) / "gridtwin" / "engine"


def _candidates() -> Iterable[str]:
    folders = os.environ.get("PATH", "").split(os.pathsep)
    more = ["/usr/local/bin", "/opt/homebrew/bin", str(Path.home() / ".local" / "bin")]
    if os.name == "nt":
        more = [str(path) for path in Path(os.environ.get("LOCALAPPDATA", "")).glob("Programs/Python/Python3*")]
    for name in NAMES:
        for folder in [*folders, *more]:
            path = shutil.which(name, path=folder) if folder else None
            if path and "WindowsApps" not in path:  # an alias that opens the shop
                yield path


class EnvironmentTask(BaseTask):
    """Makes the engine's environment; what Python and pip say comes line by line.

    Parameters
    ----------
    python
        The Python to make it with.
    folder
        Where; it must not exist, or be empty.
    wheels
        Folder of wheels to install from without the internet; ``None`` for the package index.
    on_finished
        Called in the window's thread with the error, ``None`` if the engine is there and answers.

    Attributes
    ----------
    said
        Emitted with each line.
    """

    said = pyqtSignal(str)

    def __init__(
        self, python: str, folder: Path, wheels: Path | None, on_finished: Callable[[EngineError | None], None]
    ) -> None:
        super().__init__()
        self._python = python
        self._folder = folder
        self._wheels = wheels
        self._on_finished = on_finished

    @property
    def name(self) -> str:
        """Title in the task manager."""
        return tr("Create the environment of the GridTwin engine")

    def _run(self) -> bool:
        """Make the environment, install the engine, ask it; in the task's thread."""
        base = check_python(self._python)
        if self._folder.exists() and any(self._folder.iterdir()):
            raise EngineError("folder_not_empty", tr("{} is not empty; choose another folder.", self._folder))
        try:
            self._call([base.path, "-I", "-m", "venv", str(self._folder)])
            self.setProgress(10)
            source = [] if self._wheels is None else ["--no-index", "-f", str(self._wheels)]
            pip = [str(python_in(self._folder)), "-I", "-m", "pip", "install", "--disable-pip-version-check"]
            self._call([*pip, "--no-input", "--progress-bar=off", *source, PACKAGE])
            self.setProgress(90)
            version = fetch_schema(str(python_in(self._folder)))["version"]
        except BaseException:
            remove_folder(self._folder)
            raise
        self.said.emit(tr("GridTwin engine {} is ready.", version))
        return True

    def _call(self, call: list[str]) -> None:
        self.said.emit(" ".join(call))
        last: list[str] = []

        def take(line: str) -> None:
            last[:] = [*last[-2:], line.strip()]
            self.said.emit(line.rstrip())

        code, _ = run_process(call, language=language(), on_line=take, is_canceled=self.isCanceled, merge=True)
        if code:
            raise EngineError("not_installed", tr("This failed with code {}: {}", code, " ".join(last)))

    def finished(self, result: bool) -> None:
        """Say how it ended; in the window's thread."""
        self._on_finished(None if result else failure_of(self))
