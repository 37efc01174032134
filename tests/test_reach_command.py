"""gridtwin reach and gridtwin access: from a region file to layers, tables and what is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyproj
import pytest
import shapely
from typer.testing import CliRunner

from gridtwin.cli import application
from gridtwin.region import Provenance, Region, read_region
from tests.services.town import CRS, row_town, walk_s


@pytest.fixture
def region(tmp_path: Path) -> Path:
    """Return a street of four houses with two clinics and a canteen."""
    town = row_town(
        [50, 350, 650, 950], [("clinic", 150), ("clinic", 350), ("canteen", 350)], elderly=[4, 3, 2, 1], disabled=0
    )
    path = tmp_path / "row.gpkg"
    Region({}, pyproj.CRS(CRS), "Row").with_layers(town, Provenance("row")).write(path)
    return path


def call(command: str, path: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run a command and return its exit code and JSON object."""
    done = CliRunner().invoke(
        application(), [command, str(path), *arguments, "--json"], env={"GRIDTWIN_LANG": "en"}, catch_exceptions=False
    )
    return done.exit_code, json.loads(done.stdout)


def shown(command: str, path: Path, *arguments: str, lang: str = "en") -> str:
    """Run a command that succeeds and return what it prints."""
    done = CliRunner().invoke(
        application(), [command, str(path), *arguments], env={"GRIDTWIN_LANG": lang, "COLUMNS": "200"},
        catch_exceptions=False,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return done.stdout


def share(document: dict[str, Any], kind: str, within_s: float, group: str = "households") -> float:
    """Return the share that the region has in a JSON object."""
    (row,) = [
        row for row in document["coverage"] if (row["kind"], row["within_s"], row["group"]) == (kind, within_s, group)
    ]
    return row["share"]


def test_reach_writes_its_layers(region):
    """By default: the living circles of all kinds, at each kind's own standard and the limits of its targets too."""
    code, document = call("reach", region)
    assert code == 0
    assert document["facilities"] == {"clinic": 2, "canteen": 1}
    # 385 m of street in 5 minutes: of the clinic at 350 m also the house at 650 m.
    assert share(document, "clinic", 300.0) == 0.75
    assert share(document, "canteen", 300.0) == 0.75
    assert share(document, "canteen", 600.0, "elderly") == 1.0
    made = read_region(region)
    assert len(made["walks"]) == 8
    assert made["walks"]["walk_s"].tolist()[:4] == pytest.approx([walk_s(d) for d in (100, 0, 300, 600)])
    assert set(made["coverage"]["within_s"].dropna()) == {300.0, 600.0, 900.0}
    assert made["coverage"]["within_m"].dropna().unique().tolist() == [300.0]
    canteen = made["coverage"].query("kind == 'canteen' and area == 'region' and group == 'elderly'")
    assert canteen.set_index("within_s")["target"].to_dict() == pytest.approx(
        {300.0: float("nan"), 600.0: 0.7, 900.0: float("nan")}, nan_ok=True
    )
    assert json.loads(made.facts["reach"])["group"] == "general"


def test_service_areas_are_nested_and_measured(region):
    """A longer limit has a larger area; the households are those of the table."""
    call("reach", region, "--kind", "clinic")
    areas = read_region(region)["service_areas"]
    assert areas["facility_id"].tolist() == ["f0"] * 3 + ["f1"] * 3
    assert areas["within_s"].tolist() == [300.0, 600.0, 900.0] * 2
    assert areas["households"].tolist() == [20, 30, 40, 30, 40, 40]
    assert areas["persons"].tolist() == [50, 75, 100, 75, 100, 100]
    assert areas["households_wrong_in"].sum() == 0
    assert areas["households_wrong_out"].sum() == 0
    small, large = areas.geometry.iloc[0], areas.geometry.iloc[1]
    assert shapely.covers(large.buffer(0.01), small)
    assert small.area < large.area


def test_limits_in_metres_and_without_areas(region):
    """Only the distances asked for, the standards and targets; no areas."""
    code, document = call("reach", region, "--kind", "canteen", "--metres", "400", "--no-areas")
    assert code == 0
    made = read_region(region)
    assert "service_areas" not in made
    limits = made["coverage"][["within_s", "within_m"]].drop_duplicates()
    assert limits["within_m"].dropna().tolist() == [400.0]
    assert limits["within_s"].dropna().tolist() == [600.0]
    assert document["targets"] == 1


def test_a_dry_run_writes_nothing(region, tmp_path):
    """Neither the region nor the tables."""
    before = region.read_bytes()
    text = shown("reach", region, "--dry-run", "--table", str(tmp_path / "t.csv"))
    assert "A dry run: nothing was written." in text
    assert region.read_bytes() == before
    assert not (tmp_path / "t.csv").exists()


def test_a_further_run_replaces_the_results(region):
    """What was measured before is measured anew, not kept beside it."""
    call("reach", region)
    code, _ = call("reach", region, "--kind", "clinic")
    assert code == 0
    assert read_region(region)["coverage"]["kind"].unique().tolist() == ["clinic"]


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_tables_open_in_spreadsheets(region, tmp_path, suffix):
    """The coverage and the uncovered as CSV or XLSX, with coordinates."""
    table, uncovered = tmp_path / f"t.{suffix}", tmp_path / f"u.{suffix}"
    call("reach", region, "--kind", "clinic", "--table", str(table), "--uncovered", str(uncovered))
    read = pd.read_csv if suffix == "csv" else pd.read_excel
    assert len(read(table)) == len(read_region(region)["coverage"])
    rows = read(uncovered)
    assert rows.loc[rows["within_s"] == 300, "building_id"].tolist() == ["b3"]
    assert rows.loc[rows["within_s"] == 300, "x"].tolist() == [950.0]


def test_the_report_tells_walking_and_targets(region, tmp_path):
    """--report writes a page that knows who walks and which targets hold, and is not replaced unless told."""
    report = tmp_path / "report.html"
    code, document = call("reach", region, "--group", "elderly", "--report", str(report))
    assert code == 0
    page = report.read_text("utf-8")
    for part in ("note_walker_elderly", "note_slope_tobler", "governance plan"):
        assert part in page
    assert document["targets"] > 0
    done = CliRunner().invoke(application(), ["reach", str(region), "--report", str(report), "--output", "x.gpkg"])
    assert done.exit_code == 2


def test_a_table_of_another_format_is_refused(region, tmp_path):
    """Before any work is done."""
    code, document = call("reach", region, "--table", str(tmp_path / "t.pdf"))
    assert (code, document["error"]["code"]) == (2, "table_format")


def test_a_closed_street_cuts_homes_off(region):
    """Who lived behind it is not covered."""
    _, open_ = call("reach", region, "--dry-run", "--kind", "clinic", "--within", "15")
    code, closed = call("reach", region, "--dry-run", "--kind", "clinic", "--within", "15", "--close", "s7")
    assert code == 0
    assert share(open_, "clinic", 900.0) == 1.0
    assert share(closed, "clinic", 900.0) == 0.75
    code, document = call("reach", region, "--close", "s99")
    assert (code, document["error"]["code"]) == (2, "streets_unknown")


def test_slower_walkers_reach_less(region):
    """A walker of 1 m/s gets 300 m in 5 minutes."""
    _, document = call("reach", region, "--dry-run", "--kind", "clinic", "--within", "5", "--group", "elderly")
    assert share(document, "clinic", 300.0) == 0.5


def test_a_kind_without_facilities_covers_nobody(region):
    """A message, a coverage of 0 with everybody uncovered, and no crash."""
    text = shown("reach", region, "--kind", "library")
    assert "No facility that people can walk to: Library." in text
    made = read_region(region)
    assert made["coverage"]["covered"].sum() == 0
    assert (made["uncovered"].groupby("within_s").size() == 4).all()
    assert len(made["service_areas"]) == 0


def test_unknown_kinds_are_refused_with_the_most_similar(region):
    """The error says what was meant."""
    code, document = call("reach", region, "--kind", "clinc")
    assert (code, document["error"]["code"]) == (2, "kind_unknown")
    assert "did you mean clinic" in document["error"]["message"]


def test_the_table_is_shown_in_chinese(region):
    """One row a kind, the targets below it."""
    text = shown("reach", region, "--dry-run", "--kind", "社区食堂", lang="zh")
    assert "社区食堂 (1)" in text
    assert "达标：目标为 10 分钟内覆盖老年人的 70%" in text


def test_a_region_without_facilities_says_what_to_do(region):
    """Without facilities and without --kind there is nothing to measure."""
    read_region(region).without_layers("facilities").write(region, overwrite=True)
    code, document = call("reach", region)
    assert (code, document["error"]["code"]) == (2, "no_facilities")
    code, _ = call("reach", region, "--kind", "clinic")
    assert code == 0


def test_access_adds_its_measures_to_the_region(region):
    """Two runs of different methods stand side by side; the same one replaces itself."""
    code, document = call("access", region, "--kind", "clinic", "--method", "2sfca", "--within", "5")
    assert code == 0
    whole = [row["value"] for row in document["areas"] if row["area"] == "region"]
    assert whole == pytest.approx([0.02])  # two clinics of capacity 1 for 100 persons
    call("access", region, "--kind", "clinic", "--method", "cumulative", "--within", "5")
    call("access", region, "--kind", "clinic", "--method", "cumulative", "--within", "5")
    layer = read_region(region)["accessibility"]
    assert layer["measure"].value_counts().to_dict() == {"2sfca": 9, "facilities": 9, "capacity": 9}
    facilities = layer[(layer["measure"] == "facilities") & (layer["area"] == "building")]
    assert facilities.set_index("area_id")["value"].to_dict() == {"b0": 2.0, "b1": 2.0, "b2": 1.0, "b3": 0.0}


def test_access_is_shown_in_units_that_people_know(region):
    """Capacities for 1,000 people, walks in minutes."""
    assert "20 for 1,000 people" in shown("access", region, "--dry-run", "--kind", "clinic", "--method", "2sfca")
    text = shown("access", region, "--dry-run", "--kind", "canteen", "--method", "nearest", "--nearest", "1")
    assert "3.9 min" in text  # (300 + 0 + 300 + 600) / 4 + 15 m at 80 m a minute


def test_weights_that_are_no_numbers_are_refused(region):
    """The error shows how to write them."""
    code, document = call("access", region, "--kind", "clinic", "--weights", "1;0.5")
    assert (code, document["error"]["code"]) == (2, "weights_unreadable")
