"""What a planner does at the QGIS window, in words of the trade."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .window import Window

Point = tuple[float, float]
RUN, CLOSE = ("Run", "运行"), ("Close", "关闭")
REACH_PX, DARK = 2, 120  # of 255: the darkest colour of a boundary is below, that of a street above
NUMBER = re.compile(r"\d[\d,. ]*")


@dataclass
class Planner:
    """Somebody who works on a region.

    Attributes
    ----------
    window
        The QGIS window.
    region
        The region's file.
    """

    window: Window
    region: Path

    def open_region(self) -> None:
        """Open the region with the button of the tool bar."""
        self.window.trigger("GridTwinOpenRegion")
        self.window.widget(name="fileNameEdit")
        self.window.screen.write(str(self.region))
        self.window.screen.key("Return")
        self.window.wait(self.households, "households of the grids")
        self.window.settle()

    def households(self) -> dict[str, int]:
        """Return what the dock says of every grid: code and households."""
        rows = self.window.ask("table", name="GridTwinBalance")
        return {row["cells"][0]: int(row["cells"][1].replace(",", "")) for row in rows}

    def text(self, name: str) -> str:
        """Return what a label of the dock says."""
        return self.window.widget(name=name)["text"]

    def totals(self) -> tuple[int, ...]:
        """Return the numbers above the dock's table: households of the grids, households of the buildings."""
        return tuple(int(re.sub(r"\D", "", number)) for number in NUMBER.findall(self.text("GridTwinTotals")))

    def plan(self) -> dict[str, str]:
        """Return which unit is in which grid, with the edits that are not saved."""
        rows = self.window.ask("features", table="units", columns=["unit_id", "grid_id"])
        return {row["unit_id"]: row["grid_id"] for row in rows}

    def editing(self) -> Mapping[str, dict]:
        """Return how far grids, units and buildings are edited, by table."""
        layers = self.window.ask("layers").values()
        return {layer["table"]: layer for layer in layers if layer["table"] in ("grids", "units", "buildings")}

    def results(self) -> list[str]:
        """Return the files that hold grids besides the region that was opened."""
        sources = [
            layer["source"].split("|")[0] for layer in self.window.ask("layers").values() if layer["table"] == "grids"
        ]
        return [source for source in sources if source != str(self.region)]

    def own_texts(self) -> set[str]:
        """Return what the plugin says in its dock, on its buttons, and in the list of layers."""
        dock = self.window.ask("widgets", within="GridTwinBalanceDock")
        texts = {widget["text"] for widget in dock} | set(self.window.ask("headings", name="GridTwinBalance"))
        texts |= {tab["text"] for tab in self.window.ask("tabs", within="GridTwinBalanceDock")}
        texts |= set(self.window.ask("tips", name="GridTwinToolbar"))
        texts |= {name for name, layer in self.window.ask("layers").items() if str(self.region) in layer["source"]}
        return {text for text in texts if text}

    def tool(self, name: str) -> None:
        """Take up a tool."""
        self.window.trigger(name)

    def move_boundary(self, grip: Point, goal: Point, *, shot: Path | None = None) -> None:
        """Click the boundary, move the mouse, take a picture if asked, click again."""
        self.tool("GridTwinMoveBoundary")
        self.window.map_click(*grip)
        self.window.map_glide([grip, goal])
        if shot is not None:
            self.window.screen.picture(shot)
        self.window.map_click(*goal)

    def paint(self, grid: Point, stroke: Sequence[Point]) -> None:
        """Paint the units under a stroke into the grid at a point."""
        self.tool("GridTwinPaintUnits")
        self.window.map_click(*grid)
        self.window.map_drag(stroke)

    def sees_border(self, place: Point) -> bool:
        """Return whether the map shows the dark line of a grid's boundary at a place."""
        x, y = self.window.map_pixels([place])[0]
        return min(self.window.screen.pixels(x - REACH_PX, y - REACH_PX, 2 * REACH_PX + 1, 2 * REACH_PX + 1)) < DARK

    def undo(self) -> None:
        """Undo with the keyboard."""
        self.window.screen.key("ctrl+z")

    def redo(self) -> None:
        """Do again with the keyboard."""
        self.window.screen.key("ctrl+shift+z")

    def save(self) -> None:
        """Save the layer's edits with QGIS's own button."""
        self.window.trigger("mActionSaveLayerEdits")

    def open_algorithm(self, name: str) -> None:
        """Find an algorithm in the toolbox of Processing and open its dialog."""
        if not self.window.ask("widgets", name="searchBox"):
            self.window.trigger("toolboxAction")
        self.window.click(name="searchBox", times=3)
        self.window.screen.write(name)
        found = self.window.wait(lambda: self._algorithm(f"gridtwin:{name}"), f"algorithm {name}")
        self.window.press(found, times=2)
        self.window.widget(kind="AlgorithmDialog")

    def run_algorithm(self) -> None:
        """Press Run in the open dialog of an algorithm."""
        self._press_button(RUN)

    def close_dialog(self) -> None:
        """Close the dialog that is open."""
        self._press_button(CLOSE)

    def _press_button(self, texts: Collection[str]) -> None:
        buttons = self.window.ask("widgets", kind="QPushButton")
        self.window.press(next(button for button in buttons if button["text"].replace("&", "") in texts))

    def _algorithm(self, name: str) -> dict | None:
        found = self.window.ask("algorithms")
        return next((one for one in found if one["name"] == name), None)
