# SPDX-License-Identifier: GPL-3.0-or-later
"""Polygons split in two along a line."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import QgsGeometry
from qgis_plugin_tools.tools.i18n import tr

from .boundaries import Point, line_of
from .errors import EditRefusedError


def halves_of(area: QgsGeometry, line: Sequence[Point]) -> tuple[QgsGeometry, QgsGeometry]:
    """Return the two parts of a polygon on either side of a line that crosses it once.

    Pieces of the polygon that lie apart and that the line does not touch go to the first part.

    Raises
    ------
    EditRefusedError
        If the line does not run through the polygon from border to border, or cuts it into more than two.
    """
    parts = area.asGeometryCollection()
    split = [_faces(part, line_of(line)) for part in parts]
    cut = [faces for faces in split if len(faces) > 1]
    if len(cut) != 1 or len(cut[0]) != 2:
        raise EditRefusedError(tr("Draw the line through the grid from border to border, so that it cuts it once."))
    whole = [part for part, faces in zip(parts, split) if len(faces) < 2]
    first, second = cut[0]
    return (QgsGeometry.unaryUnion([first, *whole]) if whole else first), second


def _faces(part: QgsGeometry, line: QgsGeometry) -> list[QgsGeometry]:
    """Return the faces of a polygon between its border and a line."""
    border = QgsGeometry(part.constGet().boundary())
    noded = QgsGeometry.unaryUnion([border, line])
    faces = QgsGeometry.polygonize(noded.asGeometryCollection()).asGeometryCollection()
    return [face for face in faces if part.contains(face.pointOnSurface())]
