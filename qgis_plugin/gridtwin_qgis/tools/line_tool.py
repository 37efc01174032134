# SPDX-License-Identifier: GPL-3.0-or-later
"""Tools that draw a line: a new grid, a split, a boundary drawn anew."""

from __future__ import annotations

from qgis.core import QgsGeometry, QgsPointXY
from qgis.gui import QgsMapCanvas, QgsMapMouseEvent
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QKeyEvent
from qgis_plugin_tools.tools.i18n import tr

from ..core.boundaries import Handle, Mover, Point, line_of, take_hold
from ..core.errors import EditRefusedError
from ..core.operations import draw_grid, move_boundary, split_grid
from ..core.preview import AreaPreview, GridPreview, drawn_households
from ..core.session import RegionSession
from .grid_tool import BAD, GOOD, Desk, GridTool
from .move_boundary import outlines_near
from .tags import Tag


class LineTool(GridTool):
    """Left click adds a point, right click finishes, Backspace takes the last point back, ESC cancels.

    Parameters
    ----------
    canvas, desk
        As of every tool.
    """

    least = 2  # points to finish with

    def __init__(self, canvas: QgsMapCanvas, desk: Desk) -> None:
        super().__init__(canvas, desk)
        self.points: list[Point] = []

    def begin(self, session: RegionSession, point: Point) -> bool:
        """Take the first click; return whether its place is the first point of the line."""
        return True

    def show(self, session: RegionSession, line: list[Point]) -> None:
        """Show what the line would make."""
        raise NotImplementedError

    def finish(self, session: RegionSession, line: list[Point]) -> None:
        """Do what the line is drawn for."""
        raise NotImplementedError

    @property
    def begun(self) -> bool:
        """Whether the first click was made."""
        return bool(self.points)

    def reset(self) -> None:
        """Forget the line."""
        self.points = []

    def canvasPressEvent(self, event: QgsMapMouseEvent) -> None:
        """Add a point or finish."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.attempt(lambda session: self._add(session, event))
        elif event.button() == Qt.MouseButton.RightButton and not self.begun:
            self.cancel()
        elif event.button() == Qt.MouseButton.RightButton:
            self.attempt(self._finish)

    def canvasMoveEvent(self, event: QgsMapMouseEvent) -> None:
        """Show the line up to the mouse."""
        session = self.desk.sessions.current
        if session is None:
            return
        point = self.snapped(session, event).point
        if self.begun:
            self.show(session, [*self.points, point])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take the last point back by Backspace or Delete."""
        if event.key() in (Qt.Key.Key_Backspace, Qt.Key.Key_Delete) and self.points:
            self.points.pop()
            event.accept()
            self.attempt(lambda session: self.show(session, self.points))
        else:
            super().keyPressEvent(event)

    def _add(self, session: RegionSession, event: QgsMapMouseEvent) -> None:
        point = self.snapped(session, event).point
        if (self.begun or self.begin(session, point)) and self.points[-1:] != [point]:
            self.points.append(point)
        self.desk.status(self.hint())

    def _finish(self, session: RegionSession) -> None:
        if len(self.points) < self.least:
            raise EditRefusedError(tr("Draw {count} points or more, then click right.", count=self.least))
        self.finish(session, self.points)
        self.cancel()


class DrawGridTool(LineTool):
    """Draw the outline of a new grid."""

    least = 3

    def hint(self) -> str:
        """Return what the next click does."""
        return tr("Click the corners of the new grid. Right click: finish. Backspace: one back. ESC: cancel.")

    def show(self, session: RegionSession, line: list[Point]) -> None:
        """Show the outline and its households."""
        if len(line) < 3:
            self.draw(session, {"line": line_of(line)}, GOOD)
            return
        area = QgsGeometry.fromPolygonXY([[QgsPointXY(*p) for p in line]])
        if not area.isGeosValid():
            self.draw(session, {"line": line_of(line)}, BAD)
            self.tags.show_tags([])
            return
        self.draw(session, {"area": area}, GOOD)
        households = drawn_households(session, area, cut=self.desk.cut)
        preview = GridPreview(None, tr("New grid"), households, households, session.bounds)
        middle = self.toMapCoordinates(session.grids, area.pointOnSurface().asPoint())
        self.tags.show_tags([Tag(middle, preview)])

    def finish(self, session: RegionSession, line: list[Point]) -> None:
        """Make the grid."""
        draw_grid(session, QgsGeometry.fromPolygonXY([[QgsPointXY(*p) for p in line]]), cut=self.desk.cut)


class SplitGridTool(LineTool):
    """Draw a line through a grid; the first click that is inside a grid, or the line's middle, says which one."""

    def hint(self) -> str:
        """Return what the next click does."""
        return tr("Draw a line through one grid, from outside to outside. Right click: finish. ESC: cancel.")

    def show(self, session: RegionSession, line: list[Point]) -> None:
        """Show the line and the grid that it splits."""
        shapes = {"line": line_of(line)}
        fid = self._grid(session, line)
        if fid is not None:
            shapes["area"] = session.counts.outline(fid)
        self.draw(session, shapes, GOOD if fid is not None else BAD)

    def finish(self, session: RegionSession, line: list[Point]) -> None:
        """Split the grid."""
        fid = self._grid(session, line)
        if fid is None:
            raise EditRefusedError(tr("The line runs through no grid."))
        split_grid(session, session.counts.grid(fid).grid_id, line, cut=self.desk.cut)

    def _grid(self, session: RegionSession, line: list[Point]) -> int | None:
        """Return the grid that most of the line lies in."""
        drawn = line_of(line)
        near = session.counts.ledger.grids_near(drawn.boundingBox())
        lengths = {fid: session.counts.outline(fid).intersection(drawn).length() for fid in near}
        best = max(lengths, key=lambda fid: lengths[fid], default=None)
        return best if best is not None and lengths[best] > 0 else None


class ReshapeTool(LineTool):
    """Click a boundary, then draw it anew from corner to corner."""

    least = 1

    def __init__(self, canvas: QgsMapCanvas, desk: Desk) -> None:
        super().__init__(canvas, desk)
        self._handle: Handle | None = None
        self._mover: Mover | None = None
        self._preview: AreaPreview | None = None

    @property
    def begun(self) -> bool:
        """Whether a boundary was picked."""
        return self._handle is not None

    def hint(self) -> str:
        """Return what the next click does."""
        if self._handle is None:
            return tr("Click the boundary between two grids that shall be drawn anew.")
        return tr("Draw the boundary from one end to the other. Right click: finish. Backspace: one back. ESC: cancel.")

    def reset(self) -> None:
        """Let go of the boundary, too."""
        super().reset()
        self._handle, self._mover, self._preview = None, None, None

    def begin(self, session: RegionSession, point: Point) -> bool:
        """Take hold of the boundary."""
        reach = self.reach(session)
        handle = take_hold(outlines_near(session, point, reach), point, reach)
        if handle.corner:
            raise EditRefusedError(tr("More than two grids meet here. Click the boundary beside the corner."))
        if handle.line[0] == handle.line[-1]:
            raise EditRefusedError(tr("This boundary goes all around a grid. Move it piece by piece."))
        session.check_unlocked([session.counts.grid(fid).grid_id for fid in handle.areas])
        self._handle, self._mover = handle, Mover(handle)
        self._preview = AreaPreview(session, handle.areas, cut=self.desk.cut)
        self.draw(session, {"line": line_of(handle.line)}, GOOD)
        return False

    def show(self, session: RegionSession, line: list[Point]) -> None:
        """Show the new boundary and the households on either side."""
        move = self._mover.along(self._whole(line))
        self.draw(session, {"line": move.drawn, "old": line_of(self._handle.line)}, GOOD if move.valid else BAD)
        if move.valid:
            self.show_counts(session, self._preview.after(move.areas))
        else:
            self.tags.show_tags([])

    def finish(self, session: RegionSession, line: list[Point]) -> None:
        """Move the boundary there."""
        move = self._mover.along(self._whole(line))
        if not move.valid:
            raise EditRefusedError(tr("The boundary would cross itself or another grid. Draw it elsewhere."))
        move_boundary(session, move.areas, cut=self.desk.cut)

    def _whole(self, line: list[Point]) -> list[Point]:
        """Return a drawn line with the ends of the boundary, which stay."""
        start, end = self._handle.line[0], self._handle.line[-1]
        if not line:
            return list(self._handle.line)
        near = [QgsPointXY(*line[0]).distance(QgsPointXY(*corner)) for corner in (start, end)]
        way = line if near[0] <= near[1] else line[::-1]
        return [start, *(p for p in way if p not in (start, end)), end]
