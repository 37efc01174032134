"""Where the households of a region come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridtwin.households.assumptions import UNKNOWN, HouseholdAssumptions
from gridtwin.households.frame import COUNTED, ESTIMATED, SOURCES, totals_by_level, with_columns


@dataclass(frozen=True)
class HouseholdSummary:
    """Where the households of a region come from.

    Attributes
    ----------
    households, persons
        Sums over all buildings.
    counted_share, flats_share, estimated_share
        Shares of the households by source; they add up to 1 (all 0 without households).
    buildings_by_source, households_by_source
        Numbers by ``households_source``.
    points
        Buildings drawn as points whose floor area is an assumption.
    levels_assumed
        Buildings whose storeys are an assumption.
    use_unknown
        Buildings without a known use among those estimated from their floor area.
    unmet
        Totals that could not be kept: level (compound or community), id, wanted, placed. The counted
        buildings alone exceed such a total, or no other building lies in it.
    """

    households: int
    persons: int
    counted_share: float
    flats_share: float
    estimated_share: float
    buildings_by_source: Mapping[str, int]
    households_by_source: Mapping[str, int]
    points: int
    levels_assumed: int
    use_unknown: int
    unmet: pd.DataFrame = field(repr=False)

    def summary(self) -> dict[str, Any]:
        """Return the summary as plain values, ready for a table or JSON."""
        plain = {name: value for name, value in vars(self).items() if name != "unmet"}
        return plain | {"unmet": self.unmet.to_dict("records")}


def counted_share(buildings: pd.DataFrame) -> float:
    """Return the share of the households that someone counted, 0–1 (0 without households)."""
    homes = buildings["households"].fillna(0).to_numpy(np.float64)
    total = float(homes.sum())
    counted = buildings["households_source"].eq(COUNTED).fillna(False).to_numpy(bool)
    return float(homes[counted].sum()) / total if total else 0.0


def household_summary(
    buildings: gpd.GeoDataFrame,
    *,
    assumptions: HouseholdAssumptions | None = None,
    community_totals: pd.Series | None = None,
    compound_totals: pd.Series | None = None,
) -> HouseholdSummary:
    """Return where the households of ``buildings`` come from, and which totals they miss.

    Parameters
    ----------
    buildings
        As :func:`estimate_households` returns them.
    assumptions, community_totals, compound_totals
        As they were given to it.
    """
    frame = with_columns(buildings)
    assumptions = assumptions or HouseholdAssumptions.read()
    homes = frame["households"].fillna(0).to_numpy(np.int64)
    is_source = {name: frame["households_source"].eq(name).fillna(False).to_numpy(bool) for name in SOURCES}
    by_source = {name: int(homes[rows].sum()) for name, rows in is_source.items()}
    total = int(homes.sum())
    counted, flats, estimated = (by_source[name] / total if total else 0.0 for name in SOURCES)
    guessed = is_source[ESTIMATED]
    unknown = assumptions.use_of(frame["use"]).eq(UNKNOWN).to_numpy(bool)
    totals = totals_by_level(frame, compound_totals, community_totals)
    return HouseholdSummary(
        households=total,
        persons=int(frame["persons"].fillna(0).sum()),
        counted_share=counted,
        flats_share=flats,
        estimated_share=estimated,
        buildings_by_source={name: int(rows.sum()) for name, rows in is_source.items()},
        households_by_source=by_source,
        points=int((guessed & frame.geometry.geom_type.eq("Point").to_numpy(bool)).sum()),
        levels_assumed=int((guessed & ~frame["levels"].gt(0).to_numpy(bool)).sum()),
        use_unknown=int((guessed & unknown).sum()),
        unmet=_unmet(frame, totals),
    )


def _unmet(frame: pd.DataFrame, totals: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Return the totals that the buildings miss."""
    rows: list[dict[str, Any]] = []
    for column, wanted in totals.items():
        placed = frame["households"].groupby(frame[column]).sum().reindex(wanted.index).fillna(0)
        off = wanted.to_numpy(np.int64) != placed.to_numpy(np.int64)
        rows += [
            {"level": column.removesuffix("_id"), "id": str(key), "wanted": int(want), "placed": int(have)}
            for key, want, have in zip(wanted.index[off], wanted[off], placed[off], strict=True)
        ]
    return pd.DataFrame(rows, columns=["level", "id", "wanted", "placed"])
