"""Street cells: samples along streets, ground by street, cells of some edges alone."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gridtwin.errors import InputError, UsageError
from gridtwin.network import Walker, street_network
from gridtwin.services.barriers import barriers_of
from gridtwin.services.cells import StreetCells, street_cells
from gridtwin.services.sites import APART_M, sites_of, street_stops
from tests.network.towns import CRS, lattice, street_frame

BEND = [("a", "b", [(0, 0), (100, 0), (100, 60)])]


def walked(rows, **columns):
    """Return the walking network of some streets."""
    return street_network(street_frame(rows, **columns), profile=Walker())


def polygons(cells: StreetCells) -> np.ndarray:
    """Return the cells as polygons."""
    corners = cells.corners[cells.corner]
    bounds = zip(cells.ptr[:-1], cells.ptr[1:], strict=True)
    return np.array([shapely.Polygon(corners[a:b]) for a, b in bounds], dtype=object)


def test_stops_run_from_junction_to_junction():
    """A street has stops at both junctions, at its bends, and in between at most a step apart."""
    network = walked(BEND)
    stops = street_stops(network, np.array([0]), 25.0)
    assert stops.inner.tolist() == [False, *[True] * (len(stops.xy) - 2), False]
    assert stops.offset_m[[0, -1]].tolist() == [0.0, 160.0]
    assert np.diff(stops.offset_m).max() <= 25.0
    assert [100.0, 0.0] in stops.xy.tolist()
    on_street = shapely.distance(network.geometry[0], shapely.points(stops.xy))
    assert on_street.max() < 1e-9


def test_offsets_follow_the_given_length():
    """Where the layer says that a street is longer than its line, offsets are in the layer's metres."""
    network = walked([("a", "b", [(0, 0), (100, 0)])], length_m=200.0)
    stops = street_stops(network, np.array([0]), 25.0)
    assert stops.offset_m == pytest.approx(2.0 * stops.xy[:, 0])


def test_a_short_street_has_one_sample():
    """A street shorter than twice the gap at junctions has its sample in the middle."""
    stops = street_stops(walked([("a", "b", [(0, 0), (8, 0)])]), np.array([0]), 25.0)
    assert stops.xy[stops.inner].tolist() == [[4.0, 0.0]]


def test_streets_side_by_side_have_finer_samples():
    """Carriageways 10 m apart are sampled more finely than a street on its own."""
    alone = walked([("a", "b", [(0, 0), (500, 0)])])
    twice = walked([("a", "b", [(0, 0), (500, 0)]), ("c", "d", [(12, 10), (512, 10)])])
    count = street_stops(alone, np.array([0]), 25.0).inner.sum()
    assert street_stops(twice, np.array([0, 1]), 25.0).inner.sum() > 3.5 * count


def test_streets_that_meet_stay_coarse():
    """Streets that leave one junction are no carriageways side by side."""
    fork = walked([("a", "b", [(0, 0), (200, 0)]), ("a", "c", [(0, 0), (200, 20)])])
    assert street_stops(fork, np.array([0, 1]), 25.0).inner.sum() < 24


def test_samples_keep_apart():
    """Streets drawn on top of each other do not make samples in one place."""
    network = walked([("a", "b", [(0, 0), (100, 0)]), ("c", "d", [(0, 0.2), (100, 0.2)])])
    sites = sites_of(street_stops(network, np.array([0, 1]), 25.0), None, 60.0)
    apart = np.hypot(*(sites.xy[:, None] - sites.xy[None]).transpose(2, 0, 1)) + 1e9 * np.eye(len(sites.xy))
    assert apart.min() >= APART_M


def test_corners_know_their_street():
    """Each corner of a cell has the offset and the distance of the nearest point on the cell's street."""
    network = street_network(lattice(4, 4), profile=Walker())
    cells = street_cells(network)
    count = len(cells.centres)
    corners = shapely.points(cells.corners[cells.corner])
    lines = network.geometry[cells.points.edge[count:]]
    assert cells.points.distance_m[count:] == pytest.approx(shapely.distance(lines, corners), abs=1.0)
    assert cells.points.distance_m[:count] == pytest.approx(0.0, abs=1e-9)
    assert cells.points.distance_m.max() <= cells.cap_m + 1.0


def test_cells_of_some_edges():
    """Cells of some edges alone are the same polygons, and keep their neighbours among themselves."""
    network = street_network(lattice(5, 5), profile=Walker())
    cells = street_cells(network)
    edges = np.array([0, 1, 2, 7, 20])
    some = cells.of_edges(edges)
    chosen = np.flatnonzero(np.isin(cells.points.edge[: len(cells.centres)], edges))
    assert (shapely.to_wkb(polygons(some)) == shapely.to_wkb(polygons(cells)[chosen])).all()
    twin = cells.twin[np.isin(cells.cell, chosen)]
    assert ((some.twin >= 0) == ((twin >= 0) & np.isin(cells.cell[twin], chosen))).all()
    side = np.flatnonzero(some.twin >= 0)
    assert (some.twin[some.twin[side]] == side).all()
    assert np.array_equal(np.diff(some.edge_ptr)[edges], np.diff(cells.edge_ptr)[edges])
    assert len(cells.of_edges(np.zeros(0, np.int64)).centres) == 0


def test_only_within():
    """Streets that do not meet the polygon have no cells."""
    network = street_network(lattice(5, 5), profile=Walker())
    box = shapely.box(0, 0, 120, 120)
    cells = street_cells(network, within=box)
    edges = np.unique(cells.points.edge)
    assert 0 < len(edges) < len(network.start)
    assert shapely.intersects(network.geometry[edges], box).all()


def test_costs_play_no_part():
    """A network with other costs has the same cells, to the last bit."""
    network = street_network(lattice(4, 4), profile=Walker())
    one, other = street_cells(network), street_cells(network.with_closed(np.array([3])))
    assert np.array_equal(one.corners, other.corners)
    assert np.array_equal(one.twin, other.twin)


def test_ground_behind_a_railway_is_no_cell():
    """No cell reaches across a railway that no street crosses."""
    network = walked([("a", "b", [(0, 0), (300, 0)])])
    railway = gpd.GeoDataFrame({"kind": ["railway"]}, geometry=[shapely.LineString([(-200, 20), (500, 20)])], crs=CRS)
    ground = shapely.union_all(polygons(street_cells(network, barriers=railway)))
    assert ground.bounds[3] == pytest.approx(20.0, abs=0.1)
    assert ground.bounds[1] == pytest.approx(-60.0, abs=2.0)


def test_ground_behind_a_railway_belongs_to_the_street_there():
    """Ground goes to the street on its own side of a railway, although the other is nearer."""
    network = walked([("a", "b", [(0, 0), (300, 0)]), ("c", "d", [(0, 50), (300, 50)])])
    railway = gpd.GeoDataFrame({"kind": ["railway"]}, geometry=[shapely.LineString([(-200, 10), (500, 10)])], crs=CRS)
    cells = street_cells(network, barriers=railway)
    far = np.flatnonzero(cells.points.edge[: len(cells.centres)] == 1)
    assert shapely.union_all(polygons(cells)[far]).contains(shapely.Point(150, 15))


def test_bridges_stay_open():
    """Cells of a bridge join those of both banks, and leave the rest of the river alone."""
    network = walked(
        [("a", "b", [(0, 0), (100, 0)]), ("b", "c", [(100, 0), (300, 0)]), ("c", "d", [(300, 0), (400, 0)])]
    )
    river = shapely.box(120, -500, 280, 500)
    barriers = gpd.GeoDataFrame({"kind": ["water"]}, geometry=[river], crs=CRS)
    ground = shapely.union_all(polygons(street_cells(network, barriers=barriers)))
    assert ground.geom_type == "Polygon"
    assert ground.covers(shapely.LineString([(0, 0), (400, 0)]))
    assert ground.intersection(river).area < 160 * 25


def test_streets_on_the_bank_are_no_bridges():
    """A street drawn on the outline of water does not open it."""
    barriers = barriers_of(
        np.array([shapely.box(0, 0, 100, 100)], dtype=object),
        np.array([shapely.LineString([(0, 0), (0, 100)]), shapely.LineString([(-50, 50), (150, 50)])], dtype=object),
    )
    assert len(barriers.bridges) == 1


@pytest.mark.parametrize(("step_m", "cap_m"), [(0.0, 60.0), (25.0, -1.0), (np.nan, 60.0)])
def test_steps_and_caps_are_checked(step_m, cap_m):
    """A step or a cap that is not above 0 is refused."""
    with pytest.raises(UsageError, match="above 0"):
        street_cells(walked(BEND), step_m=step_m, cap_m=cap_m)


def test_barriers_of_another_crs():
    """Barriers in other coordinates than the streets are refused."""
    barriers = gpd.GeoDataFrame({"kind": ["wall"]}, geometry=[shapely.LineString([(0, 0), (1, 1)])], crs=4326)
    with pytest.raises(InputError, match="reproject"):
        street_cells(walked(BEND), barriers=barriers)


def test_no_streets():
    """A network without streets has no cells."""
    network = walked(BEND, highway="motorway")
    assert len(street_cells(network).centres) == 0
