"""Customizable contraction hierarchies behind a seam: many ways on one network, also after closures.

J. Dibbelt, B. Strasser and D. Wagner, "Customizable contraction hierarchies", ACM Journal of Experimental
Algorithmics 21 (2016), in the implementation of RoutingKit. The order of the junctions is found once for the
streets; costs are put in afterwards, in milliseconds, and changed as often as one likes.
"""

from __future__ import annotations

import importlib.util
import threading
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gridtwin.errors import MissingToolError, UsageError
from gridtwin.i18n import mark
from gridtwin.network.network import Floats, Indices, StreetNetwork

Engine = Literal["auto", "hierarchy", "dijkstra"]
ENGINES = ("auto", "hierarchy", "dijkstra")

UNITS_A_COST = 1000.0  # milliseconds or millimetres: costs are whole numbers inside
CLOSED = 2**31 - 1  # the library's infinite weight, 24.8 days, or 2,147 km: ways as long as that count as closed
FULL_SHARE = 0.02  # of the arcs: when more have changed, all are put in anew, which is then quicker
ONE_THREAD = 1  # more were 37–95 times as slow, because they wait for each other

# Seconds, measured on the streets of Wuhan (82,365 junctions, cut 144: ordered in 1.3 s, costs put in within 8 ms,
# 0.5 ms a source) and on lattices of 10,000 to 250,000 junctions, in which the hierarchy does worst (cut 253 of
# 90,000: 6.7 s, 0.27 s, 5 ms). The cut stands for the separators on which all of the work depends.
_ORDER_S = 2e-7  # a junction and a street cut
_COSTS_S = 1.2e-8  # a street cut, cubed
_SOURCE_S = 8e-8  # a street cut, squared
_DIJKSTRA_S = 1e-7  # a junction and a source
_CUTS = ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, -1.0))  # directions in which junctions are parted
_PARTS = (0.4, 0.5, 0.6)  # shares of them on one side

Millis = NDArray[np.uint32]


def installed() -> bool:
    """Return whether the library is there: it has no wheels for Windows, where searches do its work."""
    return importlib.util.find_spec("pyroutingkit") is not None


def pays(network: StreetNetwork, sources: int, *, engine: Engine = "auto") -> bool:
    """Return whether a hierarchy answers for less than Dijkstra's method, as far as can be told beforehand.

    Parameters
    ----------
    network
        Where to search.
    sources
        From how many places.
    engine
        ``"auto"``: weigh one against the other, and take the hierarchy for anything once it is there; where its
        library is not installed, never.
        ``"hierarchy"`` and ``"dijkstra"`` decide it.

    Notes
    -----
    The cost of a hierarchy grows with the separators of the network, small in real towns and as large as can be
    in a lattice. Streets that cross a straight line through the middle stand for them; no line is a better cut
    than the best one, so this is cautious. It depends on the network alone, so that the same call gives the
    same result.

    Raises
    ------
    UsageError
        If there is no such engine.
    """
    if engine not in ENGINES:
        raise UsageError(
            "engine_unknown",
            mark("'{engine}' is no engine; take one of: {engines}"),
            engine=engine,
            engines=", ".join(ENGINES),
        )
    count = len(network.x)
    if engine != "auto" or not count or not installed():
        return engine == "hierarchy" and count > 0
    if "hierarchy" in network.shared:
        return True
    cut = network.once("cut", lambda: _cut(network))
    hierarchy_s = _ORDER_S * count * cut + _COSTS_S * cut**3 + _SOURCE_S * cut**2 * sources
    return bool(hierarchy_s < _DIJKSTRA_S * count * sources)


def hierarchy(network: StreetNetwork, weight: str) -> Hierarchy:
    """Return the hierarchy of the network with its present costs; the first call for these streets orders them.

    All networks with these streets share it, and it holds the costs of the one that was asked for last. What
    has changed since is put in, so going to and fro between two networks costs little.
    """
    topology = network.once("hierarchy", lambda: _Topology(network))
    found: Hierarchy = network.once(f"hierarchy by {weight}", lambda: Hierarchy(topology, network, weight))
    return found


def _library() -> Any:
    if not installed():
        raise MissingToolError(
            "hierarchies_missing",
            mark("contraction hierarchies are not installed on this system; take engine 'auto' or 'dijkstra'"),
        )
    import pyroutingkit  # noqa: PLC0415 - optional

    return pyroutingkit


class _Topology:
    """The order of the junctions, and where each edge has its arcs."""

    def __init__(self, network: StreetNetwork) -> None:
        tail = np.repeat(np.arange(len(network.x)), np.diff(network.indptr))
        self.made = _library().CCHTopology()
        self.made.build(
            tail.astype(np.uint32),
            network.head.astype(np.uint32),
            (network.y - network.y.mean()).astype(np.float32),
            (network.x - network.x.mean()).astype(np.float32),
            len(network.x),
        )
        self.arc = np.full((2, len(network.start)), -1, np.int64)
        self.arc[np.where(network.forward, 0, 1), network.edge] = np.arange(len(network.head))


class Hierarchy:
    """A hierarchy with costs. Calls lock it: the library keeps its working space in one place."""

    def __init__(self, topology: _Topology, network: StreetNetwork, weight: str) -> None:
        self._topology = topology
        self._weight = weight
        self._metric = _library().CCHMetric(topology.made)
        self._lock = threading.Lock()
        self._costs = network.edge_cost(weight)
        self._metric.customize(_millis(network.arc_cost(weight)), ONE_THREAD)

    def distances(self, network: StreetNetwork, sources: Indices, targets: Indices) -> Millis:
        """Return least costs between junctions in thousandths, :data:`CLOSED` where no way leads.

        Returns
        -------
        array of uint32, (sources, targets)
        """
        if not (len(sources) and len(targets)):
            return np.zeros((len(sources), len(targets)), np.uint32)
        with self._lock:
            self._follow(network)
            found = self._metric.distances_many_to_many(sources.astype(np.uint32), targets.astype(np.uint32))
        return np.asarray(found, np.uint32)

    def ways(self, network: StreetNetwork, pairs: list[tuple[int, int]]) -> list[tuple[float, Indices]]:
        """Return the least cost between each pair of junctions, and the arcs of the way; infinite without one."""
        with self._lock:
            self._follow(network)
            found = [self._metric.query(source, target) for source, target in pairs]
        return [
            (cost / UNITS_A_COST if cost < CLOSED else np.inf, np.asarray(arcs, np.int64)) for cost, _, arcs in found
        ]

    def _follow(self, network: StreetNetwork) -> None:
        """Take over the costs of ``network``."""
        costs = network.edge_cost(self._weight)
        changed = [now if now is not was else None for now, was in zip(costs, self._costs, strict=True)]
        if all(now is None for now in changed):
            return
        arcs, values = [], []
        for of_edge, now, was in zip(self._topology.arc, costs, self._costs, strict=True):
            edges = np.flatnonzero((now != was) & (of_edge >= 0))
            arcs.append(of_edge[edges])
            values.append(now[edges])
        arc, cost = np.concatenate(arcs), _millis(np.concatenate(values))
        if len(arc) > FULL_SHARE * len(network.head):
            self._metric.customize(_millis(network.arc_cost(self._weight)), ONE_THREAD)
        elif len(arc):
            self._metric.update_weights(arc.astype(np.uint32), cost)
        self._costs = costs


def _millis(cost: Floats) -> Millis:
    """Return costs in thousandths; only what is closed is :data:`CLOSED`."""
    whole = np.minimum(np.rint(cost * UNITS_A_COST), CLOSED - 1)
    return np.where(np.isfinite(cost), whole, CLOSED).astype(np.uint32)


def _cut(network: StreetNetwork) -> int:
    """Return the least number of streets that cross a straight line with 40–60 % of the junctions on one side."""
    count = len(network.x)
    least = len(network.start)
    for east, north in _CUTS:
        place = np.empty(count, np.int64)
        place[np.argsort(east * network.x + north * network.y, kind="stable")] = np.arange(count)
        first, last = place[network.start], place[network.end]
        for part in _PARTS:
            least = min(least, int(((first < part * count) != (last < part * count)).sum()))
    return least
