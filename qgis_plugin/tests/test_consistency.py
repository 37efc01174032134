"""Polygons and keys follow each other whichever tool edits, in one undo step over all layers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from layers import assert_sound, snapshot
from qgis.core import QgsFeature, QgsGeometry, QgsPointXY, QgsRectangle, QgsVectorLayer

NORTH, WEST, MIDDLE = "110108001001001", "110108001001002", "110108001001003"
EAST = "110108001002001"


@pytest.fixture
def session(town: Path, qgis_new_project: None) -> Iterator[Any]:
    """Return the toy town being edited."""
    from gridtwin_qgis.core.region_project import open_region
    from gridtwin_qgis.core.session import RegionSession

    opened = RegionSession(open_region(town))
    opened.start_editing()
    yield opened
    if opened.is_editing:
        opened.roll_back()
    opened.close()


@pytest.fixture
def whole(session: Any) -> QgsGeometry:
    """Return what the grids cover at first."""
    return QgsGeometry.unaryUnion([f.geometry() for f in session.grids.getFeatures()])


@pytest.fixture
def notices(session: Any) -> list[str]:
    """Return the list that collects every notice to the planner."""
    texts: list[str] = []
    session.noticed.connect(texts.append)
    return texts


def box(x0: float, y0: float, x1: float, y1: float) -> QgsGeometry:
    """Return a rectangle."""
    return QgsGeometry.fromRect(QgsRectangle(x0, y0, x1, y1))


def column(layer: QgsVectorLayer, name: str) -> int:
    """Return the number of a column."""
    return layer.fields().lookupField(name)


def unit(number: int) -> str:
    """Return the key of a unit in the west of the town."""
    return f"110108001001-{number:05d}"


def grid_of(session: Any, number: int) -> str:
    """Return the grid of a unit in the west."""
    return session.register.of_key(unit(number)).grid_id


def set_value(layer: QgsVectorLayer, fid: int, name: str, value: object) -> None:
    """Change one value, as the attribute table does."""
    layer.beginEditCommand("attribute table")
    layer.changeAttributeValue(fid, column(layer, name), value)
    layer.endEditCommand()


def indexes(session: Any) -> list[int]:
    """Return where the undo stacks stand."""
    return [layer.undoStack().index() for layer in session.layers]


def test_painted_units_shape_the_grids(session: Any, whole: QgsGeometry) -> None:
    """A unit given another grid in the attribute table leaves the one polygon and joins the other."""
    fid = session.register.of_key(unit(5)).fid
    set_value(session.units, fid, "grid_id", NORTH)
    assert_sound(session, whole)
    outline = session.counts.outline(session.fid_of(NORTH))
    assert outline.isGeosEqual(box(0, 200, 400, 300).combine(box(0, 100, 100, 200)))


def test_a_moved_boundary_takes_units_along(session: Any, whole: QgsGeometry) -> None:
    """Units and buildings between the old and the new boundary change their grid."""
    grids = session.grids
    grids.beginEditCommand("vertex tool")
    grids.changeGeometry(session.fid_of(WEST), box(0, 0, 300, 200))
    grids.changeGeometry(session.fid_of(MIDDLE), box(300, 0, 400, 200))
    grids.endEditCommand()
    assert [grid_of(session, number) for number in (7, 11, 8)] == [WEST, WEST, MIDDLE]
    assert_sound(session, whole)


def test_one_undo_restores_all(session: Any) -> None:
    """Undo on any layer takes back the step on all of them, redo does it again."""
    before = snapshot(session)
    set_value(session.units, session.register.of_key(unit(5)).fid, "grid_id", NORTH)
    after = snapshot(session)
    for layer in session.layers:
        layer.undoStack().undo()
        assert snapshot(session) == before
        layer.undoStack().redo()
        assert snapshot(session) == after
    assert session.steps == 1


def test_every_stack_moves_at_every_step(session: Any) -> None:
    """Steps that change one layer only count on all, so the last step is the last one for every layer."""
    set_value(session.grids, session.fid_of(WEST), "name", "West")
    set_value(session.buildings, 1, "name", "House")
    assert indexes(session) == [2, 2, 2]
    session.units.undoStack().undo()
    assert session.buildings.getFeature(1)["name"] != "House"
    assert session.grids.getFeature(session.fid_of(WEST))["name"] == "West"
    session.undo()
    assert indexes(session) == [0, 0, 0]
    session.undo()
    session.redo()
    session.redo()
    session.redo()
    assert indexes(session) == [2, 2, 2]


def test_a_new_command_ends_what_was_undone(session: Any) -> None:
    """After undo and another edit the former step cannot come back."""
    set_value(session.grids, session.fid_of(WEST), "name", "A")
    set_value(session.grids, session.fid_of(WEST), "name", "B")
    session.undo()
    set_value(session.grids, session.fid_of(WEST), "name", "C")
    session.redo()
    assert session.grids.getFeature(session.fid_of(WEST))["name"] == "C"
    assert session.steps == 2


def test_jumping_in_the_history_moves_all_layers(session: Any) -> None:
    """Clicking a former state in QGIS's undo panel moves every layer there."""
    before = snapshot(session)
    for number in (5, 9):
        set_value(session.units, session.register.of_key(unit(number)).fid, "grid_id", MIDDLE)
    after = snapshot(session)
    session.grids.undoStack().setIndex(0)
    assert snapshot(session) == before
    session.units.undoStack().setIndex(session.units.undoStack().count())
    assert snapshot(session) == after


def test_a_destroyed_command_leaves_nothing(session: Any) -> None:
    """A tool that gives up leaves no trace and no step."""
    before = snapshot(session)
    session.grids.beginEditCommand("given up")
    session.grids.changeGeometry(session.fid_of(WEST), box(0, 0, 10, 10))
    session.grids.destroyEditCommand()
    assert snapshot(session) == before
    assert session.steps == 0
    set_value(session.units, session.register.of_key(unit(5)).fid, "grid_id", NORTH)
    session.undo()
    assert snapshot(session) == before


def test_a_failed_edit_leaves_nothing(session: Any) -> None:
    """An exception in an edit takes all of it back, on every layer."""
    from gridtwin_qgis.core.errors import EditRefusedError

    before = snapshot(session)
    with pytest.raises(EditRefusedError, match="no grid nowhere"), session.edit("paint"):
        session.assign_units([5, 6], NORTH)
        session.assign_units([5], "nowhere")
    assert snapshot(session) == before
    assert session.steps == 0


def test_a_cut_unit_is_listed(session: Any) -> None:
    """A boundary through a unit gives it to the grid with its households and lists its shares."""
    grids = session.grids
    grids.beginEditCommand("vertex tool")
    grids.changeGeometry(session.fid_of(WEST), box(0, 0, 270, 200))
    grids.changeGeometry(session.fid_of(MIDDLE), box(270, 0, 400, 200))
    grids.endEditCommand()
    assert session.cut_units == {
        unit(7): {WEST: pytest.approx(7000), MIDDLE: pytest.approx(3000)},
        unit(11): {WEST: pytest.approx(7000), MIDDLE: pytest.approx(3000)},
    }
    assert grid_of(session, 7) == WEST
    session.undo()
    assert session.cut_units == {}


def test_saved_cuts_are_found_again(session: Any, town: Path) -> None:
    """A region that was saved with a cut unit knows it when it is opened again."""
    from gridtwin_qgis.core.session import RegionSession

    session.grids.beginEditCommand("vertex tool")
    session.grids.changeGeometry(session.fid_of(WEST), box(0, 0, 270, 200))
    session.grids.changeGeometry(session.fid_of(MIDDLE), box(270, 0, 400, 200))
    session.grids.endEditCommand()
    session.save()
    again = RegionSession(session.region)
    assert set(again.cut_units) == {unit(7), unit(11)}
    again.close()


def test_an_empty_cut_unit_goes_by_area(session: Any) -> None:
    """Without households the larger piece decides."""
    for building in session.counts.ledger.index.of_unit[unit(7)]:
        set_value(session.buildings, building, "households", 0)
    session.grids.beginEditCommand("vertex tool")
    session.grids.changeGeometry(session.fid_of(WEST), box(0, 0, 230, 200))
    session.grids.changeGeometry(session.fid_of(MIDDLE), box(230, 0, 400, 200))
    session.grids.endEditCommand()
    assert grid_of(session, 7) == MIDDLE


def test_painting_mends_a_cut_unit(session: Any, whole: QgsGeometry) -> None:
    """A cut unit that is put into a grid becomes whole; other grids keep their pieces of others until then."""
    session.grids.beginEditCommand("vertex tool")
    session.grids.changeGeometry(session.fid_of(WEST), box(0, 0, 270, 200))
    session.grids.changeGeometry(session.fid_of(MIDDLE), box(270, 0, 400, 200))
    session.grids.endEditCommand()
    set_value(session.units, session.register.of_key(unit(7)).fid, "grid_id", MIDDLE)
    assert set(session.cut_units) == {unit(11)}
    assert session.counts.outline(session.fid_of(MIDDLE)).area() == pytest.approx(33_000)
    with session.edit("paint"):
        session.assign_units([session.register.of_key(unit(11)).fid], MIDDLE)
    assert_sound(session, whole)


def test_a_split_grid_gets_its_own_code(session: Any, whole: QgsGeometry) -> None:
    """QGIS's "split features" copies the key; the new part gets the next code and its units."""
    session.grids.selectByIds([session.fid_of(WEST)])
    session.grids.beginEditCommand("split features")
    session.grids.splitFeatures([QgsPointXY(100, -10), QgsPointXY(100, 210)], False)
    session.grids.endEditCommand()
    assert "110108001001004" in {f["grid_id"] for f in session.grids.getFeatures()}
    assert_sound(session, whole)
    session.undo()
    assert len(session.counts) == 5
    assert_sound(session, whole)


def test_a_pasted_grid_gets_a_code_and_a_community(session: Any) -> None:
    """A polygon that is pasted without keys belongs to the community under it."""
    session.grids.deleteFeature(session.fid_of(EAST))
    feature = QgsFeature(session.grids.fields())
    feature.setGeometry(box(450, 0, 650, 200))
    session.grids.addFeature(feature)
    pasted = session.counts.grid(session.fid_of("110108001002003"))
    assert (pasted.community_id, pasted.code, pasted.households) == ("110108001002", "110108001002003", 400)


def test_a_deleted_grid_leaves_its_units_free(session: Any, whole: QgsGeometry) -> None:
    """Units and buildings of a deleted grid are in none, until another takes the place."""
    session.grids.deleteFeature(session.fid_of(WEST))
    assert grid_of(session, 5) == ""
    building = next(iter(session.counts.ledger.index.of_unit[unit(5)]))
    assert session.counts.ledger.index.rows[building].grid_id == ""
    session.grids.changeGeometry(session.fid_of(MIDDLE), box(0, 0, 400, 200))
    assert grid_of(session, 5) == MIDDLE
    assert_sound(session, whole)


def test_a_grid_without_units_goes(session: Any) -> None:
    """A grid that has lost its last unit is removed, and undo brings it back."""
    with session.edit("merge"):
        session.assign_units(session.register.of_grid(WEST), MIDDLE)
    assert session.counts.fid_of(WEST) is None
    session.undo()
    assert session.counts.fid_of(WEST) is not None


def test_a_reshaped_unit_reshapes_its_grid(session: Any) -> None:
    """Grids are the union of their units, also when a unit gets another outline or is removed."""
    fid = session.register.of_key(unit(1)).fid
    session.units.changeGeometry(fid, box(0, 200, 100, 350))
    assert session.counts.outline(session.fid_of(NORTH)).area() == pytest.approx(45_000)
    session.units.deleteFeature(fid)
    assert session.counts.outline(session.fid_of(NORTH)).area() == pytest.approx(30_000)
    session.undo()
    session.undo()
    assert session.counts.outline(session.fid_of(NORTH)).area() == pytest.approx(40_000)


def test_a_moved_building_changes_unit_and_grid(session: Any) -> None:
    """A building that is moved or drawn gets the unit and the grid that it stands in."""
    session.buildings.changeGeometry(1, box(340, 40, 360, 60))
    row = session.buildings.getFeature(1)
    assert (row["unit_id"], row["grid_id"]) == (unit(12), MIDDLE)
    session.buildings.changeGeometry(1, box(9000, 40, 9020, 60))
    row = session.counts.ledger.index.rows[1]
    assert (row.unit_id, row.grid_id) == ("", "")


def test_a_building_cannot_leave_its_unit(session: Any, notices: list[str]) -> None:
    """``grid_id`` of one building among others is put back; the planner is told why."""
    extra = QgsFeature(session.buildings.fields())
    extra.setGeometry(box(10, 210, 20, 220))
    session.buildings.addFeature(extra)
    fid = next(b for b in session.counts.ledger.index.of_unit[unit(1)] if b > 0)
    set_value(session.buildings, fid, "grid_id", WEST)
    assert session.buildings.getFeature(fid)["grid_id"] == NORTH
    assert unit(1) in notices[-1]


def test_the_only_building_takes_its_unit_along(session: Any, whole: QgsGeometry) -> None:
    """``grid_id`` given to all buildings of a unit moves the unit and the polygons."""
    building = next(iter(session.counts.ledger.index.of_unit[unit(1)]))
    set_value(session.buildings, building, "grid_id", WEST)
    assert grid_of(session, 1) == WEST
    assert_sound(session, whole)


@pytest.mark.parametrize("wanted", ["nowhere", EAST])
def test_impossible_moves_are_put_back(session: Any, notices: list[str], wanted: str) -> None:
    """A unit cannot be put into an unknown grid or one of another community by hand."""
    before = snapshot(session)
    set_value(session.units, session.register.of_key(unit(5)).fid, "grid_id", wanted)
    assert snapshot(session) == before
    assert wanted in notices[-1]


def test_locks_hold(session: Any, notices: list[str]) -> None:
    """Locked units and grids refuse every move, by tools with an error and by hand with a notice."""
    from gridtwin_qgis.core.errors import EditRefusedError

    fid = session.register.of_key(unit(5)).fid
    with session.edit("lock"):
        session.set_unit_locked(fid, True)
        session.set_grid_locked(MIDDLE, True)
    for target, text in ((NORTH, "is locked"), (MIDDLE, "are locked")):
        other = fid if target == NORTH else session.register.of_key(unit(6)).fid
        with pytest.raises(EditRefusedError, match=text), session.edit("paint"):
            session.assign_units([other], target)
        set_value(session.units, other, "grid_id", target)
        assert text in notices[-1]
    for change in (session.set_grid_geometry, lambda fid, _outline: session.delete_grid(MIDDLE)):
        with pytest.raises(EditRefusedError, match="are locked"), session.edit("draw"):
            change(session.fid_of(MIDDLE), box(0, 0, 1, 1))


def test_drawn_grids_through_the_session(session: Any, whole: QgsGeometry) -> None:
    """Polygons set in one edit are one step, and a grid can be deleted in it."""
    with session.edit("merge by drawing"):
        session.set_grid_geometry(session.fid_of(WEST), box(0, 0, 400, 200))
        session.delete_grid(MIDDLE)
    assert session.steps == 1
    assert_sound(session, whole)


def test_steps_say_what_moved(session: Any) -> None:
    """Every step tells its name, the units that moved and their households, whichever tool made it."""
    steps: list[Any] = []
    session.stepped.connect(steps.append)
    set_value(session.units, session.register.of_key(unit(5)).fid, "grid_id", NORTH)
    assert (steps[0].text, steps[0].moved, steps[0].households_moved) == (
        "attribute table",
        ((unit(5), WEST, NORTH),),
        100,
    )
    session.undo()
    assert len(steps) == 1


def test_layers_are_edited_together(session: Any) -> None:
    """Editing starts and ends on all three layers, whichever of them QGIS is told to."""
    states: list[bool] = []
    session.editing_changed.connect(states.append)
    session.units.rollBack()
    assert not any(layer.isEditable() for layer in session.layers)
    session.buildings.startEditing()
    assert session.is_editing
    assert states == [False, True]


def test_rolling_back_restores_all(session: Any) -> None:
    """Dropping the edits of one layer drops those of all."""
    before = snapshot(session)
    set_value(session.units, session.register.of_key(unit(5)).fid, "grid_id", NORTH)
    assert session.is_modified
    session.grids.rollBack()
    assert snapshot(session) == before
    assert session.counts.households(session.fid_of(WEST)) == 400


@pytest.mark.parametrize("stop", [True, False])
def test_saving_one_layer_saves_all(session: Any, town: Path, stop: bool) -> None:
    """QGIS's save button on one layer writes all three."""
    set_value(session.units, session.register.of_key(unit(5)).fid, "grid_id", NORTH)
    assert session.grids.commitChanges(stop)
    assert not session.is_modified
    assert session.is_editing is not stop
    fresh = {name: QgsVectorLayer(f"{town}|layername={name}", name, "ogr") for name in ("units", "buildings", "grids")}
    assert next(f["grid_id"] for f in fresh["units"].getFeatures() if f["unit_id"] == unit(5)) == NORTH
    figures = {
        f["grid_id"]: (f["households"], f["buildings"], f["persons"], f["area_m2"])
        for f in fresh["grids"].getFeatures()
    }
    assert figures[NORTH] == (500, 5, 1300, pytest.approx(50_000))
    assert session.steps == 0


def test_saved_figures_say_what_is_wrong(session: Any, town: Path) -> None:
    """A grid that left its bounds is saved with the reason code that no repair has been tried."""
    with session.edit("paint"):
        session.assign_units([session.register.of_key(unit(n)).fid for n in (5, 9)], NORTH)
    session.save(stop=True)
    rows = {f["grid_id"]: f for f in session.grids.getFeatures()}
    assert rows[NORTH]["violations"].startswith("NOT_REPAIRED: 600 households, 100 above")
    assert rows[WEST]["violations"].startswith("NOT_REPAIRED: 200 households, 100 below")
    assert str(rows[MIDDLE]["violations"]) == "NULL"
    assert str(rows[NORTH]["reock"]) == "NULL"
    assert str(rows[MIDDLE]["reock"]) != "NULL"


def test_units_are_saved_with_their_households(session: Any) -> None:
    """Households that a planner corrects reach the unit when they are saved."""
    building = next(iter(session.counts.ledger.index.of_unit[unit(5)]))
    set_value(session.buildings, building, "households", 130)
    session.save()
    assert session.units.getFeature(session.register.of_key(unit(5)).fid)["households"] == 130


def test_editing_goes_on_after_saving(session: Any, whole: QgsGeometry) -> None:
    """New features keep working with the numbers that they got in the file."""
    with session.edit("new grid"):
        grid_id = session.new_grid("110108001001")
        session.assign_units(session.register.of_grid(WEST), grid_id)
    session.save()
    with session.edit("and back"):
        session.assign_units(session.register.of_grid(grid_id), NORTH)
    assert_sound(session, whole)
    session.undo()
    assert_sound(session, whole)


def test_a_save_that_fails_keeps_the_edits(session: Any, notices: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """When a layer cannot be written the planner is told, and every step can still be undone."""
    from gridtwin_qgis.core.errors import SaveError

    before = snapshot(session)
    set_value(session.units, session.register.of_key(unit(5)).fid, "grid_id", NORTH)
    monkeypatch.setattr(session.grids, "commitChanges", lambda _stop: False)
    with pytest.raises(SaveError, match="your edits are kept"):
        session.save()
    assert session.is_modified
    while session.steps:
        session.undo()
    assert snapshot(session) == before


def test_codes_are_never_used_again(session: Any) -> None:
    """A new code follows the highest that the community ever had, and 999 is the last."""
    from gridtwin_qgis.core.errors import EditRefusedError

    assert session.next_code("110108001001") == "110108001001004"
    codes = session.region["grid_codes"]
    codes.startEditing()
    for code in ("110108001001017", "110108001002999"):
        row = QgsFeature(codes.fields())
        row["code"] = code
        codes.addFeature(row)
    assert session.next_code("110108001001") == "110108001001018"
    with pytest.raises(EditRefusedError, match="used up"):
        session.next_code("110108001002")
    codes.rollBack()


def test_the_first_code_of_a_community(session: Any) -> None:
    """A community without grids begins with its own code, one without a code with its key."""
    for grid_id in (EAST, "110108001002002"):
        session.grids.deleteFeature(session.fid_of(grid_id))
    codes = session.region["grid_codes"]
    codes.startEditing()
    codes.deleteFeatures([f.id() for f in codes.getFeatures()])
    assert session.next_code("110108001002") == "110108001002001"
    assert session.next_code("elsewhere") == "elsewhere001"
    codes.rollBack()


def test_a_region_that_may_only_be_read(town: Path, qgis_new_project: None) -> None:
    """Editing a file without leave to write is refused with the names of the layers."""
    from gridtwin_qgis.core.errors import EditRefusedError
    from gridtwin_qgis.core.region_project import open_region
    from gridtwin_qgis.core.session import RegionSession

    opened = RegionSession(open_region(town))
    for layer in opened.layers:
        layer.setReadOnly(True)
    with pytest.raises(EditRefusedError, match="Units"):
        opened.start_editing()
    notices: list[str] = []
    opened.noticed.connect(notices.append)
    opened.units.setReadOnly(False)
    opened.units.startEditing()
    assert "Grids" in notices[0]
    opened.units.rollBack()
    opened.close()


@pytest.mark.parametrize("seed", range(4))
def test_any_edits_by_any_tool_stay_consistent(session: Any, whole: QgsGeometry, seed: int) -> None:
    """Forty steps of units painted by tool or table, with undo and redo between, tile the town at every moment."""
    rnd, before = random.Random(seed), snapshot(session)
    for _ in range(40):
        action, chosen = rnd.randrange(5), session.register[rnd.choice([u.fid for u in session.register])]
        grids = [g for g in (session.counts.grid(f) for f in session.counts) if g.community_id == chosen.community_id]
        if action == 0:
            session.undo()
        elif action == 1:
            session.redo()
        elif action == 2:
            with session.edit("paint"):
                session.assign_units([chosen.fid], rnd.choice(grids).grid_id)
        elif action == 3:
            set_value(session.units, chosen.fid, "grid_id", rnd.choice(grids).grid_id)
        else:
            with session.edit("new"):
                session.assign_units([chosen.fid], session.new_grid(chosen.community_id))
        assert session.counts.ledger.balanced
    assert_sound(session, whole)
    while session.steps:
        session.undo()
    assert snapshot(session) == before
