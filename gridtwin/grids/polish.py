"""Polish a plan exactly: the best plan of each walkable part that is small enough, and how far the others may be.

A part with few connected sets of units gets the best of all its plans (:mod:`gridtwin.grids.exact`). A larger one is
improved piece by piece if the quality asks for it: a grid with two of its neighbours at a time. Parts with a grid
outside its bounds stay as the division made them; locked and special-purpose grids are parts of their own, and stay.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from gridtwin.grids import kernel
from gridtwin.grids.exact import Exact, divide_exactly
from gridtwin.grids.kernel import UnitGraph
from gridtwin.grids.links import links_of, subgraph, unit_graph
from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import Indices
from gridtwin.grids.units import Units
from gridtwin.grids.zones import Zones
from gridtwin.i18n import mark, tr
from gridtwin.progress import Progress, silent

NEIGHBOURS = 2  # of a grid that are divided anew with it
WINDOW_SETS = 20_000  # connected sets of units in a window
WINDOW_WORK = 0.5  # CP-SAT's deterministic time for it
NO_BASE = np.full(1, -1, np.int32)


@dataclass(frozen=True)
class Polished:
    """A plan after polishing, and what is known of the best one.

    Attributes
    ----------
    grid
        Grid of each unit, with the numbers of the plan, (units,).
    parts
        The walkable parts within bounds, with their households: cost, and what no plan with as many grids can go
        below where that is known.
    """

    grid: Indices
    parts: tuple[tuple[int, Exact], ...]

    def facts(self) -> Mapping[str, Any]:
        """Return the measures for a plan's summary.

        ``objective_bound`` and ``objective_gap`` (the share by which the cost may exceed the least one) are those of
        the parts whose grids could all be listed.
        """
        listed = [(homes, exact.cost, exact.bound) for homes, exact in self.parts if exact.bound is not None]
        cost, bound = sum(cost for _, cost, _ in listed), sum(bound for _, _, bound in listed)
        total = max(sum(homes for homes, _ in self.parts), 1)
        return {
            "objective": round(float(sum(exact.cost for _, exact in self.parts)), 4),
            "objective_bound": round(float(bound), 4),
            "objective_gap": round(float((cost - bound) / cost), 6) if cost > 0 else 0.0,
            "parts_within_bounds": len(self.parts),
            "parts_listed": len(listed),
            "households_listed": sum(homes for homes, _, _ in listed) / total,
            "parts_proved_best": sum(exact.proved for _, exact in self.parts),
            "households_proved_best": sum(homes for homes, exact in self.parts if exact.proved) / total,
        }


def polish(
    units: Units,
    zones: Zones,
    grid: Indices,
    part: Indices,
    *,
    workers: int | None = None,
    progress: Progress = silent,
) -> Polished:
    """Replace the plan of each walkable part by the best one, or by a better one.

    Parameters
    ----------
    units
        Units with their borders.
    zones
        Bounds, weights and quality of each unit, and its special-purpose grid.
    grid, part
        Grid of each unit, and the walkable part it lies in, (units,).
    workers
        Threads; the result does not depend on their number.
    progress
        Receives fraction and text.

    Returns
    -------
    Polished
        The numbers of grids in each part stay as they are.
    """
    links = links_of(units, zones)
    households = units.frame["households"].to_numpy(np.int64)
    outside = zones.outside(grid, households) > 0
    skipped = np.zeros(int(part.max()) + 1, bool)
    skipped[part[outside[grid] | (zones.special >= 0)]] = True
    order, bounds = _groups(part)
    link_order, link_bounds = _groups(part[links.a], len(skipped))
    jobs = []
    for p in np.flatnonzero(~skipped):
        mine = order[bounds[p] : bounds[p + 1]]
        jobs.append((mine, unit_graph(units, links, mine, link_order[link_bounds[p] : link_bounds[p + 1]])))

    def solve(job: tuple[Indices, UnitGraph]) -> Exact:
        labels = np.unique(grid[job[0]], return_inverse=True)[1].astype(np.int64)
        return polish_graph(job[1], zones.of(job[0][0]), labels)

    result = grid.copy()
    found: list[tuple[int, Exact]] = []
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        for (mine, _), exact in zip(jobs, pool.map(solve, jobs), strict=True):
            result[mine] = np.unique(grid[mine])[exact.labels]
            found.append((int(households[mine].sum()), exact))
            progress(len(found) / len(jobs), tr(mark("Looking for the best plan of each community")))
    return Polished(result, tuple(found))


def _groups(key: Indices, count: int | None = None) -> tuple[Indices, Indices]:
    """Return the rows in order of ``key``, and where each key 0 … begins in it."""
    order = np.argsort(key, kind="stable")
    return order, np.searchsorted(key[order], np.arange((int(key.max()) + 1 if count is None else count) + 1))


def polish_graph(graph: UnitGraph, params: DivideParams, labels: Indices) -> Exact:
    """Return the best plan of a connected graph, or a better one if its grids are too many to list.

    Parameters
    ----------
    graph
        One connected graph of units.
    params
        Bounds, weights, and the quality that says how many sets of units may be looked at.
    labels
        A plan within the bounds, grids 0 … k − 1, (units,).
    """
    search = params.search
    exact = divide_exactly(graph, params, labels, most_sets=search.most_sets, most_work=search.most_work)
    if exact is not None:
        return exact
    better = _by_windows(graph, params, labels)
    count = int(labels.max()) + 1
    cost = kernel.plan_cost(graph, params.objective(), better.astype(np.int32), count, NO_BASE)
    return Exact(better, cost, None)


def _by_windows(graph: UnitGraph, params: DivideParams, labels: Indices) -> Indices:
    """Divide each grid anew with its nearest neighbours, as long as that helps."""
    labels = labels.copy()
    count = int(labels.max()) + 1
    tail = np.repeat(np.arange(len(labels)), np.diff(graph.indptr))
    changed = np.ones(count, bool)
    for _ in range(params.search.passes):
        open_, changed = changed, np.zeros(count, bool)
        for g in range(count):
            away = (labels[tail] == g) & (labels[graph.head] != g)
            shared = np.bincount(labels[graph.head[away]], weights=graph.border_m[away] + 1e-3, minlength=count)
            near = np.argsort(-shared, kind="stable")[: np.count_nonzero(shared)][:NEIGHBOURS]
            for reach in range(len(near), 0, -1):
                window = np.sort(np.r_[g, near[:reach]])
                if not open_[window].any():
                    continue
                nodes = np.flatnonzero(np.isin(labels, window))
                local = np.searchsorted(window, labels[nodes])
                exact = divide_exactly(
                    subgraph(graph, nodes), params, local, most_sets=WINDOW_SETS, most_work=WINDOW_WORK
                )
                if exact is None:
                    continue
                if (exact.labels != local).any():
                    labels[nodes] = window[exact.labels]
                    changed[window] = True
                break
        if not changed.any():
            break
    return labels
