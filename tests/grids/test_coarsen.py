"""Coarsening against sums over units."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridtwin.grids import kernel
from gridtwin.grids.coarsen import GROUPS_A_GRID, coarse_graph
from gridtwin.grids.kernel import UnitGraph
from gridtwin.grids.params import DivideParams
from gridtwin.grids.solve import divide_graph
from tests.grids.test_kernel import NO_BASE, connected, graph_of

PARAMS = DivideParams()


def small_units(columns: int, rows: int, seed: int, *, street_at: int = 0, compounds: int = 0) -> UnitGraph:
    """Return a lattice of small units with costly borders; a street, where boundaries cost little, crosses it."""
    rng = np.random.default_rng(seed)
    n = columns * rows
    compound = rng.integers(-1, compounds, n) if compounds else None
    graph = graph_of(columns, rows, rng.integers(0, 12, n), compound)
    tail = np.repeat(np.arange(n), np.diff(graph.indptr))
    across = (tail % columns < street_at) != (graph.head % columns < street_at)
    return graph._replace(cut=np.where(across, 0.1, 1.5))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 20), st.integers(0, 4))
def test_groups_add_up(seed: int, street_at: int, compounds: int) -> None:
    """Groups keep the sums, stay within their part of a grid, and cross neither streets nor compounds."""
    graph = small_units(20, 16, seed, street_at=street_at, compounds=compounds)
    found = coarse_graph(graph, PARAMS)
    assert found is not None
    coarse, group = found
    assert len(coarse.households) < len(graph.households)
    assert connected(graph, group)
    for column in ("households", "area_m2"):
        sums = np.bincount(group, weights=getattr(graph, column))
        assert np.allclose(getattr(coarse, column), sums)
    assert coarse.households.max() <= max(PARAMS.target / GROUPS_A_GRID, graph.households.max())
    assert np.array_equal(coarse.compound[group], graph.compound)
    side = np.arange(320) % 20 < street_at
    assert all(len(np.unique(side[group == g])) == 1 for g in range(len(coarse.households)))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32))
def test_a_plan_of_groups_costs_what_its_units_cost(seed: int) -> None:
    """The objective of a plan is the same on the groups and on their units."""
    graph = small_units(20, 16, seed, street_at=7)
    found = coarse_graph(graph, PARAMS)
    assert found is not None
    coarse, group = found
    labels = divide_graph(coarse, PARAMS, seed=seed).astype(np.int32)
    k = int(labels.max()) + 1
    goal = PARAMS.objective()
    whole = kernel.plan_cost(graph, goal, labels[group], k, NO_BASE)
    assert kernel.plan_cost(coarse, goal, labels, k, NO_BASE) == pytest.approx(whole)


def test_few_units_stay_as_they_are() -> None:
    """A graph with few units for each grid is not coarsened, nor is one in which only streets divide the units."""
    assert coarse_graph(graph_of(6, 6, np.full(36, 100.0)), PARAMS) is None
    assert coarse_graph(graph_of(20, 16, np.full(320, 5.0)), PARAMS) is None


def test_many_small_units_are_divided_along_the_street() -> None:
    """Two blocks of small units with 400 households each, a street between them: the street is the boundary."""
    graph = small_units(20, 16, 3, street_at=10)._replace(households=np.full(320, 2.5))
    labels = divide_graph(graph, PARAMS, seed=1)
    assert np.bincount(labels, weights=graph.households).tolist() == [400.0, 400.0]
    assert len(np.unique(labels[np.arange(320) % 20 < 10])) == 1
