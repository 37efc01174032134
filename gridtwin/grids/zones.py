"""Zones: which bounds hold where, and which units form special-purpose grids."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import Indices

NO_MAXIMUM = np.iinfo(np.int64).max
GENERAL, FROZEN = "general", "frozen"


@dataclass(frozen=True)
class SpecialGrid:
    """A grid with a purpose of its own and no bounds of households.

    Attributes
    ----------
    purpose
        One of :data:`gridtwin.schemas.GRID_PURPOSES`; "frozen" for one that stays as it is by decree.
    name, name_zh
        What people call it, in English and Chinese.
    decree
        Number and date of the decree, if any.
    code
        Code that the grid keeps; empty for a new one.
    """

    purpose: str
    name: str = ""
    name_zh: str = ""
    decree: str = ""
    code: str = ""


@dataclass(frozen=True)
class Zones:
    """The rules of each unit.

    Attributes
    ----------
    params
        Bounds and weights, one for each zone; the first zone is that of communities without a rule.
    zone
        Zone of each unit, a number into ``params``; the units of one community share a zone, (units,).
    special
        Number of the special-purpose grid that each unit belongs to, −1 for ordinary units, (units,).
    special_grids
        The special-purpose grids; they have no bounds of households.
    """

    params: tuple[DivideParams, ...]
    zone: Indices
    special: Indices
    special_grids: tuple[SpecialGrid, ...] = ()

    @classmethod
    def uniform(cls, params: DivideParams, count: int) -> Zones:
        """Return the zones of ``count`` units that all keep the same rules."""
        return cls((params,), np.zeros(count, np.int64), np.full(count, -1, np.int64))

    def with_plan(self, codes: pd.Series, grids: pd.DataFrame) -> Zones:
        """Return the zones with the special-purpose grids of a plan.

        Parameters
        ----------
        codes
            Code of the grid of each unit, (units,).
        grids
            Layer ``grids`` of the plan.
        """
        found = grids[grids["purpose"].fillna(GENERAL).ne(GENERAL) & grids["grid_id"].isin(codes)]
        text = found[["purpose", "name", "name_zh", "decree", "grid_id"]].fillna("")
        special = pd.Index(found["grid_id"]).get_indexer(codes)
        made = tuple(SpecialGrid(*row) for row in text.itertuples(index=False))
        return replace(self, special=np.asarray(special, np.int64), special_grids=made)

    def at(self, former: Indices) -> Zones:
        """Return the zones of other units, each a part of the unit ``former``, (other units,)."""
        return replace(self, zone=self.zone[former], special=self.special[former])

    def with_effort(self, factor: float) -> Zones:
        """Return the zones with ``factor`` times the least effort."""
        return replace(self, params=tuple(replace(p, quality="fast", effort=factor) for p in self.params))

    def of(self, unit: int) -> DivideParams:
        """Return the bounds and weights that hold for an ordinary unit."""
        return self.params[int(self.zone[unit])]

    def bounds_of_units(self) -> tuple[Indices, Indices]:
        """Return the least and the most households that a grid at each unit may have, (units,) each."""
        minimum = np.array([p.minimum for p in self.params])[self.zone]
        maximum = np.array([p.maximum for p in self.params])[self.zone]
        return np.where(self.special < 0, minimum, 0), np.where(self.special < 0, maximum, NO_MAXIMUM)

    def bounds(self, grid: Indices) -> tuple[Indices, Indices]:
        """Return the least and the most households of each grid, (grids,) each; numbers without units have none.

        Parameters
        ----------
        grid
            Grid of each unit, (units,); with an ordinary unit in it, a grid has the bounds of that.
        """
        count = int(grid.max()) + 1
        low, high = np.zeros(count, np.int64), np.full(count, NO_MAXIMUM)
        minimum, maximum = self.bounds_of_units()
        np.maximum.at(low, grid, minimum)
        np.minimum.at(high, grid, maximum)
        return low, high

    def outside(self, grid: Indices, households: Any) -> Indices:
        """Return by how many households each grid misses its bounds, (grids,); numbers without units miss none.

        Parameters
        ----------
        grid
            Grid of each unit, (units,).
        households
            Households of each unit, (units,).
        """
        low, high = self.bounds(grid)
        load = np.bincount(grid, weights=households).astype(np.int64)
        return np.asarray(np.maximum(low - load, 0) + np.maximum(load - high, 0))

    def special_of(self, grid: Indices) -> Indices:
        """Return the number of the special-purpose grid that each grid is, −1 for ordinary ones, (grids,)."""
        return self.special[np.unique(grid, return_index=True)[1]]

    def columns(self, grid: Indices) -> dict[str, Any]:
        """Return purpose, names, decree and bounds of the grids 0 … k − 1, as columns of layer ``grids``."""
        low, high = self.bounds(grid)
        made = [*self.special_grids, SpecialGrid(GENERAL)]
        text = {
            key: pd.Series([getattr(made[number], key) or None for number in self.special_of(grid)], dtype="str")
            for key in ("purpose", "name", "name_zh", "decree")
        }
        bounded = high < NO_MAXIMUM
        return text | {
            "minimum_households": pd.Series(low, dtype="Int64").where(bounded),
            "maximum_households": pd.Series(high, dtype="Int64").where(bounded),
        }

    def codes(self, grid: Indices) -> dict[int, str]:
        """Return the codes that special-purpose grids keep, by grid."""
        special = self.special_of(grid)
        return {g: code for g, s in enumerate(special) if s >= 0 and (code := self.special_grids[s].code)}
