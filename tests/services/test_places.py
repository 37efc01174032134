"""Homes and facilities on the streets: who counts, where they are, and who has no street."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gridtwin.errors import InputError, InputMissingError
from gridtwin.schemas import conform
from gridtwin.services.places import place_facilities, place_homes
from tests.services.town import CRS, network_of, row_town


def test_people_by_group_are_counted_from_the_buildings():
    """Special groups add up the elderly and the disabled; groups that nobody counted are left out."""
    town = row_town([50, 150], [], elderly=[3, 4], disabled=[1, None])
    people = place_homes(town, network_of(town)).people
    assert people.columns.tolist() == ["households", "all", "elderly", "disabled", "special"]
    assert people["special"].tolist() == [4.0, 4.0]
    assert people["all"].tolist() == [25.0, 25.0]


def test_households_stand_for_people_whom_nobody_counted():
    """Without persons, the group of all people counts households."""
    town = row_town([50, 150], [], persons=None)
    homes = place_homes(town, network_of(town))
    assert homes.people["all"].tolist() == [10.0, 10.0]
    assert "persons" not in homes.frame.columns


def test_a_home_without_a_street_stays_in_the_list():
    """A building farther from every street than the limit is a home without a street."""
    town = row_town([50, 150, 5000], [])
    homes = place_homes(town, network_of(town))
    assert homes.at.found.tolist() == [True, True, False]
    assert len(homes) == 3


def test_buildings_without_people_are_no_homes():
    """An office is not counted."""
    town = row_town([50, 150], [], households=[10, 0], persons=[25, 0])
    assert place_homes(town, network_of(town)).frame["building_id"].tolist() == ["b0"]


def test_areas_are_filled_in_by_place():
    """A home whose community column is empty or out of date belongs to the community it lies in."""
    town = row_town([50, 150], [])
    town["buildings"]["community_id"] = ["gone", None]
    areas = gpd.GeoDataFrame(
        {"community_id": ["C1", "C2"], "setting": ["rural", None]},
        geometry=[shapely.box(0, -50, 100, 50), shapely.box(100, -50, 200, 50)],
        crs=CRS,
    )
    town["communities"] = conform(areas, "communities")
    frame = place_homes(town, network_of(town)).frame
    assert frame["community_id"].tolist() == ["C1", "C2"]
    assert frame["setting"].tolist() == ["rural", "urban"]


def test_no_buildings_and_no_people_are_errors():
    """The errors say which layer or column is missing."""
    town = row_town([50], [])
    with pytest.raises(InputMissingError, match="no layer 'buildings'"):
        place_homes({}, network_of(town))
    empty = row_town([50], [], households=None, persons=None)
    with pytest.raises(InputError, match="column 'households' is empty"):
        place_homes(empty, network_of(empty))


def with_entrances(town, rows):
    """Return the town with entrances (facility, place along the street)."""
    points = gpd.GeoDataFrame(
        {"entrance_id": [f"e{i}" for i in range(len(rows))], "facility_id": [name for name, _ in rows]},
        geometry=shapely.points([at for _, at in rows], [-1.0] * len(rows)),
        crs=CRS,
    )
    return {**town, "entrances": points}


def test_entrances_take_the_place_of_the_facility():
    """A facility with entrances is entered there, others at their point; unknown facilities have no entrances."""
    town = with_entrances(row_town([50], [("clinic", 150), ("library", 350)]), [("f1", 720), ("f1", 820), ("x", 20)])
    placed = place_facilities(town, network_of(town))
    assert placed.owner.tolist() == [0, 1, 1]
    assert placed.entrances.edge.tolist() == [1, 7, 8]
    assert placed.entrances.offset_m.tolist() == pytest.approx([50, 20, 20])


def test_one_kind_is_taken_out_with_its_own_entrances():
    """The facilities of one kind are numbered anew, and their rows in the whole are told."""
    town = with_entrances(row_town([50], [("clinic", 150), ("library", 350)]), [("f1", 720), ("f1", 820)])
    rows, libraries = place_facilities(town, network_of(town)).of_kind("library")
    assert rows.tolist() == [1]
    assert libraries.owner.tolist() == [0, 0]
    assert libraries.found.tolist() == [True]


def test_a_walker_without_steps_has_no_use_for_facilities_with_steps():
    """Facilities known to have steps are left out; those of which nothing is known stay."""
    town = row_town([50], [("clinic", 150), ("clinic", 350), ("clinic", 450)])
    town["facilities"]["step_free"] = np.array([True, False, None], dtype=object)
    assert len(place_facilities(town, network_of(town))) == 3
    assert place_facilities(town, network_of(town, step_free=True)).frame["facility_id"].tolist() == ["f0", "f2"]


def test_a_region_without_facilities_has_none():
    """The layer may be missing."""
    town = row_town([50], [])
    del town["facilities"]
    assert len(place_facilities(town, network_of(town))) == 0
