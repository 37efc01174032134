# SPDX-License-Identifier: GPL-3.0-or-later
"""An open region that is being edited: grids, units and buildings as one thing with one history."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from qgis.core import NULL, QgsGeometry, QgsVectorLayer, QgsVectorLayerUtils
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis_plugin_tools.tools.i18n import tr

from .bounds import bounds_of_plan
from .consistency import Follower
from .counts import LiveCounts
from .errors import EditRefusedError, SaveError
from .history import JointHistory
from .region_project import RegionLayers
from .rows import no_garbage_collection
from .schema import BUILDINGS, COMMUNITIES, EDITED, GENERAL, GRID_CODES, GRIDS, PLANS, SERIAL_DIGITS, UNITS, column, text_of
from .units import Unit, UnitRegister


@dataclass(frozen=True)
class Step:
    """One step of the planner, whichever tool made it.

    Attributes
    ----------
    text
        What the command is called.
    moved
        Units that changed their grid: key, from, to ("" where none).
    households_moved
        Households of the buildings that changed their grid.
    """

    text: str
    moved: tuple[tuple[str, str, str], ...] = field(default_factory=tuple)
    households_moved: int = 0


class RegionSession(QObject):
    """Edits of one open region.

    Parameters
    ----------
    region
        Its layers.

    Attributes
    ----------
    counts
        Households of every grid, live.
    register
        The units by key and grid.
    stepped
        Emitted with a :class:`Step` after each step, by any tool.
    restored
        Emitted after a step was undone or done again.
    editing_changed
        Emitted with whether the region is being edited.
    noticed
        Emitted with a text for the planner, such as why a value was put back.
    """

    stepped = pyqtSignal(object)
    restored = pyqtSignal()
    editing_changed = pyqtSignal(bool)
    noticed = pyqtSignal(str)

    def __init__(self, region: RegionLayers) -> None:
        super().__init__()
        self.region = region
        self.grids: QgsVectorLayer = region[GRIDS]
        self.units: QgsVectorLayer = region[UNITS]
        self.buildings: QgsVectorLayer = region[BUILDINGS]
        self.communities: QgsVectorLayer | None = region.get(COMMUNITIES)
        self.layers = tuple(region[name] for name in EDITED)
        self.bounds = bounds_of_plan(region.get(PLANS))
        with no_garbage_collection():
            self.counts = LiveCounts(self.grids, self.buildings, self.bounds)
            self.register = UnitRegister(self.units)
        self._follower = Follower(self)
        self._history = JointHistory(self.layers, self._complete)
        self._history.moved.connect(self._on_restored)
        self._history.stepped.connect(self._on_stepped)
        self._step: Step | None = None
        self._switching = False
        self._saved: dict[str, list[int]] = {}
        self._signals: list[tuple[Any, Callable[..., None]]] = []
        for layer in self.layers:
            self._follow(layer.editingStarted, self._on_started)
            self._follow(layer.afterRollBack, self._on_rolled_back)
            self._follow(layer.committedFeaturesAdded, self._on_saved_features)
            self._follow(layer.afterCommitChanges, self._on_saved)

    # -- editing ------------------------------------------------------------------------------------------------

    @property
    def is_editing(self) -> bool:
        """Whether grids, units and buildings are all being edited."""
        return all(layer.isEditable() for layer in self.layers)

    @property
    def is_modified(self) -> bool:
        """Whether there are edits that are not saved."""
        return any(layer.isModified() for layer in self.layers)

    def start_editing(self) -> None:
        """Open all three layers for editing.

        Raises
        ------
        EditRefusedError
            If a layer cannot be edited, such as one of a file that may only be read.
        """
        if self.is_editing:
            return
        self._switching = True
        try:
            refused = [layer.name() for layer in self.layers if not (layer.isEditable() or layer.startEditing())]
        finally:
            self._switching = False
        if refused:
            raise EditRefusedError(tr("These layers cannot be edited: {layers}", layers=", ".join(refused)))
        self._history.restart()
        self.editing_changed.emit(True)

    def save(self, *, stop: bool = False) -> None:
        """Write all edits into the file.

        Raises
        ------
        SaveError
            If a layer was not written; its edits are kept.
        """
        self._switching = True
        try:
            faults = [
                line
                for layer in self.layers
                if layer.isEditable() and not layer.commitChanges(stop)
                for line in layer.commitErrors()
            ]
        finally:
            self._switching = False
        self._renumber()
        self._history.restart()
        if faults:
            raise SaveError(tr("Not everything was saved; your edits are kept: {reason}", reason="; ".join(faults)))
        if stop:
            self.editing_changed.emit(False)

    def roll_back(self) -> None:
        """Drop all edits since the last saving and stop editing."""
        self._switching = True
        try:
            for layer in self.layers:
                if layer.isEditable():
                    layer.rollBack()
        finally:
            self._switching = False
        self._on_restored()
        self._history.restart()
        self.editing_changed.emit(False)

    @contextmanager
    def edit(self, text: str) -> Iterator[None]:
        """Make every change in the block one undo step over grids, units and buildings.

        What follows from the changes (polygons from units, ``grid_id`` from polygons) is done at the end of the
        block. An exception in the block takes all of it back.
        """
        self.start_editing()
        with self._history.step(text):
            yield

    def undo(self) -> None:
        """Take back the last step on all layers."""
        self._history.undo()

    def redo(self) -> None:
        """Do again, on all layers, the step undone last."""
        self._history.redo()

    @property
    def steps(self) -> int:
        """Number of steps that can be undone."""
        return self._history.steps

    # -- changes, inside ``edit`` -------------------------------------------------------------------------------

    def fid_of(self, grid_id: str) -> int:
        """Return the feature number of a grid.

        Raises
        ------
        EditRefusedError
            If there is no such grid.
        """
        fid = self.counts.fid_of(grid_id)
        if fid is None:
            raise EditRefusedError(tr("There is no grid {grid}", grid=grid_id))
        return fid

    def assign_units(self, unit_fids: Collection[int], grid_id: str) -> None:
        """Put units into a grid; the polygons follow at the end of the step.

        Raises
        ------
        EditRefusedError
            If a unit or a grid is locked, a unit is of another community, or the grid is unknown.
        """
        moving = [self.register[fid] for fid in sorted(unit_fids) if self.register[fid].grid_id != grid_id]
        for unit in moving:
            self.check_move(unit, unit.grid_id, grid_id)
        number = column(self.units, "grid_id")
        for unit in moving:
            self.units.changeAttributeValue(unit.fid, number, grid_id)

    def set_grid_geometry(self, fid: int, outline: QgsGeometry) -> None:
        """Give a grid another polygon; units and buildings follow at the end of the step.

        Raises
        ------
        EditRefusedError
            If the grid is locked.
        """
        self.check_unlocked({self.counts.grid(fid).grid_id})
        self.grids.changeGeometry(fid, outline)

    def new_grid(self, community_id: str, outline: QgsGeometry | None = None, *, purpose: str = GENERAL) -> str:
        """Add a grid with the next free code of its community, and return its ``grid_id``.

        Without an outline it starts empty: assign units to it in the same step.
        """
        grid_id = self.next_code(community_id)
        values = {
            "grid_id": grid_id,
            "code": grid_id,
            "community_id": community_id,
            "purpose": purpose,
            "minimum_households": self.bounds.minimum,
            "maximum_households": self.bounds.maximum,
            "locked": False,
        }
        numbered = {column(self.grids, name): value for name, value in values.items()}
        feature = QgsVectorLayerUtils.createFeature(self.grids, outline or QgsGeometry(), numbered)
        feature.setAttribute(column(self.grids, "fid"), NULL)
        self.grids.addFeature(feature)
        return grid_id

    def delete_grid(self, grid_id: str) -> None:
        """Remove a grid; units that are still in it are then in none."""
        self.check_unlocked({grid_id})
        self.grids.deleteFeature(self.fid_of(grid_id))

    def set_grid_locked(self, grid_id: str, locked: bool) -> None:
        """Lock a grid or unlock it."""
        self.grids.changeAttributeValue(self.fid_of(grid_id), column(self.grids, "locked"), locked)

    def set_unit_locked(self, unit_fid: int, locked: bool) -> None:
        """Lock a unit into its grid or unlock it."""
        self.units.changeAttributeValue(unit_fid, column(self.units, "locked"), locked)

    def check_move(self, unit: Unit, old: str, new: str) -> None:
        """Make sure that a unit may move from one grid to another; "" is no grid.

        Raises
        ------
        EditRefusedError
            If the unit or a grid is locked, the new grid is unknown or of another community.
        """
        if unit.locked:
            raise EditRefusedError(tr("Unit {unit} is locked", unit=unit.unit_id))
        self.check_unlocked({old, new})
        if new and self.counts.grid(self.fid_of(new)).community_id != unit.community_id:
            raise EditRefusedError(
                tr("Unit {unit} is of another community than grid {grid}", unit=unit.unit_id, grid=new)
            )

    def check_unlocked(self, grid_ids: Collection[str]) -> None:
        """Make sure that grids may change.

        Raises
        ------
        EditRefusedError
            If one is locked.
        """
        locked = sorted(
            state.code or state.grid_id
            for grid_id in grid_ids
            if (fid := self.counts.fid_of(grid_id)) is not None and (state := self.counts.grid(fid)).locked
        )
        if locked:
            raise EditRefusedError(tr("These grids are locked: {grids}", grids=", ".join(locked[:5])))

    def next_code(self, community_id: str) -> str:
        """Return the next code of a community that no grid ever had.

        Raises
        ------
        EditRefusedError
            If the community has used up its codes.
        """
        states = [self.counts.grid(fid) for fid in self.counts]
        used = {code for state in states for code in (state.grid_id, state.code)}
        ledger = self.region.get(GRID_CODES)
        used |= {text_of(row["code"]) for row in ledger.getFeatures()} if ledger else set()
        own = [state.grid_id for state in states if state.community_id == community_id and state.grid_id]
        prefix = own[0][:-SERIAL_DIGITS] if own else self._community_code(community_id)
        serials = {int(code[len(prefix) :]) for code in used if code.startswith(prefix) and code[len(prefix) :].isdigit()}
        serial = max(serials, default=0) + 1
        if serial >= 10**SERIAL_DIGITS:
            raise EditRefusedError(tr("Community {community} has used up its grid codes", community=community_id))
        return f"{prefix}{serial:0{SERIAL_DIGITS}d}"

    def _community_code(self, community_id: str) -> str:
        rows = self.communities.getFeatures() if self.communities is not None else ()
        codes = [text_of(row["code"]) for row in rows if text_of(row["community_id"]) == community_id]
        return (codes[0] if codes else "") or community_id

    @property
    def cut_units(self) -> dict[str, dict[str, float]]:
        """Units that a boundary cuts: by key, the square metres in each grid."""
        return self._follower.cut_units()

    def close(self) -> None:
        """Stop following the layers."""
        for signal, slot in self._signals:
            signal.disconnect(slot)
        self._signals = []
        self._history.close()
        self._follower.close()
        self.register.close()
        self.counts.close()

    # -- following the layers -----------------------------------------------------------------------------------

    def _follow(self, signal: Any, slot: Callable[..., None]) -> None:
        signal.connect(slot)
        self._signals.append((signal, slot))

    def _complete(self, text: str) -> None:
        """Make consistent what a command has left, inside the same step."""
        moved, households = self._follower.follow()
        self._step = Step(text, moved, households)

    def _on_stepped(self) -> None:
        self.counts.flush()
        if self._step is not None:
            step, self._step = self._step, None
            self.stepped.emit(step)

    def _on_restored(self) -> None:
        self._follower.forget()
        self.counts.flush()
        self.restored.emit()

    def _on_started(self) -> None:
        """Open the other layers when somebody opens one."""
        if self._switching:
            return
        try:
            self.start_editing()
        except EditRefusedError as error:
            self.noticed.emit(str(error))

    def _on_rolled_back(self) -> None:
        if not self._switching:
            self.roll_back()

    def _on_saved_features(self, layer_id: str, features: list[Any]) -> None:
        self._saved.setdefault(layer_id, []).extend(feature.id() for feature in features)

    def _on_saved(self) -> None:
        if self._switching:
            return
        try:
            self.save(stop=not all(layer.isEditable() for layer in self.layers))
        except SaveError as error:
            self.noticed.emit(str(error))

    def _renumber(self) -> None:
        saved, self._saved = self._saved, {}
        self.register.renumber(saved.get(self.units.id(), ()))
        self.counts.renumber(saved.get(self.grids.id(), ()), saved.get(self.buildings.id(), ()))
        self._follower.forget()
