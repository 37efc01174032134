# SPDX-License-Identifier: GPL-3.0-or-later
"""The buildings as points with households, fast to search: what every count is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from qgis.core import (
    QgsFeature,
    QgsGeometry,
    QgsPoint,
    QgsPointXY,
    QgsRectangle,
    QgsSpatialIndex,
    QgsVectorLayer,
    QgsVectorLayerUtils,
)

from .schema import int_of, text_of

FIELDS = ("households", "grid_id", "unit_id", "community_id")
POINT = "centroid($geometry)"
ROW = f"array($id,x({POINT}),y({POINT}),{','.join(FIELDS)})"


@dataclass
class Building:
    """One building: its middle, households and keys."""

    x: float
    y: float
    households: int
    grid_id: str
    unit_id: str
    community_id: str


class BuildingIndex:
    """Buildings of a region by feature number, with a spatial index.

    Parameters
    ----------
    layer
        Layer ``buildings``.
    """

    def __init__(self, layer: QgsVectorLayer) -> None:
        self.rows: dict[int, Building] = {}
        self.of_unit: dict[str, set[int]] = {}
        self.total = 0
        rows, ok = QgsVectorLayerUtils.getValues(layer, ROW)
        if not ok:
            raise KeyError(f"{layer.name()}: {', '.join(FIELDS)}")
        for fid, x, y, households, *keys in rows:
            if x is None:
                continue
            self._keep(fid, Building(x, y, int_of(households) or 0, *map(text_of, keys)))
        self._index = QgsSpatialIndex(layer.getFeatures())

    def within(self, area: QgsGeometry) -> set[int]:
        """Return the buildings whose middle lies in ``area``."""
        return self.among(area, self._index.intersects(area.boundingBox()))

    def near(self, box: QgsRectangle) -> list[int]:
        """Return the buildings whose outline may touch ``box``."""
        return list(self._index.intersects(box))

    def among(self, area: QgsGeometry, candidates: Iterable[int]) -> set[int]:
        """Return those of ``candidates`` whose middle lies in ``area``."""
        if area.isEmpty():
            return set()
        engine = QgsGeometry.createGeometryEngine(area.constGet())
        engine.prepareGeometry()
        rows, contains = self.rows, engine.contains
        return {fid for fid in candidates if (row := rows.get(fid)) and contains(QgsPoint(row.x, row.y))}

    def households(self, fids: Iterable[int]) -> int:
        """Return the households of some buildings."""
        rows = self.rows
        return sum([rows[fid].households for fid in fids])

    def point(self, fid: int) -> QgsPointXY:
        """Return the middle of a building."""
        return QgsPointXY(self.rows[fid].x, self.rows[fid].y)

    def put(self, feature: QgsFeature) -> None:
        """Add a building, or replace the one of the same number."""
        self.drop(feature.id())
        middle = feature.geometry().centroid().asPoint()
        keys = [text_of(feature[name]) for name in FIELDS[1:]]
        self._keep(feature.id(), Building(middle.x(), middle.y(), int_of(feature["households"]) or 0, *keys))
        self._index.addFeature(feature)

    def drop(self, fid: int) -> None:
        """Remove a building, if it is there."""
        row = self.rows.pop(fid, None)
        if row is None:
            return
        self.total -= row.households
        self.of_unit[row.unit_id].discard(fid)

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
        self.of_unit.setdefault(unit_id, set()).add(fid)

    def _keep(self, fid: int, row: Building) -> None:
        self.rows[fid] = row
        self.of_unit.setdefault(row.unit_id, set()).add(fid)
        self.total += row.households
