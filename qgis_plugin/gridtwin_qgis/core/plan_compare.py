# SPDX-License-Identifier: GPL-3.0-or-later
"""Two plans side by side: units in another grid, households that move, community by community."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from qgis.core import QgsFeature, QgsGeometry, QgsVectorLayer
from qgis_plugin_tools.tools.i18n import tr

from .plan_store import Assignment
from .session import RegionSession

FIELDS = "unit_id:string,community_id:string,first:string,second:string,households:integer"


@dataclass(frozen=True)
class UnitChange:
    """A unit in another grid: key, community, grid before and after, households of its buildings today."""

    unit_id: str
    community_id: str
    first: str
    second: str
    households: int


@dataclass(frozen=True)
class GridChange:
    """A grid whose households change; ``None`` where a plan has no such grid."""

    grid_id: str
    community_id: str
    before: int | None
    after: int | None


@dataclass(frozen=True)
class CommunityChange:
    """What changes in a community: its households, those that move, and its grids before and after."""

    community_id: str
    households: int
    households_moved: int
    units_moved: int
    grids_before: int
    grids_after: int


@dataclass(frozen=True)
class PlanDifference:
    """Differences between two plans.

    Attributes
    ----------
    first, second
        Names of the plans.
    units
        Units in another grid, those with most households first.
    grids
        Grids whose units differ.
    communities
        All communities, those where most households move first.
    """

    first: str
    second: str
    units: tuple[UnitChange, ...]
    grids: tuple[GridChange, ...]
    communities: tuple[CommunityChange, ...]

    @property
    def households(self) -> int:
        """Households of all communities."""
        return sum(community.households for community in self.communities)

    @property
    def households_moved(self) -> int:
        """Households in another grid."""
        return sum(unit.households for unit in self.units)


@dataclass(frozen=True)
class UnitHome:
    """The community of a unit, and the households of its buildings."""

    community_id: str
    households: int


def unit_homes(session: RegionSession) -> dict[str, UnitHome]:
    """Return community and households of each unit, counted from its buildings as they are now."""
    index = session.counts.ledger.index
    return {
        unit.unit_id: UnitHome(unit.community_id, index.households(index.of_unit.get(unit.unit_id, ())))
        for unit in session.register
    }


def compare_plans(
    homes: Mapping[str, UnitHome], first: Assignment, second: Assignment, names: tuple[str, str]
) -> PlanDifference:
    """Return what differs between two assignments of the units of a region.

    Parameters
    ----------
    homes
        Community and households of each unit.
    first, second
        Grid of each unit; only units that both name are compared.
    names
        Names of both.
    """
    changes = [
        UnitChange(unit, homes[unit].community_id, first[unit], second[unit], homes[unit].households)
        for unit in first
        if unit in homes and unit in second and first[unit] != second[unit]
    ]
    changes.sort(key=lambda change: (-change.households, change.unit_id))
    return PlanDifference(
        *names,
        tuple(changes),
        _grid_changes(changes, first, second, homes),
        _communities(changes, first, second, homes),
    )


def _grid_changes(
    changes: Iterable[UnitChange], first: Assignment, second: Assignment, homes: Mapping[str, UnitHome]
) -> tuple[GridChange, ...]:
    before, after = (_totals(plan, homes) for plan in (first, second))
    touched = {grid: change.community_id for change in changes for grid in (change.first, change.second) if grid}
    return tuple(
        GridChange(grid, touched[grid], before.get(grid), after.get(grid))
        for grid in sorted(touched, key=lambda grid: (touched[grid], grid))
    )


def _totals(plan: Assignment, homes: Mapping[str, UnitHome]) -> dict[str, int]:
    totals: dict[str, int] = defaultdict(int)
    for unit, grid in plan.items():
        if unit in homes:
            totals[grid] += homes[unit].households
    return totals


def _communities(
    changes: Iterable[UnitChange], first: Assignment, second: Assignment, homes: Mapping[str, UnitHome]
) -> tuple[CommunityChange, ...]:
    total, moved, units = Counter(), Counter(), Counter()
    before, after = defaultdict(set), defaultdict(set)
    for unit, grid in second.items():
        if unit in homes:
            total[homes[unit].community_id] += homes[unit].households
            after[homes[unit].community_id].add(grid)
            before[homes[unit].community_id].add(first.get(unit, ""))
    for change in changes:
        moved[change.community_id] += change.households
        units[change.community_id] += 1
    rows = [
        CommunityChange(key, total[key], moved[key], units[key], len(before[key] - {""}), len(after[key] - {""}))
        for key in total
    ]
    return tuple(sorted(rows, key=lambda row: (-row.households_moved, -row.units_moved, row.community_id)))


def difference_layer(
    session: RegionSession, changes: Iterable[UnitChange], name: str, outlines: Mapping[str, QgsGeometry] | None = None
) -> QgsVectorLayer:
    """Return units in another grid as a layer of polygons.

    Parameters
    ----------
    session
        The open region.
    changes
        The units.
    name
        Of the layer.
    outlines
        Polygons of units that the region does not have (yet), by key.
    """
    columns = "&".join(f"field={field}" for field in FIELDS.split(","))
    layer = QgsVectorLayer(f"MultiPolygon?crs={session.units.crs().authid()}&{columns}", name, "memory")
    if not session.units.crs().authid():
        layer.setCrs(session.units.crs())
    of_unit = {unit.unit_id: unit.fid for unit in session.register}
    changes = list(changes)
    shapes = session.register.outlines(of_unit[change.unit_id] for change in changes if change.unit_id in of_unit)
    features = []
    for change in changes:
        feature = QgsFeature(layer.fields())
        outline = (outlines or {}).get(change.unit_id) or shapes[of_unit[change.unit_id]]
        feature.setGeometry(outline)
        feature.setAttributes([change.unit_id, change.community_id, change.first, change.second, change.households])
        features.append(feature)
    layer.dataProvider().addFeatures(features)
    layer.updateExtents()
    return layer


def table_by_community(difference: PlanDifference | None) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """Return the titles and rows of the table by community."""
    titles = (
        tr("Community"), tr("Households"), tr("Households moved"), tr("Units moved"), tr("Grids before"),
        tr("Grids after"),
    )  # fmt: skip
    rows = [
        (row.community_id, row.households, row.households_moved, row.units_moved, row.grids_before, row.grids_after)
        for row in (difference.communities if difference else ())
    ]
    return titles, rows
