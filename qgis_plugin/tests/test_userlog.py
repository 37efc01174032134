"""The user log: every step of any tool, written when the edits are saved."""

from __future__ import annotations

import csv
import json
import sqlite3
import subprocess
from pathlib import Path

import pytest
from gridtwin_qgis.core.plans import PlanBook
from gridtwin_qgis.core.session import RegionSession
from gridtwin_qgis.core.userlog import UserLog, matching, write_log
from test_plans import book, move_one, session

__all__ = ["book", "session"]


@pytest.fixture
def log(book: PlanBook) -> UserLog:
    """Return the log of the toy town, kept by Li."""
    return UserLog(book, "Li")


def test_a_step_is_logged(log: UserLog, session: RegionSession) -> None:
    """An entry says who did what when, from which grid into which, and how many households moved."""
    unit, old, new = move_one(session)
    (entry,) = log.entries()
    assert (entry.by, entry.action, entry.plan) == ("Li", "move", "default")
    assert (entry.units, entry.sources, entry.targets) == ({unit: (old, new)}, (old,), (new,))
    assert entry.households_moved == 100
    assert entry.edit_id == ""


def test_undone_steps_are_not_saved(log: UserLog, session: RegionSession) -> None:
    """What was undone when the planner saves is no part of the log."""
    move_one(session)
    move_one(session)
    session.undo()
    assert [entry.undone for entry in log.entries()] == [False, True]
    session.save()
    (entry,) = log.entries()
    assert entry.edit_id == "e000001"


def test_a_step_done_again_counts(log: UserLog, session: RegionSession) -> None:
    """A step that was undone and done again is in the log once."""
    move_one(session)
    session.undo()
    session.redo()
    session.save()
    assert [entry.edit_id for entry in log.entries()] == ["e000001"]


def test_dropped_edits_are_not_logged(log: UserLog, session: RegionSession) -> None:
    """Edits that are dropped leave no entry."""
    move_one(session)
    session.roll_back()
    assert log.entries() == ()


def test_the_log_goes_on_after_saving(log: UserLog, session: RegionSession) -> None:
    """Entries are numbered through over several savings."""
    for _ in range(2):
        move_one(session)
        session.save()
    assert [entry.edit_id for entry in log.entries()] == ["e000001", "e000002"]


def test_any_tool_is_logged(log: UserLog, session: RegionSession) -> None:
    """A change of the attribute table is logged like a tool of the plugin."""
    unit, other = sorted(session.register, key=lambda unit: unit.unit_id)[0], None
    other = min(
        u.grid_id for u in session.register if u.community_id == unit.community_id and u.grid_id != unit.grid_id
    )
    session.start_editing()
    session.units.changeAttributeValue(unit.fid, session.units.fields().lookupField("grid_id"), other)
    (entry,) = log.entries()
    assert entry.units == {unit.unit_id: (unit.grid_id, other)}


def test_locks_are_logged(log: UserLog, session: RegionSession) -> None:
    """Locking a grid and a unit is in the log, with what was locked."""
    unit = min(session.register, key=lambda unit: unit.unit_id)
    with session.edit("lock"):
        session.set_grid_locked(unit.grid_id, True)
    with session.edit("pin"):
        session.set_unit_locked(unit.fid, True)
    session.save()
    first, second = log.entries()
    assert (first.locked, second.pinned) == ({unit.grid_id: True}, {unit.unit_id: True})


def test_switching_is_no_edit(log: UserLog, book: PlanBook, session: RegionSession) -> None:
    """Switching plans moves units, but is no edit of any plan."""
    book.branch("variant")
    move_one(session)
    session.save()
    book.switch("default")
    assert [entry.action for entry in log.entries()] == ["move"]


def test_the_engine_undoes_what_is_logged(
    log: UserLog, session: RegionSession, town: Path, engine_python: str, tmp_path: Path
) -> None:
    """The engine reads the log and undoes an edit made in QGIS."""
    unit, old, _ = move_one(session)
    session.save(stop=True)
    out = tmp_path / "undone.gpkg"
    call = [engine_python, "-I", "-m", "gridtwin", "edit", str(town), "--undo", "--output", str(out), "--json"]
    done = subprocess.run(call, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr
    with sqlite3.connect(out) as file:
        (grid,) = file.execute("SELECT grid_id FROM units WHERE unit_id = ?", (unit,)).fetchone()
    assert grid == old


def test_filter_and_export(log: UserLog, session: RegionSession, tmp_path: Path) -> None:
    """Entries can be filtered by text, plan and user, and written as a table that spreadsheets read."""
    _, old, new = move_one(session)
    entries = log.entries()
    assert matching(entries, text=new.upper(), plan="default", by="Li") == list(entries)
    assert matching(entries, text="no such grid") == matching(entries, plan="other") == matching(entries, by="Wu") == []
    write_log(entries, tmp_path / "log.csv")
    with (tmp_path / "log.csv").open(encoding="utf-8-sig", newline="") as file:
        titles, row = csv.reader(file)
    assert (row[1], row[2], row[4], row[5], row[7]) == ("Li", "default", old, new, "100")
    assert len(titles) == len(row)


def test_rows_are_as_the_engine_writes_them(log: UserLog, session: RegionSession) -> None:
    """The changes of a row name units and flags before and after."""
    unit, old, new = move_one(session)
    session.save()
    changes = json.loads(log._book.tables.rows("edits")[0]["changes"])
    assert changes == {"units": {unit: [old, new]}, "pinned": {}, "locked": {}, "searched": {}, "proved": {}}
