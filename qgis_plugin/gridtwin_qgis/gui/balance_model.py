# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of all grids, which follows the live counts row by row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qgis.PyQt.QtCore import QAbstractTableModel, QLocale, QModelIndex, QSortFilterProxyModel, Qt
from qgis.PyQt.QtGui import QColor
from qgis_plugin_tools.tools.i18n import tr

from ..core.bounds import Status
from ..core.counts import CountsChange, GridState, LiveCounts
from ..core.titles import purpose_title
from .colours import status_colour

SORT_ROLE = int(Qt.ItemDataRole.UserRole)
STATE_ROLE = SORT_ROLE + 1

GRID, HOUSEHOLDS, DIFFERENCE, PARTS, LOCKED, PURPOSE = range(6)
NUMBERS = (HOUSEHOLDS, DIFFERENCE, PARTS)


@dataclass(frozen=True)
class Heading:
    """Heading of a column and what it sorts by."""

    title: str
    tip: str
    key: Callable[[GridState], Any]


def headings() -> tuple[Heading, ...]:
    """Return the columns, in the planner's language."""
    return (
        Heading(tr("Grid"), tr("Code of the grid"), lambda grid: grid.code or grid.grid_id),
        Heading(tr("Households"), tr("Households of its buildings now"), lambda grid: grid.households),
        Heading(tr("Difference"), tr("Households below or above its bounds"), lambda grid: grid.difference),
        Heading(tr("Pieces"), tr("Pieces of the grid; one when it is contiguous"), lambda grid: grid.parts),
        Heading(tr("Locked"), tr("Whether the grid must not change"), lambda grid: grid.locked),
        Heading(tr("Purpose"), tr("What the grid serves"), lambda grid: purpose_title(grid.purpose)),
    )


class BalanceModel(QAbstractTableModel):
    """One row a grid; only rows that a command has changed are updated."""

    def __init__(self, counts: LiveCounts | None = None) -> None:
        super().__init__()
        self._headings = headings()
        self._counts: LiveCounts | None = None
        self._fids: list[int] = []
        self._rows: dict[int, int] = {}
        self._shown: dict[int, Callable[[GridState, int], Any]] = {
            int(Qt.ItemDataRole.DisplayRole): _text,
            int(Qt.ItemDataRole.ToolTipRole): lambda grid, _column: _tip(grid),
            int(Qt.ItemDataRole.TextAlignmentRole): lambda _grid, column: _alignment(column),
            int(Qt.ItemDataRole.BackgroundRole): _background,
            SORT_ROLE: lambda grid, column: self._headings[column].key(grid),
            STATE_ROLE: lambda grid, _column: grid,
        }
        if counts is not None:
            self.show(counts)

    def show(self, counts: LiveCounts | None) -> None:
        """Show other counts, or none."""
        self.beginResetModel()
        if self._counts is not None:
            self._counts.changed.disconnect(self._on_changed)
        self._counts = counts
        self._fids = [] if counts is None else sorted(counts)
        self._number_rows()
        if counts is not None:
            counts.changed.connect(self._on_changed)
        self.endResetModel()

    def state(self, row: int) -> GridState:
        """Return the grid of a row."""
        assert self._counts is not None  # there are no rows without counts
        return self._counts.grid(self._fids[row])

    def row_of(self, fid: int) -> int | None:
        """Return the row of a grid."""
        return self._rows.get(fid)

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of grids."""
        return 0 if parent is not None and parent.isValid() else len(self._fids)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of columns."""
        return 0 if parent is not None and parent.isValid() else len(self._headings)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return titles and tips of the columns."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._headings[section].title
        return self._headings[section].tip if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows, sorts by and looks like."""
        if not index.isValid():
            return None
        grid, column = self.state(index.row()), index.column()
        show = self._shown.get(int(role))
        return None if show is None else show(grid, column)

    def _on_changed(self, change: CountsChange) -> None:
        for fid in sorted(change.removed & self._rows.keys()):
            row = self._rows[fid]
            self.beginRemoveRows(QModelIndex(), row, row)
            del self._fids[row]
            self._number_rows()
            self.endRemoveRows()
        fresh = sorted(change.changed - self._rows.keys())
        if fresh:
            self.beginInsertRows(QModelIndex(), len(self._fids), len(self._fids) + len(fresh) - 1)
            self._fids += fresh
            self._number_rows()
            self.endInsertRows()
        for fid in change.changed - set(fresh):
            row = self._rows[fid]
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(self._headings) - 1))

    def _number_rows(self) -> None:
        self._rows = {fid: row for row, fid in enumerate(self._fids)}


class BalanceFilter(QSortFilterProxyModel):
    """Sorts the table, and shows one community or only grids with a fault."""

    def __init__(self) -> None:
        super().__init__()
        self._community: str | None = None
        self._faulty_only = False
        self.setSortRole(SORT_ROLE)

    def show_community(self, community_id: str | None) -> None:
        """Show the grids of one community, of all with ``None``."""
        self._community = community_id
        self.invalidateFilter()

    def show_faulty_only(self, faulty_only: bool) -> None:
        """Show only grids that are outside their bounds or in pieces."""
        self._faulty_only = faulty_only
        self.invalidateFilter()

    def filterAcceptsRow(self, row: int, parent: QModelIndex) -> bool:
        """Return whether a grid is shown."""
        del parent
        grid: GridState = self.sourceModel().state(row)
        if self._community is not None and grid.community_id != self._community:
            return False
        return not self._faulty_only or bool(grid.difference) or grid.parts > 1


def _text(grid: GridState, column: int) -> str:
    if column == GRID:
        return grid.code or grid.grid_id
    if column == HOUSEHOLDS:
        return str(QLocale().toString(grid.households))
    if column == DIFFERENCE:
        return f"{grid.difference:+d}" if grid.difference else ""
    if column == PURPOSE:
        return purpose_title(grid.purpose)
    if column == LOCKED:
        return tr("locked") if grid.locked else ""
    return "" if grid.parts == 1 else str(grid.parts)


def _alignment(column: int) -> int:
    side = Qt.AlignmentFlag.AlignRight if column in NUMBERS else Qt.AlignmentFlag.AlignLeft
    return int(side | Qt.AlignmentFlag.AlignVCenter)


def _background(grid: GridState, column: int) -> QColor | None:
    return status_colour(grid.status) if column == DIFFERENCE and grid.difference else None


def _tip(grid: GridState) -> str:
    if grid.status is Status.SPECIAL:
        return tr("{households} households; no bounds", households=grid.households)
    return tr(
        "{households} households; bounds {minimum}–{maximum}",
        households=grid.households,
        minimum=grid.bounds.minimum,
        maximum=grid.bounds.maximum,
    )
