"""Data tables are found in a checkout and in an installed package."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridtwin.errors import InputMissingError, LayerFaultsError
from gridtwin.load import datafiles


def test_tables_of_the_checkout() -> None:
    """The table of kinds is found, and its comments are no rows."""
    rows = datafiles.table_rows(datafiles.data_path("facility_kinds.csv"), ("kind", "en", "zh"))
    assert rows[0]["kind"] == "clinic"
    assert not any(row["kind"].startswith("#") for row in rows)


def test_tables_of_an_installed_package_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside a wheel the tables lie in the package's own folder."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "t.csv").write_text("# note\nkind\n诊所\n", "utf-8")
    monkeypatch.setattr(datafiles, "_PACKAGE", tmp_path)
    assert datafiles.table_rows(datafiles.data_path("t.csv"), ("kind",)) == [{"kind": "诊所"}]


def test_a_missing_table_says_so() -> None:
    """A table that is nowhere is an error that names it."""
    with pytest.raises(InputMissingError, match=r"none\.csv"):
        datafiles.data_path("none.csv")


def test_a_users_table_may_be_in_gb18030(tmp_path: Path) -> None:
    """Chinese offices write GB18030; blanks around words go, cells that a row lacks are empty."""
    path = tmp_path / "t.csv"
    path.write_bytes("kind,en,zh\n clinic , Clinic,诊所\nbath\n".encode("gb18030"))
    assert datafiles.table_rows(path, ("kind",)) == [
        {"kind": "clinic", "en": "Clinic", "zh": "诊所"}, {"kind": "bath", "en": "", "zh": ""},
    ]  # fmt: skip


def test_missing_files_and_columns_are_told(tmp_path: Path) -> None:
    """Without the file, or without columns that are needed, the error names them."""
    with pytest.raises(InputMissingError, match=r"no\.csv"):
        datafiles.table_rows(tmp_path / "no.csv", ("kind",))
    (tmp_path / "t.csv").write_text("kind\nclinic\n")
    with pytest.raises(LayerFaultsError) as error:
        datafiles.table_rows(tmp_path / "t.csv", ("kind", "en", "zh"))
    assert [fault.column for fault in error.value.faults] == ["en", "zh"]
