"""Snapping: the nearest street, and how far along it."""

from __future__ import annotations

import time

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridtwin.errors import InputError, UsageError
from gridtwin.network import Walker, door_streets, snap, snap_doors, street_network
from tests.network.towns import CRS, street_frame

ROWS = [("a", "b", [(0, 0), (100, 0)]), ("b", "c", [(100, 0), (100, 100)])]


@pytest.fixture
def network():
    """Return two streets that meet at a right angle."""
    return street_network(street_frame(ROWS), profile=Walker())


def test_point_goes_to_the_nearest_edge_with_offset(network):
    """30 m along and 10 m beside; 60 m up and 5 m beside; too far; nowhere."""
    points = gpd.GeoSeries([shapely.Point(30, 10), shapely.Point(95, 60), shapely.Point(30, -400), None], crs=CRS)
    at = snap(network, points, within_m=50)
    assert at.edge.tolist() == [0, 1, -1, -1]
    assert at.found.tolist() == [True, True, False, False]
    np.testing.assert_allclose(at.offset_m, [30, 60, np.nan, np.nan])
    np.testing.assert_allclose(at.distance_m, [10, 5, np.nan, np.nan])


def test_building_goes_from_its_outline(network):
    """A footprint's distance is that of its wall, and its place that of the nearest wall."""
    at = snap(network, [shapely.box(40, 20, 60, 90), shapely.box(20, -30, 22, 30)], within_m=50)
    assert at.distance_m.tolist() == [20, 0]
    assert at.edge.tolist() == [0, 0]
    assert 40 <= at.offset_m[0] <= 60
    assert 20 <= at.offset_m[1] <= 22


def test_offset_is_scaled_to_the_stated_length():
    """A street that the layer says is longer than its line has offsets of that length."""
    network = street_network(street_frame(ROWS[:1], length_m=[150.0]), profile=Walker())
    assert snap(network, [shapely.Point(50, 0)], within_m=5).offset_m.tolist() == [75.0]


def test_only_some_edges_may_be_taken(network):
    """Edges can be kept out, such as loose ends of the network."""
    at = snap(network, [shapely.Point(50, 1)], within_m=100, among=np.array([False, True]))
    assert at.edge.tolist() == [1]
    assert at.offset_m.tolist() == [1.0]


def test_other_crs_and_senseless_distance_are_refused(network):
    """Metres of another zone are other metres."""
    with pytest.raises(InputError, match="reproject"):
        snap(network, gpd.GeoSeries([shapely.Point(0, 0)], crs=32651), within_m=50)
    with pytest.raises(UsageError):
        snap(network, [shapely.Point(0, 0)], within_m=0)


def test_nothing_to_snap_and_nowhere_to_snap(network):
    """No places, and no streets, give empty answers."""
    assert len(snap(network, [], within_m=10).edge) == 0
    empty = street_network(street_frame(ROWS, walk=[False] * 2), profile=Walker())
    assert snap(empty, [shapely.Point(0, 0)], within_m=10).edge.tolist() == [-1]


@pytest.mark.data
def test_a_hundred_thousand_places_in_wuhan(shared_data):
    """100,000 places find their street among 92,667 in seconds, each the nearest by brute force."""
    file = shared_data / "wuhan" / "wuhan_fua_8989_original.parquet"
    table = gpd.read_parquet(file)
    streets = table.assign(from_junction_id=table["u"].astype("str"), to_junction_id=table["v"].astype("str"))
    network = street_network(streets, profile=Walker())
    random = np.random.default_rng(0)
    edge = random.integers(0, len(network.start), 100_000)
    on = shapely.get_coordinates(
        shapely.line_interpolate_point(network.geometry[edge], random.random(len(edge)), normalized=True)
    )
    points = shapely.points(on + random.normal(0, 30, on.shape))
    began = time.perf_counter()
    at = snap(network, points, within_m=200)
    assert time.perf_counter() - began < 30  # 3 s where nothing else runs
    sample = random.integers(0, len(points), 20)
    nearest = [shapely.distance(network.geometry, points[i]).min() for i in sample]
    np.testing.assert_allclose(at.distance_m[sample], nearest)
    assert pd.Series(at.edge).ge(0).all()


def test_the_street_on_this_side_of_the_river_comes_first():
    """A house 10 m from the street across the river and 30 m from its own takes its own; without one it crosses."""
    rows = [("a", "b", [(0, 0), (100, 0)]), ("c", "d", [(0, 50), (100, 50)])]
    network = street_network(street_frame(rows), profile=Walker())
    house, river = [shapely.Point(50, 20)], [shapely.box(-50, 5, 150, 12)]
    assert snap(network, house, within_m=40).edge.tolist() == [0]
    here = snap(network, house, within_m=40, barriers=river)
    assert (here.edge.tolist(), here.distance_m.tolist(), here.offset_m.tolist()) == ([1], [30.0], [50.0])
    assert snap(network, house, within_m=25, barriers=river).edge.tolist() == [0]


def test_a_street_along_a_wall_is_not_across_it():
    """A leg that only touches a barrier does not cross it."""
    rows = [("a", "b", [(0, 0), (100, 0)]), ("c", "d", [(0, 50), (100, 50)])]
    network = street_network(street_frame(rows), profile=Walker())
    wall = [shapely.LineString([(0, 0), (100, 0)])]
    assert snap(network, [shapely.Point(50, 20)], within_m=40, barriers=wall).edge.tolist() == [0]


def test_doors_open_onto_streets_on_the_ground():
    """A house over a tunnel goes to the street beside it; one that has a bridge alone takes the bridge."""
    rows = [("a", "b", [(0, 0), (100, 0)]), ("a", "c", [(0, 0), (0, 40)]), ("c", "d", [(0, 40), (100, 40)])]
    streets = street_frame(rows, structure=["tunnel", "ground", None])
    network = street_network(streets, profile=Walker())
    house = gpd.GeoSeries([shapely.Point(50, 5)], crs=CRS)
    assert door_streets(network).tolist() == [False, True, True]
    assert snap(network, house, within_m=50).edge.tolist() == [0]
    assert snap_doors(network, house, within_m=50).edge.tolist() == [2]
    assert snap_doors(network, house, within_m=20).edge.tolist() == [0]
