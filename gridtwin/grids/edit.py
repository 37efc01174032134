"""One edit of a plan: what changed, whether locks and borders allow it, and the way back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from gridtwin.errors import EditRefused, Fault, first_ids
from gridtwin.grids.planar import Flags, Indices, parts_of_labels
from gridtwin.grids.present import Present
from gridtwin.i18n import mark

FORGET_RINGS = 2  # what a search found holds while no grid up to this far away changes
WORKING_NAME = "new-"
LEFTOVER_COLUMNS = ("unit_id", "grid_id", "reason", "share", "households")


def no_leftovers() -> pd.DataFrame:
    """Return the left-over report of an edit that left nothing over."""
    return pd.DataFrame({column: [] for column in LEFTOVER_COLUMNS})


@dataclass(frozen=True)
class Edit:
    """An edit: the plan before and after, and what it did.

    Attributes
    ----------
    action
        Name of the operation.
    arguments
        What it was asked for, as plain values.
    former, plan
        The plan before and after.
    leftovers
        Of a drawn boundary: columns unit_id, grid_id (before), reason (cut, apart, detached, other_community,
        locked, pinned or special), share of the unit inside the drawn area, households.
    """

    action: str
    arguments: Mapping[str, Any]
    former: Present
    plan: Present
    leftovers: pd.DataFrame = field(default_factory=no_leftovers)

    @cached_property
    def moved(self) -> Indices:
        """Return the rows of the units that are in another grid."""
        return np.flatnonzero(self.former.grid != self.plan.grid)

    @cached_property
    def changes(self) -> pd.DataFrame:
        """Return the units in another grid: columns unit_id, from, to, households; new grids have working names."""
        codes = np.array(self.plan.codes, dtype=object)
        return pd.DataFrame(
            {
                "unit_id": self.plan.unit_ids[self.moved],
                "from": codes[self.former.grid[self.moved]],
                "to": codes[self.plan.grid[self.moved]],
                "households": self.plan.households[self.moved],
            }
        )

    @property
    def households_moved(self) -> int:
        """Return the households in another grid."""
        return int(self.plan.households[self.moved].sum())

    @cached_property
    def touched(self) -> tuple[str, ...]:
        """Return the codes of the grids that gave or took units and still exist."""
        numbers = np.unique(np.r_[self.former.grid[self.moved], self.plan.grid[self.moved]])
        there = np.isin(numbers, self.plan.grid)
        return tuple(self.plan.codes[g] for g in numbers[there])

    @cached_property
    def new_violations(self) -> pd.DataFrame:
        """Return the rules that grids break after the edit and did not before."""
        return _without(self.plan.violations, self.former.violations)

    @cached_property
    def solved_violations(self) -> pd.DataFrame:
        """Return the rules that grids broke before the edit and do not after."""
        return _without(self.former.violations, self.plan.violations)

    def then(self, following: Edit) -> Edit:
        """Return this edit and the ``following`` one as one, so that both are undone together."""
        arguments = {**self.arguments, following.action: dict(following.arguments)}
        return Edit(self.action, arguments, self.former, following.plan, self.leftovers)


def undo(edit: Edit) -> Present:
    """Return the plan before an edit."""
    return edit.former


def redo(edit: Edit) -> Present:
    """Return the plan after an edit."""
    return edit.plan


def _without(violations: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose grid does not break the same kind of rule (bounds, contiguity) in ``others``."""
    mine, theirs = (list(zip(v["grid_id"], v["amount"] > 0, strict=True)) for v in (violations, others))
    known = set(theirs)
    return violations[np.array([rule not in known for rule in mine], bool)].reset_index(drop=True)


def changed_grid(
    plan: Present,
    action: str,
    arguments: Mapping[str, Any],
    grid: Indices,
    *,
    leftovers: pd.DataFrame | None = None,
) -> Edit:
    """Return the edit that gives units another grid, if it keeps locks, pins and community borders.

    Parameters
    ----------
    plan
        The plan.
    action, arguments
        What is done, for the log.
    grid
        New grid of each unit; numbers from ``len(plan.codes)`` on are new grids, (units,).
    leftovers
        See :class:`Edit`.

    Raises
    ------
    EditRefused
        With all reasons.
    """
    changed = np.flatnonzero(grid != plan.grid)
    old, new = plan.grid[changed], grid[changed]
    faults = _held_units(plan, changed) + held_grids(plan, np.r_[old, new])
    faults += _border_faults(plan, changed, grid)
    if faults:
        raise EditRefused(faults)
    made = relabelled(plan, grid)
    if len(changed):
        near = np.zeros(len(made.codes), bool)
        near[np.r_[old, new]] = True
        near = made.near(near, FORGET_RINGS)
        made = made.changed(searched=made.searched & ~near, proved=made.proved & ~near)
    return Edit(action, arguments, plan, made, no_leftovers() if leftovers is None else leftovers)


def relabelled(plan: Present, grid: Indices) -> Present:
    """Return the plan with another grid of each unit; new grids get working names until they get their codes."""
    fresh = max(int(grid.max()) + 1 - len(plan.codes), 0)
    number = sum(code.startswith(WORKING_NAME) for code in plan.codes) + 1
    none = np.zeros(fresh, bool)
    return plan.changed(
        grid=grid,
        codes=plan.codes + tuple(f"{WORKING_NAME}{number + k}" for k in range(fresh)),
        locked=np.r_[plan.locked, none],
        searched=np.r_[plan.searched, none],
        proved=np.r_[plan.proved, none],
    )


def _held_units(plan: Present, changed: Indices) -> list[Fault]:
    """Return the fault of units that may not leave their grid."""
    faults = []
    for code, message, hint, flags in (
        ("units_pinned", mark("{count} units are locked"), mark("unlock them first"), plan.pinned),
        (
            "units_special",
            mark("{count} units form special-purpose grids"),
            mark("change these in the data they come from"),
            plan.zones.special >= 0,
        ),
    ):
        bad = changed[flags[changed]]
        if len(bad):
            faults.append(Fault(code, message, ids=first_ids(plan.unit_ids[bad]), count=len(bad), hint=hint))
    return faults


def held_grids(plan: Present, numbers: Indices) -> list[Fault]:
    """Return the fault of grids that may not change."""
    numbers = np.unique(numbers[numbers < len(plan.codes)])
    faults = []
    for code, message, hint, flags in (
        ("grids_locked", mark("{count} grids are locked"), mark("unlock them first"), plan.locked),
        (
            "grids_special",
            mark("{count} grids serve a special purpose"),
            mark("change these in the data they come from"),
            plan.special,
        ),
    ):
        bad = numbers[flags[numbers]]
        if len(bad):
            ids = first_ids(plan.codes[g] for g in bad)
            faults.append(Fault(code, message, ids=ids, count=len(bad), hint=hint))
    return faults


def _border_faults(plan: Present, changed: Indices, grid: Indices) -> list[Fault]:
    """Return the fault of units whose new grid lies in another community."""
    used, first, row = np.unique(grid, return_index=True, return_inverse=True)
    stays = np.flatnonzero(grid == plan.grid)
    home = plan.units.community[first]
    home[np.searchsorted(used, grid[stays])] = plan.units.community[stays]
    bad = changed[home[row[changed]] != plan.units.community[changed]]
    if not len(bad):
        return []
    return [
        Fault(
            "other_community",
            mark("{count} units are of another community than the grid"),
            ids=first_ids(plan.unit_ids[bad]),
            count=len(bad),
            hint=mark("grids stay within their community"),
        )
    ]


def grid_numbers(plan: Present, codes: Collection[str]) -> Indices:
    """Return the numbers of grids by code, in the order given.

    Raises
    ------
    EditRefused
        If a grid is not in the plan.
    """
    numbers = pd.Index(plan.codes).get_indexer(list(codes))
    there = (numbers >= 0) & np.isin(numbers, plan.grid)
    _refuse_unknown(codes, there, "grid_unknown", mark("{count} grids are not in the plan"))
    return np.asarray(numbers, np.int64)


def unit_rows(plan: Present, units: Collection[str]) -> Indices:
    """Return the rows of units by key, in the order given.

    Raises
    ------
    EditRefused
        If a unit does not exist.
    """
    rows = plan.unit_ids.get_indexer(list(units))
    _refuse_unknown(units, rows >= 0, "unit_unknown", mark("{count} units do not exist"))
    return np.asarray(rows, np.int64)


def _refuse_unknown(names: Collection[str], known: Flags, code: str, message: str) -> None:
    if known.all():
        return
    strange = [name for name, found in zip(names, known, strict=True) if not found]
    hint = mark("the layers 'grids' and 'units' hold the names")
    raise EditRefused([Fault(code, message, ids=first_ids(strange), count=len(strange), hint=hint)])


def loose_units(plan: Present, grid: Indices, numbers: Indices) -> Indices:
    """Return the units of some grids that are not joined to the piece with most households of their grid."""
    mine = np.flatnonzero(np.isin(grid, numbers))
    if not len(mine):
        return mine
    label = np.where(np.isin(grid, numbers), grid, -1)
    rows = rows_within(plan, mine)
    piece = parts_of_labels(plan.links.a[rows], plan.links.b[rows], label)[mine]
    load = np.bincount(piece, weights=plan.households[mine] + 1e-3)
    order = np.lexsort((-load[piece], grid[mine]))
    first = np.r_[True, grid[mine][order][1:] != grid[mine][order][:-1]]
    main = np.zeros(len(load), bool)
    main[piece[order][first]] = True
    return mine[~main[piece]]


def rows_within(plan: Present, mine: Indices) -> Indices:
    """Return the links between units of ``mine``."""
    inside = np.zeros(len(plan.grid), bool)
    inside[mine] = True
    return np.flatnonzero(inside[plan.links.a] & inside[plan.links.b])
