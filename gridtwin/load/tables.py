"""Tables: CSV and Excel files in UTF-8 or GB18030, and households joined to their buildings."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridtwin.errors import Fault, InputError, InputMissingError, LayerFaultsError, UsageError, first_ids
from gridtwin.i18n import mark
from gridtwin.load.mapping import COUNT_COLUMNS, HOUSEHOLDS_TABLE
from gridtwin.schemas import conform

JOINS = ("building_id", "compound_id", "location")
EXCEL = (".xlsx", ".xlsm")
TEXT = (".csv", ".txt", ".tsv")
LON_NAMES = ("lon", "lng", "longitude", "经度")
LAT_NAMES = ("lat", "latitude", "纬度")
MAX_DISTANCE_M = 50.0


@dataclass(frozen=True)
class JoinReport:
    """How a table of households found its buildings.

    Attributes
    ----------
    rows
        Rows of the table.
    matched_rows
        Rows that found a building.
    unmatched_ids
        First five of the rows that found none: their id, or their row number as in a spreadsheet.
    households, unmatched_households
        Households of all rows, and of those that found no building.
    buildings
        Buildings that got a count (or, by compound, the total of their compound).
    """

    by: str
    rows: int
    matched_rows: int
    unmatched_ids: tuple[str, ...]
    households: int
    unmatched_households: int
    buildings: int

    @property
    def unmatched_rows(self) -> int:
        """Rows that found no building."""
        return self.rows - self.matched_rows


def read_table(path: str | Path, *, encoding: str = "", sheet: str = "") -> pd.DataFrame:
    """Read a CSV or Excel file; every value comes as text, so that no leading zero is lost.

    Parameters
    ----------
    path
        File of type .csv, .tsv, .txt, .xlsx or .xlsm; commas, semicolons or tabs part the columns of a text.
    encoding
        Text encoding; by default UTF-8 (UTF-16 with a byte-order mark), else GB18030.
    sheet
        Sheet of an Excel file; the first by default.

    Returns
    -------
    DataFrame
        Text columns; empty cells are missing, blanks around words are gone.

    Raises
    ------
    InputMissingError
        If there is no such file or sheet.
    InputError
        ``table_unreadable`` if it is neither, or in another encoding.
    """
    path = Path(path)
    if not path.is_file():
        raise InputMissingError("file_missing", mark("there is no file '{path}'"), path=str(path))
    try:
        if path.suffix.lower() in EXCEL:
            frame = pd.read_excel(path, sheet_name=sheet or 0, dtype=str, engine="openpyxl", keep_default_na=False)
        else:
            text = decoded(path.read_bytes(), encoding)
            frame = pd.read_csv(io.StringIO(text), sep=_separator(text), dtype=str, keep_default_na=False)
    except (UnicodeDecodeError, LookupError, ValueError, zipfile.BadZipFile, KeyError) as error:
        raise InputError(
            "table_unreadable",
            mark("'{path}' cannot be read as a table ({reason}); save it as CSV in UTF-8 or as .xlsx"),
            path=str(path),
            reason=str(error),
        ) from error
    frame.columns = frame.columns.astype(str).str.strip()
    frame = frame.loc[:, ~frame.columns.str.startswith("Unnamed:")]
    words = frame.apply(lambda column: column.str.strip().str.removesuffix(" 00:00:00"))
    return words.mask(words == "").dropna(how="all").reset_index(drop=True)


def decoded(content: bytes, encoding: str = "") -> str:
    """Return bytes as text: in ``encoding``, else by byte-order mark, as UTF-8, or as GB18030."""
    if encoding:
        return content.decode(encoding)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")


def named_column(frame: pd.DataFrame, names: tuple[str, ...]) -> str:
    """Return the column of ``frame`` that has one of ``names``, whatever the case; nothing if none has."""
    by_name = {str(column).strip().lower(): str(column) for column in frame.columns}
    return next((by_name[name] for name in names if name in by_name), "")


def join_households(
    buildings: gpd.GeoDataFrame,
    table: pd.DataFrame | gpd.GeoDataFrame,
    *,
    by: str,
    max_distance_m: float = MAX_DISTANCE_M,
) -> tuple[gpd.GeoDataFrame, JoinReport]:
    """Give buildings the households of a register.

    Parameters
    ----------
    buildings
        Layer ``buildings`` in metres; never changed.
    table
        One row a building, household or compound, with at least one of households, persons and the groups
        (:data:`gridtwin.schemas.GROUPS`); rows of the same building are added up. By ``"location"`` a GeoDataFrame of
        points in any CRS (:func:`gridtwin.load.vector.located`).
    by
        ``"building_id"``, ``"compound_id"`` or ``"location"`` (the building that holds the point, else the
        nearest one).
    max_distance_m
        How far a point may lie from its building, metres, 0 or more.

    Returns
    -------
    GeoDataFrame
        With ``households_source`` "counted" where households were given. By compound, counts stay as they
        are and the further column ``compound_total`` (Int64) holds the households of each building's compound.
    JoinReport
        What matched and what did not.

    Raises
    ------
    UsageError
        If ``by`` is none of these, or ``max_distance_m`` is negative.
    LayerFaultsError
        If the table lacks its key or any count, or holds counts that are no whole numbers from 0 up.
    """
    if by not in JOINS:
        raise UsageError("join_unknown", mark("households join by one of: {known}"), known=", ".join(JOINS))
    if max_distance_m < 0:
        raise UsageError("negative", mark("the distance must not be negative"))
    counts = _counts(table, by)
    if by == "location":
        target = _nearest(buildings, table, max_distance_m)
        keys = pd.Series((np.arange(len(table)) + 2).astype(str))  # as a spreadsheet numbers them
    else:
        keys = _keys(table[by])
        target = _first_place(_keys(buildings[by]), keys)
    found = target >= 0
    if by == "compound_id":
        if "households" not in counts:
            raise LayerFaultsError([_missing("households")])
        out = _with_totals(buildings, counts["households"], keys)
        reached = int(out["compound_total"].notna().sum())
    else:
        out = _with_counts(buildings, counts[found], target[found])
        reached = len(np.unique(target[found]))
    households = counts["households"].fillna(0) if "households" in counts else pd.Series(0, index=counts.index)
    return out, JoinReport(
        by=by,
        rows=len(table),
        matched_rows=int(found.sum()),
        unmatched_ids=first_ids(keys[~found].fillna("—")),
        households=int(households.sum()),
        unmatched_households=int(households[~found].sum()),
        buildings=reached,
    )


def _counts(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return the counts of the table as whole numbers, or raise everything that is wrong with them."""
    names = [name for name in COUNT_COLUMNS if name in table.columns]
    faults = [] if names else [_missing("households")]
    if by == "location":
        if not isinstance(table, gpd.GeoDataFrame):
            faults.append(_missing("lon"))
    elif by not in table.columns:
        faults.append(_missing(by))
    typed = pd.DataFrame(index=range(len(table)))
    try:
        typed = conform(_as_buildings(table, names), "buildings", strict_geometry=False)[names]
    except LayerFaultsError as error:
        faults += [
            Fault(f.code, f.message, HOUSEHOLDS_TABLE, f.column, f.ids, f.count, f.hint, params=f.params)
            for f in error.faults
        ]
    if faults:
        raise LayerFaultsError(faults)
    return pd.DataFrame(typed)


def _as_buildings(table: pd.DataFrame, names: list[str]) -> gpd.GeoDataFrame:
    """Return the counts as if they were buildings, whose ids are row numbers as a spreadsheet shows them."""
    frame = pd.DataFrame({name: table[name].to_numpy() for name in names}, index=range(len(table)))
    frame["building_id"] = (np.arange(len(table)) + 2).astype(str)
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries([None] * len(table), index=frame.index))


def _missing(column: str) -> Fault:
    return Fault(
        "column_missing",
        mark("the column is missing"),
        HOUSEHOLDS_TABLE,
        column,
        hint=mark("add it, or name the column that holds it in a mapping file"),
    )


def _keys(values: pd.Series) -> pd.Series:
    text = values.astype("object").map(lambda v: str(v).strip(), na_action="ignore")
    return text.where(text.notna(), None).reset_index(drop=True)


def _first_place(known: pd.Series, keys: pd.Series) -> NDArray[np.int64]:
    """Return the first row of ``known`` that has each key, −1 where none has or the key is missing."""
    first = known[known.notna()].drop_duplicates()
    at = pd.Index(first).get_indexer(pd.Index(keys))
    rows = np.append(first.index.to_numpy(np.int64), -1)
    return np.where(keys.isna().to_numpy(), -1, rows[at])


def _nearest(buildings: gpd.GeoDataFrame, points: gpd.GeoDataFrame, max_distance_m: float) -> NDArray[np.int64]:
    """Return the row of the building at or nearest to each point, −1 beyond ``max_distance_m``.

    Of several that hold the point, or are equally near, the one whose row comes first.
    """
    shapes = points.geometry.to_crs(buildings.crs).to_numpy()
    target = np.full(len(shapes), -1, dtype=np.int64)
    usable = np.flatnonzero(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))
    if len(usable) and len(buildings):
        tree = shapely.STRtree(buildings.geometry.to_numpy())
        at, near = tree.query_nearest(shapes[usable], max_distance=max(max_distance_m, 1e-9))
        order = np.lexsort((near, at))
        at, near = at[order], near[order]
        first = np.unique(at, return_index=True)[1]
        target[usable[at[first]]] = near[first]
    return target


def _with_counts(buildings: gpd.GeoDataFrame, counts: pd.DataFrame, target: NDArray[np.int64]) -> gpd.GeoDataFrame:
    """Return the buildings with the sums of the counts of their rows; others keep what they have."""
    sums = counts.groupby(target).sum(min_count=1)
    new: dict[str, Any] = {}
    for name in sums.columns:
        values = buildings[name].astype("Int64").reset_index(drop=True).copy()
        given = sums[name].dropna()
        values.loc[given.index] = given.astype("Int64")
        new[name] = values.to_numpy()
    out = buildings.assign(**{name: pd.array(values, dtype="Int64") for name, values in new.items()})
    if "households" in sums.columns:
        source = buildings["households_source"].to_numpy(dtype=object).copy()
        source[sums["households"].dropna().index.to_numpy(np.int64)] = "counted"
        out["households_source"] = pd.Series(source, index=out.index).astype("str")
    return out


def _with_totals(buildings: gpd.GeoDataFrame, households: pd.Series, keys: pd.Series) -> gpd.GeoDataFrame:
    """Return the buildings with the households of their compound."""
    totals = households.groupby(keys.to_numpy()).sum(min_count=1)
    total = _keys(buildings["compound_id"]).map(totals)
    return buildings.assign(compound_total=pd.array(total.to_numpy(), dtype="Int64"))


def _separator(text: str) -> str:
    head = text.split("\n", 1)[0]
    return max(",;\t", key=head.count)
