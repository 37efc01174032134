"""What each facility serves: the people within its limits, and the area to draw, measured against them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridtwin.network import StreetNetwork, pairs
from gridtwin.network.network import Direction
from gridtwin.schemas import conform, empty_layer
from gridtwin.services.areas import service_areas, wrong_households
from gridtwin.services.cells import StreetCells
from gridtwin.services.limits import Limit
from gridtwin.services.places import Facilities, Homes


def facility_catchments(
    network: StreetNetwork,
    homes: Homes,
    facilities: Facilities,
    limits: Sequence[Limit],
    *,
    cells: StreetCells,
    direction: Direction = "to",
) -> gpd.GeoDataFrame:
    """Return what each facility serves within each limit.

    Parameters
    ----------
    network
        Where to walk.
    homes, facilities
        Places on this network.
    limits
        Limits to draw.
    cells
        Cells of the streets, for the areas.
    direction
        ``"to"``: people walk from home to the facility; ``"from"``: the other way.

    Returns
    -------
    GeoDataFrame
        Layer ``service_areas``, by facility and limit. households and persons are those whose walk is within the
        limit, wherever the area ends; households_wrong_in and households_wrong_out say by how many the area differs.
        Facilities without a street have no area.
    """
    frames = [
        _of_weight(network, homes, facilities, [one for one in limits if one.weight == weight], cells, direction)
        for weight in dict.fromkeys(limit.weight for limit in limits)
    ]
    if not frames or not len(facilities):
        return empty_layer("service_areas", homes.frame.crs)
    frame = gpd.GeoDataFrame(pd.concat(frames), geometry="geometry", crs=homes.frame.crs)
    frame = frame[~shapely.is_empty(frame.geometry.to_numpy())]
    return conform(frame.sort_values("facility", kind="stable").drop(columns="facility"), "service_areas")


def _of_weight(
    network: StreetNetwork,
    homes: Homes,
    facilities: Facilities,
    limits: Sequence[Limit],
    cells: StreetCells,
    direction: Direction,
) -> pd.DataFrame:
    """Return the rows of limits in one weight, ascending within each facility."""
    limits = sorted(limits, key=lambda limit: limit.within)
    weight = limits[0].weight
    reached = [limit.search for limit in limits]
    where: dict[str, Any] = {"owner": facilities.owner, "weight": weight, "direction": direction}
    served = pairs(network, facilities.entrances, homes.at, limit=reached[-1], **where)
    areas = service_areas(network, facilities.entrances, cells=cells, limits=reached, **where)
    people = homes.people.reindex(columns=["households"], fill_value=0.0)["households"].to_numpy(np.float64)
    persons = homes.frame["persons"].fillna(0.0).to_numpy(np.float64) if "persons" in homes.frame else people * np.nan
    wrong_in, wrong_out = wrong_households(areas, served, homes.frame.geometry.to_numpy(), people)
    count, source = len(facilities), served.source

    def within(weights: np.ndarray) -> np.ndarray:
        inside = [served.cost <= cost for cost in reached]
        sums = [np.bincount(source[flags], weights[served.place[flags]], minlength=count) for flags in inside]
        return np.column_stack(sums).ravel()

    return pd.DataFrame(
        {
            "facility": areas.source,
            "facility_id": facilities.frame["facility_id"].to_numpy(dtype=object)[areas.source],
            "kind": facilities.frame["kind"].to_numpy(dtype=object)[areas.source],
            "within_s": np.tile([limit.within_s for limit in limits], count),
            "within_m": np.tile([limit.within_m for limit in limits], count),
            "households": within(people),
            "persons": within(persons),
            "households_wrong_in": wrong_in,
            "households_wrong_out": wrong_out,
            "geometry": areas.geometry,
        }
    )
