"""A long session of random edits, with undo and redo, ends sound and leads back to the start."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from layers import assert_sound, snapshot
from qgis.core import QgsGeometry, QgsRectangle

OPERATIONS = 200
HOUSEHOLDS = 5000
MAKE_CITY = """
import sys
sys.path.insert(0, sys.argv[3])
from benchmarks.city import generate_city
from gridtwin.grids import DivideParams, divide_region
from gridtwin.commands.divide import with_plan
from gridtwin.region import Provenance, Region
layers = generate_city(int(sys.argv[2]))
region = Region({}, layers["buildings"].crs, "City").with_layers(layers, Provenance("generated"))
plan = divide_region(region.layers, params=DivideParams(minimum=300, maximum=500), date="2026-01-01")
with_plan(region, plan, name="default", date="2026-01-01").write(sys.argv[1])
"""


@pytest.fixture(scope="module")
def city_file(engine_python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a generated city with a plan, as a region file."""
    path = tmp_path_factory.mktemp("city") / "city.gpkg"
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "QGIS_", "PROJ_", "GDAL_"))}
    root = Path(__file__).parents[2]
    call = [engine_python, "-I", "-c", MAKE_CITY, str(path), str(HOUSEHOLDS), str(root)]
    subprocess.run(call, check=True, env=environment)
    return path


@pytest.fixture
def session(city_file: Path, tmp_path: Path, qgis_new_project: None) -> Iterator[Any]:
    """Return the city being edited."""
    from gridtwin_qgis.core.region_project import open_region
    from gridtwin_qgis.core.session import RegionSession

    opened = RegionSession(open_region(shutil.copy(city_file, tmp_path / "city.gpkg")))
    opened.start_editing()
    yield opened
    opened.roll_back()
    opened.close()


class Planner:
    """Does anything at all to the grids of a session."""

    def __init__(self, session: Any, seed: int) -> None:
        from gridtwin_qgis.core import operations

        self.session, self.random, self.do = session, random.Random(seed), operations

    def acts(self) -> dict[str, Callable[[], object]]:
        """Return what can be done, by name."""
        return {
            "paint units": self.paint_units,
            "paint buildings": self.paint_buildings,
            "move": lambda: self.move(cut=False),
            "move and cut": lambda: self.move(cut=True),
            "draw": lambda: self.draw(cut=False),
            "draw and cut": lambda: self.draw(cut=True),
            "split": lambda: self.split(cut=self.random.random() < 0.5),
            "merge": self.merge,
            "lock": self.lock,
            "undo": self.session.undo,
            "redo": self.session.redo,
        }

    def grid(self) -> Any:
        """Return any grid."""
        counts = self.session.counts
        return counts.grid(self.random.choice(sorted(counts, key=lambda fid: counts.grid(fid).grid_id)))

    def neighbour(self, fid: int) -> Any:
        """Return any grid beside or near another."""
        counts = self.session.counts
        near = counts.ledger.grids_near(counts.outline(fid).boundingBox())
        return counts.grid(self.random.choice(sorted(near)))

    def paint_units(self) -> None:
        """Put up to three units of a grid into a grid near it."""
        source = self.grid()
        units = sorted(self.session.register.of_grid(source.grid_id))
        chosen = self.random.sample(units, min(len(units), self.random.randint(1, 3)))
        self.do.paint_units(self.session, chosen, self.neighbour(source.fid).grid_id)

    def paint_buildings(self) -> None:
        """Put a few buildings of a grid into a grid near it."""
        source = self.grid()
        members = sorted(self.session.counts.ledger.members(source.fid))
        chosen = self.random.sample(members, min(len(members), self.random.randint(1, 3)))
        self.do.paint_buildings(self.session, chosen, self.neighbour(source.fid).grid_id)

    def vertex(self, fid: int) -> tuple[float, float]:
        """Return any vertex of a grid."""
        from gridtwin_qgis.core.boundaries import rings_of

        return self.random.choice(rings_of(self.session.counts.outline(fid))[0])

    def near(self, point: tuple[float, float], metres: float) -> tuple[float, float]:
        """Return a place near another."""
        return tuple(c + self.random.uniform(-metres, metres) for c in point)

    def move(self, *, cut: bool) -> None:
        """Pull a boundary from somewhere to somewhere near, the first of ten that can be moved so."""
        from gridtwin_qgis.core.boundaries import Mover, take_hold
        from gridtwin_qgis.core.errors import EditRefusedError

        counts = self.session.counts
        for _ in range(10):
            at = self.vertex(self.grid().fid)
            where = self.near(at, 5.0)
            box = QgsRectangle(where[0], where[1], where[0], where[1]).buffered(10.0)
            outlines = {fid: counts.outline(fid) for fid in counts.ledger.grids_near(box)}
            with suppress(EditRefusedError):
                move = Mover(take_hold(outlines, where, 10.0)).to(self.near(at, 80.0), alone=self.random.random() < 0.3)
                if move.valid:
                    self.do.move_boundary(self.session, move.areas, cut=cut)
                    return
        raise EditRefusedError("no boundary can be moved")

    def draw(self, *, cut: bool) -> None:
        """Draw a grid around a place."""
        x, y = self.vertex(self.grid().fid)
        west, south, east, north = (self.random.uniform(30, 150) for _ in range(4))
        box = QgsGeometry.fromRect(QgsRectangle(x - west, y - south, x + east, y + north))
        box.rotate(self.random.uniform(0, 90), box.centroid().asPoint())
        self.do.draw_grid(self.session, box, cut=cut)

    def split(self, *, cut: bool) -> None:
        """Draw a line across a grid."""
        grid = self.grid()
        box = self.session.counts.outline(grid.fid).boundingBox()
        across = self.random.uniform(0.3, 0.7), self.random.uniform(0.3, 0.7)
        start = (box.xMinimum() + across[0] * box.width(), box.yMinimum() - 1)
        end = (box.xMinimum() + across[1] * box.width(), box.yMaximum() + 1)
        self.do.split_grid(self.session, grid.grid_id, [start, end], cut=cut)

    def merge(self) -> None:
        """Merge a grid with one near it."""
        grid = self.grid()
        self.do.merge_grids(self.session, grid.grid_id, self.neighbour(grid.fid).grid_id)

    def lock(self) -> None:
        """Lock a grid, or unlock it."""
        grid = self.grid()
        self.do.set_locked(self.session, grid.grid_id, not grid.locked and self.random.random() < 0.3)


@pytest.mark.parametrize("seed", [1, 2])
def test_random_session(session: Any, seed: int) -> None:
    """Two hundred edits keep every sum and every border; undone, the layers are as they were, to the last bit."""
    from gridtwin_qgis.core.errors import EditRefusedError

    start, done = snapshot(session), Counter()
    whole = QgsGeometry.unaryUnion([f.geometry() for f in session.grids.getFeatures()])
    planner = Planner(session, seed)
    while sum(done.values()) < OPERATIONS:
        name, act = planner.random.choice(list(planner.acts().items()))
        before = session.steps
        try:
            act()
            done[name] += 1
        except EditRefusedError:
            assert session.steps == before, "a refused edit leaves nothing to undo"
        if sum(done.values()) % 10 == 0:
            assert_sound(session, whole)
    assert_sound(session, whole)
    assert min(done[name] for name in planner.acts()) > 0, done
    end = snapshot(session)
    steps = session.steps
    while session.steps:
        session.undo()
    assert snapshot(session) == start
    while session.steps < steps:
        session.redo()
    assert snapshot(session) == end
