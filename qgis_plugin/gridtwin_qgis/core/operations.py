# SPDX-License-Identifier: GPL-3.0-or-later
"""What planners do to grids: each function is one undo step over grids, units and buildings.

Grids are made of units. An operation either gives whole units to the grid that gets most of their households, or, when
it is asked to cut, cuts units exactly along the line drawn and gives the pieces away. Polygons of grids follow from
their units, so that no gap and no overlap can arise.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from qgis.core import QgsFeatureRequest, QgsGeometry, QgsPoint
from qgis_plugin_tools.tools.i18n import tr

from .boundaries import Point, edges_of, rings_of
from .claims import Claims, unit_homes
from .errors import EditRefusedError
from .parcels import parting_lines
from .pieces import check_free, cut_in_session
from .session import RegionSession
from .splitting import halves_of


def paint_units(session: RegionSession, units: Collection[int], grid_id: str) -> None:
    """Put units into a grid.

    Raises
    ------
    EditRefusedError
        If a unit or a grid is locked, or a unit is of another community.
    """
    with session.edit(tr("Paint units into grid {grid}", grid=grid_id)):
        session.assign_units(units, grid_id)


def paint_buildings(session: RegionSession, buildings: Collection[int], grid_id: str) -> None:
    """Put single buildings into a grid; their units are cut between them and the buildings that stay.

    Raises
    ------
    EditRefusedError
        If a unit or a grid is locked, or a building is in no unit or of another community.
    """
    index = session.counts.ledger.index
    by_unit: dict[str, set[int]] = {}
    for fid in buildings:
        by_unit.setdefault(index.rows[fid].unit_id, set()).add(fid)
    with session.edit(tr("Paint buildings into grid {grid}", grid=grid_id)):
        for unit_id, mine in sorted(by_unit.items()):
            unit = session.register.of_key(unit_id)
            if unit is None:
                raise EditRefusedError(tr("A building here lies in no unit. Divide the region again."))
            if unit.grid_id != grid_id:
                session.assign_units(_pieces_with(session, unit.fid, mine), grid_id)


def _pieces_with(session: RegionSession, unit: int, chosen: Collection[int]) -> set[int]:
    """Return the units that hold just the chosen buildings of a unit, which is cut if it has others."""
    homes = session.counts.ledger.index.of_unit[session.register[unit].unit_id]
    if not homes - set(chosen):
        return {unit}
    request = QgsFeatureRequest(sorted(homes)).setNoAttributes()
    outlines = {row.id(): row.geometry() for row in session.buildings.getFeatures(request)}
    area = session.register.outlines([unit])[unit]
    made = cut_in_session(session, parting_lines(outlines, chosen, area), [unit])
    rows, found = session.counts.ledger.index.rows, set()
    for fid in (unit, *made):
        key = session.register[fid].unit_id
        if any(rows[building].unit_id == key for building in chosen):
            found.add(fid)
    if unit in found and not made:
        raise EditRefusedError(tr("This building cannot be parted from its neighbours. Paint the whole unit."))
    return found


def move_boundary(session: RegionSession, areas: Mapping[int, QgsGeometry], *, cut: bool) -> None:
    """Move the boundary between grids.

    Parameters
    ----------
    session
        The session.
    areas
        New polygons of the grids on either side, by feature number; together they cover what they covered before.
    cut
        Cut units along the new boundary; otherwise it falls onto the borders of units.

    Raises
    ------
    EditRefusedError
        If a unit or a grid is locked, or no unit would change its grid.
    """
    states = {fid: session.counts.grid(fid) for fid in areas}
    session.check_unlocked([state.grid_id for state in states.values()])
    if len({state.community_id for state in states.values()}) > 1:
        raise EditRefusedError(tr("This boundary divides two communities; it stays."))
    claims = {states[fid].grid_id: area for fid, area in areas.items()}
    lines = set[frozenset]().union(*(edges_of(a) - edges_of(session.counts.outline(f)) for f, a in areas.items()))
    codes = ", ".join(sorted(state.code for state in states.values()))
    with session.edit(tr("Move boundary of {grids}", grids=codes)):
        units = _units_of(session, claims)
        if not _give(session, units, claims, [tuple(line) for line in lines] if cut else []):
            raise EditRefusedError(tr("No unit changes its grid. Move the boundary further, or allow cutting units."))


def draw_grid(session: RegionSession, area: QgsGeometry, *, cut: bool) -> str:
    """Make a new grid of what lies in an area, and return its ``grid_id``.

    The grid is of the community that holds the middle of the area; units of others are left out.

    Raises
    ------
    EditRefusedError
        If the area crosses itself or holds no unit, or a unit or a grid in it is locked.
    """
    if not area.isGeosValid() or area.isEmpty():
        raise EditRefusedError(tr("The outline crosses itself. Draw it again."))
    near = session.register.near(area.boundingBox())
    shares = {fid: outline.intersection(area).area() for fid, outline in near.items()}
    by_community: dict[str, float] = {}
    for fid, share in shares.items():
        community = session.register[fid].community_id
        by_community[community] = by_community.get(community, 0.0) + share
    if not by_community or max(by_community.values()) <= 0:
        raise EditRefusedError(tr("There is no unit in the outline."))
    community = max(by_community, key=lambda key: by_community[key])
    units = {fid for fid, share in shares.items() if share > 0 and session.register[fid].community_id == community}
    with session.edit(tr("Draw a new grid")):
        grid_id = session.new_grid(community)
        lines = [list(zip(ring, ring[1:])) for ring in rings_of(area)]
        if not _give(session, units, {grid_id: area}, [edge for ring in lines for edge in ring] if cut else []):
            raise EditRefusedError(tr("No unit lies mostly in the outline. Draw a larger one, or allow cutting units."))
    return grid_id


def split_grid(session: RegionSession, grid_id: str, line: Sequence[Point], *, cut: bool) -> str:
    """Split a grid along a line and return the ``grid_id`` of the new one.

    The part with locked units, or else with more households, keeps the code.

    Raises
    ------
    EditRefusedError
        If the grid is locked, or the line does not cut it into two parts that hold units.
    """
    session.check_unlocked([grid_id])
    fid = session.fid_of(grid_id)
    first, second = halves_of(session.counts.outline(fid), line)
    mine = _units_of(session, [grid_id])
    pinned = [f for f in mine if session.register[f].locked]
    middles = [area.pointOnSurface() for area in session.register.outlines(pinned).values()]
    weights = [
        (any(half.contains(middle) for middle in middles), session.counts.evaluate(half)[0], half.area())
        for half in (first, second)
    ]
    leaving = second if weights[0] >= weights[1] else first
    with session.edit(tr("Split grid {grid}", grid=session.counts.grid(fid).code)):
        made = session.new_grid(session.counts.grid(fid).community_id)
        moved = _give(session, mine, {made: leaving}, [tuple(line)] if cut else [])
        if not moved or not session.register.of_grid(grid_id):
            raise EditRefusedError(
                tr("No units lie on one side of the line. Draw it elsewhere, or allow cutting units.")
            )
    return made


def merge_grids(session: RegionSession, first: str, second: str) -> str:
    """Merge two neighbouring grids and return the ``grid_id`` that stays.

    The grid with locked units, or else with more households, keeps its code.

    Raises
    ------
    EditRefusedError
        If the grids are of different communities, share no boundary, or one is locked.
    """
    states = [session.counts.grid(session.fid_of(grid_id)) for grid_id in (first, second)]
    session.check_unlocked([first, second])
    if first == second or states[0].community_id != states[1].community_id:
        raise EditRefusedError(tr("Choose two grids of one community."))
    edges = [edges_of(session.counts.outline(state.fid)) for state in states]
    if not edges[0] & edges[1]:
        raise EditRefusedError(tr("These grids share no boundary. Choose neighbours."))
    rooted = [any(session.register[f].locked for f in session.register.of_grid(s.grid_id)) for s in states]
    keep, leave = (states[0], states[1])
    if (rooted[1], states[1].households) > (rooted[0], states[0].households):
        keep, leave = leave, keep
    with session.edit(tr("Merge grids {first} and {second}", first=keep.code, second=leave.code)):
        session.assign_units(session.register.of_grid(leave.grid_id), keep.grid_id)
    return keep.grid_id


def set_locked(session: RegionSession, grid_id: str, locked: bool) -> None:
    """Lock a grid against every edit, or unlock it."""
    code = session.counts.grid(session.fid_of(grid_id)).code
    text = tr("Lock grid {grid}", grid=code) if locked else tr("Unlock grid {grid}", grid=code)
    with session.edit(text):
        session.set_grid_locked(grid_id, locked)


def _units_of(session: RegionSession, grids: Collection[str]) -> set[int]:
    """Return the units of some grids."""
    return {fid for grid_id in grids for fid in session.register.of_grid(grid_id)}


def _give(
    session: RegionSession,
    units: Collection[int],
    claims: Mapping[str, QgsGeometry],
    lines: Sequence[Sequence[Point]],
) -> set[int]:
    """Give units, cut along ``lines`` if there are any, to the grids that claim them; return those that moved."""
    mine, areas = set(units), Claims(claims)
    if lines:
        mine |= cut_in_session(session, lines, mine).keys()
        outlines = session.register.outlines(mine)
        middles = {fid: QgsPoint(outline.pointOnSurface().asPoint()) for fid, outline in outlines.items()}
        goes = {fid: areas.holder(middles[fid], session.register[fid].grid_id) for fid in mine}
    else:
        goes = {u.fid: u.goes_to(areas) for u in unit_homes(session, session.register.outlines(mine))}
    moved = {fid for fid, grid_id in goes.items() if session.register[fid].grid_id != grid_id}
    check_free(session, moved)
    for grid_id in claims:
        session.assign_units([fid for fid in moved if goes[fid] == grid_id], grid_id)
    return moved
