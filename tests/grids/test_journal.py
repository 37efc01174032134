"""The log of edits: undo and redo across calls, and what an edited plan keeps of codes, locks and lineage."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridtwin.errors import EditRefused
from gridtwin.grids import divide_region, edits, rebalance_region
from gridtwin.grids.edit import Edit, changed_grid
from gridtwin.grids.journal import last_changed, logged, replayed, to_redo, to_undo
from gridtwin.grids.params import DivideParams
from gridtwin.grids.plan import GridPlan
from gridtwin.grids.present import Present, present_plan
from gridtwin.grids.revise import final_codes, revised_plan
from gridtwin.load.toy import toy_town
from gridtwin.schemas import conform, empty_layer

DATE, LATER, LATEST = "2026-01-01", "2026-02-01", "2026-03-01"
A, B, C = (f"110108001001{number:03d}" for number in (1, 2, 3))
NEW = "110108001001004"


class Town:
    """The toy town with its plan, edited step by step as the command does."""

    def __init__(self) -> None:
        self.layers: dict[str, Any] = toy_town()
        self.layers |= divide_region(self.layers, date=DATE).layers()
        self.journal = empty_layer("edits")

    @property
    def present(self) -> Present:
        """The plan as the layers hold it."""
        return present_plan(self.layers, DivideParams())

    def keep(self, edit: Edit, date: str = LATER) -> GridPlan:
        """Write an edit into the layers."""
        plan = revised_plan(self.layers, edit, date=date)
        self.layers |= plan.layers()
        return plan

    def make(self, edit: Edit, date: str = LATER) -> GridPlan:
        """Write an edit into the layers and the log."""
        plan = self.keep(edit, date)
        codes = final_codes(edit, plan)
        journal = logged(self.journal, edit, codes, plan="default", made_at=f"{date}T00:00:00Z", by="Li")
        self.journal = conform(journal, "edits")
        return plan

    def back(self) -> None:
        """Undo the last edit."""
        row = to_undo(self.journal, "default")
        self.keep(replayed(self.present, row, back=True), LATEST)
        self.journal.loc[self.journal["edit_id"] == row["edit_id"], "undone"] = True

    def again(self) -> None:
        """Repeat the edit that was undone."""
        row = to_redo(self.journal, "default")
        self.keep(replayed(self.present, row, back=False), LATEST)
        self.journal.loc[self.journal["edit_id"] == row["edit_id"], "undone"] = False

    def assigned(self) -> dict[str, str]:
        """Return the grid of each unit."""
        return self.layers["units"].set_index("unit_id")["grid_id"].to_dict()

    def code(self, code: str) -> pd.Series:
        """Return a row of the ledger."""
        return self.layers["grid_codes"].set_index("code").loc[code]

    def first_unit(self, code: str) -> str:
        """Return a unit of a grid."""
        return next(unit for unit, grid in self.assigned().items() if grid == code)


@pytest.fixture
def town() -> Town:
    """Return the toy town with three grids in the west."""
    return Town()


def test_a_split_gives_a_new_code_that_names_its_parent(town: Town) -> None:
    """The other grids keep their codes; the new one was split off the old one."""
    plan = town.make(edits.split_grid(town.present, A))
    assert set(plan.grids["code"]) - {NEW} == {A, B, C, "110108001002001", "110108001002002"}
    assert town.code(NEW)[["valid_from", "parents", "origin"]].tolist() == [LATER, A, "split"]
    assert town.code(A)["origin"] == "first"


def test_a_merged_grid_keeps_the_code_or_names_both_parents(town: Town) -> None:
    """By default one code goes on; with a new code both parents end and are named."""
    town.make(edits.merge_grids(town.present, [A, B]))
    assert (pd.isna(town.code(A)["valid_to"]), town.code(B)["valid_to"]) == (True, LATER)
    fresh = Town()
    fresh.make(edits.merge_grids(fresh.present, [A, B], new_code=True))
    assert fresh.code(NEW)[["parents", "origin"]].tolist() == [f"{A}; {B}", "merged"]
    assert fresh.code(A)["valid_to"] == fresh.code(B)["valid_to"] == LATER


def test_a_redivided_grid_of_several_parents_is_redrawn(town: Town) -> None:
    """A grid drawn from halves of two others names both and is neither split nor merged."""
    present = town.present
    half = [town.first_unit(A), town.first_unit(B)]
    grid = present.grid.copy()
    grid[present.unit_ids.get_indexer(half)] = len(present.codes)
    town.make(changed_grid(present, "draw_grid", {}, grid))
    assert town.code(NEW)[["parents", "origin"]].tolist() == [f"{A}; {B}", "redrawn"]


def test_a_grid_keeps_its_name_even_when_most_of_its_homes_leave(town: Town) -> None:
    """What the planner calls a grid counts, not the homes: A stays A with one unit left."""
    units = [unit for unit, grid in town.assigned().items() if grid == A]
    town.make(edits.move_units(town.present, units[1:], B))
    assert town.assigned()[units[0]] == A


def test_undo_across_calls_gives_back_the_former_plan(town: Town) -> None:
    """After a merge is undone the closed code is in use again, and every unit is where it was."""
    before, violations = town.assigned(), town.layers["grids"]["violations"].tolist()
    town.make(edits.merge_grids(town.present, [A, B]))
    town.back()
    assert town.assigned() == before
    assert town.layers["grids"]["violations"].tolist() == violations
    assert pd.isna(town.code(B)["valid_to"])


def test_redo_gives_the_same_code_again(town: Town) -> None:
    """A split that is undone and repeated has the code that it had the first time."""
    town.make(edits.split_grid(town.present, A))
    after = town.assigned()
    town.back()
    assert town.code(NEW)["valid_to"] == LATEST
    town.again()
    assert town.assigned() == after
    assert pd.isna(town.code(NEW)["valid_to"])


def test_edits_are_undone_in_reverse_order(town: Town) -> None:
    """Three edits are undone from the last to the first, and repeated from the first to the last."""
    states = [town.assigned()]
    town.make(edits.split_grid(town.present, A))
    states.append(town.assigned())
    town.make(edits.move_units(town.present, [town.first_unit(B)], A))
    states.append(town.assigned())
    town.make(edits.lock_grids(town.present, [A]))
    for state in (states[2], states[1], states[0]):
        town.back()
        assert town.assigned() == state
    with pytest.raises(EditRefused, match="no edit to undo"):
        town.back()
    for state in (states[1], states[2], states[2]):
        town.again()
        assert town.assigned() == state
    assert town.present.locked.tolist() == [code == A for code in town.present.codes]
    with pytest.raises(EditRefused, match="no undone edit"):
        town.again()


def test_a_new_edit_forgets_what_was_undone(town: Town) -> None:
    """After undo and another edit there is nothing to repeat, and no number is used twice."""
    town.make(edits.split_grid(town.present, A))
    town.back()
    town.make(edits.lock_grids(town.present, [B]))
    assert town.journal["edit_id"].tolist() == ["e000002"]
    with pytest.raises(EditRefused, match="no undone edit"):
        town.again()


def test_undo_of_a_plan_that_has_changed_is_refused(town: Town) -> None:
    """When units were moved in between without the log, the error names the edit and the units."""
    unit = town.first_unit(A)
    town.make(edits.move_units(town.present, [unit], B))
    town.layers["units"].loc[town.layers["units"]["unit_id"] == unit, "grid_id"] = C
    with pytest.raises(EditRefused, match="e000001.*\n?.*" + unit):
        town.back()


def test_undo_changes_no_locked_grid(town: Town) -> None:
    """A grid that was locked outside the log is not changed by undoing an edit of it."""
    town.make(edits.split_grid(town.present, A))
    town.layers["grids"].loc[town.layers["grids"]["grid_id"] == A, "locked"] = True
    with pytest.raises(EditRefused, match="locked"):
        town.back()


def test_locks_and_pins_are_columns_of_the_layers(town: Town) -> None:
    """They are written with the plan and read again."""
    unit = town.first_unit(B)
    town.make(edits.lock_grids(town.present, [A]))
    town.make(edits.lock_units(town.present, [unit]))
    assert town.layers["grids"].set_index("grid_id")["locked"].to_dict()[A]
    assert town.layers["units"].set_index("unit_id")["locked"].to_dict()[unit]
    present = town.present
    assert present.codes[present.locked.argmax()] == A
    assert present.unit_ids[present.pinned.argmax()] == unit


def test_a_working_name_becomes_a_code_in_the_log(town: Town) -> None:
    """The log speaks of the code that the new grid got."""
    town.make(with_repair(edits.split_grid(town.present, A)))
    assert f'["{A}", "{NEW}"]' in town.journal["changes"][0]
    assert json.loads(town.journal["arguments"][0])["repair"]["around"] == [A, NEW]
    assert town.journal[["action", "by", "undone"]].iloc[0].tolist() == ["split_grid", "Li", False]


def test_a_later_repair_finds_the_last_edit(town: Town) -> None:
    """The grids around the last edit and the units that it moved are known from the log."""
    unit = town.first_unit(A)
    town.make(edits.move_units(town.present, [unit], B))
    assert last_changed(town.journal, town.present, "default") == ([A, B], [unit])


def test_rebalancing_keeps_stored_locks(town: Town) -> None:
    """Locked grids keep every unit, pinned units their grid, and both are still locked afterwards."""
    unit = town.first_unit(B)
    both = edits.lock_units(edits.lock_grids(town.present, [A]).plan, [unit])
    town.keep(Edit("lock", {}, town.present, both.plan))
    locked = {u for u, grid in town.assigned().items() if grid == A}
    town.layers["buildings"].loc[:3, "households"] = 10
    plan = rebalance_region(town.layers, date=LATEST)
    after = plan.units.set_index("unit_id")
    assert set(after.index[after["grid_id"] == A]) == locked
    assert after.loc[unit, "grid_id"] == B
    assert plan.grids.loc[plan.grids["locked"], "grid_id"].tolist() == [A]
    assert plan.units.loc[plan.units["locked"], "unit_id"].tolist() == [unit]


def test_a_lock_for_one_rebalancing_is_not_stored(town: Town) -> None:
    """Grids that are only named in a call are not locked afterwards."""
    plan = rebalance_region(town.layers, locked=[A], date=LATEST)
    assert not plan.grids["locked"].any()


def test_a_proof_is_forgotten_near_an_edit_and_kept_elsewhere(town: Town) -> None:
    """What a search found about a grid holds only while its neighbourhood is as it was."""
    codes = town.layers["grids"]["grid_id"]
    town.layers["buildings"]["households"] = 60
    town.layers["grids"]["households"] = 240
    town.layers["grids"]["violations"] = "LUMPY_PROVED: told"
    present = town.present
    assert present.proved.all()
    edit = edits.move_units(present, [town.first_unit(A)], B)
    assert [code for code, proved in zip(codes, edit.plan.proved, strict=True) if proved] == codes[3:].tolist()


def any_edit(plan: Present, rng: np.random.Generator) -> Edit | None:
    """Return a random edit of the plan, None where it is refused."""
    a, b = plan.grid[plan.links.a], plan.grid[plan.links.b]
    across = np.flatnonzero(a != b)
    if not len(across):
        return None
    row = int(rng.choice(across))
    first, second, unit = plan.codes[a[row]], plan.codes[b[row]], str(plan.unit_ids[plan.links.a[row]])
    choices: list[Callable[[], Edit]] = [
        lambda: edits.move_units(plan, [unit], second),
        lambda: edits.split_grid(plan, first),
        lambda: edits.merge_grids(plan, [first, second], new_code=bool(rng.integers(2))),
        lambda: edits.redivide(plan, [first, second]),
        lambda: edits.lock_grids(plan, [first]),
        lambda: edits.lock_units(plan, [unit]),
        lambda: with_repair(edits.move_units(plan, [unit], second)),
    ]
    try:
        return choices[int(rng.integers(len(choices)))]()
    except EditRefused:
        return None


def with_repair(edit: Edit) -> Edit:
    """Return the edit with the repair around it."""
    return edit.then(edits.repair(edit.plan, edit.touched, keep=list(edit.changes["unit_id"])))


def state(town: Town) -> tuple[Any, ...]:
    """Return all of a plan that an edit may change."""
    units, grids, ledger = (town.layers[name] for name in ("units", "grids", "grid_codes"))
    used = ledger[ledger["valid_to"].isna()]
    return (
        units[["unit_id", "grid_id", "locked"]].to_numpy().tolist(),
        grids[["grid_id", "locked", "violations"]].astype("object").fillna("").to_numpy().tolist(),
        used["code"].tolist(),
    )


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10_000))
def test_any_edits_are_undone_and_repeated_exactly(seed: int) -> None:
    """Units, locks, violations and codes in use go back step by step to the first plan, and forth again."""
    rng, town = np.random.default_rng(seed), Town()
    states = [state(town)]
    for _ in range(5):
        edit = any_edit(town.present, rng)
        if edit is not None:
            town.make(edit)
            states.append(state(town))
    for before in states[-2::-1]:
        town.back()
        assert state(town) == before
    for after in states[1:]:
        town.again()
        assert state(town) == after
    assert town.layers["grid_codes"]["code"].is_unique
