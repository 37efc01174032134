"""Zones: which bounds hold where, and which units form special-purpose grids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import Indices

NO_MAXIMUM = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Zones:
    """The rules of each unit.

    Attributes
    ----------
    params
        Bounds and weights, one for each zone.
    zone
        Zone of each unit, a number into ``params``; the units of one community share a zone, (units,).
    special
        Number of the special-purpose grid that each unit belongs to, −1 for ordinary units, (units,).
    purposes
        What each special-purpose grid is for; such grids have no bounds of households.
    """

    params: tuple[DivideParams, ...]
    zone: Indices
    special: Indices
    purposes: tuple[str, ...] = ()

    @classmethod
    def uniform(cls, params: DivideParams, count: int) -> Zones:
        """Return the zones of ``count`` units that all keep the same rules."""
        return cls((params,), np.zeros(count, np.int64), np.full(count, -1, np.int64))

    def bounds(self, grid: Indices) -> tuple[Indices, Indices]:
        """Return the least and the most households of each grid, (grids,) each; numbers without units have none.

        Parameters
        ----------
        grid
            Grid of each unit, (units,).
        """
        count = int(grid.max()) + 1
        low, high = np.zeros(count, np.int64), np.full(count, NO_MAXIMUM)
        ordinary = self.special < 0
        minimum = np.array([p.minimum for p in self.params])
        maximum = np.array([p.maximum for p in self.params])
        low[grid[ordinary]] = minimum[self.zone[ordinary]]
        high[grid[ordinary]] = maximum[self.zone[ordinary]]
        return low, high
