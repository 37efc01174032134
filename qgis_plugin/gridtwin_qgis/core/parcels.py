# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines that part the buildings of a unit: each place belongs to the building nearest to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from qgis.core import QgsGeometry, QgsPointXY, QgsSpatialIndex

from .boundaries import Point, edges_of, rounded

STEP_M = 3.0  # between the points that stand for an outline
INSET_M = 0.1  # walls that buildings share are told apart by so much
MARGIN_M = 50.0


def parting_lines(
    buildings: Mapping[int, QgsGeometry], chosen: Collection[int], unit: QgsGeometry
) -> list[tuple[Point, Point]]:
    """Return the lines between some buildings of a unit and the others, to the border of the unit and beyond.

    Parameters
    ----------
    buildings
        Outlines or points of all buildings of the unit, by feature number.
    chosen
        Those that shall be parted from the others.
    unit
        Polygon of the unit.
    """
    sites = {fid: _sites(outline) for fid, outline in buildings.items()}
    points = QgsGeometry.fromMultiPointXY([p for mine in sites.values() for p in mine])
    extent = QgsGeometry.fromRect(unit.boundingBox().buffered(MARGIN_M))
    cells = points.voronoiDiagram(extent, 0.0, False).asGeometryCollection()
    index = QgsSpatialIndex()
    for number, cell in enumerate(cells):
        index.addFeature(number, cell.boundingBox())
    mine: set[int] = set()
    for fid in chosen:
        for site in sites[fid]:
            at = QgsGeometry.fromPointXY(site)
            mine.update(n for n in index.intersects(at.boundingBox()) if cells[n].contains(at))
    border: set[frozenset[Point]] = set()
    for number in mine:
        border ^= edges_of(cells[number])
    lines = []
    for a, b in map(tuple, border):
        if rounded(a) != rounded(b):
            lines.append((rounded(a), rounded(b)))
    return lines


def _sites(outline: QgsGeometry) -> list[QgsPointXY]:
    """Return points that stand for a building: along its outline and its middle."""
    middle = outline.centroid().asPoint()
    inner = outline.buffer(-INSET_M, 1)
    if inner.isNull() or inner.isEmpty():
        return [middle]
    outline = inner.densifyByDistance(STEP_M)  # held, since its vertices do not hold it
    return [middle, *(QgsPointXY(vertex) for vertex in outline.vertices())]
