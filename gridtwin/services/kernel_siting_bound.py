"""Compiled kernel of siting: what a choice of sites can be worth at most, by Lagrangian relaxation.

The table is that of :mod:`gridtwin.services.kernel_siting`.
"""

from __future__ import annotations

import numpy as np

from gridtwin.jit import compiled
from gridtwin.services.kernel_siting import TINY, Flags, Floats, Indices

FIRST_STEP, LEAST_STEP, MOST_STEP = 0.2, 1e-5, 1.5  # of the prices, to the step that would close a linear gap
PATIENCE, SHORTER, LONGER = 10, 0.8, 1.1  # rounds without a lower bound; how the step then changes, and after one
KEPT, SMALL = 0.95, 1e-3  # share of the mean direction that is kept; share of the gap that is progress


@compiled
def _site_values(
    ptr: Indices, demand: Indices, gain: Floats, need: Floats, price: Floats, capacity: Floats,
    values: Floats, taken: Floats,
) -> None:  # fmt: skip
    """Set what each site is worth beyond the prices of demands, and how much of each row it takes, (rows,).

    A site of limited capacity takes the rows that are worth most for each unit of need.
    """
    for s in range(len(ptr) - 1):
        low, high = ptr[s], ptr[s + 1]
        total, load = 0.0, 0.0
        for i in range(low, high):
            d = demand[i]
            more = gain[i] - price[d]
            taken[i] = 1.0 if more > 0.0 else 0.0
            if more > 0.0:
                total += more
                load += need[d]
        if load > capacity[s]:
            rate = np.empty(high - low)
            for i in range(low, high):
                d = demand[i]
                rate[i - low] = (gain[i] - price[d]) / need[d] if taken[i] > 0.0 else 0.0
            total, room = 0.0, capacity[s]
            for k in np.argsort(-rate, kind="mergesort"):
                i = low + k
                if taken[i] <= 0.0:
                    break
                d = demand[i]
                taken[i] = min(1.0, room / need[d])
                room -= taken[i] * need[d]
                total += taken[i] * (gain[i] - price[d])
        values[s] = total


@compiled
def relax(
    ptr: Indices, demand: Indices, gain: Floats, need: Floats, capacity: Floats, free: Flags,
    count: int, price: Floats, known: float, rounds: int, close: float,
) -> tuple[float, Floats, Floats, float, Indices]:  # fmt: skip
    """Bound what ``count`` sites, and those that are open anyway, can be worth.

    Parameters
    ----------
    ptr, demand, gain
        The table by site.
    need, capacity
        Need of each demand, above 0, (demands,), and capacity of each site, infinite for none, (sites,).
    free
        Sites to choose among; the others are open, (sites,).
    count
        How many to choose.
    price
        First prices of demands, 0 or more, (demands,).
    known
        What some choice is worth.
    rounds
        Most changes of the prices.
    close
        Stop when the bound is no more than this above the best choice known.

    Returns
    -------
    bound, prices, values, worths, chosen
        No choice is worth more than ``bound``; the prices that show it, (demands,); what each site is worth beyond
        them, (sites,). The most that any of the choices on the way is worth (``known`` if none is above it), and
        that choice; always none where capacities are limited.

    Notes
    -----
    That each demand is served once is relaxed with prices; what is left is chosen site by site. The bound tends to
    that of the linear relaxation. Subgradient steps of M. Held, P. Wolfe and H. Crowder, Mathematical Programming
    6 (1974); G. Cornuejols, M. Fisher and G. Nemhauser, Management Science 23 (1977), for locations; J. Beasley,
    European Journal of Operational Research 65 (1993), for capacities.
    """
    sites, demands = len(ptr) - 1, len(price)
    best_price, price = price.copy(), price.copy()
    values, best_values = np.zeros(sites), np.zeros(sites)
    taken = np.zeros(len(demand))
    count = min(count, int(free.sum()))
    bound, step, idle = np.inf, FIRST_STEP, 0
    over, mean = np.zeros(demands), np.zeros(demands)  # share of each demand not served, now and on average
    found, best_chosen = known, np.zeros(0, np.int64)
    picked = np.zeros(sites, np.bool_)
    best = np.zeros(demands)
    limited = not np.isinf(capacity).all()
    for k in range(rounds):
        _site_values(ptr, demand, gain, need, price, capacity, values, taken)
        order = np.argsort(np.where(free, -values, np.inf), kind="mergesort")
        picked[:] = ~free
        picked[order[:count]] = True
        now = price.sum() + values[picked].sum()
        best[:] = 0.0
        over[:] = 1.0
        for s in range(sites):
            if picked[s]:
                for i in range(ptr[s], ptr[s + 1]):
                    over[demand[i]] -= taken[i]
                    best[demand[i]] = max(best[demand[i]], gain[i])
        reached = best.sum()
        if reached > found and not limited:
            found = reached
            best_chosen = order[:count].copy()
        agree = 0.0
        for d in range(demands):
            agree += over[d] * mean[d]
            mean[d] = over[d] if k == 0 else KEPT * mean[d] + (1.0 - KEPT) * over[d]
        if now < bound:
            idle = 0
            if agree > 0.0 and bound - now > SMALL * (bound - found):
                step = min(step * LONGER, MOST_STEP)
            bound = now
            best_price[:] = price
            best_values[:] = values
        else:
            idle += 1
            if idle >= PATIENCE:
                step *= SHORTER
                idle = 0
        if bound - found <= close or step < LEAST_STEP:
            break
        norm = 0.0
        for d in range(demands):
            if mean[d] < 0.0 or best_price[d] > 0.0:
                norm += mean[d] * mean[d]
        if norm <= 0.0:
            break
        length = step * (bound - found + TINY * abs(found)) / norm
        for d in range(demands):
            price[d] = max(0.0, best_price[d] - length * mean[d])
    return bound, best_price, best_values, found, np.sort(best_chosen)
