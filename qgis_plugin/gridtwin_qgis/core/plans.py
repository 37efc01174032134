# SPDX-License-Identifier: GPL-3.0-or-later
"""The plans of an open region: which there are, which one is worked on; branch, switch, bring in, remove.

A plan is a grid for every unit. The plan that is worked on is what the layers ``units``, ``buildings`` and ``grids``
show; the region's file keeps every plan as it was last saved, so switching loses nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from qgis.core import QgsVectorLayerUtils
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis_plugin_tools.tools.i18n import tr

from .errors import PluginError, SaveError
from .plan_store import GRID_FACTS, Assignment, PlanStore, StoredPlan
from .schema import GENERAL, column, text_of
from .session import RegionSession
from .tables import Tables

KEPT_COLUMNS = (
    "code", "purpose", "name", "name_zh", "decree", "minimum_households", "maximum_households", "locked",
)  # fmt: skip
NAMES_SHOWN = 5


class PlanError(PluginError):
    """Something about plans that the planner can put right; nothing has changed."""


@dataclass(frozen=True)
class Plan:
    """One plan of the region, for people.

    Attributes
    ----------
    name, created_at
        Its name, and when it was made (ISO 8601, UTC).
    minimum, maximum
        Bounds of households of a grid, ``None`` where not known.
    grids
        How many grids it has.
    is_current
        Whether it is the plan that is worked on.
    """

    name: str
    created_at: str
    minimum: int | None
    maximum: int | None
    grids: int
    is_current: bool


class PlanBook(QObject):
    """The plans of an open region.

    Parameters
    ----------
    session
        The open region.

    Attributes
    ----------
    changed
        Emitted when a plan was added, removed, renamed, saved or switched to.
    failed
        Emitted with why the plan could not be kept; the layers themselves are saved then.
    is_switching
        Whether a switch is being made, which is no edit of any plan.
    """

    changed = pyqtSignal()
    failed = pyqtSignal(str)

    def __init__(self, session: RegionSession) -> None:
        super().__init__()
        self.session = session
        self.tables = Tables(session.region.path, session.region.layers)
        self._store = PlanStore(self.tables)
        self.is_switching = False
        self._current = self._store.nearest(self.present())
        session.units.afterCommitChanges.connect(self._on_saved)
        session.units.afterRollBack.connect(self._on_rolled_back)

    def close(self) -> None:
        """Stop following the layers, and let go of the file."""
        self.session.units.afterCommitChanges.disconnect(self._on_saved)
        self.session.units.afterRollBack.disconnect(self._on_rolled_back)
        self.tables.close()

    @property
    def current(self) -> str:
        """Name of the plan that is worked on."""
        return self._current

    def plans(self) -> tuple[Plan, ...]:
        """Return all plans, the oldest first."""
        stored = self._store.plans()
        stored.setdefault(self._current, StoredPlan(self._current))
        return tuple(
            Plan(
                plan.name,
                plan.created_at,
                plan.parameter("minimum"),
                plan.parameter("maximum"),
                len(self.session.counts) if plan.name == self._current else plan.grids,
                plan.name == self._current,
            )
            for plan in stored.values()
        )

    def present(self) -> dict[str, str]:
        """Return the grid of each unit as it is now, with edits that are not saved."""
        return {unit.unit_id: unit.grid_id for unit in self.session.register}

    def assignment(self, name: str) -> dict[str, str]:
        """Return the grid of each unit in a plan: as it is now in the plan that is worked on, else as saved.

        Raises
        ------
        PlanError
            If there is no such plan.
        """
        if name == self._current:
            return self.present()
        found = self._store.assignment(name)
        if not found:
            raise PlanError(tr("There is no plan '{plan}'", plan=name))
        return fitted(found, [unit.unit_id for unit in self.session.register])

    def stored(self) -> StoredPlan:
        """Return the plan that is worked on as it was last saved."""
        return self._stored(self._current)

    def branch(self, name: str, source: str | None = None) -> None:
        """Copy a plan under a new name; a copy of the plan that is worked on takes its place, with unsaved edits.

        Parameters
        ----------
        name
            Of the copy.
        source
            The plan to copy; the one that is worked on when left out.

        Raises
        ------
        PlanError
            If the name is taken or empty, or there is no such source.
        SaveError
            If the file cannot be written.
        """
        source = source or self._current
        name = self._free_name(name)
        made = self._with_facts(self._stored(source)) if source == self._current else self._stored(source)
        self._store.add(replace(made, name=name), self.assignment(source))
        if source == self._current:
            self._current = name
        self.changed.emit()

    def bring_in(self, name: str, assignment: Assignment, made: StoredPlan | None = None) -> None:
        """Add a plan from elsewhere.

        Parameters
        ----------
        name
            Of the new plan.
        assignment
            Grid of each unit; it must name every unit of the region.
        made
            What it was made with, where known.

        Raises
        ------
        PlanError
            If the name is taken, units are missing or unknown, or a grid lies in several communities.
        SaveError
            If the file cannot be written.
        """
        name = self._free_name(name)
        self._check(assignment)
        self._store.add(replace(made or StoredPlan(name), name=name), assignment)
        self.changed.emit()

    def rename(self, old: str, new: str) -> None:
        """Give a plan another name.

        Raises
        ------
        PlanError
            If the name is taken or empty, or there is no such plan.
        SaveError
            If the file cannot be written.
        """
        new = self._free_name(new)
        self.assignment(old)
        self._store.rename(old, new)
        if old == self._current:
            self._current = new
        self.changed.emit()

    def remove(self, name: str) -> None:
        """Remove a plan for good.

        Raises
        ------
        PlanError
            If it is the plan that is worked on, or there is no such plan.
        SaveError
            If the file cannot be written.
        """
        if name == self._current:
            raise PlanError(tr("The plan '{plan}' is worked on; switch to another one first", plan=name))
        self.assignment(name)
        self._store.remove(name)
        self.changed.emit()

    def switch(self, name: str) -> None:
        """Work on another plan: units, grids and buildings take it over and are saved.

        Raises
        ------
        PlanError
            If there are edits that are not saved, or no such plan.
        EditRefusedError
            If a locked grid or unit would have to change.
        SaveError
            If the file cannot be written; the layers are then as before.
        """
        if name == self._current:
            return
        if self.session.is_modified:
            raise PlanError(tr("There are edits that are not saved; save or drop them before switching"))
        target, stored = self.assignment(name), self._stored(name)
        self._check(target)
        self._store.save(self._with_facts(self.stored()), self.present())
        was_editing, self.is_switching = self.session.is_editing, True
        try:
            with self.session.edit(tr("Switch to plan '{plan}'", plan=name)):
                made = self.put(target)
            if facts := {grid: stored.grid_facts[grid] for grid in made if grid in stored.grid_facts}:
                with self.session.edit(tr("Switch to plan '{plan}'", plan=name)):  # locks hold from here on
                    self._set_columns(facts)
            self._current = name
            self.session.save(stop=not was_editing)
        except SaveError:
            self.session.roll_back()
            raise
        finally:
            self.is_switching = False
        self._store.make_newest(stored)
        self.changed.emit()

    def put(self, assignment: Assignment) -> list[str]:
        """Put units into the grids of an assignment, inside ``session.edit``, and return the grids made for it.

        Parameters
        ----------
        assignment
            Grid of units; units that it does not name stay.

        Raises
        ------
        EditRefusedError
            If a locked grid or unit would have to change.
        """
        session, moving, made = self.session, defaultdict(list), []
        for unit in session.register:
            grid_id = assignment.get(unit.unit_id, unit.grid_id)
            if grid_id != unit.grid_id:
                moving[grid_id].append(unit)
        for grid_id, units in sorted(moving.items()):
            if session.counts.fid_of(grid_id) is None:
                made.append(session.new_grid(units[0].community_id, grid_id=grid_id))
            session.assign_units([unit.fid for unit in units], grid_id)
        return made

    # -- keeping what the layers show -----------------------------------------------------------------------------

    def _on_saved(self) -> None:
        try:
            self._store.save(self._with_facts(self.stored()), self.present())
        except SaveError as error:
            self.failed.emit(
                tr("The layers are saved, but not the plan '{plan}': {reason}", plan=self._current, reason=error)
            )
        self.changed.emit()

    def _on_rolled_back(self) -> None:
        self._current = self._store.nearest(self.present())
        self.changed.emit()

    def _stored(self, name: str) -> StoredPlan:
        return self._store.plan(name)

    def _with_facts(self, plan: StoredPlan) -> StoredPlan:
        """Return a plan with the columns of the grids as they are now, so that they return when the planner does."""
        return replace(plan, params={**(plan.params or {}), GRID_FACTS: self._grid_facts()})

    def _grid_facts(self) -> dict[str, dict[str, Any]]:
        """Return what the grids' columns say beyond a general grid of the plan's bounds."""
        grids, bounds = self.session.grids, self.session.bounds
        names = [name for name in KEPT_COLUMNS if grids.fields().lookupField(name) >= 0]
        rows, _ = QgsVectorLayerUtils.getValues(grids, f"array(grid_id,{','.join(names)})")
        usual = {
            "purpose": GENERAL,
            "locked": False,
            "minimum_households": bounds.minimum,
            "maximum_households": bounds.maximum,
        }
        facts = {}
        for grid_id, *values in rows:
            own = {n: v for n, v in zip(names, values) if text_of(v) and v not in (usual.get(n), grid_id)}
            if own:
                facts[text_of(grid_id)] = own
        return facts

    def _set_columns(self, facts: Mapping[str, Mapping[str, Any]]) -> None:
        """Set columns of grids, by grid."""
        grids = self.session.grids
        for grid_id, values in facts.items():
            fid = self.session.fid_of(grid_id)
            for name in KEPT_COLUMNS:
                if name in values and grids.fields().lookupField(name) >= 0:
                    grids.changeAttributeValue(fid, column(grids, name), values[name])

    # -- checks ---------------------------------------------------------------------------------------------------

    def _free_name(self, name: str) -> str:
        name = name.strip()
        if not name:
            raise PlanError(tr("Give the plan a name"))
        if name in self._store.plans() or name == self._current:
            raise PlanError(tr("There is a plan '{plan}' already", plan=name))
        return name

    def _check(self, assignment: Assignment) -> None:
        """Refuse an assignment that is no plan of this region, with everything that is wrong."""
        community = {unit.unit_id: unit.community_id for unit in self.session.register}
        inside = defaultdict(set)
        for unit_id, grid_id in assignment.items():
            inside[grid_id].add(community.get(unit_id))
        faults = [
            (tr("units without a grid"), [unit for unit in community if not assignment.get(unit)]),
            (tr("units unknown to the region"), [unit for unit in assignment if unit not in community]),
            (tr("grids in several communities"), [grid for grid, of in inside.items() if len(of - {None}) > 1]),
        ]
        lines = [f"{text}: {len(ids)} ({first_ids(ids)})" for text, ids in faults if ids]
        if lines:
            raise PlanError(tr("This is no plan of the region: {faults}", faults="; ".join(lines)))


def parent_unit(unit_id: str, known: Container[str]) -> str:
    """Return the unit of which a unit is a piece, itself where it is known, "" where neither is.

    The engine names the pieces of unit ``u`` ``u.1``, ``u.2``, ...
    """
    name = unit_id
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name


def fitted(assignment: Assignment, unit_ids: Iterable[str]) -> dict[str, str]:
    """Return an assignment for the units of today: pieces of a unit that was divided since are where it was."""
    parents = {unit_id: parent_unit(unit_id, assignment) for unit_id in unit_ids}
    return {unit_id: assignment[parent] for unit_id, parent in parents.items() if parent}


def first_ids(ids: Iterable[str]) -> str:
    """Return the first few of some keys, for a message."""
    ordered = sorted(ids)
    return ", ".join(ordered[:NAMES_SHOWN]) + (", …" if len(ordered) > NAMES_SHOWN else "")
