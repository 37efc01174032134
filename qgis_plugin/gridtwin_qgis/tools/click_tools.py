# SPDX-License-Identifier: GPL-3.0-or-later
"""Tools of one or two clicks: merge grids, lock a grid."""

from __future__ import annotations

from qgis.gui import QgsMapCanvas, QgsMapMouseEvent
from qgis.PyQt.QtCore import Qt
from qgis_plugin_tools.tools.i18n import tr

from ..core.errors import EditRefusedError
from ..core.operations import merge_grids, set_locked
from ..core.session import RegionSession
from .grid_tool import GOOD, Desk, GridTool


class ClickTool(GridTool):
    """A tool that grids are clicked with."""

    def use(self, session: RegionSession, fid: int) -> None:
        """Do what a click on a grid means."""
        raise NotImplementedError

    def show(self, session: RegionSession, fid: int) -> None:
        """Show what a click would mean."""
        self.draw(session, {"area": session.counts.outline(fid)}, GOOD)

    def canvasPressEvent(self, event: QgsMapMouseEvent) -> None:
        """Use the tool on the grid under the mouse, or cancel."""
        if event.button() == Qt.MouseButton.RightButton:
            self.cancel()
        elif event.button() == Qt.MouseButton.LeftButton:
            self.attempt(lambda session: self._click(session, event))

    def canvasMoveEvent(self, event: QgsMapMouseEvent) -> None:
        """Show what a click would mean."""
        session = self.desk.sessions.current
        if session is None:
            return
        fid = self.grid_at(session, self.place(session, event))
        if fid is None:
            self.draw(session, {}, GOOD)
        else:
            self.show(session, fid)

    def _click(self, session: RegionSession, event: QgsMapMouseEvent) -> None:
        fid = self.grid_at(session, self.place(session, event))
        if fid is None:
            raise EditRefusedError(tr("There is no grid here."))
        self.use(session, fid)


class MergeGridsTool(ClickTool):
    """Click a grid, then the neighbour to merge it with."""

    def __init__(self, canvas: QgsMapCanvas, desk: Desk) -> None:
        super().__init__(canvas, desk)
        self.first: str | None = None

    def hint(self) -> str:
        """Return what the next click does."""
        if self.first is None:
            return tr("Click the first of the two grids to merge.")
        return tr("Click the neighbour to merge grid {grid} with. Right click: cancel.", grid=self.first)

    def reset(self) -> None:
        """Forget the first grid."""
        self.first = None

    def show(self, session: RegionSession, fid: int) -> None:
        """Show both grids and what they would have together."""
        outline, state = session.counts.outline(fid), session.counts.grid(fid)
        if self.first is None or self.first == state.grid_id:
            self.draw(session, {"area": outline}, GOOD)
            return
        first = session.fid_of(self.first)
        self.draw(session, {"area": outline, "area first": session.counts.outline(first)}, GOOD)
        self.show_counts(session, {fid: state.households + session.counts.grid(first).households})

    def use(self, session: RegionSession, fid: int) -> None:
        """Take the first grid, or merge it with this one."""
        grid_id = session.counts.grid(fid).grid_id
        if self.first is None:
            session.check_unlocked([grid_id])
            self.first = grid_id
            self.desk.status(self.hint())
            return
        first = self.first
        self.cancel()
        merge_grids(session, first, grid_id)


class LockGridTool(ClickTool):
    """Click a grid to lock it against every edit, or to unlock it."""

    def hint(self) -> str:
        """Return what the next click does."""
        return tr("Click a grid to lock it against every edit, or to unlock it.")

    def use(self, session: RegionSession, fid: int) -> None:
        """Lock the grid or unlock it, and say so."""
        state = session.counts.grid(fid)
        set_locked(session, state.grid_id, not state.locked)
        if state.locked:
            self.desk.status(tr("Grid {grid} is unlocked.", grid=state.code))
        else:
            self.desk.status(tr("Grid {grid} is locked.", grid=state.code))
