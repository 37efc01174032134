# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools in the window: buttons, shortcuts, and what makes them stop."""

from __future__ import annotations

from dataclasses import dataclass

from qgis.PyQt.QtWidgets import QAction
from qgis_plugin_tools.tools.i18n import tr
from qgis_plugin_tools.tools.messages import MsgBar

from ..core.session import RegionSession
from ..gui.host import PluginHost
from .click_tools import LockGridTool, MergeGridsTool
from .grid_tool import Desk, GridTool
from .line_tool import DrawGridTool, ReshapeTool, SplitGridTool
from .move_boundary import MoveBoundaryTool
from .paint import PaintBuildingsTool, PaintUnitsTool


@dataclass(frozen=True)
class Entry:
    """One tool: its object name, title, icon, key and class."""

    name: str
    title: str
    icon: str
    key: str
    tool: type[GridTool]


def entries() -> tuple[Entry, ...]:
    """Return the tools in the order of the toolbar."""
    return (
        Entry("GridTwinPaintUnits", tr("Paint units into a grid"), "paint_units", "P", PaintUnitsTool),
        Entry("GridTwinPaintBuildings", tr("Paint buildings into a grid"), "paint_buildings", "B", PaintBuildingsTool),
        Entry("GridTwinMoveBoundary", tr("Move a boundary"), "move_boundary", "M", MoveBoundaryTool),
        Entry("GridTwinReshape", tr("Draw a boundary anew"), "reshape_boundary", "R", ReshapeTool),
        Entry("GridTwinDrawGrid", tr("Draw a new grid"), "draw_grid", "D", DrawGridTool),
        Entry("GridTwinSplitGrid", tr("Split a grid by a line"), "split_grid", "S", SplitGridTool),
        Entry("GridTwinMergeGrids", tr("Merge two grids"), "merge_grids", "J", MergeGridsTool),
        Entry("GridTwinLockGrid", tr("Lock or unlock a grid"), "lock_grid", "L", LockGridTool),
    )


class ToolRack:
    """Puts the tools into the window; they wait until a region with a plan is open.

    Parameters
    ----------
    host
        The window.
    """

    def __init__(self, host: PluginHost) -> None:
        self._host = host
        self._session: RegionSession | None = None
        bar = host.iface.mainWindow().statusBar()
        self.desk = Desk(host.sessions, bar.showMessage, lambda text: MsgBar.warning(tr("Not changed"), text))
        self.tools: dict[str, GridTool] = {}
        self.actions: dict[str, QAction] = {}
        for entry in entries():
            self._add(entry)
        self.cut = host.add_action(
            "GridTwinCutUnits",
            tr("Cut units"),
            self._set_cut,
            icon="icons/cut_units.svg",
            tip=tr("Lines that are drawn cut units; otherwise boundaries fall onto the borders of units"),
            checkable=True,
        )
        self._key(self.cut, "U")
        host.connect(host.sessions.current_changed, self._turn_to)
        host.at_unload(lambda: self._turn_to(None))
        self._turn_to(host.sessions.current)

    def _add(self, entry: Entry) -> None:
        tool = entry.tool(self._host.iface.mapCanvas(), self.desk)
        self._host.at_unload(tool.dispose)
        action = self._host.add_map_tool(entry.name, entry.title, tool, icon=f"icons/{entry.icon}.svg")
        self._key(action, entry.key)
        self.tools[entry.name], self.actions[entry.name] = tool, action

    def _key(self, action: QAction, key: str) -> None:
        """Give an action a key that planners may change in the settings of QGIS."""
        iface = self._host.iface
        iface.registerMainWindowAction(action, f"Alt+Shift+{key}")
        self._host.at_unload(lambda: iface.unregisterMainWindowAction(action))

    def _set_cut(self, cut: bool) -> None:
        self.desk.cut = cut
        self._stop()

    def _stop(self, *_why: object) -> None:
        """Let the tool in hand forget what it has begun, since the grids are no longer those that it began with."""
        tool = self._host.iface.mapCanvas().mapTool()
        if tool in self.tools.values():
            tool.cancel()

    def _turn_to(self, session: RegionSession | None) -> None:
        """Follow another session, or none."""
        if self._session is not None:
            self._session.restored.disconnect(self._stop)
            self._stop()
        self._session = session
        if session is not None:
            session.restored.connect(self._stop)
        for action in (*self.actions.values(), self.cut):
            action.setEnabled(session is not None)


def add_tools(host: PluginHost) -> None:
    """Put the tools into the window."""
    ToolRack(host)  # lives as long as the host, which holds what takes it out
