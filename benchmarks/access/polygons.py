"""How many households service areas show wrongly, and what drawing them takes.

The truth is that of the network: a household goes to the nearest street, and is within the limit if the way along the
streets from there is, by which published methods are made; or if that way and the leg between house and street are, as
GridTwin's tables count. Every method is judged both ways, by the same households, facilities and network.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pyproj
import shapely
from shapely.ops import substring

from benchmarks.access.contest import Table, handed_over, peers_of, run_peer
from benchmarks.access.inputs import CRS, SEED, WUHAN, network, points_near, problem
from benchmarks.measure import timed
from gridtwin.network import Reach, Snapped, StreetNetwork, pairs, reach, snap
from gridtwin.network.network import Flags, Floats
from gridtwin.services.areas import ServiceAreas, service_areas
from gridtwin.services.cells import StreetCells, street_cells

FACILITIES, HOUSEHOLDS, AWAY_M = 30, 4_000, (3.0, 60.0)
LIMITS_M = (400.0, 1_200.0)
DENSER, DENSITY_CELL_M = 0.4, 1_000.0
AROUND = 1.3  # households live within this times the limit, as the crow flies
STEPS_M = (25.0, 10.0)


@dataclass(frozen=True)
class Case:
    """Facilities and the households around each, (facilities, households) but for the facilities themselves."""

    streets: StreetNetwork
    limit_m: float
    facilities: Snapped
    places: Floats
    homes: Floats
    covered: Flags
    covered_with_legs: Flags
    found: Reach


def make_case(streets: StreetNetwork, limit_m: float) -> Case:
    """Return facilities on streets of the denser parts, with households near streets around them."""
    rng = np.random.default_rng(SEED)
    middle = shapely.get_coordinates(shapely.line_interpolate_point(streets.geometry, 0.5, normalized=True))
    cell = np.unique((middle // DENSITY_CELL_M).astype(np.int64), axis=0, return_inverse=True)[1].ravel()
    density = np.bincount(cell, streets.length_m)[cell]
    order = np.argsort(-density, kind="stable")
    dense = order[: np.searchsorted(np.cumsum(streets.length_m[order]), DENSER * streets.length_m.sum())]
    edge = rng.choice(dense, FACILITIES, replace=False, p=streets.length_m[dense] / streets.length_m[dense].sum())
    offset_m = rng.random(FACILITIES) * streets.length_m[edge]
    facilities = Snapped(edge.astype(np.int64), offset_m, np.zeros(FACILITIES))
    places = shapely.line_interpolate_point(streets.geometry[edge], offset_m / streets.length_m[edge], normalized=True)
    homes = np.empty((FACILITIES, HOUSEHOLDS, 2))
    for number, place in enumerate(places):
        near = streets.tree.query(place, predicate="dwithin", distance=AROUND * limit_m)
        chosen = rng.choice(near, HOUSEHOLDS, p=streets.length_m[near] / streets.length_m[near].sum())
        homes[number] = points_near(streets, chosen, AWAY_M, rng)
    snapped = snap(streets, shapely.points(homes.reshape(-1, 2)), within_m=2 * AWAY_M[1])
    on_street = replace(snapped, distance_m=np.zeros(len(snapped.edge)))
    return Case(
        streets,
        limit_m,
        facilities,
        shapely.get_coordinates(places),
        homes,
        _covered(streets, facilities, on_street, limit_m),
        _covered(streets, facilities, snapped, limit_m),
        reach(streets, facilities, limit=limit_m, weight="length_m"),
    )


def _covered(streets: StreetNetwork, facilities: Snapped, homes: Snapped, limit_m: float) -> Flags:
    """Return which of its households each facility covers, (facilities, households)."""
    table = pairs(streets, facilities, homes, limit=limit_m, weight="length_m", direction="from")
    own = table.place // HOUSEHOLDS == table.source
    covered = np.zeros(FACILITIES * HOUSEHOLDS, bool)
    covered[table.place[own]] = True
    return covered.reshape(FACILITIES, HOUSEHOLDS)


def pieces(case: Case) -> dict[str, Any]:
    """Return the pieces of streets within the limit of each facility, as flat arrays, and the junctions."""
    streets, limit = case.streets, case.limit_m
    lines: list[Any] = []
    whole: list[bool] = []
    ptr = [0]
    for number in range(FACILITIES):
        left = np.full(len(streets.x), -np.inf)
        rows = slice(case.found.ptr[number], case.found.ptr[number + 1])
        left[case.found.junction[rows]] = limit - case.found.cost[rows]
        for edge in np.flatnonzero((left[streets.start] > 0) | (left[streets.end] > 0)):
            length, line = streets.length_m[edge], streets.geometry[edge]
            a, b = (max(float(left[ends[edge]]), 0.0) for ends in (streets.start, streets.end))
            if a + b >= length:
                lines.append(line)
                whole.append(bool(np.isfinite(left[streets.start[edge]]) and np.isfinite(left[streets.end[edge]])))
                continue
            parts = [substring(line, 0.0, a / length, normalized=True)] if a > 0 else []
            parts += [substring(line, 1.0 - b / length, 1.0, normalized=True)] if b > 0 else []
            lines += parts
            whole += [False] * len(parts)
        edge, at = case.facilities.edge[number], case.facilities.offset_m[number]
        line = streets.geometry[edge]
        lines.append(substring(line, max(at - limit, 0.0), min(at + limit, line.length)))
        whole.append(False)
        ptr.append(len(lines))
    xy, of = shapely.get_coordinates(lines, return_index=True)
    junction_xy = np.column_stack([streets.x, streets.y])[case.found.junction]
    return {
        "piece_xy": xy,
        "piece_xy_ptr": np.searchsorted(of, np.arange(len(lines) + 1)),
        "piece_ptr": np.array(ptr),
        "piece_whole": np.array(whole),
        "junction_xy": junction_xy,
        "junction_ptr": case.found.ptr,
        "places": case.places,
        "limit_m": limit,
    }


def wrong(case: Case, shapes: Any, covered: Flags) -> tuple[float, float]:
    """Return the households wrongly in and wrongly out, as shares of those truly covered; of the areas there are."""
    inside = np.array(
        [shapely.contains_xy(shape, *case.homes[number].T) for number, shape in enumerate(shapes)], dtype=bool
    )
    truth = covered[: len(inside)]
    return float((inside & ~truth).sum() / truth.sum()), float((~inside & truth).sum() / truth.sum())


def polygon_rows() -> dict[str, float]:
    """Print the tables of service areas; return figures by name."""
    figures: dict[str, float] = {}
    streets = network(WUHAN)
    made = {}
    for step_m in STEPS_M:
        made[step_m], seconds = timed(lambda: street_cells(streets, step_m=step_m))  # noqa: B023
        print(
            f"\ncells of {step_m:g} m for {streets.length_m.sum() / 1e3:,.0f} km of streets: {seconds:.2f} CPU s once"
        )
        figures[f"cells {step_m:g} s"] = seconds
    for limit_m in LIMITS_M:
        case = make_case(streets, limit_m)
        _drawn(case, made[STEPS_M[0]])  # compiles
        title = f"{WUHAN}: {FACILITIES} areas of {limit_m:,.0f} m, {HOUSEHOLDS:,} households around each"
        table = Table(title, {"draw": "ms an area"})
        for step_m, cells in made.items():
            areas, seconds = timed(partial(_drawn, case, cells))
            name = f"areas {step_m:g} {limit_m:g}"
            figures[f"{name} ms"] = 1e3 * seconds / FACILITIES
            said = _judged(case, name, areas.geometry, figures)
            title = f"GridTwin, cells of {step_m:g} m"
            table.gridtwin({"draw": figures[f"{name} ms"]}, said, "with the search", title)
        with handed_over(problem(streets, "from", **pieces(case), **_lonlat(case))) as path:
            for peer in peers_of("polygons", len(streets.head)):
                ran = run_peer("polygons", peer, path)
                table.peer(peer, ran, _judge(case, f"{peer} {limit_m:g}", figures))
    return figures


def _drawn(case: Case, cells: StreetCells) -> ServiceAreas:
    """Return the areas of all facilities, the search included."""
    return service_areas(
        case.streets, case.facilities, cells=cells, limits=(case.limit_m,), weight="length_m", direction="from"
    )


def _judged(case: Case, name: str, shapes: Any, figures: dict[str, float]) -> str:
    """Return what the table says of areas, and keep the figures: wrong households without and with legs."""
    said = []
    for title, key, covered in (("", "", case.covered), ("with legs ", " legs", case.covered_with_legs)):
        share_in, share_out = wrong(case, shapes, covered)
        figures[f"{name}{key} in"], figures[f"{name}{key} out"] = share_in, share_out
        said.append(f"{title}{share_in:.1%} in, {share_out:.1%} out")
    return "; ".join(said)


def _judge(case: Case, name: str, figures: dict[str, float]) -> Callable[[Mapping[str, Any]], str]:
    """Return a judge of a peer's areas that also keeps the figures."""

    def result(found: Mapping[str, Any]) -> str:
        ptr = found["wkb_ptr"]
        whole = found["wkb"].tobytes()
        shapes = shapely.from_wkb([whole[a:b] for a, b in itertools.pairwise(ptr)])
        if "lonlat" in found:
            back = pyproj.Transformer.from_crs(4326, CRS, always_xy=True)
            shapes = shapely.transform(shapes, lambda xy: np.column_stack(back.transform(*xy.T)))
        return _judged(case, name, shapes, figures)

    return result


def _lonlat(case: Case) -> dict[str, Any]:
    """Return the streets and facilities in degrees, as Valhalla wants them."""
    to = pyproj.Transformer.from_crs(CRS, 4326, always_xy=True)
    xy, of = shapely.get_coordinates(case.streets.geometry, return_index=True)
    lonlat = np.column_stack(to.transform(*xy.T))
    return {
        "start": case.streets.start,
        "end": case.streets.end,
        "line_lonlat": lonlat,
        "line_of": of,
        "places_lonlat": np.column_stack(to.transform(*case.places.T)),
    }
