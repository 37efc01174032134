# SPDX-License-Identifier: GPL-3.0-or-later
"""Paint units or buildings into a grid: click the grid, then click or drag over what it shall take."""

from __future__ import annotations

from qgis.core import QgsFeatureRequest, QgsGeometry, QgsPointXY
from qgis.gui import QgsMapCanvas, QgsMapMouseEvent
from qgis.PyQt.QtCore import QEvent, QObject, Qt
from qgis_plugin_tools.tools.i18n import tr

from ..core.boundaries import Point
from ..core.errors import EditRefusedError
from ..core.operations import paint_buildings, paint_units
from ..core.session import RegionSession
from ..core.units import Unit
from .grid_tool import GOOD, Desk, GridTool


class PaintTool(GridTool):
    """Paint into the grid picked first; one undo step a stroke.

    Parameters
    ----------
    canvas, desk
        As of every tool.
    """

    def __init__(self, canvas: QgsMapCanvas, desk: Desk) -> None:
        super().__init__(canvas, desk)
        self.target: str | None = None
        self.stroke: dict[int, QgsGeometry] = {}
        self._last: Point | None = None  # while the button is down
        self._after: dict[int, int] = {}
        self._refused: dict[str, None] = {}

    def things_at(self, session: RegionSession, way: QgsGeometry) -> dict[int, QgsGeometry]:
        """Return what lies under the way of the mouse, by feature number."""
        raise NotImplementedError

    def unit_of(self, session: RegionSession, fid: int) -> Unit:
        """Return the unit that decides whether a thing may be painted."""
        raise NotImplementedError

    def households_of(self, session: RegionSession, fid: int) -> int:
        """Return the households of a thing."""
        raise NotImplementedError

    def put(self, session: RegionSession) -> None:
        """Put the stroke into the grid."""
        raise NotImplementedError

    def reset(self) -> None:
        """Forget the stroke; the grid stays picked."""
        self.stroke, self._last, self._after, self._refused = {}, None, {}, {}

    def activate(self) -> None:
        """Begin; listen for ESC during a stroke, which the canvas passes on to no tool."""
        super().activate()
        self.canvas().installEventFilter(self)

    def deactivate(self) -> None:
        """Forget the grid, too."""
        self.canvas().removeEventFilter(self)
        self.target = None
        super().deactivate()

    def cancel(self) -> None:
        """Forget the stroke and show the grid that stays picked."""
        super().cancel()
        session = self.desk.sessions.current
        if session is None or session.counts.fid_of(self.target or "") is None:
            self.target = None  # gone, such as by undo
        else:
            self._show_target(session)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Cancel a stroke by ESC."""
        if event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape and self._last is not None:
            self.cancel()
            return True
        return super().eventFilter(watched, event)

    def canvasPressEvent(self, event: QgsMapMouseEvent) -> None:
        """Pick the grid, begin a stroke, or cancel: first the stroke, then the choice of the grid."""
        if event.button() == Qt.MouseButton.RightButton:
            if self._last is None:
                self.target = None
            self.cancel()
        elif event.button() == Qt.MouseButton.LeftButton and self.target is None:
            self.attempt(lambda session: self._pick(session, event))
        elif event.button() == Qt.MouseButton.LeftButton:
            self.attempt(lambda session: self._begin(session, event))

    def canvasDoubleClickEvent(self, event: QgsMapMouseEvent) -> None:
        """Take the second of two quick clicks, which Qt calls a double click, for a click."""
        self.canvasPressEvent(event)

    def canvasMoveEvent(self, event: QgsMapMouseEvent) -> None:
        """Paint on while the button is down."""
        session = self.desk.sessions.current
        if session is not None and self._last is not None:
            self._touch(session, self.place(session, event))

    def canvasReleaseEvent(self, event: QgsMapMouseEvent) -> None:
        """End the stroke: what it touched goes into the grid."""
        if event.button() == Qt.MouseButton.LeftButton and self._last is not None:
            self.attempt(self._end)
            self.cancel()

    def _pick(self, session: RegionSession, event: QgsMapMouseEvent) -> None:
        fid = self.grid_at(session, self.place(session, event))
        if fid is None:
            raise EditRefusedError(tr("There is no grid here."))
        grid = session.counts.grid(fid)
        session.check_unlocked([grid.grid_id])
        self.target = grid.grid_id
        self._show_target(session)
        self.desk.status(self.hint())

    def _show_target(self, session: RegionSession) -> None:
        fid = session.fid_of(self.target)
        self.draw(session, {"line": session.counts.outline(fid)}, GOOD)
        self.show_counts(session, {fid: session.counts.grid(fid).households})

    def _begin(self, session: RegionSession, event: QgsMapMouseEvent) -> None:
        here = self.place(session, event)
        fid = session.fid_of(self.target)
        self._after = {fid: session.counts.grid(fid).households}
        self._last = here
        self._touch(session, here)

    def _touch(self, session: RegionSession, here: Point) -> None:
        """Take what lies between the last place of the mouse and this one."""
        ends = [QgsPointXY(*self._last), QgsPointXY(*here)]
        way = QgsGeometry.fromPolylineXY(ends) if self._last != here else QgsGeometry.fromPointXY(ends[0])
        self._last = here
        for fid, shape in self.things_at(session, way).items():
            if fid not in self.stroke and self.unit_of(session, fid).grid_id != self.target:
                self._take(session, fid, shape)
        target = session.counts.outline(session.fid_of(self.target))
        painted = QgsGeometry.collectGeometry(list(self.stroke.values()))
        self.draw(session, {"line": target, **({"area": painted} if self.stroke else {})}, GOOD)
        self.show_counts(session, self._after)

    def _take(self, session: RegionSession, fid: int, shape: QgsGeometry) -> None:
        unit = self.unit_of(session, fid)
        try:
            session.check_move(unit, unit.grid_id, self.target)
        except EditRefusedError as refusal:
            self._refused[str(refusal)] = None
            self.desk.status(str(refusal))
            return
        self.stroke[fid] = shape
        households, target = self.households_of(session, fid), session.fid_of(self.target)
        self._after[target] += households
        if unit.grid_id:
            source = session.fid_of(unit.grid_id)
            self._after[source] = self._after.get(source, session.counts.grid(source).households) - households

    def _end(self, session: RegionSession) -> None:
        if self.stroke:
            self.put(session)
        if self._refused:
            raise EditRefusedError("\n".join(list(self._refused)[:3]))


class PaintUnitsTool(PaintTool):
    """Paint whole units."""

    def hint(self) -> str:
        """Return what the next click does."""
        if self.target is None:
            return tr("Click the grid that shall take units.")
        return tr("Click units or drag over them: grid {grid} takes them. Right click: another grid.", grid=self.target)

    def things_at(self, session: RegionSession, way: QgsGeometry) -> dict[int, QgsGeometry]:
        """Return the units that the way crosses."""
        near = session.register.near(way.boundingBox())
        return {fid: outline for fid, outline in near.items() if outline.intersects(way)}

    def unit_of(self, session: RegionSession, fid: int) -> Unit:
        """Return the unit."""
        return session.register[fid]

    def households_of(self, session: RegionSession, fid: int) -> int:
        """Return the households of a unit."""
        index = session.counts.ledger.index
        return index.households(index.of_unit.get(session.register[fid].unit_id, set()))

    def put(self, session: RegionSession) -> None:
        """Put the units into the grid."""
        paint_units(session, self.stroke, self.target)


class PaintBuildingsTool(PaintTool):
    """Paint single buildings where units are too coarse; their units are cut."""

    def hint(self) -> str:
        """Return what the next click does."""
        if self.target is None:
            return tr("Click the grid that shall take buildings.")
        return tr(
            "Click buildings or drag over them: grid {grid} takes them. Right click: another grid.", grid=self.target
        )

    def things_at(self, session: RegionSession, way: QgsGeometry) -> dict[int, QgsGeometry]:
        """Return the buildings in units that the way crosses; points within reach of it."""
        reach = self.reach(session)
        request = QgsFeatureRequest(way.boundingBox().buffered(reach)).setNoAttributes()
        shapes = {feature.id(): feature.geometry() for feature in session.buildings.getFeatures(request)}
        known, register = session.counts.ledger.index.rows, session.register
        return {
            fid: shape
            for fid, shape in shapes.items()
            if (shape.intersects(way) if shape.area() > 0 else shape.distance(way) <= reach)
            and register.of_key(known[fid].unit_id) is not None
        }

    def unit_of(self, session: RegionSession, fid: int) -> Unit:
        """Return the unit of a building."""
        return session.register.of_key(session.counts.ledger.index.rows[fid].unit_id)

    def households_of(self, session: RegionSession, fid: int) -> int:
        """Return the households of a building."""
        return session.counts.ledger.index.rows[fid].households

    def put(self, session: RegionSession) -> None:
        """Put the buildings into the grid."""
        paint_buildings(session, self.stroke, self.target)
