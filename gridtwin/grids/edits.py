"""Edits of a plan: each a pure function that returns the new plan, what changed, and the way back.

Locked grids and pinned units are never changed, and no grid crosses the border of its community: an edit that
would is refused with all its reasons, and the plan is as it was. An edit that tears a grid or leaves its bounds
is allowed, since planners work in steps; it says which rules are newly broken.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gridtwin.errors import EditRefused, Fault, first_ids
from gridtwin.grids.codes import same_grids
from gridtwin.grids.edit import (
    Edit,
    changed_grid,
    grid_numbers,
    held_grids,
    loose_units,
    relabelled,
    rows_within,
    unit_rows,
)
from gridtwin.grids.links import unit_graph
from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import Flags, Floats, Indices, parts_of_labels, renumber, sum_by
from gridtwin.grids.present import Present
from gridtwin.grids.rebalance import STAY, join_torn, rebalance_part
from gridtwin.grids.solve import divide_graph, halve
from gridtwin.i18n import mark

# A repair lets grids up to so far from a broken one change, at a price of households that move; one try after the
# other. At eight times the price of a rebalancing it moves about half as many households.
REPAIR_TRIES = ((1, 8.0 * STAY), (2, 8.0 * STAY), (2, STAY))
LEAST_HALF = 0.4  # share of the households that each part of a split should have, where the bounds ask for more
PINNED_WEIGHT = 1e9  # households that a pinned unit counts for when a new division takes over the codes


def lock_grids(plan: Present, grids: Collection[str]) -> Edit:
    """Lock grids: no edit, rebalancing or repair changes them until they are unlocked."""
    return _locking(plan, grids, locked=True)


def unlock_grids(plan: Present, grids: Collection[str]) -> Edit:
    """Unlock grids."""
    return _locking(plan, grids, locked=False)


def _locking(plan: Present, grids: Collection[str], *, locked: bool) -> Edit:
    flags = plan.locked.copy()
    flags[grid_numbers(plan, grids)] = locked
    action = "lock_grids" if locked else "unlock_grids"
    return Edit(action, {"grids": sorted(grids)}, plan, plan.changed(locked=flags))


def lock_units(plan: Present, units: Collection[str]) -> Edit:
    """Pin units: they stay in the grid that they are in until they are unlocked."""
    return _pinning(plan, units, pinned=True)


def unlock_units(plan: Present, units: Collection[str]) -> Edit:
    """Let pinned units move again."""
    return _pinning(plan, units, pinned=False)


def _pinning(plan: Present, units: Collection[str], *, pinned: bool) -> Edit:
    flags = plan.pinned.copy()
    flags[unit_rows(plan, units)] = pinned
    action = "lock_units" if pinned else "unlock_units"
    return Edit(action, {"units": sorted(units)}, plan, plan.changed(pinned=flags))


def move_units(plan: Present, units: Collection[str], to: str) -> Edit:
    """Move units into a grid of their community.

    Parameters
    ----------
    plan
        The plan.
    units
        Keys of units.
    to
        Code of the grid that takes them.

    Returns
    -------
    Edit
        A grid that is torn, or that takes units from afar, is a violation of the new plan.

    Raises
    ------
    EditRefused
        If a unit is pinned, a grid is locked, the units are of another community, or a name is unknown.
    """
    grid = plan.grid.copy()
    grid[unit_rows(plan, units)] = grid_numbers(plan, [to])[0]
    return changed_grid(plan, "move_units", {"units": sorted(units), "to": to}, grid)


def split_grid(plan: Present, code: str) -> Edit:
    """Split a grid in two at its best balanced cut; the larger part, or that of pinned units, keeps the code.

    Raises
    ------
    EditRefused
        If the grid is locked, consists of one unit or of pieces apart, or pinned units leave no cut.
    """
    (number,) = grid_numbers(plan, [code])
    mine = np.flatnonzero(plan.grid == number)
    graph = unit_graph(plan.units, plan.links, mine, rows_within(plan, mine))
    params = _halving(plan.zones.of(int(mine[0])), int(plan.load[number]))
    nodes = np.arange(len(mine), dtype=np.int32)
    leaving = halve(graph, nodes, params, pinned=plan.pinned[mine], seed=_seed(plan, mine))
    if not leaving.any():
        hint = mark("move the pieces apart into other grids first, or unlock its units")
        raise EditRefused([Fault("no_cut", mark("grid {grid} cannot be cut in two"), hint=hint, params={"grid": code})])
    return split_off(plan, code, mine[leaving], {"grid": code})


def _halving(params: DivideParams, total: int) -> DivideParams:
    """Return the parameters with bounds that two halves of ``total`` households keep."""
    low = min(params.minimum, int(LEAST_HALF * total))
    high = max(params.maximum, total - low)
    return replace(params, minimum=max(low, 1), maximum=high, target=min(max(total // 2, low, 1), high))


def split_off(plan: Present, code: str, leaving: Indices, arguments: Mapping[str, Any]) -> Edit:
    """Make a new grid of some units of a grid, if both are contiguous.

    Raises
    ------
    EditRefused
        If either part is in pieces; the error names the units that are left over.
    """
    grid = plan.grid.copy()
    grid[leaving] = len(plan.codes)
    loose = loose_units(plan, grid, np.array([grid_numbers(plan, [code])[0], len(plan.codes)]))
    if len(loose):
        raise EditRefused(
            [
                Fault(
                    "parts_in_pieces",
                    mark("the parts of grid {grid} would not be contiguous: {count} units are left over"),
                    ids=first_ids(plan.unit_ids[loose]),
                    count=len(loose),
                    hint=mark("draw the line so that each side is in one piece"),
                    params={"grid": code},
                )
            ]
        )
    return changed_grid(plan, "split_grid", arguments, grid)


def merge_grids(plan: Present, codes: Collection[str], *, new_code: bool = False) -> Edit:
    """Merge neighbouring grids of one walkable part of a community.

    Parameters
    ----------
    plan
        The plan.
    codes
        Codes of two or more grids that form one piece.
    new_code
        Give the merged grid a new code that names its parents; by default the one with pinned units, or
        else with most households, keeps its code.

    Raises
    ------
    EditRefused
        If a grid is locked or holds a pinned unit that would change its grid, or the grids are no neighbours.
    """
    numbers = grid_numbers(plan, codes)
    inside = np.isin(plan.grid, numbers)
    faults = []
    if len(numbers) < 2:
        faults.append(Fault("one_grid", mark("merging needs two grids or more")))
    if len(np.unique(plan.part[inside])) > 1:
        faults.append(Fault("other_part", mark("the grids lie in different communities or walkable parts")))
    elif _pieces_of_grids(plan, numbers) > 1:
        hint = mark("merge only grids that share a border")
        faults.append(Fault("no_neighbours", mark("the grids do not form one piece"), hint=hint))
    if faults:
        raise EditRefused(faults)
    rooted = np.isin(numbers, plan.grid[plan.pinned])
    keeper = len(plan.codes) if new_code else int(numbers[np.lexsort((numbers, -plan.load[numbers], ~rooted))[0]])
    grid = np.where(inside, keeper, plan.grid)
    arguments = {"grids": sorted(codes), "new_code": new_code}
    return changed_grid(plan, "merge_grids", arguments, grid)


def redivide(plan: Present, codes: Collection[str]) -> Edit:
    """Dissolve grids and divide their area anew; nothing else changes.

    A new grid that shares most homes with a dissolved one keeps its code. Pinned units stay in the grid of
    their code.

    Raises
    ------
    EditRefused
        If a grid is locked or unknown.
    """
    numbers = grid_numbers(plan, codes)
    if plan.locked[numbers].any() or plan.special[numbers].any():
        raise EditRefused(held_grids(plan, numbers))
    mine = np.flatnonzero(np.isin(plan.grid, numbers))
    rows = rows_within(plan, mine)
    whole = np.where(np.isin(plan.grid, numbers), 0, -1)
    piece = parts_of_labels(plan.links.a[rows], plan.links.b[rows], whole)[mine]
    label = np.zeros(len(mine), np.int64)
    for p in np.unique(piece):
        some = np.flatnonzero(piece == p)
        members = mine[some]
        graph = unit_graph(plan.units, plan.links, members, rows_within(plan, members))
        pinned = plan.pinned[members]
        label[some] = int(label.max()) + 1 + divide_graph(
            graph,
            plan.zones.of(int(members[0])),
            seed=_seed(plan, members),
            starts=1,
            present=plan.grid[members] if pinned.any() else None,
            pinned=pinned,
        )  # fmt: skip
    label = renumber(label)
    weight = plan.households[mine] + 0.01 + PINNED_WEIGHT * plan.pinned[mine]
    name = _names_of(plan.grid[mine], label, weight, len(plan.codes))
    grid = plan.grid.copy()
    grid[mine] = name[label]
    return changed_grid(plan, "redivide", {"grids": sorted(codes)}, grid)


def _names_of(old: Indices, label: Indices, weight: Floats, fresh: int) -> Indices:
    """Return the number of each new grid: that of the old one it is the same as, else from ``fresh`` upwards."""
    numbers, row = np.unique(old, return_inverse=True)
    count = int(label.max()) + 1
    shared = sum_by(row * count + label, weight, len(numbers) * count)
    before, after = same_grids(shared.reshape(len(numbers), count))
    name = np.full(count, -1)
    name[after] = numbers[before]
    name[name < 0] = fresh + np.arange(int((name < 0).sum()))
    return name


def repair(plan: Present, around: Collection[str], *, keep: Collection[str] = ()) -> Edit:
    """Restore contiguity and bounds of grids with least change; only grids near them may change.

    Parameters
    ----------
    plan
        The plan.
    around
        Codes of the grids to repair, such as those that an edit touched.
    keep
        Keys of units that must stay in their grid this time (those just moved), besides pinned ones.

    Returns
    -------
    Edit
        Grids that stay outside the bounds are reported as searched in vain.
    """
    pinned = plan.pinned.copy()
    pinned[unit_rows(plan, keep)] = True
    fixed = plan.changed(pinned=pinned | (plan.zones.special >= 0), locked=plan.locked | plan.special)
    wanted = np.zeros(len(plan.codes), bool)
    wanted[grid_numbers(plan, around)] = True
    grid = plan.grid
    if (plan.torn & wanted).any():
        grid = np.where(wanted[plan.grid], join_torn(fixed, plan.grid), plan.grid)
    now = fixed.changed(grid=grid)
    broken = now.outside & (wanted | ~plan.outside) & ~fixed.locked
    for part in np.unique(plan.part[broken[grid]]):
        now = _repaired_part(fixed, now, broken, int(part))
    edit = changed_grid(plan, "repair", {"around": sorted(around), "keep": sorted(keep)}, now.grid)
    searched = edit.plan.searched.copy()
    searched[: len(broken)] |= broken
    searched[len(broken) :] = True
    return replace(edit, plan=edit.plan.changed(searched=searched))


def _repaired_part(fixed: Present, now: Present, broken: Flags, part: int) -> Present:
    """Return the plan ``now`` with the ``broken`` grids of a walkable part repaired, within growing windows."""
    flags = np.zeros(len(now.codes), bool)
    flags[: len(broken)] = broken
    best = now
    for rings, stay in REPAIR_TRIES:
        window = now.near(flags, rings)
        mine = np.flatnonzero(window[now.grid] & (now.part == part))
        found = relabelled(now, rebalance_part(fixed, mine, now.grid, stay, reaches=(rings,)))
        if found.outside.sum() < best.outside.sum():
            best = found
        if not (best.outside[: len(flags)] & flags).any():
            break
    return best


def _pieces_of_grids(plan: Present, numbers: Indices) -> int:
    """Return how many pieces grids form that share no border with one another."""
    rows = rows_within(plan, np.flatnonzero(np.isin(plan.grid, numbers)))
    a, b = plan.grid[plan.links.a[rows]], plan.grid[plan.links.b[rows]]
    piece = parts_of_labels(a, b, np.zeros(len(plan.codes), np.int64))
    return len(np.unique(piece[numbers]))


def _seed(plan: Present, mine: Indices) -> int:
    """Return a seed that depends on the plan's seed and the units alone."""
    return zlib.crc32(f"{plan.zones.of(int(mine[0])).seed}/{plan.unit_ids[mine[0]]}/{len(mine)}".encode())
