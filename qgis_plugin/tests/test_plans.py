"""Plans: which there are, branch, switch, rename, remove; nothing that was kept is ever lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from gridtwin_qgis.core.errors import EditRefusedError, SaveError
from gridtwin_qgis.core.plans import PlanBook, PlanError, fitted
from gridtwin_qgis.core.region_project import open_region
from gridtwin_qgis.core.session import RegionSession
from qgis.core import QgsProject


@pytest.fixture
def session(qgis_app: object, town: Path) -> Iterator[RegionSession]:
    """Return the toy town, open for editing."""
    opened = RegionSession(open_region(town))
    yield opened
    opened.close()
    QgsProject.instance().clear()


@pytest.fixture
def book(session: RegionSession) -> Iterator[PlanBook]:
    """Return the plans of the toy town."""
    plans = PlanBook(session)
    yield plans
    plans.close()


def move_one(session: RegionSession) -> tuple[str, str, str]:
    """Move a unit into another grid of its community; return unit, old and new grid."""
    unit = min(session.register, key=lambda unit: unit.unit_id)
    other = min(
        u.grid_id for u in session.register if u.community_id == unit.community_id and u.grid_id != unit.grid_id
    )
    with session.edit("move"):
        session.assign_units([unit.fid], other)
    return unit.unit_id, unit.grid_id, other


def current_of_file(session: RegionSession) -> str:
    """Return the plan that somebody who opens the file finds current."""
    plans = PlanBook(session)
    plans.close()
    return plans.current


def test_the_plan_of_the_file_is_current(book: PlanBook) -> None:
    """A region with one plan opens with that plan, its bounds and the number of its grids."""
    (plan,) = book.plans()
    assert (plan.name, plan.is_current, plan.minimum, plan.maximum) == ("default", True, 300, 500)
    assert plan.grids == len(book.session.counts)


def test_branch_takes_unsaved_edits_along(book: PlanBook, session: RegionSession) -> None:
    """A branch of the plan that is worked on holds its edits; the plan stays as it was saved."""
    before = book.present()
    unit, old, new = move_one(session)
    book.branch("variant")
    assert book.current == "variant"
    assert book.assignment("variant")[unit] == new
    assert book.assignment("default") == before
    assert before[unit] == old


def test_switch_brings_every_layer_along(book: PlanBook, session: RegionSession) -> None:
    """After switching, units, buildings and grids show the other plan, and are saved."""
    first = book.present()
    book.branch("variant")
    unit, _, new = move_one(session)
    session.save()
    book.switch("default")
    assert book.present() == first
    assert not session.is_modified
    homes = {f["unit_id"]: f["grid_id"] for f in session.buildings.getFeatures()}
    assert homes == first
    book.switch("variant")
    assert book.present() == {**first, unit: new}
    assert session.counts.total_grids == session.counts.total_buildings


def test_switch_back_and_forth_keeps_polygons(book: PlanBook, session: RegionSession) -> None:
    """Polygons of the grids are the same after switching away and back."""
    shapes = {f["grid_id"]: f.geometry() for f in session.grids.getFeatures()}
    book.branch("variant")
    move_one(session)
    session.save()
    book.switch("default")
    again = {f["grid_id"]: f.geometry() for f in session.grids.getFeatures()}
    assert shapes.keys() == again.keys()
    assert all(shapes[key].symDifference(again[key]).area() < 1e-6 for key in shapes)


def test_switch_makes_and_removes_grids_with_their_columns(book: PlanBook, session: RegionSession) -> None:
    """A grid that only one plan has comes back with its name, purpose and lock."""
    kept = book.present()
    east = [unit for unit in session.register if unit.community_id == "110108001002"]
    gone = max(unit.grid_id for unit in east)
    stays = min(unit.grid_id for unit in east)
    fid = session.fid_of(gone)
    with session.edit("name"):
        session.grids.changeAttributeValue(fid, session.grids.fields().lookupField("name"), "Campus East")
        session.grids.changeAttributeValue(fid, session.grids.fields().lookupField("purpose"), "campus")
    session.save()
    book.branch("merged")
    with session.edit("merge"):
        session.assign_units([unit.fid for unit in east], stays)
    session.save()
    assert session.counts.fid_of(gone) is None
    book.switch("default")
    assert book.present() == kept
    grid = session.grids.getFeature(session.fid_of(gone))
    assert (grid["name"], grid["purpose"], grid["code"]) == ("Campus East", "campus", gone)


def test_a_locked_grid_comes_back_locked(book: PlanBook, session: RegionSession) -> None:
    """The lock of a grid that a switch makes anew is put back after its units are in it."""
    east = [unit for unit in session.register if unit.community_id == "110108001002"]
    gone, stays = max(unit.grid_id for unit in east), min(unit.grid_id for unit in east)
    book.branch("merged")
    with session.edit("merge"):
        session.assign_units([unit.fid for unit in east], stays)
    session.save()
    book.switch("default")
    with session.edit("lock"):
        session.set_grid_locked(gone, True)
    session.save()
    with pytest.raises(EditRefusedError):
        book.switch("merged")
    with session.edit("unlock"):
        session.set_grid_locked(gone, False)
    session.save()
    book.switch("merged")
    assert session.counts.fid_of(gone) is None


def test_switch_refuses_while_edits_are_unsaved(book: PlanBook, session: RegionSession) -> None:
    """Unsaved edits are asked about, never dropped."""
    book.branch("variant")
    unit, _, new = move_one(session)
    with pytest.raises(PlanError, match="not saved"):
        book.switch("default")
    assert book.present()[unit] == new


def test_saving_keeps_the_plan(book: PlanBook, session: RegionSession, town: Path) -> None:
    """What is saved is the plan that is worked on, also for a planner who opens the file anew."""
    unit, _, new = move_one(session)
    session.save(stop=True)
    rows = {r["unit_id"]: r["grid_id"] for r in book.tables.rows("assignments") if r["plan"] == "default"}
    assert rows[unit] == new
    assert rows == book.present()


def test_rollback_returns_to_the_plan_of_the_file(book: PlanBook, session: RegionSession) -> None:
    """When edits that went into a branch are dropped, the plan that fits the layers is current again."""
    move_one(session)
    book.branch("variant")
    session.roll_back()
    assert book.current == "default"


def test_the_current_plan_is_found_again(book: PlanBook, session: RegionSession, town: Path) -> None:
    """Opening a file again finds the plan that was worked on, by what its layers show."""
    book.branch("variant")
    move_one(session)
    session.save()
    assert current_of_file(session) == "variant"
    book.switch("default")
    assert current_of_file(session) == "default"


def test_equal_plans_the_one_switched_to_is_current(book: PlanBook, session: RegionSession) -> None:
    """Of two plans that are equal, the one switched to last is found again."""
    book.branch("same")
    assert current_of_file(session) == "same"
    book.switch("default")
    assert current_of_file(session) == "default"


@pytest.mark.parametrize("name", ["", "  ", "default"])
def test_names_are_unique_and_not_empty(book: PlanBook, name: str) -> None:
    """A plan needs a name of its own."""
    with pytest.raises(PlanError):
        book.branch(name)


def test_rename_and_remove(book: PlanBook) -> None:
    """Plans can be renamed and, when not worked on, removed."""
    book.branch("variant")
    book.rename("default", "2026")
    assert [plan.name for plan in book.plans()] == ["2026", "variant"]
    with pytest.raises(PlanError):
        book.remove("variant")
    book.remove("2026")
    assert Counter(row["plan"] for row in book.tables.rows("assignments")).keys() == {"variant"}


def test_an_unknown_plan_is_named(book: PlanBook) -> None:
    """A plan that is not there is an error that names it."""
    with pytest.raises(PlanError, match="nowhere"):
        book.switch("nowhere")


def test_bring_in_lists_all_faults(book: PlanBook) -> None:
    """An assignment that is no plan is refused with everything that is wrong with it."""
    units = list(book.present())
    wrong = dict.fromkeys(units[1:], "g1") | {"stranger": "g1"}
    with pytest.raises(PlanError) as caught:
        book.bring_in("wrong", wrong)
    for words in ("without a grid: 1", "unknown to the region: 1 (stranger)", "several communities: 1 (g1)"):
        assert words in str(caught.value)


def test_plans_hold_units_that_were_divided_since() -> None:
    """Pieces of a unit are where the unit was."""
    assert fitted({"u1": "a", "u2": "b"}, ["u1.1", "u1.2.3", "u2", "u9"]) == {"u1.1": "a", "u1.2.3": "a", "u2": "b"}


def test_a_table_edited_by_hand_is_not_written(book: PlanBook, session: RegionSession) -> None:
    """While somebody edits the table of plans, plans cannot be changed, and the error says so."""
    session.region["plans"].startEditing()
    with pytest.raises(SaveError, match="by hand"):
        book.branch("variant")
    session.region["plans"].rollBack()
