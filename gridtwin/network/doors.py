"""Where doors open: onto streets on the ground that are no loose ends of the data."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridtwin.network.network import Flags, StreetNetwork, components
from gridtwin.network.snap import Snapped, snap

MAIN_PART_SHARE = 0.01  # of the length of all streets: smaller parts are loose ends of the data
ABOVE_OR_BELOW = ("bridge", "tunnel")


def loose_ends(network: StreetNetwork) -> Flags:
    """Return the edges in parts of the network with less than 1 % of its length, (edges,)."""
    label, report = components(network)
    loose = (report["length_share"] < MAIN_PART_SHARE).to_numpy(bool)
    return loose[label][network.start] if len(label) else np.zeros(0, bool)


def door_streets(network: StreetNetwork) -> Flags:
    """Return the edges onto which doors open: no loose ends, no bridges and no tunnels, (edges,)."""
    return network.once("doors", lambda: ~loose_ends(network) & ~_above_or_below(network))


def snap_doors(network: StreetNetwork, places: Any, *, within_m: float, barriers: Any = None) -> Snapped:
    """Put buildings, gates and other places at people's feet on the streets.

    Parameters
    ----------
    network
        Where to.
    places, within_m, barriers
        As of :func:`gridtwin.network.snap`. Streets of :func:`door_streets` come first: the nearest line of the map
        may be a tunnel under the house or a bridge over it. A place that has none of them goes to any street that
        is no loose end.

    Returns
    -------
    Snapped
        One place a row.
    """
    at = snap(network, places, within_m=within_m, among=door_streets(network), barriers=barriers)
    lost = np.flatnonzero(~at.found)
    if not len(lost) or not _above_or_below(network).any():
        return at
    shapes = places.geometry.to_numpy() if hasattr(places, "geometry") else np.asarray(places, dtype=object)
    other = snap(network, shapes[lost], within_m=within_m, among=~loose_ends(network), barriers=barriers)
    edge, offset_m, distance_m = at.edge.copy(), at.offset_m.copy(), at.distance_m.copy()
    edge[lost], offset_m[lost], distance_m[lost] = other.edge, other.offset_m, other.distance_m
    return Snapped(edge, offset_m, distance_m)


def _above_or_below(network: StreetNetwork) -> Flags:
    if "structure" not in network.streets.columns:
        return np.zeros(len(network.start), bool)
    return np.asarray(network.streets["structure"].isin(ABOVE_OR_BELOW).to_numpy(bool))
