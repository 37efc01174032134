# SPDX-License-Identifier: GPL-3.0-or-later
"""A bar behind the households of a grid, with its bounds as ticks."""

from __future__ import annotations

from qgis.PyQt.QtCore import QModelIndex, QRectF
from qgis.PyQt.QtGui import QColor, QPainter, QPen
from qgis.PyQt.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from ..core.counts import GridState
from .balance_model import STATE_ROLE
from .colours import status_colour

FULL = 1.3  # the bar's end, as a share of the maximum
MARGIN = 2.0
TICK = QColor(60, 60, 60, 90)


class BarDelegate(QStyledItemDelegate):
    """Paints the bar, then the number over it."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Paint one cell."""
        grid: GridState = index.data(STATE_ROLE)
        area = QRectF(option.rect).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        painter.save()
        full = max(grid.bounds.maximum * FULL, 1.0)
        length = min(grid.households / full, 1.0) * area.width()
        painter.fillRect(QRectF(area.left(), area.top(), length, area.height()), status_colour(grid.status))
        if not grid.bounds.special:
            painter.setPen(QPen(TICK, 1.0))
            for bound in (grid.bounds.minimum, grid.bounds.maximum):
                x = area.left() + bound / full * area.width()
                painter.drawLine(int(x), int(area.top()), int(x), int(area.bottom()))
        painter.restore()
        super().paint(painter, option, index)
