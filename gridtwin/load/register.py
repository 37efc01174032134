"""Registers: tables of households with the user's own column names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from gridtwin.load.mapping import HOUSEHOLDS_TABLE, LayerMapping
from gridtwin.load.vector import LayerSource, located, named, placed


def read_register(path: str | Path, *, mapping: LayerMapping | None = None, by: str = "building_id") -> Any:
    """Read a table of households for :func:`gridtwin.load.tables.join_households`.

    Parameters
    ----------
    path
        CSV or Excel file, or a vector file whose attributes are the table.
    mapping
        Names of its columns (section ``[households]`` of a mapping file), encoding, datum and CRS.
    by
        How its rows find their buildings; by ``"location"`` they come back as points.

    Returns
    -------
    DataFrame, or GeoDataFrame by location
        One row a row of the file, with our column names.

    Raises
    ------
    InputMissingError, InputError
        If there is no such file, or it cannot be read, or its coordinates have no CRS.
    LayerFaultsError
        If columns that the mapping names, or coordinates, are not there.
    """
    frame = named(LayerSource(Path(path), mapping), HOUSEHOLDS_TABLE)
    if by != "location":
        return pd.DataFrame(frame.drop(columns="geometry", errors="ignore"))
    if isinstance(frame, gpd.GeoDataFrame):
        return placed(frame, HOUSEHOLDS_TABLE, mapping, "")
    return located(frame, HOUSEHOLDS_TABLE, mapping=mapping)
