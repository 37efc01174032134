# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans from elsewhere: another region's file, or a table of units (or buildings) and their grids."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from qgis.core import QgsFeatureRequest, QgsGeometry, QgsSpatialIndex, QgsVectorLayer
from qgis_plugin_tools.tools.i18n import tr

from .errors import PluginError
from .plan_store import Assignment, PlanStore, StoredPlan
from .region_project import read_region_file
from .schema import UNITS, text_of
from .session import RegionSession
from .tables import Tables

KEY_TITLES = ("unit_id", "building_id", "单元编号", "基本单元", "建筑编号")
GRID_TITLES = ("grid_id", "grid", "code", "网格编号", "网格代码", "网格", "15位网格代码")


class ImportRefusedError(PluginError):
    """A file that holds no plan for the region."""


@dataclass(frozen=True)
class ImportedPlan:
    """A plan from elsewhere, fitted to the region.

    Attributes
    ----------
    assignment
        Grid of each unit of the region.
    by_key, by_place
        How many units were found by their key, and how many by where they are.
    left
        Units that it does not know; they keep the grid that they are in.
    made
        What the plan was made with, where the file says.
    """

    assignment: Assignment
    by_key: int
    by_place: int
    left: tuple[str, ...]
    made: StoredPlan | None = None


def region_plans(path: Path) -> dict[str, StoredPlan]:
    """Return the plans in a region's file by name.

    Raises
    ------
    RegionFileError
        If the file is no region.
    """
    read_region_file(path)
    return PlanStore(Tables(path, {})).plans()


def plan_of_region(session: RegionSession, path: Path, plan: str) -> ImportedPlan:
    """Return a plan of another region: units of the same key, else the unit in whose place it lies there.

    Raises
    ------
    RegionFileError
        If the file is no region.
    ImportRefusedError
        If it has no such plan, or no unit in common.
    """
    made = region_plans(path).get(plan)
    if made is None:
        raise ImportRefusedError(tr("{path} has no plan '{plan}'", path=path, plan=plan))
    theirs = PlanStore(Tables(path, {})).assignment(plan)
    ours = {unit.unit_id for unit in session.register}
    found = {unit: grid for unit, grid in theirs.items() if unit in ours}
    by_key = len(found)
    found |= _by_place(session, path, theirs, ours - found.keys())
    return _fitted(session, found, by_key, made)


def table_columns(path: Path) -> tuple[tuple[str, ...], str, str]:
    """Return the columns of a table, and those that seem to hold keys and grids ("" where none does).

    Raises
    ------
    ImportRefusedError
        If the file cannot be read as a table.
    """
    names = tuple(field.name() for field in _table(path).fields())
    lower = {name.strip().lower(): name for name in names}
    key, grid = (next((lower[t] for t in titles if t in lower), "") for titles in (KEY_TITLES, GRID_TITLES))
    return names, key, grid


def plan_of_table(session: RegionSession, path: Path, key_column: str, grid_column: str) -> ImportedPlan:
    """Return a plan from a table with a row for each unit or each building.

    Buildings put their unit into the grid in which most of its households are.

    Raises
    ------
    ImportRefusedError
        If the file cannot be read, lacks a column, or names no unit and no building of the region.
    """
    table = _table(path)
    missing = [name for name in (key_column, grid_column) if table.fields().lookupField(name) < 0]
    if missing:
        raise ImportRefusedError(tr("{path} has no column {columns}", path=path, columns=", ".join(missing)))
    pairs = {text_of(row[key_column]).strip(): text_of(row[grid_column]).strip() for row in table.getFeatures()}
    ours = {unit.unit_id for unit in session.register}
    by_unit = {unit: grid for unit, grid in pairs.items() if unit in ours and grid}
    by_building = _grids_of_buildings(session, pairs)
    found = by_unit if len(by_unit) >= len(by_building) else by_building
    return _fitted(session, found, len(found), None)


def _fitted(session: RegionSession, found: Mapping[str, str], by_key: int, made: StoredPlan | None) -> ImportedPlan:
    if not found:
        raise ImportRefusedError(tr("The file names no unit and no building of this region"))
    present = {unit.unit_id: unit.grid_id for unit in session.register}
    left = tuple(sorted(present.keys() - found.keys()))
    return ImportedPlan({**present, **found}, by_key, len(found) - by_key, left, made)


def _table(path: Path) -> QgsVectorLayer:
    options = QgsVectorLayer.LayerOptions(False)
    layer = QgsVectorLayer(str(path), path.stem, "ogr", options)
    if not layer.isValid():
        raise ImportRefusedError(tr("{path} cannot be read as a table", path=path))
    return layer


def _grids_of_buildings(session: RegionSession, pairs: Mapping[str, str]) -> dict[str, str]:
    """Return the grid of each unit from those of its buildings."""
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry)
    for building in session.buildings.getFeatures(request):
        grid, unit = pairs.get(text_of(building["building_id"])), text_of(building["unit_id"])
        if grid and unit:
            votes[unit][grid] += 1 + 1000 * session.counts.ledger.index.households([building.id()])
    return {unit: max(sorted(votes[unit]), key=votes[unit].__getitem__) for unit in votes}


def _by_place(session: RegionSession, path: Path, theirs: Assignment, missing: set[str]) -> dict[str, str]:
    """Return the grid of units from the unit of the other region that lies where they are."""
    other = QgsVectorLayer(f"{path}|layername={UNITS}", UNITS, "ogr")
    if not missing or not other.isValid() or other.crs() != session.units.crs():
        return {}
    shapes: dict[int, tuple[str, QgsGeometry]] = {}
    for feature in other.getFeatures():
        shapes[feature.id()] = (theirs.get(text_of(feature["unit_id"]), ""), feature.geometry())
    index = QgsSpatialIndex(other.getFeatures())
    fids = {unit.fid: unit.unit_id for unit in session.register if unit.unit_id in missing}
    found: dict[str, str] = {}
    for fid, outline in session.register.outlines(fids).items():
        point = outline.pointOnSurface()
        near = (shapes[n] for n in sorted(index.intersects(point.boundingBox())))
        grid = next((grid for grid, shape in near if grid and shape.contains(point)), "")
        if grid:
            found[fids[fid]] = grid
    return found
