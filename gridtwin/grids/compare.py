"""Two plans side by side: who is in another grid, and what the plans are worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridtwin.errors import InputError
from gridtwin.grids.measures import polsby_popper, within_bounds
from gridtwin.grids.planar import dissolve
from gridtwin.grids.zones import Zones
from gridtwin.i18n import mark


@dataclass(frozen=True)
class PlanComparison:
    """Differences between two plans of a region.

    Attributes
    ----------
    moved
        Units in another grid, with unit_id, community_id, households, first, second (the grids' codes) and
        geometry.
    communities
        By community_id: households, grids and grids within the bounds of both plans, households moved.
    measures
        Numbers of both plans, and households_moved and share_moved.
    """

    moved: gpd.GeoDataFrame
    communities: pd.DataFrame
    measures: Mapping[str, Any]

    def summary(self) -> dict[str, Any]:
        """Return the measures as plain values."""
        return dict(self.measures)


def compare_plans(
    units: gpd.GeoDataFrame, assignments: pd.DataFrame, first: str, second: str, *, zones: Zones
) -> PlanComparison:
    """Compare two plans on the households of today.

    Parameters
    ----------
    units
        Layer ``units``.
    assignments
        Layer ``assignments`` with both plans.
    first, second
        Names of the plans.
    zones
        Bounds of each unit, and the special-purpose grid it is in today, for the share within bounds.

    Returns
    -------
    PlanComparison
        A household has moved if the code of its grid differs.

    Raises
    ------
    InputError
        If a plan is not there.
    """
    names = sorted(assignments["plan"].unique())
    for plan in (first, second):
        if plan not in names:
            raise InputError(
                "plan_unknown", mark("there is no plan '{plan}'; there are: {plans}"), plan=plan, plans=", ".join(names)
            )
    grids = [
        assignments[assignments["plan"] == plan].set_index("unit_id")["grid_id"].reindex(units["unit_id"]).to_numpy()
        for plan in (first, second)
    ]
    table = units[["unit_id", "community_id", "households", "geometry"]].assign(first=grids[0], second=grids[1])
    changed = table["first"] != table["second"]
    moved = table[changed].reset_index(drop=True)
    total, away = int(table["households"].sum()), int(moved["households"].sum())
    measures: dict[str, Any] = {"households": total, "households_moved": away, "share_moved": away / max(total, 1)}
    by_community = table.groupby("community_id")["households"].sum().to_frame()
    for side, plan in (("first", first), ("second", second)):
        one = _grids(table, side, zones)
        inside = within_bounds(one)
        measures[side] = {
            "plan": plan,
            "grids": len(one),
            "share_within_bounds": float(inside.mean()),
            "households_a_grid_sd": float(one["households"].std(ddof=0)),
            "compactness_mean": float(one["compactness"].mean()),
        }
        by_community[f"{side}_grids"] = one.groupby("community_id").size()
        by_community[f"{side}_within"] = one[inside].groupby("community_id").size()
    by_community["households_moved"] = moved.groupby("community_id")["households"].sum()
    counts = by_community.fillna(0).astype("int64").reset_index()
    return PlanComparison(moved, counts, measures)


def _grids(table: gpd.GeoDataFrame, side: str, zones: Zones) -> pd.DataFrame:
    """Return households, bounds, community and compactness of the grids of one plan."""
    number, codes = pd.factorize(table[side], sort=True)
    known = number >= 0
    shapes = dissolve(table.geometry.to_numpy()[known], np.asarray(number[known], np.int64))
    first = np.unique(number[known], return_index=True)[1]
    return pd.DataFrame(
        {
            "grid_id": codes,
            "community_id": table["community_id"].to_numpy()[known][first],
            "households": np.bincount(number[known], weights=table["households"].to_numpy(np.float64)[known]),
            "compactness": polsby_popper(shapes),
            **zones.at(np.flatnonzero(known)).columns(np.asarray(number[known], np.int64)),
        }
    )
