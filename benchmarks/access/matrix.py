"""Five hundred by two thousand journeys and single routes by car in Wuhan, before and after closures."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.access.contest import Table, handed_over, peers_of, run_peer
from benchmarks.access.inputs import SEED, at_junctions, problem, some_junctions, wuhan_driving
from benchmarks.access.matrix_peers import MS, ROUTES
from benchmarks.measure import timed
from gridtwin.network import Snapped, StreetNetwork
from gridtwin.network.matrix import matrix
from gridtwin.network.network import Floats, Indices
from gridtwin.network.route import route

ORIGINS, DESTINATIONS = 500, 2_000
CHECKED = 50  # origins
CHANGED, SLOWER = 0.05, 4.0
COLUMNS = {
    "matrix": "matrix, CPU s",
    "route": "route, ms",
    "again": "after closures: matrix, CPU s",
    "route after": "then a route, ms",
    "prepare": "once, CPU s",
}


def changed_edges(streets: StreetNetwork, ends: Snapped) -> tuple[Indices, Indices]:
    """Return the edges that are closed and those that are slowed: 5 % of all together, half of them each.

    The streets of the places themselves stay open: ours would be cut off there, those of peers are at junctions.
    """
    some = np.random.default_rng(SEED).permutation(len(streets.start))
    some = some[~np.isin(some, ends.edge)][: int(CHANGED * len(streets.start))]
    return some[::2], some[1::2]


def matrix_rows() -> dict[str, float]:
    """Print the table of matrices and routes; return figures by name."""
    streets = wuhan_driving()
    ends = some_junctions(streets, ORIGINS + DESTINATIONS)
    origins, destinations = ends[:ORIGINS], ends[ORIGINS:]
    closed, slowed = changed_edges(streets, at_junctions(streets, ends))
    own, cpu_s = _measure(streets, origins, destinations, closed, slowed)
    table = Table(f"Wuhan by car: {ORIGINS} × {DESTINATIONS:,} journeys; 5 % of the streets closed or slowed", COLUMNS)
    unreachable = int(np.isinf(own["matrix after"]).sum())
    table.gridtwin(cpu_s, f"{unreachable:,} journeys impossible after", "routes with their lines")
    changed = streets.with_closed(closed).with_slower(slowed, SLOWER)
    given = problem(streets, "from", origins=origins, destinations=destinations)
    with handed_over(given | {"changed_cost": changed.arc_cost("seconds")}) as path:
        for peer in peers_of("matrix", len(streets.head)):
            table.peer(peer, run_peer("matrix", peer, path), lambda theirs: _check(own, theirs))
    figures = {f"matrix {step} s": value for step, value in cpu_s.items() if not step.startswith("route")}
    figures |= {f"matrix {peer}": ratio["again"] for peer, ratio in table.ratios.items()}
    figures["matrix error ms"] = _error_ms(streets, origins[:CHECKED], destinations, own["matrix"][:CHECKED])
    print(
        f"\nours and Dijkstra's method, {CHECKED} origins: at most {figures['matrix error ms']:.2f} ms a street apart"
    )
    figures["closure to route ms"] = _closure_ms(streets, origins, destinations)
    print(f"closing one street on a route, to the new route with its line: {figures['closure to route ms']:.2f} ms")
    return figures


def _measure(
    streets: StreetNetwork, origins: Indices, destinations: Indices, closed: Indices, slowed: Indices
) -> tuple[dict[str, Floats], dict[str, float]]:
    """Return our matrices and seconds by step; the first matrix includes what is needed once."""
    a, b = at_junctions(streets, origins), at_junctions(streets, destinations)
    found, cpu_s = {}, {}
    fresh = replace(streets, shared={})
    start = time.process_time()
    matrix(fresh, a, b, engine="hierarchy")
    once = time.process_time() - start
    found["matrix"], cpu_s["matrix"] = timed(lambda: matrix(fresh, a, b))
    cpu_s["prepare"] = once - cpu_s["matrix"]
    cpu_s["route"] = _routes_ms(fresh, origins, destinations)
    # A new network each time, so that its costs are put in anew each time.
    again = timed(lambda: matrix(fresh.with_closed(closed).with_slower(slowed, SLOWER), a, b))
    found["matrix after"], cpu_s["again"] = again
    after = fresh.with_closed(closed).with_slower(slowed, SLOWER)
    cpu_s["route after"] = _routes_ms(after, origins, destinations)
    return found, cpu_s


def _routes_ms(streets: StreetNetwork, origins: Indices, destinations: Indices) -> float:
    """Return the median milliseconds of a route with its line; the first is not counted."""
    seconds = []
    for a, b in zip(origins[: ROUTES + 1], destinations, strict=False):
        ends = at_junctions(streets, np.array([a])), at_junctions(streets, np.array([b]))
        start = time.perf_counter()
        route(streets, *ends).line(streets)
        seconds.append(time.perf_counter() - start)
    return MS * statistics.median(seconds[1:])


def _closure_ms(streets: StreetNetwork, origins: Indices, destinations: Indices) -> float:
    """Return the median milliseconds from a closure in the middle of a route to the way around it."""
    seconds = []
    for a, b in zip(origins[: ROUTES + 1], destinations, strict=False):
        ends = at_junctions(streets, np.array([a])), at_junctions(streets, np.array([b]))
        way = route(streets, *ends, engine="hierarchy")
        edge = way.edge[[len(way.edge) // 2]]
        start = time.perf_counter()
        closed = streets.with_closed(edge)
        route(closed, *ends, engine="hierarchy").line(closed)
        seconds.append(time.perf_counter() - start)
    return MS * statistics.median(seconds[1:])


def _error_ms(streets: StreetNetwork, origins: Indices, destinations: Indices, own: Floats) -> float:
    """Return the difference from Dijkstra's method on the journey where it is greatest, milliseconds a street."""
    a, b = at_junctions(streets, origins), at_junctions(streets, destinations)
    exact = matrix(streets, a, b, engine="dijkstra")
    if not (np.isfinite(exact) == np.isfinite(own)).all():
        return float("inf")
    apart = np.where(np.isfinite(exact), np.abs(exact - own), 0.0)
    i, j = np.unravel_index(apart.argmax(), apart.shape)
    return float(MS * apart[i, j] / len(route(streets, a.take([i]), b.take([j])).edge))


def _check(own: Mapping[str, Floats], theirs: Mapping[str, Any]) -> str:
    """Return how a peer's matrices differ from ours, as far as it got."""
    said = []
    for step in ("matrix", "matrix after"):
        other = theirs[step]
        mine = own[step][: len(other)]
        known = np.isfinite(mine) & np.isfinite(other)
        if wrong := int((np.isfinite(mine) != np.isfinite(other)).sum()):
            said.append(f"{wrong:,} journeys possible in one only")
        said.append(f"{1e3 * np.abs(mine[known] - other[known]).max(initial=0.0):.0f} ms apart")
    return " / ".join(said)
