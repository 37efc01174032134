"""The plan that a region holds, as planners have left it, on the households of today."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from gridtwin.errors import InputError, InputMissingError, first_ids
from gridtwin.grids.links import Links, beside, links_of, parts_of
from gridtwin.grids.measures import walkable_pieces
from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import Flags, Indices
from gridtwin.grids.rules import NO_RULES, Rules
from gridtwin.grids.special import zones_of_plan
from gridtwin.grids.units import Units, restore_units
from gridtwin.grids.violations import SEARCHED, violations_of
from gridtwin.grids.zones import Zones
from gridtwin.i18n import mark
from gridtwin.schemas import empty_layer

OF_UNITS = ("links", "part", "households", "unit_ids")  # what Present knows that does not depend on the grids


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
        Codes of the grids; a number without units is a grid that is no more.
    zones
        Bounds and other rules of each unit.
    locked
        Which grids must not change, (grids,).
    pinned
        Which units must stay in their grid, (units,).
    searched
        Grids for which a way into the bounds has been looked for as they are, (grids,).
    proved
        Those of them for which there is none, (grids,).
    """

    units: Units
    grid: Indices
    codes: tuple[str, ...]
    zones: Zones
    locked: Flags
    pinned: Flags
    searched: Flags
    proved: Flags

    @cached_property
    def links(self) -> Links:
        """Return which units may share a grid."""
        return links_of(self.units, self.zones)

    @cached_property
    def part(self) -> Indices:
        """Return the walkable part of its community that each unit lies in, (units,)."""
        return parts_of(self.links, self.zones)

    @cached_property
    def households(self) -> Indices:
        """Return the households of each unit, (units,)."""
        return np.asarray(self.units.frame["households"].to_numpy(np.int64))

    @cached_property
    def unit_ids(self) -> pd.Index:
        """Return the keys of the units, (units,)."""
        return pd.Index(self.units.frame["unit_id"])

    @cached_property
    def load(self) -> Indices:
        """Return the households of each grid, (grids,)."""
        return np.bincount(self.grid, weights=self.households, minlength=len(self.codes)).astype(np.int64)

    @cached_property
    def outside(self) -> Flags:
        """Return which grids are outside their bounds, (grids,); numbers without units are not."""
        flags = np.zeros(len(self.codes), bool)
        amount = self.zones.outside(self.grid, self.households)
        flags[: len(amount)] = amount > 0
        return flags

    @cached_property
    def torn(self) -> Flags:
        """Return which grids have several inhabited pieces that nobody can walk between, (grids,)."""
        flags = np.zeros(len(self.codes), bool)
        pieces = walkable_pieces(self.units, self.grid)
        flags[: len(pieces)] = pieces > 1
        return flags

    @cached_property
    def special(self) -> Flags:
        """Return which grids serve a special purpose, (grids,)."""
        return np.bincount(self.grid[self.zones.special >= 0], minlength=len(self.codes)) > 0

    @cached_property
    def violations(self) -> pd.DataFrame:
        """Return one row for each broken rule: columns grid_id, code, amount, detail."""
        used, dense = np.unique(self.grid, return_inverse=True)
        found = violations_of(
            self.units,
            dense,
            self.part,
            walkable_pieces(self.units, dense),
            self.proved[used],
            self.in_conflict[used],
            self.zones,
            unsearched=~self.searched[used],
        )
        names = np.array(self.codes, dtype=object)[used[found["row"].to_numpy(np.int64)]]
        return found.assign(grid_id=pd.Series(names, dtype="str"))[["grid_id", "code", "amount", "detail"]]

    @property
    def held(self) -> Flags:
        """Return which grids are locked or hold a pinned unit, (grids,)."""
        return np.asarray(self.locked | (np.bincount(self.grid[self.pinned], minlength=len(self.codes)) > 0))

    @property
    def in_conflict(self) -> Flags:
        """Return which grids outside the bounds are locked or touch a locked one, (grids,)."""
        return np.asarray(self.outside & beside(self.locked, self.grid, self.links))

    def near(self, grids: Flags, rings: int) -> Flags:
        """Return the flagged grids with those up to ``rings`` grids away, (grids,)."""
        for _ in range(rings):
            grids = beside(grids, self.grid, self.links)
        return grids

    def changed(self, **fields: Any) -> Present:
        """Return the plan with other values of some fields but ``units``; what is known of the units stays known."""
        made = replace(self, **fields)
        known = {name: self.__dict__[name] for name in OF_UNITS if name in self.__dict__}
        made.__dict__.update(known)
        return made


def present_plan(
    layers: Mapping[str, pd.DataFrame], params: DivideParams, locked: Collection[str] = (), *, rules: Rules = NO_RULES
) -> Present:
    """Return the plan in layer ``units`` with the households that the buildings have today.

    Parameters
    ----------
    layers
        Layers of a divided region.
    params
        Bounds, weights, seed.
    locked
        Codes of grids that must not change, besides those locked in layer ``grids``.

    Raises
    ------
    InputMissingError
        If the region has no plan.
    InputError
        If a locked grid does not exist.
    """
    frame = layers.get("units")
    if frame is None or not len(frame) or frame["grid_id"].isna().any():
        raise InputMissingError("no_plan", mark("the region has no plan yet; 'gridtwin divide' makes one"))
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
    grid = np.asarray(grid, np.int64)
    searched, proved = _verdicts(layers, names, grid, units)
    return Present(
        units,
        grid,
        tuple(str(name) for name in names),
        zones_of_plan(rules, params, frame, layers),
        stored_locks(layers, names) | np.isin(names, list(locked)),
        frame["locked"].fillna(False).to_numpy(bool),
        searched,
        proved,
    )


def stored_locks(layers: Mapping[str, pd.DataFrame], codes: Any) -> Flags:
    """Return which of the grids are locked in layer ``grids``, (grids,)."""
    grids = layers.get("grids", empty_layer("grids"))
    return np.isin(codes, grids.loc[grids["locked"].fillna(False).astype(bool), "grid_id"])


def _verdicts(layers: Mapping[str, pd.DataFrame], names: Any, grid: Indices, units: Units) -> tuple[Flags, Flags]:
    """Return for which grids layer ``grids`` has the outcome of a search that still holds, and which are proved."""
    table = layers.get("grids", empty_layer("grids")).set_index("grid_id").reindex(names)
    text = table["violations"].fillna("")
    load = np.bincount(grid, weights=units.frame["households"], minlength=len(names))
    same = table["households"].eq(load).fillna(False).to_numpy(bool)
    searched = text.str.contains("|".join(SEARCHED)).to_numpy(bool) & same
    return searched, searched & text.str.contains("LUMPY_PROVED").to_numpy(bool)
