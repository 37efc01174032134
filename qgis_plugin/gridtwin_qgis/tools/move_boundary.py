# SPDX-License-Identifier: GPL-3.0-or-later
"""Move a boundary between grids: click it, move, click where it shall run."""

from __future__ import annotations

from qgis.core import QgsGeometry, QgsPointXY, QgsRectangle
from qgis.gui import QgsMapMouseEvent
from qgis.PyQt.QtCore import Qt
from qgis_plugin_tools.tools.i18n import tr

from ..core.boundaries import Handle, Move, Mover, pick, take_hold
from ..core.errors import EditRefusedError
from ..core.operations import move_boundary
from ..core.preview import AreaPreview
from ..core.session import RegionSession
from .grid_tool import BAD, GOOD, GridTool


def outlines_near(session: RegionSession, point: tuple, reach: float) -> dict[int, QgsGeometry]:
    """Return the grids whose bounding box is within reach of a point."""
    where = QgsPointXY(*point)
    near = session.counts.ledger.grids_near(QgsRectangle(where, where).buffered(reach))
    return {fid: session.counts.outline(fid) for fid in near}


class MoveBoundaryTool(GridTool):
    """Click a boundary or a corner, move with both grids' households in sight, click again."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self._mover: Mover | None = None
        self._preview: AreaPreview | None = None
        self.move: Move | None = None

    def hint(self) -> str:
        """Return what the next click does."""
        if self._mover is None:
            return tr("Click a boundary between two grids, or a corner.")
        return tr("Click where the boundary shall run. Shift: one vertex only. Ctrl: no snapping. Right click: cancel.")

    def reset(self) -> None:
        """Let go of the boundary."""
        self._mover, self._preview, self.move = None, None, None

    def canvasPressEvent(self, event: QgsMapMouseEvent) -> None:
        """Take hold of a boundary, let it go there, or cancel."""
        if event.button() == Qt.MouseButton.RightButton:
            self.cancel()
        elif event.button() == Qt.MouseButton.LeftButton and self._mover is None:
            self.attempt(lambda session: self._take(session, event))
        elif event.button() == Qt.MouseButton.LeftButton:
            self.canvasMoveEvent(event)
            self.attempt(self._put)

    def canvasMoveEvent(self, event: QgsMapMouseEvent) -> None:
        """Show what a click would take hold of, or what the boundary would be."""
        session = self.desk.sessions.current
        if session is None:
            return
        if self._mover is None:
            self._hover(session, event)
            return
        alone = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self.move = self._mover.to(self.snapped(session, event).point, alone=alone)
        areas = {f"area{fid}": area for fid, area in self.move.areas.items()}
        self.draw(session, {**areas, "line": self.move.drawn}, GOOD if self.move.valid else BAD)
        if self.move.valid:
            self.show_counts(session, self._preview.after(self.move.areas))
        else:
            self.tags.show_tags([])

    def _hover(self, session: RegionSession, event: QgsMapMouseEvent) -> None:
        here, reach = self.place(session, event), self.reach(session)
        try:
            at, _, _ = pick(outlines_near(session, here, reach), here, reach)
        except EditRefusedError:
            self.marker.hide()
            return
        self.mark(session, at, GOOD)

    def _take(self, session: RegionSession, event: QgsMapMouseEvent) -> None:
        here, reach = self.place(session, event), self.reach(session)
        handle: Handle = take_hold(outlines_near(session, here, reach), here, reach)
        session.check_unlocked([session.counts.grid(fid).grid_id for fid in handle.areas])
        self._mover = Mover(handle)
        self._preview = AreaPreview(session, handle.areas, cut=self.desk.cut)
        self.show_counts(session, {fid: session.counts.grid(fid).households for fid in handle.areas})
        self.desk.status(self.hint())

    def _put(self, session: RegionSession) -> None:
        if not self.move.valid:
            raise EditRefusedError(tr("The boundary would cross itself or another grid. Move it elsewhere."))
        move = self.move
        self.cancel()
        move_boundary(session, move.areas, cut=self.desk.cut)
