"""Planar partitions: nothing lost, nothing double."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridtwin.grids.planar import (
    OUTSIDE,
    absorb,
    dissolve,
    faces_of,
    locate,
    pair_lengths,
    parts_of_labels,
    renumber,
    segments_of,
)

SQUARE = shapely.box(0, 0, 100, 100)


def random_faces(seed: int, count: int) -> np.ndarray:
    """Return the faces that random lines cut out of a square."""
    rng = np.random.default_rng(seed)
    lines = shapely.linestrings(rng.uniform(-20, 120, (count, 2, 2)))
    faces = faces_of(np.r_[lines, [SQUARE.boundary]])
    return faces[shapely.within(shapely.point_on_surface(faces), SQUARE)]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_faces_tile_the_square(seed: int, count: int) -> None:
    """Faces of any lines tile the square: their areas add up, and the coverage is valid."""
    faces = random_faces(seed, count)
    assert shapely.area(faces).sum() == pytest.approx(1e4, abs=1e-3)
    assert shapely.coverage_is_valid(faces)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_segments_measure_every_perimeter(seed: int, count: int) -> None:
    """Summing the segments of a face gives its perimeter; shared ones appear once."""
    faces = random_faces(seed, count)
    segments = segments_of(faces)
    length = np.bincount(segments.a, weights=segments.length_m, minlength=len(faces))
    inner = segments.b != OUTSIDE
    length += np.bincount(segments.b[inner], weights=segments.length_m[inner], minlength=len(faces))
    assert length == pytest.approx(shapely.length(faces), abs=1e-6)
    assert segments.length_m[~inner].sum() == pytest.approx(400.0, abs=1e-4)


def test_segments_of_two_squares() -> None:
    """Two squares share one segment of 10 m and have six of their own."""
    segments = segments_of(np.array([shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)]))
    shared = segments.b != OUTSIDE
    assert shared.sum() == 1
    assert segments.length_m[shared] == pytest.approx([10.0])
    assert (~shared).sum() == 6
    assert segments.middle[shared].tolist() == [[10.0, 5.0]]


def test_absorb_follows_the_longest_border() -> None:
    """A sliver joins the neighbour with which it shares most, within its group only."""
    faces = np.array([shapely.box(0, 0, 10, 10), shapely.box(10, 0, 11, 10), shapely.box(11, 0, 20, 4)])
    top = np.array([shapely.box(11, 4, 20, 10)])
    faces = np.r_[faces, top]
    segments = segments_of(faces_of(shapely.boundary(faces)))
    faces = faces_of(shapely.boundary(faces))
    area = shapely.area(faces)
    sliver = area < 11
    none = np.zeros(len(segments.a), bool)
    label = absorb(segments, sliver, np.zeros(4, np.int64), repelled=none, area_m2=area)
    large = int(np.argmax(area))
    assert label[sliver][0] == label[large]
    assert label.max() == 2
    alone = np.where(sliver, 1, 0)
    assert absorb(segments, sliver, alone, repelled=none, area_m2=area).max() == 3


def test_absorb_avoids_repelled_borders() -> None:
    """A face prefers a short free border to a long one along a barrier, but takes the latter if it must."""
    faces = np.array([shapely.box(0, 0, 10, 10), shapely.box(10, 0, 12, 10), shapely.box(10, -10, 12, 0)])
    segments = segments_of(faces)
    free = np.array([False, True, False])
    area = shapely.area(faces)
    long_border = segments.length_m > 5
    group = np.zeros(3, np.int64)
    label = absorb(segments, free, group, repelled=long_border, area_m2=area)
    assert label.tolist() == [0, 1, 1]
    all_borders = np.ones(len(segments.a), bool)
    assert absorb(segments, free, group, repelled=all_borders, area_m2=area).tolist() == [0, 0, 1]


def test_absorbed_pieces_that_grow_large_stay() -> None:
    """Slivers that only touch each other merge, and stay once they are large enough."""
    faces = np.array([shapely.box(10 * i, 0, 10 * i + 10, 10) for i in range(4)])
    segments = segments_of(faces)
    none = np.zeros(len(segments.a), bool)
    everything = np.ones(4, bool)
    group = np.zeros(4, np.int64)
    label = absorb(segments, everything, group, repelled=none, area_m2=shapely.area(faces), keep_above_m2=150.0)
    assert np.bincount(label).min() >= 2


def test_dissolve_keeps_the_area() -> None:
    """Dissolving by label keeps the area of each label."""
    faces = random_faces(5, 9)
    label = renumber(np.arange(len(faces)) % 3)
    dissolved = dissolve(faces, label)
    for k in range(3):
        assert shapely.area(dissolved[k]) == pytest.approx(shapely.area(faces[label == k]).sum())


def test_locate_prefers_the_first_on_a_border() -> None:
    """A point on a border belongs to the polygon that comes first; one outside to none."""
    squares = np.array([shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)])
    points = shapely.points([[10.0, 5.0], [15.0, 5.0], [30.0, 5.0]])
    assert locate(points, squares).tolist() == [0, 1, OUTSIDE]


def test_pair_lengths_adds_equal_pairs() -> None:
    """Equal pairs are added up, in order."""
    a, b, length = pair_lengths(np.array([1, 0, 1]), np.array([2, 1, 2]), np.array([1.0, 5.0, 2.0]))
    assert (a.tolist(), b.tolist(), length.tolist()) == ([0, 1], [1, 2], [5.0, 3.0])


def test_parts_of_labels_are_connected() -> None:
    """Pieces of one label that do not touch are different parts."""
    part = parts_of_labels(np.array([0, 1, 2]), np.array([1, 2, 3]), np.array([0, 0, 1, 0]))
    assert part[0] == part[1]
    assert len(np.unique(part)) == 3


def test_renumber_counts_up_in_order() -> None:
    """Labels are renumbered in the order in which they first appear."""
    assert renumber(np.array([7, 3, 7, 9])).tolist() == [0, 1, 0, 2]
