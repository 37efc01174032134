"""Two plans side by side, and plans from elsewhere."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from gridtwin_qgis.core.errors import RegionFileError
from gridtwin_qgis.core.plan_compare import compare_plans, difference_layer, table_by_community, unit_homes
from gridtwin_qgis.core.plan_import import (
    ImportRefusedError,
    plan_of_region,
    plan_of_table,
    region_plans,
    table_columns,
)
from gridtwin_qgis.core.plans import PlanBook
from gridtwin_qgis.core.session import RegionSession
from qgis.core import QgsVectorLayer
from test_plans import book, move_one, session

__all__ = ["book", "session"]


def test_a_moved_unit_is_the_difference(book: PlanBook, session: RegionSession) -> None:
    """One unit in another grid: its households, both grids' totals, and its community say so."""
    before = book.present()
    unit, old, new = move_one(session)
    difference = compare_plans(unit_homes(session), before, book.present(), ("a", "b"))
    (change,) = difference.units
    assert (change.unit_id, change.first, change.second, change.households) == (unit, old, new, 100)
    assert difference.households_moved == 100
    assert difference.households == 2000
    totals = {grid.grid_id: (grid.before, grid.after) for grid in difference.grids}
    assert totals[old][0] - totals[old][1] == totals[new][1] - totals[new][0] == 100
    west, east = difference.communities
    assert (west.community_id, west.households_moved, west.units_moved) == ("110108001001", 100, 1)
    assert (east.households, east.households_moved) == (800, 0)


def test_equal_plans_have_no_difference(book: PlanBook, session: RegionSession) -> None:
    """A plan compared with itself moves nobody."""
    same = book.present()
    difference = compare_plans(unit_homes(session), same, same, ("a", "b"))
    assert (difference.units, difference.grids, difference.households_moved) == ((), (), 0)


def test_a_grid_of_one_plan_only(book: PlanBook, session: RegionSession) -> None:
    """A grid that a plan lacks has no households there, not zero."""
    before = book.present()
    east = [unit for unit in session.register if unit.community_id == "110108001002"]
    stays, gone = min(unit.grid_id for unit in east), max(unit.grid_id for unit in east)
    after = {**before, **{unit.unit_id: stays for unit in east}}
    difference = compare_plans(unit_homes(session), before, after, ("a", "b"))
    assert {g.grid_id: (g.before, g.after) for g in difference.grids} == {stays: (400, 800), gone: (400, None)}
    first = difference.communities[0]
    assert (first.grids_before, first.grids_after) == (2, 1)


def test_the_difference_is_a_layer(book: PlanBook, session: RegionSession) -> None:
    """Units in another grid become polygons with both grids and their households."""
    before = book.present()
    unit, old, new = move_one(session)
    difference = compare_plans(unit_homes(session), before, book.present(), ("a", "b"))
    layer = difference_layer(session, difference.units, "a → b")
    (feature,) = layer.getFeatures()
    assert (feature["unit_id"], feature["first"], feature["second"], feature["households"]) == (unit, old, new, 100)
    assert feature.geometry().area() == pytest.approx(10_000)
    assert layer.crs() == session.units.crs()


def test_the_table_by_community(book: PlanBook, session: RegionSession) -> None:
    """The table has a title for each column and a row for each community."""
    before = book.present()
    move_one(session)
    titles, rows = table_by_community(compare_plans(unit_homes(session), before, book.present(), ("a", "b")))
    assert [len(row) for row in rows] == [len(titles)] * 2


def test_import_from_another_region(book: PlanBook, session: RegionSession, town: Path, tmp_path: Path) -> None:
    """A plan of another file of the same units comes in as it is, with its bounds."""
    other = Path(shutil.copy(town, tmp_path / "other.gpkg"))
    first = book.present()
    move_one(session)
    imported = plan_of_region(session, other, "default")
    assert (imported.assignment, imported.by_key, imported.by_place, imported.left) == (first, len(first), 0, ())
    book.bring_in("theirs", imported.assignment, imported.made)
    plan = next(plan for plan in book.plans() if plan.name == "theirs")
    assert (plan.minimum, plan.maximum, plan.is_current) == (300, 500, False)
    session.save()
    book.switch("theirs")
    assert book.present() == first


def test_units_of_other_names_are_found_by_place(session: RegionSession, town: Path, tmp_path: Path) -> None:
    """Where the other region names its units differently, what lies in their place counts."""
    other = Path(shutil.copy(town, tmp_path / "other.gpkg"))
    for name in ("units", "assignments"):
        layer = QgsVectorLayer(f"{other}|layername={name}", name, "ogr")
        number = layer.fields().lookupField("unit_id")
        layer.dataProvider().changeAttributeValues({f.id(): {number: "x" + f["unit_id"]} for f in layer.getFeatures()})
    imported = plan_of_region(session, other, "default")
    assert (imported.by_key, imported.by_place) == (0, len(session.register))
    assert imported.assignment == {unit.unit_id: unit.grid_id for unit in session.register}


@pytest.mark.parametrize(("title", "key"), [("单元编号", "unit_id"), ("building_id", "building_id")])
def test_import_from_a_table(session: RegionSession, tmp_path: Path, title: str, key: str) -> None:
    """A table of units or of buildings is read, its columns guessed, and units that it leaves out stay."""
    present = {unit.unit_id: unit.grid_id for unit in session.register}
    unit_id = min(present)
    building = next(f["building_id"] for f in session.buildings.getFeatures() if f["unit_id"] == unit_id)
    named = {"unit_id": unit_id, "building_id": building}[key]
    path = tmp_path / "plan.csv"
    path.write_text(f"{title},网格编号\n{named},110108001001009\n", encoding="utf-8")
    columns, key_column, grid_column = table_columns(path)
    assert (columns, key_column, grid_column) == ((title, "网格编号"), title, "网格编号")
    imported = plan_of_table(session, path, key_column, grid_column)
    assert imported.assignment == {**present, unit_id: "110108001001009"}
    assert len(imported.left) == len(present) - 1


def test_what_cannot_be_imported_is_said(session: RegionSession, town: Path, tmp_path: Path) -> None:
    """Files without a plan for the region are refused with a reason."""
    path = tmp_path / "plan.csv"
    path.write_text("unit_id,grid_id\nstranger,g\n", encoding="utf-8")
    with pytest.raises(ImportRefusedError, match="names no unit"):
        plan_of_table(session, path, "unit_id", "grid_id")
    with pytest.raises(ImportRefusedError, match="no column"):
        plan_of_table(session, path, "unit_id", "other")
    with pytest.raises(ImportRefusedError, match="no plan"):
        plan_of_region(session, town, "nowhere")
    with pytest.raises(ImportRefusedError, match="as a table"):
        table_columns(tmp_path / "missing.csv")
    with pytest.raises(RegionFileError):
        region_plans(path)
