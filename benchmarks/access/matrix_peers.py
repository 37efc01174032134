"""Peers for many journeys at once and for single routes, before and after streets are closed or slowed."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import numpy as np

from benchmarks.access import graphs
from benchmarks.access.peers import Floats, Indices, Outcome, Peer, Problem

MS = 1_000.0  # hierarchies reckon in whole milliseconds
ROUTES = 50


class Engine(Protocol):
    """A peer with a network in it."""

    batch: int

    def __init__(self, problem: Problem) -> None:
        """Build whatever is needed before the first question."""

    def update(self, cost: Floats) -> None:
        """Take over new costs of all arcs, infinite where closed."""

    def rows(self, origins: Indices, destinations: Indices) -> Any:
        """Return costs in the peer's own form, a row an origin."""

    def costs(self, rows: Any) -> Floats:
        """Return what :meth:`rows` returned as seconds, infinite where there is no way; not measured."""

    def route(self, origin: int, destination: int) -> Any:
        """Find one way, with its junctions."""


def _work(problem: Problem, budget_s: float, engine: Callable[[Problem], Engine]) -> Outcome:
    """Fill the matrix, ask for routes, change the costs, and do both again."""
    outcome = Outcome()
    with outcome.step("prepare"):
        peer = engine(problem)
    origins, destinations = problem["origins"], problem["destinations"]
    pairs = list(zip(origins.tolist(), destinations.tolist(), strict=False))
    for after in ("", " after"):
        if after:
            with outcome.step("update"):
                peer.update(problem["changed_cost"])
        _routes(outcome, "route" + after, peer, pairs, budget_s)
        step = "matrix" + after
        found = outcome.in_turn(step, lambda some: peer.rows(some, destinations), origins, budget_s, batch=peer.batch)
        outcome.found[step] = np.concatenate([peer.costs(rows) for _, rows in found])
    outcome.cpu_s["again"] = outcome.cpu_s["update"] + outcome.cpu_s["matrix after"]
    return outcome


def _routes(outcome: Outcome, step: str, peer: Engine, pairs: list[tuple[int, int]], budget_s: float) -> None:
    """Measure the median route, milliseconds."""
    seconds: list[float] = []
    for origin, destination in pairs[: ROUTES + 1]:
        start = time.perf_counter()
        peer.route(origin, destination)
        seconds.append(time.perf_counter() - start)
        if sum(seconds) > budget_s:
            break
    outcome.cpu_s[step] = float(np.median(seconds[1:] or seconds)) * MS


class _Dense:
    """What most peers share: rows are arrays of seconds already."""

    batch = 10

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    def costs(self, rows: Any) -> Floats:
        return np.asarray(rows, np.float64)


class _Networkx(_Dense):
    """networkx, one origin after the other."""

    batch = 1

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.graph = graphs.digraph(problem)

    def update(self, cost: Floats) -> None:
        """Copy the graph, as its users do, remove what is closed and change what is slower."""
        tail, head, least = graphs.least_arcs(self.problem, cost)
        graph = self.graph.copy()
        new = dict(zip(zip(tail.tolist(), head.tolist(), strict=True), least.tolist(), strict=True))
        graph.remove_edges_from([pair for pair in graph.edges if pair not in new])
        for a, b, values in graph.edges(data=True):
            values["cost"] = new[a, b]
        self.graph = graph

    def rows(self, origins: Indices, destinations: Indices) -> Any:
        import networkx as nx

        far = [nx.single_source_dijkstra_path_length(self.graph, int(origin), weight="cost") for origin in origins]
        return [[found.get(node, np.inf) for node in destinations.tolist()] for found in far]

    def route(self, origin: int, destination: int) -> Any:
        import networkx as nx

        try:
            return nx.bidirectional_dijkstra(self.graph, origin, destination, weight="cost")
        except nx.NetworkXNoPath:
            return None


class _Scipy(_Dense):
    """scipy, which finds whole trees only."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.graph = graphs.sparse(problem)

    def update(self, cost: Floats) -> None:
        self.graph = graphs.sparse(self.problem, cost)

    def rows(self, origins: Indices, destinations: Indices) -> Any:
        from scipy.sparse.csgraph import dijkstra

        return dijkstra(self.graph, indices=origins)[:, destinations]

    def route(self, origin: int, destination: int) -> Any:
        from scipy.sparse.csgraph import dijkstra

        _, before = dijkstra(self.graph, indices=origin, return_predecessors=True)
        path, node = [destination], int(before[destination])
        while node >= 0:
            path.append(node)
            node = int(before[node])
        return path


class _Igraph(_Dense):
    """igraph."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.graph, self.weights = graphs.igraph(problem)

    def update(self, cost: Floats) -> None:
        self.weights = cost.tolist()

    def rows(self, origins: Indices, destinations: Indices) -> Any:
        target = destinations.tolist()
        return self.graph.distances(source=origins.tolist(), target=target, weights=self.weights, mode="out")

    def route(self, origin: int, destination: int) -> Any:
        return self.graph.get_shortest_path(origin, destination, weights=self.weights, mode="out")


class _Rustworkx(_Dense):
    """rustworkx."""

    batch = 1

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.graph = graphs.rustworkx(problem)

    def update(self, cost: Floats) -> None:
        for arc, value in enumerate(cost.tolist()):
            self.graph.update_edge_by_index(arc, value)

    def rows(self, origins: Indices, destinations: Indices) -> Any:
        import rustworkx as rx

        found = [dict(rx.dijkstra_shortest_path_lengths(self.graph, int(origin), float)) for origin in origins]
        # The origin itself is not in its mapping.
        return [
            [0.0 if node == origin else far.get(node, np.inf) for node in destinations.tolist()]
            for origin, far in zip(origins.tolist(), found, strict=True)
        ]

    def route(self, origin: int, destination: int) -> Any:
        import rustworkx as rx

        return rx.dijkstra_shortest_paths(self.graph, origin, destination, weight_fn=float)


class _Networkit(_Dense):
    """networkit."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.graph = graphs.networkit(problem)

    def update(self, cost: Floats) -> None:
        self.graph = graphs.networkit(dict(self.problem) | {"cost": cost})

    def rows(self, origins: Indices, destinations: Indices) -> Any:
        import networkit as nk

        search = nk.distance.SPSP(self.graph, origins.tolist(), destinations.tolist())
        return search.run().getDistances(asarray=True)

    def costs(self, rows: Any) -> Floats:
        found = np.asarray(rows, np.float64)
        return np.where(found > 1e100, np.inf, found)

    def route(self, origin: int, destination: int) -> Any:
        import networkit as nk

        return nk.distance.BidirectionalDijkstra(self.graph, origin, destination).run().getPath()


class _Pandana(_Dense):
    """pandana, whose hierarchy has to be built anew when costs change."""

    batch = 100

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.graph = graphs.pandana(problem)

    def update(self, cost: Floats) -> None:
        self.graph = graphs.pandana(self.problem, cost)

    def rows(self, origins: Indices, destinations: Indices) -> Any:
        pairs = np.repeat(origins, len(destinations)), np.tile(destinations, len(origins))
        return self.graph.shortest_path_lengths(*pairs), len(origins)

    def costs(self, rows: Any) -> Floats:
        found = np.asarray(rows[0], np.float64).reshape(rows[1], -1)
        return np.where(found > 1e6, np.inf, found)

    def route(self, origin: int, destination: int) -> Any:
        return self.graph.shortest_path(origin, destination)


class _Pyroutingkit(_Dense):
    """pyroutingkit: customizable contraction hierarchies in numpy arrays."""

    batch = 500

    def __init__(self, problem: Problem) -> None:
        import pyroutingkit

        super().__init__(problem)
        tail, head, cost = graphs.arcs(problem)
        self.closed = pyroutingkit.INF_WEIGHT
        self.hierarchy = pyroutingkit.CCH()
        self.hierarchy.build_topology(
            tail.astype(np.uint32),
            head.astype(np.uint32),
            problem["y"].astype(np.float32),
            problem["x"].astype(np.float32),
            node_count=len(problem["x"]),
        )
        self.update(cost)

    def update(self, cost: Floats) -> None:
        weights = np.full(len(cost), self.closed, np.uint32)
        np.rint(cost * MS, out=weights, where=np.isfinite(cost), casting="unsafe")
        self.hierarchy.customize_weights(weights)

    def rows(self, origins: Indices, destinations: Indices) -> Any:
        return self.hierarchy.distances_many_to_many(origins.astype(np.uint32), destinations.astype(np.uint32))

    def costs(self, rows: Any) -> Floats:
        return np.where(rows == self.closed, np.inf, rows / MS)

    def route(self, origin: int, destination: int) -> Any:
        return self.hierarchy.query(origin, destination)


class _RoutingkitCch(_Dense):
    """routingkit-cch: the same hierarchies in lists."""

    batch = 50

    def __init__(self, problem: Problem) -> None:
        import routingkit_cch as rk

        super().__init__(problem)
        tail, head, cost = (values.tolist() for values in graphs.arcs(problem))
        order = rk.compute_order_inertial(
            len(problem["x"]), tail, head, problem["y"].tolist(), problem["x"].tolist()
        )  # fmt: skip
        self.rk = rk
        self.hierarchy = rk.CCH(order, tail, head, False)
        self.metric = rk.CCHMetric(self.hierarchy, self._weights(np.array(cost)))

    @staticmethod
    def _weights(cost: Floats) -> list[int]:
        return np.where(np.isfinite(cost), np.rint(cost * MS), 2**31 - 1).astype(np.int64).tolist()

    def update(self, cost: Floats) -> None:
        self.metric = self.rk.CCHMetric(self.hierarchy, self._weights(cost))

    def rows(self, origins: Indices, destinations: Indices) -> Any:
        query = self.rk.CCHOneToMany(self.metric, destinations.tolist())
        return [query.distances_from(origin) for origin in origins.tolist()]

    def costs(self, rows: Any) -> Floats:
        return np.array([[np.inf if value is None else value / MS for value in row] for row in rows])

    def route(self, origin: int, destination: int) -> Any:
        return self.rk.CCHQuery(self.metric).run(origin, destination).node_path


ENGINES: dict[str, tuple[str, str, Any]] = {
    "networkx": ("networkx", "networkx", _Networkx),
    "scipy": ("scipy dijkstra", "scipy", _Scipy),
    "igraph": ("igraph", "igraph", _Igraph),
    "rustworkx": ("rustworkx", "rustworkx", _Rustworkx),
    "networkit": ("networkit", "networkit", _Networkit),
    "pandana": ("pandana", "pandana", _Pandana),
    "pyroutingkit": ("pyroutingkit alone", "pyroutingkit", _Pyroutingkit),
    "routingkit_cch": ("routingkit-cch", "routingkit_cch", _RoutingkitCch),
}
PEERS = {
    "matrix": {
        name: Peer(title, package, partial(_work, engine=engine)) for name, (title, package, engine) in ENGINES.items()
    }
}
