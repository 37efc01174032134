"""Coordinate reference systems: one for all layers, projected, in metres."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd

from gridtwin.coordinates import crs_name, read_crs, refuse_old_datum, require_metric
from gridtwin.errors import Fault, InputError
from gridtwin.i18n import mark


def crs_faults(drawn: Mapping[str, gpd.GeoDataFrame], region_crs: Any) -> list[Fault]:
    """Return what is wrong with the reference systems of the layers."""
    wanted = next((frame.crs for frame in drawn.values() if frame.crs is not None), None)
    wanted = read_crs(region_crs, "") if region_crs is not None else wanted
    return [fault for layer, frame in drawn.items() for fault in _layer_faults(layer, frame, wanted)]


def _layer_faults(layer: str, frame: gpd.GeoDataFrame, wanted: Any) -> list[Fault]:
    if frame.crs is None:
        message = mark("the layer has no coordinate reference system")
        return [Fault("crs_missing", message, layer, hint=mark("state the one its coordinates are in"))]
    try:
        require_metric(frame.crs, layer, frame)
        refuse_old_datum(frame.crs, layer)
    except InputError as error:
        return [Fault(error.code, error.message, layer, params=error.params)]
    if frame.crs == wanted:
        return []
    return [
        Fault(
            "crs_differs",
            mark("the layer is in {crs}, the region in {wanted}"),
            layer,
            hint=mark("reproject it"),
            params={"crs": crs_name(frame.crs), "wanted": crs_name(wanted)},
        )
    ]
