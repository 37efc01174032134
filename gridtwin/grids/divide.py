"""Divide a region into management grids: units, assignment, refinement, codes, staff and measures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridtwin.errors import InputError, InputMissingError
from gridtwin.grids.assign import Assignment, assign_units
from gridtwin.grids.certify import certify, hopeless_totals, oversize
from gridtwin.grids.links import in_conflict, links_of, parts_of
from gridtwin.grids.locks import kept_pins, stored_locks
from gridtwin.grids.params import DivideParams
from gridtwin.grids.plan import GridPlan, Inherited, PlanBuilder
from gridtwin.grids.planar import Flags, Floats, Indices, locate, renumber, sum_by
from gridtwin.grids.polish import polish
from gridtwin.grids.present import present_plan
from gridtwin.grids.rebalance import STAY, coarse_units, rebalance_units
from gridtwin.grids.rule_faults import check_rules
from gridtwin.grids.rules import NO_RULES, Rules
from gridtwin.grids.special import areas_of, zones_of
from gridtwin.grids.staffing import StaffingRules
from gridtwin.grids.units import Units, make_units, refine_units
from gridtwin.grids.zones import Zones
from gridtwin.i18n import mark, tr
from gridtwin.network import Walker, street_network
from gridtwin.progress import Progress, part, silent
from gridtwin.schemas import empty_layer

REFINE_EFFORT, REFINE_STARTS = 4.0, 6


def divide_region(
    layers: Mapping[str, pd.DataFrame],
    *,
    params: DivideParams | None = None,
    rules: StaffingRules | None = None,
    grid_rules: Rules = NO_RULES,
    plan: str = "default",
    date: str = "",
    workers: int | None = None,
    progress: Progress = silent,
) -> GridPlan:
    """Divide every community into contiguous, compact grids within the bounds of households.

    Parameters
    ----------
    layers
        Layers by name: buildings with households, streets and communities; barriers if there are any; grids,
        units, grid_codes and assignments of earlier plans, whose codes then live on. Grids that are locked in layer
        grids keep land, code and lock. Frames are not changed.
    params
        Bounds, weights, effort and seed; 300–500 households a grid by default.
    rules
        Staffing rules.
    grid_rules
        Bounds by community, special-purpose and frozen grids.
    plan
        Name of the plan: it takes its codes from its namesake among the earlier plans, and closes none that
        another plan uses.
    date
        Day from which the plan holds (ISO 8601); today (UTC) by default.
    workers
        Threads; the plan does not depend on their number.
    progress
        Receives fraction and text.

    Returns
    -------
    GridPlan
        The plan; where no plan can keep every rule, the nearest one with its ``violations``.

    Raises
    ------
    InputMissingError
        If a layer that is needed is not there or empty.
    InputError
        If no building has a number of households, or no building lies in a community.
    LayerFaultsError
        If ``grid_rules`` do not fit the region, or a locked or frozen grid does not lie in its community.

    Examples
    --------
    >>> from gridtwin.load.toy import toy_town
    >>> plan = divide_region(toy_town(), date="2026-01-01")
    >>> len(plan.grids), plan.summary()["share_within_bounds"]
    (5, 1.0)
    """
    params = params or DivideParams()
    date = date or dt.datetime.now(dt.UTC).date().isoformat()
    buildings, streets, barriers, communities = region_inputs(layers)
    check_rules(grid_rules, layers)
    areas = areas_of(grid_rules, layers)
    maximum = np.array([zone.maximum for zone in grid_rules.params(params)])
    units = make_units(
        buildings, streets, barriers, communities, split_above=maximum[grid_rules.zone_of(communities)],
        areas=areas.shapes, progress=part(progress, 0.0, 0.45),
    )  # fmt: skip
    if not (units.building_unit >= 0).any():
        raise InputError(
            "no_building_in_community",
            mark("no building lies in any community; check that both layers have the same place and CRS"),
        )
    zones = zones_of(grid_rules, params, units, buildings, communities, areas)
    assignment = assign_units(units, zones, workers=workers, progress=part(progress, 0.45, 0.65))
    progress(0.65, tr(mark("Refining communities that miss the bounds")))
    units, zones, assignment = _refined(units, zones, assignment, (buildings, streets, barriers, communities), workers)
    progress(0.75, tr(mark("Mending or proving what is left")))
    grid, proved = _certified(units, zones, assignment)
    facts: Mapping[str, Any] = {}
    if params.search.most_sets:
        polished = polish(units, zones, grid, assignment.part, workers=workers, progress=part(progress, 0.75, 0.8))
        grid, facts = polished.grid, polished.facts()
    progress(0.8, tr(mark("Measuring the plan")))
    network = street_network(streets, profile=Walker())
    unlocked = zones.unlocked()
    links = links_of(units, unlocked)
    kept = zones.codes(grid)
    locked = stored_locks(layers, [kept.get(number, "") for number in range(len(proved))])
    outside = unlocked.outside(grid, units.frame["households"]) > 0
    builder = PlanBuilder(
        units,
        unlocked,
        grid,
        parts_of(links, unlocked),
        proved,
        in_conflict(outside, locked, grid, links),
        rules or StaffingRules(),
        plan,
        date,
        facts,
        grid_rules,
        Inherited(locked, kept_pins(layers, units, locked[grid]), codes=kept),
    )
    built = builder.build(layers, buildings, communities, network)
    progress(1.0, tr(mark("The plan is ready")))
    return built


def rebalance_region(
    layers: Mapping[str, pd.DataFrame],
    *,
    params: DivideParams | None = None,
    rules: StaffingRules | None = None,
    grid_rules: Rules = NO_RULES,
    locked: Collection[str] = (),
    stay: float = STAY,
    plan: str = "default",
    date: str = "",
    progress: Progress = silent,
) -> GridPlan:
    """Restore the bounds of the plan that the region holds, moving as few households as possible.

    Parameters
    ----------
    layers
        Layers of a divided region. Households are those of the buildings today; the plan is the column
        ``grid_id`` of the units, as a planner may have edited it.
    params
        Bounds, weights, effort and seed.
    rules
        Staffing rules.
    grid_rules
        Bounds by community, and grids to freeze by code; the special-purpose grids of the plan stay as they are.
    locked
        Codes of grids that must not change.
    stay
        Price of 100 households that leave their grid, in units of the objective.
    plan
        Name of the plan.
    date
        Day from which the plan holds (ISO 8601); today (UTC) by default.
    progress
        Receives fraction and text.

    Returns
    -------
    GridPlan
        Its summary has ``households_moved`` and ``share_moved``; grids without change keep code and units.

    Raises
    ------
    InputMissingError
        If the region has no plan, or lacks a layer.
    InputError
        If a locked grid does not exist.
    LayerFaultsError
        If ``grid_rules`` do not fit the region.

    Examples
    --------
    >>> from gridtwin.load.toy import toy_town
    >>> town = toy_town()
    >>> town |= divide_region(town, date="2026-01-01").layers()
    >>> rebalance_region(town, date="2026-02-01").summary()["households_moved"]
    0
    """
    params = params or DivideParams()
    buildings, streets, barriers, communities = region_inputs(layers)
    progress(0.0, tr(mark("Rebalancing")))
    check_rules(grid_rules, layers, special=False)
    now = present_plan(layers, params, locked, rules=grid_rules)
    grid, unit_part = rebalance_units(now, stay=stay)
    coarse = coarse_units(now, grid)
    if coarse.any():
        fine = refine_units(now.units, coarse, buildings, streets, barriers, communities)
        points = shapely.point_on_surface(fine.frame.geometry.to_numpy())
        former = locate(points, now.units.frame.geometry.to_numpy())
        fine = replace(fine, frame=fine.frame.assign(unit_id=_child_ids(now.units.frame["unit_id"], former)))
        now = replace(
            now,
            units=fine,
            grid=now.grid[former],
            zones=now.zones.at(former),
            pinned=now.pinned[former],
        )
        grid, unit_part = rebalance_units(now, stay=stay, start=grid[former])
    progress(0.6, tr(mark("Mending or proving what is left")))
    certified = certify(now.units, grid, unit_part, now.zones, locked=now.held)
    households = now.units.frame["households"].to_numpy(np.int64)
    moved = int(households[certified.grid != now.grid].sum())
    label = renumber(certified.grid)
    progress(0.8, tr(mark("Measuring the plan")))
    builder = PlanBuilder(
        now.units,
        now.zones,
        label,
        unit_part,
        _flagged(label, certified.grid, certified.proved),
        _flagged(label, certified.grid, certified.in_conflict),
        rules or StaffingRules(),
        plan,
        date or dt.datetime.now(dt.UTC).date().isoformat(),
        {"households_moved": moved, "share_moved": moved / max(int(households.sum()), 1)},
        grid_rules,
        Inherited(_flagged(label, certified.grid, np.flatnonzero(stored_locks(layers, now.codes))), now.pinned),
        _flagged(label, certified.grid, np.flatnonzero(now.held)),
    )
    built = builder.build(layers, buildings, communities, street_network(streets, profile=Walker()))
    progress(1.0, tr(mark("The plan is ready")))
    return built


def _child_ids(ids: pd.Series, former: Indices) -> pd.Series:
    """Return the ids of units after some were divided: a piece is named after its unit, whole ones keep theirs."""
    number = pd.Series(former).groupby(former).cumcount() + 1
    pieces = np.bincount(former)[former]
    old = ids.iloc[former].reset_index(drop=True)
    return old.where(pieces == 1, old + "." + number.astype("str"))


def region_inputs(layers: Mapping[str, pd.DataFrame]) -> tuple[gpd.GeoDataFrame, ...]:
    """Return buildings, streets, barriers and communities, or say what is missing."""
    for name in ("buildings", "streets", "communities"):
        if name not in layers or not len(layers[name]):
            raise InputMissingError(
                "layer_missing",
                mark("the region has no layer '{layer}'; 'gridtwin build' makes it"),
                layer=name,
            )
    buildings = layers["buildings"]
    if not buildings["households"].notna().any():
        raise InputError(
            "households_unknown",
            mark("layer 'buildings': column 'households' is empty; 'gridtwin build' estimates it"),
        )
    barriers = layers.get("barriers")
    if barriers is None:
        barriers = empty_layer("barriers", buildings.crs)
    return buildings, layers["streets"], barriers, layers["communities"]


def _refined(
    units: Units,
    zones: Zones,
    assignment: Assignment,
    layers: tuple[gpd.GeoDataFrame, ...],
    workers: int | None,
) -> tuple[Units, Zones, Assignment]:
    """Divide the blocks of communities that miss the bounds between buildings, and try those again.

    Where that is not enough, blocks with one inhabited building among others are divided too: its lot is parted from
    land that others may need. The units of communities that this does not help stay as they are.
    """
    units, zones, assignment = _finer(units, zones, assignment, layers, units.occupied > 1, workers)
    lone = _lone(units, zones, assignment)
    if not lone.any():
        return units, zones, assignment
    trial = _finer(units, zones, assignment, layers, lone, workers)
    count = len(layers[-1])
    before, after = (_outside(u, z, made.grid, count) for u, z, made in ((units, zones, assignment), trial))
    helped = (after < before)[units.community]
    if not helped.any():
        return units, zones, assignment
    return trial if helped[lone].all() else _finer(units, zones, assignment, layers, lone & helped, workers)


def _lone(units: Units, zones: Zones, assignment: Assignment) -> Flags:
    """Return the units with one inhabited building among others, in communities where a grid could be mended."""
    homes = units.frame["households"].to_numpy(np.int64)
    grid, part = assignment.grid, assignment.part
    total = np.bincount(part, weights=homes)[part].astype(np.int64)
    broken = (zones.outside(grid, homes) > 0) & ~oversize(units, grid, zones)
    open_ = np.unique(units.community[broken[grid] & ~hopeless_totals(total, zones)])
    several = units.frame["buildings"].to_numpy() > 1
    return np.asarray((units.occupied == 1) & several & np.isin(units.community, open_))


def _finer(
    units: Units,
    zones: Zones,
    assignment: Assignment,
    layers: tuple[gpd.GeoDataFrame, ...],
    divisible: Flags,
    workers: int | None,
) -> tuple[Units, Zones, Assignment]:
    """Divide the ``divisible`` units of communities that miss the bounds, and keep what is no worse."""
    buildings, streets, barriers, communities = layers
    grid = assignment.grid
    missing = zones.outside(grid, units.frame["households"])
    again = np.zeros(len(communities), bool)
    again[units.community[(missing > 0)[grid]]] = True
    split = again[units.community] & divisible & (zones.special < 0)
    again &= np.bincount(units.community[split], minlength=len(again)) > 0
    if not split.any():
        return units, zones, assignment
    fine = refine_units(units, split, buildings, streets, barriers, communities)
    former = locate(shapely.point_on_surface(fine.frame.geometry.to_numpy()), units.frame.geometry.to_numpy())
    fine_zones = zones.at(former)
    second = assign_units(
        fine, fine_zones.with_effort(REFINE_EFFORT), only=again, starts=REFINE_STARTS, workers=workers
    )
    before = _outside(fine, fine_zones, grid[former], len(again))
    worse = _outside(fine, fine_zones, second.grid, len(again)) > before
    stay = (~again | worse)[fine.community]
    label = np.where(stay, grid[former], second.grid + int(grid.max()) + 1)
    return fine, fine_zones, Assignment(renumber(label), second.part)


def _certified(units: Units, zones: Zones, assignment: Assignment) -> tuple[Indices, Flags]:
    """Mend the last grids outside the bounds, or prove that they are unavoidable (flag of each grid)."""
    certified = certify(units, assignment.grid, assignment.part, zones)
    label = renumber(certified.grid)
    return label, _flagged(label, certified.grid, certified.proved)


def _flagged(label: Indices, former: Indices, chosen: Collection[int]) -> Flags:
    """Return which grids of ``label`` are among the ``chosen`` former numbers."""
    flags = np.zeros(int(label.max()) + 1, bool)
    flags[label[np.isin(former, list(chosen))]] = True
    return flags


def _outside(units: Units, zones: Zones, grid: Indices, communities: int) -> Floats:
    """Return the households outside the bounds in each community; units without a grid count as one of its own."""
    label = renumber(grid)
    first = np.unique(label, return_index=True)[1]
    missing = zones.outside(label, units.frame["households"])
    return sum_by(units.community[first], missing, communities)
