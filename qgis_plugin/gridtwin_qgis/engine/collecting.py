# SPDX-License-Identifier: GPL-3.0-or-later
"""A run of the engine whose results are read in the task's thread, so that the window waits for nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from qgis.core import QgsApplication

from ..core.errors import PluginError
from .errors import EngineCanceled, EngineError
from .files import remove_folder
from .settings import engine_python
from .snapshot import Snapshot
from .task import EngineTask, Finished

LOGGER = logging.getLogger(__name__)

Result = TypeVar("Result")
MakeCommand = Callable[[Path, Path], Sequence[str]]


class CollectingTask(EngineTask, Generic[Result]):
    """Snapshot, one command of the engine after the other, and what is read from their results.

    Parameters
    ----------
    title
        What the task manager shows, translated.
    commands
        Each makes a command out of the snapshot's file and the folder for results; it may change the snapshot first.
        Called in the task's thread.
    snapshot
        The region with its unsaved edits.
    collect
        Reads the results out of the folder, in the task's thread.
    on_done
        Called with what was read, in the window's thread.
    on_failed
        Called with why there is nothing, in the window's thread.

    Attributes
    ----------
    has_ended
        Whether what came out was handed over.
    """

    def __init__(
        self,
        title: str,
        commands: Sequence[MakeCommand],
        snapshot: Snapshot,
        collect: Callable[[Path], Result],
        on_done: Callable[[Result], None],
        on_failed: Callable[[EngineError], None],
    ) -> None:
        super().__init__(title, commands[0], snapshot, self._take)
        self._commands = tuple(commands)
        self._collect = collect
        self._on_done = on_done
        self._on_failed = on_failed
        self._collected: Result | None = None
        self.has_ended = False

    def _run(self) -> bool:
        engine_python()  # without an engine nothing is written
        try:
            region, share = self._write_snapshot(), 1 / len(self._commands)
            for number, command in enumerate(self._commands):
                self._call(command(region, self._folder), number * share, share)
            self._collected = self._collect(self._folder)
        except PluginError as error:
            raise EngineError("refused", str(error)) from error
        return True

    def _take(self, finished: Finished) -> None:
        self.has_ended = True
        if finished.error is not None:
            self._on_failed(finished.error)
            return
        try:
            self._on_done(self._collected)
        finally:
            remove_folder(finished.folder)


class EngineRuns:
    """Runs of the engine that a part of the window has started; they end with it."""

    def __init__(self) -> None:
        self._tasks: list[CollectingTask] = []

    @property
    def is_busy(self) -> bool:
        """Whether a run waits or goes on."""
        return any(not task.has_ended for task in self._tasks)

    def start(self, task: CollectingTask) -> None:
        """Give a task to the task manager."""
        self._tasks = [known for known in self._tasks if not known.has_ended]
        self._tasks.append(task)
        QgsApplication.taskManager().addTask(task)

    def cancel(self) -> None:
        """Cancel all runs."""
        for task in [known for known in self._tasks if not known.has_ended]:
            task.cancel()


def tell_failure(error: EngineError, warn: Callable[[str], None]) -> None:
    """Tell why a run came to nothing; that the user cancelled is known to the user."""
    if isinstance(error, EngineCanceled):
        LOGGER.info(error.message)
        return
    if error.log:
        LOGGER.info(error.log)
    warn(error.message)
