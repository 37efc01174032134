# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong when the engine is called."""

from __future__ import annotations


class EngineError(Exception):
    """The engine could not do what it was asked for.

    Parameters
    ----------
    code
        Stable name of the error: the engine's own, or one of this module's callers.
    message
        What is wrong and what to do, in the user's language.
    log
        What the engine wrote on stderr, for a report of a bug.
    """

    def __init__(self, code: str, message: str, log: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.log = log


class EngineMissing(EngineError):  # noqa: N818 - what is there to do is in the message
    """No engine is set, or there is none where the settings say."""


class EngineCanceled(EngineError):  # noqa: N818 - a request, not a fault
    """The user cancelled; nothing was written."""
