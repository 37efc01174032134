"""Solve one connected graph of units: first plans, annealing, and the choice among numbers of grids."""

from __future__ import annotations

import numpy as np

from gridtwin.grids import kernel
from gridtwin.grids.coarsen import coarse_graph
from gridtwin.grids.kernel import UnitGraph
from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import Flags, Floats, Indices

TREES = 8  # spanning trees tried for one cut of the first plan
CUTS_PER_GRID = 40
FLIPS_PER_CUT = 100
HOT, COLD = 1.0, 0.03
TURNS = 12  # of annealing around the grids that still miss the bounds
NEAR = 2  # grids away from them that take part
WARM = 2.0  # where that begins
FINE_HOT = 0.3  # where the annealing of single units begins, after that of groups
FINE_SHARE = 0.25  # of the cuts
FINE_FLIPS = 300
FEW_GRIDS = 25  # with more, one grid more or less makes no difference to what fits
BIAS = 4.0  # how strongly costly borders are kept within a tree


def _candidates(households: Floats, params: DivideParams) -> list[int]:
    """Return the numbers of grids worth trying, best guess first; each unit above the maximum is one of them."""
    above = households > params.maximum
    alone, total = int(above.sum()), int(households[~above].sum())
    low, high = params.grid_numbers(total)
    nearest = params.nearest_number(total)
    numbers = [nearest]
    # What a unit above the maximum cuts off may need a grid more or less, or have to follow it.
    more = [nearest + 1, nearest - 1] if low <= high or alone else [low, high]
    least, most = (0, len(households)) if alone else (1, max(high, 1) if low <= high else low)
    numbers += [n for n in more if least <= n <= most and n not in numbers]
    return [n + alone for n in numbers]


def divide_graph(
    graph: UnitGraph,
    params: DivideParams,
    *,
    seed: int,
    starts: int = 1,
    present: Indices | None = None,
    pinned: Flags | None = None,
) -> Indices:
    """Divide one connected graph; return grid numbers 0 … k − 1.

    Parameters
    ----------
    graph
        Units and their links.
    params
        Bounds, weights and quality.
    seed
        Seed of all random choices.
    starts
        Independent starts for each number of grids, as a multiple of what the quality asks for.
    present
        Contiguous grids to start from instead of a new division, (units,).
    pinned
        Units that keep the number they have in ``present``, (units,).
    """
    best, best_score = np.zeros(len(graph.households), np.int32), (len(graph.households) + 1, 0.0, 0.0)
    pin = np.zeros(len(graph.households), np.bool_) if pinned is None else pinned
    hopeless = int((graph.households > params.maximum).sum())
    candidates = _candidates(graph.households, params)
    if candidates[0] > FEW_GRIDS:
        candidates = candidates[:1]
    coarse = coarse_graph(graph, params) if present is None else None
    for k in candidates:
        for start in range(starts * params.search.starts):
            state = np.array([(seed << 20) + 1009 * k + start], np.uint64)
            if present is None:
                labels = _fresh(graph, coarse, params, k, state)
            else:
                labels = _anneal(graph, params, _resized(graph, present, k, params, pin, seed), HOT, pin, state)
            score = _score(graph, params, labels)
            if score < best_score:
                best, best_score = labels, score
        if best_score[0] <= hopeless:
            break
    for turn in range(TURNS):
        if best_score[0] <= hopeless:
            break
        state = np.array([(seed << 20) + 999_983 + turn], np.uint64)
        labels = _anneal(graph, params, best, WARM, pin, state, locked=_far(graph, params, best))
        score = _score(graph, params, labels)
        if score < best_score:
            best, best_score = labels, score
    return np.unique(best, return_inverse=True)[1].astype(np.int64)


def _fresh(
    graph: UnitGraph, coarse: tuple[UnitGraph, Indices] | None, params: DivideParams, k: int, state: kernel.State
) -> kernel.Ints:
    """Return a plan of at most ``k`` grids by recursive bisection and annealing, of groups of units first."""
    n = len(graph.households)
    free = np.zeros(n, np.bool_)
    if k == 1:
        return np.zeros(n, np.int32)
    if coarse is not None:
        groups, group = coarse
        labels = _fresh(groups, None, params, k, state)[group]
        return _anneal(graph, params, labels, FINE_HOT, free, state, share=FINE_SHARE, flips=FINE_FLIPS)
    labels = kernel.seed_plan(graph, params.objective(), min(k, n), TREES, BIAS, state)[0]
    return _anneal(graph, params, labels, HOT, free, state)


def _anneal(
    graph: UnitGraph,
    params: DivideParams,
    labels: kernel.Ints,
    hot: float,
    pinned: Flags,
    state: kernel.State,
    *,
    locked: Flags | None = None,
    share: float = 1.0,
    flips: int = FLIPS_PER_CUT,
) -> kernel.Ints:
    """Return the labels after annealing with a share of the usual cuts; locked grids and pinned units stay."""
    grids = int(labels.max()) + 1
    if grids == 1:
        return labels
    shut = np.zeros(grids, np.bool_) if locked is None else locked
    cuts = int(CUTS_PER_GRID * share * (~shut).sum() * params.search.effort)
    base = np.full(1, -1, np.int32)
    return kernel.anneal(
        graph, params.objective(), labels, grids, cuts, flips, hot, COLD, BIAS, base, shut, pinned, state
    )[1]


def _far(graph: UnitGraph, params: DivideParams, labels: kernel.Ints) -> Flags:
    """Return the grids that are more than ``NEAR`` others away from any that misses the bounds."""
    load = np.bincount(labels, weights=graph.households)
    near = (load < params.minimum) | (load > params.maximum)
    a, b = labels[np.repeat(np.arange(len(labels)), np.diff(graph.indptr))], labels[graph.head]
    for _ in range(NEAR):
        near[b[near[a]]] = True
    return np.asarray(~near)


def _score(graph: UnitGraph, params: DivideParams, labels: kernel.Ints) -> tuple[int, float, float]:
    """Return grids outside the bounds, households outside, and cost: the lower the better, the first counts most."""
    grids = int(labels.max()) + 1
    load = np.bincount(labels, weights=graph.households, minlength=grids)
    outside = np.maximum(params.minimum - load, 0) + np.maximum(load - params.maximum, 0)
    cost = kernel.plan_cost(graph, params.objective(), labels, grids, np.full(1, -1, np.int32))
    return int((outside > 0).sum()), float(outside.sum()), cost


def _resized(graph: UnitGraph, present: Indices, k: int, params: DivideParams, pinned: Flags, seed: int) -> kernel.Ints:
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
    return labels


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
    work, best = kernel.workspace(graph), np.inf
    for _ in range(TREES):
        cost, k = kernel.tree_cut(
            nodes, len(nodes), local, graph, params.objective(), 2, BIAS, none, -1, -1, pin, side, work, state
        )
        if k and cost < best:
            best, best_side = cost, side.copy()
    load = graph.households[nodes]
    first_is_smaller = load[best_side == 1].sum() <= load[best_side == 0].sum()
    leaving = best_side == (1 if first_is_smaller and not pin.any() else 0)
    return np.asarray(leaving & np.isfinite(best))
