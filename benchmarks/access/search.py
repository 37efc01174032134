"""Every junction within 15 minutes of a thousand facilities, and the nearest facilities of every junction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.access.contest import Table, handed_over, peers_of, run_peer
from benchmarks.access.inputs import LATTICE, PORTO_ALEGRE, WUHAN, at_junctions, network, problem, some_junctions
from benchmarks.measure import timed
from gridtwin.network import StreetNetwork, nearest, reach
from gridtwin.network.network import Floats, Indices

FACILITIES, WITHIN_S = 1_000, 900.0
NEAREST_OF = 500
COST_TOLERANCE_S = 1e-3


def reach_rows() -> dict[str, float]:
    """Print the tables of bounded searches; return figures by name."""
    figures: dict[str, float] = {}
    for name in (WUHAN, PORTO_ALEGRE, LATTICE):
        streets = network(name)
        sources = some_junctions(streets, FACILITIES)
        places = at_junctions(streets, sources)
        found, seconds = timed(lambda: reach(streets, places, limit=WITHIN_S, weight="seconds", direction="to"))  # noqa: B023
        title = f"{name}: who is within {WITHIN_S / 60:.0f} minutes' walk of {FACILITIES:,} facilities"
        table = Table(f"{title} ({_size(streets)})", {"reach": "CPU s", "prepare": "once, CPU s"})
        table.gridtwin({"reach": seconds}, f"{len(found.junction):,} labels")
        own = sources[found.source], found.junction, found.cost
        given = problem(streets, "to", sources=sources, limit_s=WITHIN_S)
        with handed_over(given) as path:
            for peer in peers_of("reach", len(streets.head)):
                ran = run_peer("reach", peer, path)
                table.peer(peer, ran, lambda theirs: label_check(own, theirs, len(streets.x)))  # noqa: B023
        figures[f"reach {name} s"] = seconds
        figures |= {f"reach {name} {peer}": ratio["reach"] for peer, ratio in table.ratios.items()}
    return figures


def nearest_rows() -> dict[str, float]:
    """Print the tables of nearest facilities; return figures by name."""
    figures: dict[str, float] = {}
    for name in (WUHAN, PORTO_ALEGRE, LATTICE):
        streets = network(name)
        sources = some_junctions(streets, NEAREST_OF)
        places = at_junctions(streets, sources)
        for k in (1, 3):
            found, seconds = timed(lambda: nearest(streets, places, None, k=k, direction="to"))  # noqa: B023
            title = f"{name}: the nearest {k} of {NEAREST_OF} facilities for every junction ({_size(streets)})"
            table = Table(title, {"nearest": "CPU s", "prepare": "once, CPU s"})
            reached = np.isfinite(found.cost[:, 0]).mean()
            table.gridtwin({"nearest": seconds}, f"{reached:.1%} of junctions reach one")
            with handed_over(problem(streets, "to", sources=sources, k=k)) as path:
                for peer in peers_of(f"nearest{k}", len(streets.head)):
                    ran = run_peer(f"nearest{k}", peer, path)
                    table.peer(peer, ran, lambda theirs: nearest_check(found.cost, theirs["cost"]))  # noqa: B023
            figures[f"nearest{k} {name} s"] = seconds
            figures |= {f"nearest{k} {name} {peer}": ratio["nearest"] for peer, ratio in table.ratios.items()}
    return figures


def label_check(own: tuple[Indices, Indices, Floats], theirs: Mapping[str, Any], junctions: int) -> str:
    """Return how a peer's labels differ from ours for the sources that it did."""
    source, junction, cost = own
    done = np.isin(source, theirs["source"])
    mine = source[done] * junctions + junction[done]
    other = theirs["source"] * junctions + theirs["junction"]
    differing = np.setxor1d(mine, other)
    if len(differing):
        return f"{len(differing):,} of {len(mine):,} labels differ"
    if np.isnan(theirs["cost"]).any():
        return "same labels"
    apart = np.abs(cost[done][np.argsort(mine)] - theirs["cost"][np.argsort(other)]).max(initial=0.0)
    return f"same labels, costs within {apart:.1g} s" if apart > COST_TOLERANCE_S else "same labels and costs"


def nearest_check(own: Floats, theirs: Floats) -> str:
    """Return how a peer's nearest costs differ from ours; what it did not look for is left out."""
    known = np.isfinite(theirs)
    apart = np.abs(own[known] - theirs[known])
    wrong = int((apart > 1.0).sum())
    lost = int((np.isfinite(own) & ~known).sum())
    said = f"{wrong:,} of {known.sum():,} differ" if wrong else f"same costs (within {apart.max(initial=0.0):.1g} s)"
    return said + (f", {lost:,} not found" if lost else "")


def _size(streets: StreetNetwork) -> str:
    return f"{len(streets.x):,} junctions, {len(streets.start):,} streets, {streets.length_m.sum() / 1e3:,.0f} km"
