"""Drafted communities: the same division with the bounds of a community."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from benchmarks.city import generate_city
from gridtwin.errors import InputError
from gridtwin.grids import draft_communities
from gridtwin.grids.draft import built_up_area
from gridtwin.load.toy import toy_town
from tests.grids.lattice import lattice


@pytest.fixture(scope="module")
def city() -> dict[str, gpd.GeoDataFrame]:
    """Return a generated city of about 20,000 households."""
    return generate_city(20_000, seed=3)


def test_drafted_communities_have_the_size_of_communities(city: dict[str, gpd.GeoDataFrame]) -> None:
    """Drafted communities hold 2,000–4,000 households each, tile the town and are marked as drafted."""
    drafted = draft_communities(city["buildings"], city["streets"], city["barriers"])
    points = shapely.point_on_surface(city["buildings"].geometry.to_numpy())
    joined = gpd.GeoDataFrame(city["buildings"][["households"]], geometry=points, crs=drafted.crs).sjoin(drafted)
    load = joined.groupby("community_id")["households"].sum()
    assert load.sum() == city["buildings"]["households"].sum()
    assert load.between(2_000, 4_000).mean() >= 0.8
    assert drafted["origin"].eq("drafted").all()
    assert shapely.coverage_is_valid(drafted.geometry.to_numpy())
    assert drafted["community_id"].is_unique


def test_drafts_stay_within_the_frame(city: dict[str, gpd.GeoDataFrame]) -> None:
    """Nothing is drafted beyond the frame of the map."""
    frame = shapely.box(*city["buildings"].total_bounds).buffer(-300)
    area = built_up_area(city["buildings"], within=frame)
    assert shapely.area(shapely.difference(area, frame)) < 1.0


def test_a_town_without_households_cannot_be_drafted() -> None:
    """Without households there is nothing to draft by."""
    town = lattice(2, 2)
    empty = town["buildings"].assign(households=pd.Series([0] * 4, dtype="Int64"))
    with pytest.raises(InputError, match="no building has households"):
        draft_communities(empty, town["streets"], town["barriers"])


def test_a_hamlet_on_both_banks_is_one_community() -> None:
    """Two shores without a bridge, neither with the households of a grid, make one drafted community."""
    town = toy_town()
    shores = town["streets"][town["streets"]["structure"].ne("bridge")]
    drafted = draft_communities(town["buildings"].assign(households=5), shores, town["barriers"])
    homes = shapely.multipoints(shapely.point_on_surface(town["buildings"].geometry.to_numpy()))
    assert len(drafted) == 1
    assert shapely.covers(drafted.geometry.iloc[0], homes)
