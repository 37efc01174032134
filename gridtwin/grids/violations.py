"""Which grid breaks which rule, by how much and why."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import Flags, Indices
from gridtwin.grids.units import Units
from gridtwin.grids.zones import Zones
from gridtwin.i18n import mark, tr

COLUMNS = ("row", "code", "amount", "detail")
SEARCHED = ("LUMPY_PROVED", "LUMPY_NOT_PROVED", "LOCK_CONFLICT")  # given after a search only


def violations_of(
    units: Units,
    grid: Indices,
    part: Indices,
    pieces: Indices,
    proved: Flags,
    conflict: Flags,
    zones: Zones,
    *,
    unsearched: Flags | None = None,
) -> pd.DataFrame:
    """Return one row for each broken rule.

    Parameters
    ----------
    units
        The units of the plan.
    grid
        Grid of each unit, (units,).
    part
        Walkable part of its community that each unit lies in, (units,).
    pieces
        Inhabited walkable pieces of each grid, (grids,).
    proved
        Grids that any division of their neighbourhood would leave outside the bounds, (grids,).
    conflict
        Grids that locks keep outside the bounds, (grids,).
    zones
        Bounds of each unit; special-purpose grids have none.
    unsearched
        Grids for which no way into the bounds has been looked for yet, (grids,); by default none.

    Returns
    -------
    DataFrame
        Columns row (of the grid), code, amount (households outside the bounds), detail (in words).
    """
    households = units.frame["households"].to_numpy(np.int64)
    count = int(grid.max()) + 1
    load = np.bincount(grid, weights=households, minlength=count).astype(np.int64)
    first = np.unique(grid, return_index=True)[1]
    community, of_part = units.community[first], part[first]
    part_total = np.bincount(part, weights=households).astype(np.int64)[of_part]
    ordinary = np.where(zones.special < 0, households, 0)
    total = np.bincount(units.community, weights=ordinary).astype(np.int64)[community]
    whole = np.bincount(units.community, weights=households).astype(np.int64)[community]
    largest = np.zeros(count, np.int64)
    np.maximum.at(largest, grid, units.largest_building)
    rows = []
    low, high = zones.bounds(grid)
    missing = zones.outside(grid, households)
    for g in np.flatnonzero(missing):
        params = zones.of(first[g])
        short = load[g] < low[g]
        amount = int(missing[g])
        reason = _reason(int(largest[g]), int(part_total[g]), int(total[g]), int(whole[g]), params)
        new = unsearched is not None and bool(unsearched[g])
        code, why = reason or _lumpy(proved=bool(proved[g]), conflict=bool(conflict[g]), unsearched=new)
        outside = (
            tr(mark("{load} households, {amount} short of {bound}"))
            if short
            else tr(mark("{load} households, {amount} above {bound}"))
        ).format(load=load[g], amount=amount, bound=low[g] if short else high[g])
        rows.append((int(g), code, amount, f"{outside}, {why}"))
    for g in np.flatnonzero(pieces > 1):
        text = tr(mark("{count} parts that nobody can walk between")).format(count=pieces[g])
        rows.append((int(g), "DETACHED_PART", 0, text))
    return pd.DataFrame(rows, columns=list(COLUMNS)).sort_values(["row", "code"], ignore_index=True)


def _reason(largest: int, part_total: int, total: int, whole: int, params: DivideParams) -> tuple[str, str] | None:
    """Return the reason code and its explanation for one grid outside the bounds, None if no number explains it.

    Numbers are households: of the largest building, of the walkable part, of the community without its
    special-purpose grids, and of all of it.
    """
    if whole == 0:
        return "NO_DATA", tr(mark("the community has no households in the data"))
    if total < params.minimum:
        text = (
            tr(mark("the whole community has {total}"))
            if total == whole
            else tr(mark("outside special-purpose grids the community has {total}"))
        )
        return "TOTAL_BELOW_MIN", text.format(total=total)
    if part_total < params.minimum:
        text = tr(mark("water, railway, motorway or a special-purpose grid cuts off a part with {total}"))
        return "DETACHED_PART", text.format(total=part_total)
    low, high = params.grid_numbers(part_total)
    if low > high:
        text = tr(mark("the walkable area has {total}: too many for {high} and too few for {low} grids"))
        return "TOTAL_IN_GAP", text.format(total=part_total, high=high, low=low)
    if largest > params.maximum:
        return "OVERSIZE_BUILDING", tr(mark("one building has {total}")).format(total=largest)
    return None


def _lumpy(*, proved: bool, conflict: bool, unsearched: bool) -> tuple[str, str]:
    """Return the reason code where locks, or only the sizes of whole units, stand in the way."""
    if unsearched:
        return "NOT_REPAIRED", tr(mark("no repair has been tried since the edit or the new count"))
    if conflict:
        return "LOCK_CONFLICT", tr(mark("the grid or a neighbour is locked"))
    if proved:
        return "LUMPY_PROVED", tr(
            mark("proved: these buildings and blocks cannot be shared out better among this grid and its neighbours")
        )
    return "LUMPY_NOT_PROVED", tr(mark("no better combination of whole buildings and units was found"))


def describe(violations: pd.DataFrame, count: int) -> list[str | None]:
    """Return the text of column ``violations`` for each grid, None where every rule is kept."""
    texts: list[str | None] = [None] * count
    for row, code, detail in zip(violations["row"], violations["code"], violations["detail"], strict=True):
        text = f"{code}: {detail}"
        texts[row] = text if texts[row] is None else f"{texts[row]}; {text}"
    return texts
