# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast sheets are printed: pages a second of a community, and of a city of 5,000 grids.

    QT_QPA_PLATFORM=offscreen python qgis_plugin/benchmarks/atlas.py [REGION...]

Without regions it has the engine (``GRIDTWIN_PYTHON``, else ``.venv``) generate a community and a city, which takes a
minute. Protocol: each line is one print of the first grids of a region; pages a second are those between the first and
the last page, so that preparing (reading all buildings, writing the layers of the print) is told apart.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from qgis.core import QgsApplication, QgsFeedback, QgsProject

PLUGIN = Path(__file__).resolve().parents[1]
ROOT = PLUGIN.parent
sys.path.insert(0, str(PLUGIN))

from gridtwin_qgis.core.region_project import open_region  # noqa: E402
from gridtwin_qgis.core.sheet_request import Output, Paper, SheetRequest  # noqa: E402
from gridtwin_qgis.core.sheets import print_sheets  # noqa: E402

COMMUNITY_HOUSEHOLDS, CITY_HOUSEHOLDS = 12_000, 2_100_000
PAGES = 20
LEAST_PAGES_A_SECOND, MOST_SECONDS_A_PAGE = 4.0, 1.0  # wanted of a community's PDF, and of a city's

MAKE_CITY = """
import sys
sys.path.insert(0, sys.argv[1])
import pyproj
from benchmarks.city import CRS, generate_city
from gridtwin.commands.divide import with_plan
from gridtwin.grids import DivideParams, divide_region
from gridtwin.region import Provenance, Region
layers = generate_city(int(sys.argv[2]))
region = Region({}, pyproj.CRS(CRS), "City").with_layers(layers, Provenance("generated"))
plan = divide_region(region.layers, params=DivideParams(minimum=300, maximum=500), date="2026-01-01")
with_plan(region, plan, name="default", date="2026-01-01").write(sys.argv[3], overwrite=True)
"""


@dataclass(frozen=True)
class Measured:
    """One print: seconds until the first page was done, and seconds a page after it."""

    prepare_s: float
    page_s: float
    pages: int

    @property
    def pages_a_second(self) -> float:
        """Pages a second, once the print has been prepared."""
        return 1 / self.page_s


def measure(path: Path, output: Output, paper: Paper, pages: int = PAGES) -> Measured:
    """Print the first grids of a region and take the times of their pages."""
    project, feedback, moments = QgsProject(), QgsFeedback(), []
    region = open_region(path, project)
    ids = tuple(sorted(grid["grid_id"] for grid in region["grids"].getFeatures())[:pages])
    feedback.progressChanged.connect(lambda _percent: moments.append(time.perf_counter()))
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        made = print_sheets(region, SheetRequest(Path(folder), paper=paper, output=output, grid_ids=ids), feedback)
        ended = time.perf_counter()
        assert len(made) in (1, len(ids))
    return Measured(moments[0] - started, (ended - moments[0]) / (len(ids) - 1), len(ids))


def generate(folder: Path, households: int) -> Path:
    """Have the engine generate and divide a city; return its region."""
    engine = os.environ.get("GRIDTWIN_PYTHON", str(ROOT / ".venv" / "bin" / "python"))
    path = folder / f"city-{households}.gpkg"
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "QGIS_", "PROJ_", "GDAL_"))}
    subprocess.run([engine, "-I", "-c", MAKE_CITY, str(ROOT), str(households), str(path)], check=True, env=environment)
    return path


def main() -> None:
    """Measure the regions that are given, else a community and a city, and compare with what is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("regions", nargs="*", type=Path)
    given = parser.parse_args().regions
    application = QgsApplication([], True)
    application.initQgis()
    with tempfile.TemporaryDirectory() as scratch:
        regions = given or [generate(Path(scratch), count) for count in (COMMUNITY_HOUSEHOLDS, CITY_HOUSEHOLDS)]
        print(f"wanted: {LEAST_PAGES_A_SECOND:g} pages/s of a community, {MOST_SECONDS_A_PAGE:g} s a page of a city")
        print(f"{'region':24}{'grids':>7} {'files':10}{'paper':6}{'prepare s':>10}{'s a page':>10}{'pages/s':>9}")
        for path in regions:
            count = open_region(path, project := QgsProject())["grids"].featureCount()
            project.clear()
            for output, paper in ((output, paper) for output in Output for paper in Paper):
                found = measure(path, output, paper)
                print(
                    f"{path.name:24}{count:7} {output.value:10}{paper.value:6}"
                    f"{found.prepare_s:10.2f}{found.page_s:10.3f}{found.pages_a_second:9.1f}",
                    flush=True,
                )
    application.exitQgis()


if __name__ == "__main__":
    main()
