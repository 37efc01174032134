"""Compiled kernels of siting: equal demands, needless sites, greedy choice and interchange.

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
def dominated(ptr: Indices, demand: Indices, gain: Floats, tptr: Indices, tsite: Indices) -> Flags:
    """Return the sites that another serves as well as, demand by demand; of equals the first stays, (sites,).

    The demands of each site must be in order. A choice that holds such a site is worth no less with the other.
    """
    sites = len(ptr) - 1
    out = np.zeros(sites, np.bool_)
    for a in range(sites):
        low, high = ptr[a], ptr[a + 1]
        if low == high:
            out[a] = True
            continue
        rare = demand[low]
        for i in range(low, high):
            if tptr[demand[i] + 1] - tptr[demand[i]] < tptr[rare + 1] - tptr[rare]:
                rare = demand[i]
        for j in range(tptr[rare], tptr[rare + 1]):
            b = tsite[j]
            if b == a or ptr[b + 1] - ptr[b] < high - low:
                continue
            same = ptr[b + 1] - ptr[b] == high - low
            k, end = ptr[b], ptr[b + 1]
            i = low
            while i < high:
                while k < end and demand[k] < demand[i]:
                    k += 1
                if k == end or demand[k] != demand[i] or gain[k] < gain[i]:
                    break
                same = same and gain[k] == gain[i]
                i += 1
            if i == high and (not same or b < a):
                out[a] = True
                break
    return out


@compiled
def worth(ptr: Indices, demand: Indices, gain: Floats, demands: int, chosen: Indices) -> Floats:
    """Return what each demand takes from the chosen sites, (demands,)."""
    best = np.zeros(demands)
    for s in chosen:
        for i in range(ptr[s], ptr[s + 1]):
            best[demand[i]] = max(best[demand[i]], gain[i])
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
            best[demand[i]] = max(best[demand[i]], gain[i])
        bound[s] = 0.0
        chosen[k] = s
    return chosen


@compiled
def greedy_within(
    ptr: Indices, demand: Indices, gain: Floats, need: Floats, capacity: Floats, order: Indices, free: Flags,
    count: int, enough: float,
) -> Indices:  # fmt: skip
    """Choose up to ``count`` sites of limited capacity, each the one that adds most, until they are worth ``enough``.

    Parameters
    ----------
    ptr, demand, gain, need, capacity, free, count
        As of :func:`gridtwin.services.kernel_siting_bound.relax`.
    order
        Rows of the table in the order in which each site would take them, (rows,).
    enough
        Worth at which to stop.

    Notes
    -----
    Who is served stays with their site here, so a choice may be worth more than it seems.
    """
    sites = len(ptr) - 1
    left = need.copy()
    bound = np.zeros(sites)
    chosen = np.empty(min(count, int(free.sum())), np.int64)
    total, k = 0.0, 0
    for s in range(sites):
        if not free[s]:
            total += _filled(ptr, demand, gain, need, capacity, order, left, s, True)
    for s in range(sites):
        if free[s]:
            bound[s] = _filled(ptr, demand, gain, need, capacity, order, left, s, False)
    seen = np.zeros(sites, np.int64)
    while k < len(chosen) and total < enough:
        s = int(np.argmax(bound))
        if bound[s] <= TINY * total:
            break
        if seen[s] != k:
            bound[s] = _filled(ptr, demand, gain, need, capacity, order, left, s, False)
            seen[s] = k
            continue
        total += _filled(ptr, demand, gain, need, capacity, order, left, s, True)
        bound[s] = 0.0
        chosen[k] = s
        k += 1
    return chosen[:k]


@compiled
def _filled(
    ptr: Indices, demand: Indices, gain: Floats, need: Floats, capacity: Floats, order: Indices,
    left: Floats, s: int, take: bool,
) -> float:  # fmt: skip
    """Return what site ``s`` is worth to what is left of the demands, and take it if told to."""
    total, room = 0.0, capacity[s]
    for k in range(ptr[s], ptr[s + 1]):
        i = order[k]
        d = demand[i]
        part = min(room, left[d])
        if part > 0.0:
            total += gain[i] * part / need[d]
            room -= part
            if take:
                left[d] -= part
    return total


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
