import itertools
import string

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridtwin.grids import DivideParams, divide_region
from gridtwin.grids.params import Weights
from gridtwin.grids.rules import BoundsRule, Rules, SpecialRule
from gridtwin.maps import save_map
from gridtwin.maps.offline import render_map
from gridtwin.maps.report import Heading, histogram, plan_report
from gridtwin.maps.sheet import Both, Caution, Histogram, Items, Measures, Table
from gridtwin.maps.sheet_texts import COMPARISON_TEXTS, REPORT_TEXTS
from gridtwin.schemas import conform
from tests.grids.lattice import CRS, SIZE_M, lattice
from tests.grids.rule_town import EAST, rule_town
from tests.maps.conftest import CANVAS
from tests.maps.test_plan import PAYLOADS

HEADING = Heading("Qingjiang", "default", "2026-01-01", "generated")


def district(names=("凤凰社区", "临江社区"), source="counted"):
    """Return communities of 200 and 420 households; the first is below the minimum."""
    town = lattice(5, 1, [100, 100, 100, 160, 160])
    shapes = [shapely.box(0, 0, 2 * SIZE_M, SIZE_M), shapely.box(2 * SIZE_M, 0, 5 * SIZE_M, SIZE_M)]
    ids = ["110108001001", "110108001002"]
    frame = gpd.GeoDataFrame({"community_id": ids, "name": list(names)}, geometry=shapes, crs=CRS)
    town["communities"] = conform(frame, "communities")
    town["buildings"] = town["buildings"].assign(households_source=source)
    return town


def report(town, lang="en", heading=HEADING):
    """Return the report on the plan of a town."""
    return plan_report(divide_region(town, date="2026-01-01"), town, heading=heading, lang=lang)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Return the report of the district, in English at first."""
    return save_map(report(district()), tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture
def watched(browse, file):
    """Return the district's report, drawn."""
    page = browse()
    page.open(file)
    return page


# ---- what the page is told ----


def test_texts_of_sheets_are_complete():
    """Both languages have every text with the same places to fill."""
    for key, pair in (REPORT_TEXTS | COMPARISON_TEXTS).items():
        names = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in pair]
        assert names[0] == names[1], key


@given(st.lists(st.integers(0, 3000), min_size=1), st.integers(1, 500), st.integers(0, 400))
def test_histogram_counts_every_grid_once(households, minimum, more):
    """The bars add up to all grids, join without a gap, and none spans a bound."""
    maximum = minimum + more
    bins = histogram(pd.Series(households), minimum, maximum).bins
    assert sum(bar.count for bar in bins) == len(households)
    assert all(one.high == two.low for one, two in itertools.pairwise(bins))
    assert sum(bar.count for bar in bins if bar.side == "below") == sum(h < minimum for h in households)
    assert sum(bar.count for bar in bins if bar.side == "above") == sum(h > maximum for h in households)


def test_equal_plans_give_equal_reports():
    """The same region gives the same report, byte for byte."""
    assert len({render_map(report(district())) for _ in range(2)}) == 1


@pytest.mark.parametrize(("source", "warned"), [("counted", False), ("estimated", True)])
def test_estimated_households_are_warned_of(source, warned):
    """A report on estimated households begins with a warning, one on counted households has none."""
    assert bool(blocks(report(district(source=source)), Caution)) == warned


def blocks(page, kind):
    """Return the blocks of one kind in a report."""
    sheet = next(child for child in page._children.values() if hasattr(child, "sections"))
    return [block for section in sheet.sections for block in section.blocks if isinstance(block, kind)]


def ruled(**changes):
    """Return the report on a town whose east has bounds of its own and whose west has a campus."""
    town = rule_town(100, schools=(0, 1))
    rules = Rules((BoundsRule(150, 250, communities=(EAST,)),), (SpecialRule("campus", uses=("school",), name="Old"),))
    plan = divide_region(town, params=DivideParams(**changes), grid_rules=rules, date="2026-01-01")
    return plan, plan_report(plan, town, heading=HEADING, lang="en")


def test_rules_by_place_are_told():
    """Bounds of a community, special-purpose grids and their purpose stand in the report."""
    _, page = ruled()
    told = {item.key: item.params for item in blocks(page, Items)[0].items}
    assert told["rule_bounds_in"] == {"minimum": 150, "maximum": 250, "places": EAST}
    assert told["rule_special"] == {"special": 1, "frozen": 0}
    cells = [cell for table in blocks(page, Table) for row in table.rows for cell in row]
    assert Both("campus: Old", "校园：Old") in cells


def test_each_pair_of_bounds_has_its_histogram():
    """Grids are counted beside the bounds that hold for them; those without bounds are in no histogram."""
    plan, page = ruled()
    found = blocks(page, Histogram)
    assert [[place for place, _ in one.lines] for one in found] == [[150, 251], [300, 501]]
    assert sum(bar.count for one in found for bar in one.bins) == len(plan.grids) - 1


def test_weights_are_those_of_the_plan():
    """A weight that was changed for the plan stands in the report as it was."""
    _, page = ruled(weights=Weights(compactness=7.5))
    weights = {row[0].key: row[1] for row in blocks(page, Table)[0].rows}
    assert weights["weight_compactness"] == 7.5
    assert weights["weight_outside"] == Weights().outside


@pytest.mark.parametrize(("quality", "told"), [("fast", False), ("best", True)])
def test_what_is_proved_is_told(quality, told):
    """Only a plan with a bound of its objective says how far it may be from the best."""
    _, page = ruled(quality=quality)
    rows = {row.title.key: row for row in blocks(page, Measures)[1].rows}
    assert ("proved" in rows) == told
    if told:
        assert rows["proved"].meaning.params.keys() == {"gap", "listed"}


# ---- what the reader sees ----


@pytest.mark.browser
def test_report_asks_for_nothing_and_reports_no_error(watched):
    """Opening the report makes no request beyond the file, and no error."""
    assert watched.outside == []
    assert watched.errors == []


@pytest.mark.browser
def test_report_says_what_was_asked_and_found(watched):
    """Heading, rules, weights, figures and tables stand in the page."""
    text = watched.text(".gt-sheet")
    for part in (
        "Report on the grid plan", "2026-01-01", "300–500, best 400", "1 of 2 grids keep every rule",
        "within one community", "each further grid that a compound is spread over", "1 grids are below 300",
    ):  # fmt: skip
        assert part in text


@pytest.mark.browser
def test_report_names_each_exception_with_its_remedies(watched):
    """The community of 200 is named with the block that would mend it."""
    case = watched.text(".gt-case")
    for part in ("凤凰社区: 200 households", "fewer households than one grid needs", "What would mend it"):
        assert part in case
    assert "(100 households) from grid 110108001002001 in 临江社区 to grid 110108001001001 in 凤凰社区" in case
    assert "merge 凤凰社区 with 临江社区: the 620 households of their joint area allow 2 grids" in case


@pytest.mark.browser
def test_report_speaks_chinese(watched):
    """One click turns every section into Chinese."""
    watched.page.click("[data-lang=zh]")
    text = watched.text(".gt-sheet")
    for part in ("网格划分方案说明", "划分要求", "合并后共 620 户，可划分 2 个网格", "例外情况与解决办法"):
        assert part in text
    for part in ("Key figures", "What would mend it", "Communities", "merge"):
        assert part not in text


@pytest.mark.browser
def test_tables_sort_by_any_column(watched):
    """A click on a heading sorts upwards, another one downwards, and says so."""
    page = watched.page
    column = "section:last-of-type th:nth-child(3)"
    cells = "section:last-of-type tbody td:nth-child(3)"
    page.click(f"{column} button")
    assert page.locator(cells).all_inner_texts() == ["200", "420"]
    assert page.get_attribute(column, "aria-sort") == "ascending"
    page.click(f"{column} button")
    assert page.locator(cells).all_inner_texts() == ["420", "200"]
    assert page.get_attribute(column, "aria-sort") == "descending"


@pytest.mark.browser
def test_histogram_is_told_in_words(watched):
    """The diagram is an image with a title and a description."""
    svg = watched.page.locator(".gt-histogram")
    assert svg.get_attribute("role") == "img"
    assert "1 grids are below 300 households, 1 within 300–500, 0 above 500" in svg.locator("desc").text_content()


@pytest.mark.browser
def test_map_in_the_report_tells_its_grids(watched):
    """The map within the report answers the pointer as the plan map does."""
    watched.page.locator(".gt-figure").scroll_into_view_if_needed()
    watched.page.locator(".gt-figure .folium-map").hover(position={"x": 300, "y": 300})
    watched.page.wait_for_selector(".gridtwin-tip")
    assert "1101080010" in watched.text(".gridtwin-tip")


@pytest.mark.browser
def test_report_prints_on_a4(watched, tmp_path):
    """On paper the map covers its frame, nothing is wider than the page, and the tools are gone."""
    page = watched.page
    page.set_viewport_size({"width": 688, "height": 1000})
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    watched.until(f"{CANVAS}.drawn")
    assert page.evaluate("document.documentElement.scrollWidth") <= 688
    assert not page.is_visible(".gt-print")
    names = [".gt-figure .folium-map", ".gt-figure canvas"]
    frame, canvas = page.evaluate("names => names.map(n => document.querySelector(n).getBoundingClientRect())", names)
    assert canvas["left"] <= frame["left"]
    assert canvas["right"] >= frame["right"]
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("payload", PAYLOADS)
def test_names_in_a_report_never_run_as_code(browse, tmp_path, lang, payload):
    """Markup and script in names of region, plan, communities and compounds are shown as they are."""
    town = district(names=(payload, payload))
    heading = Heading(payload, payload, "2026-01-01", payload)
    watched = browse(script="window.alert = () => { window.pwned = 'alert'; }")
    page = watched.open(save_map(report(town, lang, heading), tmp_path / "report.html"))
    assert page.text_content("h1") == payload
    assert payload.strip() in page.text_content(".gt-case h3")
    assert page.locator("iframe, .gt-sheet img, svg[onload]").count() == 0
    assert page.evaluate("window.pwned") is None
    assert watched.errors == []
    assert watched.outside == []


@pytest.mark.browser
def test_policy_of_a_report_is_in_force(watched):
    """A script put into the report does not run, for the policy names none but the page's own."""
    assert watched.refuses_scripts()


def test_perfect_plan_has_no_exceptions():
    """A plan without violations says so instead of a list of exceptions."""
    town = lattice(4, 2, 100)
    plan = divide_region(town, params=DivideParams(seed=1), date="2026-01-01")
    assert "exceptions_none" in render_map(plan_report(plan, town, heading=HEADING, lang="en"))
