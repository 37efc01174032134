# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the options dialog: where the engine is, whether it answers, and making one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.core import QgsApplication
from qgis.gui import QgsFileWidget, QgsOptionsPageWidget, QgsOptionsWidgetFactory
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget
from qgis_plugin_tools.tools.i18n import tr
from qgis_plugin_tools.tools.resources import plugin_path

from ..engine.catalogue import fetch_schema
from ..engine.errors import EngineError
from ..engine.settings import configured_python, set_engine_python
from ..engine.task import AnswerTask
from .environment_dialog import EnvironmentDialog
from .host import PluginHost

PAGE = "gridtwinOptions"


class SettingsPage(QgsOptionsPageWidget):
    """Where the engine is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._task: AnswerTask | None = None
        self.python = QgsFileWidget()
        self.python.setDialogTitle(tr("Python of the GridTwin engine"))
        self.python.setFilePath(configured_python())
        self.verify = QPushButton(tr("Verify"))
        self.create = QPushButton(tr("Create environment…"))
        self.status = QLabel()
        self.status.setWordWrap(True)
        self.status.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._lay_out()
        self.verify.clicked.connect(self._verify)
        self.create.clicked.connect(self._create)

    def _lay_out(self) -> None:
        why = QLabel(
            tr(
                "Drawing, counting and printing need no engine. Dividing, rebalancing, services and maps are done by "
                "the GridTwin engine, which runs beside QGIS in a Python environment of its own."
            )
        )
        why.setWordWrap(True)
        form = QFormLayout()
        form.addRow(tr("Python of the engine"), self.python)
        buttons = QHBoxLayout()
        buttons.addWidget(self.verify)
        buttons.addWidget(self.create)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.addWidget(why)
        layout.addLayout(form)
        layout.addLayout(buttons)
        layout.addWidget(self.status)
        layout.addStretch()

    def apply(self) -> None:
        """Keep what is set; QGIS calls this when the dialog is accepted."""
        if self.python.filePath() != configured_python():
            set_engine_python(self.python.filePath())
            refresh_algorithms()

    def _verify(self) -> None:
        """Ask the engine in a task, for it may take a second."""
        self.verify.setEnabled(False)
        self.status.setText(tr("Asking the engine…"))
        python = self.python.filePath()
        self._task = AnswerTask(tr("Verify the GridTwin engine"), lambda: fetch_schema(python), self._verified)
        QgsApplication.taskManager().addTask(self._task)

    def _verified(self, schema: Mapping[str, Any] | None, error: EngineError | None) -> None:
        self.verify.setEnabled(True)
        self._task = None
        if error is not None:
            self.status.setText(error.message)
            return
        set_engine_python(self.python.filePath())
        refresh_algorithms()
        self.status.setText(tr("GridTwin engine {} answers; {} commands.", schema["version"], len(schema["commands"])))

    def _create(self) -> None:
        """Make an environment; the path of its Python is set once the engine in it answers."""
        dialog = EnvironmentDialog(self)
        if dialog.exec():
            self.python.setFilePath(dialog.made)
            self._verify()


def refresh_algorithms() -> None:
    """Have the Processing provider read anew what the engine can do."""
    provider = QgsApplication.processingRegistry().providerById("gridtwin")
    if provider is not None:
        provider.refreshAlgorithms()


class SettingsFactory(QgsOptionsWidgetFactory):
    """Makes the page when the options dialog opens."""

    def __init__(self) -> None:
        super().__init__("GridTwin", QIcon(plugin_path("icon.svg")))

    def icon(self) -> QIcon:
        """Return the plugin's icon."""
        return QIcon(plugin_path("icon.svg"))

    def createWidget(self, parent: QWidget | None) -> SettingsPage:
        """Return the page."""
        page = SettingsPage(parent)
        page.setObjectName(PAGE)
        return page


def add_settings_page(host: PluginHost) -> None:
    """Add the page to the options, and to the menu the action that opens it."""
    host.add_options_page(SettingsFactory())
    host.add_action(
        "gridtwinSettings",
        tr("Settings…"),
        lambda _checked: host.iface.showOptionsDialog(host.iface.mainWindow(), PAGE),
        toolbar=False,
    )
