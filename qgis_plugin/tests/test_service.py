"""Coverage: what is asked of the engine, what it answers, and what a closed street changes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from gridtwin_qgis.core.coverage import (
    Area,
    CoverageResult,
    Covered,
    DrawnFacility,
    LimitKey,
    ReachRequest,
    RequestError,
    SiteRequest,
    choose_facilities,
    compare_results,
    facility_kinds_of,
    filter_of,
    numbers_of,
    read_result,
    site_names,
    uncovered_homes,
)
from gridtwin_qgis.core.errors import SaveError
from gridtwin_qgis.core.result_layers import keep_layers, results_file, show_layers
from osgeo import ogr
from qgis.core import QgsPointXY, QgsProject, QgsVectorLayer

FIVE = LimitKey("clinic", 300.0, None)
REQUEST = ReachRequest(kinds=("clinic",), minutes=(1.0, 5.0))


def run(engine_python: str, arguments: list[str]) -> None:
    """Run the engine."""
    call = [engine_python, "-I", "-m", "gridtwin", *arguments]
    done = subprocess.run(call, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def measured(qgis_app: object, town_file: Path, engine_python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the toy town with the coverage of its clinic, which no test changes."""
    out = tmp_path_factory.mktemp("reach") / "reach.gpkg"
    run(engine_python, REQUEST.arguments(town_file, out))
    return out


def layer_of(path: Path, name: str) -> QgsVectorLayer:
    """Return a layer of a file."""
    return QgsVectorLayer(f"{path}|layername={name}", name, "ogr")


def test_the_command_says_all_that_is_asked() -> None:
    """Every field of a request is an option of the engine."""
    request = ReachRequest(("clinic",), (5.0,), (300.0,), "elderly", "from", True, frozenset({"s2", "s1"}))
    assert request.arguments(Path("in.gpkg"), Path("out.gpkg")) == [
        "reach", "in.gpkg", "--output", "out.gpkg", "--group", "elderly", "--direction", "from", "--step-free",
        "--close", "s1", "--close", "s2", "--kind", "clinic", "--within", "5", "--metres", "300",
    ]  # fmt: skip
    assert request.without_closures.closed == frozenset()


def test_a_site_request_says_count_or_share() -> None:
    """How many or how large a share, and never both or neither."""
    one, share = SiteRequest("clinic", count=2, minutes=10), SiteRequest("clinic", share=0.9)
    assert one.arguments(Path("a"), Path("b"))[4:9] == ["--kind", "clinic", "--overwrite", "--count", "2"]
    assert "--within" in one.arguments(Path("a"), Path("b"))
    assert share.arguments(Path("a"), Path("b"))[7:9] == ["--coverage", "0.9"]
    for wrong in (SiteRequest("clinic"), SiteRequest("clinic", count=1, share=0.5)):
        with pytest.raises(RequestError):
            wrong.arguments(Path("a"), Path("b"))


@pytest.mark.parametrize(("text", "numbers"), [("5, 10,15", (5.0, 10.0, 15.0)), ("15，5、5", (5.0, 15.0)), ("", ())])
def test_numbers_with_any_commas(text: str, numbers: tuple[float, ...]) -> None:
    """Limits are read with English and Chinese commas, ascending, each once."""
    assert numbers_of(text) == numbers


@pytest.mark.parametrize("text", ["five", "0", "-3, 5"])
def test_limits_that_are_none(text: str) -> None:
    """What is no positive number is refused."""
    with pytest.raises(RequestError):
        numbers_of(text)


def test_limits_for_people() -> None:
    """A limit reads as minutes or metres."""
    assert (FIVE.limit, LimitKey("clinic", None, 300.0).limit) == ("5 min", "300 m")


def test_the_result_is_read(measured: Path) -> None:
    """Shares, areas and uncovered households agree with each other."""
    result = read_result(measured)
    covered = result.shares[FIVE, "households"]
    assert covered.total == 2000
    assert 0 < covered.covered < 2000
    assert covered.share == pytest.approx(covered.covered / 2000)
    missing = sum(households for (key, _), households in result.uncovered.items() if key == FIVE)
    assert covered.covered + missing == covered.total
    area = next(area for (key, _), area in result.areas.items() if key == FIVE)
    assert area.area_m2 > 0
    assert Covered(0.0, 0.0).share is None


def test_uncovered_homes_the_largest_first(measured: Path) -> None:
    """The list names building, households and walk, those with most households first, and can be cut short."""
    homes = uncovered_homes(layer_of(measured, "uncovered"), FIVE)
    result = read_result(measured)
    assert {home.building_id for home in homes} == {building for key, building in result.uncovered if key == FIVE}
    assert [home.households for home in homes] == sorted((home.households for home in homes), reverse=True)
    assert all(home.walk_s is None or home.walk_s > 300 for home in homes)
    assert len(uncovered_homes(layer_of(measured, "uncovered"), FIVE, 1)) == 1


def test_filters_quote_kinds() -> None:
    """A kind with a quotation mark cannot break the expression."""
    assert filter_of(LimitKey("kid's", None, 300.0)) == "\"kind\" = 'kid''s' AND \"within_m\" = 300.0"


def test_closing_the_bridge_cuts_the_east_off(measured: Path, town: Path, engine_python: str, tmp_path: Path) -> None:
    """With the bridge closed nobody in the east reaches the clinic in the west, and its area shrinks."""
    streets = layer_of(town, "streets")
    bridge = next(f["street_id"] for f in streets.getFeatures() if f["structure"] == "bridge")
    out = tmp_path / "closed.gpkg"
    closed = ReachRequest(REQUEST.kinds, (10.0,), closed=frozenset({bridge}))
    run(engine_python, closed.arguments(town, out))
    opened = tmp_path / "open.gpkg"
    run(engine_python, closed.without_closures.arguments(town, opened))
    change = compare_results(read_result(opened), read_result(out))
    ten = LimitKey("clinic", 600.0, None)
    before, after = change.shares[ten, "households"]
    assert (before.covered, after.covered) == (2000, 1200)
    assert sum(h for (key, _), h in change.newly_uncovered.items() if key == ten) == 800
    assert [(key, was.area_m2 > now.area_m2) for key, _, was, now in change.areas if key == ten] == [(ten, True)]


def test_nothing_changes_between_equal_results(measured: Path) -> None:
    """A result compared with itself has no changes."""
    result = read_result(measured)
    assert compare_results(result, result).shares == {}
    assert compare_results(result, result).areas == ()


def test_a_vanished_area_shrinks_to_nothing() -> None:
    """A facility that nobody reaches any more has no area after."""
    before = CoverageResult({}, {(FIVE, "f1"): Area(100, 5000.0)}, {})
    ((_, facility, _, after),) = compare_results(before, CoverageResult({}, {}, {})).areas
    assert (facility, after) == ("f1", Area(0, 0.0))


def test_only_chosen_and_drawn_facilities_count(town: Path, engine_python: str, tmp_path: Path) -> None:
    """A snapshot may hold selected facilities only, with drawn ones added."""
    drawn = DrawnFacility("drawn-1", "clinic", QgsPointXY(650, 105))
    choose_facilities(town, ReachRequest(facilities=frozenset(), drawn=(drawn,)))
    assert facility_kinds_of(layer_of(town, "facilities")) == {"clinic": 1}
    out = tmp_path / "reach.gpkg"
    run(engine_python, REQUEST.arguments(town, out))
    result = read_result(out)
    assert {facility for _, facility in result.areas} == {"drawn-1"}


def test_drawing_in_a_region_without_facilities(town: Path) -> None:
    """A region that has no layer of facilities gets one in the snapshot."""
    file = ogr.Open(str(town), 1)
    file.DeleteLayer("facilities")
    del file
    choose_facilities(town, ReachRequest(drawn=(DrawnFacility("d", "canteen", QgsPointXY(1, 2)),)))
    layer = layer_of(town, "facilities")
    assert facility_kinds_of(layer) == {"canteen": 1}
    assert layer.crs() == layer_of(town, "buildings").crs()
    assert facility_kinds_of(None) == {}


def test_sites_in_building_order(town: Path, engine_python: str, tmp_path: Path) -> None:
    """Proposed sites are listed in the order in which to build them."""
    out = tmp_path / "site.gpkg"
    run(engine_python, SiteRequest("library", count=2, minutes=5).arguments(town, out))
    rows = site_names(layer_of(out, "sites").getFeatures())
    assert [rank for rank, *_ in rows] == [1, 2]
    assert rows[0][2] >= rows[1][2] > 0


def test_results_are_kept_beside_the_region(measured: Path, town: Path) -> None:
    """Results go into a file of their own beside the region, and into a group of the project with styles."""
    target = results_file(town, "reach")
    assert target.parent == town.parent / "town-results"
    keep_layers(measured, target, ("service_areas", "uncovered", "coverage"))
    assert results_file(town, "reach") != target
    project = QgsProject.instance()
    areas, uncovered, coverage = show_layers(target, ("service_areas", "uncovered", "coverage"), "Run", project)
    group = project.layerTreeRoot().findGroup("Run")
    assert [node.layerId() for node in group.findLayers()] == [areas.id(), uncovered.id(), coverage.id()]
    assert areas.renderer().orderByEnabled()
    assert uncovered.featureCount() == layer_of(measured, "uncovered").featureCount()
    project.clear()


def test_results_that_cannot_be_kept(measured: Path, tmp_path: Path) -> None:
    """A folder that cannot be made, a layer that is missing and a region without coverage are said."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SaveError, match="could not be written"):
        keep_layers(measured, tmp_path / "file" / "x.gpkg", ("coverage",))
    with pytest.raises(SaveError, match="no layer 'sites'"):
        keep_layers(measured, tmp_path / "x.gpkg", ("sites",))
    with pytest.raises(SaveError, match="no layer 'coverage'"):
        read_result(tmp_path / "none.gpkg")
