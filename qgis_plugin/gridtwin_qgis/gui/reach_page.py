# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of services: service areas, coverage, sites, and what a closed street changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qgis.core import QgsCoordinateTransform, QgsGeometry, QgsPointXY, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QObject
from qgis.PyQt.QtWidgets import QGroupBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget
from qgis_plugin_tools.tools.i18n import tr
from qgis_plugin_tools.tools.messages import MsgBar

from ..core.coverage import FACILITIES, SITES, UNCOVERED, DrawnFacility, compare_results
from ..core.errors import PluginError
from ..core.result_layers import show_layers
from ..engine.catalogue import facility_titles
from ..engine.errors import EngineError
from ..tools.close_street import ClickTool, CloseStreetTool, Street, StreetMarks
from .reach_form import DRAWN, ReachForm, SiteForm
from .reach_results import ReachResults
from .reach_runs import ReachOutcome, ReachRuns, SiteOutcome

if TYPE_CHECKING:
    from .host import PluginHost

SCALE = 2000


def make_reach_page(host: PluginHost) -> ReachPage:
    """Return the page of services, which follows the region that is worked on."""
    page = ReachPage(host)
    host.connect(host.sessions.current_changed, lambda _session: page.refresh())
    host.connect(host.sessions.regions_changed, page.refresh)
    return page


class ReachPage(QObject):
    """Asks for services and shows what the engine finds.

    Parameters
    ----------
    host
        The window.

    Attributes
    ----------
    title, widget
        As the dock shows it.
    """

    def __init__(self, host: PluginHost) -> None:
        super().__init__()
        self.title = tr("Services")
        self._host, self._canvas = host, host.iface.mapCanvas()
        self._closed: dict[str, Street] = {}
        self._runs = ReachRuns(self._show_reach, self._show_sites, _warn)
        self.form, self.site_form = ReachForm(facility_titles()), SiteForm()
        self.results = ReachResults(self.form.title, self.zoom_to)
        self.closed_note = QLabel()
        self.closed_note.setWordWrap(True)
        self._marks = StreetMarks(self._canvas)
        self.close_tool = CloseStreetTool(self._canvas, self._streets, self.toggle_street)
        self.draw_tool = ClickTool(self._canvas, self.draw_facility)
        self.buttons = self._make_buttons()
        for name, tool in (("close", self.close_tool), ("draw", self.draw_tool)):
            self.buttons[name].setCheckable(True)
            tool.activated.connect(lambda n=name: self.buttons[n].setChecked(True))
            tool.deactivated.connect(lambda n=name: self.buttons[n].setChecked(False))
        self.widget = self._laid_out()
        self.refresh()

    def refresh(self) -> None:
        """Show what the region that is worked on has."""
        region = self._host.sessions.current_region
        self.form.show_facilities(None if region is None else region.get(FACILITIES))
        for button in self.buttons.values():
            button.setEnabled(region is not None)
        self._runs.watch(region)
        self.open_streets()
        self.form.drawn.clear()

    def close(self) -> None:
        """Cancel what goes on, and take marks and tools off the map."""
        self._runs.close()
        self._marks.clear()
        for tool in (self.close_tool, self.draw_tool):
            self._canvas.unsetMapTool(tool)

    # -- what the buttons and tools do ----------------------------------------------------------------------------

    def measure(self) -> None:
        """Have service areas and coverage measured, with the streets closed that are."""
        self._try(lambda: self._runs.measure(self.form.request(self._facilities(), self._closed)))

    def propose(self) -> None:
        """Have sites proposed for the kind that is checked."""
        self._try(
            lambda: self._runs.propose(
                self.site_form.request(self.form.one_kind(), self.form.request(self._facilities(), self._closed))
            )
        )

    def toggle_street(self, street: Street) -> None:
        """Close a street, or open it again, and have measured what that changes."""
        if self._closed.pop(street.street_id, None) is None:
            self._closed[street.street_id] = street
        self._mark_streets()
        if self._closed:
            self._try(lambda: self._runs.measure_next(self.form.request(self._facilities(), self._closed)))

    def open_streets(self) -> None:
        """Open all streets again."""
        self._closed.clear()
        self._mark_streets()

    def draw_facility(self, point: QgsPointXY) -> None:
        """Try a facility of the kind that is checked at a place of the map."""
        self._try(lambda: self._draw(point))

    def zoom_to(self, point: QgsPointXY, layer: QgsVectorLayer) -> None:
        """Show a place of a layer on the map."""
        project = QgsProject.instance()
        there = QgsCoordinateTransform(layer.crs(), self._canvas.mapSettings().destinationCrs(), project)
        place = there.transform(point)
        self._canvas.setCenter(place)
        self._canvas.zoomScale(min(self._canvas.scale(), SCALE))
        self._canvas.flashGeometries([QgsGeometry.fromPointXY(point)], layer.crs())

    # -- parts ----------------------------------------------------------------------------------------------------

    def _draw(self, point: QgsPointXY) -> None:
        kind, buildings = self.form.one_kind(), self._host.sessions.current_region["buildings"]
        place = self.draw_tool.toLayerCoordinates(buildings, point)
        self.form.drawn.append(DrawnFacility(f"drawn-{len(self.form.drawn) + 1}", kind, place))
        if self.form.source.currentData() not in ("drawn", "both"):
            self.form.source.setCurrentIndex(self.form.source.findData(DRAWN))
        self._canvas.flashGeometries([QgsGeometry.fromPointXY(point)])

    def _streets(self) -> QgsVectorLayer | None:
        region = self._host.sessions.current_region
        return None if region is None else region.get("streets")

    def _facilities(self) -> QgsVectorLayer | None:
        region = self._host.sessions.current_region
        return None if region is None else region.get(FACILITIES)

    def _mark_streets(self) -> None:
        names = ", ".join(street.title for street in self._closed.values())
        self.closed_note.setText(tr("Closed: {streets}", streets=names) if names else "")
        self._marks.show([street.line for street in self._closed.values()], self._streets())

    def _show_reach(self, outcome: ReachOutcome) -> None:
        title = tr("Services")
        if outcome.before is not None:
            title = tr("Services, closed: {streets}", streets=", ".join(outcome.closed))
        layers = dict(zip(outcome.names, show_layers(outcome.path, outcome.names, title, QgsProject.instance())))
        self.results.show_result(outcome.result, layers[UNCOVERED])
        if outcome.before is not None:
            names = [self._closed[s].title if s in self._closed else s for s in outcome.closed]
            self.results.show_change(compare_results(outcome.before, outcome.result), names)

    def _show_sites(self, outcome: SiteOutcome) -> None:
        title = tr("Sites: {kind}", kind=self.form.title(outcome.kind))
        (layer,) = show_layers(outcome.path, (SITES,), title, QgsProject.instance())
        self.results.show_sites(layer)

    def _make_buttons(self) -> dict[str, QPushButton]:
        actions: dict[str, tuple[str, str, Callable[[], None]]] = {
            "measure": (tr("Measure coverage"), tr("Service areas, coverage, and who is not covered"), self.measure),
            "draw": (
                tr("Draw a facility"),
                tr("Click where a facility of the kind checked could be"),
                lambda: self._toggle_tool(self.draw_tool),
            ),
            "close": (
                tr("Close streets"),
                tr("Click a street to close it and see what changes; click it again to open it"),
                lambda: self._toggle_tool(self.close_tool),
            ),
            "open": (tr("Open all"), tr("Open all closed streets again"), self.open_streets),
            "propose": (tr("Propose sites"), tr("Where the next facilities of the kind should stand"), self.propose),
            "cancel": (tr("Cancel"), tr("Stop what the engine is doing"), self._runs.cancel),
        }
        buttons = {}
        for name, (text, tip, slot) in actions.items():
            buttons[name] = QPushButton(text)
            buttons[name].setObjectName(f"GridTwinServices_{name}")
            buttons[name].setToolTip(tip)
            buttons[name].clicked.connect(lambda _checked, call=slot: call())
        return buttons

    def _toggle_tool(self, tool: ClickTool) -> None:
        if self._canvas.mapTool() is tool:
            self._canvas.unsetMapTool(tool)
        else:
            self._canvas.setMapTool(tool)

    def _laid_out(self) -> QWidget:
        widget = QWidget()
        layout = QVBoxLayout(widget)
        layout.addWidget(self.form)
        for names in (("measure", "draw"), ("close", "open", "cancel")):
            row = QHBoxLayout()
            for name in names:
                row.addWidget(self.buttons[name])
            layout.addLayout(row)
        layout.addWidget(self.closed_note)
        box = QGroupBox(tr("New facilities"))
        inside = QVBoxLayout(box)
        inside.addWidget(self.site_form)
        inside.addWidget(self.buttons["propose"])
        layout.addWidget(box)
        layout.addWidget(self.results, 1)
        return widget

    def _try(self, call: Callable[[], object]) -> None:
        try:
            call()
        except (PluginError, EngineError) as error:
            _warn(str(error))


def _warn(text: str) -> None:
    MsgBar.warning(tr("Services"), text)
