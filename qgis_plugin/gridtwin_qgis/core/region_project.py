# SPDX-License-Identifier: GPL-3.0-or-later
"""A region in a QGIS project: one styled group with all layers of one GeoPackage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from qgis.core import (
    QgsLayerTreeGroup,
    QgsProject,
    QgsProviderRegistry,
    QgsRelation,
    QgsSnappingConfig,
    QgsTolerance,
    QgsVectorLayer,
)
from qgis_plugin_tools.tools.i18n import tr

from .errors import RegionFileError
from .region_file import RegionFile, declare_pieces, read_region_file
from .safe_save import undo_interrupted_save
from .schema import BUILDINGS, COMMUNITIES, EDITED, GRIDS, UNITS
from .styling import style_layer
from .titles import layer_title, name_columns

PROPERTY_REGION, PROPERTY_LAYER = "gridtwin/region", "gridtwin/layer"
TOP_DOWN = (
    *("facilities", "entrances", "sites", "shelters", "depots", "communities", "grids", "units", "buildings"),
    *("junctions", "streets", "barriers"),
)
HIDDEN = frozenset(("facilities", "entrances", "units", "junctions", "service_areas", "coverage", "uncovered"))
SNAPPED = (GRIDS, UNITS)
SNAP_PIXELS = 12.0
RELATIONS = (
    (GRIDS, "community_id", COMMUNITIES),
    (UNITS, "grid_id", GRIDS),
    (BUILDINGS, "grid_id", GRIDS),
    (BUILDINGS, "unit_id", UNITS),
)


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
        The layers that are in the project; of a table that mixes kinds of shapes one layer each, such as
        ``barriers`` and ``barriers_line``.
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

    def reload(self) -> None:
        """Read all layers anew from the file."""
        for layer in self.layers.values():
            layer.reload()

    @property
    def has_plan(self) -> bool:
        """Whether there are grids, units and buildings to edit."""
        return all(name in self.layers for name in EDITED)


def open_region(path: str | Path, project: QgsProject | None = None) -> RegionLayers:
    """Add a region to a project as one styled group, and return its layers.

    The first region also sets the project's reference system, snapping and topological editing.

    Raises
    ------
    RegionFileError
        If the file is no region, or a layer cannot be read.
    """
    project = project or QgsProject.instance()
    undo_interrupted_save(Path(path).absolute())
    file = read_region_file(path)
    declare_pieces(file.path)
    layers = _layers_of(file)
    broken = [name for name, layer in layers.items() if not layer.isValid()]
    if broken:
        raise RegionFileError(
            tr("{path}: these layers cannot be read: {layers}", path=file.path, layers=", ".join(broken))
        )
    if not project.mapLayers():
        project.setCrs(layers[COMMUNITIES].crs())
    _add_group(file, layers, project)
    _add_relations(file.path, layers, project)
    _set_snapping(layers, project)
    return RegionLayers(file.path, file.name, layers)


def regions_of(project: QgsProject | None = None) -> tuple[RegionLayers, ...]:
    """Return the regions that a project holds, by the files that its layers show."""
    project = project or QgsProject.instance()
    found: dict[Path, dict[str, QgsVectorLayer]] = {}
    names: dict[Path, str] = {}
    for layer in project.mapLayers().values():
        name = layer.customProperty(PROPERTY_LAYER)
        if name and layer.isValid():
            parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
            path = Path(parts["path"]).absolute()
            found.setdefault(path, {}).setdefault(name, layer)
            names[path] = layer.customProperty(PROPERTY_REGION)
    complete = ((path, layers) for path, layers in found.items() if COMMUNITIES in layers)
    return tuple(RegionLayers(path, names[path], layers) for path, layers in complete)


def _layers_of(file: RegionFile) -> dict[str, QgsVectorLayer]:
    """Return the layers of a file, not yet in a project."""
    layers = {}
    for table, kinds in file.tables.items():
        uri = f"{file.path}|layername={table}"
        if len(kinds) < 2 or table == BUILDINGS:  # counts and grid_id are for all buildings, whatever their shape
            layers[table] = QgsVectorLayer(uri, layer_title(table), "ogr")
            continue
        for kind in sorted(kinds, reverse=True):  # the polygons first: they keep the table's name
            name = table if table not in layers else f"{table}_{kind.lower()}"
            layers[name] = QgsVectorLayer(f"{uri}|geometrytype={kind}", layer_title(table), "ogr")
    for name, layer in layers.items():
        layer.setCustomProperty(PROPERTY_REGION, file.name)
        layer.setCustomProperty(PROPERTY_LAYER, name)
        name_columns(layer)
        style_layer(layer, name)
    return layers


def _add_group(file: RegionFile, layers: Mapping[str, QgsVectorLayer], project: QgsProject) -> None:
    """Add the layers as a group: points above lines above areas, tables folded away below."""
    group: QgsLayerTreeGroup = project.layerTreeRoot().insertGroup(0, file.name)
    shown = sorted((name for name, layer in layers.items() if layer.isSpatial()), key=_depth)
    for name in shown:
        project.addMapLayer(layers[name], False)
        node = group.addLayer(layers[name])
        node.setExpanded(name == GRIDS)
        node.setItemVisibilityChecked(name not in HIDDEN)
    tables = group.addGroup(tr("Tables"))
    for layer in layers.values():
        if not layer.isSpatial():
            project.addMapLayer(layer, False)
            tables.addLayer(layer)
    tables.setExpanded(False)


def _depth(name: str) -> tuple[int, str]:
    """Return where a layer lies: those that are not in the list (results, a planner's own) on top."""
    base = name.split("_linestring", maxsplit=1)[0]
    return (TOP_DOWN.index(base) if base in TOP_DOWN else -1), name


def _add_relations(path: Path, layers: Mapping[str, QgsVectorLayer], project: QgsProject) -> None:
    for child, column, parent in RELATIONS:
        if child not in layers or parent not in layers:
            continue
        relation = QgsRelation()
        relation.setId(f"gridtwin-{layers[child].id()}-{column}")
        relation.setName(f"{path.stem}: {layer_title(parent)} – {layer_title(child)}")
        relation.setReferencedLayer(layers[parent].id())
        relation.setReferencingLayer(layers[child].id())
        relation.addFieldPair(column, column)
        project.relationManager().addRelation(relation)


def _set_snapping(layers: Mapping[str, QgsVectorLayer], project: QgsProject) -> None:
    """Snap to vertices and borders of grids and units, and move shared vertices together."""
    config = project.snappingConfig()
    config.setEnabled(True)
    config.setMode(QgsSnappingConfig.SnappingMode.AdvancedConfiguration)
    kinds = QgsSnappingConfig.SnappingTypes(
        QgsSnappingConfig.SnappingTypes.VertexFlag | QgsSnappingConfig.SnappingTypes.SegmentFlag
    )
    for name, layer in layers.items():
        if layer.isSpatial():
            settings = QgsSnappingConfig.IndividualLayerSettings(
                name in SNAPPED, kinds, SNAP_PIXELS, QgsTolerance.UnitType.Pixels
            )
            config.setIndividualLayerSettings(layer, settings)
    project.setSnappingConfig(config)
    project.setTopologicalEditing(True)
