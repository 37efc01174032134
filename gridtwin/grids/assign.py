"""Assign units to grids: each community, each walkable part of it, by the compiled kernel."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from gridtwin.grids.kernel import UnitGraph
from gridtwin.grids.links import links_of, parts_of, unit_graph
from gridtwin.grids.planar import Flags, Indices
from gridtwin.grids.solve import divide_graph
from gridtwin.grids.units import Units
from gridtwin.grids.zones import Zones
from gridtwin.i18n import mark, tr
from gridtwin.progress import Progress, silent


@dataclass(frozen=True)
class Assignment:
    """The grid of each unit, and the walkable part of its community that each unit lies in."""

    grid: Indices
    part: Indices


def assign_units(
    units: Units,
    zones: Zones,
    *,
    only: Flags | None = None,
    starts: int = 1,
    least_part: int = 1,
    workers: int | None = None,
    progress: Progress = silent,
) -> Assignment:
    """Divide every walkable part of every community into grids; special-purpose grids are grids as they are.

    Parameters
    ----------
    units
        Units with their borders.
    zones
        Bounds, weights, effort and seed of each unit, and its special-purpose grid.
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
    links = links_of(units, zones, least_part=least_part)
    count = len(units.frame)
    part = parts_of(links, zones)
    order = np.argsort(part, kind="stable")
    bounds = np.searchsorted(part[order], np.arange(part.max() + 2))
    link_order = np.argsort(part[links.a], kind="stable")
    link_bounds = np.searchsorted(part[links.a][link_order], np.arange(part.max() + 2))
    jobs: list[tuple[Indices, UnitGraph, int]] = []
    ids = units.frame["community_id"].to_numpy()
    seen: dict[str, int] = {}
    for p in range(len(bounds) - 1):
        mine = order[bounds[p] : bounds[p + 1]]
        if zones.special[mine[0]] >= 0 or (only is not None and not only[units.community[mine[0]]]):
            continue
        name = str(ids[mine[0]])
        seen[name] = seen.get(name, -1) + 1
        seed = zlib.crc32(f"{zones.of(mine[0]).seed}/{name}/{seen[name]}".encode())
        rows = link_order[link_bounds[p] : link_bounds[p + 1]]
        jobs.append((mine, unit_graph(units, links, mine, rows), seed))

    def solve(job: tuple[Indices, UnitGraph, int]) -> Indices:
        return divide_graph(job[1], zones.of(job[0][0]), seed=job[2], starts=starts)

    grid = np.full(count, -1, np.int64)
    first = 0
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        done: Iterable[Indices] = pool.map(solve, jobs)
        for number, ((mine, _, _), labels) in enumerate(zip(jobs, done, strict=True)):
            grid[mine] = first + labels
            first += int(labels.max()) + 1
            progress((number + 1) / len(jobs), tr(mark("Dividing communities into grids")))
    whole = (zones.special >= 0) & (True if only is None else only[units.community])
    grid[whole] = first + np.unique(zones.special[whole], return_inverse=True)[1]
    return Assignment(grid, part)
