# SPDX-License-Identifier: GPL-3.0-or-later
"""Rebalancing: the engine works in the background, the planner looks at what would change, and accepts or rejects."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from qgis.PyQt.QtCore import QObject
from qgis.PyQt.QtWidgets import QWidget
from qgis_plugin_tools.tools.i18n import tr
from qgis_plugin_tools.tools.messages import MsgBar

from ..core.plans import PlanBook, PlanError
from ..core.rebalance import neighbours, prepare_snapshot, read_proposal, rebalance_arguments
from ..engine.collecting import CollectingTask, EngineRuns, tell_failure
from ..engine.errors import EngineError
from ..engine.snapshot import Snapshot
from .preview import Preview

SELECTED, NEIGHBOURS, ALL = "selected", "neighbours", "all"
REACHES = {
    SELECTED: "the selected grids only",
    NEIGHBOURS: "the selected grids and their neighbours",
    ALL: "all grids",
}
STAY = 4.0  # the engine's usual price of households that leave their grid
RESULT_NAME = "rebalanced.gpkg"


class Rebalancing(QObject):
    """Rebalances plans of open regions, one at a time.

    Parameters
    ----------
    window
        Over which previews are shown.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._runs = EngineRuns()
        self.preview: Preview | None = None

    def start(self, book: PlanBook, reach: str) -> None:
        """Have the engine propose how to restore the bounds.

        Parameters
        ----------
        book
            The plans; the one that is worked on is rebalanced, with unsaved edits.
        reach
            Which grids may change, a key of :data:`REACHES`.

        Raises
        ------
        PlanError
            If nothing is selected, or a proposal is still being made or looked at.
        """
        if self._runs.is_busy or self.preview is not None:
            raise PlanError(tr("A rebalancing is still going on; accept, reject or cancel it first"))
        free, before, stored = free_grids(book, reach), book.present(), book.stored()

        def command(region: Path, folder: Path) -> list[str]:
            prepare_snapshot(region, stored, before, free)
            return rebalance_arguments(region, folder / RESULT_NAME, stored.name, STAY)

        task = CollectingTask(
            tr("Rebalance plan '{plan}'", plan=stored.name),
            [command],
            Snapshot.of(book.session.region.layers.values()),
            lambda folder: folder / RESULT_NAME,
            lambda path: self._show(book, path, before),
            self._failed,
        )
        self._runs.start(task)

    def close(self) -> None:
        """Cancel what goes on and reject what is looked at."""
        self._runs.cancel()
        if self.preview is not None:
            self.preview.reject()

    def _show(self, book: PlanBook, path: Path, before: dict[str, str]) -> None:
        proposal = read_proposal(book.session, path, before)
        if proposal.is_empty:
            text = tr("There is nothing to change: the grids that may change keep the bounds, or cannot be mended.")
            MsgBar.info(tr("Rebalance"), text)
            return
        self.preview = Preview(book, proposal, self._window)
        self.preview.finished.connect(self._on_finished)
        self.preview.show()

    def _on_finished(self, _result: int) -> None:
        self.preview = None

    def _failed(self, error: EngineError) -> None:
        tell_failure(error, lambda text: MsgBar.warning(tr("Rebalance"), text))


def free_grids(book: PlanBook, reach: str) -> Collection[str] | None:
    """Return the grids that may change, ``None`` for all.

    Raises
    ------
    PlanError
        If grids must be selected and none is.
    """
    if reach == ALL:
        return None
    session = book.session
    selected = {session.counts.grid(fid).grid_id for fid in session.grids.selectedFeatureIds()}
    if not selected:
        raise PlanError(tr("Select the grids to rebalance first"))
    return neighbours(session, selected) if reach == NEIGHBOURS else selected
