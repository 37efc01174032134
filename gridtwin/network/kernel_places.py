"""Compiled searches that end at places on the edges: all within a limit of each source, and the nearest sources."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridtwin.jit import compiled
from gridtwin.network.kernel import pop, push

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@compiled
def between(along: float, back: float, here: float, there: float) -> float:
    """Return the cost of the way on one edge from share ``here`` to share ``there`` of it."""
    if there >= here and along < np.inf:
        return (there - here) * along
    if there <= here and back < np.inf:
        return (here - there) * back
    return np.inf


@compiled
def gathered(
    indptr: Indices,
    head: Indices,
    cost: Floats,
    edge: Indices,
    from_start: Flags,
    along: Floats,
    back: Floats,
    seed_ptr: Indices,
    seed: Indices,
    seed_cost: Floats,
    start_edge: Indices,
    start_at: Floats,
    start_leg: Floats,
    place_ptr: Indices,
    place_at: Floats,
    place_leg: Floats,
    limit: float,
) -> tuple[Indices, Indices, Floats]:
    """Return all places within ``limit`` of each source.

    Each source starts at some places of its own: edge, share of the edge before it, and leg. Start ``k`` has the
    seeds ``2k`` and ``2k + 1``, the ends of its edge; the seeds of source ``s`` are
    ``seed_ptr[s]:seed_ptr[s + 1]``, the places on edge ``e`` are ``place_ptr[e]:place_ptr[e + 1]``. Returns the
    bounds of each source in the flat arrays, and place and cost.
    """
    sources, n = len(seed_ptr) - 1, len(indptr) - 1
    best = np.full(n, np.inf)
    least = np.full(len(place_at), np.inf)
    touched, met = np.empty(n, np.int64), np.empty(len(place_at), np.int64)
    room = len(head) + len(seed)
    key, item = np.empty(room), np.empty(room, np.int64)
    room = max(1024, 64 * sources)
    place, value = np.empty(room, np.int64), np.empty(room)
    ptr = np.zeros(sources + 1, np.int64)
    filled = 0
    for s in range(sources):
        size, count, found = 0, 0, 0
        for k in range(seed_ptr[s], seed_ptr[s + 1]):
            j, c = seed[k], seed_cost[k]
            if c <= limit and c < best[j]:
                if best[j] == np.inf:
                    touched[count] = j
                    count += 1
                best[j] = c
                push(key, item, size, c, j)
                size += 1
        for k in range(seed_ptr[s] // 2, seed_ptr[s + 1] // 2):
            e = start_edge[k]
            if e < 0:
                continue
            for p in range(place_ptr[e], place_ptr[e + 1]):
                d = start_leg[k] + between(along[e], back[e], start_at[k], place_at[p]) + place_leg[p]
                if d <= limit and d < least[p]:
                    if least[p] == np.inf:
                        met[found] = p
                        found += 1
                    least[p] = d
        while size > 0:
            c, a = key[0], item[0]
            size -= 1
            pop(key, item, size)
            if c > best[a]:
                continue
            for i in range(indptr[a], indptr[a + 1]):
                e = edge[i]
                if cost[i] == np.inf:
                    continue
                for p in range(place_ptr[e], place_ptr[e + 1]):
                    share = place_at[p] if from_start[i] else 1.0 - place_at[p]
                    d = c + share * cost[i] + place_leg[p]
                    if d <= limit and d < least[p]:
                        if least[p] == np.inf:
                            met[found] = p
                            found += 1
                        least[p] = d
                b, d = head[i], c + cost[i]
                if d <= limit and d < best[b]:
                    if best[b] == np.inf:
                        touched[count] = b
                        count += 1
                    best[b] = d
                    push(key, item, size, d, b)
                    size += 1
        for i in range(count):
            best[touched[i]] = np.inf
        if filled + found > room:
            room = max(2 * room, filled + found)
            place = np.concatenate((place[:filled], np.empty(room - filled, np.int64)))
            value = np.concatenate((value[:filled], np.empty(room - filled)))
        for i in range(found):
            p = met[i]
            place[filled], value[filled] = p, least[p]
            least[p] = np.inf
            filled += 1
        ptr[s + 1] = filled
    return ptr, place[:filled].copy(), value[:filled].copy()


@compiled
def nearest_of_junctions(
    indptr: Indices,
    head: Indices,
    cost: Floats,
    seed: Indices,
    seed_cost: Floats,
    owner: Indices,
    k: int,
    limit: float,
) -> tuple[Indices, Floats]:
    """Return the ``k`` nearest sources of each junction and their costs, (junctions, k), −1 and infinite for none.

    Seeds are junctions with the cost to get there and the source they belong to. Dijkstra's method with up to ``k``
    labels a junction; a further label of the same source is dropped.
    """
    n = len(indptr) - 1
    source, value = np.full((n, k), -1, np.int64), np.full((n, k), np.inf)
    count = np.zeros(n, np.int64)
    room = max(1024, 4 * len(seed))
    key, item = np.empty(room), np.empty(room, np.int64)
    size = 0
    for i in range(len(seed)):
        if seed_cost[i] <= limit:
            push(key, item, size, seed_cost[i], seed[i] + n * owner[i])
            size += 1
    while size > 0:
        c, a, s = key[0], item[0] % n, item[0] // n
        size -= 1
        pop(key, item, size)
        if count[a] == k or (source[a, : count[a]] == s).any():
            continue
        source[a, count[a]], value[a, count[a]] = s, c
        count[a] += 1
        for e in range(indptr[a], indptr[a + 1]):
            b, d = head[e], c + cost[e]
            if d > limit or count[b] == k:
                continue
            known = False
            for j in range(count[b]):
                known = known or source[b, j] == s
            if known:
                continue
            if size == room:
                room *= 2
                key = np.concatenate((key, np.empty_like(key)))
                item = np.concatenate((item, np.empty_like(item)))
            push(key, item, size, d, b + n * s)
            size += 1
    return source, value


@compiled
def nearest_of_places(
    start: Indices,
    end: Indices,
    along: Floats,
    back: Floats,
    junction_source: Indices,
    junction_cost: Floats,
    start_ptr: Indices,
    start_at: Floats,
    start_leg: Floats,
    start_owner: Indices,
    place_edge: Indices,
    place_at: Floats,
    place_leg: Floats,
    limit: float,
) -> tuple[Indices, Floats]:
    """Return the nearest sources of each place from those of the ends of its edge, and of those on the edge itself.

    The sources that start on edge ``e`` are ``start_ptr[e]:start_ptr[e + 1]``; a place with edge −1 has none.
    """
    places, k = len(place_edge), junction_source.shape[1]
    source, value = np.full((places, k), -1, np.int64), np.full((places, k), np.inf)
    for p in range(places):
        e = place_edge[p]
        if e < 0:
            continue
        for side in range(2):
            j = start[e] if side == 0 else end[e]
            whole = along[e] if side == 0 else back[e]
            if whole == np.inf:
                continue
            share = place_at[p] if side == 0 else 1.0 - place_at[p]
            for i in range(k):
                if junction_source[j, i] < 0:
                    break
                _insert(source[p], value[p], junction_source[j, i], junction_cost[j, i] + share * whole + place_leg[p])
        for i in range(start_ptr[e], start_ptr[e + 1]):
            c = start_leg[i] + between(along[e], back[e], start_at[i], place_at[p]) + place_leg[p]
            _insert(source[p], value[p], start_owner[i], c)
        for i in range(k):
            if value[p, i] > limit:
                source[p, i], value[p, i] = -1, np.inf
    return source, value


@compiled
def _insert(source: Indices, value: Floats, s: int, c: float) -> None:
    """Put a source into the list of the nearest, once, the nearest first."""
    k = len(source)
    if not c < value[k - 1]:
        return
    last = k - 1
    for i in range(k):
        if source[i] == s:
            if value[i] <= c:
                return
            last = i
            break
    i = last
    while i > 0 and value[i - 1] > c:
        source[i], value[i] = source[i - 1], value[i - 1]
        i -= 1
    source[i], value[i] = s, c
