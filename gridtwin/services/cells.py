"""Street cells: the ground shared out among the streets, once for all service areas that are drawn from it.

A cell is the ground that is nearest to one sample of one street, no farther from it than a cap, and on its side of
every barrier. For each corner of a cell the cells know where on the street one comes from to get there, and how far
it is from the street: so a cell can be cut exactly where a limit ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gridtwin.errors import InputError, UsageError
from gridtwin.i18n import mark
from gridtwin.network import Snapped, StreetNetwork, door_streets, loose_ends
from gridtwin.services.barriers import BLOCKED, barriers_of
from gridtwin.services.kernel_sites import placed
from gridtwin.services.sites import Sites, Stops, sites_of, street_stops
from gridtwin.services.voronoi import Partition, capped_voronoi

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class StreetCells:
    """Cells of street samples, sorted by edge; arrays are not to be changed.

    Attributes
    ----------
    step_m, cap_m
        Greatest way between samples along a street, and from a sample to its ground.
    edge_ptr
        The cells of edge ``e`` are ``edge_ptr[e]:edge_ptr[e + 1]``, (edges + 1,).
    ptr
        The sides of cell ``c``, counter-clockwise, are ``ptr[c]:ptr[c + 1]``, (cells + 1,).
    cell
        Cell of each side, (sides,).
    corner
        Corner at which each side starts, (sides,).
    twin
        The same side as the neighbouring cell has it, −1 where there is none, (sides,).
    centres, corners
        Coordinates of samples and corners, (cells, 2) and (corners, 2).
    points
        Samples, then for each side the corner at which it starts, as places on the edge of their cell,
        (cells + sides,).
    """

    step_m: float
    cap_m: float
    edge_ptr: Indices
    ptr: Indices
    cell: Indices
    corner: Indices
    twin: Indices
    centres: Floats
    corners: Floats
    points: Snapped

    def of_edges(self, edges: Indices) -> StreetCells:
        """Return the cells of some edges alone; sides towards other cells have no twin.

        Parameters
        ----------
        edges
            Numbers of edges, ascending.
        """
        cells = spans(self.edge_ptr[edges], self.edge_ptr[edges + 1])
        sides = spans(self.ptr[cells], self.ptr[cells + 1])
        count = len(self.centres)
        edge_ptr, ptr = np.zeros(len(self.edge_ptr), np.int64), np.zeros(len(cells) + 1, np.int64)
        edge_ptr[edges + 1] = self.edge_ptr[edges + 1] - self.edge_ptr[edges]
        np.cumsum(self.ptr[cells + 1] - self.ptr[cells], out=ptr[1:])
        twin = self.twin[sides]
        other = self.cell[twin]
        place = np.minimum(np.searchsorted(cells, other), max(len(cells) - 1, 0))
        within = (twin >= 0) & (cells[place] == other) if len(cells) else np.zeros(0, bool)
        used, corner = np.unique(self.corner[sides], return_inverse=True)
        return StreetCells(
            self.step_m,
            self.cap_m,
            np.cumsum(edge_ptr),
            ptr,
            np.repeat(np.arange(len(cells)), np.diff(ptr)),
            corner.astype(np.int64),
            np.where(within, ptr[place] + twin - self.ptr[other], -1),
            self.centres[cells],
            self.corners[used],
            self.points.take(np.concatenate([cells, count + sides])),
        )


def street_cells(
    network: StreetNetwork,
    *,
    within: shapely.Geometry | None = None,
    step_m: float = 25.0,
    cap_m: float = 60.0,
    barriers: gpd.GeoDataFrame | None = None,
) -> StreetCells:
    """Share out the ground among the streets of a network.

    Parameters
    ----------
    network
        Streets; costs play no part, so networks that differ in costs alone share their cells. Those onto which no
        door opens (:func:`gridtwin.network.door_streets`) have none, but for bridges over barriers.
    within
        Only streets that meet this polygon, in the coordinates of the network; all by default.
    step_m
        Greatest way between samples along a street, metres, above 0: smaller is more exact and slower.
    cap_m
        Ground farther than this from the streets belongs to none, metres, above 0.
    barriers
        Layer ``barriers``; cells end there, see :mod:`gridtwin.services.barriers`.

    Raises
    ------
    UsageError
        If ``step_m`` or ``cap_m`` is not above 0.
    InputError
        If barriers and network have different coordinate reference systems.
    """
    if not (step_m > 0 and cap_m > 0):
        raise UsageError("not_positive", mark("the step between samples and the cap of cells must be above 0"))
    if barriers is not None and barriers.crs != network.crs:
        raise InputError(
            "crs_differs",
            mark("places are in {places} and the network in {network}; reproject one of them"),
            places=str(barriers.crs),
            network=str(network.crs),
        )
    shared = door_streets(network)
    if barriers is not None:
        shared = shared | _bridges_over(network, barriers)
    edges = np.flatnonzero(shared)
    if within is not None:
        edges = np.intersect1d(edges, network.tree.query(within, predicate="intersects"))
    parting = None if barriers is None else barriers_of(barriers.geometry.to_numpy(), network.geometry[edges])
    stops = street_stops(network, edges, step_m, parting)
    sites = sites_of(stops, parting, cap_m)
    partition = capped_voronoi(sites.xy, radius_m=cap_m, split_m=1.1 * step_m)
    owned = int(np.count_nonzero(sites.stop != BLOCKED))  # blocked sites come last
    sides = int(partition.ptr[owned])
    cell = np.repeat(np.arange(owned), np.diff(partition.ptr[: owned + 1]))
    twin = partition.twin[:sides]
    points = _points(stops, sites, partition, cell)
    return StreetCells(
        step_m,
        cap_m,
        np.searchsorted(points.edge[:owned], np.arange(len(network.start) + 1)).astype(np.int64),
        partition.ptr[: owned + 1],
        cell,
        partition.corner[:sides],
        np.where(twin < sides, twin, -1),
        sites.xy[:owned],
        partition.corners,
        points,
    )


def _bridges_over(network: StreetNetwork, barriers: gpd.GeoDataFrame) -> Flags:
    """Return the bridges that cross barriers, (edges,): the ways over a river are drawn."""
    over = np.zeros(len(network.start), bool)
    if "structure" in network.streets.columns:
        bridges = np.flatnonzero(network.streets["structure"].eq("bridge").fillna(False).to_numpy(bool))
        crossed = shapely.STRtree(barriers.geometry.to_numpy()).query(network.geometry[bridges], predicate="intersects")
        over[bridges[crossed[0]]] = True
    return over & ~loose_ends(network)


def _points(stops: Stops, sites: Sites, partition: Partition, cell: Indices) -> Snapped:
    """Return samples and corners as places on the street of their cell: the nearest point of its two pieces."""
    owned = len(partition.ptr[: np.count_nonzero(sites.stop != BLOCKED) + 1]) - 1
    xy = np.vstack([sites.xy[:owned], partition.corners[partition.corner[: len(cell)]]])
    stop = sites.stop[np.concatenate([np.arange(owned), cell])]
    return Snapped(stops.edge[stop], *placed(xy, stop, stops.xy, stops.offset_m))


def spans(start: Indices, stop: Indices) -> Indices:
    """Return the numbers of the spans ``start[i]:stop[i]``, one span after the other."""
    size = stop - start
    shift = start - (np.cumsum(size) - size)
    return np.asarray(np.repeat(shift, size) + np.arange(int(size.sum())))
