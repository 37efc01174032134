"""What would mend each broken rule: proposals that arithmetic on the plan's own units has verified."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridtwin.grids.planar import Flags, parts_of_labels
from gridtwin.grids.surroundings import Surroundings, shut_borders
from gridtwin.i18n import mark, tr

COLUMNS = ("grid_id", "code", "remedy", "params", "text")
MERGES = 2  # neighbouring communities named for a merger, at most

# Remedy code: its English text over the parameters.
REMEDIES: dict[str, str] = {
    "MOVE_BLOCK": mark(
        "move {units} ({households} households) from grid {giver} in {giver_community} to grid {taker} in "
        "{taker_community}: they then have {giver_load} and {taker_load}"
    ),
    "MERGE_COMMUNITY": mark(
        "merge {community} with {neighbour}: the {total} households of their joint area allow {grids} grids"
    ),
    "TRANSFER_PART": mark(
        "give the part with {households} households to grid {taker} in {taker_community}, which then has {taker_load}"
    ),
    "ADD_CROSSING": mark(
        "a crossing (bridge, underpass) between units {unit} and {other}: the {total} households it joins "
        "allow {grids} grids; add it to the streets if it exists"
    ),
    "JOIN_PIECES": mark(
        "a crossing (bridge, underpass) between units {unit} and {other} would join the part with {households} "
        "households to the rest of the grid; add it to the streets if it exists"
    ),
    "LOWER_MINIMUM": mark("lower the minimum to {bound}: {total} households then allow {grids} grids"),
    "RAISE_MAXIMUM": mark("raise the maximum to {bound}: {total} households then allow {grids} grids"),
    "LOWER_MINIMUM_AS_IS": mark("lower the minimum to {bound}: the grid then keeps it as it is"),
    "RAISE_MAXIMUM_AS_IS": mark("raise the maximum to {bound}: the grid then keeps it as it is"),
    "LOWER_MINIMUM_AND_MOVE": mark(
        "lower the minimum to {bound} and move unit {unit} ({households} households) from grid {giver} to grid "
        "{taker}: they then have {giver_load} and {taker_load}"
    ),
    "RAISE_MAXIMUM_AND_MOVE": mark(
        "raise the maximum to {bound} and move unit {unit} ({households} households) from grid {giver} to grid "
        "{taker}: they then have {giver_load} and {taker_load}"
    ),
    "OWN_GRID": mark(
        "manage building {building} ({households} households) as a grid of its own, with {parts} sub-grids by "
        "entrance of about {share} households each"
    ),
    "OWN_GRID_REST": mark(
        "manage building {building} ({households} households) as a grid of its own, with {parts} sub-grids by "
        "entrance of about {share} households each; the other {rest} households of the grid fit into its "
        "neighbours, which have room for {room}"
    ),
    "OPEN_LOCK": mark(
        "open the lock of {locks}: the {total} households of {grids_together} together allow {grids} grids"
    ),
    "REBALANCE": mark(
        "run 'gridtwin rebalance', which looks for a repair: the {total} households of the walkable area allow "
        "{grids} grids"
    ),
    "COUNT_HOUSEHOLDS": mark(
        "none of the {buildings} buildings in {community} has households ({unknown} have no number): fill column "
        "'households' of layer 'buildings'"
    ),
    "ADD_BUILDINGS": mark("no building lies in {community}: add its buildings with their households"),
}


@dataclass(frozen=True)
class Remedies:
    """Searches the remedies of a plan's violations.

    Attributes
    ----------
    around
        The plan with the bounds of its grids.
    buildings
        Layer ``buildings``, in the order of the units' ``building_unit``.
    communities
        Layer ``communities``, in the order of the units' ``community``.
    codes
        Code of each grid, (grids,).
    locked
        Grids that must not change, (grids,).
    """

    around: Surroundings
    buildings: gpd.GeoDataFrame
    communities: gpd.GeoDataFrame
    codes: Sequence[str]
    locked: Flags

    def of(self, violations: pd.DataFrame, lang: str | None = None) -> pd.DataFrame:
        """Return the remedies of all violations, those that change least first.

        Parameters
        ----------
        violations
            Columns row (of the grid) and code.
        lang
            Language of the texts; the user's by default.

        Returns
        -------
        DataFrame
            Columns grid_id, code (of the violation), remedy (code), params (of its text), text.
        """
        rows: list[tuple[str, str, str, dict[str, Any], str]] = []
        for row, code in zip(violations["row"].tolist(), violations["code"], strict=True):
            for remedy, params in self._search(int(row), str(code)):
                text = remedy_text(remedy, params, lang)
                rows.append((self.codes[row], str(code), remedy, params, text))
        found = pd.DataFrame(rows, columns=list(COLUMNS))
        return found.sort_values(["grid_id", "code"], kind="stable", ignore_index=True)

    def _search(self, grid: int, code: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the remedies of one violation."""
        load, low, high = (int(v[grid]) for v in (self.around.load, self.around.minimum, self.around.maximum))
        if code == "NO_DATA":
            yield self._missing(grid)
        elif code == "OVERSIZE_BUILDING":
            yield self._own_grid(grid)
            yield "RAISE_MAXIMUM_AS_IS", {"bound": load}
        elif code == "LOCK_CONFLICT":
            yield from self._open_locks(grid)
        elif code == "NOT_REPAIRED":
            yield from self._moves(grid, abroad=False)
            yield from self._rebalance(grid)
        elif code == "DETACHED_PART" and low <= load <= high:
            yield from self._pieces(grid)
        else:
            yield from self._moves(grid, abroad=True)
            if self._largest(grid) > high:
                yield self._own_grid(grid)
            if code.startswith("LUMPY"):
                yield self._bound_and_move(grid)
                return
            if code == "DETACHED_PART":
                yield from self._give_away(grid, load, np.flatnonzero(self.around.grid == grid))
            yield from self._crossings(grid)
            yield from self._mergers(grid)
            yield from self._bounds(grid)

    # ---- names ----

    @cached_property
    def _names(self) -> list[str]:
        ids = self.communities["community_id"]
        named = self.communities["name"].fillna(ids) if "name" in self.communities else ids
        return [str(name) for name in named]

    def _community(self, grid: int) -> str:
        return self._names[self.around.community_of(grid)]

    def _unit(self, unit: int) -> str:
        return str(self.around.units.frame["unit_id"].iloc[unit])

    def _grids(self, part_total: int, grid: int) -> str | None:
        """Return the numbers of grids within the bounds of ``grid`` that a total allows, None if there are none."""
        return numbers_of(part_total, int(self.around.minimum[grid]), int(self.around.maximum[grid]))

    def _largest(self, grid: int) -> int:
        """Return the households of the largest building in a grid."""
        return int(self.around.units.largest_building[self.around.grid == grid].max())

    def _grids_of(self, parts: list[int], grid: int) -> tuple[int, str | None]:
        """Return the total of walkable parts and the numbers of grids it allows; a too large building allows none."""
        around = self.around
        total = int(around.part_total[parts].sum())
        largest = int(around.units.largest_building[np.isin(around.part, parts)].max())
        return total, self._grids(total, grid) if largest <= around.maximum[grid] else None

    # ---- searches ----

    def _partners(self, grid: int, *, abroad: bool) -> list[int]:
        """Return the neighbours that units can be exchanged with; locks forbid it."""
        if self.locked[grid]:
            return []
        return [other for other in self.around.neighbours(grid, abroad=abroad) if not self.locked[other]]

    def _moves(self, grid: int, *, abroad: bool) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the first boundary block whose change of grid leaves both within their bounds."""
        around = self.around
        short = around.load[grid] < around.minimum[grid]
        for other in self._partners(grid, abroad=abroad):
            giver, taker = (other, grid) if short else (grid, other)
            block = around.transfer(giver, taker)
            if block is None:
                continue
            homes = int(around.households[block].sum())
            yield (
                "MOVE_BLOCK",
                {
                    "units": ", ".join(self._unit(u) for u in block.tolist()),
                    "households": homes,
                    **self._sides(giver, taker, homes),
                    "giver_community": self._community(giver),
                    "taker_community": self._community(taker),
                },
            )
            return

    def _rebalance(self, grid: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the search for a repair, where the walkable area allows one."""
        total, grids = self._grids_of([int(self.around.part[self.around.first[grid]])], grid)
        if grids is not None:
            yield "REBALANCE", {"total": total, "grids": grids}

    def _sides(self, giver: int, taker: int, homes: int) -> dict[str, Any]:
        load = self.around.load
        return {
            "giver": self.codes[giver],
            "taker": self.codes[taker],
            "giver_load": int(load[giver]) - homes,
            "taker_load": int(load[taker]) + homes,
        }

    def _mergers(self, grid: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield neighbouring communities with the same bounds whose area, joined to this one, can be divided."""
        around = self.around
        here = int(around.part[around.first[grid]])
        a, b, length = around.pairs
        pa, pb = around.part[a], around.part[b]
        part = np.r_[pb[pa == here], pa[pb == here]]
        border = np.bincount(part, weights=np.r_[length[pa == here], length[pb == here]], minlength=1)
        border[here : here + 1] = 0.0
        found = 0
        for other in np.lexsort((np.arange(len(border)), -np.round(border, 2)))[: int((border > 0).sum())].tolist():
            unit = int(np.flatnonzero(around.part == other)[0])
            host = int(around.grid[unit])
            alike = around.minimum[host] == around.minimum[grid] and around.maximum[host] == around.maximum[grid]
            total, grids = self._grids_of([here, other], grid)
            if not alike or grids is None:
                continue
            names = {"community": self._community(grid), "neighbour": self._community(host)}
            yield "MERGE_COMMUNITY", {**names, "total": total, "grids": grids}
            found += 1
            if found == MERGES:
                return

    def _crossings(self, grid: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the longest barrier within the community whose crossing makes a total that can be divided."""
        around = self.around
        here = int(around.part[around.first[grid]])
        for unit, other, _, beyond in shut_borders(around.units, around.part, [here]):
            total, grids = self._grids_of([here, beyond], grid)
            if grids is not None and around.ordinary[around.grid[other]]:
                names = {"unit": self._unit(unit), "other": self._unit(other)}
                yield "ADD_CROSSING", {**names, "total": total, "grids": grids}
                return

    def _give_away(self, grid: int, homes: int, members: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the neighbour across an open border of ``members`` that has room for all their households."""
        around = self.around
        reach = around.adjacency[members].tocoo().col
        touched = set(np.unique(around.grid[reach]).tolist())
        for abroad in (False, True):
            for other in self._partners(grid, abroad=abroad):
                after = int(around.load[other]) + homes
                if other in touched and around.minimum[other] <= after <= around.maximum[other]:
                    sides = {"taker": self.codes[other], "taker_community": self._community(other)}
                    yield "TRANSFER_PART", {"households": homes, **sides, "taker_load": after}
                    return

    def _pieces(self, grid: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield what joins the smallest piece of a torn grid to the rest, or takes it over."""
        around = self.around
        borders = around.units.borders
        piece = parts_of_labels(borders.a[borders.walkable], borders.b[borders.walkable], around.grid)
        mine = np.flatnonzero(around.grid == grid)
        homes = np.bincount(piece[mine], weights=around.households[mine])
        inhabited = np.flatnonzero(homes)
        small = int(inhabited[np.argmin(homes[inhabited])])
        amount = int(homes[small])
        for unit, other, _, beyond in shut_borders(around.units, piece, [small]):
            if beyond in inhabited:
                yield (
                    "JOIN_PIECES",
                    {"unit": self._unit(unit), "other": self._unit(other), "households": amount},
                )
                break
        if around.ordinary[grid] and around.load[grid] - amount >= around.minimum[grid]:
            yield from self._give_away(grid, amount, np.flatnonzero(piece == small))

    def _bounds(self, grid: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the nearest bounds under which the walkable area of a grid can be divided."""
        around = self.around
        low, high = int(around.minimum[grid]), int(around.maximum[grid])
        here = around.part == around.part[around.first[grid]]
        total, largest = int(around.households[here].sum()), int(around.units.largest_building[here].max())
        most, least = total // low, -(-total // high)
        if most >= 1:
            bound = max(-(-total // most), largest)
            yield "RAISE_MAXIMUM", {"bound": bound, "total": total, "grids": numbers_of(total, low, bound)}
        if total > 0 and largest <= high:
            bound = total // least
            yield "LOWER_MINIMUM", {"bound": bound, "total": total, "grids": numbers_of(total, bound, high)}

    def _bound_and_move(self, grid: int) -> tuple[str, dict[str, Any]]:
        """Return the least change of a bound that one move of a unit within the community makes enough."""
        around = self.around
        load, low, high = around.load, around.minimum, around.maximum
        short = load[grid] < low[grid]
        best = (int(load[grid]), -1, -1, -1)
        for other in self._partners(grid, abroad=False):
            giver, taker = (other, grid) if short else (grid, other)
            for unit in around.movable(giver, taker):
                after = int(load[giver] - around.households[unit]), int(load[taker] + around.households[unit])
                if after[1] > high[taker] if short else after[0] < low[giver]:
                    continue
                bound = min(after) if short else max(after)
                if (bound > best[0]) if short else (bound < best[0]):
                    best = (bound, unit, giver, taker)
        bound, unit, giver, taker = best
        if unit < 0:
            return ("LOWER_MINIMUM_AS_IS" if short else "RAISE_MAXIMUM_AS_IS"), {"bound": bound}
        homes = int(around.households[unit])
        return (
            "LOWER_MINIMUM_AND_MOVE" if short else "RAISE_MAXIMUM_AND_MOVE",
            {"bound": bound, "unit": self._unit(unit), "households": homes, **self._sides(giver, taker, homes)},
        )

    def _own_grid(self, grid: int) -> tuple[str, dict[str, Any]]:
        """Return the grid and sub-grids of the largest building, and where its neighbours in the grid can go."""
        around = self.around
        at = around.units.building_unit
        homes = self.buildings["households"].fillna(0).to_numpy(np.int64)
        inside = (at >= 0) & (around.grid[at] == grid)
        building = int(np.argmax(np.where(inside, homes, -1)))
        size, high = int(homes[building]), int(around.maximum[grid])
        parts = -(-size // high)
        name = self.buildings["name"].iloc[building] if "name" in self.buildings else None
        label = self.buildings["building_id"].iloc[building] if pd.isna(name) else name
        params = {"building": str(label), "households": size, "parts": parts, "share": round(size / parts)}
        rest = int(around.load[grid]) - size
        room = int(sum(max(around.maximum[n] - around.load[n], 0) for n in self._partners(grid, abroad=False)))
        if 0 < rest <= room:
            return "OWN_GRID_REST", {**params, "rest": rest, "room": room}
        return "OWN_GRID", params

    def _open_locks(self, grid: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the fewest locks whose opening gives a total that can be divided."""
        around = self.around
        near = around.neighbours(grid, abroad=False)
        own = [grid] if self.locked[grid] else []
        partners = [[other] for other in near if not own or not self.locked[other]] + [[n] for n in near]
        for partner in [*partners, near]:
            together = [grid, *partner]
            locks = [g for g in together if self.locked[g]]
            total = int(around.load[together].sum())
            grids = self._grids(total, grid)
            if locks and grids is not None:
                yield (
                    "OPEN_LOCK",
                    {
                        "locks": ", ".join(self.codes[g] for g in locks),
                        "grids_together": ", ".join(self.codes[g] for g in together),
                        "total": total,
                        "grids": grids,
                    },
                )
                return

    def _missing(self, grid: int) -> tuple[str, dict[str, Any]]:
        """Return which data a community without households lacks."""
        units = self.around.units
        at = units.building_unit
        inside = (at >= 0) & (units.community[at] == self.around.community_of(grid))
        if not inside.any():
            return "ADD_BUILDINGS", {"community": self._community(grid)}
        unknown = int(self.buildings["households"].isna().to_numpy(bool)[inside].sum())
        params = {"community": self._community(grid), "buildings": int(inside.sum()), "unknown": unknown}
        return "COUNT_HOUSEHOLDS", params


def numbers_of(total: int, minimum: int, maximum: int) -> str | None:
    """Return the numbers of grids that ``total`` households allow, such as "2" or "2–3"; None if there are none."""
    low, high = -(-total // maximum), total // minimum
    if total <= 0 or low > high:
        return None
    return f"{low}" if low == high else f"{low}–{high}"


def remedy_text(remedy: str, params: dict[str, Any], lang: str | None = None) -> str:
    """Return a remedy in words, in the user's language by default."""
    return tr(REMEDIES[remedy], lang).format(**params)
