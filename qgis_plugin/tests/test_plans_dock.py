"""The dock of plans: what its buttons do, with the questions answered by the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gridtwin_qgis.core.open_plans import OpenPlans
from gridtwin_qgis.core.sessions import RegionSessions
from gridtwin_qgis.gui import rebalancing
from gridtwin_qgis.gui.compare_dialog import CompareDialog
from gridtwin_qgis.gui.import_dialog import ImportDialog
from gridtwin_qgis.gui.log_dialog import LogDialog
from gridtwin_qgis.gui.plans_dock import PlansDock
from qgis.core import QgsProject
from qgis.PyQt.QtWidgets import QInputDialog, QMessageBox
from test_engine_task import wait_for
from test_plans import move_one
from test_plans_rebalance import unbalance

ANSWER = QMessageBox.StandardButton


@pytest.fixture
def plans(qgis_app: object, town: Path) -> Iterator[OpenPlans]:
    """Return the plans of the open toy town."""
    sessions = RegionSessions(QgsProject.instance())
    sessions.open(town)
    opened = OpenPlans(sessions)
    yield opened
    opened.close()
    sessions.close()
    QgsProject.instance().clear()


@pytest.fixture
def dock(plans: OpenPlans, warned: list[str]) -> Iterator[PlansDock]:
    """Return the dock."""
    made = PlansDock(plans)
    yield made
    made.close_runs()
    made.show_plans(None)
    made.deleteLater()


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what the planner is warned of."""
    texts: list[str] = []
    for module in ("plans_dock", "rebalancing", "preview", "compare_dialog", "import_dialog", "log_dialog"):
        bar = f"gridtwin_qgis.gui.{module}.MsgBar"
        monkeypatch.setattr(f"{bar}.warning", lambda _title, text="", **_more: texts.append(text))
        monkeypatch.setattr(f"{bar}.info", lambda title, text="", **_more: texts.append(text or title))
    return texts


def answer(monkeypatch: pytest.MonkeyPatch, *, name: str = "", button: QMessageBox.StandardButton = ANSWER.Yes) -> None:
    """Answer the questions of the dock."""
    monkeypatch.setattr(QInputDialog, "getText", lambda *_given, **_more: (name, bool(name)))
    monkeypatch.setattr(QMessageBox, "question", lambda *_given, **_more: button)


def test_branch_switch_rename_remove(dock: PlansDock, plans: OpenPlans, monkeypatch: pytest.MonkeyPatch) -> None:
    """The buttons do to the plans what they say, and the table follows."""
    book = plans.current.book
    answer(monkeypatch, name="variant")
    dock.branch()
    assert [row[0] for row in dock.table.texts()] == ["default", "● variant"]
    dock.switch("default")
    assert book.current == "default"
    dock.table.choose("variant")
    answer(monkeypatch, name="other")
    dock.rename()
    dock.table.choose("other")
    dock.remove()
    assert [row[0] for row in dock.table.texts()] == ["● default"]


@pytest.mark.parametrize("button", [ANSWER.Save, ANSWER.Discard, ANSWER.Cancel])
def test_unsaved_edits_are_asked_about(
    dock: PlansDock, plans: OpenPlans, monkeypatch: pytest.MonkeyPatch, button: QMessageBox.StandardButton
) -> None:
    """Before switching, edits are saved into their plan, dropped, or the planner stays."""
    book = plans.current.book
    book.branch("variant")
    unit, old, new = move_one(book.session)
    answer(monkeypatch, button=button)
    dock.switch("default")
    assert book.current == ("variant" if button == ANSWER.Cancel else "default")
    kept = {ANSWER.Save: new, ANSWER.Discard: old, ANSWER.Cancel: new}[button]
    assert book.assignment("variant")[unit] == kept


def test_refusals_are_told(dock: PlansDock, warned: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be done is said, and nothing changes."""
    answer(monkeypatch, name="default")
    dock.branch()
    dock.remove()
    dock.rebalance()
    assert len(warned) == 3


def test_without_a_region_the_buttons_are_off(qgis_app: object) -> None:
    """A dock without a region says so."""
    sessions = RegionSessions(QgsProject.instance())
    opened = OpenPlans(sessions)
    dock = PlansDock(opened)
    assert not any(button.isEnabled() for button in dock.buttons.values())
    opened.close()
    sessions.close()


def test_closing_a_region_lets_go_of_it(dock: PlansDock, plans: OpenPlans) -> None:
    """When its layers are removed, the region's plans are shown no more."""
    QgsProject.instance().removeMapLayers([layer.id() for layer in plans.current.book.session.layers])
    assert plans.current is None
    assert dock.table.rowCount() == 0


def test_comparing_shows_table_and_layer(dock: PlansDock, plans: OpenPlans) -> None:
    """Two plans side by side: a row a community, and the units as a layer with our style."""
    book = plans.current.book
    book.branch("variant")
    move_one(book.session)
    dialog = CompareDialog(book, "default")
    assert (dialog.first.currentText(), dialog.second.currentText()) == ("variant", "default")
    assert dialog.table.texts()[0][2] == "100"
    dialog.add_layer()
    (layer,) = QgsProject.instance().mapLayersByName("variant → default")
    assert layer.labelsEnabled()


def test_importing_a_table(dock: PlansDock, plans: OpenPlans, tmp_path: Path, warned: list[str]) -> None:
    """The dialog guesses the columns, takes the plan, and stays with a reason where it cannot."""
    book = plans.current.book
    path = tmp_path / "their plan.csv"
    units = book.present()
    path.write_text("unit_id,grid_id\n" + "\n".join(map(",".join, units.items())), encoding="utf-8")
    dialog = ImportDialog(book)
    dialog.read(str(tmp_path / "nothing.csv"))
    assert "cannot be read" in dialog.note.text()
    dialog.file.setFilePath(str(path))
    assert (dialog.key.currentText(), dialog.name.text()) == ("unit_id", "their plan")
    dialog.bring_in()
    assert book.assignment("their plan") == units
    again = ImportDialog(book)
    again.file.setFilePath(str(path))
    again.bring_in()
    assert "already" in again.note.text()


def test_importing_from_a_region(dock: PlansDock, plans: OpenPlans, town_file: Path) -> None:
    """The plans of another region are offered."""
    dialog = ImportDialog(plans.current.book)
    dialog.file.setFilePath(str(town_file))
    assert dialog.plan.currentText() == "default"
    dialog.name.setText("theirs")
    dialog.bring_in()
    assert "theirs" in [plan.name for plan in plans.current.book.plans()]


def test_the_log_is_shown_filtered_and_written(dock: PlansDock, plans: OpenPlans, tmp_path: Path) -> None:
    """The newest entry comes first; a filter hides others; an entry selects its units."""
    log, session = plans.current.log, plans.current.book.session
    dialog = LogDialog(log)
    unit, *_ = move_one(session)
    assert dialog.table.rowCount() == 1
    dialog.text.setText("nothing like it")
    assert dialog.table.rowCount() == 0
    dialog.text.setText("")
    dialog.select_units(0)
    assert [f["unit_id"] for f in session.units.selectedFeatures()] == [unit]
    dialog.write(tmp_path / "log.csv")
    assert unit not in (tmp_path / "log.csv").read_text("utf-8-sig")
    assert "move" in (tmp_path / "log.csv").read_text("utf-8-sig")
    dialog.reject()


@pytest.mark.parametrize("accepted", [True, False])
def test_rebalancing_is_accepted_or_rejected(
    dock: PlansDock, plans: OpenPlans, engine_python: str, *, accepted: bool
) -> None:
    """The engine proposes in the background; accepting is one step, rejecting changes nothing, the layer goes."""
    session = plans.current.book.session
    large = unbalance(session)
    before, steps = plans.current.book.present(), session.steps
    session.grids.selectByIds([session.fid_of(large)])
    dock.rebalance()
    wait_for(lambda: dock._rebalancing.preview is not None)
    preview = dock._rebalancing.preview
    assert plans.current.book.present() == before
    assert len(QgsProject.instance().mapLayersByName("Rebalance: proposal")) == 1
    assert preview.table.rowCount() == 2
    (preview.carry_out if accepted else preview.reject)()
    assert session.steps == steps + accepted
    assert (session.counts.outside == 0) is accepted
    assert QgsProject.instance().mapLayersByName("Rebalance: proposal") == []
    assert dock._rebalancing.preview is None


def test_nothing_to_rebalance(dock: PlansDock, plans: OpenPlans, engine_python: str, warned: list[str]) -> None:
    """A plan that keeps the bounds needs no proposal."""
    dock.reach.setCurrentIndex(dock.reach.findData(rebalancing.ALL))
    dock.rebalance()
    wait_for(lambda: warned)
    assert "nothing to change" in warned[0]
