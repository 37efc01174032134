"""Data tables: those that come with GridTwin, and a user's own of the same columns."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from gridtwin.errors import Fault, InputMissingError, LayerFaultsError
from gridtwin.i18n import mark

_PACKAGE = Path(__file__).resolve().parents[1]


def data_path(name: str) -> Path:
    """Return the path of a data table: in the installed package, or beside it in a checkout.

    Parameters
    ----------
    name
        File name, such as ``"facility_kinds.csv"``.

    Raises
    ------
    InputMissingError
        If there is no such table.
    """
    for folder in (_PACKAGE / "data", _PACKAGE.parent / "data"):
        if (folder / name).is_file():
            return folder / name
    raise InputMissingError(
        "data_file_missing",
        mark("GridTwin's data table '{name}' is missing; install GridTwin again"),
        name=name,
    )


def table_rows(path: str | Path, needed: Iterable[str]) -> list[dict[str, str]]:
    """Return the rows of a data table by column, without blanks around words.

    Parameters
    ----------
    path
        CSV with commas, in UTF-8 or GB18030; lines that start with ``#`` are comments.
    needed
        Columns that it must have.

    Raises
    ------
    InputMissingError
        If there is no such file.
    LayerFaultsError
        If columns are missing, or there are no rows.
    """
    path = Path(path)
    if not path.is_file():
        raise InputMissingError("file_missing", mark("there is no file '{path}'"), path=str(path))
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030", errors="replace")
    reader = csv.DictReader(line for line in text.splitlines() if line.strip() and line[0] != "#")
    rows = [{str(key): (value or "").strip() for key, value in row.items() if key is not None} for row in reader]
    missing = [name for name in needed if not rows or name not in rows[0]]
    if missing:
        raise LayerFaultsError(
            [
                Fault("column_missing", mark("the column is missing"), path.name, name, hint=mark("add it"))
                for name in missing
            ]
        )
    return rows
