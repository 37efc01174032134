"""Data tables are found in a checkout and in an installed package."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridtwin.errors import InputMissingError
from gridtwin.load import datafiles


def test_tables_of_the_checkout() -> None:
    """The facility table is found, and its comments are no rows."""
    assert datafiles.data_path("osm_facilities.csv").is_file()
    assert {"kind", "key", "value"} == set(datafiles.read_rows("osm_facilities.csv")[0])


def test_tables_of_an_installed_package_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside a wheel the tables lie in the package's own folder."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "t.csv").write_text("# note\nkind\n诊所\n", "utf-8")
    monkeypatch.setattr(datafiles, "_PACKAGE", tmp_path)
    assert datafiles.read_rows("t.csv") == [{"kind": "诊所"}]


def test_a_missing_table_says_so() -> None:
    """A table that is nowhere is an error that names it."""
    with pytest.raises(InputMissingError, match=r"none\.csv"):
        datafiles.data_path("none.csv")
