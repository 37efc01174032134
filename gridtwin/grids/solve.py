"""Solve one connected graph of units: first plans, annealing, and the choice among numbers of grids."""

from __future__ import annotations

import numpy as np

from gridtwin.grids import kernel
from gridtwin.grids.kernel import UnitGraph
from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import Indices

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


def divide_graph(graph: UnitGraph, params: DivideParams, *, seed: int, starts: int) -> Indices:
    """Divide one connected graph; return grid numbers 0 … k − 1."""
    n = len(graph.households)
    goal = params.objective()
    base = np.full(1, -1, np.int32)
    best: tuple[int, float, float] | None = None
    best_labels = np.zeros(n, np.int32)
    total = int(graph.households.sum())
    for number in _candidates(total, float(graph.households.max()), params):
        k = min(number, n)
        for start in range(starts):
            state = np.array([(seed << 20) + 1009 * k + start], np.uint64)
            labels, grids = np.zeros(n, np.int32), 1
            if k > 1:
                labels, grids = kernel.seed_plan(graph, goal, k, TREES, BIAS, state)
            if grids > 1:
                cuts = int(CUTS_PER_GRID * grids * params.effort)
                locked, pinned = np.zeros(grids, np.bool_), np.zeros(n, np.bool_)
                _, labels = kernel.anneal(
                    graph, goal, labels, grids, cuts, FLIPS_PER_CUT, HOT, COLD, BIAS, base, locked, pinned, state
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
