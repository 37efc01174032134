# SPDX-License-Identifier: GPL-3.0-or-later
"""An open region that is being edited: grids, units and buildings as one thing with one history."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from qgis.core import NULL, QgsGeometry, QgsVectorLayer, QgsVectorLayerUtils
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis_plugin_tools.tools.i18n import tr

from .bounds import bounds_of_plan
from .codes import next_code
from .consistency import Follower
from .counts import CountsChange, LiveCounts
from .cover import CoverWatch
from .errors import EditRefusedError
from .figures import write_figures
from .history import JointHistory
from .joint_editing import JointEditing
from .region_project import RegionLayers
from .rows import no_garbage_collection
from .schema import (
    BUILDINGS,
    COMMUNITIES,
    EDITED,
    GENERAL,
    GRIDS,
    PLANS,
    UNITS,
    column,
)
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
    cover
        Whether the grids overlap or leave gaps.
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
        self.communities: QgsVectorLayer = region[COMMUNITIES]
        self.layers = tuple(region[name] for name in EDITED)
        self.bounds = bounds_of_plan(region.get(PLANS))
        with no_garbage_collection():
            self.counts = LiveCounts(self.grids, self.buildings, self.bounds)
            self.register = UnitRegister(self.units)
        self.cover = CoverWatch(self.counts, self.communities)
        self._follower = Follower(self)
        self._history = JointHistory(self.layers, self._complete)
        self._history.moved.connect(self._on_restored)
        self._history.stepped.connect(self._on_stepped)
        self._history.restarted.connect(lambda: self._follower.remember(0))
        self._editing = JointEditing(self.layers, region.path)
        self._editing.started.connect(self._on_started)
        self._editing.saving.connect(self._on_saving)
        self._editing.saved.connect(self._on_saved)
        self._editing.dropped.connect(self._on_dropped)
        self._editing.stopped.connect(self._on_stopped)
        self._editing.noticed.connect(self.noticed)
        self._step: Step | None = None
        self._touched: set[int] = set()
        self._writing_figures = False
        self.counts.changed.connect(self._on_counted)

    # -- editing ------------------------------------------------------------------------------------------------

    @property
    def is_editing(self) -> bool:
        """Whether grids, units and buildings are all being edited."""
        return self._editing.is_editing

    @property
    def is_modified(self) -> bool:
        """Whether there are edits that are not saved."""
        return self._editing.is_modified

    def start_editing(self) -> None:
        """Open grids, units and buildings for editing.

        Raises
        ------
        EditRefusedError
            If a layer cannot be edited, such as one of a file that may only be read.
        """
        self._editing.start()

    def save(self, *, stop: bool = False) -> None:
        """Write all edits into the file.

        Raises
        ------
        SaveError
            If a layer was not written; its edits are kept.
        """
        self._editing.save(stop=stop)

    def roll_back(self) -> None:
        """Drop all edits since the last saving and stop editing."""
        self._editing.roll_back()

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

    def new_grid(
        self, community_id: str, outline: QgsGeometry | None = None, *, purpose: str = GENERAL, grid_id: str = ""
    ) -> str:
        """Add a grid with the next free code of its community or a given one, and return its ``grid_id``.

        Without an outline it starts empty: assign units to it in the same step.
        """
        grid_id = grid_id or self.next_code(community_id)
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
        """Return the code for a new grid of a community; no grid ever had it.

        Raises
        ------
        EditRefusedError
            If the community has used up its codes.
        """
        return next_code(self.region, self.counts, community_id)

    @property
    def cut_units(self) -> dict[str, dict[str, float]]:
        """Units that a boundary cuts: by key, the square metres in each grid."""
        return self._follower.cut_units()

    def close(self) -> None:
        """Stop following the layers."""
        self._editing.close()
        self._history.close()
        self._follower.close()
        self.register.close()
        self.cover.close()
        self.counts.close()

    # -- following the layers -----------------------------------------------------------------------------------

    def _complete(self, text: str) -> None:
        """Make consistent what a command has left, inside the same step."""
        moved, households = self._follower.follow()
        self._step = Step(text, moved, households)

    def _on_stepped(self) -> None:
        self._follower.remember(self._history.steps)
        self.counts.flush()
        self._repaint()
        step, self._step = self._step, None
        if step is not None and not self._writing_figures:
            self.stepped.emit(step)

    def _on_restored(self) -> None:
        self._follower.recall(self._history.steps)
        self.counts.flush()
        self._repaint()
        self.restored.emit()

    def _repaint(self) -> None:
        """Have the map drawn anew: QGIS does so for its own tools only."""
        for layer in self.layers:
            layer.triggerRepaint()

    def _on_started(self) -> None:
        self._history.restart()
        self.editing_changed.emit(True)

    def _on_stopped(self) -> None:
        self.editing_changed.emit(False)

    def _on_counted(self, change: CountsChange) -> None:
        self._touched |= change.changed

    def _on_saving(self) -> None:
        """Bring the figures of changed grids up to date, as part of what is saved."""
        touched, self._touched = self._touched, set()
        if not (touched and self.is_editing):
            return
        self._writing_figures = True
        try:
            with self._history.step(tr("Figures of the grids")):
                write_figures(self, touched)
        finally:
            self._writing_figures = False

    def _on_saved(self, added: dict[str, list[int]]) -> None:
        """Take over the feature numbers of new features; what is saved cannot be undone."""
        self.register.renumber(added.get(self.units.id(), ()))
        self.counts.renumber(added.get(self.grids.id(), ()), added.get(self.buildings.id(), ()))
        self._follower.forget()
        self._history.forget_saved()

    def _on_dropped(self) -> None:
        self._touched.clear()
        self._history.restart()
        self._on_restored()
