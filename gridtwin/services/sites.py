"""Sample points along the streets: what the cells of service areas are drawn around.

Every sample lies on one street, never at a junction: the samples next to a junction are equally far from it, so
the cells of its streets meet along the lines that halve the angles between them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from gridtwin.network import StreetNetwork
from gridtwin.services.barriers import BLOCKED, Barriers
from gridtwin.services.kernel_sites import interpolated, thinned

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

SIMPLER_M = 1.0  # streets are taken as straight within this
JUNCTION_GAP_M = 6.0  # from a junction to the first sample of each of its streets
APART_M = 1.0  # of samples nearer to each other one is dropped
HALVINGS = 3  # of the step where streets run side by side
NEARER = 0.6  # than this share of the step: then it is halved
NEIGHBOURS = 6  # samples that are looked at for another street


@dataclass(frozen=True)
class Stops:
    """Points along the streets, street by street: junction, samples, junction.

    Attributes
    ----------
    xy
        Coordinates, (stops, 2).
    edge
        Edge of the network, (stops,).
    offset_m
        Way from the start of the edge, (stops,).
    inner
        Which stops are samples, (stops,).
    """

    xy: Floats
    edge: Indices
    offset_m: Floats
    inner: Flags


@dataclass(frozen=True)
class Sites:
    """Points that share out the ground between them.

    Attributes
    ----------
    xy
        Coordinates, (sites, 2).
    stop
        The stop whose ground it is; ``BLOCKED`` for ground that belongs to no street, (sites,).
    """

    xy: Floats
    stop: Indices


def street_stops(network: StreetNetwork, edges: Indices, step_m: float, barriers: Barriers | None = None) -> Stops:
    """Return stops along the edges: at bends, where they cross barriers, and at most ``step_m`` apart.

    Parameters
    ----------
    network, edges
        Which edges, by number; those without length have no stops.
    step_m
        Longest way between neighbouring stops, metres.
    barriers
        What the streets may cross.
    """
    lines = shapely.simplify(network.geometry[edges], SIMPLER_M)
    length = shapely.length(lines)
    long = np.flatnonzero((length > 0) & (network.length_m[edges] > 0))
    lines, length, edges = lines[long], length[long], edges[long]
    xy, line = shapely.get_coordinates(lines, return_index=True)
    way = _ways(xy, line)
    if barriers is not None:
        crossing, at = barriers.crossed(lines)
        line, way = np.concatenate([line, crossing]), np.concatenate([way, at])
    # Bends, less those near the junctions, and the samples next to the junctions.
    gap = np.minimum(JUNCTION_GAP_M, 0.5 * length)
    bend = (way > 1.5 * gap[line]) & (way < length[line] - 1.5 * gap[line])
    number = np.arange(len(lines))
    two = length > 2.0 * gap
    line = np.concatenate([number, number, number[two], line[bend], number])
    way = np.concatenate([np.zeros(len(lines)), gap, (length - gap)[two], way[bend], length])
    order = np.lexsort((way, line))
    line, way = line[order], way[order]
    # Further stops between the samples of one street.
    first, last = np.r_[True, line[1:] != line[:-1]], np.r_[line[1:] != line[:-1], True]
    run_m = np.diff(way, append=way[-1:])
    inside = ~(first | last | np.r_[last[1:], True])
    parts = np.where(inside, np.maximum(np.ceil(run_m / step_m), 1), 1).astype(np.int64)
    of = np.repeat(np.arange(len(line)), parts)
    share = (np.arange(len(of)) - np.repeat(np.cumsum(parts) - parts, parts)) / parts[of]
    way, line, inner = way[of] + run_m[of] * share, line[of], ~(first | last)[of]
    xy, vertex_line = shapely.get_coordinates(lines, return_index=True)
    stops = Stops(
        interpolated(xy, vertex_line, line, way),
        edges[line],
        way / length[line] * network.length_m[edges[line]],
        inner,
    )
    return _refined(network, stops)


def _refined(network: StreetNetwork, stops: Stops) -> Stops:
    """Return further samples where another street is nearer than the next sample, as along dual carriageways.

    Streets that meet are not near in this sense: costs are alike where one comes from the same junction.
    """
    fresh = np.ones(len(stops.xy), bool)
    for _ in range(HALVINGS):
        same = (stops.edge[1:] == stops.edge[:-1]) & stops.inner[1:] & stops.inner[:-1]
        piece = np.flatnonzero(same & (fresh[1:] | fresh[:-1]))
        middle = 0.5 * (stops.xy[piece] + stops.xy[piece + 1])
        span_m = np.hypot(*(stops.xy[piece + 1] - stops.xy[piece]).T)
        samples = np.flatnonzero(stops.inner)
        if not len(piece):
            break
        near_m, near = cKDTree(stops.xy[samples]).query(middle, k=NEIGHBOURS, distance_upper_bound=span_m.max())
        near = samples[np.minimum(near, len(samples) - 1)]
        apart = _apart(network, stops.edge[piece][:, None], stops.edge[near]) & (near_m < NEARER * span_m[:, None])
        halved = piece[apart.any(axis=1)]
        xy = np.insert(stops.xy, halved + 1, 0.5 * (stops.xy[halved] + stops.xy[halved + 1]), axis=0)
        offset_m = np.insert(stops.offset_m, halved + 1, 0.5 * (stops.offset_m[halved] + stops.offset_m[halved + 1]))
        stops = Stops(
            xy,
            np.insert(stops.edge, halved + 1, stops.edge[halved]),
            offset_m,
            np.insert(stops.inner, halved + 1, True),
        )
        fresh = np.insert(np.zeros(len(fresh), bool), halved + 1, True)
    return stops


def _apart(network: StreetNetwork, one: Indices, other: Indices) -> Flags:
    """Return which pairs of edges are two that have no junction in common."""
    a, b, c, d = network.start[one], network.end[one], network.start[other], network.end[other]
    return np.asarray((one != other) & (a != c) & (a != d) & (b != c) & (b != d))


def _ways(xy: Floats, line: Indices) -> Floats:
    """Return the way along its line to each vertex."""
    step = np.hypot(*np.diff(xy, axis=0, prepend=xy[:1]).T)
    first = np.searchsorted(line, line)
    step[np.unique(first)] = 0.0
    way = np.cumsum(step)
    return np.asarray(way - way[first])


def sites_of(stops: Stops, barriers: Barriers | None, radius_m: float) -> Sites:
    """Return the samples of the streets, and beside barriers those that keep streets from crossing them.

    Parameters
    ----------
    stops
        Stops along the streets.
    barriers
        What parts the ground; see :meth:`gridtwin.services.barriers.Barriers.beside`.
    radius_m
        Ground farther from its sample than this is not shared out, metres.

    Returns
    -------
    Sites
        In the order of the streets; sites of barriers with those of the stop they belong to, blocked ones last.
    """
    stop = np.flatnonzero(stops.inner)
    xy = stops.xy[stop]
    if barriers is not None and len(stop):
        beside, owner = barriers.beside(xy, radius_m)
        xy, stop = np.vstack([xy, beside]), np.concatenate([stop, np.where(owner == BLOCKED, BLOCKED, stop[owner])])
    near = cKDTree(xy).query_pairs(APART_M, output_type="ndarray") if len(xy) else np.zeros((0, 2), np.int64)
    kept = np.flatnonzero(thinned(near[np.lexsort(near.T[::-1])].astype(np.int64), len(xy)))
    order = kept[np.argsort(np.where(stop[kept] == BLOCKED, len(stops.xy), stop[kept]), kind="stable")]
    return Sites(xy[order], stop[order])
