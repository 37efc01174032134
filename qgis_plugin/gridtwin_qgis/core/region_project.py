# SPDX-License-Identifier: GPL-3.0-or-later
"""A region in a QGIS project: one group with all layers of one GeoPackage."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from qgis.core import QgsProject, QgsVectorLayer
from qgis_plugin_tools.tools.i18n import tr

from .errors import RegionFileError
from .schema import COMMUNITIES, EDITED, META_TABLE, SCHEMA_VERSION, text_of

PROPERTY_REGION, PROPERTY_LAYER = "gridtwin/region", "gridtwin/layer"


@dataclass(frozen=True)
class RegionLayers:
    """Layers of one open region by name.

    Attributes
    ----------
    path
        Its GeoPackage.
    name
        What people call the region.
    layers
        The layers that are in the project.
    """

    path: Path
    name: str
    layers: Mapping[str, QgsVectorLayer]

    def __getitem__(self, name: str) -> QgsVectorLayer:
        """Return a layer."""
        return self.layers[name]

    def __contains__(self, name: object) -> bool:
        """Return whether the region has a layer."""
        return name in self.layers

    def get(self, name: str) -> QgsVectorLayer | None:
        """Return a layer, ``None`` where the region has none of that name."""
        return self.layers.get(name)

    @property
    def has_plan(self) -> bool:
        """Whether there are grids, units and buildings to edit."""
        return all(name in self.layers for name in EDITED)


@dataclass(frozen=True)
class RegionFile:
    """What a region's file says of itself, read without opening a layer."""

    path: Path
    name: str
    tables: tuple[str, ...]


def read_region_file(path: str | Path) -> RegionFile:
    """Return what a file says of itself.

    Raises
    ------
    RegionFileError
        If it is missing, no GeoPackage, no region, or newer than this plugin.
    """
    path = Path(path)
    if not path.is_file():
        raise RegionFileError(tr("There is no file {path}", path=path))
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            tables = tuple(row[0] for row in connection.execute("SELECT table_name FROM gpkg_contents"))
            if META_TABLE not in tables:
                raise RegionFileError(
                    tr("{path} is a GeoPackage but no region: build one with the algorithm 'build'", path=path)
                )
            rows = connection.execute(f"SELECT key, value FROM {META_TABLE} WHERE coalesce(layer, '') = ''")
            meta = {text_of(key): text_of(value) for key, value in rows}
    except sqlite3.Error as error:
        raise RegionFileError(
            tr("{path} is no GeoPackage or is damaged ({reason})", path=path, reason=error)
        ) from error
    version = meta.get("schema_version", "")
    if not version.isdigit():
        raise RegionFileError(tr("{path} is damaged: it does not say its version", path=path))
    if int(version) > SCHEMA_VERSION:
        raise RegionFileError(tr("{path} is newer than this plugin: install a newer one", path=path))
    return RegionFile(path, meta.get("name") or path.stem, tables)


def open_region(path: str | Path, project: QgsProject | None = None) -> RegionLayers:
    """Add a region to a project as one group and return its layers.

    Raises
    ------
    RegionFileError
        If the file is no region, or a layer cannot be read.
    """
    project = project or QgsProject.instance()
    file = read_region_file(path)
    layers = {name: QgsVectorLayer(f"{file.path}|layername={name}", name, "ogr") for name in file.tables}
    broken = [name for name, layer in layers.items() if not layer.isValid()]
    if broken or COMMUNITIES not in layers:
        raise RegionFileError(
            tr("{path}: these layers cannot be read: {layers}", path=path, layers=", ".join(broken or [COMMUNITIES]))
        )
    group = project.layerTreeRoot().insertGroup(0, file.name)
    group.setCustomProperty(PROPERTY_REGION, str(file.path))
    for name, layer in layers.items():
        layer.setCustomProperty(PROPERTY_REGION, str(file.path))
        layer.setCustomProperty(PROPERTY_LAYER, name)
        project.addMapLayer(layer, False)
        group.addLayer(layer)
    return RegionLayers(file.path, file.name, layers)


def regions_of(project: QgsProject | None = None) -> tuple[RegionLayers, ...]:
    """Return the regions of a project, in the order of their first layer."""
    project = project or QgsProject.instance()
    found: dict[str, dict[str, QgsVectorLayer]] = {}
    for layer in project.mapLayers().values():
        path, name = layer.customProperty(PROPERTY_REGION), layer.customProperty(PROPERTY_LAYER)
        if path and name and layer.isValid():
            found.setdefault(path, {})[name] = layer
    return tuple(RegionLayers(Path(path), Path(path).stem, layers) for path, layers in found.items())
