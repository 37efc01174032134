# SPDX-License-Identifier: GPL-3.0-or-later
"""Map tools of the service dock: click a street to close it, click a place to try a facility there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qgis.core import QgsFeatureRequest, QgsGeometry, QgsPointXY, QgsRectangle, QgsVectorLayer, QgsWkbTypes
from qgis.gui import QgsMapCanvas, QgsMapMouseEvent, QgsMapTool, QgsRubberBand
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor, QKeyEvent

from ..core.schema import text_of

REACH_PX = 10
WIDTH_PX = 5
CLOSED_COLOUR = "#b30000"


@dataclass(frozen=True)
class Street:
    """A street that was clicked: key, name ("" where it has none) and line."""

    street_id: str
    name: str
    line: QgsGeometry

    @property
    def title(self) -> str:
        """What people call the street."""
        return self.name or self.street_id


def nearest_street(streets: QgsVectorLayer, point: QgsPointXY, within: float) -> Street | None:
    """Return the street nearest to a place, ``None`` where none is near enough.

    Parameters
    ----------
    streets
        Layer ``streets``.
    point
        In the layer's CRS.
    within
        Farthest distance, in the layer's units.
    """
    box = QgsRectangle(point.x() - within, point.y() - within, point.x() + within, point.y() + within)
    place = QgsGeometry.fromPointXY(point)
    near = ((feature.geometry().distance(place), feature) for feature in streets.getFeatures(QgsFeatureRequest(box)))
    found = min(
        ((d, text_of(f["street_id"]), f) for d, f in near if d <= within), key=lambda row: row[:2], default=None
    )
    if found is None:
        return None
    _, street_id, feature = found
    return Street(street_id, text_of(feature["name"]), feature.geometry())


class ClickTool(QgsMapTool):
    """Hands on where the planner clicks; Escape or a right click gives the map back.

    Parameters
    ----------
    canvas
        The map.
    on_point
        Called with a place in the map's CRS.
    """

    def __init__(self, canvas: QgsMapCanvas, on_point: Callable[[QgsPointXY], None]) -> None:
        super().__init__(canvas)
        self._on_point = on_point
        self.setCursor(Qt.CursorShape.CrossCursor)

    def canvasReleaseEvent(self, event: QgsMapMouseEvent) -> None:
        """Take a click."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._on_point(event.mapPoint())
        elif event.button() == Qt.MouseButton.RightButton:
            self.canvas().unsetMapTool(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave with Escape."""
        if event.key() == Qt.Key.Key_Escape:
            event.accept()
            self.canvas().unsetMapTool(self)


class CloseStreetTool(ClickTool):
    """Hands on the street that the planner clicks.

    Parameters
    ----------
    canvas
        The map.
    streets
        Returns layer ``streets`` of the region that is worked on, ``None`` where there is none.
    on_street
        Called with the :class:`Street`.
    """

    def __init__(
        self,
        canvas: QgsMapCanvas,
        streets: Callable[[], QgsVectorLayer | None],
        on_street: Callable[[Street], None],
    ) -> None:
        super().__init__(canvas, self._take)
        self._streets = streets
        self._on_street = on_street

    def _take(self, point: QgsPointXY) -> None:
        streets = self._streets()
        if streets is None:
            return
        center = self.toLayerCoordinates(streets, point)
        edge = self.toLayerCoordinates(
            streets, QgsPointXY(point.x() + REACH_PX * self.canvas().mapUnitsPerPixel(), point.y())
        )
        street = nearest_street(streets, center, center.distance(edge))
        if street is not None:
            self._on_street(street)


class StreetMarks:
    """Closed streets on the map.

    Parameters
    ----------
    canvas
        The map.
    """

    def __init__(self, canvas: QgsMapCanvas) -> None:
        self._canvas = canvas
        self._bands: list[QgsRubberBand] = []

    def show(self, lines: list[QgsGeometry], layer: QgsVectorLayer | None) -> None:
        """Show these lines and no others."""
        self.clear()
        for line in lines:
            band = QgsRubberBand(self._canvas, QgsWkbTypes.GeometryType.LineGeometry)
            band.setColor(QColor(CLOSED_COLOUR))
            band.setWidth(WIDTH_PX)
            band.setToGeometry(line, layer)
            self._bands.append(band)

    def clear(self) -> None:
        """Take all lines off the map."""
        for band in self._bands:
            self._canvas.scene().removeItem(band)
        self._bands = []
