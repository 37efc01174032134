# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared boundaries of grids as exact vertices: what a planner has taken hold of, and where it may be moved to."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import dist

from qgis.core import QgsFeature, QgsGeometry, QgsPointXY
from qgis_plugin_tools.tools.i18n import tr
from segment_reshape.topology.find_related import get_common_geometries

from .errors import EditRefusedError

Point = tuple  # of two floats: vertices are compared and looked up, for which QgsPointXY is slow

DECIMALS = 3  # new vertices lie on a grid of 1 mm, so that what is drawn twice is equal


def rounded(point: Point) -> Point:
    """Return the point of the 1 mm grid nearest to ``point``."""
    return (round(point[0], DECIMALS), round(point[1], DECIMALS))


def rings_of(area: QgsGeometry) -> list[list[Point]]:
    """Return all rings of a polygon, each closed."""
    parts = area.asMultiPolygon() if area.isMultipart() else [area.asPolygon()]
    return [[(p.x(), p.y()) for p in ring] for part in parts for ring in part]


def line_of(points: Iterable[Point]) -> QgsGeometry:
    """Return the line through ``points``."""
    return QgsGeometry.fromPolylineXY([QgsPointXY(*p) for p in points])


def with_rings(area: QgsGeometry, rings: Sequence[Sequence[Point]]) -> QgsGeometry:
    """Return a polygon made like ``area`` with other rings, in the order of :func:`rings_of`."""
    left = iter(rings)
    parts = area.asMultiPolygon() if area.isMultipart() else [area.asPolygon()]
    made = [[[QgsPointXY(*p) for p in next(left)] for _ in part] for part in parts]
    return QgsGeometry.fromMultiPolygonXY(made) if area.isMultipart() else QgsGeometry.fromPolygonXY(made[0])


def edges_of(area: QgsGeometry) -> set[frozenset[Point]]:
    """Return the edges of all rings, without direction."""
    return {frozenset(edge) for ring in rings_of(area) for edge in zip(ring, ring[1:])}


def replace_run(area: QgsGeometry, old: Sequence[Point], new: Sequence[Point]) -> QgsGeometry:
    """Return a polygon with the run of vertices ``old`` replaced, in whichever direction a ring has it.

    Raises
    ------
    EditRefusedError
        If no ring has the run.
    """
    rings = rings_of(area)
    for number, ring in enumerate(rings):
        for run, put in ((list(old), list(new)), (list(old)[::-1], list(new)[::-1])):
            made = _with_run(ring[:-1], run, put)
            if made is not None:
                rings[number] = [*made, made[0]]
                return with_rings(area, rings)
    raise EditRefusedError(tr("The boundary has changed since it was picked; pick it again."))


def _with_run(ring: list[Point], run: list[Point], put: list[Point]) -> list[Point] | None:
    """Return an open ring with a run replaced, ``None`` where it does not have it."""
    if run[0] not in ring:
        return None
    start = ring.index(run[0])
    turned = ring[start:] + ring[:start]
    closed = run[0] == run[-1]
    found = [*turned, turned[0]] if closed else turned
    if found[: len(run)] != run:
        return None
    return put[:-1] if closed else put + turned[len(run) :]


def replace_vertex(area: QgsGeometry, old: Point, new: Point) -> QgsGeometry:
    """Return a polygon with a vertex moved wherever a ring has it."""
    return with_rings(area, [[new if p == old else p for p in ring] for ring in rings_of(area)])


@dataclass(frozen=True)
class Handle:
    """A place of a shared boundary that a planner has taken hold of.

    Attributes
    ----------
    at
        The vertex, or the place on an edge.
    areas
        Polygons of the grids that meet there, by feature number.
    line
        Their shared boundary from corner to corner, with ``at`` and without any other place that is no vertex; empty
        where more than two grids meet.
    """

    at: Point
    areas: Mapping[int, QgsGeometry]
    line: tuple[Point, ...] = ()

    @property
    def corner(self) -> bool:
        """Whether more than two grids meet here."""
        return not self.line


def pick(
    areas: Mapping[int, QgsGeometry], point: Point, tolerance: float
) -> tuple[Point, frozenset[int], frozenset[Point]]:
    """Return the place on the boundaries nearest to a point, the grids that meet there, and the edge it lies on.

    Parameters
    ----------
    areas
        Polygons of the grids around, by feature number.
    point
        Where the planner has clicked.
    tolerance
        How far away the boundary may be, metres; a vertex so near is preferred to an edge.

    Raises
    ------
    EditRefusedError
        If no boundary is so near, or no two grids share it.
    """
    where = QgsPointXY(*point)
    vertices = [(d2, (v.x(), v.y())) for v, _, _, _, d2 in (area.closestVertex(where) for area in areas.values())]
    best, vertex = min(vertices, default=(float("inf"), (0.0, 0.0)))
    if best <= tolerance**2:
        meeting = frozenset(f for f, area in areas.items() if any(vertex in ring for ring in rings_of(area)))
        found = vertex, meeting, frozenset([vertex])
    else:
        found = _pick_edge(areas, where, tolerance)
    if len(found[1]) < 2:
        raise EditRefusedError(tr("No boundary between two grids is here. Click nearer to one."))
    return found


def _pick_edge(
    areas: Mapping[int, QgsGeometry], where: QgsPointXY, tolerance: float
) -> tuple[Point, frozenset[int], frozenset[Point]]:
    """Return the nearest place on an edge, the grids that share the edge, and the edge."""
    hits = []
    for area in areas.values():
        d2, foot, after, _ = area.closestSegmentWithContext(where)
        if 0 <= d2 <= tolerance**2:
            ends = (area.vertexAt(after - 1), area.vertexAt(after))
            hits.append((d2, (foot.x(), foot.y()), frozenset((p.x(), p.y()) for p in ends)))
    if not hits:
        return (where.x(), where.y()), frozenset(), frozenset()
    _, foot, edge = min(hits, key=lambda hit: hit[0])
    return rounded(foot), frozenset(f for f, area in areas.items() if edge in edges_of(area)), edge


def take_hold(areas: Mapping[int, QgsGeometry], point: Point, tolerance: float) -> Handle:
    """Return the handle nearest to a point; see :func:`pick`.

    Raises
    ------
    EditRefusedError
        If there is no shared boundary, or the place is a corner on the outer border, which holds for others too.
    """
    at, meeting, edge = pick(areas, point, tolerance)
    mine = {fid: areas[fid] for fid in sorted(meeting)}
    if len(edge) == 1:
        spokes: dict[frozenset[Point], int] = {}
        for area in mine.values():
            for spoke in (e for e in edges_of(area) if at in e):
                spokes[spoke] = spokes.get(spoke, 0) + 1
        if 1 in spokes.values():
            raise EditRefusedError(tr("This corner lies on the outer border, which stays. Pick another place."))
        if len(spokes) > 2 or len(mine) > 2:
            return Handle(at, mine)
        edge = min(spokes, key=sorted)
    return Handle(at, mine, shared_line(mine, at, edge))


def shared_line(areas: Mapping[int, QgsGeometry], at: Point, edge: frozenset[Point]) -> tuple[Point, ...]:
    """Return the boundary with an edge that two grids share, from corner to corner, with a place on that edge."""
    features = []
    for fid, area in areas.items():
        features.append(QgsFeature(fid))
        features[-1].setGeometry(area)
    first, others = features[0], [(None, feature) for feature in features[1:]]
    number = _vertex_before(first.geometry(), edge)
    segment = get_common_geometries(None, first, others, (number, number + 1)).segment
    line = [(p.x(), p.y()) for p in segment.points()]
    if line[0] == line[-1]:  # around a grid that lies within the other: let it begin away from the place
        place = next(n for n, ends in enumerate(zip(line, line[1:])) if edge <= set(ends))
        start = (place + len(line) // 2) % (len(line) - 1)
        line = [*line[start:-1], *line[: start + 1]]
    if at not in line:
        place = next(n for n, ends in enumerate(zip(line, line[1:])) if edge <= set(ends))
        line.insert(place + 1, at)
    return tuple(line)


def _vertex_before(area: QgsGeometry, edge: frozenset[Point]) -> int:
    """Return the number of the vertex that an edge of a polygon begins at."""
    passed = 0
    for ring in rings_of(area):
        for number, ends in enumerate(zip(ring, ring[1:]), passed):
            if edge == set(ends):
                return number
        passed += len(ring)
    raise ValueError(edge)


def _spokes_of(handle: Handle) -> dict[frozenset[int], tuple[Point, ...]]:
    """Return the boundaries that meet in a corner, by the two grids on either side, from the corner outwards.

    There are none where a grid touches the corner more than once: only the corner itself moves then.
    """
    sharing: dict[frozenset[Point], list[int]] = {}
    for fid, area in handle.areas.items():
        for edge in (e for e in edges_of(area) if handle.at in e):
            sharing.setdefault(edge, []).append(fid)
    pairs = [frozenset(fids) for fids in sharing.values()]
    if not len(set(pairs)) == len(pairs) == len(handle.areas):
        return {}
    spokes = {}
    for edge, fids in sharing.items():
        line = shared_line({fid: handle.areas[fid] for fid in fids}, handle.at, edge)
        spokes[frozenset(fids)] = line if line[0] == handle.at else line[::-1]
    return spokes if all(line[0] == handle.at for line in spokes.values()) else {}


def _end_of(spoke: Sequence[Point], reach: float) -> int:
    """Return the first vertex of a boundary that stays when its corner is pulled by ``reach``."""
    lengths = accumulate(dist(a, b) for a, b in zip(spoke, spoke[1:]))
    return next((n for n, length in enumerate(lengths, 1) if length >= reach), len(spoke) - 1)


@dataclass(frozen=True)
class Move:
    """What a boundary would be: new polygons by feature number, and the new line for the eye."""

    areas: Mapping[int, QgsGeometry]
    drawn: QgsGeometry
    valid: bool


class Mover:
    """Moves a boundary that has been taken hold of; made once, asked on every movement of the mouse.

    Parameters
    ----------
    handle
        What has been taken hold of.
    """

    def __init__(self, handle: Handle) -> None:
        self.handle = handle
        self.room = QgsGeometry.unaryUnion(list(handle.areas.values()))
        self._room = QgsGeometry.createGeometryEngine(self.room.constGet())
        self._room.prepareGeometry()
        self._lengths = [0.0, *accumulate(dist(a, b) for a, b in zip(handle.line, handle.line[1:]))]
        self._at = 0.0 if handle.corner else self._lengths[handle.line.index(handle.at)]
        vertices = {p for area in handle.areas.values() for ring in rings_of(area) for p in ring}
        self._old = [p for p in handle.line if p in vertices]
        self._spokes = _spokes_of(handle) if handle.corner else {}

    def to(self, point: Point, *, alone: bool = False) -> Move:
        """Return the boundary pulled to a point.

        Parameters
        ----------
        point
            Where to.
        alone
            Move one vertex only; by default a boundary follows on either side as far as it is pulled, or up to
            its corners.
        """
        target = rounded(point)
        reach = 0.0 if alone else dist(target, self.handle.at)
        if self.handle.corner:
            return self._corner_at(target, reach)
        line, lengths = self.handle.line, self._lengths
        if line[0] == line[-1]:
            reach = min(reach, lengths[-1] / 3)  # enough of a ring has to stay
        before = max(bisect_right(lengths, self._at - reach) - 1, 0)
        before -= 1 if before and line[before] == self.handle.at else 0
        after = min(bisect_left(lengths, self._at + reach), len(line) - 1)
        after += 1 if after < len(line) - 1 and line[after] == self.handle.at else 0
        return self.along([*line[: before + 1], target, *line[after:]])

    def along(self, points: Sequence[Point]) -> Move:
        """Return the boundary redrawn from corner to corner."""
        areas = {fid: replace_run(area, self._old, points) for fid, area in self.handle.areas.items()}
        return self._judged(areas, line_of(points))

    def _corner_at(self, target: Point, reach: float) -> Move:
        """Return the boundaries that meet in a corner, each pulled along as far as the corner is."""
        ends = {pair: _end_of(spoke, reach) for pair, spoke in self._spokes.items()}
        areas = {}
        for fid, area in self.handle.areas.items():
            mine = [(self._spokes[pair], end) for pair, end in ends.items() if fid in pair]
            if len(mine) == 2:
                (first, i), (second, j) = mine
                old = [*first[i::-1], *second[1 : j + 1]]
                areas[fid] = replace_run(area, old, [first[i], target, second[j]])
            else:
                areas[fid] = replace_vertex(area, self.handle.at, target)
        spokes = {spoke for area in areas.values() for spoke in edges_of(area) if target in spoke}
        lines = QgsGeometry.collectGeometry([line_of(tuple(spoke)) for spoke in spokes])
        return self._judged(areas, lines)

    def _judged(self, areas: Mapping[int, QgsGeometry], drawn: QgsGeometry) -> Move:
        whole = all(area.isGeosValid() and not area.isEmpty() for area in areas.values())
        return Move(areas, drawn, whole and self._room.contains(drawn.constGet()))
