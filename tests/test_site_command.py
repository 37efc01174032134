import json

import geopandas as gpd
import pytest
import shapely
from typer.testing import CliRunner

from gridtwin.cli import application
from gridtwin.grids import divide_region
from gridtwin.load.toy import CRS, toy_town
from gridtwin.region import Region, read_region


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """Return a divided toy town in a file."""
    town = toy_town()
    town |= divide_region(town, date="2026-01-01").layers()
    target = tmp_path_factory.mktemp("site") / "toy.gpkg"
    Region(town, town["streets"].crs, "Toy").write(target)
    return target


@pytest.fixture
def site(toy, tmp_path):
    """Return a function that runs the command on the town and returns exit code, JSON and the file written."""

    def call(*arguments):
        out = tmp_path / "out.gpkg"
        words = ["site", str(toy), "--output", str(out), "--overwrite", "--json", *arguments]
        done = CliRunner().invoke(application(), words)
        return done.exit_code, json.loads(done.stdout), out

    return call


def test_one_site_reaches_the_whole_town_if_people_walk_far(site):
    """Within 2 km everybody is within reach of any corner, within 39 m nobody: houses are 40 m from their street."""
    options = ("--kind", "clinic", "--count", "1", "--ignore-existing", "--spacing", "0")
    code, found, _ = site(*options, "--metres", "2000")
    assert code == 0
    assert [row["households"] for row in found["sites"]] == [2000]
    assert found["siting"]["proved"]
    assert site(*options, "--metres", "39")[1]["sites"] == []


def test_gains_by_community_and_grid_add_up(site):
    """What the communities gain, and what the grids gain, is what the sites bring."""
    _, found, _ = site("--kind", "canteen", "--count", "3", "--within", "2", "--spacing", "0")
    for area in ("community", "grid"):
        mine = [row["gained"] for row in found["gains"] if (row["area"], row["group"]) == (area, "households")]
        assert sum(mine) == pytest.approx(sum(row["households"] for row in found["sites"]))


def test_sites_are_a_layer_of_the_region(site):
    """Sites have ranks from 1 and lie at street corners; a second kind is kept beside the first."""
    _, _, out = site("--kind", "canteen", "--count", "2", "--within", "2")
    sites = read_region(out)["sites"]
    assert sites["rank"].tolist() == [1, 2]
    assert sites["kind"].tolist() == ["canteen", "canteen"]
    assert sites["within_s"].tolist() == [120.0, 120.0]


def test_fewest_sites_for_a_share(site):
    """Two thirds are reached, with the least number proved."""
    _, found, _ = site("--kind", "canteen", "--coverage", "0.66", "--within", "3", "--spacing", "0")
    after = {row["group"]: row["after"] / row["total"] for row in found["coverage"]}
    assert after["all"] >= 0.66
    assert found["siting"]["fewest"] == len(found["sites"])


def test_a_share_beyond_reach_is_a_violation(site):
    """Nobody can be reached within ten metres; under --strict the exit code says so."""
    code, found, _ = site("--kind", "canteen", "--coverage", "0.5", "--metres", "10", "--strict")
    assert code == 4
    assert found["violations"] == [{"code": "SHARE_NOT_REACHED", "share": 0.5, "highest_share": 0.0}]


def test_candidates_from_a_file(site, tmp_path):
    """Only the user's places are tried, mandatory ones are taken, and their names are kept."""
    places = gpd.GeoDataFrame(
        {"name": ["Old school", "Depot"], "mandatory": [False, True]},
        geometry=[shapely.box(180, 90, 220, 110), shapely.Point(0, 0)],
        crs=CRS,
    )
    places.to_file(tmp_path / "places.gpkg")
    _, found, _ = site(
        "--kind", "canteen", "--count", "2", "--metres", "150", "--candidates", str(tmp_path / "places.gpkg")
    )  # fmt: skip
    assert {row["name"] for row in found["sites"]} == {"Old school", "Depot"}
    assert found["candidates"] == 2


def test_capacities_call_for_more_facilities(site):
    """A clinic for 520 persons serves two blocks of 260."""
    options = ("--kind", "canteen", "--coverage", "0.5", "--within", "10", "--ignore-existing", "--spacing", "0")
    assert len(site(*options)[1]["sites"]) == 1
    assert len(site(*options, "--capacity", "520")[1]["sites"]) == 5


def test_least_walking(site):
    """With distance as the objective the site still says who is within reach."""
    _, found, _ = site("--kind", "canteen", "--count", "1", "--within", "3", "--objective", "distance")
    assert len(found["sites"]) == 1
    assert found["sites"][0]["households"] > 0


def test_the_standard_of_the_kind_is_the_limit(site):
    """Without a limit the catalogue's walk counts."""
    _, found, _ = site("--kind", "clinic", "--count", "1")
    assert found["within_s"] is not None or found["within_m"] is not None


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--count", "1"), "kind_missing"),
        (("--kind", "clinic"), "count_or_share"),
        (("--kind", "clinic", "--count", "1", "--coverage", "0.5"), "count_or_share"),
        (("--kind", "clinic", "--count", "1", "--within", "5", "--metres", "100"), "two_limits"),
        (("--kind", "clinik", "--count", "1"), "kind_unknown"),
        (("--kind", "clinic", "--count", "1", "--of", "elderly"), "group_unknown"),
    ],
)
def test_what_cannot_be_asked_is_refused(site, options, code):
    """Errors say what is missing or contradicts itself."""
    _, found, _ = site(*options)
    assert found["error"]["code"] == code


def test_sites_of_the_kind_are_replaced(site):
    """A second run into the same region replaces the sites of its kind, and leaves those of others."""
    _, _, out = site("--kind", "canteen", "--count", "1", "--within", "3")
    again, other = (
        CliRunner().invoke(application(), ["site", str(out), "--kind", kind, "--count", "1", "--within", "2"])
        for kind in ("canteen", "clinic")
    )
    assert (again.exit_code, other.exit_code) == (0, 0)
    assert sorted(read_region(out)["sites"]["kind"]) == ["canteen", "clinic"]
