# SPDX-License-Identifier: GPL-3.0-or-later
"""The action that opens a region as a styled project."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsSettings
from qgis.PyQt.QtWidgets import QFileDialog
from qgis_plugin_tools.tools.i18n import tr
from qgis_plugin_tools.tools.messages import MsgBar

from ..core.errors import RegionFileError
from ..core.schema import COMMUNITIES, GRIDS
from .host import PluginHost

FOLDER_SETTING = "gridtwin/region_folder"


def add_open_region(host: PluginHost) -> None:
    """Add the action that asks for a region and opens it."""
    host.add_action(
        "GridTwinOpenRegion",
        tr("Open region…"),
        lambda _checked: ask_for_region(host),
        icon="icon.svg",
        tip=tr("Open a region with all its layers, styles and live counts"),
    )


def ask_for_region(host: PluginHost) -> None:
    """Ask for a region's file and open it."""
    settings = QgsSettings()
    path, _ = QFileDialog.getOpenFileName(
        host.iface.mainWindow(),
        tr("Open region"),
        str(settings.value(FOLDER_SETTING, "")),
        tr("Regions (*.gpkg)"),
    )
    if path:
        settings.setValue(FOLDER_SETTING, str(Path(path).parent))
        show_region(host, path)


def show_region(host: PluginHost, path: str) -> bool:
    """Open a region and zoom to it; a file that is none is refused in the message bar."""
    try:
        region = host.sessions.open(path)
    except RegionFileError as error:
        MsgBar.warning(tr("The region was not opened"), str(error))
        return False
    layer = region.get(GRIDS) or region[COMMUNITIES]
    canvas = host.iface.mapCanvas()
    host.iface.setActiveLayer(layer)
    canvas.setExtent(canvas.mapSettings().layerExtentToOutputExtent(layer, layer.extent()))
    canvas.refresh()
    return True
