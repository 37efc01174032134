# SPDX-License-Identifier: GPL-3.0-or-later
"""Print sheets of grids from the window: what, of which grids, as which files; with progress and cancel."""

from __future__ import annotations

import shutil
from pathlib import Path

from qgis.core import QgsApplication, QgsFeedback, QgsSettings
from qgis.gui import QgsCheckableComboBox, QgsFileWidget
from qgis.PyQt.QtCore import Qt, QUrl
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)
from qgis_plugin_tools.tools.i18n import tr
from qgis_plugin_tools.tools.messages import MsgBar

from ..core.errors import PluginError
from ..core.kinds import kind_title
from ..core.region_project import RegionLayers
from ..core.schema import COMMUNITIES, GRIDS, text_of
from ..core.sheet_data import community_names
from ..core.sheet_layout import qr_function
from ..core.sheet_request import Output, Paper, Sheet, SheetRequest
from ..core.sheet_styles import MOST_FILLED
from ..core.sheet_tables import measured_kinds, service_limits, walk_text
from ..core.sheets import SheetsCancelled, existing_files, print_sheets
from .host import PluginHost

FOLDER_SETTING = "gridtwin/print_folder"
ALL, SELECTED = "all", "selected"  # of the choice of grids; any other value is a community


def add_print(host: PluginHost) -> None:
    """Add the action that prints sheets, and let layouts of the user show QR codes."""
    functions = qr_function()
    functions.__enter__()
    host.at_unload(lambda: functions.__exit__(None, None, None))
    host.add_action(
        "GridTwinPrint",
        tr("Print sheets…"),
        lambda _checked: ask_to_print(host),
        icon="icons/print_sheets.svg",
        tip=tr("Print a page for each grid: map, table, legend, QR code"),
    )


def ask_to_print(host: PluginHost) -> PrintDialog | None:
    """Open the dialog for the region that the planner works on; without one, say so."""
    region = host.sessions.current_region
    if region is None or region.get(GRIDS) is None:
        MsgBar.warning(tr("Nothing to print"), tr("Open a region that is divided into grids."))
        return None
    dialog = PrintDialog(region, host.iface.mainWindow())
    host.at_unload(dialog.close_for_good)
    dialog.show()
    return dialog


class PrintDialog(QDialog):
    """Asks what to print and prints it; the window stays alive between pages.

    Parameters
    ----------
    region
        Open region.
    parent
        The window.
    """

    def __init__(self, region: RegionLayers, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("GridTwinPrintDialog")
        self.setWindowTitle(tr("Print sheets of {region}", region=region.name))
        self._region = region
        self._feedback: QgsFeedback | None = None
        self._add_widgets()
        self._follow_choices()

    def request(self, *, overwrite: bool = False) -> SheetRequest:
        """Return what the widgets ask for."""
        template = self.template.filePath()
        return SheetRequest(
            Path(self.folder.filePath()),
            self.sheet.currentData(),
            self.paper.currentData(),
            self.output.currentData(),
            grid_ids=self._grid_ids(),
            template=Path(template) if template else None,
            kinds=tuple(self.kinds.checkedItemsData()),
            within_s=self.within.currentData() or SheetRequest.within_s,
            dpi=self.dpi.value(),
            overwrite=overwrite,
        )

    def print(self) -> None:
        """Print, after asking about files that are there."""
        try:
            request = self.request()
            there = existing_files(self._region, request)
            if there and not self._may_replace(there):
                return
            QgsSettings().setValue(FOLDER_SETTING, str(request.folder))
            self._run(self.request(overwrite=bool(there)))
        except PluginError as error:
            self.outcome.setText(str(error))

    def reject(self) -> None:
        """Cancel what is being printed, else close."""
        if self._feedback is not None:
            self._feedback.cancel()
        else:
            super().reject()

    def close_for_good(self) -> None:
        """Cancel and close, for the plugin is leaving."""
        self.reject()
        self.close()

    # --- widgets -------------------------------------------------------------------------------------------------

    def _add_widgets(self) -> None:
        self.sheet, self.paper, self.output, self.grids = QComboBox(), QComboBox(), QComboBox(), QComboBox()
        for sheet in Sheet:
            self.sheet.addItem(sheet.title, sheet)
        for paper in Paper:
            self.paper.addItem(paper.value.upper(), paper)
        for output in Output:
            self.output.addItem(output.title, output)
        self._fill_grids()
        self.kinds, self.within = QgsCheckableComboBox(), QComboBox()
        self._fill_services()
        self.dpi = QSpinBox()
        self.dpi.setRange(50, 600)
        self.dpi.setValue(SheetRequest.dpi)
        self.template, self.folder = QgsFileWidget(), QgsFileWidget()
        self.template.setFilter(tr("Layout templates (*.qpt)"))
        self.folder.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.folder.setFilePath(str(QgsSettings().value(FOLDER_SETTING, str(Path.home()))))
        self.save_template = QPushButton(tr("Save the template to change it…"))
        self.outcome, self.progress = QLabel(), QProgressBar()
        self.outcome.setWordWrap(True)
        self.outcome.setOpenExternalLinks(True)
        self.progress.setVisible(False)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.print_button = self.buttons.addButton(tr("Print"), QDialogButtonBox.ButtonRole.ActionRole)
        self.print_button.setDefault(True)
        self.save_template.setAutoDefault(False)
        self.buttons.button(QDialogButtonBox.StandardButton.Close).setText(tr("Close"))
        self._lay_out()
        for choice in (self.sheet, self.output):
            choice.currentIndexChanged.connect(self._follow_choices)
        self.save_template.clicked.connect(self._save_template)
        self.print_button.clicked.connect(self.print)
        self.buttons.rejected.connect(self.reject)

    def _lay_out(self) -> None:
        self._form = QWidget()
        form = QFormLayout(self._form)
        for label, widget in (
            (tr("Sheet"), self.sheet),
            (tr("Paper"), self.paper),
            (tr("Grids"), self.grids),
            (tr("Services on the map"), self.kinds),
            (tr("Areas within"), self.within),
            (tr("Files"), self.output),
            (tr("Resolution of pictures (dots an inch)"), self.dpi),
            (tr("Folder"), self.folder),
            (tr("Template of your own"), self.template),
            ("", self.save_template),
        ):
            form.addRow(label, widget)
        column = QVBoxLayout(self)
        for widget in (self._form, self.progress, self.outcome, self.buttons):
            column.addWidget(widget)

    def _fill_grids(self) -> None:
        layer = self._region[GRIDS]
        self.grids.addItem(tr("All ({count})", count=layer.featureCount()), ALL)
        if layer.selectedFeatureCount():
            self.grids.addItem(tr("Selected ({count})", count=layer.selectedFeatureCount()), SELECTED)
            self.grids.setCurrentIndex(1)
        names = community_names(self._region.get(COMMUNITIES))
        for community_id, name in sorted(names.items(), key=lambda item: item[1]):
            self.grids.addItem(tr("Community {name}", name=name), community_id)

    def _fill_services(self) -> None:
        for place, kind in enumerate(measured_kinds(self._region)):
            self.kinds.addItem(kind_title(kind), kind)
            checked = Qt.CheckState.Checked if place < MOST_FILLED else Qt.CheckState.Unchecked
            self.kinds.setItemCheckState(place, checked)
        for limit in service_limits(self._region):
            self.within.addItem(walk_text(limit), limit)
        self.within.setCurrentIndex(max(self.within.findData(SheetRequest.within_s), 0))

    def _follow_choices(self) -> None:
        """Offer what the chosen sheet and files have a use for."""
        serving = self.sheet.currentData() is Sheet.SERVICE
        self.kinds.setEnabled(serving)
        self.within.setEnabled(serving)
        self.dpi.setEnabled(self.output.currentData() is Output.PNG_EACH)

    # --- printing ------------------------------------------------------------------------------------------------

    def _grid_ids(self) -> tuple[str, ...]:
        layer, which = self._region[GRIDS], self.grids.currentData()
        if which == ALL:
            return ()
        if which == SELECTED:
            return tuple(text_of(grid["grid_id"]) for grid in layer.selectedFeatures())
        grids = layer.getFeatures()
        return tuple(text_of(grid["grid_id"]) for grid in grids if text_of(grid["community_id"]) == which)

    def _may_replace(self, there: list[Path]) -> bool:
        text = tr(
            "{count} files are there already, such as {name}. Replace them?", count=len(there), name=there[0].name
        )
        answer = QMessageBox.question(self, tr("Print sheets"), text)
        return bool(answer == QMessageBox.StandardButton.Yes)

    def _run(self, request: SheetRequest) -> None:
        self._feedback = QgsFeedback()
        self._feedback.progressChanged.connect(self._show_progress)
        self._set_busy(True)
        try:
            files = print_sheets(self._region, request, self._feedback)
        except SheetsCancelled:
            self.outcome.setText(tr("Cancelled; nothing was written."))
        else:
            link = QUrl.fromLocalFile(str(request.folder)).toString()
            made = tr("{count} files in {folder}", count=len(files), folder=f'<a href="{link}">{request.folder}</a>')
            self.outcome.setText(made)
        finally:
            self._feedback = None
            self._set_busy(False)

    def _set_busy(self, busy: bool) -> None:
        self._form.setEnabled(not busy)
        self.print_button.setEnabled(not busy)
        self.progress.setVisible(busy)
        close = self.buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setText(tr("Cancel") if busy else tr("Close"))
        if busy:
            self.progress.setValue(0)
            self.outcome.clear()
            QgsApplication.processEvents()

    def _show_progress(self, percent: float) -> None:
        """Show how far it is, and let the window do what has waited for the page."""
        self.progress.setValue(int(percent))
        QgsApplication.processEvents()

    def _save_template(self) -> None:
        source = self.request().template_path
        path, _ = QFileDialog.getSaveFileName(self, tr("Save the template"), source.name, self.template.filter())
        if path:
            shutil.copyfile(source, path)
            self.template.setFilePath(path)
