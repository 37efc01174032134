"""Edits: what they change, what they refuse, the way back, and the local repair."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.city import generate_city
from gridtwin.errors import EditRefused
from gridtwin.grids import divide_region, edits
from gridtwin.grids.edit import Edit, redo, undo
from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import parts_of_labels
from gridtwin.grids.present import Present, present_plan
from gridtwin.load.toy import toy_town
from tests.grids.lattice import lattice, two_sides

DATE = "2026-01-01"
WEST = "110108001001"
A, B, C = (f"{WEST}{number:03d}" for number in (1, 2, 3))
EAST = "110108001002001"


@pytest.fixture(scope="module")
def toy() -> Present:
    """Return the plan of the toy town: grids A, B and C west of the river, of 400 households each."""
    return planned(toy_town())


@pytest.fixture(scope="module")
def city() -> Present:
    """Return the plan of a generated city of about 20,000 households."""
    return planned(generate_city(20_000, seed=3))


def planned(layers: dict[str, Any]) -> Present:
    """Divide the layers and return their plan."""
    return present_plan({**layers, **divide_region(layers, date=DATE, workers=1).layers()}, DivideParams())


def units_of(plan: Present, code: str) -> list[str]:
    """Return the keys of the units of a grid."""
    return plan.unit_ids[plan.grid == plan.codes.index(code)].tolist()


def touching(plan: Present, code: str, other: str) -> str:
    """Return the first unit of ``code`` that touches ``other``."""
    a, b = np.r_[plan.links.a, plan.links.b], np.r_[plan.links.b, plan.links.a]
    on_edge = (plan.grid[a] == plan.codes.index(code)) & (plan.grid[b] == plan.codes.index(other))
    return str(plan.unit_ids[a[on_edge].min()])


def loads(plan: Present) -> dict[str, int]:
    """Return the households of each grid that exists."""
    used = np.unique(plan.grid)
    return {plan.codes[g]: int(plan.load[g]) for g in used}


def test_moving_a_unit_reports_what_changed(toy: Present) -> None:
    """The change names the unit, both grids and its households."""
    unit = touching(toy, A, B)
    edit = edits.move_units(toy, [unit], B)
    assert edit.changes.to_dict(orient="records") == [{"unit_id": unit, "from": A, "to": B, "households": 100}]
    assert edit.households_moved == 100
    assert (loads(edit.plan)[A], loads(edit.plan)[B]) == (300, 500)
    assert list(edit.new_violations) == list(edit.solved_violations) == ["grid_id", "code", "amount", "detail"]


def test_new_and_solved_violations_are_told_by_grid(toy: Present) -> None:
    """Two units more break the bounds of both grids; moving them back solves that."""
    first = edits.move_units(toy, [touching(toy, A, B)], B)
    second = edits.move_units(first.plan, [touching(first.plan, A, B)], B)
    new = second.new_violations.set_index("grid_id")
    assert new["code"].to_dict() == {A: "NOT_REPAIRED", B: "NOT_REPAIRED"}
    assert new["amount"].to_dict() == {A: 100, B: 100}
    back = edits.move_units(second.plan, [second.changes["unit_id"][0]], A)
    assert set(back.solved_violations["grid_id"]) == {A, B}
    assert back.new_violations.empty


def test_undo_gives_back_exactly_the_former_plan(toy: Present) -> None:
    """After undo every unit, code and flag is as before; redo gives the edited plan again."""
    edit = edits.split_grid(toy, A)
    assert undo(edit) is toy
    assert redo(edit) is edit.plan


def test_an_edit_leaves_the_plan_it_was_given_alone(toy: Present) -> None:
    """An edit is a function: the former plan keeps its arrays."""
    before = toy.grid.copy(), toy.locked.copy(), toy.pinned.copy()
    edits.merge_grids(toy, [A, B])
    edits.lock_grids(toy, [A])
    edits.lock_units(toy, units_of(toy, A))
    assert all((x == y).all() for x, y in zip(before, (toy.grid, toy.locked, toy.pinned), strict=True))


def test_a_locked_grid_neither_gives_nor_takes(toy: Present) -> None:
    """Moving into and out of a locked grid is refused, and the error names the grid."""
    plan = edits.lock_grids(toy, [B]).plan
    with pytest.raises(EditRefused, match=B):
        edits.move_units(plan, [touching(plan, A, B)], B)
    with pytest.raises(EditRefused, match=B):
        edits.move_units(plan, [touching(plan, B, A)], A)
    unlocked = edits.unlock_grids(plan, [B]).plan
    assert edits.move_units(unlocked, [touching(plan, B, A)], A).households_moved == 100


def test_every_operation_refuses_a_locked_grid(toy: Present) -> None:
    """Split, merge and redivide leave a locked grid alone."""
    plan = edits.lock_grids(toy, [A]).plan
    for refused in (
        lambda: edits.split_grid(plan, A),
        lambda: edits.merge_grids(plan, [A, B]),
        lambda: edits.redivide(plan, [A, B]),
    ):
        with pytest.raises(EditRefused, match="locked"):
            refused()


def test_a_pinned_unit_stays(toy: Present) -> None:
    """A pinned unit cannot be moved until it is unlocked."""
    unit = touching(toy, A, B)
    plan = edits.lock_units(toy, [unit]).plan
    with pytest.raises(EditRefused, match=unit):
        edits.move_units(plan, [unit], B)
    assert edits.move_units(edits.unlock_units(plan, [unit]).plan, [unit], B).households_moved == 100


def test_all_reasons_are_given_at_once(toy: Present) -> None:
    """An edit that breaks three rules says all three."""
    unit = touching(toy, A, B)
    plan = edits.lock_grids(edits.lock_units(toy, [unit]).plan, [EAST]).plan
    with pytest.raises(EditRefused) as refused:
        edits.move_units(plan, [unit], EAST)
    assert {fault.code for fault in refused.value.faults} == {"units_pinned", "grids_locked", "other_community"}


def test_no_grid_crosses_the_border_of_its_community(toy: Present) -> None:
    """A unit cannot go to a grid of another community."""
    with pytest.raises(EditRefused, match="community"):
        edits.move_units(toy, units_of(toy, A)[:1], EAST)


def test_unknown_names_are_said(toy: Present) -> None:
    """Grids and units that do not exist are named."""
    with pytest.raises(EditRefused, match="nowhere"):
        edits.lock_grids(toy, ["nowhere"])
    with pytest.raises(EditRefused, match="nothing"):
        edits.move_units(toy, ["nothing"], A)


def test_a_split_makes_two_contiguous_halves(toy: Present) -> None:
    """A grid of four equal blocks is cut into two and two; the new grid has a working name."""
    edit = edits.split_grid(toy, A)
    assert (loads(edit.plan)[A], loads(edit.plan)["new-1"]) == (200, 200)
    assert not edit.plan.torn.any()


def test_pinned_units_keep_the_code_when_their_grid_is_split(toy: Present) -> None:
    """The part with the pinned unit stays, whichever it is."""
    for unit in units_of(toy, A):
        edit = edits.split_grid(edits.lock_units(toy, [unit]).plan, A)
        assert unit in units_of(edit.plan, A)


def test_a_grid_of_one_unit_cannot_be_split(toy: Present) -> None:
    """The error names the grid."""
    alone = edits.move_units(toy, units_of(toy, A)[1:], B).plan
    with pytest.raises(EditRefused, match=A):
        edits.split_grid(alone, A)


def test_the_largest_of_merged_grids_keeps_its_code(toy: Present) -> None:
    """After merging a half with a whole grid, the whole one lives on."""
    plan = edits.split_grid(toy, A).plan
    neighbour = "new-1"
    with_b = edits.merge_grids(plan, [neighbour, A])
    assert loads(with_b.plan) == loads(toy)
    larger = edits.move_units(toy, [touching(toy, A, B)], B).plan
    merged = edits.merge_grids(larger, [A, B])
    assert loads(merged.plan)[B] == 800
    assert merged.households_moved == 300


def test_merged_grids_can_have_a_new_code(toy: Present) -> None:
    """On demand the merged grid is a new one, and both parents end."""
    merged = edits.merge_grids(toy, [A, B], new_code=True)
    assert set(loads(merged.plan)) & {A, B, "new-1"} == {"new-1"}


def test_only_neighbours_in_one_walkable_part_are_merged(toy: Present) -> None:
    """Grids of two communities, grids without a common border, and a single grid are refused."""
    with pytest.raises(EditRefused, match="walkable"):
        edits.merge_grids(toy, [A, EAST])
    with pytest.raises(EditRefused, match="two grids"):
        edits.merge_grids(toy, [A])
    row = planned(lattice(12, 1, 100))
    ends = [row.codes[row.grid[0]], row.codes[row.grid[-1]]]
    with pytest.raises(EditRefused, match="one piece"):
        edits.merge_grids(row, ends)


def test_a_railway_between_grids_forbids_to_merge_them() -> None:
    """Grids on both sides of a railway that nobody crosses are in different walkable parts."""
    plan = planned(two_sides())
    with pytest.raises(EditRefused, match="walkable"):
        edits.merge_grids(plan, [plan.codes[plan.grid[0]], plan.codes[plan.grid[-1]]])


def test_tearing_a_grid_is_allowed_and_told(toy: Present) -> None:
    """A grid that loses its middle is a violation of the new plan, not an error."""
    row = planned(lattice(8, 1, 100))
    first, second = row.codes[row.grid[0]], row.codes[row.grid[-1]]
    edit = edits.move_units(row, [row.unit_ids[1]], second)
    assert edit.new_violations.set_index("grid_id")["code"].to_dict()[first] == "DETACHED_PART"


def test_redividing_restores_the_bounds_of_the_chosen_grids_alone(city: Present) -> None:
    """Two unequal neighbours are divided anew; every other grid keeps its units."""
    a, b = neighbours(city)
    edge = touching(city, a, b)
    worse = edits.move_units(city, [edge], b).plan
    edit = edits.redivide(worse, [a, b])
    others = ~np.isin(city.grid, [city.codes.index(a), city.codes.index(b)])
    assert (edit.plan.grid[others] == city.grid[others]).all()
    assert edit.plan.outside.sum() <= city.outside.sum()
    assert {a, b} & set(loads(edit.plan))


def neighbours(plan: Present) -> tuple[str, str]:
    """Return two neighbouring grids within the bounds."""
    a, b = plan.grid[plan.links.a], plan.grid[plan.links.b]
    good = (a != b) & ~plan.outside[a] & ~plan.outside[b]
    return plan.codes[a[good][0]], plan.codes[b[good][0]]


def test_pinned_units_keep_their_grid_when_it_is_divided_anew(city: Present) -> None:
    """Whatever the new division is, pinned units are in the grid of their code."""
    a, b = neighbours(city)
    pins = [units_of(city, a)[0], units_of(city, b)[-1]]
    edit = edits.redivide(edits.lock_units(city, pins).plan, [a, b])
    assert pins[0] in units_of(edit.plan, a)
    assert pins[1] in units_of(edit.plan, b)


def test_pins_do_not_fix_the_number_of_grids() -> None:
    """A grid that has doubled becomes two, and its pinned unit keeps the code."""
    plan = planned(lattice(4, 2, 100))
    both = edits.merge_grids(plan, [A, B]).plan
    pin = str(both.unit_ids[0])
    code = both.codes[both.grid[0]]
    edit = edits.redivide(edits.lock_units(both, [pin]).plan, [code])
    assert sorted(loads(edit.plan).values()) == [400, 400]
    assert pin in units_of(edit.plan, code)


def test_repair_keeps_what_was_moved(city: Present) -> None:
    """After dragging a unit the repair restores the bounds elsewhere; the unit stays where it was put."""
    a, b = neighbours(city)
    unit = touching(city, a, b)
    moved = edits.move_units(city, [unit], b)
    mended = edits.repair(moved.plan, moved.touched, keep=[unit])
    assert unit in units_of(mended.plan, b)
    assert mended.plan.outside.sum() <= city.outside.sum()


def test_repair_touches_nothing_far_away(city: Present) -> None:
    """Only grids up to two grids from the edit may change."""
    a, b = neighbours(city)
    moved = edits.move_units(city, units_of(city, a)[:2], b)
    mended = edits.repair(moved.plan, moved.touched)
    near = np.zeros(len(city.codes), bool)
    near[[city.codes.index(a), city.codes.index(b)]] = True
    far = ~city.near(near, 2)[city.grid]
    assert (mended.plan.grid[far] == city.grid[far]).all()


def test_repair_joins_a_torn_grid() -> None:
    """A block that was put into a grid far away joins its neighbours again, unless it was meant to stay."""
    row = planned(lattice(8, 1, 100))
    far = row.codes[row.grid[-1]]
    moved = edits.move_units(row, [row.unit_ids[0]], far)
    assert not edits.repair(moved.plan, moved.touched).plan.torn.any()
    assert edits.repair(moved.plan, moved.touched, keep=[row.unit_ids[0]]).plan.torn.any()


def test_repair_mends_the_grid_that_took_a_torn_piece() -> None:
    """When a piece joins a grid that is full, that grid is mended too."""
    row = planned(lattice(12, 1, [100] * 4 + [125] * 4 + [100] * 4))
    first, last = row.codes[row.grid[0]], row.codes[row.grid[-1]]
    moved = edits.move_units(row, row.unit_ids[:2].tolist(), last)
    assert edits.repair(moved.plan, [last]).plan.violations.empty
    assert first in moved.touched


def test_a_torn_piece_never_joins_a_locked_grid() -> None:
    """A piece that only a locked grid could take stays where it is."""
    row = planned(lattice(8, 1, 100))
    near, far = row.codes[row.grid[0]], row.codes[row.grid[-1]]
    moved = edits.move_units(row, [row.unit_ids[0]], far)
    locked = edits.lock_grids(moved.plan, [near]).plan
    mended = edits.repair(locked, [far])
    assert (mended.plan.grid == locked.grid).all()


def test_what_a_repair_cannot_mend_counts_as_searched(toy: Present) -> None:
    """A grid that stays outside the bounds after a repair is no longer called unrepaired."""
    plan = edits.move_units(toy, units_of(toy, A)[:2], B).plan
    plan = edits.lock_grids(plan, [B, C]).plan
    edit = edits.repair(plan, [A])
    assert edit.plan.violations.set_index("grid_id")["code"].to_dict()[A] == "LOCK_CONFLICT"


def test_two_edits_can_be_undone_as_one(toy: Present) -> None:
    """An edit followed by its repair leads from the plan before to the plan after both."""
    moved = edits.move_units(toy, [touching(toy, A, B)], B)
    both = moved.then(edits.repair(moved.plan, moved.touched))
    assert undo(both) is toy
    assert "repair" in both.arguments


ACTIONS = ("move", "split", "merge", "redivide", "repair")


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_edits_keep_units_locks_and_borders(city: Present, data: st.DataObject) -> None:
    """After any steps every household is in one grid of its community, and locked grids and units are as before."""
    rng = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    locks = [city.codes[g] for g in rng.choice(np.unique(city.grid), 3, replace=False)]
    pins = [str(u) for u in rng.choice(city.unit_ids, 5, replace=False)]
    plan = edits.lock_units(edits.lock_grids(city, locks).plan, pins).plan
    for action in data.draw(st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=5)):
        edit = attempt(plan, action, rng)
        if edit is None:
            continue
        assert edit.plan.load.sum() == city.load.sum()
        assert edit.changes["households"].sum() == edit.households_moved
        plan = edit.plan
    for code in locks:
        assert units_of(plan, code) == units_of(city, code)
    rows = plan.unit_ids.get_indexer(pins)
    assert [plan.codes[g] for g in plan.grid[rows]] == [city.codes[g] for g in city.grid[rows]]
    pairs = np.unique(np.stack([plan.grid, plan.units.community]), axis=1)
    assert len(np.unique(pairs[0])) == pairs.shape[1]


def attempt(plan: Present, action: str, rng: np.random.Generator) -> Edit | None:
    """Try an action on random neighbours; return None where it is refused."""
    a, b = plan.grid[plan.links.a], plan.grid[plan.links.b]
    row = rng.choice(np.flatnonzero(a != b))
    first, second, unit = plan.codes[a[row]], plan.codes[b[row]], str(plan.unit_ids[plan.links.a[row]])
    try:
        if action == "move":
            return edits.move_units(plan, [unit], second)
        if action == "split":
            return edits.split_grid(plan, first)
        if action == "merge":
            return edits.merge_grids(plan, [first, second], new_code=bool(rng.integers(2)))
        if action == "redivide":
            return edits.redivide(plan, [first, second])
        return edits.repair(plan, [first, second])
    except EditRefused:
        return None


def test_split_and_redivided_grids_are_contiguous(city: Present) -> None:
    """Both parts of a split, and all grids of a new division, are in one piece by the links."""
    a, b = neighbours(city)
    for edit in (edits.split_grid(city, a), edits.redivide(city, [a, b])):
        plan = edit.plan
        piece = parts_of_labels(plan.links.a, plan.links.b, plan.grid)
        for code in edit.touched:
            assert len(np.unique(piece[plan.grid == plan.codes.index(code)])) == 1
