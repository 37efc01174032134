"""GridTwin beside a peer: peers run in processes of their own; rows are printed as they come."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.access.peers import NOT_INSTALLED, Peer, registry

ROOT = Path(__file__).parents[2]
BUDGET_S = 20.0  # for one step of a peer; what it took for the part it did is scaled
LIMIT_S = 240.0  # for everything a peer does
WALL_FACTOR = 4.0


@dataclass(frozen=True)
class Ran:
    """What came of a peer's run; nothing is found if it did not end."""

    title: str
    found: Mapping[str, Any] = field(default_factory=dict)
    cpu_s: Mapping[str, float] = field(default_factory=dict)
    remark: str = ""

    @property
    def ended(self) -> bool:
        """Whether there is something to compare."""
        return bool(self.cpu_s)


@contextlib.contextmanager
def handed_over(problem: Mapping[str, Any]) -> Iterator[Path]:
    """Write a problem to a file that exists within the block."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "problem.npz"
        np.savez(path, **problem)
        yield path


def run_peer(work: str, name: str, path: Path, *, budget_s: float = BUDGET_S, limit_s: float = LIMIT_S) -> Ran:
    """Run a peer on a problem in a process of its own, on one thread."""
    peer = registry()[work][name]
    target = path.with_name(f"{work}-{name}.npz")
    threads = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
    python = os.environ.get(VALHALLA_PYTHON if peer.package == "valhalla" else "GRIDTWIN_PEERS", sys.executable)
    arguments = [work, name, str(path), str(target), str(budget_s), str(limit_s)]
    try:
        done = subprocess.run(
            [python, "-m", "benchmarks.access.peers", *arguments],
            cwd=ROOT, env=os.environ | threads, capture_output=True, text=True, check=False,
            timeout=60 + WALL_FACTOR * limit_s,
        )  # fmt: skip
        code, said = done.returncode, done.stderr
    except subprocess.TimeoutExpired:
        code, said = -signal.SIGPROF, ""
    if code == NOT_INSTALLED:
        return Ran(peer.title, remark="not installed")
    if code == -signal.SIGPROF:
        return Ran(peer.title, remark=f"stopped after {limit_s:g} s")
    if code:
        last = said.strip().splitlines()[-1:] or [""]
        return Ran(peer.title, remark=f"ended with code {code}: {last[0][-120:]}".replace("|", "/"))
    with np.load(target) as file:
        found = {key: file[key] for key in file.files if key != "told"}
        told = json.loads(str(file["told"]))
    title = f"{peer.title} ({told['version']})" if told["version"] else peer.title
    part = f"{told['done']:,} of {told['of']:,}, scaled" if told["done"] < told["of"] else ""
    return Ran(title, found, told["cpu_s"], "; ".join(filter(None, (part, told["remark"]))))


VALHALLA_PYTHON = "GRIDTWIN_PEERS_VALHALLA"


def peers_of(work: str, arcs: int) -> dict[str, Peer]:
    """Return the peers that do a kind of work on a network of this size."""
    return {name: peer for name, peer in registry()[work].items() if arcs <= peer.most_arcs}


class Table:
    """A table of methods with their seconds in some columns, beside GridTwin's."""

    def __init__(self, title: str, columns: Mapping[str, str]) -> None:
        """Print the head; ``columns`` are headings by step."""
        self.columns, self.own = columns, dict[str, float]()
        self.ratios: dict[str, dict[str, float]] = {}
        head = ["method"]
        for heading in columns.values():
            head += [heading, "÷ GridTwin"]
        print(f"\n{title}\n\n| {' | '.join([*head, 'result', 'remarks'])} |\n|{'---|' * (len(head) + 2)}", flush=True)

    def gridtwin(self, cpu_s: Mapping[str, float], result: str = "", remark: str = "", title: str = "GridTwin") -> None:
        """Print GridTwin's row; the first one is what peers are compared with."""
        self.own = self.own or dict(cpu_s)
        self._print(f"**{title}**", cpu_s, result, remark)

    def peer(self, name: str, ran: Ran, result: Callable[[Mapping[str, Any]], str]) -> None:
        """Print a peer's row, checked by ``result``, and keep its ratios."""
        if ran.ended:
            both = [step for step in self.columns if step in ran.cpu_s and step in self.own]
            self.ratios[name] = {step: ran.cpu_s[step] / self.own[step] for step in both}
        self._print(ran.title, ran.cpu_s, result(ran.found) if ran.ended else "–", ran.remark)

    def _print(self, title: str, cpu_s: Mapping[str, float], result: str, remark: str) -> None:
        cells = [title]
        for step in self.columns:
            known, own = step in cpu_s, self.own.get(step, 0.0)
            cells += [f"{cpu_s[step]:.3g}" if known else "–", f"{cpu_s[step] / own:.3g}" if known and own else "–"]
        print(f"| {' | '.join([*cells, result, remark])} |", flush=True)
