# SPDX-License-Identifier: GPL-3.0-or-later
"""Which building is in which grid, and the sums that follow: plain arithmetic without signals."""

from __future__ import annotations

from qgis.core import QgsFeature, QgsGeometry, QgsRectangle, QgsSpatialIndex

from .buildings import BuildingIndex
from .geometry import beyond

LARGE_GRID = 300  # members from which only the difference of the old and the new outline is counted


class Ledger:
    """Members and households of outlines, kept so that the books always balance.

    Parameters
    ----------
    index
        The buildings.

    Attributes
    ----------
    totals
        Households by grid.
    unassigned, double
        Households in no grid, and those counted once too often.
    rehomed
        Buildings whose grids have changed since somebody emptied this set.
    """

    def __init__(self, index: BuildingIndex) -> None:
        self.index = index
        self.totals: dict[int, int] = {}
        self.unassigned, self.double = index.total, 0
        self.rehomed: set[int] = set()
        self._members: dict[int, set[int]] = {}
        self._homes: dict[int, tuple[int, ...]] = {}
        self._outlines: dict[int, QgsGeometry] = {}
        self._near = QgsSpatialIndex()

    @property
    def balanced(self) -> bool:
        """Whether the sums agree, as they always must."""
        return sum(self.totals.values()) + self.unassigned - self.double == self.index.total

    def outline(self, grid: int) -> QgsGeometry:
        """Return the outline of a grid as counted last."""
        return self._outlines[grid]

    def members(self, grid: int) -> set[int]:
        """Return the buildings of a grid."""
        return self._members[grid]

    def homes(self, building: int) -> tuple[int, ...]:
        """Return the grids that contain a building."""
        return self._homes.get(building, ())

    def grids_near(self, box: QgsRectangle) -> list[int]:
        """Return the grids whose bounding box touches ``box``."""
        return list(self._near.intersects(box))

    def inside(self, grid: int, area: QgsGeometry) -> set[int]:
        """Return the buildings that a grid would have with outline ``area``.

        For a large grid only those between its outline and ``area`` are looked at.
        """
        before = self._members.get(grid, set())
        if len(before) <= LARGE_GRID:
            return self.index.within(area)
        candidates: set[int] = set()
        for change in (beyond(self._outlines[grid], area), beyond(area, self._outlines[grid])):
            for piece in change.asGeometryCollection():
                candidates.update(self.index.near(piece.boundingBox()))
        return (before - candidates) | self.index.among(area, candidates)

    def count(self, grid: int, outline: QgsGeometry) -> None:
        """Count a grid, new or with another outline."""
        before, now = self._members.get(grid, set()), self.inside(grid, outline)
        self._index_outline(grid, outline)
        self._members[grid] = now
        for building in before - now:
            self._move(building, grid, enters=False)
        for building in now - before:
            self._move(building, grid, enters=True)
        self.totals[grid] = self.index.households(now)

    def drop_grid(self, grid: int) -> None:
        """Forget a grid."""
        for building in self._members.pop(grid):
            self._move(building, grid, enters=False)
        del self.totals[grid]
        self._index_outline(grid, None)

    def put_building(self, feature: QgsFeature) -> set[int]:
        """Add a building or take it from where it was, and return the grids whose sums have changed."""
        changed = self.drop_building(feature.id())
        self.index.put(feature)
        row = self.index.rows[feature.id()]
        self.unassigned += row.households
        for grid in self.grids_near(QgsRectangle(row.x, row.y, row.x, row.y)):
            if self.index.among(self._outlines[grid], [feature.id()]):
                self._members[grid].add(feature.id())
                self.totals[grid] += row.households
                self._move(feature.id(), grid, enters=True)
                changed.add(grid)
        self.rehomed.add(feature.id())
        return changed

    def drop_building(self, building: int) -> set[int]:
        """Forget a building, if it is known, and return the grids whose sums have changed."""
        row = self.index.rows.get(building)
        if row is None:
            return set()
        homes = self.homes(building)
        for grid in homes:
            self._members[grid].discard(building)
            self.totals[grid] -= row.households
            self._move(building, grid, enters=False)
        self.unassigned -= row.households
        self._homes.pop(building, None)
        self.rehomed.discard(building)
        self.index.drop(building)
        return set(homes)

    def set_households(self, building: int, households: int) -> set[int]:
        """Set the households of a building and return the grids whose sums have changed."""
        difference, homes = self.index.set_households(building, households), self.homes(building)
        for grid in homes:
            self.totals[grid] += difference
        self.unassigned += difference if not homes else 0
        self.double += difference * max(len(homes) - 1, 0)
        return set(homes)

    def _move(self, building: int, grid: int, *, enters: bool) -> None:
        """Book that a building enters or leaves a grid: 0, 1 or more homes decide what is unassigned and double."""
        homes, households = self.homes(building), self.index.rows[building].households
        self.rehomed.add(building)
        if enters:
            self._homes[building] = (*homes, grid)
            self.unassigned -= households if not homes else 0
            self.double += households if homes else 0
        else:
            self._homes[building] = tuple(home for home in homes if home != grid)
            self.unassigned += households if len(homes) == 1 else 0
            self.double -= households if len(homes) > 1 else 0

    def _index_outline(self, grid: int, outline: QgsGeometry | None) -> None:
        """Take a grid out of the index or give it another outline; empty outlines are near nothing."""
        old = self._outlines.pop(grid, None)
        if old is not None and not old.isEmpty():
            feature = QgsFeature(grid)
            feature.setGeometry(old)
            self._near.deleteFeature(feature)
        if outline is not None:
            self._outlines[grid] = QgsGeometry(outline)
            if not outline.isEmpty():
                self._near.addFeature(grid, outline.boundingBox())
