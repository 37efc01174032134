# SPDX-License-Identifier: GPL-3.0-or-later
"""GridTwin in QGIS: management grids with live counts, and every command of the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

    from .plugin import GridTwinPlugin


def classFactory(iface: QgisInterface) -> GridTwinPlugin:
    """Return the plugin; QGIS calls this when it loads it."""
    from .plugin import GridTwinPlugin

    return GridTwinPlugin(iface)
