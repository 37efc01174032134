"""Siting as a programme of whole numbers: the best choice, proved, or a better bound on it.

What the relaxation has shown to be in every better choice, or in none, is settled before; the rest goes to HiGHS.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.optimize
import scipy.sparse

from gridtwin.services.kernel_siting import Flags, Floats, Indices
from gridtwin.services.siting_greedy import PRECISION, Choice, Deadline, Relaxation, least_gain, worth_of
from gridtwin.services.siting_table import Table

_INFEASIBLE = 2  # scipy.optimize.milp's status
LEAST_TIME_S = 0.1


@dataclass(frozen=True)
class _Programme:
    """Variables are the sites, 0 or 1, then demands or walks; ``links @ variables <= upper``.

    A choice is worth ``base + worth @ variables``.
    """

    sites: int
    links: Any
    upper: Floats
    base: float
    worth: Floats
    most: Floats

    @property
    def size(self) -> int:
        return len(self.worth)


def choose_most(
    table: Table, count: int, start: Choice, shown: Relaxation, deadline: Deadline, *, most_rows: int | None = None
) -> tuple[Choice, float]:
    """Return the best choice of ``count`` sites, and a bound on what any is worth.

    Parameters
    ----------
    table
        What is to be decided.
    count
        Number of sites to choose.
    start
        The best choice known.
    shown
        What the relaxation has shown with as many sites.
    deadline
        When to stop.
    most_rows
        Leave it at ``start`` if more walks than these are undecided.

    Returns
    -------
    Choice, float
        A choice that is worth no less than ``start``; it is the best if the bound is no higher than its worth.
    """
    least = start.worth + least_gain(table, start.worth)
    rows, sites, must = _undecided(table, count, shown, least)
    small = table.keep(rows, sites)
    if most_rows is not None and len(small.demand) > most_rows:
        return start, shown.bound
    programme = _programme(small)
    row = np.r_[small.free.astype(float), np.zeros(programme.size - small.sites)]
    low = np.zeros(programme.size)
    low[: small.sites] = (must | ~table.free)[sites]
    found = _solve(programme, -programme.worth, low, [(row, 0.0, float(count))], deadline)
    best = start
    if found.x is not None:
        picked = table_sites(small, sites, found.x)
        worth = worth_of(table, picked)
        best = Choice(picked, worth) if worth > start.worth else start
    bound = shown.bound
    if found.status == _INFEASIBLE:
        bound = best.worth
    elif found.mip_dual_bound is not None:
        bound = min(bound, max(best.worth, programme.base - float(found.mip_dual_bound)))
    return best, bound if bound >= best.worth + least_gain(table, best.worth) else best.worth


def choose_fewest(table: Table, enough: float, low: int, high: int, deadline: Deadline) -> tuple[Choice | None, int]:
    """Return the fewest sites, from ``low`` to ``high``, that are worth ``enough``, and how many it takes at least.

    The choice is None if none was found; the second value is then ``high + 1`` if there is none.
    """
    programme = _programme(table)
    free = np.r_[table.free.astype(float), np.zeros(programme.size - table.sites)]
    opened = np.r_[(~table.free).astype(float), np.zeros(programme.size - table.sites)]
    spare = programme.base - enough  # what may be missed
    # A demand that weighs more cannot be: said by a bound, for the sum of all weights is too coarse to tell.
    programme = replace(programme, most=np.where(-programme.worth > max(spare, 0.0), 0.0, programme.most))
    rows = [(free, float(low), float(high)), (programme.worth, -spare, np.inf)]
    found = _solve(programme, free, opened, rows, deadline)
    if found.status == _INFEASIBLE:
        return None, high + 1
    fewest = low
    if found.mip_dual_bound is not None and np.isfinite(found.mip_dual_bound):
        fewest = max(low, int(np.ceil(float(found.mip_dual_bound) - 1e-6)))
    if found.x is None:
        return None, fewest
    picked = table_sites(table, np.ones(table.sites, bool), found.x)
    return Choice(picked, worth_of(table, picked)), fewest


def table_sites(small: Table, kept: Flags, values: Floats) -> Indices:
    """Return the free sites that a solution of the smaller table opens, as numbers of the whole table."""
    opened = (values[: small.sites] > 0.5) & small.free
    return np.flatnonzero(kept)[opened]


def _undecided(table: Table, count: int, shown: Relaxation, least: float) -> tuple[Flags, Flags, Flags]:
    """Return the walks and sites that a choice worth ``least`` may have, and the sites that it must have.

    Notes
    -----
    Fixing by reduced costs: with a site forced in or out, or a demand forced to a site, the relaxation's bound
    falls by a known amount; below ``least`` no better choice does so.
    """
    value = np.where(table.free, shown.value, -np.inf)
    order = np.argsort(-value, kind="stable")
    free = int(table.free.sum())
    taken = np.zeros(table.sites, bool)
    taken[order[: min(count, free)]] = True
    last = value[order[min(count, free) - 1]] if min(count, free) else np.inf
    next_ = value[order[count]] if count < free else 0.0
    sites = ~table.free | taken | (shown.bound + value - last >= least)
    must = taken & (shown.bound - value + max(next_, 0.0) < least)
    if table.capacitated:
        return np.ones(len(table.demand), bool), sites, must
    dear = shown.price[table.demand] - table.gain
    return shown.bound - np.maximum(dear, 0.0) >= least, sites, must


def _programme(table: Table) -> _Programme:
    """Return the programme of a table: by demand where a demand is served or not, else by walk."""
    return _by_demand(table) if table.covering else _by_walk(table)


def _by_demand(table: Table) -> _Programme:
    """Return the programme in which a demand is missed if none of its sites is open."""
    rows, missed = len(table.demand), table.sites + np.arange(table.demands)
    size = table.sites + table.demands
    where = np.r_[table.demand, np.arange(table.demands)], np.r_[table.row_site, missed]
    links = scipy.sparse.coo_array((np.full(rows + table.demands, -1.0), where), (table.demands, size))
    worth = np.r_[np.zeros(table.sites), -table.need]
    return _Programme(table.sites, links, np.full(table.demands, -1.0), float(table.need.sum()), worth, np.ones(size))


def _by_walk(table: Table) -> _Programme:
    """Return the programme of the share of each demand that takes each walk, to open sites and within capacities."""
    rows, sites = np.arange(len(table.demand)), table.row_site
    count, need = len(rows), table.need[table.demand]
    size = table.sites + count
    ones = np.ones(count)
    where = np.r_[rows, rows], np.r_[table.sites + rows, sites]
    opened = scipy.sparse.coo_array((np.r_[ones, -ones], where), (count, size))
    once = scipy.sparse.coo_array((ones, (table.demand, table.sites + rows)), (table.demands, size))
    parts, upper = [opened, once], [np.zeros(count), np.ones(table.demands)]
    limited = np.flatnonzero(np.isfinite(table.capacity))
    if len(limited):
        number = np.full(table.sites, -1)
        number[limited] = np.arange(len(limited))
        mine = number[sites] >= 0
        loads = scipy.sparse.coo_array(
            (
                np.r_[need[mine], -table.capacity[limited]],
                (np.r_[number[sites[mine]], number[limited]], np.r_[table.sites + rows[mine], limited]),
            ),
            shape=(len(limited), size),
        )
        parts.append(loads)
        upper.append(np.zeros(len(limited)))
    most = np.r_[np.ones(table.sites), np.minimum(1.0, table.capacity[sites] / need)]
    worth = np.r_[np.zeros(table.sites), table.gain]
    return _Programme(table.sites, scipy.sparse.vstack(parts), np.concatenate(upper), 0.0, worth, most)


def _solve(
    programme: _Programme, cost: Floats, low: Floats, rows: list[tuple[Floats, float, float]], deadline: Deadline
) -> Any:
    """Minimise ``cost`` under the links and further rows of (weights, least, most)."""
    extra = scipy.sparse.csr_array(np.vstack([row for row, _, _ in rows]))
    matrix = scipy.sparse.vstack([programme.links, extra]).tocsr()
    least = np.r_[np.full(len(programme.upper), -np.inf), [row[1] for row in rows]]
    most = np.r_[programme.upper, [row[2] for row in rows]]
    sites = np.zeros(programme.size)
    sites[: programme.sites] = 1.0
    limit_s = max(LEAST_TIME_S, deadline.left_s)
    return scipy.optimize.milp(
        cost,
        integrality=sites,
        bounds=scipy.optimize.Bounds(low, programme.most),
        constraints=scipy.optimize.LinearConstraint(matrix, least, most),
        options={"mip_rel_gap": PRECISION} | ({"time_limit": limit_s} if np.isfinite(limit_s) else {}),
    )
