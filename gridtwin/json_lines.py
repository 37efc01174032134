"""What a run does as JSON, one object a line, for programs that watch it (``gridtwin --json-lines``).

The first line says which version speaks, lines with ``progress`` follow, then one with what people read
(``facts``, ``files``, ``notes``) and, last, the object that ``--json`` prints. Only ASCII is written, so that no
code page of a console can garble it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from gridtwin import __version__
from gridtwin.commands import Outcome
from gridtwin.progress import Progress

PROTOCOL = 1  # a program that knows another number cannot read these lines

AT_LEAST_EVERY_S = 0.1


def write_line(stream: TextIO, line: Mapping[str, Any]) -> None:
    """Write one object as one line, at once."""
    stream.write(json.dumps(line, ensure_ascii=True) + "\n")
    stream.flush()


def greet(stream: TextIO) -> None:
    """Say which version and protocol speaks."""
    write_line(stream, {"gridtwin": __version__, "protocol": PROTOCOL})


def reporter(stream: TextIO, clock: Callable[[], float] = time.monotonic) -> Progress:
    """Return a progress that writes a line when the text changes, else at most every 0.1 s."""
    last_text, last_time = "", -AT_LEAST_EVERY_S

    def report(fraction: float, text: str) -> None:
        nonlocal last_text, last_time
        now = clock()
        if text == last_text and now - last_time < AT_LEAST_EVERY_S:
            return
        last_text, last_time = text, now
        write_line(stream, {"progress": round(fraction, 4), "message": text})

    return report


def outcome_line(outcome: Outcome) -> dict[str, Any]:
    """Return what people read of an outcome."""
    return {
        "facts": [list(fact) for fact in outcome.facts],
        "files": [[str(path), what] for path, what in outcome.files],
        "notes": list(outcome.notes),
    }
