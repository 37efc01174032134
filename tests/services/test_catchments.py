"""What each facility serves: people from the table, areas to draw, and how they differ."""

from __future__ import annotations

import numpy as np
import pytest

from gridtwin.services.catchments import facility_catchments
from gridtwin.services.cells import street_cells
from gridtwin.services.limits import Limit
from gridtwin.services.places import place_facilities, place_homes
from tests.services.town import network_of, row_town

FIVE, TEN = Limit("seconds", 300.0), Limit("seconds", 600.0)


def catchments(town, limits, **options):
    """Return the service areas of a town."""
    network = network_of(town)
    homes, facilities = place_homes(town, network), place_facilities(town, network)
    return facility_catchments(network, homes, facilities, limits, cells=street_cells(network, **options))


def test_each_facility_has_the_people_within_its_limits():
    """Homes between two facilities count for both; times come before distances, small before large."""
    town = row_town([100, 450, 800], [("clinic", 200), ("library", 700), ("clinic", 5000)])
    made = catchments(town, [TEN, FIVE, Limit("length_m", 300.0)])
    assert made["facility_id"].tolist() == ["f0"] * 3 + ["f1"] * 3
    assert made["kind"].tolist() == ["clinic"] * 3 + ["library"] * 3
    assert made["within_s"].tolist() == pytest.approx([300, 600, np.nan] * 2, nan_ok=True)
    assert made["within_m"].tolist() == pytest.approx([np.nan, np.nan, 300] * 2, nan_ok=True)
    assert made["households"].tolist() == [20, 30, 20, 20, 30, 20]
    assert made["persons"].tolist() == [50, 75, 50, 50, 75, 50]


def test_wrong_households_are_those_on_the_wrong_side_of_the_outline():
    """A home farther from its street than the areas extend is served but not inside."""
    town = row_town([100, 210], [("clinic", 200)])
    near, far = catchments(town, [FIVE], cap_m=60.0), catchments(town, [FIVE], cap_m=6.0)
    assert near[["households_wrong_in", "households_wrong_out"]].to_numpy().tolist() == [[0, 0]]
    assert far[["households_wrong_in", "households_wrong_out"]].to_numpy().tolist() == [[0, 20]]


def test_nothing_to_draw_is_an_empty_layer():
    """Without facilities, without limits, or with facilities off the streets only."""
    town = row_town([100], [("clinic", 5000)])
    assert len(catchments(town, [FIVE])) == 0
    assert len(catchments(row_town([100], []), [FIVE])) == 0
    assert len(catchments(row_town([100], [("clinic", 100)]), [])) == 0


def test_persons_whom_nobody_counted_are_left_out():
    """Households are told, persons are empty."""
    made = catchments(row_town([100], [("clinic", 100)], persons=None), [FIVE])
    assert made["households"].tolist() == [10]
    assert made["persons"].isna().all()
