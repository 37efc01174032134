"""Coordinate systems: the Chinese map datums GCJ-02 and BD-09, and the metric CRS of a place.

GCJ-02 and BD-09 look like ordinary longitudes and latitudes but lie some hundred metres beside the true place;
a layer in them is declared by its user and never guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from numpy.typing import ArrayLike, NDArray

from gridtwin.errors import InputError, UsageError
from gridtwin.i18n import mark

Floats = NDArray[np.float64]
Pair = tuple[Floats, Floats]

DATUMS = ("wgs84", "gcj02", "bd09")
WGS84 = "EPSG:4326"
CGCS2000_75E = 4534  # EPSG code of CGCS2000 / 3-degree Gauss-Kruger CM 75E; the next zones follow it
TOLERANCE_DEG = 1e-6 / 111_320.0  # one micrometre on the ground
MAX_ROUNDS = 30
# Krasovsky 1940, the ellipsoid of the GCJ-02 formulas.
AXIS_M = 6_378_245.0
ECCENTRICITY_2 = 0.006_693_421_622_965_943
BD09_TURN = np.pi * 3000.0 / 180.0
# A coarse outline of mainland China (longitude, latitude); Hong Kong, Macau and Taiwan lie outside.
_MAINLAND = shapely.Polygon(
    [
        (73.4, 39.5), (74.9, 37.2), (78.0, 35.3), (78.9, 31.3), (81.2, 30.0), (86.0, 27.9), (88.9, 27.9), (92.0, 27.8),
        (97.3, 28.2), (98.6, 27.5), (97.5, 23.9), (99.2, 22.0), (101.7, 21.1), (102.5, 22.6), (105.3, 23.2),
        (106.6, 22.0), (108.0, 21.4), (108.5, 18.0), (111.5, 18.0), (113.45, 21.5), (113.6, 22.3), (113.85, 22.45),
        (114.3, 22.55), (117.5, 23.0), (118.6, 24.4), (119.6, 25.2), (120.6, 26.6), (123.0, 30.0), (123.0, 37.5),
        (121.0, 38.6), (124.2, 39.8), (126.9, 41.7), (128.1, 41.4), (129.9, 42.4), (131.2, 42.9), (131.2, 44.9),
        (133.2, 45.1), (135.1, 48.4), (130.9, 47.8), (130.6, 48.9), (127.6, 50.2), (125.9, 53.0), (120.9, 53.4),
        (119.9, 52.4), (119.2, 50.1), (116.7, 49.8), (115.6, 47.8), (119.7, 46.7), (111.9, 45.1), (111.0, 43.4),
        (105.0, 41.6), (97.2, 42.8), (95.3, 44.3), (91.0, 45.2), (90.0, 47.9), (87.8, 49.1), (85.5, 48.3),
        (82.6, 47.2), (82.3, 45.3), (80.1, 45.0), (80.3, 42.2), (76.9, 41.0), (73.7, 40.0),
    ]
)  # fmt: skip
_WITHOUT_PARAMETERS = ("Beijing 1954", "Xian 1980", "New Beijing")


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Return GCJ-02 longitudes and latitudes, degrees, of true ones.

    Notes
    -----
    The formula that all open implementations share; its official form has never been published. It shifts
    every place it is given, also outside China: whether a layer is shifted is the user's to declare.
    """
    lon, lat = _arrays(lon, lat)
    east, north = _gcj02_offset(lon, lat)
    return lon + east, lat + north


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Return true longitudes and latitudes, degrees, of GCJ-02 ones, within a micrometre (fixed point)."""
    return _inverse(wgs84_to_gcj02, lon, lat)


def gcj02_to_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Return BD-09 longitudes and latitudes, degrees, of GCJ-02 ones."""
    lon, lat = _arrays(lon, lat)
    radius = np.hypot(lon, lat) + 2e-5 * np.sin(lat * BD09_TURN)
    angle = np.arctan2(lat, lon) + 3e-6 * np.cos(lon * BD09_TURN)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def bd09_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Return GCJ-02 longitudes and latitudes, degrees, of BD-09 ones, within a micrometre (fixed point)."""
    return _inverse(gcj02_to_bd09, lon, lat)


def wgs84_to_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Return BD-09 longitudes and latitudes, degrees, of true ones."""
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


def bd09_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Return true longitudes and latitudes, degrees, of BD-09 ones, within some micrometres."""
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))


_TO_WGS84: dict[str, Callable[[ArrayLike, ArrayLike], Pair]] = {"gcj02": gcj02_to_wgs84, "bd09": bd09_to_wgs84}


def from_datum(frame: gpd.GeoDataFrame, datum: str) -> gpd.GeoDataFrame:
    """Return ``frame`` in true longitudes and latitudes (EPSG:4326).

    Parameters
    ----------
    frame
        Layer in geographic coordinates (longitude, latitude) of ``datum``; a CRS that it states beside GCJ-02
        or BD-09 must be geographic and is taken as a label only. Never changed.
    datum
        One of :data:`DATUMS`; ``"wgs84"`` returns the frame as it is.

    Raises
    ------
    UsageError
        If the datum is unknown.
    InputError
        If a layer in GCJ-02 or BD-09 is projected: undo that first.
    """
    if datum not in DATUMS:
        raise UsageError(
            "datum_unknown", mark("'{datum}' is no datum; take one of: {known}"), datum=datum, known=", ".join(DATUMS)
        )
    if datum == "wgs84":
        return frame
    if frame.crs is not None and not frame.crs.is_geographic:
        raise InputError(
            "datum_projected",
            mark("a layer in {datum} must be in degrees, but its CRS is {crs}; reproject it to EPSG:4326 first"),
            datum=datum,
            crs=crs_name(frame.crs),
        )
    convert = _TO_WGS84[datum]
    shapes = shapely.transform(
        frame.geometry.to_numpy(), lambda lonlat: np.column_stack(convert(lonlat[:, 0], lonlat[:, 1]))
    )
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=WGS84), crs=WGS84)


def suggest_crs(lon: float, lat: float) -> int:
    """Return the EPSG code of a metric CRS for a place.

    Parameters
    ----------
    lon, lat
        Degrees, WGS84.

    Returns
    -------
    int
        CGCS2000 / 3-degree Gauss–Krüger (coordinates without zone prefix) in mainland China, UTM elsewhere.
    """
    if shapely.contains_xy(_MAINLAND, lon, lat):
        meridian = min(max(3 * round(lon / 3), 75), 135)
        return CGCS2000_75E + (meridian - 75) // 3
    zone = int((lon + 180.0) // 6) % 60 + 1
    return (32600 if lat >= 0 else 32700) + zone


def suggest_for(frame: gpd.GeoDataFrame) -> int:
    """Return the EPSG code of a metric CRS for the middle of ``frame``, which must have a CRS."""
    west, south, east, north = frame.total_bounds
    lon, lat = pyproj.Transformer.from_crs(frame.crs, WGS84, always_xy=True).transform(
        (west + east) / 2, (south + north) / 2
    )
    return suggest_crs(lon, lat)


def require_metric(crs: Any, layer: str, frame: gpd.GeoDataFrame | None = None) -> pyproj.CRS:
    """Return ``crs`` if it is projected and in metres.

    Parameters
    ----------
    crs
        Anything that :meth:`pyproj.CRS.from_user_input` reads.
    layer
        Name to put into the message.
    frame
        Frame in that CRS; with it the message names the code that would fit.

    Raises
    ------
    InputError
        ``crs_in_degrees``, ``crs_web_mercator`` or ``crs_not_metric``.
    """
    wanted = read_crs(crs, layer)
    if wanted.is_geographic:
        code, what = "crs_in_degrees", mark("layer '{layer}' is in degrees ({crs}); reproject it, e.g. to EPSG:{fit}")
    elif _is_web_mercator(wanted):
        code, what = (
            "crs_web_mercator",
            mark(
                "layer '{layer}' is in Web Mercator ({crs}), where lengths are wrong; reproject it, e.g. to EPSG:{fit}"
            ),
        )
    elif not wanted.is_projected or any(axis.unit_conversion_factor != 1.0 for axis in wanted.axis_info[:2]):
        code, what = (
            "crs_not_metric",
            mark("layer '{layer}' is not in metres ({crs}); reproject it, e.g. to EPSG:{fit}"),
        )
    else:
        return wanted
    fit = suggest_for(frame) if frame is not None and len(frame) and frame.crs is not None else "4549"
    raise InputError(code, what, layer=layer, crs=crs_name(wanted), fit=fit)


def read_crs(crs: Any, layer: str) -> pyproj.CRS:
    """Return ``crs`` as pyproj knows it.

    Raises
    ------
    InputError
        If pyproj cannot read it.
    """
    try:
        return pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError:
        raise InputError(
            "crs_unknown",
            mark("layer '{layer}': '{crs}' is no coordinate reference system; write a code such as EPSG:4549"),
            layer=layer,
            crs=str(crs),
        ) from None


def refuse_old_datum(crs: Any, layer: str) -> None:
    """Refuse Beijing 1954 and Xian 1980 without transformation parameters.

    Without the parameters of the place PROJ shifts nothing and says nothing, and the layer lies tens of
    metres beside its place. A CRS with parameters of its own (``+towgs84`` in PROJ or WKT) is accepted.

    Raises
    ------
    InputError
        ``crs_needs_parameters``.
    """
    known = read_crs(crs, layer)
    if known.is_bound:
        return
    base = known.geodetic_crs
    name = f"{known.name} {base.name if base is not None else ''}"
    if any(word in name for word in _WITHOUT_PARAMETERS):
        raise InputError(
            "crs_needs_parameters",
            mark(
                "layer '{layer}' is in {crs}; without the local parameters it would silently lie tens of metres"
                " beside its place. Have it converted to CGCS2000, or state a CRS with +towgs84=…"
            ),
            layer=layer,
            crs=crs_name(known),
        )


def crs_name(crs: Any) -> str:
    """Return a short name of a CRS: its EPSG code where it has one."""
    known = pyproj.CRS.from_user_input(crs)
    authority = known.to_authority()
    return ":".join(authority) if authority else str(known.name)


def _is_web_mercator(crs: pyproj.CRS) -> bool:
    method = crs.coordinate_operation.method_name if crs.coordinate_operation is not None else ""
    return crs.to_epsg() in (3857, 900913, 3785, 102100) or "Pseudo Mercator" in method


def _arrays(lon: ArrayLike, lat: ArrayLike) -> Pair:
    return np.asarray(lon, np.float64), np.asarray(lat, np.float64)


def _inverse(forward: Callable[[ArrayLike, ArrayLike], Pair], lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Return the places that ``forward`` maps onto lon and lat: step back by what is missing until it is naught."""
    lon, lat = _arrays(lon, lat)
    x, y = lon.copy(), lat.copy()
    for _ in range(MAX_ROUNDS):
        there = forward(x, y)
        east, north = lon - there[0], lat - there[1]
        x, y = x + east, y + north
        worst = np.fmax(np.abs(east), np.abs(north))
        if not np.any(worst > TOLERANCE_DEG):
            break
    return x, y


def _gcj02_offset(lon: Floats, lat: Floats) -> Pair:
    """Return the shift to the east and north, degrees."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    wave = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (wave + 20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi / 3.0 * x)) * 2.0 / 3.0
    east += (150.0 * np.sin(np.pi / 12.0 * x) + 300.0 * np.sin(np.pi / 30.0 * x)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (wave + 20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi / 3.0 * y)) * 2.0 / 3.0
    north += (160.0 * np.sin(np.pi / 12.0 * y) + 320.0 * np.sin(np.pi / 30.0 * y)) * 2.0 / 3.0
    phi = np.radians(lat)
    flattened = 1.0 - ECCENTRICITY_2 * np.sin(phi) ** 2
    root = np.sqrt(flattened)
    north = np.degrees(north * flattened * root / (AXIS_M * (1.0 - ECCENTRICITY_2)))
    east = np.degrees(east * root / (AXIS_M * np.cos(phi)))
    return east, north
