"""Mending what loses nothing: everything else is the planner's decision."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gridtwin.check.communities import NARROW_M, narrow, overlaps
from gridtwin.check.report import ids_of
from gridtwin.check.shapes import DRAWN_ONCE, empty, repeated
from gridtwin.check.streets import dot_streets
from gridtwin.errors import Fault, first_ids
from gridtwin.i18n import mark, tr

Flags = NDArray[np.bool_]

SNAP_M = (0.0, 0.01, 0.1, 0.5, NARROW_M)  # the first that fits the communities together is taken


@dataclass(frozen=True)
class Repair:
    """What was mended: ``code`` of the fault, layer, the first ids, number of rows, and how."""

    code: str
    layer: str
    ids: tuple[str, ...]
    count: int
    message: str

    def text(self, lang: str | None = None) -> str:
        """Render what was mended, with the first ids."""
        more = ", …" if self.count > len(self.ids) else ""
        return f"{tr(self.message, lang).format(count=self.count)} [{', '.join(self.ids)}{more}]"


Mended = tuple[gpd.GeoDataFrame, Flags]


def repair_layers(
    layers: Mapping[str, Any], faults: Iterable[Fault] | None = None
) -> tuple[dict[str, Any], list[Repair]]:
    """Return the layers with everything mended that can be mended safely, and what was mended.

    Parameters
    ----------
    layers
        Frames by layer name, not changed.
    faults
        Only these are mended, of those that are repairable; by default all that there are.

    Returns
    -------
    dict
        All layers; those that nothing was mended in are the same frames.
    list of Repair
        Geometries made valid without change of dimension; rows that repeat another row and streets without
        length removed; gaps and overlaps between communities up to 1 m wide closed, unless a community has
        wider ones: those need a decision first.
    """
    wanted = None if faults is None else {(f.code, f.layer) for f in faults if f.repairable}
    out = dict(layers)
    repairs: list[Repair] = []
    for layer, frame in layers.items():
        if not isinstance(frame, gpd.GeoDataFrame) or not len(frame):
            continue
        for code, message, mend in _steps(layer):
            if wanted is not None and (code, layer) not in wanted:
                continue
            before = out[layer]
            after, rows = mend(before)
            if rows.any():
                out[layer] = after
                ids = first_ids(ids_of(before, layer)[rows])
                repairs.append(Repair(code, layer, ids, int(rows.sum()), message))
    return out, repairs


def _steps(layer: str) -> list[tuple[str, str, Callable[[gpd.GeoDataFrame], Mended]]]:
    """Return what can be mended in a layer, in order: code, what it does, and how."""
    steps: list[tuple[str, str, Callable[[gpd.GeoDataFrame], Mended]]] = [
        ("geometry_invalid", mark("{count} geometries made valid"), _valid)
    ]
    if layer in DRAWN_ONCE:
        message = mark("{count} repeated rows removed, the first of each kept")
        steps.append(("row_repeated", message, lambda frame: _without(frame, repeated(frame, layer)[0])))
    if layer == "streets":
        message = mark("{count} streets without length removed")
        steps.append(("street_without_length", message, lambda frame: _without(frame, dot_streets(frame))))
    if layer == "communities":
        steps.append(("communities_slit", mark("{count} communities fitted to their neighbours"), _fitted))
    return steps


def _without(frame: gpd.GeoDataFrame, rows: Flags) -> Mended:
    return frame[~rows].reset_index(drop=True), rows


def _valid(frame: gpd.GeoDataFrame) -> Mended:
    """Make invalid geometries valid; those that would become something else stay as they are."""
    shapes = frame.geometry.to_numpy().copy()
    rows = np.flatnonzero(~empty(shapes) & ~shapely.is_valid(shapes))
    mended = shapely.make_valid(shapes[rows], method="structure", keep_collapsed=False)
    same = ~shapely.is_empty(mended) & (shapely.get_dimensions(mended) == shapely.get_dimensions(shapes[rows]))
    same &= ~np.isin(shapely.get_type_id(mended), [shapely.GeometryType.GEOMETRYCOLLECTION])
    shapes[rows[same]] = mended[same]
    changed = np.zeros(len(frame), bool)
    changed[rows[same]] = True
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs)), changed


def _fitted(frame: gpd.GeoDataFrame) -> Mended:
    """Close narrow gaps and overlaps between communities; change nothing where more would have to move."""
    nothing = np.zeros(len(frame), bool)
    shapes = frame.geometry.to_numpy()
    if not shapely.is_valid(shapes).all() or not (shapely.get_dimensions(shapes) == 2).all():
        return frame, nothing
    if shapely.coverage_is_valid(shapes, gap_width=NARROW_M) or not narrow(overlaps(shapes)[2]).all():
        return frame, nothing
    for distance in SNAP_M:
        fitted = shapely.coverage_clean(shapes, gap_width=NARROW_M, snapping_distance=distance)
        if not shapely.coverage_is_valid(fitted, gap_width=NARROW_M):
            continue
        moved = shapely.symmetric_difference(shapes, fitted)
        if shapely.is_empty(fitted).any() or not narrow(moved).all():
            continue
        changed = ~shapely.is_empty(moved) & (shapely.area(moved) > 0)
        return frame.set_geometry(gpd.GeoSeries(fitted, index=frame.index, crs=frame.crs)), changed
    return frame, nothing
