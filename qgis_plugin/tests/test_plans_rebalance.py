"""Rebalancing by the engine: the snapshot holds unsaved edits, a proposal changes nothing, accepting is one step."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from gridtwin_qgis.core.plan_store import StoredPlan
from gridtwin_qgis.core.plans import PlanBook, PlanError
from gridtwin_qgis.core.rebalance import accept, neighbours, prepare_snapshot, read_proposal, rebalance_arguments
from gridtwin_qgis.core.session import RegionSession
from gridtwin_qgis.engine.snapshot import Snapshot
from qgis.core import QgsFeature, QgsVectorLayer
from test_plans import book, session

__all__ = ["book", "session"]


def unbalance(session: RegionSession) -> str:
    """Put all units of the east but one into one grid; return the grid that is too large."""
    east = sorted((u for u in session.register if u.community_id == "110108001002"), key=lambda u: u.unit_id)
    large, small = min(u.grid_id for u in east), max(u.grid_id for u in east)
    moving = [unit for unit in east if unit.grid_id == small][:-1]
    with session.edit("unbalance"):
        session.assign_units([unit.fid for unit in moving], large)
    return large


def rebalanced(book: PlanBook, engine_python: str, folder: Path, free: frozenset[str] | None) -> Path:
    """Return the region that the engine makes of the open one."""
    region, out = folder / "in.gpkg", folder / "out.gpkg"
    Snapshot.of(book.session.region.layers.values()).write(region)
    prepare_snapshot(region, book.stored(), book.present(), free)
    call = [engine_python, "-I", "-m", "gridtwin", *rebalance_arguments(region, out, book.current, 4.0)]
    done = subprocess.run(call, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder for the engine."""
    made = tmp_path / "engine"
    made.mkdir()
    return made


def test_accepting_restores_the_bounds_in_one_step(
    book: PlanBook, session: RegionSession, engine_python: str, folder: Path
) -> None:
    """The proposal mends grids that unsaved edits broke; accepting is one undo step, and nothing changes before."""
    large = unbalance(session)
    edited = book.present()
    assert session.counts.outside == 2
    out = rebalanced(book, engine_python, folder, neighbours(session, {large}))
    proposal = read_proposal(session, out, edited)
    assert book.present() == edited
    assert proposal.difference.households_moved > 0
    assert all(300 <= grid.after <= 500 for grid in proposal.difference.grids)
    steps = session.steps
    accept(book, proposal, "Rebalance")
    assert session.counts.outside == 0
    assert session.steps == steps + 1
    assert session.counts.total_grids == session.counts.total_buildings
    session.undo()
    assert book.present() == edited


def test_grids_that_are_not_free_stay(book: PlanBook, session: RegionSession, engine_python: str, folder: Path) -> None:
    """Only grids that are free to change do; here none is, so nothing is proposed."""
    unbalance(session)
    out = rebalanced(book, engine_python, folder, frozenset())
    assert read_proposal(session, out, book.present()).is_empty


def test_a_stale_proposal_is_refused(book: PlanBook, session: RegionSession, engine_python: str, folder: Path) -> None:
    """When units have moved since the engine was called, the proposal is not carried out."""
    unbalance(session)
    out = rebalanced(book, engine_python, folder, None)
    proposal = read_proposal(session, out, book.present())
    session.undo()
    before = book.present()
    with pytest.raises(PlanError, match="meanwhile"):
        accept(book, proposal, "Rebalance")
    assert book.present() == before


def test_neighbours_are_of_the_same_community(session: RegionSession) -> None:
    """Grids across the river are no neighbours: they are of another community."""
    west = {u.grid_id for u in session.register if u.community_id == "110108001001"}
    near = neighbours(session, {min(west)})
    assert min(west) in near
    assert near <= west


def test_divided_units_are_taken_over(book: PlanBook, session: RegionSession, town: Path, tmp_path: Path) -> None:
    """When the engine divides a unit between its buildings, accepting puts the pieces in its place, undo the unit."""
    before = book.present()
    out = Path(shutil.copy(town, tmp_path / "divided.gpkg"))
    unit_id = min(before)
    other = min(
        u.grid_id for u in session.register if u.community_id == "110108001001" and u.grid_id != before[unit_id]
    )
    building = divide_in_file(out, unit_id, other)
    proposal = read_proposal(session, out, before)
    assert proposal.unit_of == {building: f"{unit_id}.1"}
    assert [(u.unit_id, u.second, u.households) for u in proposal.difference.units] == [(f"{unit_id}.1", other, 100)]
    assert set(proposal.outlines) == {f"{unit_id}.1", f"{unit_id}.2"}
    accept(book, proposal, "Rebalance")
    assert book.present()[f"{unit_id}.1"] == other
    assert unit_id not in book.present()
    assert session.counts.total_grids == session.counts.total_buildings
    homes = {f["building_id"]: (f["unit_id"], f["grid_id"]) for f in session.buildings.getFeatures()}
    assert homes[building] == (f"{unit_id}.1", other)
    session.undo()
    assert book.present() == before


def divide_in_file(path: Path, unit_id: str, other: str) -> str:
    """Divide a unit in a file as the engine does, its building in the piece of grid ``other``; return the building."""
    units = QgsVectorLayer(f"{path}|layername=units", "units", "ogr")
    unit = next(f for f in units.getFeatures() if f["unit_id"] == unit_id)
    outline = unit.geometry()
    box = outline.boundingBox()
    left, right = type(box)(box), type(box)(box)
    left.setXMaximum(box.xMinimum() + 70)
    right.setXMinimum(box.xMinimum() + 70)
    pieces = []
    for number, (side, grid) in enumerate(((left, other), (right, unit["grid_id"])), 1):
        piece = QgsFeature(units.fields())
        piece.setAttributes(unit.attributes())
        piece["fid"] = None
        piece["unit_id"] = f"{unit_id}.{number}"
        piece["grid_id"] = grid
        piece.setGeometry(outline.intersection(type(outline).fromRect(side)))
        pieces.append(piece)
    assert units.dataProvider().deleteFeatures([unit.id()])
    assert units.dataProvider().addFeatures(pieces)[0]
    buildings = QgsVectorLayer(f"{path}|layername=buildings", "buildings", "ogr")
    building = next(f for f in buildings.getFeatures() if f["unit_id"] == unit_id)
    number = buildings.fields().lookupField("unit_id")
    assert buildings.dataProvider().changeAttributeValues({building.id(): {number: f"{unit_id}.1"}})
    return str(building["building_id"])


def test_the_store_keeps_a_plan_without_row(book: PlanBook) -> None:
    """A plan that table ``plans`` does not know is written there when it is saved."""
    book.tables.drop("plans", list(book.tables.found("plans", "plan", "default")))
    assert book.stored() == StoredPlan("default", "", {}, None)
    book.session.units.afterCommitChanges.emit()
    assert [row["plan"] for row in book.tables.rows("plans")] == ["default"]
