"""Where the data tables that come with GridTwin lie."""

from __future__ import annotations

import csv
from pathlib import Path

from gridtwin.errors import InputMissingError
from gridtwin.i18n import mark

_PACKAGE = Path(__file__).resolve().parents[1]


def data_path(name: str) -> Path:
    """Return the path of a data table: in the installed package, or beside it in a checkout.

    Parameters
    ----------
    name
        File name, such as ``"osm_facilities.csv"``.

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


def read_rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a data table by column; lines that start with ``#`` are comments."""
    lines = data_path(name).read_text("utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if line.strip() and not line.startswith("#")))
