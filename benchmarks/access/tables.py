"""Floating catchment areas and siting, computed from tables of walks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely

from benchmarks.access.contest import Table, handed_over, peers_of, run_peer
from benchmarks.access.inputs import SEED, WUHAN, at_junctions, network, some_junctions, street_points
from benchmarks.measure import timed
from gridtwin.network import pairs, snap
from gridtwin.network.network import Floats
from gridtwin.services.accessibility import BAND_WEIGHTS, Decay, two_step
from gridtwin.services.siting import site_most
from gridtwin.services.siting_table import SitingProblem

HOMES, FACILITIES, LIMIT_S = 100_000, 1_000, 900.0

SITING_LIMIT, CIRCUITY, TOWN_M = 800.0, 1.3, 6_000.0
# Homes, sites, sites to choose, whether it is the p-median; the last are too large for spopt.
CASES = (
    (500, 50, 8, False),
    (5_000, 200, 15, False),
    (20_000, 500, 30, False),
    (50_000, 800, 40, False),
    (500, 50, 8, True),
    (2_000, 100, 12, True),
)
METHODS = ("auto", "fast")
MOST_FOR_PEERS = 1_000_000  # costs


def catchment_rows() -> dict[str, float]:
    """Print the table of 2SFCA and E2SFCA; return figures by name."""
    rng = np.random.default_rng(SEED)
    streets = network(WUHAN)
    homes = snap(streets, shapely.points(street_points(streets, HOMES, away_m=(3.0, 60.0))), within_m=100.0)
    facilities = at_junctions(streets, some_junctions(streets, FACILITIES))
    walks = pairs(streets, facilities, homes, limit=LIMIT_S)
    people = rng.integers(1, 12, HOMES).astype(np.float64)
    capacity = rng.integers(20, 400, FACILITIES).astype(np.float64)
    decays = {"2sfca": Decay.binary(LIMIT_S), "e2sfca": Decay.banded(LIMIT_S)}
    found, cpu_s = {}, {}
    for step, decay in decays.items():
        found[step], cpu_s[step] = timed(lambda: two_step(walks, people, capacity, decay))  # noqa: B023
    title = f"{WUHAN}: capacity a person of {HOMES:,} homes, {FACILITIES:,} facilities, {len(walks.place):,} walks"
    table = Table(title, {"2sfca": "2SFCA, CPU s", "e2sfca": "E2SFCA, CPU s", "prepare": "once, CPU s"})
    table.gridtwin(cpu_s)
    given = {
        "people": people,
        "capacity": capacity,
        "home": walks.place,
        "facility": walks.source,
        "walk_s": walks.cost,
        "limit_s": LIMIT_S,
        "bounds_s": np.array(decays["e2sfca"].bounds),
        "weights": np.array(BAND_WEIGHTS),
    }
    with handed_over(given) as path:
        for peer in peers_of("catchments", 0):
            table.peer(peer, run_peer("catchments", peer, path), lambda theirs: _check(found, theirs))
    return {f"catchments {peer}": ratio["e2sfca"] for peer, ratio in table.ratios.items()}


def _check(own: Mapping[str, Floats], theirs: Mapping[str, Any]) -> str:
    said = []
    for step, values in own.items():
        apart = np.abs(values - theirs[step]).max() / np.abs(values).max()
        said.append("same" if apart < 1e-9 else f"{apart:.1g} apart")
    return " / ".join(said)


def siting_rows() -> dict[str, float]:
    """Print the tables of siting; return figures by name."""
    figures: dict[str, float] = {}
    for median in (False, True):  # compiles everything
        for method in METHODS:
            site_most(random_town(50, 10, median=median)[2], 2, method=method)
    for homes, sites, count, median in CASES:
        costs, people, problem = random_town(homes, sites, median=median)
        name = f"{'p-median' if median else 'MCLP'} {homes:,} × {sites}"
        table = Table(f"{name}, {count} sites", {"whole": "CPU s", "build": "model, CPU s"})
        for method in METHODS:
            chosen, seconds = timed(lambda: site_most(problem, count, method=method))  # noqa: B023
            # The p-median is worth the walking saved below the limit for all: what is left is the objective of peers.
            worth = problem.limit * problem.total - chosen.worth if median else chosen.worth
            said = f"{worth:,.0f}, " + ("proved best" if chosen.proved else f"at most {chosen.gap:.2%} from the best")
            table.gridtwin({"whole": seconds}, said, title=f"GridTwin, {method}")
            figures |= {f"siting {name} {method} s": seconds, f"siting {name} {method} gap": chosen.gap}
        if homes * sites > MOST_FOR_PEERS:
            continue
        given = {"costs": costs, "people": people, "count": count, "limit": problem.limit, "median": median}
        with handed_over(given) as path:
            for peer in peers_of("siting", 0):
                ran = run_peer("siting", peer, path, budget_s=60.0)
                table.peer(peer, ran, lambda theirs: f"{float(theirs['worth']):,.0f}")
        figures |= {f"siting {name} {peer}": ratio["whole"] for peer, ratio in table.ratios.items()}
    return figures


def random_town(homes: int, sites: int, *, median: bool) -> tuple[Floats, Floats, SitingProblem]:
    """Return walks between random homes and sites of a square town, people, and the problem of siting."""
    rng = np.random.default_rng(0)
    at, site = rng.uniform(0.0, TOWN_M, (homes, 2)), rng.uniform(0.0, TOWN_M, (sites, 2))
    costs = np.hypot(*(at[:, None] - site[None]).transpose(2, 0, 1)) * CIRCUITY
    people = rng.integers(20, 120, homes).astype(np.float64)
    limit = float(costs.max()) if median else SITING_LIMIT
    by_site = costs.T
    near = by_site <= limit
    number, home = np.nonzero(near)
    ptr = np.searchsorted(number, np.arange(sites + 1))
    objective = "distance" if median else "coverage"
    return costs, people, SitingProblem(ptr, home, by_site[near], people, limit, objective)
