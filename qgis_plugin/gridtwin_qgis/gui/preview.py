# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine proposes, on the map and as totals, to accept or reject; until then nothing has changed."""

from __future__ import annotations

from qgis.core import QgsProject
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget
from qgis_plugin_tools.tools.i18n import tr
from qgis_plugin_tools.tools.messages import MsgBar

from ..core.errors import PluginError
from ..core.plan_compare import GridChange, difference_layer
from ..core.plans import PlanBook
from ..core.rebalance import Proposal, accept
from ..core.styling import style_layer
from .texttable import TextTable


class Preview(QDialog):
    """Shows a proposal beside the map, which stays usable.

    Parameters
    ----------
    book
        The plans.
    proposal
        What would change.
    parent
        The window.
    """

    def __init__(self, book: PlanBook, proposal: Proposal, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Tool)
        self.setWindowTitle(tr("Rebalance: proposal"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(460, 360)
        self._book, self._proposal = book, proposal
        self._layer = difference_layer(
            book.session, proposal.difference.units, tr("Rebalance: proposal"), proposal.outlines
        )
        style_layer(self._layer, "difference")
        self._layer_id = self._layer.id()
        QgsProject.instance().addMapLayer(self._layer)
        self.table = TextTable((tr("Grid"), tr("Now"), tr("Proposal"), tr("Difference")))
        self.table.fill(_row(grid) for grid in proposal.difference.grids)
        buttons = QDialogButtonBox()
        roles = QDialogButtonBox.ButtonRole
        self.accept_button = buttons.addButton(tr("Accept"), roles.AcceptRole)
        self.reject_button = buttons.addButton(tr("Reject"), roles.RejectRole)
        buttons.accepted.connect(self.carry_out)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        self.summary = QLabel(_summary(proposal))
        self.summary.setWordWrap(True)
        layout.addWidget(self.summary)
        layout.addWidget(self.table, 1)
        layout.addWidget(buttons)
        self.finished.connect(self._on_finished)

    def carry_out(self) -> None:
        """Carry the proposal out as one undo step; if that is refused, it stays to be looked at."""
        try:
            accept(self._book, self._proposal, tr("Rebalance"))
        except PluginError as error:
            MsgBar.warning(tr("Rebalance"), str(error))
            return
        self.accept()

    def _on_finished(self, _result: int) -> None:
        if QgsProject.instance().mapLayer(self._layer_id) is not None:
            QgsProject.instance().removeMapLayer(self._layer_id)


def _row(grid: GridChange) -> tuple[object, ...]:
    before, after = grid.before, grid.after
    return grid.grid_id, before, after, (after or 0) - (before or 0)


def _summary(proposal: Proposal) -> str:
    text = tr(
        "{units:,} units with {households:,} households would change their grid. Nothing has changed yet.",
        units=len(proposal.difference.units),
        households=proposal.difference.households_moved,
    )
    return str(text)
