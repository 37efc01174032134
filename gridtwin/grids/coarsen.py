"""Coarsen a graph of many small units, so that the division first moves groups of them.

Units are matched in pairs along their costliest borders, round after round, never across a street, a barrier or the
border of a compound, and never to more than a fraction of a grid.

Notes
-----
Heavy-edge matching of multilevel partitioning: Karypis and Kumar, "A fast and high quality multilevel scheme for
partitioning irregular graphs", SIAM Journal on Scientific Computing 20 (1998).
"""

from __future__ import annotations

import numpy as np

from gridtwin.grids.kernel import NONE, Ints, UnitGraph
from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import Indices, sum_by
from gridtwin.jit import compiled

ROUNDS = 8
UNITS_A_GRID = 20.0  # more of them are coarsened
GROUPS_A_GRID = 16.0  # so many groups are aimed at, by households and by area


def coarse_graph(graph: UnitGraph, params: DivideParams) -> tuple[UnitGraph, Indices] | None:
    """Return a graph of groups of units, and the group of each unit.

    Parameters
    ----------
    graph
        One connected graph of units.
    params
        Bounds and weights.

    Returns
    -------
    graph, group
        None if the units are few, or nothing can be matched.
    """
    units = len(graph.households)
    grids = max(params.nearest_number(int(graph.households.sum())), 1)
    if units <= UNITS_A_GRID * grids:
        return None
    group, coarse = np.arange(units, dtype=np.int64), graph
    most_homes = params.target / GROUPS_A_GRID
    most_area = float(graph.area_m2.sum()) / (GROUPS_A_GRID * grids)
    rate = params.weights.between_buildings / 100.0
    for _ in range(ROUNDS):
        if len(coarse.households) <= GROUPS_A_GRID * grids:
            break
        pair = np.asarray(_matched(coarse, rate, most_homes, most_area), np.int64)
        if int(pair.max()) + 1 == len(pair):
            break
        group, coarse = pair[group], _contracted(coarse, pair)
    return None if coarse is graph else (coarse, group)


@compiled
def _matched(graph: UnitGraph, rate: float, most_homes: float, most_area: float) -> Ints:
    """Match each unit with the free neighbour at its costliest border; return the number of each pair or single.

    Borders that cost less than ``rate`` per metre are not crossed.
    """
    n = len(graph.households)
    mate = np.full(n, NONE, np.int32)
    order = np.argsort(graph.area_m2)
    for u in order:
        if mate[u] >= 0:
            continue
        best = NONE
        best_value = 0.0
        for e in range(graph.indptr[u], graph.indptr[u + 1]):
            v = graph.head[e]
            if mate[v] >= 0 or graph.compound[v] != graph.compound[u]:
                continue
            if graph.cut[e] < 0.9 * rate * graph.border_m[e] or graph.border_m[e] <= 0.0:
                continue
            if (
                graph.households[u] + graph.households[v] > most_homes
                or graph.area_m2[u] + graph.area_m2[v] > most_area
            ):
                continue
            value = graph.cut[e] / min(graph.perimeter_m[u], graph.perimeter_m[v])
            if value > best_value:
                best = v
                best_value = value
        if best >= 0:
            mate[u] = best
            mate[best] = u
    number = np.full(n, NONE, np.int32)
    count = 0
    for u in range(n):
        if number[u] < 0:
            number[u] = count
            if mate[u] >= 0:
                number[mate[u]] = count
            count += 1
    return number


def _contracted(graph: UnitGraph, group: Indices) -> UnitGraph:
    """Return the graph of the groups: sums of units, and of the links between different groups."""
    count = int(group.max()) + 1
    tail = np.repeat(group, np.diff(graph.indptr)).astype(np.int64)
    head = group[graph.head].astype(np.int64)
    inner = tail == head
    key, place = np.unique(tail[~inner] * count + head[~inner], return_inverse=True)
    compound = np.empty(count, np.int32)
    compound[group] = graph.compound

    within = sum_by(tail[inner], graph.border_m[inner], count)
    return UnitGraph(
        sum_by(group, graph.households, count),
        sum_by(group, graph.area_m2, count),
        sum_by(group, graph.perimeter_m, count) - within,
        compound,
        np.r_[0, np.cumsum(np.bincount(key // count, minlength=count))].astype(np.int32),
        (key % count).astype(np.int32),
        sum_by(place, graph.border_m[~inner], len(key)),
        sum_by(place, graph.cut[~inner], len(key)),
    )
