# SPDX-License-Identifier: GPL-3.0-or-later
"""What the parts of the plugin put into the QGIS window, and how all of it is taken out again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.gui import QgisInterface, QgsMapTool, QgsOptionsWidgetFactory
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QAction, QDockWidget, QToolBar
from qgis_plugin_tools.tools.resources import plugin_path

from ..core.sessions import RegionSessions

MENU = "GridTwin"


class PluginHost:
    """The window as a part of the plugin sees it: add actions, docks, map tools, pages; all leave in :meth:`unload`.

    Parameters
    ----------
    iface
        The QGIS window.

    Attributes
    ----------
    sessions
        The open regions, and the one that the planner works on.
    """

    def __init__(self, iface: QgisInterface) -> None:
        self.iface = iface
        self._undo: list[Callable[[], None]] = []
        self.sessions = RegionSessions()
        self.at_unload(self.sessions.close)
        self.connect(iface.currentLayerChanged, self.sessions.follow)
        self.toolbar: QToolBar = iface.addToolBar(MENU)
        self.toolbar.setObjectName("GridTwinToolbar")
        self.at_unload(self.toolbar.deleteLater)

    def at_unload(self, callback: Callable[[], object]) -> None:
        """Call ``callback`` when the plugin is unloaded; the last one added is called first."""
        self._undo.append(callback)

    def connect(self, signal: Any, slot: Callable[..., Any]) -> None:
        """Connect a signal of QGIS, and disconnect it when the plugin is unloaded."""
        signal.connect(slot)
        self.at_unload(lambda: signal.disconnect(slot))

    def add_action(
        self,
        name: str,
        text: str,
        slot: Callable[..., Any],
        *,
        icon: str = "",
        tip: str = "",
        checkable: bool = False,
        toolbar: bool = True,
    ) -> QAction:
        """Add an action to the menu, and to the toolbar unless told otherwise.

        Parameters
        ----------
        name
            Object name, by which tests find the action.
        text
            Text for the user, translated.
        slot
            Called with the checked state when the action is triggered.
        icon
            File in the plugin's folder.
        tip
            Tool tip, translated; the text when left out.
        checkable
            Whether the action stays pressed.
        toolbar
            Whether it has a button.
        """
        action = QAction(QIcon(plugin_path(icon)) if icon else QIcon(), text, self.iface.mainWindow())
        action.setObjectName(name)
        action.setToolTip(tip or text)
        action.setCheckable(checkable)
        action.triggered.connect(slot)
        self.iface.addPluginToMenu(MENU, action)
        if toolbar:
            self.toolbar.addAction(action)
        self.at_unload(lambda: self._remove_action(action))
        return action

    def add_map_tool(self, name: str, text: str, tool: QgsMapTool, *, icon: str = "", tip: str = "") -> QAction:
        """Add a checkable action that takes up a map tool; see :meth:`add_action`."""
        canvas = self.iface.mapCanvas()
        action = self.add_action(
            name, text, lambda _checked: canvas.setMapTool(tool), icon=icon, tip=tip, checkable=True
        )
        tool.setAction(action)
        self.at_unload(lambda: canvas.unsetMapTool(tool))
        return action

    def add_dock(
        self,
        dock: QDockWidget,
        *,
        area: Qt.DockWidgetArea = Qt.DockWidgetArea.RightDockWidgetArea,
        visible: bool = True,
    ) -> QAction:
        """Add a dock and, to the menu, the action that shows and hides it."""
        self.iface.addDockWidget(area, dock)
        dock.setVisible(visible)
        action = dock.toggleViewAction()
        self.iface.addPluginToMenu(MENU, action)
        self.at_unload(lambda: self._remove_dock(dock, action))
        return action

    def add_options_page(self, factory: QgsOptionsWidgetFactory) -> None:
        """Add a page to the options dialog."""
        self.iface.registerOptionsWidgetFactory(factory)
        self.at_unload(lambda: self.iface.unregisterOptionsWidgetFactory(factory))

    def unload(self) -> None:
        """Take out everything that was added, last first."""
        while self._undo:
            self._undo.pop()()

    def _remove_action(self, action: QAction) -> None:
        self.iface.removePluginMenu(MENU, action)
        self.toolbar.removeAction(action)
        action.deleteLater()

    def _remove_dock(self, dock: QDockWidget, action: QAction) -> None:
        self.iface.removePluginMenu(MENU, action)
        self.iface.removeDockWidget(dock)
        dock.deleteLater()
