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
from gridtwin.grids.certify import certify
from gridtwin.grids.params import DivideParams
from gridtwin.grids.plan import GridPlan, PlanBuilder
from gridtwin.grids.planar import Flags, Indices, locate, renumber
from gridtwin.grids.present import present_plan
from gridtwin.grids.rebalance import STAY, coarse_units, rebalance_units
from gridtwin.grids.staffing import StaffingRules
from gridtwin.grids.units import Units, make_units, refine_units
from gridtwin.grids.zones import Zones
from gridtwin.i18n import mark, tr
from gridtwin.network import street_network
from gridtwin.progress import Progress, part, silent
from gridtwin.schemas import empty_layer

REFINE_EFFORT, REFINE_STARTS = 4.0, 6


def divide_region(
    layers: Mapping[str, pd.DataFrame],
    *,
    params: DivideParams | None = None,
    rules: StaffingRules | None = None,
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
        grid_codes and assignments of earlier plans, whose codes then live on. Frames are not changed.
    params
        Bounds, weights, effort and seed; 300–500 households a grid by default.
    rules
        Staffing rules.
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

    Examples
    --------
    >>> from gridtwin.load.toy import toy_town
    >>> plan = divide_region(toy_town(), date="2026-01-01")
    >>> len(plan.grids), plan.summary()["share_within_bounds"]
    (5, 1.0)
    """
    params = params or DivideParams()
    date = date or dt.datetime.now(dt.UTC).date().isoformat()
    buildings, streets, barriers, communities = _inputs(layers)
    units = make_units(
        buildings, streets, barriers, communities, split_above=params.maximum, progress=part(progress, 0.0, 0.45)
    )
    if not (units.building_unit >= 0).any():
        raise InputError(
            "no_building_in_community",
            mark("no building lies in any community; check that both layers have the same place and CRS"),
        )
    assignment = assign_units(units, params, workers=workers, progress=part(progress, 0.45, 0.65))
    progress(0.65, tr(mark("Refining communities that miss the bounds")))
    units, assignment = _refined(units, assignment, params, (buildings, streets, barriers, communities), workers)
    progress(0.75, tr(mark("Mending or proving what is left")))
    grid, proved = _certified(units, assignment, params)
    progress(0.8, tr(mark("Measuring the plan")))
    network = street_network(streets, mode="walk")
    builder = PlanBuilder(
        units,
        grid,
        assignment.part,
        proved,
        np.zeros(len(proved), bool),
        params,
        rules or StaffingRules(),
        plan,
        date,
    )
    built = builder.build(layers, buildings, communities, network)
    progress(1.0, tr(mark("The plan is ready")))
    return built


def rebalance_region(
    layers: Mapping[str, pd.DataFrame],
    *,
    params: DivideParams | None = None,
    rules: StaffingRules | None = None,
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

    Examples
    --------
    >>> from gridtwin.load.toy import toy_town
    >>> town = toy_town()
    >>> town |= divide_region(town, date="2026-01-01").layers()
    >>> rebalance_region(town, date="2026-02-01").summary()["households_moved"]
    0
    """
    params = params or DivideParams()
    buildings, streets, barriers, communities = _inputs(layers)
    progress(0.0, tr(mark("Rebalancing")))
    now = present_plan(layers, params, locked)
    grid, unit_part = rebalance_units(now, params, stay=stay)
    coarse = coarse_units(now, grid, params)
    if coarse.any():
        fine = refine_units(now.units, coarse, buildings, streets, barriers, communities)
        points = shapely.point_on_surface(fine.frame.geometry.to_numpy())
        former = locate(points, now.units.frame.geometry.to_numpy())
        fine = replace(fine, frame=fine.frame.assign(unit_id=_child_ids(now.units.frame["unit_id"], former)))
        now = replace(
            now,
            units=fine,
            grid=now.grid[former],
            zones=Zones.uniform(params, len(former)),
            pinned=now.pinned[former],
        )
        grid, unit_part = rebalance_units(now, params, stay=stay, start=grid[former])
    progress(0.6, tr(mark("Mending or proving what is left")))
    certified = certify(now.units, grid, unit_part, params, locked=now.locked)
    households = now.units.frame["households"].to_numpy(np.int64)
    moved = int(households[certified.grid != now.grid].sum())
    label = renumber(certified.grid)
    progress(0.8, tr(mark("Measuring the plan")))
    builder = PlanBuilder(
        now.units,
        label,
        unit_part,
        _flagged(label, certified.grid, certified.proved),
        _flagged(label, certified.grid, certified.in_conflict),
        params,
        rules or StaffingRules(),
        plan,
        date or dt.datetime.now(dt.UTC).date().isoformat(),
        {"households_moved": moved, "share_moved": moved / max(int(households.sum()), 1)},
        _flagged(label, certified.grid, np.flatnonzero(now.locked).tolist()),
    )
    built = builder.build(layers, buildings, communities, street_network(streets, mode="walk"))
    progress(1.0, tr(mark("The plan is ready")))
    return built


def _child_ids(ids: pd.Series, former: Indices) -> pd.Series:
    """Return the ids of units after some were divided: a piece is named after its unit, whole ones keep theirs."""
    number = pd.Series(former).groupby(former).cumcount() + 1
    pieces = np.bincount(former)[former]
    old = ids.iloc[former].reset_index(drop=True)
    return old.where(pieces == 1, old + "." + number.astype("str"))


def _inputs(layers: Mapping[str, pd.DataFrame]) -> tuple[gpd.GeoDataFrame, ...]:
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
    assignment: Assignment,
    params: DivideParams,
    layers: tuple[gpd.GeoDataFrame, ...],
    workers: int | None,
) -> tuple[Units, Assignment]:
    """Divide the blocks of communities that miss the bounds between buildings, and try those again."""
    buildings, streets, barriers, communities = layers
    grid = assignment.grid
    load = np.bincount(grid, weights=units.frame["households"])
    bad = (load < params.minimum) | (load > params.maximum)
    again = np.zeros(len(communities), bool)
    again[units.community[bad[grid]]] = True
    split = again[units.community] & (units.occupied > 1)
    again &= np.bincount(units.community[split], minlength=len(again)) > 0
    if not split.any():
        return units, assignment
    fine = refine_units(units, split, buildings, streets, barriers, communities)
    second = assign_units(
        fine,
        replace(params, effort=REFINE_EFFORT * params.effort),
        only=again,
        starts=REFINE_STARTS,
        workers=workers,
    )
    former = locate(shapely.point_on_surface(fine.frame.geometry.to_numpy()), units.frame.geometry.to_numpy())
    kept = ~again[fine.community]
    worse = _worse(load, grid, units, second.grid, fine, params, again)
    stay = kept | worse[fine.community]
    label = np.where(stay, grid[former], second.grid + int(grid.max()) + 1)
    return fine, Assignment(renumber(label), second.part)


def _certified(units: Units, assignment: Assignment, params: DivideParams) -> tuple[Indices, Flags]:
    """Mend the last grids outside the bounds, or prove that they are unavoidable (flag of each grid)."""
    certified = certify(units, assignment.grid, assignment.part, params)
    label = renumber(certified.grid)
    return label, _flagged(label, certified.grid, certified.proved)


def _flagged(label: Indices, former: Indices, chosen: Collection[int]) -> Flags:
    """Return which grids of ``label`` are among the ``chosen`` former numbers."""
    flags = np.zeros(int(label.max()) + 1, bool)
    flags[label[np.isin(former, list(chosen))]] = True
    return flags


def _worse(
    load: Any, grid: Indices, units: Units, second: Indices, fine: Units, params: DivideParams, again: Flags
) -> Flags:
    """Return the communities whose second plan has more households outside the bounds than their first."""

    def outside(load_of: Any, community: Indices) -> Any:
        amount = np.maximum(params.minimum - load_of, 0) + np.maximum(load_of - params.maximum, 0)
        return np.bincount(community, weights=amount, minlength=len(again))

    before = outside(load, units.community[np.unique(grid, return_index=True)[1]])
    redone = second >= 0
    load_2 = np.bincount(second[redone], weights=fine.frame["households"].to_numpy()[redone])
    first = np.flatnonzero(redone)[np.unique(second[redone], return_index=True)[1]]
    return np.asarray(again & (outside(load_2, fine.community[first]) > before))
