"""Measures of any assignment of units to grids, the same for GridTwin, peers and official areas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from benchmarks.inputs import Case
from gridtwin.grids.borders import LEAST_BORDER_M
from gridtwin.grids.measures import polsby_popper, street_share
from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import OUTSIDE, Indices, dissolve, pair_lengths, parts_of_labels


def measure_plan(case: Case, grid: Indices, params: DivideParams) -> dict[str, float]:
    """Measure any assignment of the units to grids.

    Parameters
    ----------
    case
        The input.
    grid
        Grid of each unit, any non-negative numbers; numbers without units do not count.
    params
        Bounds of households a grid.

    Returns
    -------
    dict
        ``grids``; shares ``within``, ``households_within``, ``contiguous`` (over the links that all are given),
        ``nested`` (in one community), ``street_share`` (of the length of all boundaries); ``compactness`` (mean
        Polsby–Popper); ``split`` of the ``compounds`` that one grid could hold. NaN: not known for this input.
    """
    units = case.units
    grid = np.unique(grid, return_inverse=True)[1]
    count = int(grid.max()) + 1
    load = np.bincount(grid, units.frame["households"].to_numpy(float), count)
    inside = (load >= params.minimum) & (load <= params.maximum)
    a, b = _neighbours(case)
    piece = parts_of_labels(a, b, grid)
    pieces = np.bincount(grid[np.unique(piece, return_index=True)[1]], minlength=count)
    communities = pd.Series(units.community).groupby(grid).nunique().to_numpy()
    shapes = dissolve(units.frame.geometry.to_numpy(), grid)
    streets = np.average(street_share(units, grid), weights=shapely.length(shapes)) if case.streets_known else np.nan
    homes = case.homes.assign(grid=grid[case.homes["unit"].to_numpy(np.int64)])
    compounds = homes.groupby("compound_id").agg({"households": "sum", "grid": "nunique"})
    compounds = compounds[compounds["households"] <= params.maximum]
    return {
        "grids": count,
        "within": inside.mean(),
        "households_within": load[inside].sum() / max(load.sum(), 1),
        "contiguous": (pieces == 1).mean(),
        "nested": (communities == 1).mean(),
        "compactness": polsby_popper(shapes).mean(),
        "street_share": float(streets),
        "split": (compounds["grid"] > 1).sum() if len(compounds) else np.nan,
        "compounds": len(compounds),
    }


def _neighbours(case: Case) -> tuple[Indices, Indices]:
    """Return the links, and the borders between communities, which official areas may cross."""
    segments, community = case.units.segments, case.units.community
    across = (segments.b != OUTSIDE) & (segments.a != segments.b)
    across[across] = community[segments.a[across]] != community[segments.b[across]]
    a, b, length = pair_lengths(segments.a[across], segments.b[across], segments.length_m[across])
    real = length > LEAST_BORDER_M
    return np.r_[case.links.a, a[real]], np.r_[case.links.b, b[real]]
