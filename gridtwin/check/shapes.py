"""Geometries: empty, invalid, drawn twice."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridtwin.check.report import rows_fault
from gridtwin.errors import Fault
from gridtwin.i18n import mark
from gridtwin.schemas import LAYERS

Flags = NDArray[np.bool_]

DRAWN_ONCE = ("buildings", "streets")  # layers in which a repeated geometry is a mistake


def shape_faults(drawn: Mapping[str, gpd.GeoDataFrame]) -> list[Fault]:
    """Return empty, invalid and repeated geometries of all layers."""
    faults: list[Fault] = []
    for layer, frame in drawn.items():
        shapes = frame.geometry.to_numpy()
        faults += rows_fault(
            "geometry_empty",
            mark("{count} geometries are missing or empty"),
            layer,
            frame,
            empty(shapes),
            hint=mark("mend or remove these rows"),
        )
        invalid = ~empty(shapes) & ~shapely.is_valid(shapes)
        if layer == "streets":
            invalid &= shapely.length(shapes) > 0  # those are a fault of their own
        reason = shapely.is_valid_reason(shapes[invalid][0]) if invalid.any() else ""
        faults += rows_fault(
            "geometry_invalid",
            mark("{count} geometries are invalid; the first: {reason}"),
            layer,
            frame,
            invalid,
            hint=mark("mend them in QGIS with 'Fix geometries'"),
            repairable=True,
            reason=reason,
        )
        if layer in DRAWN_ONCE:
            faults += _repeated_faults(layer, frame)
    return faults


def _repeated_faults(layer: str, frame: gpd.GeoDataFrame) -> list[Fault]:
    same_row, same_shape = repeated(frame, layer)
    return [
        *rows_fault(
            "row_repeated",
            mark("{count} rows repeat another row, geometry and all"),
            layer,
            frame,
            same_row,
            hint=mark("keep one of each"),
            severity="warning",
            repairable=True,
        ),
        *rows_fault(
            "geometry_repeated",
            mark("{count} geometries repeat another, but their columns differ"),
            layer,
            frame,
            same_shape & ~same_row,
            hint=mark("decide which row is right"),
            severity="warning",
        ),
    ]


def repeated(frame: gpd.GeoDataFrame, layer: str) -> tuple[Flags, Flags]:
    """Return which rows repeat an earlier one in all columns but the key, and which in geometry alone."""
    shapes = frame.geometry.to_numpy()
    # Two lines in opposite directions may be the two ways of one street: those are no repetition.
    area = shapely.get_dimensions(shapes) == 2
    shape = pd.factorize(shapely.to_wkb(np.where(area, shapely.normalize(shapes), shapes)))[0]
    known = shape >= 0
    columns = frame.drop(columns=[frame.geometry.name, LAYERS[layer].key], errors="ignore")
    table = pd.DataFrame(columns.assign(**{frame.geometry.name: shape}))
    return (
        np.asarray(table.duplicated(keep="first")) & known,
        np.asarray(pd.Series(shape).duplicated(keep="first")) & known,
    )


def empty(shapes: NDArray[np.object_]) -> Flags:
    """Return which geometries are missing or empty."""
    return np.asarray(shapely.is_missing(shapes) | shapely.is_empty(shapes), bool)


def sound(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows with valid geometries, so that one fault does not hide the others.

    Lines without length are kept: they may join two junctions.
    """
    shapes = frame.geometry.to_numpy()
    good = ~empty(shapes) & (shapely.is_valid(shapes) | (shapely.get_dimensions(shapes) < 2))
    return frame if good.all() else frame[good]
