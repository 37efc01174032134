# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours of grids by where their households lie, as on the map."""

from __future__ import annotations

from qgis.PyQt.QtGui import QColor

from ..core.bounds import Status

STATUS = {
    Status.NONE: "#e9e7e2",
    Status.BELOW: "#b59bd0",
    Status.WITHIN: "#8fc8c3",
    Status.ABOVE: "#f0a04b",
    Status.SPECIAL: "#e3cf8a",
}
ALARM = "#a3300a"
GOOD = "#1f6f54"


def status_colour(status: Status) -> QColor:
    """Return the colour of a status."""
    return QColor(STATUS[status])
