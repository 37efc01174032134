"""Rules at work: bounds by community, special-purpose and frozen grids, through divide and rebalance."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.city import generate_city
from benchmarks.drift import drifted
from gridtwin.errors import LayerFaultsError
from gridtwin.grids import DivideParams, GridPlan, divide_region, rebalance_region
from gridtwin.grids.rules import BoundsRule, FrozenRule, Rules, SpecialRule
from tests.grids.lattice import barrier
from tests.grids.rule_town import DATE, EAST, LATER, WEST, rule_town

RURAL = BoundsRule(150, 250, communities=(EAST,))
CAMPUS = SpecialRule("campus", uses=("school",), name="School", name_zh="学校")


def members(plan: GridPlan, code: str) -> frozenset[str]:
    """Return the buildings of a grid."""
    return frozenset(plan.buildings.loc[plan.buildings["grid_id"] == code, "building_id"])


def codes_of(plan: GridPlan, purpose: str) -> list[str]:
    """Return the codes of the grids with a purpose."""
    return plan.grids.loc[plan.grids["purpose"] == purpose, "grid_id"].tolist()


def test_each_community_keeps_its_own_bounds() -> None:
    """Twelve blocks of 100: three grids of 400 in the city, six of 200 in the village."""
    plan = divide_region(rule_town(), grid_rules=Rules((RURAL,)), date=DATE)
    by_community = plan.grids.groupby("community_id")
    assert by_community["households"].agg(list).to_dict() == {WEST: [400] * 3, EAST: [200] * 6}
    assert by_community["minimum_households"].agg(set).to_dict() == {WEST: {300}, EAST: {150}}
    assert by_community["maximum_households"].agg(set).to_dict() == {WEST: {500}, EAST: {250}}
    assert plan.violations.empty
    assert plan.summary()["share_within_bounds"] == 1.0


def test_blocks_are_divided_by_the_maximum_of_their_community() -> None:
    """A block of two buildings with 400 is whole in the city and divided in the village."""
    town = rule_town(200, columns=2, rows=2)
    more = town["buildings"].assign(
        geometry=town["buildings"].geometry.translate(25, 25), building_id=[f"n{k}" for k in range(4)]
    )
    town["buildings"] = gpd.GeoDataFrame(pd.concat([town["buildings"], more], ignore_index=True), crs=more.crs)
    plan = divide_region(town, grid_rules=Rules((RURAL,)), date=DATE)
    assert plan.units.groupby("community_id").size().to_dict() == {WEST: 2, EAST: 4}
    assert plan.violations.empty


@pytest.fixture(scope="module")
def city() -> dict[str, Any]:
    """Return a generated city of about 12,000 households."""
    return generate_city(12_000, seed=3)


def test_one_rule_for_all_is_as_good_as_none(city: dict[str, Any]) -> None:
    """The bounds of the plan given as a rule for every community make the same plan, to the byte."""
    plain = divide_region(city, date=DATE)
    ruled = divide_region(city, grid_rules=Rules((BoundsRule(300, 500, communities=("*",)),)), date=DATE)
    pd.testing.assert_frame_equal(pd.DataFrame(plain.units), pd.DataFrame(ruled.units))
    pd.testing.assert_frame_equal(pd.DataFrame(plain.grids), pd.DataFrame(ruled.grids))


def test_bounds_of_one_community_do_not_reach_another(city: dict[str, Any]) -> None:
    """With other bounds in one community, all others are divided as before."""
    plain = divide_region(city, date=DATE)
    chosen = plain.buildings.groupby("community_id")["households"].max().idxmin()  # that with the smallest buildings
    ruled = divide_region(city, grid_rules=Rules((BoundsRule(150, 250, communities=(chosen,)),)), date=DATE)
    other = [
        plan.buildings[plan.buildings["community_id"] != chosen][["unit_id", "grid_id"]] for plan in (plain, ruled)
    ]
    pd.testing.assert_frame_equal(*other)
    mine = ruled.grids[ruled.grids["community_id"] == chosen]
    assert mine["households"].le(250).mean() > 0.8


def test_a_campus_is_one_grid_without_bounds() -> None:
    """Two schools side by side become one special-purpose grid; the homes around them are divided as usual."""
    plan = divide_region(rule_town(schools=(0, 8)), grid_rules=Rules(special=(CAMPUS,)), date=DATE)
    row = plan.grids[plan.grids["purpose"] == "campus"].iloc[0]
    assert (row["households"], row["buildings"], row["name"], row["name_zh"]) == (200, 2, "School", "学校")
    assert pd.isna(row["minimum_households"])
    assert pd.isna(row["maximum_households"])
    assert row["grid_officers"] == 1
    assert plan.violations.empty
    summary = plan.summary()
    assert (summary["special_purpose_grids"], summary["frozen_grids"], summary["share_within_bounds"]) == (1, 0, 1.0)
    assert summary["households"] == 2400


def test_special_grids_end_at_the_community() -> None:
    """Schools on either side of a community border are two grids."""
    plan = divide_region(rule_town(schools=(3, 4)), grid_rules=Rules(special=(CAMPUS,)), date=DATE)
    assert plan.grids.loc[plan.grids["purpose"] == "campus", "community_id"].tolist() == [WEST, EAST]


@pytest.mark.parametrize(
    ("rule", "grids"),
    [
        (SpecialRule("campus", uses=("school",), min_buildings=2), 1),
        (SpecialRule("campus", uses=("school",), min_buildings=3), 0),
        (SpecialRule("campus", uses=("school",), min_area_m2=20_000.0), 1),
        (SpecialRule("campus", uses=("school",), min_area_m2=20_001.0), 0),
        (SpecialRule("campus", uses=("school",)), 2),
    ],
)
def test_thresholds(rule: SpecialRule, grids: int) -> None:
    """Of two schools side by side and one apart, the thresholds leave both places, one, or none."""
    plan = divide_region(rule_town(schools=(0, 1, 18)), grid_rules=Rules(special=(rule,)), date=DATE)
    assert len(codes_of(plan, "campus")) == grids


def test_the_share_of_floor_area_decides() -> None:
    """A block with a school of one storey and homes of nine belongs to the campus at a tenth, not at a half."""
    town = rule_town(schools=(0,))
    homes = (
        town["buildings"]
        .iloc[[0]]
        .assign(
            geometry=town["buildings"].geometry.iloc[[0]].translate(25, 25),
            building_id="h",
            use="residential",
            levels=9.0,
        )
    )
    town["buildings"] = gpd.GeoDataFrame(pd.concat([town["buildings"], homes], ignore_index=True), crs=homes.crs)
    found = []
    for share in (0.1, 0.11):
        rule = SpecialRule("campus", uses=("school",), share=share)
        found.append(len(codes_of(divide_region(town, grid_rules=Rules(special=(rule,)), date=DATE), "campus")))
    assert found == [1, 0]


def test_a_compound_may_be_a_grid_of_its_own() -> None:
    """Buildings of a named compound are chosen as those of a use are."""
    town = rule_town()
    compound = np.where(np.arange(24) < 2, "estate", None)
    town["buildings"] = town["buildings"].assign(compound_id=pd.Series(compound, dtype="str"))
    rule = SpecialRule("market", compounds=("estate",))
    plan = divide_region(town, grid_rules=Rules(special=(rule,)), date=DATE)
    assert plan.grids.loc[plan.grids["purpose"] == "market", "buildings"].tolist() == [2]


def test_the_first_rule_takes_a_unit() -> None:
    """Where two rules find the same units, the earlier one has them."""
    town = rule_town(schools=(0, 1))
    area = SpecialRule("office", area=shapely.box(0, 200, 100, 300))
    plan = divide_region(town, grid_rules=Rules(special=(CAMPUS, area)), date=DATE)
    assert codes_of(plan, "office") == []
    plan = divide_region(town, grid_rules=Rules(special=(area, CAMPUS)), date=DATE)
    assert len(codes_of(plan, "office")) == len(codes_of(plan, "campus")) == 1


def test_the_outline_of_a_polygon_is_the_border_of_its_grid() -> None:
    """A polygon that ends within blocks divides them along its outline, but goes around buildings."""
    area = shapely.box(0, 150, 50, 300)  # through the middle of blocks, and of their buildings
    plan = divide_region(rule_town(), grid_rules=Rules(special=(SpecialRule("market", area=area),)), date=DATE)
    grid = plan.grids.geometry[plan.grids["purpose"] == "market"].iloc[0]
    shapes = plan.buildings.geometry.to_numpy()
    inside = shapely.area(shapely.intersection(shapes, grid)) / shapely.area(shapes)
    assert set(np.round(inside, 6)) == {0.0, 1.0}
    assert shapely.area(shapely.symmetric_difference(grid, area)) <= 2 * 400
    assert (plan.summary()["gaps_m2"], plan.summary()["overlaps_m2"]) == (0.0, 0.0)


def test_land_that_a_campus_encloses_belongs_to_it() -> None:
    """A lawn without homes between schools and the border of the community is part of the campus."""
    households = np.full(24, 100)
    households[0] = 0
    town = rule_town(households, schools=(1, 8, 9))
    town["buildings"] = town["buildings"].drop(index=0).reset_index(drop=True)
    plan = divide_region(town, grid_rules=Rules(special=(CAMPUS,)), date=DATE)
    campus = plan.grids[plan.grids["purpose"] == "campus"]
    assert campus["area_m2"].round().tolist() == [40_000]
    assert plan.summary()["single_polygons"] == 1.0


def test_homes_that_a_campus_cuts_off_are_explained() -> None:
    """A corner with too few households behind a campus is a part of its own, and says so."""
    town = rule_town(schools=(1, 8, 9))
    plan = divide_region(town, grid_rules=Rules(special=(CAMPUS,)), date=DATE)
    corner = plan.violations[plan.violations["code"] == "DETACHED_PART"]
    assert corner["amount"].tolist() == [200]
    assert "special-purpose grid" in corner["detail"].iloc[0]


def test_a_community_with_little_but_a_campus_is_explained() -> None:
    """What is left beside a campus may be too little for a grid: the total without the campus is named."""
    town = rule_town(schools=(0, 1, 2, 3, 8, 9, 10, 11, 16, 17))
    plan = divide_region(town, grid_rules=Rules(special=(CAMPUS,)), date=DATE)
    assert plan.violations["code"].tolist() == ["TOTAL_BELOW_MIN"]
    assert "outside special-purpose grids the community has 200" in plan.violations["detail"].iloc[0]


def test_a_campus_across_a_river_is_two_grids() -> None:
    """Units that nobody can walk between do not lie together."""
    town = rule_town(schools=(0, 1))
    town["barriers"] = barrier("railway", shapely.LineString([(100, -10), (100, 310)]))
    town["streets"]["walk"] = False
    plan = divide_region(town, grid_rules=Rules(special=(CAMPUS,)), date=DATE)
    assert len(codes_of(plan, "campus")) == 2


def test_frozen_grids_outlive_a_new_division() -> None:
    """A grid frozen by decree keeps code, land and buildings though the bounds change; the rest is divided anew."""
    town = rule_town()
    first = divide_region(town, date=DATE)
    code = first.grids["grid_id"][1]
    rules = Rules(frozen=(FrozenRule(grids=(code,), decree="No. 12", date="2025-06-01"),))
    second = divide_region({**town, **first.layers()}, params=DivideParams(100, 200), grid_rules=rules, date=LATER)
    row = second.grids.set_index("grid_id").loc[code]
    assert (row["purpose"], row["decree"], row["households"]) == ("frozen", "No. 12, 2025-06-01", 400)
    assert row.geometry.equals(first.grids.geometry[1])
    assert members(second, code) == members(first, code)
    assert second.summary()["frozen_grids"] == 1
    assert second.violations.empty


def test_frozen_land_stays_the_same(city: dict[str, Any]) -> None:
    """In a town of crooked blocks, a quarter of the grids frozen keep land, code and buildings under other bounds."""
    first = divide_region(city, date=DATE)
    codes = tuple(first.grids["grid_id"][::4])
    rules = Rules(frozen=(FrozenRule(grids=codes),))
    second = divide_region({**city, **first.layers()}, params=DivideParams(200, 350), grid_rules=rules, date=LATER)
    land = [plan.grids.set_index("grid_id").geometry.reindex(codes).to_numpy() for plan in (first, second)]
    assert shapely.area(shapely.symmetric_difference(*land, grid_size=0.001)).max() == 0.0
    assert all(members(first, code) == members(second, code) for code in codes)
    assert (second.summary()["gaps_m2"], second.summary()["overlaps_m2"]) == (0.0, 0.0)


def test_a_whole_town_may_be_a_campus() -> None:
    """Where no ordinary land is left, there is nothing to divide and nothing to complain of."""
    rule = SpecialRule("campus", area=shapely.box(-10, -10, 2000, 2000))
    plan = divide_region(rule_town(), grid_rules=Rules(special=(rule,)), date=DATE)
    assert plan.grids["purpose"].tolist() == ["campus"] * 2
    assert plan.grids["households"].tolist() == [1200] * 2
    assert plan.violations.empty


def test_land_in_a_polygon_is_frozen_in_each_community() -> None:
    """A polygon over a community border becomes a frozen grid on each side, even in several pieces."""
    area = shapely.union_all([shapely.box(300, 0, 500, 100), shapely.box(0, 0, 100, 100)])
    rules = Rules(frozen=(FrozenRule(area=area, name="Old village", name_zh="古村"),))
    plan = divide_region(rule_town(), grid_rules=rules, date=DATE)
    frozen = plan.grids[plan.grids["purpose"] == "frozen"]
    assert frozen["community_id"].tolist() == [WEST, EAST]
    assert frozen["households"].tolist() == [200, 100]
    assert frozen["name_zh"].tolist() == ["古村"] * 2


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.integers(0, 350), min_size=24, max_size=24),
    st.sets(st.integers(0, 23), min_size=1, max_size=6),
    st.integers(0, 7),
    st.lists(st.integers(0, 350), min_size=24, max_size=24),
)
def test_special_and_frozen_grids_keep_their_units(
    households: list[int], schools: set[int], frozen: int, later: list[int]
) -> None:
    """Whatever the counts, and whatever they become: divide and rebalance leave these grids as they are."""
    households[12] = max(households[12], 1)
    town = rule_town(households, schools=tuple(schools))
    first = divide_region(town, grid_rules=Rules(special=(CAMPUS,)), date=DATE)
    of_use = frozenset(town["buildings"].loc[town["buildings"]["use"] == "school", "building_id"])
    assert frozenset().union(*(members(first, code) for code in codes_of(first, "campus"))) >= of_use
    code = first.grids["grid_id"][frozen % len(first.grids)]
    rules = Rules((RURAL,), (CAMPUS,), (FrozenRule(grids=(code,)),))
    town |= first.layers()
    town["buildings"] = town["buildings"].assign(households=later)
    second = divide_region(town, grid_rules=rules, date=LATER)
    moved = rebalance_region(town, grid_rules=rules, date=LATER)
    assert members(first, code) == members(second, code) == members(moved, code)
    before = first.units.groupby("grid_id")["unit_id"].agg(frozenset)
    after = moved.units.groupby("grid_id")["unit_id"].agg(frozenset)
    assert all(before[grid] == after[grid] for grid in {code, *codes_of(first, "campus")})
    for plan in (first, second, moved):
        assert (plan.summary()["gaps_m2"], plan.summary()["overlaps_m2"]) == (0.0, 0.0)
        assert plan.grids["households"].sum() == plan.buildings["households"].sum()
        bounded = plan.grids["minimum_households"].notna()
        low, high = plan.grids["minimum_households"].fillna(0), plan.grids["maximum_households"].fillna(10**9)
        outside = ~plan.grids["households"].between(low, high)
        assert not outside[~bounded].any()
        assert plan.grids.loc[outside, "violations"].notna().all()
        assert bounded.eq(plan.grids["purpose"].eq("general")).all()


def test_rebalancing_keeps_the_bounds_of_each_community() -> None:
    """When a village grid outgrows its own bounds, it is mended, though the city's would allow it."""
    rules = Rules((RURAL,))
    town = rule_town()
    town |= divide_region(town, grid_rules=rules, date=DATE).layers()
    grown = town["buildings"].geometry.centroid.x > 600
    town["buildings"] = town["buildings"].assign(households=np.where(grown, 150, 100))
    plan = rebalance_region(town, grid_rules=rules, date=LATER)
    village = plan.grids[plan.grids["community_id"] == EAST]
    assert village["households"].between(150, 250).all()
    assert plan.violations.empty


def test_drift_in_a_city_with_rules(city: dict[str, Any]) -> None:
    """After a year of change, a city with a frozen grid and a village is rebalanced; the frozen grid is untouched."""
    first = divide_region(city, date=DATE)
    code = first.grids["grid_id"][3]
    village = next(c for c in first.communities["community_id"] if not code.startswith(str(c)))
    rules = Rules((BoundsRule(150, 250, communities=(village,)),), frozen=(FrozenRule(grids=(code,)),))
    second = divide_region({**city, **first.layers()}, grid_rules=rules, date=DATE)
    town = drifted({**city, **second.layers()}, 1)
    plan = rebalance_region(town, grid_rules=rules, date=LATER)
    before = second.units.groupby("grid_id")["unit_id"].agg(frozenset)
    assert frozenset(plan.units.loc[plan.units["grid_id"] == code, "unit_id"]) == before[code]
    assert plan.summary()["share_within_bounds"] >= 0.9


def test_a_rule_that_does_not_fit_stops_the_division() -> None:
    """Rules made in Python are checked as those of a file are."""
    with pytest.raises(LayerFaultsError, match="matches nothing"):
        divide_region(rule_town(), grid_rules=Rules(frozen=(FrozenRule(grids=("x",)),)), date=DATE)
    with pytest.raises(LayerFaultsError, match="matches nothing"):
        rebalance_region(rule_town(), grid_rules=Rules((BoundsRule(1, 2, communities=("x",)),)), date=DATE)
