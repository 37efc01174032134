"""Planar partitions: node lines on a fine grid, make faces, find shared borders, absorb and dissolve.

All faces come from one set of noded lines, so neighbours share their vertices exactly: a partition made here
has no gap and no overlap, and stays so when faces are dissolved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Geometries = npt.NDArray[np.object_]
Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

OUTSIDE = -1
# Lines are noded on this grid: a new vertex moves a line by less than a micrometre, so what is tiled stays the
# same on any millimetre grid, and 64-bit coordinates still have a thousand steps to spare.
GRID_M = 1e-6


@dataclass(frozen=True)
class Segments:
    """The straight pieces of all face borders: faces on both sides (``b`` may be ``OUTSIDE``)."""

    a: Indices
    b: Indices
    length_m: Floats
    start: Floats  # (n, 2)
    end: Floats  # (n, 2)

    @property
    def middle(self) -> Floats:
        """Middle points, (n, 2)."""
        return 0.5 * (self.start + self.end)

    def lines(self, chosen: Any = slice(None)) -> Geometries:
        """Return the chosen segments as two-point lines."""
        return np.asarray(shapely.linestrings(np.stack([self.start[chosen], self.end[chosen]], axis=1)))


def faces_of(lines: Geometries) -> Geometries:
    """Node ``lines`` on the fine grid and return the faces they enclose."""
    noded = shapely.union_all(lines[~shapely.is_empty(lines)], grid_size=GRID_M)
    faces = shapely.get_parts(shapely.polygonize([noded]))
    centre = shapely.get_coordinates(shapely.point_on_surface(faces))
    return np.asarray(faces[np.lexsort((centre[:, 0], -centre[:, 1]))])


def segments_of(polygons: Geometries) -> Segments:
    """Return the border segments of a partition; segments that two polygons share appear once.

    Parameters
    ----------
    polygons
        Polygons or multipolygons whose shared borders have identical vertices (see :func:`faces_of`).
    """
    parts, part_owner = shapely.get_parts(polygons, return_index=True)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    owner = part_owner[ring_part][ring]
    inside = ring[1:] == ring[:-1]
    _, vertex = np.unique(xy[:, 0] + 1j * xy[:, 1], return_inverse=True)
    u, v = vertex[:-1][inside], vertex[1:][inside]
    edge = np.minimum(u, v).astype(np.int64) * len(xy) + np.maximum(u, v)
    order = np.argsort(edge, kind="stable")
    edge = edge[order]
    owner_e = owner[:-1][inside][order]
    start, end = xy[:-1][inside][order], xy[1:][inside][order]
    first = np.r_[True, edge[1:] != edge[:-1]]
    twin = np.r_[edge[1:] == edge[:-1], False][first]
    a = owner_e[first]
    b = np.where(twin, np.r_[owner_e[1:], OUTSIDE][first], OUTSIDE)
    span = end[first] - start[first]
    low, high = np.minimum(a, b), np.maximum(a, b)
    a, b = np.where(low == OUTSIDE, high, low), np.where(low == OUTSIDE, OUTSIDE, high)
    return Segments(a, b, np.hypot(span[:, 0], span[:, 1]), start[first], end[first])


def sum_by(index: Any, values: Any, count: int) -> Floats:
    """Sum ``values`` over equal ``index``, 0 … count − 1."""
    return np.asarray(np.bincount(index, weights=values, minlength=count), dtype=np.float64)


def pair_lengths(a: Indices, b: Indices, length_m: Floats) -> tuple[Indices, Indices, Floats]:
    """Sum ``length_m`` over equal pairs (a, b); return the pairs in order with their sums."""
    if not len(a):
        return a, b, length_m
    width = int(max(a.max(), b.max())) + 1
    key, inverse = np.unique(a * width + b, return_inverse=True)
    return key // width, key % width, sum_by(inverse, length_m, len(key))


def absorb(
    segments: Segments,
    absorbable: Flags,
    group: Indices,
    *,
    repelled: Flags,
    area_m2: Floats,
    keep_above_m2: float = np.inf,
) -> Indices:
    """Merge absorbable faces into the neighbour of their group with the longest common border.

    Parameters
    ----------
    segments
        Borders of the faces.
    absorbable
        Faces to merge away, (faces,).
    group
        Faces merge within their group only (their community), (faces,).
    repelled
        Segments that count only where no other border is left (water, railway, motorway), (segments,).
    area_m2
        Area of each face, (faces,).
    keep_above_m2
        Absorbable faces that have merged with each other up to this area stay.

    Returns
    -------
    ndarray of int
        For each face the number of its merged face, 0 … k − 1 in order of first appearance.
    """
    count = len(absorbable)
    label = np.arange(count)
    free = absorbable.copy()
    inner = (segments.b != OUTSIDE) & (segments.a != segments.b)
    inner[inner] = group[segments.a[inner]] == group[segments.b[inner]]
    a0, b0 = segments.a[inner], segments.b[inner]
    weight = np.where(repelled[inner], 1e-6, 1.0) * segments.length_m[inner]
    while True:
        a, b, w = pair_lengths(np.minimum(label[a0], label[b0]), np.maximum(label[a0], label[b0]), weight)
        apart = a != b
        origin = np.r_[a[apart], b[apart]]
        target = np.r_[b[apart], a[apart]]
        w = np.r_[w[apart], w[apart]]
        wants = free[origin]
        if not wants.any():
            break
        origin, target, w = origin[wants], target[wants], w[wants]
        best = np.lexsort((target, -w, origin))
        chosen = best[np.r_[True, origin[best][1:] != origin[best][:-1]]]
        size = len(free)
        _, merged = connected_components(
            coo_array((np.ones(len(chosen)), (origin[chosen], target[chosen])), shape=(size, size)),
            directed=False,
        )
        stands = np.bincount(merged, weights=~free) > 0
        area = np.bincount(merged, weights=np.bincount(label, weights=area_m2, minlength=size))
        label = merged[label]
        free = ~stands & (area <= keep_above_m2)
    return renumber(label)


def renumber(label: Indices) -> Indices:
    """Return labels renumbered 0 … k − 1 in order of first appearance."""
    _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return rank[inverse]


def dissolve(polygons: Geometries, label: Indices) -> Geometries:
    """Dissolve the polygons of a partition by ``label`` (0 … k − 1): inner borders vanish, vertices stay."""
    order = np.argsort(label, kind="stable")
    count = int(label.max()) + 1 if len(label) else 0
    bounds = np.searchsorted(label[order], np.arange(count + 1))
    result = np.empty(count, dtype=object)
    single = np.diff(bounds) == 1
    result[single] = polygons[order[bounds[:-1][single]]]
    for k in np.flatnonzero(~single):
        result[k] = shapely.coverage_union_all(polygons[order[bounds[k] : bounds[k + 1]]])
    return result


def locate(points: Geometries, polygons: Geometries) -> Indices:
    """Return for each point the polygon that holds it (the first one on a border), ``OUTSIDE`` if none."""
    found = np.full(len(points), OUTSIDE, np.int64)
    point, polygon = shapely.STRtree(polygons).query(points, predicate="intersects")
    order = np.lexsort((-polygon, point))  # the smallest index is written last
    found[point[order]] = polygon[order]
    return found


def parts_of_labels(a: Indices, b: Indices, label: Indices) -> Indices:
    """Return connected parts: pieces of equal ``label`` that are joined by pairs (a, b)."""
    count = len(label)
    same = label[a] == label[b]
    graph = coo_array((np.ones(int(same.sum())), (a[same], b[same])), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)
