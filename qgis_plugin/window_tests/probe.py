"""Runs inside QGIS and answers questions about its window; it reads, and changes nothing.

QGIS runs this file with ``--code``. It listens on the local socket named by ``GRIDTWIN_PROBE``: each line is a
JSON object ``{"ask": question, ...}``, each answer a line ``{"value": ...}`` or ``{"error": text}``.
"""

import json
import os
import time
import traceback

from qgis.core import QgsApplication, QgsExpression, QgsFeatureRequest, QgsPointXY, QgsProject
from qgis.gui import QgsProcessingToolboxModel
from qgis.PyQt.QtCore import QModelIndex, QObject, QPoint, Qt, QTimer
from qgis.PyQt.QtNetwork import QLocalServer
from qgis.PyQt.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QLabel,
    QLineEdit,
    QMenu,
    QMenuBar,
    QTabBar,
    QTextEdit,
    QToolBar,
    QWidget,
)
from qgis.utils import active_plugins, iface

TICK_MS = 10


def area(widget, rect=None):
    """Return a rectangle of a widget in pixels of the screen: x, y, width, height."""
    rect = widget.rect() if rect is None else rect
    corner = widget.mapToGlobal(rect.topLeft())
    return [corner.x(), corner.y(), rect.width(), rect.height()]


def text_of(widget):
    """Return what a widget says."""
    for kind, read in ((QAbstractButton, "text"), (QLabel, "text"), (QLineEdit, "text"), (QTextEdit, "toPlainText")):
        if isinstance(widget, kind):
            return getattr(widget, read)()
    return widget.windowTitle()


def visible_widgets(within=None):
    """Return the widgets that are on the screen, of all windows or within one."""
    roots = named(within) if within else QApplication.topLevelWidgets()
    found = {id(w): w for root in roots for w in [root, *root.findChildren(QWidget)]}  # dialogs are found twice
    return [w for w in found.values() if w.isVisible() and not w.visibleRegion().isEmpty()]


def kinds_of(widget):
    """Return the classes of a widget, those that Python does not know too."""
    return {widget.metaObject().className(), *(c.__name__ for c in type(widget).__mro__)}


def named(name):
    """Return the widgets of an object name."""
    return [w for w in QApplication.allWidgets() if w.objectName() == name]


class Questions:
    """One method a question."""

    def __init__(self, ticks):
        self._ticks = ticks
        self._messages = []
        QgsApplication.messageLog().messageReceived.connect(self._remember)

    def _remember(self, *said):
        if len(said) == 3:  # the signal has a second form without the text
            self._messages.append([said[1], said[0]])

    def ready(self):
        """Return whether the main window is shown and the plugins have started."""
        return iface.mainWindow().isVisible() and not QgsApplication.startingUp()

    def plugins(self):
        """Return the plugins that have started."""
        return list(active_plugins)

    def widgets(self, name=None, kind=None, text=None, within=None):
        """Return the visible widgets that fit: name, class, text, area, enabled."""
        return [
            {
                "name": w.objectName(),
                "kind": type(w).__name__,
                "text": text_of(w),
                "area": area(w),
                "enabled": w.isEnabled(),
            }
            for w in visible_widgets(within)
            if (name is None or w.objectName() == name)
            and (kind is None or kind in kinds_of(w))
            and (text is None or text_of(w).replace("&", "") == text)
        ]

    def actions(self, name=None, text=None):
        """Return where the actions of a name or text can be clicked: in open menus, menu bars, tool bars."""
        found = []
        for bar in visible_widgets():
            if not isinstance(bar, (QMenu, QMenuBar, QToolBar)):
                continue
            for action in bar.actions():
                if (name is not None and action.objectName() != name) or not action.isVisible():
                    continue
                if text is not None and action.text().replace("&", "") != text:
                    continue
                if isinstance(bar, QToolBar):
                    button = bar.widgetForAction(action)
                    if button.visibleRegion().isEmpty():
                        continue
                    place = area(button)
                else:
                    place = area(bar, bar.actionGeometry(action))
                found.append({"area": place, "enabled": action.isEnabled(), "checked": action.isChecked()})
        return found

    def tips(self, name):
        """Return the tool tips of the buttons of a tool bar."""
        return [action.toolTip() for bar in named(name) for action in bar.actions()]

    def tabs(self, within=None):
        """Return the visible tabs of tab bars and tabbed docks: text, area."""
        bars = [w for w in visible_widgets(within) if isinstance(w, QTabBar)]
        return [{"text": b.tabText(i), "area": area(b, b.tabRect(i))} for b in bars for i in range(b.count())]

    def table(self, name, area_of_column=0):
        """Return the rows of a table or list: texts by column, and the area of one cell (or none)."""
        view = next(w for w in named(name) if isinstance(w, QAbstractItemView))
        model = view.model()

        rows = []
        for row in range(model.rowCount()):
            cells = [str(model.index(row, c).data() or "") for c in range(model.columnCount())]
            rect = view.visualRect(model.index(row, area_of_column)) & view.viewport().rect()
            rows.append({"cells": cells, "area": area(view.viewport(), rect) if not rect.isEmpty() else None})
        return rows

    def algorithms(self):
        """Return the algorithms that the toolbox shows: name, area."""
        view = next(w for w in named("algorithmTree") if isinstance(w, QAbstractItemView))
        model = view.model()

        def below(parent):
            for row in range(model.rowCount(parent)):
                index = model.index(row, 0, parent)
                name = index.data(QgsProcessingToolboxModel.RoleAlgorithmId)
                rect = view.visualRect(index) & view.viewport().rect()
                if name and not rect.isEmpty():
                    yield {"name": name, "area": area(view.viewport(), rect)}
                yield from below(index)

        return list(below(QModelIndex()))

    def headings(self, name):
        """Return the headings of a table."""
        model = next(w for w in named(name) if isinstance(w, QAbstractItemView)).model()
        return [model.headerData(c, Qt.Orientation.Horizontal) for c in range(model.columnCount())]

    def pixel(self, x, y):
        """Return the pixel of the screen where the map shows a point."""
        canvas = iface.mapCanvas()
        at = canvas.getCoordinateTransform().transform(QgsPointXY(x, y))
        corner = canvas.viewport().mapToGlobal(QPoint(round(at.x()), round(at.y())))
        return [corner.x(), corner.y()]

    def map(self):
        """Return what the map shows and with which tool."""
        canvas = iface.mapCanvas()
        e = canvas.extent()
        tool = canvas.mapTool()
        return {
            "extent": [e.xMinimum(), e.yMinimum(), e.xMaximum(), e.yMaximum()],
            "scale": canvas.scale(),
            "drawing": canvas.isDrawing(),
            "tool": type(tool).__name__ if tool else None,
            "area": area(canvas.viewport()),
        }

    def layers(self):
        """Return the layers of the project: name, source, editing, unsaved changes, position in the undo history."""
        return {
            layer.name(): {
                "source": layer.source(),
                "editing": layer.isEditable(),
                "modified": layer.isModified(),
                "undo": layer.undoStack().index(),
                "table": layer.source().partition("layername=")[2].partition("|")[0],
            }
            for layer in QgsProject.instance().mapLayers().values()
            if hasattr(layer, "undoStack")
        }

    def features(self, table, columns, where=None, wkt=False):
        """Return columns of a layer with its unsaved edits, and the shapes as text."""
        layer = next(
            layer for layer in QgsProject.instance().mapLayers().values() if f"layername={table}" in layer.source()
        )
        request = QgsFeatureRequest(QgsExpression(where)) if where else QgsFeatureRequest()
        rows = []
        for feature in layer.getFeatures(request):
            row = {c: plain(feature[c]) for c in columns}
            if wkt:
                row["wkt"] = feature.geometry().asWkt(3)
            rows.append(row)
        return rows

    def messages(self):
        """Return all lines of the message log since the start: tab, text."""
        return self._messages

    def bar(self):
        """Return the texts of the message bar."""
        return [text_of(w) for item in iface.messageBar().items() for w in item.findChildren(QWidget) if text_of(w)]

    def tasks(self):
        """Return the background tasks: description, progress in percent."""
        return [[t.description(), t.progress()] for t in QgsApplication.taskManager().activeTasks()]

    def stall(self):
        """Return the longest time in seconds during which the window could not answer, since this was last asked."""
        longest, self._ticks.longest_s = self._ticks.longest_s, 0.0
        return longest


def plain(value):
    """Return a value of a layer as JSON knows it."""
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


class Ticks(QObject):
    """A clock in the window's thread; its longest pause is how long the window was frozen."""

    def __init__(self):
        super().__init__()
        self.longest_s = 0.0
        self._last = time.perf_counter()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tick)
        self._timer.start(TICK_MS)

    def _tick(self):
        now = time.perf_counter()
        self.longest_s = max(self.longest_s, now - self._last)
        self._last = now


class Probe(QObject):
    """Answers on a local socket."""

    def __init__(self, path):
        super().__init__()
        self._ticks = Ticks()
        self._questions = Questions(self._ticks)
        self._socket = None
        self._server = QLocalServer(self)
        self._server.newConnection.connect(self._meet)
        if not self._server.listen(path):
            raise OSError(self._server.errorString())

    def _meet(self):
        self._socket = self._server.nextPendingConnection()  # kept: Python would collect it together with its slot
        self._socket.readyRead.connect(self._answer)

    def _answer(self):
        socket = self._socket
        while socket.canReadLine():
            question = json.loads(bytes(socket.readLine()).decode())
            try:
                answer = {"value": getattr(self._questions, question.pop("ask"))(**question)}
            except Exception:  # noqa: BLE001 - it goes to the one who asked
                answer = {"error": traceback.format_exc()}
            socket.write(json.dumps(answer).encode() + b"\n")
            socket.flush()


_probe = Probe(os.environ["GRIDTWIN_PROBE"])
