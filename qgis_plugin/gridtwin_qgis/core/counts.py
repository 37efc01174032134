# SPDX-License-Identifier: GPL-3.0-or-later
"""Households of every grid, kept up to date from the edit buffers.

A building belongs to the grid that contains its middle. The households of all grids, plus those in no grid, minus
those counted twice, are the households of all buildings at any time; when the grids alone differ from the buildings,
grids overlap or leave a gap.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from qgis.core import QgsFeature, QgsFeatureRequest, QgsGeometry, QgsVectorLayer
from qgis.PyQt.QtCore import QObject, pyqtSignal

from .bounds import Bounds, Status
from .buildings import BuildingIndex
from .ledger import Ledger
from .schema import int_of, text_of

STATE_COLUMNS = frozenset(
    ("grid_id", "code", "community_id", "purpose", "minimum_households", "maximum_households", "locked")
)


@dataclass(frozen=True)
class GridState:
    """What is known of a grid.

    Attributes
    ----------
    fid
        Feature number; negative until the grid is saved.
    grid_id, code, community_id, purpose
        As in the layer; "" where empty.
    bounds
        Least and most households.
    locked
        Must not change.
    parts
        Pieces of its polygon; 1 when contiguous.
    area_m2
        Area of its polygon.
    households
        Of the buildings inside, now.
    """

    fid: int
    grid_id: str
    code: str
    community_id: str
    purpose: str
    bounds: Bounds
    locked: bool
    parts: int = 0
    area_m2: float = 0.0
    households: int = 0

    @property
    def status(self) -> Status:
        """Where the households lie against the bounds."""
        return self.bounds.status(self.households)

    @property
    def difference(self) -> int:
        """Households below (negative) or above the bounds."""
        return self.bounds.difference(self.households)


@dataclass(frozen=True)
class CountsChange:
    """What one command changed: grids by feature number, and those that are gone."""

    changed: frozenset[int]
    removed: frozenset[int]


class LiveCounts(QObject):
    """Households by grid.

    Parameters
    ----------
    grids
        Layer ``grids``.
    buildings
        Layer ``buildings``.
    bounds
        Bounds of the plan, for grids without their own.

    Notes
    -----
    Signals of the layers mark what must be counted anew; :meth:`flush`, which the session calls once a command,
    counts and emits :attr:`changed` once.
    """

    changed = pyqtSignal(object)  # CountsChange

    def __init__(self, grids: QgsVectorLayer, buildings: QgsVectorLayer, bounds: Bounds) -> None:
        super().__init__()
        self._grids, self._buildings, self._bounds = grids, buildings, bounds
        self.ledger = Ledger(BuildingIndex(buildings))
        self._states: dict[int, GridState] = {}
        self._new_outlines: dict[int, QgsGeometry] = {}
        self._by_id: defaultdict[str, set[int]] = defaultdict(set)
        self._outside: set[int] = set()
        self._touched: set[int] = set()
        self._gone: dict[int, str] = {}
        for feature in grids.getFeatures():
            self._take_grid(feature)
        self.refresh()
        self._judge(self._touched)
        self._touched.clear()
        self.ledger.rehomed.clear()
        self._signals = self._connect()

    def __iter__(self) -> Iterator[int]:
        """Iterate over the feature numbers of the grids."""
        return iter(tuple(self._states))

    def __len__(self) -> int:
        """Return the number of grids."""
        return len(self._states)

    def __contains__(self, fid: object) -> bool:
        """Return whether there is a grid of this number."""
        return fid in self._states

    def grid(self, fid: int) -> GridState:
        """Return what is known of a grid."""
        state, households = self._states[fid], self.ledger.totals.get(fid, 0)
        return state if state.households == households else replace(state, households=households)

    def households(self, fid: int) -> int | None:
        """Return the households of a grid, ``None`` where there is no such grid."""
        return self.ledger.totals.get(fid)

    def fid_of(self, grid_id: str) -> int | None:
        """Return the feature number of a grid, ``None`` where there is no such grid.

        While a copy of a grid has no code of its own yet, the older of the two is the grid.
        """
        return max(self._by_id.get(grid_id, ()), default=None)

    def has_copy(self, grid_id: str) -> bool:
        """Return whether several grids have the same key, as after QGIS has split one."""
        return len(self._by_id.get(grid_id, ())) > 1

    def gone_id(self, fid: int) -> str:
        """Return the key of a grid that was deleted since the last signal; "" if it was not."""
        return self._gone.get(fid, "")

    def outline(self, fid: int) -> QgsGeometry:
        """Return the polygon of a grid."""
        return self._new_outlines[fid] if fid in self._new_outlines else self.ledger.outline(fid)

    def evaluate(self, area: QgsGeometry) -> tuple[int, set[int]]:
        """Return the households and buildings in any area."""
        found = self.ledger.index.within(area)
        return self.ledger.index.households(found), found

    def preview(self, fid: int, area: QgsGeometry) -> int:
        """Return the households that a grid would have with the outline ``area``; made for mouse moves."""
        return self.ledger.index.households(self.ledger.inside(fid, area))

    @property
    def total_grids(self) -> int:
        """Households of all grids."""
        return sum(self.ledger.totals.values())

    @property
    def total_buildings(self) -> int:
        """Households of all buildings."""
        return self.ledger.index.total

    @property
    def outside(self) -> int:
        """Number of grids outside their bounds."""
        return len(self._outside)

    @property
    def is_waiting(self) -> bool:
        """Whether polygons have changed that are not counted yet."""
        return bool(self._new_outlines)

    def refresh(self) -> None:
        """Count what is marked, without a signal."""
        waiting, self._new_outlines = self._new_outlines, {}
        for fid, outline in waiting.items():
            self.ledger.count(fid, outline)
            parts = outline.constGet().numGeometries() if outline.isMultipart() else 1
            self._states[fid] = replace(
                self._states[fid], parts=parts, area_m2=outline.area(), households=self.ledger.totals[fid]
            )
        self._touched |= waiting.keys()

    def flush(self) -> None:
        """Count what is marked and tell it once."""
        self.refresh()
        change = CountsChange(
            frozenset(self._touched & self._states.keys()), frozenset(self._gone.keys() - self._states.keys())
        )
        self._judge(change.changed | change.removed)
        self._touched, self._gone = set(), {}
        if change.changed or change.removed:
            self.changed.emit(change)

    def renumber(self, grids: Collection[int], buildings: Collection[int]) -> None:
        """Take over the feature numbers that new grids and buildings got when they were saved."""
        for fid in [fid for fid in self._states if fid < 0] if grids else []:
            self._drop_grid(fid)
        for feature in self._grids.getFeatures(QgsFeatureRequest(list(grids))):
            self._take_grid(feature)
        for fid in [fid for fid in self.ledger.index.rows if fid < 0] if buildings else []:
            self._drop_building(fid)
        self.refresh()
        for feature in self._buildings.getFeatures(QgsFeatureRequest(list(buildings))):
            self._take_building(feature)
        self.ledger.rehomed.clear()
        self.flush()

    def close(self) -> None:
        """Stop following the layers."""
        for signal, slot in self._signals:
            signal.disconnect(slot)
        self._signals = []

    def _connect(self) -> list[tuple[Any, Callable[..., None]]]:
        pairs: list[tuple[Any, Callable[..., None]]] = [
            (self._grids.geometryChanged, self._on_grid_geometry),
            (self._grids.featureAdded, self._on_grid_added),
            (self._grids.featureDeleted, self._drop_grid),
            (self._grids.attributeValueChanged, self._on_grid_value),
            (self._buildings.geometryChanged, self._on_building_geometry),
            (self._buildings.featureAdded, self._on_building_added),
            (self._buildings.featureDeleted, self._drop_building),
            (self._buildings.attributeValueChanged, self._on_building_value),
        ]
        for signal, slot in pairs:
            signal.connect(slot)
        return pairs

    def _on_grid_geometry(self, fid: int, outline: QgsGeometry) -> None:
        if fid in self._states:
            self._new_outlines[fid] = QgsGeometry(outline)

    def _on_grid_added(self, fid: int) -> None:
        self._take_grid(self._grids.getFeature(fid))

    def _on_grid_value(self, fid: int, number: int, value: object) -> None:
        if fid in self._states and self._grids.fields().at(number).name() in STATE_COLUMNS:
            feature = self._grids.getFeature(fid)
            feature[number] = value
            self._keep(self._state(feature))
            self._touched.add(fid)

    def _on_building_geometry(self, fid: int, geometry: QgsGeometry) -> None:
        feature = self._buildings.getFeature(fid)
        feature.setGeometry(geometry)
        self._take_building(feature)

    def _on_building_added(self, fid: int) -> None:
        self._take_building(self._buildings.getFeature(fid))

    def _on_building_value(self, fid: int, number: int, value: object) -> None:
        row, name = self.ledger.index.rows.get(fid), self._buildings.fields().at(number).name()
        if row is None:
            return
        if name == "households":
            self._touched |= self.ledger.set_households(fid, int_of(value) or 0)
        elif name == "unit_id":
            self.ledger.index.set_unit(fid, text_of(value))
        elif name == "grid_id":
            row.grid_id = text_of(value)

    def _take_building(self, feature: QgsFeature) -> None:
        self._touched |= self.ledger.put_building(feature)

    def _drop_building(self, fid: int) -> None:
        self._touched |= self.ledger.drop_building(fid)

    def _take_grid(self, feature: QgsFeature) -> None:
        self._keep(self._state(feature))
        self._new_outlines[feature.id()] = feature.geometry()

    def _drop_grid(self, fid: int) -> None:
        grid_id = self._states.pop(fid).grid_id
        self._by_id[grid_id].discard(fid)
        self._new_outlines.pop(fid, None)
        if fid in self.ledger.totals:
            self.ledger.drop_grid(fid)
        self._gone[fid] = grid_id

    def _keep(self, state: GridState) -> None:
        before = self._states.get(state.fid)
        if before is not None:
            self._by_id[before.grid_id].discard(state.fid)
        self._states[state.fid] = state
        self._by_id[state.grid_id].add(state.fid)

    def _judge(self, fids: Iterable[int]) -> None:
        """Keep up to date which grids are outside their bounds."""
        for fid in fids:
            state = self._states.get(fid)
            if state is not None and state.bounds.difference(self.ledger.totals[fid]):
                self._outside.add(fid)
            else:
                self._outside.discard(fid)

    def _state(self, feature: QgsFeature) -> GridState:
        before = self._states.get(feature.id())
        return GridState(
            fid=feature.id(),
            grid_id=text_of(feature["grid_id"]),
            code=text_of(feature["code"]),
            community_id=text_of(feature["community_id"]),
            purpose=text_of(feature["purpose"]),
            bounds=self._bounds.of_grid(feature),
            locked=bool(int_of(feature["locked"])),
            parts=before.parts if before else 0,
            area_m2=before.area_m2 if before else 0.0,
            households=before.households if before else 0,
        )
