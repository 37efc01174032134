"""The network of a problem as the peers want it. Arcs are those of the search: against the walk when people come."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.access.peers import Floats, Indices, Problem


def arcs(problem: Problem) -> tuple[Indices, Indices, Floats]:
    """Return tail, head and cost of all arcs, parallel ones included."""
    tail = np.repeat(np.arange(len(problem["indptr"]) - 1), np.diff(problem["indptr"]))
    return tail, problem["head"], problem["cost"]


def least_arcs(problem: Problem, cost: Floats | None = None) -> tuple[Indices, Indices, Floats]:
    """Return tail, head and cost of the cheapest arc between each pair of junctions; closed arcs are left out."""
    tail, head, usual = arcs(problem)
    cost = usual if cost is None else cost
    order = np.lexsort((cost, head, tail))
    order = order[np.isfinite(cost[order])]
    tail, head, cost = tail[order], head[order], cost[order]
    first = np.r_[True, (np.diff(tail) != 0) | (np.diff(head) != 0)][: len(tail)]
    return tail[first], head[first], cost[first]


def sparse(problem: Problem, cost: Floats | None = None) -> Any:
    """Return a sparse matrix of scipy."""
    from scipy.sparse import csr_array

    tail, head, least = least_arcs(problem, cost)
    n = len(problem["x"])
    return csr_array((least, (tail, head)), shape=(n, n))


def digraph(problem: Problem) -> Any:
    """Return a DiGraph of networkx."""
    import networkx as nx

    tail, head, cost = least_arcs(problem)
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(problem["x"])))
    graph.add_weighted_edges_from(zip(tail.tolist(), head.tolist(), cost.tolist(), strict=True), weight="cost")
    return graph


def multidigraph(problem: Problem) -> Any:
    """Return a MultiDiGraph of networkx, the kind of graph that OSMnx makes."""
    import networkx as nx

    tail, head, cost = arcs(problem)
    graph = nx.MultiDiGraph(crs="EPSG:32650")
    x, y = problem["x"].tolist(), problem["y"].tolist()
    graph.add_nodes_from((node, {"x": x[node], "y": y[node]}) for node in range(len(x)))
    weights = ({"cost": value} for value in cost.tolist())
    graph.add_edges_from(zip(tail.tolist(), head.tolist(), weights, strict=True))
    return graph


def igraph(problem: Problem) -> tuple[Any, Floats]:
    """Return a graph of igraph and the weights of its arcs."""
    import igraph as ig

    tail, head, cost = arcs(problem)
    return ig.Graph(n=len(problem["x"]), edges=np.column_stack([tail, head]), directed=True), cost


def rustworkx(problem: Problem) -> Any:
    """Return a graph of rustworkx."""
    import rustworkx as rx

    graph = rx.PyDiGraph()
    graph.add_nodes_from(range(len(problem["x"])))
    graph.add_edges_from(list(zip(*(values.tolist() for values in arcs(problem)), strict=True)))
    return graph


def networkit(problem: Problem) -> Any:
    """Return a graph of networkit, which works on one thread."""
    import networkit as nk

    nk.setNumberOfThreads(1)
    tail, head, cost = least_arcs(problem)
    return nk.GraphFromCoo((cost, (tail, head)), n=len(problem["x"]), weighted=True, directed=True)


def pandana(problem: Problem, cost: Floats | None = None, *, backwards: bool = False) -> Any:
    """Return a network of pandana with its contraction hierarchy; ``backwards`` turns all arcs round."""
    import pandana as pdna
    import pandas as pd

    tail, head, least = least_arcs(problem, cost)
    if backwards:
        tail, head = head, tail
    x, y = pd.Series(problem["x"]), pd.Series(problem["y"])
    weights = pd.DataFrame({"cost": least})
    return pdna.Network(x, y, pd.Series(tail), pd.Series(head), weights, twoway=False)


def cityseer(problem: Problem) -> Any:
    """Return a network of cityseer; its lengths are those of drawn lines, so a bend makes up the difference."""
    from cityseer import rustalgos

    graph = rustalgos.graph.NetworkStructure()
    x, y = problem["x"], problem["y"]
    for node, (east, north) in enumerate(zip(x.tolist(), y.tolist(), strict=True)):
        graph.add_street_node(node, east, north, True, 1.0)
    tail, head, cost = least_arcs(problem)
    length_m = cost * float(problem["speed_m_s"])
    middle = np.column_stack([x[tail] + x[head], y[tail] + y[head]]) / 2
    across = np.column_stack([y[tail] - y[head], x[head] - x[tail]])
    straight_m = np.hypot(*across.T)
    bend_m = np.sqrt(np.maximum(length_m**2 - straight_m**2, 0)) / 2
    middle += across * (bend_m / np.maximum(straight_m, 1e-9))[:, None]
    for edge, (a, b, (east, north)) in enumerate(zip(tail.tolist(), head.tolist(), middle.tolist(), strict=True)):
        line = f"LINESTRING ({x[a]} {y[a]}, {east} {north}, {x[b]} {y[b]})"
        graph.add_street_edge(a, b, edge, a, b, line)
    return graph
