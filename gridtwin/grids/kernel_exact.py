"""Compiled kernel: every grid that a small graph of units allows, with its reduced cost.

A grid is a connected set of units within the bounds of households. Each is listed once, by the lowest unit that it
holds: a set grows by one neighbouring unit at a time, and a unit that was tried and left out stays out. Households,
area, perimeter, cuts and compounds are carried along, so that a step costs no more than the neighbours of one unit.

Notes
-----
Connected sets by their lowest vertex: Wernicke, "Efficient detection of network motifs", IEEE/ACM Transactions on
Computational Biology and Bioinformatics 3 (2006), algorithm ESU.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gridtwin.grids.kernel import Floats, Objective, UnitGraph, grid_cost
from gridtwin.jit import compiled

Masks = npt.NDArray[np.uint64]

WORD = 64


@compiled
def _sift(place: int, kept: int, masks: Masks, costs: Floats, reduced: Floats) -> None:
    """Move the grid at ``place`` down the heap, whose top has the highest reduced cost."""
    while True:
        child = 2 * place + 1
        if child >= kept:
            return
        if child + 1 < kept and reduced[child + 1] > reduced[child]:
            child += 1
        if reduced[place] >= reduced[child]:
            return
        reduced[place], reduced[child] = reduced[child], reduced[place]
        costs[place], costs[child] = costs[child], costs[place]
        for w in range(masks.shape[1]):
            masks[place, w], masks[child, w] = masks[child, w], masks[place, w]
        place = child


@compiled
def enumerate_grids(
    graph: UnitGraph, goal: Objective, price: Floats, below: float, most_sets: int, most_kept: int
) -> tuple[int, float, Masks, Floats, Floats, bool]:
    """Find the grids whose reduced cost (cost minus the prices of their units) is below a value.

    The cost of a grid is its part of the objective: shape and balance, half of the cuts along its border, and one
    compound split for each compound in it (the sum over a plan is its cost plus one split for each compound).

    Parameters
    ----------
    graph, goal
        The units, and what a grid costs; bounds are hard here.
    price
        Price of each unit, (n,).
    below
        Grids with a lower reduced cost are kept.
    most_sets
        Stop after so many connected sets of at most ``goal.maximum`` households.
    most_kept
        Keep at most so many grids, those with the lowest reduced cost.

    Returns
    -------
    sets, least, masks, costs, reduced, complete
        Number of sets seen; lowest reduced cost of any grid; units of each kept grid as bits, (grids, words);
        costs and reduced costs, (grids,); whether all sets were seen and all grids below the value kept.
    """
    n = len(graph.households)
    words = (n + WORD - 1) // WORD
    inside = np.zeros(n, np.bool_)
    barred = np.zeros(n, np.bool_)  # lower than the root, in the set, or next to it
    compounds = 0
    cut_of = np.zeros(n)
    for u in range(n):
        compounds = max(compounds, graph.compound[u] + 1)
        for e in range(graph.indptr[u], graph.indptr[u + 1]):
            cut_of[u] += graph.cut[e]
    held = np.zeros(compounds, np.int32)
    # At each depth: the candidates, the next of them, and from where on they are new at this depth.
    waiting = np.empty((n + 1, n), np.int32)
    waits = np.zeros(n + 1, np.int32)
    at = np.zeros(n + 1, np.int32)
    fresh = np.zeros(n + 1, np.int32)
    chosen = np.empty(n, np.int32)
    households = np.zeros(n + 1)
    area = np.zeros(n + 1)
    perimeter = np.zeros(n + 1)
    cut = np.zeros(n + 1)
    paid = np.zeros(n + 1)
    spread = np.zeros(n + 1, np.int32)
    mask = np.zeros(words, np.uint64)
    masks = np.empty((most_kept, words), np.uint64)
    costs = np.empty(most_kept)
    reduced = np.empty(most_kept)
    kept = 0
    sets = 0
    least = np.inf
    complete = True
    for root in range(n):
        for u in range(n):
            barred[u] = u <= root
        depth = 0
        waiting[0, 0] = root
        waits[0] = 1
        at[0] = 0
        while True:
            if at[depth] == waits[depth]:
                if depth == 0:
                    break
                for i in range(fresh[depth], waits[depth]):
                    barred[waiting[depth, i]] = False
                depth -= 1
                u = chosen[depth]
                inside[u] = False
                mask[u // WORD] ^= np.uint64(1) << np.uint64(u % WORD)
                if graph.compound[u] >= 0:
                    held[graph.compound[u]] -= 1
                at[depth] += 1
                continue
            u = waiting[depth, at[depth]]
            load = households[depth] + graph.households[u]
            if load > goal.maximum:
                at[depth] += 1
                continue
            sets += 1
            if sets > most_sets:
                return sets, least, masks[:kept].copy(), costs[:kept].copy(), reduced[:kept].copy(), False
            below_here = depth + 1
            waits[below_here] = 0
            at[below_here] = 0
            for i in range(at[depth] + 1, waits[depth]):
                waiting[below_here, waits[below_here]] = waiting[depth, i]
                waits[below_here] += 1
            fresh[below_here] = waits[below_here]
            border = 0.0
            shared = 0.0
            for e in range(graph.indptr[u], graph.indptr[u + 1]):
                v = graph.head[e]
                if inside[v]:
                    border += graph.border_m[e]
                    shared += graph.cut[e]
                elif not barred[v]:
                    barred[v] = True
                    waiting[below_here, waits[below_here]] = v
                    waits[below_here] += 1
            c = graph.compound[u]
            spread[below_here] = spread[depth]
            if c >= 0:
                if held[c] == 0:
                    spread[below_here] += 1
                held[c] += 1
            households[below_here] = load
            area[below_here] = area[depth] + graph.area_m2[u]
            perimeter[below_here] = perimeter[depth] + graph.perimeter_m[u] - 2.0 * border
            cut[below_here] = cut[depth] + cut_of[u] - 2.0 * shared
            paid[below_here] = paid[depth] + price[u]
            chosen[depth] = u
            inside[u] = True
            mask[u // WORD] ^= np.uint64(1) << np.uint64(u % WORD)
            depth = below_here
            if load < goal.minimum:
                continue
            cost = (
                grid_cost(load, area[depth], perimeter[depth], 1, goal)
                + 0.5 * cut[depth]
                + goal.compound_split * spread[depth]
            )
            value = cost - paid[depth]
            least = min(least, value)
            if value >= below:
                continue
            if kept < most_kept:
                masks[kept] = mask
                costs[kept] = cost
                reduced[kept] = value
                kept += 1
                if kept == most_kept:
                    for place in range(kept // 2, -1, -1):
                        _sift(place, kept, masks, costs, reduced)
                continue
            complete = False
            if value < reduced[0]:
                masks[0] = mask
                costs[0] = cost
                reduced[0] = value
                _sift(0, kept, masks, costs, reduced)
    return sets, least, masks[:kept].copy(), costs[:kept].copy(), reduced[:kept].copy(), complete
