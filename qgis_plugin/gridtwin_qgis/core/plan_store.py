# SPDX-License-Identifier: GPL-3.0-or-later
"""Where plans are kept: tables ``plans`` and ``assignments`` of a region's file."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from .schema import PLANS
from .tables import Tables

ASSIGNMENTS = "assignments"
FIRST_PLAN = "default"
GRID_FACTS = "grids"  # key of a plan's parameters under which its grids' own columns are kept

Assignment = Mapping[str, str]  # grid of each unit


@dataclass(frozen=True)
class StoredPlan:
    """One plan as it was last saved.

    Attributes
    ----------
    name, created_at
        Its name, and when it was made (ISO 8601, UTC).
    params, summary
        What it was made with, and its measures then.
    grids, units
        How many grids it has, for how many units.
    """

    name: str
    created_at: str = ""
    params: Mapping[str, Any] | None = None
    summary: str | None = None
    grids: int = 0
    units: int = 0

    def parameter(self, name: str) -> Any:
        """Return a parameter, ``None`` where it is not known."""
        return (self.params or {}).get(name)

    @property
    def grid_facts(self) -> Mapping[str, Mapping[str, Any]]:
        """Columns of its grids, by grid, as far as they were kept with the plan."""
        return self.parameter(GRID_FACTS) or {}


class PlanStore:
    """The saved plans of a region.

    Parameters
    ----------
    tables
        Tables of its file.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def plans(self) -> dict[str, StoredPlan]:
        """Return all plans by name, the oldest first."""
        units: Counter[str] = Counter()
        grids: dict[str, set[str]] = defaultdict(set)
        for row in self._tables.rows(ASSIGNMENTS, ("plan", "grid_id")):
            units[row["plan"]] += 1
            grids[row["plan"]].add(row["grid_id"])
        rows = {row["plan"]: row for row in self._tables.rows(PLANS)}
        rows |= {name: {} for name in units if name not in rows}
        return {
            name: replace(_plan(name, row), grids=len(grids[name]), units=units[name]) for name, row in rows.items()
        }

    def plan(self, name: str) -> StoredPlan:
        """Return what is known of a plan but for how many grids and units it has; quick in a large city."""
        rows = self._tables.found(PLANS, "plan", name)
        return _plan(name, next(iter(rows.values()), {}))

    def assignment(self, name: str) -> dict[str, str]:
        """Return the grid of each unit in a plan, empty where there is no such plan."""
        rows = self._tables.rows(ASSIGNMENTS)
        return {row["unit_id"]: row["grid_id"] or "" for row in rows if row["plan"] == name}

    def nearest(self, present: Assignment) -> str:
        """Return the plan from which the fewest units of ``present`` differ; of several, the newest."""
        fits: Counter[str] = Counter()
        for row in self._tables.rows(ASSIGNMENTS):
            fits[row["plan"]] += present.get(row["unit_id"]) == row["grid_id"]
        rank = {row["plan"]: number for number, row in enumerate(self._tables.rows(PLANS))}
        names = fits.keys() | rank.keys()
        return max(names, key=lambda name: (fits[name], rank.get(name, -1)), default=FIRST_PLAN)

    def add(self, plan: StoredPlan, assignment: Assignment) -> None:
        """Add a plan, made now."""
        self._tables.append(ASSIGNMENTS, _rows(plan.name, assignment))
        self._tables.append(PLANS, [_row(plan, now_utc())])

    def save(self, plan: StoredPlan, assignment: Assignment) -> None:
        """Write what differs from the saved plan."""
        saved, left, changes, gone = self._tables.found(ASSIGNMENTS, "plan", plan.name), dict(assignment), {}, []
        for fid, row in saved.items():
            grid_id = left.pop(row["unit_id"], None)
            if grid_id is None:
                gone.append(fid)
            elif grid_id != (row["grid_id"] or ""):
                changes[fid] = {"grid_id": grid_id}
        self._tables.change(ASSIGNMENTS, changes)
        self._tables.drop(ASSIGNMENTS, gone)
        self._tables.append(ASSIGNMENTS, _rows(plan.name, left))
        rows = self._tables.found(PLANS, "plan", plan.name)
        text = _json(plan.params or {})
        self._tables.change(PLANS, {fid: {"params": text} for fid, row in rows.items() if row["params"] != text})
        if not rows:
            self._tables.append(PLANS, [_row(plan, now_utc())])

    def rename(self, old: str, new: str) -> None:
        """Give a plan another name."""
        for table in (PLANS, ASSIGNMENTS):
            self._tables.change(table, {fid: {"plan": new} for fid in self._tables.found(table, "plan", old)})

    def remove(self, name: str) -> None:
        """Remove a plan."""
        for table in (PLANS, ASSIGNMENTS):
            self._tables.drop(table, list(self._tables.found(table, "plan", name)))

    def make_newest(self, plan: StoredPlan) -> None:
        """Put a plan last: of plans that fit the grids, the engine takes the last one for the current plan."""
        self._tables.drop(PLANS, list(self._tables.found(PLANS, "plan", plan.name)))
        self._tables.append(PLANS, [_row(plan, plan.created_at or now_utc())])


def now_utc() -> str:
    """Return the time as ISO 8601 in UTC."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _plan(name: str, row: Mapping[str, Any]) -> StoredPlan:
    params = json.loads(row.get("params") or "{}")
    return StoredPlan(name, row.get("created_at") or "", params, row.get("summary"))


def _row(plan: StoredPlan, created_at: str) -> dict[str, Any]:
    return {
        "plan": plan.name, "created_at": created_at, "params": _json(plan.params or {}), "summary": plan.summary,
    }  # fmt: skip


def _rows(name: str, assignment: Assignment) -> list[dict[str, str]]:
    return [{"plan": name, "unit_id": unit, "grid_id": grid} for unit, grid in sorted(assignment.items())]


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
