"""Measures of a plan: one number a grid or a plan, named for the quantity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridtwin.grids.borders import BARRIER, MAIN_STREET, MINOR_STREET
from gridtwin.grids.planar import OUTSIDE, Flags, Floats, Indices, parts_of_labels
from gridtwin.grids.units import Units
from gridtwin.grids.zones import FROZEN, GENERAL
from gridtwin.network import StreetNetwork, longest_walks
from gridtwin.units import MILLIMETRE_M

WALK_SNAP_M = 150.0  # buildings farther from any street are left out of the longest walk
WALK_LIMIT_M = 6_000.0


def polsby_popper(shapes: Any) -> Floats:
    """Return 4π·area/perimeter² (a circle has 1).

    Notes
    -----
    Polsby and Popper, "The third criterion: compactness as a procedural safeguard against partisan
    gerrymandering", Yale Law & Policy Review 9 (1991).
    """
    perimeter = shapely.length(shapes)
    squared = 4.0 * np.pi * shapely.area(shapes)
    return np.asarray(np.divide(squared, perimeter**2, out=np.zeros(len(perimeter)), where=perimeter > 0))


def reock(shapes: Any) -> Floats:
    """Return area over the area of the smallest enclosing circle.

    Notes
    -----
    Reock, "A note: measuring compactness as a requirement of legislative apportionment", Midwest Journal of
    Political Science 5 (1961).
    """
    radius = shapely.minimum_bounding_radius(shapes)
    circle = np.pi * radius**2
    return np.asarray(np.divide(shapely.area(shapes), circle, out=np.zeros(len(radius)), where=radius > 0))


def street_share(units: Units, grid: Indices) -> Floats:
    """Return the share of each grid's boundary that runs along streets or barriers."""
    segments = units.segments
    a = grid[segments.a]
    b = np.where(segments.b == OUTSIDE, OUTSIDE, grid[segments.b])
    boundary = a != b
    good = np.isin(units.segment_kind, (MINOR_STREET, MAIN_STREET, BARRIER))
    count = int(grid.max()) + 1
    total, along = np.zeros(count), np.zeros(count)
    for side in (a, b):
        mine = boundary & (side != OUTSIDE)
        total += np.bincount(side[mine], weights=segments.length_m[mine], minlength=count)
        along += np.bincount(side[mine & good], weights=segments.length_m[mine & good], minlength=count)
    return np.divide(along, total, out=np.zeros(count), where=total > 0)


def compounds_split(buildings: pd.DataFrame, grid: Indices, count: int) -> tuple[Indices, int, int]:
    """Return the compounds that each grid shares with others, how many are split at all, and how many exist."""
    homes = (grid >= 0) & buildings["compound_id"].notna() & buildings["households"].fillna(0).gt(0)
    pairs = pd.DataFrame({"grid": grid[homes], "compound": buildings["compound_id"][homes]}).drop_duplicates()
    spread = pairs.groupby("compound")["grid"].transform("size") > 1
    per_grid = np.bincount(pairs["grid"][spread], minlength=count)
    return per_grid, int(pairs["compound"][spread].nunique()), int(pairs["compound"].nunique())


def walkable_pieces(units: Units, grid: Indices) -> Indices:
    """Return how many inhabited pieces each grid has that nobody can walk between (1 is right, 0 if empty)."""
    open_ = units.borders.walkable
    piece = parts_of_labels(units.borders.a[open_], units.borders.b[open_], grid)
    homes = units.frame["households"].to_numpy(np.int64)
    inhabited = np.bincount(piece, weights=homes) > 0
    first = np.unique(piece, return_index=True)[1]
    return np.bincount(grid[first][inhabited], minlength=int(grid.max()) + 1)


def longest_walk(network: StreetNetwork, buildings: gpd.GeoDataFrame, grid: Indices, count: int) -> Floats:
    """Return the longest walk between two inhabited buildings of each grid, metres (NaN: not walkable).

    Shortest ways on the whole walking network count; they may leave the grid.
    """
    homes = np.flatnonzero((grid >= 0) & buildings["households"].fillna(0).gt(0).to_numpy(bool))
    points = gpd.GeoSeries(buildings.geometry.to_numpy()[homes], crs=buildings.crs)
    return longest_walks(network, points, grid[homes], count, snap_within_m=WALK_SNAP_M, limit_m=WALK_LIMIT_M)


def seams(grids: gpd.GeoDataFrame, communities: gpd.GeoDataFrame) -> dict[str, float]:
    """Return the gaps and overlaps between grids and communities on a millimetre grid, square metres."""
    position = pd.Index(communities["community_id"]).get_indexer(grids["community_id"])
    order = np.argsort(position, kind="stable")
    bounds = np.searchsorted(position[order], np.arange(len(communities) + 1))
    shapes, areas = grids.geometry.to_numpy(), communities.geometry.to_numpy()
    gap = overlap = 0.0
    for k in range(len(communities)):
        mine = shapes[order[bounds[k] : bounds[k + 1]]]
        whole = shapely.coverage_union_all(mine)
        apart = shapely.symmetric_difference(whole, areas[k], grid_size=MILLIMETRE_M)
        gap += float(shapely.area(apart))
        overlap += max(float(shapely.area(mine).sum() - shapely.area(whole)), 0.0)
    return {"gaps_m2": round(gap, 3), "overlaps_m2": round(overlap, 3)}


def special_purpose(grids: pd.DataFrame) -> Flags:
    """Return which grids have a purpose of their own; a frozen grid has not."""
    return np.asarray(~grids["purpose"].isin((GENERAL, FROZEN)), bool)


def within_bounds(grids: pd.DataFrame) -> Flags:
    """Return which grids have no fewer and no more households than their bounds; no bound means none is missed."""
    load = grids["households"].to_numpy(np.float64)
    low = grids["minimum_households"].to_numpy(np.float64, na_value=0.0)
    high = grids["maximum_households"].to_numpy(np.float64, na_value=np.inf)
    return np.asarray((load >= low) & (load <= high))


def plan_measures(grids: gpd.GeoDataFrame) -> Mapping[str, Any]:
    """Return the measures of a whole plan from its grids: numbers, shares, compactness, load spread."""
    load = grids["households"].to_numpy(np.float64)
    inside = within_bounds(grids)
    total = max(load.sum(), 1.0)
    return {
        "grids": len(grids),
        "special_purpose_grids": int(special_purpose(grids).sum()),
        "frozen_grids": int(grids["purpose"].eq(FROZEN).sum()),
        "households": int(load.sum()),
        "share_within_bounds": float(inside.mean()) if len(grids) else 0.0,
        "households_within_bounds": float(load[inside].sum() / total),
        "households_a_grid_mean": float(load.mean()),
        "households_a_grid_sd": float(load.std()),
        "households_a_grid_min": int(load.min()),
        "households_a_grid_max": int(load.max()),
        "compactness_mean": float(grids["compactness"].mean()),
        "compactness_min": float(grids["compactness"].min()),
        "reock_mean": float(grids["reock"].mean()),
        "street_share": float(np.average(grids["street_share"], weights=shapely.length(grids.geometry.to_numpy()))),
        "longest_walk_m": _largest(grids["longest_walk_m"]),
    }


def _largest(values: pd.Series) -> float | None:
    largest = values.max()
    return None if pd.isna(largest) else float(largest)
