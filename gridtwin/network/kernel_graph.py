"""Compiled Dijkstra search that settles nodes in the very order of networkx, with the same ties and sums."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridtwin.jit import compiled

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@compiled
def _before(key: Floats, turn: Indices, i: int, cost: float, number: int) -> bool:
    """Return whether entry ``i`` of the heap comes before a cost and its turn."""
    return bool(key[i] < cost or (key[i] == cost and turn[i] < number))


@compiled
def _push(key: Floats, turn: Indices, size: int, cost: float, number: int) -> None:
    """Put an entry into the heap of ``size`` entries; of equal costs the earlier turn comes first."""
    i = size
    while i > 0:
        parent = (i - 1) >> 2
        if _before(key, turn, parent, cost, number):
            break
        key[i], turn[i] = key[parent], turn[parent]
        i = parent
    key[i], turn[i] = cost, number


@compiled
def _pop(key: Floats, turn: Indices, size: int) -> None:
    """Take the first entry off the heap; ``size`` is the number of entries that stay."""
    cost, number = key[size], turn[size]
    i = 0
    while True:
        child = (i << 2) + 1
        if child >= size:
            break
        least = child
        for j in range(child + 1, min(child + 4, size)):
            if _before(key, turn, j, key[least], turn[least]):
                least = j
        if not _before(key, turn, least, cost, number):
            break
        key[i], turn[i] = key[least], turn[least]
        i = least
    key[i], turn[i] = cost, number


@compiled
def settled(
    indptr: Indices,
    head: Indices,
    cost: Floats,
    whole: Flags,
    sources: Indices,
    target: int,
    limited: bool,
    cutoff: float,
) -> tuple[Indices, Floats, Flags, Indices, bool]:
    """Return nodes in the order in which they are settled, with cost, whether it is whole, and predecessor.

    ``whole`` says which costs are whole numbers: a sum of such is one. The search ends at ``target`` (−1: none),
    and takes no way longer than ``cutoff`` if it is ``limited``. The last value is False if a cost below zero
    has led to a contradiction.
    """
    n = len(indptr) - 1
    state = np.zeros(n, np.uint8)  # 0 not seen, 1 seen, 2 settled
    best, sum_whole, via = np.empty(n), np.empty(n, np.bool_), np.empty(n, np.int64)
    room = len(head) + len(sources)
    key, turn, item = np.empty(room), np.empty(room, np.int64), np.empty(room, np.int64)
    order = np.empty(n, np.int64)
    size, number, count = 0, 0, 0
    for s in sources:
        state[s], best[s], sum_whole[s], via[s] = 1, 0.0, True, -1
        item[number] = s
        _push(key, turn, size, 0.0, number)
        number += 1
        size += 1
    sound = True
    while size > 0 and sound:
        c, v = key[0], item[turn[0]]
        size -= 1
        _pop(key, turn, size)
        if state[v] == 2:
            continue
        state[v] = 2
        order[count] = v
        count += 1
        if v == target:
            break
        for e in range(indptr[v], indptr[v + 1]):
            u, d = head[e], c + cost[e]
            if limited and d > cutoff:
                continue
            if state[u] == 2:
                if d < best[u]:
                    sound = False
                    break
            elif state[u] == 0 or d < best[u]:
                state[u], best[u], sum_whole[u], via[u] = 1, d, sum_whole[v] and whole[e], v
                item[number] = u
                _push(key, turn, size, d, number)
                number += 1
                size += 1
    order = order[:count].copy()
    return order, best[order], sum_whole[order], via[order], sound
