"""Fixtures: the plugin as people get it, in a QGIS window of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from build import build

from .planner import Planner
from .screen import NEEDED, Screen, open_screen
from .window import PICTURES, QGIS, Profile, open_window

LOCALES = ("en", "zh-Hans")


@pytest.fixture(scope="session")
def screen() -> Iterator[Screen]:
    """Yield a display; without the programs for one the tests are skipped, in continuous integration they fail."""
    missing = [name for name in (*NEEDED, QGIS) if shutil.which(name) is None]
    if missing:
        reason = f"no window: {', '.join(missing)} not installed"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with open_screen() as opened:
        yield opened


@pytest.fixture(scope="session")
def plugin_zip(engine_python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the plugin as it is published."""
    return build(tmp_path_factory.mktemp("dist"), engine_python)


@pytest.fixture(scope="module", params=LOCALES)
def locale(request: pytest.FixtureRequest) -> str:
    """Return a language of QGIS."""
    return request.param


@pytest.fixture(scope="module")
def planner(
    screen: Screen,
    plugin_zip: Path,
    engine_python: str,
    town_file: Path,
    locale: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Planner]:
    """Yield somebody at a QGIS window with a fresh profile, in which a copy of the toy town is open."""
    folder = tmp_path_factory.mktemp("planner")
    region = Path(shutil.copy(town_file, folder / "town.gpkg"))
    profile = Profile.create(folder / "profiles", plugin_zip, engine=engine_python, locale=locale)
    with open_window(screen, profile) as window:
        planner = Planner(window, region)
        planner.open_region()
        yield planner


@pytest.fixture
def pictures() -> Path:
    """Return the folder for pictures of the window, which are kept for people to look at."""
    return PICTURES
