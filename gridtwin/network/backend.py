"""A backend of networkx: ``nx.single_source_dijkstra`` and its kin on compiled arrays.

networkx calls this module once ``backend="gridtwin"`` is asked for, or ``nx.config.backend_priority`` names it.
Results are those of networkx: values, their types and order, the choice among equal ways, and errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

import networkx as nx
import numpy as np

from gridtwin.network import kernel_graph
from gridtwin.network.kernel_graph import Flags, Floats

# Where each function takes its weight.
_WEIGHT_AT = {
    "multi_source_dijkstra": 4,
    "multi_source_dijkstra_path": 3,
    "multi_source_dijkstra_path_length": 3,
    "single_source_dijkstra": 4,
    "single_source_dijkstra_path": 3,
    "single_source_dijkstra_path_length": 3,
}
EXACT = 2.0**53  # below it, floats hold every whole number


class SearchGraph:
    """A graph of networkx as arrays; edges without weight are left out, of parallel ones the lightest stays.

    Attributes
    ----------
    nodes
        Nodes in the order of the graph.
    number
        Number of each node.
    indptr, head
        The arcs that leave node ``v`` are ``indptr[v]:indptr[v + 1]``, and end at ``head``, in the graph's order.
    cost
        Weight of each arc, (arcs,).
    whole
        Whether it is a whole number, (arcs,).
    """

    __networkx_backend__ = "gridtwin"

    def __init__(self, graph: nx.Graph, attribute: Any) -> None:
        adjacency = graph._adj  # what networkx searches, in its order
        self.nodes = list(adjacency)
        self.number = {node: i for i, node in enumerate(self.nodes)}
        inner = [adjacency[node] for node in self.nodes]
        ptr = np.zeros(len(inner) + 1, np.int64)
        np.cumsum([len(nearby) for nearby in inner], out=ptr[1:])
        number = self.number
        head = np.fromiter((number[node] for nearby in inner for node in nearby), np.int64, int(ptr[-1]))
        edges = chain.from_iterable(nearby.values() for nearby in inner)
        if attribute is None:
            weights = [1] * len(head)
        elif graph.is_multigraph():
            weights = [_lightest(parallel, attribute) for parallel in edges]
        else:
            weights = [edge.get(attribute, 1) for edge in edges]
        kept, self.cost, self.whole = _numbers(weights)
        self.indptr = np.r_[0, np.cumsum(kept)].astype(np.int64)[ptr]
        self.head = head[kept]

    def __contains__(self, node: Any) -> bool:
        """Return whether the node is in the graph; what cannot be a node is not."""
        try:
            return node in self.number
        except TypeError:
            return False


def convert_from_nx(
    graph: nx.Graph,
    *,
    edge_attrs: Mapping[Any, Any] | None = None,
    preserve_edge_attrs: bool = False,
    **_: Any,
) -> SearchGraph:
    """Return the graph as arrays; networkx keeps them with the graph until it changes.

    Raises
    ------
    NotImplementedError
        If a weight is no plain number; networkx then runs the call itself.
    """
    if preserve_edge_attrs or (edge_attrs is not None and len(edge_attrs) != 1):
        raise NotImplementedError("the gridtwin backend takes one weight")
    return SearchGraph(graph, None if edge_attrs is None else next(iter(edge_attrs)))


def convert_to_nx(result: Any, **_: Any) -> Any:
    """Return a result as networkx has it: it is so already."""
    return result


def can_run(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool | str:
    """Return whether the backend runs a call, or why not."""
    at = _WEIGHT_AT[name]
    weight = args[at] if len(args) > at else kwargs.get("weight", "weight")
    return "weights that are functions run in networkx" if callable(weight) else True


def single_source_dijkstra(
    G: SearchGraph, source: Any, target: Any = None, cutoff: Any = None, weight: Any = "weight"
) -> tuple[Any, Any]:
    """Return lengths and paths from a node, as :func:`networkx.single_source_dijkstra`."""
    return multi_source_dijkstra(G, {source}, target, cutoff, weight)


def single_source_dijkstra_path(
    G: SearchGraph, source: Any, cutoff: Any = None, weight: Any = "weight"
) -> dict[Any, list[Any]]:
    """Return paths from a node, as :func:`networkx.single_source_dijkstra_path`."""
    return multi_source_dijkstra_path(G, {source}, cutoff, weight)


def single_source_dijkstra_path_length(
    G: SearchGraph, source: Any, cutoff: Any = None, weight: Any = "weight"
) -> dict[Any, Any]:
    """Return lengths from a node, as :func:`networkx.single_source_dijkstra_path_length`."""
    return multi_source_dijkstra_path_length(G, {source}, cutoff, weight)


def multi_source_dijkstra(
    G: SearchGraph, sources: Any, target: Any = None, cutoff: Any = None, weight: Any = "weight"
) -> tuple[Any, Any]:
    """Return lengths and paths from the nearest of some nodes, as :func:`networkx.multi_source_dijkstra`."""
    _require_sources(G, sources)
    if target in sources:
        return 0, [target]
    search = _Search(G, sources, target, cutoff)
    return (search.lengths(), search.paths()) if target is None else search.to_target(target)


def multi_source_dijkstra_path(
    G: SearchGraph, sources: Any, cutoff: Any = None, weight: Any = "weight"
) -> dict[Any, list[Any]]:
    """Return paths from the nearest of some nodes, as :func:`networkx.multi_source_dijkstra_path`."""
    _require_sources(G, sources)
    return _Search(G, sources, None, cutoff).paths()


def multi_source_dijkstra_path_length(
    G: SearchGraph, sources: Any, cutoff: Any = None, weight: Any = "weight"
) -> dict[Any, Any]:
    """Return lengths from the nearest of some nodes, as :func:`networkx.multi_source_dijkstra_path_length`."""
    _require_sources(G, sources)
    return _Search(G, sources, None, cutoff).lengths()


class _Search:
    """One search: nodes in the order in which they were settled."""

    def __init__(self, graph: SearchGraph, sources: Iterable[Any], target: Any, cutoff: Any) -> None:
        self.nodes = graph.nodes
        self.sources = list(dict.fromkeys(sources))
        numbers = np.array([graph.number[source] for source in self.sources], np.int64)
        self.target = graph.number[target] if target in graph else -1
        limit = 0.0 if cutoff is None else float(cutoff)
        order, length, whole, via, sound = kernel_graph.settled(
            graph.indptr, graph.head, graph.cost, graph.whole, numbers, self.target, cutoff is not None, limit
        )
        if not sound:
            raise ValueError("Contradictory paths found:", "negative weights?")
        self.order, self.via = order.tolist(), via.tolist()
        self.length = _values(length, whole)

    def lengths(self) -> dict[Any, Any]:
        """Return the length to each node, the nearest first."""
        nodes = self.nodes
        return dict(zip([nodes[v] for v in self.order], self.length, strict=True))

    def paths(self) -> dict[Any, list[Any]]:
        """Return the path to each node, those of the sources first."""
        nodes, first = self.nodes, len(self.sources)
        made = {v: [nodes[v]] for v in self.order[:first]}
        for v, before in zip(self.order[first:], self.via[first:], strict=True):
            made[v] = [*made[before], nodes[v]]
        found = {source: [source] for source in self.sources}
        found |= {nodes[v]: made[v] for v in self.order[first:]}
        return found

    def to_target(self, target: Any) -> tuple[Any, list[Any]]:
        """Return length and path to the target of the search."""
        if not self.order or self.order[-1] != self.target:
            raise nx.NetworkXNoPath(f"No path to {target}.")
        before = dict(zip(self.order, self.via, strict=True))
        path, v = [], self.target
        while v >= 0:
            path.append(self.nodes[v])
            v = before[v]
        return self.length[-1], path[::-1]


def _require_sources(graph: SearchGraph, sources: Any) -> None:
    if not sources:
        raise ValueError("sources must not be empty")
    for source in sources:
        if source not in graph:
            raise nx.NodeNotFound(f"Node {source} not found in graph")


def _lightest(parallel: Mapping[Any, Mapping[Any, Any]], attribute: Any) -> Any:
    """Return the least weight of parallel edges, the first of equal ones."""
    weights = [edge.get(attribute, 1) for edge in parallel.values()]
    if len(weights) == 1:
        return weights[0]
    if None in weights:
        raise NotImplementedError("the gridtwin backend hides no single one of parallel edges")
    return min(weights)


def _numbers(weights: list[Any]) -> tuple[Flags, Floats, Flags]:
    """Return which weights are there, those as numbers, and which of them are whole."""
    kinds = set(map(type, weights))
    wholes = {kind for kind in kinds if issubclass(kind, int | np.integer)}
    strange = kinds - wholes - {float, np.float64, type(None)}
    if strange:
        names = ", ".join(sorted(kind.__name__ for kind in strange))
        raise NotImplementedError(f"the gridtwin backend takes plain numbers as weights, not {names}")
    kept = np.ones(len(weights), bool)
    if type(None) in kinds:
        kept = np.fromiter((weight is not None for weight in weights), bool, len(weights))
        weights = [weight for weight in weights if weight is not None]
    cost = np.array(weights, np.float64)
    if len(wholes) == len(kinds - {type(None)}):
        whole = np.ones(len(cost), bool)
    else:
        whole = np.fromiter((type(weight) in wholes for weight in weights), bool, len(cost))
    if np.isnan(cost).any() or np.abs(cost[whole]).sum() >= EXACT:
        raise NotImplementedError("the gridtwin backend takes no NaN, and no whole numbers of 2**53 or more")
    return kept, cost, whole


def _values(length: Floats, whole: Flags) -> list[Any]:
    """Return lengths as Python numbers, whole ones as integers."""
    if whole.all():
        made: list[Any] = length.astype(np.int64).tolist()
        return made
    return [int(value) if is_whole else value for value, is_whole in zip(length.tolist(), whole.tolist(), strict=True)]
