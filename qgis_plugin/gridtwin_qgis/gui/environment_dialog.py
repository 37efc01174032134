# SPDX-License-Identifier: GPL-3.0-or-later
"""The dialog that makes the engine's environment: which Python, where, and what pip says."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsApplication
from qgis.gui import QgsFileWidget
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)
from qgis_plugin_tools.tools.i18n import tr

from ..engine.environment import BasePython, EnvironmentTask, default_folder, find_pythons, python_in
from ..engine.errors import EngineError
from ..engine.task import AnswerTask


class EnvironmentDialog(QDialog):
    """Asks what is needed, makes the environment in a task and shows what happens.

    Attributes
    ----------
    made
        The engine's Python once the dialog is accepted, else "".
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Create the environment of the GridTwin engine"))
        self.resize(680, 420)
        self.made = ""
        self._task: EnvironmentTask | None = None
        self.python = QComboBox()
        self.python.setEditable(True)
        self.folder = QgsFileWidget()
        self.folder.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.folder.setFilePath(str(default_folder()))
        self.wheels = QgsFileWidget()
        self.wheels.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.wheels.lineEdit().setPlaceholderText(tr("none: packages come from the internet"))
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.status = QLabel()
        self.status.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.start_button = self.buttons.addButton(tr("Create"), QDialogButtonBox.ButtonRole.ActionRole)
        self._lay_out()
        self.start_button.clicked.connect(self.start)
        self.buttons.rejected.connect(self.reject)
        self._search: AnswerTask | None = AnswerTask(tr("Look for Python"), find_pythons, self._offer)
        QgsApplication.taskManager().addTask(self._search)

    def _offer(self, found: list[BasePython] | None, error: EngineError | None) -> None:
        """Offer the Pythons that were found, unless the user has written one meanwhile."""
        self._search = None
        for python in found or ():
            self.python.addItem(python.text, python.path)
        if not found:
            text = tr(
                "No Python from 3.11 to 3.13 was found; install one (python.org, or your system) and name it here."
            )
            self.status.setText(error.message if error else text)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow(tr("Python 3.11 to 3.13, not that of QGIS"), self.python)
        form.addRow(tr("Folder of the environment"), self.folder)
        form.addRow(tr("Folder of wheels, to install without the internet"), self.wheels)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.log)
        layout.addWidget(self.status)
        layout.addWidget(self.buttons)

    def base_python(self) -> str:
        """Return the Python that is chosen or written."""
        text = self.python.currentText()
        at = self.python.findText(text)
        return str(self.python.itemData(at)) if at >= 0 else text.strip()

    def start(self) -> None:
        """Make the environment in a task."""
        self.start_button.setEnabled(False)
        self.log.clear()
        self.status.setText(tr("This takes some minutes; the engine and its libraries need about 1 GB of disk."))
        wheels = self.wheels.filePath()
        self._task = EnvironmentTask(
            self.base_python(), Path(self.folder.filePath()), Path(wheels) if wheels else None, self._ended
        )
        self._task.said.connect(self.log.appendPlainText)
        QgsApplication.taskManager().addTask(self._task)

    def reject(self) -> None:
        """Cancel the task if it runs, else close."""
        if self._task is not None:
            self._task.cancel()
            return
        if self._search is not None:
            self._search.cancel()
        super().reject()

    def _ended(self, error: EngineError | None) -> None:
        self._task = None
        self.start_button.setEnabled(True)
        if error is None:
            self.made = str(python_in(Path(self.folder.filePath())))
            self.accept()
        else:
            self.status.setText(error.message)
