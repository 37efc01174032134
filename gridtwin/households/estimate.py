"""Households, persons and groups of every building."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridtwin.errors import UsageError
from gridtwin.households.assumptions import (
    MIN_DWELLING_M2,
    PERSONS_PER_HOUSEHOLD,
    UNKNOWN,
    GroupShares,
    HouseholdAssumptions,
)
from gridtwin.households.frame import ESTIMATED, FLATS, SOURCES, totals_by_level, with_columns
from gridtwin.households.remainders import Floats, Indices, largest_remainder, largest_remainder_by_group
from gridtwin.i18n import mark
from gridtwin.schemas import GROUPS

Flags = NDArray[np.bool_]


def estimate_households(
    buildings: gpd.GeoDataFrame,
    *,
    assumptions: HouseholdAssumptions | None = None,
    community_totals: pd.Series | None = None,
    zone_population: pd.DataFrame | None = None,
    compound_totals: pd.Series | None = None,
    persons_per_household: float = PERSONS_PER_HOUSEHOLD,
    shares: GroupShares | None = None,
) -> gpd.GeoDataFrame:
    """Return ``buildings`` with households, persons and groups, all whole numbers.

    Parameters
    ----------
    buildings
        Layer ``buildings`` in metres. Rows with households count as counted unless ``households_source`` says
        otherwise; what an earlier estimate filled in is estimated anew. Columns may be missing.
    assumptions
        Floor area and storeys by use; those that come with GridTwin by default.
    community_totals
        Households by community_id, counted ones included. Decides where there is no compound total.
    zone_population
        Persons of the zone (such as a raster cell) in which each building lies: columns zone (missing: in
        none) and persons (of the whole zone, the same in all its rows), in the rows of ``buildings``.
        Decides where there is neither total, and how totals spread among buildings of different zones.
    compound_totals
        Households by compound_id, counted ones included; by default column ``compound_total`` of
        ``buildings``, if there is one.
    persons_per_household
        For buildings whose persons are unknown, above 0.
    shares
        Shares of the groups; unknown ones stay empty.

    Returns
    -------
    GeoDataFrame
        A new frame with the columns households, persons, those of the groups (Int64) and
        households_source. Everything that was given is as it was.

    Raises
    ------
    LayerFaultsError
        If counts, flats or totals are negative, or totals name a place twice.
    InputError
        If the layer is not in metres.
    UsageError
        If ``persons_per_household`` is not above 0.

    Notes
    -----
    Flats count as households. If a total leaves fewer households than flats and estimates together, both
    shrink in proportion (vacant flats); if it leaves more, flats stay and the estimates take the rest. Where
    a total is given and none of its buildings is a dwelling, floor area alone decides, and without any all
    buildings are alike. Estimates that no total governs keep their sum over the region, and within one
    household that of each community. The persons of a raster are kept over the region, and nearly so by zone.
    """
    if not persons_per_household > 0:
        raise UsageError("not_positive", mark("persons per household must be above 0"))
    frame = with_columns(buildings)
    totals = totals_by_level(frame, compound_totals, community_totals)
    basis = _basis(frame, assumptions or HouseholdAssumptions.read(), persons_per_household)
    zones = _zones(zone_population, len(frame))
    households, zone_of = _households(frame, basis, zones, totals, persons_per_household)
    persons = _persons(frame, basis, households, zones, zone_of, persons_per_household)
    out = frame.assign(
        households=pd.array(households, dtype="Int64"),
        persons=pd.array(persons, dtype="Int64"),
        households_source=pd.Series(np.array(SOURCES)[basis.source], index=frame.index, dtype="str"),
    )
    return _with_groups(out, basis.stale, shares or GroupShares())


@dataclass(frozen=True)
class _Basis:
    """What is known of each building before totals: all arrays (buildings,)."""

    source: Indices  # 0 counted, 1 flats, 2 estimated
    counted: Indices  # households where counted, else 0
    weight: Floats  # households before rounding, 0 where counted
    floor_m2: Floats  # gross floor area, whatever the use
    stale: Flags  # an earlier estimate, to be made anew


def _basis(frame: gpd.GeoDataFrame, assumptions: HouseholdAssumptions, persons_per_household: float) -> _Basis:
    """Return source, weight and floor area of each building before any total is applied."""
    stale = frame["households_source"].isin((FLATS, ESTIMATED)).to_numpy(bool)
    counted = frame["households"].notna().to_numpy(bool) & ~stale
    flats = frame["flats"].fillna(0).to_numpy(np.float64)
    has_flats = frame["flats"].notna().to_numpy(bool) & ~counted
    use = assumptions.use_of(frame["use"])
    table = assumptions.table().reindex(use.to_numpy())
    levels = frame["levels"].to_numpy(np.float64)
    levels = np.where(levels > 0, levels, table["default_levels"].to_numpy(np.float64))
    area = np.nan_to_num(shapely.area(frame.geometry.to_numpy()))
    point = frame.geometry.geom_type.eq("Point").to_numpy(bool)
    area = np.where(point, table["default_footprint_m2"].to_numpy(np.float64), area)
    floor_m2 = area * levels
    share = table["residential_share"].to_numpy(np.float64)
    share = np.where(use.eq(UNKNOWN).to_numpy(bool) & (area < MIN_DWELLING_M2), 0.0, share)
    guess = floor_m2 * share / table["m2_per_household"].to_numpy(np.float64)
    persons = np.where(stale, np.nan, frame["persons"].to_numpy(np.float64, na_value=np.nan))
    guess = np.where(np.isnan(persons), guess, persons / persons_per_household)
    weight = np.where(counted, 0.0, np.where(has_flats, flats, guess))
    return _Basis(
        source=np.where(counted, 0, np.where(has_flats, 1, 2)),
        counted=np.where(counted, frame["households"].fillna(0), 0).astype(np.int64),
        weight=weight,
        floor_m2=floor_m2,
        stale=stale,
    )


@dataclass(frozen=True)
class _Zones:
    """Zones of a population raster: number of each building's zone (−1: none) and persons of each zone."""

    of: Indices
    persons: Floats


def _zones(zone_population: pd.DataFrame | None, rows: int) -> _Zones:
    if zone_population is None:
        return _Zones(np.full(rows, -1, np.int64), np.zeros(0))
    if len(zone_population) != rows:
        raise UsageError("rows_differ", mark("the zone population must have one row a building"))
    of, labels = pd.factorize(zone_population["zone"])
    persons = np.zeros(len(labels))
    given = pd.to_numeric(zone_population["persons"], errors="coerce").fillna(0).to_numpy(np.float64)
    np.maximum.at(persons, of[of >= 0], given[of >= 0])
    return _Zones(of.astype(np.int64), persons)


def _households(
    frame: pd.DataFrame,
    basis: _Basis,
    zones: _Zones,
    totals: Mapping[str, pd.Series],
    persons_per_household: float,
) -> tuple[Indices, Indices]:
    """Return whole households, and the zone that governs each building (−1: none)."""
    left = basis.source > 0
    households = basis.counted.copy()
    weight = _scaled(basis, zones.of, zones.persons / persons_per_household, left, households)
    for column, series in totals.items():
        of = np.asarray(pd.Index(series.index).get_indexer(frame[column]), np.int64)
        wanted = series.to_numpy(np.float64)
        fair = _scaled(replace(basis, weight=weight), of, wanted, left, households)
        need = np.maximum(wanted - _sums(of, households, len(wanted)), 0).astype(np.int64)
        households += largest_remainder_by_group(fair, np.where(left, of, -1), need)
        left = left & (of < 0)
    group = np.where(zones.of >= 0, zones.of, len(zones.persons) + _codes(frame["community_id"]))
    households += _rounded(weight, group, left)
    return households, np.where(left, zones.of, -1)


def _scaled(basis: _Basis, of: Indices, wanted: Floats, open_: Flags, placed: Indices) -> Floats:
    """Return the weights of open buildings scaled so that each group reaches its wanted households.

    Flats shrink with the estimates, but grow only where a group has no estimates that could.
    """
    if not len(wanted):
        return basis.weight
    inside = open_ & (of >= 0)
    group = np.where(inside, of, 0)
    count = len(wanted)
    need = np.maximum(wanted - _sums(of, placed, count), 0.0)
    weight = np.where(inside, basis.weight, 0.0)
    for fallback in (basis.floor_m2, np.ones(len(weight))):
        dry = inside & (_sums(group, weight, count)[group] <= 0)
        weight = np.where(dry, fallback, weight)
    fixed = (basis.source == 1) & (weight > 0)
    flats, rest = _sums(group, weight * fixed, count), _sums(group, weight * ~fixed, count)
    grows = (need > flats + rest) & (rest > 0)
    whole = _ratio(need, flats + rest)
    of_flats, of_rest = np.where(grows, 1.0, whole), np.where(grows, _ratio(need - flats, rest), whole)
    scaled = weight * np.where(fixed, of_flats[group], of_rest[group])
    return np.asarray(np.where(inside, scaled, basis.weight), np.float64)


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.zeros(len(below)), where=below > 0)


def _sums(of: Indices, values: Any, count: int) -> Floats:
    inside = of >= 0
    weights = np.asarray(values, np.float64)[inside]
    return np.asarray(np.bincount(of[inside], weights=weights, minlength=count), np.float64)


def _codes(values: pd.Series) -> Indices:
    """Return running numbers of the values; missing ones share the last."""
    codes, labels = pd.factorize(values)
    return np.asarray(np.where(codes < 0, len(labels), codes), np.int64)


def _rounded(weight: Floats, group: Indices, open_: Flags) -> Indices:
    """Return whole numbers that keep the rounded sum over all open rows, and nearly that of each group."""
    weight = np.where(open_, weight, 0.0)
    count = int(group.max(initial=-1)) + 1
    if not weight.any():
        return np.zeros(len(weight), np.int64)
    of_group = np.bincount(group, weights=weight, minlength=count)
    totals = largest_remainder(of_group, round(float(weight.sum())))
    return largest_remainder_by_group(weight, np.where(weight > 0, group, -1), totals)


def _persons(
    frame: pd.DataFrame,
    basis: _Basis,
    households: Indices,
    zones: _Zones,
    zone_of: Indices,
    persons_per_household: float,
) -> Indices:
    """Return whole persons: those given, else by household, or the zone's persons."""
    given = frame["persons"].notna().to_numpy(bool) & ~basis.stale
    known = np.where(given, frame["persons"].fillna(0), 0).astype(np.int64)
    weight = np.where(given, 0.0, households * persons_per_household)
    count = len(zones.persons)
    if count:
        # A zone's persons, less those known or living where a total governs, go to its other homes.
        inside = zone_of >= 0
        elsewhere = np.where(given, known, np.where(inside, 0.0, weight))
        rest = np.maximum(zones.persons - _sums(zones.of, elsewhere, count), 0.0)
        homes = _sums(np.where(given, -1, zone_of), households, count)
        each = _ratio(rest, homes)
        lost = float(rest[(homes <= 0) & (_sums(zone_of, basis.source > 0, count) > 0)].sum())
        weight = np.where(inside & ~given, households * each[np.where(inside, zone_of, 0)], weight)
        zoned = float(weight[inside].sum())
        weight = np.where(inside, weight * (1.0 + lost / zoned if zoned else 1.0), weight)
    return known + _rounded(weight, np.zeros(len(weight), np.int64), ~given)


def _with_groups(frame: gpd.GeoDataFrame, stale: Flags, shares: GroupShares) -> gpd.GeoDataFrame:
    """Return ``frame`` with the groups that were given, else their share of the persons, else empty."""
    persons = frame["persons"].to_numpy(np.float64, na_value=0.0)
    columns = {}
    for name in GROUPS:
        share = getattr(shares, name)
        given = frame[name].where(~stale)
        if share is not None:
            open_ = given.isna().to_numpy(bool)
            made = _rounded(persons * share, np.zeros(len(frame), np.int64), open_)
            given = given.where(~open_, pd.Series(made, index=frame.index, dtype="Int64"))
        columns[name] = given.astype("Int64")
    return frame.assign(**columns)
