"""Compiled kernels of siting: greedy choice, interchange, and bounds by Lagrangian relaxation.

All work on the same sparse table: site ``s`` is worth ``gain[i]`` to demand ``demand[i]`` for ``i`` in
``ptr[s]:ptr[s + 1]``, and a demand takes the largest gain among the chosen sites, or 0. Gains are above 0. Where
demands are all or nothing this is the maximal covering problem, where a gain is a walk that is saved the p-median.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridtwin.jit import compiled

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

NONE = -1
TINY = 1e-9  # relative: what rounding may make of a change that is none
FIRST_STEP, LEAST_STEP, MOST_STEP = 0.2, 1e-5, 1.5  # of the prices, to the step that would close a linear gap
PATIENCE, SHORTER, LONGER = 10, 0.8, 1.1  # rounds without a lower bound; how the step then changes, and after one
KEPT, SMALL = 0.95, 1e-3  # share of the mean direction that is kept; share of the gap that is progress


@compiled
def same_sites(ptr: Indices, demand: Indices, demands: int) -> Indices:
    """Return a label for each demand, the same for those that the same sites reach, (demands,); 0 for no site.

    Notes
    -----
    Partition refinement: each site parts what it reaches of a class from the rest. Linear in the table, and exact.
    R. Paige and R. E. Tarjan, "Three partition refinement algorithms", SIAM Journal on Computing 16 (1987).
    """
    label = np.zeros(demands, np.int64)
    most = len(demand) + 1
    parted = np.full(most, NONE, np.int64)
    into = np.zeros(most, np.int64)
    count = 1
    for s in range(len(ptr) - 1):
        for i in range(ptr[s], ptr[s + 1]):
            old = label[demand[i]]
            if parted[old] != s:
                parted[old] = s
                into[old] = count
                count += 1
            label[demand[i]] = into[old]
    return label


@compiled
def worth(ptr: Indices, demand: Indices, gain: Floats, demands: int, chosen: Indices) -> Floats:
    """Return what each demand takes from the chosen sites, (demands,)."""
    best = np.zeros(demands)
    for s in chosen:
        for i in range(ptr[s], ptr[s + 1]):
            if gain[i] > best[demand[i]]:
                best[demand[i]] = gain[i]
    return best


@compiled
def _added(ptr: Indices, demand: Indices, gain: Floats, best: Floats, s: int) -> float:
    """Return what site ``s`` adds to what demands take already."""
    total = 0.0
    for i in range(ptr[s], ptr[s + 1]):
        more = gain[i] - best[demand[i]]
        if more > 0.0:
            total += more
    return total


@compiled
def greedy(ptr: Indices, demand: Indices, gain: Floats, demands: int, count: int, enough: float) -> Indices:
    """Choose up to ``count`` sites, each the one that adds most, until they are worth ``enough``.

    Sites that add nothing are not chosen; of equals the first is.

    Notes
    -----
    Lazy evaluation: what a site adds only falls as others are chosen, so an old value is a bound. M. Minoux,
    "Accelerated greedy algorithms for maximizing submodular set functions" (1978). The choice is worth at least
    1 − 1/e of the best: G. Cornuejols, M. Fisher and G. Nemhauser, Management Science 23 (1977).
    """
    sites = len(ptr) - 1
    best = np.zeros(demands)
    bound = np.zeros(sites)
    for s in range(sites):
        bound[s] = _added(ptr, demand, gain, best, s)
    seen = np.zeros(sites, np.int64)  # number of sites chosen when the bound was taken
    chosen = np.empty(min(count, sites), np.int64)
    total = 0.0
    for k in range(len(chosen)):
        if total >= enough:
            return chosen[:k]
        while True:
            s = int(np.argmax(bound))
            if bound[s] <= TINY * total:
                return chosen[:k]
            if seen[s] == k:
                break
            bound[s] = _added(ptr, demand, gain, best, s)
            seen[s] = k
        total += bound[s]
        for i in range(ptr[s], ptr[s + 1]):
            if gain[i] > best[demand[i]]:
                best[demand[i]] = gain[i]
        bound[s] = 0.0
        chosen[k] = s
    return chosen


@compiled
def _two_best(
    tptr: Indices, tsite: Indices, tgain: Floats, open_: Flags, d: int,
    best: Floats, who: Indices, second: Floats,
) -> None:  # fmt: skip
    """Find what demand ``d`` takes, from whom, and what it would take without that site."""
    best[d], who[d], second[d] = 0.0, NONE, 0.0
    for j in range(tptr[d], tptr[d + 1]):
        if not open_[tsite[j]]:
            continue
        if tgain[j] > best[d]:
            second[d] = best[d]
            best[d] = tgain[j]
            who[d] = tsite[j]
        elif tgain[j] > second[d]:
            second[d] = tgain[j]


@compiled
def interchange(
    ptr: Indices, demand: Indices, gain: Floats, tptr: Indices, tsite: Indices, tgain: Floats,
    chosen: Indices, passes: int,
) -> tuple[Indices, float]:  # fmt: skip
    """Exchange chosen sites for others while that is worth more; return the choice and what it is worth.

    Parameters
    ----------
    ptr, demand, gain
        The table by site.
    tptr, tsite, tgain
        The table by demand.
    chosen
        Sites to start from, at least one; their number stays.
    passes
        Most rounds over all sites.

    Notes
    -----
    Each site is tried against the chosen site whose loss it makes up best, in one look at what it reaches:
    M. Teitz and P. Bart (1968) in the form of R. Whitaker (1983) and M. Resende and R. Werneck, "A fast
    swap-based local search procedure for location problems", Annals of Operations Research 150 (2007).
    """
    sites, demands = len(ptr) - 1, len(tptr) - 1
    chosen = chosen.copy()
    open_ = np.zeros(sites, np.bool_)
    open_[chosen] = True
    best, second, who = np.zeros(demands), np.zeros(demands), np.empty(demands, np.int64)
    loss = np.zeros(sites)  # what leaves with a chosen site
    for d in range(demands):
        _two_best(tptr, tsite, tgain, open_, d, best, who, second)
        if who[d] >= 0:
            loss[who[d]] += best[d] - second[d]
    made_up = np.zeros(sites)
    total = best.sum()
    idle = 0
    s = NONE
    for _ in range(passes * sites):
        if idle >= sites:
            break
        s = s + 1 if s + 1 < sites else 0
        idle += 1
        if open_[s]:
            continue
        made_up[chosen] = 0.0
        added = 0.0
        for i in range(ptr[s], ptr[s + 1]):
            d = demand[i]
            if gain[i] > best[d]:
                added += gain[i] - best[d]
                if who[d] >= 0:
                    made_up[who[d]] += best[d] - second[d]
            elif who[d] >= 0 and gain[i] > second[d]:
                made_up[who[d]] += gain[i] - second[d]
        out = 0
        for k in range(1, len(chosen)):
            if made_up[chosen[k]] - loss[chosen[k]] > made_up[chosen[out]] - loss[chosen[out]]:
                out = k
        r = chosen[out]
        change = added + made_up[r] - loss[r]
        if change <= TINY * total:
            continue
        idle = 0
        open_[r], open_[s] = False, True
        chosen[out] = s
        for i in range(ptr[r], ptr[r + 1]):  # what the site that goes served
            d = demand[i]
            if who[d] == r or gain[i] >= second[d]:
                if who[d] >= 0:
                    loss[who[d]] -= best[d] - second[d]
                _two_best(tptr, tsite, tgain, open_, d, best, who, second)
                if who[d] >= 0:
                    loss[who[d]] += best[d] - second[d]
        for i in range(ptr[s], ptr[s + 1]):  # what the new one serves better
            d = demand[i]
            if who[d] != s and gain[i] > second[d]:
                if who[d] >= 0:
                    loss[who[d]] -= best[d] - second[d]
                if gain[i] > best[d]:
                    second[d], best[d], who[d] = best[d], gain[i], s
                else:
                    second[d] = gain[i]
                loss[who[d]] += best[d] - second[d]
        loss[r] = 0.0
        total += change
    return np.sort(chosen), best.sum()


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
        them, (sites,). The most that any of the choices on the way is worth, if capacities are not looked at, and
        that choice of free sites; a worth of 0 if none is above ``known``.

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
        if reached > found:
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
