"""Service areas: exact where the limit ends, nested, never across what cannot be crossed, true to the table."""

from __future__ import annotations

import functools

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridtwin.errors import UsageError
from gridtwin.load.toy import toy_town
from gridtwin.network import Driver, Pairs, Snapped, Walker, pairs, snap, street_network
from gridtwin.services import areas as areas_module
from gridtwin.services.areas import ServiceAreas, service_areas, wrong_households
from gridtwin.services.cells import street_cells
from tests.network.towns import CRS, lattice, street_frame
from tests.services.test_cells import polygons, walked

LIMITS = (100.0, 250.0, 600.0)
SLIVER_M2 = 1e-3


def place(edge, offset_m, distance_m=0.0) -> Snapped:
    """Return places by edge and offset."""
    edge = np.atleast_1d(np.asarray(edge))
    return Snapped(edge, np.full(len(edge), 1.0) * offset_m, np.full(len(edge), float(distance_m)))


def by_metres(network, facilities, cells, limits, **options) -> np.ndarray:
    """Return the areas of each facility, (facilities, limits)."""
    limits = np.atleast_1d(limits)
    found = service_areas(network, facilities, cells=cells, limits=limits, weight="length_m", **options)
    return found.geometry.reshape(-1, len(limits))


@functools.cache
def town(seed: int):
    """Return a lattice with gaps, its cells and four facilities."""
    network = street_network(lattice(8, 8, seed=seed, drop=0.25), profile=Walker())
    edge = np.random.default_rng(seed).choice(len(network.start), 4, replace=False)
    return network, street_cells(network), place(edge, 0.3 * network.length_m[edge])


def test_one_street_by_hand():
    """Along a straight street the area is a rhombus: what is left of the limit may be walked off the street."""
    network = walked([("a", "b", [(0, 0), (1000, 0)])])
    area = by_metres(network, place(0, 503.0), street_cells(network), [50.0])[0, 0]
    rhombus = shapely.Polygon([(453, 0), (503, -50), (553, 0), (503, 50)])
    assert area.symmetric_difference(rhombus).area < 0.1 * rhombus.area
    assert area.bounds[0] == pytest.approx(453, abs=0.01)
    assert area.bounds[2] == pytest.approx(553, abs=0.01)


def test_areas_end_at_the_cap():
    """Ground farther from the streets than the cap is in no area, however long the limit."""
    network = walked([("a", "b", [(0, 0), (1000, 0)])])
    area = by_metres(network, place(0, 500.0), street_cells(network, cap_m=40.0), [5000.0])[0, 0]
    assert area.bounds == pytest.approx((-40, -40, 1040, 40), abs=8.0)


def test_areas_of_all_cells_are_their_union():
    """Where everything is within reach, the area is the union of all cells, as shapely joins them."""
    network, cells, facilities = town(0)
    area = by_metres(network, facilities.take([0]), cells, [1e5])[0, 0]
    main = pairs(network, facilities.take([0]), cells.points, limit=1e5, weight="length_m")
    reached = np.unique(main.place[main.place < len(cells.centres)])
    union = shapely.coverage_union_all(polygons(cells)[reached])
    assert area.symmetric_difference(union).area < SLIVER_M2
    assert shapely.get_num_interior_rings(shapely.get_parts(area)).sum() > 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 500))
def test_longer_limits_never_shrink_an_area(seed):
    """Every area holds those of smaller limits."""
    network, cells, facilities = town(seed)
    drawn = by_metres(network, facilities, cells, LIMITS)
    assert shapely.is_valid(drawn).all()
    assert shapely.area(shapely.difference(drawn[:, :-1], drawn[:, 1:])).max() < SLIVER_M2


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 500))
def test_closing_streets_never_grows_an_area(seed):
    """With streets closed, areas lie within those with all streets open."""
    network, cells, facilities = town(seed)
    closed = np.random.default_rng(seed + 1).random(len(network.start)) < 0.15
    before = by_metres(network, facilities, cells, LIMITS)
    after = by_metres(network.with_closed(closed), facilities, cells, LIMITS)
    assert shapely.area(shapely.difference(after, before)).max() < SLIVER_M2


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 500))
def test_the_facility_is_in_its_area(seed):
    """An area holds its facility."""
    network, cells, facilities = town(seed)
    share = facilities.offset_m / network.length_m[facilities.edge]
    here = shapely.line_interpolate_point(network.geometry[facilities.edge], share, normalized=True)
    assert shapely.contains(by_metres(network, facilities, cells, LIMITS), here[:, None]).all()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 500), st.sampled_from(["to", "from"]), st.booleans())
def test_areas_are_true_to_the_table(seed, direction, drive):
    """Nearly all places are in an area exactly if the table says so, in either direction, one-way or not."""
    network = street_network(lattice(7, 7, seed=seed, drop=0.2), profile=Driver() if drive else Walker())
    cells = street_cells(network)
    random = np.random.default_rng(seed)
    edge = random.choice(len(network.start), 6)
    facilities = place(edge, random.random(6) * network.length_m[edge], 5.0)
    points = shapely.points(random.uniform(0, 600, (2000, 2)))
    at = snap(network, points, within_m=55.0)
    points, at = points[at.found], at.take(at.found)
    drawn = service_areas(
        network, facilities, cells=cells, limits=[250.0, 400.0], weight="length_m", direction=direction
    )
    served = pairs(network, facilities, at, limit=400.0, weight="length_m", direction=direction)
    wrong_in, wrong_out = wrong_households(drawn, served, points, np.ones(len(points)))
    assert wrong_in.sum() + wrong_out.sum() <= 0.03 * (served.cost <= 250.0).sum() + 0.03 * len(served.cost) + 2


def test_streets_that_do_not_meet():
    """A street that is not reached keeps its ground, though it is near."""
    network = walked([("a", "b", [(0, 0), (400, 0)]), ("c", "d", [(0, 30), (400, 30)])])
    area = by_metres(network, place(0, 200.0), street_cells(network), [150.0])[0, 0]
    assert area.bounds[3] == pytest.approx(15.0, abs=1.0)


def test_areas_do_not_cross_a_railway():
    """Behind a railway without a crossing nothing is drawn."""
    network = walked([("a", "b", [(0, 0), (400, 0)])])
    railway = gpd.GeoDataFrame({"kind": ["railway"]}, geometry=[shapely.LineString([(-99, 25), (499, 25)])], crs=CRS)
    area = by_metres(network, place(0, 200.0), street_cells(network, barriers=railway), [150.0])[0, 0]
    assert area.bounds[3] == pytest.approx(25.0, abs=0.1)


def test_areas_cross_the_river_by_the_bridge_alone():
    """In the toy town the clinic's area reaches the other bank, and leaves the river but for the bridge."""
    layers = toy_town()
    network = street_network(layers["streets"], layers["junctions"], profile=Walker())
    cells = street_cells(network, barriers=layers["barriers"])
    clinic = snap(network, layers["facilities"].iloc[:1], within_m=100)
    area = service_areas(network, clinic, cells=cells, limits=[600.0]).geometry[0]
    assert area.geom_type == "MultiPolygon"
    assert len(area.geoms) == 1
    assert area.contains(shapely.Point(500, 105))
    assert area.intersection(layers["barriers"].geometry.iloc[0]).area < 50 * 20


def test_a_block_that_is_too_deep_is_a_hole():
    """The middle of a block deeper than the cap from all streets is left out."""
    corners = [(0, 0), (300, 0), (300, 300), (0, 300)]
    rows = [(f"j{i}", f"j{(i + 1) % 4}", [corners[i], corners[(i + 1) % 4]]) for i in range(4)]
    area = by_metres(network := walked(rows), place(0, 10.0), street_cells(network), [5000.0])[0, 0]
    assert [len(part.interiors) for part in area.geoms] == [1]
    assert shapely.Polygon(area.geoms[0].interiors[0]).area == pytest.approx(180 * 180, rel=0.03)


def test_entrances_share_an_area():
    """A facility with two entrances has the ground of both."""
    network, cells, facilities = town(3)
    both = by_metres(network, facilities.take([0, 1]), cells, [250.0], owner=[0, 0])[0, 0]
    apart = by_metres(network, facilities.take([0, 1]), cells, [250.0])[:, 0]
    assert shapely.area(shapely.difference(apart, both)).max() < SLIVER_M2


def test_batches_change_nothing(monkeypatch):
    """The areas are the same to the byte, however many facilities are searched together."""
    network, cells, facilities = town(4)
    together = by_metres(network, facilities, cells, LIMITS)
    monkeypatch.setattr(areas_module, "TOGETHER", 1)
    assert (shapely.to_wkb(by_metres(network, facilities, cells, LIMITS)) == shapely.to_wkb(together)).all()


def test_seconds_are_metres_at_walking_speed():
    """On the flat the area of a limit in seconds is that of the metres walked in the time."""
    network, cells, facilities = town(5)
    speed = network.profile.leg_m_s
    timed = service_areas(network, facilities, cells=cells, limits=[300.0 / speed]).geometry
    assert (
        shapely.area(shapely.symmetric_difference(timed, by_metres(network, facilities, cells, [300.0])[:, 0])).max()
        < 1.0
    )


def test_facilities_without_a_street_have_empty_areas():
    """A facility off the network, or none at all, has nothing drawn."""
    network, cells, _ = town(6)
    found = service_areas(network, place([-1, -1], np.nan, np.nan), cells=cells, limits=LIMITS)
    assert found.source.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.limit.tolist() == [*LIMITS, *LIMITS]
    assert shapely.is_empty(found.geometry).all()
    assert len(service_areas(network, place([], []), cells=cells, limits=LIMITS).geometry) == 0


@pytest.mark.parametrize("limits", [[], [-1.0], [300.0, 300.0], [600.0, 300.0], [np.nan], [np.inf]])
def test_limits_are_checked(limits):
    """Limits that do not ascend, or are no numbers, are refused."""
    network, cells, facilities = town(7)
    with pytest.raises(UsageError, match="ascending"):
        service_areas(network, facilities, cells=cells, limits=limits)


def test_cells_of_other_streets_are_refused():
    """Cells of another network are no use."""
    network, _, facilities = town(8)
    with pytest.raises(UsageError, match="another network"):
        service_areas(network, facilities, cells=street_cells(walked([("a", "b", [(0, 0), (9, 0)])])), limits=[300.0])


def test_wrong_households_by_hand():
    """Households are counted where area and table differ, by limit and by side."""
    areas = ServiceAreas(
        np.array([0, 0]),
        np.array([100.0, 200.0]),
        np.array([shapely.box(0, 0, 10, 10), shapely.box(0, 0, 20, 10)], dtype=object),
    )
    points = shapely.points([(5, 5), (15, 5), (25, 5)])
    served = Pairs(np.array([0, 2]), np.array([1, 2]), np.array([90.0, 150.0]))
    wrong_in, wrong_out = wrong_households(areas, served, points, [1, 2, 4])
    assert wrong_in.tolist() == [1.0, 1.0]
    assert wrong_out.tolist() == [2.0, 4.0]


@pytest.mark.data
def test_wuhan_shows_few_households_wrong(shared_data):
    """In central Wuhan areas show at most 2.5 % of the households wrongly at 1,200 m, and 4 % at 400 m."""
    streets = gpd.read_parquet(shared_data / "wuhan" / "wuhan_central.parquet").to_crs(32650)
    ends = (
        shapely.get_coordinates(shapely.get_point(streets.geometry, [0])),
        shapely.get_coordinates(shapely.get_point(streets.geometry, [-1])),
    )
    rows = [
        (f"{a[0]:.1f}/{a[1]:.1f}", f"{b[0]:.1f}/{b[1]:.1f}", line.coords)
        for a, b, line in zip(*ends, streets.geometry, strict=True)
    ]
    network = street_network(street_frame(rows), profile=Walker())
    cells = street_cells(network)
    random = np.random.default_rng(0)
    middle = shapely.get_coordinates(shapely.line_interpolate_point(network.geometry, 0.5, normalized=True))
    for limit, most in ((400.0, 0.04), (1200.0, 0.025)):
        wrong, count = np.zeros(2), 0
        for edge in random.choice(len(network.start), 12):
            facility = place(edge, 0.5 * network.length_m[edge])
            near = np.flatnonzero(np.hypot(*(middle - middle[edge]).T) < 1.3 * limit)
            on = random.choice(near, 2000, p=network.length_m[near] / network.length_m[near].sum())
            foot = shapely.line_interpolate_point(network.geometry[on], random.random(2000), normalized=True)
            angle, leg_m = random.uniform(0, 2 * np.pi, 2000), random.uniform(3, 60, 2000)
            shift = leg_m[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
            points = shapely.points(shapely.get_coordinates(foot) + shift)
            served = pairs(network, facility, snap(network, points, within_m=60.0), limit=limit, weight="length_m")
            drawn = service_areas(network, facility, cells=cells, limits=[limit], weight="length_m")
            wrong += np.concatenate(wrong_households(drawn, served, points, np.ones(2000)))
            count += len(served.place)
        assert (wrong <= most * count).all()
