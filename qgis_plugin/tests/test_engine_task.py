"""Runs of the engine as tasks: the window never waits, cancelling is quick, every end is told once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from gridtwin_qgis.engine.errors import EngineCanceled, EngineMissing
from gridtwin_qgis.engine.snapshot import Snapshot
from gridtwin_qgis.engine.task import EngineTask, Finished
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication

PATIENCE_S = 60.0
CANCEL_WITHIN_S = 0.5


def divide(region: Path, folder: Path) -> list[str]:
    """Return the call that divides the snapshot."""
    return ["divide", str(region), "--overwrite", f"--output={folder / 'result.gpkg'}"]


def wait_for(condition: object) -> None:
    """Let the window work until the condition holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        QCoreApplication.processEvents()
        time.sleep(0.002)


def test_a_task_hands_over_reply_and_results(town: Path, engine_python: str) -> None:
    """When the engine has ended, reply and results are handed over, with progress and texts on the way."""
    ends: list[Finished] = []
    texts: list[str] = []
    task = EngineTask("Divide", divide, Snapshot(town), ends.append, texts.append)
    QgsApplication.taskManager().addTask(task)
    wait_for(lambda: ends)
    (end,) = ends
    assert end.error is None
    assert end.reply.document["written"] is True
    assert (end.folder / "result.gpkg").exists()
    assert len(texts) > 2
    assert task.description() == "Divide"


def test_a_cancelled_task_ends_at_once(town: Path, engine_python: str) -> None:
    """A cancelled task has ended within half a second, and its folder is gone."""
    ends: list[Finished] = []
    texts: list[str] = []
    task = EngineTask("Divide", divide, Snapshot(town), ends.append, texts.append)
    QgsApplication.taskManager().addTask(task)
    wait_for(lambda: texts)
    start = time.monotonic()
    task.cancel()
    wait_for(lambda: ends)
    assert time.monotonic() - start < CANCEL_WITHIN_S
    assert isinstance(ends[0].error, EngineCanceled)
    assert not ends[0].folder.exists()


def test_a_task_without_an_engine_says_so(town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the engine is not there, the task fails with the way to mend it."""
    monkeypatch.setenv("GRIDTWIN_PYTHON", "/nonexistent/python")
    ends: list[Finished] = []
    task = EngineTask("Divide", divide, Snapshot(town), ends.append)
    QgsApplication.taskManager().addTask(task)
    wait_for(lambda: ends)
    assert isinstance(ends[0].error, EngineMissing)
    assert "Settings" in ends[0].error.message
