# SPDX-License-Identifier: GPL-3.0-or-later
"""A region as the planner sees it, unsaved edits included, as a new file for the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransformContext,
    QgsFeature,
    QgsFeatureSink,
    QgsFields,
    QgsProviderRegistry,
    QgsVectorFileWriter,
    QgsVectorLayer,
    QgsVectorLayerFeatureSource,
    QgsWkbTypes,
)
from qgis_plugin_tools.tools.i18n import tr

from .errors import EngineCanceled, EngineError
from .files import copy_region

KEY_FIELD = "fid"  # GeoPackage numbers new features itself
BATCH = 1000

IsCanceled = Callable[[], bool]


@dataclass(frozen=True)
class EditedLayer:
    """A layer with unsaved edits, in a form that any thread may read.

    Attributes
    ----------
    name
        Name of the layer in the region.
    source
        Features as they were when the snapshot was taken.
    fields, wkb_type, crs
        What the layer holds.
    """

    name: str
    source: QgsVectorLayerFeatureSource
    fields: QgsFields
    wkb_type: QgsWkbTypes.Type
    crs: QgsCoordinateReferenceSystem


@dataclass(frozen=True)
class Snapshot:
    """A saved region and its unsaved edits: taken in the window's thread, written in any.

    Attributes
    ----------
    path
        The region's file.
    edited
        Layers with unsaved edits.
    """

    path: Path
    edited: tuple[EditedLayer, ...] = ()

    @classmethod
    def of(cls, layers: Iterable[QgsVectorLayer]) -> Snapshot:
        """Take a snapshot of the layers of one region; quick, for only edits are copied.

        Raises
        ------
        EngineError
            If the layers do not come from one file.
        """
        places = {layer: place_of(layer) for layer in layers}
        files = {path for path, _ in places.values()}
        if len(files) != 1:
            raise EngineError("not_one_region", tr("The layers do not come from one region file."))
        edited = tuple(_edited(layer, name) for layer, (_, name) in places.items() if layer.isModified())
        return cls(files.pop(), edited)

    def write(self, target: Path, is_canceled: IsCanceled = lambda: False) -> None:
        """Write the region with its edits into a new file.

        Raises
        ------
        EngineError
            If the region cannot be read or the file cannot be written.
        EngineCanceled
            If ``is_canceled`` said so.
        """
        copy_region(self.path, target)
        for layer in self.edited:
            _write_layer(layer, target, is_canceled)


def place_of(layer: QgsVectorLayer) -> tuple[Path, str]:
    """Return the file that a layer comes from and its name there; the file is "." if it comes from none."""
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    return Path(parts.get("path") or ""), str(parts.get("layerName") or layer.name())


def _edited(layer: QgsVectorLayer, name: str) -> EditedLayer:
    return EditedLayer(
        name, QgsVectorLayerFeatureSource(layer), QgsFields(layer.fields()), layer.wkbType(), layer.crs()
    )


def _write_layer(layer: EditedLayer, target: Path, is_canceled: IsCanceled) -> None:
    kept = [k for k in range(layer.fields.count()) if layer.fields.at(k).name() != KEY_FIELD]
    fields = QgsFields()
    for k in kept:
        fields.append(layer.fields.at(k))
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = "GPKG"
    options.layerName = layer.name
    options.fileEncoding = "UTF-8"
    options.actionOnExistingFile = QgsVectorFileWriter.ActionOnExistingFile.CreateOrOverwriteLayer
    writer = QgsVectorFileWriter.create(
        str(target), fields, layer.wkb_type, layer.crs, QgsCoordinateTransformContext(), options
    )
    _check(writer, layer, target)
    batch: list[QgsFeature] = []
    for feature in layer.source.getFeatures():
        copy = QgsFeature(fields)
        copy.setGeometry(feature.geometry())
        attributes = feature.attributes()
        copy.setAttributes([attributes[k] for k in kept])
        batch.append(copy)
        if len(batch) == BATCH:
            _add(writer, batch, layer, target)
            batch = []
            if is_canceled():
                raise EngineCanceled("cancelled", tr("Cancelled; nothing was written."))
    _add(writer, batch, layer, target)
    del writer  # closes the file


def _add(writer: QgsVectorFileWriter, batch: list[QgsFeature], layer: EditedLayer, target: Path) -> None:
    if batch and not writer.addFeatures(batch, QgsFeatureSink.Flag.FastInsert):
        _check(writer, layer, target)


def _check(writer: QgsVectorFileWriter, layer: EditedLayer, target: Path) -> None:
    if writer.hasError() != QgsVectorFileWriter.WriterError.NoError:
        raise EngineError(
            "not_written",
            tr("Layer {} could not be written into {}: {}", layer.name, target, writer.errorMessage()),
        )
