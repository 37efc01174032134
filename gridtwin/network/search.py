"""Searches from places on the streets: all junctions within a limit, and the longest walks of groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gridtwin.errors import UsageError
from gridtwin.i18n import mark
from gridtwin.network import kernel
from gridtwin.network.network import Flags, Floats, Indices, StreetNetwork, components
from gridtwin.network.snap import Snapped, snap

MAIN_PART_SHARE = 0.01  # of the length of all streets: smaller parts are loose ends of the data


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


def reach(network: StreetNetwork, sources: Snapped, *, limit: float, weight: str = "length_m") -> Reach:
    """Return all junctions that each source reaches within a limit.

    Parameters
    ----------
    network
        Where to search.
    sources
        Places on the network; those without a street reach nothing.
    limit
        Greatest cost, in metres or seconds as ``weight`` says; a source starts on its street with no cost.
    weight
        ``"length_m"`` or ``"seconds"``.

    Raises
    ------
    UsageError
        If the limit is no number, or ``weight`` is neither.
    """
    _require_limit(limit)
    along, back = network.edge_cost(weight)
    edge = np.where(sources.found, sources.edge, 0)
    at = _shares(network, sources)
    if len(network.start):
        seed = np.column_stack([network.end[edge], network.start[edge]])
        seed_cost = np.column_stack([_part(along[edge], 1.0 - at), _part(back[edge], at)])
    else:
        seed, seed_cost = np.zeros((len(edge), 2), np.int64), np.full((len(edge), 2), np.inf)
    seed_cost[~sources.found] = np.inf
    arrays = kernel.bounded(network.indptr, network.head, network.arc_cost(weight), seed, seed_cost, float(limit))
    return Reach(*arrays)


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
        Points or polygons, see :func:`gridtwin.network.snap`. They go to streets that are no loose ends:
        parts of the network with at least 1 % of its length.
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
    label, report = components(network)
    main = (report["length_share"] >= MAIN_PART_SHARE).to_numpy(bool)
    among = main[label][network.start] if len(label) else np.zeros(0, bool)
    snapped = snap(network, places, within_m=snap_within_m, among=among)
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
