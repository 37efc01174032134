# SPDX-License-Identifier: GPL-3.0-or-later
"""What must follow from an edit, whichever tool made it: polygons from units, and ``grid_id`` from polygons.

Units that were put into another grid lead: the polygons of the grids concerned become the union of their units.
Polygons that were drawn lead: units and buildings get the ``grid_id`` of the grid that they lie in. A unit that a
drawn boundary cuts belongs to the grid with most of its households, and each grid keeps its piece until the unit is
put into a grid again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from qgis.core import NULL, QgsGeometry
from qgis_plugin_tools.tools.i18n import tr

from .cover import LEAST_M2
from .errors import EditRefusedError
from .geometry import shared, union
from .schema import column, text_of

if TYPE_CHECKING:
    from .session import RegionSession

SLIVER_M = 0.005  # a piece of a unit thinner than this along all its outline is rounding, no cut

Moved = tuple[tuple[str, str, str], ...]
Shares = dict[str, float]


class Follower:
    """Makes consistent what a command has left.

    Parameters
    ----------
    session
        The region that is edited.
    """

    def __init__(self, session: RegionSession) -> None:
        self._session = session
        self._added: set[int] = set()
        self._drawn: set[int] = set()
        self._gone: set[str] = set()
        self._wishes: dict[int, str] = {}
        self._placed: set[int] = set()
        self._cut: dict[int, Shares] = self._cut_at_first()
        self._cut_after: dict[int, dict[int, Shares]] = {0: dict(self._cut)}
        self._working = False
        grids, buildings = session.grids, session.buildings
        self._signals: list[tuple[Any, Callable[..., None]]] = [
            (grids.geometryChanged, self._on_drawn),
            (grids.featureAdded, self._on_added),
            (grids.featureDeleted, self._on_gone),
            (buildings.attributeValueChanged, self._on_building_value),
            (buildings.geometryChanged, self._on_building_placed),
            (buildings.featureAdded, self._on_building_placed),
        ]
        for signal, slot in self._signals:
            signal.connect(slot)

    def close(self) -> None:
        """Stop following the layers."""
        for signal, slot in self._signals:
            signal.disconnect(slot)
        self._signals = []

    def cut_units(self) -> dict[str, Shares]:
        """Return the units that a boundary cuts, with the square metres in each grid."""
        register = self._session.register
        return {register[fid].unit_id: dict(shares) for fid, shares in self._cut.items() if fid in register}

    def remember(self, step: int) -> None:
        """Keep what is known after a step, for when it is undone or done again."""
        self._cut_after = {place: cut for place, cut in self._cut_after.items() if place < step}
        self._cut_after[step] = dict(self._cut)

    def recall(self, step: int) -> None:
        """Return to what was known after a step."""
        self._cut = dict(self._cut_after[step])
        self.forget()

    def forget(self) -> None:
        """Take the layers as they are: after undo, redo and saving."""
        counts = self._session.counts
        counts.refresh()
        counts.ledger.rehomed.clear()
        self._session.register.clear_changes()
        self._added, self._drawn, self._gone, self._wishes, self._placed = set(), set(), set(), {}, set()

    def follow(self) -> tuple[Moved, int]:
        """Change what must follow, and return the units moved (key, from, to) and the households moved."""
        self._working = True
        try:
            return self._follow()
        finally:
            self._working = False
            self.forget()

    def _cut_at_first(self) -> dict[int, Shares]:
        """Return the units that saved boundaries cut: only grids are searched that are no union of their units."""
        session, units_m2 = self._session, self._session.register.first_m2
        states = (session.counts.grid(fid) for fid in session.counts)
        odd = [grid for grid in states if abs(grid.area_m2 - units_m2[grid.grid_id]) > LEAST_M2]
        near: dict[int, QgsGeometry] = {}
        for grid in odd:
            near.update(session.register.near(session.counts.outline(grid.fid).boundingBox()))
        shapes = _PreparedGrids(session)
        shares = {fid: shapes.shares(outline) for fid, outline in near.items()}
        return {fid: found for fid, found in shares.items() if len(found) > 1}

    # -- what somebody has changed ------------------------------------------------------------------------------

    def _on_drawn(self, fid: int, *_geometry: QgsGeometry) -> None:
        if not self._working:
            self._drawn.add(fid)

    def _on_added(self, fid: int) -> None:
        if not self._working:
            self._added.add(fid)
            self._drawn.add(fid)

    def _on_gone(self, fid: int) -> None:
        self._drawn.discard(fid)
        if not self._working and fid not in self._added:
            self._gone.add(self._session.counts.gone_id(fid))
        self._added.discard(fid)

    def _on_building_value(self, fid: int, number: int, value: object) -> None:
        if not self._working and self._session.buildings.fields().at(number).name() == "grid_id":
            self._wishes[fid] = text_of(value)

    def _on_building_placed(self, fid: int, *_geometry: QgsGeometry) -> None:
        self._placed.add(fid)

    # -- what follows -------------------------------------------------------------------------------------------

    def _follow(self) -> tuple[Moved, int]:
        counts, register = self._session.counts, self._session.register
        counts.refresh()
        self._name_drawn_grids()
        self._hear_wishes()
        self._check_moves()
        led = set(register.moved)
        origin = dict(register.moved)
        self._dissolve(self._grids_led_by_units())
        counts.refresh()
        self._assign_units(led)
        for fid, old in register.moved.items():
            origin.setdefault(fid, old)
        self._assign_buildings_units()
        households = self._assign_buildings()
        moved = tuple(
            (register[fid].unit_id, old, register[fid].grid_id)
            for fid, old in origin.items()
            if fid in register and register[fid].grid_id != old
        )
        return moved, households

    def _name_drawn_grids(self) -> None:
        """Give grids that were pasted, split off or drawn by any tool a code and a community of their own."""
        session, counts = self._session, self._session.counts
        for fid in sorted(self._added):
            state = counts.grid(fid)
            if state.grid_id and not (counts.has_copy(state.grid_id) and counts.fid_of(state.grid_id) != fid):
                continue
            community = state.community_id or self._community_at(fid)
            code = session.next_code(community)
            values = {"grid_id": code, "code": code, "community_id": community, "locked": False}
            for name, value in values.items():
                session.grids.changeAttributeValue(fid, column(session.grids, name), value)

    def _community_at(self, fid: int) -> str:
        """Return the community that most units under a grid belong to."""
        outline, register = self._session.counts.outline(fid), self._session.register
        areas: dict[str, float] = {}
        for unit, shape in register.near(outline.boundingBox()).items():
            key = register[unit].community_id
            areas[key] = areas.get(key, 0.0) + shared(shape, outline).area()
        return max(areas, key=lambda key: (areas[key], key), default="")

    def _hear_wishes(self) -> None:
        """Move units of which all buildings were given one grid by hand; put the other buildings back."""
        rows, register = self._session.counts.ledger.index.rows, self._session.register
        number = column(self._session.units, "grid_id")
        wishes, self._wishes = self._wishes, {}
        kept = []
        for unit_id in sorted({rows[fid].unit_id for fid in wishes if fid in rows}):
            unit, wanted = register.of_key(unit_id), {rows[b].grid_id for b in self._of_unit(unit_id)}
            if unit is not None and len(wanted) == 1:
                self._session.units.changeAttributeValue(unit.fid, number, wanted.pop() or NULL)
            else:
                kept.append(unit_id)
        self._session.counts.ledger.rehomed.update(wishes)
        if kept:
            units = ", ".join(kept[:5])
            text = tr("Units are whole: buildings stay in the grid of their unit ({units})", units=units)
            self._session.noticed.emit(text)

    def _of_unit(self, unit_id: str) -> set[int]:
        return self._session.counts.ledger.index.of_unit.get(unit_id, set())

    def _check_moves(self) -> None:
        """Put units back whose move a lock, another community or an unknown grid forbids."""
        session, register = self._session, self._session.register
        number = column(session.units, "grid_id")
        for fid, old in list(register.moved.items()):
            unit = register[fid]
            try:
                session.check_move(unit, old, unit.grid_id)
            except EditRefusedError as error:
                session.units.changeAttributeValue(fid, number, old or NULL)
                session.noticed.emit(str(error))
            if register[fid].grid_id == old:
                del register.moved[fid]

    def _grids_led_by_units(self) -> set[str]:
        """Return the grids whose polygon follows from units that were moved, reshaped or removed."""
        register, counts = self._session.register, self._session.counts
        led = set(register.dropped)
        for fid, old in register.moved.items():
            led |= {old, register[fid].grid_id} | self._cut.pop(fid, {}).keys()
        led |= {register[fid].grid_id for fid in register.reshaped}
        drawn = {counts.grid(fid).grid_id for fid in self._drawn if not counts.outline(fid).isEmpty()}
        return led - drawn - self._gone - {""}

    def _dissolve(self, grid_ids: Iterable[str]) -> None:
        """Make each grid the union of its units and of its pieces of units that are cut."""
        session, counts, register = self._session, self._session.counts, self._session.register
        for grid_id in sorted(grid_ids):
            fid = counts.fid_of(grid_id)
            if fid is None:
                continue
            whole = register.outlines(register.of_grid(grid_id) - self._cut.keys())
            pieces = register.outlines(unit for unit, shares in self._cut.items() if grid_id in shares)
            before = counts.outline(fid)
            outlines = [*whole.values(), *(shared(before, piece) for piece in pieces.values())]
            if outlines:
                session.grids.changeGeometry(fid, union(outlines))
            else:
                session.grids.deleteFeature(fid)

    def _assign_units(self, led: set[int]) -> None:
        """Give the units under drawn and removed grids the grid that they lie in."""
        session, counts, register = self._session, self._session.counts, self._session.register
        near: dict[int, QgsGeometry] = {}
        lost = {fid for grid_id in self._gone for fid in register.of_grid(grid_id)}
        for fid in sorted(fid for fid in self._drawn if fid in counts):
            near.update(register.near(counts.outline(fid).boundingBox()))
            lost |= register.of_grid(counts.grid(fid).grid_id)
        near.update(register.outlines(lost - near.keys()))
        number = column(session.units, "grid_id")
        shapes = _PreparedGrids(session)
        for fid, outline in sorted(near.items()):
            if fid in led:
                continue
            shares = shapes.shares(outline)
            home = self._main_grid(fid, shares)
            if len(shares) > 1:
                self._cut[fid] = shares
            else:
                self._cut.pop(fid, None)
            if home != register[fid].grid_id:
                session.units.changeAttributeValue(fid, number, home or NULL)

    def _main_grid(self, fid: int, shares: Shares) -> str:
        """Return the grid with most households of a unit, with most of its area where that does not decide."""
        if len(shares) < 2:
            return next(iter(shares), "")
        counts, unit = self._session.counts, self._session.register[fid]
        households = dict.fromkeys(shares, 0)
        for building in self._of_unit(unit.unit_id):
            for grid in counts.ledger.homes(building):
                key = counts.grid(grid).grid_id
                households[key] = households.get(key, 0) + counts.ledger.index.rows[building].households
        return max(shares, key=lambda key: (households[key], shares[key], key))

    def _assign_buildings_units(self) -> None:
        """Give new and moved buildings the unit that they stand in."""
        session, placed = self._session, self._placed
        number = column(session.buildings, "unit_id")
        rows = session.counts.ledger.index.rows
        for fid in sorted(placed & rows.keys()):
            middle = QgsGeometry.fromPointXY(session.counts.ledger.index.point(fid))
            near = session.register.near(middle.boundingBox())
            home = next((unit for unit, outline in sorted(near.items()) if outline.contains(middle)), None)
            unit_id = "" if home is None else session.register[home].unit_id
            if unit_id != rows[fid].unit_id:
                session.buildings.changeAttributeValue(fid, number, unit_id or NULL)

    def _assign_buildings(self) -> int:
        """Give buildings the grid that they lie in, and return the households that moved."""
        session, counts = self._session, self._session.counts
        counts.refresh()
        number, households = column(session.buildings, "grid_id"), 0
        for fid in sorted(counts.ledger.rehomed):
            row = counts.ledger.index.rows.get(fid)
            if row is None:
                continue
            homes = [counts.grid(grid).grid_id for grid in counts.ledger.homes(fid)]
            if row.grid_id not in (homes or [""]):
                households += row.households
                session.buildings.changeAttributeValue(fid, number, min(homes, default="") or NULL)
        return households


class _PreparedGrids:
    """Polygons of grids, made ready for many questions."""

    def __init__(self, session: RegionSession) -> None:
        self._counts = session.counts
        self._engines: dict[int, Any] = {}

    def shares(self, unit: QgsGeometry) -> Shares:
        """Return the square metres of a unit in each grid; slivers do not count."""
        shares: Shares = {}
        least = SLIVER_M * unit.length()
        for fid in self._counts.ledger.grids_near(unit.boundingBox()):
            engine, grid_id = self._engine(fid), self._counts.grid(fid).grid_id
            if engine.contains(unit.constGet()):
                shares[grid_id] = unit.area()
            elif engine.intersects(unit.constGet()):
                area = shared(self._counts.outline(fid), unit).area()
                if area > least:
                    shares[grid_id] = area
        return shares

    def _engine(self, fid: int) -> Any:
        if fid not in self._engines:
            outline = self._counts.outline(fid)
            engine = QgsGeometry.createGeometryEngine(outline.constGet())
            engine.prepareGeometry()
            self._engines[fid] = engine
        return self._engines[fid]
