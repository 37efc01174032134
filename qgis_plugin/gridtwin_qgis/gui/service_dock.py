# SPDX-License-Identifier: GPL-3.0-or-later
"""The dock of services and plans for emergencies: one page a subject, each answered by the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QDockWidget, QScrollArea, QTabWidget, QWidget
from qgis_plugin_tools.tools.i18n import tr

from .host import PluginHost
from .reach_page import make_reach_page


class Page(Protocol):
    """What the dock needs of a page."""

    title: str
    widget: QWidget

    def close(self) -> None:
        """Cancel what goes on, and take marks and tools off the map."""


def page_makers() -> tuple[Callable[[PluginHost], Page], ...]:
    """Return what makes the pages of the dock, in their order."""
    return (make_reach_page,)


def add_service_dock(host: PluginHost) -> None:
    """Add the dock with its pages."""
    pages = [make(host) for make in page_makers()]
    dock = ServiceDock(pages, host.iface.mainWindow())
    for page in pages:
        host.at_unload(page.close)
    host.add_dock(dock, visible=False)


class ServiceDock(QDockWidget):
    """Pages as tabs; a page alone needs no tab.

    Parameters
    ----------
    pages
        The pages.
    parent
        The window.
    """

    def __init__(self, pages: list[Page], parent: QWidget | None = None) -> None:
        super().__init__(tr("Services"), parent)
        self.setObjectName("GridTwinServices")
        self.pages = pages
        self.tabs = QTabWidget()
        self.tabs.setTabBarAutoHide(True)
        for page in pages:
            scroll = QScrollArea()
            scroll.setWidgetResizable(True)
            scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            scroll.setWidget(page.widget)
            bar = scroll.verticalScrollBar().sizeHint().width()
            scroll.setMinimumWidth(page.widget.minimumSizeHint().width() + bar + 2 * scroll.frameWidth())
            self.tabs.addTab(scroll, page.title)
        self.setWidget(self.tabs)
