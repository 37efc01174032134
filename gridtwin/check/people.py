"""Households: missing, negative, not to be believed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridtwin.check.report import rows_fault
from gridtwin.errors import Fault
from gridtwin.i18n import mark
from gridtwin.schemas import GROUPS

MANY_HOUSEHOLDS = 2_000  # assumption: more in one building are a slip of the pen, or a whole compound
MANY_A_FLAT = 3.0  # assumption: more households than three a flat are not to be believed
_COUNTS = ("households", "persons", *GROUPS)


def household_faults(layers: Mapping[str, Any]) -> list[Fault]:
    """Return what is wrong with the people of the buildings."""
    buildings = layers.get("buildings")
    if buildings is None or not len(buildings):
        return []
    homes = _numbers(buildings, "households")
    known = np.isfinite(homes)
    if not known.any():
        return [
            Fault(
                "households_unknown",
                mark("no building has a number of households"),
                "buildings",
                "households",
                count=len(buildings),
                hint=mark("'gridtwin build' estimates them from flats, floor area, totals or a raster"),
            )
        ]
    faults = rows_fault(
        "households_missing",
        mark("{count} buildings have no number of households and count as empty"),
        "buildings",
        buildings,
        ~known,
        column="households",
        severity="warning",
        hint=mark("fill in 0 where nobody lives; 'gridtwin build' estimates the others"),
    )
    for name in _COUNTS:
        faults += rows_fault(
            "below_minimum",
            mark("{count} values are below {limit}"),
            "buildings",
            buildings,
            _numbers(buildings, name) < 0,
            column=name,
            hint=mark("correct the numbers"),
            limit=0,
        )
    return faults + _doubtful_faults(buildings, homes)


def _doubtful_faults(buildings: pd.DataFrame, homes: NDArray[np.float64]) -> list[Fault]:
    """Return counts that are hard to believe, and estimates that rest on little."""
    flats, levels = _numbers(buildings, "flats"), _numbers(buildings, "levels")
    guessed = np.zeros(len(buildings), bool)
    if "households_source" in buildings.columns:
        guessed = buildings["households_source"].eq("estimated").fillna(False).to_numpy(bool)
    return [
        *rows_fault(
            "households_many",
            mark("{count} buildings have more than {limit} households"),
            "buildings",
            buildings,
            homes > MANY_HOUSEHOLDS,
            column="households",
            severity="warning",
            limit=MANY_HOUSEHOLDS,
            hint=mark("check them; if one row stands for many buildings, draw these"),
        ),
        *rows_fault(
            "households_beyond_flats",
            mark("{count} buildings have more than {factor:g} households a flat"),
            "buildings",
            buildings,
            (flats > 0) & (homes > MANY_A_FLAT * flats),
            column="households",
            severity="warning",
            factor=MANY_A_FLAT,
            hint=mark("correct households or flats"),
        ),
        *rows_fault(
            "levels_missing",
            mark("{count} buildings are estimated without knowing their storeys"),
            "buildings",
            buildings,
            guessed & (homes > 0) & ~(levels > 0),
            column="levels",
            severity="warning",
            hint=mark("fill in the storeys and build again; a tower taken for a low house hides many homes"),
        ),
    ]


def _numbers(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """Return a column as numbers, NaN where it is empty or missing."""
    if name not in frame.columns:
        return np.full(len(frame), np.nan)
    values = pd.to_numeric(frame[name], errors="coerce").astype("Float64")
    return np.asarray(values.to_numpy(np.float64, na_value=np.nan))
