import dataclasses
import json
import string

import geopandas as gpd
import numpy as np
import pytest

from gridtwin.errors import UsageError
from gridtwin.maps import plan_map, save_map
from gridtwin.maps.offline import render_map
from gridtwin.maps.page import Page
from gridtwin.maps.plan import ABOVE, BELOW, FIRST_WITHIN, NONE, SPECIAL, VIOLATES, grid_classes
from gridtwin.maps.texts import TEXTS, page_texts
from tests.maps.conftest import CANVAS, MAP
from tests.maps.town import town

PAYLOADS = (
    "<img src=x onerror=window.pwned=1>",
    "</script><script>window.pwned=2</script>",
    "<svg onload=window.pwned=3>",
    "\"><iframe srcdoc='<script>parent.pwned=4</script>'>",
    "';window.pwned=5;//",
    "${window.pwned=6}{{7*7}}{% raw %}",
    "<!--<script>",
    "javascript:window.pwned=7",
    "</style><style>body{display:none}",
    "\u2028window.pwned=8\u2029",
)
BUDGET_BYTES = 800_000

# Whether the canvas is drawn and covers the map.
COVERED = """canvas => {
    const a = canvas.element.getBoundingClientRect(), b = canvas._map.getContainer().getBoundingClientRect();
    return canvas.drawn && a.left <= b.left && a.top <= b.top && a.right >= b.right && a.bottom >= b.bottom;
}"""
# Where the canvas shows the corner of the first feature, and where Leaflet has it.
CORNER = """canvas => {
    const layer = [...canvas.layers][0], {view, _map: map} = canvas, {x, y} = layer.data;
    const box = canvas.element.getBoundingClientRect(), area = map.getContainer().getBoundingClientRect();
    const inside = map.latLngToContainerPoint(layer.latLng(x[0], y[0])), scale = view.scale / view.ratio;
    const drawn = [box.x + (x[0] - view.x) * scale, box.y + (y[0] - view.y) * scale];
    return [drawn, [area.x + inside.x, area.y + inside.y]];
}"""


@pytest.fixture(scope="module")
def layers():
    """Return the town of twenty grids."""
    return town()


@pytest.fixture(scope="module")
def file(layers, tmp_path_factory):
    """Return the page of the town, in English at first."""
    page = plan_map(layers, lang="en", title="Qingjiang", summary={"source": "generated"})
    return save_map(page, tmp_path_factory.mktemp("plan") / "map.html")


@pytest.fixture
def watched(browse, file):
    """Return the town's page, drawn."""
    page = browse()
    page.open(file)
    return page


def _page_options(figure_map):
    options = next(child for child in figure_map._children.values() if isinstance(child, Page)).options
    return {
        **options,
        **{name: [dataclasses.asdict(item) for item in options[name]] for name in ("facts", "legend")},
    }


def _place(layers, grid):
    point = layers["grids"].geometry.representative_point().to_crs(4326).iloc[grid]
    return point.x, point.y


def _grids(*households, violations=None):
    frame = town()["grids"].iloc[: len(households)]
    return frame.assign(households=list(households), violations=violations or [None] * len(households))


# ---- what the page is told ----


def test_classes_split_at_the_bounds():
    """Grids at the bounds are within; one household beyond is below or above."""
    classes = grid_classes(_grids(0, 299, 300, 349, 350, 399, 400, 450, 451, 500, 501), 300, 500)
    within = FIRST_WITHIN + np.array([0, 0, 1, 1, 2, 2, 3, 3])
    assert classes.tolist() == [NONE, BELOW, *within.tolist(), ABOVE]


def test_violations_have_classes_of_their_own():
    """A grid that breaks a rule is drawn apart whatever its households."""
    classes = grid_classes(_grids(400, 150, violations=["DETACHED_PART: x", "TOTAL_BELOW_MIN: y"]), 300, 500)
    assert (classes >= VIOLATES).all()


def test_each_grid_is_coloured_by_its_own_bounds():
    """A village grid of 150 is within its bounds, one of 350 above them; a campus has none."""
    grids = _grids(150, 350, 0, 350).assign(
        purpose=["general", "general", "campus", None],
        minimum_households=[100, 100, None, None],
        maximum_households=[200, 200, None, None],
    )
    assert grid_classes(grids, 300, 500).tolist() == [FIRST_WITHIN, ABOVE, SPECIAL, FIRST_WITHIN + 1]


def test_own_bounds_change_legend_and_facts(layers):
    """Where grids have bounds of their own the legend speaks of those, and names the special-purpose grids."""
    purpose = ["general", "campus"] + ["general"] * 18
    grids = layers["grids"].assign(purpose=purpose, minimum_households=100, maximum_households=500)
    options = _page_options(plan_map({**layers, "grids": grids}, lang="en", title="t"))
    keys = {row["text"]["key"] for row in options["legend"]}
    assert "class_special" in keys
    assert not keys & {"class_below", "class_above"}
    facts = {fact["title"]["key"]: fact["value"] for fact in options["facts"]}
    assert facts["fact_within_own"] == 1.0


def test_legend_counts_every_grid_once(layers):
    """The classes of the legend add up to all grids; bounds follow the plan's."""
    options = _page_options(plan_map(layers, lang="en", title="t"))
    *classes, violating = options["legend"]
    assert sum(row["count"] for row in classes) == 20
    assert violating["count"] == 2
    assert [row["text"]["params"] for row in classes if row["text"]["key"] == "class_range"] == [
        {"low": 300, "high": 349},
        {"low": 350, "high": 399},
        {"low": 400, "high": 450},
        {"low": 451, "high": 500},
    ]


@pytest.mark.parametrize(
    ("share", "counted", "estimated"), [(0.12, 12, 88), (0.997, 99.7, 0.3), (0.004, 0.4, 99.6), (1.0, 100, 0)]
)
def test_estimated_share_is_never_rounded_away(layers, share, counted, estimated):
    """The share of estimated households is told, to a decimal where whole numbers would hide it."""
    options = _page_options(plan_map(layers, lang="en", title="t", summary={"counted_share": share}))
    assert options["facts"][-1]["note"]["params"] == {"counted": counted, "estimated": estimated}


def test_counted_share_comes_from_buildings_without_grids(layers):
    """Before a plan exists, counted households are told from the buildings."""
    buildings = layers["buildings"].assign(households=10, households_source="estimated")
    buildings.loc[:49, "households_source"] = "counted"
    options = _page_options(plan_map({"buildings": buildings}, lang="en", title="t"))
    assert options["facts"][0]["note"]["params"] == {"counted": 25, "estimated": 75}


def test_unknown_share_is_said(layers):
    """Where nothing tells counted from estimated, the page says so."""
    buildings = layers["buildings"].drop(columns="households_source")
    options = _page_options(plan_map({"buildings": buildings}, lang="en", title="t"))
    assert options["facts"][0]["note"]["key"] == "fact_counted_unknown"


def test_summary_takes_the_place_of_counts(layers):
    """Measures of the plan are shown as given."""
    summary = {"grids": 40, "households": 9, "share_within_bounds": 0.5}
    facts = _page_options(plan_map(layers, lang="en", title="t", summary=summary))["facts"]
    assert [fact["value"] for fact in facts] == [40, 0.5, 9]
    assert facts[1]["note"]["params"] == {"within": 20, "grids": 40}


def test_layers_are_left_as_they_are(layers):
    """Drawing changes no layer."""
    before = {name: frame.copy(deep=True) for name, frame in layers.items()}
    render_map(plan_map(layers, lang="zh", title="t"))
    for name, frame in layers.items():
        assert frame.equals(before[name])


def test_equal_layers_give_equal_bytes(layers):
    """The same region gives the same page, byte for byte."""
    pages = {render_map(plan_map(town(), lang="zh", title="清江")) for _ in range(2)}
    assert len(pages) == 1


@pytest.mark.parametrize("name", ["grids", "buildings", "streets", "barriers", "communities", "facilities"])
def test_each_layer_alone_makes_a_map(layers, name):
    """No layer needs another."""
    assert "gridtwin.page(" in render_map(plan_map({name: layers[name]}, lang="en", title="t"))


def test_nothing_to_draw_is_an_error(layers):
    """An empty region is refused, and so is an unknown language."""
    with pytest.raises(UsageError, match="no geometry"):
        plan_map({"grids": layers["grids"].iloc[:0]}, lang="en", title="t")
    with pytest.raises(UsageError, match="language"):
        plan_map(layers, lang="fr", title="t")


def test_page_of_a_district_is_small(tmp_path):
    """300 grids and 19,000 buildings with their attributes fit into 0.8 MB."""
    page = save_map(plan_map(town(20, 15, 19_000), lang="zh", title="清江"), tmp_path / "map.html")
    assert page.stat().st_size <= BUDGET_BYTES


def test_texts_are_complete():
    """Both languages have every text with the same places to fill."""
    for key, pair in TEXTS.items():
        names = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in pair]
        assert names[0] == names[1], key
    texts = page_texts()
    assert texts["en"].keys() == texts["zh"].keys()
    assert all(text for table in texts.values() for text in table.values())


# ---- what the reader sees ----


@pytest.mark.browser
def test_map_asks_for_nothing_and_reports_no_error(watched):
    """Opening the page makes no request beyond the file, and no error."""
    assert watched.outside == []
    assert watched.errors == []


@pytest.mark.browser
def test_head_states_the_facts(watched):
    """The head tells grids, share within bounds, and how much of the households is estimated."""
    facts = watched.text(".gt-facts")
    for part in ("20", "90 %", "18 of 20 grids", "12 % counted, 88 % estimated"):
        assert part in facts
    assert watched.text("h1") == watched.page.title() == "Qingjiang"
    assert watched.text(".gt-source") == "Source: generated"


@pytest.mark.browser
def test_tooltip_tells_the_grid_under_the_pointer(watched, layers):
    """At a place inside the second grid, the tooltip is that grid's, with what it breaks and by how much."""
    watched.page.mouse.move(*watched.screen(*_place(layers, 1)))
    watched.page.wait_for_selector(".gridtwin-tip")
    tip = watched.text(".gridtwin-tip")
    assert layers["grids"]["code"][1] in tip
    for part in (
        "凤凰社区",
        "640",
        "1,664",
        " ha",
        "12 %",
        "140 above the maximum of 500",
        "no combination of units",
    ):
        assert part in tip
    watched.page.mouse.move(*watched.screen(*_place(layers, 9)))
    watched.page.wait_for_selector(f".gridtwin-tip:has-text('{layers['grids']['code'][9]}')")
    assert watched.page.locator(".gridtwin-tip .warning").count() == 0


@pytest.mark.browser
def test_tooltip_tells_purpose_and_own_bounds(browse, layers, tmp_path):
    """A campus says what it is for; a village grid is measured by its own bounds, which it names."""
    purpose, none = ["general", "campus", *["general"] * 18], [None] * 18
    grids = layers["grids"].assign(
        purpose=purpose,
        name_zh=[None, "清华大学", *none],
        minimum_households=[200, None, *[300] * 18],
        maximum_households=[350, None, *[500] * 18],
    )
    page = plan_map({**layers, "grids": grids}, lang="en", title="t")
    shown = browse()
    shown.open(save_map(page, tmp_path / "map.html"))
    texts = []
    for grid in (0, 1, 9):
        shown.page.mouse.move(*shown.screen(*_place(layers, grid)))
        shown.page.wait_for_selector(f".gridtwin-tip:has-text('{layers['grids']['code'][grid]}')")
        texts.append(shown.text(".gridtwin-tip"))
    village, campus, usual = texts
    assert all(part in village for part in ("50 below the minimum of 200", "Least households", "350"))
    assert all(part in campus for part in ("campus", "清华大学"))
    assert "above the maximum" not in campus
    assert "Least households" not in usual
    assert "Purpose" not in usual


@pytest.mark.browser
def test_language_switch_changes_every_text(watched, layers):
    """One click turns head, legend, controls and an open tooltip into Chinese, and back."""
    page = watched.page
    page.mouse.click(*watched.screen(*_place(layers, 0)))
    english = watched.text("body")
    page.click("[data-lang=zh]")
    chinese = watched.text("body")
    for part in (
        "各网格户数",
        "户数在 300–500 内",
        "实数 12%，估算 88%",
        "网格 3201",
        "社区总户数低于一个网格的下限",
        "打印",
    ):
        assert part in chinese
    for part in ("Households", "Layers", "Streets", "below"):
        assert part in english
        assert part not in chinese
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    assert page.get_attribute(".leaflet-control-zoom-in", "aria-label") == "放大"
    page.click("[data-lang=en]")
    assert watched.text("body") == english


@pytest.mark.browser
def test_layers_switch_off_and_on(watched):
    """A click on a layer's box takes its drawing from the canvas, and brings it back."""
    page = watched.page
    pixels = f"(() => {CANVAS}.element.toDataURL())()"
    all_layers = page.evaluate(pixels)
    page.click("text=Buildings, by households")
    watched.wait()
    without = page.evaluate(pixels)
    page.click("text=Buildings, by households")
    watched.wait()
    assert without != all_layers
    assert page.evaluate(pixels) == all_layers


@pytest.mark.browser
def test_labels_are_drawn_without_overlap(watched):
    """Every grid carries the end of its code and its households, and no two labels meet."""
    labels = watched.page.evaluate(f"{CANVAS}.view.labels.map(l => [l.text, l.x, l.y, l.w, l.h])")
    texts = [label[0] for label in labels]
    assert "001 150" in texts
    assert "002 640" in texts
    assert sum(text[:3].isdigit() for text in texts) == 20
    assert "凤凰社区" in texts
    for n, (_, x, y, w, h) in enumerate(labels):
        assert not any(abs(x - a) < w + c and abs(y - b) < h + d for _, a, b, c, d in labels[:n])


@pytest.mark.browser
def test_grid_is_found_with_the_keyboard_alone(watched, layers):
    """Typing a code and Enter goes to the grid and tells about it; Escape closes."""
    page = watched.page
    page.focus("#gt-search")
    page.keyboard.type(layers["grids"]["code"][7][-5:])
    assert page.get_attribute("#gt-search", "aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    watched.wait()
    assert layers["grids"]["code"][7] in watched.text(".gridtwin-tip.pinned")
    assert layers["grids"]["code"][7] in page.text_content("[role=status]")
    page.keyboard.press("Escape")
    page.wait_for_selector(".gridtwin-tip", state="detached")
    page.fill("#gt-search", "nowhere")
    assert "Nothing found" in watched.text("#gt-found")


@pytest.mark.browser
def test_every_control_is_reached_by_tab_and_named(watched):
    """Tab reaches map, zoom, languages, print, search and all switches, and each has a name."""
    page = watched.page
    reached = set()
    for _ in range(25):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("(e => e.id || e.className || e.tagName)(document.activeElement)"))
    for part in ("leaflet-control-zoom-in", "gt-print", "gt-search", "gt-layer-0", "gt-layer-6"):
        assert part in reached
    unnamed = page.evaluate(
        """[...document.querySelectorAll('button, input, a, [role=listbox], aside')].filter(e => {
            const label = e.labels && e.labels[0] ? e.labels[0].textContent : '';
            return !(e.getAttribute('aria-label') || e.textContent.trim() || label.trim());
        }).length"""
    )
    assert unnamed == 0


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_data_never_run_as_code(browse, tmp_path, lang):
    """Markup and script in names, ids, titles and sources are shown as they are, and nothing runs."""
    layers = town()
    count = len(layers["grids"])
    bad = [PAYLOADS[n % len(PAYLOADS)] for n in range(count)]
    layers["grids"] = layers["grids"].assign(code=bad, violations=bad, grid_id=bad)
    layers["communities"] = layers["communities"].assign(name=bad[: len(layers["communities"])])
    layers["facilities"] = layers["facilities"].assign(name=bad[:2], kind=bad[2:4])
    layers["barriers"] = layers["barriers"].assign(name=bad[:2])
    layers["buildings"] = layers["buildings"].assign(building_id=PAYLOADS[0], households_source=PAYLOADS[1])
    title = " ".join(PAYLOADS)
    figure_map = plan_map(layers, lang=lang, title=title, summary={"source": title})
    watched = browse(script="window.alert = () => { window.pwned = 'alert'; }")
    page = watched.open(save_map(figure_map, tmp_path / "map.html"))
    for number, payload in enumerate(PAYLOADS):
        page.mouse.click(*watched.screen(*_place(layers, number)))
        shown = page.text_content(".gridtwin-tip.pinned")
        assert payload in shown
        page.keyboard.press("Escape")
    page.fill("#gt-search", "<img")
    assert PAYLOADS[0] in page.text_content("#gt-found")
    assert page.text_content("h1") == title
    assert title in page.text_content(".gt-source")
    assert page.locator("iframe, .gridtwin-tip img, #gt-found img, svg[onload]").count() == 0
    assert page.evaluate("window.pwned") is None
    assert watched.errors == []
    assert watched.outside == []


@pytest.mark.browser
def test_buildings_are_told_when_near(watched, layers):
    """From zoom 17.5 the building under the pointer is told instead of its grid."""
    building = layers["buildings"].iloc[[45]].to_crs(4326).geometry.representative_point().iloc[0]
    watched.page.evaluate(f"{MAP}.setView([{building.y}, {building.x}], 18, {{animate: false}})")
    watched.wait()
    watched.page.mouse.click(*watched.screen(building.x, building.y))
    assert "b000045" in watched.text(".gridtwin-tip.pinned")


@pytest.mark.browser
def test_dragging_draws_the_part_that_comes_into_view(watched):
    """After a drag, the canvas covers the view again, at the right place."""
    page = watched.page
    page.mouse.move(400, 400)
    page.mouse.down()
    page.mouse.move(700, 600, steps=4)
    page.mouse.up()
    watched.until(f"({COVERED})({CANVAS})")
    drawn, asked = page.evaluate(f"({CORNER})({CANVAS})")
    assert np.abs(np.array(drawn) - asked).max() <= 1


def test_page_texts_are_json():
    """The texts go into the page as one table for each language."""
    assert set(json.loads(json.dumps(page_texts()))) == {"en", "zh"}


def test_points_of_many_are_off_at_first(layers):
    """More points than a reader can tell apart are hidden until asked for."""
    facilities = gpd.GeoDataFrame(
        gpd.pd.concat([layers["facilities"]] * 30, ignore_index=True), crs=layers["facilities"].crs
    )
    figure_map = plan_map({**layers, "facilities": facilities}, lang="en", title="t")
    shown = {child.layer_name: child.show for child in figure_map._children.values() if hasattr(child, "packet")}
    assert not shown["facilities"]
    assert shown["grids"]
