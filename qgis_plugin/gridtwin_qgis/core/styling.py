# SPDX-License-Identifier: GPL-3.0-or-later
"""Styles of the layers, with legends in the planner's language."""

from __future__ import annotations

from pathlib import Path

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsGraduatedSymbolRenderer,
    QgsMapLayer,
    QgsRuleBasedRenderer,
    QgsVectorLayer,
)
from qgis_plugin_tools.tools.i18n import tr as translated  # of texts that stand in a style, not at the call

STYLES = Path(__file__).parents[1] / "styles"
PARTS = QgsMapLayer.StyleCategory.Symbology | QgsMapLayer.StyleCategory.Labeling | QgsMapLayer.StyleCategory.Rendering


def style_file(layer: QgsVectorLayer, name: str) -> Path | None:
    """Return the style of a layer of the data dictionary, ``None`` where there is none for its kind of shapes."""
    kinds = {0: "point", 1: "line", 2: "polygon"}
    kind = kinds.get(int(layer.geometryType()), "")
    base = name.split("_linestring", maxsplit=1)[0]
    files = (STYLES / f"{base}_{kind}.qml", STYLES / f"{base}.qml")
    found = next((file for file in files if file.exists()), None)
    return None if base == "buildings" and kind != "polygon" else found


def style_layer(layer: QgsVectorLayer, name: str) -> None:
    """Give a layer its style."""
    file = style_file(layer, name)
    if file is not None:
        layer.loadNamedStyle(str(file), QgsMapLayer.StyleCategories(PARTS))
        translate_legend(layer)


def translate_legend(layer: QgsVectorLayer) -> None:
    """Put the classes of a legend into the planner's language."""
    renderer = layer.renderer()
    if isinstance(renderer, QgsCategorizedSymbolRenderer):
        for number, category in enumerate(renderer.categories()):
            renderer.updateCategoryLabel(number, translated(category.label()))
    elif isinstance(renderer, QgsGraduatedSymbolRenderer):
        for number, part in enumerate(renderer.ranges()):
            renderer.updateRangeLabel(number, translated(part.label()))
    elif isinstance(renderer, QgsRuleBasedRenderer):
        for rule in renderer.rootRule().children():
            rule.setLabel(translated(rule.label()))
