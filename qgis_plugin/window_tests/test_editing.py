"""A planner edits a region in a real QGIS window, in English and in Chinese."""

from __future__ import annotations

from pathlib import Path

import pytest

from .planner import Planner

GRIDS = {"110108001001001": 400, "110108001001002": 400, "110108001001003": 400} | {
    "110108001002001": 400,
    "110108001002002": 400,
}
MOVED = GRIDS | {"110108001001002": 500, "110108001001003": 300}
GRIP, GOAL = (200.0, 50.0), (292.0, 50.0)  # from the border of grids 002 and 003 beyond the home of a block
OLD_BORDER, NEW_BORDER = (200.0, 20.0), (300.0, 20.0)
IN_003, BESIDE, IN_002 = (250.0, 50.0), (250.0, 150.0), (150.0, 150.0)
FROZEN_S = 2.0  # 0.1 to 0.5 when the machine has nothing else to do


@pytest.fixture(autouse=True)
def as_saved(planner: Planner) -> None:
    """Begin with the plan of the file, without edits."""
    planner.window.ask("stall")
    planner.window.wait(lambda: planner.households() == GRIDS, "the saved plan")
    assert not any(layer["modified"] for layer in planner.editing().values())


def test_a_region_opens_with_live_counts(planner: Planner, pictures: Path, locale: str) -> None:
    """The dock shows every grid, and that the grids have as many households as the buildings."""
    assert planner.households() == GRIDS
    assert planner.totals() == (2000, 2000)
    planner.window.picture(pictures / f"open-{locale}.png")


def test_moving_a_boundary_is_one_step(planner: Planner, pictures: Path, locale: str) -> None:
    """Counts follow the mouse, the edit is one step of every layer, and undo and redo restore all of it."""
    before = planner.plan()
    planner.move_boundary(GRIP, GOAL, shot=pictures / f"moving-{locale}.png")
    planner.window.wait(lambda: planner.households() == MOVED, "the counts follow")
    assert planner.totals() == (2000, 2000)
    moved = {unit for unit, grid in planner.plan().items() if before[unit] != grid}
    assert moved == {"110108001001-00011"}
    assert planner.editing()["grids"]["undo"] == 1
    planner.window.picture(pictures / f"moved-{locale}.png")
    planner.undo()
    planner.window.wait(lambda: planner.households() == GRIDS, "undo restores the counts")
    assert planner.plan() == before
    planner.redo()
    planner.window.wait(lambda: planner.households() == MOVED, "redo")
    planner.undo()
    planner.window.wait(lambda: not planner.editing()["grids"]["modified"], "undo to the end")
    assert planner.window.ask("stall") < FROZEN_S


def test_the_map_is_drawn_anew(planner: Planner) -> None:
    """The map shows the moved boundary at once, and after undo the old one."""
    planner.window.wait(lambda: planner.sees_border(OLD_BORDER) and not planner.sees_border(NEW_BORDER), "the map")
    planner.move_boundary(GRIP, GOAL)
    planner.window.wait(lambda: planner.sees_border(NEW_BORDER) and not planner.sees_border(OLD_BORDER), "the map")
    planner.undo()
    planner.window.wait(lambda: planner.sees_border(OLD_BORDER) and not planner.sees_border(NEW_BORDER), "the map")


def test_painting_a_unit_moves_its_households(planner: Planner) -> None:
    """A unit painted into a neighbour takes its households along."""
    planner.paint(IN_003, [BESIDE, IN_002])
    painted = GRIDS | {"110108001001002": 300, "110108001001003": 500}
    planner.window.wait(lambda: planner.households() == painted, "the counts follow")
    planner.undo()


def test_divide_runs_in_the_engine(planner: Planner, pictures: Path, locale: str) -> None:
    """The dialog of an algorithm starts the engine on the open region; its plan arrives as styled layers."""
    planner.open_algorithm("divide")
    planner.window.screen.picture(pictures / f"divide-{locale}.png")
    planner.run_algorithm()
    planner.window.wait(lambda: len(planner.results()) == 1, "the divided region", within_s=90)
    assert planner.window.ask("stall") < FROZEN_S
    planner.close_dialog()
    planner.window.picture(pictures / f"divided-{locale}.png")
    assert planner.households() == GRIDS


def test_the_window_speaks_the_language(planner: Planner, locale: str) -> None:
    """In a Chinese QGIS the dock, the tools and the layers are Chinese, in an English one English."""
    texts = planner.own_texts()
    assert len(texts) > 20
    if locale == "en":
        assert [text for text in texts if is_chinese(text)] == []
    else:
        assert [text for text in texts if not is_chinese(text) and any(c.isalpha() for c in text)] == []


def is_chinese(text: str) -> bool:
    """Return whether a text has Chinese characters."""
    return any("\u4e00" <= character <= "\u9fff" for character in text)
