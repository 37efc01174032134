"""A region: one GeoPackage that holds all layers, and its only reader and writer.

A region is written whole into a new file that then replaces the old one, so an interrupted run loses nothing.
The same layers make the same bytes.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import shapely
from pyogrio.errors import DataSourceError

from gridtwin.errors import InputError, InputMissingError, OutputExistsError, RegionFileError, StorageError
from gridtwin.i18n import mark
from gridtwin.schemas import LAYERS, SCHEMA_VERSION, conform, empty_layer

META_TABLE = "gridtwin_meta"
BEFORE_SAVE = ".before-save"  # behind the name of a region: the copy that the plugin keeps while QGIS saves
GPKG_VERSION = "1.3"  # QGIS 3.22 reads it without a warning
# Layers declared as of several pieces even while all are whole: where a table is declared as Polygon, QGIS saves the
# second piece of a grid that an edit has torn as a hole of the first.
EDITED_IN_PIECES = ("units", "grids")
EPOCH = "2000-01-01T00:00:00.000Z"  # GeoPackage wants a date of change; ours are in the provenance


@dataclass(frozen=True)
class Provenance:
    """Where a layer comes from."""

    source: str = ""
    licence: str = ""
    date: str = ""
    command: str = ""
    note: str = ""


@dataclass(frozen=True)
class Region:
    """Layers of one region: immutable, without analysis methods.

    Attributes
    ----------
    layers
        Frames by layer name, each as :func:`gridtwin.schemas.conform` left it; layers that are not in the
        data dictionary (a planner's own, QGIS's styles) are carried along untouched.
    crs
        Projected, in metres.
    name
        What people call the region.
    provenance
        Source, licence, date and command of each layer.
    facts
        Further facts worth keeping, as text by name.
    """

    layers: Mapping[str, pd.DataFrame]
    crs: pyproj.CRS
    name: str = ""
    provenance: Mapping[str, Provenance] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, layer: str) -> Any:
        """Return a layer; one of the data dictionary that the region lacks comes back empty."""
        if layer in self.layers:
            return self.layers[layer]
        if layer in LAYERS:
            return empty_layer(layer, self.crs)
        raise KeyError(layer)

    def __contains__(self, layer: object) -> bool:
        """Return whether the region has the layer."""
        return layer in self.layers

    def with_layers(self, layers: Mapping[str, pd.DataFrame], provenance: Provenance, **facts: str) -> Region:
        """Return a region in which ``layers`` are added or replaced, all from the same ``provenance``."""
        return replace(
            self,
            layers={**self.layers, **layers},
            provenance={**self.provenance, **dict.fromkeys(layers, provenance)},
            facts={**self.facts, **facts},
        )

    def without_layers(self, *names: str) -> Region:
        """Return a region without the named layers."""
        return replace(
            self,
            layers={k: v for k, v in self.layers.items() if k not in names},
            provenance={k: v for k, v in self.provenance.items() if k not in names},
        )

    def write(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the region into a new file beside ``path`` that then takes its place.

        Raises
        ------
        OutputExistsError
            If ``path`` exists and ``overwrite`` is not set.
        StorageError
            If the disk is full, the folder cannot be written, or another program holds the file; the old
            file is then as it was.
        """
        path = Path(path)
        if path.exists() and not overwrite:
            raise OutputExistsError(
                "output_exists", mark("{path} exists; give --overwrite to replace it"), path=str(path)
            )
        with replacing(path) as temporary:
            _write_file(self, temporary)
        return path


def read_region(path: str | Path, *, conforming: bool = True) -> Region:
    """Read a region.

    Parameters
    ----------
    path
        A GeoPackage that :meth:`Region.write` or QGIS wrote.
    conforming
        Refuse layers that do not pass their schema; ``gridtwin check`` reads them as they are.

    Returns
    -------
    Region
        Typed layers.

    Raises
    ------
    InputMissingError
        If there is no such file.
    RegionFileError
        If the file is no region, is damaged, has a newer schema, or QGIS did not finish saving it.
    LayerFaultsError
        If a layer does not pass its schema.
    """
    path = Path(path)
    if not path.is_file():
        raise InputMissingError(
            "no_such_file", mark("there is no file {path}; 'gridtwin build' makes a region"), path=str(path)
        )
    _refuse_half_saved(path)
    try:
        names = [str(name) for name, _ in pyogrio.list_layers(path)]
    except DataSourceError as error:
        raise RegionFileError(
            "not_a_geopackage",
            mark("{path} is no GeoPackage or is damaged ({reason}); make it anew with 'gridtwin build'"),
            path=str(path),
            reason=str(error).splitlines()[0][:200],
        ) from error
    if META_TABLE not in names:
        raise RegionFileError(
            "not_a_region",
            mark("{path} is a GeoPackage but no region (no table {table}); make one with 'gridtwin build'"),
            path=str(path),
            table=META_TABLE,
        )
    meta = _read_meta(path)
    layers = {name: _read_layer(path, name, conforming=conforming) for name in names if name != META_TABLE}
    crs = pyproj.CRS.from_user_input(meta["", "crs"])
    sources = {
        name: Provenance(**{key: meta.get((name, key), "") for key in Provenance.__dataclass_fields__})
        for name in layers
        if (name, "source") in meta
    }
    facts = {
        key.removeprefix("fact:"): value
        for (layer, key), value in meta.items()
        if not layer and key.startswith("fact:")
    }
    return Region(layers, crs, meta.get(("", "name"), ""), sources, facts)


def _refuse_half_saved(path: Path) -> None:
    """Refuse a region whose saving in QGIS still runs or was interrupted: its layers may not fit each other."""
    copy = path.with_name(f"{path.name}{BEFORE_SAVE}")
    if copy.exists():
        raise RegionFileError(
            "half_saved",
            mark(
                "{path} is being saved in QGIS, or was not saved to the end ({copy} lies beside it);"
                " open it in QGIS once, where the plugin puts it back as it was"
            ),
            path=str(path),
            copy=copy.name,
        )


def current_plan(region: Region) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return parameters and measures of the plan whose grids the region holds (the newest one)."""
    row = _current_row(region)
    return ({}, {}) if row is None else (json.loads(str(row.params)), json.loads(str(row.summary)))


def current_plan_name(region: Region) -> str:
    """Return the name of the plan whose grids the region holds (the newest one), "default" if none is known."""
    row = _current_row(region)
    return "default" if row is None else str(row.plan)


def _current_row(region: Region) -> Any:
    plans = region["plans"]
    assigned = region["assignments"].groupby("plan")["grid_id"].agg(frozenset)
    grids = frozenset(region["grids"]["grid_id"])
    rows = (row for row in reversed(list(plans.itertuples())) if assigned.get(row.plan) == grids)
    return next(rows, None)


def _read_layer(path: Path, name: str, *, conforming: bool) -> pd.DataFrame:
    frame = gpd.read_file(path, layer=name, engine="pyogrio", on_invalid="ignore")
    if name in EDITED_IN_PIECES and isinstance(frame, gpd.GeoDataFrame):
        frame = frame.set_geometry(_whole(frame.geometry))
    return conform(frame, name) if conforming and name in LAYERS else frame


def _whole(shapes: gpd.GeoSeries) -> gpd.GeoSeries:
    """Return multipolygons of one piece as polygons."""
    values = shapes.to_numpy()
    single = shapely.get_num_geometries(values) == 1
    return gpd.GeoSeries(np.where(single, shapely.get_geometry(values, 0), values), shapes.index, crs=shapes.crs)


def _read_meta(path: Path) -> dict[tuple[str, str], str]:
    table = pyogrio.read_dataframe(path, layer=META_TABLE, read_geometry=False).fillna("")
    meta = {(str(row.layer), str(row.key)): str(row.value) for row in table.itertuples()}
    version = meta.get(("", "schema_version"), "")
    if not version.isdigit() or ("", "crs") not in meta:
        raise RegionFileError(
            "meta_damaged",
            mark("{path}: table {table} is damaged (no schema version or CRS); make the region anew"),
            path=str(path),
            table=META_TABLE,
        )
    if int(version) > SCHEMA_VERSION:
        raise RegionFileError(
            "schema_too_new",
            mark("{path} has schema {found}, this GridTwin knows {known}; install a newer GridTwin"),
            path=str(path),
            found=int(version),
            known=SCHEMA_VERSION,
        )
    return meta


def _meta_table(region: Region) -> pd.DataFrame:
    code = region.crs.to_authority()
    rows = [
        ("", "schema_version", str(SCHEMA_VERSION)),
        ("", "name", region.name),
        ("", "crs", ":".join(code) if code else region.crs.to_wkt()),
    ]
    rows += [("", f"fact:{key}", str(value)) for key, value in sorted(region.facts.items())]
    for layer, source in sorted(region.provenance.items()):
        if layer in region.layers:
            rows += [(layer, key, str(value)) for key, value in asdict(source).items()]
    return pd.DataFrame(rows, columns=["layer", "key", "value"])


def _write_file(region: Region, path: Path) -> None:
    """Write all layers: those of the data dictionary in its order, then a planner's own by name."""
    known = [name for name in LAYERS if name in region.layers]
    further = sorted(name for name in region.layers if name not in LAYERS)
    with _fixed_date():
        _write_table(_meta_table(region), META_TABLE, path, append=False)
        for name in known + further:
            _write_table(region.layers[name], name, path, append=True)


def _write_table(frame: pd.DataFrame, name: str, path: Path, *, append: bool) -> None:
    options: dict[str, Any] = {} if append else {"dataset_options": {"VERSION": GPKG_VERSION}}
    if isinstance(frame, gpd.GeoDataFrame):
        kind = LAYERS[name].geometry if name in LAYERS else ""
        declared = "MultiPolygon" if name in EDITED_IN_PIECES else _geometry_type(frame, kind)
        options |= {"geometry_type": declared}
        if options["geometry_type"].startswith("Multi"):
            options["promote_to_multi"] = True
    pyogrio.write_dataframe(frame, path, layer=name, driver="GPKG", append=append, **options)


def _geometry_type(frame: gpd.GeoDataFrame, kind: str) -> str:
    """Return the type that the GeoPackage declares: single where all are, multi where some are, else any."""
    single = {"point": "Point", "line": "LineString", "polygon": "Polygon"}.get(kind)
    if single is None:
        found = set(frame.geometry.geom_type.dropna())
        return found.pop() if len(found) == 1 else "Unknown"
    return single if frame.geometry.geom_type.eq(single).all() else f"Multi{single}"


@contextlib.contextmanager
def _fixed_date() -> Iterator[None]:
    """Make GDAL write a fixed date of change: the same layers make the same bytes."""
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": EPOCH})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a new file in the folder of ``path`` that replaces it when the block ends without error."""
    folder = path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=folder)
    except OSError as error:
        raise _storage_error(path, error) from error
    os.close(handle)
    temporary = Path(name)
    temporary.unlink()
    try:
        yield temporary
        _sync(temporary)
        if path.exists() and path.suffix == ".gpkg":
            _check_unlocked(path)
        temporary.chmod(0o644)
        temporary.replace(path)
    except (DataSourceError, pyogrio.errors.DataLayerError, OSError, RuntimeError) as error:
        if isinstance(error, InputError | StorageError):
            raise
        raise _storage_error(path, error) from error
    finally:
        for leftover in folder.glob(f"{temporary.name}*"):
            leftover.unlink()


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _storage_error(path: Path, error: Exception) -> StorageError:
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    text = str(error)
    if full or "full" in text.lower() or "disk I/O" in text:
        return StorageError(
            "disk_full",
            mark("{path} could not be written, the disk is full or fails ({reason}); the old file is unchanged"),
            path=str(path),
            reason=text.splitlines()[0][:200] if text else type(error).__name__,
        )
    return StorageError(
        "not_written",
        mark("{path} could not be written ({reason}); the old file is unchanged"),
        path=str(path),
        reason=text.splitlines()[0][:200] if text else type(error).__name__,
    )


def _check_unlocked(path: Path) -> None:
    """Make sure that no other program writes the GeoPackage; fold its journal into it first.

    Raises
    ------
    StorageError
        If another program (QGIS in an edit session) holds the file.
    """
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=1.0, isolation_level=None)) as connection:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA journal_mode = DELETE")  # fails while others have a WAL file open
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error) and "busy" not in str(error):
            return  # a damaged file may be replaced
        raise StorageError(
            "file_locked",
            mark("another program holds {path}; save and close it there (QGIS: end editing), then try again"),
            path=str(path),
        ) from error
    except sqlite3.DatabaseError:
        return  # no database at all: nothing to lock
