"""Compiled kernel: match units in pairs along their costliest borders."""

from __future__ import annotations

import numpy as np

from gridtwin.grids.kernel import NONE, Ints, UnitGraph
from gridtwin.jit import compiled


@compiled
def match_units(graph: UnitGraph, rate: float, most_homes: float, most_area: float) -> Ints:
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
