# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of faults in the polygons of a plan; each can be shown on the map."""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import QgsApplication, QgsGeometry
from qgis.PyQt.QtCore import QLocale, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QLabel, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget
from qgis_plugin_tools.tools.i18n import tr
from qgis_plugin_tools.tools.tasks import BaseTask

from ..core.session import RegionSession
from ..core.validate import Fault, Problem, Snapshot, find_problems

PLACE_ROLE = int(Qt.ItemDataRole.UserRole)
Receiver = Callable[["tuple[Problem, ...]"], None]


class ProblemsTask(BaseTask):
    """Looks for faults beside the planner's work.

    Parameters
    ----------
    snapshot
        The region.
    receive
        Called with the faults when they are all found.
    """

    def __init__(self, snapshot: Snapshot, receive: Receiver) -> None:
        super().__init__()
        self._snapshot, self._receive = snapshot, receive
        self._found: tuple[Problem, ...] = ()

    @property
    def name(self) -> str:
        """What the task is called."""
        return str(tr("Check grids"))

    def finished(self, result: bool) -> None:
        """Hand over what was found; QGIS calls this in the main thread."""
        if result:
            self._receive(self._found)
        elif self.exception is not None:
            super().finished(result)

    def _run(self) -> bool:
        self._found = find_problems(
            self._snapshot, lambda share: self.setProgress(100.0 * share), lambda: bool(self.isCanceled())
        )
        return not self.isCanceled()


class ProblemsPanel(QWidget):
    """Button, count and list of faults."""

    chosen = pyqtSignal(QgsGeometry)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session: RegionSession | None = None
        self._task: ProblemsTask | None = None
        self.button = QPushButton(tr("Check grids"))
        self.button.setObjectName("GridTwinCheckGrids")
        self.button.setToolTip(
            tr("Look for overlaps, gaps, pieces, grids beyond their community, changed locked grids")
        )
        self.button.clicked.connect(self.check)
        self.heading = QLabel(tr("Not checked yet"))
        self.heading.setWordWrap(True)
        self.list = QListWidget()
        self.list.setObjectName("GridTwinProblems")
        self.list.setWordWrap(True)
        self.list.itemClicked.connect(self._on_chosen)
        self.list.itemActivated.connect(self._on_chosen)
        layout = QVBoxLayout(self)
        for widget in (self.button, self.heading, self.list):
            layout.addWidget(widget)

    def show_session(self, session: RegionSession | None) -> None:
        """Work on another region, or none."""
        self.stop()
        self._session = session
        self.list.clear()
        self.heading.setText(tr("Not checked yet"))
        self.button.setEnabled(session is not None)

    def check(self) -> None:
        """Look for faults in the background."""
        if self._session is None:
            return
        self.stop()
        self.heading.setText(tr("Checking…"))
        self._task = ProblemsTask(Snapshot.of(self._session), self._show)
        QgsApplication.taskManager().addTask(self._task)

    def stop(self) -> None:
        """Stop looking for faults."""
        task, self._task = self._task, None
        if task is not None and task.isActive():
            task.cancel()

    def _show(self, problems: tuple[Problem, ...]) -> None:
        self._task = None
        self.list.clear()
        for problem in problems:
            item = QListWidgetItem(problem_text(problem))
            item.setData(PLACE_ROLE, problem.place)
            self.list.addItem(item)
        self.heading.setText(tr("{count} faults", count=len(problems)) if problems else tr("No faults"))

    def _on_chosen(self, item: QListWidgetItem) -> None:
        self.chosen.emit(item.data(PLACE_ROLE))


def problem_text(problem: Problem) -> str:
    """Return a fault as a sentence in the planner's language."""
    values = {"keys": ", ".join(problem.keys), "amount": QLocale().toString(round(problem.amount))}
    texts = {
        Fault.OVERLAP: tr("Grids {keys} overlap: {amount} m²", **values),
        Fault.GAP: tr("Community {keys}: no grid covers {amount} m²", **values),
        Fault.PIECES: tr("Grid {keys} is in {amount} pieces", **values),
        Fault.CROSSES_ITSELF: tr("The outline of grid {keys} crosses itself", **values),
        Fault.OUTSIDE_COMMUNITY: tr("Grid {keys} lies beyond its community: {amount} m²", **values),
        Fault.LOCKED_CHANGED: tr("Grid {keys} is locked but was changed: {amount} m²", **values),
        Fault.UNIT_CUT: tr("A boundary cuts unit {keys}: {amount} m²", **values),
        Fault.UNIT_ASTRAY: tr("Unit {keys} is in no grid: {amount} m²", **values),
    }
    return str(texts[problem.fault])
