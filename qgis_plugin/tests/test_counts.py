"""Households of every grid follow the edit buffers, and the books balance at any time."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from qgis.core import QgsFeature, QgsGeometry, QgsPointXY, QgsRectangle, QgsVectorLayer

WEST_NORTH, WEST, MIDDLE = "110108001001001", "110108001001002", "110108001001003"


@pytest.fixture
def session(town: Path, qgis_new_project: None) -> Iterator[object]:
    """Return the toy town being edited."""
    from gridtwin_qgis.core.region_project import open_region
    from gridtwin_qgis.core.session import RegionSession

    opened = RegionSession(open_region(town))
    opened.start_editing()
    yield opened
    opened.roll_back()
    opened.close()


def box(x0: float, y0: float, x1: float, y1: float) -> QgsGeometry:
    """Return a rectangle."""
    return QgsGeometry.fromRect(QgsRectangle(x0, y0, x1, y1))


def households(session: object, grid_id: str) -> int:
    """Return the live households of a grid."""
    return session.counts.households(session.fid_of(grid_id))


def column(layer: QgsVectorLayer, name: str) -> int:
    """Return the number of a column."""
    return layer.fields().lookupField(name)


def building_at(session: object, x: float, y: float) -> int:
    """Return the building of the block at a place."""
    _, found = session.counts.evaluate(box(x - 50, y - 50, x + 50, y + 50))
    return found.pop()


def seen(session: object) -> list[object]:
    """Return the list that collects every signal of the counts."""
    signals: list[object] = []
    session.counts.changed.connect(signals.append)
    return signals


def test_counts_are_those_of_the_plan(session: object) -> None:
    """An opened region has the households that the engine has counted."""
    saved = {f.id(): f["households"] for f in session.grids.getFeatures()}
    assert {fid: session.counts.households(fid) for fid in session.counts} == saved
    assert session.counts.total_grids == session.counts.total_buildings == 2000
    assert len(session.counts) == 5
    assert session.counts.outside == 0


def test_one_signal_a_command(session: object) -> None:
    """A command that changes two polygons is told once, with both grids."""
    signals = seen(session)
    one, two = session.fid_of(WEST), session.fid_of(MIDDLE)
    session.grids.beginEditCommand("move boundary")
    session.grids.changeGeometry(one, box(0, 0, 300, 200))
    session.grids.changeGeometry(two, box(300, 0, 400, 200))
    assert signals == []
    session.grids.endEditCommand()
    assert [(change.changed, change.removed) for change in signals] == [({one, two}, set())]
    assert (households(session, WEST), households(session, MIDDLE)) == (600, 200)


def test_undo_and_redo_count_too(session: object) -> None:
    """Undo brings the former counts back and redo the later ones."""
    session.grids.changeGeometry(session.fid_of(WEST), box(0, 0, 100, 200))
    assert households(session, WEST) == 200
    session.grids.undoStack().undo()
    assert households(session, WEST) == 400
    session.grids.undoStack().redo()
    assert households(session, WEST) == 200


def test_a_gap_leaves_households_unassigned(session: object) -> None:
    """Households that no grid covers are counted as such."""
    session.grids.changeGeometry(session.fid_of(WEST), box(0, 0, 100, 200))
    ledger = session.counts.ledger
    assert (session.counts.total_grids, ledger.unassigned, ledger.double) == (1800, 200, 0)
    assert ledger.balanced


def test_an_overlap_counts_twice(session: object) -> None:
    """Households that two grids cover make the sums differ: the cheapest alarm."""
    session.grids.changeGeometry(session.fid_of(WEST), box(0, 0, 300, 200))
    ledger = session.counts.ledger
    assert (session.counts.total_grids, ledger.unassigned, ledger.double) == (2200, 0, 200)
    assert ledger.balanced


def test_new_and_deleted_grids(session: object) -> None:
    """A deleted grid is gone from the counts, and an undone deletion brings it back."""
    signals, fid = seen(session), session.fid_of(WEST)
    session.grids.deleteFeature(fid)
    assert fid not in session.counts
    assert session.counts.ledger.unassigned == 400
    assert signals[-1].removed == {fid}
    session.undo()
    assert households(session, WEST) == 400


def test_households_of_a_building(session: object) -> None:
    """Another count of a building changes its grid, at once and back by undo."""
    fid = building_at(session, 50, 50)
    session.buildings.changeAttributeValue(fid, column(session.buildings, "households"), 107)
    assert households(session, WEST) == 407
    assert session.counts.total_buildings == 2007
    session.undo()
    assert households(session, WEST) == 400


def test_a_count_under_two_grids(session: object) -> None:
    """A building that two grids cover adds its difference to both, and the books balance."""
    session.grids.changeGeometry(session.fid_of(WEST), box(0, 0, 300, 200))
    fid = building_at(session, 250, 50)
    assert len(session.counts.ledger.homes(fid)) == 2
    session.buildings.changeAttributeValue(fid, column(session.buildings, "households"), 110)
    assert session.counts.ledger.double == 210
    session.buildings.deleteFeature(fid)
    assert session.counts.ledger.double == 100
    assert session.counts.ledger.balanced


def test_buildings_come_move_and_go(session: object) -> None:
    """A new, a moved and a demolished building change the counts of the grids where they stand."""
    new = QgsFeature(session.buildings.fields())
    new.setGeometry(box(60, 60, 70, 70))
    new["building_id"], new["households"] = "new", 30
    session.buildings.addFeature(new)
    assert households(session, WEST) == 430
    fid = min(session.buildings.editBuffer().addedFeatures())
    session.buildings.changeGeometry(fid, box(360, 60, 370, 70))
    assert (households(session, WEST), households(session, MIDDLE)) == (400, 430)
    session.buildings.changeGeometry(fid, box(5000, 0, 5010, 10))
    assert session.counts.ledger.unassigned == 30
    session.buildings.deleteFeature(fid)
    assert session.counts.total_buildings == 2000
    assert session.counts.ledger.balanced


def test_bounds_of_each_grid(session: object) -> None:
    """Own bounds and purposes decide what a count means, and changes of them are told."""
    from gridtwin_qgis.core.bounds import Status

    fid, grids, signals = session.fid_of(WEST), session.grids, seen(session)
    assert (session.counts.grid(fid).status, session.counts.grid(fid).difference) == (Status.WITHIN, 0)
    grids.changeAttributeValue(fid, column(grids, "maximum_households"), 350)
    assert (session.counts.grid(fid).status, session.counts.grid(fid).difference) == (Status.ABOVE, 50)
    assert signals[-1].changed == {fid}
    grids.changeAttributeValue(fid, column(grids, "maximum_households"), 700)
    grids.changeAttributeValue(fid, column(grids, "minimum_households"), 450)
    assert (session.counts.grid(fid).status, session.counts.grid(fid).difference) == (Status.BELOW, -50)
    assert session.counts.outside == 1
    grids.changeAttributeValue(fid, column(grids, "purpose"), "campus")
    assert (session.counts.grid(fid).status, session.counts.grid(fid).difference) == (Status.SPECIAL, 0)


def test_a_grid_without_households(session: object) -> None:
    """A grid over an empty place has no households, which is a class of its own."""
    from gridtwin_qgis.core.bounds import Status

    fid = session.fid_of(WEST)
    session.grids.changeGeometry(fid, box(0, 0, 10, 10))
    assert session.counts.grid(fid).status is Status.NONE


@pytest.mark.parametrize(("count", "shade"), [(300, 1), (350, 1), (351, 2), (400, 2), (500, 4), (450, 3)])
def test_shades_divide_the_bounds(count: int, shade: int) -> None:
    """Grids within the bounds have one of four shades, the more households the darker."""
    from gridtwin_qgis.core.bounds import Bounds
    from gridtwin_qgis.core.bounds import shade as shade_of

    assert shade_of(count, Bounds(300, 500)) == shade


def test_pieces_are_counted(session: object) -> None:
    """A grid in two pieces says so."""
    fid = session.fid_of(WEST)
    torn = QgsGeometry.collectGeometry([box(0, 0, 100, 200), box(300, 0, 400, 200)])
    session.grids.changeGeometry(fid, torn)
    assert session.counts.grid(fid).parts == 2


def test_previews_change_nothing(session: object) -> None:
    """A preview says what a polygon would hold and leaves the counts alone."""
    fid = session.fid_of(WEST)
    assert session.counts.preview(fid, box(0, 0, 300, 200)) == 600
    assert session.counts.evaluate(box(0, 0, 300, 200))[0] == 600
    assert session.counts.evaluate(QgsGeometry())[0] == 0
    assert households(session, WEST) == 400


def test_large_grids_count_the_difference_only(session: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """For many members only buildings between the old and the new outline are looked at, with the same result."""
    from gridtwin_qgis.core import ledger

    monkeypatch.setattr(ledger, "LARGE_GRID", 1)
    fid = session.fid_of(WEST)
    session.grids.changeGeometry(fid, box(0, 0, 300, 200))
    assert households(session, WEST) == 600
    session.grids.changeGeometry(fid, box(100, 0, 300, 100))
    assert households(session, WEST) == 200
    session.undo()
    session.undo()
    assert households(session, WEST) == 400


def test_cover_alarm(session: object) -> None:
    """Square metres covered twice or not at all are known after a command, and gone after undo."""
    cover, west = session.cover, session.fid_of(WEST)
    assert cover.seamless
    session.grids.changeGeometry(west, box(0, 0, 250, 200))
    cover.update()
    assert (cover.overlap_m2, cover.gap_m2) == (pytest.approx(10_000), pytest.approx(0))
    session.grids.changeGeometry(west, box(0, 0, 150, 200))
    cover.update()
    assert (cover.overlap_m2, cover.gap_m2) == (pytest.approx(0), pytest.approx(10_000))
    assert not cover.seamless
    session.undo()
    session.undo()
    cover.update()
    assert cover.seamless
    session.grids.deleteFeature(west)
    cover.update()
    assert cover.gap_m2 == pytest.approx(40_000)


def test_saved_features_keep_their_counts(session: object, town: Path) -> None:
    """New grids and buildings get other numbers when they are saved; their counts stay."""
    with session.edit("new grid"):
        grid_id = session.new_grid("110108001001")
        session.assign_units([1, 2], grid_id)
    new = QgsFeature(session.buildings.fields())
    new.setGeometry(box(60, 260, 70, 270))
    new["building_id"], new["households"] = "new", 30
    session.buildings.addFeature(new)
    assert households(session, grid_id) == 230
    session.save()
    assert session.fid_of(grid_id) > 0
    assert households(session, grid_id) == 230
    assert session.counts.ledger.balanced
    assert min(session.counts.ledger.index.rows) > 0


def test_unsaved_edits_are_read(session: object) -> None:
    """A session that starts on layers with unsaved edits counts these, not the file."""
    from gridtwin_qgis.core.bounds import Bounds
    from gridtwin_qgis.core.counts import LiveCounts

    session.buildings.changeAttributeValue(building_at(session, 50, 50), column(session.buildings, "households"), 107)
    counts = LiveCounts(session.grids, session.buildings, Bounds())
    assert counts.total_buildings == 2007
    counts.close()


def blob_of(geometry: QgsGeometry) -> bytes:
    """Return a geometry as a GeoPackage stores it, without envelope."""
    return b"GP" + bytes([0, 1]) + struct.pack("<i", 32650) + bytes(geometry.asWkb().data())


@pytest.mark.parametrize(
    "wkt",
    [
        "POINT(5 6)",
        "POLYGON((0 0, 4 0, 4 2, 0 2, 0 0))",
        "POLYGON((0 0, 0 8, 8 8, 8 0, 0 0), (1 1, 3 1, 3 3, 1 3, 1 1))",
        "POLYGON Z((0 0 1, 4 0 1, 4 2 1, 0 0 1))",
        "MULTIPOLYGON(((0 0, 4 0, 4 2, 0 2, 0 0)), ((10 10, 11 10, 11 14, 10 10)))",
    ],
)
def test_middles_of_blobs_are_centroids(wkt: str) -> None:
    """The middle read from a file is QGIS's centroid."""
    from gridtwin_qgis.core.blobs import middle_of_blob

    geometry = QgsGeometry.fromWkt(wkt)
    middle = geometry.centroid().asPoint()
    assert middle_of_blob(blob_of(geometry)) == pytest.approx((middle.x(), middle.y()))


def test_other_blobs_have_no_middle() -> None:
    """Lines, empty shapes and bytes that are none have no middle."""
    from gridtwin_qgis.core.blobs import kind_of_blob, middle_of_blob

    line = blob_of(QgsGeometry.fromWkt("LINESTRING(0 0, 1 1)"))
    assert middle_of_blob(line) is None
    assert middle_of_blob(None) is None
    assert middle_of_blob(b"no geometry at all") is None
    assert middle_of_blob(blob_of(QgsGeometry.fromWkt("POLYGON EMPTY"))) is None
    flat = blob_of(QgsGeometry.fromWkt("POLYGON((0 0, 1 0, 0 0))"))
    assert middle_of_blob(flat) is None
    kinds = [kind_of_blob(blob) for blob in (line, None, b"no geometry at all", flat)]
    assert kinds == [2, 0, 0, 3]


@pytest.mark.parametrize("seed", range(12))
def test_the_books_balance_after_any_edits(session: object, seed: int) -> None:
    """Whatever is moved, added or removed: grids + unassigned - double = buildings, and undo restores all."""
    rnd, steps = random.Random(seed), session.steps
    before = {fid: session.counts.households(fid) for fid in session.counts}
    for _ in range(6):
        fid = rnd.choice(list(session.counts))
        building = rnd.choice(list(session.counts.ledger.index.rows))
        x, y = rnd.uniform(0, 800), rnd.uniform(0, 300)
        action = rnd.randrange(5)
        if action == 0:
            session.grids.changeGeometry(fid, box(x, y, x + rnd.uniform(50, 400), y + 150))
        elif action == 1 and len(session.counts) > 1:
            session.grids.deleteFeature(fid)
        elif action == 2:
            session.buildings.changeGeometry(building, box(x, y, x + 10, y + 10))
        elif action == 3:
            session.buildings.deleteFeature(building)
        else:
            session.buildings.changeAttributeValue(
                building, column(session.buildings, "households"), rnd.randrange(300)
            )
        assert session.counts.ledger.balanced
        assert session.counts.ledger.unassigned >= 0
    while session.steps > steps:
        session.undo()
    assert {fid: session.counts.households(fid) for fid in session.counts} == before
    middle = session.counts.ledger.index.point(1)
    assert middle == QgsPointXY(session.buildings.getFeature(1).geometry().centroid().asPoint())
