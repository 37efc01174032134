"""What is searched: real Wuhan and Porto Alegre, and a perturbed lattice of a million junctions.

Real towns are read from ``../shared/data`` or the folder that GRIDTWIN_DATA names.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from benchmarks.towns import DATA
from gridtwin.network import Driver, Snapped, StreetNetwork, Walker, components, street_network
from gridtwin.network.network import Floats, Indices

WUHAN, PORTO_ALEGRE, LATTICE = "Wuhan", "Porto Alegre", "lattice of 1M"
SEED = 8_989
LATTICE_SIDE, SPACING_M, PERTURBED_M, DROPPED = 1_000, 60.0, 18.0, 0.12
CRS = 32650  # UTM zone 50N


def wuhan_streets() -> gpd.GeoDataFrame:
    """Return the streets of Wuhan's functional urban area; all of them count as walkable and two-way.

    The file holds drivable classes only and no one-way rules. Its lines run from its node u to v or the other way
    round, so that junctions are told by the places where lines end.
    """
    lines = gpd.read_parquet(DATA / "wuhan" / "wuhan_fua_8989_original.parquet")
    shapes = lines.geometry.to_numpy()
    ends = np.concatenate([shapely.get_coordinates(shapely.get_point(shapes, at)) for at in (0, -1)])
    junction = np.unique(np.round(ends, 2), axis=0, return_inverse=True)[1].ravel().astype(str)
    return gpd.GeoDataFrame(
        {
            "street_id": np.arange(len(lines)).astype(str),
            "from_junction_id": junction[: len(lines)],
            "to_junction_id": junction[len(lines) :],
            "highway": lines["highway"].astype(str),
            "walk": True,
            "drive": True,
        },
        geometry=lines.geometry.set_crs(CRS, allow_override=True),
    )


def lattice_streets(side: int = LATTICE_SIDE) -> gpd.GeoDataFrame:
    """Return a square lattice whose junctions are moved and of whose streets some are missing."""
    rng = np.random.default_rng(SEED)
    number = np.arange(side * side).reshape(side, side)
    at = np.argwhere(number >= 0) * SPACING_M + rng.uniform(-PERTURBED_M, PERTURBED_M, (side * side, 2))
    a = np.r_[number[:, :-1].ravel(), number[:-1].ravel()]
    b = np.r_[number[:, 1:].ravel(), number[1:].ravel()]
    kept = rng.random(len(a)) >= DROPPED
    a, b = a[kept], b[kept]
    lines = shapely.linestrings(np.stack([at[a], at[b]], axis=1))
    return gpd.GeoDataFrame({"from_junction_id": a, "to_junction_id": b, "walk": True}, geometry=lines, crs=CRS)


def porto_alegre() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return streets and junctions of central Porto Alegre, with slopes of the terrain."""
    from gridtwin.commands import COMMANDS
    from gridtwin.commands.spec import defaults_of
    from gridtwin.progress import silent
    from gridtwin.region import read_region

    source = DATA / "porto_alegre"
    build = next(command for command in COMMANDS if command.name == "build")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "region.gpkg"
        given = {"osm": str(source / "poa_osm.pbf"), "dem": str(source / "poa_elevation.tif"), "out": str(path)}
        build.runner()(defaults_of(build, {**given, "name": PORTO_ALEGRE}), silent)
        region = read_region(path)
        return region["streets"], region["junctions"]


def _walking(streets: gpd.GeoDataFrame, junctions: gpd.GeoDataFrame | None = None) -> StreetNetwork:
    return street_network(streets, junctions, profile=Walker())


@functools.cache
def network(name: str) -> StreetNetwork:
    """Return the walking network of an input."""
    return NETWORKS[name]()


NETWORKS: dict[str, Callable[[], StreetNetwork]] = {
    WUHAN: lambda: _walking(wuhan_streets()),
    PORTO_ALEGRE: lambda: _walking(*porto_alegre()),
    LATTICE: lambda: _walking(lattice_streets()),
}


@functools.cache
def wuhan_driving() -> StreetNetwork:
    """Return Wuhan for vehicles."""
    return street_network(wuhan_streets(), profile=Driver())


def some_junctions(network: StreetNetwork, count: int, *, seed: int = SEED) -> Indices:
    """Return junctions of the network's largest part, drawn evenly, none twice."""
    label, _ = components(network)
    rng = np.random.default_rng(seed)
    return rng.choice(np.flatnonzero(label == 0), count, replace=False).astype(np.int64)


def at_junctions(network: StreetNetwork, junctions: Indices) -> Snapped:
    """Return places exactly at junctions, so that peers which know no places along streets do the same work."""
    edge = np.empty(len(network.junction_id), np.int64)
    at_end = np.zeros(len(network.junction_id), bool)
    edge[network.end] = np.arange(len(network.end))
    at_end[network.end] = True
    edge[network.start] = np.arange(len(network.start))
    at_end[network.start] = False
    chosen = edge[junctions]
    offset_m = np.where(at_end[junctions], network.length_m[chosen], 0.0)
    return Snapped(chosen, offset_m, np.zeros(len(chosen)))


def problem(network: StreetNetwork, direction: str, **more: Any) -> dict[str, Any]:
    """Return the arrays that peers search, arcs in the direction of the search, with whatever else they need."""
    found = network.searched("seconds", direction)
    arrays = {"indptr": found.indptr, "head": found.head, "cost": found.cost, "x": network.x, "y": network.y}
    return arrays | {"speed_m_s": network.profile.leg_m_s} | more


def street_points(network: StreetNetwork, count: int, *, away_m: tuple[float, float], seed: int = SEED) -> Floats:
    """Return points along streets, by their length, at distances drawn evenly between two bounds, (points, 2)."""
    rng = np.random.default_rng(seed)
    edge = rng.choice(len(network.start), count, p=network.length_m / network.length_m.sum())
    return points_near(network, edge, away_m, rng)


def points_near(network: StreetNetwork, edge: Indices, away_m: tuple[float, float], rng: np.random.Generator) -> Floats:
    """Return a point near each of some edges, (points, 2)."""
    share = rng.random(len(edge))
    at = shapely.get_coordinates(shapely.line_interpolate_point(network.geometry[edge], share, normalized=True))
    angle, away = rng.uniform(0.0, 2.0 * np.pi, len(edge)), rng.uniform(*away_m, len(edge))
    return at + away[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
