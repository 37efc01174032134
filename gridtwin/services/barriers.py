"""Barriers of service areas: ground behind a railway, a wall or water belongs to no street on this side of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Geometries = NDArray[np.object_]
Indices = NDArray[np.int64]

BLOCKED = -1
SIMPLER_M = 0.5  # barriers are taken as straight within this
STEP_M = 5.0  # between sites along a barrier
SIDE_M = 1.0  # from a barrier to the sites on either side
BRIDGE_HALF_M = 7.5  # bridges and gates are open this far to either side of the street's line
LEAST_CROSSED_M = 1.0  # streets that run less than this over water touch its bank
LOOKED_AT = 8  # samples of streets that are tried for each site, the nearest first


@dataclass(frozen=True)
class Barriers:
    """What parts the ground, made ready by :func:`barriers_of`.

    Attributes
    ----------
    pieces
        Straight pieces of lines and of the outlines of polygons, (pieces,).
    areas
        Polygons: no ground but for bridges, (areas,).
    bridges
        Lines of the streets that cross a barrier, (bridges,).
    """

    pieces: Geometries
    areas: Geometries
    bridges: Geometries

    def crossed(self, lines: Geometries) -> tuple[Indices, Floats]:
        """Return where lines cross a barrier: number of the line, and the way along it."""
        line, piece = shapely.STRtree(self.pieces).query(lines, predicate="intersects")
        met = shapely.intersection(lines[line], self.pieces[piece])
        point = shapely.get_type_id(met) == shapely.GeometryType.POINT
        line, met = line[point], met[point]
        return line, np.asarray(shapely.line_locate_point(lines[line], met))

    def beside(self, samples: Floats, radius_m: float) -> tuple[Floats, Indices]:
        """Return sites on both sides of barriers and beside bridges, and the sample to which each belongs.

        Parameters
        ----------
        samples
            Samples of the streets, (samples, 2).
        radius_m
            Barriers farther than this from the samples have no sites, metres.

        Returns
        -------
        array of float, (sites, 2)
            Where they are.
        array of int, (sites,)
            The nearest sample on the same side of all barriers; ``BLOCKED`` where none is within the radius, and in
            water.
        """
        tree = cKDTree(samples)
        ends = shapely.get_coordinates(self.pieces).reshape(-1, 2, 2)
        ends = ends[np.isfinite(tree.query(ends.mean(axis=1), distance_upper_bound=radius_m + STEP_M)[0])]
        aside = SIDE_M * _turned(ends[:, 1] - ends[:, 0])
        sites = np.vstack([ends.mean(axis=1) + aside, ends.mean(axis=1) - aside])
        if len(self.bridges) and len(sites):
            bridge = shapely.STRtree(self.bridges).query(shapely.points(sites), "dwithin", distance=BRIDGE_HALF_M)[0]
            sites = np.delete(sites, np.unique(bridge), axis=0)
        owner = self._owners(sites, samples, tree, radius_m)
        owner[self._wet(sites)] = BLOCKED
        flanks = self._flanks(samples, tree)
        return np.vstack([sites, flanks]), np.concatenate([owner, np.full(len(flanks), BLOCKED)])

    def _owners(self, sites: Floats, samples: Floats, tree: cKDTree, radius_m: float) -> Indices:
        """Return the nearest sample that no barrier hides from each site, ``BLOCKED`` where there is none."""
        _, near = tree.query(sites, k=LOOKED_AT, distance_upper_bound=radius_m)
        site, rank = np.nonzero(near < len(samples))
        seen = near[site, rank]
        # Not quite to the sample, which may stand on the barrier itself.
        sight = shapely.linestrings(
            np.stack([sites[site], samples[seen] + 0.01 * (sites[site] - samples[seen])], axis=1)
        )
        hidden = np.zeros(len(sight), bool)
        hidden[shapely.STRtree(self.pieces).query(sight, predicate="intersects")[0]] = True
        owner = np.full(len(sites), BLOCKED, np.int64)
        clear = np.flatnonzero(~hidden)[::-1]
        owner[site[clear]] = seen[clear]  # the nearest is written last
        return owner

    def _wet(self, xy: Floats) -> Flags:
        inside = np.zeros(len(xy), bool)
        inside[shapely.STRtree(self.areas).query(shapely.points(xy), predicate="within")[0]] = True
        return inside

    def _flanks(self, samples: Floats, tree: cKDTree) -> Floats:
        """Return blocked sites to both sides of the bridges, which keep them narrow."""
        over = samples[self._wet(samples)]
        if not len(over):
            return np.zeros((0, 2))
        _, beside = tree.query(over, k=[2])
        across = 2.0 * BRIDGE_HALF_M * _turned(samples[np.minimum(beside[:, 0], len(samples) - 1)] - over)
        flanks = np.vstack([over + across, over - across])
        kept = self._wet(flanks) & (tree.query(flanks)[0] > BRIDGE_HALF_M)
        return np.asarray(flanks[kept])


def barriers_of(shapes: Geometries, streets: Geometries) -> Barriers:
    """Make barriers ready.

    Parameters
    ----------
    shapes
        Lines and polygons of the layer ``barriers``.
    streets
        Lines of the streets; those that cross a barrier are bridges, underpasses or gates.
    """
    shapes = np.asarray(shapes, dtype=object)
    solid = shapely.get_dimensions(shapes) == 2
    areas = shapes[solid]
    lines = shapely.simplify(np.concatenate([shapes[~solid], shapely.boundary(areas)]), SIMPLER_M)
    parts = shapely.get_parts(lines)
    parts = parts[~shapely.is_empty(parts)]
    xy, line = shapely.get_coordinates(shapely.segmentize(parts, STEP_M), return_index=True)
    joined = np.flatnonzero((line[1:] == line[:-1]) & (xy[1:] != xy[:-1]).any(axis=1))
    pieces = np.asarray(shapely.linestrings(np.stack([xy[joined], xy[joined + 1]], axis=1)), dtype=object)
    over, area = shapely.STRtree(areas).query(streets, predicate="intersects")
    run = shapely.length(shapely.intersection(streets[over], areas[area]))
    run -= shapely.length(shapely.intersection(streets[over], shapely.boundary(areas[area])))  # on the bank itself
    over = over[run > LEAST_CROSSED_M]
    across = shapely.STRtree(parts).query(streets, predicate="crosses")[0]
    return Barriers(pieces, areas, streets[np.unique(np.concatenate([over, across]))])


def _turned(vectors: Floats) -> Floats:
    """Return vectors of length 1 at right angles to the left."""
    size = np.maximum(np.hypot(vectors[:, 0], vectors[:, 1]), np.finfo(float).tiny)
    return np.asarray(np.column_stack([-vectors[:, 1], vectors[:, 0]]) / size[:, None])
