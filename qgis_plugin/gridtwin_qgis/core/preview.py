# SPDX-License-Identifier: GPL-3.0-or-later
"""Households as they would be, while the mouse still moves."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from qgis.core import QgsGeometry

from .bounds import Bounds, Status
from .claims import Claims, households_after, unit_homes
from .session import RegionSession


@dataclass(frozen=True)
class GridPreview:
    """One grid before and after.

    Attributes
    ----------
    fid
        Feature number; ``None`` for a grid that is only being drawn.
    code
        Its code.
    before, after
        Households.
    bounds
        Least and most households.
    """

    fid: int | None
    code: str
    before: int
    after: int
    bounds: Bounds

    @property
    def status(self) -> Status:
        """Where the households would lie."""
        return self.bounds.status(self.after)

    @property
    def difference(self) -> int:
        """Households that it would be below (negative) or above its bounds."""
        return self.bounds.difference(self.after)


def previews(session: RegionSession, after: Mapping[int, int]) -> list[GridPreview]:
    """Return grids with the households that they would have, by feature number."""
    states = {fid: session.counts.grid(fid) for fid in after}
    return [GridPreview(f, state.code, state.households, after[f], state.bounds) for f, state in states.items()]


class AreaPreview:
    """Counts what grids would have if they claimed other areas; made once, asked on every movement of the mouse.

    Parameters
    ----------
    session
        The session.
    grids
        Feature numbers of the grids whose units may move.
    cut
        Whether units are cut, or go as a whole to where most of their households are.
    """

    def __init__(self, session: RegionSession, grids: Collection[int], *, cut: bool) -> None:
        self._session, self._cut = session, cut
        self._ids = {session.counts.grid(fid).grid_id: fid for fid in grids}
        units = {unit for grid_id in self._ids for unit in session.register.of_grid(grid_id)}
        self._units = [] if cut else unit_homes(session, session.register.outlines(units))

    def after(self, areas: Mapping[int, QgsGeometry]) -> dict[int, int]:
        """Return the households of the grids by feature number if they had these polygons."""
        if self._cut:
            return {fid: self._session.counts.preview(fid, area) for fid, area in areas.items()}
        by_fid = {fid: grid_id for grid_id, fid in self._ids.items()}
        found = households_after(self._units, Claims({by_fid[f]: a for f, a in areas.items()}), self._ids)
        return {fid: found[grid_id] for grid_id, fid in self._ids.items()}


def drawn_households(session: RegionSession, area: QgsGeometry, *, cut: bool) -> int:
    """Return the households that a grid drawn as ``area`` would have."""
    if cut:
        return session.counts.evaluate(area)[0]
    units = unit_homes(session, session.register.near(area.boundingBox()))
    return households_after(units, Claims({"": area}), [""])[""]
