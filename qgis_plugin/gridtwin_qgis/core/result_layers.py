# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of the engine in the project: kept beside the region's file, shown in a group with our styles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from qgis.core import QgsCoordinateTransformContext, QgsProject, QgsVectorFileWriter, QgsVectorLayer
from qgis_plugin_tools.tools.i18n import tr

from .errors import SaveError
from .styling import style_layer
from .titles import layer_title


def results_file(region: Path, name: str) -> Path:
    """Return a file that does not exist yet for the results of a command, in a folder beside the region's file."""
    folder = region.with_name(f"{region.stem}-results")
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    path, number = folder / f"{name}-{stamp}.gpkg", 2
    while path.exists():
        path, number = folder / f"{name}-{stamp}-{number}.gpkg", number + 1
    return path


def keep_layers(source: Path, target: Path, names: Iterable[str]) -> None:
    """Copy layers out of a region that the engine wrote, into a file of their own; in any thread.

    Raises
    ------
    SaveError
        If the folder or the file cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SaveError(tr("{path} could not be written: {reason}", path=target, reason=error.strerror)) from error
    for name in names:
        layer = QgsVectorLayer(f"{source}|layername={name}", name, "ogr")
        if not layer.isValid():
            raise SaveError(tr("{path} has no layer '{layer}'", path=source, layer=name))
        options = QgsVectorFileWriter.SaveVectorOptions()
        options.driverName, options.layerName = "GPKG", name
        if target.exists():
            options.actionOnExistingFile = QgsVectorFileWriter.ActionOnExistingFile.CreateOrOverwriteLayer
        code, message = QgsVectorFileWriter.writeAsVectorFormatV3(
            layer, str(target), QgsCoordinateTransformContext(), options
        )[:2]
        if code != QgsVectorFileWriter.WriterError.NoError:
            raise SaveError(tr("{path} could not be written: {reason}", path=target, reason=message))


def show_layers(path: Path, names: Sequence[str], title: str, project: QgsProject) -> list[QgsVectorLayer]:
    """Add layers of a file to the project, the first one on top, in a group with our styles."""
    layers = [QgsVectorLayer(f"{path}|layername={name}", layer_title(name), "ogr") for name in names]
    for layer, name in zip(layers, names):
        style_layer(layer, name)
    add_to_group(layers, title, project)
    return layers


def add_to_group(layers: Iterable[QgsVectorLayer], title: str, project: QgsProject) -> None:
    """Add layers to a new group on top of the project's layers."""
    root = project.layerTreeRoot()
    results = root.findGroup(tr("Results")) or root.insertGroup(0, tr("Results"))
    group = results.insertGroup(0, title)
    for layer in layers:
        project.addMapLayer(layer, False)
        group.addLayer(layer)
