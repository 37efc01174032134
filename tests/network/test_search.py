"""Searches: the same answers as networkx, and the exact cases of places on one street."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridtwin.errors import UsageError
from gridtwin.network import (
    Driver,
    Snapped,
    Walker,
    farthest_walk,
    longest_walks,
    nearest,
    pairs,
    reach,
    snap,
    street_network,
    to_networkx,
)
from tests.network.towns import lattice, street_frame

LINE = [("a", "b", [(0, 0), (100, 0)]), ("b", "c", [(100, 0), (200, 0)])]


def places(edge, offset_m, distance_m=0.0) -> Snapped:
    """Return places by edge and offset."""
    edge = np.asarray(edge)
    return Snapped(edge, np.asarray(offset_m, float), np.full(len(edge), float(distance_m)))


def with_places(network, at: Snapped, weight: str) -> nx.MultiDiGraph:
    """Return networkx's graph with every place as a node in the middle of its street: the oracle."""
    graph = nx.MultiDiGraph()
    graph.add_nodes_from([*range(len(network.junction_id)), *(f"p{i}" for i in range(len(at.edge)))])
    along, back = network.edge_cost(weight)
    share = at.offset_m / network.length_m[at.edge]
    for edge, (u, v) in enumerate(zip(network.start, network.end, strict=True)):
        here = sorted((float(share[i]), f"p{i}") for i in np.flatnonzero(at.edge == edge))
        stops = [(0.0, u), *here, (1.0, v)]
        for (a, one), (b, two) in itertools.pairwise(stops):
            if np.isfinite(along[edge]):
                graph.add_edge(one, two, cost=(b - a) * along[edge])
            same = a == b and isinstance(one, str) and isinstance(two, str) and np.isfinite(along[edge])
            if np.isfinite(back[edge]) or same:
                graph.add_edge(two, one, cost=0.0 if same else (b - a) * back[edge])
    return graph


@st.composite
def cases(draw):
    """Draw a perturbed lattice with missing and one-way streets, and places on it."""
    streets = lattice(
        draw(st.integers(2, 6)), draw(st.integers(2, 5)), seed=draw(st.integers(0, 99)),
        drop=draw(st.sampled_from([0.0, 0.2, 0.5])),
    )  # fmt: skip
    network = street_network(streets, profile=draw(st.sampled_from([Walker(), Driver()])))
    count = draw(st.integers(1, 8)) if len(network.start) else 0
    edge = draw(st.lists(st.integers(0, max(len(network.start) - 1, 0)), min_size=count, max_size=count))
    share = draw(st.lists(st.floats(0, 1), min_size=count, max_size=count))
    edge = np.asarray(edge, np.int64)
    return network, places(edge, np.asarray(share) * network.length_m[edge])


@given(cases(), st.sampled_from(["length_m", "seconds"]), st.floats(0, 800))
@settings(deadline=None, max_examples=80)
def test_bounded_search_equals_networkx(case, weight, limit):
    """The same junctions at the same cost as networkx, from places in the middle of streets."""
    network, at = case
    found = reach(network, at, limit=limit, weight=weight)
    graph = with_places(network, at, weight)
    for source in range(len(at.edge)):
        mine = slice(found.ptr[source], found.ptr[source + 1])
        ours = dict(zip(found.junction[mine].tolist(), found.cost[mine].tolist(), strict=True))
        truth = nx.single_source_dijkstra_path_length(graph, f"p{source}", weight="cost")
        edge = {n: c for n, c in truth.items() if not isinstance(n, str)}
        for junction, cost in edge.items():
            if abs(cost - limit) > 1e-6:
                assert (junction in ours) == (cost <= limit)
            if junction in ours:
                assert ours[junction] == pytest.approx(cost, abs=1e-6)
        assert set(ours) <= set(edge)
        assert (np.diff(found.cost[mine]) >= 0).all()


def true_costs(network, at: Snapped, weight: str, direction: str) -> np.ndarray:
    """Return the least cost between any two places by networkx, legs included, (from source, place)."""
    graph = with_places(network, at, weight)
    graph = graph.reverse() if direction == "to" else graph
    leg = at.distance_m if weight == "length_m" else at.distance_m / network.profile.leg_m_s
    out = np.full((len(at.edge), len(at.edge)), np.inf)
    for source in range(len(at.edge)):
        truth = nx.single_source_dijkstra_path_length(graph, f"p{source}", weight="cost")
        for place in range(len(at.edge)):
            out[source, place] = truth.get(f"p{place}", np.inf) + leg[source] + leg[place]
    return out


@given(cases(), st.sampled_from(["length_m", "seconds"]), st.sampled_from(["to", "from"]), st.floats(0, 800))
@settings(deadline=None, max_examples=80)
def test_pairs_equal_networkx(case, weight, direction, limit):
    """Every place within the limit at networkx's cost, to and from sources of two entrances, and no other."""
    network, at = case
    at = Snapped(at.edge, at.offset_m, np.linspace(0, 9, len(at.edge)))
    owner = np.arange(len(at.edge)) // 2
    found = pairs(network, at, at, limit=limit, owner=owner, weight=weight, direction=direction)
    truth = true_costs(network, at, weight, direction)
    for source in np.unique(owner):
        mine = slice(found.ptr[source], found.ptr[source + 1])
        ours = dict(zip(found.place[mine].tolist(), found.cost[mine].tolist(), strict=True))
        for place, cost in enumerate(truth[owner == source].min(axis=0)):
            if abs(cost - limit) > 1e-6:
                assert (place in ours) == (cost <= limit)
            if place in ours:
                assert ours[place] == pytest.approx(cost, abs=1e-6)


@given(cases(), st.sampled_from(["length_m", "seconds"]), st.sampled_from(["to", "from"]), st.integers(1, 3))
@settings(deadline=None, max_examples=80)
def test_nearest_sources_equal_networkx(case, weight, direction, k):
    """The k nearest sources of each place cost what networkx says, each source once."""
    network, at = case
    at = Snapped(at.edge, at.offset_m, np.linspace(0, 9, len(at.edge)))
    owner = np.arange(len(at.edge)) // 2
    found = nearest(network, at, at, k=k, owner=owner, weight=weight, direction=direction)
    truth = true_costs(network, at, weight, direction)
    by_source = [truth[owner == source].min(axis=0) for source in np.unique(owner)]
    wanted = np.sort(np.array([*by_source, *np.full((k, len(at.edge)), np.inf)]), axis=0)[:k].T
    assert found.cost == pytest.approx(wanted, abs=1e-6)
    known = found.source >= 0
    assert (known == np.isfinite(found.cost)).all()
    for row, sources in enumerate(found.source):
        named = sources[known[row]]
        assert len(set(named.tolist())) == len(named)
        assert [by_source[s][row] for s in named] == pytest.approx(found.cost[row][known[row]], abs=1e-6)


@given(cases(), st.integers(1, 3))
@settings(deadline=None, max_examples=40)
def test_nearest_sources_of_junctions_agree_with_reach(case, k):
    """Without places the k nearest of every junction come, at the costs of the bounded search."""
    network, at = case
    found = nearest(network, at, None, k=k, direction="from")
    every = reach(network, at, limit=1e9)
    for junction in range(len(network.junction_id)):
        costs = np.sort(every.cost[every.junction == junction])[:k]
        assert found.cost[junction][: len(costs)] == pytest.approx(costs)
        assert np.isinf(found.cost[junction][len(costs) :]).all()


@given(cases(), st.data())
@settings(deadline=None, max_examples=40)
def test_closing_and_slowing_never_shorten_a_way(case, data):
    """Other costs on the same streets: no way gets shorter, the original network stays as it was."""
    network, at = case
    if not len(at.edge):
        return
    before = nearest(network, at.take([0]), at).cost
    changed = data.draw(st.lists(st.integers(0, len(network.start) - 1), max_size=4))
    for other in (network.with_closed(changed), network.with_slower(changed, 2.0)):
        assert (nearest(other, at.take([0]), at).cost >= before - 1e-9).all()
        assert other.tree is network.tree
    assert nearest(network, at.take([0]), at).cost.tolist() == before.tolist()


def test_one_way_streets_stay_one_way_when_costs_change():
    """Another travel time opens no closed direction."""
    network = street_network(street_frame(LINE, oneway=[True, False]), profile=Driver())
    other = network.with_costs(np.array([7.0, 7.0]), np.array([7.0, 7.0]))
    assert other.backward_s.tolist() == [np.inf, 7.0]


def test_directions_differ_on_a_slope():
    """Uphill to the facility takes longer than down from it."""
    network = street_network(street_frame(LINE, slope=[0.1, 0.1]), profile=Walker())
    top, bottom = places([1], [100.0]), places([0], [0.0])
    up = nearest(network, top, bottom, direction="to").cost[0, 0]
    down = nearest(network, top, bottom, direction="from").cost[0, 0]
    assert up == pytest.approx(150.0 * np.exp(0.35))
    assert down == pytest.approx(150.0)


def test_closed_streets_are_no_edges_of_networkx():
    """A graph lent to networkx has no edge where nobody may go."""
    network = street_network(street_frame(LINE), profile=Walker())
    assert list(to_networkx(network.with_closed([0])).edges()) == [("b", "c"), ("c", "b")]


def test_edges_are_found_by_street():
    """A street that is not open to the mode has no edge."""
    network = street_network(street_frame(LINE, walk=[False, True]), profile=Walker())
    assert network.edges_of(["s1", "s0", "?"]).tolist() == [0, -1, -1]


@given(cases(), st.integers(1, 3))
@settings(deadline=None, max_examples=80)
def test_farthest_walk_equals_networkx(case, groups):
    """From a centre to its group: the greatest of networkx's least costs, NaN where there is no way."""
    network, at = case
    if len(at.edge) <= groups:
        return
    centres, members = at.take(np.arange(groups)), at.take(np.arange(groups, len(at.edge)))
    group = np.arange(len(members.edge)) % groups
    ours = farthest_walk(network, centres, members, group, limit_m=1e6)
    graph = with_places(network, at, "length_m")
    for g in range(groups):
        truth = nx.single_source_dijkstra_path_length(graph, f"p{g}", weight="cost")
        ways = [truth.get(f"p{groups + i}", np.nan) for i in np.flatnonzero(group == g)]
        assert ours[g] == pytest.approx(np.max(ways) if ways else np.nan, abs=1e-6, nan_ok=True)


def test_arcs_of_arrival_lead_back_to_the_source():
    """Following the arcs from the farthest junction retraces the way."""
    network = street_network(street_frame(LINE), profile=Walker())
    found = reach(network, places([0], [50.0]), limit=200, weight="length_m")
    assert dict(zip(network.junction_id[found.junction], found.cost, strict=True)) == {
        "a": 50,
        "b": 50,
        "c": 150,
    }
    arrival = found.arc[found.cost == 150][0]
    assert network.edge[arrival] == 1
    assert sorted(found.arc.tolist())[:2] == [-1, -1]
    assert found.source.tolist() == [0, 0, 0]


def test_limit_is_inclusive_and_off_the_network_reaches_nothing():
    """A junction exactly at the limit counts; a place without street has no labels."""
    network = street_network(street_frame(LINE), profile=Walker())
    at = Snapped(np.array([0, -1]), np.array([50.0, np.nan]), np.array([0.0, np.nan]))
    found = reach(network, at, limit=150, weight="length_m")
    assert found.ptr.tolist() == [0, 3, 3]
    assert reach(network, at, limit=149.9, weight="length_m").ptr.tolist() == [0, 2, 2]


def test_places_on_one_street_walk_along_it():
    """30 m apart on the same street is 30 m, with straight legs of 5 m at both ends 40 m."""
    network = street_network(street_frame(LINE), profile=Walker())
    walk = farthest_walk(network, places([0], [20.0], 5.0), places([0], [50.0], 5.0), [0], limit_m=500)
    assert walk.tolist() == [40.0]


def test_vehicles_go_round_where_a_street_is_one_way():
    """Behind you on a one-way street of a ring means once around the ring."""
    ring = [("a", "b", [(0, 0), (100, 0)]), ("b", "c", [(100, 0), (50, 80)]), ("c", "a", [(50, 80), (0, 0)])]
    network = street_network(street_frame(ring, oneway=[True] * 3, length_m=[100.0] * 3), profile=Driver())
    ways = farthest_walk(network, places([0, 0], [60.0, 20.0]), places([0, 0], [20.0, 60.0]), [0, 1], limit_m=999)
    assert ways.tolist() == [260.0, 40.0]


def test_parallel_streets_keep_the_shorter_way():
    """Two streets between the same junctions: the shorter one is taken, the longer stays for its houses."""
    rows = [("a", "b", [(0, 0), (100, 0)]), ("a", "b", [(0, 0), (50, 200), (100, 0)])]
    network = street_network(street_frame(rows), profile=Walker())
    assert reach(network, places([0], [0.0]), limit=150, weight="length_m").cost.tolist() == [0.0, 100.0]
    half = network.length_m[1] / 2
    walk = farthest_walk(network, places([0], [50.0]), places([1], [half]), [0], limit_m=999)
    assert walk[0] == pytest.approx(50 + half)


@given(cases())
@settings(deadline=None, max_examples=60)
def test_longest_walk_equals_all_pairs_of_networkx(case):
    """Leaving out hopeless sources loses nothing: the result is the greatest over all pairs."""
    network, at = case
    if network.mode != "walk" or len(at.edge) < 2:
        return
    lines = shapely.line_interpolate_point(network.geometry[at.edge], at.offset_m)
    group = np.arange(len(lines)) % 2
    ours = longest_walks(network, lines, group, 2, snap_within_m=1.0, limit_m=1e6)
    on_street = snap(network, lines, within_m=1.0)
    graph = with_places(network, on_street, "length_m")
    truth = dict(nx.all_pairs_dijkstra_path_length(graph, weight="cost"))
    for g in range(2):
        mine = [f"p{i}" for i in np.flatnonzero(group == g)]
        ways = [truth[a].get(b, np.nan) for a, b in itertools.product(mine, mine)]
        assert ours[g] == pytest.approx(np.max(ways), abs=1e-6, nan_ok=True)


def test_longest_walk_is_the_greatest_of_all_pairs():
    """Three homes in a row: the longest walk is between the outer two; a lone home has none to walk."""
    network = street_network(street_frame(LINE), profile=Walker())
    points = shapely.points([[10, 3], [90, 0], [190, 4], [50, 0], [50, 999]])
    walk = longest_walks(network, points, [0, 0, 0, 1, 2], 4, snap_within_m=50, limit_m=999)
    np.testing.assert_allclose(walk, [187.0, 0.0, np.nan, np.nan])


def test_loose_ends_of_the_data_are_not_walked():
    """A home beside a stray footway belongs to the street behind it."""
    rows = [("a", "b", [(0, 0), (1000, 0)]), ("x", "y", [(500, 20), (505, 20)])]
    network = street_network(street_frame(rows), profile=Walker())
    walk = longest_walks(network, shapely.points([[502, 21], [602, 0]]), [0, 0], 1, snap_within_m=50, limit_m=999)
    assert walk == pytest.approx([121.0])


def test_parts_without_a_way_have_no_walk():
    """Two homes on two unconnected streets, and two that are farther apart than the limit."""
    rows = [("a", "b", [(0, 0), (100, 0)]), ("x", "y", [(0, 50), (100, 50)])]
    network = street_network(street_frame(rows), profile=Walker())
    points = shapely.points([[10, 0], [10, 50], [0, 0], [90, 0]])
    walk = longest_walks(network, points, [0, 0, 1, 1], 2, snap_within_m=9, limit_m=50)
    assert np.isnan(walk).all()


@given(st.integers(0, 50))
@settings(deadline=None, max_examples=20)
def test_closing_a_street_never_shortens_a_walk(seed):
    """With one street fewer, every group's longest walk is the same, longer, or gone."""
    streets = lattice(6, 6, seed=seed)
    random = np.random.default_rng(seed)
    closed = int(random.integers(0, len(streets)))
    points = shapely.points(random.uniform(0, 500, (30, 2)))
    group = np.arange(30) % 3
    before_net = street_network(streets, profile=Walker())
    at = snap(before_net, points, within_m=1e3)
    stay = at.edge != closed
    after_net = street_network(streets.drop(index=closed).reset_index(drop=True), profile=Walker())
    before = farthest_walk(before_net, at.take(stay).take(np.arange(3)), at.take(stay), group[stay], limit_m=1e6)
    edge = at.edge[stay]
    moved = Snapped(edge - (edge > closed), at.offset_m[stay], at.distance_m[stay])
    after = farthest_walk(after_net, moved.take(np.arange(3)), moved, group[stay], limit_m=1e6)
    assert (np.isnan(after) | (after >= before - 1e-9)).all()


def test_graph_has_osmnx_names_and_the_same_distances():
    """Shortest ways of networkx are the same on the graph that is lent to it."""
    network = street_network(lattice(8, 8, seed=3, drop=0.1), profile=Driver())
    graph = to_networkx(network)
    assert graph.graph["crs"] == network.crs
    u, v, data = next(iter(graph.edges(data=True)))
    assert {"osmid", "length", "oneway", "geometry", "reversed", "travel_time"} <= set(data)
    assert (graph.nodes[u]["x"], graph.nodes[u]["y"]) == data["geometry"].coords[0]
    assert (graph.nodes[v]["x"], graph.nodes[v]["y"]) == data["geometry"].coords[-1]
    found = reach(network, places([0], [0.0]), limit=1e9, weight="length_m")
    origin = network.junction_id[network.start[0]]
    truth = nx.single_source_dijkstra_path_length(graph, origin, weight="length")
    ours = dict(zip(network.junction_id[found.junction], found.cost, strict=True))
    assert ours == pytest.approx(truth)


def test_graph_keeps_parallel_streets_and_both_directions_on_foot():
    """Two parallel streets make four edges for walkers, with keys 0 and 1; empty names are left out."""
    rows = [("a", "b", [(0, 0), (100, 0)]), ("a", "b", [(0, 0), (50, 200), (100, 0)])]
    graph = to_networkx(street_network(street_frame(rows, name=["Long", None]), profile=Walker()))
    assert sorted(graph.edges(keys=True)) == [("a", "b", 0), ("a", "b", 1), ("b", "a", 0), ("b", "a", 1)]
    assert [data.get("name") for _, _, data in graph.edges(data=True)].count("Long") == 2
    assert not any(data["oneway"] for _, _, data in graph.edges(data=True))


def test_osmnx_reads_the_graph():
    """OSMnx turns the graph into its frames without complaint."""
    osmnx = pytest.importorskip("osmnx")
    nodes, edges = osmnx.graph_to_gdfs(to_networkx(street_network(lattice(3, 3), profile=Walker())))
    assert len(nodes) == 9
    assert edges["length"].gt(0).all()


def test_senseless_options_are_refused():
    """Limits must be numbers, and groups must be there."""
    network = street_network(street_frame(LINE), profile=Walker())
    with pytest.raises(UsageError):
        reach(network, places([0], [0.0]), limit=np.nan)
    with pytest.raises(UsageError, match="at least 1"):
        nearest(network, places([0], [0.0]), None, k=0)
    with pytest.raises(UsageError, match="entrance"):
        pairs(network, places([0], [0.0]), places([0], [0.0]), limit=9, owner=[0, 1])
    with pytest.raises(UsageError, match="above 0"):
        network.with_slower([0], 0.0)
    with pytest.raises(UsageError):
        farthest_walk(network, places([0], [0.0]), places([0], [0.0]), [1], limit_m=5)
    with pytest.raises(UsageError):
        longest_walks(street_network(street_frame(LINE), profile=Driver()), [], [], 0, snap_within_m=9, limit_m=9)


def test_empty_network_reaches_nothing():
    """Without streets nobody gets anywhere, and nothing breaks."""
    network = street_network(street_frame(LINE, walk=[False] * 2), profile=Walker())
    at = snap(network, shapely.points([[0, 0]]), within_m=5)
    assert reach(network, at, limit=10).ptr.tolist() == [0, 0]
    assert np.isnan(farthest_walk(network, at, at, [0], limit_m=10)).all()
    assert to_networkx(network).number_of_nodes() == 0
