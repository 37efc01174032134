"""Drawn lines and areas: which units they take, and what they leave over."""

from __future__ import annotations

import pytest
import shapely

from gridtwin.errors import EditRefused
from gridtwin.grids import divide_region, edits
from gridtwin.grids.drawing import draw_grid, split_along
from gridtwin.grids.params import DivideParams
from gridtwin.grids.present import Present, present_plan
from gridtwin.load.toy import toy_town
from tests.grids.lattice import lattice, two_sides

DATE = "2026-01-01"


def planned(town: dict[str, object]) -> Present:
    """Return the plan of a town."""
    return present_plan({**town, **divide_region(town, date=DATE).layers()}, DivideParams())


@pytest.fixture(scope="module")
def square() -> Present:
    """Return two grids of four blocks of 100 m side by side: west x < 200, east x > 200."""
    return planned(lattice(4, 2, 100))


def grid_at(plan: Present, x: float, y: float) -> str:
    """Return the code of the grid at a place."""
    row = shapely.contains_xy(plan.units.frame.geometry.to_numpy(), x, y).argmax()
    return plan.codes[plan.grid[row]]


def area_of(plan: Present, code: str) -> shapely.Geometry:
    """Return the area of a grid."""
    return shapely.union_all(plan.units.frame.geometry.to_numpy()[plan.grid == plan.codes.index(code)])


def test_a_line_splits_a_grid_into_its_sides(square: Present) -> None:
    """Blocks north of a line from west to east become another grid than those south of it."""
    west = grid_at(square, 50, 50)
    edit = split_along(square, west, shapely.LineString([(-10, 100), (250, 100)]))
    assert grid_at(edit.plan, 50, 50) != grid_at(edit.plan, 50, 150)
    assert grid_at(edit.plan, 50, 50) == grid_at(edit.plan, 150, 50)
    assert edit.households_moved == 200


def test_a_unit_goes_where_most_of_it_lies(square: Present) -> None:
    """A line 30 m inside a column of blocks leaves the column on the side of its larger part."""
    west = grid_at(square, 50, 50)
    edit = split_along(square, west, shapely.LineString([(70, -10), (70, 210)]))
    assert grid_at(edit.plan, 50, 50) != grid_at(edit.plan, 150, 50)
    assert area_of(edit.plan, grid_at(edit.plan, 50, 50)).area == pytest.approx(20_000)


def test_a_short_line_goes_straight_on(square: Present) -> None:
    """A line that ends inside the grid divides it all the same, in either direction of drawing."""
    west = grid_at(square, 50, 50)
    for ends in ([(90, 100), (110, 100)], [(110, 100), (90, 100)]):
        edit = split_along(square, west, shapely.LineString(ends))
        assert grid_at(edit.plan, 50, 50) != grid_at(edit.plan, 50, 150)


def test_a_crooked_line_has_two_sides(square: Present) -> None:
    """A line with a corner cuts one block off; the other three stay together."""
    west = grid_at(square, 50, 50)
    edit = split_along(square, west, shapely.LineString([(100, 250), (100, 100), (-50, 100)]))
    assert area_of(edit.plan, grid_at(edit.plan, 50, 150)).area == pytest.approx(10_000)
    assert grid_at(edit.plan, 150, 150) == grid_at(edit.plan, 50, 50)


def test_a_line_beside_the_grid_is_refused(square: Present) -> None:
    """All units on one side: nothing to split."""
    with pytest.raises(EditRefused, match="one side"):
        split_along(square, grid_at(square, 50, 50), shapely.LineString([(500, 0), (500, 200)]))


def test_a_side_in_pieces_is_refused_with_what_is_left_over() -> None:
    """A line that cuts off two corners of a row would leave a side in two pieces; the loose units are named."""
    row = planned(lattice(4, 1, 100))
    line = shapely.LineString([(100, -50), (100, 90), (300, 90), (300, -50)])
    with pytest.raises(EditRefused, match="left over") as refused:
        split_along(row, row.codes[0], line)
    assert refused.value.faults[0].count == 1


def test_a_line_between_pinned_units_is_refused(square: Present) -> None:
    """Pinned units on both sides cannot both keep the grid."""
    west = grid_at(square, 50, 50)
    units = square.unit_ids[square.grid == square.codes.index(west)]
    plan = edits.lock_units(square, list(units)).plan
    with pytest.raises(EditRefused, match="locked"):
        split_along(plan, west, shapely.LineString([(-10, 100), (250, 100)]))


def test_the_side_with_pinned_units_keeps_the_code(square: Present) -> None:
    """A pinned unit decides which side is the old grid."""
    west = grid_at(square, 50, 50)
    line = shapely.LineString([(-10, 100), (250, 100)])
    for y in (50, 150):
        unit = square.unit_ids[shapely.contains_xy(square.units.frame.geometry.to_numpy(), 50, y).argmax()]
        edit = split_along(edits.lock_units(square, [unit]).plan, west, line)
        assert grid_at(edit.plan, 50, y) == west


def test_an_area_becomes_a_grid(square: Present) -> None:
    """The four blocks in the middle become a new grid of 400 households."""
    edit = draw_grid(square, shapely.box(100, 0, 300, 200))
    assert grid_at(edit.plan, 150, 50) == grid_at(edit.plan, 250, 150) == "new-1"
    assert edit.households_moved == 400
    assert edit.leftovers.empty


def test_an_area_extends_a_grid(square: Present) -> None:
    """With a target the units join it."""
    west = grid_at(square, 50, 50)
    edit = draw_grid(square, shapely.box(150, 0, 280, 90), to=west)
    assert grid_at(edit.plan, 250, 50) == west
    assert edit.changes["to"].unique().tolist() == [west]


def test_units_cut_by_the_edge_are_reported_with_their_share(square: Present) -> None:
    """An area over 70 % and 20 % of two blocks takes the first and reports both."""
    edit = draw_grid(square, shapely.box(30, 0, 120, 100))
    cut = edit.leftovers[edit.leftovers["reason"] == "cut"]
    assert sorted(cut["share"].round(2)) == [0.2, 0.7]
    assert len(edit.changes) == 1


def test_pieces_that_lose_their_connection_are_reported() -> None:
    """Taking the middle of a row leaves its far end detached."""
    row = planned(lattice(4, 1, 100))
    edit = draw_grid(row, shapely.box(100, 0, 200, 100))
    assert edit.leftovers["reason"].tolist() == ["detached"]
    assert "DETACHED_PART" in set(edit.new_violations["code"])


def test_what_cannot_be_walked_to_is_not_taken() -> None:
    """An area across a railway takes the side with most households; the other is reported as apart."""
    plan = planned(two_sides())
    edit = draw_grid(plan, shapely.box(100, 0, 500, 100))
    assert len(edit.changes) == 3
    assert edit.leftovers["reason"].tolist() == ["apart"]


def test_locked_grids_pinned_units_and_other_communities_are_not_taken(square: Present) -> None:
    """What may not move is left over with its reason."""
    west = grid_at(square, 50, 50)
    east_unit = square.unit_ids[shapely.contains_xy(square.units.frame.geometry.to_numpy(), 350, 50).argmax()]
    plan = edits.lock_units(edits.lock_grids(square, [west]).plan, [east_unit]).plan
    edit = draw_grid(plan, shapely.box(0, 0, 400, 200))
    assert edit.leftovers["reason"].value_counts().to_dict() == {"locked": 4, "pinned": 1}
    toy = planned(toy_town())
    both = draw_grid(toy, shapely.box(0, 0, 600, 100))
    assert both.leftovers["reason"].value_counts().to_dict() == {"other_community": 1, "cut": 1}


def test_an_area_without_units_is_refused(square: Present) -> None:
    """An area outside the town, or wholly on locked grids, takes nothing, and the error says why."""
    with pytest.raises(EditRefused, match="no unit"):
        draw_grid(square, shapely.box(5_000, 5_000, 6_000, 6_000))
    locked = edits.lock_grids(square, list(square.codes)).plan
    with pytest.raises(EditRefused, match="its grid is locked"):
        draw_grid(locked, shapely.box(0, 0, 400, 200))
