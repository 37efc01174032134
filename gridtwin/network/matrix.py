"""Matrices of travel times or lengths from many places to many others."""

from __future__ import annotations

import numpy as np

from gridtwin.network import kernel_matrix
from gridtwin.network.hierarchy import CLOSED, UNITS_A_COST, Engine, hierarchy, pays
from gridtwin.network.network import Floats, Indices, StreetNetwork
from gridtwin.network.search import Starts, pairs, starts_of
from gridtwin.network.snap import Snapped

BLOCK_CELLS = 1 << 20  # of a block of the work: what fits into a processor's cache and any memory


def matrix(
    network: StreetNetwork,
    origins: Snapped,
    destinations: Snapped,
    *,
    weight: str = "seconds",
    engine: Engine = "auto",
) -> Floats:
    """Return the least costs from all origins to all destinations.

    Parameters
    ----------
    network
        Where to travel, with its present costs: closures and changed speeds count.
    origins, destinations
        Places on the network. Ways start and end in the middle of streets, and include the legs between places
        and streets; two places on one street need not leave it.
    weight
        ``"seconds"`` or ``"length_m"``; ways are the quickest, or the shortest, accordingly.
    engine
        ``"hierarchy"``: customizable contraction hierarchies, which pay off from some hundred origins on and
        serve all later calls for the same streets, also after closures. ``"dijkstra"``: one search an origin.
        ``"auto"`` weighs the two, see :func:`gridtwin.network.hierarchy.pays`.

    Returns
    -------
    array of float, (origins, destinations)
        Infinite where there is no way, or a place has no street. By the hierarchy, costs are rounded to a
        millisecond (or millimetre) a street.

    Raises
    ------
    UsageError
        If ``weight`` or ``engine`` is not known.
    """
    if not pays(network, len(origins.edge), engine=engine):
        return _by_searches(network, origins, destinations, weight)
    starts = starts_of(network, origins, None, weight, "from")
    stops = starts_of(network, destinations, None, weight, "to")
    along, back = network.edge_cost(weight)
    first, first_cost = _gates(starts, along, back)
    last, last_cost = _gates(stops, back, along)
    target, column = np.unique(last[np.isfinite(last_cost)], return_inverse=True)
    last[np.isfinite(last_cost)] = column
    made = hierarchy(network, weight)
    out: Floats = np.full((len(starts.edge), len(stops.edge)), np.inf)
    rows = max(1, BLOCK_CELLS // max(len(target), 1))
    for i in range(0, len(out), rows):
        block = slice(i, i + rows)
        leaving = np.isfinite(first_cost[block])
        source, row = np.unique(first[block][leaving], return_inverse=True)
        first[block][leaving] = row
        kernel_matrix.joined(
            made.distances(network, source, target), CLOSED, UNITS_A_COST,
            first[block], first_cost[block], starts.edge[block], starts.at[block], starts.leg[block],
            last, last_cost, stops.edge, stops.at, stops.leg,
            along, back, out[block],
        )  # fmt: skip
    return out


def _gates(starts: Starts, ahead: Floats, behind: Floats) -> tuple[Indices, Floats]:
    """Return the junctions at which places leave their edge, and costs to get there, (places, 2) each.

    ``ahead`` and ``behind`` are the costs of each edge from its start to its end and back, in the direction of
    the search. A junction has an infinite cost where it cannot be reached, or no sooner than through the other
    one and over the edge: a place at a junction needs that one alone.
    """
    gate, cost = starts.seed.reshape(-1, 2).copy(), starts.seed_cost.reshape(-1, 2).copy()
    on = starts.edge >= 0
    edge = starts.edge[on]
    end_cost, start_cost = starts.seed_cost.reshape(-1, 2)[on].T
    cost[on, 0] = np.where(end_cost >= start_cost + ahead[edge], np.inf, end_cost)
    cost[on, 1] = np.where((start_cost >= end_cost + behind[edge]) & np.isfinite(cost[on, 0]), np.inf, start_cost)
    return gate, cost


def _by_searches(network: StreetNetwork, origins: Snapped, destinations: Snapped, weight: str) -> Floats:
    """Return the matrix by one search an origin."""
    found = pairs(network, origins, destinations, limit=np.inf, weight=weight, direction="from")
    out: Floats = np.full((len(origins.edge), len(destinations.edge)), np.inf)
    out[found.source, found.place] = found.cost
    return out
