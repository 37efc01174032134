"""Matrices and hierarchies: what networkx says, before and after closures, by either engine."""

from __future__ import annotations

import threading

import numpy as np
import pyroutingkit
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridtwin.errors import MissingToolError, UsageError
from gridtwin.network import Driver, Snapped, StreetNetwork, Walker, matrix, street_network
from gridtwin.network.hierarchy import CLOSED, hierarchy, pays
from tests.network.test_search import LINE, cases, places, true_costs
from tests.network.towns import lattice, street_frame

ROUNDED = 0.001  # of a second or a metre, at most half of it on every street


@st.composite
def changed_cases(draw) -> tuple[StreetNetwork, StreetNetwork, Snapped]:
    """Draw a network, the same with closed and slow streets, and places with legs."""
    network, at = draw(cases())
    at = Snapped(at.edge, at.offset_m, np.linspace(0, 9, len(at.edge)))
    edges = st.lists(st.integers(0, max(len(network.start) - 1, 0)), max_size=6 if len(network.start) else 0)
    changed = network.with_closed(draw(edges)).with_slower(draw(edges), 3.0)
    return network, changed, at


def assert_close(found: np.ndarray, truth: np.ndarray, network: StreetNetwork) -> None:
    """Check costs but for rounding; the way from a place to itself is 0 to networkx even where it is closed."""
    apart = ~np.eye(len(truth), dtype=bool)
    assert (np.isfinite(found) == np.isfinite(truth))[apart].all()
    both = apart & np.isfinite(truth)
    assert found[both] == pytest.approx(truth[both], abs=ROUNDED * len(network.start))


@given(changed_cases(), st.sampled_from(["length_m", "seconds"]))
@settings(deadline=None, max_examples=80)
def test_matrix_equals_networkx_through_closures(case, weight):
    """To and fro between a network and its closures, both engines cost what networkx says."""
    network, changed, at = case
    for net in (network, changed, network):
        truth = true_costs(net, at, weight, "from")
        for engine in ("hierarchy", "dijkstra"):
            assert_close(matrix(net, at, at, weight=weight, engine=engine), truth, net)


@given(changed_cases())
@settings(deadline=None, max_examples=40)
def test_closing_never_shortens(case):
    """No cost is less after closures and slower streets than before."""
    network, changed, at = case
    before, after = (matrix(net, at, at, engine="dijkstra") for net in (network, changed))
    assert (after >= before - 1e-9).all()


def test_many_changes_and_few_give_the_same():
    """Costs put in anew and costs changed one by one make the same hierarchy."""
    streets = lattice(30, 30, seed=1)
    network = street_network(streets, profile=Driver())
    at = places(np.arange(0, 900, 30), network.length_m[np.arange(0, 900, 30)] / 2)
    few, many = network.with_closed([5]), network.with_closed(np.arange(0, 1200, 3))
    matrix(network, at, at, engine="hierarchy")
    for net in (few, many, few, network, many):
        truth = matrix(net, at, at, engine="dijkstra")
        found = matrix(net, at, at, engine="hierarchy")
        assert (np.isfinite(found) == np.isfinite(truth)).all()
        assert found[np.isfinite(truth)] == pytest.approx(truth[np.isfinite(truth)], abs=0.1)


def test_parallel_streets_and_loops():
    """Of streets between the same junctions the quickest counts, and a loop leads nowhere."""
    rows = [*LINE, ("a", "b", [(0, 0), (50, 80), (100, 0)]), ("b", "b", [(100, 0), (120, 20), (100, 0)])]
    network = street_network(street_frame(rows), profile=Walker())
    at = places([0, 1, 3], [20.0, 60.0, 10.0])
    found = matrix(network, at, at, weight="length_m", engine="hierarchy")
    assert found[0] == pytest.approx([0, 140, 90], abs=1e-3)
    closed = network.with_closed([0])
    long = float(network.length_m[2])
    at = places([2, 1], [0.0, 60.0])
    assert matrix(closed, at, at, weight="length_m", engine="hierarchy")[0, 1] == pytest.approx(long + 60, abs=1e-3)


def test_places_without_a_street_have_no_way():
    """A row or column of a place off the streets is infinite, and no places make an empty matrix."""
    network = street_network(street_frame(LINE), profile=Walker())
    at = Snapped(np.array([0, -1]), np.array([20.0, np.nan]), np.array([0.0, np.nan]))
    for engine in ("hierarchy", "dijkstra"):
        found = matrix(network, at, at, engine=engine)
        assert np.isfinite(found).tolist() == [[True, False], [False, False]]
        assert matrix(network, at.take([]), at, engine=engine).shape == (0, 2)
        assert matrix(network, at, at.take([]), engine=engine).shape == (2, 0)


def test_a_network_without_streets_has_no_hierarchy():
    """Nothing is built of no junctions, whatever engine is asked for."""
    streets = street_frame([("a", "b", [(0, 0), (9, 0)])]).assign(walk=False)
    network = street_network(streets, profile=Walker())
    nowhere = Snapped(np.array([-1]), np.array([np.nan]), np.array([np.nan]))
    assert not pays(network, 1, engine="hierarchy")
    assert np.isinf(matrix(network, nowhere, nowhere, engine="hierarchy")).all()


def test_the_engine_is_weighed():
    """Few origins are searched one by one, many by a hierarchy, and one that is there is used."""
    network = street_network(lattice(40, 40, seed=2, drop=0.4), profile=Walker())
    assert not pays(network, 1)
    assert pays(network, 100_000)
    hierarchy(network, "seconds")
    assert pays(network.with_closed([3]), 1)
    assert not pays(network, 100_000, engine="dijkstra")


def test_a_lattice_is_harder_than_streets():
    """The same number of junctions in a strip is ordered for fewer origins than in a square."""
    strip, square = (street_network(lattice(*size, seed=3), profile=Walker()) for size in ((400, 4), (40, 40)))
    least = [next(n for n in range(1, 100_000) if pays(network, n)) for network in (strip, square)]
    assert least[0] < least[1]


def test_the_topology_is_built_once(monkeypatch):
    """Closures and other weights share the order of the junctions."""
    network = street_network(lattice(8, 8), profile=Walker())
    made = hierarchy(network, "seconds")
    monkeypatch.setattr("gridtwin.network.hierarchy._Topology", None)
    assert hierarchy(network.with_closed([1]), "seconds") is made
    assert hierarchy(network.with_closed([1]), "length_m") is not made


def test_systems_without_the_library_search(monkeypatch):
    """Where no hierarchies are installed, "auto" searches, and asking for them says what to take instead."""
    network = street_network(lattice(20, 20, seed=4), profile=Walker())
    at = places(np.arange(0, 300, 10), np.zeros(30))
    truth = matrix(network, at, at, engine="hierarchy")
    bare = street_network(lattice(20, 20, seed=4), profile=Walker())
    monkeypatch.setattr("gridtwin.network.hierarchy.installed", lambda: False)
    assert not pays(bare, 10**9)
    assert_close(matrix(bare, at, at), truth, bare)
    with pytest.raises(MissingToolError, match="dijkstra"):
        matrix(bare, at, at, engine="hierarchy")


def test_closed_is_the_number_of_the_library():
    """What counts as closed is what the library takes for infinite."""
    assert pyroutingkit.INF_WEIGHT == CLOSED


def test_threads_take_turns():
    """Several threads with networks of their own get the results of each."""
    network = street_network(lattice(20, 20, seed=4), profile=Driver())
    at = places(np.arange(0, 300, 10), np.zeros(30))
    networks = [network.with_closed(np.arange(i, 700, 50)) for i in range(4)]
    truth = [matrix(net, at, at, engine="hierarchy") for net in networks]
    found: list[list[np.ndarray]] = [[] for _ in networks]

    def ask(i: int) -> None:
        for _ in range(10):
            found[i].append(matrix(networks[i], at, at, engine="hierarchy"))

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all((each == truth[i]).all() for i in range(4) for each in found[i])
    assert [len(each) for each in found] == [10] * 4


def test_unknown_engines_and_weights_are_refused():
    """The errors name what there is."""
    network = street_network(street_frame(LINE), profile=Walker())
    at = places([0], [1.0])
    with pytest.raises(UsageError, match="hierarchy"):
        matrix(network, at, at, engine="magic")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="length_m"):
        matrix(network, at, at, weight="money", engine="hierarchy")


@pytest.mark.data
def test_matrix_of_a_real_town_after_five_per_cent_changed(shared_data):
    """On all of Wuhan's streets, closed and slow ones put in, the hierarchy is within a millisecond a street."""
    from tests.network.test_real import wuhan

    network = street_network(wuhan(shared_data), profile=Driver())
    random = np.random.default_rng(0)
    edge = random.integers(0, len(network.start), 80)
    at = Snapped(edge, random.random(80) * network.length_m[edge], random.random(80) * 30)
    hierarchy(network, "seconds")
    changed = random.choice(len(network.start), len(network.start) // 20, replace=False)
    network = network.with_closed(changed[::2]).with_slower(changed[1::2], 4.0)
    found, truth = (matrix(network, at, at, engine=engine) for engine in ("hierarchy", "dijkstra"))
    there = np.isfinite(truth)
    assert (np.isfinite(found) == there).all()
    assert np.abs(found[there] - truth[there]).max() < ROUNDED * 400  # streets on the longest ways
