"""Rasters: people of a population raster, heights of an elevation model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
from numpy.typing import NDArray

from gridtwin.errors import InputError, InputMissingError
from gridtwin.i18n import mark
from gridtwin.load.topology import ENDS

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

# Steeper is an artefact of the raster: the steepest street of the world, Baldwin Street in Dunedin, rises 0.35.
MAX_SLOPE = 0.35
TOUCHING_M = 1e-3  # junctions of a bridge are not taken to be nearer to each other


def population_by_zone(raster: str | Path, zones: gpd.GeoDataFrame) -> pd.Series:
    """Add up the people of a raster within each zone.

    Parameters
    ----------
    raster
        Persons per cell (not per area), any CRS; cells without data and below zero count as none.
    zones
        Polygons. They are brought into the raster's CRS, so that no person is lost by resampling.

    Returns
    -------
    Series of float
        ``persons`` with the index of ``zones``; a cell that a zone covers in part counts in part. Missing where
        the raster has no data.

    Raises
    ------
    InputMissingError, InputError
        If the raster cannot be read or states no CRS.
    """
    import exactextract  # noqa: PLC0415 - heavy

    with _open(raster) as source:
        placed = zones.geometry.to_crs(_crs_of(source, raster))
        frame = gpd.GeoDataFrame({"zone": np.arange(len(zones))}, geometry=placed.to_numpy(), crs=placed.crs)
        found = exactextract.exact_extract(source, frame, ["sum", "count"], output="pandas", include_cols=["zone"])
    found = found.set_index("zone").reindex(range(len(zones)))
    persons = found["sum"].to_numpy(np.float64)
    persons = np.where(found["count"].to_numpy(np.float64) > 0, np.maximum(persons, 0.0), np.nan)
    return pd.Series(persons, index=zones.index, name="persons")


def sample_elevation(dem: str | Path, points: gpd.GeoDataFrame) -> pd.Series:
    """Return the height of each point, between the four cells around it (bilinear).

    Parameters
    ----------
    dem
        Heights in metres, any CRS; GeoTIFF, SRTM .hgt (also zipped) or what else GDAL reads.
    points
        Points, such as layer ``junctions``.

    Returns
    -------
    Series of float
        ``elevation_m`` with the index of ``points``; missing outside the raster and where it has no data.

    Raises
    ------
    InputMissingError, InputError
        If the raster cannot be read or states no CRS.
    """
    with _open(dem) as source:
        placed = points.geometry.to_crs(_crs_of(source, dem))
        column, row = _cells(source, placed)
        height = _bilinear(source, row - 0.5, column - 0.5)
    return pd.Series(height, index=points.index, name="elevation_m")


def deck_heights(heights: pd.Series, streets: gpd.GeoDataFrame, junctions: gpd.GeoDataFrame) -> pd.Series:
    """Return the heights with those on bridges and in tunnels put between the ends of the bridge or tunnel.

    A terrain model knows the ground below a bridge and above a tunnel. Where one is cut into several streets, the
    junctions between them, those that no street on the ground meets, get the height that rises evenly from end to
    end; where bridges or tunnels branch, the mean of their neighbours, weighted by nearness. The ends are on the
    ground and keep their height.

    Parameters
    ----------
    heights
        Height of each junction in the terrain model, metres, in the rows of ``junctions``.
    streets
        Layer ``streets`` with its junctions, length_m and structure.
    junctions
        Layer ``junctions``.

    Returns
    -------
    Series of float
        ``elevation_m`` with the index of ``heights``; missing between ends whose heights are missing.
    """
    ends = np.column_stack([pd.Index(junctions["junction_id"]).get_indexer(streets[name]) for name in ENDS])
    joined = (ends >= 0).all(axis=1)
    off_ground = streets["structure"].isin(("bridge", "tunnel")).to_numpy(bool)
    spans = ends[off_ground & joined]
    inner = np.zeros(len(junctions), bool)
    inner[spans] = True
    inner[ends[~off_ground & joined]] = False
    height = np.where(inner, np.nan, heights.to_numpy(np.float64))
    if inner.any():
        length_m = streets["length_m"].to_numpy(np.float64)[off_ground & joined]
        height = _balanced(height, inner, spans, 1.0 / np.maximum(length_m, TOUCHING_M))
    return pd.Series(height, index=heights.index, name="elevation_m")


def _balanced(height: Floats, inner: Flags, spans: Indices, nearness: Floats) -> Floats:
    """Return the heights with those of ``inner`` junctions in balance with their neighbours along the spans."""
    from scipy.sparse import coo_array, diags_array  # noqa: PLC0415 - heavy, and needed for bridges only
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415
    from scipy.sparse.linalg import spsolve  # noqa: PLC0415

    known = ~np.isnan(height)
    usable = (known | inner)[spans].all(axis=1)
    (one, other), weight = spans[usable].T, nearness[usable]
    ends = (np.r_[one, other], np.r_[other, one])
    links = coo_array((np.r_[weight, weight], ends), shape=(len(height), len(height))).tocsr()
    label = connected_components(links, directed=False)[1]
    free = np.flatnonzero(inner & np.isin(label, label[known]))
    rows = (diags_array(links.sum(axis=1)) - links).tocsr()[free]
    out = height.copy()
    if len(free):
        out[free] = spsolve(rows[:, free].tocsc(), -(rows[:, np.flatnonzero(known)] @ height[known]))
    return out


def street_slopes(streets: gpd.GeoDataFrame, junctions: gpd.GeoDataFrame) -> pd.Series:
    """Return the slope of each street along its direction, rise over run.

    Parameters
    ----------
    streets
        Layer ``streets`` with its junctions and length_m.
    junctions
        Layer ``junctions`` with elevation_m.

    Returns
    -------
    Series of float
        ``slope`` with the index of ``streets``, at most :data:`MAX_SLOPE` either way; missing where a height is.

    Notes
    -----
    The slope is that from end to end: of a long street over a hill only the difference of its ends is left. For
    the same reason terrain under a bridge or over a tunnel does not count, as long as its ends have the heights of
    :func:`deck_heights`. Steeper values come from the noise of a terrain model over short streets.
    """
    height = junctions.drop_duplicates("junction_id").set_index("junction_id")["elevation_m"].astype("float64")
    rise = height.reindex(streets["to_junction_id"]).to_numpy() - height.reindex(streets["from_junction_id"]).to_numpy()
    run = streets["length_m"].to_numpy(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(run > 0, rise / run, np.where(np.isnan(rise), np.nan, 0.0))
    return pd.Series(np.clip(slope, -MAX_SLOPE, MAX_SLOPE), index=streets.index, name="slope")


def _open(path: str | Path) -> Any:
    import rasterio  # noqa: PLC0415 - heavy
    from rasterio.errors import RasterioIOError  # noqa: PLC0415

    if not Path(path).is_file():
        raise InputMissingError("file_missing", mark("there is no file '{path}'"), path=str(path))
    try:
        return rasterio.open(_inside_zip(Path(path)))
    except RasterioIOError as error:
        raise InputError(
            "raster_unreadable",
            mark("'{path}' cannot be read as a raster ({reason})"),
            path=str(path),
            reason=str(error),
        ) from error


def _inside_zip(path: Path) -> str:
    """Return the name by which GDAL opens a raster, also one inside a zip (SRTM tiles come so)."""
    import zipfile  # noqa: PLC0415

    if path.suffix.lower() != ".zip":
        return str(path)
    with zipfile.ZipFile(path) as archive:
        inner = [
            name for name in archive.namelist() if name.lower().endswith((".hgt", ".tif", ".tiff", ".asc", ".img"))
        ]
    return f"/vsizip/{path}/{inner[0]}" if inner else str(path)


def _crs_of(source: Any, path: str | Path) -> pyproj.CRS:
    if source.crs is None:
        raise InputError(
            "raster_crs_missing",
            mark("raster '{path}' states no CRS; assign one, e.g. in QGIS, and save it again"),
            path=str(path),
        )
    return pyproj.CRS.from_user_input(source.crs)


def _cells(source: Any, points: gpd.GeoSeries) -> tuple[Floats, Floats]:
    """Return column and row of each point; whole numbers are the corners of cells."""
    inverse = ~source.transform
    x, y = points.x.to_numpy(), points.y.to_numpy()
    return inverse.a * x + inverse.b * y + inverse.c, inverse.d * x + inverse.e * y + inverse.f


def _window(source: Any, row: Floats, column: Floats) -> tuple[Floats, int, int]:
    """Return the part of the first band that holds these cells (missing: NaN), and its top row and left column."""
    top, left = int(row.min()), int(column.min())
    bottom, right = int(row.max()) + 1, int(column.max()) + 1
    values = source.read(1, window=((top, bottom), (left, right)), masked=True).astype(np.float64)
    return np.asarray(values.filled(np.nan)), top, left


def _bilinear(source: Any, row: Floats, column: Floats) -> Floats:
    """Return the band between cell centres; cells without data leave the weight to the others."""
    out = np.full(len(row), np.nan)
    with np.errstate(invalid="ignore"):
        inside = (row >= -0.5) & (row < source.height - 0.5) & (column >= -0.5) & (column < source.width - 0.5)
    if not inside.any():
        return out
    row = np.clip(row[inside], 0, source.height - 1)
    column = np.clip(column[inside], 0, source.width - 1)
    r0, c0 = np.floor(row), np.floor(column)
    r1, c1 = np.minimum(r0 + 1, source.height - 1), np.minimum(c0 + 1, source.width - 1)
    values, top, left = _window(source, np.r_[r0, r1], np.r_[c0, c1])
    total, weight = np.zeros(len(row)), np.zeros(len(row))
    for r, down in ((r0, 1 - (row - r0)), (r1, row - r0)):
        for c, across in ((c0, 1 - (column - c0)), (c1, column - c0)):
            value = values[r.astype(int) - top, c.astype(int) - left]
            share = np.where(np.isfinite(value), down * across, 0.0)
            total += share * np.nan_to_num(value)
            weight += share
    with np.errstate(invalid="ignore", divide="ignore"):
        out[inside] = np.where(weight > 0, total / weight, np.nan)
    return out
