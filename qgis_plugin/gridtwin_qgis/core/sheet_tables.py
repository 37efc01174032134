# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of a sheet: places of a grid, shelters near it, or who is covered; and what its map must show for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from qgis.core import QgsFeatureRequest, QgsGeometry, QgsPointXY, QgsRectangle, QgsVectorLayer
from qgis_plugin_tools.tools.i18n import tr

from .kinds import SHELTER, kind_title
from .region_project import RegionLayers
from .schema import int_of, text_of
from .sheet_data import GridFacts, Place, SheetError
from .sheet_request import Sheet, SheetRequest

COLUMNS = 4
NEAREST_SHELTERS = 5
HOUSEHOLDS_GROUP, GRID_AREA = "households", "grid"
SHELTERS, ROUTES, FACILITIES, COVERAGE, AREAS = (
    "shelters",
    "evacuation_routes",
    "facilities",
    "coverage",
    "service_areas",
)

Row = tuple[str, ...]


@dataclass(frozen=True)
class GridTable:
    """Rows of one grid.

    Attributes
    ----------
    numbers
        Numbers of the rows by the place each stands for; its map shows them on the buildings.
    extent
        Box that its map must show beside the grid itself.
    """

    rows: Sequence[Row]
    numbers: Mapping[str, int] = field(default_factory=dict)
    extent: QgsRectangle = field(default_factory=QgsRectangle)


@dataclass(frozen=True)
class SheetTables:
    """Tables of all grids of a print.

    Attributes
    ----------
    headings
        Titles of the columns, at most four.
    by_grid
        Table of each grid by its key.
    note
        A line under the table; "" for none.
    """

    headings: tuple[str, ...]
    by_grid: dict[str, GridTable]
    note: str = ""


def sheet_tables(region: RegionLayers, request: SheetRequest, facts: Sequence[GridFacts], capacity: int) -> SheetTables:
    """Return the tables of the grids that are printed.

    Parameters
    ----------
    region
        Open region.
    request
        What is printed.
    facts
        Grids that are printed.
    capacity
        Rows that fit on the page, at least 3.

    Raises
    ------
    SheetError
        If the region has no shelters, or no measured coverage, for the sheet.
    """
    makers = {Sheet.GRID: _places, Sheet.EVACUATION: _shelters, Sheet.SERVICE: _coverage}
    return makers[request.sheet](region, request, facts, capacity)


def service_limits(region: RegionLayers) -> list[float]:
    """Return the walking times for which the region has service areas, seconds, ascending."""
    return sorted(_distinct(region.get(AREAS), "within_s"))


def _distinct(layer: QgsVectorLayer | None, name: str) -> set[float]:
    if layer is None:
        return set()
    values = layer.uniqueValues(layer.fields().lookupField(name))
    return {float(value) for value in values if text_of(value)}


# --- grid sheet --------------------------------------------------------------------------------------------------


def _places(_region: RegionLayers, _request: SheetRequest, facts: Sequence[GridFacts], capacity: int) -> SheetTables:
    headings = (tr("Compound or building"), tr("Buildings"), tr("Households"), tr("Persons"))
    return SheetTables(headings, {fact.grid_id: _place_table(fact, capacity) for fact in facts})


def _place_table(fact: GridFacts, capacity: int) -> GridTable:
    """Return the places with most households, numbered, the others in one row, and the sum."""
    inhabited = [place for place in fact.places if place.households]
    all_fit = len(inhabited) == len(fact.places) <= capacity - 1
    shown = inhabited if all_fit else inhabited[: capacity - 2]
    others = fact.places[len(shown) :]
    numbers = {place.name: number for number, place in enumerate(shown, start=1)}
    rows = [_place_row(f"{numbers[place.name]}  {place.name}", [place]) for place in shown]
    if others:
        rows.append(_place_row(tr("{count} others", count=len(others)), others))
    rows.append(_place_row(tr("Together"), fact.places))
    return GridTable(rows, numbers)


def _place_row(title: str, places: Sequence[Place]) -> Row:
    sums = (sum(getattr(place, name) for place in places) for name in ("buildings", "households", "persons"))
    return (title, *(f"{number:,}" for number in sums))


# --- evacuation sheet --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shelter:
    """A place to which people are evacuated."""

    name: str
    point: QgsPointXY
    capacity: str


@dataclass(frozen=True)
class Route:
    """The way of one grid to one shelter."""

    shelter_id: str
    persons: int
    length_m: float
    extent: QgsRectangle


def _shelters(region: RegionLayers, _request: SheetRequest, facts: Sequence[GridFacts], capacity: int) -> SheetTables:
    shelters = read_shelters(region)
    if not shelters:
        raise SheetError(
            tr("{region} has no shelters: add a layer of shelters, or facilities of this kind", region=region.name)
        )
    routes = _routes(region)
    headings = (tr("Shelter"), tr("Distance (m)"), tr("Capacity"), tr("Persons from here"))
    if routes:
        tables = {fact.grid_id: _route_table(routes[fact.grid_id], shelters, capacity) for fact in facts}
        return SheetTables(headings, tables, tr("Distances along the evacuation routes."))
    tables = {fact.grid_id: _nearest_table(fact, shelters, capacity) for fact in facts}
    note = tr("Distances in a straight line: no evacuation routes have been computed.")
    return SheetTables(headings[:3], tables, note)


def read_shelters(region: RegionLayers) -> dict[str, Shelter]:
    """Return the shelters of a region by key: its layer of shelters, else facilities of this kind."""
    layer, key, capacity = region.get(SHELTERS), "shelter_id", "capacity_persons"
    request = QgsFeatureRequest()
    if layer is None or layer.featureCount() == 0:
        layer, key, capacity = region.get(FACILITIES), "facility_id", "capacity"
        request.setFilterExpression(f"\"kind\" = '{SHELTER}'")
    if layer is None:
        return {}
    return {
        text_of(row[key]): Shelter(
            text_of(row["name"]) or text_of(row[key]), row.geometry().asPoint(), _amount(row[capacity])
        )
        for row in layer.getFeatures(request)
    }


def _amount(value: object) -> str:
    number = int_of(value)
    return "–" if number is None else f"{number:,}"


def _routes(region: RegionLayers) -> dict[str, list[Route]]:
    layer = region.get(ROUTES)
    found: dict[str, list[Route]] = defaultdict(list)
    for row in layer.getFeatures() if layer is not None else ():
        line: QgsGeometry = row.geometry()
        found[text_of(row["grid_id"])].append(
            Route(text_of(row["shelter_id"]), int_of(row["persons"]) or 0, line.length(), line.boundingBox())
        )
    return found


def _route_table(routes: Sequence[Route], shelters: dict[str, Shelter], capacity: int) -> GridTable:
    """Return one row a shelter, that of most persons first; routes that leave at several times are one row."""
    together: dict[str, list[Route]] = defaultdict(list)
    for route in routes:
        together[route.shelter_id].append(route)
    ranked = sorted(together.items(), key=lambda item: -sum(route.persons for route in item[1]))
    extent = QgsRectangle()
    for route in routes:
        extent.combineExtentWith(route.extent)
    rows = []
    for shelter_id, ways in ranked[:capacity]:
        shelter = shelters.get(shelter_id)
        name, room = (shelter.name, shelter.capacity) if shelter else (shelter_id, "–")
        shortest = min(route.length_m for route in ways)
        rows.append((name, f"{shortest:,.0f}", room, f"{sum(route.persons for route in ways):,}"))
    return GridTable(rows, extent=extent)


def _nearest_table(fact: GridFacts, shelters: dict[str, Shelter], capacity: int) -> GridTable:
    here = fact.feature.geometry().pointOnSurface().asPoint()
    ranked = sorted(
        ((here.distance(shelter.point), shelter) for shelter in shelters.values()), key=lambda pair: pair[0]
    )
    nearest = ranked[: min(capacity, NEAREST_SHELTERS)]
    first = nearest[0][1].point
    rows = [(shelter.name, f"{distance:,.0f}", shelter.capacity) for distance, shelter in nearest]
    return GridTable(rows, extent=QgsRectangle(first, first))


# --- service sheet -----------------------------------------------------------------------------------------------


def measured_kinds(region: RegionLayers) -> list[str]:
    """Return the kinds that the region has coverage of, in the order of the results."""
    layer = region.get(COVERAGE)
    rows = layer.getFeatures() if layer is not None else ()
    return list(dict.fromkeys(text_of(row["kind"]) for row in rows))


def service_kinds(region: RegionLayers, request: SheetRequest) -> list[str]:
    """Return the kinds that a service sheet tells of.

    Raises
    ------
    SheetError
        If the region has no results, or none for a kind that was asked for.
    """
    present = measured_kinds(region)
    missing = [kind for kind in request.kinds if kind not in present]
    if missing or not present:
        raise SheetError(
            tr(
                "{region} has no coverage of {kinds}: run the algorithm 'reach' first",
                region=region.name,
                kinds=", ".join(missing) or tr("services"),
            )
        )
    return present


def _coverage(region: RegionLayers, request: SheetRequest, facts: Sequence[GridFacts], capacity: int) -> SheetTables:
    kinds = service_kinds(region, request)
    layer = region[COVERAGE]
    limits = sorted(_distinct(layer, "within_s"))[: COLUMNS - 1]
    shares: dict[str, dict[str, dict[float, str]]] = defaultdict(lambda: defaultdict(dict))
    wanted = QgsFeatureRequest()
    wanted.setFilterExpression(f"\"area\" = '{GRID_AREA}' AND \"group\" = '{HOUSEHOLDS_GROUP}'")
    for row in layer.getFeatures(wanted):
        if text_of(row["within_s"]) and text_of(row["share"]):
            by_limit = shares[text_of(row["area_id"])][text_of(row["kind"])]
            by_limit[float(row["within_s"])] = f"{100 * float(row['share']):.0f}%"
    tables = {
        fact.grid_id: GridTable(
            [
                (kind_title(kind), *(shares[fact.grid_id][kind].get(limit, "–") for limit in limits))
                for kind in kinds[:capacity]
            ]
        )
        for fact in facts
    }
    headings = (tr("Service"), *(walk_text(limit) for limit in limits))
    return SheetTables(headings, tables, tr("Share of the grid's households that walk to a facility within the time."))


def walk_text(seconds: float) -> str:
    """Return a walking time as people say it."""
    return tr("{minutes} min", minutes=f"{seconds / 60:g}")
