"""The engine's environment: which Python may make it, making it offline, and the pages that lead there."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import stat
import time
import zipfile
from pathlib import Path

import pytest
from gridtwin_qgis.engine import environment
from gridtwin_qgis.engine.environment import EnvironmentTask, check_python, find_pythons, is_of_qgis, python_in
from gridtwin_qgis.engine.errors import EngineCanceled, EngineError
from gridtwin_qgis.engine.settings import configured_python
from gridtwin_qgis.gui.environment_dialog import EnvironmentDialog
from gridtwin_qgis.gui.settings_page import SettingsFactory, SettingsPage
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtTest import QTest

PATIENCE_S = 120.0
PYTHON = "/usr/bin/python3"

ENGINE = """
import json
print(json.dumps({"gridtwin": "7.7", "protocol": 1}))
print(json.dumps({"facts": [], "files": [], "notes": []}))
print(json.dumps({"schema": "gridtwin.schema/1", "version": "7.7", "units": {}, "commands": []}))
"""


@pytest.fixture(autouse=True)
def no_engine_by_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the settings of the profile hold, not the variable of the tests."""
    monkeypatch.delenv("GRIDTWIN_PYTHON", raising=False)


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """Return a folder with the wheel of a tiny engine."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    info = "gridtwin-7.7.dist-info"
    files = {
        "gridtwin/__init__.py": "",
        "gridtwin/__main__.py": ENGINE,
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: gridtwin\nVersion: 7.7\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()},"
        f"{len(text.encode())}\n"
        for name, text in files.items()
    )
    with zipfile.ZipFile(folder / "gridtwin-7.7-py3-none-any.whl", "w") as archive:
        for name, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(name, text)
    return folder


def fake_python(folder: Path, body: str) -> str:
    """Return a program that answers as a Python would."""
    path = folder / "python3.12"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return str(path)


def wait_for(condition: object) -> None:
    """Let the window work until the condition holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        QCoreApplication.processEvents()
        QTest.qWait(5)


def test_the_system_python_can_make_one() -> None:
    """A Python of the right version with ``venv`` is found."""
    assert check_python(PYTHON).version >= (3, 11)
    assert any(os.path.realpath(found.path) == os.path.realpath(PYTHON) for found in find_pythons())


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("echo '[[3, 9], true]'", "wrong_python"),
        ("echo '[[3, 14], true]'", "wrong_python"),
        ("echo '[[3, 12], false]'", "no_venv"),
        ("echo hello", "no_python"),
    ],
)
def test_what_cannot_make_one_is_refused(tmp_path: Path, body: str, code: str) -> None:
    """Too old, too new, without ``venv``, or no Python at all: each has its own error."""
    with pytest.raises(EngineError) as caught:
        check_python(fake_python(tmp_path, body))
    assert caught.value.code == code


@pytest.mark.parametrize("path", ["/usr/bin/qgis", "/usr/bin/qgis.bin", r"qgis-bin.exe"])
def test_qgis_itself_is_never_started(path: str) -> None:
    """QGIS's own executable is refused before anything is started."""
    assert is_of_qgis(path)
    with pytest.raises(EngineError, match="belongs to QGIS"):
        check_python(path)


def test_the_python_in_a_bundle_is_qgis(monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python inside QGIS's bundle is QGIS's; one beside it is not."""
    home = "/Applications/QGIS.app/Contents/MacOS"
    monkeypatch.setattr(environment.QgsApplication, "applicationFilePath", staticmethod(lambda: f"{home}/QGIS"))
    monkeypatch.setattr(environment.QgsApplication, "prefixPath", staticmethod(lambda: home))
    assert is_of_qgis(f"{home}/bin/python3")
    assert not is_of_qgis("/opt/homebrew/bin/python3")


def test_an_environment_is_made_offline(wheels: Path, tmp_path: Path) -> None:
    """From a folder of wheels an engine is installed that answers, and pip's words are shown."""
    ends: list[EngineError | None] = []
    said: list[str] = []
    folder = tmp_path / "profile" / "engine"
    task = EnvironmentTask(PYTHON, folder, wheels, ends.append)
    task.said.connect(said.append)
    QgsApplication.taskManager().addTask(task)
    wait_for(lambda: ends)
    assert ends == [None], said
    assert python_in(folder).exists()
    assert any("Successfully installed gridtwin-7.7" in line for line in said)
    assert "7.7" in said[-1]


def test_a_failed_one_is_removed_and_says_why(tmp_path: Path) -> None:
    """Where pip finds no engine, its words are the error and nothing stays behind."""
    ends: list[EngineError | None] = []
    empty = tmp_path / "empty"
    empty.mkdir()
    task = EnvironmentTask(PYTHON, tmp_path / "engine", empty, ends.append)
    QgsApplication.taskManager().addTask(task)
    wait_for(lambda: ends)
    assert "gridtwin" in ends[0].message
    assert not (tmp_path / "engine").exists()


def test_a_cancelled_one_is_removed(wheels: Path, tmp_path: Path) -> None:
    """Cancelled on the way, nothing stays behind."""
    ends: list[EngineError | None] = []
    said: list[str] = []
    task = EnvironmentTask(PYTHON, tmp_path / "engine", wheels, ends.append)
    task.said.connect(said.append)
    QgsApplication.taskManager().addTask(task)
    wait_for(lambda: said)
    task.cancel()
    wait_for(lambda: ends)
    assert isinstance(ends[0], EngineCanceled)
    assert not (tmp_path / "engine").exists()


def test_a_folder_in_use_is_left_alone(wheels: Path, tmp_path: Path) -> None:
    """A folder with files in it is refused and stays as it is."""
    ends: list[EngineError | None] = []
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "mine.txt").write_text("mine")
    task = EnvironmentTask(PYTHON, tmp_path / "engine", wheels, ends.append)
    QgsApplication.taskManager().addTask(task)
    wait_for(lambda: ends)
    assert ends[0].code == "folder_not_empty"
    assert (tmp_path / "engine" / "mine.txt").read_text() == "mine"


def test_the_dialog_makes_one(wheels: Path, tmp_path: Path) -> None:
    """The dialog offers the Pythons found, makes the environment and is accepted with its Python."""
    dialog = EnvironmentDialog()
    wait_for(dialog.python.count)
    dialog.folder.setFilePath(str(tmp_path / "engine"))
    dialog.wheels.setFilePath(str(wheels))
    dialog.start_button.click()
    wait_for(lambda: dialog.made)
    assert dialog.made == str(python_in(tmp_path / "engine"))
    assert "gridtwin" in dialog.log.toPlainText()


def test_the_dialog_shows_why_it_failed(tmp_path: Path) -> None:
    """A Python written by hand that is none is named, and the dialog stays open for another try."""
    dialog = EnvironmentDialog()
    wait_for(dialog.python.count)
    dialog.python.setEditText("/nonexistent/python")
    dialog.folder.setFilePath(str(tmp_path / "engine"))
    dialog.start_button.click()
    wait_for(lambda: "/nonexistent/python" in dialog.status.text())
    assert dialog.start_button.isEnabled()
    dialog.reject()


def test_verify_keeps_an_engine_that_answers(plugin: object, engine_python: str) -> None:
    """Verify asks the engine, shows its version, keeps it and lists its commands."""
    page = SettingsFactory().createWidget(None)
    page.python.setFilePath(engine_python)
    page.verify.click()
    wait_for(page.verify.isEnabled)
    assert "0.1.0" in page.status.text()
    assert configured_python() == engine_python
    assert QgsApplication.processingRegistry().algorithmById("gridtwin:divide") is not None


def test_verify_says_what_is_wrong(plugin: object, tmp_path: Path) -> None:
    """What is no engine is not kept, and the page says why."""
    before = configured_python()
    page = SettingsPage()
    page.python.setFilePath(shutil.which("true"))
    page.verify.click()
    wait_for(page.verify.isEnabled)
    assert "code 0" in page.status.text()
    assert configured_python() == before


def test_the_page_keeps_what_is_set(plugin: object) -> None:
    """Accepting the options keeps the path."""
    page = SettingsPage()
    page.python.setFilePath("/somewhere/python")
    page.apply()
    assert configured_python() == "/somewhere/python"
    page.python.setFilePath("")
    page.apply()
    assert configured_python() == ""
