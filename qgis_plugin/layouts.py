# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the layout templates that come with the plugin: ``gridtwin_qgis/layouts/*.qpt``.

Run with the Python of QGIS after changing a measure or a text: ``QT_HASH_SEED=0 python qgis_plugin/layouts.py``; the
seed keeps the attributes of the files in one order.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

from qgis.core import (
    QgsApplication,
    QgsLayoutFrame,
    QgsLayoutItem,
    QgsLayoutItemAttributeTable,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsLayoutItemMapOverview,
    QgsLayoutItemPage,
    QgsLayoutItemPicture,
    QgsLayoutItemScaleBar,
    QgsLayoutItemShape,
    QgsLayoutObject,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsLayoutTable,
    QgsLayoutTableColumn,
    QgsLegendStyle,
    QgsPrintLayout,
    QgsProject,
    QgsProperty,
    QgsReadWriteContext,
    QgsRectangle,
    QgsScaleBarSettings,
    QgsTextFormat,
    QgsUnitTypes,
)
from qgis.PyQt.QtCore import QRectF, Qt
from qgis.PyQt.QtGui import QColor, QFont

FOLDER = Path(__file__).parent / "gridtwin_qgis" / "layouts"
FONT = "Noto Sans CJK SC"
INK, MUTED, ACCENT, RULE = "#1f2a33", "#5d6b74", "#16435f", "#b7c2c9"
MM = QgsUnitTypes.LayoutUnit.LayoutMillimeters
PAPERS = {"a4": ("A4", 1.0, 1.0), "a3": ("A3", 2**0.5, 1.25)}  # size, measures and letters beside those of A4
A4_ROWS, TABLE_FONT_PT, CELL_MARGIN_MM = 14, 7.5, 0.55

Box = tuple[float, float, float, float]  # left, top, width, height, mm on A4


@dataclass(frozen=True)
class Template:
    """What tells the template of one kind of sheet from the others."""

    name: str
    heading: str
    facts: tuple[tuple[str, str], ...]


FACTS = (
    ("Households", '[% "households" %]'),
    ("Bounds", '[% "verdict" %]'),
    ("Persons", '[% "persons" %]'),
    ("Buildings", '[% "buildings" %]'),
    ("Area", '[% "area" %]'),
    ("Grid officers", '[% "officers" %]'),
    ("Volunteers", '[% "volunteers" %]'),
)
BLANKS = (("Officer's name", ""), ("Telephone", ""))
TEMPLATES = (
    Template("grid", "Grid sheet", (*FACTS, *BLANKS)),
    Template("evacuation", "Evacuation sheet", (*FACTS, *BLANKS)),
    Template("service", "Service sheet", FACTS),
)


class Drawing:
    """A layout that is being drawn with measures of A4 paper."""

    def __init__(self, paper: str) -> None:
        size, self.scale, self.letters = PAPERS[paper]
        self.project = QgsProject()
        self.layout = QgsPrintLayout(self.project)
        self.layout.initializeDefaults()
        self.layout.pageCollection().page(0).setPageSize(size, QgsLayoutItemPage.Orientation.Landscape)

    def place(self, item: QgsLayoutItem, name: str, box: Box) -> None:
        """Add an item to the page."""
        left, top, width, height = (measure * self.scale for measure in box)
        item.setId(name)
        self.layout.addLayoutItem(item)
        item.attemptMove(QgsLayoutPoint(left, top, MM))
        item.attemptResize(QgsLayoutSize(width, height, MM))

    def written(self, size_pt: float, colour: str = INK, *, bold: bool = False) -> QgsTextFormat:
        """Return how text is written, size on A4."""
        font = QFont(FONT)
        font.setBold(bold)
        font.setPointSizeF(size_pt * self.letters)
        text_format = QgsTextFormat()
        text_format.setFont(font)
        text_format.setSize(size_pt * self.letters)
        text_format.setSizeUnit(QgsUnitTypes.RenderUnit.RenderPoints)
        text_format.setColor(QColor(colour))
        return text_format

    def text(self, name: str, text: str, box: Box, size_pt: float, colour: str = INK, **options: object) -> None:
        """Add a line of text; ``bold``, ``align`` and ``background`` may be given."""
        item = QgsLayoutItemLabel(self.layout)
        written = self.written(size_pt, colour, bold=bool(options.get("bold")))
        item.setFont(written.font())
        item.setFontColor(QColor(colour))
        item.setText(text)
        item.setHAlign(options.get("align", Qt.AlignmentFlag.AlignLeft))
        item.setVAlign(Qt.AlignmentFlag.AlignVCenter)
        item.setBackgroundEnabled(bool(options.get("background")))
        item.setMarginX(0)
        item.setMarginY(0)
        self.place(item, name, box)

    def rule(self, name: str, box: Box) -> None:
        """Add a thin filled line."""
        item = QgsLayoutItemShape(self.layout)
        item.setShapeType(QgsLayoutItemShape.Shape.Rectangle)
        symbol = item.symbol().clone()
        symbol.setColor(QColor(RULE))
        symbol.symbolLayer(0).setStrokeStyle(Qt.PenStyle.NoPen)
        item.setSymbol(symbol)
        self.place(item, name, box)

    def map(self, name: str, theme: str, fields: str, box: Box) -> QgsLayoutItemMap:
        """Add a map that shows a theme, within the box that columns of the grid name."""
        item = QgsLayoutItemMap(self.layout)
        self.place(item, name, box)
        item.setFollowVisibilityPreset(True)
        item.setFollowVisibilityPresetName(theme)
        item.setFrameEnabled(True)
        item.setFrameStrokeColor(QColor(MUTED))
        item.setBackgroundColor(QColor("#f7f5f1"))
        item.setExtent(QgsRectangle(item.rect()))  # any box of the right shape: an empty one cannot be replaced
        properties = QgsLayoutObject.DataDefinedProperty
        sides = (properties.MapXMin, properties.MapYMin, properties.MapXMax, properties.MapYMax)
        for side, column in zip(sides, ("xmin", "ymin", "xmax", "ymax"), strict=True):
            item.dataDefinedProperties().setProperty(side, QgsProperty.fromField(f"{fields}_{column}"))
        return item


def draw(template: Template, paper: str) -> QgsPrintLayout:
    """Return one template."""
    drawing = Drawing(paper)
    drawing.layout.setName(f"{template.name}_{paper}")
    main = drawing.map("map", "sheet", "map", (8, 25, 196, 165))
    _head(drawing, template)
    _map_furniture(drawing, main)
    _facts(drawing, template)
    overview = drawing.map("overview", "overview", "overview", (208, 73, 40, 42))
    _frame_in(overview, main)
    _legend(drawing)
    _table(drawing)
    _foot(drawing)
    _atlas(drawing.layout)
    return drawing.layout


def _head(drawing: Drawing, template: Template) -> None:
    drawing.text("title", '[% "title" %]', (8, 6, 200, 10), 20, ACCENT, bold=True)
    drawing.text("heading", template.heading, (8, 16, 32, 7), 10, ACCENT, bold=True)
    drawing.text("community", '[% "community" %] · [% @gridtwin_region %]', (40, 16, 168, 7), 10, MUTED)
    picture = QgsLayoutItemPicture(drawing.layout)
    drawing.place(picture, "qr", (264, 5.5, 25, 25))
    source = QgsProperty.fromExpression('gridtwin_qr("qr")')
    picture.dataDefinedProperties().setProperty(QgsLayoutObject.DataDefinedProperty.PictureSource, source)


def _map_furniture(drawing: Drawing, main: QgsLayoutItemMap) -> None:
    arrow = QgsLayoutItemPicture(drawing.layout)
    drawing.place(arrow, "north", (193, 28, 8, 12))
    arrow.setPicturePath("arrows/NorthArrow_02.svg")
    arrow.setLinkedMap(main)
    bar = QgsLayoutItemScaleBar(drawing.layout)
    bar.setId("scale_bar")
    bar.setStyle("Single Box")
    bar.setLinkedMap(main)
    bar.setUnits(QgsUnitTypes.DistanceUnit.DistanceMeters)
    bar.setUnitLabel("m")
    bar.setSegmentSizeMode(QgsScaleBarSettings.SegmentSizeMode.SegmentSizeFitWidth)
    bar.setMinimumBarWidth(22 * drawing.scale)
    bar.setMaximumBarWidth(50 * drawing.scale)
    bar.setNumberOfSegments(2)
    bar.setNumberOfSegmentsLeft(0)
    bar.setHeight(1.6 * drawing.scale)
    bar.setTextFormat(drawing.written(7))
    bar.setBackgroundEnabled(True)
    bar.setBackgroundColor(QColor(255, 255, 255, 210))
    drawing.place(bar, "scale_bar", (10, 177, 60, 11))
    scale = "1 : [% format_number(map_get(item_variables('map'), 'map_scale'), 0) %]"
    centre = Qt.AlignmentFlag.AlignHCenter
    drawing.text("scale", scale, (183, 185.5, 20, 4), 7, MUTED, align=centre, background=True)


def _facts(drawing: Drawing, template: Template) -> None:
    for place, (title, value) in enumerate(template.facts):
        top = 25 + 5.1 * place
        drawing.text(f"fact_{place}", title, (208, top, 22, 5), 7.5, MUTED)
        if value:
            drawing.text(f"value_{place}", value, (230, top, 59 if place else 30, 5), 8.5, bold=place == 0)
        else:
            drawing.rule(f"blank_{place}", (230, top + 4.6, 59, 0.2))


def _frame_in(overview: QgsLayoutItemMap, main: QgsLayoutItemMap) -> None:
    frame = QgsLayoutItemMapOverview("main", overview)
    overview.overviews().addOverview(frame)
    frame.setLinkedMap(main)
    symbol = frame.frameSymbol().clone()
    symbol.setColor(QColor(0, 0, 0, 0))
    symbol.symbolLayer(0).setStrokeColor(QColor(ACCENT))
    symbol.symbolLayer(0).setStrokeWidth(0.4)
    symbol.symbolLayer(0).setStrokeStyle(Qt.PenStyle.SolidLine)
    frame.setFrameSymbol(symbol)


def _legend(drawing: Drawing) -> None:
    legend = QgsLayoutItemLegend(drawing.layout)
    drawing.place(legend, "legend", (250, 72, 39, 43))
    legend.setAutoUpdateModel(False)
    legend.setResizeToContents(False)
    legend.setBackgroundEnabled(False)
    legend.setSymbolWidth(4.5 * drawing.scale)
    legend.setSymbolHeight(2.2 * drawing.scale)
    legend.setBoxSpace(0)
    for style, size in (
        (QgsLegendStyle.Style.Title, 8),
        (QgsLegendStyle.Style.Group, 7),
        (QgsLegendStyle.Style.Subgroup, 7),
        (QgsLegendStyle.Style.SymbolLabel, 6.5),
    ):
        entry = legend.style(style)
        entry.setFont(drawing.written(size, bold=style != QgsLegendStyle.Style.SymbolLabel).font())
        legend.setStyle(style, entry)
    symbols = legend.style(QgsLegendStyle.Style.Symbol)
    symbols.setMargin(QgsLegendStyle.Side.Top, 0.75 * drawing.scale)
    legend.setStyle(QgsLegendStyle.Style.Symbol, symbols)


def _table(drawing: Drawing) -> None:
    table = QgsLayoutItemAttributeTable(drawing.layout)
    drawing.layout.addMultiFrame(table)
    table.setFilterFeatures(True)
    table.setFeatureFilter("\"grid_id\" = attribute(@atlas_feature, 'grid_id')")
    table.setMaximumNumberOfFeatures(100)
    table.setHeaderTextFormat(drawing.written(7, ACCENT, bold=True))
    table.setContentTextFormat(drawing.written(TABLE_FONT_PT))
    table.setCellMargin(CELL_MARGIN_MM * drawing.scale)
    table.setGridColor(QColor(RULE))
    table.setGridStrokeWidth(0.15)
    table.setVerticalGrid(False)
    table.setWrapBehavior(QgsLayoutTable.WrapBehavior.TruncateText)
    columns = []
    for number, width in enumerate((33, 12, 16, 14), start=1):
        column = QgsLayoutTableColumn(f"cell_{number}")
        column.setAttribute(f"cell_{number}")
        column.setWidth(width * drawing.scale)
        side = Qt.AlignmentFlag.AlignLeft if number == 1 else Qt.AlignmentFlag.AlignRight
        column.setHAlignment(side)
        columns.append(column)
    table.setColumns(columns)
    frame = QgsLayoutFrame(drawing.layout, table)
    drawing.layout.setCustomProperty("gridtwin/rows", round(A4_ROWS * drawing.scale / drawing.letters))
    left, top, width, height = (measure * drawing.scale for measure in (208, 118, 81, 66))
    table.addFrame(frame)
    frame.setId("table")
    frame.attemptSetSceneRect(QRectF(left, top, width, height))
    drawing.text("note", "[% @gridtwin_note %]", (208, 183.5, 81, 8), 6, MUTED)


def _foot(drawing: Drawing) -> None:
    drawing.rule("foot_rule", (8, 193, 281, 0.2))
    source = "Plan: [% @gridtwin_plan %] · Printed on [% @gridtwin_date %] · Data: [% @gridtwin_source %]"
    page = "Page [% @atlas_featurenumber %] of [% @atlas_totalfeatures %] · GridTwin"
    drawing.text("source", source, (8, 194, 232, 8), 6.5, MUTED)
    drawing.text("page", page, (240, 194, 49, 8), 6.5, MUTED, align=Qt.AlignmentFlag.AlignRight)


def _atlas(layout: QgsPrintLayout) -> None:
    atlas = layout.atlas()
    atlas.setEnabled(True)
    atlas.setFilterFeatures(True)
    atlas.setFilterExpression('"page" IS NOT NULL')
    atlas.setSortFeatures(True)
    atlas.setSortExpression('"page"')
    atlas.setPageNameExpression('"title"')
    atlas.setFilenameExpression('"file_name"')


def main() -> None:
    """Write all templates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FOLDER)
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QgsApplication([], True)
    application.initQgis()
    for template in TEMPLATES:
        for paper in PAPERS:
            path = folder / f"{template.name}_{paper}.qpt"
            if not draw(template, paper).saveAsTemplate(str(path), QgsReadWriteContext()):
                raise SystemExit(f"{path} cannot be written")
    application.exitQgis()


if __name__ == "__main__":
    main()
