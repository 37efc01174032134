"""The command line: one description for everything, quick help, clear errors, exit codes."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyproj
import pytest

from gridtwin.commands import COMMANDS
from gridtwin.load.toy import CRS, toy_town
from gridtwin.region import Provenance, Region, read_region
from gridtwin.schemas import LAYERS

HELP_WITHIN_S = 0.6


def gridtwin(*arguments: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "gridtwin", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, "GRIDTWIN_LANG": "en", "PYTHONWARNINGS": "error", "COLUMNS": "100", **env},
    )


def as_json(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return the one JSON object on stdout."""
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    return document


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the toy town as a region file."""
    path = tmp_path_factory.mktemp("toy") / "toy.gpkg"
    region = Region({}, pyproj.CRS(CRS), "Toy town").with_layers(toy_town(), Provenance("toy"))
    return region.write(path)


@pytest.fixture
def copy(town: Path, tmp_path: Path) -> Path:
    """Return a copy of the toy town that a test may change."""
    path = tmp_path / "toy.gpkg"
    path.write_bytes(town.read_bytes())
    return path


def test_help_is_quick_and_light() -> None:
    """``gridtwin --help`` answers at once and loads neither geopandas nor numba."""
    code = (
        "import sys, gridtwin.cli as cli\n"
        "try: cli.main()\n"
        "except SystemExit: pass\n"
        "heavy = ('geopandas', 'numba', 'shapely', 'pandas', 'scipy', 'folium')\n"
        "print('LOADED', [m for m in heavy if m in sys.modules])"
    )
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=True, env={**os.environ}
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert "LOADED []" in done.stdout
    assert "divide" in done.stdout
    assert min(seconds) < HELP_WITHIN_S


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_has_help_and_a_runner(command: Any) -> None:
    """Each command's help names all its options, and the function behind it exists."""
    done = gridtwin(command.name, "--help", COLUMNS="200")
    assert done.returncode == 0
    for parameter in command.parameters:
        assert (parameter.name.upper() if parameter.positional else parameter.option) in done.stdout
    assert "--json" in done.stdout
    assert callable(command.runner())
    assert set(command.reads) | set(command.writes) <= set(LAYERS)


def test_schema_is_the_contract() -> None:
    """``schema --json`` prints every command and layer, in English and Chinese."""
    document = as_json(gridtwin("schema", "--json"))
    assert document["schema"] == "gridtwin.schema/1"
    assert [command["name"] for command in document["commands"]] == [command.name for command in COMMANDS]
    divide = next(command for command in document["commands"] if command["name"] == "divide")
    minimum = next(p for p in divide["zh"]["parameters"] if p["name"] == "min")
    assert (minimum["default"], minimum["unit"]) == (300, "household")
    assert re.search("[一-鿿]", minimum["help"])
    assert {layer["name"] for layer in document["layers"]} == set(LAYERS)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_files_to_write_name_their_suffix(command: Any) -> None:
    """The help of each file that a command writes names its suffix, which QGIS offers."""
    for parameter in command.parameters:
        assert parameter.type != "output" or parameter.suffix, parameter.name


def test_doctor_finds_everything() -> None:
    """In the development environment nothing that is needed is missing."""
    done = gridtwin("doctor", "--json")
    document = as_json(done)
    assert done.returncode == 0, document["problems"]
    assert document["geo"]["GDAL"]
    assert gridtwin("doctor").stdout.rstrip().endswith("Everything that is needed is there.")


def test_divide_writes_the_plan_into_the_region(copy: Path) -> None:
    """``divide`` adds units, grids, codes, staff, plan and assignments, and prints a table."""
    done = gridtwin("divide", str(copy), "--date", "2026-01-01")
    assert done.returncode == 0, done.stderr
    assert "100.0% of grids" in done.stdout
    region = read_region(copy)
    assert region["grids"]["code"].tolist() == [
        "110108001001001", "110108001001002", "110108001001003", "110108001002001", "110108001002002",
    ]  # fmt: skip
    assert region["plans"]["plan"].tolist() == ["default"]
    assert region["plans"]["created_at"].tolist() == ["2026-01-01T00:00:00Z"]
    assert set(region["assignments"]["unit_id"]) == set(region["units"]["unit_id"])
    assert region["buildings"]["grid_id"].notna().all()
    assert len(region["grid_codes"]) == 5
    assert region.provenance["buildings"].source == "toy"
    assert region.provenance["grids"].source == "gridtwin divide"


def test_divide_is_the_same_to_the_byte(copy: Path, tmp_path: Path) -> None:
    """Same region, same seed, same day: the same file, whatever the hash seed and the workers."""
    outputs = [tmp_path / f"{k}.gpkg" for k in range(2)]
    for k, output in enumerate(outputs):
        done = gridtwin(
            "divide", str(copy), "--date", "2026-01-01", "--output", str(output), "--workers", str(k + 1),
            PYTHONHASHSEED=str(k),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert outputs[0].read_bytes() == outputs[1].read_bytes()


def test_divide_keeps_a_plan_unless_told(copy: Path) -> None:
    """A plan is not replaced without --overwrite; another name makes a second plan beside it."""
    assert gridtwin("divide", str(copy)).returncode == 0
    again = gridtwin("divide", str(copy))
    assert again.returncode == 2
    assert "--overwrite" in again.stderr
    assert gridtwin("divide", str(copy), "--plan", "fine", "--min", "100", "--max", "250").returncode == 0
    region = read_region(copy)
    assert sorted(region["plans"]["plan"]) == ["default", "fine"]
    counts = region["assignments"].groupby("plan")["grid_id"].nunique()
    assert counts["default"] == 5
    assert counts["fine"] == len(region["grids"]) > 5


def test_a_trial_plan_costs_no_codes(copy: Path) -> None:
    """A second plan closes no code of the first; divided again, the first has its codes as before."""
    assert gridtwin("divide", str(copy)).returncode == 0
    first = read_region(copy)["grids"]["code"].tolist()
    assert gridtwin("divide", str(copy), "--plan", "trial", "--min", "100", "--max", "250").returncode == 0
    trial = read_region(copy)
    assert trial["grid_codes"]["valid_to"].isna().all()
    assert gridtwin("divide", str(copy), "--overwrite").returncode == 0
    region = read_region(copy)
    assert region["grids"]["code"].tolist() == first
    assert set(trial["grids"]["code"]) <= set(region["grid_codes"]["code"])


def test_dry_run_writes_nothing(copy: Path) -> None:
    """--dry-run says what would come out and leaves the file as it is."""
    before = copy.read_bytes()
    document = as_json(gridtwin("divide", str(copy), "--dry-run", "--json"))
    assert document["written"] is False
    assert document["measures"]["grids"] == 5
    assert copy.read_bytes() == before


def test_strict_exits_with_four(copy: Path) -> None:
    """Under --strict a plan with broken rules exits with 4; without, with 0; both write and explain it."""
    bounds = ("--min", "450", "--max", "550", "--overwrite")  # 1,200 and 800 households: no number of grids fits
    assert gridtwin("divide", str(copy), *bounds).returncode == 0
    strict = gridtwin("divide", str(copy), *bounds, "--strict", "--json")
    assert strict.returncode == 4
    document = as_json(strict)
    assert document["written"] is True
    assert {row["code"] for row in document["violations"]} == {"TOTAL_IN_GAP"}


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("divide", "none.gpkg"), 3, "there is no file none.gpkg"),
        (("divide", "none.gpkg", "--min", "0"), 2, "--min"),
        (("nonsense",), 2, "nonsense"),
        (("divide", "{town}", "--min", "500", "--max", "300", "--dry-run"), 2, "minimum ≤ target ≤ maximum"),
        (("divide", "{town}", "--date", "yesterday", "--dry-run"), 2, "YYYY-MM-DD"),
        (("build", "{town}", "--osm", "none.pbf"), 2, "--overwrite"),
        (("build", "new.gpkg"), 2, "--osm"),
        (("build", "new.gpkg", "--osm", "none.pbf"), 3, "none.pbf"),
    ],
)
def test_errors_say_what_where_and_how(
    town: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, text: str
) -> None:
    """Every mistake has its exit code and one line that helps."""
    done = gridtwin(*(a.format(town=town) for a in arguments), cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert text in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_errors_as_json(tmp_path: Path) -> None:
    """With --json an error is one object on stdout, with code and parameters."""
    done = gridtwin("divide", "none.gpkg", "--json", cwd=tmp_path)
    assert done.returncode == 3
    document = as_json(done)
    assert document["schema"] == "gridtwin.error/1"
    assert document["error"]["code"] == "no_such_file"
    assert document["error"]["params"] == {"path": "none.gpkg"}


def test_everything_speaks_chinese(copy: Path, tmp_path: Path) -> None:
    """Help, tables, notes and errors are Chinese where GRIDTWIN_LANG says so."""
    chinese = re.compile("[一-鿿]")
    for arguments in (("--help",), ("divide", "--help"), ("divide", str(copy), "--dry-run")):
        done = gridtwin(*arguments, GRIDTWIN_LANG="zh_CN.UTF-8")
        assert done.returncode == 0
        assert chinese.search(done.stdout)
    table = gridtwin("divide", str(copy), "--dry-run", GRIDTWIN_LANG="zh")
    assert "网格" in table.stdout
    error = gridtwin("divide", "none.gpkg", cwd=tmp_path, GRIDTWIN_LANG="zh")
    assert chinese.search(error.stderr)


def test_a_poor_console_gets_escapes_not_a_crash(copy: Path) -> None:
    """On a console that knows only ASCII, Chinese text is escaped."""
    done = gridtwin(
        "divide", str(copy), "--dry-run", GRIDTWIN_LANG="zh", PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C"
    )
    assert done.returncode == 0, done.stderr


def test_version() -> None:
    """``--version`` prints name and version."""
    from gridtwin import __version__

    assert gridtwin("--version").stdout == f"gridtwin {__version__}\n"


def test_importing_the_package_is_light() -> None:
    """``import gridtwin`` loads nothing heavy; its public names come when they are used."""
    code = (
        "import sys, gridtwin; assert 'geopandas' not in sys.modules; "
        "gridtwin.Region; assert 'geopandas' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_rebalance_keeps_the_former_plan(copy: Path) -> None:
    """``rebalance`` mends the plan in place, keeps it as it was under another name, and honours locks."""
    assert gridtwin("divide", str(copy), "--date", "2026-01-01").returncode == 0
    before = read_region(copy)
    locked = before["grids"]["code"].iloc[0]
    done = gridtwin(
        "rebalance", str(copy), "--min", "200", "--max", "350", "--lock", locked, "--date", "2026-06-01", "--json"
    )
    assert done.returncode == 0, done.stderr
    document = as_json(done)
    assert document["measures"]["households_moved"] > 0
    assert {row["code"] for row in document["violations"]} <= {"LOCK_CONFLICT", "TOTAL_IN_GAP"}
    region = read_region(copy)
    assert sorted(region["plans"]["plan"]) == ["before-rebalance", "default"]
    former = region["assignments"][region["assignments"]["plan"] == "before-rebalance"]
    same = former.set_index("unit_id")["grid_id"] == before["units"].set_index("unit_id")["grid_id"]
    assert same.all()
    kept = region["units"].loc[region["units"]["grid_id"] == locked, "unit_id"]
    assert set(kept) == set(before["units"].loc[before["units"]["grid_id"] == locked, "unit_id"])
    wrong = gridtwin("rebalance", str(copy), "--lock", "nonsense")
    assert wrong.returncode == 3
    assert "nonsense" in wrong.stderr


def test_compare_plans(copy: Path, tmp_path: Path) -> None:
    """Two plans are put side by side, and the units that moved can be written for QGIS."""
    assert gridtwin("divide", str(copy)).returncode == 0
    assert gridtwin("divide", str(copy), "--plan", "trial", "--min", "100", "--max", "250").returncode == 0
    moved = tmp_path / "moved.gpkg"
    done = gridtwin("compare-plans", str(copy), "default", "trial", "--output", str(moved), "--json")
    assert done.returncode == 0, done.stderr
    document = as_json(done)
    assert document["measures"]["first"]["grids"] == 5
    assert document["measures"]["second"]["grids"] > 5
    assert document["measures"]["households_moved"] == sum(row["households"] for row in document["moved"]) > 0
    assert moved.exists()
    assert "default → trial" in gridtwin("compare-plans", str(copy), "default", "trial").stdout
    assert gridtwin("compare-plans", str(copy), "default", "none").returncode == 3


def test_divide_reports_and_names_remedies(copy: Path, tmp_path: Path) -> None:
    """``divide --report`` writes the page, and every broken rule comes with its remedies in the JSON."""
    page = tmp_path / "report.html"
    command = ("divide", str(copy), "--min", "390", "--max", "395", "--overwrite", "--report", str(page), "--json")
    document = as_json(gridtwin(*command))
    assert document["violations"]
    broken = {(row["grid_id"], row["code"]) for row in document["violations"]}
    assert {(row["grid_id"], row["code"]) for row in document["remedies"]} <= broken
    assert all(row["text"] and row["params"] for row in document["remedies"])
    assert "Content-Security-Policy" in page.read_text("utf-8")
    refused = gridtwin("divide", str(copy), "--plan", "more", "--report", str(page))
    assert (refused.returncode, "--overwrite" in refused.stderr) == (2, True)


def test_compare_plans_writes_map_and_table(copy: Path, tmp_path: Path) -> None:
    """``--map`` and ``--table`` are written for plans of two regions, and the households of the table add up."""
    other = tmp_path / "other.gpkg"
    assert gridtwin("divide", str(copy), "--min", "100", "--max", "250", "--output", str(other)).returncode == 0
    assert gridtwin("divide", str(copy)).returncode == 0
    page, table = tmp_path / "changes.html", tmp_path / "transfers.csv"
    done = gridtwin(
        "compare-plans", str(copy), "default", "default", "--other", str(other),
        "--map", str(page), "--table", str(table), "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    document = as_json(done)
    transfers = pd.read_csv(table, encoding="utf-8-sig", dtype={"first": str, "second": str})
    assert transfers["households"].sum() == document["measures"]["households"]
    assert table.read_bytes().startswith(b"\xef\xbb\xbf")
    assert document["measures"]["households_unmatched"] == 0
    assert all(row["core_retention"] <= 1 for row in document["retention"])
    assert "Content-Security-Policy" in page.read_text("utf-8")


def test_rules_stay_in_force(copy: Path, tmp_path: Path) -> None:
    """Rules of a file are kept in the region: rebalance, compare and the next division apply them without it."""
    rules = tmp_path / "rules.toml"
    rules.write_text('[[bounds]]\ncommunities = ["*002"]\nminimum = 150\nmaximum = 250\n', "utf-8")
    done = gridtwin("divide", str(copy), "--rules", str(rules), "--json")
    assert done.returncode == 0, done.stderr
    first = as_json(done)
    assert first["rules"] == {"bounds": [{"minimum": 150, "maximum": 250, "communities": ["*002"]}]}
    assert first["measures"]["share_within_bounds"] == 1.0
    rules.unlink()
    again = as_json(gridtwin("rebalance", str(copy), "--json"))
    assert (again["rules"], again["measures"]["households_moved"]) == (first["rules"], 0)
    compared = as_json(gridtwin("compare-plans", str(copy), "default", "before-rebalance", "--json"))
    assert compared["measures"]["first"]["share_within_bounds"] == 1.0
    code = read_region(copy)["grids"]["code"].iloc[0]
    rules.write_text(f'[[frozen]]\ngrids = ["{code}"]\ndecree = "No. 12"\n', "utf-8")
    frozen = gridtwin("divide", str(copy), "--rules", str(rules), "--max", "200", "--min", "100", "--overwrite")
    assert "0 special-purpose, 1 frozen" in frozen.stdout
    grids = read_region(copy)["grids"].set_index("code")
    assert grids.loc[code, "decree"] == "No. 12"
    assert as_json(gridtwin("divide", str(copy), "--overwrite", "--json"))["measures"]["frozen_grids"] == 1


def test_rules_that_do_not_fit_are_refused(copy: Path, tmp_path: Path) -> None:
    """All faults of a file of rules come in one error, and the region is as it was."""
    rules = tmp_path / "rules.toml"
    rules.write_text('[[bounds]]\nsetting = "rural"\nminimum = 9\n[[frozen]]\ngrids = ["7"]\n', "utf-8")
    before = copy.read_bytes()
    done = gridtwin("divide", str(copy), "--rules", str(rules), "--json")
    assert done.returncode == 3
    assert [fault["code"] for fault in as_json(done)["error"]["faults"]] == ["key_missing", "rule_matches_nothing"]
    assert copy.read_bytes() == before
