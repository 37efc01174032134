# SPDX-License-Identifier: GPL-3.0-or-later
"""The project that sheets are printed from: layers of its own, so that a print and an edit never meet.

The grids are written, with every text of their sheets, into a file beside the prints; layers with unsaved edits are
copied there, the others are read where they are.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsFeature,
    QgsField,
    QgsFields,
    QgsMapThemeCollection,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QVariant
from qgis_plugin_tools.tools.i18n import tr

from . import sheet_styles as styles
from .region_project import RegionLayers
from .schema import GRIDS
from .sheet_data import GridFacts, QrWriter, community_extents, safe_name
from .sheet_layers import OwnLayers, base_layers, community_layers
from .sheet_request import Sheet, SheetRequest
from .sheet_store import Store
from .sheet_tables import COLUMNS, SheetTables
from .titles import layer_title

SHEET_THEME, OVERVIEW_THEME = "sheet", "overview"
SHEETS, ROWS = "sheets", "rows"
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
    store = Store(folder / "sheets.gpkg", project, region[GRIDS].crs())
    sheets = store.write(
        SHEETS, _sheet_fields(), _sheet_rows(region, facts, tables, frames), polygons=True, title=layer_title(GRIDS)
    )
    rows = store.write(ROWS, _row_fields(), _table_rows(tables))
    rows.dataProvider().createAttributeIndex(rows.fields().lookupField("grid_id"))
    overview = store.again(SHEETS, tr("Overview"))
    sheets.setRenderer(styles.grids_renderer())
    styles.label_grids(sheets, family)
    overview.setRenderer(styles.overview_renderer())
    own, communities = OwnLayers(region, request, store, family), community_layers(region, store)
    above = own.above()
    shown = [*above, sheets, *own.below(), *communities, *base_layers(region, store, family)]
    for layer in (*shown, overview):
        project.layerTreeRoot().addLayer(layer)
    _add_theme(project, SHEET_THEME, shown)
    _add_theme(project, OVERVIEW_THEME, [*communities, overview])
    legend = shown if request.sheet is not Sheet.SERVICE else [*above, sheets]
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
        keys = {"grid_id": fact.grid_id, "community_id": fact.community_id, "file_name": safe_name(fact.grid_id)}
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


# --- themes ------------------------------------------------------------------------------------------------------


def _add_theme(project: QgsProject, name: str, layers: Sequence[QgsVectorLayer]) -> None:
    """Remember layers under a name that the maps of a template follow; the layer tree orders them."""
    record = QgsMapThemeCollection.MapThemeRecord()
    for layer in layers:
        record.addLayerRecord(QgsMapThemeCollection.MapThemeLayerRecord(layer))
    project.mapThemeCollection().insert(name, record)
