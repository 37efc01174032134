"""A hundred thousand buildings on the streets of Wuhan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import shapely

from benchmarks.access.contest import Table, handed_over, peers_of, run_peer
from benchmarks.access.inputs import WUHAN, network, problem, street_points
from benchmarks.measure import timed
from gridtwin.network import snap
from gridtwin.network.network import Floats

BUILDINGS, AWAY_M = 100_000, (3.0, 60.0)


def snap_rows() -> dict[str, float]:
    """Print the table of snapping; return figures by name."""
    streets = network(WUHAN)
    points = street_points(streets, BUILDINGS, away_m=AWAY_M)
    places = shapely.points(points)
    # Without what other calls have made before, such as the index of the streets.
    found, seconds = timed(lambda: snap(replace(streets, shared={}), places, within_m=100.0))
    table = Table(f"{WUHAN}: {BUILDINGS:,} places onto {len(streets.start):,} streets", {"snap": "CPU s"})
    table.gridtwin(
        {"snap": seconds}, f"{found.found.mean():.1%} have a street", "with the index, street and place on it"
    )
    xy, of = shapely.get_coordinates(streets.geometry, return_index=True)
    more = {"points": points, "start": streets.start, "end": streets.end, "line_xy": xy, "line_of": of}
    with handed_over(problem(streets, "from", **more)) as path:
        for peer in peers_of("snap", len(streets.head)):
            table.peer(peer, run_peer("snap", peer, path), lambda theirs: _check(found.distance_m, theirs))
    return {"snap s": seconds, "snap osmnx": table.ratios.get("osmnx", {}).get("snap", float("nan"))}


def _check(own_m: Floats, theirs: Mapping[str, Any]) -> str:
    """Return how much farther a peer's streets are than ours."""
    more = theirs["distance_m"] - own_m
    if np.abs(more).max() < 1e-3:
        return "same distances"
    return f"median {np.median(more):.1f} m farther, 90th percentile {np.quantile(more, 0.9):.0f} m"
