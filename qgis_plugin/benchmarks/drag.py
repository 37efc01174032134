"""How long a planner waits while the mouse moves: every tool's handler over a city of 100,000 buildings.

Grids have 400 buildings each and boundaries of many vertices. Real mouse events are sent to a map; the time of the
tool's handler is taken, without the painting of the map.

``QT_QPA_PLATFORM=offscreen python qgis_plugin/benchmarks/drag.py``
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsCoordinateTransformContext,
    QgsFeature,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
    QgsVectorFileWriter,
    QgsVectorLayer,
)
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QEvent, QPointF, Qt
from qgis.PyQt.QtGui import QMouseEvent

sys.path.insert(0, str(Path(__file__).parents[1]))

BUDGET_MS = 16.0
GRID_M, BUILDINGS, UNITS = 200.0, 20, 4  # side of a grid; buildings and units along a side
WOBBLE_M, VERTICES = 3.0, 9  # how far a boundary is from a straight line, and its vertices a grid
MOVES = 60
CRS = "EPSG:32650"


def wobble(a: float, b: float) -> float:
    """Return how far a boundary is off at a place, the same for the grids on either side."""
    return WOBBLE_M * math.sin(a / 31 + b / 17)


def square(column: int, row: int, side: float, steps: int) -> QgsGeometry:
    """Return one of many squares with wobbling sides that fit each other."""

    def corner(x: float, y: float) -> QgsPointXY:
        return QgsPointXY(x + wobble(x, y), y + wobble(y, x))

    x, y = column * side, row * side
    shares = [n * side / steps for n in range(steps)]
    ring = [corner(x + s, y) for s in shares] + [corner(x + side, y + s) for s in shares]
    ring += [corner(x + side - s, y + side) for s in shares] + [corner(x, y + side - s) for s in shares]
    return QgsGeometry.fromPolygonXY([ring])


def layer(name: str, fields: str, rows: Iterator[tuple[QgsGeometry, list[object]]], path: Path) -> QgsVectorLayer:
    """Write a layer into a GeoPackage and open it."""
    memory = QgsVectorLayer(f"Polygon?crs={CRS}&{fields}", name, "memory")
    features = []
    for geometry, values in rows:
        feature = QgsFeature(memory.fields())
        feature.setGeometry(geometry)
        feature.setAttributes(values)
        features.append(feature)
    memory.dataProvider().addFeatures(features)
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.layerName = name
    if path.exists():
        options.actionOnExistingFile = QgsVectorFileWriter.ActionOnExistingFile.CreateOrOverwriteLayer
    QgsVectorFileWriter.writeAsVectorFormatV3(memory, str(path), QgsCoordinateTransformContext(), options)
    return QgsVectorLayer(f"{path}|layername={name}", name, "ogr")


def make_city(side: int, path: Path) -> dict[str, QgsVectorLayer]:
    """Write a city of ``side`` × ``side`` grids."""
    cells = [(c, r) for c in range(side) for r in range(side)]
    grid_steps, unit_steps = UNITS * VERTICES, VERTICES
    unit_m, step = GRID_M / UNITS, GRID_M / BUILDINGS

    def grids() -> Iterator[tuple[QgsGeometry, list[object]]]:
        for c, r in cells:
            key = f"g{c:03d}{r:03d}"
            yield square(c, r, GRID_M, grid_steps), [key, key, "c", "general", 300, 500, False, 0]

    def units() -> Iterator[tuple[QgsGeometry, list[object]]]:
        for c in range(side * UNITS):
            for r in range(side * UNITS):
                yield (
                    square(c, r, unit_m, unit_steps),
                    [f"u{c:03d}{r:03d}", f"g{c // UNITS:03d}{r // UNITS:03d}", "c", False, unit_m**2],
                )

    def buildings() -> Iterator[tuple[QgsGeometry, list[object]]]:
        for c in range(side * BUILDINGS):
            for r in range(side * BUILDINGS):
                x, y = (c + 0.5) * step, (r + 0.5) * step
                unit = f"u{int(x // unit_m):03d}{int(y // unit_m):03d}"
                grid = f"g{c // BUILDINGS:03d}{r // BUILDINGS:03d}"
                box = QgsGeometry.fromRect(QgsRectangle(x - 1, y - 1, x + 1, y + 1))
                yield box, [f"b{c}-{r}", 1, grid, unit, "c"]

    text, whole = "string(20)", "integer"
    town = [(square(0, 0, side * GRID_M, side * grid_steps), ["c", "City"])]
    return {
        "communities": layer("communities", f"field=community_id:{text}&field=name:{text}", iter(town), path),
        "grids": layer(
            "grids",
            f"field=grid_id:{text}&field=code:{text}&field=community_id:{text}&field=purpose:{text}"
            f"&field=minimum_households:{whole}&field=maximum_households:{whole}&field=locked:bool&field=households:{whole}",
            grids(),
            path,
        ),
        "units": layer(
            "units",
            f"field=unit_id:{text}&field=grid_id:{text}&field=community_id:{text}&field=locked:bool&field=area_m2:double",
            units(),
            path,
        ),
        "buildings": layer(
            "buildings",
            f"field=building_id:{text}&field=households:{whole}&field=grid_id:{text}&field=unit_id:{text}"
            f"&field=community_id:{text}",
            buildings(),
            path,
        ),
    }


class Hand:
    """A mouse over a map, and the time that a tool takes for its movements."""

    def __init__(self, session: Any, side: int) -> None:
        self.canvas = QgsMapCanvas()
        self.canvas.resize(1000, 800)
        self.canvas.show()
        self.canvas.setDestinationCrs(session.grids.crs())
        self.middle = side // 2 * GRID_M
        self.canvas.setExtent(QgsRectangle(self.middle - 500, self.middle - 400, self.middle + 500, self.middle + 400))
        self.times: list[float] = []
        self.counted = 0

    def _send(self, kind: QEvent.Type, x: float, y: float, button: Any, held: Any, keys: Any) -> None:
        pixel = self.canvas.getCoordinateTransform().transform(QgsPointXY(self.middle + x, self.middle + y))
        where = QPointF(round(pixel.x()), round(pixel.y()))
        QgsApplication.sendEvent(self.canvas.viewport(), QMouseEvent(kind, where, button, held, keys))

    def press(self, x: float, y: float, *, keys: Any = Qt.KeyboardModifier.NoModifier) -> None:
        """Press the left button."""
        left = Qt.MouseButton.LeftButton
        self._send(QEvent.Type.MouseButtonPress, x, y, left, left, keys)

    def release(self, x: float, y: float) -> None:
        """Let the left button go."""
        none = Qt.KeyboardModifier.NoModifier
        self._send(QEvent.Type.MouseButtonRelease, x, y, Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton, none)

    def move(self, x: float, y: float, *, held: Any = Qt.MouseButton.NoButton) -> None:
        """Move, and take the time."""
        start = time.perf_counter()
        self._send(QEvent.Type.MouseMove, x, y, Qt.MouseButton.NoButton, held, Qt.KeyboardModifier.NoModifier)
        self.times.append((time.perf_counter() - start) * 1000)
        self.counted += bool(self.canvas.mapTool().tags.tags)

    def report(self, name: str) -> bool:
        """Print the times of a tool and return whether they are within the budget."""
        times, counted = sorted(self.times), self.counted
        self.times, self.counted = [], 0
        middle, late = times[len(times) // 2], times[int(len(times) * 0.95)]
        spread = f"p50 {middle:6.2f}  p95 {late:6.2f}  max {times[-1]:6.2f} ms"
        print(f"{name:34} moves {len(times):4}, {counted:3} with counts  {spread}", flush=True)
        return late <= BUDGET_MS


def strokes(hand: Hand, desk: Any) -> Iterator[tuple[str, Callable[[], None]]]:
    """Return the gestures to measure, by name."""
    from gridtwin_qgis.tools.line_tool import DrawGridTool, ReshapeTool
    from gridtwin_qgis.tools.move_boundary import MoveBoundaryTool
    from gridtwin_qgis.tools.paint import PaintBuildingsTool, PaintUnitsTool

    def pull(x: float, y: float) -> None:
        hand.press(x, y)
        for n in range(1, MOVES + 1):
            hand.move(x + n * 1.2, y + n * 0.7)
        hand.canvas.mapTool().cancel()

    def paint() -> None:
        hand.press(-100, 100)
        hand.release(-100, 100)
        hand.press(20, 20)
        for n in range(1, MOVES + 1):
            hand.move(20 + n * 3, 20 + n * 2.5, held=Qt.MouseButton.LeftButton)
        hand.canvas.mapTool().cancel()

    def draw() -> None:
        for x, y in ((-150, -150), (120, -160), (150, 130)):
            hand.press(x, y)
        for n in range(MOVES):
            hand.move(-150 + n, 150 - n)
        hand.canvas.mapTool().cancel()

    def redraw() -> None:
        hand.press(0, 95)
        for n in range(MOVES):
            hand.move(-50 + n, 60 + n)
        hand.canvas.mapTool().cancel()

    def hover() -> None:
        for n in range(MOVES):
            hand.move(-30 + n, 90)

    corner = wobble(hand.middle, hand.middle)
    for name, cut in (("onto units", False), ("cutting", True)):
        for title, tool, gesture in (
            (f"boundary, {name}", MoveBoundaryTool, lambda: pull(0, 95)),
            (f"corner of four, {name}", MoveBoundaryTool, lambda: pull(corner, corner)),
            (f"boundary drawn anew, {name}", ReshapeTool, redraw),
            (f"new grid, {name}", DrawGridTool, draw),
        ):
            desk.cut = cut
            hand.canvas.setMapTool(tool(hand.canvas, desk))
            yield title, gesture
    for title, tool, gesture in (
        ("look for a boundary", MoveBoundaryTool, hover),
        ("paint units", PaintUnitsTool, paint),
        ("paint buildings", PaintBuildingsTool, paint),
    ):
        hand.canvas.setMapTool(tool(hand.canvas, desk))
        yield title, gesture


def main() -> int:
    """Measure, print, and return 1 where a gesture is slower than the budget."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=16, help="grids along a side (400 buildings each)")
    side = parser.parse_args().side
    application = QgsApplication([], True)
    application.initQgis()
    from gridtwin_qgis.core.region_project import RegionLayers
    from gridtwin_qgis.core.session import RegionSession
    from gridtwin_qgis.tools.grid_tool import Desk

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "city.gpkg"
        layers = make_city(side, path)
        QgsProject.instance().addMapLayers(list(layers.values()))
        session = RegionSession(RegionLayers(path, "city", layers))
        session.start_editing()
        print(f"{layers['buildings'].featureCount():,} buildings, {layers['grids'].featureCount():,} grids", flush=True)
        warned: list[str] = []
        desk = Desk(SimpleNamespace(current=session), lambda text: None, warned.append)
        hand = Hand(session, side)
        kept = [gesture() or hand.report(name) for name, gesture in strokes(hand, desk)]
        if warned:
            print("refused:", *warned, sep="\n  ")
        session.roll_back()
        session.close()
    return 0 if all(kept) and not warned else 1


if __name__ == "__main__":
    sys.exit(main())
