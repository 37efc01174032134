# SPDX-License-Identifier: GPL-3.0-or-later
"""The buildings as points with households, fast to search: what every count is made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import floor, sqrt

from qgis.core import (
    QgsFeature,
    QgsGeometry,
    QgsPoint,
    QgsPointXY,
    QgsRectangle,
    QgsVectorLayer,
)

from .rows import read_rows
from .schema import int_of, text_of

KEYS = ("grid_id", "unit_id")
FIELDS = ("households", *KEYS)
BUILDINGS_A_CELL = 6


@dataclass
class Building:
    """One building: its middle, households and keys."""

    __slots__ = ("grid_id", "households", "unit_id", "x", "y")

    x: float
    y: float
    households: int
    grid_id: str
    unit_id: str


class BuildingIndex:
    """Buildings of a region by feature number, in square cells.

    Parameters
    ----------
    layer
        Layer ``buildings``.

    Attributes
    ----------
    rows
        The buildings by feature number; those without a shape are not among them.
    of_unit
        Buildings by unit.
    total
        Households of all.
    """

    def __init__(self, layer: QgsVectorLayer) -> None:
        self.rows: dict[int, Building] = {}
        self.of_unit: defaultdict[str, set[int]] = defaultdict(set)
        self.total = 0
        extent, count = layer.extent(), max(layer.featureCount(), 1)
        self._cell_m = max(sqrt(max(extent.width() * extent.height(), 1.0) / count * BUILDINGS_A_CELL), 1.0)
        self._cells: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
        for fid, middle, (households, grid_id, unit_id) in read_rows(layer, FIELDS, middles=True):
            if middle is not None:
                self._keep(fid, Building(*middle, households or 0, grid_id or "", unit_id or ""))

    def within(self, area: QgsGeometry) -> set[int]:
        """Return the buildings whose middle lies in ``area``."""
        return self.among(area, self.near(area.boundingBox()))

    def near(self, box: QgsRectangle) -> Iterator[int]:
        """Yield the buildings whose middle lies in or near ``box``."""
        cells, cell_m = self._cells, self._cell_m
        if box.isNull():
            return
        for i in range(floor(box.xMinimum() / cell_m), floor(box.xMaximum() / cell_m) + 1):
            for j in range(floor(box.yMinimum() / cell_m), floor(box.yMaximum() / cell_m) + 1):
                if (i, j) in cells:
                    yield from cells[i, j]

    def among(self, area: QgsGeometry, candidates: Iterable[int]) -> set[int]:
        """Return those of ``candidates`` whose middle lies in ``area``."""
        if area.isEmpty():
            return set()
        engine = QgsGeometry.createGeometryEngine(area.constGet())
        engine.prepareGeometry()
        box, rows, contains = area.boundingBox(), self.rows, engine.contains
        west, east, south, north = box.xMinimum(), box.xMaximum(), box.yMinimum(), box.yMaximum()
        found = set()
        for fid in candidates:
            row = rows[fid]
            if west <= row.x <= east and south <= row.y <= north and contains(QgsPoint(row.x, row.y)):
                found.add(fid)
        return found

    def households(self, fids: Iterable[int]) -> int:
        """Return the households of some buildings."""
        rows = self.rows
        return sum([rows[fid].households for fid in fids])

    def point(self, fid: int) -> QgsPointXY:
        """Return the middle of a building."""
        return QgsPointXY(self.rows[fid].x, self.rows[fid].y)

    def put(self, feature: QgsFeature) -> None:
        """Add a building."""
        self._keep(feature.id(), _row(feature))

    def drop(self, fid: int) -> None:
        """Remove a building."""
        row = self.rows.pop(fid)
        self.total -= row.households
        self.of_unit[row.unit_id].discard(fid)
        self._cells[self._cell(row)].discard(fid)

    def set_households(self, fid: int, households: int) -> int:
        """Set the households of a building and return the difference."""
        row = self.rows[fid]
        difference = households - row.households
        row.households = households
        self.total += difference
        return difference

    def set_unit(self, fid: int, unit_id: str) -> None:
        """Set the unit of a building."""
        row = self.rows[fid]
        self.of_unit[row.unit_id].discard(fid)
        row.unit_id = unit_id
        self.of_unit[unit_id].add(fid)

    def _keep(self, fid: int, row: Building) -> None:
        self.rows[fid] = row
        self.of_unit[row.unit_id].add(fid)
        self._cells[self._cell(row)].add(fid)
        self.total += row.households

    def _cell(self, row: Building) -> tuple[int, int]:
        return floor(row.x / self._cell_m), floor(row.y / self._cell_m)


def _row(feature: QgsFeature) -> Building:
    middle = feature.geometry().centroid().asPoint()
    keys = [text_of(feature[name]) for name in KEYS]
    return Building(middle.x(), middle.y(), int_of(feature["households"]) or 0, *keys)
