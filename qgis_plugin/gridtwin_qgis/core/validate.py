# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the polygons of a plan: a list for the planner, made in the background."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from qgis.core import QgsGeometry, QgsSpatialIndex

from .cover import LEAST_M2
from .geometry import beyond, shared, shared_m2, union
from .schema import text_of

if TYPE_CHECKING:
    from .session import RegionSession


class Fault(Enum):
    """Kinds of faults."""

    OVERLAP = "overlap"
    GAP = "gap"
    PIECES = "pieces"
    CROSSES_ITSELF = "crosses_itself"
    OUTSIDE_COMMUNITY = "outside_community"
    LOCKED_CHANGED = "locked_changed"
    UNIT_CUT = "unit_cut"
    UNIT_ASTRAY = "unit_astray"


@dataclass(frozen=True)
class Problem:
    """One fault: which grids (or communities, for gaps), where, and how much.

    Attributes
    ----------
    fault
        Its kind.
    keys
        Codes of grids, or the key of a community or unit.
    place
        Area to show.
    amount
        Square metres, or pieces of a torn grid.
    """

    fault: Fault
    keys: tuple[str, ...]
    place: QgsGeometry
    amount: float


@dataclass(frozen=True)
class Polygon:
    """One grid as the check sees it."""

    key: str
    community_id: str
    outline: QgsGeometry
    before: QgsGeometry | None = None


@dataclass(frozen=True)
class Snapshot:
    """Copies of all polygons, so that the check may run beside the planner's edits."""

    grids: tuple[Polygon, ...]
    communities: Mapping[str, QgsGeometry]
    units: tuple[Problem, ...] = ()

    @classmethod
    def of(cls, session: RegionSession) -> Snapshot:
        """Return the region as it is now, with unsaved edits."""
        counts, communities = session.counts, session.communities
        saved = _saved_outlines(session)
        grids = tuple(
            Polygon(grid.code or grid.grid_id, grid.community_id, QgsGeometry(counts.outline(fid)), saved.get(fid))
            for fid, grid in ((fid, counts.grid(fid)) for fid in counts)
        )
        areas = {text_of(row["community_id"]): row.geometry() for row in communities.getFeatures()}
        return cls(grids, areas, tuple(_units_astray(session)))


def find_problems(
    snapshot: Snapshot, progress: Callable[[float], None], cancelled: Callable[[], bool]
) -> tuple[Problem, ...]:
    """Return all faults, nothing when cancelled.

    Parameters
    ----------
    snapshot
        The region.
    progress
        Told the share that is done, 0–1.
    cancelled
        Asked whether to stop.
    """
    index = QgsSpatialIndex()
    for number, grid in enumerate(snapshot.grids):
        index.addFeature(number, grid.outline.boundingBox())
    found: list[Problem] = []
    total = len(snapshot.grids) + len(snapshot.communities)
    for number, grid in enumerate(snapshot.grids):
        if cancelled():
            return ()
        found += _faults_of_grid(snapshot, number)
        found += _overlaps(snapshot, number, index.intersects(grid.outline.boundingBox()))
        progress((number + 1) / total)
    for number, (key, area) in enumerate(snapshot.communities.items()):
        if cancelled():
            return ()
        found += _gaps(snapshot, key, area)
        progress((len(snapshot.grids) + number + 1) / total)
    return (*found, *snapshot.units)


def _faults_of_grid(snapshot: Snapshot, number: int) -> Iterator[Problem]:
    grid = snapshot.grids[number]
    pieces = len(grid.outline.asGeometryCollection())
    if pieces > 1:
        yield Problem(Fault.PIECES, (grid.key,), grid.outline, pieces)
    if not grid.outline.isGeosValid():
        yield Problem(Fault.CROSSES_ITSELF, (grid.key,), grid.outline, grid.outline.area())
    community = snapshot.communities.get(grid.community_id)
    if community is not None:
        outside = beyond(grid.outline, community)
        if outside.area() >= LEAST_M2:
            yield Problem(Fault.OUTSIDE_COMMUNITY, (grid.key,), outside, outside.area())
    if grid.before is not None:
        moved = union([beyond(grid.outline, grid.before), beyond(grid.before, grid.outline)])
        if moved.area() >= LEAST_M2:
            yield Problem(Fault.LOCKED_CHANGED, (grid.key,), moved, moved.area())


def _overlaps(snapshot: Snapshot, number: int, near: list[int]) -> Iterator[Problem]:
    grid = snapshot.grids[number]
    for other in sorted(near):
        if other > number and shared_m2(grid.outline, snapshot.grids[other].outline) >= LEAST_M2:
            place = shared(grid.outline, snapshot.grids[other].outline)
            yield Problem(Fault.OVERLAP, (grid.key, snapshot.grids[other].key), place, place.area())


def _gaps(snapshot: Snapshot, key: str, area: QgsGeometry) -> Iterator[Problem]:
    """Yield the parts of a community that no grid covers; a community without grids is not divided yet."""
    own = [grid.outline for grid in snapshot.grids if grid.community_id == key]
    if not own:
        return
    for part in beyond(area, union(own)).asGeometryCollection():
        if part.area() >= LEAST_M2:
            yield Problem(Fault.GAP, (key,), part, part.area())


def _saved_outlines(session: RegionSession) -> dict[int, QgsGeometry]:
    """Return the saved polygons of locked grids that have been changed since."""
    buffer = session.grids.editBuffer()
    changed = set(buffer.changedGeometries()) if buffer is not None else set()
    locked = {fid for fid in changed if fid in session.counts and session.counts.grid(fid).locked}
    rows = session.grids.dataProvider().getFeatures()
    return {row.id(): row.geometry() for row in rows if row.id() in locked} if locked else {}


def _units_astray(session: RegionSession) -> Iterator[Problem]:
    """Yield the units that a boundary cuts, and those in no grid."""
    cut = session.cut_units
    lost = [unit for unit in session.register if not unit.grid_id]
    known = [unit for key in sorted(cut) if (unit := session.register.of_key(key)) is not None]
    outlines = session.register.outlines(unit.fid for unit in (*lost, *known))
    for unit in known:
        yield Problem(Fault.UNIT_CUT, (unit.unit_id,), outlines[unit.fid], min(cut[unit.unit_id].values()))
    for unit in lost:
        yield Problem(Fault.UNIT_ASTRAY, (unit.unit_id,), outlines[unit.fid], outlines[unit.fid].area())
