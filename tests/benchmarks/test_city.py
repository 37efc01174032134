import subprocess
import sys

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from benchmarks.city import COMMUNITY_MIN_HOUSEHOLDS, SETBACK_M, generate_city
from gridtwin.schemas import LAYERS, conform

HOUSEHOLDS = 10_000


@pytest.fixture(scope="module")
def city():
    """Return a city of about ten thousand households."""
    return generate_city(HOUSEHOLDS, seed=1)


def test_every_layer_passes_the_data_dictionary(city):
    """The layers come out as they would from any other source, in metres."""
    for name, layer in city.items():
        assert layer.crs.to_epsg() == 32650
        pd.testing.assert_frame_equal(conform(layer, name), layer)
        assert set(layer.columns) == {*LAYERS[name].column_names, "geometry"}


def test_total_is_near_what_was_asked_for(city):
    """A small city is within a third of the wanted number of households, a larger one nearer."""
    assert 0.67 < city["buildings"]["households"].sum() / HOUSEHOLDS < 1.33
    assert 0.85 < generate_city(200_000)["buildings"]["households"].sum() / 200_000 < 1.15


def test_buildings_keep_clear_of_each_other(city):
    """No two footprints touch."""
    footprints = city["buildings"].geometry.to_numpy()
    one, other = shapely.STRtree(footprints).query(footprints, predicate="intersects")
    assert (one == other).all()


def test_buildings_keep_clear_of_streets_and_river(city):
    """Every footprint keeps the setback from street axes and the water."""
    footprints = city["buildings"].geometry.to_numpy()
    for layer in ("streets", "barriers"):
        shapes = shapely.STRtree(city[layer].geometry.to_numpy())
        _, distance = shapes.query_nearest(footprints, return_distance=True)
        assert distance.min() >= SETBACK_M - 1e-6


def test_communities_tile_the_land(city):
    """The communities neither overlap nor leave gaps: with the water they fill the outline of the city."""
    shapes = city["communities"].geometry
    land = shapely.union_all(shapes.to_numpy())
    river = city["barriers"].geometry.iloc[0]
    streets = shapely.node(shapely.union_all(city["streets"].geometry.to_numpy()))
    outline = shapely.union_all(shapely.get_parts(shapely.polygonize([streets])))
    filled = shapely.union(land, shapely.intersection(river, outline))
    assert shapely.coverage_is_valid(shapes.to_numpy())
    assert land.area == pytest.approx(shapes.area.sum(), rel=1e-9)
    assert shapely.intersection(land, river).area == pytest.approx(0, abs=1e-3)
    assert shapely.symmetric_difference(filled, outline).area == pytest.approx(0, abs=1e-3)


def test_each_building_lies_in_the_community_it_names(city):
    """Every building is within exactly one community, its own."""
    found = gpd.sjoin(
        city["buildings"][["building_id", "community_id", "geometry"]],
        city["communities"][["code", "geometry"]],
        predicate="within",
    )
    assert list(found["building_id"]) == list(city["buildings"]["building_id"])
    assert (found["code"] == found["community_id"]).all()


def test_community_codes_have_twelve_digits_and_are_unique(city):
    """The codes nest: district, subdistrict, community."""
    communities = city["communities"]
    assert communities["code"].str.fullmatch(r"\d{12}").all()
    assert communities["code"].is_unique
    assert (communities["code"].str[:9] == communities["subdistrict_id"]).all()


def test_communities_are_whole_and_not_too_small():
    """Small communities joined a neighbour on their side of the river; none is in two pieces."""
    city = generate_city(100_000)
    households = city["buildings"].groupby("community_id")["households"].sum()
    assert (city["communities"].geom_type == "Polygon").all()
    assert set(households.index) == set(city["communities"]["community_id"])
    assert households.min() >= COMMUNITY_MIN_HOUSEHOLDS
    assert 1_500 < households.mean() < 4_000


def test_most_households_live_in_blocks_larger_than_a_grid():
    """The reason why blocks alone cannot be units: compounds and blocks above 500 households are the rule."""
    buildings = generate_city(100_000)["buildings"]
    compounds = buildings.groupby("compound_id")["households"].sum()
    assert compounds[compounds > 500].sum() / compounds.sum() > 0.5
    assert buildings.loc[buildings["compound_id"].isna(), "households"].sum() == 0
    assert (buildings["persons"] >= buildings["households"]).all()


def test_streets_meet_only_at_junctions(city):
    """Each street runs between the two junctions it names, and no street crosses another on the way."""
    streets, junctions = city["streets"], city["junctions"].set_index("junction_id").geometry
    for column, end in (("from_junction_id", 0), ("to_junction_id", -1)):
        named = junctions.loc[streets[column]].to_numpy()
        assert (shapely.get_point(streets.geometry.to_numpy(), end) == named).all()
    assert np.allclose(streets["length_m"], streets.length)
    lines = streets.geometry.to_numpy()
    assert not len(shapely.STRtree(lines).query(lines, predicate="crosses")[0])


def test_only_arterial_bridges_cross_the_river(city):
    """Streets in the water are bridges of primary class that reach from bank to bank."""
    streets, river = city["streets"], city["barriers"].geometry.iloc[0]
    wet = shapely.length(shapely.intersection(streets.geometry.to_numpy(), river)) > 0.01
    assert (streets.loc[wet, "structure"] == "bridge").all()
    assert (streets.loc[wet, "highway"] == "primary").all()
    assert wet.sum() == (streets["structure"] == "bridge").sum() >= 2


def test_streets_are_in_one_piece(city):
    """The bridges join both sides: from any junction every other can be reached."""
    links = list(zip(city["streets"]["from_junction_id"], city["streets"]["to_junction_id"], strict=True))
    reached, grown = {links[0][0]}, 0
    while len(reached) != grown:
        grown = len(reached)
        reached |= {end for link in links if reached & set(link) for end in link}
    assert len(reached) == len(city["junctions"])


def test_same_seed_same_city(city):
    """A seed decides everything; another seed makes another city."""
    again, other = generate_city(HOUSEHOLDS, seed=1), generate_city(HOUSEHOLDS, seed=2)
    for name, layer in city.items():
        pd.testing.assert_frame_equal(layer, again[name])
    assert not city["buildings"].equals(other["buildings"])


def test_a_hamlet_has_no_river():
    """Cities too small for a river come with an empty layer of barriers."""
    assert not len(generate_city(3_000)["barriers"])


def test_too_few_households_are_refused():
    """A few hundred households make no city."""
    with pytest.raises(ValueError, match="at least 2000"):
        generate_city(500)


def test_command_writes_a_geopackage(tmp_path):
    """The command writes every layer, and refuses to write over a file."""
    out = tmp_path / "city.gpkg"
    command = [sys.executable, "-m", "benchmarks.city", "5000", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    assert set(pyogrio.list_layers(out)[:, 0]) == {
        "communities", "buildings", "streets", "junctions", "barriers"
    }  # fmt: skip
    again = subprocess.run(command, check=False, capture_output=True, text=True)
    assert again.returncode == 2
    assert "exists" in again.stderr
