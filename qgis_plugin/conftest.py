"""Fixtures of all tests of the plugin: the engine, a region that a test may change."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER))

MAKE_TOWN = """
import sys, pyproj
from gridtwin.grids import DivideParams, divide_region
from gridtwin.commands.divide import with_plan
from gridtwin.load.toy import CRS, toy_town
from gridtwin.region import Provenance, Region
region = Region({}, pyproj.CRS(CRS), "Toy town").with_layers(toy_town(), Provenance("toy"))
plan = divide_region(region.layers, params=DivideParams(minimum=300, maximum=500), date="2026-01-01")
with_plan(region, plan, name="default", date="2026-01-01").write(sys.argv[1])
"""


@pytest.fixture(scope="session")
def engine_python() -> str:
    """Return the engine's Python (``GRIDTWIN_PYTHON``, else ``.venv`` beside the plugin).

    Without one the tests are skipped, in continuous integration they fail.
    """
    path = os.environ.get("GRIDTWIN_PYTHON") or str(FOLDER.parent / ".venv" / "bin" / "python")
    if not Path(path).exists():
        reason = f"no engine: {path} is not there"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture(scope="session")
def town_file(engine_python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the toy town with a plan, as a region file that no test changes."""
    path = tmp_path_factory.mktemp("town") / "town.gpkg"
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "QGIS_", "PROJ_", "GDAL_"))}
    subprocess.run([engine_python, "-I", "-c", MAKE_TOWN, str(path)], check=True, env=environment)
    return path


@pytest.fixture
def town(town_file: Path, tmp_path: Path) -> Path:
    """Return a copy of the toy town that a test may change."""
    return Path(shutil.copy(town_file, tmp_path / "town.gpkg"))
