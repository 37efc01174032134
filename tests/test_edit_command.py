"""gridtwin edit: one step a call, written whole or not at all, logged, undone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyproj
import pytest
import shapely
from typer.testing import CliRunner

from gridtwin.cli import application
from gridtwin.load.toy import CRS, toy_town
from gridtwin.region import Provenance, Region, read_region

A, B, C = (f"110108001001{number:03d}" for number in (1, 2, 3))
NEW = "110108001001004"
LATER = ("--date", "2026-02-01")


@pytest.fixture(scope="module")
def divided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the toy town as a region with a plan."""
    path = tmp_path_factory.mktemp("toy") / "toy.gpkg"
    Region({}, pyproj.CRS(CRS), "Toy town").with_layers(toy_town(), Provenance("toy")).write(path)
    assert call("divide", path, "--date", "2026-01-01")[0] == 0
    return path


@pytest.fixture
def region(divided: Path, tmp_path: Path) -> Path:
    """Return a copy that a test may change."""
    path = tmp_path / "toy.gpkg"
    path.write_bytes(divided.read_bytes())
    return path


def call(command: str, path: Path, *arguments: str, lang: str = "en") -> tuple[int, dict[str, Any]]:
    """Run a command and return its exit code and JSON object."""
    done = CliRunner().invoke(
        application(), [command, str(path), *arguments, "--json"], env={"GRIDTWIN_LANG": lang}, catch_exceptions=False
    )
    return done.exit_code, json.loads(done.stdout)


def edit(path: Path, *arguments: str) -> dict[str, Any]:
    """Make an edit that succeeds."""
    code, document = call("edit", path, *arguments, *LATER)
    assert code == 0, document
    return document


def units_of(path: Path, code: str) -> list[str]:
    """Return the units of a grid."""
    units = read_region(path)["units"]
    return units.loc[units["grid_id"] == code, "unit_id"].tolist()


def drawn(folder: Path, shape: Any, crs: Any = CRS) -> str:
    """Write a drawn shape and return the file's name."""
    path = folder / "drawn.geojson"
    gpd.GeoDataFrame(geometry=[shape], crs=CRS).to_crs(crs).to_file(path)
    return str(path)


def test_move_writes_units_grids_and_log(region: Path) -> None:
    """The unit is in the other grid in every layer, and the log says who moved it."""
    unit = units_of(region, A)[-1]
    document = edit(region, "--move", unit, "--to", B, "--by", "Li Na")
    assert document["changes"] == [{"unit_id": unit, "from": A, "to": B, "households": 100}]
    after = read_region(region)
    assert after["grids"].set_index("grid_id")["households"].to_dict()[B] == 500
    assert after["assignments"].set_index("unit_id")["grid_id"].to_dict()[unit] == B
    (row,) = after["edits"].to_dict(orient="records")
    assert (row["edit_id"], row["by"], row["action"], row["made_at"]) == (
        "e000001", "Li Na", "move_units", "2026-02-01T00:00:00Z",
    )  # fmt: skip


def test_undo_and_redo_across_calls(region: Path) -> None:
    """Undo writes the former plan, redo the edited one, and the log shows the flag."""
    before = read_region(region)["units"]["grid_id"].tolist()
    edit(region, "--split", A)
    after = read_region(region)["units"]["grid_id"].tolist()
    edit(region, "--undo")
    assert read_region(region)["units"]["grid_id"].tolist() == before
    assert [row["undone"] for row in edit(region, "--log")["edits"]] == [True]
    edit(region, "--redo")
    assert read_region(region)["units"]["grid_id"].tolist() == after
    assert [row["undone"] for row in edit(region, "--log")["edits"]] == [False]


def test_locks_hold_for_edit_and_rebalance(region: Path) -> None:
    """A locked grid is refused to an edit with exit code 2, and rebalance leaves it alone."""
    edit(region, "--lock", A, "--lock", B)
    unit = units_of(region, A)[0]
    code, document = call("edit", region, "--move", unit, "--to", C)
    assert (code, document["error"]["code"]) == (2, "edit_refused")
    assert document["error"]["faults"][0]["ids"] == [A]
    before = units_of(region, A)
    assert call("rebalance", region, *LATER)[0] == 0
    assert units_of(region, A) == before
    assert read_region(region)["grids"].set_index("grid_id")["locked"].to_dict()[A]
    edit(region, "--unlock", A)
    assert edit(region, "--move", unit, "--to", C)["changes"]


def test_a_new_division_says_that_it_keeps_no_locks(region: Path) -> None:
    """Dividing afresh over a plan with locks is told."""
    edit(region, "--lock", A)
    done = CliRunner().invoke(
        application(), ["divide", str(region), "--dry-run", *LATER], env={"GRIDTWIN_LANG": "en", "COLUMNS": "200"}
    )
    assert "keeps no locks (1)" in done.stdout


def test_units_are_locked_and_unlocked(region: Path) -> None:
    """A locked unit cannot be moved until it is unlocked."""
    unit = units_of(region, A)[0]
    edit(region, "--lock-unit", unit)
    assert call("edit", region, "--move", unit, "--to", B)[0] == 2
    edit(region, "--unlock-unit", unit)
    assert call("edit", region, "--move", unit, "--to", B)[0] == 0


def test_split_along_a_line_in_another_reference_system(region: Path, tmp_path: Path) -> None:
    """A line in degrees splits the grid all the same."""
    shapes = read_region(region)["grids"].set_index("grid_id").geometry
    west, south, east, north = shapes[A].bounds
    middle = (west + east) / 2
    line = shapely.LineString([(middle, south - 10), (middle, north + 10)])
    document = edit(region, "--split", A, "--line", drawn(tmp_path, line, 4326))
    assert list(document["new_codes"].values()) == [NEW]
    assert read_region(region)["grids"].geometry.geom_type.eq("Polygon").all()


def test_draw_reports_what_is_left_over(region: Path, tmp_path: Path) -> None:
    """An area that cuts units says which, and how much of each lies inside."""
    document = edit(region, "--draw", drawn(tmp_path, shapely.box(0, 0, 170, 110)))
    assert {row["reason"] for row in document["leftovers"]} == {"cut"}
    assert NEW in set(read_region(region)["grids"]["grid_id"])


def test_merge_and_redivide(region: Path) -> None:
    """Two grids become one, and its area two again."""
    edit(region, "--merge", A, "--merge", B)
    grids = read_region(region)["grids"].set_index("grid_id")["households"]
    kept = grids[grids == 800].index[0]
    edit(region, "--redivide", kept)
    after = read_region(region)["grids"]
    assert after["violations"].isna().all()
    assert kept in set(after["grid_id"])


def test_repair_after_a_move_leaves_the_moved_unit(region: Path) -> None:
    """Three units dragged into a neighbour stay there while the bounds are restored around them, in one undo."""
    before = read_region(region)["units"]["grid_id"].tolist()
    units = units_of(region, A)[:3]
    moves = [word for unit in units for word in ("--move", unit)]
    document = edit(region, *moves, "--to", B, "--repair")
    assert set(units) <= set(units_of(region, B))
    assert document["violations"] == []
    edit(region, "--undo")
    assert read_region(region)["units"]["grid_id"].tolist() == before


def test_repair_alone_mends_around_the_last_edit(region: Path) -> None:
    """A repair in a call of its own finds what the last edit moved."""
    units = units_of(region, A)[:2]
    document = edit(region, "--move", units[0], "--move", units[1], "--to", B)
    assert len(document["new_violations"]) == 2
    assert edit(region, "--repair")["violations"] == []
    assert set(units) <= set(units_of(region, B))


def test_strict_exits_with_four_and_dry_run_writes_nothing(region: Path, tmp_path: Path) -> None:
    """A broken rule under --strict is exit code 4; a dry run leaves the file as it is."""
    before = region.read_bytes()
    code, document = call("edit", region, "--merge", A, "--merge", B, "--strict", "--dry-run")
    assert (code, document["written"]) == (4, False)
    assert region.read_bytes() == before
    other = tmp_path / "other.gpkg"
    edit(region, "--merge", A, "--merge", B, "--output", str(other))
    assert region.read_bytes() == before
    assert call("edit", region, "--lock", A, "--output", str(other))[1]["error"]["code"] == "output_exists"


def test_the_same_call_makes_the_same_bytes(region: Path, tmp_path: Path) -> None:
    """With a day given, an edit is a function of the region and the options."""
    first, second = tmp_path / "1.gpkg", tmp_path / "2.gpkg"
    for path in (first, second):
        edit(region, "--split", A, "--output", str(path))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), "one_step"),
        (("--undo", "--redo"), "one_step"),
        (("--lock", A, "--split", B), "one_step"),
        (("--move", "u"), "no_target"),
        (("--split", A, "--to", B), "option_idle"),
        (("--lock", A, "--repair"), "option_idle"),
        (("--undo",), "edit_refused"),
    ],
)
def test_what_makes_no_sense_is_refused(region: Path, arguments: tuple[str, ...], code: str) -> None:
    """None or several steps, a missing or idle option, and an empty log have their errors."""
    exit_code, document = call("edit", region, *arguments)
    assert (exit_code, document["error"]["code"]) == (2, code)


def test_a_drawing_must_be_one_shape_of_the_right_kind(region: Path, tmp_path: Path) -> None:
    """A point is no line; two shapes are one too many."""
    point = drawn(tmp_path, shapely.Point(100, 100))
    assert call("edit", region, "--split", A, "--line", point)[1]["error"]["code"] == "drawing_unfit"
    assert call("edit", region, "--draw", point)[1]["error"]["code"] == "drawing_unfit"
    two = tmp_path / "two.gpkg"
    gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)], crs=CRS).to_file(two)
    assert call("edit", region, "--draw", str(two))[1]["error"]["code"] == "drawing_not_single"


def test_the_log_speaks_chinese(region: Path) -> None:
    """Every text of an edit exists in Chinese."""
    edit(region, "--split", A)
    done = CliRunner().invoke(application(), ["edit", str(region), "--log"], env={"GRIDTWIN_LANG": "zh"})
    assert "拆分网格" in done.stdout
