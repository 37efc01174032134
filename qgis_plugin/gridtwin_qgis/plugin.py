# SPDX-License-Identifier: GPL-3.0-or-later
"""The plugin: starts its parts and takes everything out of QGIS again."""

from __future__ import annotations

import logging
from collections.abc import Callable

from qgis.core import QgsApplication
from qgis.gui import QgisInterface
from qgis.PyQt.QtCore import QCoreApplication, QTranslator
from qgis_plugin_tools.tools import messages
from qgis_plugin_tools.tools.custom_logging import setup_loggers
from qgis_plugin_tools.tools.i18n import setup_translation

from .gui.balance_dock import add_balance_dock
from .gui.host import PluginHost
from .gui.open_region import add_open_region
from .gui.plans_dock import add_plans_dock
from .gui.print_dialog import add_print
from .gui.service_dock import add_service_dock
from .gui.settings_page import add_settings_page
from .processing.provider import GridTwinProvider
from .tools.rack import add_tools

# The tools' own logger is one of ours where they are brought along under our name.
LOGGERS = (__package__,) if messages.__name__.startswith(f"{__package__}.") else (__package__, messages.__name__)

Part = Callable[[PluginHost], None]


def parts() -> tuple[Part, ...]:
    """Return what the plugin consists of, in the order of its menu; each puts itself into the host."""
    return (
        add_open_region,
        add_tools,
        add_balance_dock,
        add_plans_dock,
        add_service_dock,
        add_print,
        add_settings_page,
    )


class GridTwinPlugin:
    """Entry point that QGIS holds.

    Parameters
    ----------
    iface
        The QGIS window; ``None`` under ``qgis_process``, where only the algorithms are loaded.
    """

    def __init__(self, iface: QgisInterface | None) -> None:
        self._iface = iface
        self._host: PluginHost | None = None
        self._provider: GridTwinProvider | None = None
        self._teardown_loggers: Callable[[], None] | None = None
        self._translator = QTranslator()
        _, path = setup_translation()
        if path and self._translator.load(path):
            QCoreApplication.installTranslator(self._translator)

    @property
    def host(self) -> PluginHost | None:
        """What the parts have put into the window; ``None`` before ``initGui``."""
        return self._host

    def initProcessing(self) -> None:
        """Add the Processing provider; all that ``qgis_process`` needs."""
        self._provider = GridTwinProvider()
        QgsApplication.processingRegistry().addProvider(self._provider)

    def initGui(self) -> None:
        """Add actions, docks, pages and algorithms to the QGIS window."""
        self._teardown_loggers = setup_loggers(
            *LOGGERS, message_log_name="GridTwin", message_bar=self._iface.messageBar()
        )
        self.initProcessing()
        self._host = PluginHost(self._iface)
        for start in parts():
            start(self._host)
        logging.getLogger(__name__).debug("started")

    def unload(self) -> None:
        """Take everything out of QGIS again."""
        if self._host is not None:
            self._host.unload()
            self._host = None
        if self._provider is not None:
            QgsApplication.processingRegistry().removeProvider(self._provider)
            self._provider = None
        QCoreApplication.removeTranslator(self._translator)
        if self._teardown_loggers is not None:
            self._teardown_loggers()
            self._teardown_loggers = None
