"""Coordinate reference systems: one for all layers, projected, in metres."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import pyproj

from gridtwin.errors import Fault
from gridtwin.i18n import mark

_HINT = mark("reproject the layer to a projected CRS in metres, such as the UTM zone of the place")
_WEB_MERCATOR = "Mercator (1SP)", "Popular Visualisation Pseudo Mercator"


def crs_faults(drawn: Mapping[str, gpd.GeoDataFrame], region_crs: Any) -> list[Fault]:
    """Return what is wrong with the reference systems of the layers."""
    wanted = next((frame.crs for frame in drawn.values() if frame.crs is not None), None)
    wanted = pyproj.CRS.from_user_input(region_crs) if region_crs is not None else wanted
    faults: list[Fault] = []
    for layer, frame in drawn.items():
        if frame.crs is None:
            faults.append(
                Fault(
                    "crs_missing",
                    mark("the layer has no coordinate reference system"),
                    layer,
                    hint=mark("state the one its coordinates are in"),
                )
            )
            continue
        code, message = _unfit(frame.crs)
        params = {"crs": frame.crs.to_string()[:60]}
        if code:
            faults.append(Fault(code, message, layer, hint=_HINT, params=params))
        elif frame.crs != wanted and wanted is not None:
            message = mark("the layer is in {crs}, the region in {wanted}")
            params["wanted"] = wanted.to_string()[:60]
            faults.append(Fault("crs_differs", message, layer, hint=mark("reproject it"), params=params))
    return faults


def _unfit(crs: pyproj.CRS) -> tuple[str, str]:
    """Return why distances cannot be measured in ``crs``, as code and message."""
    if crs.is_geographic:
        return "crs_in_degrees", mark("coordinates are in degrees ({crs}), so nothing can be measured")
    operation = crs.coordinate_operation
    if operation is not None and operation.method_name in _WEB_MERCATOR:
        return "crs_web_mercator", mark("{crs} is a web map projection in which a metre is not a metre")
    if not crs.is_projected or any(axis.unit_name != "metre" for axis in crs.axis_info[:2]):
        return "crs_not_metres", mark("coordinates are not in metres ({crs})")
    return "", ""
