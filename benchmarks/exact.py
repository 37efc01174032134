"""The fewest households that must change their grid: exact on small cases, a lower bound on larger ones."""

from __future__ import annotations

import numpy as np
from ortools.sat.python import cp_model

from gridtwin.grids.certify import cut_apart
from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import Indices
from gridtwin.grids.present import Present

WORK = 20.0  # CP-SAT's deterministic time for one case
ROUNDS = 200  # solves of one case, each adding contiguity cuts
FURTHER_GRIDS = 1


def fewest_moved(
    plan: Present, mine: Indices, params: DivideParams, *, contiguous: bool = True, work: float = WORK
) -> int | None:
    """Return the fewest households of some units that must change grid so that all their grids keep the bounds.

    Parameters
    ----------
    plan
        The plan, with pinned units and locked grids.
    mine
        Units of whole grids.
    params
        The bounds.
    contiguous
        Whether grids must be in one piece; without, the number is a lower bound that is found faster.
    work
        CP-SAT's deterministic time.

    Returns
    -------
    int or None
        None where there is no such plan with at most one more grid, or the work did not suffice.
    """
    households = plan.households[mine]
    names, old = np.unique(plan.grid[mine], return_inverse=True)
    place = np.full(len(plan.grid), -1)
    place[mine] = np.arange(len(mine))
    inner = (place[plan.links.a] >= 0) & (place[plan.links.b] >= 0)
    a, b = place[plan.links.a[inner]], place[plan.links.b[inner]]
    n, k = len(mine), len(names) + FURTHER_GRIDS
    model = cp_model.CpModel()
    x = [[model.new_bool_var(f"{i}/{j}") for j in range(k)] for i in range(n)]
    for i in range(n):
        model.add_exactly_one(x[i])
    for j in range(k):
        there = model.new_bool_var(f"grid {j}")
        load = sum(int(households[i]) * x[i][j] for i in range(n))
        model.add(load >= params.minimum * there)
        model.add(load <= params.maximum * there)
        for i in range(n):
            model.add_implication(x[i][j], there)
    for i in np.flatnonzero(plan.pinned[mine] | plan.locked[names][old]).tolist():
        model.add(x[i][int(old[i])] == 1)
    for j in np.flatnonzero(plan.locked[names]).tolist():
        for i in np.flatnonzero(old != j).tolist():
            model.add(x[i][j] == 0)
    model.minimize(sum(int(households[i]) * (1 - x[i][int(old[i])]) for i in range(n)))
    near: list[set[int]] = [set() for _ in range(n)]
    for u, v in zip(a.tolist(), b.tolist(), strict=True):
        near[u].add(v)
        near[v].add(u)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    for _ in range(ROUNDS):
        solver.parameters.max_deterministic_time = max(work, 1e-3)
        if solver.solve(model) != cp_model.OPTIMAL:
            return None
        work -= solver.response_proto.deterministic_time
        labels = np.array([next(j for j in range(k) if solver.boolean_value(x[i][j])) for i in range(n)])
        if not contiguous or not cut_apart(model, x, labels, a, b, near, households):
            return round(solver.objective_value)
    return None
