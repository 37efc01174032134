"""Two plans side by side: who is in another grid, what stays together, and what the plans are worth."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridtwin.errors import InputError
from gridtwin.grids import measures
from gridtwin.grids.planar import Floats, Indices, dissolve, locate
from gridtwin.grids.staffing import StaffingRules, grid_officers
from gridtwin.grids.units import restore_units
from gridtwin.grids.zones import Zones
from gridtwin.i18n import mark
from gridtwin.schemas import empty_layer

RECORDED = ("street_share", "compounds_split", "grid_officers")  # measures that the layer ``plans`` may hold


@dataclass(frozen=True)
class PlanSide:
    """One of two plans that are compared.

    Attributes
    ----------
    plan
        Its name.
    units
        Layer ``units`` with the grids of this plan in ``grid_id``; units that it does not know are left out.
    grids
        Its grids on the households of today: grid_id, community_id, households, compactness, geometry, and the
        columns of layer ``grids`` that say purpose and bounds.
    facts
        Street share, compounds split and grid officers: as recorded when the plan was made, else from the layers.
    """

    plan: str
    units: gpd.GeoDataFrame
    grids: gpd.GeoDataFrame
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class PlanComparison:
    """Differences between two plans.

    Attributes
    ----------
    first, second
        The plans.
    units
        Units of the first plan with unit_id, community_id, households, first, second (the grids' codes; second
        is missing where the second plan has no grid) and geometry.
    communities
        By community_id: households, grids and grids within the bounds of both plans, households moved.
    transfers
        The transfer matrix as a list: first, second, households, share (of the households of the first grid);
        rows with the same code on both sides are those who stay. Most households first.
    retention
        By grid of the first plan: households, retained_in (the grid of the second plan that most of them share),
        retained (how many) and core_retention (as a share).
    measures
        Numbers of both plans, and households_moved, share_moved and households_unmatched.
    """

    first: PlanSide
    second: PlanSide
    units: gpd.GeoDataFrame
    communities: pd.DataFrame
    transfers: pd.DataFrame
    retention: pd.DataFrame
    measures: Mapping[str, Any]

    @property
    def moved(self) -> gpd.GeoDataFrame:
        """Return the units in another grid."""
        return self.units[self.units["first"] != self.units["second"]].reset_index(drop=True)

    def summary(self) -> dict[str, Any]:
        """Return the measures as plain values."""
        return dict(self.measures)


def plan_side(layers: Mapping[str, pd.DataFrame], plan: str, zones: Zones) -> PlanSide:
    """Return a plan of a region, ready to be compared.

    Parameters
    ----------
    layers
        Layers of the region: units, assignments, buildings; plans with what was recorded; streets, barriers and
        communities for what was not.
    plan
        Name of the plan.
    zones
        Bounds of each unit of layer ``units``, and the special-purpose grid that it is in today.

    Raises
    ------
    InputError
        If the plan is not there.
    """
    assignments = layers.get("assignments", empty_layer("assignments"))
    names = sorted(assignments["plan"].unique())
    if plan not in names:
        raise InputError(
            "plan_unknown", mark("there is no plan '{plan}'; there are: {plans}"), plan=plan, plans=", ".join(names)
        )
    grid_of = assignments[assignments["plan"] == plan].set_index("unit_id")["grid_id"]
    units = layers["units"]
    units = units.assign(grid_id=units["unit_id"].map(grid_of))
    known = np.flatnonzero(units["grid_id"].notna())
    units = units.iloc[known].reset_index(drop=True)
    number, codes = pd.factorize(units["grid_id"], sort=True)
    grids = _grids(units, np.asarray(number, np.int64), codes, zones.at(known))
    return PlanSide(plan, units, grids, _facts(layers, plan, units, grids))


def _grids(units: gpd.GeoDataFrame, number: Indices, codes: Any, zones: Zones) -> gpd.GeoDataFrame:
    """Return households, community, compactness, bounds and outline of the grids."""
    shapes = dissolve(units.geometry.to_numpy(), number)
    first = np.unique(number, return_index=True)[1]
    homes = np.bincount(number, weights=units["households"].to_numpy(np.float64))
    return gpd.GeoDataFrame(
        {
            "grid_id": codes,
            "community_id": units["community_id"].to_numpy()[first],
            "households": homes.astype(np.int64),
            "compactness": measures.polsby_popper(shapes),
            **zones.columns(number),
        },
        geometry=shapes,
        crs=units.crs,
    )


def _facts(
    layers: Mapping[str, pd.DataFrame], plan: str, units: gpd.GeoDataFrame, grids: gpd.GeoDataFrame
) -> dict[str, Any]:
    """Return the measures that were recorded with the plan, and compute those that were not."""
    plans = layers.get("plans", empty_layer("plans"))
    row = plans[plans["plan"] == plan]["summary"].dropna()
    summary = json.loads(str(row.iloc[0])) if len(row) else {}
    facts = {name: summary[name] for name in RECORDED if summary.get(name) is not None}
    if "grid_officers" not in facts:
        load, special = grids["households"].to_numpy(np.int64), measures.special_purpose(grids)
        facts["grid_officers"] = int(grid_officers(load, StaffingRules(), special=special).sum())
    number = pd.Index(grids["grid_id"]).get_indexer(units["grid_id"]).astype(np.int64)
    if "compounds_split" not in facts:
        at = pd.Index(units["unit_id"]).get_indexer(layers["buildings"]["unit_id"])
        home = np.where(at >= 0, number[at], -1)
        facts["compounds_split"] = measures.compounds_split(layers["buildings"], home, len(grids))[1]
    if "street_share" not in facts:
        barriers = layers.get("barriers", empty_layer("barriers", units.crs))
        inputs = layers["buildings"], layers["streets"], barriers, layers["communities"]
        share = measures.street_share(restore_units(units, *inputs), number)
        facts["street_share"] = float(np.average(share, weights=shapely.length(grids.geometry.to_numpy())))
    return facts


def compare_plans(first: PlanSide, second: PlanSide) -> PlanComparison:
    """Compare two plans, of one region or of two, on the households of the first one's units.

    Parameters
    ----------
    first, second
        The plans, from :func:`plan_side`. Units are matched by place: a unit of the first plan takes the grid of
        the second plan at a point inside it, so that units need not be the same.

    Returns
    -------
    PlanComparison
        A household has moved if the code of its grid differs.
    """
    there = second.units.to_crs(first.units.crs)
    at = locate(shapely.point_on_surface(first.units.geometry.to_numpy()), there.geometry.to_numpy())
    found = pd.Series(np.where(at >= 0, there["grid_id"].to_numpy(object)[at], None), dtype="str")
    units = first.units[["unit_id", "community_id", "households", "geometry"]].assign(
        first=first.units["grid_id"], second=found
    )
    homes = units["households"].to_numpy(np.float64)
    changed = (units["first"] != units["second"]).to_numpy(bool)
    total, away = int(homes.sum()), int(homes[changed].sum())
    results: dict[str, Any] = {
        "households": total,
        "households_moved": away,
        "share_moved": away / max(total, 1),
        "households_unmatched": int(homes[at < 0].sum()),
    }
    by_community = units.groupby("community_id")["households"].sum().to_frame()
    for name, side in (("first", first), ("second", second)):
        inside = pd.Series(measures.within_bounds(side.grids))
        results[name] = _measures(side, inside)
        by_community[f"{name}_grids"] = side.grids.groupby("community_id").size()
        by_community[f"{name}_within"] = inside.groupby(side.grids["community_id"]).sum()
    by_community["households_moved"] = units[changed].groupby("community_id")["households"].sum()
    transfers = _transfers(units)
    return PlanComparison(
        first,
        second,
        units,
        by_community.fillna(0).astype("int64").reset_index(),
        transfers,
        _retention(transfers, first.grids),
        results,
    )


def _measures(side: PlanSide, inside: pd.Series) -> dict[str, Any]:
    return {
        "plan": side.plan,
        "grids": len(side.grids),
        "share_within_bounds": float(inside.mean()),
        "households_a_grid_sd": float(side.grids["households"].std(ddof=0)),
        "compactness_mean": float(side.grids["compactness"].mean()),
        **side.facts,
    }


def _transfers(units: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the households that each pair of grids shares, as a list."""
    pairs = units.groupby(["first", "second"], dropna=False)["households"].sum().reset_index()
    pairs = pairs[pairs["households"] > 0].astype({"households": "int64"})
    whole = pairs.groupby("first")["households"].transform("sum").to_numpy(np.float64)
    pairs["share"] = pairs["households"].to_numpy(np.float64) / whole
    order = ["households", "first", "second"]
    return pairs.sort_values(order, ascending=[False, True, True], ignore_index=True)


def _retention(transfers: pd.DataFrame, grids: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return for each inhabited grid of the first plan what stays together in one grid of the second."""
    together = transfers.dropna(subset="second").drop_duplicates("first").set_index("first")
    inhabited = grids[grids["households"] > 0]
    best = together.reindex(inhabited["grid_id"])
    kept: Floats = best["households"].fillna(0).to_numpy(np.float64)
    homes = inhabited["households"].to_numpy(np.float64)
    return pd.DataFrame(
        {
            "grid_id": inhabited["grid_id"].to_numpy(),
            "households": homes.astype(np.int64),
            "retained_in": best["second"].to_numpy(),
            "retained": kept.astype(np.int64),
            "core_retention": kept / homes,
        }
    )
