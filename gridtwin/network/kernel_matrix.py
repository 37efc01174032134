"""Compiled join of the costs between junctions with what lies before and behind them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridtwin.jit import compiled
from gridtwin.network.kernel_places import between

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@compiled
def joined(
    found: NDArray[np.uint32],
    closed: int,
    units: float,
    first: Indices,
    first_cost: Floats,
    start_edge: Indices,
    start_at: Floats,
    start_leg: Floats,
    last: Indices,
    last_cost: Floats,
    stop_edge: Indices,
    stop_at: Floats,
    stop_leg: Floats,
    along: Floats,
    back: Floats,
    out: Floats,
) -> None:
    """Fill ``out`` with the least costs from origins to destinations, (origins, destinations).

    ``found`` holds whole costs between junctions, ``units`` of them to one of ours, ``closed`` where there is
    none. Each origin leaves its edge at two of its rows (``first``) at a cost, each destination is reached from two
    of its columns (``last``). Two places on one edge may stay on it.
    """
    near = np.empty(found.shape[1])
    for o in range(len(out)):
        near[:] = np.inf
        for k in range(2):
            if first_cost[o, k] < np.inf:
                row, before = found[first[o, k]], first_cost[o, k]
                for t in range(len(near)):
                    if row[t] < closed:
                        near[t] = min(near[t], before + row[t] / units)
        for d in range(out.shape[1]):
            least = np.inf
            for k in range(2):
                if last_cost[d, k] < np.inf:
                    least = min(least, near[last[d, k]] + last_cost[d, k])
            if start_edge[o] == stop_edge[d] and start_edge[o] >= 0:
                e = start_edge[o]
                direct = between(along[e], back[e], start_at[o], stop_at[d])
                least = min(least, start_leg[o] + direct + stop_leg[d])
            out[o, d] = least
