# SPDX-License-Identifier: GPL-3.0-or-later
"""Units cut along lines: pieces and neighbours share every vertex exactly, so that no gap and no overlap can arise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from qgis.core import QgsGeometry, QgsPointXY, QgsRectangle, QgsSpatialIndex
from qgis_plugin_tools.tools.i18n import tr

from .boundaries import Point, edges_of, line_of, rings_of, rounded, with_rings
from .errors import EditRefusedError

SNAP_M = 0.01  # a line so near to a vertex or border of a unit runs through it
ON_M = 1e-6  # a vertex so near to an edge lies on it
SLIVER_M2 = 1.0  # a smaller piece stays with the largest one of its unit


@dataclass(frozen=True)
class Cut:
    """Units after a cut: the pieces of each unit by feature number; one piece where only vertices were added."""

    pieces: Mapping[int, tuple[QgsGeometry, ...]]


class UnitIndex:
    """Polygons of units, fast to search; the lines of a cut are fitted to them.

    Parameters
    ----------
    outlines
        Polygons of the units around, by feature number: those to cut and all their neighbours.
    """

    def __init__(self, outlines: Mapping[int, QgsGeometry]) -> None:
        self.outlines = outlines
        self._index = QgsSpatialIndex()
        for fid, outline in outlines.items():
            self._index.addFeature(fid, outline.boundingBox())

    def near(self, box: QgsRectangle) -> list[int]:
        """Return the units whose bounding box touches ``box``."""
        return list(self._index.intersects(box))

    def holding(self, area: QgsGeometry) -> int | None:
        """Return the unit that holds an area, ``None`` where it lies in none."""
        inside = area.pointOnSurface()
        return next((f for f in self.near(inside.boundingBox()) if self.outlines[f].contains(inside)), None)

    def fitted(self, point: Point) -> Point:
        """Return the vertex of a unit that a point falls onto, else its foot on a border, else its place within 1 mm.

        A foot stays where it is, since a border would move with it.
        """
        where, outlines = QgsPointXY(*point), [self.outlines[fid] for fid in self.near(_around(point))]
        vertices = [(hit[4], hit[0]) for hit in (outline.closestVertex(where) for outline in outlines)]
        feet = [(hit[0], hit[1]) for hit in (outline.closestSegmentWithContext(where) for outline in outlines)]
        for found in (vertices, feet):
            d2, place = min(found, key=lambda hit: hit[0], default=(1.0, where))
            if d2 <= SNAP_M**2:
                return (place.x(), place.y())
        return rounded(point)


def cut_units(units: UnitIndex, lines: Iterable[Sequence[Point]], among: Iterable[int]) -> Cut:
    """Cut units along lines.

    Parameters
    ----------
    units
        The units to cut and their neighbours.
    lines
        Where to cut.
    among
        Units that may be cut; others only take over the vertices of a cut that ends at their border.

    Raises
    ------
    EditRefusedError
        If the pieces would not fill their units exactly, which damaged polygons cause.
    """
    fitted = [_fitted(units, line) for line in lines]
    drawn = QgsGeometry.collectGeometry([line_of(line) for line in fitted if len(line) > 1])
    if drawn.isEmpty():
        return Cut({})
    near = set(units.near(drawn.boundingBox().buffered(SNAP_M)))
    touched = {fid for fid in near if units.outlines[fid].distance(drawn) <= SNAP_M}
    parted = {fid for fid in touched & set(among) if _runs_through(units.outlines[fid], drawn)}
    if not parted:
        return Cut({})
    points = {point for line in fitted for point in line}
    rings = {fid: _with_points(units.outlines[fid], points) for fid in touched}
    pieces = _pieces({fid: rings[fid] for fid in parted}, drawn)
    made = {p for parts in pieces.values() for part in parts for ring in rings_of(part) for p in ring}
    beside = {fid: (_with_points(units.outlines[fid], made),) for fid in touched - parted}
    changed = {fid: parts for fid, parts in beside.items() if _count(parts[0]) != _count(units.outlines[fid])}
    return Cut({**{fid: tuple(_without_slivers(parts)) for fid, parts in pieces.items()}, **changed})


def _around(point: Point) -> QgsRectangle:
    return QgsRectangle(point[0] - SNAP_M, point[1] - SNAP_M, point[0] + SNAP_M, point[1] + SNAP_M)


def _count(area: QgsGeometry) -> int:
    return int(area.constGet().nCoordinates())


def _fitted(units: UnitIndex, line: Sequence[Point]) -> list[Point]:
    """Return a line through the vertices of units that it runs close by."""
    made: list[Point] = []
    for point in map(units.fitted, line):
        if not made or made[-1] != point:
            made.append(point)
    through: list[Point] = made[:1]
    for a, b in zip(made, made[1:]):
        through += [*_passed(units, a, b), b]
    return through


def _passed(units: UnitIndex, a: Point, b: Point) -> list[Point]:
    """Return the vertices of units on the way from ``a`` to ``b``, in order."""
    box = QgsRectangle(min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1])).buffered(SNAP_M)
    corners = {p for fid in units.near(box) for ring in rings_of(units.outlines[fid]) for p in ring} - {a, b}
    return _in_order(corners, a, b, SNAP_M)


def _in_order(points: Iterable[Point], a: Point, b: Point, tolerance: float) -> list[Point]:
    """Return those of ``points`` that lie on an edge, from ``a`` to ``b``."""
    shares = ((_share(point, a, b, tolerance), point) for point in points)
    return [point for _, point in sorted((share, point) for share, point in shares if share is not None)]


def _share(point: Point, a: Point, b: Point, tolerance: float) -> float | None:
    """Return how far along an edge a point lies, 0 to 1; ``None`` off the edge or at its ends."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length2 = dx * dx + dy * dy
    if length2 == 0:
        return None
    px, py = point[0] - a[0], point[1] - a[1]
    share, off = (px * dx + py * dy) / length2, abs(px * dy - py * dx)
    return share if off * off <= tolerance**2 * length2 and 0 < share < 1 else None


def _with_points(area: QgsGeometry, points: Iterable[Point]) -> QgsGeometry:
    """Return a polygon with those of ``points`` as vertices that lie on its edges."""
    box = area.boundingBox().buffered(SNAP_M)
    mine = {p for p in points if box.contains(QgsPointXY(*p))}
    rings = rings_of(area)
    mine -= {p for ring in rings for p in ring}
    if not mine:
        return area
    made = []
    for ring in rings:
        closed = ring[:1]
        for a, b in zip(ring, ring[1:]):
            closed += [*_in_order(mine, a, b, ON_M), b]
        made.append(closed)
    return with_rings(area, made)


def _runs_through(area: QgsGeometry, drawn: QgsGeometry) -> bool:
    """Return whether lines run inside an area, not only along its border."""
    inside = drawn.intersection(area.buffer(-2 * SNAP_M, 4))
    return not inside.isEmpty() and inside.length() > 0


def _pieces(areas: Mapping[int, QgsGeometry], drawn: QgsGeometry) -> dict[int, list[QgsGeometry]]:
    """Return the pieces of each area between the lines drawn."""
    edges = {edge for area in areas.values() for edge in edges_of(area)}
    lines = [line_of(tuple(edge)) for edge in edges]
    noded = QgsGeometry.unaryUnion([*lines, *drawn.asGeometryCollection()])
    faces = QgsGeometry.polygonize(noded.asGeometryCollection()).asGeometryCollection()
    index, pieces = UnitIndex(areas), {fid: [] for fid in areas}
    for face in faces:
        fid = index.holding(face)
        if fid is not None:
            pieces[fid].append(face)
    wrong = [fid for fid, parts in pieces.items() if abs(sum(p.area() for p in parts) - areas[fid].area()) > 1e-3]
    if wrong:
        raise EditRefusedError(tr("A unit here is damaged and cannot be cut. Check the region first."))
    return pieces


def _without_slivers(parts: Sequence[QgsGeometry]) -> list[QgsGeometry]:
    """Return pieces with slivers joined to the largest one beside them."""
    kept = sorted((part for part in parts if part.area() >= SLIVER_M2), key=lambda part: -part.area())
    for sliver in (part for part in parts if part.area() < SLIVER_M2):
        edges = edges_of(sliver)
        number = next((n for n, part in enumerate(kept) if edges & edges_of(part)), None)
        if number is None:
            kept.append(sliver)
        else:
            kept[number] = QgsGeometry.unaryUnion([kept[number], sliver])
    return kept
