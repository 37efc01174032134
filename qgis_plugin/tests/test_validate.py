"""The check lists every fault of the polygons with its place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsGeometry, QgsRectangle

NORTH, WEST, MIDDLE = "110108001001001", "110108001001002", "110108001001003"


@pytest.fixture
def session(town: Path, qgis_new_project: None) -> Iterator[Any]:
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


def draw(session: Any, grid_id: str, outline: QgsGeometry) -> None:
    """Give a grid another polygon as the vertex tool does."""
    session.grids.beginEditCommand("vertex tool")
    session.grids.changeGeometry(session.fid_of(grid_id), outline)
    session.grids.endEditCommand()


def problems(session: Any) -> dict[str, list[tuple[tuple[str, ...], float]]]:
    """Return what the check finds, by kind."""
    from gridtwin_qgis.core.validate import Snapshot, find_problems

    found: dict[str, list[tuple[tuple[str, ...], float]]] = {}
    for problem in find_problems(Snapshot.of(session), lambda _share: None, lambda: False):
        assert not problem.place.isEmpty()
        found.setdefault(problem.fault.value, []).append((problem.keys, round(problem.amount)))
    return found


def test_a_plan_of_the_engine_has_no_fault(session: Any) -> None:
    """Grids as the engine divides a town are seamless, whole and within their communities."""
    assert problems(session) == {}


def test_overlaps(session: Any) -> None:
    """Two grids over one block are named with the area that they share."""
    draw(session, WEST, box(0, 0, 200, 250))
    assert problems(session)["overlap"] == [((NORTH, WEST), 10_000)]


def test_gaps(session: Any) -> None:
    """What no grid covers is listed by community, each gap by itself."""
    draw(session, WEST, box(50, 0, 200, 190))
    found = problems(session)
    assert found["gap"] == [(("110108001001",), 11_500)]


def test_a_community_without_grids_is_not_a_gap(session: Any) -> None:
    """A community that is not divided has no gap, but its units are in no grid."""
    session.grids.deleteFeatures([session.fid_of(f"11010800100200{n}") for n in (1, 2)])
    found = problems(session)
    assert "gap" not in found
    assert len(found["unit_astray"]) == 8


def test_pieces(session: Any) -> None:
    """A torn grid is listed with the number of its pieces."""
    draw(session, MIDDLE, QgsGeometry.collectGeometry([box(200, 0, 400, 90), box(200, 110, 400, 200)]))
    assert problems(session)["pieces"] == [((MIDDLE,), 2)]


def test_outlines_that_cross_themselves(session: Any) -> None:
    """A grid drawn as a figure of eight is listed, and what it overlaps is found all the same."""
    draw(session, MIDDLE, QgsGeometry.fromWkt("POLYGON((200 0, 400 200, 400 0, 100 300, 200 0))"))
    found = problems(session)
    assert [keys for keys, _ in found["crosses_itself"]] == [(MIDDLE,)]
    assert (NORTH, MIDDLE) in [keys for keys, _ in found["overlap"]]


def test_grids_beyond_their_community(session: Any) -> None:
    """A grid that crosses the border of its community is listed with the area beyond it."""
    draw(session, MIDDLE, box(200, 0, 500, 200))
    assert problems(session)["outside_community"] == [((MIDDLE,), 20_000)]


def test_changed_locked_grids(session: Any) -> None:
    """A locked grid that another tool has changed since the last saving is listed; others are not."""
    with session.edit("lock"):
        session.set_grid_locked(WEST, True)
    session.save()
    draw(session, WEST, box(0, 0, 190, 200))
    draw(session, MIDDLE, box(190, 0, 400, 200))
    assert problems(session)["locked_changed"] == [((WEST,), 2_000)]


def test_cut_units(session: Any) -> None:
    """Units that a boundary cuts are listed with their smaller piece."""
    draw(session, WEST, box(0, 0, 170, 200))
    draw(session, MIDDLE, box(170, 0, 400, 200))
    keys = ("110108001001-00006", "110108001001-00010")
    assert problems(session)["unit_cut"] == [((key,), 3_000) for key in keys]


@pytest.mark.parametrize("after", [0, 3, 5])
def test_a_check_can_be_stopped(session: Any, after: int) -> None:
    """A cancelled check returns nothing."""
    from gridtwin_qgis.core.validate import Snapshot, find_problems

    draw(session, WEST, box(0, 0, 200, 250))
    asked: list[None] = []

    def cancelled() -> bool:
        asked.append(None)
        return len(asked) > after

    assert find_problems(Snapshot.of(session), lambda _share: None, cancelled) == ()


def test_progress_reaches_the_end(session: Any) -> None:
    """The check tells how far it is, up to all."""
    from gridtwin_qgis.core.validate import Snapshot, find_problems

    shares: list[float] = []
    find_problems(Snapshot.of(session), shares.append, lambda: False)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
