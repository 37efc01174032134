# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers on the maps of a sheet: what all sheets show, and what each kind shows above and below its grids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from qgis.core import QgsFeature, QgsField, QgsFields, QgsGeometry, QgsVectorLayer, QgsWkbTypes
from qgis.PyQt.QtCore import QVariant
from qgis_plugin_tools.tools.i18n import tr

from . import sheet_styles as styles
from .kinds import SHELTER, kind_title
from .region_project import RegionLayers
from .schema import BUILDINGS, COMMUNITIES, text_of
from .sheet_data import PLACE_COLUMNS
from .sheet_request import Sheet, SheetRequest
from .sheet_store import Store
from .sheet_tables import (
    AREAS,
    FACILITIES,
    ROUTES,
    SHELTERS,
    SheetTables,
    service_kinds,
    service_limits,
    walk_text,
)
from .titles import layer_title

STREETS, BARRIERS, KIND_AREAS = "streets", "barriers", "kind_areas"

Shown = list[QgsVectorLayer]  # top first


def _is_area(layer: QgsVectorLayer) -> bool:
    return bool(layer.geometryType() == QgsWkbTypes.GeometryType.PolygonGeometry)


def community_layers(region: RegionLayers, store: Store) -> Shown:
    """Return outlines of communities, if the region has them."""
    layer = region.get(COMMUNITIES)
    if layer is None:
        return []
    copy = store.copy(layer, layer_title(COMMUNITIES))
    copy.setRenderer(styles.community_renderer())
    return [copy]


def base_layers(region: RegionLayers, store: Store, family: str) -> Shown:
    """Return what every sheet shows under its grids."""
    shown: Shown = []
    buildings, streets = region.get(BUILDINGS), region.get(STREETS)
    if buildings is not None:
        copy = store.copy(buildings, layer_title(BUILDINGS))
        copy.setRenderer(styles.buildings_renderer(_is_area(copy)))
        styles.label_buildings(copy, family, [name for name in PLACE_COLUMNS if copy.fields().lookupField(name) >= 0])
        shown.append(copy)
    if streets is not None:
        copy = store.copy(streets, layer_title(STREETS))
        copy.setRenderer(styles.streets_renderer())
        styles.label_streets(copy, family)
        shown.append(copy)
    for name in sorted(name for name in region.layers if name.startswith(BARRIERS)):  # areas and lines lie apart
        copy = store.copy(region[name], layer_title(BARRIERS))
        copy.setRenderer(styles.barriers_renderer(_is_area(copy)))
        shown.append(copy)
    return shown


class OwnLayers:
    """Layers that one kind of sheet shows above and below its grids."""

    def __init__(self, region: RegionLayers, request: SheetRequest, store: Store, family: str) -> None:
        self._region, self._store, self._family, self._sheet = region, store, family, request.sheet
        serving = request.sheet is Sheet.SERVICE
        limits = service_limits(region) if serving else []
        self._within_s = min(limits, key=lambda limit: abs(limit - request.within_s), default=None)
        kinds = service_kinds(region, request) if serving else []
        self._kinds = [(kind, kind_title(kind)) for kind in request.kinds or kinds[: styles.MOST_FILLED]]

    def above(self) -> Shown:
        """Return points and routes."""
        if self._sheet is Sheet.EVACUATION:
            return [*self._shelters(), *self._routes()]
        if self._sheet is Sheet.SERVICE:
            return self._facilities()
        return []

    def below(self) -> Shown:
        """Return service areas."""
        return [] if self._within_s is None else self._areas()

    def note(self, tables: SheetTables) -> str:
        """Return the line under the table."""
        if self._within_s is None:
            return tables.note
        drawn = tr(", ").join(title for _, title in self._kinds)
        return tables.note + " " + tr("On the map, {time}: {kinds}.", time=walk_text(self._within_s), kinds=drawn)

    def _shelters(self) -> Shown:
        layer, capacity = self._region.get(SHELTERS), "capacity_persons"
        if layer is None or layer.featureCount() == 0:
            layer, capacity = self._region[FACILITIES], "capacity"
        copy = self._store.copy(layer, layer_title(SHELTERS))
        if capacity == "capacity":
            copy.setSubsetString(f"\"kind\" = '{SHELTER}'")
        copy.setRenderer(styles.shelters_renderer())
        styles.label_points(copy, self._family, '"name"', "#1d5a3d")
        return [copy]

    def _routes(self) -> Shown:
        layer = self._region.get(ROUTES)
        if layer is None:
            return []
        copy = self._store.copy(layer, tr("Evacuation routes"))
        copy.setRenderer(styles.routes_renderer())
        return [copy]

    def _facilities(self) -> Shown:
        layer = self._region.get(FACILITIES)
        if layer is None:
            return []
        copy = self._store.copy(layer, layer_title(FACILITIES))
        copy.setRenderer(styles.facilities_renderer(self._kinds))
        return [copy]

    def _areas(self) -> Shown:
        """Return the areas of each kind as one, so that its facilities share an outline."""
        parts: dict[str, list[QgsGeometry]] = {kind: [] for kind, _ in self._kinds}
        for row in self._region[AREAS].getFeatures(f'"within_s" = {self._within_s}'):
            if text_of(row["kind"]) in parts:
                parts[text_of(row["kind"])].append(row.geometry())
        fields = QgsFields()
        fields.append(QgsField("kind", QVariant.String))
        layer = self._store.write(KIND_AREAS, fields, _united(parts, fields), polygons=True, title=layer_title(AREAS))
        layer.setRenderer(styles.areas_renderer(self._kinds))
        return [layer]


def _united(parts: Mapping[str, Sequence[QgsGeometry]], fields: QgsFields) -> Iterable[QgsFeature]:
    for kind, geometries in parts.items():
        feature = QgsFeature(fields)
        feature.setAttributes([kind])
        feature.setGeometry(QgsGeometry.unaryUnion(list(geometries)))
        yield feature
