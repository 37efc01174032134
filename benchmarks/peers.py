"""Other tools that divide a graph of units into parts, each behind the same small function.

``python -m benchmarks division`` runs every peer in a process of its own, with a limit of processor time:
``python -m benchmarks.peers NAME PROBLEM.npz RESULT.npz SECONDS``. This module needs nothing of GridTwin, so the
peers may live in another environment (see requirements-peers.txt); a peer that cannot be imported is left out.

Each is given one part (benchmarks.part) after the other. Each is told of the bounds what it
can take in, and otherwise runs as its documentation shows. What they return is checked, not mended.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import json
import signal
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import timed
from benchmarks.part import Array, Indices, Part, faults, lattice_part, outside, parts_of_problem
from benchmarks.recom import SEED, SURCHARGE, recom, tree_partition

NOT_INSTALLED = 3  # exit code
KAHIP_STRONG = 2  # mode
METIS_UFACTOR = 50  # thousandths of imbalance; best for bisection of 50, 100, 150, 250 (generated 100k)
COST_SCALE = 100.0  # METIS weighs in whole numbers
UFACTORS, METIS_STARTS = (20, 50, 100, 150, 200), 50
POWER_ROUNDS, POWER_STEP, POWER_ROUNDS_A_MOVE = 150, 0.35, 3


def _csr(part: Part, link_weight: Array) -> tuple[list[int], list[int], list[int]]:
    """Return starts, heads and weights (whole numbers, at least 1) of the arcs."""
    tail, head = np.r_[part.a, part.b], np.r_[part.b, part.a]
    weight = np.maximum(np.r_[link_weight, link_weight], 1).astype(np.int64)
    order = np.argsort(tail, kind="stable")
    starts = np.r_[0, np.cumsum(np.bincount(tail, minlength=len(part.households)))]
    return starts.tolist(), head[order].tolist(), weight[order].tolist()


def _metis(part: Part, *, recursive: bool, costs: bool = False, **options: int) -> tuple[int, Indices]:
    import pymetis

    starts, heads, weights = _csr(part, COST_SCALE * part.cost if costs else part.border_m)
    cut, labels = pymetis.part_graph(
        part.k,
        xadj=starts,
        adjncy=heads,
        vweights=part.households.tolist(),
        eweights=weights,
        recursive=recursive,
        options=pymetis.Options(**options),
    )
    return cut, np.asarray(labels)


def metis_recursive(part: Part) -> Indices:
    """Divide by METIS' multilevel recursive bisection."""
    return _metis(part, recursive=True, ufactor=METIS_UFACTOR, seed=SEED, ncuts=4)[1]


def metis_kway(part: Part, *, costs: bool = False) -> Indices:
    """Divide by METIS' multilevel k-way partition, asked for contiguous parts."""
    return _metis(part, recursive=False, costs=costs, ufactor=METIS_UFACTOR, contig=1, seed=SEED, ncuts=4)[1]


def metis_best(part: Part, *, costs: bool = False) -> Indices:
    """Divide by METIS recursive bisection up to 50 times; keep the result with the fewest faulty grids.

    With ``costs`` it cuts along what is cheap in GridTwin's objective (streets, not compounds), else along what is
    short.
    """
    best: tuple[int, int] | None = None
    best_labels = np.zeros(len(part.households), np.int64)
    for start in range(METIS_STARTS):
        ufactor = UFACTORS[start % len(UFACTORS)]
        cut, labels = _metis(part, recursive=True, costs=costs, ufactor=ufactor, seed=start, ncuts=2)
        empty, apart = faults(part, labels)
        score = outside(part, labels) + empty + apart, cut
        if best is None or score < best:
            best, best_labels = score, labels
        if score[0] == 0:
            break
    return best_labels


def kahip_strong(part: Part, imbalance: float) -> Indices:
    """Divide by KaHIP's ``kaffpa``, mode strong; the more even, the more grids fall into pieces."""
    import kahip

    starts, heads, weights = _csr(part, part.border_m)
    _, labels = kahip.kaffpa(
        part.households.tolist(), starts, weights, heads, part.k, imbalance, True, SEED, KAHIP_STRONG
    )  # fmt: skip
    return np.asarray(labels)


def _spatial(part: Part) -> tuple[Any, Any]:
    """Return frame and weights as spopt wants them."""
    import pandas as pd
    from libpysal.weights import W

    near: dict[int, list[int]] = {unit: [] for unit in range(len(part.households))}
    for a, b in zip(part.a.tolist(), part.b.tolist(), strict=True):
        near[a].append(b)
        near[b].append(a)
    frame = pd.DataFrame({"x": part.xy[:, 0], "y": part.xy[:, 1], "households": part.households})
    return frame, W(near, silence_warnings=True)


def skater(part: Part) -> Indices:
    """Divide by spopt's SKATER on the centroids; it knows no households."""
    from spopt.region import Skater

    frame, weights = _spatial(part)
    model = Skater(frame, weights, ["x", "y"], n_clusters=part.k, floor=1)
    model.solve()
    return np.asarray(model.labels_)


def azp(part: Part) -> Indices:
    """Divide by spopt's AZP on the centroids; it knows no households."""
    from spopt.region import AZP

    frame, weights = _spatial(part)
    model = AZP(frame, weights, ["x", "y"], part.k, random_state=SEED)
    model.solve()
    return np.asarray(model.labels_)


def region_k_means(part: Part) -> Indices:
    """Divide by spopt's region k-means on the centroids; it knows no households."""
    from spopt.region import RegionKMeansHeuristic

    model = RegionKMeansHeuristic(part.xy, part.k, _spatial(part)[1], seed=SEED)
    model.solve()
    return np.asarray(model.labels_)


def max_p(part: Part) -> Indices:
    """Divide by spopt's max-p: as many grids as reach the minimum; it knows no maximum."""
    from spopt.region import MaxPHeuristic

    frame, weights = _spatial(part)
    np.random.seed(SEED)  # noqa: NPY002 - spopt draws from the global generator
    model = MaxPHeuristic(frame, weights, ["x", "y"], "households", part.minimum)
    model.solve()
    return np.asarray(model.labels_)


def power_diagram(part: Part) -> Indices:
    """Divide by a balanced centroidal power diagram; a unit goes where its centroid lies.

    The weight of a cell grows while it has too few households and shrinks while it has too many; every few rounds
    its site moves to the centre of its households (Lloyd). The round with the fewest grids out of bounds counts.

    Notes
    -----
    Cohen-Addad, Klein and Young, "Balanced centroidal power diagrams for redistricting", SIGSPATIAL 2018; here
    with a simple iteration of the weights in place of a minimum-cost flow.
    """
    rng = np.random.default_rng(SEED)
    load = part.households.astype(float)
    target = load.sum() / part.k
    lived = np.count_nonzero(load) >= part.k
    drawn = rng.choice(len(load), part.k, replace=False, p=load / load.sum() if lived else None)
    sites = part.xy[drawn] + rng.normal(0, 1, (part.k, 2))
    weight = np.zeros(part.k)
    scale = np.median(((part.xy - part.xy.mean(axis=0)) ** 2).sum(axis=1)) / part.k
    best, best_labels = len(load) + part.k, np.zeros(len(load), np.int64)
    for turn in range(POWER_ROUNDS):
        squared = ((part.xy[:, np.newaxis] - sites) ** 2).sum(axis=2)
        labels = (squared - weight).argmin(axis=1)
        bad = outside(part, labels)
        if bad < best:
            best, best_labels = bad, labels
        if bad == 0:
            break
        held = np.bincount(labels, load, part.k)
        weight += scale * POWER_STEP * (1 - turn / POWER_ROUNDS) * np.clip(1 - held / target, -1, 1)
        if turn % POWER_ROUNDS_A_MOVE == POWER_ROUNDS_A_MOVE - 1:
            some = held > 0
            middle = np.column_stack([np.bincount(labels, load * axis, part.k) for axis in part.xy.T])
            sites[some] = middle[some] / held[some, np.newaxis]
    return best_labels


@dataclass(frozen=True)
class Peer:
    """A peer: what the table calls it, the package it needs (none: only numpy), and how it divides."""

    title: str
    package: str
    divide: Callable[[Part], Indices]
    own_number: bool = False  # chooses the number of grids itself
    for_compounds: bool = False  # has nothing to add where compounds are not known


PEERS = {
    "metis_recursive": Peer("METIS recursive", "pymetis", metis_recursive),
    "metis_kway": Peer("METIS k-way, contiguous", "pymetis", metis_kway),
    "metis_kway_costs": Peer("METIS k-way, GridTwin's costs", "pymetis", partial(metis_kway, costs=True)),
    "metis_best": Peer("METIS, best of 50", "pymetis", metis_best),
    "metis_costs": Peer("METIS, best of 50, GridTwin's costs", "pymetis", partial(metis_best, costs=True)),
    "kahip_5": Peer("KaHIP strong, imbalance 5 %", "kahip", partial(kahip_strong, imbalance=0.05)),
    "kahip_20": Peer("KaHIP strong, imbalance 20 %", "kahip", partial(kahip_strong, imbalance=0.20)),
    "power": Peer("balanced power diagram", "", power_diagram),
    "gerrychain": Peer("gerrychain recursive tree", "gerrychain", tree_partition),
    "recom": Peer("gerrychain ReCom", "gerrychain", recom),
    "recom_compounds": Peer(
        "gerrychain ReCom, compounds surcharged",
        "gerrychain",
        partial(recom, surcharge=SURCHARGE),
        for_compounds=True,
    ),
    "region_k_means": Peer("spopt region k-means", "spopt", region_k_means),
    "skater": Peer("spopt SKATER", "spopt", skater),
    "azp": Peer("spopt AZP", "spopt", azp),
    "max_p": Peer("spopt max-p", "spopt", max_p, own_number=True),
}


def divide_parts(peer: Peer, parts: list[Part], report: Path | None = None) -> tuple[list[Indices], dict[str, Any]]:
    """Divide all parts; one in which the peer fails stays a single grid.

    Parameters
    ----------
    peer
        Who divides.
    parts
        The parts; those of one grid are not given to the peer.
    report
        File that tells, about once a second, how many parts are done.

    Returns
    -------
    labels, counts
        Grids 0 … of each part; how many parts failed (``failed``, ``errors``), how many grids came back empty or
        not contiguous.
    """
    result: list[Indices] = []
    errors: Counter[str] = Counter()
    empty = apart = 0
    told = time.process_time()
    for done, part in enumerate(parts):
        labels = np.zeros(len(part.households), np.int64)
        if part.k > 1:
            try:
                labels = _checked(peer.divide(part), len(labels))
            except Exception as error:  # noqa: BLE001 - whatever a peer raises is a line of the report
                said = " ".join(str(error).replace("|", "/").split())
                errors[f"{type(error).__name__}: {said[:80]}"] += 1
            else:
                none, loose = faults(part, labels)
                empty += 0 if peer.own_number else none
                apart += loose
        result.append(np.unique(labels, return_inverse=True)[1])
        if report is not None and time.process_time() - told > 1:
            told = time.process_time()
            report.write_text(str(done + 1))
    counts = {"failed": errors.total(), "errors": dict(errors.most_common(2)), "empty": empty, "apart": apart}
    return result, counts


def _checked(found: Any, count: int) -> Indices:
    """Return labels as whole numbers, or raise if any unit has none."""
    values = np.asarray(found, dtype=float)
    if values.shape != (count,) or not np.isfinite(values).all() or values.min() < 0:
        raise ValueError("units without a grid")
    return values.astype(np.int64)


def main() -> None:
    """Run one peer on one problem; write the grid of each unit, seconds and faults."""
    name, source, target, limit = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4])
    peer = PEERS[name]
    warnings.simplefilter("ignore")
    try:
        version = importlib.metadata.version(peer.package) if peer.package else ""
        if peer.package:
            importlib.import_module(peer.package)
    except ImportError:
        sys.exit(NOT_INSTALLED)
    with np.load(source) as file:
        problem = dict(file)
    units, parts = zip(*parts_of_problem(problem), strict=True)
    with contextlib.suppress(Exception):  # imports what it needs only now; fails again below if it must
        peer.divide(lattice_part())
    # The end of this timer ends the process, wherever it is.
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, limit)
    (labels, counts), seconds = timed(lambda: divide_parts(peer, list(parts), target.with_suffix(".done")))
    signal.setitimer(signal.ITIMER_PROF, 0)
    grid = np.full(len(problem["households"]), -1, np.int64)
    first = 0
    for mine, label in zip(units, labels, strict=True):
        grid[mine] = first + label
        first += int(label.max()) + 1
    counts |= {"cpu_s": seconds, "version": version, "parts": len(parts)}
    np.savez(target, grid=grid, counts=json.dumps(counts))


if __name__ == "__main__":
    main()
