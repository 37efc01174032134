"""The dock shows the balance of the grids while the planner draws."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsApplication, QgsGeometry, QgsProject, QgsRectangle
from qgis.PyQt.QtCore import QCoreApplication, QModelIndex, QPoint, Qt
from qgis.PyQt.QtGui import QImage, QPainter
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QFileDialog

NORTH, WEST, MIDDLE = "110108001001001", "110108001001002", "110108001001003"


@pytest.fixture
def dock(plugin: Any, town: Path, qgis_new_project: None) -> Iterator[Any]:
    """Return the dock of the started plugin with the toy town open."""
    from gridtwin_qgis.gui.balance_dock import BalanceDock
    from gridtwin_qgis.gui.open_region import show_region

    assert show_region(plugin.host, str(town))
    docks = [
        w for w in QApplication.allWidgets() if isinstance(w, BalanceDock) and w.session is plugin.host.sessions.current
    ]
    (found,) = docks
    yield found
    session = plugin.host.sessions.current
    if session is not None and session.is_editing:
        session.roll_back()
    QgsProject.instance().clear()


@pytest.fixture
def session(plugin: Any, dock: Any) -> Any:
    """Return the session that the dock shows."""
    session = plugin.host.sessions.current
    session.start_editing()
    return session


def box(x0: float, y0: float, x1: float, y1: float) -> QgsGeometry:
    """Return a rectangle."""
    return QgsGeometry.fromRect(QgsRectangle(x0, y0, x1, y1))


def rows(dock: Any) -> list[tuple[str, ...]]:
    """Return the texts of the table as it is shown."""
    model = dock.table.model()
    return [tuple(model.index(r, c).data() for c in range(model.columnCount())) for r in range(model.rowCount())]


def wait_for(condition: Callable[[], bool]) -> None:
    """Let QGIS work until something holds."""
    end = time.monotonic() + 20
    while not condition() and time.monotonic() < end:
        QCoreApplication.processEvents()
    assert condition()


def test_the_table_lists_every_grid(dock: Any) -> None:
    """Each grid has its row with code, households, purpose and pieces, sorted by code."""
    assert [row[0] for row in rows(dock)] == [NORTH, WEST, MIDDLE, "110108001002001", "110108001002002"]
    assert rows(dock)[0] == (NORTH, "400", "", "", "", "general")
    assert "2,000" in dock.totals.text()
    assert "=" in dock.totals.text()
    assert dock.outside.text().startswith("0 of 5")
    assert "No overlap" in dock.cover.text()


def test_the_table_follows_edits(dock: Any, session: Any) -> None:
    """Only rows of changed grids are updated, with difference and totals."""
    updated: list[tuple[int, int]] = []
    dock.model.dataChanged.connect(lambda first, last: updated.append((first.row(), last.row())))
    with session.edit("paint"):
        session.assign_units([session.register.of_key(f"110108001001-{n:05d}").fid for n in (5, 9)], NORTH)
    assert sorted(updated) == [(0, 0), (1, 1)]
    assert rows(dock)[0][1:3] == ("600", "+100")
    assert rows(dock)[1][1:3] == ("200", "-100")
    assert dock.outside.text().startswith("2 of 5")
    session.undo()
    assert rows(dock)[0][1:3] == ("400", "")


def test_new_and_removed_grids_come_and_go(dock: Any, session: Any) -> None:
    """A new grid gets a row and one that is merged away loses it; undo reverses both."""
    with session.edit("merge"):
        session.assign_units(session.register.of_grid(WEST), MIDDLE)
    assert WEST not in [row[0] for row in rows(dock)]
    session.undo()
    assert WEST in [row[0] for row in rows(dock)]
    with session.edit("new"):
        session.assign_units([session.register.of_key("110108001001-00005").fid], session.new_grid("110108001001"))
    assert "110108001001004" in [row[0] for row in rows(dock)]


def test_the_alarm_says_overlap_and_gap(dock: Any, session: Any) -> None:
    """Grids that overlap make the sums differ, in words and figures."""
    session.grids.changeGeometry(session.fid_of(WEST), box(0, 0, 300, 200))
    wait_for(lambda: "Overlap" in dock.cover.text())
    assert "≠" in dock.totals.text()
    assert "200 counted twice" in dock.totals.text()
    assert "20,000 m²" in dock.cover.text()
    session.grids.changeGeometry(session.fid_of(WEST), box(0, 0, 100, 200))
    assert "200 in no grid" in dock.totals.text()


def test_a_torn_grid_shows_its_pieces(dock: Any, session: Any) -> None:
    """A grid in two pieces says so, and is among those with faults."""
    torn = QgsGeometry.collectGeometry([box(0, 0, 50, 200), box(60, 0, 200, 200)])
    session.grids.changeGeometry(session.fid_of(WEST), torn)
    dock.faulty_only.setChecked(True)
    assert [(row[0], row[3]) for row in rows(dock)] == [(WEST, "2")]


def test_locked_and_special_grids(dock: Any, session: Any) -> None:
    """Locks and purposes are shown; a grid without bounds has no difference."""
    with session.edit("lock"):
        session.set_grid_locked(WEST, True)
    session.grids.changeAttributeValue(session.fid_of(MIDDLE), session.grids.fields().lookupField("purpose"), "campus")
    shown = {row[0]: row for row in rows(dock)}
    assert shown[WEST][4] == "locked"
    assert shown[MIDDLE][5] == "campus"
    model = dock.model
    tip = model.index(model.row_of(session.fid_of(MIDDLE)), 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "no bounds" in tip


def test_filter_by_community(dock: Any) -> None:
    """The planner may look at the grids of one community."""
    names = [dock.community.itemText(n) for n in range(dock.community.count())]
    assert names == ["All communities", "East", "West"]
    dock.community.setCurrentIndex(1)
    assert [row[0] for row in rows(dock)] == ["110108001002001", "110108001002002"]
    dock.community.setCurrentIndex(0)
    assert len(rows(dock)) == 5


def test_sorting_by_numbers(dock: Any, session: Any) -> None:
    """Households sort as numbers, not as texts."""
    with session.edit("paint"):
        session.assign_units([session.register.of_key(f"110108001001-{n:05d}").fid for n in (5, 6, 9)], MIDDLE)
    dock.table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert [row[1] for row in rows(dock)] == ["100", "400", "400", "400", "700"]


def test_a_click_zooms_to_the_grid(dock: Any, plugin: Any) -> None:
    """Clicking a row, or Enter on it, shows the grid on the map."""
    canvas = plugin.host.iface.mapCanvas()
    dock.table.show()
    index = dock.table.model().index(1, 0)
    place = dock.table.visualRect(index).center()
    QTest.mouseClick(dock.table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    assert canvas.extent().contains(QgsRectangle(0, 0, 200, 200))
    dock.table.setCurrentIndex(dock.table.model().index(4, 0))
    dock.table.activated.emit(dock.table.currentIndex())
    assert canvas.extent().contains(QgsRectangle(650, 0, 850, 200))


def test_bars_are_painted(dock: Any, session: Any) -> None:
    """The households have a bar in the colour of their status, the longer the more."""
    from gridtwin_qgis.gui.colours import status_colour

    session.grids.changeAttributeValue(session.fid_of(MIDDLE), session.grids.fields().lookupField("purpose"), "campus")
    table = dock.table
    table.resize(600, 300)
    image = QImage(table.viewport().size(), QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    table.viewport().render(painter, QPoint())
    painter.end()
    for row in (0, 2):
        cell = table.visualRect(table.model().index(row, 1))
        colour = status_colour(dock.model.state(dock.filter.mapToSource(table.model().index(row, 1)).row()).status)
        assert image.pixelColor(cell.left() + 8, cell.top() + 4) == colour


def test_the_model_answers_only_what_is_asked(dock: Any) -> None:
    """The table has no child rows, no vertical titles and nothing for other roles."""
    model = dock.model
    inside = model.index(0, 0)
    assert (model.rowCount(inside), model.columnCount(inside)) == (0, 0)
    assert model.headerData(0, Qt.Orientation.Vertical) is None
    assert model.headerData(1, Qt.Orientation.Horizontal) == "Households"
    assert "Households of" in model.headerData(1, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert model.headerData(1, Qt.Orientation.Horizontal, Qt.ItemDataRole.DecorationRole) is None
    assert inside.data(Qt.ItemDataRole.DecorationRole) is None
    assert model.data(QModelIndex()) is None


def test_faults_are_found_in_the_background(dock: Any, session: Any, plugin: Any) -> None:
    """The check lists faults in words, and a click on one shows its place."""
    session.grids.changeGeometry(session.fid_of(WEST), box(0, 0, 200, 250))
    dock.problems.button.click()
    assert dock.problems.heading.text() == "Checking…"
    wait_for(lambda: dock.problems.list.count() > 0)
    texts = [dock.problems.list.item(n).text() for n in range(dock.problems.list.count())]
    assert f"Grids {NORTH}, {WEST} overlap: 10,000 m²" in texts
    dock.problems.list.itemActivated.emit(
        dock.problems.list.item(texts.index(f"Grids {NORTH}, {WEST} overlap: 10,000 m²"))
    )
    assert plugin.host.iface.mapCanvas().extent().contains(QgsRectangle(0, 200, 200, 250))


def test_a_sound_plan_has_no_faults(dock: Any) -> None:
    """The check of a seamless plan says that there is nothing."""
    dock.problems.check()
    wait_for(lambda: dock.problems.heading.text() == "No faults")


def test_a_check_stops_with_its_region(dock: Any) -> None:
    """Another region ends a check that still runs."""
    dock.problems.check()
    dock.show_session(None)
    wait_for(lambda: QgsApplication.taskManager().countActiveTasks() == 0)
    assert dock.problems.list.count() == 0
    dock.problems.check()
    assert dock.problems.heading.text() == "Not checked yet"


def test_notices_reach_the_message_bar(dock: Any, session: Any, plugin: Any) -> None:
    """What was put back by the plugin is said in the message bar."""
    unit = session.register.of_key("110108001001-00005").fid
    session.units.changeAttributeValue(unit, session.units.fields().lookupField("grid_id"), "nowhere")
    messages = plugin.host.iface.messageBar().messages
    assert any("nowhere" in text for texts in messages.values() for text in map(str, texts))


def test_without_a_region_the_dock_says_so(dock: Any) -> None:
    """When the region leaves the project the table is empty."""
    QgsProject.instance().clear()
    assert rows(dock) == []
    assert "Open a region" in dock.totals.text()


def test_two_regions_take_turns(dock: Any, plugin: Any, town: Path, tmp_path: Path) -> None:
    """The dock shows the region of the active layer."""
    other = Path(shutil.copy(town, tmp_path / "other.gpkg"))
    second = plugin.host.sessions.open(other)
    session = plugin.host.sessions.current
    assert session.region is second
    with session.edit("paint"):
        session.assign_units([session.register.of_key("110108001001-00005").fid], NORTH)
    assert rows(dock)[0][1] == "500"
    plugin.host.sessions.follow(plugin.host.sessions.regions[0]["grids"])
    assert rows(dock)[0][1] == "400"
    session.roll_back()


def test_opening_by_the_dialog(
    plugin: Any, town: Path, qgis_new_project: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The action asks for a file and opens it; a cancelled dialog opens nothing."""
    from gridtwin_qgis.gui.open_region import ask_for_region

    answers = iter(["", str(town)])
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args: (next(answers), ""))
    ask_for_region(plugin.host)
    assert plugin.host.sessions.current is None
    ask_for_region(plugin.host)
    assert plugin.host.sessions.current.counts.total_grids == 2000
    QgsProject.instance().clear()


def test_other_files_are_refused_in_the_message_bar(plugin: Any, tmp_path: Path, qgis_new_project: None) -> None:
    """A file that is no region is refused with a message, not an exception."""
    from gridtwin_qgis.gui.open_region import show_region

    assert not show_region(plugin.host, str(tmp_path / "none.gpkg"))
