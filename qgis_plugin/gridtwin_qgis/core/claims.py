# SPDX-License-Identifier: GPL-3.0-or-later
"""Which grid a unit goes to when grids claim areas: the one with most of its households."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from qgis.core import QgsGeometry, QgsPoint

from .session import RegionSession


class Claims:
    """Areas that grids claim, fast to ask.

    Parameters
    ----------
    areas
        Polygons by ``grid_id``; they do not overlap.
    """

    def __init__(self, areas: Mapping[str, QgsGeometry]) -> None:
        self._areas = dict(areas)  # the engines look into them
        self._engines = {grid_id: QgsGeometry.createGeometryEngine(a.constGet()) for grid_id, a in areas.items()}
        for engine in self._engines.values():
            engine.prepareGeometry()

    def holder(self, point: QgsPoint, otherwise: str) -> str:
        """Return the grid whose area holds a point, ``otherwise`` where none does."""
        return next((grid_id for grid_id, engine in self._engines.items() if engine.contains(point)), otherwise)


@dataclass(frozen=True)
class UnitHomes:
    """A unit as a claim sees it.

    Attributes
    ----------
    fid, grid_id
        The unit, and the grid it is in.
    middle
        A point inside.
    homes
        Middle and households of each building.
    """

    fid: int
    grid_id: str
    middle: QgsPoint
    homes: tuple[tuple[QgsPoint, int], ...]

    @property
    def households(self) -> int:
        """Households of the unit."""
        return sum(households for _, households in self.homes)

    def goes_to(self, claims: Claims) -> str:
        """Return the grid with most of the unit's households, or with its middle where nobody lives."""
        share: dict[str, int] = {}
        for point, households in self.homes:
            grid_id = claims.holder(point, self.grid_id)
            share[grid_id] = share.get(grid_id, 0) + households
        most = max(share.values(), default=0)
        if most == 0:
            return claims.holder(self.middle, self.grid_id)
        return self.grid_id if share.get(self.grid_id) == most else max(share, key=lambda grid_id: share[grid_id])


def unit_homes(session: RegionSession, outlines: Mapping[int, QgsGeometry]) -> list[UnitHomes]:
    """Return units of a session by their polygons, as claims see them."""
    index, register = session.counts.ledger.index, session.register
    found = []
    for fid, outline in outlines.items():
        unit = register[fid]
        rows = (index.rows[building] for building in sorted(index.of_unit.get(unit.unit_id, ())))
        homes = tuple((QgsPoint(row.x, row.y), row.households) for row in rows)
        found.append(UnitHomes(fid, unit.grid_id, QgsPoint(outline.pointOnSurface().asPoint()), homes))
    return found


def households_after(units: Iterable[UnitHomes], claims: Claims, grids: Iterable[str]) -> dict[str, int]:
    """Return the households that each grid would have of the given units; made for mouse moves."""
    totals = dict.fromkeys(grids, 0)
    for unit in units:
        grid_id = unit.goes_to(claims)
        totals[grid_id] = totals.get(grid_id, 0) + unit.households
    return totals
