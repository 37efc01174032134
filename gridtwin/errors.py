"""What can go wrong: every error says what, where and how to mend it, in the user's language.

Each leaf is also a builtin exception, so that callers need not know ours. ``code`` and ``params`` let every
front door translate the message or act on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gridtwin.i18n import tr

MAX_IDS_SHOWN = 5


@dataclass(frozen=True)
class Fault:
    """One thing wrong with the data: what, where, how many, and how to mend it.

    ``message`` and ``hint`` are English templates over ``params``; :meth:`text` renders them in a language.
    ``repairable`` faults are those that ``gridtwin check --repair`` mends without losing data.
    """

    code: str
    message: str
    layer: str = ""
    column: str = ""
    ids: tuple[str, ...] = ()
    count: int = 0
    hint: str = ""
    severity: str = "error"
    repairable: bool = False
    params: Mapping[str, Any] = field(default_factory=dict)

    def text(self, lang: str | None = None) -> str:
        """Render the fault as one line: place, message, first five ids, mend."""
        place = ".".join(part for part in (self.layer, self.column) if part)
        line = f"{place}: " if place else ""
        line += tr(self.message, lang).format(count=self.count, **self.params)
        if self.ids:
            more = ", …" if self.count > len(self.ids) else ""
            line += f" [{', '.join(self.ids)}{more}]"
        if self.hint:
            line += " → " + tr(self.hint, lang).format(count=self.count, **self.params)
        return line

    def to_dict(self, lang: str | None = None) -> dict[str, Any]:
        """Return the fault as plain values for ``--json``."""
        return {
            "code": self.code,
            "severity": self.severity,
            "layer": self.layer,
            "column": self.column,
            "count": self.count,
            "ids": list(self.ids),
            "message": tr(self.message, lang).format(count=self.count, **self.params),
            "hint": tr(self.hint, lang).format(count=self.count, **self.params),
            "repairable": self.repairable,
        }


def first_ids(ids: Iterable[Any]) -> tuple[str, ...]:
    """Return the first five of ``ids`` as text."""
    shown = []
    for number, item in enumerate(ids):
        if number == MAX_IDS_SHOWN:
            break
        shown.append(str(item))
    return tuple(shown)


class GridTwinError(Exception):
    """Root of all errors that GridTwin raises on purpose.

    Parameters
    ----------
    code
        Stable name of the error, such as ``"crs_in_degrees"``.
    message
        English template over ``params``; state what is wrong, where, and what to do.
    **params
        Plain values for the template.
    """

    exit_code = 1

    def __init__(self, code: str, message: str, /, **params: Any) -> None:
        self.code = code
        self.message = message
        self.params = params
        super().__init__(message.format(**params))

    def text(self, lang: str | None = None) -> str:
        """Render the message in ``lang`` (the user's language by default)."""
        return tr(self.message, lang).format(**self.params)


class UsageError(GridTwinError, ValueError):
    """A command or function was asked for something that makes no sense."""

    exit_code = 2


class OutputExistsError(UsageError, FileExistsError):
    """The output exists and ``--overwrite`` was not given."""


class InputError(GridTwinError, ValueError):
    """The input data are wrong."""

    exit_code = 3


class InputMissingError(InputError, FileNotFoundError):
    """A file, layer or column that is needed is not there."""


class FaultsError(GridTwinError):
    """Several things are wrong; all are listed at once."""

    name = "faults"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(self.name, "{listing}", listing="\n".join(f.text("en") for f in self.faults))

    def text(self, lang: str | None = None) -> str:
        """Render all faults, one line each."""
        return "\n".join(fault.text(lang) for fault in self.faults)


class LayerFaultsError(FaultsError, InputError):
    """Several things are wrong with the input; all are listed at once."""

    name = "layer_faults"


class EditRefused(FaultsError, ValueError):  # noqa: N818 - an answer to the planner, not a fault of ours
    """An edit would change what is locked or pinned, or cannot be done; the plan is as it was."""

    name = "edit_refused"
    exit_code = 2


class RegionFileError(InputError, OSError):
    """A file is no region, is damaged, or has a schema this version cannot read."""


class StorageError(GridTwinError, OSError):
    """The disk is full, the file is locked, or the folder cannot be written; nothing was lost."""

    exit_code = 3


class InfeasibleError(GridTwinError, RuntimeError):
    """Under ``--strict``: no plan keeps every rule."""

    exit_code = 4


class MissingToolError(GridTwinError, ImportError):
    """An optional tool or package is not installed."""

    exit_code = 5


class Cancelled(GridTwinError, RuntimeError):  # noqa: N818 - a request, not a fault
    """The user cancelled; nothing was written."""

    exit_code = 130

    def __init__(self) -> None:
        super().__init__("cancelled", "cancelled; nothing was written")
