# SPDX-License-Identifier: GPL-3.0-or-later
"""The user log: who changed what in a plan, and when; kept in table ``edits`` of the region's file.

Each step of the planner is an entry, whichever tool made it. Entries wait until the edits are saved; those that were
undone by then are not written. The columns are the engine's, which can undo and repeat these edits too.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis_plugin_tools.tools.i18n import tr

from .errors import SaveError
from .plan_store import now_utc
from .plans import PlanBook
from .schema import int_of, text_of
from .session import Step

EDITS = "edits"
FLAGS = ("pinned", "locked", "searched", "proved")  # what the engine's log holds besides units
NUMBER_WIDTH = 6


@dataclass(frozen=True)
class LogEntry:
    """One step in the log.

    Attributes
    ----------
    edit_id
        Its key; "" until it is saved.
    plan, made_at, by, action
        Of which plan, when (ISO 8601, UTC), by whom, and what the step is called.
    units
        Units that moved: grid before and after.
    pinned, locked
        Units and grids that were locked (``True``) or unlocked.
    households_moved
        Households of the buildings that changed their grid.
    undone
        Whether it was undone; it is not saved then.
    """

    plan: str
    made_at: str
    by: str
    action: str
    units: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    pinned: Mapping[str, bool] = field(default_factory=dict)
    locked: Mapping[str, bool] = field(default_factory=dict)
    households_moved: int = 0
    undone: bool = False
    edit_id: str = ""

    @property
    def sources(self) -> tuple[str, ...]:
        """Grids that units left."""
        return tuple(sorted({old for old, _ in self.units.values() if old}))

    @property
    def targets(self) -> tuple[str, ...]:
        """Grids that units came to."""
        return tuple(sorted({new for _, new in self.units.values() if new}))

    @property
    def is_empty(self) -> bool:
        """Whether the step changed nothing that belongs to a plan."""
        return not (self.units or self.pinned or self.locked or self.households_moved)

    def row(self, edit_id: str) -> dict[str, Any]:
        """Return the entry as a row of table ``edits``."""
        changes = {
            "units": {unit: list(both) for unit, both in self.units.items()},
            **{flag: {} for flag in FLAGS},
            "pinned": {unit: [not now, now] for unit, now in self.pinned.items()},
            "locked": {grid: [not now, now] for grid, now in self.locked.items()},
        }
        return {
            "edit_id": edit_id,
            "plan": self.plan,
            "made_at": self.made_at,
            "by": self.by or None,
            "action": self.action,
            "arguments": json.dumps({"from": self.sources, "to": self.targets}, ensure_ascii=False),
            "changes": json.dumps(changes, sort_keys=True, ensure_ascii=False),
            "households_moved": self.households_moved,
            "undone": False,
        }


class UserLog(QObject):
    """The log of an open region.

    Parameters
    ----------
    book
        Its plans.
    by
        Who is editing; the user of this computer when left out.

    Attributes
    ----------
    session
        The open region.
    changed
        Emitted when there are other entries.
    failed
        Emitted with why the log could not be written; the edits themselves are saved then.
    """

    changed = pyqtSignal()
    failed = pyqtSignal(str)

    def __init__(self, book: PlanBook, by: str = "") -> None:
        super().__init__()
        self._book, self.session = book, book.session
        self.by = by or QgsApplication.userFullName() or QgsApplication.userLoginName()
        self._waiting: list[LogEntry] = []
        self._place = 0
        self._pinned: dict[str, bool] = {}
        self._locked: dict[str, bool] = {}
        session = self.session
        self._signals = (
            (session.units.attributeValueChanged, self._on_unit_value),
            (session.grids.attributeValueChanged, self._on_grid_value),
            (session.stepped, self._on_step),
            (session.restored, self._on_restored),
            (session.units.afterCommitChanges, self._on_saved),
            (session.units.afterRollBack, self._on_rolled_back),
        )
        for signal, slot in self._signals:
            signal.connect(slot)

    def close(self) -> None:
        """Stop following the session."""
        for signal, slot in self._signals:
            signal.disconnect(slot)

    def entries(self) -> tuple[LogEntry, ...]:
        """Return all entries, the oldest first: saved ones, then those that wait."""
        saved = tuple(_entry(row) for row in self._book.tables.rows(EDITS))
        waiting = (replace(entry, undone=n >= self._place) for n, entry in enumerate(self._waiting))
        return saved + tuple(entry for entry in waiting if not entry.is_empty)

    # -- following the session ------------------------------------------------------------------------------------

    def _on_unit_value(self, fid: int, number: int, value: object) -> None:
        if self.session.units.fields().at(number).name() == "locked" and fid in self.session.register:
            self._pinned[self.session.register[fid].unit_id] = bool(int_of(value))

    def _on_grid_value(self, fid: int, number: int, value: object) -> None:
        if self.session.grids.fields().at(number).name() == "locked" and fid in self.session.counts:
            self._locked[self.session.counts.grid(fid).grid_id] = bool(int_of(value))

    def _on_step(self, step: Step) -> None:
        moved = {} if self._book.is_switching else {unit: (old, new) for unit, old, new in step.moved}
        entry = LogEntry(
            self._book.current,
            now_utc(),
            self.by,
            step.text,
            moved,
            dict(self._pinned),
            dict(self._locked),
            0 if self._book.is_switching else step.households_moved,
        )
        self._forget_flags()
        del self._waiting[self._place :]
        self._waiting.append(entry)
        self._place = len(self._waiting)
        self.changed.emit()

    def _on_restored(self) -> None:
        self._forget_flags()
        self._place = min(self.session.steps, len(self._waiting))
        self.changed.emit()

    def _on_saved(self) -> None:
        made = [replace(e, plan=self._book.current) for e in self._waiting[: self._place] if not e.is_empty]
        self._start_anew()
        if made:
            try:
                self._write(made)
            except SaveError as error:
                self.failed.emit(tr("The edits are saved, but not the log of them: {reason}", reason=error))
        self.changed.emit()

    def _on_rolled_back(self) -> None:
        self._start_anew()
        self.changed.emit()

    def _start_anew(self) -> None:
        self._waiting, self._place = [], 0
        self._forget_flags()

    def _forget_flags(self) -> None:
        self._pinned, self._locked = {}, {}

    def _write(self, made: Iterable[LogEntry]) -> None:
        """Add entries; edits of this plan that had been undone can no longer be done again."""
        tables = self._book.tables
        gone = [fid for fid, row in tables.found(EDITS, "plan", self._book.current).items() if row["undone"]]
        tables.drop(EDITS, gone)
        numbers = [row["edit_id"][1:] for row in tables.rows(EDITS, ("edit_id",)) if row["edit_id"]]
        last = max((int(number) for number in numbers if number.isdigit()), default=0)
        rows = [entry.row(f"e{n:0{NUMBER_WIDTH}d}") for n, entry in enumerate(made, last + 1)]
        tables.append(EDITS, rows)


def matching(entries: Iterable[LogEntry], *, text: str = "", plan: str = "", by: str = "") -> list[LogEntry]:
    """Return the entries of a plan and a user in which a text occurs; an empty filter lets all pass."""
    wanted = text.casefold()
    return [
        entry
        for entry in entries
        if (not plan or entry.plan == plan)
        and (not by or entry.by == by)
        and wanted in " ".join((entry.action, *entry.sources, *entry.targets, *entry.units, *entry.locked)).casefold()
    ]


def log_table(entries: Iterable[LogEntry]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the titles of the log's columns and its rows, as people read them."""
    titles = (
        tr("When (UTC)"), tr("Who"), tr("Plan"), tr("What"), tr("From"), tr("To"), tr("Units"), tr("Households moved"),
        tr("State"),
    )  # fmt: skip
    rows = [
        (
            entry.made_at.replace("T", " ").rstrip("Z"),
            entry.by,
            entry.plan,
            entry.action,
            ", ".join(entry.sources or tuple(sorted(entry.locked))),
            ", ".join(entry.targets),
            str(len(entry.units) or len(entry.pinned)),
            str(entry.households_moved),
            tr("undone") if entry.undone else tr("saved") if entry.edit_id else tr("not saved"),
        )
        for entry in entries
    ]
    return titles, rows


def write_log(entries: Iterable[LogEntry], path: Path) -> None:
    """Write entries as a table (CSV, UTF-8 with a mark, so that spreadsheets read Chinese).

    Raises
    ------
    SaveError
        If the file cannot be written.
    """
    titles, rows = log_table(entries)
    try:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([titles, *rows])
    except OSError as error:
        raise SaveError(tr("{path} could not be written: {reason}", path=path, reason=error.strerror)) from error


def _entry(row: Mapping[str, Any]) -> LogEntry:
    changes = json.loads(row["changes"] or "{}")
    return LogEntry(
        plan=text_of(row["plan"]),
        made_at=text_of(row["made_at"]),
        by=text_of(row["by"]),
        action=text_of(row["action"]),
        units={unit: (both[0], both[1]) for unit, both in changes.get("units", {}).items()},
        pinned={unit: both[1] for unit, both in changes.get("pinned", {}).items()},
        locked={grid: both[1] for grid, both in changes.get("locked", {}).items()},
        households_moved=row["households_moved"] or 0,
        undone=bool(row["undone"]),
        edit_id=text_of(row["edit_id"]),
    )
