# SPDX-License-Identifier: GPL-3.0-or-later
"""The project that sheets are printed from: layers of its own, so that a print and an edit never meet.

The grids are written, with every text of their sheets, into a file beside the prints; layers with unsaved edits are
copied there, the others are read where they are.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsField,
    QgsFields,
    QgsGeometry,
    QgsMapThemeCollection,
    QgsProject,
    QgsRectangle,
    QgsVectorFileWriter,
    QgsVectorLayer,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QVariant
from qgis_plugin_tools.tools.i18n import tr

from . import sheet_styles as styles
from .kinds import kind_title
from .region_project import RegionLayers
from .schema import BUILDINGS, COMMUNITIES, GRIDS, text_of
from .sheet_data import PLACE_COLUMNS, GridFacts, QrWriter, SheetError, community_extents
from .sheet_request import Sheet, SheetRequest
from .sheet_tables import (
    AREAS,
    COLUMNS,
    FACILITIES,
    ROUTES,
    SHELTERS,
    SheetTables,
    service_kinds,
    service_limits,
    walk_text,
)
from .titles import layer_title

SHEET_THEME, OVERVIEW_THEME = "sheet", "overview"
SHEETS, ROWS, KIND_AREAS = "sheets", "rows", "kind_areas"
STREETS, BARRIERS = "streets", "barriers"
# Denominators of scales that a planner's ruler can read.
SCALES = (500, 750, 1000, 1250, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 7500, 10_000, 12_500, 15_000, 20_000, 25_000)
COARSE_SCALE = 10_000  # beyond these, multiples of it
MAP_MARGIN, OVERVIEW_MARGIN = 0.12, 0.04  # of the width or height, on each side
SIDES = ("xmin", "ymin", "xmax", "ymax")
TEXTS = (
    *("grid_id", "community_id", "file_name", "qr", "title", "label", "community", "households", "verdict"),
    *("persons", "buildings", "area", "officers", "volunteers", "numbers"),
)


@dataclass(frozen=True)
class Frames:
    """Widths and heights of the two maps of a template, mm."""

    main: tuple[float, float]
    overview: tuple[float, float]


@dataclass(frozen=True)
class SheetProject:
    """Layers and themes that a layout is printed from.

    Attributes
    ----------
    sheets
        One grid a row; those that are printed have a page.
    rows
        Rows of the tables, by grid.
    legend
        Layers that the legend explains, by their names.
    note
        A line under the table.
    """

    project: QgsProject
    sheets: QgsVectorLayer
    rows: QgsVectorLayer
    legend: Sequence[QgsVectorLayer]
    headings: tuple[str, ...]
    note: str


def build_project(
    region: RegionLayers,
    request: SheetRequest,
    facts: Sequence[GridFacts],
    tables: SheetTables,
    *,
    frames: Frames,
    folder: Path,
    family: str,
) -> SheetProject:
    """Return a project with the layers and themes of a print.

    Parameters
    ----------
    region
        Open region.
    request
        What is printed.
    facts
        All grids of the region.
    tables
        Tables of the grids that are printed; these grids get pages.
    frames
        Frames of the maps.
    folder
        Where the file of the print goes.
    family
        Font of the labels.
    """
    project = QgsProject()
    project.setCrs(region[GRIDS].crs())
    store = _Store(folder / "sheets.gpkg", project, region[GRIDS].crs())
    sheets = store.write(
        SHEETS, _sheet_fields(), _sheet_rows(region, facts, tables, frames), polygons=True, title=layer_title(GRIDS)
    )
    rows = store.write(ROWS, _row_fields(), _table_rows(tables))
    rows.dataProvider().createAttributeIndex(rows.fields().lookupField("grid_id"))
    overview = store.again(SHEETS, tr("Overview"))
    sheets.setRenderer(styles.grids_renderer())
    styles.label_grids(sheets, family)
    overview.setRenderer(styles.overview_renderer())
    own, communities = _Layers(region, request, store, family), _communities(region, store)
    above = own.above()
    shown = [*above, sheets, *own.below(), *communities, *_base(region, store, family)]
    for layer in (*shown, overview):
        project.layerTreeRoot().addLayer(layer)
    _add_theme(project, SHEET_THEME, shown)
    _add_theme(project, OVERVIEW_THEME, [*communities, overview])
    legend = shown if request.sheet is not Sheet.SERVICE else above
    return SheetProject(project, sheets, rows, legend, tables.headings, own.note(tables))


def fit(extent: QgsRectangle, frame: tuple[float, float], margin: float, *, round_scale: bool) -> QgsRectangle:
    """Return what a map of a size shows so that ``extent`` lies within it, centred.

    Parameters
    ----------
    extent
        What must be seen, metres.
    frame
        Width and height of the map, mm.
    margin
        Share of the frame that stays free on each side.
    round_scale
        Whether the scale is one of :data:`SCALES`.
    """
    width, height = frame
    room = 1 - 2 * margin
    needed = 1000 * max(extent.width() / (width * room), extent.height() / (height * room), 1.0)
    if round_scale:
        coarse = math.ceil(needed / COARSE_SCALE) * COARSE_SCALE
        needed = next((scale for scale in SCALES if scale >= needed), coarse)
    half_width, half_height = needed * width / 2000, needed * height / 2000
    centre = extent.center()
    return QgsRectangle(
        centre.x() - half_width, centre.y() - half_height, centre.x() + half_width, centre.y() + half_height
    )


# --- tables of the print -----------------------------------------------------------------------------------------


def _sheet_fields() -> QgsFields:
    fields = QgsFields()
    for name in TEXTS:
        fields.append(QgsField(name, QVariant.String))
    fields.append(QgsField("page", QVariant.Int))
    for which in ("map", "overview"):
        for side in SIDES:
            fields.append(QgsField(f"{which}_{side}", QVariant.Double))
    return fields


def _row_fields() -> QgsFields:
    fields = QgsFields()
    fields.append(QgsField("grid_id", QVariant.String))
    for number in range(1, COLUMNS + 1):
        fields.append(QgsField(f"cell_{number}", QVariant.String))
    return fields


def _sheet_rows(
    region: RegionLayers, facts: Sequence[GridFacts], tables: SheetTables, frames: Frames
) -> Iterable[QgsFeature]:
    writer = QrWriter(region.name, region[GRIDS].crs())
    extents = community_extents(facts)
    fields, page = _sheet_fields(), 0
    for fact in facts:
        table = tables.by_grid.get(fact.grid_id)
        page += table is not None
        seen = QgsRectangle(fact.extent)
        if table is not None:
            seen.combineExtentWith(table.extent)
        boxes = (
            fit(seen, frames.main, MAP_MARGIN, round_scale=True),
            fit(extents[fact.community_id], frames.overview, OVERVIEW_MARGIN, round_scale=False),
        )
        keys = {"grid_id": fact.grid_id, "community_id": fact.community_id, "file_name": fact.file_name}
        values: dict[str, Any] = {**fact.texts(), **keys, "page": None if table is None else page}
        values["qr"] = "" if table is None else writer.text(fact)
        values["numbers"] = "{}" if table is None else json.dumps(table.numbers)
        for which, box in zip(("map", "overview"), boxes):
            values.update(zip((f"{which}_{side}" for side in SIDES), box.toRectF().getCoords()))
        feature = QgsFeature(fields)
        feature.setAttributes([values[field.name()] for field in fields])
        feature.setGeometry(fact.feature.geometry())
        yield feature


def _table_rows(tables: SheetTables) -> Iterable[QgsFeature]:
    fields = _row_fields()
    for grid_id, table in tables.by_grid.items():
        for row in table.rows:
            feature = QgsFeature(fields)
            feature.setAttributes([grid_id, *row, *[""] * (COLUMNS - len(row))])
            yield feature


class _Store:
    """The file of a print, and the project its layers go into."""

    def __init__(self, path: Path, project: QgsProject, crs: QgsCoordinateReferenceSystem) -> None:
        self._path, self._project, self._crs = path, project, crs
        self._copies = 0

    def write(
        self, name: str, fields: QgsFields, features: Iterable[QgsFeature], *, polygons: bool = False, title: str = ""
    ) -> QgsVectorLayer:
        """Write features as a layer and return it."""
        kind = QgsWkbTypes.Type.MultiPolygon if polygons else QgsWkbTypes.Type.NoGeometry
        writer = QgsVectorFileWriter.create(
            str(self._path), fields, kind, self._crs, self._project.transformContext(), self._options(name)
        )
        for feature in features:
            if polygons:
                geometry: QgsGeometry = feature.geometry()
                geometry.convertToMultiType()
                feature.setGeometry(geometry)
            writer.addFeature(feature)
        self._check(writer.hasError(), writer.errorMessage())
        del writer  # closes the file
        return self.again(name, title or name)

    def copy(self, layer: QgsVectorLayer, title: str) -> QgsVectorLayer:
        """Return a layer of another title that shows what ``layer`` shows now, whatever happens to that."""
        if layer.providerType() == "ogr" and not layer.isModified():
            return self._added(QgsVectorLayer(layer.source(), title, "ogr"))
        self._copies += 1
        name = f"copy_{self._copies}"
        failure, message, *_ = QgsVectorFileWriter.writeAsVectorFormatV3(
            layer, str(self._path), self._project.transformContext(), self._options(name)
        )
        self._check(failure != QgsVectorFileWriter.WriterError.NoError, message)
        return self.again(name, title)

    def again(self, name: str, title: str) -> QgsVectorLayer:
        """Return a written layer once more, for another look."""
        return self._added(QgsVectorLayer(f"{self._path}|layername={name}", title, "ogr"))

    def _added(self, layer: QgsVectorLayer) -> QgsVectorLayer:
        self._check(not layer.isValid(), layer.source())
        layer.setReadOnly(True)
        return self._project.addMapLayer(layer, False)

    def _options(self, name: str) -> QgsVectorFileWriter.SaveVectorOptions:
        options = QgsVectorFileWriter.SaveVectorOptions()
        options.driverName, options.layerName = "GPKG", name
        options.datasourceOptions = ["VERSION=1.3"]
        if self._path.exists():
            options.actionOnExistingFile = QgsVectorFileWriter.ActionOnExistingFile.CreateOrOverwriteLayer
        return options

    @staticmethod
    def _check(failed: bool, message: str) -> None:
        if failed:
            raise SheetError(tr("The layers of the print could not be written: {reason}", reason=message))


# --- layers of the map -------------------------------------------------------------------------------------------

Shown = list[QgsVectorLayer]  # top first


def _is_area(layer: QgsVectorLayer) -> bool:
    return bool(layer.geometryType() == QgsWkbTypes.GeometryType.PolygonGeometry)


def _communities(region: RegionLayers, store: _Store) -> Shown:
    layer = region.get(COMMUNITIES)
    if layer is None:
        return []
    copy = store.copy(layer, layer_title(COMMUNITIES))
    copy.setRenderer(styles.community_renderer())
    return [copy]


def _base(region: RegionLayers, store: _Store, family: str) -> Shown:
    """Return what every sheet shows under its grids."""
    shown: Shown = []
    buildings, streets = region.get(BUILDINGS), region.get(STREETS)
    if buildings is not None:
        copy = store.copy(buildings, layer_title(BUILDINGS))
        copy.setRenderer(styles.buildings_renderer(_is_area(copy)))
        styles.label_buildings(copy, family, [name for name in PLACE_COLUMNS if copy.fields().lookupField(name) >= 0])
        shown.append(copy)
    if streets is not None:
        copy = store.copy(streets, layer_title(STREETS))
        copy.setRenderer(styles.streets_renderer())
        styles.label_streets(copy, family)
        shown.append(copy)
    for name in sorted(name for name in region.layers if name.startswith(BARRIERS)):  # areas and lines lie apart
        copy = store.copy(region[name], layer_title(BARRIERS))
        copy.setRenderer(styles.barriers_renderer(_is_area(copy)))
        shown.append(copy)
    return shown


class _Layers:
    """Layers that one kind of sheet shows above and below its grids."""

    def __init__(self, region: RegionLayers, request: SheetRequest, store: _Store, family: str) -> None:
        self._region, self._store, self._family, self._sheet = region, store, family, request.sheet
        serving = request.sheet is Sheet.SERVICE
        limits = service_limits(region) if serving else []
        self._within_s = min(limits, key=lambda limit: abs(limit - request.within_s), default=None)
        kinds = service_kinds(region, request) if serving else []
        self._kinds = [(kind, kind_title(kind)) for kind in request.kinds or kinds[: styles.MOST_FILLED]]

    def above(self) -> Shown:
        """Return points and routes."""
        if self._sheet is Sheet.EVACUATION:
            return [*self._shelters(), *self._routes()]
        if self._sheet is Sheet.SERVICE:
            return self._facilities()
        return []

    def below(self) -> Shown:
        """Return service areas."""
        return [] if self._within_s is None else self._areas()

    def note(self, tables: SheetTables) -> str:
        """Return the line under the table."""
        if self._within_s is None:
            return tables.note
        drawn = tr(", ").join(title for _, title in self._kinds)
        return tables.note + " " + tr("On the map, {time}: {kinds}.", time=walk_text(self._within_s), kinds=drawn)

    def _shelters(self) -> Shown:
        layer, capacity = self._region.get(SHELTERS), "capacity_persons"
        if layer is None or layer.featureCount() == 0:
            layer, capacity = self._region[FACILITIES], "capacity"
        copy = self._store.copy(layer, layer_title(SHELTERS))
        if capacity == "capacity":
            copy.setSubsetString("\"kind\" = 'shelter'")
        copy.setRenderer(styles.shelters_renderer())
        styles.label_points(copy, self._family, '"name"', "#1d5a3d")
        return [copy]

    def _routes(self) -> Shown:
        layer = self._region.get(ROUTES)
        if layer is None:
            return []
        copy = self._store.copy(layer, tr("Evacuation routes"))
        copy.setRenderer(styles.routes_renderer())
        return [copy]

    def _facilities(self) -> Shown:
        layer = self._region.get(FACILITIES)
        if layer is None:
            return []
        copy = self._store.copy(layer, layer_title(FACILITIES))
        copy.setRenderer(styles.facilities_renderer(self._kinds))
        return [copy]

    def _areas(self) -> Shown:
        """Return the areas of each kind as one, so that its facilities share an outline."""
        parts: dict[str, list[QgsGeometry]] = {kind: [] for kind, _ in self._kinds}
        for row in self._region[AREAS].getFeatures(f'"within_s" = {self._within_s}'):
            if text_of(row["kind"]) in parts:
                parts[text_of(row["kind"])].append(row.geometry())
        fields = QgsFields()
        fields.append(QgsField("kind", QVariant.String))
        layer = self._store.write(KIND_AREAS, fields, _united(parts, fields), polygons=True, title=layer_title(AREAS))
        layer.setRenderer(styles.areas_renderer(self._kinds))
        return [layer]


def _united(parts: Mapping[str, Sequence[QgsGeometry]], fields: QgsFields) -> Iterable[QgsFeature]:
    for kind, geometries in parts.items():
        feature = QgsFeature(fields)
        feature.setAttributes([kind])
        feature.setGeometry(QgsGeometry.unaryUnion(list(geometries)))
        yield feature


def _add_theme(project: QgsProject, name: str, layers: Sequence[QgsVectorLayer]) -> None:
    """Remember layers under a name that the maps of a template follow; the layer tree orders them."""
    record = QgsMapThemeCollection.MapThemeRecord()
    for layer in layers:
        record.addLayerRecord(QgsMapThemeCollection.MapThemeLayerRecord(layer))
    project.mapThemeCollection().insert(name, record)
