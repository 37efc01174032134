"""The commands route and matrix, as a planner calls them."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyproj
import pytest
from typer.testing import CliRunner, Result

from gridtwin.cli import application
from gridtwin.load.toy import CRS, toy_town
from gridtwin.region import Region

HOME, CANTEEN = "50,50", "f000002"


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> Path:
    """Write the toy town once."""
    path = tmp_path_factory.mktemp("route") / "toy.gpkg"
    return Region(toy_town(), pyproj.CRS(CRS), "Toy town").write(path)


def call(*args: object) -> Result:
    """Run the command line."""
    return CliRunner().invoke(application(), [str(arg) for arg in args])


def answer(*args: object) -> dict:
    """Return the JSON of a command."""
    return json.loads(call(*args, "--json").stdout)


def bridge() -> str:
    """Return the id of the bridge."""
    streets = toy_town()["streets"]
    return streets["street_id"][streets["structure"] == "bridge"].iloc[0]


def test_route_shows_turns(town, monkeypatch):
    """Time, length and every turn are shown, in English and Chinese."""
    monkeypatch.setenv("GRIDTWIN_LANG", "en")
    shown = call("route", town, "--from", HOME, "--to", CANTEEN).stdout
    assert "9.4 min" in shown
    assert "755 m" in shown
    assert "Turn left" in shown
    monkeypatch.setenv("GRIDTWIN_LANG", "zh")
    assert "左转" in call("route", town, "--from", HOME, "--to", CANTEEN).stdout


def test_places_by_coordinates_and_ids_are_the_same(town):
    """Degrees, metres and the id of a facility, with its layer or without, name the same place."""
    point = toy_town()["facilities"].geometry[1:2]
    lon, lat = point.to_crs(4326).iloc[0].coords[0]
    named = (CANTEEN, f"facilities:{CANTEEN}", "650,105", f"{lon:.9f},{lat:.9f}", f"{lon:.9f}，{lat:.9f}")
    lengths = [answer("route", town, "--from", HOME, "--to", text)["length_m"] for text in named]
    assert lengths == pytest.approx([755.0] * 5, abs=0.01)


def test_the_groups_of_walkers_and_vehicles_differ(town):
    """The elderly take a third longer than others, a vehicle a fraction of it."""
    usual = answer("route", town, "--from", HOME, "--to", CANTEEN)["seconds"]
    elderly = answer("route", town, "--from", HOME, "--to", CANTEEN, "--group", "elderly")["seconds"]
    driven = answer("route", town, "--from", HOME, "--to", CANTEEN, "--mode", "drive")["seconds"]
    assert elderly == pytest.approx(usual * 4 / 3)
    assert driven < usual / 3


def test_closures_and_slow_streets(town):
    """The closed bridge leaves no way and is named; a slow street changes the time of the way."""
    blocked = answer("route", town, "--from", HOME, "--to", CANTEEN, "--close", bridge())
    assert (blocked["blocked"], blocked["closed"], blocked["seconds"]) == ("closed", [bridge()], None)
    shown = call("route", town, "--from", HOME, "--to", CANTEEN, "--close", bridge())
    assert shown.exit_code == 0
    assert bridge() in shown.stdout
    slow = answer("route", town, "--from", HOME, "--to", CANTEEN, "--slower", f"{bridge()}=3")["seconds"]
    assert slow == pytest.approx(answer("route", town, "--from", HOME, "--to", CANTEEN)["seconds"] + 2 * 37.5)


def test_the_line_is_written(town, tmp_path):
    """The GeoJSON holds a line for each step, in degrees, and is not replaced unasked."""
    target = tmp_path / "way.geojson"
    told = answer("route", town, "--from", HOME, "--to", CANTEEN, "--geojson", target)
    lines = gpd.read_file(target)
    assert lines.crs == "EPSG:4326"
    assert list(lines["length_m"]) == [step["length_m"] for step in told["steps"][:-1]]
    assert lines.to_crs(CRS).length.sum() == pytest.approx(705.0, abs=0.1)
    assert told["geometry"]["type"] == "LineString"
    assert call("route", town, "--from", HOME, "--to", CANTEEN, "--geojson", target).exit_code == 2
    assert call("route", town, "--from", HOME, "--to", CANTEEN, "--geojson", target, "--overwrite").exit_code == 0


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--from", HOME), "ends_missing"),
        (("--from", HOME, "--to", "nobody"), "place_unknown"),
        (("--from", HOME, "--to", "9999999,9999999"), "place_outside"),
        (("--from", HOME, "--to", "buildings:f000002"), "place_unknown"),
        (("--from", HOME, "--to", CANTEEN, "--close", "s9"), "streets_unknown"),
        (("--from", HOME, "--to", CANTEEN, "--slower", "s000001=fast"), "slower_unreadable"),
        (("--from", HOME, "--to", CANTEEN, "--slower", "s000001"), "slower_unreadable"),
        (("--from", HOME, "--to", CANTEEN, "--mode", "drive", "--step-free"), "not_walking"),
    ],
)
def test_errors_say_what_to_give(town, options, code):
    """Each wrong call has its code and exit code 2."""
    assert answer("route", town, *options)["error"]["code"] == code
    assert call("route", town, *options).exit_code == 2


def test_an_id_of_two_layers_needs_its_layer(tmp_path):
    """The error says how to write it, and with its layer the place is found."""
    layers = toy_town()
    layers["facilities"]["facility_id"] = ["b000001", "f000002"]
    path = Region(layers, pyproj.CRS(CRS), "").write(tmp_path / "same.gpkg")
    error = answer("route", path, "--from", "b000001", "--to", CANTEEN)["error"]
    assert (error["code"], error["params"]["first"]) == ("place_ambiguous", "buildings")
    assert answer("route", path, "--from", "facilities:b000001", "--to", CANTEEN)["length_m"] > 0


def test_matrix_of_layers(town, tmp_path):
    """One row for each building and facility, with the seconds of the route between them."""
    target = tmp_path / "times.csv"
    told = answer("matrix", town, "--origins", "buildings", "--destinations", "facilities", "-o", target)
    table = pd.read_csv(target)
    assert (told["origins"], told["destinations"], told["pairs_without_way"]) == (20, 2, 0)
    assert list(table.columns) == ["origin_id", "destination_id", "seconds"]
    assert len(table) == 40
    first = table.iloc[1]
    one = answer("route", town, "--from", first.origin_id, "--to", first.destination_id)
    assert one["seconds"] == pytest.approx(first.seconds, abs=0.01)


def test_matrix_of_files(town, tmp_path):
    """Places come from maps and tables; what cannot be reached is empty."""
    (tmp_path / "from.csv").write_text("id,x,y\nhome,50,50\nfar,50,9000\n", encoding="utf-8")
    toy_town()["facilities"].to_crs(4326)[["geometry"]].to_file(tmp_path / "to.geojson")
    target = tmp_path / "times.csv"
    ends = "--origins", tmp_path / "from.csv", "--destinations", tmp_path / "to.geojson"
    told = answer("matrix", town, *ends, "-o", target, "--close", bridge())
    table = pd.read_csv(target, dtype={"destination_id": str})
    assert told["off_streets"] == {"origins": 1, "destinations": 0}
    assert table["origin_id"].tolist() == ["home", "home", "far", "far"]
    assert table["destination_id"].tolist() == ["1", "2", "1", "2"]
    assert table["seconds"].notna().tolist() == [True, False, False, False]
    assert call("matrix", town, *ends, "-o", target).exit_code == 2


def test_matrix_needs_places(town, tmp_path):
    """A name that is neither a layer nor a file is refused."""
    ends = "--origins", "nowhere.csv", "--destinations", "facilities"
    assert answer("matrix", town, *ends, "-o", tmp_path / "x.csv")["error"]["code"] == "places_missing"
