"""Two plans side by side, checked on a lattice."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridtwin.errors import InputError
from gridtwin.grids import DivideParams, divide_region
from gridtwin.grids.compare import PlanComparison, PlanSide, compare_plans, plan_side
from gridtwin.grids.zones import Zones
from tests.grids.lattice import lattice

DATE = "2026-01-01"


def town_of(*plans: tuple[str, list[str]], households: Any = 100) -> dict[str, Any]:
    """Return a lattice of eight blocks with plans that name the grid of each unit."""
    town = lattice(4, 2, households)
    town |= divide_region(town, date=DATE).layers()
    units = town["units"][["unit_id"]]
    parts = [units.assign(plan=plan, grid_id=grids) for plan, grids in plans]
    return town | {"assignments": pd.concat(parts, ignore_index=True)}


def side_of(town: dict[str, Any], plan: str, *, maximum: int = 500) -> PlanSide:
    """Return a plan whose grids may all have 300 to ``maximum`` households."""
    return plan_side(town, plan, Zones.uniform(DivideParams(300, maximum), len(town["units"])))


def compared(town: dict[str, Any], first: str, second: str) -> PlanComparison:
    """Return the comparison of two plans of one town."""
    return compare_plans(side_of(town, first), side_of(town, second))


def test_differences_are_counted() -> None:
    """Moving one block of 100 households from one grid to the next is all that differs."""
    town = lattice(4, 2, 100)
    plan = divide_region(town, date=DATE)
    town |= plan.layers()
    one = plan.units[["unit_id", "grid_id"]].assign(plan="one")
    two = one.assign(plan="two")
    codes = plan.grids["code"].tolist()
    border = two.index[two["grid_id"] == codes[0]][-1]
    two.loc[border, "grid_id"] = codes[1]
    both = pd.concat([one, two], ignore_index=True)
    town["assignments"] = both
    sides = side_of(town, "one", maximum=450), side_of(town, "two", maximum=450)
    compared = compare_plans(*sides)
    summary = compared.summary()
    assert (summary["households"], summary["households_moved"], summary["share_moved"]) == (800, 100, 0.125)
    assert summary["first"]["share_within_bounds"] == 1.0
    assert summary["second"]["share_within_bounds"] == 0.5
    assert compared.moved[["first", "second"]].to_numpy().tolist() == [codes]
    assert compared.communities.to_dict(orient="records") == [
        {
            "community_id": "110108001001",
            "households": 800,
            "first_grids": 2,
            "first_within": 2,
            "second_grids": 2,
            "second_within": 1,
            "households_moved": 100,
        }
    ]
    assert compare_plans(sides[0], sides[0]).moved.empty


def test_transfers_are_a_list_of_pairs() -> None:
    """Of 400 households in A, 300 stay and 100 go to B, which keeps its 400."""
    town = town_of(("one", list("AAAABBBB")), ("two", list("AAABBBBB")))
    done = compared(town, "one", "two")
    assert done.transfers.to_dict(orient="records") == [
        {"first": "B", "second": "B", "households": 400, "share": 1.0},
        {"first": "A", "second": "A", "households": 300, "share": 0.75},
        {"first": "A", "second": "B", "households": 100, "share": 0.25},
    ]
    assert done.retention["core_retention"].tolist() == [0.75, 1.0]


def test_new_code_for_the_same_households_keeps_the_core() -> None:
    """A grid that only changes its code has moved all its households, but they stay together."""
    done = compared(town_of(("one", list("AAAABBBB")), ("two", list("CCCCBBBB"))), "one", "two")
    assert done.summary()["households_moved"] == 400
    assert done.retention.to_dict(orient="records")[0] == {
        "grid_id": "A",
        "households": 400,
        "retained_in": "C",
        "retained": 400,
        "core_retention": 1.0,
    }


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from("ABC"), min_size=8, max_size=8), st.lists(st.sampled_from("ABC"), min_size=8, max_size=8)
)
def test_transfers_conserve_households(one: list[str], two: list[str]) -> None:
    """Whatever the plans, the transfers add up to all households, and those between unequal codes to the moved."""
    town = _DIVIDED | {
        "assignments": pd.concat(
            [
                _DIVIDED["units"][["unit_id"]].assign(plan="one", grid_id=one),
                _DIVIDED["units"][["unit_id"]].assign(plan="two", grid_id=two),
            ]
        )
    }
    done = compared(town, "one", "two")
    pairs = done.transfers
    assert pairs["households"].sum() == 800
    assert pairs.loc[pairs["first"] != pairs["second"], "households"].sum() == done.summary()["households_moved"]
    assert done.retention["core_retention"].between(1 / 3, 1).all()


_DIVIDED = town_of(("one", list("AAAABBBB")))


def test_measures_are_computed_where_none_are_recorded() -> None:
    """Two grids of a lattice: all of the boundary runs along streets, no compound, one officer each."""
    measures = compared(town_of(("one", list("AABBAABB"))), "one", "one").summary()["first"]
    assert (measures["street_share"], measures["compounds_split"], measures["grid_officers"]) == (1.0, 0, 2)


def test_compounds_split_follow_the_plan() -> None:
    """A compound of the first two blocks is split by the plan that parts them, and not by the other."""
    town = town_of(("one", list("AABBAABB")), ("two", list("ABBBABBB")))
    compound = np.where(np.arange(8) < 2, "x", None)
    town["buildings"] = town["buildings"].assign(compound_id=pd.Series(compound, dtype="str"))
    done = compared(town, "one", "two").summary()
    assert (done["first"]["compounds_split"], done["second"]["compounds_split"]) == (0, 1)


def test_recorded_measures_are_taken() -> None:
    """What was recorded with a plan is shown as it was recorded."""
    town = town_of(("one", list("AABBAABB")))
    recorded = {"street_share": 0.5, "compounds_split": 7, "grid_officers": 9}
    town["plans"] = pd.DataFrame({"plan": ["one"], "summary": [json.dumps(recorded)]})
    measures = compared(town, "one", "one").summary()["first"]
    assert {name: measures[name] for name in recorded} == recorded


def test_plans_of_two_regions_are_matched_by_place() -> None:
    """Where the other region has other units, a unit takes the grid at its place; beyond it, none."""
    town = town_of(("one", list("AAAABBBB")))
    other = lattice(3, 2, 100, streets=False)
    other |= divide_region(other, date=DATE).layers()
    other["assignments"] = other["units"][["unit_id"]].assign(plan="old", grid_id="A")
    done = compare_plans(side_of(town, "one"), side_of(other, "old"))
    assert done.summary()["households_unmatched"] == 200
    gone = done.transfers[done.transfers["second"].isna()]
    assert gone["households"].sum() == 200
    assert done.summary()["households_moved"] == 200 + 300


def test_unknown_plans_are_named() -> None:
    """A plan that is not there is refused, with those that are."""
    with pytest.raises(InputError, match="no plan 'two'; there are: one"):
        side_of(town_of(("one", list("AAAABBBB"))), "two")
