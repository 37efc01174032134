"""Operations on grids are one undo step each and leave no gap, no overlap and no household behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from layers import assert_sound, grid_at, snapshot, unit_at
from qgis.core import QgsGeometry, QgsPointXY


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


@pytest.fixture
def whole(session: object) -> QgsGeometry:
    """Return what the grids cover at first, which no edit may change."""
    return QgsGeometry.unaryUnion([f.geometry() for f in session.grids.getFeatures()])


def area(*points: tuple[float, float]) -> QgsGeometry:
    """Return a polygon."""
    return QgsGeometry.fromPolygonXY([[QgsPointXY(*p) for p in (*points, points[0])]])


def box(x0: float, y0: float, x1: float, y1: float) -> QgsGeometry:
    """Return a rectangle."""
    return area((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def households(session: object, x: float, y: float) -> int:
    """Return the live households of the grid at a place."""
    return session.counts.grid(session.fid_of(grid_at(session, x, y))).households


def pulled(session: object, at: tuple[float, float], to: tuple[float, float], **options: bool) -> object:
    """Return the boundary at a place pulled to another."""
    from gridtwin_qgis.core.boundaries import Mover, take_hold

    outlines = {fid: session.counts.outline(fid) for fid in session.counts}
    return Mover(take_hold(outlines, at, 5.0)).to(to, **options)


def test_painting_a_unit_moves_its_households(session: object, whole: QgsGeometry) -> None:
    """A block painted into the grid beside it takes its hundred households along, in one step."""
    from gridtwin_qgis.core.operations import paint_units

    before = snapshot(session)
    paint_units(session, [unit_at(session, 150, 150)], grid_at(session, 250, 150))
    assert households(session, 250, 50) == 500
    assert households(session, 50, 50) == 300
    assert_sound(session, whole)
    assert session.steps == 1
    session.undo()
    assert snapshot(session) == before


def test_painting_refuses_other_communities(session: object) -> None:
    """A unit of the other community stays, and nothing is left to undo."""
    from gridtwin_qgis.core.errors import EditRefusedError
    from gridtwin_qgis.core.operations import paint_units

    before = snapshot(session)
    with pytest.raises(EditRefusedError, match="another community"):
        paint_units(session, [unit_at(session, 500, 150)], grid_at(session, 250, 150))
    assert snapshot(session) == before
    assert session.steps == 0


@pytest.mark.parametrize("locked", ["unit", "grid"])
def test_painting_refuses_what_is_locked(session: object, locked: str) -> None:
    """A locked unit or a unit of a locked grid stays."""
    from gridtwin_qgis.core.errors import EditRefusedError
    from gridtwin_qgis.core.operations import paint_units, set_locked

    unit = unit_at(session, 150, 150)
    if locked == "grid":
        set_locked(session, grid_at(session, 150, 150), True)
    else:
        with session.edit("lock"):
            session.set_unit_locked(unit, True)
    with pytest.raises(EditRefusedError, match="locked"):
        paint_units(session, [unit], grid_at(session, 250, 150))


def test_painting_a_building_cuts_its_unit(session: object, whole: QgsGeometry) -> None:
    """One of two buildings of a block goes to the other grid with the land around it."""
    from gridtwin_qgis.core.operations import paint_buildings

    second = next(f for f in session.buildings.getFeatures() if f.geometry().contains(QgsPointXY(150, 150)))
    first = second.id()
    with session.edit("add"):
        second.setGeometry(box(180, 140, 190, 160))
        second["building_id"], second["households"] = "new", 30
        second["fid"] = None
        session.buildings.addFeature(second)
    before = snapshot(session)
    paint_buildings(session, [second.id()], grid_at(session, 250, 150))
    assert households(session, 250, 50) == 430
    assert households(session, 50, 50) == 400
    assert grid_at(session, 185, 150) == grid_at(session, 250, 150)
    assert grid_at(session, 155, 150) == grid_at(session, 50, 50)
    unit = session.units.getFeature(unit_at(session, 155, 150))
    assert (unit["households"], unit["buildings"]) == (100, 1)
    assert session.buildings.getFeature(first)["unit_id"] == unit["unit_id"]
    assert_sound(session, whole)
    session.undo()
    assert snapshot(session) == before


def test_pulled_boundary_falls_onto_units(session: object, whole: QgsGeometry) -> None:
    """A boundary pulled over the middle of two blocks gives both to the other grid."""
    from gridtwin_qgis.core.operations import move_boundary

    move = pulled(session, (200, 100), (80, 100))
    assert move.valid
    move_boundary(session, move.areas, cut=False)
    assert session.units.featureCount() == 20
    assert households(session, 250, 50) + households(session, 50, 50) == 800
    assert_sound(session, whole)


def test_pulled_boundary_cuts_units(session: object, whole: QgsGeometry) -> None:
    """Cutting, the grids on either side become just what was drawn."""
    from gridtwin_qgis.core.operations import move_boundary

    before = snapshot(session)
    move = pulled(session, (200, 103), (129.5, 101.1))
    move_boundary(session, move.areas, cut=True)
    for fid, outline in move.areas.items():
        assert session.counts.outline(fid).symDifference(outline).area() < 1e-2
    assert session.units.featureCount() > 20
    assert_sound(session, whole)
    session.undo()
    assert snapshot(session) == before


def test_corner_of_three_grids_moves(session: object, whole: QgsGeometry) -> None:
    """The place where three grids meet moves in all of them."""
    from gridtwin_qgis.core.operations import move_boundary

    move = pulled(session, (201, 199), (170.25, 170.75))
    assert len(move.areas) == 3
    move_boundary(session, move.areas, cut=True)
    assert_sound(session, whole)


def test_corner_takes_its_boundaries_along(session: object) -> None:
    """A corner pulled past the next vertices takes them along on every side, unless it shall move alone."""
    move = pulled(session, (201, 199), (80, 120))
    assert move.valid
    drawn = {(round(p.x()), round(p.y())) for p in move.drawn.vertices()}
    assert drawn == {(80, 120), (0, 200), (200, 0), (400, 200)}
    alone = pulled(session, (201, 199), (180, 180), alone=True)
    assert {(round(p.x()), round(p.y())) for p in alone.drawn.vertices()} == {
        (180, 180), (100, 200), (200, 100), (300, 200)
    }  # fmt: skip


def test_boundary_that_leaves_its_grids_is_invalid(session: object) -> None:
    """A boundary pulled out of the two grids says so."""
    assert not pulled(session, (200, 100), (500, 100)).valid
    assert not pulled(session, (200, 100), (150, 250)).valid


def test_outer_corner_stays(session: object) -> None:
    """The end of a boundary on the outer border cannot be taken hold of."""
    from gridtwin_qgis.core.errors import EditRefusedError

    with pytest.raises(EditRefusedError, match="outer border"):
        pulled(session, (200, 0), (190, 10))
    with pytest.raises(EditRefusedError, match="No boundary"):
        pulled(session, (50, 250), (60, 250))


def test_boundary_around_an_enclosed_grid(session: object, whole: QgsGeometry) -> None:
    """A grid within another has a boundary without corners, which moves too."""
    from gridtwin_qgis.core.operations import draw_grid, move_boundary

    draw_grid(session, box(40, 40, 160, 160), cut=True)
    move = pulled(session, (160, 60), (180, 60), alone=True)
    assert move.valid
    move_boundary(session, move.areas, cut=True)
    assert_sound(session, whole)
    assert households(session, 100, 100) == 400


def test_drawn_grid_takes_units_by_majority(session: object, whole: QgsGeometry) -> None:
    """Blocks whose households lie in the outline make the new grid."""
    from gridtwin_qgis.core.operations import draw_grid

    made = draw_grid(session, box(130, 20, 290, 180), cut=False)
    assert made == grid_at(session, 150, 50) == grid_at(session, 250, 150)
    assert households(session, 150, 50) == 400
    assert_sound(session, whole)


def test_drawn_grid_cuts_exactly(session: object, whole: QgsGeometry) -> None:
    """Cutting, the new grid is the outline within its community."""
    from gridtwin_qgis.core.operations import draw_grid

    made = draw_grid(session, box(330.123456, 20, 480, 180), cut=True)
    outline = session.counts.outline(session.fid_of(made))
    assert outline.symDifference(box(330.123, 20, 400, 180)).area() < 1e-2
    assert_sound(session, whole)


def test_drawn_grid_may_replace_another(session: object, whole: QgsGeometry) -> None:
    """A grid whose units were all taken is no more; undone, it is there again."""
    from gridtwin_qgis.core.operations import draw_grid

    before = snapshot(session)
    draw_grid(session, box(200, 0, 400, 200), cut=False)
    assert session.grids.featureCount() == 5
    assert_sound(session, whole)
    session.undo()
    assert snapshot(session) == before


@pytest.mark.parametrize("outline", [box(1000, 1000, 1100, 1100), area((0, 0), (100, 100), (100, 0), (0, 100))])
def test_drawing_nothing_is_refused(session: object, outline: QgsGeometry) -> None:
    """An outline without units, or that crosses itself, makes no grid."""
    from gridtwin_qgis.core.errors import EditRefusedError
    from gridtwin_qgis.core.operations import draw_grid

    with pytest.raises(EditRefusedError):
        draw_grid(session, outline, cut=True)
    assert session.steps == 0


@pytest.mark.parametrize("cut", [False, True])
def test_split_by_a_line(session: object, whole: QgsGeometry, cut: bool) -> None:
    """A line through a grid makes two of it."""
    from gridtwin_qgis.core.operations import split_grid

    old = grid_at(session, 50, 50)
    made = split_grid(session, old, [(110, -10), (90, 110), (110, 210)], cut=cut)
    assert grid_at(session, 30, 50) in (old, made)
    assert grid_at(session, 30, 50) != grid_at(session, 170, 50)
    assert (households(session, 30, 50), households(session, 170, 50)) == (200, 200)
    assert session.units.featureCount() == (24 if cut else 20)
    assert_sound(session, whole)


@pytest.mark.parametrize("line", [[(-10, 150), (90, 150)], [(-10, 150), (110, 150), (110, 50), (-10, 50)]])
def test_split_needs_one_cut(session: object, line: list[tuple[float, float]]) -> None:
    """A line that ends inside the grid is refused; so is one that splits off nothing."""
    from gridtwin_qgis.core.errors import EditRefusedError
    from gridtwin_qgis.core.operations import split_grid

    line = [*line, (110, 250), (300, 150)] if len(line) > 2 else line
    with pytest.raises(EditRefusedError, match="from border to border"):
        split_grid(session, grid_at(session, 50, 50), line, cut=True)


def test_split_keeps_the_code_with_locked_units(session: object) -> None:
    """The part that holds a locked unit keeps the code of the grid."""
    from gridtwin_qgis.core.operations import split_grid

    old = grid_at(session, 50, 50)
    with session.edit("lock"):
        session.set_unit_locked(unit_at(session, 150, 50), True)
    split_grid(session, old, [(100, -10), (100, 110), (210, 110)], cut=False)
    assert grid_at(session, 150, 50) == old
    assert grid_at(session, 50, 50) != old


def test_merge(session: object, whole: QgsGeometry) -> None:
    """Two neighbours become one grid with the households of both; undone, both are back."""
    from gridtwin_qgis.core.operations import merge_grids

    before = snapshot(session)
    merge_grids(session, grid_at(session, 50, 50), grid_at(session, 250, 50))
    assert households(session, 50, 50) == 800
    assert session.grids.featureCount() == 4
    assert_sound(session, whole)
    session.undo()
    assert snapshot(session) == before


def test_merge_refuses_strangers(session: object) -> None:
    """Grids of two communities are not merged."""
    from gridtwin_qgis.core.errors import EditRefusedError
    from gridtwin_qgis.core.operations import merge_grids

    with pytest.raises(EditRefusedError, match="one community"):
        merge_grids(session, grid_at(session, 50, 50), grid_at(session, 500, 50))


def test_locked_grid_refuses_every_operation(session: object) -> None:
    """No operation changes a locked grid; unlocked, it changes again."""
    from gridtwin_qgis.core import operations as do
    from gridtwin_qgis.core.errors import EditRefusedError

    grid = grid_at(session, 50, 50)
    move = pulled(session, (200, 100), (80, 100))
    do.set_locked(session, grid, True)
    for act in (
        lambda: do.move_boundary(session, move.areas, cut=True),
        lambda: do.draw_grid(session, box(20, 20, 180, 180), cut=True),
        lambda: do.draw_grid(session, box(20, 20, 180, 180), cut=False),
        lambda: do.split_grid(session, grid, [(100, -10), (100, 300)], cut=True),
        lambda: do.merge_grids(session, grid, grid_at(session, 250, 50)),
    ):
        with pytest.raises(EditRefusedError, match="locked"):
            act()
    assert session.steps == 1
    do.set_locked(session, grid, False)
    do.merge_grids(session, grid, grid_at(session, 250, 50))
    assert session.steps == 3
