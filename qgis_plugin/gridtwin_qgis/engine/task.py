# SPDX-License-Identifier: GPL-3.0-or-later
"""A run of the engine as a task of QGIS, for docks: the window never waits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qgis_plugin_tools.tools.i18n import tr
from qgis_plugin_tools.tools.tasks import BaseTask, FunctionTask

from .errors import EngineCanceled, EngineError
from .files import new_scratch_folder, remove_folder
from .protocol import Reply
from .runner import run_engine
from .settings import engine_python, language
from .snapshot import Snapshot

REGION_NAME = "region.gpkg"


@dataclass(frozen=True)
class Finished:
    """What a task came to.

    Attributes
    ----------
    reply
        What the engine said; ``None`` if it failed.
    error
        Why it failed, else ``None``; an :class:`~.errors.EngineCanceled` if the user cancelled.
    folder
        Where the results are; whoever takes them removes it. After a failure it is gone.
    """

    reply: Reply | None
    error: EngineError | None
    folder: Path


class EngineTask(BaseTask):
    """Snapshot, engine, results in a folder of their own.

    Give it to the task manager of QGIS and keep a reference until ``on_finished`` was called.

    Parameters
    ----------
    title
        What the task manager shows, translated.
    arguments
        Makes the command and its options out of the snapshot's file and the folder for results.
    snapshot
        The region with its unsaved edits.
    on_finished
        Called in the window's thread.
    on_message
        Called in the task's thread with each new text of the engine; connect it through a signal.
    """

    def __init__(
        self,
        title: str,
        arguments: Callable[[Path, Path], Sequence[str]],
        snapshot: Snapshot,
        on_finished: Callable[[Finished], None],
        on_message: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self._title = title
        super().__init__()
        self._arguments = arguments
        self._snapshot = snapshot
        self._on_finished = on_finished
        self._on_message = on_message
        self._language = language()
        self._folder = new_scratch_folder()
        self._reply: Reply | None = None
        self._message = ""

    @property
    def name(self) -> str:
        """Title in the task manager."""
        return self._title

    def _run(self) -> bool:
        """Write the snapshot and run the engine; in the task's thread."""
        engine_python()  # without an engine nothing is written
        self._call(self._arguments(self._write_snapshot(), self._folder))
        return True

    def _write_snapshot(self) -> Path:
        """Write the region for the engine and return its file."""
        region = self._folder / REGION_NAME
        self._snapshot.write(region, self.isCanceled)
        return region

    def _call(self, arguments: Sequence[str], start: float = 0.0, share: float = 1.0) -> None:
        """Run one command, which is a share of the whole that begins at ``start``."""
        self._reply = run_engine(
            engine_python(),
            arguments,
            language=self._language,
            on_progress=lambda fraction, text: self._report(start + share * fraction, text),
            is_canceled=self.isCanceled,
        )

    def _report(self, fraction: float, text: str) -> None:
        if not self.isCanceled():
            self.setProgress(100 * fraction)
        if text != self._message:
            self._message = text
            self._on_message(text)

    def finished(self, result: bool) -> None:
        """Hand over what came out; in the window's thread."""
        if result:
            self._on_finished(Finished(self._reply, None, self._folder))
            return
        remove_folder(self._folder)
        self._on_finished(Finished(None, failure_of(self), self._folder))


class AnswerTask(FunctionTask):
    """Work that takes a moment and whose answer the window waits for without freezing.

    Parameters
    ----------
    title
        What the task manager shows, translated.
    work
        Called in the task's thread.
    on_finished
        Called in the window's thread with the answer and the error; one of them is ``None``.
    """

    def __init__(
        self, title: str, work: Callable[[], Any], on_finished: Callable[[Any, EngineError | None], None]
    ) -> None:
        self._title = title
        super().__init__(work)
        self._on_finished = on_finished

    @property
    def name(self) -> str:
        """Title in the task manager."""
        return self._title

    def finished(self, result: bool) -> None:
        """Hand over the answer; in the window's thread."""
        self._on_finished(self.result, None if result else failure_of(self))


def failure_of(task: BaseTask) -> EngineError:
    """Return why a task that has ended failed."""
    if isinstance(task.exception, EngineError):
        return task.exception
    if task.exception is None or task.isCanceled():
        return EngineCanceled("cancelled", tr("Cancelled; nothing was written."))
    return EngineError("failed", tr("An error in the plugin itself: {}", task.exception), repr(task.exception))
