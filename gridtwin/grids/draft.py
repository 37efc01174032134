"""Draft communities where none are given: the same division, with the bounds of a community."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gridtwin.errors import InputError
from gridtwin.grids.assign import assign_units
from gridtwin.grids.codes import reading_order
from gridtwin.grids.params import COMMUNITY_MAXIMUM, COMMUNITY_MINIMUM, MINIMUM, DivideParams
from gridtwin.grids.planar import dissolve
from gridtwin.grids.units import make_units
from gridtwin.grids.zones import Zones
from gridtwin.i18n import mark, tr
from gridtwin.progress import Progress, part, silent
from gridtwin.schemas import conform

AROUND_M = 60.0  # land around buildings that belongs to the town
CLOSE_M = 150.0  # gaps between buildings up to twice this wide are town as well
DETAIL_M = 5.0
LEAST_TOWN_SHARE = 0.02  # patches with fewer of the households are left out


def built_up_area(buildings: gpd.GeoDataFrame, *, within: Any = None) -> Any:
    """Return the area of the town: land around its buildings with the gaps between them closed.

    Parameters
    ----------
    buildings
        Buildings with households.
    within
        Polygon that the area may not leave (the frame of a map extract), or None.

    Returns
    -------
    shapely.MultiPolygon or shapely.Polygon
        Without holes; patches with fewer than 2 % of the households are left out.
    """
    around = shapely.union_all(shapely.buffer(buildings.geometry.to_numpy(), AROUND_M, quad_segs=2))
    closed = shapely.buffer(shapely.buffer(around, CLOSE_M, quad_segs=4), -CLOSE_M, quad_segs=4)
    if within is not None:
        closed = shapely.intersection(closed, within)
    patches = shapely.get_parts(closed)
    patches = patches[shapely.get_dimensions(patches) == 2]
    patches = shapely.simplify(shapely.polygons(shapely.get_exterior_ring(patches)), DETAIL_M)
    patches = shapely.get_parts(shapely.union_all(patches))
    points = shapely.point_on_surface(buildings.geometry.to_numpy())
    patch, point = shapely.STRtree(points).query(patches, predicate="intersects")
    homes = buildings["households"].fillna(0).to_numpy(np.float64)
    load = np.bincount(patch, weights=homes[point], minlength=len(patches))
    large = load >= LEAST_TOWN_SHARE * max(homes.sum(), 1.0)
    return shapely.union_all(patches[large]) if large.any() else shapely.union_all(patches)


def draft_communities(
    buildings: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame,
    barriers: gpd.GeoDataFrame,
    *,
    within: Any = None,
    minimum: int = COMMUNITY_MINIMUM,
    maximum: int = COMMUNITY_MAXIMUM,
    seed: int = 0,
    progress: Progress = silent,
) -> gpd.GeoDataFrame:
    """Draft communities of 2,000–4,000 households along streets and barriers.

    Parameters
    ----------
    buildings, streets, barriers
        Layers of the data dictionary; buildings with households.
    within
        Polygon that the communities may not leave, or None.
    minimum, maximum
        Households a community.
    seed
        Seed of all random choices.
    progress
        Receives fraction and text.

    Returns
    -------
    GeoDataFrame
        Layer ``communities`` with ``origin`` "drafted", numbered in reading order.

    Raises
    ------
    InputError
        If no building has households.
    """
    if not buildings["households"].fillna(0).gt(0).any():
        raise InputError(
            "no_households", mark("communities cannot be drafted: no building has households; give their counts")
        )
    town = gpd.GeoDataFrame(
        {"community_id": ["town"]}, geometry=[built_up_area(buildings, within=within)], crs=buildings.crs
    )
    units = make_units(
        buildings, streets, barriers, conform(town, "communities"), split_above=maximum,
        progress=part(progress, 0.0, 0.7),
    )  # fmt: skip
    zones = Zones.uniform(DivideParams(minimum, maximum, seed=seed), len(units.frame))
    drafted = assign_units(units, zones, least_part=MINIMUM, progress=part(progress, 0.7, 1.0))
    shapes = dissolve(units.frame.geometry.to_numpy(), drafted.grid)
    shapes = shapes[reading_order(shapes, np.zeros(len(shapes), np.int64))]
    number = [f"{n:03d}" for n in range(1, len(shapes) + 1)]
    frame = gpd.GeoDataFrame(
        {
            "community_id": [f"c{n}" for n in number],
            "name": [tr(mark("Draft {number}")).format(number=n) for n in number],
            "origin": "drafted",
        },
        geometry=shapes,
        crs=buildings.crs,
    )
    return conform(frame, "communities")
