# SPDX-License-Identifier: GPL-3.0-or-later
"""Cuts of units put into the layers: each piece becomes a unit, with its buildings and their sums."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import count

from qgis.core import NULL, QgsFeature, QgsFeatureRequest, QgsGeometry, QgsPoint, QgsWkbTypes
from qgis_plugin_tools.tools.i18n import tr

from .boundaries import Point
from .cutting import UnitIndex, cut_units
from .errors import EditRefusedError
from .schema import column, int_of
from .session import RegionSession

SUMS = ("households", "persons")
SEARCH_M = 1.0


def cut_in_session(session: RegionSession, lines: Sequence[Sequence[Point]], among: Collection[int]) -> dict[int, int]:
    """Cut units along lines, inside a step of the session.

    Parameters
    ----------
    session
        The session, within its ``edit``.
    lines
        Where to cut, in the layers' coordinates.
    among
        Feature numbers of units that may be cut.

    Returns
    -------
    dict
        Feature number of each new unit, and of the unit that it was part of. The piece with most households keeps
        the unit's key; the others are named after it.

    Raises
    ------
    EditRefusedError
        If a unit that would be cut is locked or lies in a locked grid.
    """
    box = QgsGeometry.collectGeometry(
        [QgsGeometry.fromPolyline([QgsPoint(*p) for p in line]) for line in lines]
    ).boundingBox()
    units = UnitIndex(session.register.near(box.buffered(SEARCH_M)))
    cut = cut_units(units, lines, set(among))
    parted = {fid: parts for fid, parts in cut.pieces.items() if len(parts) > 1}
    check_free(session, parted)
    for fid in cut.pieces.keys() - parted.keys():
        session.units.changeGeometry(fid, _as_stored(session, cut.pieces[fid][0]))
    return {piece: fid for fid, parts in parted.items() for piece in _part_unit(session, fid, parts)}


def check_free(session: RegionSession, units: Iterable[int]) -> None:
    """Make sure that neither units nor their grids are locked.

    Raises
    ------
    EditRefusedError
        If one is.
    """
    found = [session.register[fid] for fid in units]
    locked = sorted(unit.unit_id for unit in found if unit.locked)
    if locked:
        raise EditRefusedError(tr("These units are locked: {units}", units=", ".join(locked[:5])))
    session.check_unlocked({unit.grid_id for unit in found})


def _part_unit(session: RegionSession, fid: int, parts: Sequence[QgsGeometry]) -> list[int]:
    """Make units of the pieces of one unit and return the new ones."""
    unit = session.register[fid]
    homes = _homes_by_part(session, unit.unit_id, parts)
    rows = session.counts.ledger.index.rows
    load = [sum(rows[building].households for building in mine) for mine in homes]
    keeper = max(range(len(parts)), key=lambda n: (load[n], parts[n].area()))
    parent = session.units.getFeature(fid)
    session.units.changeGeometry(fid, _as_stored(session, parts[keeper]))
    for number, value in _sums(session, homes[keeper], parts[keeper]).items():
        session.units.changeAttributeValue(fid, number, value)
    names = (name for n in count(1) if session.register.of_key(name := f"{unit.unit_id}.{n}") is None)
    made = []
    for n in (n for n in range(len(parts)) if n != keeper):
        made.append(_add_unit(session, parent, parts[n], homes[n], next(names)))
    return made


def _homes_by_part(session: RegionSession, unit_id: str, parts: Sequence[QgsGeometry]) -> list[list[int]]:
    """Return the buildings of a unit by the piece that holds their middle; the first takes those in none."""
    index = session.counts.ledger.index
    left = set(index.of_unit.get(unit_id, ()))
    found = []
    for part in parts[1:]:
        mine = index.among(part, sorted(left))
        left -= mine
        found.append(sorted(mine))
    return [sorted(left), *found]


def _add_unit(session: RegionSession, parent: QgsFeature, area: QgsGeometry, homes: list[int], name: str) -> int:
    """Add a unit like its parent, and put its buildings into it."""
    feature = QgsFeature(parent)
    feature.setGeometry(_as_stored(session, area))
    feature.setAttribute(column(session.units, "fid"), NULL)
    feature.setAttribute(column(session.units, "unit_id"), name)
    for number, value in _sums(session, homes, area).items():
        feature.setAttribute(number, value)
    session.units.addFeature(feature)
    key = column(session.buildings, "unit_id")
    for building in homes:
        session.buildings.changeAttributeValue(building, key, name)
    return int(feature.id())


def _as_stored(session: RegionSession, area: QgsGeometry) -> QgsGeometry:
    """Return a polygon of the type that the layer declares."""
    made = QgsGeometry(area)
    if QgsWkbTypes.isMultiType(session.units.wkbType()):
        made.convertToMultiType()
    return made


def _sums(session: RegionSession, homes: Iterable[int], area: QgsGeometry) -> Mapping[int, object]:
    """Return the values of a unit that its buildings and its polygon give, by number of the column."""
    names = [name for name in SUMS if session.buildings.fields().lookupField(name) >= 0]
    request = QgsFeatureRequest(list(homes)).setFlags(QgsFeatureRequest.Flag.NoGeometry)
    rows = list(session.buildings.getFeatures(request.setSubsetOfAttributes(names, session.buildings.fields())))
    values: dict[str, object] = {name: sum(int_of(row[name]) or 0 for row in rows) for name in names}
    values |= {"buildings": len(rows), "area_m2": area.area()}
    known = {name: session.units.fields().lookupField(name) for name in values}
    return {number: values[name] for name, number in known.items() if number >= 0}
