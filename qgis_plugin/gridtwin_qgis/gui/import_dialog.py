# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks for a file with a plan: another region, or a table of units or buildings and their grids."""

from __future__ import annotations

from pathlib import Path

from qgis.gui import QgsFileWidget
from qgis.PyQt.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QWidget
from qgis_plugin_tools.tools.i18n import tr
from qgis_plugin_tools.tools.messages import MsgBar

from ..core.errors import PluginError
from ..core.plan_import import ImportedPlan, plan_of_region, plan_of_table, region_plans, table_columns
from ..core.plans import PlanBook

REGION_SUFFIX = ".gpkg"


class ImportDialog(QDialog):
    """Brings a plan in from a file.

    Parameters
    ----------
    book
        The plans of the open region.
    parent
        The window.
    """

    def __init__(self, book: PlanBook, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Import a plan"))
        self._book = book
        self.file = QgsFileWidget()
        self.file.setFilter(tr("Regions and tables (*.gpkg *.csv *.xlsx *.xls *.ods *.dbf)"))
        self.plan, self.key, self.grid = QComboBox(), QComboBox(), QComboBox()
        self.name = QLineEdit()
        self.note = QLabel()
        self.note.setWordWrap(True)
        kinds = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(kinds.Ok | kinds.Cancel)
        self.buttons.accepted.connect(self.bring_in)
        self.buttons.rejected.connect(self.reject)
        self.file.fileChanged.connect(self.read)
        layout = QFormLayout(self)
        layout.addRow(tr("File"), self.file)
        layout.addRow(tr("Plan in the region"), self.plan)
        layout.addRow(tr("Column of units or buildings"), self.key)
        layout.addRow(tr("Column of grids"), self.grid)
        layout.addRow(tr("Name here"), self.name)
        layout.addRow(self.note)
        layout.addRow(self.buttons)
        self._offer((), (), "", "")

    def read(self, text: str) -> None:
        """Offer what a file holds."""
        path = Path(text)
        try:
            if path.suffix.lower() == REGION_SUFFIX:
                self._offer(tuple(region_plans(path)), (), "", "")
            else:
                self._offer((), *table_columns(path))
        except PluginError as error:
            self._offer((), (), "", "")
            self.note.setText(str(error))
            return
        self.name.setText(self.name.text() or path.stem)

    def bring_in(self) -> None:
        """Take the plan, and say how it fits; what is wrong is shown in the dialog, which stays."""
        try:
            imported = self._imported()
            self._book.bring_in(self.name.text(), imported.assignment, imported.made)
        except PluginError as error:
            self.note.setText(str(error))
            return
        MsgBar.info(tr("Plan '{plan}' was imported", plan=self.name.text()), fit_text(imported), success=True)
        self.accept()

    def _imported(self) -> ImportedPlan:
        path, session = Path(self.file.filePath()), self._book.session
        if self.plan.count():
            return plan_of_region(session, path, self.plan.currentText())
        return plan_of_table(session, path, self.key.currentText(), self.grid.currentText())

    def _offer(self, plans: tuple[str, ...], columns: tuple[str, ...], key: str, grid: str) -> None:
        for box, items, chosen in ((self.plan, plans, ""), (self.key, columns, key), (self.grid, columns, grid)):
            box.clear()
            box.addItems(items)
            box.setEnabled(bool(items))
            if chosen:
                box.setCurrentText(chosen)
        self.note.clear()
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(bool(plans or columns))


def fit_text(imported: ImportedPlan) -> str:
    """Return how a plan from elsewhere fits the region."""
    text = tr(
        "{by_key:,} units by their key, {by_place:,} by their place, {left:,} unknown to it stay where they are.",
        by_key=imported.by_key,
        by_place=imported.by_place,
        left=len(imported.left),
    )
    return str(text)
