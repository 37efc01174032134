# SPDX-License-Identifier: GPL-3.0-or-later
"""Two plans side by side: a table by community, and a layer of the units that change."""

from __future__ import annotations

from qgis.core import QgsProject
from qgis.PyQt.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget
from qgis_plugin_tools.tools.i18n import tr
from qgis_plugin_tools.tools.messages import MsgBar

from ..core.errors import PluginError
from ..core.plan_compare import PlanDifference, compare_plans, difference_layer, table_by_community, unit_homes
from ..core.plans import PlanBook
from ..core.result_layers import add_to_group
from ..core.styling import style_layer
from .texttable import TextTable


class CompareDialog(QDialog):
    """Asks for two plans and shows how they differ.

    Parameters
    ----------
    book
        The plans.
    chosen
        The plan to compare with the one that is worked on.
    parent
        The window.
    """

    def __init__(self, book: PlanBook, chosen: str | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Compare plans"))
        self.resize(640, 420)
        self._book = book
        self.difference: PlanDifference | None = None
        names = [plan.name for plan in book.plans()]
        others = [name for name in reversed(names) if name != book.current]
        self.first, self.second = QComboBox(), QComboBox()
        for box in (self.first, self.second):
            box.addItems(names)
            box.currentIndexChanged.connect(lambda _index: self.compare())
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.table = TextTable(table_by_community(None)[0])
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.show_layer = buttons.addButton(tr("Show on the map"), QDialogButtonBox.ButtonRole.ActionRole)
        self.show_layer.clicked.connect(lambda _checked: self.add_layer())
        buttons.rejected.connect(self.reject)
        row = QHBoxLayout()
        for widget in (self.first, QLabel("→"), self.second):
            row.addWidget(widget)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addLayout(row)
        layout.addWidget(self.summary)
        layout.addWidget(self.table, 1)
        layout.addWidget(buttons)
        second = chosen if chosen in others else others[0] if others else book.current
        self.first.setCurrentText(book.current)
        self.second.setCurrentText(second)
        self.compare()

    def compare(self) -> None:
        """Show the difference of the two plans that are chosen."""
        names = self.first.currentText(), self.second.currentText()
        try:
            first, second = (self._book.assignment(name) for name in names)
        except PluginError as error:
            MsgBar.warning(tr("Compare plans"), str(error))
            return
        self.difference = compare_plans(unit_homes(self._book.session), first, second, names)
        share = self.difference.households_moved / max(self.difference.households, 1)
        self.summary.setText(
            tr(
                "{units:,} units and {households:,} households ({share:.1%}) are in another grid.",
                units=len(self.difference.units),
                households=self.difference.households_moved,
                share=share,
            )
        )
        self.table.fill(table_by_community(self.difference)[1])
        self.show_layer.setEnabled(bool(self.difference.units))

    def add_layer(self) -> None:
        """Add the units that change to the map."""
        if self.difference is None:
            return
        title = f"{self.difference.first} → {self.difference.second}"
        layer = difference_layer(self._book.session, self.difference.units, title)
        style_layer(layer, "difference")
        add_to_group([layer], tr("Plans compared"), QgsProject.instance())
