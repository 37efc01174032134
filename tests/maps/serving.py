"""Service layers of a town by rules that can be checked by hand: walks are straight, at 1.25 m/s."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from tests.maps.town import CRS, ORIGIN, town

SPEED_M_S = 1.25
LIMITS_S = (300.0, 600.0, 900.0)


def served_town(**size: Any) -> dict[str, Any]:
    """Return the town of :func:`tests.maps.town.town` with what its two facilities serve."""
    layers = town(**size)
    buildings = layers["buildings"].sjoin(layers["grids"][["grid_id", "community_id", "geometry"]], how="left")
    buildings = buildings[~buildings.index.duplicated()].drop(columns="index_right")
    layers["buildings"] = with_people(buildings)
    return {**layers, **services(layers)}


def with_people(buildings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return buildings with persons by group, all shares of the households."""
    homes = buildings["households"].fillna(0).astype(int)
    return buildings.assign(
        persons=homes * 3, elderly=homes // 2, disabled=homes // 20, children=homes // 3, migrant_children=homes // 30
    )


def services(layers: dict[str, Any], limits: tuple[float, ...] = LIMITS_S) -> dict[str, Any]:
    """Return service_areas, coverage, walks and uncovered of ``layers``."""
    buildings, facilities = layers["buildings"], layers["facilities"]
    homes = buildings[buildings["households"] > 0].assign(geometry=lambda frame: frame.centroid)
    areas, tables, missed = [], [], []
    for kind, some in facilities.groupby("kind"):
        walk = np.stack([homes.distance(point).to_numpy() for point in some.geometry]) / SPEED_M_S
        for limit in limits:
            inside = walk <= limit
            areas.append(
                gpd.GeoDataFrame(
                    {
                        "facility_id": some["facility_id"].to_numpy(),
                        "kind": kind,
                        "within_s": limit,
                        "within_m": np.nan,
                        "households": inside @ homes["households"].to_numpy(),
                        "persons": inside @ homes["persons"].to_numpy(),
                    },
                    geometry=some.buffer(limit * SPEED_M_S).to_numpy(),
                    crs=facilities.crs,
                )
            )
            covered = inside.any(axis=0)
            tables.append(_coverage(homes, covered).assign(kind=kind, within_s=limit, within_m=np.nan))
            missed.append(homes[~covered].assign(kind=kind, within_s=limit, walk_s=walk.min(axis=0)[~covered]))
    uncovered = pd.concat(missed, ignore_index=True).assign(within_m=np.nan)
    return {
        "service_areas": pd.concat(areas, ignore_index=True),
        "coverage": pd.concat(tables, ignore_index=True).assign(walker="general"),
        "uncovered": gpd.GeoDataFrame(uncovered, geometry="geometry", crs=facilities.crs),
    }


def _coverage(homes: gpd.GeoDataFrame, covered: np.ndarray) -> pd.DataFrame:
    groups = {
        "households": "households",
        "all": "persons",
        "elderly": "elderly",
        "disabled": "disabled",
        "children": "children",
    }
    people = pd.DataFrame({group: homes[column].to_numpy() for group, column in groups.items()})
    people["special"] = people["elderly"] + people["disabled"] + homes["migrant_children"].to_numpy()
    areas = {"region": np.full(len(homes), "region"), "community": homes["community_id"], "grid": homes["grid_id"]}
    rows = []
    for area, ids in areas.items():
        counts = {"total": people, "covered": people.mul(covered, axis=0)}
        melted = {
            name: some.groupby(np.asarray(ids))
            .sum()
            .rename_axis("area_id")
            .reset_index()
            .melt("area_id", var_name="group")
            for name, some in counts.items()
        }
        rows.append(
            melted["total"].rename(columns={"value": "total"}).assign(covered=melted["covered"]["value"], area=area)
        )
    table = pd.concat(rows, ignore_index=True)
    share = table["covered"] / table["total"].where(table["total"] > 0)
    target = np.where((table["group"] == "special") & (table["area"] == "region"), 0.8, np.nan)
    met = pd.Series(share >= target, dtype="boolean").mask(np.isnan(target))
    return table.assign(share=share, target=target, met=met)


def proposed_sites() -> gpd.GeoDataFrame:
    """Return two proposed canteens."""
    return gpd.GeoDataFrame(
        {
            "site_id": ["s1", "s2"],
            "kind": "canteen",
            "within_s": 300.0,
            "rank": [1, 2],
            "households": [512, 130],
            "persons": [1536, 390],
            "elderly": [256, 65],
        },
        geometry=gpd.points_from_xy(ORIGIN[0] + np.array([150.0, 850.0]), ORIGIN[1] + np.array([650.0, 120.0])),
        crs=CRS,
    )
