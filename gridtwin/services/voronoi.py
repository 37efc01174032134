"""Voronoi cells of points, none of it farther than a radius from its point, as one partition of shared sides.

Neighbours share the corners of the side between them by number, so cells are joined by comparing numbers, never
coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

JITTER_M = 1e-3  # points are moved by up to this, so that no four of them lie on one circle
TINY_M = 1e-3  # shorter sides vanish: their corners become one
STRIP_M = 500.0
ARC_RAD = np.radians(18.0)  # angle of each straight piece of a round outline


@dataclass(frozen=True)
class Partition:
    """Convex cells and their sides, counter-clockwise.

    Attributes
    ----------
    ptr
        The sides of cell ``c`` are ``ptr[c]:ptr[c + 1]``, (cells + 1,).
    corner
        Corner at which each side starts; it ends where the next side of its cell starts, (sides,).
    twin
        The same side as the neighbour sees it, −1 on the outline of the partition, (sides,).
    corners
        Coordinates, (corners, 2).
    """

    ptr: Indices
    corner: Indices
    twin: Indices
    corners: Floats


@dataclass(frozen=True)
class _Ridges:
    """Borders between the cells ``i`` and ``j``, from a corner to another with ``i`` on the left."""

    i: Indices
    j: Indices
    start: Indices
    end: Indices


def capped_voronoi(xy: Floats, *, radius_m: float, split_m: float) -> Partition:
    """Return the part of each point's Voronoi cell within a radius of the point.

    Parameters
    ----------
    xy
        Points, no two in one place, (cells, 2), metres.
    radius_m
        Radius of the discs that bound the cells.
    split_m
        Between points nearer to each other than this, the middle between them is a corner too.

    Returns
    -------
    Partition
        Cell by cell in the order of the points.
    """
    if not len(xy):
        return Partition(np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 2)))
    origin = xy.mean(axis=0)
    points = xy - origin + np.random.default_rng(0).uniform(-JITTER_M, JITTER_M, xy.shape)
    ridges, corners = _ridges(points, radius_m, split_m)
    partition = _cells(points, ridges, corners, radius_m)
    used, corner = np.unique(partition.corner, return_inverse=True)
    return Partition(partition.ptr, corner.astype(np.int64), partition.twin, partition.corners[used] + origin)


def _ridges(points: Floats, radius_m: float, split_m: float) -> tuple[_Ridges, Floats]:
    """Return the ridges within the radius, and the corners that they number."""
    n = len(points)
    far = 8.0 * (np.ptp(points, axis=0).max() + radius_m + 100.0)
    frame = far * np.array([[-1.0, -1.1], [1.1, -1.0], [-1.05, 1.0], [1.0, 1.05]])
    every = np.vstack([points, frame])
    order = np.lexsort((every[:, 1], every[:, 0] // STRIP_M))  # neighbours one after the other: half the time
    mesh = Delaunay(every[order])
    triangles = order[mesh.simplices]
    triangle = np.repeat(np.arange(len(triangles)), 3)
    i, j = triangles.ravel(), triangles[:, [1, 2, 0]].ravel()
    right = mesh.neighbors[:, [2, 0, 1]].ravel()  # triangle on the right of i → j; ``triangle`` is on the left
    apart = every[j] - every[i]
    half = 0.5 * np.hypot(apart[:, 0], apart[:, 1])
    chosen = np.flatnonzero((i < j) & (j < n) & (half < radius_m))
    i, j, right, triangle, apart, half = (array[chosen] for array in (i, j, right, triangle, apart, half))
    middle = 0.5 * (every[i] + every[j])
    along = np.column_stack([-apart[:, 1], apart[:, 0]]) / (2.0 * half[:, None])
    centre = _circumcentres(every, triangles)
    first, last = ((centre[right] - middle) * along).sum(axis=1), ((centre[triangle] - middle) * along).sum(axis=1)
    chord = np.sqrt(radius_m**2 - half**2)
    met = (first < chord) & (last > -chord)
    i, j, right, triangle, half, middle, along, first, last, chord = (
        array[met] for array in (i, j, right, triangle, half, middle, along, first, last, chord)
    )
    count, circles = len(i), len(centre)
    number = np.arange(count)
    start = np.where(first > -chord, right, circles + number)
    end = np.where(last < chord, triangle, circles + count + number)
    first, last = np.maximum(first, -chord), np.minimum(last, chord)
    corners = np.vstack([centre, middle + along * first[:, None], middle + along * last[:, None], middle])
    tiny = last - first < TINY_M
    start, end = _joined(start, end, tiny)
    cut = (half <= 0.5 * split_m) & (first < -TINY_M) & (last > TINY_M) & ~tiny
    whole = np.flatnonzero(~tiny)
    parts = np.flatnonzero(cut)
    half_way = circles + 2 * count + parts
    end_of_first = end.copy()
    end_of_first[parts] = half_way
    ridges = _Ridges(
        np.concatenate([i[whole], i[parts]]),
        np.concatenate([j[whole], j[parts]]),
        np.concatenate([start[whole], half_way]),
        np.concatenate([end_of_first[whole], end[parts]]),
    )
    return ridges, corners


def _circumcentres(points: Floats, triangles: Indices) -> Floats:
    """Return the middle of the circle through the corners of each triangle."""
    p = points[triangles]
    base, side = p[:, 1] - p[:, 0], p[:, 2] - p[:, 0]
    twice = 2.0 * (base[:, 0] * side[:, 1] - base[:, 1] * side[:, 0])
    twice = np.where(twice == 0.0, np.finfo(float).tiny ** 0.5, twice)
    b2, s2 = (base**2).sum(axis=1), (side**2).sum(axis=1)
    turned = np.column_stack([side[:, 1] * b2 - base[:, 1] * s2, base[:, 0] * s2 - side[:, 0] * b2])
    return np.asarray(p[:, 0] + turned / twice[:, None])


def _joined(start: Indices, end: Indices, tiny: Flags) -> tuple[Indices, Indices]:
    """Return corners at which those at both ends of tiny ridges have become one."""
    known, at = np.unique(np.concatenate([start[tiny], end[tiny]]), return_inverse=True)
    if not len(known):
        return start, end
    pairs = at.reshape(2, -1)
    _, label = connected_components(coo_array((np.ones(pairs.shape[1]), tuple(pairs)), shape=(len(known),) * 2))
    _, first = np.unique(label, return_index=True)
    now = known[first][label]

    def renamed(corner: Indices) -> Indices:
        place = np.minimum(np.searchsorted(known, corner), len(known) - 1)
        return np.asarray(np.where(known[place] == corner, now[place], corner))

    return renamed(start), renamed(end)


def _cells(points: Floats, ridges: _Ridges, corners: Floats, radius_m: float) -> Partition:
    """Return the cells: their ridges counter-clockwise, and arcs where a cell ends at its radius."""
    n, pieces = len(points), len(ridges.i)
    cell = np.column_stack([ridges.i, ridges.j]).ravel()
    start = np.column_stack([ridges.start, ridges.end]).ravel()
    end = np.column_stack([ridges.end, ridges.start]).ravel()
    seen = np.repeat(0.5 * (corners[ridges.start] + corners[ridges.end]), 2, axis=0) - points[cell]
    order = np.argsort(8.0 * cell + np.arctan2(seen[:, 1], seen[:, 0]), kind="stable")
    cell, start, end = cell[order], start[order], end[order]
    bounds = np.searchsorted(cell, np.arange(n + 1))
    following = np.arange(1, 2 * pieces + 1)
    ends = np.flatnonzero(np.diff(bounds) > 0)
    following[bounds[ends + 1] - 1] = bounds[ends]
    gap_of = np.flatnonzero(end != start[following])
    begin, until = (_angles(corners[at] - points[cell[gap_of]]) for at in (end[gap_of], start[following[gap_of]]))
    turn = np.mod(until - begin, 2.0 * np.pi)
    turn[turn > 2.0 * np.pi - 1e-6] = 0.0
    # A cell without neighbours is a whole disc.
    alone = np.flatnonzero(np.diff(bounds) == 0)
    owner = np.concatenate([cell[gap_of], alone])
    begin, turn = np.concatenate([begin, np.zeros(len(alone))]), np.concatenate([turn, np.full(len(alone), 2 * np.pi)])
    steps = np.maximum(np.ceil(turn / ARC_RAD).astype(np.int64), 1)
    of = np.repeat(np.arange(len(owner)), steps)
    step = np.arange(len(of)) - np.repeat(np.cumsum(steps) - steps, steps)
    angle = begin[of] + turn[of] * step / steps[of]
    place = points[owner[of]] + radius_m * np.column_stack([np.cos(angle), np.sin(angle)])
    arc_corner = len(corners) + np.arange(len(of))
    from_ridge = (step == 0) & (of < len(gap_of))
    arc_corner[from_ridge] = end[gap_of[of[from_ridge]]]
    # Arcs come after the ridge at whose end they start.
    after = np.concatenate([gap_of, bounds[alone]]).astype(np.float64)[of] + 0.5
    after[of >= len(gap_of)] -= 1.0
    rank = np.lexsort(
        (
            np.concatenate([np.zeros(2 * pieces, np.int64), step]),
            np.concatenate([np.arange(2 * pieces, dtype=np.float64), after]),
            np.concatenate([cell, owner[of]]),
        )
    )
    place_of = np.empty(len(rank), np.int64)
    place_of[rank] = np.arange(len(rank))
    partner = np.empty(2 * pieces, np.int64)
    partner[order] = np.arange(2 * pieces)  # where each unsorted side has gone
    twin = np.full(len(rank), -1, np.int64)
    twin[place_of[: 2 * pieces]] = place_of[partner[order ^ 1]]
    every = np.concatenate([cell, owner[of]])[rank]
    return Partition(
        np.searchsorted(every, np.arange(n + 1)).astype(np.int64),
        np.concatenate([start, arc_corner])[rank],
        twin,
        np.vstack([corners, place]),
    )


def _angles(vectors: Floats) -> Floats:
    return np.asarray(np.arctan2(vectors[:, 1], vectors[:, 0]))
