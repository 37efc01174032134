# SPDX-License-Identifier: GPL-3.0-or-later
"""What an algorithm has written, as layers with our styles in a group of the project."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qgis.core import (
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsProject,
    QgsProviderRegistry,
)
from qgis.PyQt import sip

from ..core.styling import style_layer
from ..engine.snapshot import place_of

LAYER_SUFFIXES = (".gpkg", ".geojson", ".csv", ".xlsx")


def layers_in(path: Path, names: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Return name and source of the layers that a file holds; of a region only those in ``names``.

    Parameters
    ----------
    path
        A file that the engine wrote.
    names
        Layers to look for; all when empty.
    """
    if path.suffix.lower() not in LAYER_SUFFIXES:
        return []
    if path.suffix.lower() != ".gpkg":
        return [(path.stem, str(path))]
    details = QgsProviderRegistry.instance().providerMetadata("ogr").querySublayers(str(path))
    found = {layer.name(): layer.uri() for layer in details}
    return [(name, found[name]) for name in names or found if name in found]


def load_when_done(path: Path, names: Sequence[str], group: str, output: str, context: QgsProcessingContext) -> None:
    """Have the layers of a file loaded into the project when the algorithm has ended.

    Parameters
    ----------
    path
        A file that the engine wrote.
    names
        Layers to load; all when empty.
    group
        Name of the group.
    output
        Name of the algorithm's output.
    context
        Of the run.
    """
    for name, source in layers_in(path, names):
        details = QgsProcessingContext.LayerDetails(name, context.project(), output)
        if hasattr(details, "groupName"):  # QGIS 3.32 and later
            details.groupName = group
        details.setPostProcessor(ResultGroup.new(group))
        context.addLayerToLoadOnCompletion(source, details)


class ResultGroup(QgsProcessingLayerPostProcessorInterface):
    """Gives a layer our style and puts it into a group.

    Parameters
    ----------
    group
        Name of the group.
    """

    _alive: list[ResultGroup] = []  # noqa: RUF012 - the context deletes each once, Python must not do so before

    def __init__(self, group: str) -> None:
        super().__init__()
        self._group = group

    @classmethod
    def new(cls, group: str) -> ResultGroup:
        """Return a post-processor for one layer; it lives until QGIS deletes it."""
        cls._alive = [made for made in cls._alive if not sip.isdeleted(made)]
        cls._alive.append(cls(group))
        return cls._alive[-1]

    def postProcessLayer(
        self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        """Style the layer and move it into the group."""
        style_layer(layer, place_of(layer)[1])
        _move(layer, self._group, context.project())


def _move(layer: QgsMapLayer, name: str, project: QgsProject) -> None:
    """Move a layer that is in the layer tree into the group, which is made if it is not there."""
    root = project.layerTreeRoot()
    node = root.findLayer(layer.id())
    if node is None or node.parent().name() == name:
        return
    group = root.findGroup(name) or root.insertGroup(0, name)
    group.addChildNode(node.clone())
    node.parent().removeChildNode(node)
