# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tools that edit grids have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from qgis.core import QgsGeometry, QgsPointXY, QgsRectangle, QgsWkbTypes
from qgis.gui import QgsMapCanvas, QgsMapMouseEvent, QgsMapTool, QgsRubberBand, QgsVertexMarker
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor, QKeyEvent
from qgis_plugin_tools.tools.i18n import tr

from ..core.boundaries import Point
from ..core.errors import PluginError
from ..core.preview import GridPreview, previews
from ..core.session import RegionSession
from ..core.snapping import Snap, Snapper
from .tags import GridTags, Tag

REACH_PX = 10
GOOD, BAD, QUIET = QColor(20, 90, 200), QColor(200, 30, 45), QColor(90, 90, 90)
FILL = 50  # of 255


class Sessions(Protocol):
    """Where a tool asks for the region that the planner works on."""

    @property
    def current(self) -> RegionSession | None:
        """The session, ``None`` where no region with a plan is open."""


@dataclass
class Desk:
    """What the tools share.

    Attributes
    ----------
    sessions
        The open regions.
    status
        Shows a text below the map: what the next click does.
    warn
        Shows a text that the planner must notice.
    cut
        Whether lines cut units, or fall onto their borders.
    """

    sessions: Sessions
    status: Callable[[str], None]
    warn: Callable[[str], None]
    cut: bool = False


class GridTool(QgsMapTool):
    """A tool that edits grids: its bands, tags, messages, and what ends it.

    Parameters
    ----------
    canvas
        The map.
    desk
        What the tools share.
    """

    def __init__(self, canvas: QgsMapCanvas, desk: Desk) -> None:
        super().__init__(canvas)
        self.desk = desk
        self.tags = GridTags(canvas)
        self.marker = QgsVertexMarker(canvas)
        self.marker.setIconType(QgsVertexMarker.IconType.ICON_CIRCLE)
        self.marker.setPenWidth(2)
        self.marker.hide()
        self._bands: list[QgsRubberBand] = []
        self._places: dict[int, QgsPointXY] = {}
        self.setCursor(Qt.CursorShape.CrossCursor)

    # -- what a tool says of itself -----------------------------------------------------------------------------

    def hint(self) -> str:
        """Return what the next click does."""
        raise NotImplementedError

    def reset(self) -> None:
        """Forget what has been begun."""

    # -- the life of a tool -------------------------------------------------------------------------------------

    def activate(self) -> None:
        """Begin: say what to do, or that a region must be opened."""
        super().activate()
        if self.desk.sessions.current is None:
            self.desk.warn(tr("Open a region with a plan first."))
        self.desk.status(self.hint())

    def deactivate(self) -> None:
        """End: what has been begun is forgotten."""
        self.cancel()
        self.desk.status("")
        super().deactivate()

    def cancel(self) -> None:
        """Forget what has been begun and clear the map."""
        self.reset()
        self.clear()
        self.desk.status(self.hint())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Cancel by ESC."""
        if event.key() == Qt.Key.Key_Escape:
            self.cancel()
            event.accept()

    def attempt(self, act: Callable[[RegionSession], Any]) -> Any:
        """Do something with the session and return the result; a refusal is told and returns ``None``."""
        session = self.desk.sessions.current
        if session is None:
            self.desk.warn(tr("Open a region with a plan first."))
            return None
        try:
            return act(session)
        except PluginError as refusal:
            self.desk.warn(str(refusal))
            return None

    # -- places -------------------------------------------------------------------------------------------------

    def place(self, session: RegionSession, event: QgsMapMouseEvent) -> Point:
        """Return where the mouse is, in the coordinates of the layers."""
        point = self.toLayerCoordinates(session.grids, event.mapPoint())
        return (point.x(), point.y())

    def reach(self, session: RegionSession) -> float:
        """Return the distance within which a thing counts as clicked, in the units of the layers."""
        middle = self.canvas().extent().center()
        away = QgsPointXY(middle.x() + REACH_PX * self.canvas().mapUnitsPerPixel(), middle.y())
        ends = [self.toLayerCoordinates(session.grids, point) for point in (middle, away)]
        return float(ends[0].distance(ends[1]))

    def snapped(self, session: RegionSession, event: QgsMapMouseEvent) -> Snap:
        """Return the place that a line would be drawn to, and mark it; with Ctrl just where the mouse is."""
        here = self.place(session, event)
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            snap = Snap(here, False)
        else:
            snap = Snapper(session).snap(here, self.reach(session))
        self.mark(session, snap.point, GOOD if snap.found else QUIET)
        return snap

    def grid_at(self, session: RegionSession, point: Point) -> int | None:
        """Return the grid at a place, ``None`` where there is none."""
        where = QgsPointXY(*point)
        near = session.counts.ledger.grids_near(QgsRectangle(where, where))
        return next((fid for fid in near if session.counts.outline(fid).contains(where)), None)

    # -- what is drawn ------------------------------------------------------------------------------------------

    def draw(self, session: RegionSession, shapes: Mapping[str, QgsGeometry], colour: QColor) -> None:
        """Show shapes and no others: ``area…`` filled, others as lines."""
        while len(self._bands) < len(shapes):
            self._bands.append(QgsRubberBand(self.canvas(), QgsWkbTypes.GeometryType.PolygonGeometry))
        for band in self._bands[len(shapes) :]:
            band.hide()
        for band, (name, shape) in zip(self._bands, shapes.items()):
            band.setToGeometry(shape, session.grids)
            fill = QColor(colour)
            fill.setAlpha(FILL if name.startswith("area") else 0)
            band.setFillColor(fill)
            band.setStrokeColor(colour)
            band.setWidth(1 if name.startswith("area") else 3)
            band.show()

    def mark(self, session: RegionSession, point: Point, colour: QColor) -> None:
        """Show the place that a click would take."""
        self.marker.setCenter(self.toMapCoordinates(session.grids, QgsPointXY(*point)))
        self.marker.setColor(colour)
        self.marker.show()

    def show_counts(self, session: RegionSession, after: Mapping[int, int]) -> None:
        """Write onto the map what grids would have, by feature number."""
        self.tags.show_tags([Tag(self._middle(session, grid), grid) for grid in previews(session, after)])

    def clear(self) -> None:
        """Take everything off the map."""
        for band in self._bands:
            band.hide()
        self.tags.show_tags([])
        self.marker.hide()
        self._places = {}

    def dispose(self) -> None:
        """Take the items of this tool out of the canvas, for good."""
        scene = self.canvas().scene()
        for item in (*self._bands, self.tags, self.marker):
            scene.removeItem(item)
        self._bands = []

    def _middle(self, session: RegionSession, grid: GridPreview) -> QgsPointXY:
        """Return where a grid's tag stands, which stays while the mouse moves."""
        if grid.fid not in self._places:
            inside = session.counts.outline(grid.fid).pointOnSurface().asPoint()
            self._places[grid.fid] = self.toMapCoordinates(session.grids, inside)
        return self._places[grid.fid]
