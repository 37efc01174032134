"""The compiled kernel against plain re-computation."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridtwin.grids import kernel
from gridtwin.grids.kernel import Objective, UnitGraph

GOAL = Objective(300.0, 500.0, 400.0, 15.0, 1.0, 0.15, 3.0, 0.0)
NO_BASE = np.full(1, -1, np.int32)


def graph_of(columns: int, rows: int, households: np.ndarray, compound: np.ndarray | None = None) -> UnitGraph:
    """Return a lattice of 100 m squares as the kernel's graph."""
    n = columns * rows
    index = np.arange(n).reshape(rows, columns)
    a = np.r_[index[:, :-1].ravel(), index[:-1].ravel()]
    b = np.r_[index[:, 1:].ravel(), index[1:].ravel()]
    tail, head = np.r_[a, b], np.r_[b, a]
    order = np.lexsort((head, tail))
    indptr = np.r_[0, np.cumsum(np.bincount(tail, minlength=n))].astype(np.int32)
    return UnitGraph(
        households.astype(np.float64),
        np.full(n, 1e4),
        np.full(n, 400.0),
        np.full(n, -1, np.int32) if compound is None else compound.astype(np.int32),
        indptr,
        head[order].astype(np.int32),
        np.full(len(head), 100.0),
        np.full(len(head), 0.15),
    )


def unpinned(graph: UnitGraph) -> np.ndarray:
    """Return flags that pin no unit."""
    return np.zeros(len(graph.households), np.bool_)


def connected(graph: UnitGraph, labels: np.ndarray) -> bool:
    """Return whether every grid is connected, by networkx."""
    net = nx.Graph()
    net.add_nodes_from(range(len(labels)))
    for u in range(len(labels)):
        net.add_edges_from((u, int(v)) for v in graph.head[graph.indptr[u] : graph.indptr[u + 1]])
    return all(nx.is_connected(net.subgraph(np.flatnonzero(labels == g).tolist())) for g in np.unique(labels))


def solve(graph: UnitGraph, k: int, seed: int, goal: Objective = GOAL) -> tuple[float, np.ndarray, int]:
    """Return cost, labels and number of grids of a full run."""
    state = np.array([seed], np.uint64)
    labels, grids = kernel.seed_plan(graph, goal, k, 12, 4.0, state)
    locked = np.zeros(grids, np.bool_)
    cost, labels = kernel.anneal(
        graph, goal, labels, grids, 40 * grids, 60, 1.0, 0.03, 4.0, NO_BASE, locked, unpinned(graph), state
    )
    return cost, labels, grids


def test_best_plan_known_on_paper() -> None:
    """A lattice of 4 × 4 blocks of 100 households has one best plan: four squares of 2 × 2."""
    graph = graph_of(4, 4, np.full(16, 100.0))
    cost, labels, grids = solve(graph, 4, seed=1)
    assert grids == 4
    square = labels.reshape(2, 2, 2, 2)  # row of squares, row within, column of squares, column within
    assert all(len(np.unique(square[i, :, j, :])) == 1 for i in range(2) for j in range(2))
    compactness = 4 * (1 - 4 * np.pi * 4e4 / 800.0**2)
    cuts = 8 * 0.15
    assert cost == pytest.approx(compactness + cuts)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(2, 7),
    st.integers(2, 7),
    st.integers(1, 6),
    st.integers(0, 2**32),
    st.randoms(use_true_random=False),
)
def test_plans_are_connected_and_costed_exactly(columns: int, rows: int, k: int, seed: int, luck: object) -> None:
    """The running cost of thousands of moves equals the cost computed afresh; every grid is connected."""
    rng = np.random.default_rng(luck.getrandbits(32))  # type: ignore[attr-defined]
    n = columns * rows
    graph = graph_of(columns, rows, rng.integers(0, 200, n), rng.integers(-1, 4, n))
    cost, labels, grids = solve(graph, min(k, n), seed)
    assert len(np.unique(labels)) == grids
    assert connected(graph, labels)
    assert cost == pytest.approx(kernel.plan_cost(graph, GOAL, labels, grids, NO_BASE), abs=1e-6)


def test_compounds_stay_whole_when_it_costs_nothing() -> None:
    """Two rows of two compounds each: the plan follows the compounds, not the columns."""
    compound = np.repeat([0, 1, 2, 3], 4)
    graph = graph_of(4, 4, np.full(16, 100.0), compound)
    _, labels, grids = solve(graph, 4, seed=3, goal=GOAL._replace(compound_split=10.0))
    assert grids == 4
    assert all(len(np.unique(labels[compound == c])) == 1 for c in range(4))


def test_same_seed_same_plan() -> None:
    """The kernel is a function of its input and its seed."""
    graph = graph_of(9, 9, np.random.default_rng(0).integers(20, 200, 81))
    _, first, _ = solve(graph, 20, seed=7)
    _, second, _ = solve(graph, 20, seed=7)
    assert np.array_equal(first, second)


def test_locked_grids_do_not_change() -> None:
    """Annealing leaves the members of a locked grid alone."""
    graph = graph_of(6, 6, np.random.default_rng(1).integers(20, 200, 36))
    state = np.array([5], np.uint64)
    labels, grids = kernel.seed_plan(graph, GOAL, 8, 12, 4.0, state)
    locked = np.zeros(grids, np.bool_)
    locked[2] = True
    _, after = kernel.anneal(
        graph, GOAL, labels, grids, 400, 60, 1.0, 0.03, 4.0, NO_BASE, locked, unpinned(graph), state
    )
    assert np.array_equal(labels == 2, after == 2)


def test_staying_has_its_price() -> None:
    """With a heavy weight on staying, a plan that needs no mending keeps its grids."""
    graph = graph_of(6, 4, np.full(24, 100.0))
    goal = GOAL._replace(stay=100.0)
    locked = np.zeros(6, np.bool_)
    columns = np.tile(np.arange(6), 4).astype(np.int32)  # six columns of four blocks, 400 households each
    _, after = kernel.anneal(
        graph, goal, columns, 6, 400, 60, 1.0, 0.03, 4.0, columns, locked, unpinned(graph), np.array([1], np.uint64)
    )
    assert np.array_equal(after, columns)


def test_random_numbers_are_uniform() -> None:
    """The generator fills [0, 1) evenly and repeats for a state."""
    state = np.array([42], np.uint64)
    drawn = np.array([kernel.random_unit(state) for _ in range(20_000)])
    assert 0 <= drawn.min() < drawn.max() < 1
    counts = np.histogram(drawn, 10, (0, 1))[0]
    assert counts.min() > 1_850
    assert counts.max() < 2_150
    assert kernel.random_unit(np.array([42], np.uint64)) == drawn[0]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 12))
def test_pinned_units_stay_in_their_grid(seed: int, count: int) -> None:
    """Pinned units never leave their grid, however much the others move, and the running cost stays exact."""
    rng = np.random.default_rng(seed)
    graph = graph_of(6, 6, rng.integers(20, 200, 36), rng.integers(-1, 4, 36))
    state = np.array([seed], np.uint64)
    labels, grids = kernel.seed_plan(graph, GOAL, 8, 12, 4.0, state)
    pinned = unpinned(graph)
    pinned[rng.choice(36, count, replace=False)] = True
    locked = np.zeros(grids, np.bool_)
    cost, after = kernel.anneal(graph, GOAL, labels, grids, 400, 60, 1.0, 0.03, 4.0, NO_BASE, locked, pinned, state)
    assert np.array_equal(after[pinned], labels[pinned])
    assert connected(graph, after)
    assert cost == pytest.approx(kernel.plan_cost(graph, GOAL, after, grids, NO_BASE), abs=1e-6)
