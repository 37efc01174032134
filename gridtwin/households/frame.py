"""The columns of the buildings that the estimate reads, and what may be wrong with them."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridtwin.coordinates import require_metric
from gridtwin.errors import Fault, LayerFaultsError, first_ids
from gridtwin.i18n import mark
from gridtwin.schemas import GROUPS

COUNTED, FLATS, ESTIMATED = "counted", "flats", "estimated"
SOURCES = (COUNTED, FLATS, ESTIMATED)
COUNTS = ("households", "persons", *GROUPS, "flats")


def with_columns(buildings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the frame with every column that is read, empty where missing, or raise what is wrong."""
    if buildings.crs is not None:
        require_metric(buildings.crs, "buildings", buildings)
    out = buildings.copy(deep=False)
    for name in COUNTS:
        values = out[name] if name in out.columns else pd.Series(pd.NA, index=out.index)
        out[name] = pd.to_numeric(values, errors="coerce").astype("Float64")
    out["levels"] = pd.to_numeric(out["levels"], errors="coerce") if "levels" in out.columns else np.nan
    for name in ("use", "households_source", "compound_id", "community_id"):
        if name not in out.columns:
            out[name] = pd.Series(None, index=out.index, dtype="str")
    ids = out["building_id"] if "building_id" in out.columns else out.index.to_series()
    faults = [_negative("buildings", name, ids[bad]) for name in COUNTS if (bad := out[name].lt(0).fillna(False)).any()]
    faults += [
        Fault(
            "not_whole",
            mark("{count} values are not whole numbers"),
            "buildings",
            name,
            first_ids(ids[bad]),
            int(bad.sum()),
        )
        for name in COUNTS
        if (bad := (out[name] % 1).gt(0).fillna(False)).any()
    ]
    if faults:
        raise LayerFaultsError(faults)
    return out.astype(dict.fromkeys(COUNTS, "Int64"))


def totals_by_level(
    frame: pd.DataFrame, compounds: pd.Series | None, communities: pd.Series | None
) -> dict[str, pd.Series]:
    """Return whole totals by key column, compounds first; those that are unknown are left out.

    Raises
    ------
    LayerFaultsError
        If a total is negative, or a place has two.
    """
    if compounds is None and "compound_total" in frame.columns:
        column = pd.to_numeric(frame["compound_total"], errors="coerce").astype("float64")
        compounds = column.groupby(frame["compound_id"]).max()
    totals: dict[str, pd.Series] = {}
    faults: list[Fault] = []
    for column_name, given in (("compound_id", compounds), ("community_id", communities)):
        if given is None:
            continue
        known = given.dropna().astype("float64").round()
        known.index = known.index.astype("str")
        totals[column_name] = known
        if (bad := known < 0).any():
            faults.append(_negative("totals", column_name, known.index[bad]))
        if (twice := known.index.duplicated()).any():
            faults.append(_repeated(column_name, known.index[twice]))
    if faults:
        raise LayerFaultsError(faults)
    return totals


def _negative(layer: str, column: str, ids: Any) -> Fault:
    return Fault(
        "below_minimum",
        mark("{count} values are below {limit}"),
        layer,
        column,
        first_ids(ids),
        len(ids),
        params={"limit": 0},
    )


def _repeated(column: str, ids: Any) -> Fault:
    return Fault(
        "key_repeated",
        mark("{count} rows share their key with another row"),
        "totals",
        column,
        first_ids(ids),
        len(ids),
    )
