"""The street network: walkers and vehicles, snapping to streets, bounded searches, networkx graphs."""

from __future__ import annotations

from gridtwin.network.access import Speeds
from gridtwin.network.export import to_networkx
from gridtwin.network.network import StreetNetwork, components, street_network
from gridtwin.network.search import Reach, farthest_walk, longest_walks, reach
from gridtwin.network.snap import Snapped, snap

__all__ = [
    "Reach",
    "Snapped",
    "Speeds",
    "StreetNetwork",
    "components",
    "farthest_walk",
    "longest_walks",
    "reach",
    "snap",
    "street_network",
    "to_networkx",
]
