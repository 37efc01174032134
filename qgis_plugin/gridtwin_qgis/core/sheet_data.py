# SPDX-License-Identifier: GPL-3.0-or-later
"""What a sheet says of each grid: its title, its figures and the rows of its table, as text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis_plugin_tools.tools.i18n import tr

from .bounds import Bounds, bounds_of_plan
from .errors import PluginError
from .region_project import RegionLayers
from .schema import BUILDINGS, COMMUNITIES, GRIDS, PLANS, SERIAL_DIGITS, int_of, text_of

UNSAFE = re.compile(r"[^\w-]")  # in names of files
WGS84 = "EPSG:4326"
PLACE_COLUMNS = ("compound_id", "name", "address", "building_id")  # the first that is filled names a place
M2_PER_HECTARE = 10_000


class SheetError(PluginError):
    """A sheet that cannot be printed; the text says why and what to do."""


@dataclass(frozen=True)
class Place:
    """A compound, or a building that belongs to none, as a row of a grid sheet."""

    name: str
    buildings: int
    households: int
    persons: int


@dataclass(frozen=True)
class GridFacts:
    """One grid as the sheets show it.

    Attributes
    ----------
    feature
        The grid in its layer, with geometry.
    bounds
        The households it may have.
    community
        Name of its community.
    households, persons, buildings
        Counted from the buildings as they are now.
    """

    grid_id: str
    feature: QgsFeature
    bounds: Bounds
    community: str
    places: Sequence[Place]
    households: int = 0
    persons: int = 0
    buildings: int = 0

    @property
    def code(self) -> str:
        """The code, or what stands in for it."""
        return text_of(self.feature["code"]) or self.grid_id

    @property
    def name(self) -> str:
        """The name that a decree or the planner gave; "" for most."""
        english, chinese = text_of(self.feature["name"]), text_of(self.feature["name_zh"])
        return (chinese or english) if QgsApplication.locale().startswith("zh") else (english or chinese)

    @property
    def community_id(self) -> str:
        """Key of its community."""
        return text_of(self.feature["community_id"])

    @property
    def extent(self) -> QgsRectangle:
        """Box around it, in metres of the region's reference system."""
        return self.feature.geometry().boundingBox()

    def texts(self) -> dict[str, str]:
        """Return the texts of its sheet by column of the layer that the templates read."""
        title = tr("Grid {code}", code=self.code)
        return {
            "title": f"{title} · {self.name}" if self.name else title,
            "label": self.name or self.code[-SERIAL_DIGITS:],
            "community": self.community,
            "households": f"{self.households:,}",
            "verdict": self.verdict(),
            "persons": f"{self.persons:,}",
            "buildings": f"{self.buildings:,}",
            "area": tr("{area} ha", area=f"{self.feature.geometry().area() / M2_PER_HECTARE:,.1f}"),
            "officers": text_of(self.feature["grid_officers"]) or "–",
            "volunteers": text_of(self.feature["volunteers"]) or "–",
        }

    def verdict(self) -> str:
        """Return the bounds and whether the households keep them."""
        if self.bounds.special:
            return tr("special-purpose or frozen: no bounds")
        bounds = f"{self.bounds.minimum}–{self.bounds.maximum}"
        outside = self.bounds.difference(self.households)
        if outside < 0:
            return tr("{bounds}: {count} too few", bounds=bounds, count=-outside)
        if outside > 0:
            return tr("{bounds}: {count} too many", bounds=bounds, count=outside)
        return tr("{bounds}: kept", bounds=bounds)


@dataclass
class _Tally:
    """Sums of one grid while its buildings are read."""

    places: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0]))

    def add(self, name: str, households: int, persons: int) -> None:
        sums = self.places[name]
        sums[0] += 1
        sums[1] += households
        sums[2] += persons

    def rows(self) -> list[Place]:
        rows = [Place(name, *sums) for name, sums in self.places.items()]
        return sorted(rows, key=lambda place: (-place.households, place.name))


def grid_facts(region: RegionLayers) -> list[GridFacts]:
    """Return every grid of a region, in the order of their codes; unsaved edits count."""
    plan = bounds_of_plan(region.get(PLANS))
    names = community_names(region.get(COMMUNITIES))
    tallies = _tallies(region.get(BUILDINGS))
    facts = []
    for feature in region[GRIDS].getFeatures():
        grid_id = text_of(feature["grid_id"])
        places = tallies[grid_id].rows() if grid_id in tallies else []
        community_id = text_of(feature["community_id"])
        facts.append(
            GridFacts(
                grid_id,
                feature,
                plan.of_grid(feature),
                names.get(community_id, community_id),
                places,
                sum(place.households for place in places),
                sum(place.persons for place in places),
                sum(place.buildings for place in places),
            )
        )
    return sorted(facts, key=lambda fact: (fact.code, fact.grid_id))


def community_names(communities: QgsVectorLayer | None) -> dict[str, str]:
    """Return names of communities by key."""
    if communities is None:
        return {}
    request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry)
    return {
        text_of(row["community_id"]): text_of(row["name"]) or text_of(row["community_id"])
        for row in communities.getFeatures(request)
    }


def _tallies(buildings: QgsVectorLayer | None) -> dict[str, _Tally]:
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    if buildings is None:
        return tallies
    fields = buildings.fields()
    names = ("grid_id", *PLACE_COLUMNS, "households", "persons")
    numbers = [fields.lookupField(name) for name in names]
    request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry)
    request.setSubsetOfAttributes([number for number in numbers if number >= 0])
    for row in buildings.getFeatures(request):
        values = row.attributes()
        grid_id, *titles, households, persons = (values[n] if n >= 0 else None for n in numbers)
        title = next((text for text in map(text_of, titles) if text), "")
        tallies[text_of(grid_id)].add(title, int_of(households) or 0, int_of(persons) or 0)
    return tallies


def grid_ids_of(region: RegionLayers) -> list[str]:
    """Return the keys of a region's grids; unsaved edits count.

    Raises
    ------
    SheetError
        If the region has no grids.
    """
    grids = region.get(GRIDS)
    if grids is None or grids.featureCount() == 0:
        raise SheetError(tr("{region} has no grids: divide it first", region=region.name))
    number = grids.fields().lookupField("grid_id")
    request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry).setSubsetOfAttributes([number])
    return [text_of(row.attribute(number)) for row in grids.getFeatures(request)]


def safe_name(grid_id: str) -> str:
    """Return a grid's key as part of a file's name; other than letters, digits, - and _ are written as codes."""
    return UNSAFE.sub(lambda found: f"%{ord(found.group()):X}", grid_id)


def chosen(present: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Return the keys of the grids to print, all when none is named.

    Raises
    ------
    SheetError
        If a grid is named that the region does not have.
    """
    unknown = set(wanted).difference(present)
    if unknown:
        raise SheetError(tr("The region has no grid {grids}", grids=", ".join(sorted(unknown)[:5])))
    named = set(wanted or present)
    return [grid_id for grid_id in present if grid_id in named]


def community_extents(facts: Sequence[GridFacts]) -> Mapping[str, QgsRectangle]:
    """Return the box around all grids of each community."""
    extents: dict[str, QgsRectangle] = {}
    for fact in facts:
        extents.setdefault(fact.community_id, QgsRectangle()).combineExtentWith(fact.extent)
    return extents


class QrWriter:
    """Writes what the QR code of a grid says: whose grid it is and where, and nothing about persons.

    Parameters
    ----------
    region
        Its name leads the text.
    crs
        Reference system of the grids.
    """

    def __init__(self, region: str, crs: QgsCoordinateReferenceSystem) -> None:
        self._region = region
        self._to_wgs84 = QgsCoordinateTransform(crs, QgsCoordinateReferenceSystem(WGS84), QgsProject.instance())

    def text(self, fact: GridFacts) -> str:
        """Return lines that any reader of codes shows; the last one is a place (RFC 5870) for a map."""
        inside: QgsGeometry = fact.feature.geometry().pointOnSurface()
        point = self._to_wgs84.transform(inside.asPoint())
        lines = (
            fact.texts()["title"],
            f"{self._region} · {fact.community}",
            tr("{households} households", households=fact.households),
            f"geo:{point.y():.5f},{point.x():.5f}",
        )
        return "\n".join(lines)
