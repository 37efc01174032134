"""QGIS or the engine is killed: nothing that was saved is lost, and the region opens again."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from .planner import Planner
from .screen import Screen
from .window import Profile, Window, open_window

GRIP, GOAL = (200.0, 50.0), (292.0, 50.0)
IN_003, BESIDE, IN_002 = (250.0, 50.0), (250.0, 150.0), (150.0, 150.0)
MOMENTS = 3  # at which QGIS is killed while it saves; the moments inside a save are each tried in test_save_dies
UNTIL_SAVED_S = 0.25
FAULTS = (
    "SELECT count(*) FROM units WHERE grid_id NOT IN (SELECT grid_id FROM grids)",
    "SELECT count(*) FROM grids WHERE grid_id NOT IN (SELECT grid_id FROM units)",
    "SELECT count(*) FROM buildings b JOIN units u USING (unit_id) WHERE u.grid_id <> b.grid_id",
)


class Office:
    """A profile and a region that outlive a QGIS that dies."""

    def __init__(self, screen: Screen, profile: Profile, region: Path) -> None:
        self.screen, self.profile, self.region = screen, profile, region

    @contextmanager
    def at_work(self) -> Iterator[Planner]:
        """Yield a planner at a new window in which the region is open."""
        with open_window(self.screen, self.profile) as window:
            planner = Planner(window, self.region)
            planner.open_region()
            yield planner

    def plan(self) -> dict[str, str]:
        """Return which unit is in which grid in the file."""
        with closing(sqlite3.connect(self.region)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            return dict(connection.execute("SELECT unit_id, grid_id FROM units"))

    def faults(self) -> list[int]:
        """Return how many keys do not fit, by question."""
        with closing(sqlite3.connect(self.region)) as connection:
            return [connection.execute(query).fetchone()[0] for query in FAULTS]


@pytest.fixture
def office(screen: Screen, plugin_zip: Path, engine_python: str, town: Path, tmp_path: Path) -> Office:
    """Return a fresh profile and a copy of the toy town."""
    return Office(screen, Profile.create(tmp_path / "profiles", plugin_zip, engine=engine_python), town)


def engines(window: Window) -> list[int]:
    """Return the processes of the engine that QGIS has started."""
    return [pid for pid in window.children() if b"gridtwin" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def start_divide(planner: Planner) -> int:
    """Have the engine divide the region, and return its process while it works."""
    planner.open_algorithm("divide")
    planner.run_algorithm()
    return planner.window.wait(lambda: engines(planner.window), "the engine", within_s=30)[0]


def test_an_engine_that_is_killed_leaves_the_region_and_the_window(office: Office) -> None:
    """The window says that the engine has ended, the file is as it was, and the next call works."""
    with office.at_work() as planner:
        before = hashlib.sha256(office.region.read_bytes()).hexdigest()
        os.kill(start_divide(planner), signal.SIGKILL)
        planner.window.wait(lambda: not planner.window.ask("tasks"), "the end of the task")
        assert planner.results() == []
        assert hashlib.sha256(office.region.read_bytes()).hexdigest() == before
        planner.close_dialog()
        start_divide(planner)
        planner.window.wait(planner.results, "the divided region", within_s=90)


def test_an_engine_ends_with_the_qgis_that_called_it(office: Office) -> None:
    """After QGIS was killed its engine does not run on, and the region opens."""
    with office.at_work() as planner:
        engine = start_divide(planner)
        planner.window.kill()
    end = time.monotonic() + 60
    while Path(f"/proc/{engine}").exists() and time.monotonic() < end:
        time.sleep(0.1)
    assert not Path(f"/proc/{engine}").exists()
    with office.at_work() as planner:
        assert planner.totals() == (2000, 2000)


def test_edits_that_were_saved_survive_those_that_were_not(office: Office) -> None:
    """QGIS is killed in the middle of a second edit: the first, which was saved, is there."""
    with office.at_work() as planner:
        planner.move_boundary(GRIP, GOAL)
        planner.window.wait(lambda: planner.editing()["grids"]["modified"], "the first edit")
        planner.save()
        planner.window.wait(lambda: not planner.editing()["grids"]["modified"], "the save")
        saved = planner.plan()
        planner.paint(IN_003, [BESIDE, IN_002])
        planner.window.wait(lambda: planner.editing()["grids"]["modified"], "the second edit")
        assert planner.plan() != saved
        planner.window.kill()
    assert office.plan() == saved
    with office.at_work() as planner:
        assert planner.plan() == saved
        assert planner.totals() == (2000, 2000)


@pytest.mark.parametrize("moment", range(MOMENTS))
def test_a_save_is_whole_or_not_at_all(office: Office, moment: int) -> None:
    """QGIS is killed soon after the planner has pressed Save: the region has the plan before or after."""
    delay_s = random.Random(moment).uniform(0, UNTIL_SAVED_S)
    with office.at_work() as planner:
        before = planner.plan()
        planner.move_boundary(GRIP, GOAL)
        planner.window.wait(lambda: planner.editing()["grids"]["modified"], "the edit")
        after = planner.plan()
        planner.save()
        time.sleep(delay_s)
        planner.window.kill()
    with office.at_work() as planner:
        assert planner.plan() in (before, after)
        assert planner.totals() == (2000, 2000)
    assert office.faults() == [0, 0, 0]
