import base64
import json
import string
import zlib

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridtwin.maps import plan_map, save_map
from gridtwin.maps.coverage import share_classes
from gridtwin.maps.coverage_texts import COVERAGE_TEXTS
from gridtwin.maps.limits import by_limit, headlines, limit_text, most_general
from gridtwin.maps.service import HUES, kind_style, services_of
from gridtwin.maps.service_panel import ServicePanel
from gridtwin.maps.service_texts import SERVICE_TEXTS
from gridtwin.services.limits import Limit
from tests.maps.conftest import CANVAS
from tests.maps.serving import proposed_sites, served_town
from tests.maps.test_plan import PAYLOADS
from tests.maps.town import CRS, ORIGIN

WORN = (
    "Object.values(window).find(x => x instanceof gridtwin.PackedLayer && x.options.themes.length"
    " && x.options.headingKey === 'heading_grids').theme"
)
SHOWN = f"[...{CANVAS}.layers].map(layer => layer.data.columns.facility_id ? 'areas' : layer.options.headingKey)"


@pytest.fixture(scope="module")
def layers():
    """Return the town with service areas, coverage, homes not reached and two proposed canteens."""
    return {**served_town(), "sites": proposed_sites()}


@pytest.fixture(scope="module")
def file(layers, tmp_path_factory):
    """Return the page of the town, in English, that opens with the service areas."""
    page = plan_map(layers, lang="en", title="Qingjiang", first="areas")
    return save_map(page, tmp_path_factory.mktemp("services") / "map.html")


@pytest.fixture
def watched(browse, file):
    """Return the town's page, drawn."""
    page = browse()
    page.open(file)
    return page


def panel_of(figure_map):
    """Return the service panel of a map, None where it has none."""
    return next((child for child in figure_map._children.values() if isinstance(child, ServicePanel)), None)


# ---- what the page is told ----


def test_texts_of_services_are_complete():
    """Both languages have every text with the same places to fill."""
    for key, pair in (SERVICE_TEXTS | COVERAGE_TEXTS).items():
        names = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in pair]
        assert names[0] == names[1], key
        assert all(pair), key


def test_region_without_results_has_no_services(layers):
    """Facilities alone keep their one switch; a page speaks of services when there are results."""
    plain = {name: frame for name, frame in layers.items() if name in ("grids", "buildings", "facilities")}
    assert services_of(plain) is None
    assert panel_of(plan_map(plain, lang="en", title="t")) is None


@pytest.mark.parametrize("name", ["service_areas", "coverage", "uncovered", "sites"])
def test_each_result_alone_makes_a_page(layers, name):
    """No result needs another, nor grids or facilities."""
    page = plan_map({"streets": layers["streets"], name: layers[name]}, lang="en", title="t")
    assert panel_of(page) is not None


def test_limits_are_ordered_and_named():
    """Times come before distances, the nearest first, in minutes and metres."""
    table = pd.DataFrame(
        {"kind": "clinic", "within_s": [600.0, np.nan, 300.0, np.nan], "within_m": [np.nan, 500.0, np.nan, np.nan]}
    )
    found = [limit for _, limit, _ in by_limit(table)]
    assert found == [Limit("seconds", 300.0), Limit("seconds", 600.0), Limit("length_m", 500.0)]
    assert [limit_text(limit).key for limit in found] == ["limit_s", "limit_s", "limit_m"]
    assert limit_text(found[0]).params == {"minutes": 5.0}


def test_headline_is_the_limit_of_the_target():
    """A kind is judged first where its target is, and else at its longest time."""
    table = pd.DataFrame(
        {
            "kind": ["clinic", "clinic", "clinic", "park", "park"],
            "within_s": [300.0, 600.0, 900.0, 300.0, 900.0],
            "within_m": np.nan,
            "target": [np.nan, 0.8, np.nan, np.nan, np.nan],
        }
    )
    assert headlines(table) == {"clinic": Limit("seconds", 600.0), "park": Limit("seconds", 900.0)}


@pytest.mark.parametrize(
    ("walkers", "taken"), [(["elderly", "general"], "general"), (["elderly", "wheelchair"], "elderly")]
)
def test_general_walkers_are_shown(walkers, taken):
    """Of several kinds of walkers the map shows the general ones, else the first."""
    assert set(most_general(pd.DataFrame({"walker": walkers}))["walker"]) == {taken}


def test_share_classes_begin_at_their_breaks():
    """A share at a break is in the class above it; nobody is a class of its own."""
    shares = np.array([np.nan, 0.0, 0.499, 0.5, 0.7, 0.8, 0.949, 0.95, 1.0])
    assert share_classes(shares).tolist() == [0, 1, 1, 2, 3, 4, 4, 5, 5]


def test_looks_of_kinds_are_told_apart():
    """Hue and shape together differ for as many kinds as the catalogue may hold."""
    looks = {(style.fill, style.shape) for style in map(kind_style, range(4 * len(HUES)))}
    assert len(looks) == 4 * len(HUES)


def test_legend_counts_every_grid_once(layers):
    """The classes of each coverage add up to all grids."""
    foci = services_of(layers).coverage.foci
    assert len(foci) == 6
    assert all(sum(row.count for row in focus.legend) == len(layers["grids"]) for focus in foci)


def test_shares_are_those_of_the_table(layers):
    """What the panel tells of each group is the table's row of the region."""
    table = layers["coverage"]
    table = table[(table["area"] == "region") & (table["kind"] == "clinic") & (table["within_s"] == 300)]
    focus = next(f for f in services_of(layers).coverage.foci if (f.kind, f.limit.within) == ("clinic", 300.0))
    told = {one.group: one.share for one in focus.reached}
    expected = table.set_index("group")["share"].round(4).to_dict()
    expected.pop("households")
    assert told == expected
    assert next(one for one in focus.reached if one.group == "special").target == 0.8


def test_gaps_count_the_households_of_the_layer(layers):
    """Households that a kind misses within a limit are those of the layer's rows."""
    for focus in services_of(layers).coverage.foci:
        rows = layers["uncovered"]
        rows = rows[(rows["kind"] == focus.kind) & (rows["within_s"] == focus.limit.within)]
        assert focus.households == rows["households"].sum()


def test_layers_of_services_are_left_as_they_are(layers):
    """Drawing changes no layer."""
    before = {name: frame.copy(deep=True) for name, frame in layers.items()}
    plan_map(layers, lang="zh", title="t")
    assert all(frame.equals(before[name]) for name, frame in layers.items())


def test_page_holds_no_sensitive_counts(layers):
    """Of the people in a home that is not reached, the page holds the households alone."""
    gaps = services_of(layers).coverage.gaps
    raw = zlib.decompress(base64.b64decode(gaps.packet))
    columns = json.loads(raw[: raw.index(b"\0")])["columns"]
    assert columns.keys() == {"building_id", "households", "walk_canteen", "walk_clinic"}


def test_page_of_hundreds_of_areas_is_small(layers, tmp_path):
    """Three limits around 300 facilities with 200 corners each add less than 1 MB."""
    rng = np.random.default_rng(3)
    count = 300
    points = ORIGIN + rng.uniform(0, 6000, (count, 2))
    ids = [f"f{n}" for n in range(count)]
    kinds = [f"kind_{n % 8}" for n in range(count)]
    facilities = gpd.GeoDataFrame(
        {"facility_id": ids, "kind": kinds, "name": ids}, geometry=shapely.points(points), crs=CRS
    )
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    areas = []
    for limit in (300.0, 600.0, 900.0):
        radius = limit * rng.uniform(0.8, 1.2, (count, 200))
        rings = points[:, None] + radius[..., None] * np.stack([np.cos(angle), np.sin(angle)], -1)
        table = {
            "facility_id": ids,
            "kind": kinds,
            "within_s": limit,
            "within_m": np.nan,
            "households": 9,
            "persons": 20,
        }
        areas.append(gpd.GeoDataFrame(table, geometry=shapely.polygons(rings), crs=CRS))
    served = {**layers, "facilities": facilities, "service_areas": pd.concat(areas, ignore_index=True)}
    sizes = [
        save_map(plan_map(some, lang="en", title="t"), tmp_path / f"{n}.html").stat().st_size
        for n, some in enumerate((layers, served))
    ]
    assert sizes[1] - sizes[0] < 1_000_000


# ---- what the reader sees ----


@pytest.mark.browser
def test_services_ask_for_nothing_and_report_no_error(watched):
    """Opening the page, and every view of it, makes no request beyond the file, and no error."""
    for view in ("Coverage", "Grid plan", "Service areas"):
        watched.page.click(f"text={view}")
        watched.wait()
    assert watched.outside == []
    assert watched.errors == []


@pytest.mark.browser
def test_one_kind_is_on_at_first(watched):
    """The page opens with the areas of the first kind, its facilities and its sites; others wait for a click."""
    names = watched.page.evaluate(SHOWN)
    assert names.count("areas") == 4  # three limits, and the facilities
    assert watched.page.evaluate(WORN) == 0
    assert not watched.page.is_visible(".gt-legend")


@pytest.mark.browser
def test_switches_change_the_drawing(watched):
    """The box of a limit takes its areas away and brings them back; that of a kind all of its areas."""
    page = watched.page
    pixels = f"(() => {CANVAS}.element.toDataURL())()"
    before = page.evaluate(pixels)
    page.click("[aria-label='Clinic or health station: within 10 min']")
    watched.wait()
    without = page.evaluate(pixels)
    assert without != before
    page.click("[aria-label='Clinic or health station: within 10 min']")
    watched.wait()
    assert page.evaluate(pixels) == before
    page.click("text=Community canteen")
    watched.wait()
    assert page.evaluate(SHOWN).count("areas") == 8


@pytest.mark.browser
def test_facility_tells_who_lives_within_each_limit(watched, layers):
    """A click on a facility tells its households and persons by limit, and draws its own areas."""
    point = layers["facilities"].to_crs(4326).geometry.iloc[0]
    watched.page.mouse.click(*watched.screen(point.x, point.y))
    tip = watched.text(".gridtwin-tip.pinned")
    areas = layers["service_areas"]
    row = areas[(areas["facility_id"] == "f1") & (areas["within_s"] == 600)].iloc[0]
    for part in ("凤凰卫生站", "Households within 10 min", f"{row['households']:,}", f"{row['persons']:,}"):
        assert part in tip
    assert watched.page.locator("path.leaflet-interactive, .leaflet-overlay-pane path").count() >= 3
    watched.page.keyboard.press("Escape")
    watched.page.wait_for_selector(".gridtwin-tip", state="detached")
    assert watched.page.locator(".leaflet-overlay-pane path").count() == 0


@pytest.mark.browser
def test_coverage_colours_the_grids(watched, layers):
    """The coverage of a kind and limit changes the looks of the grids, whose tooltip tells the share."""
    page = watched.page
    page.click("text=Coverage")
    page.select_option("#gt-service-kind", label="Clinic or health station")
    page.click(".gt-limits >> text=5 min")
    watched.wait()
    assert page.evaluate(WORN) > 0
    table = layers["coverage"]
    share = table[(table["kind"] == "clinic") & (table["within_s"] == 300) & (table["group"] == "all")]
    grid = layers["grids"].iloc[8]
    expected = share.loc[share["area_id"] == grid["grid_id"], "share"].iloc[0]
    place = layers["grids"].to_crs(4326).geometry.representative_point().iloc[8]
    page.click("text=Homes not reached")
    page.click("text=Facilities: Clinic")
    watched.wait()
    page.mouse.move(*watched.screen(place.x, place.y))
    page.wait_for_selector(".gridtwin-tip")
    assert f"Clinic or health station, 5 min\n{round(100 * expected)} %" in watched.text(".gridtwin-tip")
    assert "80 %, missed" in watched.text(".gt-reached")


@pytest.mark.browser
def test_home_that_is_not_reached_tells_its_walk(watched, layers):
    """A point of a home not reached tells its households and its walk, and is not there within a longer limit."""
    page = watched.page
    page.click("text=Coverage")
    page.select_option("#gt-service-kind", label="Community canteen")
    page.click(".gt-limits >> text=5 min")
    watched.wait()
    missed = layers["uncovered"].query("kind == 'canteen'")
    far = missed.loc[missed["within_s"] == 600, "building_id"]
    home = missed[(missed["within_s"] == 300) & ~missed["building_id"].isin(far)].iloc[0]
    point = gpd.GeoSeries([home.geometry], crs=CRS).to_crs(4326).iloc[0]
    page.mouse.click(*watched.screen(point.x, point.y))
    tip = watched.text(".gridtwin-tip.pinned")
    for part in (home["building_id"], "Not reached", f"{home['households']}", f"{round(home['walk_s'] / 60)} min"):
        assert part in tip
    page.click(".gt-limits >> text=10 min")
    watched.wait()
    page.mouse.click(*watched.screen(point.x, point.y))
    assert "Not reached" not in watched.text(".gridtwin-tip.pinned")


@pytest.mark.browser
def test_plan_view_shows_the_plan_alone(watched):
    """The view of the plan has its legend and households, and nothing of the services."""
    watched.page.click("text=Grid plan")
    watched.wait()
    assert watched.page.evaluate(WORN) == -1
    assert watched.page.is_visible(".gt-legend")
    assert "areas" not in watched.page.evaluate(SHOWN)


@pytest.mark.browser
def test_language_switch_keeps_what_is_shown(watched):
    """In Chinese the panel has the same switches in the same state, without an English word."""
    page = watched.page
    page.click("text=Coverage")
    page.select_option("#gt-service-kind", label="Community canteen")
    page.click(".gt-limits >> text=5 min")
    english = watched.text(".gt-services")
    page.click("[data-lang=zh]")
    chinese = watched.text(".gt-services")
    for part in ("覆盖情况", "特殊群体", "未覆盖住宅", "低于 50%", "建议选址"):
        assert part in chinese
    assert page.get_attribute(".gt-limits button:first-child", "aria-pressed") == "true"
    page.click("[data-lang=en]")
    assert watched.text(".gt-services") == english


@pytest.mark.browser
def test_search_shows_the_kind_it_finds(watched):
    """Going to a facility of a kind that is off switches the kind on."""
    page = watched.page
    page.fill("#gt-search", "临江食堂")
    page.keyboard.press("Enter")
    watched.wait()
    assert "临江食堂" in watched.text(".gridtwin-tip.pinned")
    assert page.is_checked("[aria-label='Community canteen: within 5 min']")


@pytest.mark.browser
def test_keyboard_keeps_its_place(watched):
    """A switch that is pressed with the keyboard keeps the focus though the panel is written anew."""
    page = watched.page
    page.focus("[aria-label='Clinic or health station: within 5 min']")
    page.keyboard.press("Space")
    assert (
        page.evaluate("document.activeElement.getAttribute('aria-label')") == "Clinic or health station: within 5 min"
    )
    assert not page.is_checked("[aria-label='Clinic or health station: within 5 min']")


@pytest.mark.browser
def test_names_of_services_never_run_as_code(browse, layers, tmp_path):
    """Markup and script in kinds, names and ids of services are shown as they are, and nothing runs."""
    swap = {"clinic": PAYLOADS[0], "canteen": PAYLOADS[5]}
    bad = {
        name: layers[name].assign(kind=layers[name]["kind"].map(swap))
        for name in ("facilities", "service_areas", "coverage", "uncovered", "sites")
    }
    bad["facilities"] = bad["facilities"].assign(name=PAYLOADS[1:3])
    bad["sites"] = bad["sites"].assign(site_id=PAYLOADS[3:5], rank=PAYLOADS[6:8])
    watched = browse(script="window.alert = () => { window.pwned = 'alert'; }")
    page = watched.open(save_map(plan_map({**layers, **bad}, lang="en", title="t", first="areas"), tmp_path / "m.html"))
    assert PAYLOADS[0] in page.text_content(".gt-services")
    point = layers["facilities"].to_crs(4326).geometry.iloc[1]
    page.mouse.click(*watched.screen(point.x, point.y))
    page.click("text=Coverage")
    page.click("text=Service areas")
    assert page.evaluate("window.pwned") is None
    assert page.locator(".gt-services img, iframe, svg[onload]").count() == 0
    assert watched.errors == []
