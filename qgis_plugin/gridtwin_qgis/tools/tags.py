# SPDX-License-Identifier: GPL-3.0-or-later
"""Households written onto the map while the mouse moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qgis.core import QgsPointXY
from qgis.gui import QgsMapCanvas, QgsMapCanvasItem
from qgis.PyQt.QtCore import QPointF, QRectF, Qt
from qgis.PyQt.QtGui import QColor, QFont, QFontMetricsF, QPainter
from qgis_plugin_tools.tools.i18n import tr

from ..core.preview import GridPreview
from ..gui.colours import ALARM, GOOD, status_colour

INK = QColor(20, 20, 20)
PAPER = QColor(255, 255, 255, 235)
PADDING_PX, STRIPE_PX = 5.0, 5.0


def words_of(preview: GridPreview) -> tuple[str, str, str]:
    """Return what a tag says: the code, the households before and after, and how far they are from the bounds."""
    if preview.before == preview.after:
        count = tr("{count} households", count=preview.after)
    else:
        before, after = preview.before, preview.after
        count = tr("{before} → {after} households ({change:+d})", before=before, after=after, change=after - before)
    if preview.difference < 0:
        judged = tr("{count} too few", count=-preview.difference)
    elif preview.difference > 0:
        judged = tr("{count} too many", count=preview.difference)
    else:
        judged = tr("within the bounds")
    return (preview.code, count, judged)


@dataclass(frozen=True)
class Tag:
    """One grid's figures and where they stand, in map coordinates."""

    at: QgsPointXY
    preview: GridPreview


class GridTags(QgsMapCanvasItem):
    """Tags over the map; ``show_tags([])`` clears them."""

    def __init__(self, canvas: QgsMapCanvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self.tags: tuple[Tag, ...] = ()
        self.setZValue(200)

    def show_tags(self, tags: Sequence[Tag]) -> None:
        """Show these tags and no others."""
        self.tags = tuple(tags)
        self.setVisible(bool(tags))
        self.updatePosition()
        self.update()

    def updatePosition(self) -> None:
        """Cover the whole canvas, whose pixels the tags are placed in."""
        self.prepareGeometryChange()
        self.setPos(QPointF(0, 0))

    def boundingRect(self) -> QRectF:
        """Return the canvas in pixels."""
        return QRectF(0, 0, self._canvas.width(), self._canvas.height())

    def paint(self, painter: QPainter, *_options: object) -> None:
        """Draw the tags."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for tag in self.tags:
            self._paint_tag(painter, tag)

    def _paint_tag(self, painter: QPainter, tag: Tag) -> None:
        words = words_of(tag.preview)
        bold = QFont(painter.font())
        bold.setBold(True)
        metrics = QFontMetricsF(bold)
        width = max(metrics.horizontalAdvance(word) for word in words) + 2 * PADDING_PX + STRIPE_PX
        height = metrics.height() * len(words) + 2 * PADDING_PX
        at = self.toCanvasCoordinates(tag.at)
        left = min(max(at.x() - width / 2, 0.0), max(self._canvas.width() - width, 0.0))
        top = min(max(at.y() - height / 2, 0.0), max(self._canvas.height() - height, 0.0))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(PAPER)
        painter.drawRoundedRect(QRectF(left, top, width, height), 4.0, 4.0)
        painter.setBrush(status_colour(tag.preview.status))
        painter.drawRect(QRectF(left, top, STRIPE_PX, height))
        judged = QColor(ALARM if tag.preview.difference else GOOD)
        for number, word in enumerate(words):
            painter.setFont(bold if number == 1 else QFont(self._canvas.font()))
            painter.setPen(judged if number == 2 else INK)
            base = top + PADDING_PX + metrics.height() * number + metrics.ascent()
            painter.drawText(QPointF(left + PADDING_PX + STRIPE_PX, base), word)
