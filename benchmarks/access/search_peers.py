"""Peers for what is near: every junction within a limit of each facility, and the nearest facilities of all."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.access import graphs
from benchmarks.access.peers import Floats, Indices, Outcome, Peer, Problem

Labels = tuple[Indices, Indices, Floats]  # source, junction, cost
MOST_DENSE = 8_000_000  # costs in one dense result

PANDANA_LIMIT_S = 3_000.0  # how far it looks for the nearest
PANDANA_ARCS = 1e6  # its contraction of the lattice did not end within 240 s


def _reach(
    problem: Problem,
    budget_s: float,
    *,
    build: Callable[[Problem], Any],
    call: Callable[[Any, Problem, Indices], Any],
    labels: Callable[[Any, Problem, Indices], Labels],
    dense: bool = False,
) -> Outcome:
    """Search from each source; junctions beyond the limit are dropped outside the measured time."""
    outcome = Outcome()
    with outcome.step("prepare"):
        graph = build(problem)
    batch = max(1, min(50, MOST_DENSE // len(problem["x"]))) if dense else 1
    sources = problem["sources"]
    done = outcome.in_turn("reach", lambda some: call(graph, problem, some), sources, budget_s, batch=batch)
    parts = [labels(result, problem, some) for some, result in done]
    for name, values in zip(("source", "junction", "cost"), zip(*parts, strict=True), strict=True):
        outcome.found[name] = np.concatenate(values)
    return outcome


def _of_mapping(result: Any, problem: Problem, some: Indices) -> Labels:
    """Return labels of a mapping from junction to cost."""
    junction = np.fromiter(result.keys(), np.int64, len(result))
    cost = np.fromiter(result.values(), np.float64, len(result))
    return _within(problem, some[0], junction, cost)


def _of_nodes(result: Any, problem: Problem, some: Indices) -> Labels:
    """Return labels of a subgraph, which knows no cost."""
    junction = np.fromiter(result.nodes, np.int64, len(result))
    return np.full(len(junction), some[0]), junction, np.full(len(junction), np.nan)


def _of_rows(result: Any, problem: Problem, some: Indices) -> Labels:
    """Return labels of dense rows."""
    costs = np.asarray(result, np.float64)
    row, junction = np.nonzero(costs <= problem["limit_s"])
    return some[row], junction, costs[row, junction]


def _within(problem: Problem, source: int, junction: Indices, cost: Floats) -> Labels:
    near = cost <= problem["limit_s"]
    return np.full(int(near.sum()), source), junction[near], cost[near]


def _networkx(graph: Any, problem: Problem, some: Indices) -> Any:
    import networkx as nx

    limit = float(problem["limit_s"])
    return nx.single_source_dijkstra_path_length(graph, int(some[0]), cutoff=limit, weight="cost")


def _ego_graph(graph: Any, problem: Problem, some: Indices) -> Any:
    import networkx as nx

    return nx.ego_graph(graph, int(some[0]), radius=float(problem["limit_s"]), distance="cost")


def _scipy(graph: Any, problem: Problem, some: Indices) -> Any:
    from scipy.sparse.csgraph import dijkstra

    return dijkstra(graph, indices=some, limit=float(problem["limit_s"]))


def _igraph(graph: Any, problem: Problem, some: Indices) -> Any:
    return graph[0].distances(source=some.tolist(), weights=graph[1], mode="out")


def _rustworkx(graph: Any, problem: Problem, some: Indices) -> Any:
    import rustworkx as rx

    return dict(rx.dijkstra_shortest_path_lengths(graph, int(some[0]), float)) | {int(some[0]): 0.0}


def _networkit(graph: Any, problem: Problem, some: Indices) -> Any:
    import networkit as nk

    return [nk.distance.Dijkstra(graph, int(some[0]), storePaths=False).run().getDistances(asarray=True)]


def _pandana(graph: Any, problem: Problem, some: Indices) -> Any:
    return graph.nodes_in_range(some.tolist(), float(problem["limit_s"]))


def _of_frame(result: Any, problem: Problem, some: Indices) -> Labels:
    columns = ("source", "destination", "cost")
    source, junction, cost = (result[name].to_numpy() for name in columns)
    return source.astype(np.int64), junction.astype(np.int64), cost.astype(np.float64)


def _cityseer(graph: Any, problem: Problem, some: Indices) -> Any:
    # Its limit is in whole seconds; one more, and the rest is dropped afterwards.
    seconds = int(np.ceil(float(problem["limit_s"])))
    return graph.dijkstra_tree_shortest(int(some[0]), seconds, float(problem["speed_m_s"]))


def _of_tree(result: Any, problem: Problem, some: Indices) -> Labels:
    visited, tree = result
    junction = np.array(visited, np.int64)
    cost = np.array([tree[node].agg_seconds for node in visited])
    return _within(problem, some[0], junction, cost)


def _nearest_networkx(problem: Problem, budget_s: float) -> Outcome:
    import networkx as nx

    outcome = Outcome(done=1, of=1)
    with outcome.step("prepare"):
        graph = graphs.digraph(problem)
    sources = set(problem["sources"].tolist())
    with outcome.step("nearest"):
        found = nx.multi_source_dijkstra_path_length(graph, sources, weight="cost")
    cost = np.full((len(problem["x"]), 1), np.inf)
    cost[np.fromiter(found.keys(), np.int64), 0] = np.fromiter(found.values(), np.float64)
    outcome.found["cost"] = cost
    return outcome


def _nearest_scipy(problem: Problem, budget_s: float) -> Outcome:
    from scipy.sparse.csgraph import dijkstra

    outcome = Outcome(done=1, of=1)
    with outcome.step("prepare"):
        graph = graphs.sparse(problem)
    dijkstra(graph, indices=problem["sources"][:1], min_only=True, limit=1.0)
    seconds = []
    for _ in range(3):
        start = time.process_time()
        cost = dijkstra(graph, indices=problem["sources"], min_only=True)
        seconds.append(time.process_time() - start)
    outcome.cpu_s["nearest"] = float(np.median(seconds))
    outcome.found["cost"] = cost[:, None]
    return outcome


def _nearest_pandana(problem: Problem, budget_s: float) -> Outcome:
    import pandas as pd

    outcome = Outcome(done=1, of=1, remark=f"looks {PANDANA_LIMIT_S:.0f} s far")
    k = int(problem["k"])
    with outcome.step("prepare"):
        graph = graphs.pandana(problem, backwards=True)  # it goes to facilities; the search comes from them
    sources = problem["sources"]
    with outcome.step("nearest"):
        places = pd.Series(problem["x"][sources]), pd.Series(problem["y"][sources])
        graph.set_pois("facility", PANDANA_LIMIT_S, k, *places)
        found = graph.nearest_pois(PANDANA_LIMIT_S, "facility", num_pois=k)
    cost = found.to_numpy(np.float64)
    outcome.found["cost"] = np.where(cost >= PANDANA_LIMIT_S, np.inf, cost)
    return outcome


MAPPED = {"labels": _of_mapping, "call": _networkx}
ROWS = {"labels": _of_rows}
PEERS = {
    "reach": {
        "networkx": Peer("networkx, DiGraph, cutoff", "networkx", partial(_reach, build=graphs.digraph, **MAPPED)),
        "networkx_multi": Peer(
            "networkx, MultiDiGraph (OSMnx's graph), cutoff",
            "networkx",
            partial(_reach, build=graphs.multidigraph, **MAPPED),
            most_arcs=1e6,
        ),
        "ego_graph": Peer(
            "OSMnx's recipe: networkx ego_graph",
            "networkx",
            partial(_reach, build=graphs.multidigraph, call=_ego_graph, labels=_of_nodes),
            most_arcs=1e6,
        ),
        "scipy": Peer(
            "scipy dijkstra, limit", "scipy", partial(_reach, build=graphs.sparse, call=_scipy, dense=True, **ROWS)
        ),
        "igraph": Peer(
            "igraph, no limit", "igraph", partial(_reach, build=graphs.igraph, call=_igraph, dense=True, **ROWS)
        ),
        "rustworkx": Peer(
            "rustworkx, no limit",
            "rustworkx",
            partial(_reach, build=graphs.rustworkx, call=_rustworkx, labels=_of_mapping),
        ),
        "networkit": Peer(
            "networkit, no limit", "networkit", partial(_reach, build=graphs.networkit, call=_networkit, **ROWS)
        ),
        "pandana": Peer(
            "pandana nodes_in_range",
            "pandana",
            partial(_reach, build=graphs.pandana, call=_pandana, labels=_of_frame, dense=True),
            most_arcs=PANDANA_ARCS,
        ),
        "cityseer": Peer(
            "cityseer dijkstra_tree_shortest",
            "cityseer",
            partial(_reach, build=graphs.cityseer, call=_cityseer, labels=_of_tree),
            most_arcs=1e6,
        ),
    },
    "nearest1": {
        "networkx": Peer("networkx multi_source_dijkstra", "networkx", _nearest_networkx),
        "scipy": Peer("scipy dijkstra, min_only", "scipy", _nearest_scipy),
        "pandana": Peer("pandana nearest_pois", "pandana", _nearest_pandana, most_arcs=PANDANA_ARCS),
    },
    "nearest3": {"pandana": Peer("pandana nearest_pois", "pandana", _nearest_pandana, most_arcs=PANDANA_ARCS)},
}
