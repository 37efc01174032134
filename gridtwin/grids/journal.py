"""The log of edits: what was done to a plan, from which edits are undone and done again across calls."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gridtwin.errors import EditRefused, Fault, first_ids
from gridtwin.grids.edit import Edit, changed_grid, unit_rows
from gridtwin.grids.planar import Flags
from gridtwin.grids.present import Present
from gridtwin.i18n import mark

GRID_FLAGS = ("locked", "searched", "proved")


def logged(journal: pd.DataFrame, edit: Edit, codes: Mapping[str, str], *, plan: str, made_at: str, by: str) -> Any:
    """Return the log with one more edit; edits of this plan that had been undone can no longer be done again.

    Parameters
    ----------
    journal
        Layer ``edits``.
    edit
        What was done.
    codes
        Code of each grid by its name in the edit; names that are not there are codes already.
    plan
        Name of the plan.
    made_at
        Time, ISO 8601 in UTC.
    by
        Who made the edit, may be empty.
    """
    kept = journal[~((journal["plan"] == plan) & _undone(journal))]
    last = pd.to_numeric(journal["edit_id"].str.removeprefix("e"), errors="coerce").max()
    row = {
        "edit_id": f"e{1 if pd.isna(last) else int(last) + 1:06d}",
        "plan": plan,
        "made_at": made_at,
        "by": by or None,
        "action": edit.action,
        "arguments": json.dumps(_with_codes(edit.arguments, codes), sort_keys=True, ensure_ascii=False),
        "changes": json.dumps(_changes(edit, codes), sort_keys=True),
        "households_moved": edit.households_moved,
        "undone": False,
    }
    return pd.concat([kept, pd.DataFrame([row])], ignore_index=True) if len(kept) else pd.DataFrame([row])


def _with_codes(value: Any, codes: Mapping[str, str]) -> Any:
    """Return plain values with the codes of new grids in place of their working names."""
    if isinstance(value, Mapping):
        return {key: _with_codes(item, codes) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_codes(item, codes) for item in value]
    return codes.get(value, value) if isinstance(value, str) else value


def _changes(edit: Edit, codes: Mapping[str, str]) -> dict[str, Any]:
    """Return what an edit changed, before and after: grids of units, flags of grids, and pinned units, by name."""
    moved, before, after = edit.changes, edit.former, edit.plan
    pins = np.flatnonzero(before.pinned != after.pinned)
    return {
        "units": {
            str(unit): [old, codes.get(new, new)]
            for unit, old, new in zip(moved["unit_id"], moved["from"], moved["to"], strict=True)
        },
        "pinned": {str(before.unit_ids[u]): [bool(before.pinned[u]), bool(after.pinned[u])] for u in pins},
    } | {name: _flag_changes(edit, codes, name) for name in GRID_FLAGS}


def _flag_changes(edit: Edit, codes: Mapping[str, str], name: str) -> dict[str, list[bool]]:
    """Return the grids whose flag ``name`` is another one after the edit, with both values."""
    new = getattr(edit.plan, name)
    old = np.zeros(len(new), bool)
    old[: len(edit.former.codes)] = getattr(edit.former, name)
    there = np.bincount(np.r_[edit.former.grid, edit.plan.grid], minlength=len(new)) > 0
    named = ((edit.plan.codes[g], g) for g in np.flatnonzero(there & (old != new)))
    return {codes.get(code, code): [bool(old[g]), bool(new[g])] for code, g in named}


def to_undo(journal: pd.DataFrame, plan: str) -> pd.Series:
    """Return the edit of a plan to undo next: the last one that is not undone.

    Raises
    ------
    EditRefused
        If there is none.
    """
    return _chosen(journal, (journal["plan"] == plan) & ~_undone(journal), -1, mark("there is no edit to undo"))


def to_redo(journal: pd.DataFrame, plan: str) -> pd.Series:
    """Return the edit of a plan to do again: the first one that is undone.

    Raises
    ------
    EditRefused
        If there is none.
    """
    return _chosen(journal, (journal["plan"] == plan) & _undone(journal), 0, mark("there is no undone edit"))


def _undone(journal: pd.DataFrame) -> Flags:
    return np.asarray(journal["undone"].fillna(False).to_numpy(bool))


def _chosen(journal: pd.DataFrame, wanted: Any, place: int, message: str) -> pd.Series:
    rows = journal[wanted]
    if not len(rows):
        raise EditRefused([Fault("log_ends", message)])
    return rows.iloc[place]


def replayed(plan: Present, row: pd.Series, *, back: bool) -> Edit:
    """Return the edit that undoes (``back``) or repeats a row of the log.

    Raises
    ------
    EditRefused
        If the plan is no longer as that edit left or found it, or locks forbid it.
    """
    changes = json.loads(str(row["changes"]))
    old, new = (1, 0) if back else (0, 1)
    units, codes = list(changes["units"]), list(plan.codes)
    known = np.isin(units, plan.unit_ids) if units else np.zeros(0, bool)
    found = np.array(units, dtype=object)[~known].tolist()
    rows = unit_rows(plan, np.array(units, dtype=object)[known].tolist())
    there = [codes[g] for g in plan.grid[rows]]
    expected = [changes["units"][u][old] for u, k in zip(units, known, strict=True) if k]
    found += [u for u, is_, was in zip(plan.unit_ids[rows], there, expected, strict=True) if is_ != was]
    if found:
        raise EditRefused(
            [
                Fault(
                    "plan_changed",
                    mark("the plan has changed since edit {edit}: {count} units are elsewhere"),
                    ids=first_ids(found),
                    count=len(found),
                    hint=mark("move the units by a new edit instead"),
                    params={"edit": row["edit_id"]},
                )
            ]
        )
    wanted = [changes["units"][u][new] for u in units]
    codes += sorted(set(wanted) - set(codes))
    grid = plan.grid.copy()
    grid[rows] = pd.Index(codes).get_indexer(wanted)
    action = "undo" if back else "redo"
    edit = changed_grid(plan, action, {"edit": row["edit_id"]}, grid)
    fields: dict[str, Any] = {"codes": tuple(codes), "pinned": edit.plan.pinned.copy()}
    pins = changes["pinned"]
    fields["pinned"][unit_rows(plan, list(pins))] = [flags[new] for flags in pins.values()]
    for name in GRID_FLAGS:
        flags = {code: both[new] for code, both in changes[name].items()}
        fields[name] = np.array(
            [flags.get(code, flag) for code, flag in zip(codes, getattr(edit.plan, name), strict=True)], bool
        )
    return Edit(action, edit.arguments, plan, edit.plan.changed(**fields))


def last_changed(journal: pd.DataFrame, plan: Present, name: str) -> tuple[list[str], list[str]]:
    """Return the grids that the last edit of a plan touched and still exist, and the units that it moved."""
    moved = json.loads(str(to_undo(journal, name)["changes"]))["units"]
    codes = {code for both in moved.values() for code in both}
    there = {plan.codes[g] for g in np.unique(plan.grid)}
    return sorted(codes & there), sorted(set(moved) & set(plan.unit_ids))
