# SPDX-License-Identifier: GPL-3.0-or-later
"""Places that a line is drawn to: corners and borders of units, streets."""

from __future__ import annotations

from dataclasses import dataclass

from qgis.core import QgsFeatureRequest, QgsGeometry, QgsPointXY, QgsRectangle, QgsVectorLayer

from .boundaries import Point
from .session import RegionSession

STREETS = "streets"


@dataclass(frozen=True)
class Snap:
    """A place: exactly that of a vertex or on an edge, or just where the mouse is."""

    point: Point
    found: bool


class Snapper:
    """Finds the places near the mouse.

    Parameters
    ----------
    session
        The session; lines are drawn to its units, and to the streets of its region.
    """

    def __init__(self, session: RegionSession) -> None:
        self._layers: list[QgsVectorLayer] = [session.units]
        streets = session.region.get(STREETS)
        if streets is not None:
            self._layers.append(streets)

    def snap(self, point: Point, tolerance: float) -> Snap:
        """Return the vertex within ``tolerance`` of a point, else the nearest place on a line, else the point."""
        where = QgsPointXY(*point)
        box = QgsRectangle(where, where).buffered(tolerance)
        lines = [line for layer in self._layers for line in _near(layer, box)]
        vertices = [(hit[4], hit[0]) for hit in (line.closestVertex(where) for line in lines)]
        feet = [(hit[0], hit[1]) for hit in (line.closestSegmentWithContext(where) for line in lines) if hit[0] >= 0]
        for found in (vertices, feet):
            d2, place = min(found, key=lambda hit: hit[0], default=(float("inf"), where))
            if d2 <= tolerance**2:
                return Snap((place.x(), place.y()), True)
        return Snap(point, False)


def _near(layer: QgsVectorLayer, box: QgsRectangle) -> list[QgsGeometry]:
    return [feature.geometry() for feature in layer.getFeatures(QgsFeatureRequest(box).setNoAttributes())]
