"""The exact minimum of households to move, and rebalancing and repair beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.edits import borders, lower_bound
from benchmarks.exact import fewest_moved
from gridtwin.grids import divide_region, edits
from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import Indices
from gridtwin.grids.present import Present, present_plan
from gridtwin.grids.rebalance import rebalance_units
from tests.grids.lattice import lattice

PARAMS = DivideParams()


def planned(columns: int, rows: int, households: object = 100) -> Present:
    """Return the plan of a lattice."""
    town = lattice(columns, rows, households)
    return present_plan({**town, **divide_region(town, date="2026-01-01").layers()}, PARAMS)


def with_households(plan: Present, households: Indices) -> Present:
    """Return the plan with other households in its units."""
    return replace(plan, units=replace(plan.units, frame=plan.units.frame.assign(households=households)))


def all_units(plan: Present) -> Indices:
    """Return the rows of all units."""
    return np.arange(len(plan.grid))


def test_a_plan_within_bounds_moves_nobody() -> None:
    """The minimum of a good plan is zero."""
    plan = planned(4, 2)
    assert fewest_moved(plan, all_units(plan), PARAMS) == 0


def test_the_minimum_of_a_case_on_paper() -> None:
    """Grids of 520 and 300 households in a row: the unit of 120 on their border moves, no smaller one can."""
    row = planned(8, 1)
    plan = with_households(row, np.array([180, 110, 110, 120, 75, 75, 75, 75]))
    assert fewest_moved(plan, all_units(plan), PARAMS) == 120
    assert fewest_moved(plan, all_units(plan), PARAMS, contiguous=False) == 110


def test_locks_and_pins_count() -> None:
    """With the border unit pinned the grids must swap their other units; with the neighbour locked nothing helps."""
    row = planned(8, 1)
    plan = with_households(row, np.array([180, 110, 110, 120, 75, 75, 75, 75]))
    pinned = plan.changed(pinned=all_units(plan) == 3)
    assert fewest_moved(pinned, all_units(plan), PARAMS) == 180 + 110 + 110 + 300
    locked = plan.changed(locked=np.arange(2) == plan.grid[-1])
    assert fewest_moved(locked, all_units(plan), PARAMS) is None


def test_rebalancing_stays_near_the_exact_minimum() -> None:
    """On drifting lattices it restores every bound that can be and moves at most twice the fewest households."""
    moved, least = 0, 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        plan = planned(6, 3, rng.integers(60, 140, 18))
        later = with_households(plan, np.round(plan.households * rng.normal(1, 0.2, 18).clip(0.3)).astype(np.int64))
        fewest = fewest_moved(later, all_units(later), PARAMS)
        grid, _ = rebalance_units(later)
        there = np.bincount(grid) > 0
        load = np.bincount(grid, weights=later.households)[there]
        if fewest is None or ((load < 300) | (load > 500)).any():
            continue
        away = int(later.households[grid != later.grid].sum())
        assert away >= fewest
        moved, least = moved + away, least + fewest
    assert 0 < least <= moved <= 2 * least


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_repair_never_moves_less_than_its_lower_bound(seed: int) -> None:
    """The bound without contiguity is a bound."""
    plan = planned(6, 4)
    first, second, group = next(borders(plan, np.random.default_rng(seed)))
    assert first != second
    drag = edits.move_units(plan, group, second)
    mended = edits.repair(drag.plan, drag.touched, keep=group)
    assert mended.plan.violations.empty
    assert mended.households_moved >= (lower_bound(drag.plan, group) or 0)
