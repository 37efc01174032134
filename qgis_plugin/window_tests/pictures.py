"""Make the pictures of the documentation: ``python -m window_tests.pictures REGION --engine PYTHON``.

REGION is the demonstration town that ``gridtwin demo`` writes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "qgis_plugin"))

from build import build  # noqa: E402

from .planner import Planner  # noqa: E402
from .screen import open_screen  # noqa: E402
from .window import Profile, open_window  # noqa: E402

WIDTH, HEIGHT = 1360, 850
IMAGES = ROOT / "docs" / "images"
LOCALES = {"en": "en", "zh": "zh-Hans"}
GRIP, GOAL = (386281.8, 6672900.9), (386215.0, 6672880.0)  # between two grids in the north of the town
NORTH = "000000000002002"
MENUS = {"en": ("Plugins", "GridTwin"), "zh": ("插件(P)", "GridTwin")}
DOCKS = {"en": ("Plans", "Services"), "zh": ("方案", "服务")}
LOOK_S = 1.0


@contextmanager
def office(language: str, region: Path, plugin: Path, engine: str) -> Iterator[Planner]:
    """Yield a planner at a window of the size of the pictures; the region lies where its path may be shown."""
    home = ROOT / "out" / f"pictures-{language}"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    town = Path(shutil.copy(region, home / "region.gpkg"))
    with tempfile.TemporaryDirectory() as scratch:
        profile = Profile.create(Path(scratch) / "profiles", plugin, engine=engine, locale=LOCALES[language])
        with open_screen(WIDTH, HEIGHT) as screen, open_window(screen, profile) as window:
            window.click(name="qt_dockwidget_closebutton", within="Browser")
            planner = Planner(window, town)
            planner.open_region()
            yield planner


def take(planner: Planner, language: str) -> None:
    """Walk through the tutorial and take its pictures."""
    window, screen = planner.window, planner.window.screen

    def picture(name: str) -> None:
        time.sleep(LOOK_S)
        window.settle()
        path = screen.picture(IMAGES / f"qgis-{name}{'' if language == 'en' else f'-{language}'}.png")
        subprocess.run(["convert", path, "-colors", "128", "-define", "png:compression-level=9", path], check=True)

    picture("open")
    window.cell("GridTwinBalance", NORTH)
    planner.tool("GridTwinMoveBoundary")
    window.map_click(*GRIP)
    window.map_glide([GRIP, GOAL])
    picture("move-boundary")
    window.map_click(*GOAL)
    window.wait(lambda: planner.editing()["grids"]["modified"], "the moved boundary")
    window.trigger("mActionPan")
    picture("moved")
    planner.undo()
    planner.open_algorithm("divide")
    picture("divide")
    planner.close_dialog()
    window.click(name="qt_dockwidget_closebutton", within="ProcessingToolbox")
    window.trigger("GridTwinPrint")
    window.widget(name="GridTwinPrintDialog")
    picture("print")
    planner.close_dialog()
    plans, services = DOCKS[language]
    window.trigger(*MENUS[language], plans)
    picture("plans")
    window.trigger(*MENUS[language], plans)
    window.click(name="qt_dockwidget_closebutton", within="GridTwinBalanceDock")
    window.trigger(*MENUS[language], services)
    picture("services")


def main() -> None:
    """Take the pictures in both languages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("region", type=Path)
    parser.add_argument("--engine", required=True, help="the engine's Python")
    parser.add_argument("--language", choices=list(LOCALES), action="append")
    arguments = parser.parse_args()
    os.environ["HOME"] = "/home/planner"  # is seen in the pictures
    with tempfile.TemporaryDirectory() as scratch:
        plugin = build(Path(scratch), arguments.engine)
        for language in arguments.language or LOCALES:
            with office(language, arguments.region, plugin, arguments.engine) as planner:
                take(planner, language)


if __name__ == "__main__":
    main()
