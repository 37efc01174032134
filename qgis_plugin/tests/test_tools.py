"""The map tools, driven by mouse and keys as planners do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from layers import assert_sound, grid_at, snapshot, unit_at
from qgis.core import QgsGeometry, QgsPointXY, QgsRectangle
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QEvent, QPointF, Qt
from qgis.PyQt.QtGui import QKeyEvent, QMouseEvent
from qgis.PyQt.QtWidgets import QApplication

LEFT, RIGHT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.NoButton
PLAIN = Qt.KeyboardModifier.NoModifier
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


@dataclass
class Bench:
    """A map with a session, a mouse, and what the tools have said."""

    canvas: QgsMapCanvas
    session: Any
    whole: QgsGeometry
    desk: Any = None
    said: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)

    def take(self, tool: type) -> Any:
        """Take up a tool."""
        made = tool(self.canvas, self.desk)
        self.canvas.setMapTool(made)
        return made

    def _send(self, kind: QEvent.Type, at: tuple[float, float], button: Any, held: Any, keys: Any) -> None:
        pixel = self.canvas.getCoordinateTransform().transform(QgsPointXY(*at))
        where = QPointF(round(pixel.x()), round(pixel.y()))
        QApplication.sendEvent(self.canvas.viewport(), QMouseEvent(kind, where, button, held, keys))

    def move(self, *at: float, held: Any = NONE, keys: Any = PLAIN) -> None:
        """Move the mouse to a place."""
        self._send(QEvent.Type.MouseMove, at, NONE, held, keys)

    def click(self, *at: float, button: Any = LEFT, keys: Any = PLAIN) -> None:
        """Move to a place and click."""
        self.move(*at, keys=keys)
        self._send(QEvent.Type.MouseButtonPress, at, button, button, keys)
        self._send(QEvent.Type.MouseButtonRelease, at, button, NONE, keys)

    def drop(self, *at: float) -> None:
        """Let the left button go."""
        self._send(QEvent.Type.MouseButtonRelease, at, LEFT, NONE, PLAIN)

    def drag(self, *places: tuple[float, float], drop: bool = True) -> None:
        """Press at the first place, move over the others, and let go."""
        self._send(QEvent.Type.MouseButtonPress, places[0], LEFT, LEFT, PLAIN)
        for place in places[1:]:
            self.move(*place, held=LEFT)
        if drop:
            self.drop(*places[-1])

    def key(self, key: Qt.Key) -> None:
        """Press a key."""
        QApplication.sendEvent(self.canvas, QKeyEvent(QEvent.Type.KeyPress, key, PLAIN))

    def households(self, x: float, y: float) -> int:
        """Return the live households of the grid at a place."""
        return self.session.counts.grid(self.session.fid_of(grid_at(self.session, x, y))).households

    def tags(self) -> dict[str, int]:
        """Return what is written onto the map: households by the end of the grid's code."""
        tags = self.canvas.mapTool().tags.tags
        return {tag.preview.code[-4:]: tag.preview.after for tag in tags}


@pytest.fixture
def bench(town: Path, qgis_new_project: None) -> Iterator[Bench]:
    """Return a map of the toy town, half a metre a pixel, that is being edited."""
    from gridtwin_qgis.core.region_project import open_region
    from gridtwin_qgis.core.session import RegionSession
    from gridtwin_qgis.tools.grid_tool import Desk

    session = RegionSession(open_region(town))
    session.start_editing()
    canvas = QgsMapCanvas()
    canvas.resize(1000, 800)
    canvas.show()
    canvas.setDestinationCrs(session.grids.crs())
    canvas.setExtent(QgsRectangle(-25, -50, 475, 350))
    whole = QgsGeometry.unaryUnion([f.geometry() for f in session.grids.getFeatures()])
    made = Bench(canvas, session, whole)
    made.desk = Desk(SimpleNamespace(current=session), made.said.append, made.warned.append)
    yield made
    tool = canvas.mapTool()
    canvas.unsetMapTool(tool)
    if tool is not None:
        tool.dispose()
    canvas.deleteLater()
    session.roll_back()
    session.close()


def test_painting_units(bench: Bench) -> None:
    """A stroke over two blocks shows both totals on the way and is one step at its end."""
    from gridtwin_qgis.tools.paint import PaintUnitsTool

    tool = bench.take(PaintUnitsTool)
    bench.click(250, 150)
    assert tool.target == grid_at(bench.session, 250, 150)
    bench.drag((150, 150), (150, 120), (150, 60), drop=False)
    assert bench.tags() == {"1002": 200, "1003": 600}
    assert bench.session.steps == 0
    bench.drop(150, 60)
    assert bench.session.steps == 1
    assert bench.households(250, 50) == 600
    assert bench.tags() == {"1003": 600}
    assert not bench.warned
    assert_sound(bench.session, bench.whole)


def test_a_fast_stroke_leaves_nothing_out(bench: Bench) -> None:
    """Blocks between two places of the mouse are painted, too."""
    from gridtwin_qgis.tools.paint import PaintUnitsTool

    bench.take(PaintUnitsTool)
    bench.click(250, 150)
    bench.drag((150, 50), (150, 250))
    assert bench.households(250, 50) == 700


def test_esc_and_right_click_cancel_a_stroke(bench: Bench) -> None:
    """A cancelled stroke changes nothing; the next right click lets go of the grid."""
    from gridtwin_qgis.tools.paint import PaintUnitsTool

    before, tool = snapshot(bench.session), bench.take(PaintUnitsTool)
    bench.click(250, 150)
    bench.drag((150, 150), (150, 60), drop=False)
    bench.key(Qt.Key.Key_Escape)
    bench.drop(150, 60)
    bench.drag((150, 150), (150, 60), drop=False)
    bench.click(150, 60, button=RIGHT)
    bench.drop(150, 60)
    assert tool.target is not None
    bench.click(10, 10, button=RIGHT)
    assert tool.target is None
    assert bench.session.steps == 0
    assert snapshot(bench.session) == before


def test_painting_tells_what_is_locked(bench: Bench) -> None:
    """A locked unit in the way stays, the others are painted, and the planner is told."""
    from gridtwin_qgis.tools.paint import PaintUnitsTool

    with bench.session.edit("lock"):
        bench.session.set_unit_locked(unit_at(bench.session, 150, 150), True)
    bench.take(PaintUnitsTool)
    bench.click(250, 150)
    bench.drag((150, 150), (150, 60))
    assert bench.households(250, 50) == 500
    assert "locked" in bench.warned[-1]


def test_painting_needs_an_unlocked_grid(bench: Bench) -> None:
    """A locked grid, or a place without a grid, cannot be picked."""
    from gridtwin_qgis.core.operations import set_locked
    from gridtwin_qgis.tools.paint import PaintUnitsTool

    set_locked(bench.session, grid_at(bench.session, 250, 150), True)
    tool = bench.take(PaintUnitsTool)
    bench.click(250, 150)
    assert "locked" in bench.warned[-1]
    bench.click(425, 250)
    assert "no grid here" in bench.warned[-1]
    assert tool.target is None


def test_painting_a_building(bench: Bench) -> None:
    """A building that shares its block is painted alone; a lone one takes the whole block."""
    from gridtwin_qgis.tools.paint import PaintBuildingsTool

    with bench.session.edit("add"):
        feature = next(f for f in bench.session.buildings.getFeatures() if f.geometry().contains(QgsPointXY(150, 150)))
        feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(180, 140, 190, 160)))
        feature["building_id"], feature["households"], feature["fid"] = "new", 30, None
        bench.session.buildings.addFeature(feature)
    bench.take(PaintBuildingsTool)
    bench.click(250, 150)
    bench.click(185, 150)
    assert bench.households(250, 50) == 430
    bench.click(150, 50)
    assert bench.households(250, 50) == 530
    assert bench.session.steps == 3
    assert_sound(bench.session, bench.whole)


def test_moving_a_boundary(bench: Bench) -> None:
    """Click, move with both counts in sight, click: one step."""
    from gridtwin_qgis.tools.move_boundary import MoveBoundaryTool

    before, tool = snapshot(bench.session), bench.take(MoveBoundaryTool)
    bench.click(201, 100)
    assert bench.tags() == {"1002": 400, "1003": 400}
    bench.move(120, 120)
    bench.move(80, 90)
    assert tool.move.valid
    shown = bench.tags()
    assert shown["1002"] < 400
    assert shown["1002"] + shown["1003"] == 800
    bench.click(80, 90)
    assert bench.session.steps == 1
    assert {"1002": bench.households(50, 50), "1003": bench.households(250, 50)} == shown
    assert_sound(bench.session, bench.whole)
    bench.session.undo()
    assert snapshot(bench.session) == before


def test_moving_a_boundary_exactly(bench: Bench) -> None:
    """When units may be cut, the boundary runs just where it was put, and the figures shown come true."""
    from gridtwin_qgis.tools.move_boundary import MoveBoundaryTool

    bench.desk.cut = True
    tool = bench.take(MoveBoundaryTool)
    bench.click(201, 100)
    bench.move(120, 90, keys=CTRL)
    shown, areas = bench.tags(), tool.move.areas
    bench.click(120, 90, keys=CTRL)
    assert bench.session.steps == 1
    assert {"1002": bench.households(50, 50), "1003": bench.households(250, 50)} == shown
    assert all(bench.session.counts.outline(f).symDifference(a).area() < 1e-2 for f, a in areas.items())
    assert_sound(bench.session, bench.whole)


def test_shift_moves_one_vertex(bench: Bench) -> None:
    """With Shift, the boundary beside the vertex stays."""
    from gridtwin_qgis.tools.move_boundary import MoveBoundaryTool

    tool = bench.take(MoveBoundaryTool)
    bench.click(200, 50)
    bench.move(90, 50, keys=SHIFT | CTRL)
    corners = {(round(p.x()), round(p.y())) for p in tool.move.drawn.vertices()}
    assert (200, 100) in corners
    bench.move(160, 50, keys=CTRL)
    corners = {(round(p.x()), round(p.y())) for p in tool.move.drawn.vertices()}
    assert (200, 100) in corners
    bench.move(90, 50, keys=CTRL)
    corners = {(round(p.x()), round(p.y())) for p in tool.move.drawn.vertices()}
    assert (200, 100) not in corners


def test_moved_boundary_snaps_to_units(bench: Bench) -> None:
    """Near a corner of a unit the boundary goes through it."""
    from gridtwin_qgis.tools.move_boundary import MoveBoundaryTool

    tool = bench.take(MoveBoundaryTool)
    bench.click(201, 100)
    bench.move(103, 98)
    assert (100.0, 100.0) in {(p.x(), p.y()) for p in tool.move.drawn.vertices()}


def test_boundary_is_not_put_where_it_crosses_others(bench: Bench) -> None:
    """Where the boundary would leave its grids there are no figures, and a click is refused."""
    from gridtwin_qgis.tools.move_boundary import MoveBoundaryTool

    tool = bench.take(MoveBoundaryTool)
    bench.click(201, 100)
    bench.move(150, 260)
    assert not tool.move.valid
    assert bench.tags() == {}
    bench.click(150, 260)
    assert "cross" in bench.warned[-1]
    assert bench.session.steps == 0
    bench.click(50, 50, button=RIGHT)
    assert tool.move is None


@pytest.mark.parametrize(("x", "y", "words"), [(50, 50, "No boundary"), (200, 0, "outer border")])
def test_boundaries_that_cannot_be_taken(bench: Bench, x: float, y: float, words: str) -> None:
    """Inside a grid there is no boundary, and its end on the outer border stays."""
    from gridtwin_qgis.tools.move_boundary import MoveBoundaryTool

    bench.take(MoveBoundaryTool)
    bench.click(x, y)
    assert words in bench.warned[-1]


def test_boundary_of_a_locked_grid_stays(bench: Bench) -> None:
    """The boundary of a locked grid cannot be taken, by no tool."""
    from gridtwin_qgis.core.operations import set_locked
    from gridtwin_qgis.tools.line_tool import ReshapeTool
    from gridtwin_qgis.tools.move_boundary import MoveBoundaryTool

    set_locked(bench.session, grid_at(bench.session, 250, 150), True)
    for tool in (MoveBoundaryTool, ReshapeTool):
        bench.take(tool)
        bench.click(200, 50)
        assert "locked" in bench.warned.pop()


@pytest.mark.parametrize("cut", [False, True])
def test_drawing_a_boundary_anew(bench: Bench, cut: bool) -> None:
    """The boundary becomes the line drawn, with its ends where they were."""
    from gridtwin_qgis.tools.line_tool import ReshapeTool

    bench.desk.cut = cut
    bench.take(ReshapeTool)
    bench.click(200, 50)
    bench.click(110, 160, keys=CTRL)
    bench.click(120, 120, keys=CTRL)
    bench.key(Qt.Key.Key_Backspace)
    bench.click(110, 30, keys=CTRL)
    shown = bench.tags()
    assert shown["1002"] + shown["1003"] == 800
    bench.click(0, 0, button=RIGHT)
    assert not bench.warned
    assert bench.session.steps == 1
    assert {"1002": bench.households(50, 50), "1003": bench.households(250, 50)} == shown
    assert_sound(bench.session, bench.whole)


def test_drawing_a_boundary_anew_refuses_a_corner(bench: Bench) -> None:
    """Where three grids meet, no boundary is chosen."""
    from gridtwin_qgis.tools.line_tool import ReshapeTool

    bench.take(ReshapeTool)
    bench.click(200, 200)
    assert "More than two grids" in bench.warned[-1]


@pytest.mark.parametrize("cut", [False, True])
def test_drawing_a_grid(bench: Bench, cut: bool) -> None:
    """The households shown while drawing are those of the grid that is made."""
    from gridtwin_qgis.tools.line_tool import DrawGridTool

    bench.desk.cut = cut
    bench.take(DrawGridTool)
    for corner in ((130, 20), (290, 20), (290, 180)):
        bench.click(*corner, keys=CTRL)
    bench.move(130, 180, keys=CTRL)
    assert list(bench.tags().values()) == [400]
    bench.click(130, 180, keys=CTRL)
    bench.click(0, 0, button=RIGHT)
    assert bench.session.grids.featureCount() == 6
    assert bench.households(150, 150) == 400
    assert_sound(bench.session, bench.whole)


def test_drawing_needs_enough_points(bench: Bench) -> None:
    """Two points make no grid; ESC begins anew."""
    from gridtwin_qgis.tools.line_tool import DrawGridTool

    tool = bench.take(DrawGridTool)
    bench.click(130, 20)
    bench.click(290, 20)
    bench.click(0, 0, button=RIGHT)
    assert "3 points" in bench.warned[-1]
    bench.key(Qt.Key.Key_Escape)
    assert tool.points == []


def test_splitting_a_grid(bench: Bench) -> None:
    """A line through a grid splits it."""
    from gridtwin_qgis.tools.line_tool import SplitGridTool

    bench.take(SplitGridTool)
    bench.click(101, -20, keys=CTRL)
    bench.click(101, 210, keys=CTRL)
    bench.click(0, 0, button=RIGHT)
    assert not bench.warned
    assert (bench.households(50, 50), bench.households(150, 50)) == (200, 200)
    assert_sound(bench.session, bench.whole)


def test_splitting_needs_a_grid(bench: Bench) -> None:
    """A line outside of all grids is refused."""
    from gridtwin_qgis.tools.line_tool import SplitGridTool

    bench.take(SplitGridTool)
    bench.click(410, 250)
    bench.click(440, 250)
    bench.click(0, 0, button=RIGHT)
    assert "no grid" in bench.warned[-1]


def test_merging_grids(bench: Bench) -> None:
    """Two clicks merge; before the second, the map shows what both have together."""
    from gridtwin_qgis.tools.click_tools import MergeGridsTool

    bench.take(MergeGridsTool)
    bench.click(50, 50)
    bench.move(250, 50)
    assert list(bench.tags().values()) == [800]
    bench.click(250, 50)
    assert bench.session.grids.featureCount() == 4
    assert bench.households(50, 50) == 800


def test_locking_a_grid(bench: Bench) -> None:
    """A click locks, another one unlocks."""
    from gridtwin_qgis.tools.click_tools import LockGridTool

    bench.take(LockGridTool)
    fid = bench.session.fid_of(grid_at(bench.session, 50, 50))
    bench.click(50, 50)
    assert bench.session.counts.grid(fid).locked
    bench.click(50, 50)
    assert not bench.session.counts.grid(fid).locked
    assert bench.said[-1].endswith("is unlocked.")
    bench.click(425, 250)
    assert "no grid here" in bench.warned[-1]


def test_tools_wait_for_a_region(bench: Bench) -> None:
    """Without a region, a tool says what to do and nothing fails."""
    from gridtwin_qgis.tools.rack import entries

    bench.desk.sessions.current = None
    for entry in entries():
        bench.take(entry.tool)
        bench.move(100, 100)
        bench.click(100, 100)
        assert "Open a region" in bench.warned.pop()
        assert bench.said[-1]


def test_tags_are_painted(bench: Bench) -> None:
    """The map shows the figures of both grids beside their boundary."""
    from gridtwin_qgis.tools.move_boundary import MoveBoundaryTool

    tool = bench.take(MoveBoundaryTool)
    blank = bench.canvas.grab().toImage()
    bench.click(201, 100)
    assert len(tool.tags.tags) == 2
    assert bench.canvas.grab().toImage() != blank


def test_toolbar_follows_the_region(qgis_new_project: None, plugin: Any, town: Path) -> None:
    """The buttons wait for a region; undo makes the tool in hand forget what it has begun."""
    from gridtwin_qgis.gui.open_region import show_region
    from qgis.PyQt.QtWidgets import QAction

    host = plugin.host
    action = host.iface.mainWindow().findChild(QAction, "GridTwinMergeGrids")
    assert not action.isEnabled()
    assert show_region(host, str(town))
    assert action.isEnabled()
    action.trigger()
    tool = host.iface.mapCanvas().mapTool()
    session = host.sessions.current
    session.start_editing()
    tool.use(session, next(iter(session.counts)))
    assert tool.first is not None
    session.restored.emit()
    assert tool.first is None
    session.roll_back()
