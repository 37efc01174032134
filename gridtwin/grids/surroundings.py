"""What lies around a grid: who touches whom, and which units could change sides without breaking anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridtwin.grids.borders import BARRIER, LEAST_BORDER_M
from gridtwin.grids.links import links_of
from gridtwin.grids.planar import OUTSIDE, Flags, Floats, Indices, pair_lengths
from gridtwin.grids.units import Units
from gridtwin.grids.zones import NO_MAXIMUM, Zones


@dataclass(frozen=True)
class Surroundings:
    """A plan with the bounds of its grids, and the open borders between its units.

    Attributes
    ----------
    units
        Units of the plan.
    grid, part
        Grid of each unit, and the walkable part of its community that it lies in, (units,).
    zones
        Bounds of each unit; special-purpose grids have none.
    """

    units: Units
    grid: Indices
    part: Indices
    zones: Zones

    @cached_property
    def bounds(self) -> tuple[Indices, Indices]:
        """Least and most households of each grid, (grids,) each."""
        return self.zones.bounds(self.grid)

    @property
    def minimum(self) -> Indices:
        """Least households of each grid, (grids,)."""
        return self.bounds[0]

    @property
    def maximum(self) -> Indices:
        """Most households of each grid, (grids,)."""
        return self.bounds[1]

    @cached_property
    def households(self) -> Indices:
        """Households of each unit, (units,)."""
        return np.asarray(self.units.frame["households"].to_numpy(np.int64))

    @cached_property
    def load(self) -> Indices:
        """Households of each grid, (grids,)."""
        return np.asarray(np.bincount(self.grid, weights=self.households, minlength=len(self.minimum)), np.int64)

    @cached_property
    def part_total(self) -> Indices:
        """Households of each walkable part, (parts,)."""
        return np.asarray(np.bincount(self.part, weights=self.households), np.int64)

    @cached_property
    def first(self) -> Indices:
        """A unit of each grid, (grids,)."""
        return np.asarray(np.unique(self.grid, return_index=True)[1])

    @cached_property
    def ordinary(self) -> Flags:
        """Grids that have bounds of households, (grids,)."""
        return np.asarray(self.maximum < NO_MAXIMUM)

    @cached_property
    def pairs(self) -> tuple[Indices, Indices, Floats]:
        """Units that people can walk between, each pair once, with the length of their border in metres.

        Between communities a border counts where neither a barrier nor a wall runs along it.
        """
        links = links_of(self.units, self.zones)
        s = self.units.segments
        across = (s.b != OUTSIDE) & (self.units.segment_kind != BARRIER)
        across[across] = self.units.community[s.a[across]] != self.units.community[s.b[across]]
        a, b, length = pair_lengths(s.a[across], s.b[across], s.length_m[across])
        real = length > LEAST_BORDER_M
        return np.r_[links.a, a[real]], np.r_[links.b, b[real]], np.r_[links.border_m, length[real]]

    @cached_property
    def adjacency(self) -> Any:
        """The open pairs as a symmetric sparse matrix of lengths in metres, (units, units).

        A millimetre is added to each, so that land joined without a common border stays joined.
        """
        a, b, length = self.pairs
        n = len(self.grid)
        return coo_array((np.r_[length, length] + 1e-3, (np.r_[a, b], np.r_[b, a])), shape=(n, n)).tocsr()

    def community_of(self, grid: int) -> int:
        """Return the row of the community of a grid."""
        return int(self.units.community[self.first[grid]])

    def neighbours(self, grid: int, *, abroad: bool) -> list[int]:
        """Return the ordinary grids across an open border, the longest border first.

        Parameters
        ----------
        grid
            The grid.
        abroad
            Those of other communities, else those of its own.
        """
        a, b, length = self.pairs
        ga, gb = self.grid[a], self.grid[b]
        other = np.r_[gb[ga == grid], ga[gb == grid]]
        border = np.r_[length[ga == grid], length[gb == grid]]
        wanted = (other != grid) & self.ordinary[other]
        away = self.units.community[self.first[other]] != self.community_of(grid)
        total = np.bincount(other[wanted & (away == abroad)], weights=border[wanted & (away == abroad)])
        found = np.flatnonzero(total)
        return [int(g) for g in found[np.lexsort((found, -np.round(total[found], 2)))]]

    def in_one_piece(self, members: Indices) -> bool:
        """Return whether people can walk between all ``members``; without any, they are not."""
        if not len(members):
            return False
        inner = self.adjacency[members][:, members]
        return int(connected_components(inner, directed=False)[0]) == 1

    def movable(self, giver: int, taker: int) -> Iterator[int]:
        """Yield the inhabited units of ``giver`` that touch ``taker`` and may leave without tearing it."""
        mine, theirs = np.flatnonzero(self.grid == giver), np.flatnonzero(self.grid == taker)
        touching = mine[np.asarray(self.adjacency[mine][:, theirs].sum(axis=1)).ravel() > 0]
        for unit in touching[self.households[touching] > 0]:
            if self.in_one_piece(mine[mine != unit]):
                yield int(unit)

    def transfer(self, giver: int, taker: int) -> Indices | None:
        """Return units whose change of sides leaves both grids within their bounds and in one piece.

        The fewest units that are found by growing from each unit on the common border, along the longest
        borders; None if there are none.
        """
        low = max(self.minimum[taker] - self.load[taker], self.load[giver] - self.maximum[giver], 1)
        high = min(self.maximum[taker] - self.load[taker], self.load[giver] - self.minimum[giver])
        if low > high:
            return None
        mine, theirs = np.flatnonzero(self.grid == giver), np.flatnonzero(self.grid == taker)
        inner = self.adjacency[mine][:, mine].toarray()
        border = np.asarray(self.adjacency[mine][:, theirs].sum(axis=1)).ravel()
        homes = self.households[mine]
        best: tuple[int, float, Indices] | None = None
        for start in np.flatnonzero(border > 0):
            chosen = _grown(int(start), inner, border, homes, int(low), int(high))
            if chosen is None or not self.in_one_piece(np.delete(mine, chosen)):
                continue
            score = (len(chosen), -round(float(border[chosen].sum()), 2), mine[chosen])
            if best is None or score[:2] < best[:2]:
                best = score
        return None if best is None else best[2]


def _grown(start: int, inner: Floats, border: Floats, homes: Indices, low: int, high: int) -> Indices | None:
    """Grow a set of units from ``start`` until it has ``low`` to ``high`` households."""
    chosen = [start]
    total = int(homes[start])
    while total < low:
        pull = inner[chosen].sum(axis=0)
        fits = (pull > 0) & (total + homes <= high)
        fits[chosen] = False
        if not fits.any():
            return None
        nearest = int(np.argmax(np.where(fits, pull + border, -1.0)))
        chosen.append(nearest)
        total += int(homes[nearest])
    return np.array(sorted(chosen)) if total <= high else None


def shut_borders(units: Units, of: Indices, mine: Iterable[int]) -> list[tuple[int, int, int, int]]:
    """Return the borders that nobody can cross between the labels ``mine`` and all others, longest first.

    Parameters
    ----------
    units
        The units with their borders.
    of
        Label of each unit, (units,).
    mine
        Labels on this side.

    Returns
    -------
    list of tuple
        Unit on this side, unit on the other, label of this, label of the other; one for each pair of labels.
    """
    borders = units.borders
    a, b = np.r_[borders.a, borders.b], np.r_[borders.b, borders.a]
    shut = np.r_[~borders.walkable, ~borders.walkable] & np.isin(of[a], list(mine)) & (of[a] != of[b])
    a, b, length = a[shut], b[shut], np.round(np.r_[borders.length_m, borders.length_m][shut], 2)
    order = np.lexsort((b, a, -length))
    found: dict[tuple[int, int], tuple[int, int, int, int]] = {}
    for u, v in zip(a[order].tolist(), b[order].tolist(), strict=True):
        found.setdefault((int(of[u]), int(of[v])), (u, v, int(of[u]), int(of[v])))
    return list(found.values())
