"""Two plans side by side, checked on a lattice."""

from __future__ import annotations

import pandas as pd
import pytest

from gridtwin.errors import InputError
from gridtwin.grids import DivideParams, divide_region
from gridtwin.grids.compare import compare_plans
from gridtwin.grids.zones import Zones
from tests.grids.lattice import lattice


def test_differences_are_counted() -> None:
    """Moving one block of 100 households from one grid to the next is all that differs."""
    plan = divide_region(lattice(4, 2, 100), date="2026-01-01")
    one = plan.units[["unit_id", "grid_id"]].assign(plan="one")
    two = one.assign(plan="two")
    codes = plan.grids["code"].tolist()
    border = two.index[two["grid_id"] == codes[0]][-1]
    two.loc[border, "grid_id"] = codes[1]
    both = pd.concat([one, two], ignore_index=True)
    zones = Zones.uniform(DivideParams(300, 450), len(plan.units))
    compared = compare_plans(plan.units, both, "one", "two", zones=zones)
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
    same = compare_plans(plan.units, both, "one", "one", zones=zones)
    assert same.moved.empty


def test_unknown_plans_are_named() -> None:
    """A plan that is not there is refused, with those that are."""
    plan = divide_region(lattice(2, 2, 100), date="2026-01-01")
    assignments = plan.units[["unit_id", "grid_id"]].assign(plan="one")
    with pytest.raises(InputError, match="no plan 'two'; there are: one"):
        compare_plans(plan.units, assignments, "one", "two", zones=Zones.uniform(DivideParams(), 4))
