"""How long a planner waits: opening a city, counting after an edit, undo, the alarms.

``python qgis_plugin/benchmarks/latency.py`` (a Python that has QGIS) generates cities of about 1,000, 10,000 and
100,000 buildings by the engine (``GRIDTWIN_PYTHON``, else ``.venv``), edits them at random, and prints p50 and p95.
Cities are kept in ``--folder`` for the next run.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1]
sys.path.insert(0, str(FOLDER))

HOUSEHOLDS = {1_000: 25_000, 10_000: 220_000, 100_000: 2_250_000}  # that give about so many buildings
ROUNDS = 300
SHIFT_M = 15.0
GOALS = {"count": 5.0, "overlap and gap": 50.0}
MAKE_CITY = """
import sys, pyproj
from benchmarks.city import CRS, generate_city
from gridtwin.commands.divide import with_plan
from gridtwin.grids import DivideParams, divide_region
from gridtwin.region import Provenance, Region
region = Region({}, pyproj.CRS(CRS), "City").with_layers(generate_city(int(sys.argv[1])), Provenance("generated"))
plan = divide_region(region.layers, params=DivideParams(minimum=300, maximum=500), date="2026-01-01")
with_plan(region, plan, name="default", date="2026-01-01").write(sys.argv[2])
"""


class Clock:
    """Times of named actions in milliseconds."""

    def __init__(self) -> None:
        self.times: defaultdict[str, list[float]] = defaultdict(list)

    def measure(self, name: str, action: Callable[[], Any]) -> Any:
        """Do something and keep how long it took."""
        started = time.perf_counter()
        result = action()
        self.times[name].append((time.perf_counter() - started) * 1e3)
        return result

    def quantile(self, name: str, share: float) -> float:
        """Return the time that ``share`` of the actions did not exceed."""
        times = sorted(self.times[name])
        return times[min(int(len(times) * share), len(times) - 1)]


def city(buildings: int, folder: Path) -> Path:
    """Return a city with a plan, made now or in an earlier run."""
    path = folder / f"city-{buildings}.gpkg"
    if not path.exists():
        root = FOLDER.parent
        python = os.environ.get("GRIDTWIN_PYTHON") or str(root / ".venv" / "bin" / "python")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "QGIS_", "PROJ_", "GDAL_"))}
        command = [python, "-c", MAKE_CITY, str(HOUSEHOLDS[buildings]), str(path)]
        subprocess.run(command, check=True, env=environment, cwd=root)
    return path


def edit_at_random(session: Any, clock: Clock) -> None:
    """Move vertices, undo, paint units and correct households, and time each."""
    rnd = random.Random(1)
    fids, units = sorted(session.counts), sorted(unit.fid for unit in session.register)
    rows = sorted(session.counts.ledger.index.rows)
    column = session.buildings.fields().lookupField("households")
    session.start_editing()
    for _ in range(ROUNDS):
        fid = rnd.choice(fids)
        moved = with_vertex_moved(session.counts.outline(fid), rnd)
        clock.measure("preview", lambda fid=fid, moved=moved: session.counts.preview(fid, moved))
        clock.measure("move a vertex", lambda fid=fid, moved=moved: move(session, fid, moved))
        clock.measure("overlap and gap", session.cover.update)
        clock.measure("undo", session.undo)
        session.cover.update()
        unit = session.register[rnd.choice(units)]
        near = session.counts.ledger.grids_near(
            next(iter(session.register.outlines([unit.fid]).values())).boundingBox()
        )
        grids = [g.grid_id for g in map(session.counts.grid, near) if g.community_id == unit.community_id]
        clock.measure("paint a unit", lambda unit=unit, grids=grids: paint(session, unit.fid, rnd.choice(grids)))
        clock.measure("undo a paint", session.undo)
        building = rnd.choice(rows)
        clock.measure(
            "households", lambda b=building: session.buildings.changeAttributeValue(b, column, rnd.randrange(90))
        )
    assert session.counts.ledger.balanced
    session.roll_back()


def with_vertex_moved(outline: Any, rnd: random.Random) -> Any:
    """Return an outline with one vertex elsewhere, so that it does not cross itself."""
    from qgis.core import QgsGeometry

    while True:
        moved = QgsGeometry(outline)
        number = rnd.randrange(moved.constGet().nCoordinates() - 1)
        corner = moved.vertexAt(number)
        shift = rnd.uniform(-SHIFT_M, SHIFT_M), rnd.uniform(-SHIFT_M, SHIFT_M)
        moved.moveVertex(corner.x() + shift[0], corner.y() + shift[1], number)
        if moved.isGeosValid():
            return moved


def move(session: Any, fid: int, outline: Any) -> None:
    """Give a grid another polygon as QGIS's vertex tool does."""
    session.grids.beginEditCommand("vertex tool")
    session.grids.changeGeometry(fid, outline)
    session.grids.endEditCommand()


def paint(session: Any, unit: int, grid_id: str) -> None:
    """Put a unit into a grid."""
    with session.edit("paint"):
        session.assign_units([unit], grid_id)


def time_counting(session: Any, clock: Clock) -> None:
    """Time what of a step is counting, each time it happens."""
    refresh = session.counts.refresh

    def timed() -> None:
        if session.counts.is_waiting:
            clock.measure("count", refresh)
        else:
            refresh()

    session.counts.refresh = timed


def run(buildings: int, folder: Path) -> None:
    """Measure one city and print its table."""
    from gridtwin_qgis.core.region_project import open_region
    from gridtwin_qgis.core.session import RegionSession
    from qgis.core import QgsProject

    clock = Clock()
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(shutil.copy(city(buildings, folder), scratch))
        region = clock.measure("open the layers", lambda: open_region(path))
        used = time.process_time()
        session = clock.measure("load and count", lambda: RegionSession(region))
        used = (time.process_time() - used) * 1e3
        print(f"\n{len(session.counts.ledger.index.rows):,} buildings, {len(session.register):,} units, "
              f"{len(session.counts):,} grids; load: {used:.0f} ms of processor time")  # fmt: skip
        time_counting(session, clock)
        edit_at_random(session, clock)
        for name in clock.times:
            goal = f"  goal {GOALS[name]:.0f}" if name in GOALS else ""
            middle, high = clock.quantile(name, 0.5), clock.quantile(name, 0.95)
            print(f"  {name:<16} p50 {middle:9.2f} ms   p95 {high:9.2f} ms{goal}")
        session.close()
        QgsProject.instance().clear()


def main() -> None:
    """Measure all sizes."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=list(HOUSEHOLDS), choices=list(HOUSEHOLDS))
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "gridtwin-cities")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    from qgis.core import QgsApplication

    application = QgsApplication([], False)
    application.initQgis()
    for size in options.sizes:
        run(size, options.folder)
    application.exitQgis()


if __name__ == "__main__":
    main()
