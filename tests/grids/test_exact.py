"""Exact division against every plan there is, one by one."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridtwin.grids import kernel
from gridtwin.grids.exact import divide_exactly, grids_of_plan
from gridtwin.grids.kernel import UnitGraph
from gridtwin.grids.kernel_exact import WORD, enumerate_grids
from gridtwin.grids.params import QUALITIES, DivideParams, Weights
from gridtwin.grids.polish import polish_graph
from gridtwin.grids.solve import divide_graph
from tests.grids.test_kernel import NO_BASE, connected, graph_of

PARAMS = DivideParams(quality="best")
LARGE = 10**9


def all_grids(graph: UnitGraph, params: DivideParams) -> set[frozenset[int]]:
    """Return every connected set of units within the bounds, by networkx."""
    net = nx.Graph()
    net.add_nodes_from(range(len(graph.households)))
    for u in net.nodes:
        net.add_edges_from((u, int(v)) for v in graph.head[graph.indptr[u] : graph.indptr[u + 1]])
    found = set()
    for size in range(1, len(net) + 1):
        for units in combinations(range(len(net)), size):
            load = graph.households[list(units)].sum()
            if params.minimum <= load <= params.maximum and nx.is_connected(net.subgraph(units)):
                found.add(frozenset(units))
    return found


def cost_of(graph: UnitGraph, params: DivideParams, labels: np.ndarray) -> float:
    """Return the objective of a plan."""
    k = int(labels.max()) + 1
    return kernel.plan_cost(graph, params.objective(), labels.astype(np.int32), k, NO_BASE)


def cheapest(graph: UnitGraph, params: DivideParams, k: int) -> float:
    """Return the cost of the best plan of ``k`` grids, by trying every labelling."""
    best = np.inf
    for rest in product(range(k), repeat=len(graph.households) - 1):
        labels = np.array([0, *rest])
        load = np.bincount(labels, weights=graph.households, minlength=k)
        if load.min() < params.minimum or load.max() > params.maximum or not connected(graph, labels):
            continue
        best = min(best, cost_of(graph, params, labels))
    return best


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 4), st.integers(2, 3))
def test_every_grid_is_listed_once_with_its_cost(seed: int, columns: int, rows: int) -> None:
    """The listed grids are those that networkx finds, none twice, each with its share of the objective."""
    rng = np.random.default_rng(seed)
    n = columns * rows
    graph = graph_of(columns, rows, rng.integers(0, 300, n), rng.integers(-1, 3, n))
    sets, least, masks, costs, reduced, complete = enumerate_grids(
        graph, PARAMS.objective(), np.zeros(n), np.inf, LARGE, 10_000
    )
    unit = np.arange(n)
    listed = [frozenset(np.flatnonzero(mask[unit // WORD] >> unit.astype(np.uint64) & np.uint64(1))) for mask in masks]
    assert complete
    assert sets >= len(listed)
    assert len(set(listed)) == len(listed)
    assert set(listed) == all_grids(graph, PARAMS)
    assert least == (costs.min() if len(costs) else np.inf)
    assert np.array_equal(costs, reduced)
    for members, cost in zip(listed, costs, strict=True):
        labels = np.ones(n, np.int64)
        labels[list(members)] = 0
        assert cost == pytest.approx(grids_of_plan(graph, PARAMS, labels)[1][0])


def test_the_heap_keeps_the_cheapest_grids() -> None:
    """With room for few grids, those with the lowest reduced cost are kept, and the list is not called complete."""
    rng = np.random.default_rng(5)
    graph = graph_of(4, 4, rng.integers(60, 200, 16))
    goal, price = PARAMS.objective(), rng.random(16)
    whole = np.sort(enumerate_grids(graph, goal, price, np.inf, LARGE, 10_000)[4])
    few = enumerate_grids(graph, goal, price, np.inf, LARGE, 7)
    assert np.allclose(np.sort(few[4]), whole[:7])
    assert not few[5]
    assert enumerate_grids(graph, goal, price, np.inf, 10, 7)[0] == 11  # one too many, and no more


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_the_best_of_all_plans_is_found_and_proved(seed: int) -> None:
    """On lattices of nine units, the exact plan costs what the cheapest of all labellings costs."""
    rng = np.random.default_rng(seed)
    graph = graph_of(3, 3, rng.integers(80, 220, 9), rng.integers(-1, 3, 9))
    labels = divide_graph(graph, DivideParams(seed=seed), seed=seed)
    load = np.bincount(labels, weights=graph.households)
    if load.min() < 300 or load.max() > 500 or len(load) > 4:
        return
    exact = divide_exactly(graph, PARAMS, labels, most_sets=LARGE, most_work=20.0)
    assert exact is not None
    assert exact.proved
    assert exact.cost == pytest.approx(cheapest(graph, PARAMS, len(load)), abs=1e-6)
    assert exact.bound == pytest.approx(exact.cost, abs=1e-3)
    assert cost_of(graph, PARAMS, exact.labels) == pytest.approx(exact.cost)
    assert connected(graph, exact.labels)


def test_the_sum_over_grids_is_the_cost_of_the_plan() -> None:
    """Costs of the grids, less one split for each compound, make the objective."""
    rng = np.random.default_rng(2)
    compound = rng.integers(-1, 5, 30)
    graph = graph_of(6, 5, rng.integers(20, 140, 30), compound)
    labels = divide_graph(graph, PARAMS, seed=1)
    _, costs = grids_of_plan(graph, PARAMS, labels)
    beyond = PARAMS.weights.compound_split * len(np.unique(compound[compound >= 0]))
    assert costs.sum() - beyond == pytest.approx(cost_of(graph, PARAMS, labels))


def test_too_many_sets_are_left_alone() -> None:
    """A graph with more connected sets than the quality allows is not divided exactly."""
    graph = graph_of(8, 8, np.full(64, 50.0))
    labels = divide_graph(graph, DivideParams(), seed=1)
    assert divide_exactly(graph, PARAMS, labels, most_sets=50_000, most_work=1.0) is None


def test_windows_improve_a_plan_too_large_to_prove(monkeypatch: pytest.MonkeyPatch) -> None:
    """A poor plan of a large lattice gets better, stays within bounds and connected, and claims no bound."""
    monkeypatch.setitem(QUALITIES, "best", replace(QUALITIES["best"], most_sets=1_000))
    params = DivideParams(quality="best")
    graph = graph_of(16, 8, np.full(128, 50.0))
    poor = np.arange(128) % 16  # strips of one by eight blocks
    found = polish_graph(graph, params, poor)
    assert found.cost < cost_of(graph, params, poor) - 1.0
    assert found.cost == pytest.approx(cost_of(graph, params, found.labels))
    assert connected(graph, found.labels)
    load = np.bincount(found.labels, weights=graph.households)
    assert (len(load), load.min() >= 300, load.max() <= 500) == (16, True, True)
    assert found.bound is None
    assert not found.proved


def test_steps_after_a_thorough_plan_stay_quick() -> None:
    """What a plan was made with holds for later steps, but for its quality, which would make each edit wait."""
    made = DivideParams(200, 400, 320, seed=7, quality="best", weights=Weights(compactness=6.0)).to_dict()
    assert DivideParams.of_plan(made) == DivideParams(200, 400, 320, seed=7, weights=Weights(compactness=6.0))
    assert DivideParams.of_plan(made, maximum=500).target == 350
    assert DivideParams.of_plan({}) == DivideParams()


def test_weights_are_read_from_texts() -> None:
    """Weights given as texts change those named and no other; a dash reads as an underscore."""
    assert Weights.of_texts(["compactness=6", "inside-compound=2.5"]) == Weights(compactness=6.0, inside_compound=2.5)
