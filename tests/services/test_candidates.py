import numpy as np
import pytest

from gridtwin.errors import InputMissingError, UsageError
from gridtwin.load.toy import toy_town
from gridtwin.network import Walker, street_network
from gridtwin.services.candidates import candidate_places, thinned


@pytest.fixture(scope="module")
def town():
    """Return the toy town and its walking network."""
    layers = toy_town()
    return layers, street_network(layers["streets"], profile=Walker())


def test_every_corner_is_a_candidate_without_spacing(town):
    """The toy town has 20 corners in the west and 15 in the east."""
    assert len(candidate_places("junctions", *town, spacing_m=0)) == 35


def test_spacing_keeps_one_of_each_square():
    """Of two points in a square the one nearer its middle stays; a point in another square stays too."""
    assert thinned(np.array([[10.0, 10.0], [40.0, 50.0], [160.0, 10.0]]), 100.0).tolist() == [1, 2]


def test_candidates_are_plain_points_with_keys(town):
    """Candidates are a layer of the data dictionary."""
    candidates = candidate_places("junctions", *town)
    assert candidates["candidate_id"].is_unique
    assert candidates.geometry.geom_type.eq("Point").all()
    assert not candidates["mandatory"].fillna(False).any()


def test_homes_are_no_candidates(town):
    """People live in every building of the toy town."""
    with pytest.raises(InputMissingError, match="buildings"):
        candidate_places("buildings", *town)


def test_empty_buildings_are_candidates(town):
    """A building in which nobody lives may become a facility."""
    layers, network = town
    buildings = layers["buildings"].copy()
    buildings.loc[3, "households"] = 0
    found = candidate_places("buildings", {**layers, "buildings": buildings}, network)
    assert found["candidate_id"].tolist() == [buildings.loc[3, "building_id"]]


def test_unknown_candidates_are_refused(town):
    """The error names what there is."""
    with pytest.raises(UsageError, match="junctions"):
        candidate_places("moon", *town)
