"""A street of houses: the smallest town in which every walk can be reckoned on paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gridtwin.network import StreetNetwork, Walker, street_network
from gridtwin.schemas import conform

CRS = "EPSG:32650"
SPEED_M_S = 80 / 60  # a general walker
HOME_LEG_M, FACILITY_LEG_M = 10.0, 5.0


def row_town(
    homes: Sequence[float],
    facilities: Sequence[tuple[str, float]],
    *,
    length: int = 10,
    slope: float = 0.0,
    **people: Any,
) -> dict[str, Any]:
    """Return a straight street in pieces of 100 m with homes north and facilities south of it, by their places in m.

    Homes have 10 households and 25 persons each where ``people`` does not say otherwise. West of 500 m lies community
    and grid W, east of it E.
    """
    x = np.asarray(homes, float)
    half = np.where(x < 500, "W", "E")
    counts = {"households": 10, "persons": 25} | people
    ends = [f"j{i}" for i in range(length + 1)]
    streets = gpd.GeoDataFrame(
        {
            "street_id": [f"s{i}" for i in range(length)],
            "from_junction_id": ends[:-1],
            "to_junction_id": ends[1:],
            "highway": "residential",
            "slope": slope,
        },
        geometry=[shapely.LineString([(100 * i, 0), (100 * (i + 1), 0)]) for i in range(length)],
        crs=CRS,
    )
    buildings = gpd.GeoDataFrame(
        {"building_id": [f"b{i}" for i in range(len(x))], "community_id": half, "grid_id": half, **counts},
        geometry=shapely.points(x, HOME_LEG_M),
        crs=CRS,
    )
    places = gpd.GeoDataFrame(
        {
            "facility_id": [f"f{i}" for i in range(len(facilities))],
            "kind": np.array([kind for kind, _ in facilities], dtype=object),
        },
        geometry=shapely.points([at for _, at in facilities], [-FACILITY_LEG_M] * len(facilities)),
        crs=CRS,
    )
    return {
        "streets": conform(streets, "streets"),
        "buildings": conform(buildings, "buildings"),
        "facilities": conform(places, "facilities"),
    }


def walk_s(distance_m: float) -> float:
    """Return the seconds of a walk along the street, legs included."""
    return (abs(distance_m) + HOME_LEG_M + FACILITY_LEG_M) / SPEED_M_S


def network_of(town: dict[str, Any], **walker: Any) -> StreetNetwork:
    """Return the walking network of a town."""
    return street_network(town["streets"], profile=Walker(**walker))
