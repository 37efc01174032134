"""Small problems of siting for tests, and their answers by trying everything."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import scipy.optimize

from gridtwin.services.siting import SitingProblem


def problem_of(costs, weight, limit, **options) -> SitingProblem:
    """Return the problem of a full table of costs, (sites, demands); costs above the limit are no walks."""
    costs = np.asarray(costs, float)
    site, demand = np.nonzero(costs <= limit)
    ptr = np.searchsorted(site, np.arange(len(costs) + 1)).astype(np.int64)
    return SitingProblem(ptr, demand.astype(np.int64), costs[site, demand], np.asarray(weight, float), limit, **options)


def random_problem(seed, sites=9, demands=25, limit=0.35, **options) -> SitingProblem:
    """Return sites and demands at random places of a square."""
    random = np.random.default_rng(seed)
    here, there = random.random((sites, 1, 2)), random.random((1, demands, 2))
    return problem_of(np.hypot(*(here - there).T).T, random.integers(1, 50, demands), limit, **options)


def worth_by_hand(problem: SitingProblem, opened) -> float:
    """Return what a set of open sites is worth, demand by demand."""
    value = np.zeros((problem.sites, len(problem.weight)))
    for site in range(problem.sites):
        rows = slice(problem.ptr[site], problem.ptr[site + 1])
        gain = 1.0 if problem.objective == "coverage" else problem.limit - problem.cost[rows]
        value[site, problem.demand[rows]] = gain
    opened = list(opened)
    if not opened:
        return 0.0
    if problem.capacity is None:
        return float(problem.weight @ value[opened].max(axis=0))
    count, demands = len(opened), len(problem.weight)
    per_demand = np.tile(np.eye(demands), count)
    per_site = np.repeat(np.eye(count), demands, axis=1)
    reached = (value[opened] > 0).ravel()
    found = scipy.optimize.linprog(
        -value[opened].ravel(),
        A_ub=np.vstack([per_demand, per_site]),
        b_ub=np.r_[problem.weight, np.minimum(problem.capacity[opened], 1e9)],
        bounds=[(0, None if ok else 0) for ok in reached],
    )
    return -found.fun


def choices(problem: SitingProblem, count):
    """Yield the open sites of every allowed choice of ``count`` sites."""
    existing, must = problem.flags("existing"), problem.flags("mandatory") & ~problem.flags("existing")
    among = np.flatnonzero(~problem.flags("forbidden") & ~existing & ~must)
    always = np.flatnonzero(existing | must).tolist()
    count = min(count - int(must.sum()), len(among))
    for chosen in combinations(among.tolist(), count):
        yield [*always, *chosen]


def best_by_hand(problem: SitingProblem, count) -> float:
    """Return what the best choice of ``count`` sites is worth."""
    return max(worth_by_hand(problem, opened) for opened in choices(problem, count))
