"""Rebalance a plan with least change: restore the bounds while as few households as possible change grids.

The annealing of the division starts from the plan as it is, with a price on every household that leaves its
grid, and only grids near a broken one may change; where that is not enough the fullest grid is split or the
emptiest merged. Locked grids never change.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from gridtwin.grids import kernel
from gridtwin.grids.kernel import UnitGraph
from gridtwin.grids.links import beside, unit_graph
from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import Flags, Indices, Segments, absorb, parts_of_labels, sum_by
from gridtwin.grids.present import Present
from gridtwin.grids.solve import BIAS, COLD, CUTS_PER_GRID, FLIPS_PER_CUT, halve

STAY = 4.0  # price of 100 households that leave their grid, in units of the objective
WARM = 0.6
REACHES = (1, 2, 10_000)  # how many grids away from a broken one may change, tried one after the other


def rebalance_units(plan: Present, *, stay: float = STAY, start: Indices | None = None) -> tuple[Indices, Indices]:
    """Restore the bounds of a plan with least change.

    Parameters
    ----------
    plan
        The plan as it is, with the bounds, weights and seed of its zones.
    stay
        Price of 100 households that leave their grid, in units of the objective; a higher price moves fewer
        households and leaves more grids outside the bounds.
    start
        Labels to begin with, by default those of the plan, (units,).

    Returns
    -------
    grid, part
        New grid of each unit (numbers beyond ``plan.codes`` are new grids; the others keep theirs), and the
        walkable part of its community that each unit lies in, (units,).
    """
    part = plan.part
    grid = join_torn(plan, plan.grid if start is None else start)
    for p in np.unique(part[_broken(plan, grid)[grid]]):
        mine = np.flatnonzero(part == p)
        grid = rebalance_part(plan, mine, grid, stay)
    return grid, part


def coarse_units(plan: Present, grid: Indices) -> Flags:
    """Return the units in and around broken grids that could still be divided between their buildings."""
    broken = _broken(plan, grid)
    near = beside(broken, grid, plan.links)
    locked = np.zeros(len(near), bool)
    locked[: len(plan.locked)] = plan.locked[: len(near)]
    return np.asarray((near & ~locked)[grid] & (plan.units.occupied > 1))


def _broken(plan: Present, grid: Indices) -> Flags:
    """Return which grids are outside the bounds; numbers without units are not."""
    return np.asarray(plan.zones.outside(grid, plan.units.frame["households"]) > 0)


def join_torn(plan: Present, base: Indices) -> Indices:
    """Give torn-off pieces of a grid (after edits, or a new barrier) to the neighbour with the longest border.

    Locked grids neither give nor take; pinned units and special-purpose grids stay.
    """
    units, part, special = plan.units, plan.part, plan.zones.special
    lock = np.zeros(max(int(base.max()) + 1, len(plan.locked)), bool)
    lock[: len(plan.locked)] = plan.locked
    open_ = units.borders.walkable & (special[units.borders.a] == special[units.borders.b])
    open_ &= lock[base[units.borders.a]] == lock[base[units.borders.b]]
    a, b = units.borders.a[open_], units.borders.b[open_]
    piece = parts_of_labels(a, b, base)
    first = np.unique(piece, return_index=True)[1]
    load = sum_by(piece, units.frame["households"].to_numpy(np.float64) + 1e-3, len(first))
    order = np.lexsort((-load, base[first]))
    main = np.zeros(len(first), bool)
    main[order[np.r_[True, base[first][order][1:] != base[first][order][:-1]]]] = True
    main[piece[plan.pinned | (special >= 0)]] = True
    main |= lock[base[first]]
    if main.all():
        return base
    nothing = np.zeros((len(a), 2))
    borders = Segments(piece[a], piece[b], units.borders.length_m[open_], nothing, nothing)
    merged = absorb(borders, ~main, part[first], repelled=np.zeros(len(a), bool), area_m2=load)
    anchor = np.full(int(merged.max()) + 1, -1)
    anchor[merged[main]] = base[first][main]
    label = np.where(anchor[merged] >= 0, anchor[merged], base[first])
    return np.asarray(label[piece])


def rebalance_part(
    plan: Present,
    mine: Indices,
    grid: Indices,
    stay: float,
    *,
    reaches: tuple[int, ...] = REACHES,
) -> Indices:
    """Restore the bounds in one walkable part, or in some grids of one.

    Parameters
    ----------
    plan
        The plan as it is.
    mine
        The units that may change, whole grids of ``grid`` within one walkable part.
    grid
        Labels to begin with, (units,).
    stay
        Price of 100 households that leave their grid of ``plan``.
    reaches
        How many grids away from a broken one may change, tried one after the other.

    Returns
    -------
    ndarray of int
        Labels of all units; numbers beyond ``plan.codes`` are new grids.
    """
    units, links, base, lock = plan.units, plan.links, plan.grid, plan.locked
    params = plan.zones.of(mine[0])
    names, local = np.unique(grid[mine], return_inverse=True)
    inside = np.zeros(len(grid), bool)
    inside[mine] = True
    rows = np.flatnonzero(inside[links.a] & inside[links.b])
    graph = unit_graph(units, links, mine, rows)
    old = np.searchsorted(names, base[mine])
    known = (old < len(names)) & (names[np.minimum(old, len(names) - 1)] == base[mine])
    seed = zlib.crc32(f"{params.seed}/{units.frame['community_id'].iloc[mine[0]]}/{len(mine)}".encode())
    search = _Search(graph, np.where(known, old, -1).astype(np.int32), plan.pinned[mine], params, stay, seed, reaches)
    closed = np.zeros(len(names), bool)
    closed[names < len(lock)] = lock[names[names < len(lock)]]
    best = search.run(local.astype(np.int32), len(names), closed)
    fresh = max(int(grid.max()) + 1, len(plan.codes))
    labels = np.r_[names, np.arange(fresh, fresh + max(int(best.max()) + 1 - len(names), 0))][best]
    result = grid.copy()
    result[mine] = labels
    return result


@dataclass
class _Search:
    """Attempts at one part, from the smallest change to larger ones; the first without broken grids wins."""

    graph: UnitGraph
    old: kernel.Ints
    pinned: Flags
    params: DivideParams
    stay: float
    seed: int
    reaches: tuple[int, ...]

    def score(self, labels: kernel.Ints) -> tuple[int, float]:
        """Return broken grids, and households that moved."""
        load = np.bincount(labels, weights=self.graph.households)
        there = np.bincount(labels, minlength=len(load)) > 0
        broken = there & ((load < self.params.minimum) | (load > self.params.maximum))
        return int(broken.sum()), float(self.graph.households[labels != self.old].sum())

    def run(self, labels: kernel.Ints, count: int, closed: Flags) -> kernel.Ints:
        """Return the best labels found."""
        best = labels
        for start, k, shut in self.starts(labels, count, closed):
            for reach in self.reaches:
                found = self.anneal(start, k, shut, reach)
                if self.score(found) < self.score(best):
                    best = found
                if self.score(best)[0] == 0:
                    return best
        return best

    def starts(self, labels: kernel.Ints, count: int, closed: Flags) -> list[tuple[kernel.Ints, int, Flags]]:
        """Return the plan itself, then with its fullest grid split, then with its emptiest merged."""
        load = np.bincount(labels, weights=self.graph.households, minlength=count)
        made = [(labels, count, closed)]
        fullest = int(np.argmax(np.where(closed, -1.0, load)))
        if load[fullest] > self.params.maximum and not closed[fullest]:
            made.append((self.split(labels, fullest, count), count + 1, np.r_[closed, False]))
        emptiest = int(np.argmin(np.where(closed, np.inf, load)))
        near = self.neighbours(labels, emptiest)
        near = near[~closed[near]]
        rooted = self.pinned[labels == emptiest].any()
        if load[emptiest] < self.params.minimum and not closed[emptiest] and not rooted and len(near):
            merged = labels.copy()
            merged[labels == emptiest] = near[np.argmin(load[near])]
            made.append((merged, count, closed))
        return made

    def neighbours(self, labels: kernel.Ints, grid: int) -> Indices:
        """Return the grids that touch ``grid``."""
        tail = np.repeat(np.arange(len(labels)), np.diff(self.graph.indptr))
        return np.setdiff1d(labels[self.graph.head[labels[tail] == grid]], [grid])

    def split(self, labels: kernel.Ints, grid: int, fresh: int) -> kernel.Ints:
        """Return the labels with ``grid`` cut in two; the larger side, or that of the pinned units, keeps it."""
        nodes = np.flatnonzero(labels == grid).astype(np.int32)
        result = labels.copy()
        result[nodes[halve(self.graph, nodes, self.params, pinned=self.pinned, seed=self.seed)]] = fresh
        return result

    def anneal(self, labels: kernel.Ints, count: int, closed: Flags, reach: int) -> kernel.Ints:
        """Improve the labels; only grids within ``reach`` of a broken one may change."""
        load = np.bincount(labels, weights=self.graph.households, minlength=count)
        there = np.bincount(labels, minlength=count) > 0
        open_ = there & ((load < self.params.minimum) | (load > self.params.maximum))
        tail = np.repeat(np.arange(len(labels)), np.diff(self.graph.indptr))
        a, b = labels[tail], labels[self.graph.head]
        for _ in range(min(reach, count)):
            grown = open_.copy()
            grown[b[open_[a]]] = True
            if (grown == open_).all():
                break
            open_ = grown
        goal = self.params.objective()._replace(stay=self.stay)
        state = np.array([self.seed + reach], np.uint64)
        cuts = int(CUTS_PER_GRID * count * self.params.search.effort)
        _, better = kernel.anneal(
            self.graph,
            goal,
            labels,
            count,
            cuts,
            FLIPS_PER_CUT,
            WARM,
            COLD,
            BIAS,
            self.old,
            ~open_ | closed,
            self.pinned,
            state,
        )
        return better
