"""Exact mending of windows, and proofs, against enumeration of all divisions."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import partial

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridtwin.grids import certify as certify_module
from gridtwin.grids.assign import assign_units
from gridtwin.grids.certify import certify
from gridtwin.grids.params import DivideParams
from gridtwin.grids.units import Units, make_units
from gridtwin.grids.zones import Zones
from tests.grids.lattice import lattice

PARAMS = DivideParams()


def units_of(columns: int, rows: int, households: list[int]) -> Units:
    """Return the units of a lattice."""
    town = lattice(columns, rows, households)
    return make_units(town["buildings"], town["streets"], town["barriers"], town["communities"], split_above=10_000)


def zones_of(units: Units) -> Zones:
    """Return the same bounds for all units."""
    return Zones.uniform(PARAMS, len(units.frame))


def loads(units: Units, grid: np.ndarray) -> np.ndarray:
    """Return the households of the grids that exist."""
    load = np.bincount(grid, weights=units.frame["households"])
    return load[np.unique(grid)]


def divisible(columns: int, rows: int, households: list[int]) -> bool:
    """Return whether any division into contiguous grids keeps the bounds, by trying all labellings."""
    net = nx.convert_node_labels_to_integers(nx.grid_2d_graph(rows, columns), ordering="sorted")
    n = len(households)
    for k in range(1, sum(households) // PARAMS.minimum + 1):
        for labels in itertools.product(range(k), repeat=n):
            load = np.bincount(labels, weights=households, minlength=k)
            if (load < PARAMS.minimum).any() or (load > PARAMS.maximum).any():
                continue
            if all(nx.is_connected(net.subgraph([i for i in range(n) if labels[i] == g])) for g in range(k)):
                return True
    return False


def test_a_bad_plan_is_mended() -> None:
    """Two columns of 250 and 650 become two grids of 450, contiguous."""
    units = units_of(2, 3, [50, 200, 100, 250, 100, 200])
    grid = np.array([0, 1, 0, 1, 0, 1])
    done = certify(units, grid, np.zeros(6, np.int64), zones_of(units))
    assert sorted(loads(units, done.grid)) in ([400, 500], [450, 450])
    assert not done.proved
    assert grid.tolist() == [0, 1, 0, 1, 0, 1]


def test_what_cannot_be_mended_is_proved() -> None:
    """Three blocks of 290, 310 and 290 in a row cannot make two grids of 300–500."""
    units = units_of(3, 1, [290, 310, 290])
    done = certify(units, np.array([0, 0, 1]), np.zeros(3, np.int64), zones_of(units))
    assert done.proved
    assert loads(units, done.grid).tolist() == [600, 290]


def test_oversize_buildings_are_left_alone() -> None:
    """A grid with a building of 600 is not touched, and takes part in no window."""
    units = units_of(3, 1, [600, 200, 300])
    done = certify(units, np.array([0, 1, 2]), np.zeros(3, np.int64), zones_of(units))
    assert loads(units, done.grid).tolist() == [600, 500]


def test_totals_that_fit_no_number_are_not_searched() -> None:
    """Where no number of grids fits the total, there is nothing to prove by search."""
    units = units_of(2, 1, [270, 270])
    done = certify(units, np.array([0, 1]), np.zeros(2, np.int64), zones_of(units))
    assert not done.proved
    assert done.grid.tolist() == [0, 1]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([0, 90, 150, 210, 290, 310]), min_size=6, max_size=6))
def test_verdicts_agree_with_enumeration(households: list[int]) -> None:
    """On six blocks, mending succeeds exactly where some division exists, and is a proof where none does."""
    units = units_of(3, 2, households)
    total = sum(households)
    low, high = PARAMS.grid_numbers(total)
    if low > high or total == 0:
        return
    start = assign_units(units, Zones.uniform(replace(PARAMS, effort=0.1), 6))
    done = certify(units, start.grid, start.part, zones_of(units))
    load = loads(units, done.grid)
    good = bool(((load >= PARAMS.minimum) & (load <= PARAMS.maximum)).all())
    assert good == divisible(3, 2, households)
    assert bool(done.proved) == (not good)


def test_a_bottleneck_is_a_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where 228 can only be joined with 311, that is proved without a search, and nothing else is."""
    monkeypatch.setattr("gridtwin.grids.certify.LARGEST_WINDOW", 0)
    units = units_of(5, 1, [228, 0, 311, 200, 200])
    whole = np.zeros(5, np.int64)
    assert certify(units, np.array([0, 0, 0, 1, 1]), whole, zones_of(units)).proved == {0}
    assert certify(units, np.array([0, 0, 1, 1, 1]), whole, zones_of(units)).proved == {0, 1}
    free = units_of(5, 1, [228, 0, 211, 200, 200])
    assert not certify(free, np.array([0, 0, 1, 1, 1]), whole, zones_of(free)).proved


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([0, 90, 150, 210, 290, 310]), min_size=6, max_size=6))
def test_no_bottleneck_where_a_division_exists(households: list[int]) -> None:
    """Without any search, what bottlenecks prove is true: by enumeration no division keeps the bounds."""
    units = units_of(6, 1, households)
    start = assign_units(units, Zones.uniform(replace(PARAMS, effort=0.1), 6))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gridtwin.grids.certify.LARGEST_WINDOW", 0)
        proved = certify(units, start.grid, start.part, zones_of(units)).proved
    assert not (proved and divisible(6, 1, households))


@pytest.mark.parametrize("seed", [0, 1])
def test_mending_does_not_depend_on_luck(seed: int) -> None:
    """The same plan is mended the same way, again and again."""
    households = np.random.default_rng(seed).integers(0, 260, 24).tolist()
    units = units_of(6, 4, households)
    grid = np.arange(24) // 4
    part = np.zeros(24, np.int64)
    first, second = certify(units, grid, part, zones_of(units)), certify(units, grid, part, zones_of(units))
    assert np.array_equal(first.grid, second.grid)
    assert first.proved == second.proved


def test_many_small_grids_are_merged_not_proved() -> None:
    """Eight grids of 120 fit into two or three: a number far from eight is a remedy, not a proof of none."""
    units = units_of(4, 2, [120] * 8)
    done = certify(units, np.arange(8), np.zeros(8, np.int64), zones_of(units))
    assert not done.proved
    load = loads(units, done.grid)
    assert ((load >= PARAMS.minimum) & (load <= PARAMS.maximum)).all()


def test_the_search_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """With no work left for windows, a grid outside the bounds stays as it is, and nothing is claimed of it."""
    units = units_of(4, 2, [280] * 8)
    zones = zones_of(units)
    grid, part = np.arange(8), np.zeros(8, np.int64)
    assert certify(units, grid, part, zones).proved == frozenset(range(8))
    monkeypatch.setattr(certify_module, "Budget", partial(certify_module.Budget, 0.0))
    found = certify(units, grid, part, zones)
    assert np.array_equal(found.grid, grid)
    assert found.proved == frozenset()
