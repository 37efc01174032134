# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes laid over one another; outlines that cross themselves are mended first instead of counting for nothing."""

from __future__ import annotations

from qgis.core import QgsGeometry


def shared(one: QgsGeometry, other: QgsGeometry) -> QgsGeometry:
    """Return what two polygons share."""
    found = one.intersection(other)
    return found if not found.isNull() else one.makeValid().intersection(other.makeValid())


def beyond(one: QgsGeometry, other: QgsGeometry) -> QgsGeometry:
    """Return what of a polygon is not in another."""
    found = one.difference(other)
    return found if not found.isNull() else one.makeValid().difference(other.makeValid())


def union(shapes: list[QgsGeometry]) -> QgsGeometry:
    """Return the union of polygons."""
    found = QgsGeometry.unaryUnion(shapes)
    return found if not found.isNull() else QgsGeometry.unaryUnion([shape.makeValid() for shape in shapes])


def shared_m2(one: QgsGeometry, other: QgsGeometry) -> float:
    """Return the area that two polygons share; polygons that only touch are told apart without computing it."""
    engine = QgsGeometry.createGeometryEngine(one.constGet())
    if not engine.relatePattern(other.constGet(), "T********"):
        return 0.0
    return float(shared(one, other).area())
