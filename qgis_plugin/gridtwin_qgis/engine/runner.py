# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the engine as a process of its own: the only place of the plugin that starts one.

Geographic libraries of the engine's environment and those of QGIS cannot live in one process.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from qgis_plugin_tools.tools.i18n import tr

from .env import engine_environment
from .errors import EngineCanceled, EngineError, EngineMissing
from .protocol import Listener, Progress, Reply

POLL_S = 0.05
TERMINATE_WITHIN_S = 0.2  # then killed: a cancelled engine is gone within half a second, whatever it computes
READERS_END_WITHIN_S = 2.0

IsCanceled = Callable[[], bool]
OnLine = Callable[[str], None]


def run_engine(
    python: str,
    arguments: Sequence[str],
    *,
    language: str,
    on_progress: Progress = lambda _fraction, _text: None,
    is_canceled: IsCanceled = lambda: False,
) -> Reply:
    """Run one command of the engine and wait for it; call this from a task or an algorithm, never from the window.

    Parameters
    ----------
    python
        The engine's Python.
    arguments
        The command and its options, as on the command line.
    language
        ``"zh"`` or ``"en"``.
    on_progress
        Called with a fraction (0-1) and a text, in the calling thread.
    is_canceled
        Asked every 50 ms.

    Raises
    ------
    EngineMissing
        If there is no such Python.
    EngineCanceled
        If ``is_canceled`` said so; the engine has ended then.
    EngineError
        If the engine failed, or speaks another protocol.
    """
    listener = Listener(on_progress)
    call = [python, "-I", "-X", "utf8", "-u", "-m", "gridtwin", "--json-lines", *arguments]
    code, log = run_process(call, language=language, on_line=listener.take, is_canceled=is_canceled)
    return listener.reply(code, log)


def run_process(
    call: Sequence[str],
    *,
    language: str,
    on_line: OnLine,
    is_canceled: IsCanceled = lambda: False,
    merge: bool = False,
) -> tuple[int, str]:
    """Run a program in a clean environment; hand over its stdout line by line.

    Parameters
    ----------
    call
        Program and arguments; no shell sees them.
    language
        ``"zh"`` or ``"en"``.
    on_line
        Called with each line of stdout in the calling thread; what it raises ends the program.
    is_canceled
        Asked every 50 ms.
    merge
        Whether stderr comes line by line too.

    Returns
    -------
    tuple
        Exit code, and what was written on stderr.
    """
    process = _start(call, language, merge=merge)
    lines: queue.Queue[str] = queue.Queue()
    log: list[str] = []
    readers = [_reader(process.stdout, lines.put)]
    if not merge:
        readers.append(_reader(process.stderr, log.append))
    try:
        while True:
            _take(lines, on_line)
            if is_canceled():
                raise EngineCanceled("cancelled", tr("Cancelled; nothing was written."))
            if process.poll() is not None and not readers[0].is_alive() and lines.empty():
                break
    finally:
        _end(process)
        for reader in readers:
            reader.join(READERS_END_WITHIN_S)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
    return process.returncode, "".join(log)


def _start(call: Sequence[str], language: str, *, merge: bool) -> subprocess.Popen[str]:
    """Start a program without a window, in a group of its own so that its children end with it."""
    options: dict[str, object] = (
        {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
        if os.name == "nt"
        else {"start_new_session": True}
    )
    try:
        return subprocess.Popen(
            list(call),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merge else subprocess.PIPE,
            env=engine_environment(language),
            cwd=str(Path.home()),
            text=True,
            encoding="utf-8",
            errors="replace",
            **options,
        )
    except OSError as error:
        raise EngineMissing(
            "engine_missing",
            tr("{} cannot be started ({}). Set the engine in Settings > Options > GridTwin.", call[0], error.strerror),
        ) from error


def _reader(stream: IO[str], take: OnLine) -> threading.Thread:
    def read() -> None:
        for line in stream:
            take(line)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def _take(lines: queue.Queue[str], on_line: OnLine) -> None:
    """Hand over the lines that have come; wait a moment for the first."""
    with suppress(queue.Empty):
        on_line(lines.get(timeout=POLL_S))
        while True:
            on_line(lines.get_nowait())


def _end(process: subprocess.Popen[str]) -> None:
    """Ask the program to end, then end it."""
    if process.poll() is not None:
        return
    _signal(process, kill=False)
    try:
        process.wait(TERMINATE_WITHIN_S)
    except subprocess.TimeoutExpired:
        _signal(process, kill=True)
        process.wait()


def _signal(process: subprocess.Popen[str], *, kill: bool) -> None:
    if os.name == "nt":
        process.kill()
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL if kill else signal.SIGTERM)


__all__ = ["EngineCanceled", "EngineError", "EngineMissing", "Reply", "run_engine", "run_process"]
