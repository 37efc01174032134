# SPDX-License-Identifier: GPL-3.0-or-later
"""A template made ready to print: fonts of this machine, texts in the language of the window, layers of the print.

Parts of a template are found by their item id: ``map``, ``overview``, ``legend``, ``table``. A template of the
user's own may leave out all but ``map``, and add what it likes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsExpression,
    QgsExpressionFunction,
    QgsLayerTreeLayer,
    QgsLayoutFrame,
    QgsLayoutItemAttributeTable,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsLayoutItemScaleBar,
    QgsLegendRenderer,
    QgsLegendStyle,
    QgsPrintLayout,
    QgsProject,
    QgsReadWriteContext,
    QgsTextFormat,
)
from qgis.PyQt.QtGui import QFontDatabase
from qgis.PyQt.QtXml import QDomDocument
from qgis_plugin_tools.tools.i18n import tr

from .qr import qr_source
from .sheet_data import SheetError
from .sheet_project import Frames, SheetProject
from .sheet_request import SheetRequest
from .sheet_styles import searchable, searchable_font

QR_FUNCTION = "gridtwin_qr"
ROWS_PROPERTY, USUAL_ROWS = "gridtwin/rows", 14
TEMPLATE_FONT = "Noto Sans CJK SC"  # of our templates; a font that the user chose in a template stays
# Fonts with Chinese and Latin letters, the first that is there is used: Linux, Windows, macOS.
FONTS = (
    TEMPLATE_FONT,
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Microsoft YaHei",
    "PingFang SC",
    "WenQuanYi Micro Hei",
    "SimHei",
    "Heiti SC",
)


class QrFunction(QgsExpressionFunction):
    """``gridtwin_qr(text)``: the text as the source of a picture."""

    def __init__(self) -> None:
        super().__init__(QR_FUNCTION, 1, "GridTwin", tr("QR code of a text, as the source of a picture."))

    def func(self, values: list[Any], _context: object, _parent: object, _node: object) -> str:
        """Return the picture source; nothing for no text."""
        return qr_source(str(values[0])) if values[0] else ""


@contextmanager
def qr_function() -> Iterator[None]:
    """Let expressions use the function inside, unless they already may."""
    if QgsExpression.isFunctionName(QR_FUNCTION):
        yield
        return
    function = QrFunction()
    QgsExpression.registerFunction(function)
    try:
        yield
    finally:
        QgsExpression.unregisterFunction(QR_FUNCTION)


def font_family() -> str:
    """Return the first font of :data:`FONTS` that this machine has, else QGIS's own."""
    present = set(QFontDatabase().families())
    return next((font for font in FONTS if font in present), QgsTextFormat().font().family())


def template_texts() -> dict[str, str]:
    """Return the texts of the templates that come with the plugin, each with its translation."""
    return {
        "Grid sheet": tr("Grid sheet"),
        "Evacuation sheet": tr("Evacuation sheet"),
        "Service sheet": tr("Service sheet"),
        "Households": tr("Households"),
        "Bounds": tr("Bounds"),
        "Persons": tr("Persons"),
        "Buildings": tr("Buildings"),
        "Area": tr("Area"),
        "Grid officers": tr("Grid officers"),
        "Volunteers": tr("Volunteers"),
        "Officer's name": tr("Officer's name"),
        "Telephone": tr("Telephone"),
        "m": tr("m"),
        "Plan: [% @gridtwin_plan %] · Printed on [% @gridtwin_date %] · Data: [% @gridtwin_source %]": tr(
            "Plan: [% @gridtwin_plan %] · Printed on [% @gridtwin_date %] · Data: [% @gridtwin_source %]"
        ),
        "Page [% @atlas_featurenumber %] of [% @atlas_totalfeatures %] · GridTwin": tr(
            "Page [% @atlas_featurenumber %] of [% @atlas_totalfeatures %] · GridTwin"
        ),
    }


def read_template(path: Path, project: QgsProject) -> QgsPrintLayout:
    """Return the layout of a template, its texts and fonts made ready.

    Raises
    ------
    SheetError
        If the file is no layout template, or has no map called ``map``.
    """
    document = QDomDocument()
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SheetError(tr("{path} cannot be read ({reason})", path=path, reason=error)) from error
    layout = QgsPrintLayout(project)
    understood = document.setContent(content.replace(TEMPLATE_FONT, font_family()))
    if not (understood[0] if isinstance(understood, tuple) else understood):
        raise SheetError(tr("{path} is no layout template", path=path))
    _, loaded = layout.loadFromTemplate(document, QgsReadWriteContext())
    if not loaded or not isinstance(layout.itemById("map"), QgsLayoutItemMap):
        raise SheetError(tr("{path} is no layout template with a map whose id is 'map'", path=path))
    _set_texts(layout)
    return layout


def frames(layout: QgsPrintLayout) -> Frames:
    """Return the sizes of the maps of a layout."""
    main = layout.itemById("map").rect()
    overview = layout.itemById("overview")
    small = main if overview is None else overview.rect()
    return Frames((main.width(), main.height()), (small.width(), small.height()))


def row_capacity(layout: QgsPrintLayout) -> int:
    """Return how many rows the table of a layout has room for."""
    return max(int(layout.customProperty(ROWS_PROPERTY, USUAL_ROWS)), 3)


def attach(layout: QgsPrintLayout, sheets: SheetProject, request: SheetRequest) -> None:
    """Give a layout the layers it prints: the pages, the table, the legend."""
    layout.atlas().setCoverageLayer(sheets.sheets)
    legend = layout.itemById("legend")
    if isinstance(legend, QgsLayoutItemLegend):
        _fill_legend(legend, sheets)
    frame = layout.itemById("table")
    if frame is not None:
        _fill_table(_table_of(layout, frame), sheets)
    layout.atlas().setFilenameExpression(f"'{request.sheet.value}_' || \"file_name\"")
    layout.atlas().updateFeatures()


def _set_texts(layout: QgsPrintLayout) -> None:
    """Translate the texts of a layout, and have its letters written so that a search in the PDF finds them."""
    texts = template_texts()
    for item in layout.items():
        if isinstance(item, QgsLayoutItemLabel):
            item.setText(texts.get(item.text(), item.text()))
            if hasattr(item, "setTextFormat"):  # since QGIS 3.24
                item.setTextFormat(searchable(item.textFormat()))
            else:
                item.setFont(searchable_font(item.font()))
        elif isinstance(item, QgsLayoutItemScaleBar):
            item.setUnitLabel(texts.get(item.unitLabel(), item.unitLabel()))
            item.setTextFormat(searchable(item.textFormat()))
    for table in layout.multiFrames():
        if isinstance(table, QgsLayoutItemAttributeTable):
            table.setHeaderTextFormat(searchable(table.headerTextFormat()))
            table.setContentTextFormat(searchable(table.contentTextFormat()))


def _fill_legend(legend: QgsLayoutItemLegend, sheets: SheetProject) -> None:
    legend.setAutoUpdateModel(False)
    root = legend.model().rootGroup()
    root.removeAllChildren()
    for layer in sheets.legend:
        node: QgsLayerTreeLayer = root.addLayer(layer)
        if len(layer.renderer().legendSymbolItems()) > 1:
            QgsLegendRenderer.setNodeLegendStyle(node, QgsLegendStyle.Style.Hidden)
    legend.adjustBoxSize()


def _table_of(layout: QgsPrintLayout, frame: QgsLayoutFrame) -> QgsLayoutItemAttributeTable:
    return next(table for table in layout.multiFrames() if frame in table.frames())


def _fill_table(table: QgsLayoutItemAttributeTable, sheets: SheetProject) -> None:
    columns = table.columns()  # setting the layer forgets them
    table.setVectorLayer(sheets.rows)
    shown, left_out = columns[: len(sheets.headings)], columns[len(sheets.headings) :]
    spare = sum(column.width() for column in left_out)
    for column, heading in zip(shown, sheets.headings):
        column.setHeading(heading)
    shown[0].setWidth(shown[0].width() + spare)
    table.setColumns(shown)
