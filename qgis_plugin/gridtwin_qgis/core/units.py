# SPDX-License-Identifier: GPL-3.0-or-later
"""The units as a register by key and by grid, kept up to date from the edit buffer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from qgis.core import QgsFeature, QgsFeatureRequest, QgsGeometry, QgsRectangle, QgsVectorLayer

from .rows import read_rows
from .schema import int_of, text_of

FIELDS = ("unit_id", "grid_id", "community_id", "locked")


class Unit(NamedTuple):
    """One unit: its keys and whether it must stay in its grid."""

    fid: int
    unit_id: str
    grid_id: str
    community_id: str
    locked: bool


class UnitRegister:
    """Units of a region by feature number, key and grid.

    Parameters
    ----------
    layer
        Layer ``units``.

    Attributes
    ----------
    first_m2
        Area of the units of each grid when the region was opened.
    moved
        Units whose ``grid_id`` has changed since somebody emptied this, with the grid that they came from.
    reshaped
        Units that are new or have another outline since somebody emptied this.
    """

    def __init__(self, layer: QgsVectorLayer) -> None:
        self._layer = layer
        self._units: dict[int, Unit] = {}
        self._by_key: dict[str, int] = {}
        self._by_grid: dict[str, set[int]] = {}
        self.first_m2: defaultdict[str, float] = defaultdict(float)
        self.moved: dict[int, str] = {}
        self.reshaped: set[int] = set()
        self.dropped: set[str] = set()
        for fid, _, (*values, area_m2) in read_rows(layer, (*FIELDS, "area_m2")):
            unit = _unit(fid, values)
            self._keep(unit)
            self.first_m2[unit.grid_id] += area_m2 or 0.0
        self._signals = self._connect()

    def __iter__(self) -> Iterator[Unit]:
        """Iterate over the units."""
        return iter(tuple(self._units.values()))

    def __len__(self) -> int:
        """Return the number of units."""
        return len(self._units)

    def __getitem__(self, fid: int) -> Unit:
        """Return a unit by feature number."""
        return self._units[fid]

    def __contains__(self, fid: object) -> bool:
        """Return whether there is a unit of this number."""
        return fid in self._units

    def of_key(self, unit_id: str) -> Unit | None:
        """Return a unit by its key."""
        fid = self._by_key.get(unit_id)
        return None if fid is None else self._units[fid]

    def of_grid(self, grid_id: str) -> frozenset[int]:
        """Return the units of a grid."""
        return frozenset(self._by_grid.get(grid_id, ()))

    def outlines(self, fids: Iterable[int]) -> dict[int, QgsGeometry]:
        """Return the polygons of some units."""
        request = QgsFeatureRequest(sorted(fids)).setNoAttributes()
        return {feature.id(): feature.geometry() for feature in self._layer.getFeatures(request)}

    def near(self, box: QgsRectangle) -> dict[int, QgsGeometry]:
        """Return the units whose bounding box touches ``box``, with their polygons."""
        request = QgsFeatureRequest(box).setNoAttributes()
        return {feature.id(): feature.geometry() for feature in self._layer.getFeatures(request)}

    def renumber(self, saved: Collection[int]) -> None:
        """Take over the feature numbers that new units got when they were saved."""
        for fid in [fid for fid in self._units if fid < 0]:
            self._forget(fid)
        for feature in self._layer.getFeatures(QgsFeatureRequest(list(saved)).setFlags(_NO_GEOMETRY)):
            self._keep(_unit(feature.id(), [feature[name] for name in FIELDS]))

    def clear_changes(self) -> None:
        """Forget what has changed."""
        self.moved, self.reshaped, self.dropped = {}, set(), set()

    def close(self) -> None:
        """Stop following the layer."""
        for signal, slot in self._signals:
            signal.disconnect(slot)
        self._signals = []

    def _connect(self) -> list[tuple[Any, Callable[..., None]]]:
        layer = self._layer
        pairs: list[tuple[Any, Callable[..., None]]] = [
            (layer.attributeValueChanged, self._on_value),
            (layer.geometryChanged, self._on_geometry),
            (layer.featureAdded, self._on_added),
            (layer.featureDeleted, self._on_deleted),
        ]
        for signal, slot in pairs:
            signal.connect(slot)
        return pairs

    def _on_value(self, fid: int, number: int, value: object) -> None:
        name = self._layer.fields().at(number).name()
        unit = self._units.get(fid)
        if unit is None or name not in FIELDS:
            return
        if name == "grid_id":
            self.moved.setdefault(fid, unit.grid_id)
        self._forget(fid)
        self._keep(unit._replace(**{name: bool(int_of(value)) if name == "locked" else text_of(value)}))

    def _on_geometry(self, fid: int, geometry: QgsGeometry) -> None:
        del geometry
        self.reshaped.add(fid)

    def _on_added(self, fid: int) -> None:
        feature: QgsFeature = self._layer.getFeature(fid)
        self._keep(_unit(fid, [feature[name] for name in FIELDS]))
        self.reshaped.add(fid)

    def _on_deleted(self, fid: int) -> None:
        unit = self._units.get(fid)
        if unit is not None:
            self._forget(fid)
            self.dropped.add(unit.grid_id)
            self.moved.pop(fid, None)
            self.reshaped.discard(fid)

    def _keep(self, unit: Unit) -> None:
        self._units[unit.fid] = unit
        self._by_key[unit.unit_id] = unit.fid
        self._by_grid.setdefault(unit.grid_id, set()).add(unit.fid)

    def _forget(self, fid: int) -> None:
        unit = self._units.pop(fid)
        self._by_grid[unit.grid_id].discard(fid)
        if self._by_key.get(unit.unit_id) == fid:
            del self._by_key[unit.unit_id]


_NO_GEOMETRY = QgsFeatureRequest.Flag.NoGeometry


def _unit(fid: int, values: Sequence[object]) -> Unit:
    unit_id, grid_id, community_id, locked = values
    return Unit(fid, text_of(unit_id), text_of(grid_id), text_of(community_id), bool(int_of(locked)))
