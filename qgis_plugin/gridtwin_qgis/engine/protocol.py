# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines that the engine prints (``gridtwin --json-lines``) and what they mean."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qgis_plugin_tools.tools.i18n import tr

from .errors import EngineError

PROTOCOL = 1

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Reply:
    """What a run of the engine came to.

    Attributes
    ----------
    exit_code
        0, or a code for a result that breaks a rule under ``--strict``.
    document
        The object of ``--json``.
    facts, files, notes
        What people read: label and value, path and what it is, lines to look at.
    version
        Version of the engine.
    """

    exit_code: int
    document: Mapping[str, Any]
    facts: Sequence[tuple[str, str]] = ()
    files: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()
    version: str = ""


@dataclass
class Listener:
    """Takes the engine's lines one by one.

    Attributes
    ----------
    on_progress
        Called with a fraction (0-1) and a text.
    """

    on_progress: Progress
    _greeting: dict[str, Any] = field(default_factory=dict)
    _shown: dict[str, Any] = field(default_factory=dict)
    _document: dict[str, Any] = field(default_factory=dict)

    def take(self, line: str) -> None:
        """Take one line of the engine's stdout.

        Raises
        ------
        EngineError
            If the engine speaks another protocol, or no JSON.
        """
        content = _parsed(line)
        if "protocol" in content:
            if content["protocol"] != PROTOCOL:
                raise _other_protocol(content)
            self._greeting = content
        elif "progress" in content:
            self.on_progress(float(content["progress"]), str(content["message"]))
        elif "schema" in content:
            self._document = content
        else:
            self._shown = content

    def reply(self, exit_code: int, log: str) -> Reply:
        """Return what the run came to, once the engine has ended.

        Raises
        ------
        EngineError
            If the engine failed; the message is the engine's own.
        """
        if not self._greeting and exit_code == 2:
            raise EngineError("usage", tr("The engine did not understand the call: {}", _tail(log)), log)
        if not self._document:
            raise EngineError("crashed", tr("The engine ended with code {}: {}", exit_code, _tail(log)), log)
        if "error" in self._document:
            error = self._document["error"]
            raise EngineError(str(error["code"]), str(error["message"]), log)
        return Reply(
            exit_code,
            self._document,
            tuple((str(label), str(value)) for label, value in self._shown.get("facts", ())),
            tuple((str(path), str(what)) for path, what in self._shown.get("files", ())),
            tuple(str(note) for note in self._shown.get("notes", ())),
            str(self._greeting.get("gridtwin", "")),
        )


def _parsed(line: str) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except ValueError as error:
        raise EngineError("not_json", tr("This is no GridTwin engine; it said: {}", line.strip()[:200])) from error
    if not isinstance(content, dict):
        raise EngineError("not_json", tr("This is no GridTwin engine; it said: {}", line.strip()[:200]))
    return content


def _other_protocol(greeting: Mapping[str, Any]) -> EngineError:
    version, spoken = greeting.get("gridtwin", "?"), greeting["protocol"]
    text = (
        tr("The engine {} is newer than this plugin; update the plugin.", version)
        if spoken > PROTOCOL
        else tr("The engine {} is too old for this plugin; update it: pip install --upgrade gridtwin", version)
    )
    return EngineError("other_protocol", text)


def _tail(log: str) -> str:
    """Return the last lines of a log that say something; boxes that a terminal would show are left out."""
    lines = [line.strip(" │╭╮╰╯─") for line in log.splitlines()]
    return " ".join([line for line in lines if line][-3:])[:500]
