# SPDX-License-Identifier: GPL-3.0-or-later
"""The dock of plans: switch, branch, bring in, compare, rebalance; and the log of what was done."""

from __future__ import annotations

from collections.abc import Callable

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDockWidget,
    QGridLayout,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from qgis_plugin_tools.tools.i18n import tr
from qgis_plugin_tools.tools.messages import MsgBar

from ..core.errors import PluginError
from ..core.open_plans import OpenPlans, RegionPlans
from ..core.plans import PlanBook
from ..engine.errors import EngineError
from .compare_dialog import CompareDialog
from .host import PluginHost
from .import_dialog import ImportDialog
from .log_dialog import LogDialog
from .rebalancing import REACHES, Rebalancing
from .texttable import TextTable


def add_plans_dock(host: PluginHost) -> None:
    """Add the dock of plans."""
    plans = OpenPlans(host.sessions)
    dock = PlansDock(plans, host.iface.mainWindow())
    host.at_unload(plans.close)
    host.at_unload(dock.close_runs)
    host.add_dock(dock, area=Qt.DockWidgetArea.LeftDockWidgetArea, visible=False)


class PlansDock(QDockWidget):
    """Plans of the region that the planner works on.

    Parameters
    ----------
    plans
        Plans of the open regions.
    parent
        The window.
    """

    def __init__(self, plans: OpenPlans, parent: QWidget | None = None) -> None:
        super().__init__(tr("Plans"), parent)
        self.setObjectName("GridTwinPlans")
        self._plans = plans
        self._shown: RegionPlans | None = None
        self._rebalancing = Rebalancing(self)
        self.table = TextTable((tr("Plan"), tr("Made at (UTC)"), tr("Bounds"), tr("Grids")), self.switch, gives_way=1)
        self.table.setToolTip(tr("Double-click a plan to work on it"))
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.reach = QComboBox()
        for key, title in REACHES.items():
            self.reach.addItem(tr(title), key)
        self.reach.setCurrentIndex(1)
        self.buttons = self._make_buttons()
        self.setWidget(self._laid_out())
        plans.current_changed.connect(self.show_plans)
        self.show_plans(plans.current)

    def show_plans(self, plans: RegionPlans | None) -> None:
        """Show the plans of another region, or none."""
        if self._shown is not None:
            self._shown.book.changed.disconnect(self.refresh)
            self._shown.book.failed.disconnect(_warn)
            self._shown.log.failed.disconnect(_warn)
        self._shown = plans
        if plans is not None:
            plans.book.changed.connect(self.refresh)
            plans.book.failed.connect(_warn)
            plans.log.failed.connect(_warn)
        self.refresh()

    def refresh(self) -> None:
        """Show the plans as they are now."""
        for button in self.buttons.values():
            button.setEnabled(self._shown is not None)
        if self._shown is None:
            self.table.fill(())
            self.note.setText(tr("Open a region with a plan"))
            return
        plans = self._shown.book.plans()
        self.table.fill(
            (
                (
                    f"● {plan.name}" if plan.is_current else plan.name,
                    plan.created_at.replace("T", " ").rstrip("Z"),
                    "" if plan.minimum is None else f"{plan.minimum}–{plan.maximum}",
                    plan.grids,
                )
                for plan in plans
            ),
            (plan.name for plan in plans),
        )
        self.table.choose(self._shown.book.current)
        self.note.setText(tr("Worked on: {plan}", plan=self._shown.book.current))

    # -- what the buttons do --------------------------------------------------------------------------------------

    def switch(self, name: str | None = None) -> None:
        """Work on the chosen plan; unsaved edits are asked about."""
        book, name = self._book(), name or self.table.chosen()
        if name is None or name == book.current or not self._settle_edits(book):
            return
        self._try(lambda: book.switch(name))

    def branch(self) -> None:
        """Copy the chosen plan under a name that is asked for."""
        book, source = self._book(), self.table.chosen() or self._book().current
        name = self._ask_name(tr("Branch plan '{plan}'", plan=source), tr("{plan} 2", plan=source))
        if name:
            self._try(lambda: book.branch(name, source))

    def rename(self) -> None:
        """Rename the chosen plan."""
        book, old = self._book(), self.table.chosen()
        if old is not None and (new := self._ask_name(tr("Rename plan '{plan}'", plan=old), old)):
            self._try(lambda: book.rename(old, new))

    def remove(self) -> None:
        """Remove the chosen plan, after asking."""
        book, name = self._book(), self.table.chosen()
        if name is None:
            return
        question = tr("Remove the plan '{plan}' for good?", plan=name)
        yes = QMessageBox.StandardButton.Yes
        if QMessageBox.question(self, tr("Remove plan"), question) == yes:
            self._try(lambda: book.remove(name))

    def bring_in(self) -> None:
        """Ask for a file and take its plan."""
        ImportDialog(self._book(), self).open()

    def compare(self) -> None:
        """Compare the plan that is worked on with the chosen one."""
        CompareDialog(self._book(), self.table.chosen(), self).open()

    def rebalance(self) -> None:
        """Have the engine propose a rebalancing of the selected grids."""
        self._try(lambda: self._rebalancing.start(self._book(), self.reach.currentData()))

    def show_log(self) -> None:
        """Show the log."""
        assert self._shown is not None  # the button is off without a region
        LogDialog(self._shown.log, self).show()

    def close_runs(self) -> None:
        """Cancel what the engine is doing for this dock."""
        self._rebalancing.close()

    # -- parts ----------------------------------------------------------------------------------------------------

    def _book(self) -> PlanBook:
        assert self._shown is not None  # the buttons are off without a region
        return self._shown.book

    def _make_buttons(self) -> dict[str, QPushButton]:
        actions: dict[str, tuple[str, str, Callable[[], None]]] = {
            "switch": (tr("Switch"), tr("Work on the chosen plan"), self.switch),
            "branch": (tr("Branch…"), tr("Go on with a copy; the plan stays as it was saved"), self.branch),
            "import": (tr("Import…"), tr("Take a plan from another region or a table"), self.bring_in),
            "compare": (tr("Compare…"), tr("See which units and households change their grid"), self.compare),
            "rename": (tr("Rename…"), tr("Give the chosen plan another name"), self.rename),
            "remove": (tr("Remove"), tr("Remove the chosen plan for good"), self.remove),
            "rebalance": (tr("Rebalance…"), tr("Let the engine mend grids with least change"), self.rebalance),
            "log": (tr("User log…"), tr("Who changed what, and when"), self.show_log),
        }
        buttons = {}
        for name, (text, tip, slot) in actions.items():
            buttons[name] = QPushButton(text)
            buttons[name].setObjectName(f"GridTwinPlans_{name}")
            buttons[name].setToolTip(tip)
            buttons[name].clicked.connect(lambda _checked, call=slot: call())
        return buttons

    def _laid_out(self) -> QWidget:
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.addWidget(self.note)
        layout.addWidget(self.table, 1)
        grid = QGridLayout()
        for number, name in enumerate(("switch", "branch", "import", "compare", "rename", "remove")):
            grid.addWidget(self.buttons[name], number // 3, number % 3)
        layout.addLayout(grid)
        row = QHBoxLayout()
        row.addWidget(self.buttons["rebalance"])
        row.addWidget(self.reach, 1)
        layout.addLayout(row)
        layout.addWidget(self.buttons["log"])
        return inside

    def _settle_edits(self, book: PlanBook) -> bool:
        """Ask what is to become of unsaved edits; return whether there are none left."""
        session = book.session
        if not session.is_modified:
            return True
        buttons = QMessageBox.StandardButton
        answer = QMessageBox.question(
            self,
            tr("Unsaved edits"),
            tr("The plan '{plan}' has unsaved edits. Save them before switching?", plan=book.current),
            buttons.Save | buttons.Discard | buttons.Cancel,
            buttons.Save,
        )
        if answer == buttons.Save:
            return self._try(session.save)
        if answer == buttons.Discard:
            session.roll_back()
            return True
        return False

    def _ask_name(self, title: str, default: str) -> str:
        name, accepted = QInputDialog.getText(self, title, tr("Name"), text=default)
        return name if accepted else ""

    def _try(self, call: Callable[[], object]) -> bool:
        try:
            call()
        except (PluginError, EngineError) as error:
            _warn(str(error))
            return False
        return True


def _warn(text: str) -> None:
    MsgBar.warning(tr("Plans"), text)
