"""Enclosed tessellation: share the land of an enclosure among its buildings, never through a building.

The dividing lines are Voronoi ridges between sampled footprints, after Fleischmann, Feliciotti, Romice and
Porta, "Morphological tessellation as a way of partitioning space", Computers, Environment and Urban Systems
80 (2020). Where a ridge would cut a building (walls that touch, or nearly), the building's outline takes its
place: the result is exact, whatever the sampling.
"""

from __future__ import annotations

import numpy as np
import shapely
from scipy.spatial import Delaunay, QhullError, cKDTree

from gridtwin.grids.planar import Flags, Floats, Geometries, Indices

SPACING_M = 4.0  # between sampled points of a footprint
SHRINK_M = 0.4  # footprints are shrunk by this before sampling, so that touching walls stay apart
SMOOTH_M = 0.5  # tolerance of the simplified ridges
CUT_M = 0.2  # a ridge that runs longer inside a building cuts it
FAR_M = 1e7  # enclosures are this far apart in the third coordinate of the search tree


def sample(buildings: Geometries) -> tuple[Floats, Indices]:
    """Return points along the shrunk outlines (or the point itself) and the building of each."""
    shrunk = shapely.buffer(buildings, -SHRINK_M, cap_style="flat", join_style="mitre")
    thin = shapely.is_empty(shrunk)
    shapes = np.where(thin, shapely.point_on_surface(buildings), shrunk)
    xy, owner = shapely.get_coordinates(shapely.segmentize(shapes, SPACING_M), return_index=True)
    _, first = np.unique(np.round(xy, 3), axis=0, return_index=True)
    first.sort()
    return xy[first], owner[first]


def ridges(xy: Floats, owner: Indices) -> Floats:
    """Return the Voronoi ridges between points of different owners, (n, 2, 2)."""
    origin = xy.mean(axis=0)
    reach = 8.0 * (np.ptp(xy, axis=0).max() + 100.0)
    corners = reach * np.array([[-1.0, -1.1], [1.1, -1.0], [-1.05, 1.0], [1.0, 1.05]])
    points = np.vstack([xy - origin, corners])
    owners = np.r_[owner, [-1] * 4]
    try:
        mesh = Delaunay(points)
    except QhullError:  # all points on one line
        mesh = Delaunay(points, qhull_options="Qbb Qc Qz Q12 QJ")
    p = points[mesh.simplices]
    base, side = p[:, 1] - p[:, 0], p[:, 2] - p[:, 0]
    twice = 2.0 * (base[:, 0] * side[:, 1] - base[:, 1] * side[:, 0])
    twice = np.where(np.abs(twice) < 1e-9, np.nan, twice)
    b2, s2 = (base**2).sum(axis=1), (side**2).sum(axis=1)
    centre = p[:, 0] + np.c_[side[:, 1] * b2 - base[:, 1] * s2, base[:, 0] * s2 - side[:, 0] * b2] / twice[:, None]
    found = []
    for k in range(3):
        i, j = mesh.simplices[:, (k + 1) % 3], mesh.simplices[:, (k + 2) % 3]
        other = mesh.neighbors[:, k]
        use = (np.arange(len(other)) < other) & (owners[i] != owners[j]) & (owners[i] >= 0) & (owners[j] >= 0)
        found.append(np.stack([centre[use], centre[other[use]]], axis=1))
    pieces = np.concatenate(found)
    pieces = pieces[np.isfinite(pieces).all(axis=(1, 2))]
    return np.asarray(pieces[np.abs(pieces[:, 0] - pieces[:, 1]).max(axis=1) > 1e-6] + origin)


def dividing_lines(
    enclosures: Geometries, buildings: Geometries, enclosure: Indices
) -> tuple[Geometries, Flags, Floats, Indices]:
    """Return the lines that divide each enclosure among its buildings.

    Parameters
    ----------
    enclosures
        Polygons to divide, (k,).
    buildings
        Footprints or points, (n,).
    enclosure
        Enclosure of each building, (n,).

    Returns
    -------
    lines
        One (multi)line an enclosure, then the outlines of buildings that a ridge would have cut.
    outlined
        Which buildings were outlined, (n,).
    xy, owner
        The sampled points and their buildings, for :func:`nearest_building`.
    """
    xy, owner = sample(buildings)
    order = np.argsort(enclosure[owner], kind="stable")
    bounds = np.searchsorted(enclosure[owner][order], np.arange(len(enclosures) + 1))
    merged = np.full(len(enclosures), shapely.MultiLineString(), dtype=object)
    for k in range(len(enclosures)):
        mine = order[bounds[k] : bounds[k + 1]]
        if len(mine) and (owner[mine] != owner[mine[0]]).any():
            merged[k] = shapely.multilinestrings(shapely.linestrings(ridges(xy[mine], owner[mine])))
    merged = shapely.simplify(shapely.line_merge(merged), SMOOTH_M)
    merged = shapely.intersection(merged, enclosures)
    outlined = _cut_buildings(merged, buildings, enclosure)
    outlines = shapely.intersection(shapely.boundary(buildings[outlined]), enclosures[enclosure[outlined]])
    for k in np.unique(enclosure[outlined]):
        body = shapely.union_all(buildings[outlined & (enclosure == k)])
        merged[k] = shapely.difference(merged[k], body)
    return np.r_[merged, outlines], outlined, xy, owner


def _cut_buildings(lines: Geometries, buildings: Geometries, enclosure: Indices) -> Flags:
    """Return which buildings are cut by the lines of their enclosure, and their neighbours in contact."""
    solid = shapely.area(buildings) > 0
    mine = lines[enclosure]
    near = solid & shapely.intersects(mine, buildings)
    cut = np.zeros(len(buildings), bool)
    cut[near] = shapely.length(shapely.intersection(mine[near], buildings[near])) > CUT_M
    return cut


def nearest_building(points: Floats, enclosure: Indices, xy: Floats, owner: Indices, home: Indices) -> Indices:
    """Return for each point the nearest sampled building of the same enclosure."""
    tree = cKDTree(np.c_[xy, home[owner] * FAR_M])
    return np.asarray(owner[tree.query(np.c_[points, enclosure * FAR_M])[1]])
