# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reaches which facility: what is asked of the engine, what it answers, and what a closed street changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransformContext,
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsPointXY,
    QgsVectorFileWriter,
    QgsVectorLayer,
)
from qgis_plugin_tools.tools.i18n import tr

from .errors import PluginError, SaveError
from .schema import float_of, int_of, text_of

FACILITIES, ENTRANCES = "facilities", "entrances"
SERVICE_AREAS, COVERAGE, UNCOVERED, SITES = "service_areas", "coverage", "uncovered", "sites"
REACH_LAYERS = (SERVICE_AREAS, UNCOVERED, COVERAGE)
WALKERS = ("general", "elderly", "wheelchair", "child")
DIRECTIONS = ("to", "from")
MINUTE_S = 60.0
SHRINKS_M2 = 1.0
SHOWN = 1000


class RequestError(PluginError):
    """Something that cannot be asked of the engine."""


@dataclass(frozen=True)
class DrawnFacility:
    """A facility that the planner has drawn and that is in no layer of the region."""

    facility_id: str
    kind: str
    point: QgsPointXY


@dataclass(frozen=True)
class ReachRequest:
    """What is asked about reaching facilities on foot.

    Attributes
    ----------
    kinds
        Kinds of facilities; those with a standard when empty.
    minutes, metres
        Limits of the walk; 5, 10 and 15 minutes when both are empty.
    walker, direction, step_free
        Who walks, and which way.
    closed
        Streets that are closed.
    facilities
        Facilities that count; all when ``None``.
    drawn
        Facilities that count besides.
    """

    kinds: tuple[str, ...] = ()
    minutes: tuple[float, ...] = ()
    metres: tuple[float, ...] = ()
    walker: str = "general"
    direction: str = "to"
    step_free: bool = False
    closed: frozenset[str] = frozenset()
    facilities: frozenset[str] | None = None
    drawn: tuple[DrawnFacility, ...] = ()

    @property
    def without_closures(self) -> ReachRequest:
        """The same on open streets."""
        return replace(self, closed=frozenset())

    def arguments(self, region: Path, output: Path) -> list[str]:
        """Return the engine's command."""
        call = ["reach", str(region), "--output", str(output)]
        call += self._walk()
        for option, values in (
            ("--kind", self.kinds),
            ("--within", [f"{value:g}" for value in self.minutes]),
            ("--metres", [f"{value:g}" for value in self.metres]),
        ):
            call += [word for value in values for word in (option, value)]
        return call

    def _walk(self) -> list[str]:
        call = ["--group", self.walker, "--direction", self.direction]
        call += ["--step-free"] if self.step_free else []
        return call + [word for street in sorted(self.closed) for word in ("--close", street)]


@dataclass(frozen=True)
class SiteRequest:
    """What is asked about new facilities: how many of a kind (or for which share of people), within which walk."""

    kind: str
    count: int | None = None
    share: float | None = None
    minutes: float | None = None
    walk: ReachRequest = field(default_factory=ReachRequest)

    def arguments(self, region: Path, output: Path) -> list[str]:
        """Return the engine's command.

        Raises
        ------
        RequestError
            If it says both or neither of count and share.
        """
        if (self.count is None) == (self.share is None):
            raise RequestError(tr("Say how many facilities to build, or the share of people to reach"))
        call = ["site", str(region), "--output", str(output), "--kind", self.kind, "--overwrite"]
        call += ["--count", str(self.count)] if self.share is None else ["--coverage", f"{self.share:g}"]
        call += ["--within", f"{self.minutes:g}"] if self.minutes is not None else []
        return call + self.walk._walk()


@dataclass(frozen=True, order=True)
class LimitKey:
    """A kind of facilities and a limit of the walk: one of seconds and metres."""

    kind: str
    within_s: float | None
    within_m: float | None

    @property
    def limit(self) -> str:
        """The limit for people."""
        if self.within_s is not None:
            return tr("{minutes:g} min", minutes=self.within_s / MINUTE_S)
        return tr("{metres:g} m", metres=self.within_m)


@dataclass(frozen=True)
class Covered:
    """People of a group covered within a limit, in the whole region, and the target where there is one."""

    total: float
    covered: float
    target: float | None = None

    @property
    def share(self) -> float | None:
        """Share covered, ``None`` where there is nobody."""
        return self.covered / self.total if self.total else None


@dataclass(frozen=True)
class Area:
    """A service area: households that reach the facility, and its size."""

    households: int
    area_m2: float


@dataclass(frozen=True)
class CoverageResult:
    """What the engine found.

    Attributes
    ----------
    shares
        People covered by kind, limit and group.
    areas
        Service areas by kind, limit and facility.
    uncovered
        Households that are not covered by kind, limit and building.
    """

    shares: Mapping[tuple[LimitKey, str], Covered]
    areas: Mapping[tuple[LimitKey, str], Area]
    uncovered: Mapping[tuple[LimitKey, str], int]


@dataclass(frozen=True)
class UncoveredHome:
    """A building in which people live who do not reach a facility in time."""

    building_id: str
    grid_id: str
    households: int
    walk_s: float | None
    status: str
    point: QgsPointXY


@dataclass(frozen=True)
class CoverageChange:
    """What changes between two results.

    Attributes
    ----------
    shares
        Before and after, by kind, limit and group, where they differ.
    areas
        Service areas that shrink, before and after; those that shrink most first.
    newly_uncovered
        Households that are covered no longer by kind, limit and building.
    """

    shares: Mapping[tuple[LimitKey, str], tuple[Covered, Covered]]
    areas: tuple[tuple[LimitKey, str, Area, Area], ...]
    newly_uncovered: Mapping[tuple[LimitKey, str], int]


def choose_facilities(path: Path, request: ReachRequest) -> None:
    """Leave only the facilities of a request in a snapshot, and add those that are drawn.

    Raises
    ------
    SaveError
        If the snapshot cannot be written.
    """
    if request.facilities is not None:
        for name in (FACILITIES, ENTRANCES):
            _keep_only(path, name, request.facilities)
    if not request.drawn:
        return
    layer = QgsVectorLayer(f"{path}|layername={FACILITIES}", FACILITIES, "ogr")
    if not layer.isValid():
        layer = _new_facilities(path)
    features = []
    for facility in request.drawn:
        feature = QgsFeature(layer.fields())
        feature.setGeometry(QgsGeometry.fromPointXY(facility.point))
        feature.setAttribute("facility_id", facility.facility_id)
        feature.setAttribute("kind", facility.kind)
        features.append(feature)
    if not layer.dataProvider().addFeatures(features)[0]:
        raise SaveError(tr("The copy for the engine could not be written"))


def read_result(path: Path) -> CoverageResult:
    """Return what a region that the engine measured says.

    Raises
    ------
    SaveError
        If the file has no coverage.
    """
    coverage = _layer(path, COVERAGE)
    shares = {
        (_key(row), text_of(row["group"])): Covered(
            float_of(row["total"]) or 0.0, float_of(row["covered"]) or 0.0, float_of(row["target"])
        )
        for row in coverage.getFeatures(QgsFeatureRequest().setFilterExpression("\"area\" = 'region'"))
    }
    areas = {
        (_key(row), text_of(row["facility_id"])): Area(int_of(row["households"]) or 0, row.geometry().area())
        for row in _layer(path, SERVICE_AREAS).getFeatures()
    }
    request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry)
    uncovered = {
        (_key(row), text_of(row["building_id"])): int_of(row["households"]) or 0
        for row in _layer(path, UNCOVERED).getFeatures(request)
    }
    return CoverageResult(shares, areas, uncovered)


def compare_results(before: CoverageResult, after: CoverageResult) -> CoverageChange:
    """Return what changes from one result to another of the same request."""
    shares = {
        key: (was, after.shares[key])
        for key, was in before.shares.items()
        if key in after.shares and after.shares[key].covered != was.covered
    }
    nothing = Area(0, 0.0)
    pairs = ((key, was, after.areas.get(key, nothing)) for key, was in before.areas.items())
    shrunk = [(*key, was, now) for key, was, now in pairs if was.area_m2 - now.area_m2 > SHRINKS_M2]
    shrunk.sort(key=lambda row: (row[3].area_m2 - row[2].area_m2, row[0].kind, row[1]))
    fresh = {key: homes for key, homes in after.uncovered.items() if key not in before.uncovered}
    return CoverageChange(shares, tuple(shrunk), fresh)


def uncovered_homes(layer: QgsVectorLayer, key: LimitKey, limit: int = SHOWN) -> list[UncoveredHome]:
    """Return the homes without a facility of a kind within a limit, those with most households first."""
    request = QgsFeatureRequest().setFilterExpression(filter_of(key))
    request.setLimit(limit).setOrderBy(
        QgsFeatureRequest.OrderBy([QgsFeatureRequest.OrderByClause('"households"', False)])
    )
    return [
        UncoveredHome(
            text_of(row["building_id"]),
            text_of(row["grid_id"]),
            int_of(row["households"]) or 0,
            float_of(row["walk_s"]),
            text_of(row["status"]),
            row.geometry().asPoint(),
        )
        for row in layer.getFeatures(request)
    ]


def filter_of(key: LimitKey) -> str:
    """Return the expression for the rows of a kind and limit."""
    column, value = ("within_s", key.within_s) if key.within_s is not None else ("within_m", key.within_m)
    kind = key.kind.replace("'", "''")
    return f'"kind" = \'{kind}\' AND "{column}" = {value!r}'


def facility_kinds_of(layer: QgsVectorLayer | None) -> dict[str, int]:
    """Return how many facilities of each kind a layer has, with unsaved edits."""
    counts: dict[str, int] = {}
    if layer is not None:
        request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry)
        for feature in layer.getFeatures(request):
            kind = text_of(feature["kind"])
            counts[kind] = counts.get(kind, 0) + 1
    return dict(sorted(counts.items()))


def numbers_of(text: str) -> tuple[float, ...]:
    """Return the numbers in a text such as "5, 10, 15", ascending.

    Raises
    ------
    RequestError
        If a word is no positive number.
    """
    words = [word for word in text.replace("，", ",").replace("、", ",").replace(";", ",").split(",") if word.strip()]
    try:
        values = sorted({float(word) for word in words})
    except ValueError as error:
        raise RequestError(
            tr("Write numbers with commas between them, such as 5, 10, 15: {found}", found=text)
        ) from error
    if any(value <= 0 for value in values):
        raise RequestError(tr("Limits must be above zero: {found}", found=text))
    return tuple(values)


def _key(row: QgsFeature) -> LimitKey:
    return LimitKey(text_of(row["kind"]), float_of(row["within_s"]), float_of(row["within_m"]))


def _layer(path: Path, name: str) -> QgsVectorLayer:
    layer = QgsVectorLayer(f"{path}|layername={name}", name, "ogr")
    if not layer.isValid():
        raise SaveError(tr("{path} has no layer '{layer}'", path=path, layer=name))
    return layer


def _keep_only(path: Path, name: str, facility_ids: Collection[str]) -> None:
    layer = QgsVectorLayer(f"{path}|layername={name}", name, "ogr")
    if not layer.isValid():
        return  # a region need not have entrances
    request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry)
    gone = [f.id() for f in layer.getFeatures(request) if text_of(f["facility_id"]) not in facility_ids]
    if gone and not layer.dataProvider().deleteFeatures(gone):
        raise SaveError(tr("The copy for the engine could not be written"))


def _new_facilities(path: Path) -> QgsVectorLayer:
    """Add an empty layer of facilities to a snapshot of a region that has none."""
    crs: QgsCoordinateReferenceSystem = _layer(path, "buildings").crs()
    empty = QgsVectorLayer("Point?field=facility_id:string&field=kind:string&field=name:string", FACILITIES, "memory")
    empty.setCrs(crs)
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName, options.layerName = "GPKG", FACILITIES
    options.actionOnExistingFile = QgsVectorFileWriter.ActionOnExistingFile.CreateOrOverwriteLayer
    QgsVectorFileWriter.writeAsVectorFormatV3(empty, str(path), QgsCoordinateTransformContext(), options)
    return _layer(path, FACILITIES)


def site_names(sites: Iterable[QgsFeature]) -> list[tuple[int, str, int, QgsPointXY]]:
    """Return rank, name, households gained and place of proposed sites, in the order in which to build them."""
    rows = [
        (
            int_of(row["rank"]) or 0,
            text_of(row["name"]) or text_of(row["candidate_id"]),
            int_of(row["households"]) or 0,
            row.geometry().asPoint(),
        )
        for row in sites
    ]
    return sorted(rows, key=lambda row: row[0])
