"""QGIS is killed at every moment of a save: the region is as before or as after, never between."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from gridtwin_qgis.core.region_project import open_region
from gridtwin_qgis.core.safe_save import kept_copy

SCRIPT = Path(__file__).with_name("dying_planner.py")
PLAN = "SELECT unit_id, grid_id FROM units ORDER BY 1"
KEYS = {
    "units of no grid": "SELECT count(*) FROM units WHERE grid_id NOT IN (SELECT grid_id FROM grids)",
    "grids of no unit": "SELECT count(*) FROM grids WHERE grid_id NOT IN (SELECT grid_id FROM units)",
    "buildings elsewhere": "SELECT count(*) FROM buildings b JOIN units u USING (unit_id) WHERE u.grid_id <> b.grid_id",
}


def save_and_die(region: Path, moment: int) -> subprocess.CompletedProcess[str]:
    """Edit and save a region in a QGIS of its own that dies at a moment of the save (0: it lives)."""
    words = [sys.executable, str(SCRIPT), str(region), str(moment)]
    return subprocess.run(words, env=os.environ, capture_output=True, text=True, check=False, timeout=120)


def plan_of(region: Path) -> list[tuple[str, str]]:
    """Return which unit is in which grid."""
    with closing(sqlite3.connect(region)) as connection:
        return connection.execute(PLAN).fetchall()


def faults_of(region: Path) -> dict[str, int]:
    """Return what does not fit together in a region."""
    with closing(sqlite3.connect(region)) as connection:
        counts = {what: connection.execute(query).fetchone()[0] for what, query in KEYS.items()}
        whole = connection.execute("PRAGMA integrity_check").fetchone()[0]
    return {what: count for what, count in counts.items() if count} | ({} if whole == "ok" else {whole: 1})


@pytest.fixture
def saved(town: Path, tmp_path: Path) -> tuple[int, list[tuple[str, str]]]:
    """Return how many moments a save has and the plan after it."""
    region = Path(shutil.copy(town, tmp_path / "saved.gpkg"))
    done = save_and_die(region, 0)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1]), plan_of(region)


def test_a_save_is_whole_whenever_qgis_dies(
    qgis_app: object, qgis_new_project: None, town: Path, tmp_path: Path, saved: tuple[int, list[tuple[str, str]]]
) -> None:
    """Killed at any moment, the region opens again with the plan before or after the save, and all keys fit."""
    moments, after = saved
    before = plan_of(town)
    assert moments >= 8
    assert before != after
    for moment in range(1, moments + 1):
        region = Path(shutil.copy(town, tmp_path / f"killed{moment}.gpkg"))
        assert save_and_die(region, moment).returncode == -signal.SIGKILL
        open_region(region)
        assert plan_of(region) in (before, after), moment
        assert faults_of(region) == {}, moment
        assert not kept_copy(region).exists()
