"""Registers: tables of households with the user's own column names."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from gridtwin.load.mapping import HOUSEHOLDS_TABLE, LayerMapping
from gridtwin.load.tables import read_table
from gridtwin.load.vector import _renamed, _translated, located


def read_register(path: str | Path, *, mapping: LayerMapping | None = None, by: str = "building_id") -> pd.DataFrame:
    """Read a table of households with our column names.

    Parameters
    ----------
    path
        CSV or Excel file.
    mapping
        Names of columns and words, and how to read the file.
    by
        How its rows find their buildings; by ``"location"`` the rows become points.

    Returns
    -------
    DataFrame or GeoDataFrame
        For :func:`gridtwin.load.tables.join_households`.

    Raises
    ------
    InputMissingError, InputError
        If there is no such file, or it cannot be read.
    LayerFaultsError
        If columns that the mapping names, or coordinates, are not there.
    """
    mapping = mapping or LayerMapping()
    table = read_table(path, encoding=mapping.encoding, sheet=mapping.layer)
    table = _translated(_renamed(table, HOUSEHOLDS_TABLE, mapping, ""), mapping)
    return located(table, HOUSEHOLDS_TABLE, mapping=mapping) if by == "location" else table
