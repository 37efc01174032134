"""The capped Voronoi partition: exact cells, no overlap, sides shared by number."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridtwin.services.voronoi import Partition, capped_voronoi

RADIUS_M = 60.0


def polygons(partition: Partition) -> np.ndarray:
    """Return the cells as polygons."""
    corners = partition.corners[partition.corner]
    bounds = zip(partition.ptr[:-1], partition.ptr[1:], strict=True)
    return np.array([shapely.Polygon(corners[a:b]) for a, b in bounds], dtype=object)


def scattered(seed: int, count: int = 200) -> np.ndarray:
    """Return points with metre coordinates as of UTM."""
    return np.array([500_000, 3_400_000]) + np.random.default_rng(seed).uniform(0, 900, (count, 2))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_cells_tile_the_discs_around_the_points(seed):
    """Cells are valid, do not overlap, and cover the discs but for the rounding of their arcs."""
    xy = scattered(seed)
    cells = polygons(capped_voronoi(xy, radius_m=RADIUS_M, split_m=25.0))
    assert shapely.is_valid(cells).all()
    joined = shapely.union_all(cells).area
    assert shapely.area(cells).sum() == pytest.approx(joined, rel=1e-9)
    discs = shapely.union_all(shapely.buffer(shapely.points(xy), RADIUS_M, quad_segs=64))
    assert joined == pytest.approx(discs.area, rel=0.01)
    assert shapely.area(shapely.difference(shapely.union_all(cells), discs.buffer(0.1))) == 0


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_ground_belongs_to_the_nearest_point(seed):
    """Every place within the radius lies in the cell of the nearest point."""
    xy = scattered(seed)
    cells = polygons(capped_voronoi(xy, radius_m=RADIUS_M, split_m=25.0))
    places = np.random.default_rng(seed + 1).uniform(xy.min(axis=0), xy.max(axis=0), (300, 2))
    apart = np.hypot(*(places[:, None] - xy[None]).transpose(2, 0, 1))
    first, second = np.sort(apart, axis=1)[:, :2].T
    clear = (second - first > 0.01) & (first < 0.98 * RADIUS_M)
    nearest = apart.argmin(axis=1)
    assert shapely.contains_xy(cells[nearest[clear]], *places[clear].T).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_twins_are_one_side_seen_from_both(seed):
    """The twin of a side has its corners the other way round, and the side as its own twin."""
    partition = capped_voronoi(scattered(seed), radius_m=RADIUS_M, split_m=25.0)
    following = np.arange(1, len(partition.corner) + 1)
    following[partition.ptr[1:] - 1] = partition.ptr[:-1]
    side = np.flatnonzero(partition.twin >= 0)
    twin = partition.twin[side]
    assert (partition.twin[twin] == side).all()
    assert (partition.corner[twin] == partition.corner[following[side]]).all()
    assert (partition.corner[following[twin]] == partition.corner[side]).all()


def test_one_point_has_a_disc():
    """A point without neighbours gets all ground within the radius."""
    cell = polygons(capped_voronoi(np.array([[10.0, 20.0]]), radius_m=RADIUS_M, split_m=25.0))[0]
    assert cell.area == pytest.approx(np.pi * RADIUS_M**2, rel=0.02)
    assert cell.contains(shapely.Point(10, 20))


def test_points_on_one_line():
    """Points along a straight street have cells from side to side."""
    xy = np.column_stack([25.0 * np.arange(10), np.zeros(10)])
    cells = polygons(capped_voronoi(xy, radius_m=RADIUS_M, split_m=30.0))
    assert shapely.area(cells[4]) == pytest.approx(25 * 2 * RADIUS_M, rel=0.03)


def test_points_on_a_square_lattice():
    """Four points on one circle, everywhere, make no invalid cell."""
    xy = np.stack(np.meshgrid(20.0 * np.arange(12), 20.0 * np.arange(12)), axis=-1).reshape(-1, 2)
    cells = polygons(capped_voronoi(xy, radius_m=RADIUS_M, split_m=25.0))
    assert shapely.is_valid(cells).all()
    assert shapely.area(cells).sum() == pytest.approx(shapely.union_all(cells).area, rel=1e-9)


def test_no_points():
    """Without points there are no cells."""
    assert len(capped_voronoi(np.zeros((0, 2)), radius_m=RADIUS_M, split_m=25.0).corner) == 0
