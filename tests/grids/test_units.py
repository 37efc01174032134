"""Units: they tile their communities, hold every building, and know where people can walk."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridtwin.errors import InputError
from gridtwin.grids.borders import BARRIER, BETWEEN_BUILDINGS, INSIDE_COMPOUND, MINOR_STREET
from gridtwin.grids.units import Units, make_units, refine_units
from gridtwin.schemas import conform, empty_layer
from tests.grids.lattice import CRS, barrier, lattice


def units_of(town: dict[str, gpd.GeoDataFrame], split_above: int = 500) -> Units:
    """Return the units of a town."""
    return make_units(
        town["buildings"], town["streets"], town["barriers"], town["communities"], split_above=split_above
    )


def assert_seamless(units: Units, communities: gpd.GeoDataFrame) -> None:
    """Assert that the units tile each community exactly on a millimetre grid."""
    shapes = units.frame.geometry.to_numpy()
    assert shapely.coverage_is_valid(shapes)
    for row, area in enumerate(communities.geometry):
        mine = shapes[units.community == row]
        whole = shapely.coverage_union_all(mine)
        assert shapely.area(shapely.symmetric_difference(whole, area, grid_size=0.001)) == 0.0
        assert shapely.area(mine).sum() == pytest.approx(shapely.area(whole), abs=1e-6)


def uncut(units: Units, buildings: gpd.GeoDataFrame) -> np.ndarray:
    """Return the share of each building that lies in its unit."""
    shapes = buildings.geometry.to_numpy()
    held = units.frame.geometry.to_numpy()[units.building_unit]
    return np.asarray(shapely.area(shapely.intersection(shapes, held)) / shapely.area(shapes))


def test_blocks_become_units() -> None:
    """Six blocks make six units of one building each, in reading order, bounded by streets."""
    town = lattice(3, 2, [10, 20, 30, 40, 50, 60])
    units = units_of(town)
    assert units.frame["households"].tolist() == [10, 20, 30, 40, 50, 60]
    assert units.frame["buildings"].tolist() == [1] * 6
    assert units.frame["unit_id"].iloc[0] == "110108001001-00001"
    assert len(units.borders.a) == 7
    assert (units.borders.kind == MINOR_STREET).all()
    assert units.borders.length_m == pytest.approx(np.full(7, 100.0))
    assert_seamless(units, town["communities"])


def test_large_block_is_divided_between_its_buildings() -> None:
    """Without inner streets the block exceeds the maximum and is shared out between its buildings."""
    town = lattice(3, 2, 100)
    town["streets"] = town["streets"].iloc[:1]
    units = units_of(town, split_above=500)
    assert len(units.frame) == 6
    assert (units.borders.kind == BETWEEN_BUILDINGS).all()
    assert units.frame["area_m2"].to_numpy() == pytest.approx(np.full(6, 1e4), rel=0.02)
    assert (uncut(units, town["buildings"]) > 1 - 1e-9).all()
    assert len(units_of(town, split_above=600).frame) == 1


def test_borders_inside_a_compound_are_known() -> None:
    """A border between buildings of one compound is dearer than one between compounds."""
    town = lattice(4, 1, 200)
    town["streets"] = town["streets"].iloc[:1]
    town["buildings"]["compound_id"] = ["east", "east", "west", "west"]
    units = units_of(town)
    kinds = dict(zip(zip(units.borders.a, units.borders.b, strict=True), units.borders.kind, strict=True))
    assert kinds == {(0, 1): INSIDE_COMPOUND, (1, 2): BETWEEN_BUILDINGS, (2, 3): INSIDE_COMPOUND}


def river(town: dict[str, Any]) -> dict[str, Any]:
    """Put a river of 20 m between the second and third column of a lattice of four."""
    return town | {"barriers": barrier("water", shapely.box(190, -50, 210, 250))}


def test_nobody_walks_across_a_river() -> None:
    """Water belongs to a bank's unit, but its far bank is no walkable border."""
    town = river(lattice(4, 2, 100, streets=False))
    town["streets"] = lattice(4, 2)["streets"]
    town["streets"]["walk"] = False
    units = units_of(town)
    assert_seamless(units, town["communities"])
    west = shapely.get_x(shapely.centroid(units.frame.geometry.to_numpy())) < 195
    across = west[units.borders.a] != west[units.borders.b]
    assert across.any()
    assert not units.borders.walkable[across].any()
    assert (units.borders.kind[across] == BARRIER).all()
    assert units.borders.walkable[~across].all()


def test_a_bridge_opens_the_border() -> None:
    """A footbridge in the upper row joins the two banks there, and only there."""
    town = river(lattice(4, 2, 100))
    streets = town["streets"]
    crossing = shapely.intersects(streets.geometry.to_numpy(), shapely.box(150, -50, 250, 250))
    streets = streets[~crossing]
    bridge = gpd.GeoDataFrame(
        {"structure": ["bridge"], "walk": [True], "highway": ["footway"], "street_id": ["bridge"]},
        geometry=[shapely.LineString([(170, 150), (230, 150)])],
        crs=CRS,
    )
    town["streets"] = conform(gpd.GeoDataFrame(gpd.pd.concat([streets, bridge])), "streets")
    units = units_of(town)
    assert units.borders.crossing.sum() == 1
    a, b = units.borders.a[units.borders.crossing][0], units.borders.b[units.borders.crossing][0]
    assert shapely.intersects(units.frame.geometry.iloc[a], shapely.Point(170, 150))
    assert shapely.intersects(units.frame.geometry.iloc[b], shapely.Point(230, 150))


@pytest.mark.parametrize(("kind", "open_"), [("railway", False), ("motorway", False), ("wall", True)])
def test_which_barriers_block(kind: str, open_: bool) -> None:
    """Railways and motorways part a community; a wall bounds units but has gates."""
    town = lattice(2, 1, 100, streets=False)
    town["streets"] = town["streets"].iloc[:1]
    town["barriers"] = barrier(kind, shapely.LineString([(100, -10), (100, 110)]))
    units = units_of(town)
    assert len(units.frame) == 2
    assert units.borders.walkable.tolist() == [open_]
    assert units.borders.kind.tolist() == [BARRIER]


def test_a_street_through_a_building_cuts_no_building() -> None:
    """Where a street runs through a building, the blocks on both sides become one."""
    town = lattice(2, 1, 100)
    body = conform(
        gpd.GeoDataFrame({"households": [50]}, geometry=[shapely.box(90, 40, 110, 60)], crs=CRS), "buildings"
    )
    town["buildings"] = body
    units = units_of(town)
    assert len(units.frame) == 1
    assert uncut(units, body) == pytest.approx([1.0])


def test_touching_buildings_are_not_cut() -> None:
    """Terraced houses share walls; every house lies wholly in its own unit."""
    houses = shapely.box(np.arange(10) * 8.0 + 10, 40, np.arange(10) * 8.0 + 18, 60)
    town = lattice(1, 1, 1)
    town["buildings"] = conform(gpd.GeoDataFrame({"households": [60] * 10}, geometry=houses, crs=CRS), "buildings")
    units = units_of(town)
    assert len(units.frame) == 10
    assert (uncut(units, town["buildings"]) > 1 - 1e-6).all()
    assert_seamless(units, town["communities"])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 40))
def test_any_houses_tile_their_block(seed: int, count: int) -> None:
    """Random, even overlapping, houses: the block is tiled, every unit is one piece, nobody is lost."""
    rng = np.random.default_rng(seed)
    centre = rng.uniform(8, 92, (count, 2))
    half = rng.uniform(2, 8, (count, 2))
    houses = shapely.box(*(centre - half).T, *(centre + half).T)
    town = lattice(1, 1, 1)
    town["buildings"] = conform(
        gpd.GeoDataFrame({"households": rng.integers(0, 90, count)}, geometry=houses, crs=CRS), "buildings"
    )
    units = units_of(town, split_above=100)
    assert_seamless(units, town["communities"])
    assert units.frame["households"].sum() == town["buildings"]["households"].sum()
    assert units.frame["buildings"].sum() == count
    assert (shapely.get_num_geometries(units.frame.geometry.to_numpy()) == 1).all()


def test_point_buildings_share_a_block() -> None:
    """Buildings may be points: the block is shared out by nearness."""
    town = lattice(1, 1, 1)
    points = shapely.points([[25.0, 50.0], [75.0, 50.0]])
    town["buildings"] = conform(gpd.GeoDataFrame({"households": [300, 300]}, geometry=points, crs=CRS), "buildings")
    units = units_of(town)
    assert units.frame["area_m2"].to_numpy() == pytest.approx([5e3, 5e3])


def test_two_communities_are_tiled_each() -> None:
    """Units never cross the border of a community, even where no street runs along it."""
    town = lattice(4, 2, 100)
    halves = gpd.GeoDataFrame(
        {"community_id": ["a", "b"]}, geometry=[shapely.box(0, 0, 150, 200), shapely.box(150, 0, 400, 200)], crs=CRS
    )
    town["communities"] = conform(halves, "communities")
    units = units_of(town)
    assert_seamless(units, town["communities"])
    assert set(units.frame["community_id"]) == {"a", "b"}
    across = units.community[units.borders.a] != units.community[units.borders.b]
    assert not across.any()


def test_refining_divides_only_the_chosen_units() -> None:
    """Dividing one unit between its buildings leaves the others alone."""
    town = lattice(2, 1, 100)
    more = shapely.box([10, 70], 10, [30, 90], 30)
    town["buildings"] = conform(
        gpd.GeoDataFrame(
            {"households": [100, 100, 100]},
            geometry=[*more, shapely.box(140, 40, 160, 60)],
            crs=CRS,
        ),
        "buildings",
    )
    units = units_of(town)
    assert len(units.frame) == 2
    fine = refine_units(
        units, units.occupied > 1, town["buildings"], town["streets"], town["barriers"], town["communities"]
    )
    assert len(fine.frame) == 3
    assert_seamless(fine, town["communities"])
    assert fine.frame["households"].tolist() == [100, 100, 100]


def test_buildings_outside_all_communities_are_in_no_unit() -> None:
    """A building elsewhere belongs to no unit, and its households are not counted."""
    town = lattice(2, 1, 100)
    town["buildings"].loc[1, "geometry"] = shapely.box(1000, 0, 1020, 20)
    units = units_of(town)
    assert units.building_unit.tolist() == [0, -1]
    assert units.frame["households"].sum() == 100


def test_empty_communities_are_refused() -> None:
    """Communities that enclose nothing are an input error."""
    town = lattice(1, 1)
    flat = gpd.GeoDataFrame({"community_id": ["x"]}, geometry=[shapely.Polygon([(0, 0), (1, 0), (2, 0)])], crs=CRS)
    with pytest.raises(InputError, match="encloses no area"):
        make_units(
            town["buildings"], town["streets"].iloc[:1], empty_layer("barriers", CRS),
            conform(flat, "communities"), split_above=500,
        )  # fmt: skip
