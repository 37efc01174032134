"""Rebalancing: the bounds restored, few households moved, locks kept, codes and lineage."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from benchmarks.city import generate_city
from benchmarks.drift import drifted
from gridtwin.errors import InputError, InputMissingError
from gridtwin.grids import GridPlan, divide_region, rebalance_region
from gridtwin.grids.params import DivideParams
from gridtwin.schemas import conform
from tests.grids.lattice import CRS, lattice

DATE = "2026-01-01"
LATER = "2027-01-01"


@pytest.fixture(scope="module")
def divided() -> dict[str, Any]:
    """Return a generated city of about 50,000 households with its plan."""
    city = generate_city(50_000, seed=2)
    return {**city, **divide_region(city, date=DATE).layers()}


def moved(before: gpd.GeoDataFrame, plan: GridPlan) -> int:
    """Return the households of buildings whose grid has another code now."""
    old = before.set_index("building_id")["grid_id"].reindex(plan.buildings["building_id"]).to_numpy()
    changed = old != plan.buildings["grid_id"].to_numpy()
    return int(plan.buildings["households"][changed].sum())


def test_a_good_plan_stays_as_it_is(divided: dict[str, Any]) -> None:
    """Where nothing is broken, nothing moves, and every code stays."""
    tidy = divided["grids"]["violations"].isna()
    plan = rebalance_region(divided, date=LATER)
    kept = plan.grids.set_index("code").geometry.reindex(divided["grids"]["code"][tidy])
    assert shapely.equals(kept.to_numpy(), divided["grids"].geometry[tidy].to_numpy()).mean() >= 0.99
    assert plan.summary()["share_moved"] <= 0.005


@pytest.mark.parametrize("seed", [0, 1])
def test_a_years_drift_moves_few_households(divided: dict[str, Any], seed: int) -> None:
    """After a year of change the bounds are restored, and at most 4 % of the households change their grid."""
    later = drifted(divided, seed)
    load = later["buildings"].groupby("grid_id")["households"].sum()
    plan = rebalance_region(later, date=LATER)
    summary = plan.summary()
    assert summary["share_within_bounds"] > load.between(300, 500).mean()
    assert summary["share_within_bounds"] >= 0.97
    assert summary["share_moved"] <= 0.04
    assert summary["households_moved"] <= moved(later["buildings"], plan) <= 0.08 * summary["households"]
    assert summary["share_contiguous"] == 1.0
    assert (summary["gaps_m2"], summary["overlaps_m2"]) == (0.0, 0.0)
    assert plan.grids["households"].sum() == later["buildings"]["households"].sum()
    afresh = divide_region(later, date=LATER)
    assert moved(later["buildings"], plan) < 0.5 * moved(later["buildings"], afresh)


def test_locked_grids_keep_every_unit(divided: dict[str, Any]) -> None:
    """Locked grids have the same units and code afterwards, without exception."""
    later = drifted(divided, 3)
    load = later["buildings"].groupby("grid_id")["households"].sum()
    locked = [*load[~load.between(300, 500)].index[::2], *load.index[::5]]
    plan = rebalance_region(later, locked=locked, date=LATER)
    before = divided["units"].groupby("grid_id")["unit_id"].agg(frozenset)
    after = plan.units.groupby("grid_id")["unit_id"].agg(frozenset)
    assert all(before[code] == after[code] for code in locked)
    broken = plan.violations[plan.violations["grid_id"].isin(locked)]
    assert set(broken["code"]) <= {"LOCK_CONFLICT", "OVERSIZE_BUILDING", "TOTAL_IN_GAP", "TOTAL_BELOW_MIN"}


def test_a_full_grid_is_split_and_the_new_one_knows_its_parent() -> None:
    """When a grid doubles, it is split; the new grid has a new code that names the old one."""
    town = lattice(4, 2, 100)
    town |= divide_region(town, date=DATE).layers()
    west = town["buildings"].geometry.centroid.x < 200
    town["buildings"].loc[west, "households"] = 200
    plan = rebalance_region(town, date=LATER)
    assert sorted(plan.grids["households"]) == [400, 400, 400]
    assert plan.summary()["households_moved"] == 400
    ledger = plan.grid_codes.set_index("code")
    assert ledger.loc["110108001001003", "parents"] in ("110108001001001", "110108001001002")
    assert ledger.loc["110108001001003", "valid_from"] == LATER


def test_an_empty_grid_is_merged_and_its_code_retired() -> None:
    """When the homes of a grid go, it joins a neighbour, and its code is closed for ever."""
    town = lattice(6, 2, 100)
    town |= divide_region(town, date=DATE).layers()
    doomed = town["buildings"].groupby("grid_id")["households"].sum().index[0]
    town["buildings"].loc[town["buildings"]["grid_id"] == doomed, "households"] = 10
    plan = rebalance_region(town, date=LATER)
    assert plan.violations.empty
    assert len(plan.grids) == 2
    closed = plan.grid_codes[plan.grid_codes["valid_to"].notna()]
    assert closed["valid_to"].tolist() == [LATER]


def test_a_torn_grid_is_made_whole() -> None:
    """After a planner has moved a unit to a grid far away, the plan is contiguous again."""
    town = lattice(8, 2, 100)
    town |= divide_region(town, date=DATE).layers()
    x = shapely.get_x(shapely.centroid(town["units"].geometry.to_numpy()))
    far = town["units"]["grid_id"].iloc[int(np.argmax(x))]
    town["units"].loc[int(np.argmin(x)), "grid_id"] = far
    plan = rebalance_region(town, date=LATER)
    assert plan.summary()["share_contiguous"] == 1.0
    assert plan.violations.empty


def test_same_seed_same_change(divided: dict[str, Any]) -> None:
    """Rebalancing is a function of the region and the seed."""
    later = drifted(divided, 5)
    first = rebalance_region(later, params=DivideParams(seed=4), date=LATER)
    second = rebalance_region(later, params=DivideParams(seed=4), date=LATER)
    assert first.units["grid_id"].equals(second.units["grid_id"])


def test_what_cannot_be_rebalanced_is_said(divided: dict[str, Any]) -> None:
    """Without a plan, or with a lock on a grid that does not exist, the error says so."""
    with pytest.raises(InputMissingError, match="no plan"):
        rebalance_region(lattice(2, 2))
    with pytest.raises(InputError, match="999999"):
        rebalance_region(divided, locked=["999999"])


def test_blocks_are_divided_where_whole_ones_do_not_fit() -> None:
    """When a block of several buildings outgrows its grid, it is divided between them, and its pieces say so."""
    town = lattice(4, 2, 100)
    corner = [shapely.box(10 + 25 * k, 110, 25 + 25 * k, 130) for k in range(3)]
    more = gpd.GeoDataFrame({"households": [20, 20, 20], "households_source": "counted"}, geometry=corner, crs=CRS)
    both = gpd.pd.concat([town["buildings"].drop(columns="building_id"), more], ignore_index=True)
    town["buildings"] = conform(gpd.GeoDataFrame(both, crs=CRS), "buildings")
    town |= divide_region(town, date=DATE).layers()
    grown = town["buildings"].geometry.intersects(shapely.box(0, 105, 100, 200))
    town["buildings"].loc[grown, "households"] = [400, 60, 60, 60]
    plan = rebalance_region(town, date=LATER)
    assert plan.grids["households"].sum() == 400 + 180 + 700
    assert plan.violations.empty
    assert plan.units["unit_id"].str.contains(".", regex=False).any()
    assert plan.units["unit_id"].is_unique
