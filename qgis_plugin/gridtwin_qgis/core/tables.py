# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain tables of a region file: plans, assignments, the log. They are written at once, outside the edit buffers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from qgis.core import NULL, QgsCoordinateTransformContext, QgsFeature, QgsFields, QgsVectorFileWriter, QgsVectorLayer
from qgis_plugin_tools.tools.i18n import tr

from .errors import SaveError

COLUMNS: Mapping[str, Mapping[str, str]] = {  # with the types that a memory layer knows
    "plans": dict.fromkeys(("plan", "created_at", "params", "summary"), "string"),
    "assignments": dict.fromkeys(("plan", "unit_id", "grid_id"), "string"),
    "edits": {
        **dict.fromkeys(("edit_id", "plan", "made_at", "by", "action", "arguments", "changes"), "string"),
        "households_moved": "integer",
        "undone": "bool",
    },
}

Row = Mapping[str, Any]


class Tables:
    """The plain tables of one region file, by name; a table that the file lacks is empty until it is written to.

    Parameters
    ----------
    path
        The region's file.
    open_layers
        Layers of the project by name, which are told when their table changes.
    """

    def __init__(self, path: Path, open_layers: Mapping[str, QgsVectorLayer]) -> None:
        self._path = path
        self._open_layers = open_layers
        self._layers: dict[str, QgsVectorLayer] = {}

    def rows(self, name: str, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """Return the rows of a table in file order, empty values as ``None``."""
        layer = self._layer(name)
        if layer is None:
            return []
        wanted = columns or tuple(COLUMNS[name])
        numbers = [(column, layer.fields().lookupField(column)) for column in wanted]
        return [{column: _value(feature, number) for column, number in numbers} for feature in layer.getFeatures()]

    def append(self, name: str, rows: Iterable[Row]) -> None:
        """Add rows at the end of a table, which is made where it is missing.

        Raises
        ------
        SaveError
            If the file cannot be written.
        """
        layer = self._layer(name) or self._create(name)
        self._check_idle(name)
        features = [_feature(layer.fields(), row) for row in rows]
        if not features:
            return
        ok, _ = layer.dataProvider().addFeatures(features)
        self._written(name, ok)

    def drop(self, name: str, fids: Sequence[int]) -> None:
        """Remove rows of a table by feature number.

        Raises
        ------
        SaveError
            If the file cannot be written.
        """
        if fids:
            self._check_idle(name)
            self._written(name, self._layers[name].dataProvider().deleteFeatures(list(fids)))

    def change(self, name: str, changes: Mapping[int, Row]) -> None:
        """Change values of rows by feature number.

        Raises
        ------
        SaveError
            If the file cannot be written.
        """
        layer = self._layer(name)
        if layer is None or not changes:
            return
        self._check_idle(name)
        fields = layer.fields()
        numbered = {
            fid: {fields.lookupField(column): value for column, value in row.items()} for fid, row in changes.items()
        }
        self._written(name, layer.dataProvider().changeAttributeValues(numbered))

    def found(self, name: str, column: str, value: str) -> dict[int, dict[str, Any]]:
        """Return the rows that hold ``value`` in ``column``, by feature number."""
        layer = self._layer(name)
        if layer is None:
            return {}
        number = layer.fields().lookupField(column)
        names = [(field, layer.fields().lookupField(field)) for field in COLUMNS[name]]
        return {
            feature.id(): {field: _value(feature, index) for field, index in names}
            for feature in layer.getFeatures()
            if feature[number] == value
        }

    def close(self) -> None:
        """Let go of the file."""
        self._layers.clear()

    def _layer(self, name: str) -> QgsVectorLayer | None:
        if name not in self._layers:
            layer = QgsVectorLayer(f"{self._path}|layername={name}", name, "ogr")
            if not layer.isValid():
                return None
            self._layers[name] = layer
        return self._layers[name]

    def _create(self, name: str) -> QgsVectorLayer:
        """Add an empty table to the file."""
        columns = "&".join(f"field={column}:{kind}" for column, kind in COLUMNS[name].items())
        empty = QgsVectorLayer(f"NoGeometry?{columns}", name, "memory")
        options = QgsVectorFileWriter.SaveVectorOptions()
        options.driverName, options.layerName = "GPKG", name
        options.actionOnExistingFile = QgsVectorFileWriter.ActionOnExistingFile.CreateOrOverwriteLayer
        message = QgsVectorFileWriter.writeAsVectorFormatV3(
            empty, str(self._path), QgsCoordinateTransformContext(), options
        )[1]
        layer = self._layer(name)
        if layer is None:
            raise SaveError(tr("The table '{table}' could not be written: {reason}", table=name, reason=message))
        return layer

    def _check_idle(self, name: str) -> None:
        layer = self._open_layers.get(name)
        if layer is not None and layer.isEditable():
            raise SaveError(tr("The table '{table}' is being edited by hand; stop editing it first", table=name))

    def _written(self, name: str, ok: bool) -> None:
        if not ok:
            reason = "; ".join(self._layers[name].dataProvider().errors())
            raise SaveError(tr("The table '{table}' could not be written: {reason}", table=name, reason=reason))
        if (layer := self._open_layers.get(name)) is not None:
            layer.reload()


def _value(feature: QgsFeature, number: int) -> Any:
    value = feature[number] if number >= 0 else None
    return None if value == NULL else value


def _feature(fields: QgsFields, row: Row) -> QgsFeature:
    feature = QgsFeature(fields)
    for column, value in row.items():
        feature.setAttribute(column, value)
    return feature
