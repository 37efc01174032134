import dataclasses

import numpy as np
import pandas as pd
import pytest

from gridtwin.errors import InputMissingError
from gridtwin.maps import save_map
from gridtwin.maps.coverage_report import FEW, WORST, coverage_report, protected
from gridtwin.maps.limits import kind_text, limit_text
from gridtwin.maps.offline import render_map
from gridtwin.maps.sheet import Caution, Few, Items, Pictures, Sheet, Table
from gridtwin.services.limits import Limit
from tests.maps.conftest import CANVAS
from tests.maps.serving import proposed_sites, served_town
from tests.maps.test_plan import PAYLOADS

WALKING = {"group": "elderly", "slope": "none", "direction": "to", "close": ["s1"], "snap_within": 80.0}


@dataclasses.dataclass(frozen=True)
class Asked:
    """A target as the catalogue holds it."""

    kinds: tuple[str, ...] = ("clinic", "canteen")
    group: str = "special"
    share: float = 0.8

    def standard(self, lang):
        """Return where it stands."""
        return {"en": "5 min (the plan; not confirmed)", "zh": "5 分钟（治理方案；未核实）"}[lang]


@pytest.fixture(scope="module")
def layers():
    """Return the town with what it serves, and two proposed canteens."""
    return {**served_town(), "sites": proposed_sites()}


def report(layers, lang="en", title="Qingjiang"):
    """Return the report on the coverage of a town."""
    return coverage_report(
        layers, lang=lang, title=title, date="2026-01-01", source="generated", targets=[Asked()], walking=WALKING
    )


def sections_of(page):
    """Return the sections of a report by the key of their title."""
    sheet = next(child for child in page._children.values() if isinstance(child, Sheet))
    return {section.title.key: section for section in sheet.sections}


def table_of(page, key):
    """Return the rows of the first table of a section."""
    return next(block for block in sections_of(page)[key].blocks if isinstance(block, Table)).rows


@pytest.fixture(scope="module")
def file(layers, tmp_path_factory):
    """Return the report of the town, in English at first."""
    return save_map(report(layers), tmp_path_factory.mktemp("coverage") / "report.html")


@pytest.fixture
def watched(browse, file):
    """Return the town's report, drawn."""
    page = browse()
    page.open(file)
    return page


# ---- what the page is told ----


def test_coverage_is_needed(layers):
    """Without coverage there is no report, and the error says which command makes it."""
    with pytest.raises(InputMissingError, match="gridtwin reach"):
        coverage_report({"grids": layers["grids"]}, lang="en", title="t")


def test_equal_layers_give_equal_reports(layers):
    """The same region gives the same report, byte for byte."""
    assert len({render_map(report(layers)) for _ in range(2)}) == 1


@pytest.mark.parametrize(
    ("count", "group", "told"),
    [
        (0, "elderly", 0),
        (1, "elderly", Few(FEW)),
        (4, "special", Few(FEW)),
        (5, "disabled", 5),
        (3, "households", 3),
        (3, "persons", 3),
        (np.nan, "children", None),
    ],
)
def test_small_counts_of_sensitive_groups_are_not_told(count, group, told):
    """From one person to four of a group that needs protection, the count is withheld."""
    assert protected(count, group) == told


def test_no_home_is_listed(layers):
    """No building is named anywhere in the tables of the report."""
    named = set(layers["buildings"]["building_id"])
    cells = {
        cell
        for section in sections_of(report(layers)).values()
        for block in section.blocks
        if isinstance(block, Table)
        for row in block.rows
        for cell in row
        if isinstance(cell, str)
    }
    assert not cells & named


def test_shares_by_limit_are_those_of_the_table(layers):
    """A row for each kind tells its facilities and the share of all people within each limit."""
    rows = table_of(report(layers), "reached_title")
    table = layers["coverage"].query("area == 'region' and group == 'all'")
    assert len(rows) == 2
    for kind, (_, facilities, *shares) in zip(("clinic", "canteen"), rows, strict=True):
        expected = table[table["kind"] == kind].sort_values("within_s")["share"]
        assert facilities == 1
        assert shares == pytest.approx(expected.tolist(), abs=0.01)


def test_targets_are_cited(layers):
    """Each judged row stands with what was asked for, by whom and how sure that is."""
    rows = table_of(report(layers), "targets_title")
    assert len(rows) == 6
    assert all(row[-1].zh == "5 分钟（治理方案；未核实）" for row in rows)
    results = {row[-2].key for row in rows}
    assert results == {"met", "missed"}


def test_worst_grids_miss_most_people(layers):
    """The grids are listed by the people who do not reach the kind, at the limit where it is judged first."""
    coverage = layers["coverage"]
    only = coverage[coverage["within_s"] == 300]
    rows = [
        row for row in table_of(report({**layers, "coverage": only}), "worst_grid") if row[0] == kind_text("canteen")
    ]
    grids = only.query("area == 'grid' and kind == 'canteen'")
    grids = grids.assign(missed=grids["total"] - grids["covered"]).pivot_table(
        index="area_id", columns="group", values="missed"
    )
    worst = grids.sort_values("all", ascending=False).head(len(rows))
    assert len(rows) == WORST
    assert [row[5] for row in rows] == worst["all"].tolist()
    codes = layers["grids"].set_index("grid_id")["code"]
    assert rows[0][2] == codes[worst.index[0]]
    assert rows[0][6] == protected(worst["elderly"].iloc[0], "elderly")


def test_people_who_are_not_reached_are_those_of_the_table(layers):
    """In all, each group misses what it has less what is covered; small counts are withheld."""
    rows = table_of(report(layers), "missed_title")
    region = layers["coverage"].query("area == 'region' and kind == 'clinic' and within_s == 600").set_index("group")
    missed = region["total"] - region["covered"]
    row = next(row for row in rows if row[:2] == [kind_text("clinic"), limit_text(Limit("seconds", 600.0))])
    groups = ("households", "all", "elderly", "disabled", "children", "special")
    assert row[2:] == [protected(missed[group], group) for group in groups]
    assert Few(FEW) in row


def test_shares_short_of_all_are_not_rounded_to_all(layers):
    """A share just below 1 is told as 99 %, and one just above 0 as 1 %."""
    coverage = layers["coverage"].assign(share=[0.9999, 0.0001] * (len(layers["coverage"]) // 2))
    cells = {row[-1] for row in table_of(report({**layers, "coverage": coverage}), "groups_title")}
    assert cells <= {0.99, 0.01}


def test_pictures_show_each_kind_once(layers):
    """Each kind has one picture of its grids; without grids there is none."""
    block = sections_of(report(layers))["pictures_title"].blocks[0]
    assert isinstance(block, Pictures)
    assert len(block.pictures) == 2
    without = {name: frame for name, frame in layers.items() if name != "grids"}
    assert "pictures_title" not in sections_of(report(without))


def test_estimated_people_are_warned_of(layers):
    """A report on estimated households begins with a warning, one on counted households has none."""
    assert isinstance(sections_of(report(layers))["head"].blocks[0], Caution)
    counted = layers["buildings"].assign(households_source="counted")
    assert not isinstance(sections_of(report({**layers, "buildings": counted}))["head"].blocks[0], Caution)


def test_notes_tell_the_walking(layers):
    """Speed, slopes, direction, closures and snapping stand in the notes, and how wrong the areas are."""
    areas = layers["service_areas"]
    wrong = {"households_wrong_in": areas["households"] // 50, "households_wrong_out": 0}
    walks = pd.DataFrame({"building_id": ["b1", "b1", "b2"], "status": ["no_street", "no_street", "reached"]})
    page = report({**layers, "service_areas": areas.assign(**wrong), "walks": walks})
    items = next(block for block in sections_of(page)["notes_title"].blocks if isinstance(block, Items)).items
    told = {item.key: item.params for item in items}
    assert told["note_walker_elderly"]["speed"] == "1.00"
    assert {"note_slope_none", "note_direction_to", "note_counted", "note_special"} <= told.keys()
    assert told["note_closed"] == {"streets": 1}
    assert told["note_snap"] == {"metres": 80.0}
    assert told["note_no_street"] == {"buildings": 1}
    assert float(told["note_areas"]["inside"]) == pytest.approx(2.0, abs=0.1)


# ---- what the reader sees ----


@pytest.mark.browser
def test_report_on_coverage_asks_for_nothing(watched):
    """Opening the report makes no request beyond the file, and no error; its pictures are painted."""
    watched.until("document.querySelectorAll('.gt-pictures canvas').length === 2")
    blank = "c => !c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(v => v)"
    assert not watched.page.evaluate(f"[...document.querySelectorAll('.gt-pictures canvas')].some({blank})")
    assert watched.outside == []
    assert watched.errors == []


@pytest.mark.browser
def test_report_on_coverage_speaks_chinese(watched):
    """One click turns the report into Chinese: every title, table and note."""
    watched.page.click("[data-lang=zh]")
    text = watched.text(".gt-sheet")
    for part in ("设施步行覆盖情况报告", "未达标", "5 分钟（治理方案；未核实）", "按老年人步行计", "建议选址", "<5"):
        assert part in text
    for part in ("Share", "Target", "Walkers", "Coverage"):
        assert part not in text
    watched.until("document.querySelectorAll('.gt-pictures canvas').length === 2")


@pytest.mark.browser
def test_withheld_counts_sort_as_small_numbers(watched):
    """A column with withheld counts sorts them between 0 and 5."""
    page = watched.page
    table = page.locator("section:has(h2:text('How many are not reached')) table").first
    table.locator("th button", has_text="disabled").click()
    column = [row.split("\t")[5] for row in table.locator("tbody").inner_text().split("\n")]
    assert column[:3] == ["0", "0", "<5"]


@pytest.mark.browser
def test_report_on_coverage_prints_on_a4(watched):
    """On paper nothing is wider than the page, and the tools are gone."""
    page = watched.page
    page.set_viewport_size({"width": 688, "height": 1000})
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    watched.until(f"{CANVAS}.drawn")
    assert page.evaluate("document.documentElement.scrollWidth") <= 688
    assert not page.is_visible(".gt-print")
    assert not page.is_visible(".gt-views")
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


@pytest.mark.browser
@pytest.mark.parametrize("payload", [PAYLOADS[0], PAYLOADS[1], PAYLOADS[5]])
def test_names_in_a_coverage_report_never_run_as_code(browse, layers, tmp_path, payload):
    """Markup and script in names of region, kinds and communities are shown as they are."""
    swap = {"clinic": payload}
    bad = {
        name: layers[name].assign(kind=layers[name]["kind"].replace(swap))
        for name in ("facilities", "service_areas", "coverage", "uncovered")
    }
    named = {"communities": layers["communities"].assign(name=payload)}
    watched = browse()
    page = watched.open(save_map(report({**layers, **bad, **named}, title=payload), tmp_path / "report.html"))
    assert page.text_content("h1") == payload
    assert payload in page.text_content(".gt-sheet")
    assert page.locator("iframe, .gt-sheet img, svg[onload]").count() == 0
    assert page.evaluate("window.pwned") is None
    assert watched.errors == []
