# SPDX-License-Identifier: GPL-3.0-or-later
"""A table to read: columns sort, numbers as numbers; a row may stand for something."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

LEAST_DIGITS = 5
KEY_ROLE = int(Qt.ItemDataRole.UserRole)


class TextTable(QTableWidget):
    """Rows of texts and numbers.

    Parameters
    ----------
    titles
        Of the columns, translated.
    on_chosen
        Called with the key of the row that the user double-clicks or presses Enter on.
    gives_way
        Column that gets narrow in a narrow dock, so that the others stay in sight.
    """

    def __init__(
        self,
        titles: Sequence[str] = (),
        on_chosen: Callable[[Any], None] | None = None,
        parent: QWidget | None = None,
        *,
        gives_way: int = 0,
    ) -> None:
        super().__init__(0, len(titles), parent)
        self.setHorizontalHeaderLabels(list(titles))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setAlternatingRowColors(True)
        self.verticalHeader().hide()
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)  # as given, until a title is clicked
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setMinimumSectionSize(self.fontMetrics().horizontalAdvance("0") * LEAST_DIGITS)
        if titles:
            header.setSectionResizeMode(gives_way, QHeaderView.ResizeMode.Stretch)
        if on_chosen is not None:
            self.itemActivated.connect(lambda item: on_chosen(self._key(item.row())))

    def fill(self, rows: Iterable[Sequence[object]], keys: Iterable[Any] | None = None) -> None:
        """Show other rows; the key of a row is what it stands for, its number when left out."""
        rows = list(rows)
        names = list(range(len(rows))) if keys is None else list(keys)
        self.setSortingEnabled(False)
        self.setRowCount(len(rows))
        for number, (row, key) in enumerate(zip(rows, names)):
            for place, value in enumerate(row):
                self.setItem(number, place, _item(value))
            self.item(number, 0).setData(KEY_ROLE, key)
        self.setSortingEnabled(True)

    def chosen(self) -> Any:
        """Return the key of the selected row, ``None`` where none is."""
        rows = self.selectionModel().selectedRows()
        return self._key(rows[0].row()) if rows else None

    def choose(self, key: Any) -> None:
        """Select the row of a key."""
        for row in range(self.rowCount()):
            if self._key(row) == key:
                self.selectRow(row)

    def texts(self) -> list[list[str]]:
        """Return what the table shows."""
        return [[self.item(row, place).text() for place in range(self.columnCount())] for row in range(self.rowCount())]

    def _key(self, row: int) -> Any:
        return self.item(row, 0).data(KEY_ROLE)


def _item(value: object) -> QTableWidgetItem:
    item = QTableWidgetItem()
    item.setData(int(Qt.ItemDataRole.DisplayRole), "" if value is None else value)
    if isinstance(value, (int, float)):
        item.setTextAlignment(int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter))
    return item
