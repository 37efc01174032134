# SPDX-License-Identifier: GPL-3.0-or-later
"""The user log: who changed what, and when; to filter and to export."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)
from qgis_plugin_tools.tools.i18n import tr
from qgis_plugin_tools.tools.messages import MsgBar

from ..core.errors import SaveError
from ..core.userlog import LogEntry, UserLog, log_table, matching, write_log
from .texttable import TextTable


class LogDialog(QDialog):
    """Shows the log of a region and follows it.

    Parameters
    ----------
    log
        The log.
    parent
        The window.
    """

    def __init__(self, log: UserLog, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("User log"))
        self.resize(900, 420)
        self._log = log
        self._entries: list[LogEntry] = []
        self.text = QLineEdit()
        self.text.setPlaceholderText(tr("Filter: action, grid or unit"))
        self.plan, self.by = QComboBox(), QComboBox()
        self.table = TextTable(log_table(())[0], self.select_units)
        self.table.setToolTip(tr("Double-click an entry to select its units on the map"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.export = buttons.addButton(tr("Export…"), QDialogButtonBox.ButtonRole.ActionRole)
        self.export.clicked.connect(lambda _checked: self.ask_export())
        buttons.rejected.connect(self.close)
        row = QHBoxLayout()
        row.addWidget(self.text, 1)
        row.addWidget(self.plan)
        row.addWidget(self.by)
        layout = QVBoxLayout(self)
        layout.addLayout(row)
        layout.addWidget(self.table, 1)
        layout.addWidget(buttons)
        self.refresh()
        self.text.textChanged.connect(lambda _text: self.refresh())
        self.plan.currentIndexChanged.connect(lambda _index: self._fill())
        self.by.currentIndexChanged.connect(lambda _index: self._fill())
        log.changed.connect(self.refresh)
        self.finished.connect(lambda _result: log.changed.disconnect(self.refresh))

    def refresh(self) -> None:
        """Show the log as it is now."""
        entries = self._log.entries()
        _offer(self.plan, tr("All plans"), {entry.plan for entry in entries})
        _offer(self.by, tr("Everybody"), {entry.by for entry in entries if entry.by})
        self._fill()

    def select_units(self, number: int) -> None:
        """Select the units that an entry moved."""
        units = self._log.session.units
        fids = [
            unit.fid
            for key in self._entries[number].units
            if (unit := self._log.session.register.of_key(key)) is not None
        ]
        units.selectByIds(fids)

    def ask_export(self) -> None:
        """Ask for a file and write the entries shown."""
        path, _ = QFileDialog.getSaveFileName(self, tr("Export the log"), "log.csv", "CSV (*.csv)")
        if path:
            self.write(Path(path))

    def write(self, path: Path) -> None:
        """Write the entries shown."""
        try:
            write_log(self._entries, path)
        except SaveError as error:
            MsgBar.warning(tr("User log"), str(error))

    def _fill(self) -> None:
        plan, by = self.plan.currentData() or "", self.by.currentData() or ""
        found = matching(self._log.entries(), text=self.text.text(), plan=plan, by=by)
        self._entries = found[::-1]  # the newest first
        self.table.fill(log_table(self._entries)[1])


def _offer(box: QComboBox, everything: str, names: set[str]) -> None:
    """Offer names to filter by, and keep the one that is chosen."""
    wanted = [everything, *sorted(names)]
    if [box.itemText(number) for number in range(box.count())] == wanted:
        return
    chosen = box.currentData()
    box.blockSignals(True)
    box.clear()
    box.addItem(everything, "")
    for name in sorted(names):
        box.addItem(name, name)
    box.setCurrentIndex(max(box.findData(chosen), 0))
    box.blockSignals(False)
