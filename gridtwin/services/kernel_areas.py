"""Compiled outlines of service areas: cells cut where the limit ends, joined, and chained into rings.

Within a cell the cost is linear in each triangle between its sample and one of its sides, so the ground within a
limit is bounded by a straight cut through each triangle (marching triangles). Points on the outline have keys, never
compared by coordinates: the corners of cells, then for each side the cut through it, then for each side the cut
through the spoke from the sample to the corner at which the side starts.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gridtwin.jit import compiled

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Array = TypeVar("Array", NDArray[np.float64], NDArray[np.int64])

NOWHERE_M2 = 0.01  # smaller parts and holes are no ground
NEAR_END = 1e-6  # cuts stay this share of a side away from its corners, and as near to each other they are one
STRAIGHT_M2 = 1e-6  # twice the area of a triangle whose middle corner is left out
OUT, PART, FULL = 0, 1, 2


@compiled
def cut_at(start: float, end: float, limit: float) -> float:
    """Return where between two costs, one of them within the limit, it ends: the share from the start."""
    return min(max((limit - start) / (end - start), NEAR_END), 1.0 - NEAR_END)


@compiled
def following(ptr: Indices, cell: Indices, h: int) -> int:
    """Return the next side of the same cell."""
    return h + 1 if h + 1 < ptr[cell[h] + 1] else ptr[cell[h]]


@compiled
def span(at_start: float, at_end: float, limit: float) -> tuple[float, float]:
    """Return the part of a side within the limit, as shares from its start; (1, 0) for none."""
    if at_start <= limit:
        return 0.0, 1.0 if at_end <= limit else cut_at(at_start, at_end, limit)
    return (cut_at(at_start, at_end, limit), 1.0) if at_end <= limit else (1.0, 0.0)


@compiled
def cut_key(
    ptr: Indices, cell: Indices, twin: Indices, cost: Floats, state: Indices, corners: int, h: int, limit: float
) -> int:
    """Return the key of the cut through side ``h``; neighbours that cut it at the same place share the key."""
    cells = len(ptr) - 1
    g = twin[h]
    if 0 <= g < h and state[cell[g]] == PART:
        low, high = cost[cells + g], cost[cells + following(ptr, cell, g)]
        if (low <= limit) != (high <= limit):
            mine = cut_at(cost[cells + h], cost[cells + following(ptr, cell, h)], limit)
            if abs(mine - (1.0 - cut_at(low, high, limit))) < NEAR_END:
                return int(corners + g)
    return int(corners + h)


@compiled
def place_of(
    ptr: Indices,
    cell: Indices,
    corner: Indices,
    centres: Floats,
    corners: Floats,
    cost: Floats,
    key: int,
    limit: float,
) -> tuple[float, float]:
    """Return the coordinates of a key."""
    n, sides, cells = len(corners), len(corner), len(ptr) - 1
    if key < n:
        return corners[key, 0], corners[key, 1]
    if key < n + sides:
        h = key - n
        k = following(ptr, cell, h)
        at = cut_at(cost[cells + h], cost[cells + k], limit)
        a, b = corner[h], corner[k]
        return (
            corners[a, 0] + at * (corners[b, 0] - corners[a, 0]),
            corners[a, 1] + at * (corners[b, 1] - corners[a, 1]),
        )
    h = key - n - sides
    c, b = cell[h], corner[h]
    at = cut_at(cost[c], cost[cells + h], limit)
    return centres[c, 0] + at * (corners[b, 0] - centres[c, 0]), centres[c, 1] + at * (corners[b, 1] - centres[c, 1])


@compiled
def pieces_of(
    ptr: Indices,
    cell: Indices,
    corner: Indices,
    twin: Indices,
    corners: int,
    cost: Floats,
    near: Indices,
    state: Indices,
    limit: float,
    start: Indices,
    end: Indices,
) -> int:
    """Fill in the pieces of the outline, the area on their left, as pairs of keys; return their number.

    ``near`` lists the cells that have a cost within the limit, ``state`` says of every cell whether it is out, in, or
    in part.
    """
    cells = len(ptr) - 1
    count = 0
    for i in range(len(near)):
        c = near[i]
        for h in range(ptr[c], ptr[c + 1]):
            if state[c] == FULL and twin[h] >= 0 and state[cell[twin[h]]] == FULL:
                continue
            k = following(ptr, cell, h)
            at_start, at_end = cost[cells + h], cost[cells + k]
            low, high = span(at_start, at_end, limit)
            if low < high:
                g = twin[h]
                from_high, from_low = 1.0, 0.0  # what the neighbour has, from the start of side h
                if g >= 0 and state[cell[g]] != OUT:
                    back_low, back_high = span(cost[cells + g], cost[cells + following(ptr, cell, g)], limit)
                    if back_low < back_high:
                        from_high, from_low = 1.0 - back_high, 1.0 - back_low
                own_cut = cut_key(ptr, cell, twin, cost, state, corners, h, limit) if low > 0.0 or high < 1.0 else -1
                other_cut = -1
                if from_high < from_low and (from_high > 0.0 or from_low < 1.0):
                    other_cut = cut_key(ptr, cell, twin, cost, state, corners, g, limit)
                if other_cut == own_cut and own_cut >= 0:  # one place: equal to the last bit
                    if low > 0.0 and from_high > 0.0:
                        from_high = low
                    elif high < 1.0 and from_low < 1.0:
                        from_low = high
                    else:  # one has what the other has not
                        from_high, from_low = 1.0, 0.0
                own_from = own_cut if low > 0.0 else corner[h]
                own_to = own_cut if high < 1.0 else corner[k]
                if from_high >= from_low:
                    start[count], end[count] = own_from, own_to
                    count += 1
                else:
                    if low < min(high, from_high):
                        start[count], end[count] = own_from, other_cut if from_high < high else own_to
                        count += 1
                    if max(low, from_low) < high:
                        start[count], end[count] = other_cut if from_low > low else own_from, own_to
                        count += 1
            if state[c] == FULL:
                continue
            # The cut through the triangle of the sample and this side, from where it leaves to where it enters.
            inside, first, second = cost[c] <= limit, at_start <= limit, at_end <= limit
            if inside == first and first == second:
                continue
            leaves, enters = -1, -1
            if inside != first:
                spoke = corners + len(corner) + h
                leaves, enters = (spoke, enters) if inside else (leaves, spoke)
            if first != second:
                cut = cut_key(ptr, cell, twin, cost, state, corners, h, limit)
                leaves, enters = (cut, enters) if first else (leaves, cut)
            if second != inside:
                spoke = corners + len(corner) + k
                leaves, enters = (spoke, enters) if second else (leaves, spoke)
            start[count], end[count] = leaves, enters
            count += 1
    return count


@compiled
def clockwise(dx: float, dy: float, x: float, y: float) -> float:
    """Return the angle from the direction back along (dx, dy) clockwise to (x, y), 0 to 2 π, 0 last."""
    angle = float(np.arctan2(-dy, -dx) - np.arctan2(y, x))
    while angle <= 0.0:
        angle += 2.0 * np.pi
    return angle


@compiled
def chained(start: Indices, end: Indices, xy: Floats, first: Indices, at: Indices) -> tuple[Indices, Indices]:
    """Return the rings of an outline as numbers of pieces and bounds; no ring meets a point twice.

    ``xy`` holds the places at which pieces start, (pieces, 2); ``first`` and ``at`` are −1 for every key before and
    after. Where several pieces start at one key, the way goes on along the area on the left.
    """
    count = len(start)
    more = np.full(count, -1, np.int64)
    for s in range(count - 1, -1, -1):
        more[s] = first[start[s]]
        first[start[s]] = s
    used = np.zeros(count, np.bool_)
    path, ring, bounds = np.empty(count, np.int64), np.empty(count, np.int64), np.zeros(count + 1, np.int64)
    rings, filled = 0, 0
    for s in range(count):
        if used[s]:
            continue
        size, piece = 0, s
        while piece >= 0:
            used[piece] = True
            at[start[piece]] = size
            path[size] = piece
            size += 1
            key = end[piece]
            if at[key] >= 0:  # a ring is closed
                back = at[key]
                for i in range(back, size):
                    at[start[path[i]]] = -1
                    ring[filled] = path[i]
                    filled += 1
                rings += 1
                bounds[rings] = filled
                size = back
            following_piece, least = -1, np.inf
            t = first[key]
            while t >= 0:
                if not used[t]:
                    if following_piece < 0 and more[t] < 0:
                        following_piece = t
                        break
                    here, there = xy[t], xy[first[end[t]]]
                    turn = clockwise(
                        here[0] - xy[piece, 0], here[1] - xy[piece, 1], there[0] - here[0], there[1] - here[1]
                    )
                    if turn < least:
                        following_piece, least = t, turn
                t = more[t]
            piece = following_piece
    for s in range(count):
        first[start[s]] = -1
    return ring[:filled], bounds[: rings + 1]


@compiled
def straightened(xy: Floats, out: Floats) -> int:
    """Copy a ring without the corners at which it goes straight on, and return the number of those that stay."""
    n, size = len(xy), 0
    for i in range(n):
        # From the last corner that stays: of two corners in one place one has to.
        before = out[size - 1] if size > 0 else xy[n - 1]
        after = xy[i + 1] if i + 1 < n else out[0] if size > 0 else xy[0]
        twice = (xy[i, 0] - before[0]) * (after[1] - xy[i, 1]) - (xy[i, 1] - before[1]) * (after[0] - xy[i, 0])
        if abs(twice) > STRAIGHT_M2:
            out[size] = xy[i]
            size += 1
    return size


@compiled
def area_of(xy: Floats) -> float:
    """Return the signed area of a ring: above 0 counter-clockwise."""
    twice = 0.0
    x0, y0 = xy[0, 0], xy[0, 1]
    for i in range(1, len(xy) - 1):
        twice += (xy[i, 0] - x0) * (xy[i + 1, 1] - y0) - (xy[i + 1, 0] - x0) * (xy[i, 1] - y0)
    return 0.5 * twice


@compiled
def holds(xy: Floats, x: float, y: float) -> bool:
    """Return whether a ring runs around a point."""
    inside = False
    for i in range(len(xy)):
        ax, ay, bx, by = xy[i - 1, 0], xy[i - 1, 1], xy[i, 0], xy[i, 1]
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            inside = not inside
    return inside


@compiled
def tidied(xy: Floats, bounds: Indices) -> tuple[Floats, Indices, Indices]:
    """Return rings without needless corners, their bounds, and the shell of each: itself, −1 for what is no ground."""
    rings = len(bounds) - 1
    out, kept = np.empty_like(xy), np.zeros(rings + 1, np.int64)
    size, shell = np.zeros(rings), np.full(rings, -1, np.int64)
    for r in range(rings):
        kept[r + 1] = kept[r] + straightened(xy[bounds[r] : bounds[r + 1]], out[kept[r] :])
        if kept[r + 1] - kept[r] > 2:
            size[r] = area_of(out[kept[r] : kept[r + 1]])
        if size[r] > NOWHERE_M2:
            shell[r] = r
    for r in range(rings):
        if size[r] < -NOWHERE_M2:
            # A point that lies on no other ring: the middle of a side.
            x, y = 0.5 * (out[kept[r], 0] + out[kept[r] + 1, 0]), 0.5 * (out[kept[r], 1] + out[kept[r] + 1, 1])
            for t in range(rings):
                around = size[t] > -size[r] and (shell[r] < 0 or size[t] < size[shell[r]])
                if around and holds(out[kept[t] : kept[t + 1]], x, y):
                    shell[r] = t
    return out, kept, shell


@compiled
def roomy(array: Array, needed: int) -> Array:
    """Return the array, twice as long or more if it is shorter than ``needed``."""
    while len(array) < needed:
        array = np.concatenate((array, np.empty_like(array)))
    return array


@compiled
def outlines(
    ptr: Indices,
    cell: Indices,
    corner: Indices,
    twin: Indices,
    centres: Floats,
    corners: Floats,
    pair_ptr: Indices,
    pair_point: Indices,
    pair_cost: Floats,
    beyond: float,
    limits: Floats,
) -> tuple[Floats, Indices, Indices, Indices]:
    """Return the areas within each limit of each source as ragged arrays of multipolygons.

    The points of source ``s`` with a cost up to ``beyond`` are ``pair_ptr[s]:pair_ptr[s + 1]``: samples by number of
    the cell, then corners by number of the side. Returns coordinates, and the bounds of rings, of polygons and of
    areas, source by source and limit by limit.
    """
    sources, cells, sides, n = len(pair_ptr) - 1, len(ptr) - 1, len(corner), len(corners)
    cost = np.full(cells + sides, beyond)
    state = np.zeros(cells, np.int64)
    first, at = np.full(n + 2 * sides, -1, np.int64), np.full(n + 2 * sides, -1, np.int64)
    met, near = np.empty(cells, np.int64), np.empty(cells, np.int64)
    least, most = np.empty(cells), np.empty(cells)
    start, end = np.empty(3 * sides, np.int64), np.empty(3 * sides, np.int64)
    seen = np.zeros(cells, np.bool_)
    out: Floats = np.empty((4096, 2))
    rings: Indices = np.zeros(256, np.int64)
    polygons: Indices = np.zeros(256, np.int64)
    areas = np.zeros(sources * len(limits) + 1, np.int64)
    ring, polygon = 0, 0  # how many there are
    for s in range(sources):
        found = 0
        for i in range(pair_ptr[s], pair_ptr[s + 1]):
            p = pair_point[i]
            cost[p] = pair_cost[i]
            c = p if p < cells else cell[p - cells]
            if not seen[c]:
                seen[c] = True
                met[found] = c
                found += 1
        for i in range(found):
            c = met[i]
            least[i], most[i] = cost[c], cost[c]
            for h in range(ptr[c], ptr[c + 1]):
                least[i], most[i] = min(least[i], cost[cells + h]), max(most[i], cost[cells + h])
        for m in range(len(limits)):
            limit = limits[m]
            some = 0
            for i in range(found):
                c = met[i]
                state[c] = OUT if least[i] > limit else FULL if most[i] <= limit else PART
                if state[c] != OUT:
                    near[some] = c
                    some += 1
            pieces = pieces_of(ptr, cell, corner, twin, n, cost, near[:some], state, limit, start, end)
            xy = np.empty((pieces, 2))
            for i in range(pieces):
                xy[i] = place_of(ptr, cell, corner, centres, corners, cost, start[i], limit)
            chain, bounds = chained(start[:pieces], end[:pieces], xy, first, at)
            tidy, kept, shell = tidied(xy[chain], bounds)
            for t in range(len(shell)):
                if shell[t] != t:
                    continue
                for r in range(-1, len(shell)):  # the shell, then its holes
                    if r == t or (r >= 0 and shell[r] != t):
                        continue
                    chosen = t if r < 0 else r
                    corners_of = tidy[kept[chosen] : kept[chosen + 1]]
                    filled = rings[ring] + len(corners_of) + 1
                    out, rings = roomy(out, filled), roomy(rings, ring + 2)
                    out[rings[ring] : filled - 1] = corners_of
                    out[filled - 1] = corners_of[0]
                    ring += 1
                    rings[ring] = filled
                polygon += 1
                polygons = roomy(polygons, polygon + 1)
                polygons[polygon] = ring
            areas[s * len(limits) + m + 1] = polygon
        for i in range(found):
            c = met[i]
            seen[c], state[c], cost[c] = False, OUT, beyond
            for h in range(ptr[c], ptr[c + 1]):
                cost[cells + h] = beyond
    return out[: rings[ring]].copy(), rings[: ring + 1].copy(), polygons[: polygon + 1].copy(), areas
