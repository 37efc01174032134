"""Routes: the cost of networkx, whole lines, and a reason where there is no way."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridtwin.errors import UsageError
from gridtwin.network import Driver, Snapped, Walker, route, street_network
from tests.network.test_matrix import ROUNDED, changed_cases
from tests.network.test_search import LINE, places, true_costs
from tests.network.towns import street_frame

ENGINES = ("hierarchy", "dijkstra")
# A ring of four streets of 100 m, and a street of its own.
RING = [
    ("a", "b", [(0, 0), (100, 0)]),
    ("b", "c", [(100, 0), (100, 100)]),
    ("c", "d", [(100, 100), (0, 100)]),
    ("d", "a", [(0, 100), (0, 0)]),
    ("x", "y", [(500, 0), (600, 0)]),
]


@given(changed_cases(), st.sampled_from(["length_m", "seconds"]), st.data())
@settings(deadline=None, max_examples=80)
def test_routes_cost_what_networkx_says(case, weight, data):
    """Parts, totals and line of each route fit together and cost what networkx says."""
    _, network, at = case
    if not len(at.edge):
        return
    truth = true_costs(network, at, weight, "from")
    one = data.draw(st.integers(0, len(at.edge) - 1))
    for two in range(len(at.edge)):
        if one == two:
            continue
        for engine in ENGINES:
            found = route(network, at.take([one]), at.take([two]), weight=weight, engine=engine)
            total = found.total_s if weight == "seconds" else found.total_m
            assert total == pytest.approx(truth[one, two], abs=ROUNDED * len(network.start))
            assert bool(found.blocked) == np.isinf(truth[one, two])
            if not found.blocked:
                assert_whole(network, found, at.take([one, two]))


def assert_whole(network, found, ends: Snapped) -> None:
    """Check that a route runs without gaps from its first place to its last, at most once along each street."""
    line = found.line(network)
    share = ends.offset_m / network.length_m[ends.edge]
    points = shapely.line_interpolate_point(network.geometry[ends.edge], share, normalized=True)
    assert shapely.distance(points, shapely.get_point(line, [0, -1])) == pytest.approx([0, 0], abs=1e-6)
    assert line.length == pytest.approx(found.length_m.sum(), abs=1e-6)
    assert len(found.junction) == len(found.edge) - 1
    lines = found.lines(network)
    gaps = shapely.distance(shapely.get_point(lines[:-1], -1), shapely.get_point(lines[1:], 0))
    assert gaps == pytest.approx(np.zeros(len(gaps)), abs=1e-6)
    assert found.total_s == pytest.approx(found.seconds.sum() + found.leg_s.sum())


@pytest.mark.parametrize("engine", ENGINES)
def test_a_route_by_hand(engine):
    """From the middle of a street to the middle of the next: half of each, and both legs."""
    network = street_network(street_frame(LINE), profile=Walker(speed_m_s=1.0))
    found = route(network, places([0], [50.0], 7.0), places([1], [50.0], 3.0), engine=engine)
    assert (found.total_s, found.total_m) == (110.0, 110.0)
    assert found.seconds.tolist() == [50.0, 50.0]
    assert found.line(network).equals(shapely.LineString([(50, 0), (100, 0), (150, 0)]))
    assert network.junction_id[found.junction].tolist() == ["b"]


@pytest.mark.parametrize("engine", ENGINES)
def test_two_places_on_one_street(engine):
    """They stay on it, in either direction, unless it is a one-way street."""
    network = street_network(street_frame(RING, oneway=True), profile=Walker())
    forth, back = (
        route(network, places([0], [a]), places([0], [b]), engine=engine) for a, b in ((10.0, 60), (60.0, 10))
    )
    assert [found.total_m for found in (forth, back)] == [50.0, 50.0]
    assert [found.line(network).coords[0][0] for found in (forth, back)] == [10.0, 60.0]
    driven = street_network(street_frame(RING, oneway=True), profile=Driver())
    assert route(driven, places([0], [60.0]), places([0], [10.0]), engine=engine).total_m == 350.0


@pytest.mark.parametrize("engine", ENGINES)
def test_the_same_place_twice(engine):
    """The way from a place to itself has no length, and a line of one point."""
    network = street_network(street_frame(LINE), profile=Walker())
    found = route(network, places([0], [40.0]), places([0], [40.0]), engine=engine)
    assert (found.total_m, found.line(network).length, found.blocked) == (0.0, 0.0, "")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_closure_is_gone_round_at_once(engine):
    """With one street of a ring closed the way goes round the other side, and back when it opens."""
    network = street_network(street_frame(RING), profile=Walker())
    ends = places([3], [50.0]), places([1], [10.0])
    for net, length in ((network, 160.0), (network.with_closed([0]), 240.0), (network, 160.0)):
        assert route(net, *ends, engine=engine).total_m == pytest.approx(length)
    slow = network.with_slower([0], 4.0)
    assert route(slow, *ends, engine=engine).edge.tolist() == [3, 2, 1]
    assert route(slow, *ends, weight="length_m", engine=engine).total_m == pytest.approx(160.0)


def test_a_way_of_months_is_found():
    """A way longer than whole milliseconds can count is one all the same."""
    network = street_network(street_frame(LINE), profile=Walker()).with_slower([0, 1], 1e9)
    ends = places([0], [50.0]), places([1], [50.0])
    found, truth = (route(network, *ends, engine=engine).total_s for engine in ENGINES)
    assert found == truth == pytest.approx(7.5e10)


def test_why_there_is_no_way():
    """Closures, one-way streets, unconnected streets and places off the streets are told apart."""
    network = street_network(street_frame(RING), profile=Walker())
    here, there, far = places([0], [10.0]), places([2], [50.0]), places([4], [10.0])
    off = Snapped(np.array([-1]), np.array([np.nan]), np.array([np.nan]))
    found = route(network.with_closed([1, 3]), here, there)
    assert found.blocked == "closed"
    assert set(found.closed.tolist()) < {1, 3}
    assert (found.total_s, len(found.edge), found.line(network).is_empty) == (np.inf, 0, True)
    assert route(network, here, far).blocked == "apart"
    assert route(network.with_closed([1, 3]), here, far).blocked == "apart"
    assert route(network, off, here).blocked == "origin_off_streets"
    assert route(network, here, off).blocked == "destination_off_streets"
    line = street_network(street_frame(LINE, oneway=True), profile=Driver())
    assert route(line, places([1], [50.0]), places([0], [50.0])).blocked == "one_way"


def test_a_place_on_a_closed_street_is_cut_off():
    """The closed street itself is named as what stands in the way."""
    network = street_network(street_frame(LINE), profile=Walker()).with_closed([1])
    found = route(network, places([0], [50.0]), places([1], [50.0]))
    assert (found.blocked, found.closed.tolist()) == ("closed", [1])


def test_more_than_one_place_is_refused():
    """The error names the matrix."""
    network = street_network(street_frame(LINE), profile=Walker())
    with pytest.raises(UsageError, match="matrix"):
        route(network, places([0, 1], [1.0, 1.0]), places([0], [1.0]))
