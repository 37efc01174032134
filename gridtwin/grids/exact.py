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

import numpy as np
from ortools.linear_solver import pywraplp
from ortools.sat.python import cp_model

from gridtwin.grids import kernel
from gridtwin.grids.kernel import UnitGraph
from gridtwin.grids.kernel_exact import WORD, Masks, enumerate_grids
from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import Flags, Floats, Indices

ROUNDS = 60  # of prices
NEW_GRIDS = 400  # taken into the relaxation each round
FEW_GRIDS, MOST_GRIDS = 2_000, 20_000  # in the programmes of whole numbers: to find a good plan, to prove it best
SMOOTHING = 0.5  # share of the best prices so far in the next ones
TOLERANCE = 1e-5
PRECISION = 1e6  # units of cost in whole numbers


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
        No plan within the bounds with as many grids costs less; None if its grids are too many to list.
    """

    labels: Indices
    cost: float
    bound: float | None

    @property
    def proved(self) -> bool:
        """Return whether no plan is better."""
        return self.bound is not None and bool(self.cost - self.bound <= 1e-4 * max(1.0, abs(self.cost)))


def divide_exactly(
    graph: UnitGraph, params: DivideParams, labels: Indices, *, most_sets: int, most_work: float
) -> Exact | None:
    """Return the best plan of a graph, starting from one within the bounds.

    Parameters
    ----------
    graph
        One connected graph of units.
    params
        Bounds and weights.
    labels
        A plan within the bounds, grids 0 … k − 1, (units,); the number of grids stays.
    most_sets
        Give up if there are more connected sets of units that one grid could hold.
    most_work
        CP-SAT's deterministic time for one choice among the grids.

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
    relaxation = _Relaxation(units, grids)
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
        chosen, settled = _choose(cover, costs, grids, best_cost - TOLERANCE, most_work)
        if len(chosen):
            best, best_cost = np.argmax(cover[chosen], axis=0), float(costs[chosen].sum())
        if settled and complete:
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


class _Relaxation:
    """The linear programme: cover each unit once, by so many grids in all, at least cost, with grids added as found."""

    def __init__(self, units: int, grids: int) -> None:
        self.solver = pywraplp.Solver.CreateSolver("GLOP")
        self.rows = [self.solver.Constraint(1.0, 1.0) for _ in range(units)]
        self.rows.append(self.solver.Constraint(float(grids), float(grids)))
        self.solver.Objective().SetMinimization()

    def add(self, cover: Flags, costs: Floats) -> None:
        """Add grids, (grids, units), with their costs."""
        objective, count = self.solver.Objective(), self.rows[-1]
        for members, cost in zip(cover, costs.tolist(), strict=True):
            share = self.solver.NumVar(0.0, self.solver.infinity(), "")
            objective.SetCoefficient(share, cost)
            count.SetCoefficient(share, 1.0)
            for unit in np.flatnonzero(members).tolist():
                self.rows[unit].SetCoefficient(share, 1.0)

    def solve(self) -> tuple[float, Floats]:
        """Return the least cost, and the prices of each unit and of a grid as such."""
        self.solver.Solve()
        return self.solver.Objective().Value(), np.array([row.dual_value() for row in self.rows])


def _choose(cover: Flags, costs: Floats, grids: int, below: float, work: float) -> tuple[Indices, bool]:
    """Choose grids that cover each unit once.

    Parameters
    ----------
    cover, costs
        Units of each grid, (grids, units), and its cost, (grids,).
    grids
        How many to choose.
    below
        What they may cost together.
    work
        CP-SAT's deterministic time.

    Returns
    -------
    chosen, settled
        The cheapest choice found, empty if none is that cheap; whether it is known that there is no better one.
    """
    model = cp_model.CpModel()
    taken = [model.new_bool_var("") for _ in costs]
    for members in cover.T:
        model.add_exactly_one([taken[g] for g in np.flatnonzero(members).tolist()])
    model.add(sum(taken) == grids)
    prices = np.round(costs * PRECISION).astype(np.int64).tolist()
    total = cp_model.LinearExpr.weighted_sum(taken, prices)
    model.add(total <= int(below * PRECISION))
    model.minimize(total)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    solver.parameters.max_deterministic_time = work
    status = solver.solve(model)
    settled = status in (cp_model.OPTIMAL, cp_model.INFEASIBLE)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return np.zeros(0, np.int64), settled
    return np.flatnonzero([solver.boolean_value(variable) for variable in taken]), settled
