"""Service areas: the ground from which a facility is within reach, drawn from the cells of the streets.

Who is served is a table of costs (:func:`gridtwin.network.pairs`); these polygons are for drawing, and
:func:`wrong_households` measures how many households they show on the wrong side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from gridtwin.errors import UsageError
from gridtwin.i18n import mark
from gridtwin.network import Pairs, Snapped, StreetNetwork, pairs, reach
from gridtwin.network.network import Direction
from gridtwin.services import kernel_areas
from gridtwin.services.cells import StreetCells

Floats = NDArray[np.float64]
Geometries = NDArray[np.object_]
Indices = NDArray[np.int64]

TOGETHER = 256  # sources that are searched together: bounds the memory
STEEP = 4.0  # costs rise by no more than this times those of a leg of the same length, where it matters


@dataclass(frozen=True)
class ServiceAreas:
    """Areas of every source within every limit, source by source; all arrays (sources × limits,).

    Attributes
    ----------
    source
        Number of the facility.
    limit
        Seconds or metres.
    geometry
        Multipolygons, empty where nothing is within reach.
    """

    source: Indices
    limit: Floats
    geometry: Geometries


def service_areas(
    network: StreetNetwork,
    facilities: Snapped,
    *,
    cells: StreetCells,
    limits: ArrayLike,
    owner: ArrayLike | None = None,
    weight: str = "seconds",
    direction: Direction = "to",
) -> ServiceAreas:
    """Return the ground within each limit of each facility.

    Parameters
    ----------
    network, facilities, owner, weight, direction
        As of :func:`gridtwin.network.pairs`.
    cells
        Cells of this network, or of one that differs from it in costs alone.
    limits
        Ascending, in seconds or metres as ``weight`` says.

    Returns
    -------
    ServiceAreas
        The area of a limit holds those of all smaller ones, to within a millimetre.

    Raises
    ------
    UsageError
        If the limits do not ascend or the cells are of other streets, or as of :func:`gridtwin.network.pairs`.

    Notes
    -----
    A place is within a limit if the way to the facility, the straight leg to the street of its cell included, costs
    no more: the same rule as for places in tables, with the cell's street in place of the nearest one.
    """
    limits = np.atleast_1d(np.asarray(limits, np.float64))
    if not (len(limits) and limits[0] >= 0 and (np.diff(limits) > 0).all() and np.isfinite(limits[-1])):
        raise UsageError("limits_wrong", mark("limits must be numbers, 0 or more, in ascending order"))
    if len(cells.edge_ptr) != len(network.start) + 1:
        raise UsageError("cells_differ", mark("the cells are of another network; make them anew"))
    owner = np.arange(len(facilities.edge)) if owner is None else np.asarray(owner, np.int64)
    count = int(owner.max()) + 1 if len(owner) else 0
    widest = 2.0 * cells.cap_m + STEEP * cells.step_m
    beyond = float(limits[-1] + network.leg_cost(np.array([widest]), weight)[0])
    geometry: list[Geometries] = [np.zeros(0, dtype=object)]
    for start in range(0, count, TOGETHER):
        rows = np.flatnonzero((owner >= start) & (owner < start + TOGETHER))
        here, mine = facilities.take(rows), owner[rows] - start
        edges = _reached(network, here, mine, beyond, weight, direction)
        near = cells if len(edges) == len(network.start) else cells.of_edges(edges)
        costs = pairs(network, here, near.points, limit=beyond, owner=mine, weight=weight, direction=direction)
        drawn = _drawn(near, costs, beyond, limits)
        wanted = min(TOGETHER, count - start) * len(limits)
        drawn = np.r_[drawn, np.full(wanted - len(drawn), shapely.MultiPolygon(), dtype=object)]
        geometry.append(drawn)
    return ServiceAreas(np.repeat(np.arange(count), len(limits)), np.tile(limits, count), np.concatenate(geometry))


def _reached(
    network: StreetNetwork, facilities: Snapped, owner: Indices, limit: float, weight: str, direction: Direction
) -> Indices:
    """Return the edges that are reached, at least in part, ascending."""
    found = reach(network, facilities, limit=limit, owner=owner, weight=weight, direction=direction)
    met = np.zeros(len(network.junction_id), bool)
    met[found.junction] = True
    some = met[network.start] | met[network.end]
    some[facilities.edge[facilities.found]] = True
    return np.flatnonzero(some)


def _drawn(cells: StreetCells, costs: Pairs, beyond: float, limits: Floats) -> Geometries:
    coordinates, rings, polygons, areas = kernel_areas.outlines(
        cells.ptr,
        cells.cell,
        cells.corner,
        cells.twin,
        cells.centres,
        cells.corners,
        costs.ptr,
        costs.place,
        costs.cost,
        beyond,
        limits,
    )
    made = shapely.from_ragged_array(shapely.GeometryType.MULTIPOLYGON, coordinates, (rings, polygons, areas))
    return np.asarray(made, dtype=object)


def wrong_households(
    areas: ServiceAreas, served: Pairs, points: Geometries, households: ArrayLike
) -> tuple[Floats, Floats]:
    """Return how many households each area shows wrongly, against the table of who is served.

    Parameters
    ----------
    areas
        Areas to measure.
    served
        Costs of all places for the same sources, up to the greatest limit at least.
    points
        Where the places are, (places,).
    households
        Households of each place, (places,).

    Returns
    -------
    array of float, (areas,)
        Households in the area that are not served within its limit.
    array of float, (areas,)
        Households out of the area that are.
    """
    households = np.asarray(households, np.float64)
    area, inside = shapely.STRtree(points).query(areas.geometry, predicate="intersects")
    limits = len(areas.source) // max(len(served.ptr) - 1, 1)
    pair = np.flatnonzero(served.cost <= areas.limit.max(initial=-np.inf))
    row = (served.source[pair] * limits)[:, None] + np.arange(limits)
    within = served.cost[pair][:, None] <= areas.limit[row]
    drawn = area * len(points) + inside
    true = (row * len(points) + served.place[pair][:, None])[within]
    wrong_in, wrong_out = np.setdiff1d(drawn, true), np.setdiff1d(true, drawn)

    def total(wrong: Indices) -> Floats:
        weights = households[wrong % len(points)]
        sums = np.bincount(wrong // max(len(points), 1), weights=weights, minlength=len(areas.source))
        return np.asarray(sums, np.float64)

    return total(wrong_in), total(wrong_out)
