"""The street network: walkers and vehicles, snapping to streets, bounded searches, networkx graphs."""

from __future__ import annotations

from gridtwin.network.export import to_networkx
from gridtwin.network.network import StreetNetwork, components, street_network
from gridtwin.network.profile import WALKERS, Driver, Walker
from gridtwin.network.search import (
    Nearest,
    Pairs,
    Reach,
    farthest_walk,
    longest_walks,
    loose_ends,
    nearest,
    pairs,
    reach,
)
from gridtwin.network.snap import Snapped, snap

__all__ = [
    "WALKERS",
    "Driver",
    "Nearest",
    "Pairs",
    "Reach",
    "Snapped",
    "StreetNetwork",
    "Walker",
    "components",
    "farthest_walk",
    "longest_walks",
    "loose_ends",
    "nearest",
    "pairs",
    "reach",
    "snap",
    "street_network",
    "to_networkx",
]
