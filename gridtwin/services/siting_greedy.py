"""Siting of any size: a greedy choice, improved by interchange, and a bound on what any choice can be worth."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import scipy.optimize
import scipy.sparse

from gridtwin.services import kernel_siting as kernel
from gridtwin.services import kernel_siting_bound
from gridtwin.services.kernel_siting import Floats, Indices
from gridtwin.services.siting_table import Table

# Exchanges at random from which interchange starts again: as many as go over so many rows, within bounds.
KICK_ROWS, LEAST_KICKS, MOST_KICKS = 20_000_000, 20, 200
KICK_SHARE = 3  # at most one in so many sites is exchanged
PASSES = 1000  # over all sites in one interchange: more than are ever needed
ROUNDS = 1000  # of prices
FIRST_PRICE = 0.5  # of the most that a demand can take
PRECISION = 1e-9  # relative
FEASIBLE = 1e-6  # of a demand: what the linear programme may miss a row by


class Deadline:
    """The time at which work should end; what is known by then is the result."""

    def __init__(self, limit_s: float = np.inf) -> None:
        self._end = time.monotonic() + limit_s

    @property
    def left_s(self) -> float:
        """Seconds that are left, 0 or more."""
        return max(0.0, self._end - time.monotonic())


@dataclass(frozen=True)
class Choice:
    """Sites of a table that are chosen.

    Attributes
    ----------
    sites
        Chosen among those that are free, in order, (chosen,).
    worth
        What they and the sites that are open anyway are worth in the table.
    """

    sites: Indices
    worth: float


@dataclass(frozen=True)
class Relaxation:
    """What any choice of a number of sites can be worth, and why.

    Attributes
    ----------
    bound
        No choice is worth more.
    price
        Prices of the demands that show it, (demands,).
    value
        What each site is worth beyond them, (sites,).
    """

    bound: float
    price: Floats
    value: Floats


def least_gain(table: Table, worth: float) -> float:
    """Return by how much a choice of ``worth`` can be beaten at least, if it can: 1 where all gains are whole."""
    slack = PRECISION * max(1.0, abs(worth))
    whole = not table.capacitated and bool((table.gain == np.rint(table.gain)).all())
    return 1.0 - slack if whole else slack


def most_of(table: Table) -> Floats:
    """Return the most that each demand can take from any site, (demands,)."""
    top: Floats = np.zeros(table.demands)
    np.maximum.at(top, table.demand, table.gain)
    return top


def most_of_count(table: Table, count: int) -> float:
    """Return a plain bound on what ``count`` sites are worth: the most that each could take alone, or all demands."""
    alone = np.bincount(table.row_site, weights=table.gain, minlength=table.sites)
    if table.capacitated:
        rate = np.zeros(table.sites)
        np.maximum.at(rate, table.row_site, table.gain / table.need[table.demand])
        limited = np.isfinite(table.capacity)
        alone[limited] = np.minimum(alone[limited], table.capacity[limited] * rate[limited])
    largest = np.sort(alone[table.free])[::-1][:count]
    return float(min(largest.sum() + alone[~table.free].sum(), most_of(table).sum()))


def worth_of(table: Table, sites: Indices) -> float:
    """Return what sites, and those that are open anyway, are worth."""
    if table.capacitated:
        opened = ~table.free
        opened[sites] = True
        return assign(table, np.flatnonzero(opened))[0]
    return float(kernel.worth(table.ptr, table.demand, table.gain, table.demands, sites).sum())


def greedy_order(table: Table, count: int, *, enough: float = np.inf) -> Indices:
    """Return up to ``count`` sites, each the one that adds most to those before, until they are worth ``enough``."""
    if not table.capacitated:
        return kernel.greedy(table.ptr, table.demand, table.gain, table.demands, count, enough)
    degree = np.bincount(table.demand, minlength=table.demands)[table.demand]
    rate = table.gain / table.need[table.demand]
    order = np.lexsort([degree, -rate, table.row_site])
    return kernel.greedy_within(
        table.ptr, table.demand, table.gain, table.need, table.capacity, order, table.free, count, enough
    )


def greedy_choice(table: Table, count: int, *, enough: float = np.inf) -> Choice:
    """Return the sites of :func:`greedy_order` as a choice."""
    sites = np.sort(greedy_order(table, count, enough=enough))
    return Choice(sites, worth_of(table, sites))


def kicks_of(table: Table) -> int:
    """Return how many disturbances a table of this size is worth."""
    return int(np.clip(KICK_ROWS // max(len(table.demand), 1), LEAST_KICKS, MOST_KICKS))


def improve(table: Table, start: Choice, *, seed: int, kicks: int = MOST_KICKS, deadline: Deadline) -> Choice:
    """Return a choice of as many sites that is worth no less.

    Interchange until no single exchange helps; then again from the best choice with some sites exchanged at random.
    Sites of limited capacity stay as they are.

    Notes
    -----
    Iterated local search: H. Lourenço, O. Martin and T. Stützle, Handbook of Metaheuristics (2003).
    """
    count = len(start.sites)
    if table.capacitated or count == 0 or count >= table.sites:
        return start
    tptr, tsite, row = table.by_demand()
    arrays = (table.ptr, table.demand, table.gain, tptr, tsite, table.gain[row])
    best = Choice(*kernel.interchange(*arrays, start.sites, PASSES))
    random = np.random.default_rng(seed)
    most = max(2, count // KICK_SHARE)
    for _ in range(kicks if count > 1 else 0):
        if deadline.left_s <= 0.0:
            break
        size = min(int(random.integers(2, most + 1)), count, table.sites - count)
        kept = np.delete(best.sites, random.choice(count, size, replace=False))
        others = np.setdiff1d(np.arange(table.sites), best.sites)
        kicked = np.sort(np.r_[kept, random.choice(others, size, replace=False)])
        found = Choice(*kernel.interchange(*arrays, kicked, PASSES))
        if found.worth > best.worth + PRECISION * abs(best.worth):
            best = found
    return best


def relax(
    table: Table, count: int, known: float, *, price: Floats | None = None, rounds: int = ROUNDS, close: float = 0.0
) -> tuple[Relaxation, Choice]:
    """Bound what ``count`` sites can be worth.

    Parameters
    ----------
    table
        What is to be decided.
    count
        Number of sites to choose.
    known
        What some choice is worth.
    price
        First prices of the demands, (demands,).
    rounds
        Most changes of the prices.
    close
        How near ``known`` the bound need not come.

    Returns
    -------
    Relaxation, Choice
        The bound, and the best choice met on the way: without sites if none is worth more than ``known``.
    """
    first = FIRST_PRICE * most_of(table) if price is None else price
    bound, price, value, worth, chosen = kernel_siting_bound.relax(
        table.ptr, table.demand, table.gain, table.need, table.capacity, table.free, count, first, known, rounds, close
    )
    return Relaxation(bound, price, value), Choice(chosen, worth if len(chosen) else 0.0)


def assign(table: Table, opened: Indices, *, at_least: Floats | None = None) -> tuple[float, Floats]:
    """Send the demands to the open sites, within their capacities, so that it is worth most.

    Parameters
    ----------
    table
        Sites and demands.
    opened
        Sites that are open.
    at_least
        Share of each demand that must be served, (demands,).

    Returns
    -------
    worth, share
        What it is worth, and the share of each demand that is served, (demands,).
    """
    rows = np.flatnonzero(np.isin(table.row_site, opened))
    if not len(rows):
        return 0.0, np.zeros(table.demands)
    number = np.arange(len(rows))
    need = table.need[table.demand[rows]]
    served = scipy.sparse.csr_array((np.ones(len(rows)), (table.demand[rows], number)), (table.demands, len(rows)))
    loads = scipy.sparse.csr_array((need, (table.row_site[rows], number)), (table.sites, len(rows)))
    limited = np.flatnonzero(np.isfinite(table.capacity))
    parts, limits = [served, loads[limited]], [np.ones(table.demands), table.capacity[limited]]
    if at_least is not None:
        parts.append(-served)
        limits.append(-np.maximum(at_least - FEASIBLE, 0.0))
    found = scipy.optimize.linprog(
        -table.gain[rows], A_ub=scipy.sparse.vstack(parts), b_ub=np.concatenate(limits), bounds=(0.0, 1.0),
        method="highs",
    )  # fmt: skip
    if found.x is None:
        raise ArithmeticError(f"the assignment to {len(opened)} sites was not solved: {found.message}")
    return float(table.gain[rows] @ found.x), np.clip(served @ found.x, 0.0, 1.0)
