"""Solve one connected graph of units: first plans, annealing, and the choice among numbers of grids."""

from __future__ import annotations

import numpy as np

from gridtwin.grids import kernel
from gridtwin.grids.kernel import UnitGraph
from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import Flags, Indices

TREES = 12  # spanning trees tried for one cut of the first plan
CUTS_PER_GRID = 40
FLIPS_PER_CUT = 60
HOT, COLD = 1.0, 0.03
BIAS = 4.0  # how strongly costly borders are kept within a tree


def _candidates(total: int, largest: float, params: DivideParams) -> list[int]:
    """Return the numbers of grids worth trying, best guess first."""
    low, high = params.grid_numbers(total)
    nearest = params.nearest_number(total)
    numbers = [nearest]
    if low <= high:
        numbers += [n for n in (nearest + 1, nearest - 1) if low <= n <= high]
    else:
        numbers += [n for n in (low, high) if n >= 1 and n != nearest]
    if largest > params.maximum:  # a building too large for any grid changes how many the rest needs
        numbers += [n for n in (nearest - 1, nearest + 1) if n >= 1 and n not in numbers]
    return numbers


def divide_graph(
    graph: UnitGraph,
    params: DivideParams,
    *,
    seed: int,
    starts: int,
    present: Indices | None = None,
    pinned: Flags | None = None,
) -> Indices:
    """Divide one connected graph; return grid numbers 0 … k − 1.

    Parameters
    ----------
    graph
        Units and their links.
    params
        Bounds, weights, effort.
    seed
        Seed of all random choices.
    starts
        Independent starts; the best division is kept.
    present
        Contiguous grids to start from instead of a new division, (units,).
    pinned
        Units that keep the number they have in ``present``, (units,).
    """
    n = len(graph.households)
    goal = params.objective()
    base = np.full(1, -1, np.int32)
    pin = np.zeros(n, np.bool_) if pinned is None else pinned
    best: tuple[int, float, float] | None = None
    best_labels = np.zeros(n, np.int32)
    total = int(graph.households.sum())
    for number in _candidates(total, float(graph.households.max()), params):
        k = min(number, n)
        for start in range(starts):
            state = np.array([(seed << 20) + 1009 * k + start], np.uint64)
            labels, grids = np.zeros(n, np.int32), 1
            if present is not None:
                labels, grids = _resized(graph, present, k, params, pin, seed)
            elif k > 1:
                labels, grids = kernel.seed_plan(graph, goal, k, TREES, BIAS, state)
            if grids > 1:
                cuts = int(CUTS_PER_GRID * grids * params.effort)
                locked = np.zeros(grids, np.bool_)
                _, labels = kernel.anneal(
                    graph, goal, labels, grids, cuts, FLIPS_PER_CUT, HOT, COLD, BIAS, base, locked, pin, state
                )
            load = np.bincount(labels, weights=graph.households, minlength=grids)
            outside = np.maximum(params.minimum - load, 0) + np.maximum(load - params.maximum, 0)
            score = (
                int((outside > 0).sum()),
                float(outside.sum()),
                kernel.plan_cost(graph, goal, labels, grids, base),
            )
            if best is None or score < best:
                best, best_labels = score, labels
        if best is not None and best[0] == 0:
            break
    return np.unique(best_labels, return_inverse=True)[1].astype(np.int64)


def _resized(
    graph: UnitGraph, present: Indices, k: int, params: DivideParams, pinned: Flags, seed: int
) -> tuple[kernel.Ints, int]:
    """Return the present grids with the fullest halved or the emptiest merged until there are ``k``, if that can be."""
    labels = np.unique(present, return_inverse=True)[1].astype(np.int32)
    tail = np.repeat(np.arange(len(labels)), np.diff(graph.indptr))
    while True:
        load = np.bincount(labels, weights=graph.households)
        grids = len(load)
        if grids < k:
            nodes = np.flatnonzero(labels == np.argmax(load)).astype(np.int32)
            leaving = halve(graph, nodes, params, pinned=pinned, seed=seed)
            if not leaving.any():
                break
            labels[nodes[leaving]] = grids
        elif grids > k:
            rooted = np.bincount(labels[pinned], minlength=grids) > 0
            emptiest = int(np.argmin(np.where(rooted, np.inf, load)))
            near = np.setdiff1d(labels[graph.head[labels[tail] == emptiest]], [emptiest])
            if rooted[emptiest] or not len(near):
                break
            labels[labels == emptiest] = near[np.argmin(load[near])]
            labels = np.unique(labels, return_inverse=True)[1].astype(np.int32)
        else:
            break
    return labels, int(labels.max()) + 1


def halve(graph: UnitGraph, nodes: kernel.Ints, params: DivideParams, *, pinned: Flags, seed: int) -> Flags:
    """Cut connected nodes in two at the best edge of some spanning trees.

    Parameters
    ----------
    graph
        The graph that the nodes are part of.
    nodes
        Numbers of the nodes to cut.
    params
        Bounds and weights of both sides.
    pinned
        Nodes of the graph that must stay together, (graph nodes,).
    seed
        Seed of the trees.

    Returns
    -------
    ndarray of bool
        The nodes that leave: the smaller side, or the one without pinned nodes; none where no cut exists.
    """
    local = np.full(len(graph.households), -1, np.int32)
    local[nodes] = np.arange(len(nodes))
    side, best_side = np.zeros(len(nodes), np.int8), np.zeros(len(nodes), np.int8)
    state, none = np.array([seed], np.uint64), np.full(1, -1, np.int32)
    pin = pinned[nodes].astype(np.int8)
    best = np.inf
    for _ in range(TREES):
        cost, k = kernel.tree_cut(
            nodes, len(nodes), local, graph, params.objective(), 2, BIAS, none, -1, -1, pin, side, state
        )
        if k and cost < best:
            best, best_side = cost, side.copy()
    load = graph.households[nodes]
    first_is_smaller = load[best_side == 1].sum() <= load[best_side == 0].sum()
    leaving = best_side == (1 if first_is_smaller and not pin.any() else 0)
    return np.asarray(leaving & np.isfinite(best))
