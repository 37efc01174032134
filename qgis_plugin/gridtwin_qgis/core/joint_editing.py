# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers that are opened for editing, saved and rolled back together, whichever of them QGIS is told to."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qgis.core import QgsVectorLayer
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal
from qgis_plugin_tools.tools.i18n import tr

from .errors import EditRefusedError, SaveError
from .safe_save import SaveGuard


class JointEditing(QObject):
    """Edit sessions of layers that go together.

    Parameters
    ----------
    layers
        Layers of one file, in the order in which they are saved.
    path
        The file.

    Attributes
    ----------
    started
        Emitted when all layers are open for editing.
    saving
        Emitted before the first layer is written; changes made now are saved with the others.
    saved
        Emitted after all are written, with the feature numbers that new features got, by layer.
    dropped
        Emitted after all edits were dropped.
    stopped
        Emitted when editing is over, after saving or dropping.
    noticed
        Emitted with a text for the planner where something that QGIS did by itself went wrong.
    """

    started = pyqtSignal()
    saving = pyqtSignal()
    saved = pyqtSignal(dict)
    dropped = pyqtSignal()
    stopped = pyqtSignal()
    noticed = pyqtSignal(str)

    def __init__(self, layers: Sequence[QgsVectorLayer], path: Path) -> None:
        super().__init__()
        self._layers = tuple(layers)
        self._guard = SaveGuard(path)
        self._added: dict[str, list[int]] = {}
        self._switching = False
        self._signals: list[tuple[Any, Callable[..., None]]] = []
        for layer in self._layers:
            self._follow(layer.editingStarted, self._on_started)
            self._follow(layer.beforeCommitChanges, self._on_saving)
            self._follow(layer.committedFeaturesAdded, self._on_added)
            self._follow(layer.afterCommitChanges, self._on_saved)
            self._follow(layer.afterRollBack, self._on_rolled_back)

    @property
    def is_editing(self) -> bool:
        """Whether all layers are open for editing."""
        return all(layer.isEditable() for layer in self._layers)

    @property
    def is_modified(self) -> bool:
        """Whether there are edits that are not saved."""
        return any(layer.isModified() for layer in self._layers)

    def start(self) -> None:
        """Open all layers for editing.

        Raises
        ------
        EditRefusedError
            If a layer cannot be edited, such as one of a file that may only be read.
        """
        if self.is_editing:
            return
        with self._switch():
            refused = [layer.name() for layer in self._layers if not (layer.isEditable() or layer.startEditing())]
        if refused:
            raise EditRefusedError(tr("These layers cannot be edited: {layers}", layers=", ".join(refused)))
        self.started.emit()

    def save(self, *, stop: bool = False) -> None:
        """Write all edits into the file.

        Raises
        ------
        SaveError
            If a layer was not written; its edits, and those of the layers after it, are kept.
        """
        faults: list[str] = []
        with self._switch():
            self._before_first()
            for layer in self._layers:
                if layer.isEditable() and not faults and not layer.commitChanges(stop):
                    faults = [layer.name(), *layer.commitErrors()]
            self._guard.end()
        added, self._added = self._added, {}
        self.saved.emit(added)
        if faults:
            raise SaveError(tr("Not everything was saved; your edits are kept: {reason}", reason="; ".join(faults)))
        if stop:
            self.stopped.emit()

    def roll_back(self) -> None:
        """Drop all edits since the last saving and stop editing."""
        with self._switch():
            for layer in self._layers:
                if layer.isEditable():
                    layer.rollBack()
        self.dropped.emit()
        self.stopped.emit()

    def close(self) -> None:
        """Stop following the layers."""
        for signal, slot in self._signals:
            signal.disconnect(slot)
        self._signals = []

    def _follow(self, signal: Any, slot: Callable[..., None]) -> None:
        signal.connect(slot)
        self._signals.append((signal, slot))

    @contextmanager
    def _switch(self) -> Iterator[None]:
        """Do something to all layers without hearing of each of them."""
        self._switching = True
        try:
            yield
        finally:
            self._switching = False

    def _before_first(self) -> None:
        """Keep the file as it was until all layers are written."""
        if self._guard.is_held:
            return
        self.saving.emit()
        try:
            self._guard.begin()
        except (OSError, sqlite3.Error) as error:
            text = tr(
                "There is no place for a copy of the region while it is saved ({reason}); save elsewhere soon",
                reason=error,
            )
            self.noticed.emit(text)

    def _on_started(self) -> None:
        """Open the other layers when QGIS opens one."""
        if self._switching:
            return
        try:
            self.start()
        except EditRefusedError as error:
            self.noticed.emit(str(error))

    def _on_saving(self, *_stop: bool) -> None:
        """QGIS writes a layer by itself; the others follow when it is done."""
        if not self._switching:
            self._before_first()
            QTimer.singleShot(0, self._guard.end)  # where QGIS fails to write, no other signal says that it is over

    def _on_added(self, layer_id: str, features: list[Any]) -> None:
        self._added.setdefault(layer_id, []).extend(feature.id() for feature in features)

    def _on_saved(self) -> None:
        if self._switching:
            return
        try:
            self.save(stop=not self.is_editing)
        except SaveError as error:
            self.noticed.emit(str(error))

    def _on_rolled_back(self) -> None:
        if not self._switching:
            self.roll_back()
