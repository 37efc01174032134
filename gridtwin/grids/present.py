"""The plan that a region holds, as planners have left it, on the households of today."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from gridtwin.errors import InputError, InputMissingError, first_ids
from gridtwin.grids.links import Links, links_of, parts_of
from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import Flags, Indices
from gridtwin.grids.rules import NO_RULES, Rules
from gridtwin.grids.special import zones_of_plan
from gridtwin.grids.units import Units, restore_units
from gridtwin.grids.zones import Zones
from gridtwin.i18n import mark
from gridtwin.schemas import empty_layer


@dataclass(frozen=True)
class Present:
    """The plan that a region holds, on the households of today.

    Attributes
    ----------
    units
        Units of the region.
    grid
        Grid of each unit, a number into ``codes``, (units,).
    codes
        Codes of the grids.
    zones
        Bounds and other rules of each unit.
    locked
        Which grids must not change, (grids,).
    pinned
        Which units must stay in their grid, (units,).
    """

    units: Units
    grid: Indices
    codes: tuple[str, ...]
    zones: Zones
    locked: Flags
    pinned: Flags

    @cached_property
    def links(self) -> Links:
        """Return which units may share a grid."""
        return links_of(self.units, self.zones)

    @cached_property
    def part(self) -> Indices:
        """Return the walkable part of its community that each unit lies in, (units,)."""
        return parts_of(self.links, self.zones)


def present_plan(
    layers: Mapping[str, pd.DataFrame], params: DivideParams, locked: Collection[str] = (), *, rules: Rules = NO_RULES
) -> Present:
    """Return the plan in layer ``units`` with the households that the buildings have today.

    Raises
    ------
    InputMissingError
        If the region has no plan.
    InputError
        If a locked grid does not exist.
    """
    frame = layers.get("units")
    if frame is None or not len(frame) or frame["grid_id"].isna().any():
        raise InputMissingError("no_plan", mark("the region has no plan to rebalance; 'gridtwin divide' makes one"))
    barriers = layers.get("barriers")
    units = restore_units(
        frame,
        layers["buildings"],
        layers["streets"],
        empty_layer("barriers", frame.crs) if barriers is None else barriers,
        layers["communities"],
    )
    grid, names = pd.factorize(frame["grid_id"], sort=True)
    unknown = sorted(set(locked) - set(names))
    if unknown:
        raise InputError("grid_unknown", mark("--lock: there is no grid {ids}"), ids=", ".join(first_ids(unknown)))
    codes = tuple(str(name) for name in names)
    zones = zones_of_plan(rules, params, frame, layers)
    return Present(
        units,
        np.asarray(grid, np.int64),
        codes,
        zones,
        np.isin(names, list(locked)),
        np.zeros(len(frame), bool),
    )
