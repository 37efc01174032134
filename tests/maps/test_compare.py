import pandas as pd
import pytest

from gridtwin.grids import DivideParams, divide_region
from gridtwin.grids.compare import compare_plans, plan_side
from gridtwin.grids.zones import Zones
from gridtwin.maps import save_map
from gridtwin.maps.compare import comparison_map
from gridtwin.maps.offline import render_map
from tests.grids.lattice import lattice
from tests.maps.test_plan import PAYLOADS

CENTRES = """maps => maps.map(map => [map.getCenter().lat, map.getCenter().lng, map.getZoom()])"""
MAPS = (
    "Object.entries(window).filter(([name, item]) => /^map_[0-9]+$/.test(name) && item instanceof L.Map)"
    ".map(([, item]) => item)"
)


def town_of(first, second, names=("one", "two")):
    """Return eight blocks of 100 households with two plans that name the grid of each."""
    town = lattice(4, 2, 100)
    town |= divide_region(town, date="2026-01-01").layers()
    town["communities"] = town["communities"].assign(name="凤凰社区")
    units = town["units"][["unit_id"]]
    plans = [units.assign(plan=plan, grid_id=list(grids)) for plan, grids in zip(names, (first, second), strict=True)]
    return town | {"assignments": pd.concat(plans, ignore_index=True)}


def page_of(town, names=("one", "two"), title="Qingjiang", lang="en"):
    """Return the page of two plans."""
    zones = Zones.uniform(DivideParams(), len(town["units"]))
    compared = compare_plans(*(plan_side(town, name, zones) for name in names))
    return comparison_map(compared, town, lang=lang, title=title, source=title)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Return the page of two plans, of which the second moves one block."""
    page = page_of(town_of("AAAABBBB", "AAABBBBB"))
    return save_map(page, tmp_path_factory.mktemp("compare") / "compare.html")


@pytest.fixture
def watched(browse, file):
    """Return the page of two plans, drawn."""
    page = browse(height=1400)
    page.open(file)
    page.until(f"{MAPS}.every(map => gridtwin.canvasOf(map).drawn)")
    return page


def test_equal_comparisons_give_equal_bytes():
    """The same plans give the same page, byte for byte."""
    assert len({render_map(page_of(town_of("AAAABBBB", "AAABBBBB"))) for _ in range(2)}) == 1


@pytest.mark.browser
def test_comparison_asks_for_nothing_and_reports_no_error(watched):
    """Opening the page makes no request beyond the file, and no error."""
    assert watched.outside == []
    assert watched.errors == []


@pytest.mark.browser
def test_both_plans_are_told(watched):
    """Measures, transfers and retention of both plans stand in the page."""
    text = watched.text(".gt-sheet")
    for part in ("100 of 800 households (12.5 %)", "Plan one: 2 grids", "Plan two: 2 grids", "Core retention", "75 %"):
        assert part in text
    assert "in another grid" in watched.text(".gt-legend")


@pytest.mark.browser
def test_maps_move_together(watched):
    """Dragging or zooming either map shows the same place on the other."""
    page = watched.page
    page.evaluate(f"{MAPS}[0].setView([0.0005, 117.0], 17, {{animate: false}})")
    one, two = page.evaluate(f"({CENTRES})({MAPS})")
    assert one == two
    page.evaluate(f"{MAPS}[1].panBy([40, 30], {{animate: false}})")
    after, beside = page.evaluate(f"({CENTRES})({MAPS})")
    assert after == beside
    assert after != one


@pytest.mark.browser
def test_switches_hold_for_both_maps(watched):
    """A layer that is switched off leaves both maps, and comes back to both."""
    count = f"{MAPS}.map(map => gridtwin.canvasOf(map).layers.size)"
    before = watched.page.evaluate(count)
    watched.page.click("#gt-layer-0")
    assert watched.page.evaluate(count) == [n - 1 for n in before]
    watched.page.click("#gt-layer-0")
    assert watched.page.evaluate(count) == before


@pytest.mark.browser
def test_tooltip_tells_old_and_new_grid(watched):
    """On either map a unit that moves tells both grids and its households."""
    for number in range(2):
        watched.page.evaluate(
            f"""(() => {{
                const canvas = gridtwin.canvasOf({MAPS}[{number}]);
                const layer = [...canvas.layers].find(some => some.options.headingKey === 'heading_change');
                const moved = [...layer.data.classes].indexOf(1);
                canvas.pin([layer, moved], layer.bounds(moved).getCenter());
            }})()"""
        )
        tip = watched.text(".gridtwin-tip.pinned")
        assert "Grid before\nA" in tip.replace("\t", "\n")
        assert "Grid after\nB" in tip.replace("\t", "\n")
        assert "100" in tip
        watched.page.keyboard.press("Escape")
        watched.page.wait_for_selector(".gridtwin-tip", state="detached")


@pytest.mark.browser
def test_policy_of_a_comparison_is_in_force(watched):
    """A script put into the page does not run, for the policy names none but the page's own."""
    assert watched.refuses_scripts()


@pytest.mark.browser
def test_comparison_prints_on_a4(watched):
    """On paper both maps stand side by side, drawn anew, and nothing is wider than the page."""
    page = watched.page
    page.set_viewport_size({"width": 688, "height": 1000})
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    watched.until(f"{MAPS}.every(map => gridtwin.canvasOf(map).drawn)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 688
    one, two = (page.locator(".folium-map").nth(n).bounding_box() for n in range(2))
    assert one["y"] == two["y"]
    assert one["x"] + one["width"] <= two["x"]


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_names_in_a_comparison_never_run_as_code(browse, tmp_path, lang):
    """Markup and script in names of plans, grids and communities are shown as they are."""
    names = (PAYLOADS[0], PAYLOADS[1])
    town = town_of(PAYLOADS[:8], PAYLOADS[2:], names)
    town["communities"] = town["communities"].assign(name=PAYLOADS[2])
    watched = browse(script="window.alert = () => { window.pwned = 'alert'; }")
    page = watched.open(save_map(page_of(town, names, PAYLOADS[3], lang), tmp_path / "compare.html"))
    text = page.text_content(".gt-sheet")
    assert all(payload in text for payload in PAYLOADS)
    assert page.locator("iframe, .gt-sheet img, svg[onload]").count() == 0
    assert page.evaluate("window.pwned") is None
    assert watched.errors == []
    assert watched.outside == []
