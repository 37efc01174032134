# SPDX-License-Identifier: GPL-3.0-or-later
"""The dock that shows whether the grids are in balance while the planner draws."""

from __future__ import annotations

from qgis.core import QgsCoordinateReferenceSystem, QgsCoordinateTransform, QgsGeometry, QgsProject
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QLocale, QModelIndex, Qt
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QDockWidget,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)
from qgis_plugin_tools.tools.i18n import tr
from qgis_plugin_tools.tools.messages import MsgBar

from ..core.schema import text_of
from ..core.session import RegionSession
from .balance_model import DIFFERENCE, GRID, HOUSEHOLDS, LOCKED, PARTS, BalanceFilter, BalanceModel
from .bar_delegate import BarDelegate
from .colours import ALARM, GOOD
from .host import PluginHost
from .problems_panel import ProblemsPanel

MARGIN = 1.4  # of the map around what is shown, as a factor
LEAST_WIDTH_M = 100.0  # of the map
WIDTHS = {HOUSEHOLDS: 12, DIFFERENCE: 9, PARTS: 7, LOCKED: 8}  # of columns, in digits
CODE_DIGITS = 17


def add_balance_dock(host: PluginHost) -> None:
    """Add the dock to the window."""
    dock = BalanceDock(host.iface.mapCanvas())
    host.add_dock(dock)
    host.connect(host.sessions.current_changed, dock.show_session)
    host.at_unload(lambda: dock.show_session(None))
    dock.show_session(host.sessions.current)


class BalanceDock(QDockWidget):
    """Totals, the table of all grids, and the list of faults.

    Parameters
    ----------
    canvas
        Map on which grids are shown.
    """

    def __init__(self, canvas: QgsMapCanvas) -> None:
        super().__init__(tr("Grid balance"))
        self.setObjectName("GridTwinBalanceDock")
        self._canvas = canvas
        self._session: RegionSession | None = None
        self.totals = _label("GridTwinTotals")
        self.outside = _label("GridTwinOutside")
        self.cover = _label("GridTwinCover")
        self.community = QComboBox()
        self.community.setObjectName("GridTwinCommunity")
        self.community.currentIndexChanged.connect(self._on_community)
        self.faulty_only = QCheckBox(tr("Only with faults"))
        self.model, self.filter = BalanceModel(), BalanceFilter()
        self.filter.setSourceModel(self.model)
        self.faulty_only.toggled.connect(self.filter.show_faulty_only)
        self.table = _table(self.filter)
        self.table.clicked.connect(self._on_chosen)
        self.table.activated.connect(self._on_chosen)
        self.problems = ProblemsPanel()
        self.problems.chosen.connect(self._show_place)
        self.setWidget(self._layout())
        self.show_session(None)

    @property
    def session(self) -> RegionSession | None:
        """The region that is shown."""
        return self._session

    def show_session(self, session: RegionSession | None) -> None:
        """Show another region, or none."""
        if self._session is not None:
            self._session.counts.changed.disconnect(self._show_totals)
            self._session.cover.changed.disconnect(self._show_totals)
            self._session.noticed.disconnect(self._on_noticed)
        self._session = session
        self.model.show(None if session is None else session.counts)
        self._fill_communities()
        self.problems.show_session(session)
        if session is not None:
            session.counts.changed.connect(self._show_totals)
            session.cover.changed.connect(self._show_totals)
            session.noticed.connect(self._on_noticed)
        self._show_totals()

    def _layout(self) -> QWidget:
        tools = QHBoxLayout()
        tools.addWidget(self.community, 1)
        tools.addWidget(self.faulty_only)
        grids = QWidget()
        column = QVBoxLayout(grids)
        column.addLayout(tools)
        column.addWidget(self.table)
        tabs = QTabWidget()
        tabs.addTab(grids, tr("Grids"))
        tabs.addTab(self.problems, tr("Faults"))
        whole = QWidget()
        column = QVBoxLayout(whole)
        for widget in (self.totals, self.outside, self.cover, tabs):
            column.addWidget(widget)
        return whole

    def _fill_communities(self) -> None:
        self.community.blockSignals(True)
        self.community.clear()
        self.community.addItem(tr("All communities"), None)
        if self._session is not None:
            rows = self._session.communities.getFeatures()
            names = {text_of(row["community_id"]): text_of(row["name"]) for row in rows}
            for key, name in sorted(names.items(), key=lambda item: (item[1], item[0])):
                self.community.addItem(name or key, key)
        self.community.blockSignals(False)
        self.filter.show_community(None)

    def _show_totals(self, *_change: object) -> None:
        """Show the sums; they are the alarm for overlaps and gaps."""
        if self._session is None:
            self.totals.setText(tr("Open a region to see its grids"))
            self.outside.clear()
            self.cover.clear()
            return
        counts, cover, number = self._session.counts, self._session.cover, QLocale().toString
        ledger, same = counts.ledger, counts.total_grids == counts.total_buildings
        text = tr("Grids: {grids} households", grids=number(counts.total_grids))
        text += " = " if same else " ≠ "
        text += tr("buildings: {buildings} households", buildings=number(counts.total_buildings))
        if ledger.unassigned:
            text += "; " + tr("{count} in no grid", count=number(ledger.unassigned))
        if ledger.double:
            text += "; " + tr("{count} counted twice", count=number(ledger.double))
        _say(self.totals, text, good=same and not ledger.unassigned)
        outside = counts.outside
        _say(self.outside, tr("{outside} of {grids} grids outside their bounds", outside=outside, grids=len(counts)),
             good=not outside)  # fmt: skip
        if cover.seamless:
            _say(self.cover, tr("No overlap, no gap"), good=True)
        else:
            overlap, gap = number(round(cover.overlap_m2)), number(round(cover.gap_m2))
            _say(self.cover, tr("Overlap {overlap} m², gap {gap} m²", overlap=overlap, gap=gap), good=False)

    def _on_community(self, number: int) -> None:
        self.filter.show_community(self.community.itemData(number))

    def _on_chosen(self, index: QModelIndex) -> None:
        assert self._session is not None  # the table is empty without a region
        grid = self.model.state(self.filter.mapToSource(index).row())
        self._show_place(self._session.counts.outline(grid.fid))

    def _show_place(self, place: QgsGeometry) -> None:
        """Zoom to a place and let it flash."""
        assert self._session is not None
        crs: QgsCoordinateReferenceSystem = self._session.grids.crs()
        target = self._canvas.mapSettings().destinationCrs()
        box = QgsCoordinateTransform(crs, target, QgsProject.instance()).transformBoundingBox(place.boundingBox())
        if box.width() < LEAST_WIDTH_M and not target.isGeographic():
            box.grow(LEAST_WIDTH_M / 2)
        box.scale(MARGIN)
        self._canvas.setExtent(box)
        self._canvas.refresh()
        self._canvas.flashGeometries([place], crs)

    def _on_noticed(self, text: str) -> None:
        MsgBar.warning(tr("GridTwin"), text)


def _label(name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _say(label: QLabel, text: str, *, good: bool) -> None:
    label.setText(text)
    label.setStyleSheet(f"color: {GOOD if good else ALARM}; font-weight: {'normal' if good else 'bold'}")


def _table(model: BalanceFilter) -> QTableView:
    table = QTableView()
    table.setObjectName("GridTwinBalance")
    table.setModel(model)
    table.setItemDelegateForColumn(HOUSEHOLDS, BarDelegate(table))
    table.setSortingEnabled(True)
    table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(22)
    header = table.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    header.setStretchLastSection(True)
    table.setTextElideMode(Qt.TextElideMode.ElideLeft)  # the end of a code tells grids apart
    digit = table.fontMetrics().horizontalAdvance("0")
    for column, digits in {GRID: CODE_DIGITS, **WIDTHS}.items():
        table.setColumnWidth(column, digit * digits)
    # Nobody should have to look for the difference.
    table.setMinimumWidth(digit * (CODE_DIGITS + WIDTHS[HOUSEHOLDS] + WIDTHS[DIFFERENCE]))
    return table
