# SPDX-License-Identifier: GPL-3.0-or-later
"""How the layers of a sheet look; the colours are those of GridTwin's web maps, paler where they lie under."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsFeatureRenderer,
    QgsFillSymbol,
    QgsLineSymbol,
    QgsMarkerSymbol,
    QgsPalLayerSettings,
    QgsRendererCategory,
    QgsRuleBasedLabeling,
    QgsRuleBasedRenderer,
    QgsSingleSymbolRenderer,
    QgsSymbol,
    QgsTextBufferSettings,
    QgsTextFormat,
    QgsUnitTypes,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)
from qgis.PyQt.QtGui import QColor, QFont
from qgis_plugin_tools.tools.i18n import tr

CURRENT = "\"grid_id\" = attribute(@atlas_feature, 'grid_id')"
SAME_COMMUNITY = "\"community_id\" = attribute(@atlas_feature, 'community_id')"
PATHS = "\"highway\" IN ('footway','path','steps','pedestrian','cycleway')"
HUES = ("#0072b2", "#c8590b", "#00805c", "#a8458f", "#8a6212", "#3d3a94", "#b3294e", "#4a5560")
MARKERS = ("circle", "square", "diamond", "triangle", "pentagon", "hexagon", "octagon", "star")
INK, CASING = "#1f2a33", "#ffffff"
MOST_FILLED = 3  # kinds of service areas that can lie over each other
HIGHLIGHT, COMMUNITY = "#c0341d", "#16435f"

Rule = tuple[str, str, QgsSymbol]  # title, filter, symbol


def fill(
    colour: str, outline: str = "", width_mm: float = 0.2, style: str = "solid", *, pen: str = "solid"
) -> QgsSymbol:
    """Return a symbol of areas; colours may carry their opacity as ``#aarrggbb``, none is transparent."""
    return QgsFillSymbol.createSimple(
        {
            "color": _rgba(colour),
            "style": style if colour else "no",
            "outline_color": _rgba(outline),
            "outline_width": str(width_mm),
            "outline_style": pen if outline else "no",
            "joinstyle": "round",
        }
    )


def line(colour: str, width_mm: float, pen: str = "solid") -> QgsSymbol:
    """Return a symbol of lines."""
    return QgsLineSymbol.createSimple(
        {
            "line_color": _rgba(colour),
            "line_width": str(width_mm),
            "line_style": pen,
            "capstyle": "round",
            "joinstyle": "round",
        }
    )


def marker(shape: str, colour: str, size_mm: float) -> QgsSymbol:
    """Return a symbol of points with a white rim."""
    return QgsMarkerSymbol.createSimple(
        {"name": shape, "color": colour, "outline_color": CASING, "outline_width": "0.3", "size": str(size_mm)}
    )


def _rgba(colour: str) -> str:
    value = QColor(colour or "#00000000")
    return f"{value.red()},{value.green()},{value.blue()},{value.alpha()}"


def ruled(*rules: Rule) -> QgsFeatureRenderer:
    """Return a renderer of rules; a rule whose filter is "ELSE" takes what no other took."""
    root = QgsRuleBasedRenderer.Rule(None)
    for title, condition, symbol in rules:
        root.appendChild(QgsRuleBasedRenderer.Rule(symbol, filterExp=condition, label=title))
    return QgsRuleBasedRenderer(root)


# --- areas -------------------------------------------------------------------------------------------------------


def grids_renderer() -> QgsFeatureRenderer:
    """Return the grid of the page, framed, among its neighbours, veiled."""
    return ruled(
        (tr("This grid"), CURRENT, fill("#1457a5aa", HIGHLIGHT, 1.0)),
        (tr("Other grids"), "ELSE", fill("#66ffffff", "#5d6b74", 0.35, pen="dash")),
    )


def overview_renderer() -> QgsFeatureRenderer:
    """Return the grid of the page among the grids of its community; without labels, for it is drawn on every page."""
    return ruled(
        ("", CURRENT, fill(HIGHLIGHT, HIGHLIGHT, 0.3)),
        ("", f"{SAME_COMMUNITY} AND NOT {CURRENT}", fill("#e3f1ec", "#7d8b93", 0.15)),
    )


def community_renderer() -> QgsFeatureRenderer:
    """Return outlines of communities."""
    return QgsSingleSymbolRenderer(fill("", COMMUNITY, 0.7))


def buildings_renderer(geometry_is_area: bool) -> QgsFeatureRenderer:
    """Return the buildings of the page's grid darker than the others."""
    if geometry_is_area:
        ours, others = fill("#8f877d", "#625b54", 0.12), fill("#d9d5ce", "#bdb7ad", 0.08)
    else:
        ours, others = marker("square", "#625b54", 1.6), marker("square", "#b9b2a8", 1.1)
    return ruled((tr("Buildings of this grid"), CURRENT, ours), (tr("Other buildings"), "ELSE", others))


def areas_renderer(kinds: Sequence[tuple[str, str]]) -> QgsFeatureRenderer:
    """Return service areas by kind as lines, filled where they are few enough to look through each other.

    Parameters
    ----------
    kinds
        Kind and title, in the order of their hues.
    """
    veil = "30" if len(kinds) <= MOST_FILLED else "00"
    categories = [
        QgsRendererCategory(kind, fill(f"#{veil}{hue(place)[1:]}", hue(place), 0.45), title)
        for place, (kind, title) in enumerate(kinds)
    ]
    return QgsCategorizedSymbolRenderer("kind", categories)


def facilities_renderer(kinds: Sequence[tuple[str, str]]) -> QgsFeatureRenderer:
    """Return facilities by kind, each with a hue and a shape of its own."""
    categories = [
        QgsRendererCategory(kind, marker(MARKERS[(place + place // len(HUES)) % len(MARKERS)], hue(place), 3.2), title)
        for place, (kind, title) in enumerate(kinds)
    ]
    return QgsCategorizedSymbolRenderer("kind", categories)


def hue(place: int) -> str:
    """Return the colour of the kind at a place in the list."""
    return HUES[place % len(HUES)]


# --- lines and points --------------------------------------------------------------------------------------------


def streets_renderer() -> QgsFeatureRenderer:
    """Return streets by class."""
    main = "\"highway\" IN ('motorway','trunk','primary','secondary','tertiary')"
    return ruled(
        (tr("Main street"), main, line("#e2bd85", 1.1)),
        (tr("Street"), "ELSE", line("#d8d2c7", 0.7)),
        (tr("Path"), PATHS, line("#c9bfb0", 0.25, "dash")),
    )


def barriers_renderer(geometry_is_area: bool) -> QgsFeatureRenderer:
    """Return water as areas or lines, railways and walls as lines."""
    if geometry_is_area:
        return ruled(
            (tr("Water"), "\"kind\" = 'water'", fill("#bcd9ea")),
            (tr("Other barrier"), "ELSE", fill("#e3e0da")),
        )
    return ruled(
        (tr("Watercourse"), "\"kind\" = 'water'", line("#8fbcd6", 0.6)),
        (tr("Railway"), "\"kind\" = 'railway'", line("#56606a", 0.4, "dash")),
        (tr("Wall or motorway"), "ELSE", line("#8a8f94", 0.3, "dot")),
    )


def shelters_renderer() -> QgsFeatureRenderer:
    """Return shelters."""
    return QgsSingleSymbolRenderer(marker("triangle", "#2b7a55", 4.5))


def routes_renderer() -> QgsFeatureRenderer:
    """Return the routes of the page's grid strong, the others faint."""
    return ruled(
        (tr("Routes of this grid"), CURRENT, line("#a3300a", 1.2)),
        (tr("Other routes"), "ELSE", line("#80d9a08c", 0.5)),
    )


# --- labels ------------------------------------------------------------------------------------------------------


def searchable_font(font: QFont) -> QFont:
    """Return a font whose letters a PDF can be searched for.

    Chinese fonts have digits of their own for Latin text, and a PDF that Qt makes does not say which digits they are;
    without shaping the usual ones are taken.
    """
    plain = QFont(font)
    plain.setStyleStrategy(QFont.StyleStrategy.PreferNoShaping)
    return plain


def searchable(written: QgsTextFormat) -> QgsTextFormat:
    """Return the same look with a font that a PDF can be searched for."""
    plain = QgsTextFormat(written)
    plain.setFont(searchable_font(written.font()))
    return plain


def text_format(family: str, size_pt: float, colour: str = INK, *, bold: bool = False) -> QgsTextFormat:
    """Return how a label is written: with a white rim."""
    font = QFont(family)
    font.setBold(bold)
    written = QgsTextFormat()
    written.setFont(searchable_font(font))
    written.setSize(size_pt)
    written.setSizeUnit(QgsUnitTypes.RenderUnit.RenderPoints)
    written.setColor(QColor(colour))
    rim = QgsTextBufferSettings()
    rim.setEnabled(True)
    rim.setSize(0.7)
    written.setBuffer(rim)
    return written


def label(expression: str, written: QgsTextFormat, *, priority: int = 5) -> QgsPalLayerSettings:
    """Return a label placed by default for its geometry; a higher priority goes first."""
    settings = QgsPalLayerSettings()
    settings.fieldName = expression
    settings.isExpression = True
    settings.priority = priority
    settings.setFormat(written)
    return settings


def label_grids(layer: QgsVectorLayer, family: str) -> None:
    """Label the page's grid large, its neighbours small, those of other communities with the community's name."""
    households = tr("{households} households", households="' || \"households\" || '")
    ours = label(f"\"label\" || '\\n{households}'", text_format(family, 11, HIGHLIGHT, bold=True), priority=10)
    near = f'if({SAME_COMMUNITY}, "label", "community" || \' \' || "label")'
    others = label(f"{near} || '\\n{households}'", text_format(family, 7.5, "#44525c"), priority=6)
    root = QgsRuleBasedLabeling.Rule(None)
    for settings, condition in ((ours, CURRENT), (others, f"NOT {CURRENT}")):
        settings.placement = QgsPalLayerSettings.Placement.Horizontal
        settings.centroidInside = True
        root.appendChild(QgsRuleBasedLabeling.Rule(settings, filterExp=condition))
    layer.setLabeling(QgsRuleBasedLabeling(root))
    layer.setLabelsEnabled(True)


def label_streets(layer: QgsVectorLayer, family: str) -> None:
    """Write names along streets, each once; paths beside a street often bear its name and go without."""
    settings = label(f'if({PATHS}, NULL, "name")', text_format(family, 6, "#6a5f50"), priority=2)
    settings.placement = QgsPalLayerSettings.Placement.Curved
    settings.mergeLines = True
    settings.repeatDistance = 60.0
    _set(layer, settings)


def label_buildings(layer: QgsVectorLayer, family: str, place_columns: Sequence[str]) -> None:
    """Write on the buildings of the page's grid the number of their place in the table, if it has one.

    Parameters
    ----------
    place_columns
        Columns of the layer of which the first that is filled names the place.
    """
    place = ", ".join(f"nullif(\"{name}\", '')" for name in place_columns)
    number = f"map_get(from_json(attribute(@atlas_feature, 'numbers')), coalesce({place}))"
    settings = label(f"if({CURRENT}, {number}, NULL)", text_format(family, 7, bold=True), priority=9)
    settings.placement = QgsPalLayerSettings.Placement.Horizontal
    settings.centroidInside = True
    _set(layer, settings)


def label_points(layer: QgsVectorLayer, family: str, expression: str, colour: str) -> None:
    """Write names beside points."""
    settings = label(expression, text_format(family, 7, colour), priority=8)
    settings.placement = QgsPalLayerSettings.Placement.OrderedPositionsAroundPoint
    settings.dist = 2.0
    _set(layer, settings)


def _set(layer: QgsVectorLayer, settings: QgsPalLayerSettings) -> None:
    layer.setLabeling(QgsVectorLayerSimpleLabeling(settings))
    layer.setLabelsEnabled(True)
