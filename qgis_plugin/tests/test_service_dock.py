"""The dock of services: asks the engine in the background, shows layers and tables, closes streets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gridtwin_qgis.core.coverage import filter_of
from gridtwin_qgis.gui.host import PluginHost
from gridtwin_qgis.gui.reach_page import ReachPage
from gridtwin_qgis.gui.service_dock import ServiceDock, add_service_dock
from gridtwin_qgis.tools.close_street import nearest_street
from qgis.core import QgsPointXY, QgsProject
from test_engine_task import wait_for


@pytest.fixture
def host(qgis_iface: object, town: Path) -> Iterator[PluginHost]:
    """Return the window with the toy town open."""
    made = PluginHost(qgis_iface)
    made.sessions.open(town)
    yield made
    made.unload()
    QgsProject.instance().clear()


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what the planner is warned of."""
    texts: list[str] = []
    monkeypatch.setattr(
        "gridtwin_qgis.gui.reach_page.MsgBar.warning", lambda _title, text="", **_more: texts.append(text)
    )
    return texts


@pytest.fixture
def page(host: PluginHost, warned: list[str]) -> Iterator[ReachPage]:
    """Return the page of services."""
    made = ReachPage(host)
    made.form.check_kinds(("clinic",))
    made.form.minutes.setText("10")
    yield made
    made.close()


def bridge_at(page: ReachPage) -> object:
    """Return the bridge, found by a click near it."""
    return nearest_street(page._streets(), QgsPointXY(425, 103), 10)


def test_coverage_is_measured_in_the_background(page: ReachPage, engine_python: str, town: Path) -> None:
    """Service areas, coverage and uncovered households come as layers in a group and as tables."""
    page.form.minutes.setText("1")
    page.measure()
    assert page._runs.is_busy
    wait_for(lambda: not page._runs.is_busy)
    assert page.results.coverage.rowCount() > 0
    assert page.results.homes.rowCount() > 0
    (layer,) = QgsProject.instance().mapLayersByName("Uncovered households")
    (rule,) = layer.renderer().rootRule().children()
    assert rule.filterExpression() == filter_of(page.results.limit.currentData())
    group = QgsProject.instance().layerTreeRoot().findGroup("Results")
    assert len(group.findLayers()) == 3
    assert list(town.with_name("town-results").glob("reach-*.gpkg"))
    page.results._zoom_home(page.results.homes.item(0, 0).data(256))


def test_closing_the_bridge_shows_what_changes(page: ReachPage, engine_python: str) -> None:
    """A click closes a street: the table says who is covered no longer; another click opens it again."""
    bridge = bridge_at(page)
    page.toggle_street(bridge)
    assert bridge.street_id in page.closed_note.text()
    wait_for(lambda: not page._runs.is_busy)
    rows = page.results.changes.texts()
    assert [row[3:] for row in rows if row[2] == "households" and row[1] == "10 min"] == [["100", "60", "800"]]
    assert page.results.areas.rowCount() >= 1
    page.toggle_street(bridge)
    assert page.closed_note.text() == ""


def test_the_open_streets_are_measured_once(page: ReachPage, engine_python: str) -> None:
    """Closing another street measures on closed streets only; an edit makes what is known old."""
    page.toggle_street(bridge_at(page))
    wait_for(lambda: not page._runs.is_busy)
    assert page._runs._open is not None
    buildings = page._host.sessions.current_region["buildings"]
    buildings.startEditing()
    fid = next(buildings.getFeatures()).id()
    buildings.changeAttributeValue(fid, buildings.fields().lookupField("households"), 7)
    assert page._runs._open is None
    buildings.rollBack()


def test_clicks_while_the_engine_works_wait(page: ReachPage, engine_python: str) -> None:
    """A street closed while the engine is at work is measured next."""
    page.toggle_street(bridge_at(page))
    other = nearest_street(page._streets(), QgsPointXY(50, 0), 5)
    page.toggle_street(other)
    wait_for(lambda: not page._runs.is_busy and page._runs._waiting is None)
    assert other.title in page.results.summary.text()


def test_a_drawn_facility_counts(page: ReachPage, engine_python: str) -> None:
    """A facility drawn in the east covers the east although the region has none there."""
    page.draw_facility(QgsPointXY(650, 105))
    page.measure()
    wait_for(lambda: not page._runs.is_busy)
    assert [drawn.kind for drawn in page.form.drawn] == ["clinic"]
    assert page.form.source.currentData() == "drawn"
    assert page.results.coverage.rowCount() > 0


def test_sites_are_proposed(page: ReachPage, engine_python: str) -> None:
    """Sites come as a layer and a table in the order in which to build them."""
    page.site_form.count.setValue(2)
    page.site_form.minutes.setValue(3)
    page.propose()
    wait_for(lambda: not page._runs.is_busy)
    assert [row[0] for row in page.results.sites.texts()] == ["1", "2"]


def test_what_cannot_be_asked_is_said(page: ReachPage, warned: list[str]) -> None:
    """No number, nothing selected, no kind: each is said, and the engine is not called."""
    page.form.minutes.setText("soon")
    page.measure()
    page.form.minutes.setText("5")
    page.form.source.setCurrentIndex(page.form.source.findData("selected"))
    page.measure()
    page.form.check_kinds(())
    page.propose()
    page.draw_facility(QgsPointXY(0, 0))
    assert len(warned) == 4
    assert not page._runs.is_busy


def test_cancelling_leaves_nothing(page: ReachPage, engine_python: str, town: Path, warned: list[str]) -> None:
    """A cancelled run adds no layer and no file, and says nothing more."""
    page.measure()
    page._runs.cancel()
    wait_for(lambda: not page._runs.is_busy)
    assert page.results.coverage.rowCount() == 0
    assert not town.with_name("town-results").exists()
    assert warned == []


def test_a_street_must_be_near(page: ReachPage) -> None:
    """A click far from every street means none."""
    assert nearest_street(page._streets(), QgsPointXY(50, 50), 10) is None


def test_the_dock_holds_its_pages(host: PluginHost) -> None:
    """The dock shows one tab a page, and further pages fit beside."""
    add_service_dock(host)
    page = ReachPage(host)
    dock = ServiceDock([page, page])
    assert [dock.tabs.tabText(n) for n in range(dock.tabs.count())] == ["Services", "Services"]
    page.close()
