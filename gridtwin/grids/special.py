"""From rules to zones: the bounds of each unit, and the units that form special-purpose grids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import Flags, Floats, Geometries, Indices, Segments, absorb, locate, parts_of_labels, sum_by
from gridtwin.grids.rules import FrozenRule, Rules, SpecialRule
from gridtwin.grids.units import Units
from gridtwin.grids.zones import FROZEN, SpecialGrid, Zones

LEAST_FLOOR_M2 = 1.0  # a building drawn as a point counts as this much floor


@dataclass(frozen=True)
class Areas:
    """Land whose outline a rule gives: the units are made within it, never across its outline.

    Attributes
    ----------
    shapes
        Polygons; where two overlap the first one counts.
    rules
        The rule of each polygon.
    codes
        Code of the present grid that each polygon is, empty if none.
    """

    shapes: Geometries
    rules: tuple[SpecialRule | FrozenRule, ...]
    codes: tuple[str, ...]


def areas_of(rules: Rules, layers: Mapping[str, pd.DataFrame]) -> Areas:
    """Return the land of frozen grids, then of polygons; the outline of a polygon goes around buildings."""
    codes = rules.frozen_codes
    present = layers["grids"].set_index("grid_id").geometry if codes else {}
    both: tuple[SpecialRule | FrozenRule, ...] = (*rules.frozen, *rules.special)
    drawn = [rule for rule in both if rule.area is not None]
    shapes = [present[code] for code in codes] + [_around_buildings(rule.area, layers["buildings"]) for rule in drawn]
    none = [""] * len(drawn)
    return Areas(np.array(shapes, dtype=object), (*codes.values(), *drawn), (*codes, *none))


def _around_buildings(area: Any, buildings: gpd.GeoDataFrame) -> Any:
    """Return ``area`` with the whole of the buildings whose point lies in it, and nothing of the others."""
    shapes = buildings.geometry.to_numpy()
    crossing = shapes[shapely.STRtree(shapes).query(shapely.boundary(area), predicate="intersects")]
    crossing = crossing[shapely.get_dimensions(crossing) == 2]
    inside = shapely.intersects(shapely.point_on_surface(crossing), area)
    whole = shapely.union_all([area, *crossing[inside]])
    return shapely.difference(whole, shapely.union_all(crossing[~inside]))


def zones_of(
    rules: Rules,
    params: DivideParams,
    units: Units,
    buildings: gpd.GeoDataFrame,
    communities: gpd.GeoDataFrame,
    areas: Areas,
) -> Zones:
    """Return the bounds of each unit, and the special-purpose grids that the units form.

    Parameters
    ----------
    rules
        Checked rules.
    params
        Bounds and weights where no rule says otherwise.
    units
        Units, made within ``areas``.
    buildings, communities
        Layers of the data dictionary.
    areas
        Land whose outline the rules give (:func:`areas_of`).

    Notes
    -----
    Frozen grids come first, then the rules in their order; a unit belongs to the first that takes it. Land without
    households that special-purpose grids cut off from the rest of its community belongs to the one with the
    longest common border.
    """
    search = _Search(units, buildings, np.full(len(units.frame), -1))
    at = locate(shapely.point_on_surface(units.frame.geometry.to_numpy()), areas.shapes)
    for number, (rule, code) in enumerate(zip(areas.rules, areas.codes, strict=True)):
        if isinstance(rule, FrozenRule):
            grid = SpecialGrid(FROZEN, rule.name, rule.name_zh, rule.note, code)
            search.add(grid, at == number, units.community)
    for rule in rules.special:
        if rule.area is not None:
            inside = at == next(n for n, other in enumerate(areas.rules) if other is rule)
            search.add_pieces(rule, inside, np.ones(len(buildings), bool))
        else:
            column, words = rule.buildings_by
            mine = buildings[column].isin(words).to_numpy(bool)
            search.add_pieces(rule, search.share_of_floor(mine) >= rule.share, mine)
    zone, grids = rules.zone_of(communities)[units.community], tuple(search.grids)
    return Zones(rules.params(params), zone, _with_enclosed(units, search.special, grids), grids)


@dataclass
class _Search:
    """The special-purpose grids found so far."""

    units: Units
    buildings: gpd.GeoDataFrame
    special: Indices
    grids: list[SpecialGrid] = field(default_factory=list)

    def add(self, grid: SpecialGrid, chosen: Flags, label: Indices) -> None:
        """Make one grid of the free ``chosen`` units of each ``label``."""
        chosen = chosen & (self.special < 0)
        names, number = np.unique(label[chosen], return_inverse=True)
        self.special[chosen] = len(self.grids) + number
        self.grids += [grid] * len(names)

    def add_pieces(self, rule: SpecialRule, chosen: Flags, counted: Flags) -> None:
        """Make a grid of each walkable piece of the ``chosen`` units with enough land and ``counted`` buildings."""
        borders = self.units.borders
        chosen = chosen & (self.special < 0)
        piece = parts_of_labels(borders.a[borders.walkable], borders.b[borders.walkable], chosen.astype(np.int64))
        count = int(piece.max()) + 1
        area = sum_by(piece, self.units.frame["area_m2"].to_numpy(np.float64), count)
        home = self.units.building_unit
        there = counted & (home >= 0)
        number = np.bincount(piece[home[there]], minlength=count)
        enough = (area >= rule.min_area_m2) & (number >= rule.min_buildings)
        self.add(SpecialGrid(rule.purpose, rule.name, rule.name_zh), chosen & enough[piece], piece)

    def share_of_floor(self, chosen: Flags) -> Floats:
        """Return the share of the floor area of each unit that the ``chosen`` buildings have, (units,)."""
        levels = self.buildings["levels"].fillna(1.0).clip(lower=1.0).to_numpy(np.float64)
        floor = np.maximum(shapely.area(self.buildings.geometry.to_numpy()) * levels, LEAST_FLOOR_M2)
        home, count = self.units.building_unit, len(self.units.frame)
        inside = home >= 0
        total = sum_by(home[inside], floor[inside], count)
        mine = sum_by(home[inside & chosen], floor[inside & chosen], count)
        return np.divide(mine, total, out=np.zeros(count), where=total > 0)


def _with_enclosed(units: Units, special: Indices, grids: tuple[SpecialGrid, ...]) -> Indices:
    """Give land without households that special-purpose grids cut off to the one with the longest border.

    A grid that keeps its code stays as it is and takes nothing.
    """
    borders = units.borders
    piece = parts_of_labels(borders.a, borders.b, special)
    first = np.unique(piece, return_index=True)[1]
    of = special[first]
    takes = np.array([not grid.code for grid in grids] + [True])[of]  # the last one stands for ordinary land
    load = sum_by(piece, units.frame["households"].to_numpy(np.float64), len(first))
    a, b = piece[borders.a], piece[borders.b]
    open_ = takes[a] & takes[b]
    nothing = np.zeros((int(open_.sum()), 2))
    between = Segments(a[open_], b[open_], borders.length_m[open_], nothing, nothing)
    free = (of < 0) & (load == 0)
    repelled = np.zeros(len(nothing), bool)
    merged = absorb(between, free, units.community[first], repelled=repelled, area_m2=load)
    anchor = np.full(int(merged.max()) + 1, -1)
    anchor[merged[~free]] = of[~free]
    return np.asarray(anchor[merged[piece]])


def zones_of_plan(rules: Rules, params: DivideParams, units: pd.DataFrame, layers: Mapping[str, pd.DataFrame]) -> Zones:
    """Return the zones of a plan: bounds as the rules say, special-purpose grids as the plan has them.

    Parameters
    ----------
    rules
        Checked rules; grids that they freeze by code are frozen from now on.
    params
        Bounds and weights where no rule says otherwise.
    units
        Layer ``units`` with the plan in ``grid_id``.
    layers
        Layers communities and grids.
    """
    communities = layers["communities"]
    row = pd.Index(communities["community_id"]).get_indexer(units["community_id"])
    zones = Zones(rules.params(params), rules.zone_of(communities)[row], np.full(len(units), -1))
    grids = layers.get("grids")
    if grids is None:
        return zones
    codes = rules.frozen_codes
    notes = {code: (FROZEN, rule.name, rule.name_zh, rule.note) for code, rule in codes.items()}
    rows = grids["grid_id"].isin(notes)
    grids = grids.copy(deep=False)
    for place, column in enumerate(("purpose", "name", "name_zh", "decree")):
        grids[column] = grids[column].where(~rows, grids["grid_id"].map({c: note[place] for c, note in notes.items()}))
    return zones.with_plan(units["grid_id"], grids)
