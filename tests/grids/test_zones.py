"""Zones: bounds of grids from the rules of their units."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from gridtwin.grids.params import DivideParams
from gridtwin.grids.zones import NO_MAXIMUM, SpecialGrid, Zones
from gridtwin.schemas import empty_layer

CITY, VILLAGE = DivideParams(300, 500), DivideParams(100, 200)


def zones(special: list[int]) -> Zones:
    """Return six units, the last three in a village; the special-purpose grids are a campus and a frozen one."""
    made = (SpecialGrid("campus", "School", "学校"), SpecialGrid("frozen", decree="No. 12", code="7"))
    return Zones((CITY, VILLAGE), np.array([0, 0, 0, 1, 1, 1]), np.array(special), made)


def test_bounds_are_those_of_the_units() -> None:
    """A grid has the bounds of its zone, a special-purpose grid and a number without units have none."""
    low, high = zones([-1, -1, 0, -1, -1, 1]).bounds(np.array([0, 0, 1, 3, 3, 4]))
    assert low.tolist() == [300, 0, 0, 100, 0]
    assert high.tolist() == [500, NO_MAXIMUM, NO_MAXIMUM, 200, NO_MAXIMUM]


def test_households_outside_the_bounds() -> None:
    """What a grid lacks or has too much counts; where there are no bounds nothing does."""
    grid = np.array([0, 0, 1, 3, 3, 4])
    outside = zones([-1, -1, 0, -1, -1, 1]).outside(grid, [100, 120, 9, 150, 90, 9_999])
    assert outside.tolist() == [80, 0, 0, 40, 0]


def test_columns_name_purpose_and_bounds() -> None:
    """Each grid has its purpose; without bounds both of their columns are empty."""
    made = pd.DataFrame(zones([-1, -1, 0, -1, -1, 1]).columns(np.array([0, 0, 1, 2, 2, 3])))
    assert made["purpose"].tolist() == ["general", "campus", "general", "frozen"]
    assert made["name_zh"].fillna("").tolist() == ["", "学校", "", ""]
    assert made["decree"].fillna("").tolist() == ["", "", "", "No. 12"]
    assert made["minimum_households"].fillna(0).tolist() == [300, 0, 100, 0]
    assert made["maximum_households"].isna().tolist() == [False, True, False, True]


def test_codes_that_are_kept() -> None:
    """Only a grid that comes with a code keeps it."""
    assert zones([-1, -1, 0, -1, -1, 1]).codes(np.array([0, 0, 1, 2, 2, 3])) == {3: "7"}


def test_a_plan_says_which_grids_are_special() -> None:
    """Special-purpose grids are read from the layer; grids without units and without purpose do not count."""
    grids = empty_layer("grids").drop(columns="geometry").reindex(range(4))
    grids = grids.assign(grid_id=list("abcd"), purpose=["general", None, "market", "campus"], name_zh="市场")
    made = Zones.uniform(CITY, 4).with_plan(pd.Series(list("acbc")), grids)
    assert made.special.tolist() == [-1, 0, -1, 0]
    assert made.special_grids == (SpecialGrid("market", name_zh="市场", code="c"),)


@given(st.lists(st.integers(0, 600), min_size=6, max_size=6), st.lists(st.integers(0, 3), min_size=6, max_size=6))
def test_uniform_zones_are_one_pair_of_bounds(households: list[int], labels: list[int]) -> None:
    """Without rules, what is outside is what is below the minimum or above the maximum."""
    grid = np.unique(labels, return_inverse=True)[1]
    load = np.bincount(grid, weights=households)
    expected = np.maximum(300 - load, 0) + np.maximum(load - 500, 0)
    assert Zones.uniform(CITY, 6).outside(grid, households).tolist() == expected.tolist()
