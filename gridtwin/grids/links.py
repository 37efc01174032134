"""Links: which units may share a grid, and the kernel's graph of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridtwin.grids.kernel import Ints, UnitGraph
from gridtwin.grids.planar import Flags, Floats, Indices
from gridtwin.grids.units import Units
from gridtwin.grids.zones import Zones

REACH = 2  # grids away from one outside the bounds that may change so that it is mended


@dataclass(frozen=True)
class Links:
    """Pairs of units that may share a grid, with border length and the cost of a boundary between them."""

    a: Indices
    b: Indices
    border_m: Floats
    cut: Floats


def links_of(units: Units, zones: Zones, *, least_part: int = 1) -> Links:
    """Return the walkable links between units; land without households joins across any border.

    Units of different special-purpose grids, or of one and of none, never share a grid.

    A part of a community with fewer than ``least_part`` households that water, railway or motorway cuts off
    is linked by its longest border (or, where it is empty and touches nothing, to the nearest unit), so that
    it follows a neighbour instead of becoming a grid of its own.
    """
    borders = units.borders
    together = zones.special[borders.a] == zones.special[borders.b]
    open_ = borders.walkable & together
    households = units.frame["households"].to_numpy(np.int64)
    count = len(households)
    while True:
        part = _parts(borders.a[open_], borders.b[open_], count)
        empty = np.bincount(part, weights=households) < least_part
        shut = np.flatnonzero(~open_ & together)
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
    cost = np.array(zones.params[0].weights.boundary())[borders.kind[open_]] * length / 100.0
    far_a, far_b = _far_links(units, zones, part, empty)
    none = np.zeros(len(far_a))
    return Links(np.r_[a, far_a], np.r_[b, far_b], np.r_[length, none], np.r_[cost, none])


def _parts(a: Indices, b: Indices, count: int) -> Indices:
    graph = coo_array((np.ones(len(a)), (a, b)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def parts_of(links: Links, zones: Zones) -> Indices:
    """Return the walkable part that each unit lies in; a special-purpose grid is one part, the last ones."""
    part = _parts(links.a, links.b, len(zones.special))
    whole = np.where(zones.special >= 0, part.max() + 1 + zones.special, part)
    return np.asarray(np.unique(whole, return_inverse=True)[1], dtype=np.int64)


def _far_links(units: Units, zones: Zones, part: Indices, empty: Flags) -> tuple[Indices, Indices]:
    """Link each empty part that touches nothing to the nearest unit of its community.

    Where all parts of a community are empty, the one with most households takes the others.
    """
    ordinary = zones.special < 0
    empty = empty & ~_largest_parts(units, part, ordinary)
    alone = np.flatnonzero(empty[part] & ordinary)
    shapes = units.frame.geometry.to_numpy()
    inhabited = np.unique(units.community[ordinary & (units.frame["households"].to_numpy() > 0)])
    found_a, found_b = [], []
    for p in np.unique(part[alone]):
        mine = np.flatnonzero(part == p)
        community = units.community[mine[0]]
        if community not in inhabited:
            continue
        others = np.flatnonzero((units.community == community) & ~empty[part] & ordinary)
        near = shapely.distance(shapely.union_all(shapes[mine]), shapes[others])
        found_a.append(mine[0])
        found_b.append(others[int(near.argmin())])
    return np.array(found_a, np.int64), np.array(found_b, np.int64)


def _largest_parts(units: Units, part: Indices, ordinary: Flags) -> Flags:
    """Return the part with most households of each inhabited community, (parts,)."""
    households = units.frame["households"].to_numpy(np.int64)
    held = np.bincount(part, weights=np.where(ordinary, households, 0))
    order = np.lexsort((part, -held[part], units.community))
    order = order[ordinary[order] & (held[part[order]] > 0)]
    first = order[np.r_[True, np.diff(units.community[order]) != 0]] if len(order) else order
    largest = np.zeros(len(held), bool)
    largest[part[first]] = True
    return largest


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


def subgraph(graph: UnitGraph, nodes: Indices) -> UnitGraph:
    """Return the units ``nodes`` (ascending) of a graph with the links among them."""
    place = np.full(len(graph.households), -1)
    place[nodes] = np.arange(len(nodes))
    tail = np.repeat(place, np.diff(graph.indptr))
    inside = (tail >= 0) & (place[graph.head] >= 0)
    indptr = np.r_[0, np.cumsum(np.bincount(tail[inside], minlength=len(nodes)))].astype(np.int32)
    return UnitGraph(
        graph.households[nodes],
        graph.area_m2[nodes],
        graph.perimeter_m[nodes],
        graph.compound[nodes],
        indptr,
        place[graph.head[inside]].astype(np.int32),
        graph.border_m[inside],
        graph.cut[inside],
    )


def beside(flags: Flags, a: Indices | Ints, b: Indices | Ints, *, rings: int = 1) -> Flags:
    """Return the flagged grids with those up to ``rings`` grids away, (grids,).

    Parameters
    ----------
    flags
        Some grids, (grids,).
    a, b
        Grids at both ends of each link, (links,).
    rings
        Steps from grid to grid.
    """
    near = flags.copy()
    for _ in range(rings):
        grown = near.copy()
        grown[b[near[a]]] = True
        grown[a[near[b]]] = True
        if (grown == near).all():
            break
        near = grown
    return near


def ends_of(graph: UnitGraph, labels: Ints) -> tuple[Ints, Ints]:
    """Return the grids at both ends of each link of a graph, each link in both directions."""
    return np.repeat(labels, np.diff(graph.indptr)), labels[graph.head]


def in_conflict(outside: Flags, locked: Flags, grid: Indices, links: Links) -> Flags:
    """Return the grids outside the bounds that are locked, or near a locked one that might have to change, (grids,)."""
    return np.asarray(outside & beside(locked, grid[links.a], grid[links.b], rings=REACH))
