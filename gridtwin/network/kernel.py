"""Compiled searches over the network's arrays: Dijkstra's method with a limit, on a heap of four children.

E. W. Dijkstra, "A note on two problems in connexion with graphs", Numerische Mathematik 1 (1959).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridtwin.jit import compiled

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@compiled
def push(key: Floats, item: Indices, size: int, cost: float, junction: int) -> None:
    """Put an item into the heap of ``size`` items."""
    i = size
    while i > 0:
        parent = (i - 1) >> 2
        if key[parent] <= cost:
            break
        key[i] = key[parent]
        item[i] = item[parent]
        i = parent
    key[i] = cost
    item[i] = junction


@compiled
def pop(key: Floats, item: Indices, size: int) -> None:
    """Take the first item off the heap; ``size`` is the number of items that stay."""
    cost, junction = key[size], item[size]
    i = 0
    while True:
        child = (i << 2) + 1
        if child >= size:
            break
        least = child
        for j in range(child + 1, min(child + 4, size)):
            if key[j] < key[least]:
                least = j
        if key[least] >= cost:
            break
        key[i] = key[least]
        item[i] = item[least]
        i = least
    key[i] = cost
    item[i] = junction


@compiled
def bounded(
    indptr: Indices,
    head: Indices,
    cost: Floats,
    seed_ptr: Indices,
    seed: Indices,
    seed_cost: Floats,
    limit: float,
) -> tuple[Indices, Indices, Floats, Indices]:
    """Return all junctions within ``limit`` of each source, nearest first.

    The seeds of source ``s`` are ``seed_ptr[s]:seed_ptr[s + 1]``: junctions with the cost to get there
    (infinite: closed). Returns the bounds of each source in the flat arrays, and their junction, cost and the
    arc of arrival (−1: a seed).
    """
    sources, n = len(seed_ptr) - 1, len(indptr) - 1
    best = np.full(n, np.inf)
    arc = np.full(n, -1, np.int64)
    touched = np.empty(n, np.int64)
    # Every arc may push once, and each seed.
    room = len(head) + len(seed)
    key, item = np.empty(room), np.empty(room, np.int64)
    room = max(1024, 64 * sources)
    node, value, via = np.empty(room, np.int64), np.empty(room), np.empty(room, np.int64)
    ptr = np.zeros(sources + 1, np.int64)
    filled = 0
    for s in range(sources):
        size, count = 0, 0
        for k in range(seed_ptr[s], seed_ptr[s + 1]):
            j, c = seed[k], seed_cost[k]
            if c <= limit and c < best[j]:
                if best[j] == np.inf:
                    touched[count] = j
                    count += 1
                best[j] = c
                arc[j] = -1
                push(key, item, size, c, j)
                size += 1
        while size > 0:
            c, a = key[0], item[0]
            size -= 1
            pop(key, item, size)
            if c > best[a]:
                continue
            if filled == room:
                room *= 2
                node = np.concatenate((node, np.empty_like(node)))
                value = np.concatenate((value, np.empty_like(value)))
                via = np.concatenate((via, np.empty_like(via)))
            node[filled], value[filled], via[filled] = a, c, arc[a]
            filled += 1
            for e in range(indptr[a], indptr[a + 1]):
                b, d = head[e], c + cost[e]
                if d <= limit and d < best[b]:
                    if best[b] == np.inf:
                        touched[count] = b
                        count += 1
                    best[b] = d
                    arc[b] = e
                    push(key, item, size, d, b)
                    size += 1
        for i in range(count):
            best[touched[i]] = np.inf
        ptr[s + 1] = filled
    return ptr, node[:filled].copy(), value[:filled].copy(), via[:filled].copy()


@compiled
def settle(
    indptr: Indices,
    head: Indices,
    cost: Floats,
    seed: Indices,
    seed_cost: Floats,
    limit: float,
    wanted: Indices,
    mark: int,
    left: int,
    best: Floats,
    settled: Floats,
    touched: Indices,
    key: Floats,
    item: Indices,
) -> int:
    """Settle junctions from two seeds until all ``left`` junctions with ``wanted == mark`` are settled.

    ``best`` and ``settled`` are infinite before; what they are not after is listed in ``touched``, whose
    number is returned.
    """
    size, count = 0, 0
    for k in range(2):
        j, c = seed[k], seed_cost[k]
        if c <= limit and c < best[j]:
            if best[j] == np.inf:
                touched[count] = j
                count += 1
            best[j] = c
            push(key, item, size, c, j)
            size += 1
    while size > 0 and left > 0:
        c, a = key[0], item[0]
        size -= 1
        pop(key, item, size)
        if c > best[a]:
            continue
        settled[a] = c
        if wanted[a] == mark:
            left -= 1
        for e in range(indptr[a], indptr[a + 1]):
            b, d = head[e], c + cost[e]
            if d <= limit and d < best[b]:
                if best[b] == np.inf:
                    touched[count] = b
                    count += 1
                best[b] = d
                push(key, item, size, d, b)
                size += 1
    return count


@compiled
def farthest(
    indptr: Indices,
    head: Indices,
    cost: Floats,
    start: Indices,
    end: Indices,
    along: Floats,
    back: Floats,
    source_ptr: Indices,
    source: Indices,
    source_at: Floats,
    source_leg: Floats,
    target_ptr: Indices,
    target: Indices,
    target_at: Floats,
    target_leg: Floats,
    limit: float,
    same: bool,
) -> Floats:
    """Return the greatest of the least costs from the sources to the targets of each group.

    Sources and targets are edges with the share of the edge that lies before them, and the cost of the leg
    between the place and its street. The result is infinite where a way is closed or longer than ``limit``,
    NaN for a group without source or target.

    ``same`` says that targets are the sources and that ways cost the same both ways. Then a source ``s`` can
    be left out once cost(p, s) + greatest cost(p, ·) of an earlier source ``p`` is no more than the greatest
    cost found, by the triangle inequality; the most promising source goes next.
    """
    groups, n = len(source_ptr) - 1, len(indptr) - 1
    best, settled = np.full(n, np.inf), np.full(n, np.inf)
    touched, wanted = np.empty(n, np.int64), np.full(n, -1, np.int64)
    key, item = np.empty(len(head) + 2), np.empty(len(head) + 2, np.int64)
    seed, seed_cost = np.empty(2, np.int64), np.empty(2)
    bound, way = np.empty(len(target)), np.empty(len(target))
    out = np.full(groups, np.nan)
    for g in range(groups):
        first, last = target_ptr[g], target_ptr[g + 1]
        s, stop = source_ptr[g], source_ptr[g + 1]
        if first == last or s == stop:
            continue
        ends = 0
        for t in range(first, last):
            bound[t] = np.inf
            for j in (start[target[t]], end[target[t]]):
                if wanted[j] != g:
                    wanted[j] = g
                    ends += 1
        worst = 0.0
        while s < stop:
            e0, at0 = source[s], source_at[s]
            seed[0], seed[1] = end[e0], start[e0]
            seed_cost[0] = (1.0 - at0) * along[e0] if along[e0] < np.inf else np.inf
            seed_cost[1] = at0 * back[e0] if back[e0] < np.inf else np.inf
            count = settle(
                indptr, head, cost, seed, seed_cost, limit, wanted, g, ends, best, settled, touched, key, item
            )
            most = 0.0
            for t in range(first, last):
                e1, at1 = target[t], target_at[t]
                least = np.inf
                if along[e1] < np.inf:
                    least = settled[start[e1]] + at1 * along[e1]
                    if e0 == e1 and at1 >= at0:
                        least = min(least, (at1 - at0) * along[e1])
                if back[e1] < np.inf:
                    least = min(least, settled[end[e1]] + (1.0 - at1) * back[e1])
                    if e0 == e1 and at1 <= at0:
                        least = min(least, (at0 - at1) * back[e1])
                least += source_leg[s] + target_leg[t]
                if same and t == s:
                    least = 0.0
                way[t] = least if least <= limit else np.inf
                most = max(most, way[t])
            for i in range(count):
                best[touched[i]] = np.inf
                settled[touched[i]] = np.inf
            worst = max(worst, most)
            if worst == np.inf:
                break
            if not same:
                s += 1
                continue
            bound[s] = -1.0
            s = stop
            for t in range(first, last):
                bound[t] = min(bound[t], way[t] + most)
                if bound[t] > worst and (s == stop or bound[t] > bound[s]):
                    s = t
        out[g] = worst
    return out
