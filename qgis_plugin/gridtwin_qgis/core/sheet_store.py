# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of a print: layers that are written for it, and copies of those with unsaved edits."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFields,
    QgsGeometry,
    QgsProject,
    QgsVectorFileWriter,
    QgsVectorLayer,
    QgsWkbTypes,
)
from qgis_plugin_tools.tools.i18n import tr

from .sheet_data import SheetError


class Store:
    """The file of a print, and the project its layers go into."""

    def __init__(self, path: Path, project: QgsProject, crs: QgsCoordinateReferenceSystem) -> None:
        self._path, self._project, self._crs = path, project, crs
        self._copies = 0

    def write(
        self, name: str, fields: QgsFields, features: Iterable[QgsFeature], *, polygons: bool = False, title: str = ""
    ) -> QgsVectorLayer:
        """Write features as a layer and return it."""
        kind = QgsWkbTypes.Type.MultiPolygon if polygons else QgsWkbTypes.Type.NoGeometry
        writer = QgsVectorFileWriter.create(
            str(self._path), fields, kind, self._crs, self._project.transformContext(), self._options(name)
        )
        for feature in features:
            if polygons:
                geometry: QgsGeometry = feature.geometry()
                geometry.convertToMultiType()
                feature.setGeometry(geometry)
            writer.addFeature(feature)
        self._check(writer.hasError(), writer.errorMessage())
        del writer  # closes the file
        return self.again(name, title or name)

    def copy(self, layer: QgsVectorLayer, title: str) -> QgsVectorLayer:
        """Return a layer of another title that shows what ``layer`` shows now, whatever happens to that."""
        if layer.providerType() == "ogr" and not layer.isModified():
            return self._added(QgsVectorLayer(layer.source(), title, "ogr"))
        self._copies += 1
        name = f"copy_{self._copies}"
        failure, message, *_ = QgsVectorFileWriter.writeAsVectorFormatV3(
            layer, str(self._path), self._project.transformContext(), self._options(name)
        )
        self._check(failure != QgsVectorFileWriter.WriterError.NoError, message)
        return self.again(name, title)

    def again(self, name: str, title: str) -> QgsVectorLayer:
        """Return a written layer once more, for another look."""
        return self._added(QgsVectorLayer(f"{self._path}|layername={name}", title, "ogr"))

    def _added(self, layer: QgsVectorLayer) -> QgsVectorLayer:
        self._check(not layer.isValid(), layer.source())
        layer.setReadOnly(True)
        return self._project.addMapLayer(layer, False)

    def _options(self, name: str) -> QgsVectorFileWriter.SaveVectorOptions:
        options = QgsVectorFileWriter.SaveVectorOptions()
        options.driverName, options.layerName = "GPKG", name
        options.datasourceOptions = ["VERSION=1.3"]
        if self._path.exists():
            options.actionOnExistingFile = QgsVectorFileWriter.ActionOnExistingFile.CreateOrOverwriteLayer
        return options

    @staticmethod
    def _check(failed: bool, message: str) -> None:
        if failed:
            raise SheetError(tr("The layers of the print could not be written: {reason}", reason=message))
