# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of grids and units in the file, brought up to date just before edits are saved."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from math import pi
from typing import TYPE_CHECKING, Any

from qgis.core import NULL, QgsFeature, QgsFeatureRequest, QgsVectorLayer
from qgis_plugin_tools.tools.i18n import tr

from .schema import int_of

if TYPE_CHECKING:
    from .session import RegionSession

SUMS = ("persons", "elderly", "disabled", "children", "migrant_children")
UNKNOWN = ("reock", "street_share", "compounds_split", "longest_walk_m", "counted_share")  # the engine measures them
NOT_REPAIRED = "NOT_REPAIRED"


def write_figures(session: RegionSession, fids: Collection[int]) -> None:
    """Write what the plugin knows of grids that have changed, and clear what only the engine can measure.

    Parameters
    ----------
    session
        A region that is being edited.
    fids
        Feature numbers of the grids.
    """
    changed = sorted(set(fids) & set(session.counts))
    members = {fid: session.counts.ledger.members(fid) for fid in changed}
    buildings = _read(session.buildings, {one for own in members.values() for one in own})
    grids = _read(session.grids, changed)
    for fid in changed:
        rows = [buildings[one] for one in sorted(members[fid])]
        _write(session.grids, grids[fid], _figures_of_grid(session, fid, rows))
    grid_ids = [session.counts.grid(fid).grid_id for fid in changed]
    _write_units(session, {unit for name in grid_ids for unit in session.register.of_grid(name)})


def _figures_of_grid(session: RegionSession, fid: int, buildings: list[QgsFeature]) -> dict[str, Any]:
    grid, outline = session.counts.grid(fid), session.counts.outline(fid)
    length = outline.length()
    figures: dict[str, Any] = {
        "households": grid.households,
        "buildings": len(buildings),
        "area_m2": grid.area_m2,
        "compactness": 4 * pi * grid.area_m2 / length**2 if length else NULL,
        "violations": _violation(grid.difference, grid.households),
    }
    figures.update({name: _sum(buildings, name) for name in SUMS})
    figures.update(dict.fromkeys(UNKNOWN, NULL))
    return figures


def _violation(difference: int, households: int) -> Any:
    """Return the text of a grid outside its bounds, in the engine's form ``CODE: reason``."""
    if not difference:
        return NULL
    text = (
        tr("{households} households, {amount} above the maximum", households=households, amount=difference)
        if difference > 0
        else tr("{households} households, {amount} below the minimum", households=households, amount=-difference)
    )
    return f"{NOT_REPAIRED}: {text}"


def _sum(features: Iterable[QgsFeature], name: str) -> Any:
    """Return the sum of a column, empty where no feature has a value or there is no such column."""
    known = [
        value
        for feature in features
        if feature.fields().lookupField(name) >= 0 and (value := int_of(feature[name])) is not None
    ]
    return sum(known) if known else NULL


def _write_units(session: RegionSession, units: Collection[int]) -> None:
    rows = session.counts.ledger.index.rows
    for fid, feature in _read(session.units, units).items():
        own = session.counts.ledger.index.of_unit[session.register[fid].unit_id]
        figures = {"households": sum(rows[one].households for one in own), "buildings": len(own)}
        _write(session.units, feature, figures)


def _read(layer: QgsVectorLayer, fids: Collection[int]) -> dict[int, QgsFeature]:
    """Return features without their geometry by number, in one request: one each takes a hundred times as long."""
    request = QgsFeatureRequest(sorted(fids)).setFlags(QgsFeatureRequest.Flag.NoGeometry)
    return {feature.id(): feature for feature in layer.getFeatures(request)}


def _write(layer: QgsVectorLayer, feature: QgsFeature, values: dict[str, Any]) -> None:
    """Change the values of a feature that are not what they should be."""
    for name, value in values.items():
        number = layer.fields().lookupField(name)
        if number >= 0 and feature[number] != value:
            layer.changeAttributeValue(feature.id(), number, value)
