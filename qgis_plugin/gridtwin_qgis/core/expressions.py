# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions for labels and styles that read the live counts: no aggregate is ever computed."""

from __future__ import annotations

from qgis.core import QgsExpression, QgsExpressionContext, QgsExpressionFunction, QgsExpressionNodeFunction, QgsFeature
from qgis_plugin_tools.tools.i18n import tr

from .bounds import Bounds, Status, shade
from .counts import LiveCounts
from .schema import int_of

HOUSEHOLDS, CLASS = "gridtwin_households", "gridtwin_class"


class LiveExpressions:
    """Registers the functions and knows the counts of each layer ``grids``.

    A layer whose counts are not known, such as one of a file that is no open region, shows its saved values.
    """

    def __init__(self) -> None:
        self._counts: dict[str, LiveCounts] = {}
        self._functions = (_Households(self._counts), _Class(self._counts))
        for function in self._functions:
            QgsExpression.registerFunction(function)

    def watch(self, layer_id: str, counts: LiveCounts) -> None:
        """Use the live counts for a layer."""
        self._counts[layer_id] = counts

    def forget(self, layer_id: str) -> None:
        """Use the saved values for a layer again."""
        self._counts.pop(layer_id, None)

    def close(self) -> None:
        """Take the functions out of QGIS."""
        for function in self._functions:
            QgsExpression.unregisterFunction(function.name())


class _LiveFunction(QgsExpressionFunction):
    """A function of the feature number of a grid."""

    def __init__(self, name: str, text: str, counts: dict[str, LiveCounts]) -> None:
        super().__init__(name, 1, "GridTwin", text)
        self._counts = counts

    def live(self, values: list[object], context: QgsExpressionContext) -> tuple[int, Bounds] | None:
        """Return the households and bounds of a grid, ``None`` where they are not counted live."""
        counts = self._counts.get(str(context.variable("layer_id") or ""))
        fid = int_of(values[0])
        if counts is None or fid is None or fid not in counts:
            return None
        grid = counts.grid(fid)
        return grid.households, grid.bounds

    def saved(self, context: QgsExpressionContext) -> tuple[int, Bounds] | None:
        """Return the saved households and bounds of the feature, ``None`` where it is no grid."""
        feature: QgsFeature = context.feature()
        if feature.fields().lookupField("households") < 0 or feature.fields().lookupField("purpose") < 0:
            return None
        return int_of(feature["households"]) or 0, Bounds().of_grid(feature)


class _Households(_LiveFunction):
    """Households of a grid."""

    def __init__(self, counts: dict[str, LiveCounts]) -> None:
        super().__init__(HOUSEHOLDS, tr("Households of a grid as they are now; argument: $id"), counts)

    def func(
        self,
        values: list[object],
        context: QgsExpressionContext,
        parent: QgsExpression,
        node: QgsExpressionNodeFunction,
    ) -> int | None:
        """Return the households, ``None`` where the feature is no grid."""
        del parent, node
        found = self.live(values, context) or self.saved(context)
        return None if found is None else found[0]


class _Class(_LiveFunction):
    """Class of a grid against its bounds."""

    def __init__(self, counts: dict[str, LiveCounts]) -> None:
        text = tr(
            "Class of a grid against its bounds as it is now: below, within1 to within4, above, ...; argument: $id"
        )
        super().__init__(CLASS, text, counts)

    def func(
        self,
        values: list[object],
        context: QgsExpressionContext,
        parent: QgsExpression,
        node: QgsExpressionNodeFunction,
    ) -> str | None:
        """Return the class, ``None`` where the feature is no grid."""
        del parent, node
        found = self.live(values, context) or self.saved(context)
        if found is None:
            return None
        households, bounds = found
        status = bounds.status(households)
        return f"{status.value}{shade(households, bounds)}" if status is Status.WITHIN else status.value
