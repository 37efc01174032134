"""From layers as they were read to a region: communities, households, heights, and what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridtwin.grids import draft_communities
from gridtwin.grids.planar import locate
from gridtwin.households import (
    GroupShares,
    HouseholdAssumptions,
    HouseholdSummary,
    estimate_households,
    household_summary,
)
from gridtwin.i18n import mark, tr
from gridtwin.load import raster
from gridtwin.progress import Progress, part, silent
from gridtwin.schemas import conform, empty_layer

ZONE_M = 500.0  # side of the squares over which a population raster is summed where no communities are given


@dataclass(frozen=True)
class Wishes:
    """What the user asked for beyond the layers."""

    assumptions: HouseholdAssumptions
    shares: GroupShares
    persons_per_household: float
    population: str | None = None
    dem: str | None = None
    seed: int = 0


@dataclass(frozen=True)
class Assembled:
    """Layers ready for the region, and how the households came about."""

    layers: dict[str, Any]
    households: HouseholdSummary
    drafted: bool


def assemble(layers: Mapping[str, Any], wishes: Wishes, *, frame: Any = None, progress: Progress = silent) -> Assembled:
    """Put households into buildings, heights onto junctions, and buildings into communities.

    Parameters
    ----------
    layers
        Conformed layers with streets, junctions and buildings.
    wishes
        Assumptions, shares, rasters, seed.
    frame
        Polygon that drafted communities may not leave, or None.
    progress
        Receives fraction and text.

    Returns
    -------
    Assembled
        New frames; what was given is not changed.
    """
    result = dict(layers)
    result.setdefault("barriers", empty_layer("barriers", layers["buildings"].crs))
    if wishes.dem:
        progress(0.05, tr(mark("Reading heights")))
        junctions, streets = result["junctions"], result["streets"]
        heights = raster.sample_elevation(wishes.dem, junctions)
        junctions = junctions.assign(elevation_m=raster.deck_heights(heights, streets, junctions))
        result["streets"] = streets.assign(slope=raster.street_slopes(streets, junctions))
        result["junctions"] = junctions
    given = "communities" in result and len(result["communities"]) > 0
    buildings = result["buildings"]
    if given:
        result["communities"] = _marked_as_given(result["communities"])
        buildings = in_communities(buildings, result["communities"])
    progress(0.15, tr(mark("Estimating households")))
    registered = _registered(result.get("communities"))
    buildings = estimate_households(
        buildings,
        assumptions=wishes.assumptions,
        community_totals=registered,
        zone_population=_population(buildings, result.get("communities"), wishes.population),
        persons_per_household=wishes.persons_per_household,
        shares=wishes.shares,
    )
    if not given:
        progress(0.3, tr(mark("Drafting communities")))
        result["communities"] = draft_communities(
            buildings,
            result["streets"],
            result["barriers"],
            within=frame,
            seed=wishes.seed,
            progress=part(progress, 0.3, 1.0),
        )
        buildings = in_communities(buildings, result["communities"])
    result["buildings"] = conform(buildings, "buildings")
    summary = household_summary(buildings, assumptions=wishes.assumptions, community_totals=registered)
    return Assembled(result, summary, drafted=not given)


def in_communities(buildings: gpd.GeoDataFrame, communities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the buildings with the community in which each lies; outside all of them it stays empty."""
    at = locate(shapely.point_on_surface(buildings.geometry.to_numpy()), communities.geometry.to_numpy())
    ids = communities["community_id"].to_numpy(dtype=object)
    return buildings.assign(community_id=pd.Series(np.where(at >= 0, ids[at], None), dtype="str"))


def _marked_as_given(communities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return communities.assign(origin=communities["origin"].fillna("given"))


def _registered(communities: gpd.GeoDataFrame | None) -> pd.Series | None:
    """Return the registered households by community, where they are known."""
    if communities is None or not communities["households_total"].notna().any():
        return None
    known = communities[communities["households_total"].notna()]
    return known.set_index("community_id")["households_total"]


def _population(
    buildings: gpd.GeoDataFrame, communities: gpd.GeoDataFrame | None, path: str | None
) -> pd.DataFrame | None:
    """Return zone and persons of the zone for each building: communities, or squares where there are none."""
    if path is None:
        return None
    points = shapely.point_on_surface(buildings.geometry.to_numpy())
    if communities is not None and len(communities):
        zones = communities[["geometry"]]
        at = locate(points, zones.geometry.to_numpy())
    else:
        xy = np.floor(shapely.get_coordinates(points) / ZONE_M).astype(np.int64)
        cells, at = np.unique(xy, axis=0, return_inverse=True)
        low = cells * ZONE_M
        squares = shapely.box(low[:, 0], low[:, 1], *(low + ZONE_M).T)
        zones = gpd.GeoDataFrame(geometry=squares, crs=buildings.crs)
    persons = np.asarray(raster.population_by_zone(path, zones), dtype=np.float64)
    inside = at >= 0
    return pd.DataFrame(
        {
            "zone": pd.Series(np.where(inside, at, -1)).where(inside).astype("Int64").to_numpy(),
            "persons": np.where(inside, persons[at], np.nan),
        },
        index=buildings.index,
    )
