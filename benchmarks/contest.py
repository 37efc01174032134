"""The contestants of the comparison: GridTwin at each quality, GridTwin with wider bounds, and the peers.

Every peer runs in a process of its own, on one thread, and is stopped after 120 s of processor time. It divides one
walkable part of one community after the other, so its grids are nested by construction; one in which it fails stays
one grid. Seconds are processor time without imports and, for GridTwin, with kernels compiled beforehand; runs under
a second are made three times and the median counts.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from benchmarks.inputs import Case
from benchmarks.measure import timed
from benchmarks.peers import NOT_INSTALLED, PEERS
from benchmarks.plan_measures import measure_plan
from gridtwin.grids.assign import Assignment, assign_units
from gridtwin.grids.certify import certify
from gridtwin.grids.measures import walkable_pieces
from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import Indices, parts_of_labels, renumber
from gridtwin.grids.polish import polish
from gridtwin.grids.violations import violations_of
from gridtwin.grids.zones import Zones

ROOT = Path(__file__).parents[1]
LIMIT_S = 120.0  # of processor time
WALL_FACTOR = 5.0  # a peer that waits rather than works is stopped too
WIDENINGS = tuple(range(0, 260, 20))  # households by which the bounds are moved apart for equal balance


@dataclass(frozen=True)
class Run:
    """What became of one contestant: its grids and seconds, or why there are none."""

    title: str
    grid: Indices | None = None
    cpu_s: float = float("nan")
    remark: str = ""


@dataclass(frozen=True)
class Explained:
    """A plan whose last grids were mended, or proved to be unavoidable, and the codes of what is left.

    Attributes
    ----------
    run
        The mended plan, with the seconds of assigning and mending.
    codes
        Number of violations by reason code.
    unexplained
        Grids outside the bounds without any code.
    """

    run: Run
    codes: dict[str, int] = field(default_factory=dict)
    unexplained: int = 0


def assigned(case: Case, params: DivideParams, quality: str = "fast") -> tuple[Assignment, str]:
    """Divide the units by GridTwin's solver, on one thread; return what is proved of the plan as a remark."""
    zones = Zones.uniform(replace(params, quality=quality), len(case.units.frame))
    found = assign_units(case.units, zones, workers=1)
    if not zones.params[0].search.most_sets:
        return found, ""
    polished = polish(case.units, zones, found.grid, found.part, workers=1)
    facts = polished.facts()
    share, gap = facts["households_proved_best"], facts["objective_gap"]
    remark = f"proved best for {share:.0%} of households, gap at most {gap:.1%}"
    return replace(found, grid=polished.grid), remark


def run_gridtwin(case: Case, params: DivideParams, quality: str = "fast", title: str = "") -> Run:
    """Divide by GridTwin's solver; finding the links is part of its time."""
    (found, remark), seconds = timed(lambda: assigned(case, params, quality))
    return Run(title or f"GridTwin, {quality}", found.grid, seconds, remark)


def run_explained(case: Case, params: DivideParams) -> Explained:
    """Divide, mend what misses the bounds exactly or prove it, and give each grid left outside its reason code."""
    start = time.process_time()
    found, _ = assigned(case, params)
    zones = Zones.uniform(params, len(case.units.frame))
    certified = certify(case.units, found.grid, found.part, zones)
    seconds = time.process_time() - start
    grid = renumber(certified.grid)
    proved = np.zeros(int(grid.max()) + 1, bool)
    proved[grid[np.isin(certified.grid, list(certified.proved))]] = True
    pieces = walkable_pieces(case.units, grid)
    rows = violations_of(case.units, grid, found.part, pieces, proved, np.zeros(len(proved), bool), zones)
    load = np.bincount(grid, case.units.frame["households"].to_numpy(np.float64))
    outside = np.flatnonzero((load < params.minimum) | (load > params.maximum))
    codes = {str(code): int(number) for code, number in sorted(Counter(rows["code"]).items())}
    remark = ", ".join(f"{number} {code}" for code, number in codes.items())
    run = Run("GridTwin, fast, mended or proved", grid, seconds, remark)
    return Explained(run, codes, int((~np.isin(outside, rows["row"])).sum()))


class EqualBalance:
    """GridTwin's runs with wider bounds: as compact as it likes, and no better balanced than a peer."""

    def __init__(self, case: Case, params: DivideParams) -> None:
        self.case, self.params = case, params
        self._known: dict[int, tuple[Run, dict[str, float]]] = {}

    def widened(self, by: int) -> tuple[Run, dict[str, float]]:
        """Return the run with bounds ``by`` households wider on both sides, and its measures."""
        if by not in self._known:
            low, high = max(self.params.minimum - by, 1), self.params.maximum + by
            wider = replace(self.params, minimum=low, maximum=high)
            run = run_gridtwin(self.case, wider, title=f"GridTwin, fast, bounds {low}–{high}")
            self._known[by] = run, measure_plan(self.case, run.grid, self.params) | {"cpu_s": run.cpu_s}
        return self._known[by]

    def like(self, peer: Mapping[str, float]) -> tuple[Run, dict[str, float]]:
        """Return the run with the narrowest bounds that keeps no more within the asked ones than ``peer``.

        Both shares count, of grids and of households: a peer that leaves parts undivided has few grids. Found by
        bisection; if even the widest bounds keep more within, that run counts.
        """
        low, high = 0, len(WIDENINGS) - 1
        while low < high:
            middle = (low + high) // 2
            values = self.widened(WIDENINGS[middle])[1]
            if all(values[share] <= peer[share] for share in ("within", "households_within")):
                high = middle
            else:
                low = middle + 1
        return self.widened(WIDENINGS[low])


def write_problem(case: Case, params: DivideParams, path: Path) -> None:
    """Write the arrays that the peers divide: units, links, parts and the number of grids of each part."""
    frame, links = case.units.frame, case.links
    households = frame["households"].to_numpy(np.int64)
    part = parts_of_labels(links.a, links.b, case.units.community)
    totals = np.bincount(part, households).astype(np.int64)
    np.savez(
        path,
        households=households,
        xy=shapely.get_coordinates(shapely.centroid(frame.geometry.to_numpy())),
        compound=case.units.compound,
        a=links.a,
        b=links.b,
        border_m=links.border_m,
        cost=links.cut,
        part=part,
        k=np.array([max(params.nearest_number(int(total)), 1) for total in totals]),
        minimum=params.minimum,
        maximum=params.maximum,
    )


def run_peer(name: str, problem: Path, limit_s: float = LIMIT_S) -> Run:
    """Let a peer divide in a process of its own, on one thread, for at most ``limit_s`` processor seconds."""
    title = PEERS[name].title
    target = problem.with_name(f"{name}.npz")
    threads = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
    command = [os.environ.get("GRIDTWIN_PEERS", sys.executable), "-m", "benchmarks.peers", name]
    try:
        done = subprocess.run(
            [*command, str(problem), str(target), str(limit_s)],
            cwd=ROOT, env=os.environ | threads, capture_output=True, text=True, check=False,
            timeout=60 + WALL_FACTOR * limit_s,
        )  # fmt: skip
        code = done.returncode
    except subprocess.TimeoutExpired:
        code = -signal.SIGPROF
    if code == NOT_INSTALLED:
        return Run(title, remark="not installed")
    if code == -signal.SIGPROF:
        report = target.with_suffix(".done")
        after = report.read_text() if report.exists() else "0"
        with np.load(problem) as file:
            parts = int(file["part"].max()) + 1
        return Run(title, remark=f"stopped after {limit_s:g} s with {after} of {parts} parts done")
    if code:
        return Run(title, remark=f"ended with code {code}: {done.stderr.strip()[-200:]}")
    with np.load(target) as file:
        grid, counts = file["grid"], json.loads(str(file["counts"]))
    version = f" ({counts['version']})" if counts["version"] else ""
    return Run(title + version, grid, counts["cpu_s"], _remark(counts))


def _remark(counts: dict[str, Any]) -> str:
    """Return what was wrong with a peer's result."""
    said = []
    if counts["failed"]:
        errors = "; ".join(f"{number}× {error}" for error, number in counts["errors"].items())
        said.append(f"failed in {counts['failed']} of {counts['parts']} parts ({errors})")
    if counts["empty"]:
        said.append(f"empty grids: {counts['empty']}")
    if counts["apart"]:
        said.append(f"grids in pieces: {counts['apart']}")
    return ", ".join(said)
