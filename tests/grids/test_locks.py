"""Locks through a new division: land, code and lock stay, the rest goes around, and conflicts are named."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.city import generate_city
from gridtwin.errors import LayerFaultsError
from gridtwin.grids import DivideParams, GridPlan, divide_region
from gridtwin.grids.rules import FrozenRule, Rules, SpecialRule
from tests.grids.lattice import CRS, lattice
from tests.grids.rule_town import DATE, EAST, LATER, rule_town

CAMPUS = SpecialRule("campus", uses=("school",), name="School", name_zh="学校")


def members(plan: GridPlan) -> pd.Series:
    """Return the buildings of each grid by code."""
    return plan.buildings.groupby("grid_id")["building_id"].agg(frozenset)


def locked(town: Any, plan: GridPlan, codes: list[str], **changes: Any) -> dict[str, Any]:
    """Return the town with a plan in which some grids are locked, and with changed columns of the buildings."""
    layers = {**town, **plan.layers()}
    layers["grids"] = layers["grids"].assign(locked=layers["grids"]["grid_id"].isin(codes))
    return layers | {"buildings": layers["buildings"].assign(**changes)}


def reasons(plan: GridPlan) -> dict[str, str]:
    """Return the reason code of each grid that breaks a rule."""
    return plan.violations.set_index("grid_id")["code"].to_dict()


def outside(plan: GridPlan) -> pd.Series:
    """Return which grids miss their own bounds."""
    grids = plan.grids
    return ~grids["households"].between(grids["minimum_households"], grids["maximum_households"])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 350), min_size=24, max_size=24),
    st.lists(st.integers(0, 350), min_size=24, max_size=24),
    st.sets(st.integers(0, 9), min_size=1, max_size=5),
    st.sampled_from([(300, 500), (100, 200), (250, 300), (600, 900)]),
)
def test_locked_grids_outlive_any_division(
    before: list[int], after: list[int], chosen: set[int], bounds: tuple[int, int]
) -> None:
    """Whatever the counts become and whatever the bounds: members, code and lock stay, and the rest is divided."""
    before[12], after[12] = max(before[12], 1), max(after[12], 1)
    town = rule_town(before)
    first = divide_region(town, date=DATE)
    codes = sorted({first.grids["grid_id"][n % len(first.grids)] for n in chosen})
    town = locked(town, first, codes, households=after)
    plan = divide_region(town, params=DivideParams(*bounds), date=LATER)
    assert members(plan)[codes].equals(members(first)[codes])
    assert plan.grids.loc[plan.grids["locked"], "grid_id"].tolist() == codes
    assert plan.grids["purpose"].eq("general").all()
    assert plan.grids["minimum_households"].eq(bounds[0]).all()
    assert plan.grids["households"].sum() == sum(after)
    assert plan.grids["grid_id"].is_unique
    summary = plan.summary()
    assert (summary["gaps_m2"], summary["overlaps_m2"], summary["share_contiguous"]) == (0.0, 0.0, 1.0)
    assert (plan.grids["violations"].notna() == outside(plan)).all()


def test_locked_land_stays_the_same() -> None:
    """In a generated city, every fifth grid locked keeps its land to the millimetre under other bounds."""
    city = generate_city(30_000, seed=4)
    first = divide_region(city, date=DATE)
    codes = first.grids["grid_id"][::5].tolist()
    plan = divide_region(locked(city, first, codes), params=DivideParams(200, 350), date=LATER)
    land = [some.grids.set_index("grid_id").geometry.reindex(codes).to_numpy() for some in (first, plan)]
    assert shapely.area(shapely.symmetric_difference(*land, grid_size=0.001)).max() == 0.0
    assert members(plan)[codes].equals(members(first)[codes])
    assert (plan.summary()["gaps_m2"], plan.summary()["overlaps_m2"]) == (0.0, 0.0)
    assert plan.summary()["share_contiguous"] == 1.0
    full = plan.grids["grid_id"].isin(codes) & outside(plan)
    assert full.any()
    assert set(plan.violations.loc[plan.violations["grid_id"].isin(plan.grids["grid_id"][full]), "code"]) <= {
        "LOCK_CONFLICT",
        "OVERSIZE_BUILDING",
    }
    free = plan.grids[~plan.grids["locked"]]
    assert free["households"].between(200, 350).mean() > 0.9


def test_the_same_division_twice() -> None:
    """With locks, too, the same region and seed give the same plan."""
    town = rule_town()
    first = divide_region(town, date=DATE)
    town = locked(town, first, first.grids["grid_id"][::2].tolist())
    plans = [divide_region(town, params=DivideParams(200, 300), date=LATER, workers=n) for n in (1, 2)]
    pd.testing.assert_frame_equal(*(pd.DataFrame(plan.grids) for plan in plans))


def test_a_locked_grid_outside_its_bounds_is_a_conflict() -> None:
    """A grid of 400 is too large for bounds of 100–200; the others are divided into grids that keep them."""
    town = rule_town()
    first = divide_region(town, date=DATE)
    code = first.grids["grid_id"][1]
    plan = divide_region(locked(town, first, [code]), params=DivideParams(100, 200), date=LATER)
    assert reasons(plan) == {code: "LOCK_CONFLICT"}
    assert plan.violations["amount"].tolist() == [200]
    assert plan.summary()["share_within_bounds"] < 1.0


def test_what_locks_leave_too_little_of_is_a_conflict() -> None:
    """Six blocks of 100 in a row make two grids of 300; with the two in the middle locked, no grid keeps the bounds."""
    town = lattice(6, 1, 100)
    first = divide_region(town, params=DivideParams(150, 250), date=DATE)
    middle = first.grids["grid_id"][first.grids.intersects(shapely.Point(300, 50))].tolist()
    plan = divide_region(locked(town, first, middle), date=LATER)
    assert plan.grids["households"].tolist() == [200] * 3
    assert reasons(plan) == dict.fromkeys(plan.grids["grid_id"], "LOCK_CONFLICT")


def test_reasons_that_unlocking_would_not_end_come_first() -> None:
    """A community with 200 households has too few with or without a lock."""
    town = lattice(2, 1, 100)
    first = divide_region(town, date=DATE)
    plan = divide_region(locked(town, first, first.grids["grid_id"].tolist()), date=LATER)
    assert set(reasons(plan).values()) == {"TOTAL_BELOW_MIN"}


def test_a_locked_campus_stays_a_campus() -> None:
    """A special-purpose grid that is locked keeps purpose and names without its rule, and has no bounds."""
    town = rule_town(schools=(0, 8))
    first = divide_region(town, grid_rules=Rules(special=(CAMPUS,)), date=DATE)
    code = first.grids.loc[first.grids["purpose"] == "campus", "grid_id"].iloc[0]
    plan = divide_region(locked(town, first, [code]), date=LATER)
    row = plan.grids.set_index("grid_id").loc[code]
    assert (row["purpose"], row["name_zh"], row["locked"], row["households"]) == ("campus", "学校", True, 200)
    assert pd.isna(row["minimum_households"])


def test_a_grid_may_be_locked_and_frozen() -> None:
    """A decree says more than a lock: the grid is frozen, and stays locked for the time after."""
    town = rule_town()
    first = divide_region(town, date=DATE)
    code = first.grids["grid_id"][0]
    rules = Rules(frozen=(FrozenRule(grids=(code,), decree="No. 12"),))
    plan = divide_region(locked(town, first, [code]), params=DivideParams(100, 200), grid_rules=rules, date=LATER)
    row = plan.grids.set_index("grid_id").loc[code]
    assert (row["purpose"], row["decree"], row["locked"]) == ("frozen", "No. 12", True)
    assert plan.violations.empty


def test_empty_land_that_locks_enclose_follows_another_grid() -> None:
    """A corner without homes behind a locked grid goes to the nearest other one, for the locked one takes nothing."""
    town = lattice(4, 2, [100, 100, 100, 0, 100, 100, 100, 100])
    first = divide_region(town, params=DivideParams(100, 700), date=DATE)
    around = shapely.union(shapely.box(200, 0, 400, 100), shapely.box(200, 100, 300, 200))
    town["grids"] = first.grids.iloc[[0]].assign(locked=True).set_geometry([around], crs=first.grids.crs)
    plan = divide_region(town, params=DivideParams(100, 700), date=LATER)
    assert plan.grids["households"].tolist() == [300, 400]
    assert plan.grids["area_m2"].round().tolist() == [30_000, 50_000]
    assert plan.grids["locked"].tolist() == [True, False]
    assert plan.summary()["gaps_m2"] == 0.0


def test_pinned_units_of_locked_grids_stay_pinned() -> None:
    """The land of a pinned unit is pinned again where its grid is locked, and nowhere else."""
    town = rule_town()
    first = divide_region(town, date=DATE)
    code, other = first.grids["grid_id"][:2]
    town = locked(town, first, [code])
    pins = [town["units"].index[town["units"]["grid_id"] == grid][0] for grid in (code, other)]
    town["units"] = town["units"].assign(locked=town["units"].index.isin(pins))
    plan = divide_region(town, params=DivideParams(100, 200), date=LATER)
    again = plan.units[plan.units["locked"]]
    assert again["grid_id"].tolist() == [code]
    assert shapely.equals(again.geometry.iloc[0], town["units"].geometry[pins[0]])


@pytest.mark.parametrize("gone", [False, True])
def test_a_community_that_no_longer_holds_the_grid_is_an_error(gone: bool) -> None:
    """When the border of the community has moved through a locked grid, or the community is no more, that is said."""
    town = rule_town()
    first = divide_region(town, date=DATE)
    code = first.grids.loc[first.grids["community_id"] == EAST, "grid_id"].iloc[0]
    town = locked(town, first, [code])
    west, east = town["communities"].geometry
    land = town["grids"].set_index("grid_id").geometry[code]
    west = shapely.union(west, shapely.buffer(land, -30, join_style="mitre"))
    moved = town["communities"].set_geometry([west, shapely.difference(east, west)], crs=CRS)
    town["communities"] = moved.iloc[:1] if gone else moved
    with pytest.raises(LayerFaultsError, match=code):
        divide_region(town, date=LATER)
