"""GridTwin's division beside other tools and official areas, and against its targets: the one command that judges it.

``python -m benchmarks division`` prints the tables of docs/benchmarks.md: for each input all contestants on the same
units, links and numbers of grids, verdicts by column, then how time grows, whether plans repeat, in which columns any
peer is better, and every target with its value. All of it takes about an hour, most of it the peers'.
``python -m benchmarks.division "generated 10k" Singapore`` runs the named inputs only; targets that need others are
then "not measured".

Peers that are not installed are left out; benchmarks/requirements-peers.txt lists them, and GRIDTWIN_PEERS names the
Python that has them if it is another one.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import generated
from benchmarks.contest import (
    LIMIT_S,
    WEIGHTINGS,
    EqualBalance,
    Explained,
    Run,
    run_explained,
    run_gridtwin,
    run_peer,
    run_weighted,
    write_problem,
)
from benchmarks.inputs import CASES, Case
from benchmarks.measure import machine
from benchmarks.peers import PEERS
from benchmarks.plan_measures import measure_plan
from benchmarks.targets import Figures, targets
from benchmarks.verdicts import (
    COLUMNS,
    Judgement,
    Values,
    bought,
    nowhere_worse,
    rival,
    verdicts,
    where_peers_are_better,
)
from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import dissolve
from gridtwin.grids.warm import compile_kernels

HEAD = ("method", "grids", *(column.title for column in COLUMNS.values()), "× GridTwin", "remarks")


@dataclass(frozen=True)
class Compared:
    """What an input's table says: GridTwin's measures by title, its mended plan, and the verdicts."""

    own: dict[str, Values]
    explained: Explained
    explained_values: Values
    judgements: list[Judgement]


def table_head(head: tuple[str, ...]) -> str:
    """Return the first two lines of a table."""
    return f"| {' | '.join(head)} |\n|{'---|' * len(head)}"


def table_row(run: Run, values: Values, fastest_s: float) -> str:
    """Return one line of the table; a dash for what is not known."""
    cells = ["–" if np.isnan(values[name]) else format(values[name], column.form) for name, column in COLUMNS.items()]
    if not np.isnan(values["split"]):
        cells[list(COLUMNS).index("split")] += f" of {values['compounds']}"
    ratio = "–" if np.isnan(run.cpu_s) else f"{run.cpu_s / fastest_s:.1f}"
    return f"| {' | '.join([run.title, format(values['grids'], ','), *cells, ratio, run.remark])} |"


class Table:
    """The table of one input, printed row by row as the contestants finish."""

    def __init__(self, case: Case, params: DivideParams) -> None:
        self.case, self.params = case, params
        self.fastest_s = float("nan")
        self._shown: set[str] = set()
        households = case.units.frame["households"].to_numpy()
        print(
            f"\n{case.name}: {households.sum():,} households, {len(households):,} units, largest unit "
            f"{households.max()}, {len(np.unique(case.units.community))} communities\n"
        )
        print(table_head(HEAD), flush=True)

    def add(self, run: Run) -> Values:
        """Measure and print a run; return its measures."""
        values = measure_plan(self.case, run.grid, self.params) | {"cpu_s": run.cpu_s}
        self.show(run, values)
        return values

    def show(self, run: Run, values: Values) -> None:
        """Print a run that was measured before, each title once."""
        if run.title in self._shown:
            return
        self._shown.add(run.title)
        if np.isnan(self.fastest_s):
            self.fastest_s = run.cpu_s
        print(table_row(run, values, self.fastest_s), flush=True)

    def miss(self, run: Run) -> None:
        """Print a run that gave no plan."""
        print(f"| {run.title} |{' – |' * (len(HEAD) - 2)} {run.remark} |", flush=True)


def compare(case: Case, params: DivideParams, peers: list[str], limit_s: float = LIMIT_S) -> Compared:
    """Print the table of one input, the floor, and the verdicts on every peer and official division."""
    table = Table(case, params)
    runs = [run_gridtwin(case, params, quality) for quality in case.qualities]
    own = {run.title: table.add(run) for run in runs}
    weighted = [run_weighted(case, params, name) for name in WEIGHTINGS]
    all_own = own | {run.title: table.add(run) for run in weighted}
    explained = run_explained(case, params)
    explained_values = table.add(explained.run)
    others: list[tuple[Run, Values]] = []
    with tempfile.TemporaryDirectory() as folder:
        problem = Path(folder) / "problem.npz"
        write_problem(case, params, problem)
        for name in peers:
            if PEERS[name].for_compounds and not len(case.homes):
                continue
            run = run_peer(name, problem, limit_s)
            if run.grid is None:
                table.miss(run)
            else:
                others.append((run, table.add(run)))
    for name, grid in case.official.items():
        run = Run(name, grid)
        others.append((run, table.add(run)))
    balance = EqualBalance(case, params)
    judgements = [judge(run.title, values, own, balance, table) for run, values in others]
    start = time.process_time()
    dissolve(case.units.frame.geometry.to_numpy(), runs[0].grid)
    _print_floor(case.floor_s | {"dissolving": time.process_time() - start}, runs[0].cpu_s)
    print(f"\n{table_head(('method', 'compared with', *(column.title for column in COLUMNS.values())))}")
    for found in judgements:
        against = found.rival + (f"; at equal balance {found.balanced}" if found.balanced else "")
        print(f"| {found.peer} | {against} | {' | '.join(found.cells())} |", flush=True)
    print(f"\n{table_head(('method', 'GridTwin is nowhere worse with', 'seconds ÷ those of the method'))}")
    for run, values in others:
        title = nowhere_worse(values, all_own)
        ratio = all_own[title]["cpu_s"] / run.cpu_s if title else float("nan")
        print(
            f"| {run.title} | {title or 'none of these'} | {'–' if np.isnan(ratio) else format(ratio, '.2g')} |",
            flush=True,
        )
    return Compared(own, explained, explained_values, judgements)


def judge(title: str, values: Values, own: dict[str, Values], balance: EqualBalance, table: Table) -> Judgement:
    """Return the verdicts on one peer; print GridTwin's run at its balance if that is needed."""
    against = rival(values["cpu_s"], own)
    found = verdicts(values, own[against])
    soft = bought(found)
    if not soft:
        return Judgement(title, against, "", found, {})
    run, like = balance.like(values)
    table.show(run, like)
    again = verdicts(values, like)
    return Judgement(title, against, run.title, found, {name: again[name] for name in soft})


def _print_floor(steps: dict[str, float], solve_s: float) -> None:
    """Print what nothing can do without: reading, polygonising, dissolving."""
    listed = ", ".join(f"{step} {cpu:.2f} s" for step, cpu in steps.items())
    total = sum(steps.values())
    print(f"\nfloor: {listed}, sum {total:.2f} s; solving takes {solve_s / total:.2f} times that", flush=True)


def main(names: list[str] | None = None) -> None:
    """Print everything, or the tables of the named inputs and the targets that hang on them."""
    compile_kernels()
    print(machine())
    figures = Figures()
    judged: list[tuple[str, Judgement]] = []
    for name in names or CASES:
        try:
            case = CASES[name](name)
        except FileNotFoundError as error:
            print(f"\n{name}: skipped, {error}")
            continue
        found = compare(case, DivideParams(), list(PEERS))
        judged += [(name, judgement) for judgement in found.judgements]
        figures.explained[name] = found.explained, found.explained_values
        figures.solved[name] = next(iter(found.own.values())), int(case.units.frame["households"].sum())
    if not names:
        print()
        figures.sizes = generated.print_sizes()
        figures.repeated = generated.repeats()
    print("\nColumns in which a peer is better than GridTwin, balance being equal:")
    for name, better in where_peers_are_better(judged).items():
        print(f"- {COLUMNS[name].title}: {', '.join(better) or 'none'}")
    print(f"\nTargets:\n\n{table_head(('target', 'value', 'result'))}")
    for target in targets(figures):
        print(target.row())


if __name__ == "__main__":
    unknown = [name for name in sys.argv[1:] if name not in CASES]
    if unknown:
        sys.exit(f"no input called {', '.join(unknown)}; there are: {', '.join(CASES)}")
    main(sys.argv[1:])
