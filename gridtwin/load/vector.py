"""Read the user's own layers: any vector file that GDAL reads, GeoParquet, and tables with coordinates."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from gridtwin.coordinates import WGS84, from_datum, read_crs, refuse_old_datum, require_metric, suggest_for
from gridtwin.errors import Fault, InputError, InputMissingError, LayerFaultsError, MissingToolError
from gridtwin.i18n import mark, tr
from gridtwin.load.columns import renamed, translated
from gridtwin.load.kinds import FacilityKinds, conform_with_kinds
from gridtwin.load.mapping import LayerMapping
from gridtwin.load.shapefiles import read_shapefile
from gridtwin.load.tables import EXCEL, LAT_NAMES, LON_NAMES, TEXT, named_column, read_table
from gridtwin.progress import Progress, silent
from gridtwin.schemas import LAYERS

PARQUET = (".parquet", ".geoparquet", ".pq")
SHAPEFILE = (".shp", ".zip")
_MULTI = tuple(
    int(kind)
    for kind in (
        shapely.GeometryType.MULTIPOINT,
        shapely.GeometryType.MULTILINESTRING,
        shapely.GeometryType.MULTIPOLYGON,
    )
)
# Layers that decide on the CRS of a region, the first that there is.
_CRS_ORDER = ("streets", "buildings", "communities", "barriers", "facilities", "entrances", "shelters", "depots")


@dataclass(frozen=True)
class LayerSource:
    """Where a layer is read from.

    Attributes
    ----------
    path
        The file.
    mapping
        Names of columns and words, and how to read the file.
    datum
        One of :data:`gridtwin.coordinates.DATUMS`; empty means as the mapping says, else WGS84.
    """

    path: Path
    mapping: LayerMapping | None = None
    datum: str = ""


def read_layer(
    path: str | Path,
    name: str,
    *,
    mapping: LayerMapping | None = None,
    datum: str = "wgs84",
    crs: Any = None,
    kinds: FacilityKinds | None = None,
) -> Any:
    """Read one input layer from one file.

    Parameters
    ----------
    path
        GeoPackage, shapefile (also zipped), GeoJSON, GeoParquet or any other file that GDAL reads; for point
        layers and plain tables also CSV and Excel, points with the columns lon and lat, or x and y in the
        CRS that the mapping states.
    name
        Input layer of the data dictionary.
    mapping
        Names of columns and words; without it the file uses ours.
    datum
        Datum of the coordinates, one of :data:`gridtwin.coordinates.DATUMS`; that of the mapping goes first.
    crs
        Projected CRS of the result; by default the file's own if it is metric, else the one that fits the place.
    kinds
        Catalogue in which kinds of facilities are looked up; that which comes with GridTwin by default.

    Returns
    -------
    GeoDataFrame or DataFrame
        The layer as :func:`gridtwin.schemas.conform` leaves it, without heights (z). In point layers an area
        comes as a point within it.

    Raises
    ------
    LayerFaultsError
        Everything that is wrong with the columns, values and geometries.
    InputMissingError, InputError
        If the file cannot be read, or its CRS is unknown or refused.
    MissingToolError
        If the file is GeoParquet and pyarrow is not installed.
    """
    frame = _open(LayerSource(Path(path), mapping, datum), name)
    if isinstance(frame, gpd.GeoDataFrame):
        target = require_metric(crs, name, frame) if crs is not None else _metric(frame)
        frame = frame.to_crs(target)
    return conform_with_kinds(frame, name, kinds)


def read_layers(
    sources: Mapping[str, LayerSource],
    *,
    crs: Any = None,
    kinds: FacilityKinds | None = None,
    progress: Progress = silent,
) -> tuple[dict[str, Any], pyproj.CRS | None]:
    """Read several input layers into one CRS; all faults of all layers are listed at once.

    Parameters
    ----------
    sources
        Where each layer is read from.
    crs
        Projected CRS in metres; by default that of the streets (then buildings, ...) if it is metric, else
        the one that fits their place.
    kinds
        As for :func:`read_layer`.
    progress
        Called with fraction and text after each layer.

    Returns
    -------
    dict, CRS
        Layers by name, and their CRS (None if all are plain tables).

    Raises
    ------
    LayerFaultsError
        Everything that is wrong with any layer.
    MissingToolError
        If a GeoParquet file is among them and pyarrow is not installed.
    """
    faults: list[Fault] = []
    raw: dict[str, Any] = {}
    for number, (name, source) in enumerate(sources.items()):
        progress(number / max(len(sources), 1), tr(mark("reading layer {layer}")).format(layer=name))
        try:
            raw[name] = _open(source, name)
        except InputError as error:
            faults += as_faults(error, name)
    target = None
    try:
        target = _common_crs(raw, crs)
    except InputError as error:
        faults += as_faults(error, "")
    layers: dict[str, Any] = {}
    for name, frame in raw.items():
        moved = frame.to_crs(target) if isinstance(frame, gpd.GeoDataFrame) and target is not None else frame
        try:
            layers[name] = conform_with_kinds(moved, name, kinds)
        except LayerFaultsError as error:
            faults += error.faults
    if faults:
        raise LayerFaultsError(faults)
    progress(1.0, tr(mark("read all layers")))
    return layers, target


def read_drawing(path: str | Path, *, crs: Any) -> Any:
    """Read the one shape that a planner has drawn.

    Parameters
    ----------
    path
        Any file that GDAL reads, with one geometry; of several layers the one called "drawing" counts.
    crs
        CRS of the result.

    Returns
    -------
    shapely.Geometry
        Without heights (z).

    Raises
    ------
    InputMissingError, InputError
        If the file cannot be read, states no CRS, or does not hold exactly one geometry.
    """
    name = "drawing"
    frame, _ = _file_content(LayerSource(Path(path)), name, LayerMapping())
    frame = placed(frame, name, None, "").to_crs(crs)
    shapes = frame.geometry.to_numpy()
    shapes = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    if len(shapes) != 1:
        raise InputError(
            "drawing_not_single",
            mark("'{path}' holds {count} shapes; give a file with exactly one"),
            path=str(path),
            count=len(shapes),
        )
    return shapes[0]


def as_faults(error: InputError, layer: str) -> list[Fault]:
    """Return an error as faults of a layer, to be listed with those of others."""
    if isinstance(error, LayerFaultsError):
        return list(error.faults)
    return [Fault(error.code, error.message, layer, params=error.params)]


def located(
    table: pd.DataFrame, layer: str, *, mapping: LayerMapping | None = None, datum: str = ""
) -> gpd.GeoDataFrame:
    """Return a table with coordinates as points.

    Parameters
    ----------
    table
        With columns lon and lat in degrees (also lng, longitude, latitude, 经度, 纬度), or x and y in the CRS
        that the mapping states.
    layer
        Name for messages.
    mapping, datum
        As for :func:`read_layer`.

    Raises
    ------
    LayerFaultsError
        If there are no such columns, or they hold no numbers.
    InputError
        If x and y have no CRS.
    """
    lon, lat = named_column(table, LON_NAMES), named_column(table, LAT_NAMES)
    x, y = (lon, lat) if lon and lat else (named_column(table, ("x",)), named_column(table, ("y",)))
    if not (x and y):
        hint = mark("add columns lon and lat, or name those that hold them in a mapping file")
        raise LayerFaultsError([Fault("no_coordinates", mark("the table has no coordinates"), layer, hint=hint)])
    numbers = table[[x, y]].apply(pd.to_numeric, errors="coerce").astype("float64")
    bad = ~np.isfinite(numbers.to_numpy()).all(axis=1)
    if bad.any():
        raise LayerFaultsError([_unplaced(table, layer, bad)])
    stated = WGS84 if lon and lat else (mapping.crs if mapping else "")
    frame = gpd.GeoDataFrame(
        table.drop(columns=[x, y]), geometry=shapely.points(numbers.to_numpy()), crs=stated or None
    )
    return placed(frame, layer, mapping, datum)


def _unplaced(table: pd.DataFrame, layer: str, bad: Any) -> Fault:
    key = LAYERS[layer].key if layer in LAYERS else ""
    rows = np.flatnonzero(bad)
    ids = table[key].iloc[rows] if key in table.columns else pd.Series(rows + 2)
    return Fault(
        "coordinates_unreadable",
        mark("{count} rows have coordinates that are no numbers"),
        layer,
        ids=tuple(str(i) for i in ids[:5]),
        count=len(rows),
        hint=mark("fill them in or remove the rows"),
    )


def _open(source: LayerSource, name: str) -> Any:
    """Return a layer with our names and words, in its true CRS."""
    frame = named(source, name)
    if not LAYERS[name].geometry:
        return pd.DataFrame(frame.drop(columns="geometry", errors="ignore"))
    if source.path.suffix.lower() in (*TEXT, *EXCEL):
        return located(frame, name, mapping=source.mapping, datum=source.datum)
    return placed(frame, name, source.mapping, source.datum)


def named(source: LayerSource, name: str) -> Any:
    """Return what a file holds, with our names and words."""
    mapping = source.mapping or LayerMapping()
    frame, encoding = _file_content(source, name, mapping)
    return translated(renamed(frame, name, mapping, encoding), mapping)


def _file_content(source: LayerSource, name: str, mapping: LayerMapping) -> tuple[Any, str]:
    """Return what a file holds as it is, and the encoding of a shapefile."""
    path = source.path
    if not path.exists():
        raise InputMissingError("file_missing", mark("there is no file '{path}'"), path=str(path))
    suffix = path.suffix.lower()
    if suffix in (*TEXT, *EXCEL):
        return read_table(path, encoding=mapping.encoding, sheet=mapping.layer), ""
    if suffix in PARQUET:
        return _read_parquet(path), ""
    return _read_vector(path, name, mapping)


def placed(frame: Any, name: str, mapping: LayerMapping | None, datum: str) -> gpd.GeoDataFrame:
    """Return a layer without z, with a CRS that can be trusted, in true coordinates."""
    if not isinstance(frame, gpd.GeoDataFrame):
        raise LayerFaultsError([Fault("geometry_missing", mark("the layer has no geometry column"), name)])
    datum = (mapping.datum if mapping else "") or datum or "wgs84"
    stated = mapping.crs if mapping else ""
    if stated:
        frame = frame.set_crs(read_crs(stated, name), allow_override=True)
    elif frame.crs is None and datum != "wgs84":
        frame = frame.set_crs(WGS84)
    if frame.crs is None:
        raise InputError(
            "crs_missing",
            mark("layer '{layer}' states no CRS; write e.g. crs = \"EPSG:4549\" in its section of a mapping file"),
            layer=name,
        )
    refuse_old_datum(frame.crs, name)
    shapes = _simple(frame.geometry.to_numpy(), as_points=name in LAYERS and LAYERS[name].geometry == "point")
    return from_datum(frame.set_geometry(shapes, crs=frame.crs), datum)


def _simple(shapes: Any, *, as_points: bool) -> Any:
    """Return shapes without z, those of one part as that part, and areas as a point within where points are wanted."""
    shapes = np.array(shapely.force_2d(shapes), dtype=object)
    single = np.isin(shapely.get_type_id(shapes), _MULTI) & (shapely.get_num_geometries(shapes) == 1)
    shapes[single] = shapely.get_geometry(shapes[single], 0)
    if as_points:
        area = shapely.get_dimensions(shapes) == 2
        shapes[area] = shapely.point_on_surface(shapes[area])
    return shapes


def _read_parquet(path: Path) -> gpd.GeoDataFrame:
    try:
        importlib.import_module("pyarrow")  # optional
    except ImportError:
        raise MissingToolError(
            "pyarrow_missing",
            mark("'{path}' is GeoParquet, which needs pyarrow: pip install 'gridtwin[parquet]'"),
            path=str(path),
        ) from None
    try:
        return gpd.read_parquet(path)
    except (ValueError, OSError) as error:
        raise _unreadable(path, error) from error


def _read_vector(path: Path, name: str, mapping: LayerMapping) -> tuple[Any, str]:
    """Return what GDAL reads from a file, and the encoding of a shapefile."""
    try:
        if path.suffix.lower() in SHAPEFILE and not mapping.layer:
            frame, encoding = read_shapefile(path, encoding=mapping.encoding)
        else:
            layer = mapping.layer or _layer_in(path, name)
            frame, encoding = _read(path, layer, mapping.encoding), ""
    except (DataSourceError, DataLayerError, UnicodeDecodeError, LookupError) as error:
        raise _unreadable(path, error) from error
    return frame, encoding


def _read(path: Path, layer: str, encoding: str) -> Any:
    """Return a layer; geometries that cannot be are missing, and so reported with the other faults."""
    return pyogrio.read_dataframe(path, layer=layer, encoding=encoding or None, on_invalid="ignore")


def _layer_in(path: Path, name: str) -> str:
    """Return the layer of a file that is meant: the one called like ours, else the only one."""
    layers = [str(layer) for layer in pyogrio.list_layers(path)[:, 0]]
    if name in layers:
        return name
    if len(layers) == 1:
        return layers[0]
    raise InputError(
        "layer_ambiguous",
        mark("'{path}' holds several layers ({layers}); write layer = \"…\" in section [{name}] of a mapping file"),
        path=str(path),
        layers=", ".join(layers),
        name=name,
    )


def _metric(frame: gpd.GeoDataFrame) -> pyproj.CRS:
    """Return the frame's CRS if it is metric, else the one that fits its place."""
    try:
        return require_metric(frame.crs, "", frame)
    except InputError:
        return pyproj.CRS.from_epsg(suggest_for(frame)) if len(frame) else pyproj.CRS.from_epsg(4549)


def _common_crs(raw: Mapping[str, Any], crs: Any) -> pyproj.CRS | None:
    placed = [name for name in _CRS_ORDER if isinstance(raw.get(name), gpd.GeoDataFrame)]
    if crs is not None:
        refuse_old_datum(crs, "--crs")
        return require_metric(crs, "--crs", raw[placed[0]] if placed else None)
    return _metric(raw[placed[0]]) if placed else None


def _unreadable(path: Path, error: Exception) -> InputError:
    return InputError(
        "file_unreadable",
        mark("'{path}' cannot be read as a map layer ({reason})"),
        path=str(path),
        reason=str(error),
    )
