"""Searches from places on the streets: what lies within a limit, what is nearest, and the longest walks of groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gridtwin.errors import UsageError
from gridtwin.i18n import mark
from gridtwin.network import kernel, kernel_places
from gridtwin.network.doors import snap_doors
from gridtwin.network.network import Direction, Flags, Floats, Indices, StreetNetwork
from gridtwin.network.snap import Snapped


@dataclass(frozen=True)
class Reach:
    """Junctions within a limit of each source, as flat arrays.

    Attributes
    ----------
    ptr
        The junctions of source ``s`` are ``ptr[s]:ptr[s + 1]``, nearest first, (sources + 1,).
    junction, cost
        Junction and least cost to it, (labels,).
    arc
        Arc by which the way arrives, −1 where the source's own street does, (labels,).
    """

    ptr: Indices
    junction: Indices
    cost: Floats
    arc: Indices

    @property
    def source(self) -> Indices:
        """Source of each label, (labels,)."""
        return np.repeat(np.arange(len(self.ptr) - 1), np.diff(self.ptr))


@dataclass(frozen=True)
class Pairs:
    """Places within a limit of each source, as flat arrays.

    Attributes
    ----------
    ptr
        The places of source ``s`` are ``ptr[s]:ptr[s + 1]``, in no order that means anything, (sources + 1,).
    place, cost
        Place and least cost, (pairs,).
    """

    ptr: Indices
    place: Indices
    cost: Floats

    @property
    def source(self) -> Indices:
        """Source of each pair, (pairs,)."""
        return np.repeat(np.arange(len(self.ptr) - 1), np.diff(self.ptr))


@dataclass(frozen=True)
class Nearest:
    """The nearest sources of each place, nearest first.

    Attributes
    ----------
    source
        Sources, −1 where there are fewer, (places, k).
    cost
        Least costs, infinite where there are fewer, (places, k).
    """

    source: Indices
    cost: Floats


def reach(
    network: StreetNetwork,
    sources: Snapped,
    *,
    limit: float,
    owner: ArrayLike | None = None,
    weight: str = "seconds",
    direction: Direction = "from",
) -> Reach:
    """Return all junctions within a limit of each source.

    Parameters
    ----------
    network
        Where to search.
    sources
        Places on the network; those without a street reach nothing. The leg to the street counts.
    limit
        Greatest cost, in metres or seconds as ``weight`` says.
    owner
        Source that each row of ``sources`` belongs to, (rows,), where sources have several entrances; every row
        is a source of its own by default.
    weight
        ``"length_m"`` or ``"seconds"``.
    direction
        ``"from"``: from the source to the junctions; ``"to"``: from the junctions to the source.

    Raises
    ------
    UsageError
        If the limit is no number, or ``weight`` or ``direction`` is not known.
    """
    _require_limit(limit)
    arcs = network.searched(weight, direction)
    starts = starts_of(network, sources, owner, weight, direction)
    return Reach(
        *kernel.bounded(arcs.indptr, arcs.head, arcs.cost, starts.seed_ptr, starts.seed, starts.seed_cost, float(limit))
    )


def pairs(
    network: StreetNetwork,
    sources: Snapped,
    places: Snapped,
    *,
    limit: float,
    owner: ArrayLike | None = None,
    weight: str = "seconds",
    direction: Direction = "to",
) -> Pairs:
    """Return all places within a limit of each source.

    Parameters
    ----------
    network, sources, limit, owner, weight
        As of :func:`reach`.
    places
        Places on the network; those without a street are within no limit. Costs include the legs between
        places, sources and their streets.
    direction
        ``"to"``: people go from the places to the source; ``"from"``: from the source to the places.

    Raises
    ------
    UsageError
        If the limit is no number, or ``weight`` or ``direction`` is not known.
    """
    _require_limit(limit)
    arcs = network.searched(weight, direction)
    starts = starts_of(network, sources, owner, weight, direction)
    order = np.argsort(places.edge, kind="stable")
    order = order[np.searchsorted(places.edge[order], 0) :]
    place_ptr = np.searchsorted(places.edge[order], np.arange(len(network.start) + 1)).astype(np.int64)
    ptr, place, cost = kernel_places.gathered(
        arcs.indptr,
        arcs.head,
        arcs.cost,
        arcs.edge,
        arcs.from_start,
        *network.edge_cost(weight, direction),
        starts.seed_ptr,
        starts.seed,
        starts.seed_cost,
        starts.edge,
        starts.at,
        starts.leg,
        place_ptr,
        _shares(network, places)[order],
        network.leg_cost(places.distance_m[order], weight),
        float(limit),
    )
    return Pairs(ptr, order[place], cost)


def nearest(
    network: StreetNetwork,
    sources: Snapped,
    places: Snapped | None,
    *,
    k: int = 1,
    limit: float = np.inf,
    owner: ArrayLike | None = None,
    weight: str = "seconds",
    direction: Direction = "to",
) -> Nearest:
    """Return the nearest sources of each place.

    Parameters
    ----------
    network, sources, limit, owner, weight
        As of :func:`reach`.
    places
        Places on the network; all junctions if None.
    k
        How many sources of each place, at least 1.
    direction
        ``"to"``: people go from the places to the source; ``"from"``: from the source to the places.

    Raises
    ------
    UsageError
        If ``k`` is below 1, the limit is no number, or ``weight`` or ``direction`` is not known.
    """
    if k < 1:
        raise UsageError("count_wrong", mark("the number of nearest places must be at least 1"))
    _require_limit(limit)
    arcs = network.searched(weight, direction)
    starts = starts_of(network, sources, owner, weight, direction)
    seed_owner = np.repeat(starts.owner, 2)
    source, cost = kernel_places.nearest_of_junctions(
        arcs.indptr, arcs.head, arcs.cost, starts.seed, starts.seed_cost, seed_owner, k, float(limit)
    )
    if places is None:
        return Nearest(source, cost)
    order = np.argsort(starts.edge, kind="stable")
    order = order[np.searchsorted(starts.edge[order], 0) :]
    return Nearest(
        *kernel_places.nearest_of_places(
            network.start,
            network.end,
            *network.edge_cost(weight, direction),
            source,
            cost,
            np.searchsorted(starts.edge[order], np.arange(len(network.start) + 1)).astype(np.int64),
            starts.at[order],
            starts.leg[order],
            starts.owner[order],
            places.edge,
            _shares(network, places),
            network.leg_cost(places.distance_m, weight),
            float(limit),
        )
    )


@dataclass(frozen=True)
class Starts:
    """Where the sources start, sorted by source: the places on edges, and the ends of those edges as seeds."""

    owner: Indices
    edge: Indices
    at: Floats
    leg: Floats
    seed_ptr: Indices
    seed: Indices
    seed_cost: Floats


def starts_of(
    network: StreetNetwork, sources: Snapped, owner: ArrayLike | None, weight: str, direction: Direction
) -> Starts:
    """Return where a search starts: sources sorted by owner, with the ends of their streets and costs to get there.

    With ``"to"`` these are the costs of getting from those ends to the places.
    """
    number = np.arange(len(sources.edge)) if owner is None else np.asarray(owner, np.int64)
    if len(number) != len(sources.edge) or (len(number) and int(number.min()) < 0):
        raise UsageError("owners_differ", mark("every entrance needs its source, and sources are numbered from 0"))
    order = np.argsort(number, kind="stable")
    number, sources = number[order], sources.take(order)
    along, back = network.edge_cost(weight, direction)
    at = _shares(network, sources)
    leg = np.where(sources.found, network.leg_cost(sources.distance_m, weight), np.inf)
    if len(network.start):
        edge = np.where(sources.found, sources.edge, 0)
        seed = np.column_stack([network.end[edge], network.start[edge]])
        seed_cost = leg[:, None] + np.column_stack([_part(along[edge], 1.0 - at), _part(back[edge], at)])
    else:
        seed, seed_cost = np.zeros((len(number), 2), np.int64), np.full((len(number), 2), np.inf)
    count = int(number[-1]) + 1 if len(number) else 0
    ptr = 2 * np.searchsorted(number, np.arange(count + 1)).astype(np.int64)
    return Starts(number, sources.edge, at, leg, ptr, seed.ravel(), seed_cost.ravel())


def farthest_walk(
    network: StreetNetwork, centres: Snapped, places: Snapped, group: ArrayLike, *, limit_m: float
) -> Floats:
    """Return the longest of the shortest walks from each group's centre to its places, metres.

    Parameters
    ----------
    network
        Where to walk.
    centres
        One place a group.
    places
        The members of all groups; those without a street are left out.
    group
        Group of each place, −1 for none, (places,).
    limit_m
        Longest walk that is looked for.

    Returns
    -------
    array of float, (groups,)
        Walks include the straight legs between places and streets. NaN where the centre has no street, the
        group has no place, or a place is farther than the limit.
    """
    groups = len(centres.edge)
    here = np.where(centres.found, np.arange(groups), -1)
    return _farthest(network, (centres, here), (places, np.asarray(group)), groups, limit_m, same=False)


def longest_walks(
    network: StreetNetwork, places: Any, group: ArrayLike, count: int, *, snap_within_m: float, limit_m: float
) -> Floats:
    """Return the longest of the shortest walks between any two places of each group, metres.

    Parameters
    ----------
    network
        A network for walking; shortest ways may leave the group's area.
    places
        Points or polygons, see :func:`gridtwin.network.snap_doors`.
    group
        Group of each place, −1 for none, (places,).
    count
        Number of groups.
    snap_within_m
        Places farther than this from every such street are left out, metres.
    limit_m
        Longest walk that is looked for.

    Returns
    -------
    array of float, (groups,)
        Walks include the straight legs between places and streets; 0 for a single place. NaN where a group
        has no place on the network, or two that cannot reach each other within the limit.

    Raises
    ------
    UsageError
        If the network is not for walking, or groups and places do not match.
    """
    if network.mode != "walk":
        raise UsageError("not_for_walking", mark("the longest walk needs a network for walking"))
    snapped = snap_doors(network, places, within_m=snap_within_m)
    members = (snapped, np.asarray(group))
    return _farthest(network, members, members, count, limit_m, same=True)


def _farthest(
    network: StreetNetwork,
    sources: tuple[Snapped, Indices],
    targets: tuple[Snapped, Indices],
    count: int,
    limit_m: float,
    *,
    same: bool,
) -> Floats:
    """Return the greatest least walk from sources to targets of the same group."""
    _require_limit(limit_m)
    along, back = network.edge_cost("length_m")
    result = kernel.farthest(
        network.indptr,
        network.head,
        network.arc_cost("length_m"),
        network.start,
        network.end,
        along,
        back,
        *_grouped(network, *sources, count),
        *_grouped(network, *targets, count),
        float(limit_m),
        same,
    )
    return np.where(np.isfinite(result), result, np.nan)


def _grouped(
    network: StreetNetwork, places: Snapped, group: Indices, count: int
) -> tuple[Indices, Indices, Floats, Floats]:
    """Return bounds of the groups, and edge, share along it and leg of their places in that order."""
    if len(group) != len(places.edge) or (len(group) and int(group.max()) >= count):
        raise UsageError("groups_differ", mark("every place needs a group, and groups are numbered from 0"))
    rows = np.flatnonzero(places.found & (group >= 0))
    rows = rows[np.argsort(group[rows], kind="stable")]
    ptr = np.searchsorted(group[rows], np.arange(count + 1)).astype(np.int64)
    return ptr, places.edge[rows], _shares(network, places)[rows], places.distance_m[rows]


def _shares(network: StreetNetwork, places: Snapped) -> Floats:
    """Return the share of its edge that lies before each place, 0 where there is none."""
    at: Floats = np.zeros(len(places.edge))
    found: Flags = places.found
    length = network.length_m[places.edge[found]]
    at[found] = np.divide(places.offset_m[found], length, out=np.zeros(len(length)), where=length > 0)
    return np.minimum(at, 1.0)


def _part(whole: Floats, share: Floats) -> Floats:
    """Return ``share`` of a cost; what is closed stays so."""
    out: Floats = np.full(len(whole), np.inf)
    np.multiply(whole, share, out=out, where=np.isfinite(whole))
    return out


def _require_limit(limit: float) -> None:
    if not limit >= 0:
        raise UsageError("limit_wrong", mark("the limit must be 0 or more, and a number"))
