"""Assign units to grids: each community, each walkable part of it, by the compiled kernel."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridtwin.grids import kernel
from gridtwin.grids.kernel import UnitGraph
from gridtwin.grids.params import CUT_PER_100_M, DivideParams
from gridtwin.grids.planar import Flags, Floats, Indices
from gridtwin.grids.units import Units
from gridtwin.i18n import mark, tr
from gridtwin.progress import Progress, silent

TREES = 12  # spanning trees tried for one cut of the first plan
CUTS_PER_GRID = 40
FLIPS_PER_CUT = 60
HOT, COLD = 1.0, 0.03
BIAS = 4.0  # how strongly costly borders are kept within a tree


@dataclass(frozen=True)
class Links:
    """Pairs of units that may share a grid, with border length and the cost of a boundary between them."""

    a: Indices
    b: Indices
    border_m: Floats
    cut: Floats


@dataclass(frozen=True)
class Assignment:
    """The grid of each unit, and the walkable part of its community that each unit lies in."""

    grid: Indices
    part: Indices


def links_of(units: Units, *, least_part: int = 1) -> Links:
    """Return the walkable links between units; land without households joins across any border.

    A part of a community with fewer than ``least_part`` households that water, railway or motorway cuts off
    is linked by its longest border (or, where it is empty and touches nothing, to the nearest unit), so that
    it follows a neighbour instead of becoming a grid of its own.
    """
    borders = units.borders
    open_ = borders.walkable.copy()
    households = units.frame["households"].to_numpy(np.int64)
    count = len(households)
    while True:
        part = _parts(borders.a[open_], borders.b[open_], count)
        empty = np.bincount(part, weights=households) < least_part
        shut = np.flatnonzero(~open_)
        origin = np.r_[part[borders.a[shut]], part[borders.b[shut]]]
        rows, length = np.r_[shut, shut], np.r_[borders.length_m[shut], borders.length_m[shut]]
        apart = part[borders.a[shut]] != part[borders.b[shut]]
        wants = empty[origin] & np.r_[apart, apart]
        if not wants.any():
            break
        origin, rows, length = origin[wants], rows[wants], length[wants]
        order = np.lexsort((rows, -length, origin))
        chosen = order[np.r_[True, origin[order][1:] != origin[order][:-1]]]
        open_[rows[chosen]] = True
    a, b, length = borders.a[open_], borders.b[open_], borders.length_m[open_]
    cost = np.asarray(CUT_PER_100_M)[borders.kind[open_]] * length / 100.0
    far_a, far_b = _far_links(units, part, empty)
    none = np.zeros(len(far_a))
    return Links(np.r_[a, far_a], np.r_[b, far_b], np.r_[length, none], np.r_[cost, none])


def _parts(a: Indices, b: Indices, count: int) -> Indices:
    graph = coo_array((np.ones(len(a)), (a, b)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def parts_of(links: Links, count: int) -> Indices:
    """Return the walkable part that each of ``count`` units lies in."""
    return _parts(links.a, links.b, count)


def _far_links(units: Units, part: Indices, empty: Flags) -> tuple[Indices, Indices]:
    """Link each empty part that touches nothing to the nearest unit of its community."""
    alone = np.flatnonzero(empty[part])
    shapes = units.frame.geometry.to_numpy()
    inhabited = np.unique(units.community[units.frame["households"].to_numpy() > 0])
    found_a, found_b = [], []
    for p in np.unique(part[alone]):
        mine = np.flatnonzero(part == p)
        community = units.community[mine[0]]
        if community not in inhabited:
            continue
        others = np.flatnonzero((units.community == community) & ~empty[part])
        near = shapely.distance(shapely.union_all(shapes[mine]), shapes[others])
        found_a.append(mine[0])
        found_b.append(others[int(near.argmin())])
    return np.array(found_a, np.int64), np.array(found_b, np.int64)


def assign_units(
    units: Units,
    params: DivideParams,
    *,
    only: Flags | None = None,
    starts: int = 1,
    least_part: int = 1,
    workers: int | None = None,
    progress: Progress = silent,
) -> Assignment:
    """Divide every walkable part of every community into grids.

    Parameters
    ----------
    units
        Units with their borders.
    params
        Bounds, weights, effort, seed.
    only
        Communities to divide, (communities,); the units of the others get grid −1.
    starts
        Independent starts of the annealing; the best plan is kept.
    least_part
        Cut-off parts with fewer households follow a neighbour (:func:`links_of`).
    workers
        Threads; the result does not depend on their number. Default: all cores.
    progress
        Receives fraction and text.

    Returns
    -------
    Assignment
        Grid of each unit (numbered in order of community and part) and its part.
    """
    links = links_of(units, least_part=least_part)
    count = len(units.frame)
    part = parts_of(links, count)
    order = np.argsort(part, kind="stable")
    bounds = np.searchsorted(part[order], np.arange(part.max() + 2))
    link_order = np.argsort(part[links.a], kind="stable")
    link_bounds = np.searchsorted(part[links.a][link_order], np.arange(part.max() + 2))
    jobs: list[tuple[Indices, UnitGraph, int]] = []
    ids = units.frame["community_id"].to_numpy()
    seen: dict[str, int] = {}
    for p in range(len(bounds) - 1):
        mine = order[bounds[p] : bounds[p + 1]]
        if only is not None and not only[units.community[mine[0]]]:
            continue
        name = str(ids[mine[0]])
        seen[name] = seen.get(name, -1) + 1
        seed = zlib.crc32(f"{params.seed}/{name}/{seen[name]}".encode())
        rows = link_order[link_bounds[p] : link_bounds[p + 1]]
        jobs.append((mine, unit_graph(units, links, mine, rows), seed))

    def solve(job: tuple[Indices, UnitGraph, int]) -> Indices:
        return _divide_part(job[1], params, seed=job[2], starts=starts)

    grid = np.full(count, -1, np.int64)
    first = 0
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        done: Iterable[Indices] = pool.map(solve, jobs)
        for number, ((mine, _, _), labels) in enumerate(zip(jobs, done, strict=True)):
            grid[mine] = first + labels
            first += int(labels.max()) + 1
            progress((number + 1) / len(jobs), tr(mark("Dividing communities into grids")))
    return Assignment(grid, part)


def unit_graph(units: Units, links: Links, mine: Indices, rows: Indices) -> UnitGraph:
    """Return the part ``mine`` with its links ``rows`` as the kernel's graph.

    Lengths are rounded to centimetres: a vertex more or less on a border must not change the plan.
    """
    n = len(mine)
    a, b = np.searchsorted(mine, links.a[rows]), np.searchsorted(mine, links.b[rows])
    tail, head = np.r_[a, b], np.r_[b, a]
    order = np.lexsort((head, tail))
    indptr = np.r_[0, np.cumsum(np.bincount(tail, minlength=n))].astype(np.int32)
    border, cut = np.round(links.border_m[rows], 2), np.round(links.cut[rows], 4)
    frame = units.frame
    known = units.compound[mine]
    compound = np.full(n, -1, np.int32)
    compound[known >= 0] = np.unique(known[known >= 0], return_inverse=True)[1]
    return UnitGraph(
        frame["households"].to_numpy(np.float64)[mine],
        np.round(frame["area_m2"].to_numpy(np.float64)[mine], 1),
        np.round(shapely.length(frame.geometry.to_numpy()[mine]), 2),
        compound,
        indptr,
        head[order].astype(np.int32),
        np.r_[border, border][order],
        np.r_[cut, cut][order],
    )


def _candidates(total: int, largest: float, params: DivideParams) -> list[int]:
    """Return the numbers of grids worth trying, best guess first."""
    low, high = params.grid_numbers(total)
    nearest = params.nearest_number(total)
    numbers = [nearest]
    if low <= high:
        numbers += [n for n in (nearest + 1, nearest - 1) if low <= n <= high]
    else:
        numbers += [n for n in (low, high) if n >= 1 and n != nearest]
    if largest > params.maximum:  # a building too large for any grid changes how many the rest needs
        numbers += [n for n in (nearest - 1, nearest + 1) if n >= 1 and n not in numbers]
    return numbers


def _divide_part(graph: UnitGraph, params: DivideParams, *, seed: int, starts: int) -> Indices:
    """Divide one connected graph; return grid numbers 0 … k − 1."""
    n = len(graph.households)
    goal = params.objective()
    base = np.full(1, -1, np.int32)
    best: tuple[int, float, float] | None = None
    best_labels = np.zeros(n, np.int32)
    total = int(graph.households.sum())
    for number in _candidates(total, float(graph.households.max()), params):
        k = min(number, n)
        for start in range(starts):
            state = np.array([(seed << 20) + 1009 * k + start], np.uint64)
            labels, grids = np.zeros(n, np.int32), 1
            if k > 1:
                labels, grids = kernel.seed_plan(graph, goal, k, TREES, BIAS, state)
            if grids > 1:
                cuts = int(CUTS_PER_GRID * grids * params.effort)
                locked = np.zeros(grids, np.bool_)
                _, labels = kernel.anneal(
                    graph, goal, labels, grids, cuts, FLIPS_PER_CUT, HOT, COLD, BIAS, base, locked, state
                )
            load = np.bincount(labels, weights=graph.households, minlength=grids)
            outside = np.maximum(params.minimum - load, 0) + np.maximum(load - params.maximum, 0)
            score = (
                int((outside > 0).sum()),
                float(outside.sum()),
                kernel.plan_cost(graph, goal, labels, grids, base),
            )
            if best is None or score < best:
                best, best_labels = score, labels
        if best is not None and best[0] == 0:
            break
    return np.unique(best_labels, return_inverse=True)[1].astype(np.int64)
