"""The networkx backend: what networkx says, in its order and types, on our arrays."""

from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridtwin.backend_info import FUNCTIONS, get_info
from gridtwin.network import backend

WEIGHTS = st.one_of(st.integers(0, 5), st.floats(0, 5), st.just(None), st.just("absent"))


def ours(name, graph, *args, weight="weight", **options):
    """Return what the backend says."""
    made = backend.convert_from_nx(graph, edge_attrs=None if weight is None else {weight: 1})
    return getattr(backend, name)(made, *args, weight=weight, **options)


def theirs(name, graph, *args, **options):
    """Return what networkx itself says."""
    return getattr(nx, name).orig_func(graph, *args, **options)


def same(a, b) -> bool:
    """Return whether two results are the same in values, types and order."""
    if isinstance(a, dict):
        return list(map(repr, a.items())) == list(map(repr, b.items()))
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return repr(a) == repr(b)


@st.composite
def graphs(draw, weights=WEIGHTS):
    """Draw a graph of any of the four kinds, with nodes of mixed types."""
    kind = draw(st.sampled_from([nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph]))
    nodes = [0, "b", (2, "c"), frozenset({3}), 4.5, 5, 6][: draw(st.integers(1, 7))]
    graph = kind()
    graph.add_nodes_from(nodes)
    at = st.integers(0, len(nodes) - 1)
    for a, b, weight in draw(st.lists(st.tuples(at, at, weights), max_size=20)):
        if graph.is_multigraph() and weight is None and graph.has_edge(nodes[a], nodes[b]):
            continue
        if graph.is_multigraph() and graph.has_edge(nodes[a], nodes[b]) and hides(graph, nodes[a], nodes[b]):
            continue
        graph.add_edge(nodes[a], nodes[b], **({} if weight == "absent" else {"weight": weight}))
    return graph


def hides(graph, a, b) -> bool:
    """Return whether one of the parallel edges is hidden: networkx cannot take the least of None and a number."""
    return any(edge.get("weight", 1) is None for edge in graph[a][b].values())


@given(graphs(), st.data())
@settings(deadline=None, max_examples=300)
def test_results_are_those_of_networkx(graph, data):
    """Values, types, order and the choice among equal paths are networkx's."""
    sources = set(data.draw(st.lists(st.sampled_from(list(graph)), min_size=1, max_size=3)))
    cutoff = data.draw(st.sampled_from([None, 0, 3, 4.5]))
    weight = data.draw(st.sampled_from(["weight", None]))
    for name in FUNCTIONS:
        given_ = sources if name.startswith("multi") else next(iter(sources))
        options = {"cutoff": cutoff, "weight": weight}
        assert same(ours(name, graph, given_, **options), theirs(name, graph, given_, **options))


@given(graphs(), st.data())
@settings(deadline=None, max_examples=150)
def test_a_target_ends_the_search(graph, data):
    """Length and path to a target are networkx's, and so is the error where there is none."""
    source = data.draw(st.sampled_from(list(graph)))
    target = data.draw(st.sampled_from([*graph, "elsewhere"]))
    cutoff = data.draw(st.sampled_from([None, 2]))
    results = []
    for run in (ours, theirs):
        try:
            results.append(run("single_source_dijkstra", graph, source, target=target, cutoff=cutoff))
        except nx.NetworkXNoPath as error:
            results.append(str(error))
    assert same(*results)


@given(graphs(st.integers(-2, 4)), st.data())
@settings(deadline=None, max_examples=150)
def test_negative_weights_raise_as_in_networkx(graph, data):
    """A contradiction raises the ValueError of networkx, and only where networkx meets it."""
    source = data.draw(st.sampled_from(list(graph)))
    results = []
    for run in (ours, theirs):
        try:
            results.append(run("single_source_dijkstra_path_length", graph, source))
        except ValueError as error:
            results.append(error.args)
    assert same(*results)


@pytest.mark.parametrize(
    ("name", "given_"),
    [
        ("multi_source_dijkstra", set()),
        ("multi_source_dijkstra_path", {1, 99}),
        ("single_source_dijkstra", 99),
        ("single_source_dijkstra_path_length", [1]),
        ("multi_source_dijkstra_path_length", [[1]]),
    ],
)
def test_errors_are_those_of_networkx(name, given_):
    """Missing, empty and unhashable sources raise the same error with the same text."""
    graph = nx.path_graph(3)
    raised = []
    for run in (ours, theirs):
        with pytest.raises(Exception) as caught:
            run(name, graph, given_)
        raised.append((caught.type, str(caught.value)))
    assert raised[0] == raised[1]


@pytest.mark.parametrize("weight", ["heavy", Decimal(1), np.float32(1), float("nan"), 2**60])
def test_odd_weights_are_left_to_networkx(weight):
    """Weights whose sums floats do not hold are refused by the conversion, so that networkx takes over."""
    graph = nx.Graph()
    graph.add_edge(0, 1, weight=weight)
    with pytest.raises(NotImplementedError, match="gridtwin"):
        backend.convert_from_nx(graph, edge_attrs={"weight": 1})


def test_a_hidden_parallel_edge_is_left_to_networkx():
    """Networkx cannot take the least of None and a number either, but says so itself."""
    graph = nx.MultiGraph()
    graph.add_edge(0, 1, weight=None)
    graph.add_edge(0, 1, weight=2)
    with pytest.raises(NotImplementedError, match="parallel"):
        backend.convert_from_nx(graph, edge_attrs={"weight": 1})


def test_functions_as_weights_are_left_to_networkx():
    """The backend says that it cannot run them, by position and by name."""
    assert backend.can_run("single_source_dijkstra", (None, 0), {"weight": "weight"}) is True
    assert isinstance(backend.can_run("single_source_dijkstra", (None, 0), {"weight": len}), str)
    assert isinstance(backend.can_run("multi_source_dijkstra_path", (None, {0}, None, len), {}), str)


def test_views_are_searched_as_they_look():
    """A reversed or filtered view gives what networkx finds in the view."""
    graph = nx.gnp_random_graph(30, 0.1, seed=1, directed=True)
    for view in (graph.reverse(copy=False), nx.subgraph_view(graph, filter_node=lambda node: node != 3)):
        name = "single_source_dijkstra_path"
        assert same(ours(name, view, 0), theirs(name, view, 0))


def test_info_names_what_the_backend_has():
    """Networkx is told of the functions that the backend has, and of no others."""
    assert (
        set(get_info()["functions"]) == set(FUNCTIONS) == {name for name in dir(backend) if "_source_dijkstra" in name}
    )


SWITCHED_ON = """
import sys, networkx as nx, warnings
assert "gridtwin.network" not in sys.modules and "geopandas" not in sys.modules
assert "gridtwin" in nx.utils.backends.backends, "not installed"
graph = nx.grid_2d_graph(5, 5)
found = nx.single_source_dijkstra_path_length(graph, (0, 0), backend="gridtwin")
kept = list(graph.__networkx_cache__["backends"]["gridtwin"].values())
assert found[(4, 4)] == 8 and type(kept[0]).__name__ == "SearchGraph"
warnings.simplefilter("error")
nx.config.warnings_to_ignore.add("cache")
with nx.config(backend_priority=["gridtwin"], fallback_to_nx=True):
    assert nx.single_source_dijkstra(graph, (0, 0), (4, 4))[0] == 8
    assert nx.single_source_dijkstra(graph, (0, 0), (4, 4), weight=lambda u, v, d: 2)[0] == 16
assert list(graph.__networkx_cache__["backends"]["gridtwin"].values())[0] is kept[0]
graph.add_edge((0, 0), (4, 4))
assert nx.single_source_dijkstra_path_length(graph, (0, 0), backend="gridtwin")[(4, 4)] == 1
"""


def python(*args, **environment) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own: backends are found when networkx is imported."""
    return subprocess.run(
        [sys.executable, *args],
        capture_output=True, text=True, check=False, env={**os.environ, **environment},
    )  # fmt: skip


def test_networkx_finds_and_caches_the_backend():
    """The entry point is found, importing networkx loads nothing heavy, and arrays are kept until the graph changes."""
    done = python("-c", SWITCHED_ON)
    assert done.returncode == 0, done.stderr


def test_networkx_own_tests_pass_on_the_backend(tmp_path):
    """All of networkx's tests of shortest paths pass with every call that the backend has sent to it."""
    done = python(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path),
        "--pyargs", "networkx.algorithms.shortest_paths.tests",
        NETWORKX_TEST_BACKEND="gridtwin", NETWORKX_FALLBACK_TO_NX="1",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "failed" not in done.stdout
    assert "xfailed" not in done.stdout
