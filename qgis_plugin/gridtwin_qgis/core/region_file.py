# SPDX-License-Identifier: GPL-3.0-or-later
"""What a region's GeoPackage says of itself, read without opening a layer."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from qgis_plugin_tools.tools.i18n import tr

from .blobs import kind_of_blob
from .errors import RegionFileError
from .schema import COMMUNITIES, GRIDS, META_TABLE, SCHEMA_VERSION, UNITS

MIXED = ("GEOMETRY", "GEOMETRYCOLLECTION")
KINDS = {1: "Point", 2: "LineString", 3: "Polygon"}


@dataclass(frozen=True)
class RegionFile:
    """A region's file.

    Attributes
    ----------
    path
        The GeoPackage.
    name
        What people call the region.
    tables
        Its tables, with the kinds of shapes of those that mix them.
    """

    path: Path
    name: str
    tables: dict[str, tuple[str, ...]]


def read_region_file(path: str | Path) -> RegionFile:
    """Return what a file says of itself.

    Raises
    ------
    RegionFileError
        If it is missing, no GeoPackage, no region, damaged, or newer than this plugin.
    """
    path = Path(path).absolute()
    if not path.is_file():
        raise RegionFileError(tr("There is no file {path}", path=path))
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            names = [row[0] for row in connection.execute("SELECT table_name FROM gpkg_contents ORDER BY rowid")]
            if META_TABLE not in names or COMMUNITIES not in names:
                raise RegionFileError(
                    tr("{path} is a GeoPackage but no region; the algorithm 'build' makes one", path=path)
                )
            meta = dict(connection.execute("SELECT key, value FROM gridtwin_meta WHERE coalesce(layer, '') = ''"))
            tables = {name: _kinds(connection, name) for name in names}
    except sqlite3.Error as error:
        raise RegionFileError(
            tr("{path} is no GeoPackage or is damaged ({reason})", path=path, reason=error)
        ) from error
    version = str(meta.get("schema_version", ""))
    if not version.isdigit():
        raise RegionFileError(tr("{path} is damaged: it does not say its version; make it anew", path=path))
    if int(version) > SCHEMA_VERSION:
        raise RegionFileError(tr("{path} is newer than this plugin; install a newer plugin", path=path))
    return RegionFile(path, meta.get("name") or path.stem, tables)


def _kinds(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    """Return the kinds of shapes in a table that mixes them, nothing for any other."""
    query = "SELECT column_name, geometry_type_name FROM gpkg_geometry_columns WHERE table_name = ?"
    found = connection.execute(query, (table,)).fetchone()
    if found is None or found[1].upper() not in MIXED:
        return ()
    shapes = connection.execute(f'SELECT "{found[0]}" FROM "{table}"')  # noqa: S608 - names from the file's own list
    kinds = {kind_of_blob(blob) for (blob,) in shapes}
    return tuple(sorted(KINDS[kind] for kind in kinds if kind in KINDS))


def declare_pieces(path: Path) -> None:
    """Declare units and grids as of several pieces where a file has them as single polygons.

    QGIS saves the second piece of a torn grid as a hole of the first in a table of single polygons. A file that cannot
    be written cannot be edited either and stays as it is.
    """
    query = (
        "UPDATE gpkg_geometry_columns SET geometry_type_name = 'MULTIPOLYGON' "
        "WHERE geometry_type_name = 'POLYGON' AND table_name IN (?, ?)"
    )
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=1.0)) as connection:
        try:
            with connection:
                connection.execute(query, (UNITS, GRIDS))
        except sqlite3.OperationalError:
            return
