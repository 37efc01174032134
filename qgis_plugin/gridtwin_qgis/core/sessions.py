# SPDX-License-Identifier: GPL-3.0-or-later
"""The regions that are open in the project, and the one that the planner works on."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsMapLayer, QgsProject
from qgis.PyQt.QtCore import QObject, pyqtSignal

from .expressions import LiveExpressions
from .region_project import RegionLayers, open_region, regions_of
from .safe_save import undo_interrupted_save
from .session import RegionSession


class RegionSessions(QObject):
    """Open regions of a project, each with its session once it has a plan.

    Parameters
    ----------
    project
        The project; that of the window by default.

    Attributes
    ----------
    current_changed
        Emitted with the :class:`RegionSession` that the planner works on from now on, or ``None``.
    regions_changed
        Emitted when a region was opened or closed.
    """

    current_changed = pyqtSignal(object)
    regions_changed = pyqtSignal()

    def __init__(self, project: QgsProject | None = None) -> None:
        super().__init__()
        self._project = project or QgsProject.instance()
        self._regions: dict[Path, RegionLayers] = {}
        self._sessions: dict[Path, RegionSession] = {}
        self._current: Path | None = None
        self._expressions = LiveExpressions()
        self._signals = [
            (self._project.readProject, self._on_read),
            (self._project.layersWillBeRemoved, self._on_removed),
        ]
        for signal, slot in self._signals:
            signal.connect(slot)
        self._on_read()

    @property
    def regions(self) -> tuple[RegionLayers, ...]:
        """All open regions."""
        return tuple(self._regions.values())

    @property
    def current_region(self) -> RegionLayers | None:
        """The region that the planner works on."""
        return None if self._current is None else self._regions[self._current]

    @property
    def current(self) -> RegionSession | None:
        """The session of the region that the planner works on; ``None`` while it has no plan."""
        return None if self._current is None else self._sessions.get(self._current)

    def open(self, path: str | Path) -> RegionLayers:
        """Open a region, or turn to it if it is open.

        Raises
        ------
        RegionFileError
            If the file is no region.
        """
        path = Path(path).absolute()
        if path not in self._regions:
            self._take(open_region(path, self._project))
        self._turn_to(path)
        return self._regions[path]

    def session_of(self, layer: QgsMapLayer | None) -> RegionSession | None:
        """Return the session of the region that a layer belongs to."""
        path = self._path_of(layer)
        return None if path is None else self._sessions.get(path)

    def follow(self, layer: QgsMapLayer | None) -> None:
        """Turn to the region of the layer that has become the active one."""
        path = self._path_of(layer)
        if path is not None:
            self._turn_to(path)

    def close(self) -> None:
        """Stop following the project."""
        for signal, slot in self._signals:
            signal.disconnect(slot)
        self._signals = []
        for path in tuple(self._regions):
            self._drop(path)
        self._expressions.close()

    def _path_of(self, layer: QgsMapLayer | None) -> Path | None:
        if layer is None:
            return None
        found = (path for path, region in self._regions.items() if layer in region.layers.values())
        return next(found, None)

    def _take(self, region: RegionLayers) -> None:
        self._regions[region.path] = region
        if region.has_plan:
            session = RegionSession(region)
            self._sessions[region.path] = session
            self._expressions.watch(session.grids.id(), session.counts)
        self.regions_changed.emit()

    def _drop(self, path: Path) -> None:
        del self._regions[path]
        session = self._sessions.pop(path, None)
        if session is not None:
            self._expressions.forget(session.grids.id())
            session.close()
        if self._current == path:
            self._current = None
            self._turn_to(next(iter(self._regions), None))
        self.regions_changed.emit()

    def _turn_to(self, path: Path | None) -> None:
        if path != self._current or path is None:
            self._current = path
            self.current_changed.emit(self.current)

    def _on_read(self, *_document: object) -> None:
        for region in regions_of(self._project):
            if region.path not in self._regions:
                if undo_interrupted_save(region.path):
                    region.reload()
                self._take(region)
        if self._current is None and self._regions:
            self._turn_to(next(iter(self._regions)))

    def _on_removed(self, layer_ids: list[str]) -> None:
        for path, region in tuple(self._regions.items()):
            if any(layer.id() in layer_ids for layer in region.layers.values()):
                self._drop(path)
