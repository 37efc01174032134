# SPDX-License-Identifier: GPL-3.0-or-later
"""The Processing provider: one algorithm for every command of the engine."""

from __future__ import annotations

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon
from qgis_plugin_tools.tools.resources import plugin_path

from ..engine.catalogue import load_catalogue
from .algorithm import EngineAlgorithm
from .print_sheets import PrintSheetsAlgorithm


class GridTwinProvider(QgsProcessingProvider):
    """Algorithms of the engine."""

    def id(self) -> str:
        """Return the name by which models and ``qgis_process`` know the provider."""
        return "gridtwin"

    def name(self) -> str:
        """Return the name for people."""
        return "GridTwin"

    def icon(self) -> QIcon:
        """Return the plugin's icon."""
        return QIcon(plugin_path("icon.svg"))

    def loadAlgorithms(self) -> None:
        """Add the algorithms that need no engine, and one for each command that the engine has."""
        self.addAlgorithm(PrintSheetsAlgorithm())
        catalogue = load_catalogue()
        for command in catalogue.commands if catalogue else ():
            self.addAlgorithm(EngineAlgorithm(command, catalogue))
