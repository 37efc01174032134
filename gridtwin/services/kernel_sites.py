"""Compiled work on points: along lines, beside lines, and thinned."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridtwin.jit import compiled

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@compiled
def thinned(near: Indices, count: int) -> Flags:
    """Return which of ``count`` points stay when none may be near an earlier one that stays.

    ``near`` holds pairs of points that are too near to each other, the smaller number first, in ascending order.
    """
    kept = np.ones(count, np.bool_)
    for k in range(len(near)):
        if kept[near[k, 0]]:
            kept[near[k, 1]] = False
    return kept


@compiled
def interpolated(xy: Floats, line: Indices, wanted: Indices, way: Floats) -> Floats:
    """Return the places at some ways along lines, (ways, 2).

    ``xy`` holds the vertices of all lines and ``line`` the line of each; ``wanted`` and ``way`` say where on which
    line, sorted by both. Every line has vertices, and no way is longer than its line but for rounding.
    """
    out = np.empty((len(way), 2))
    v, before, current = 0, 0.0, -1
    for k in range(len(way)):
        if wanted[k] != current:
            current, before = wanted[k], 0.0
            while line[v] != current:
                v += 1
        while True:
            last = v + 2 >= len(line) or line[v + 2] != current
            dx, dy = xy[v + 1, 0] - xy[v, 0], xy[v + 1, 1] - xy[v, 1]
            piece = np.hypot(dx, dy)
            if last or before + piece >= way[k]:
                break
            before += piece
            v += 1
        at = min(max((way[k] - before) / piece, 0.0), 1.0) if piece > 0.0 else 0.0
        out[k, 0], out[k, 1] = xy[v, 0] + at * dx, xy[v, 1] + at * dy
    return out


@compiled
def placed(xy: Floats, stop: Indices, stops: Floats, offset_m: Floats) -> tuple[Floats, Floats]:
    """Return the offset and the distance of the nearest point on the pieces before and after each point's stop."""
    offset, distance = np.empty(len(xy)), np.empty(len(xy))
    for i in range(len(xy)):
        distance[i] = np.inf
        for a in (stop[i] - 1, stop[i]):
            dx, dy = stops[a + 1, 0] - stops[a, 0], stops[a + 1, 1] - stops[a, 1]
            x, y = xy[i, 0] - stops[a, 0], xy[i, 1] - stops[a, 1]
            square = dx * dx + dy * dy
            at = min(max((x * dx + y * dy) / square, 0.0), 1.0) if square > 0.0 else 0.0
            far = np.hypot(x - at * dx, y - at * dy)
            if far < distance[i]:
                distance[i] = far
                offset[i] = offset_m[a] + at * (offset_m[a + 1] - offset_m[a])
    return offset, distance
