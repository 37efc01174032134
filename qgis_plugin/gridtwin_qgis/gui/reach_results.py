# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine found about services, as tables: coverage, the uncovered, what a closed street changes, sites."""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import QgsPointXY, QgsRenderContext, QgsRuleBasedRenderer, QgsVectorLayer
from qgis.PyQt.QtWidgets import QComboBox, QLabel, QTabWidget, QVBoxLayout, QWidget
from qgis_plugin_tools.tools.i18n import tr

from ..core.coverage import (
    MINUTE_S,
    SHOWN,
    SITES,
    UNCOVERED,
    CoverageChange,
    CoverageResult,
    Covered,
    LimitKey,
    filter_of,
    site_names,
    uncovered_homes,
)
from .texttable import TextTable

GROUP_TITLES = {
    "households": "households",
    "all": "all people",
    "elderly": "the elderly",
    "disabled": "the disabled",
    "children": "children",
    "migrant_children": "migrants' children",
    "special": "the special groups",
}
STATUS_TITLES = {
    "reached": "too far",
    "no_street": "no street near the building",
    "unreachable": "no way to any facility",
    "no_facility": "no such facility on the streets",
}

ZoomTo = Callable[[QgsPointXY, QgsVectorLayer], None]


class ReachResults(QTabWidget):
    """Tables of results.

    Parameters
    ----------
    title
        Returns what a kind of facilities is called.
    zoom_to
        Called with a place and the layer in whose CRS it is.
    """

    def __init__(self, title: Callable[[str], str], zoom_to: ZoomTo) -> None:
        super().__init__()
        self._title, self._zoom_to = title, zoom_to
        self._layers: dict[str, QgsVectorLayer] = {}
        self.coverage = TextTable(
            (tr("Kind"), tr("Within"), tr("Group"), tr("People"), tr("Covered"), tr("Share %"), tr("Target %"))
        )
        self.limit = QComboBox()
        self.homes = TextTable(
            (tr("Households"), tr("Building"), tr("Grid"), tr("Walk, min"), tr("Why")), self._zoom_home
        )
        self.homes.setToolTip(tr("Double-click a building to see it on the map"))
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.changes = TextTable(
            (tr("Kind"), tr("Within"), tr("Group"), tr("Before %"), tr("After %"), tr("People fewer"))
        )
        self.areas = TextTable(
            (tr("Kind"), tr("Within"), tr("Facility"), tr("Area before, ha"), tr("Area after, ha"),
             tr("Households before"), tr("Households after"))
        )  # fmt: skip
        self.sites = TextTable((tr("Order"), tr("Place"), tr("Households gained")), self._zoom_home)
        self.addTab(self.coverage, tr("Coverage"))
        self.addTab(_stacked(self.limit, self.homes), tr("Uncovered"))
        self.addTab(_stacked(self.summary, self.changes, self.areas), tr("Closed streets"))
        self.addTab(self.sites, tr("Sites"))
        self.limit.currentIndexChanged.connect(lambda _index: self._fill_homes())

    def show_result(self, result: CoverageResult, uncovered: QgsVectorLayer) -> None:
        """Show a result, and the uncovered households in its layer."""
        self._follow(UNCOVERED, uncovered)
        rows = [self._coverage_row(key, group, covered) for (key, group), covered in result.shares.items()]
        self.coverage.fill(rows)
        keys = sorted({key for key, _ in result.shares}, key=_order)
        self.limit.blockSignals(True)
        self.limit.clear()
        for key in keys:
            count = sum(households for (of, _), households in result.uncovered.items() if of == key)
            self.limit.addItem(f"{self._title(key.kind)}, {key.limit}: {count:,}", key)
        self.limit.blockSignals(False)
        self._fill_homes()
        self.setCurrentIndex(0)

    def show_change(self, change: CoverageChange, streets: list[str]) -> None:
        """Show what closing some streets changes."""
        lost = sum(change.newly_uncovered.values())
        self.summary.setText(
            tr(
                "Closed: {streets}. Service areas that shrink: {areas:,}. No longer covered, over all kinds and "
                "limits: {homes:,} buildings with {households:,} households.",
                streets=", ".join(streets),
                areas=len(change.areas),
                homes=len(change.newly_uncovered),
                households=lost,
            )
        )
        self.changes.fill(
            (
                self._title(key.kind),
                key.limit,
                tr(GROUP_TITLES.get(group, group)),
                _percent(before.share),
                _percent(after.share),
                round(before.covered - after.covered),
            )
            for (key, group), (before, after) in change.shares.items()
        )
        self.areas.fill(
            (
                self._title(key.kind),
                key.limit,
                facility,
                round(before.area_m2 / 10_000, 2),
                round(after.area_m2 / 10_000, 2),
                before.households,
                after.households,
            )
            for key, facility, before, after in change.areas
        )
        self.setCurrentIndex(2)

    def show_sites(self, sites: QgsVectorLayer) -> None:
        """Show proposed sites."""
        self._follow(SITES, sites)
        rows = site_names(sites.getFeatures())
        self.sites.fill((row[:3] for row in rows), ((row[3], SITES) for row in rows))
        self.setCurrentIndex(3)

    def clear(self) -> None:
        """Show nothing."""
        for table in (self.coverage, self.homes, self.changes, self.areas, self.sites):
            table.fill(())
        self.limit.clear()
        self.summary.clear()
        self._layers.clear()

    def _follow(self, name: str, layer: QgsVectorLayer) -> None:
        """Keep a layer until it is removed from the project."""
        self._layers[name] = layer
        layer.willBeDeleted.connect(lambda: self._let_go(name, layer))

    def _let_go(self, name: str, layer: QgsVectorLayer) -> None:
        if self._layers.get(name) is layer:
            del self._layers[name]

    def _coverage_row(self, key: LimitKey, group: str, covered: Covered) -> tuple[object, ...]:
        return (
            self._title(key.kind),
            key.limit,
            tr(GROUP_TITLES.get(group, group)),
            round(covered.total),
            round(covered.covered),
            _percent(covered.share),
            _percent(covered.target),
        )

    def _fill_homes(self) -> None:
        key = self.limit.currentData()
        layer = self._layers.get(UNCOVERED)
        homes = []
        if key is not None and layer is not None:
            show_only(layer, key)  # the map shows what the table shows
            homes = uncovered_homes(layer, key)
        self.homes.fill(
            (
                (
                    home.households,
                    home.building_id,
                    home.grid_id,
                    None if home.walk_s is None else round(home.walk_s / MINUTE_S, 1),
                    tr(STATUS_TITLES.get(home.status, home.status)),
                )
                for home in homes
            ),
            ((home.point, UNCOVERED) for home in homes),
        )
        note = tr("Those with most households, at most {count:,}", count=SHOWN)
        self.limit.setToolTip(note if len(homes) == SHOWN else "")

    def _zoom_home(self, key: tuple[QgsPointXY, str]) -> None:
        point, name = key
        layer = self._layers.get(name)
        if layer is not None:
            self._zoom_to(point, layer)


def show_only(layer: QgsVectorLayer, key: LimitKey) -> None:
    """Draw only what belongs to a kind and limit; the layer itself keeps everything."""
    symbol = layer.renderer().symbols(QgsRenderContext())[0].clone()
    root = QgsRuleBasedRenderer.Rule(None)
    root.appendChild(QgsRuleBasedRenderer.Rule(symbol, 0, 0, filter_of(key), f"{key.kind}, {key.limit}"))
    layer.setRenderer(QgsRuleBasedRenderer(root))
    layer.triggerRepaint()


def _stacked(*widgets: QWidget) -> QWidget:
    inside = QWidget()
    layout = QVBoxLayout(inside)
    layout.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        layout.addWidget(widget)
    return inside


def _order(key: LimitKey) -> tuple[str, bool, float]:
    return key.kind, key.within_s is None, key.within_s or key.within_m or 0.0


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)
