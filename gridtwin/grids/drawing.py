"""Edits by drawing: a line that splits a grid, an area that becomes one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridtwin.errors import EditRefused, Fault, first_ids
from gridtwin.grids.edit import (
    LEFTOVER_COLUMNS,
    Edit,
    changed_grid,
    grid_numbers,
    loose_units,
)
from gridtwin.grids.edits import split_off
from gridtwin.grids.planar import Floats, faces_of, locate
from gridtwin.grids.present import Present
from gridtwin.i18n import mark
from gridtwin.units import MILLIMETRE_M

HALF = 0.5  # a unit belongs where more than half of its area lies
CUT_SHARE = 0.001  # an edge that leaves less of a unit on the other side does not cut it
REASONS = {
    "cut": mark("the edge runs through it"),
    "apart": mark("not taken: nobody can walk there from the grid"),
    "detached": mark("lost its connection to the rest of its grid"),
    "other_community": mark("not taken: it is of another community"),
    "locked": mark("not taken: its grid is locked"),
    "pinned": mark("not taken: it is locked"),
    "special": mark("not taken: it forms a special-purpose grid"),
}


def split_along(plan: Present, code: str, line: Any) -> Edit:
    """Split a grid in two along a drawn line; the larger side, or that of pinned units, keeps the code.

    Parameters
    ----------
    plan
        The plan.
    code
        Code of the grid.
    line
        LineString in the plan's CRS; beyond its ends it goes straight on. Each unit goes to the side on which
        most of its area lies.

    Raises
    ------
    EditRefused
        If the line leaves all units on one side, parts pinned units, or leaves a side in pieces.
    """
    (number,) = grid_numbers(plan, [code])
    mine = np.flatnonzero(plan.grid == number)
    left = _left_share(plan.units.frame.geometry.to_numpy()[mine], line) > HALF
    pinned = plan.pinned[mine]
    if left.all() or not left.any():
        hint = mark("draw it through the grid")
        raise EditRefused(
            [Fault("line_beside", mark("all units of grid {grid} lie on one side"), hint=hint, params={"grid": code})]
        )
    households = plan.households[mine]
    leaving = left if households[left].sum() <= households[~left].sum() else ~left
    if (pinned & leaving).any() and not (pinned & ~leaving).any():
        leaving = ~leaving
    arguments = {"grid": code, "line": shapely.to_wkt(line, rounding_precision=2)}
    return split_off(plan, code, mine[leaving], arguments)


def _left_share(shapes: Any, line: Any) -> Floats:
    """Return the share of each polygon that lies to the left of a line which is extended beyond both ends."""
    box = shapely.box(*shapely.total_bounds([*shapes, line]))
    reach = shapely.length(shapely.boundary(box))
    box = shapely.buffer(box, 1.0, join_style="mitre")
    xy = shapely.get_coordinates(line)
    start, end = xy[0] - xy[1], xy[-1] - xy[-2]
    long = np.vstack(
        [xy[0] + reach * start / np.hypot(*start), xy, xy[-1] + reach * end / np.hypot(*end)],
    )
    faces = faces_of(np.array([shapely.boundary(box), shapely.intersection(shapely.linestrings(long), box)]))
    # A face is on the left where more of the line has it there than on its right.
    pieces = shapely.get_coordinates(shapely.segmentize(shapely.linestrings(long), 1.0))
    span = np.diff(pieces, axis=0)
    length = np.hypot(span[:, 0], span[:, 1])
    aside = MILLIMETRE_M * np.column_stack([-span[:, 1], span[:, 0]]) / length[:, None]
    middle = 0.5 * (pieces[1:] + pieces[:-1])
    left, right = (locate(shapely.points(middle + sign * aside), faces) for sign in (1.0, -1.0))
    more = np.bincount(left[left >= 0], weights=length[left >= 0], minlength=len(faces))
    more -= np.bincount(right[right >= 0], weights=length[right >= 0], minlength=len(faces))
    side = shapely.union_all(faces[more > 0])
    return np.asarray(shapely.area(shapely.intersection(shapes, side)) / shapely.area(shapes))


def draw_grid(plan: Present, area: Any, *, to: str | None = None) -> Edit:
    """Make a grid of the units whose greater part lies in a drawn area, or extend one by them.

    Parameters
    ----------
    plan
        The plan.
    area
        Polygon or MultiPolygon in the plan's CRS.
    to
        Code of the grid that takes the units; by default they become a new grid, in the community in which
        most of the area lies.

    Returns
    -------
    Edit
        Its ``leftovers`` name the units that the edge of the area cuts, those inside that were not taken and
        why, and those that the grids around lost their connection to.

    Raises
    ------
    EditRefused
        If no unit can be taken.
    """
    shapes = plan.units.frame.geometry.to_numpy()
    share = np.zeros(len(shapes))
    met = shapely.STRtree(shapes).query(area, predicate="intersects")
    inside_m2 = shapely.area(shapely.intersection(shapes[met], area))
    share[met] = inside_m2 / shapely.area(shapes[met])
    number = len(plan.codes) if to is None else int(grid_numbers(plan, [to])[0])
    inside = share > HALF
    if to is None:
        home = int(np.argmax(np.bincount(plan.units.community[met], weights=inside_m2, minlength=1)))
    else:
        home = int(plan.units.community[plan.grid == number][0])
    reason = np.full(len(shapes), "", dtype=object)
    for name, flags in (
        ("locked", plan.locked[plan.grid]),
        ("pinned", plan.pinned),
        ("special", plan.zones.special >= 0),
        ("other_community", plan.units.community != home),
    ):
        reason[inside & flags & (plan.grid != number)] = name
    taken = inside & (reason == "")
    grid = np.where(taken, number, plan.grid)
    apart = loose_units(plan, grid, np.array([number]))
    apart = apart[taken[apart] & (plan.grid[apart] != number)]
    reason[apart] = "apart"
    grid[apart] = plan.grid[apart]
    changed = grid != plan.grid
    if not changed.any():
        raise EditRefused(_nothing_taken(plan, reason))
    donors = np.setdiff1d(plan.grid[changed], [number])
    donors = donors[np.isin(donors, grid)]
    lost = np.setdiff1d(loose_units(plan, grid, donors), loose_units(plan, plan.grid, donors))
    reason[lost] = "detached"
    edge = (share > CUT_SHARE) & (share < 1.0 - CUT_SHARE)
    reason[edge & (reason == "")] = "cut"
    arguments = {"area": shapely.to_wkt(area, rounding_precision=2), "to": to}
    return changed_grid(plan, "draw_grid", arguments, grid, leftovers=_leftovers(plan, reason, share))


def _leftovers(plan: Present, reason: Any, share: Floats) -> pd.DataFrame:
    """Return the left-over report: the units that have a reason."""
    rows = np.flatnonzero(reason != "")
    codes = np.array(plan.codes, dtype=object)
    values = (plan.unit_ids[rows], codes[plan.grid[rows]], reason[rows], share[rows], plan.households[rows])
    return pd.DataFrame(dict(zip(LEFTOVER_COLUMNS, values, strict=True)))


def _nothing_taken(plan: Present, reason: Any) -> list[Fault]:
    """Return the faults of an area of which no unit can be taken."""
    hint = mark("draw around more than half of each unit that the grid is to have")
    faults = [Fault("nothing_taken", mark("no unit inside the drawn area can be taken"), hint=hint)]
    for name, message in REASONS.items():
        bad = np.flatnonzero(reason == name)
        if len(bad):
            faults.append(Fault(f"not_taken_{name}", message, ids=first_ids(plan.unit_ids[bad]), count=len(bad)))
    return faults
