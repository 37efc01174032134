# SPDX-License-Identifier: GPL-3.0-or-later
"""Rebalancing by the engine: what may change, what it proposes, and how the proposal enters the open layers.

The engine works on a snapshot; a proposal changes nothing until it is accepted, and is one step of the planner then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qgis.core import QgsFeature, QgsFeatureRequest, QgsGeometry, QgsVectorLayer
from qgis_plugin_tools.tools.i18n import tr

from .plan_compare import PlanDifference, UnitHome, compare_plans, unit_homes
from .plan_store import Assignment, PlanStore, StoredPlan
from .plans import PlanBook, PlanError, first_ids, fitted, parent_unit
from .schema import BUILDINGS, GRIDS, UNITS, column, text_of
from .session import RegionSession
from .tables import Tables

TOUCH_M = 0.01


@dataclass(frozen=True)
class Piece:
    """A piece of a unit that the engine divides: columns of its feature, and its polygon."""

    values: Mapping[str, Any]
    outline: QgsGeometry


@dataclass(frozen=True)
class Proposal:
    """What the engine would change.

    Attributes
    ----------
    before
        Grid of each unit when the engine was called.
    after
        Grid of each unit, or of its pieces.
    pieces
        Pieces of the units that are divided, by unit.
    unit_of
        Unit of the buildings in them, by building.
    difference
        The same for people: units that move, households by grid and community.
    """

    before: Assignment
    after: Assignment
    difference: PlanDifference
    pieces: Mapping[str, Sequence[Piece]] = field(default_factory=dict)
    unit_of: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not self.difference.units

    @property
    def outlines(self) -> dict[str, QgsGeometry]:
        """Polygons of the pieces, by key."""
        return {piece.values["unit_id"]: piece.outline for pieces in self.pieces.values() for piece in pieces}


def neighbours(session: RegionSession, grid_ids: Collection[str]) -> frozenset[str]:
    """Return grids and those of the same community that touch them."""
    near = set(grid_ids)
    for grid_id in grid_ids:
        home = session.counts.grid(session.fid_of(grid_id))
        outline = session.counts.outline(home.fid).buffer(TOUCH_M, 1)
        for fid in session.counts.ledger.grids_near(outline.boundingBox()):
            state = session.counts.grid(fid)
            if state.community_id == home.community_id and session.counts.outline(fid).intersects(outline):
                near.add(state.grid_id)
    return frozenset(near)


def prepare_snapshot(path: Path, plan: StoredPlan, assignment: Assignment, free: Collection[str] | None) -> None:
    """Make a snapshot ready for the engine: its plan as it is now, and only some grids free to change.

    Parameters
    ----------
    path
        File of the snapshot.
    plan, assignment
        The plan that is worked on, and the grid of each unit.
    free
        Grids that may change; all that are not locked when ``None``.
    """
    store = PlanStore(Tables(path, {}))
    store.save(plan, assignment)
    store.make_newest(plan)
    if free is None:
        return
    grids = QgsVectorLayer(f"{path}|layername={GRIDS}", GRIDS, "ogr")
    locked, request = column(grids, "locked"), QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry)
    closed = [grid.id() for grid in grids.getFeatures(request) if text_of(grid["grid_id"]) not in free]
    if not grids.dataProvider().changeAttributeValues({fid: {locked: True} for fid in closed}):
        raise PlanError(tr("The copy for the engine could not be written"))


def rebalance_arguments(region: Path, output: Path, plan: str, stay: float) -> list[str]:
    """Return the engine's command."""
    return ["rebalance", str(region), "--output", str(output), "--plan", plan, "--stay", f"{stay:g}"]


def read_proposal(session: RegionSession, path: Path, before: Assignment) -> Proposal:
    """Return what a region that the engine rebalanced proposes.

    Parameters
    ----------
    session
        The open region.
    path
        The region that the engine wrote.
    before
        Grid of each unit when the engine was called.
    """
    units = QgsVectorLayer(f"{path}|layername={UNITS}", UNITS, "ogr")
    after: dict[str, str] = {}
    pieces: dict[str, list[Piece]] = defaultdict(list)
    for feature in units.getFeatures():
        unit_id = text_of(feature["unit_id"])
        after[unit_id] = text_of(feature["grid_id"])
        if unit_id not in before:
            pieces[parent_unit(unit_id, before)].append(Piece(_values(feature), feature.geometry()))
    unit_of = _units_of_buildings(path, {unit for unit in after if unit not in before})
    homes = unit_homes(session) | _piece_homes(session, pieces, unit_of)
    difference = compare_plans(homes, fitted(before, after), after, (tr("now"), tr("proposal")))
    return Proposal(before, after, difference, dict(pieces), unit_of)


def accept(book: PlanBook, proposal: Proposal, text: str) -> None:
    """Carry out a proposal as one step of the planner.

    Raises
    ------
    PlanError
        If units are no longer in the grid that the proposal starts from.
    EditRefusedError
        If a locked grid or unit would have to change.
    """
    present = book.present()
    moves = {unit.unit_id: unit.second for unit in proposal.difference.units}
    touched = {unit if unit in proposal.before else parent_unit(unit, proposal.before) for unit in moves}
    stale = [unit for unit in touched | proposal.pieces.keys() if present.get(unit) != proposal.before[unit]]
    if stale:
        raise PlanError(
            tr("The plan has changed meanwhile: {units} are elsewhere; rebalance again", units=first_ids(stale))
        )
    session = book.session
    with session.edit(text):
        for unit_id, pieces in proposal.pieces.items():
            _divide(session, unit_id, pieces)
        _rehome(session, proposal.unit_of)
        book.put(moves)


def _divide(session: RegionSession, unit_id: str, pieces: Sequence[Piece]) -> None:
    """Put pieces in the place of a unit, in the grid that it is in."""
    unit, units = session.register.of_key(unit_id), session.units
    features = []
    for piece in pieces:
        feature = QgsFeature(units.fields())
        feature.setGeometry(piece.outline)
        for name, value in {**piece.values, "grid_id": unit.grid_id}.items():
            if units.fields().lookupField(name) >= 0:
                feature.setAttribute(name, value)
        features.append(feature)
    units.deleteFeature(unit.fid)
    units.addFeatures(features)


def _rehome(session: RegionSession, unit_of: Mapping[str, str]) -> None:
    """Give buildings the piece that they stand in."""
    number = column(session.buildings, "unit_id")
    for fid, building_id in _buildings(session, unit_of).items():
        session.buildings.changeAttributeValue(fid, number, unit_of[building_id])


def _piece_homes(
    session: RegionSession, pieces: Mapping[str, Sequence[Piece]], unit_of: Mapping[str, str]
) -> dict[str, UnitHome]:
    """Return community and households of the pieces, counted from the buildings as they are now."""
    inside: dict[str, list[int]] = defaultdict(list)
    for fid, building_id in _buildings(session, unit_of).items():
        inside[unit_of[building_id]].append(fid)
    index = session.counts.ledger.index
    return {
        piece.values["unit_id"]: UnitHome(
            text_of(piece.values["community_id"]), index.households(inside[piece.values["unit_id"]])
        )
        for of_unit in pieces.values()
        for piece in of_unit
    }


def _buildings(session: RegionSession, wanted: Mapping[str, str]) -> dict[int, str]:
    """Return the keys of some buildings by feature number."""
    if not wanted:
        return {}
    request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry)
    keys = ((feature.id(), text_of(feature["building_id"])) for feature in session.buildings.getFeatures(request))
    return {fid: key for fid, key in keys if key in wanted}


def _units_of_buildings(path: Path, units: Collection[str]) -> dict[str, str]:
    """Return the unit of each building that stands in one of ``units``, as the engine says."""
    if not units:
        return {}
    buildings = QgsVectorLayer(f"{path}|layername={BUILDINGS}", BUILDINGS, "ogr")
    request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry)
    pairs = ((text_of(f["building_id"]), text_of(f["unit_id"])) for f in buildings.getFeatures(request))
    return {building: unit for building, unit in pairs if unit in units}


def _values(feature: QgsFeature) -> dict[str, Any]:
    """Return the columns of a feature but for its number in the file."""
    names = feature.fields().names()
    return {name: value for name, value in zip(names, feature.attributes()) if name != "fid"}
