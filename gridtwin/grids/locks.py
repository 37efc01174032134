"""Locks that the plan of a region carries, and what a new division keeps of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridtwin.errors import Fault, LayerFaultsError, first_ids
from gridtwin.grids.planar import Flags, locate
from gridtwin.grids.rules import SHARED_M2
from gridtwin.grids.units import Units
from gridtwin.i18n import mark
from gridtwin.schemas import empty_layer


def stored_locks(layers: Mapping[str, pd.DataFrame], codes: Any) -> Flags:
    """Return which of the grids are locked in layer ``grids``, (grids,)."""
    grids = layers.get("grids", empty_layer("grids"))
    return np.isin(codes, grids.loc[grids["locked"].fillna(False).astype(bool), "grid_id"])


def check_kept_land(kept: gpd.GeoDataFrame, communities: gpd.GeoDataFrame) -> None:
    """Refuse grids that cannot stay as they are, because they lie in their community no more.

    Parameters
    ----------
    kept
        Rows of layer ``grids``.
    communities
        Layer ``communities``.

    Raises
    ------
    LayerFaultsError
        If a grid has land outside its community, or the community is no more.
    """
    land = communities.set_index("community_id").geometry.reindex(kept["community_id"]).to_numpy()
    outside_m2 = shapely.area(shapely.difference(kept.geometry.to_numpy(), land))
    bad = ~(outside_m2 <= SHARED_M2)  # NaN where there is no such community
    if bad.any():
        text = mark("{count} grids are locked or frozen, but do not lie in their community any more")
        hint = mark("unlock them or end the rule, or restore the border of the community")
        ids = first_ids(kept["grid_id"][bad])
        raise LayerFaultsError([Fault("kept_outside", text, "grids", ids=ids, count=int(bad.sum()), hint=hint)])


def kept_pins(layers: Mapping[str, pd.DataFrame], units: Units, locked: Flags) -> Flags:
    """Return the new units that stay pinned: those that share land with pinned ones, in locked grids.

    Parameters
    ----------
    layers
        Layers of the region, with the units of the plan that is divided anew.
    units
        New units.
    locked
        Which new units lie in locked grids, (units,).
    """
    old = layers.get("units", empty_layer("units"))
    old_shapes = old.geometry[old["locked"].fillna(False).astype(bool)].to_numpy()
    shapes = units.frame.geometry.to_numpy()
    pinned = locate(shapely.point_on_surface(shapes), old_shapes) >= 0
    holding = locate(shapely.point_on_surface(old_shapes), shapes)
    pinned[holding[holding >= 0]] = True
    return np.asarray(pinned & locked)
