"""The user's columns and words become ours."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from gridtwin.errors import Fault, LayerFaultsError
from gridtwin.i18n import mark
from gridtwin.load.mapping import LayerMapping, close_match, columns_of
from gridtwin.load.shapefiles import FIELD_BYTES, cut_name


def renamed(frame: pd.DataFrame, name: str, mapping: LayerMapping, encoding: str) -> pd.DataFrame:
    """Return the frame with our column names; ``encoding`` is that of a shapefile, which cuts names."""
    theirs = {str(column): column for column in frame.columns if column != "geometry"}
    taken: dict[str, str] = {}
    faults = []
    for ours, wanted in mapping.columns.items():
        found = _find(wanted, theirs, encoding)
        if found:
            taken[ours] = found
        else:
            faults.append(_not_there(name, ours, wanted, theirs))
    if faults:
        raise LayerFaultsError(faults)
    for ours in columns_of(name):
        found = "" if ours in taken else _ours(ours, theirs, encoding)
        if found and found not in taken.values():
            taken[ours] = found
    new = {ours: frame[column] for ours, column in taken.items()}
    replaced = {*taken.values(), *new} & {*frame.columns}
    return frame.drop(columns=list(replaced)).assign(**new)


def _ours(name: str, theirs: Mapping[str, str], encoding: str) -> str:
    """Return the file's column that has our name: as it is, in capitals, or cut to ten letters by a shapefile.

    Other spellings do not count: a column ``Street_ID`` may well number the streets of a gazetteer.
    """
    cut = name[:FIELD_BYTES] if encoding else name
    return next((word for word in (name, name.upper(), cut, cut.upper()) if word in theirs), "")


def _find(wanted: str, theirs: Mapping[str, str], encoding: str) -> str:
    """Return the file's column called ``wanted``, in any case, or cut to ten bytes by a shapefile."""
    if wanted in theirs:
        return wanted
    names = {wanted.lower()}
    if encoding and len(wanted.encode(encoding, "replace")) > FIELD_BYTES:
        names.add(cut_name(wanted, encoding).lower())
    found = [column for column in theirs if column.strip().lower() in names]
    return found[0] if len(found) == 1 else ""


def _not_there(name: str, ours: str, wanted: str, theirs: Mapping[str, str]) -> Fault:
    near = close_match(wanted, theirs)
    return Fault(
        "mapped_column_missing",
        mark("the file has no column '{wanted}'"),
        name,
        ours,
        hint=mark("did you mean '{near}'?") if near else mark("its columns are: {columns}"),
        params={"wanted": wanted, "near": near, "columns": ", ".join(theirs)},
    )


def translated(frame: pd.DataFrame, mapping: LayerMapping) -> pd.DataFrame:
    """Return the frame with our words in the columns whose words the mapping translates."""
    new = {}
    for column, words in mapping.values.items():
        if column in frame.columns:
            text = frame[column].astype("object")
            new[column] = text.map(lambda value, words=words: words.get(str(value).strip(), value), na_action="ignore")
    return frame.assign(**new) if new else frame
