"""Saving is whole or not at all."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from gridtwin_qgis.core.errors import RegionFileError
from gridtwin_qgis.core.safe_save import SaveGuard, kept_copy, undo_interrupted_save


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file of one number, in the journal mode that QGIS uses."""
    path = tmp_path / "region.gpkg"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE numbers (number)")
        connection.execute("INSERT INTO numbers VALUES (1)")
        connection.commit()
    return path


def number(path: Path) -> int:
    """Return the number in a file."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT number FROM numbers").fetchone()[0]


def write(path: Path, value: int) -> None:
    """Put another number into a file."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE numbers SET number = ?", [value])
        connection.commit()


def died(guard: SaveGuard) -> None:
    """Let go of what a process holds when it dies."""
    guard._lock.close()


def test_a_save_that_ends_leaves_nothing_behind(file: Path) -> None:
    """After a save there is the region alone, as it was written."""
    guard = SaveGuard(file)
    guard.begin()
    write(file, 2)
    guard.end()
    assert not undo_interrupted_save(file)
    assert number(file) == 2
    assert [p.name for p in file.parent.iterdir() if "before" in p.name] == []


def test_an_interrupted_save_is_taken_back(file: Path) -> None:
    """What a dead save had written is undone, once."""
    guard = SaveGuard(file)
    guard.begin()
    write(file, 2)
    died(guard)
    assert undo_interrupted_save(file)
    assert number(file) == 1
    assert not undo_interrupted_save(file)


def test_a_save_that_runs_is_left_alone(file: Path) -> None:
    """Opening the region from elsewhere does not undo a save that is going on."""
    guard = SaveGuard(file)
    guard.begin()
    write(file, 2)
    assert not undo_interrupted_save(file)
    assert number(file) == 2
    guard.end()


def test_what_is_still_in_the_journal_is_kept(file: Path) -> None:
    """Writes that are not yet in the main file belong to the region as it was."""
    with closing(sqlite3.connect(file)) as other:
        other.execute("UPDATE numbers SET number = 5")
        other.commit()
        guard = SaveGuard(file)
        guard.begin()
        write(file, 6)
        died(guard)
        undo_interrupted_save(file)
    assert number(file) == 5


def test_beginning_twice_keeps_the_first(file: Path) -> None:
    """A save of several layers goes back to before the first."""
    guard = SaveGuard(file)
    guard.begin()
    write(file, 2)
    guard.begin()
    died(guard)
    undo_interrupted_save(file)
    assert number(file) == 1


def test_half_a_copy_is_no_copy(file: Path) -> None:
    """Dying while the copy is made leaves the region as it is."""
    kept = kept_copy(file)
    kept.with_name(f"{kept.name}.part").write_bytes(b"half")
    assert not undo_interrupted_save(file)
    guard = SaveGuard(file)
    guard.begin()
    died(guard)
    assert number(kept) == 1


def test_a_damaged_copy_is_refused(file: Path) -> None:
    """A copy that cannot be read is reported and kept."""
    kept_copy(file).write_bytes(b"no database at all" * 100)
    with pytest.raises(RegionFileError, match="interrupted"):
        undo_interrupted_save(file)
    assert number(file) == 1
    assert kept_copy(file).exists()
