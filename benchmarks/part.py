"""A part to divide: one connected graph of units, and what is wrong with a division of it.

All peers get the same: for each walkable part of each community its units with households, centroid and compound,
the links between them with border lengths and costs, and the number of grids to make. This module needs nothing of
GridTwin, so the peers may live in another environment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """A connected graph of units to divide into ``k`` grids."""

    households: Indices
    xy: Array  # centroids, metres, (units, 2)
    compound: Indices  # number of the compound of each unit, −1 if none
    a: Indices  # links a–b, each once
    b: Indices
    border_m: Array
    cost: Array  # of a boundary along the link, in GridTwin's objective
    k: int
    share: float  # of all grids of the input
    minimum: int
    maximum: int


def outside(part: Part, labels: Indices) -> int:
    """Return how many of the grids miss the bounds."""
    load = np.bincount(labels, part.households, part.k)
    return int(((load < part.minimum) | (load > part.maximum)).sum())


def faults(part: Part, labels: Indices) -> tuple[int, int]:
    """Return how many of the ``k`` grids are empty, and how many others are not contiguous."""
    count = len(labels)
    same = labels[part.a] == labels[part.b]
    graph = coo_array((np.ones(same.sum()), (part.a[same], part.b[same])), shape=(count, count))
    piece = connected_components(graph, directed=False)[1]
    grids, pieces = np.unique(labels[np.unique(piece, return_index=True)[1]], return_counts=True)
    return max(part.k - len(grids), 0), int((pieces > 1).sum())


def parts_of_problem(problem: dict[str, Any]) -> Iterator[tuple[Indices, Part]]:
    """Return the units and the graph of each part, from the arrays that benchmarks.contest writes."""
    part = problem["part"]
    count = int(part.max()) + 1
    order, links = np.argsort(part, kind="stable"), np.argsort(part[problem["a"]], kind="stable")
    units = np.split(order, np.searchsorted(part[order], np.arange(1, count)))
    rows = np.split(links, np.searchsorted(part[problem["a"]][links], np.arange(1, count)))
    total = float(problem["k"].sum())
    for mine, row, k in zip(units, rows, problem["k"].tolist(), strict=True):
        yield (
            mine,
            Part(
                problem["households"][mine],
                problem["xy"][mine],
                problem["compound"][mine],
                np.searchsorted(mine, problem["a"][row]),
                np.searchsorted(mine, problem["b"][row]),
                problem["border_m"][row],
                problem["cost"][row],
                min(k, len(mine)),
                k / total,
                int(problem["minimum"]),
                int(problem["maximum"]),
            ),
        )


def lattice_part(side: int = 4, k: int = 4) -> Part:
    """Return a square lattice of units with 100 households each, every two rows a compound."""
    unit = np.arange(side * side).reshape(side, side)
    a = np.r_[unit[:, :-1].ravel(), unit[:-1].ravel()]
    b = np.r_[unit[:, 1:].ravel(), unit[1:].ravel()]
    row, column = np.divmod(unit.ravel(), side)
    xy = 100.0 * np.column_stack([column, row])
    loads, lengths = np.full(side * side, 100), np.full(len(a), 100.0)
    return Part(loads, xy, row // 2, a, b, lengths, np.ones(len(a)), k, 1.0, 300, 500)
