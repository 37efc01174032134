"""Edits of a plan: how fast, how often a repair restores every rule, and how little it moves.

``python -m benchmarks edits`` prints the times of each operation with its report, the outcome of 120 random edits
(a group of units dragged into a neighbour grid, then the rest repaired), and what rebalancing moves beside the exact
minimum on small communities.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np
import shapely

from benchmarks.city import generate_city
from benchmarks.exact import fewest_moved
from benchmarks.measure import machine
from gridtwin.errors import EditRefused
from gridtwin.grids import divide_region, edits
from gridtwin.grids.drawing import draw_grid, split_along
from gridtwin.grids.edit import Edit
from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import Indices
from gridtwin.grids.present import Present, present_plan
from gridtwin.grids.rebalance import rebalance_units

SIZES = (10_000, 100_000)
EDITS = 120
REPEATS = 60
GROUP = 3  # units dragged at once, at most
LOCKED_SHARE = 0.05
DRAWN_M = 150.0  # radius of a drawn area
DRIFT = 0.12  # standard deviation of the change of a unit's households in small communities
SMALL = 60  # units of a community for which the exact minimum is looked for, at most
CITIES = 8
PRICES = (1.0, 4.0, 8.0)


def planned(households: int, seed: int = 1) -> Present:
    """Return the plan of a generated city."""
    city = generate_city(households, seed=seed)
    return present_plan({**city, **divide_region(city, date="2026-01-01").layers()}, DivideParams())


def borders(plan: Present, rng: np.random.Generator) -> Iterator[tuple[str, str, list[str]]]:
    """Yield random pairs of neighbouring grids and a group of units of the first on their border."""
    a, b = np.r_[plan.links.a, plan.links.b], np.r_[plan.links.b, plan.links.a]
    across = np.flatnonzero(plan.grid[a] != plan.grid[b])
    while True:
        row = int(rng.choice(across))
        unit, home = int(a[row]), plan.grid[a[row]]
        near = b[(a == unit) & (plan.grid[b] == home)]
        group = [unit, *near.tolist()][: int(rng.integers(1, GROUP + 1))]
        yield plan.codes[home], plan.codes[plan.grid[b[row]]], [str(plan.unit_ids[u]) for u in group]


def timed(edit: Callable[[], Edit]) -> tuple[float, Edit | None]:
    """Return the milliseconds of an edit with its report, and the edit (None: refused)."""
    start = time.perf_counter()
    try:
        made = edit()
        _ = made.changes, made.new_violations, made.solved_violations, made.households_moved
    except EditRefused:
        made = None
    return 1000 * (time.perf_counter() - start), made


def operations(plan: Present, first: str, second: str, group: list[str]) -> dict[str, Callable[[], Edit]]:
    """Return each operation on two neighbouring grids."""
    area = shapely.union_all(plan.units.frame.geometry.to_numpy()[plan.grid == plan.codes.index(first)])
    x, y = shapely.centroid(area).coords[0]
    line = shapely.LineString([(x - DRAWN_M, y - 0.3 * DRAWN_M), (x + DRAWN_M, y + 0.3 * DRAWN_M)])
    return {
        "lock": lambda: edits.lock_grids(plan, [first]),
        "pin": lambda: edits.lock_units(plan, group),
        "move": lambda: edits.move_units(plan, group, second),
        "split": lambda: edits.split_grid(plan, first),
        "split along a line": lambda: split_along(plan, first, line),
        "merge": lambda: edits.merge_grids(plan, [first, second]),
        "draw": lambda: draw_grid(plan, shapely.Point(x, y).buffer(DRAWN_M)),
        "redivide two grids": lambda: edits.redivide(plan, [first, second]),
    }


def latency(plan: Present) -> None:
    """Print the times of each operation."""
    taken: dict[str, list[float]] = {}
    places = borders(plan, np.random.default_rng(0))
    for _ in range(REPEATS):
        for name, run in operations(plan, *next(places)).items():
            milliseconds, edit = timed(run)
            if edit is not None:
                taken.setdefault(name, []).append(milliseconds)
    for name, times in taken.items():
        print(f"{name} | {statistics.median(times):.1f} | {np.percentile(times, 95):.1f}", flush=True)


def dragging(plan: Present) -> None:
    """Print how 120 edits with their repair end."""
    rng = np.random.default_rng(1)
    used = np.unique(plan.grid)
    locked = [plan.codes[g] for g in rng.choice(used, max(int(LOCKED_SHARE * len(used)), 1), replace=False)]
    plan = edits.lock_grids(plan, locked).plan
    places = borders(plan, rng)
    times, repaired, kept, moved, bounded, bound = [], 0, 0, [], 0, 0
    made = 0
    while made < EDITS:
        _, second, group = next(places)
        _, drag = timed(lambda group=group, second=second: edits.move_units(plan, group, second))
        if drag is None:
            continue
        made += 1
        taken, mended = timed(lambda drag=drag, group=group: edits.repair(drag.plan, drag.touched, keep=group))
        assert mended is not None
        times.append(taken)
        new = drag.then(mended).new_violations
        repaired += new.empty
        kept += keeps(plan, mended.plan, locked, group, second)
        moved.append(mended.households_moved)
        if new.empty and (least := lower_bound(drag.plan, group)) is not None:
            bounded, bound = bounded + mended.households_moved, bound + least
    print(f"repairs | {statistics.median(times):.1f} | {np.percentile(times, 95):.1f}")
    print(
        f"{repaired / EDITS:.1%} fully repaired, locks kept in {kept / EDITS:.1%}, households moved by a repair: "
        f"median {statistics.median(moved):.0f}, mean {statistics.mean(moved):.0f}"
    )
    print(f"moved {bounded:,} against a lower bound of {bound:,}: {bounded / max(bound, 1):.2f}", flush=True)


def keeps(before: Present, after: Present, locked: list[str], group: list[str], second: str) -> bool:
    """Return whether locked grids have the same units and the group is where it was dragged."""
    same = all(
        ((before.grid == before.codes.index(code)) == (after.grid == after.codes.index(code))).all() for code in locked
    )
    rows = after.unit_ids.get_indexer(group)
    return bool(same and (after.grid[rows] == after.codes.index(second)).all())


def lower_bound(plan: Present, group: list[str]) -> int | None:
    """Return the fewest households that a repair must move if grids need not be contiguous, None if not known."""
    pinned = plan.pinned.copy()
    rows = plan.unit_ids.get_indexer(group)
    pinned[rows] = True
    mine = np.flatnonzero(plan.part == plan.part[rows[0]])
    return fewest_moved(plan.changed(pinned=pinned), mine, plan.zones.of(int(mine[0])), contiguous=False, work=2.0)


def changed_counts(plan: Present, mine: Indices, rng: np.random.Generator) -> Present:
    """Return the plan with other households in some units."""
    homes = plan.households.astype(np.float64)
    homes[mine] *= np.maximum(1 + rng.normal(0, DRIFT, len(mine)), 0)
    frame = plan.units.frame.assign(households=np.round(homes).astype(np.int64))
    return replace(plan, units=replace(plan.units, frame=frame))


def least_change(plans: Iterable[Present], prices: tuple[float, ...]) -> None:
    """Print what rebalancing moves in small communities beside the exact minimum, for prices of moving."""
    rng = np.random.default_rng(2)
    moved, least = np.zeros(len(prices), np.int64), np.zeros(len(prices), np.int64)
    mended, cases = np.zeros(len(prices), np.int64), 0
    for plan in plans:
        for part in np.unique(plan.part):
            mine = np.flatnonzero(plan.part == part)
            if len(mine) > SMALL or len(np.unique(plan.grid[mine])) < 2 or plan.outside[plan.grid[mine]].any():
                continue
            later = changed_counts(plan, mine, rng)
            params = later.zones.of(int(mine[0]))
            fewest = fewest_moved(later, mine, params) if later.outside[later.grid[mine]].any() else None
            if fewest is None:
                continue
            cases += 1
            for column, price in enumerate(prices):
                grid, _ = rebalance_units(later, stay=price)
                load = np.bincount(grid[mine], weights=later.households[mine])
                if ((load > 0) & ((load < params.minimum) | (load > params.maximum))).any():
                    continue
                mended[column] += 1
                moved[column] += int(later.households[mine][grid[mine] != later.grid[mine]].sum())
                least[column] += fewest
    print(f"{cases} small communities out of bounds: price of moving | restored | households moved | exact minimum")
    for column, price in enumerate(prices):
        away, fewest = moved[column], least[column]
        print(f"{price:g} | {mended[column]} | {away:,} | {fewest:,} | {away / max(fewest, 1):.2f}", flush=True)


def main() -> None:
    """Print one table a size, then the comparison with the exact minimum."""
    latency(planned(3_000))  # loads the compiled kernels; these times do not count
    print(machine())
    for size in SIZES:
        plan = planned(size)
        print(f"{plan.load.sum():,} households, {len(plan.grid)} units, {len(plan.codes)} grids")
        print("operation with its report | ms, median | ms, 95th percentile")
        latency(plan)
        dragging(plan)
    least_change((planned(SIZES[0], seed) for seed in range(CITIES)), PRICES)


if __name__ == "__main__":
    main()
