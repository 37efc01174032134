"""The street network: walkers and vehicles, snapping to streets, searches, routes, matrices, networkx graphs."""

from __future__ import annotations

from gridtwin.network.doors import door_streets, loose_ends, snap_doors
from gridtwin.network.export import to_networkx
from gridtwin.network.matrix import matrix
from gridtwin.network.network import StreetNetwork, components, street_network
from gridtwin.network.profile import WALKERS, Driver, Walker
from gridtwin.network.route import Route, route
from gridtwin.network.search import (
    Nearest,
    Pairs,
    Reach,
    farthest_walk,
    longest_walks,
    nearest,
    pairs,
    reach,
)
from gridtwin.network.snap import Snapped, snap
from gridtwin.network.turns import Step, turn_list

__all__ = [
    "WALKERS",
    "Driver",
    "Nearest",
    "Pairs",
    "Reach",
    "Route",
    "Snapped",
    "Step",
    "StreetNetwork",
    "Walker",
    "components",
    "door_streets",
    "farthest_walk",
    "longest_walks",
    "loose_ends",
    "matrix",
    "nearest",
    "pairs",
    "reach",
    "route",
    "snap",
    "snap_doors",
    "street_network",
    "to_networkx",
    "turn_list",
]
