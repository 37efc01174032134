"""Other tools that search street networks, each behind the same small function.

``python -m benchmarks access`` runs every peer in a process of its own, on one thread and with a limit of processor
time: ``python -m benchmarks.access.peers WORK PEER PROBLEM.npz RESULT.npz BUDGET LIMIT``. Nothing here needs GridTwin,
so the peers may live in another environment (see requirements-access-peers.txt).

A peer works through sources in batches until all are done or its budget of processor seconds is spent; what it took
for those is scaled to all. One call that is not counted comes first. What it prepares once is timed apart.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import json
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Problem = Mapping[str, Any]
T = TypeVar("T")

NOT_INSTALLED = 3  # exit code
PEER_MODULES = ("search_peers", "matrix_peers", "snap_peers", "polygon_peers", "table_peers")


@dataclass
class Outcome:
    """What a peer found and how long it took.

    Attributes
    ----------
    found
        Arrays to be checked, of the part that was done.
    cpu_s
        Processor seconds by step, scaled to the whole work; ``"prepare"`` is what is needed once.
    done, of
        How much of the work was done.
    remark
        What the table should say.
    """

    found: dict[str, Any] = field(default_factory=dict)
    cpu_s: dict[str, float] = field(default_factory=dict)
    done: int = 0
    of: int = 0
    remark: str = ""

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure the block as step ``name``."""
        start = time.process_time()
        yield
        self.cpu_s[name] = time.process_time() - start

    def in_turn(
        self, name: str, call: Callable[[Any], T], items: Any, budget_s: float, *, batch: int = 1
    ) -> list[tuple[Any, T]]:
        """Call for one batch of items after the other until the budget is spent; return batches and their results.

        The seconds, scaled to all items, become step ``name``.
        """
        call(items[:1])
        found: list[tuple[Any, T]] = []
        spent, done = 0.0, 0
        start = time.process_time()
        while done < len(items) and spent < budget_s:
            some = items[done : done + batch]
            found.append((some, call(some)))
            done += len(some)
            spent = time.process_time() - start
        self.cpu_s[name] = spent * len(items) / max(done, 1)
        self.done, self.of = done, len(items)
        return found


@dataclass(frozen=True)
class Peer:
    """A peer for one kind of work: what the table calls it, the package it needs, and how it works.

    Attributes
    ----------
    most_arcs
        Larger networks are not given to it: they would not fit into memory or not end.
    version_of
        Its distribution, if that is not called like the package.
    """

    title: str
    package: str
    work: Callable[[Problem, float], Outcome]
    most_arcs: float = float("inf")
    version_of: str = ""


def registry() -> dict[str, dict[str, Peer]]:
    """Return the peers of every kind of work, by short name."""
    found: dict[str, dict[str, Peer]] = {}
    for module in PEER_MODULES:
        for work, peers in importlib.import_module(f"benchmarks.access.{module}").PEERS.items():
            found.setdefault(work, {}).update(peers)
    return found


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Send what compiled libraries print to nowhere."""
    sys.stdout.flush()
    kept = os.dup(1)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        try:
            yield
        finally:
            os.dup2(kept, 1)
            os.close(kept)


def main() -> None:
    """Run one peer on one problem; write what it found, its seconds and how much it did."""
    work, name = sys.argv[1:3]
    source, target = Path(sys.argv[3]), Path(sys.argv[4])
    budget_s, limit_s = float(sys.argv[5]), float(sys.argv[6])
    peer = registry()[work][name]
    warnings.simplefilter("ignore")
    try:
        version = importlib.metadata.version(peer.version_of or peer.package)
        importlib.import_module(peer.package)
    except ImportError:
        sys.exit(NOT_INSTALLED)
    with np.load(source, allow_pickle=False) as file:
        problem = dict(file)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # the end of this timer ends the process, wherever it is
    signal.setitimer(signal.ITIMER_PROF, limit_s)
    with quiet():
        outcome = peer.work(problem, budget_s)
    signal.setitimer(signal.ITIMER_PROF, 0)
    told = {
        "cpu_s": outcome.cpu_s,
        "done": outcome.done,
        "of": outcome.of,
        "remark": outcome.remark,
        "version": version,
    }
    np.savez(target, told=json.dumps(told), **outcome.found)


if __name__ == "__main__":
    main()
