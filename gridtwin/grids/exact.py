"""Exact division of small graphs: the best of all plans within the bounds, or how far a plan can be from it.

A plan is a choice of grids that cover each unit once. Its cost is a sum over its grids, so the best plan is the
cheapest partition of the units into grids out of all that there are. These are too many for one programme, but few
matter: prices of the units, from the relaxation over the grids known so far, tell which others could lower the
cost, and :mod:`gridtwin.grids.kernel_exact` finds those among all. When none is left, the relaxation bounds the cost
of every plan, and only grids whose reduced cost is within the gap can be part of a better one.

Notes
-----
Column generation with the bound of Lasdon, "Optimization theory for large systems" (1970), smoothed as in Pessoa,
Sadykov, Uchoa and Vanderbeck, "Automation and combination of linear-programming based stabilization techniques in
column generation", INFORMS Journal on Computing 30 (2018); partitioning as in Mehrotra, Johnson and Nemhauser, "An
optimization based heuristic for political districting", Management Science 44 (1998).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np

from gridtwin.grids import kernel
from gridtwin.grids.kernel import UnitGraph
from gridtwin.grids.kernel_exact import WORD, Masks, enumerate_grids
from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import Flags, Floats, Indices

ROUNDS = 60  # of prices
NEW_GRIDS = 1_000  # taken into the relaxation each round
FEW_GRIDS, MOST_GRIDS = 2_000, 20_000  # in the programmes of whole numbers: to find a good plan, to prove it best
SMOOTHING = 0.5  # share of the best prices so far in the next ones
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Exact:
    """What is known of the best plan of a graph.

    Attributes
    ----------
    labels
        The best plan found, grids 0 … k − 1, (units,).
    cost
        Its cost in the objective.
    bound
        No plan within the bounds with as many grids costs less.
    """

    labels: Indices
    cost: float
    bound: float

    @property
    def proved(self) -> bool:
        """Return whether no plan is better."""
        return bool(self.cost - self.bound <= 1e-4 * max(1.0, abs(self.cost)))


def divide_exactly(graph: UnitGraph, params: DivideParams, labels: Indices, *, most_sets: int) -> Exact | None:
    """Return the best plan of a graph, starting from one within the bounds.

    Parameters
    ----------
    graph
        One connected graph of units.
    params
        Bounds, weights, and the quality that says how long to choose.
    labels
        A plan within the bounds, grids 0 … k − 1, (units,); the number of grids stays.
    most_sets
        Give up if there are more connected sets of units that one grid could hold.

    Returns
    -------
    Exact or None
        None if there are too many sets to look at.
    """
    goal = params.objective()
    units = len(labels)
    cover, costs = grids_of_plan(graph, params, labels)
    best, best_cost = labels, float(costs.sum())
    grids = len(costs)
    relaxation = _Programme(units, grids)
    relaxation.add(cover, costs)
    price = np.r_[_first_prices(graph, labels, costs), 0.0]  # of each unit, and of each grid as such
    best_price, bound = price, -np.inf
    for _ in range(ROUNDS):
        sets, least, masks, costs, _, _ = enumerate_grids(
            graph, goal, price[:-1], price[-1] - TOLERANCE, most_sets, NEW_GRIDS
        )
        if sets > most_sets:
            return None
        now = float(price[:-1].sum() + grids * least)  # whatever a grid as such costs, there are so many
        if now > bound:
            bound, best_price = now, np.r_[price[:-1], least]
        relaxation.add(_cover(masks, units), costs)
        value, dual = relaxation.solve()
        if value - bound <= TOLERANCE * max(1.0, abs(value)):
            break
        price = SMOOTHING * best_price + (1.0 - SMOOTHING) * dual
    for most in (FEW_GRIDS, MOST_GRIDS, MOST_GRIDS):
        gap = best_cost - bound
        if gap <= TOLERANCE:
            break
        reach = best_price[-1] + gap + TOLERANCE
        _, _, masks, costs, _, complete = enumerate_grids(graph, goal, best_price[:-1], reach, most_sets, most)
        cover = _cover(masks, units)
        partition = _Programme(units, grids, most_nodes=params.search.most_nodes)
        partition.add(cover, costs)
        chosen, optimal = partition.choose(best_cost - TOLERANCE)
        if len(chosen):
            best, best_cost = np.argmax(cover[chosen], axis=0), float(costs[chosen].sum())
        if optimal and complete:
            bound = best_cost
        elif not len(chosen) and most == MOST_GRIDS:
            break
    # A plan is charged for the grids of a compound beyond the first, the sum over its grids for all of them.
    beyond = goal.compound_split * len(np.unique(graph.compound[graph.compound >= 0]))
    return Exact(best, best_cost - beyond, bound - beyond)


def grids_of_plan(graph: UnitGraph, params: DivideParams, labels: Indices) -> tuple[Flags, Floats]:
    """Return the units of each grid of a plan, (grids, units), and their costs, (grids,)."""
    goal = params.objective()
    count = int(labels.max()) + 1
    households, area, perimeter, _, _ = kernel.totals(graph, labels.astype(np.int32), count)
    tail = np.repeat(labels, np.diff(graph.indptr))
    cut = np.bincount(tail, weights=np.where(tail == labels[graph.head], 0.0, graph.cut), minlength=count)
    inside = graph.compound >= 0
    pairs = np.unique(np.c_[labels[inside], graph.compound[inside]], axis=0)
    spread = np.bincount(pairs[:, 0], minlength=count)
    shape = [kernel.grid_cost(h, a, p, 1, goal) for h, a, p in zip(households, area, perimeter, strict=True)]
    return labels == np.arange(count)[:, None], np.array(shape) + 0.5 * cut + goal.compound_split * spread


def _first_prices(graph: UnitGraph, labels: Indices, costs: Floats) -> Floats:
    """Return prices that share the cost of each grid of a plan among its units by households."""
    weight = graph.households + 1.0
    return np.asarray(costs[labels] * weight / np.bincount(labels, weights=weight)[labels])


def _cover(masks: Masks, units: int) -> Flags:
    """Return bits as flags, (grids, units)."""
    unit = np.arange(units)
    return np.asarray(masks[:, unit // WORD] >> (unit % WORD).astype(np.uint64) & np.uint64(1), dtype=bool)


class _Programme:
    """A linear programme: cover each unit once, by a given number of grids, at least cost; grids are added as found."""

    def __init__(self, units: int, grids: int, *, most_nodes: int = 0) -> None:
        self.solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        self.solver.silent()
        self.solver.setOptionValue("threads", 1)
        self.solver.setOptionValue("mip_max_nodes", most_nodes)
        right = np.r_[np.ones(units), float(grids)]
        none = np.zeros(0, np.int32)
        self.solver.addRows(len(right), right, right, 0, np.zeros(len(right), np.int32), none, np.zeros(0))
        self.whole = most_nodes > 0

    def add(self, cover: Flags, costs: Floats) -> None:
        """Add grids, (grids, units), with their costs."""
        count = len(costs)
        if not count:
            return
        first = self.solver.getNumCol()
        grid, row = np.nonzero(np.c_[cover, np.ones(count, bool)])  # the last row counts the grids
        starts = np.searchsorted(grid, np.arange(count)).astype(np.int32)
        high = np.full(count, 1.0 if self.whole else highspy.kHighsInf)
        self.solver.addCols(
            count, costs, np.zeros(count), high, len(row), starts, row.astype(np.int32), np.ones(len(row))
        )
        if self.whole:
            kinds = np.full(count, highspy.HighsVarType.kInteger)
            self.solver.changeColsIntegrality(count, np.arange(first, first + count, dtype=np.int32), kinds)

    def solve(self) -> tuple[float, Floats]:
        """Return the value of the relaxation, and the prices of each unit and of a grid as such."""
        self.solver.run()
        return self.solver.getObjectiveValue(), np.array(self.solver.getSolution().row_dual)

    def choose(self, below: float) -> tuple[Indices, bool]:
        """Return the grids of the best partition that costs less than ``below``, and whether none is better."""
        self.solver.setOptionValue("objective_bound", below)
        self.solver.run()
        status = self.solver.getModelStatus()
        optimal = status in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kInfeasible)
        values = np.array(self.solver.getSolution().col_value)
        if not len(values) or self.solver.getObjectiveValue() >= below:
            return np.zeros(0, np.int64), optimal
        return np.flatnonzero(values > 0.5), optimal
