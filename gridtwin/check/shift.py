"""Layers that are shifted against each other by the offset of GCJ-02, the coordinates of Chinese web maps.

Streets hardly ever run through buildings. Where one of the two layers is shifted by some hundred metres they
do, as often as chance will have it. So street points are laid on the buildings as they are, moved by the
local offset of GCJ-02 there and back, and, for comparison, moved by the same distance in other directions.
Only a fit counts that one of the two offsets gives, and neither the layers as they are nor the other
directions do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from gridtwin.errors import Fault
from gridtwin.i18n import mark

Floats = NDArray[np.float64]
Offset = Callable[[Floats, Floats], tuple[Floats, Floats]]

SAMPLES = 4_000  # street points
NEAR_M = 25.0  # street points farther than this from any building say nothing
CONTROLS = 8  # other directions
SHIFT_M = (200.0, 1_000.0)  # offsets of GCJ-02 in cities lie between
MIN_NEAR = 150  # street points near buildings that are needed for a judgement
MIN_CHANCE = 0.06  # share of them in buildings by chance below which layers are too sparse to judge
MUCH_LESS = 0.5  # a fit has at most this share of the hits of the alternatives
_NOT_OPEN = ("tunnel",)
_MESSAGES = {  # by whether the layer lies east and north of the other
    (True, True): mark("the layer lies {east:.0f} m east and {north:.0f} m north of '{other}', as GCJ-02 does"),
    (True, False): mark("the layer lies {east:.0f} m east and {north:.0f} m south of '{other}', as GCJ-02 does"),
    (False, True): mark("the layer lies {east:.0f} m west and {north:.0f} m north of '{other}', as GCJ-02 does"),
    (False, False): mark("the layer lies {east:.0f} m west and {north:.0f} m south of '{other}', as GCJ-02 does"),
}


def shift_faults(layers: Mapping[str, gpd.GeoDataFrame], *, to_gcj02: Offset | None = None) -> list[Fault]:
    """Return a fault if buildings and streets are apart by the offset of GCJ-02.

    Parameters
    ----------
    layers
        Layers in metres; judged only if there are both buildings (as polygons) and streets.
    to_gcj02
        Longitudes and latitudes (WGS 84) to those of GCJ-02; that of :mod:`gridtwin.coordinates` by default.
    """
    if "buildings" not in layers or "streets" not in layers:
        return []
    streets, shapes = layers["streets"], layers["buildings"].geometry.to_numpy()
    shapes = shapes[shapely.get_dimensions(shapes) == 2]
    if not len(shapes):
        return []
    points = _street_points(streets)
    offset = _offsets(points, streets.crs, to_gcj02 or _default_offset())
    metres = float(np.median(np.hypot(*offset.T))) if len(offset) else 0.0
    if not SHIFT_M[0] <= metres <= SHIFT_M[1]:
        return []
    layer = _shifted_layer(points, offset, shapely.STRtree(shapes))
    if not layer:
        return []
    return [_fault(layer, metres, offset)]


def _default_offset() -> Offset:
    from gridtwin.coordinates import wgs84_to_gcj02  # noqa: PLC0415 - few regions need it

    return wgs84_to_gcj02


def _fault(layer: str, metres: float, offset: Floats) -> Fault:
    east, north = (float(value) for value in np.median(offset, axis=0))
    return Fault(
        "shifted_as_gcj02",
        _MESSAGES[east >= 0, north >= 0],
        layer,
        count=1,
        hint=mark("build the region again and declare this layer as gcj02"),
        params={
            "metres": metres,
            "east": abs(east),
            "north": abs(north),
            "other": "streets" if layer == "buildings" else "buildings",
        },
    )


def _street_points(streets: gpd.GeoDataFrame) -> Floats:
    """Return points at equal distances along the streets under the open sky, (points, 2)."""
    if "structure" in streets.columns:
        streets = streets[~streets["structure"].isin(_NOT_OPEN)]
    lines = streets.geometry.to_numpy()
    length = shapely.length(lines)
    until = np.cumsum(length)
    if not len(until) or until[-1] <= 0:
        return np.zeros((0, 2))
    along = (np.arange(SAMPLES) + 0.5) * until[-1] / SAMPLES
    line = np.minimum(np.searchsorted(until, along, side="right"), len(lines) - 1)
    at = along - (until - length)[line]
    return np.asarray(shapely.get_coordinates(shapely.line_interpolate_point(lines[line], at)))


def _offsets(points: Floats, crs: pyproj.CRS, to_gcj02: Offset) -> Floats:
    """Return by how many metres GCJ-02 moves each point east and north, (points, 2)."""
    there = pyproj.Transformer.from_crs(crs, 4326, always_xy=True)
    back = pyproj.Transformer.from_crs(4326, crs, always_xy=True)
    lon, lat = there.transform(points[:, 0], points[:, 1])
    x, y = back.transform(*to_gcj02(np.asarray(lon), np.asarray(lat)))
    return np.column_stack([x, y]) - points


def _shifted_layer(points: Floats, offset: Floats, tree: shapely.STRtree) -> str:
    """Return which layer is shifted, or nothing."""
    turns = 2 * np.pi * (np.arange(1, CONTROLS + 2) / (CONTROLS + 2))
    turns = turns[~np.isclose(turns, np.pi)]
    hits = {
        "": _hits(points, tree),
        "buildings": _hits(points + offset, tree),
        "streets": _hits(points - offset, tree),
    }
    others = [_hits(points + offset @ _turn(angle), tree) for angle in turns]
    others = [share for share in others if np.isfinite(share)]
    chance = float(np.median(others)) if len(others) > len(turns) // 2 else np.nan
    # A comparison with NaN is false: too few points near buildings never make a fault.
    for layer in sorted(("buildings", "streets"), key=lambda name: np.nan_to_num(hits[name], nan=1.0)):
        less = hits[layer] <= MUCH_LESS * min(hits[""], chance) and hits[layer] <= min(others, default=0.0)
        if less and min(chance, hits[""]) >= MIN_CHANCE:
            return layer
    return ""


def _turn(angle: float) -> Floats:
    """Return the matrix that turns row vectors by ``angle``."""
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def _hits(points: Floats, tree: shapely.STRtree) -> float:
    """Return the share of the points in buildings among those near buildings, NaN if these are few."""
    _, distance = tree.query_nearest(
        shapely.points(points), max_distance=NEAR_M, return_distance=True, all_matches=False
    )
    return float((distance == 0).mean()) if len(distance) >= MIN_NEAR else np.nan
