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

from gridtwin.grids.kernel import UnitGraph
from gridtwin.grids.kernel_match import match_units
from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import Indices, sum_by

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
        pair = np.asarray(match_units(coarse, rate, most_homes, most_area), np.int64)
        if int(pair.max()) + 1 == len(pair):
            break
        group, coarse = pair[group], _contracted(coarse, pair)
    return None if coarse is graph else (coarse, group)


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
