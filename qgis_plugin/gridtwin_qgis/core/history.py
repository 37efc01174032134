# SPDX-License-Identifier: GPL-3.0-or-later
"""One history of several layers: their undo stacks move together.

QGIS keeps one undo stack a layer. Here every step ends with a command on each layer, an empty one where the layer has
not changed, so that "undo" on any of them, by whatever button, takes back the same step on all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from qgis.core import QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, pyqtSignal


@dataclass(frozen=True)
class Mark:
    """A moment: how many commands each layer has carried out, and the address of its last command."""

    indexes: tuple[int, ...]
    commands: tuple[int, ...]


class JointHistory(QObject):
    """Undo stacks of layers that move together.

    Parameters
    ----------
    layers
        Layers that are edited together.
    complete
        Called with the text of a command after somebody has edited a layer, to change what must follow in any
        layer; its changes belong to the same step.
    """

    moved = pyqtSignal()  # undone or done again
    stepped = pyqtSignal()  # a new step is complete
    restarted = pyqtSignal()

    def __init__(self, layers: Sequence[QgsVectorLayer], complete: Callable[[str], None]) -> None:
        super().__init__()
        self._layers, self._complete = tuple(layers), complete
        self._marks: list[Mark] = []
        self._place = 0
        self._busy = False
        self._signals: list[tuple[Any, Callable[..., None]]] = []
        self.restart()
        for number, layer in enumerate(self._layers):
            self._follow(layer.undoStack().indexChanged, lambda _index, n=number: self._stack_moved(n))
            self._follow(layer.editCommandEnded, lambda n=number: self._command_ended(n))
            self._follow(layer.editCommandDestroyed, lambda n=number: self._command_ended(n))

    @property
    def steps(self) -> int:
        """Number of steps that can be undone."""
        return self._place

    def restart(self) -> None:
        """Begin anew, when editing starts or ends."""
        self._marks, self._place = [self._mark()], 0
        self.restarted.emit()

    def forget_saved(self) -> None:
        """Begin anew if a layer was saved, for QGIS empties its stack then; keep all steps if none was."""
        if self._mark() != self._marks[self._place]:
            self.restart()

    def undo(self) -> None:
        """Take back the last step."""
        if self._place > 0:
            self._go(self._place - 1)

    def redo(self) -> None:
        """Do the step again that was undone last."""
        if self._place + 1 < len(self._marks):
            self._go(self._place + 1)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Make all changes in the block one step on all layers; an exception takes every change back."""
        if self._busy:
            yield  # part of a step that is being made
            return
        self._busy = True
        try:
            for layer in self._layers:
                layer.beginEditCommand(text)
            try:
                yield
                self._complete(text)
            except BaseException:
                for layer in self._layers:
                    layer.destroyEditCommand()
                raise
            for layer in self._layers:
                layer.endEditCommand()
            self._append()
        finally:
            self._busy = False
        self.stepped.emit()

    def close(self) -> None:
        """Stop following the layers."""
        for signal, slot in self._signals:
            signal.disconnect(slot)
        self._signals = []

    def _follow(self, signal: Any, slot: Callable[..., None]) -> None:
        signal.connect(slot)
        self._signals.append((signal, slot))

    def _stack_moved(self, number: int) -> None:
        """Look at a change of a stack, unless its command still goes on."""
        if self._busy or self._layers[number].isEditCommandActive():
            return
        if self._layers[number].undoStack().index() == self._marks[self._place].indexes[number]:
            self._extend(number)
        else:
            self._command_ended(number)

    def _command_ended(self, number: int) -> None:
        if self._busy or self._layers[number].undoStack().count() == 0:
            return
        index, known = self._layers[number].undoStack().index(), self._marks[self._place]
        if index == known.indexes[number]:
            return
        if index < known.indexes[number]:
            self._go(max((k for k in range(self._place) if self._marks[k].indexes[number] <= index), default=0))
        elif (again := self._done_again(number, index)) is not None:
            self._go(again)
        else:
            self._finish(number)
            self.stepped.emit()

    def _extend(self, number: int) -> None:
        """Take a command that QGIS has merged with the one before it into the last step."""
        if self._place > 0:
            self._place -= 1
            self._finish(number)
            self.stepped.emit()

    def _done_again(self, number: int, index: int) -> int | None:
        """Return the step that was done again if the stack moved to a command that it had before."""
        for place in range(self._place + 1, len(self._marks)):
            mark = self._marks[place]
            if mark.indexes[number] >= index:
                top = self._layers[number].undoStack()
                there = top.count() >= mark.indexes[number]
                return place if there and _address(top, mark.indexes[number]) == mark.commands[number] else None
        return None

    def _finish(self, number: int) -> None:
        """Turn a command on one layer into a step on all."""
        stack = self._layers[number].undoStack()
        text = stack.text(stack.index() - 1)
        others = [layer for n, layer in enumerate(self._layers) if n != number]
        self._busy = True
        try:
            for layer in others:
                layer.beginEditCommand(text)
            try:
                self._complete(text)
            finally:
                for layer in others:
                    layer.endEditCommand()
            self._append()
        finally:
            self._busy = False

    def _append(self) -> None:
        del self._marks[self._place + 1 :]
        self._marks.append(self._mark())
        self._place += 1

    def _mark(self) -> Mark:
        stacks = [layer.undoStack() for layer in self._layers]
        indexes = tuple(stack.index() for stack in stacks)
        return Mark(indexes, tuple(_address(stack, index) for stack, index in zip(stacks, indexes)))

    def _go(self, place: int) -> None:
        """Move all stacks to a step."""
        self._busy = True
        try:
            for layer, index in zip(self._layers, self._marks[place].indexes):
                layer.undoStack().setIndex(index)
            self._place = place
        finally:
            self._busy = False
        self.moved.emit()


def _address(stack: Any, index: int) -> int:
    """Return what tells the last carried out command of a stack from any other, 0 at its bottom."""
    return 0 if index == 0 else int(sip.unwrapinstance(stack.command(index - 1)))
