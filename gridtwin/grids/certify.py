"""The last mile: mend grids outside the bounds exactly, or prove that their neighbourhood cannot do better.

A window is a grid outside the bounds with its neighbours (then with theirs). Whether its units can be divided
into contiguous grids within the bounds is decided by CP-SAT; contiguity is added as cuts when a solution
breaks it. All limits are deterministic, so a plan does not depend on the speed of the machine.

Notes
-----
Separator cuts: Oehrlein and Haunert, "A cutting-plane method for contiguity-constrained spatial aggregation",
Journal of Spatial Information Science 15 (2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from ortools.sat.python import cp_model
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridtwin.grids import kernel
from gridtwin.grids.links import REACH, Links, beside, in_conflict, links_of, unit_graph
from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import Flags, Indices, parts_of_labels
from gridtwin.grids.solve import BIAS, COLD, CUTS_PER_GRID, FLIPS_PER_CUT
from gridtwin.grids.units import Units
from gridtwin.grids.zones import Zones

LARGEST_WINDOW = 150  # units; larger windows have so much room that the annealing has not failed there
ROUNDS = 100  # solves of one window, each adding contiguity cuts
WORK = 8.0  # CP-SAT's deterministic time for one number of grids in one window
WORK_IN_ALL = 200.0  # for all windows; what is left then stays undecided
WARM = 0.3  # temperature at which a mended window is made compact again


@dataclass
class Budget:
    """CP-SAT's deterministic time that is left for all windows."""

    left: float = WORK_IN_ALL


class Verdict(Enum):
    """What is known of a window."""

    POSSIBLE = 1
    IMPOSSIBLE = 2
    UNDECIDED = 3


@dataclass(frozen=True)
class Certified:
    """Labels after mending, and what is known of the grids that are still outside the bounds.

    Attributes
    ----------
    grid
        Grid of each unit, (units,).
    proved
        Grids that miss the bounds in any division of their window.
    in_conflict
        Grids that are locked, or near a locked one and without remedy (:func:`gridtwin.grids.links.in_conflict`).
    """

    grid: Indices
    proved: frozenset[int]
    in_conflict: frozenset[int] = frozenset()


def certify(units: Units, grid: Indices, part: Indices, zones: Zones, *, locked: Flags | None = None) -> Certified:
    """Mend or prove every grid outside the bounds that no total and no single building explains.

    Parameters
    ----------
    units
        Units with their borders.
    grid
        Grid of each unit, (units,).
    part
        Walkable part of its community that each unit lies in, (units,).
    zones
        Bounds of each unit, and its special-purpose grid.
    locked
        Grids that must not change, (grids,).

    Returns
    -------
    Certified
        New labels; grids within the bounds stay within.
    """
    links = links_of(units, zones)
    households = units.frame["households"].to_numpy(np.int64)
    total = np.bincount(part, weights=households)[part]
    hopeless = hopeless_totals(total.astype(np.int64), zones)
    budget = Budget()
    proved: set[int] = set()
    tried: set[int] = set()
    while True:
        count = int(grid.max()) + 1
        outside = zones.outside(grid, households) > 0
        shut = np.zeros(count, bool)
        if locked is not None:
            shut[: len(locked)] = locked[:count]  # mending may have used up the last numbers
        fixed = oversize(units, grid, zones) | shut
        open_ = sorted(set(np.unique(grid[(outside & ~fixed)[grid] & ~hopeless]).tolist()) - tried)
        if not open_:
            conflict = set(np.flatnonzero(in_conflict(outside, shut, grid, links)).tolist())
            return Certified(grid, frozenset(proved - conflict), frozenset(conflict))
        worst = open_[0]
        verdict, solution = _mend(worst, units, links, grid, fixed, zones, budget)
        if solution is not None:
            grid = solution
        else:
            tried.add(worst)
            if verdict is Verdict.IMPOSSIBLE or _at_bottleneck(worst, links, grid, part, households, zones):
                proved.add(worst)


def hopeless_totals(total: Indices, zones: Zones) -> Flags:
    """Return the units whose walkable part has a total that no number of grids fits."""
    minimum, maximum = zones.bounds_of_units()
    return np.asarray(-(-total // maximum) > total // np.maximum(minimum, 1))


def oversize(units: Units, grid: Indices, zones: Zones) -> Flags:
    """Return the grids that hold a building too large for any grid: nothing can mend them."""
    largest = np.zeros(int(grid.max()) + 1, np.int64)
    np.maximum.at(largest, grid, units.largest_building)
    return np.asarray(largest > zones.bounds(grid)[1])


def _mend(
    worst: int, units: Units, links: Links, grid: Indices, fixed: Flags, zones: Zones, budget: Budget
) -> tuple[Verdict, Indices | None]:
    """Try growing windows around a grid; return new labels of all units, or what is known."""
    verdict = Verdict.UNDECIDED
    window = np.arange(len(fixed)) == worst
    for _ in range(REACH):
        window |= beside(window, grid[links.a], grid[links.b]) & ~fixed
        mine = np.flatnonzero(window[grid])
        if len(mine) > LARGEST_WINDOW:
            return Verdict.UNDECIDED, None
        verdict, labels = _divide_window(units, links, mine, int(window.sum()), zones.of(mine[0]), budget)
        if labels is not None:
            fresh = len(fixed) + np.arange(int(labels.max()) + 1)
            mended = grid.copy()
            mended[mine] = np.r_[np.flatnonzero(window), fresh][labels]
            return Verdict.POSSIBLE, mended
    return verdict, None


def _at_bottleneck(worst: int, links: Links, grid: Indices, part: Indices, households: Indices, zones: Zones) -> bool:
    """Return whether a grid lies at a unit that must share a grid with what it cuts off, and cannot.

    What a unit cuts off from the rest, and has too few households for a grid, must be in the grid of that unit; if
    together they have too many, then no division of the walkable part keeps the bounds there.
    """
    mine = np.flatnonzero(part == part[np.argmax(grid == worst)])
    position = np.full(len(part), -1)
    position[mine] = np.arange(len(mine))
    inside = (position[links.a] >= 0) & (position[links.b] >= 0)
    a, b = position[links.a[inside]], position[links.b[inside]]
    load, own, bounds = households[mine], grid[mine] == worst, zones.of(mine[0])
    near = np.unique(np.r_[np.flatnonzero(own), a[own[b]], b[own[a]]])
    one = np.zeros(len(mine), np.int64)
    for unit in near:
        rest = (a != unit) & (b != unit)
        piece = parts_of_labels(a[rest], b[rest], one)
        cut_off = (np.bincount(piece, weights=load) < bounds.minimum)[piece]
        cut_off[unit] = True
        if load[cut_off].sum() > bounds.maximum and (own & cut_off & (load > 0)).any():
            return True
    return False


def _divide_window(
    units: Units, links: Links, mine: Indices, grids: int, params: DivideParams, budget: Budget
) -> tuple[Verdict, Indices | None]:
    """Divide the units ``mine`` into any number of grids that their total allows, nearest to ``grids`` first."""
    households = units.frame["households"].to_numpy(np.int64)[mine]
    position = np.full(len(units.frame), -1)
    position[mine] = np.arange(len(mine))
    rows = np.flatnonzero((position[links.a] >= 0) & (position[links.b] >= 0))
    a, b = position[links.a[rows]], position[links.b[rows]]
    total = int(households.sum())
    verdict = Verdict.IMPOSSIBLE
    low, high = params.grid_numbers(total)
    for k in sorted(range(low, high + 1), key=lambda number: (abs(number - grids), number)):
        found, labels = _solve(households, a, b, k, params, budget)
        if labels is not None:
            return Verdict.POSSIBLE, _compact(units, links, mine, rows, labels, params)
        if found is Verdict.UNDECIDED:
            verdict = Verdict.UNDECIDED
    return verdict, None


def _solve(
    households: Indices, a: Indices, b: Indices, k: int, params: DivideParams, budget: Budget
) -> tuple[Verdict, Indices | None]:
    """Decide whether the units can be divided into ``k`` contiguous grids within the bounds."""
    n = len(households)
    if k > n:
        return Verdict.IMPOSSIBLE, None
    if budget.left <= 0:
        return Verdict.UNDECIDED, None
    model = cp_model.CpModel()
    x = [[model.new_bool_var(f"{i}/{j}") for j in range(k)] for i in range(n)]
    for i in range(n):
        model.add_exactly_one(x[i])
    for j in range(k):
        model.add_linear_constraint(sum(int(households[i]) * x[i][j] for i in range(n)), params.minimum, params.maximum)
    for rank, i in enumerate(np.argsort(-households, kind="stable")[:k]):  # grids have no names of their own
        for j in range(rank + 1, k):
            model.add(x[int(i)][j] == 0)
    near: list[set[int]] = [set() for _ in range(n)]
    for u, v in zip(a.tolist(), b.tolist(), strict=True):
        near[u].add(v)
        near[v].add(u)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    left = min(WORK, budget.left)
    for _ in range(ROUNDS):
        solver.parameters.max_deterministic_time = max(left, 1e-3)
        status = solver.solve(model)
        left -= solver.response_proto.deterministic_time
        budget.left -= solver.response_proto.deterministic_time
        if status == cp_model.INFEASIBLE:
            return Verdict.IMPOSSIBLE, None
        if left <= 0 or status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return Verdict.UNDECIDED, None
        labels = np.array([next(j for j in range(k) if solver.boolean_value(x[i][j])) for i in range(n)])
        if not cut_apart(model, x, labels, a, b, near, households):
            return Verdict.POSSIBLE, labels
    return Verdict.UNDECIDED, None


def cut_apart(
    model: cp_model.CpModel,
    x: list[list[cp_model.IntVar]],
    labels: Indices,
    a: Indices,
    b: Indices,
    near: list[set[int]],
    households: Indices,
) -> bool:
    """Forbid the torn grids of a solution: their pieces need a unit between them. Return whether any was torn."""
    n = len(labels)
    same = labels[a] == labels[b]
    piece = connected_components(
        coo_array((np.ones(int(same.sum())), (a[same], b[same])), shape=(n, n)), directed=False
    )[1]
    torn = False
    for g in np.unique(labels):
        pieces = np.unique(piece[labels == g])
        if len(pieces) == 1:
            continue
        torn = True
        members = [np.flatnonzero(piece == p) for p in pieces]
        members.sort(key=lambda m: (-int(households[m].sum()), int(m[0])))
        root = int(members[0][np.argmax(households[members[0]])])
        for loose in members[1:]:
            ring = set().union(*(near[int(i)] for i in loose)) - {int(i) for i in loose}
            far = int(loose[np.argmax(households[loose])])
            for j in range(len(x[0])):
                model.add_bool_or([x[far][j].negated(), x[root][j].negated(), *(x[w][j] for w in sorted(ring))])
    return torn


def _compact(
    units: Units, links: Links, mine: Indices, rows: Indices, labels: Indices, params: DivideParams
) -> Indices:
    """Make a mended window compact by the annealing, starting from the exact solution."""
    graph = unit_graph(units, links, mine, rows)
    grids = int(labels.max()) + 1
    state = np.array([params.seed + len(mine)], np.uint64)
    base, locked = np.full(1, -1, np.int32), np.zeros(grids, np.bool_)
    cuts = int(CUTS_PER_GRID * grids * params.search.effort)
    _, better = kernel.anneal(
        graph, params.objective(), labels.astype(np.int32), grids, cuts, FLIPS_PER_CUT, WARM, COLD, BIAS, base, locked,
        np.zeros(len(mine), np.bool_), state,
    )  # fmt: skip
    load = np.bincount(better, weights=graph.households, minlength=grids)
    kept = ((load >= params.minimum) & (load <= params.maximum)).all()
    return better.astype(np.int64) if kept else labels
