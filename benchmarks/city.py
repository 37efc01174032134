"""A generated Chinese-style city of any size, for benchmarks and tests that need no download.

Arterial streets enclose superblocks (the communities), residential streets divide these into blocks, and
each block is built up in one manner: villas, a village in the city, slabs, towers, a mixture, or no
dwellings. A river crosses the city; only arterial streets bridge it. Nothing here is a real place: codes and
counts are made up.

``python -m benchmarks.city 100000 city.gpkg`` writes one as a GeoPackage.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridtwin.schemas import conform

CRS = 32650  # UTM zone 50N
DISTRICT = "110108"

MIN_HOUSEHOLDS = 2_000
HOUSEHOLDS_PER_CELL = 360  # measured over the kinds of blocks below
CELL_M = 200.0
CELLS_EAST, CELLS_NORTH = 3, 2  # cells in an arterial superblock
SUPERBLOCKS_PER_SUBDISTRICT = 3  # in each direction

RESIDENTIAL_SHARE = 0.82  # of the possible residential streets
SETBACK_M = 12.0  # from building to street axis and river bank
RIVER_FROM_HOUSEHOLDS = 5_000  # smaller cities have no river
RIVER_HALF_WIDTH_M = 35.0
RIVER_CELLS_A_COLUMN = 0.6  # measured: what the river and its banks take from a column of cells
RIVER_CLEARANCE_M = 25.0  # from a junction to the bank

COMMUNITY_MIN_HOUSEHOLDS = 300  # smaller ones join a neighbour
COMPOUNDS_FROM_HOUSEHOLDS = 500  # a smaller block is one compound
COMPOUNDS, COMPOUND_SHARES = (1, 2, 3), (0.5, 0.3, 0.2)
GIANT_SHARE = 0.03  # of the tower and mixed blocks have one giant apartment building
GIANT_HOUSEHOLDS = (380, 760)
PERSONS_PER_HOUSEHOLD = 2.62  # China, census of 2020

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Kind:
    """One manner of building up a block: footprint, spacing and storeys."""

    share: float
    width_m: float
    depth_m: float
    pitch_x_m: float
    pitch_y_m: float
    levels: tuple[int, int]
    use: str


KINDS = {
    "villa": Kind(0.05, 12, 12, 28, 30, (2, 4), "detached"),
    "village": Kind(0.10, 10, 12, 17, 19, (2, 6), "house"),
    "slab": Kind(0.28, 58, 12, 72, 30, (5, 8), "apartments"),
    "tower": Kind(0.20, 32, 22, 66, 60, (18, 34), "apartments"),
    "mixed": Kind(0.10, 24, 14, 50, 45, (3, 9), "apartments"),
    "none": Kind(0.27, 50, 30, 85, 70, (2, 13), "commercial"),
}
KIND_NAMES = tuple(KINDS)
MIXED_BUILT_SHARE = 0.7  # of the places in a mixed block


def generate_city(households: int, *, seed: int = 1) -> dict[str, gpd.GeoDataFrame]:
    """Generate a city of about ``households`` households.

    Parameters
    ----------
    households
        Wanted number of households, at least 2,000; large cities come within a few per cent of it.
    seed
        The same seed gives the same city.

    Returns
    -------
    dict
        Layers ``communities``, ``buildings``, ``streets``, ``junctions`` and ``barriers`` in EPSG:32650.

    Raises
    ------
    ValueError
        Fewer than 2,000 households are asked for.
    """
    if households < MIN_HOUSEHOLDS:
        raise ValueError(f"{households} households are too few for a city; ask for at least {MIN_HOUSEHOLDS}")
    rng = np.random.default_rng(seed)
    corners = _corners(households, rng)
    banks = _banks(corners) if households >= RIVER_FROM_HOUSEHOLDS else None
    if banks is not None:
        corners = _clear_of_river(corners, banks)
    ends, arterial = _streets(corners, rng)
    bridge = np.zeros(len(ends), bool)
    if banks is not None:
        ends, arterial, bridge, banks = _cross_river(ends, arterial, banks)
    river = None if banks is None else _river(banks)
    blocks = _blocks(ends[~bridge], corners, river)
    buildings = _buildings(blocks, ends, rng)
    block_households = np.bincount(buildings["block"], buildings["households"], len(blocks)).astype(np.int64)
    superblock = _superblock(blocks, corners)
    community = _communities(blocks, superblock, block_households)
    communities, codes = _community_layer(blocks, community, superblock, _superblock_rows(corners))
    streets, junctions = _street_layers(ends, arterial, bridge)
    return {
        "communities": communities,
        "buildings": _building_layer(buildings, codes[community], rng),
        "streets": streets,
        "junctions": junctions,
        "barriers": _barrier_layer(river),
    }


def _corners(households: int, rng: np.random.Generator) -> Array:
    """Return the perturbed street corners, shaped (columns + 1, rows + 1, 2)."""
    cells = households / HOUSEHOLDS_PER_CELL
    if households >= RIVER_FROM_HOUSEHOLDS:
        cells += RIVER_CELLS_A_COLUMN * np.sqrt(cells)
    columns = CELLS_EAST * max(1, round(np.sqrt(cells) / CELLS_EAST))
    rows = CELLS_NORTH * max(1, round(cells / columns / CELLS_NORTH))
    i, j = np.meshgrid(np.arange(columns + 1), np.arange(rows + 1), indexing="ij")
    x = i * CELL_M + 40 * np.sin(j * 0.7 + 1) + 25 * np.sin(i * 0.9 + j * 0.31)
    y = j * CELL_M + 40 * np.sin(i * 0.6) + 25 * np.cos(i * 0.25 + j * 0.8)
    return np.stack([x, y], axis=-1) + rng.normal(0, 14, (*x.shape, 2))


def _banks(corners: Array) -> tuple[Array, Array]:
    """Return the river's southern and northern bank, each with x rising."""
    width = (len(corners) - 1) * CELL_M
    height = (corners.shape[1] - 1) * CELL_M
    x = np.linspace(-300, width + 300, 200)
    middle = height * (0.47 + 0.12 * np.sin(x / width * 4.2))
    return (
        np.column_stack([x, middle - RIVER_HALF_WIDTH_M]),
        np.column_stack([x, middle + RIVER_HALF_WIDTH_M]),
    )


def _clear_of_river(corners: Array, banks: tuple[Array, Array]) -> Array:
    """Move the corners in or near the water onto the nearer bank, clear of it."""
    south, north = (np.interp(corners[..., 0], *bank.T) for bank in banks)
    low, high = south - RIVER_CLEARANCE_M, north + RIVER_CLEARANCE_M
    y = corners[..., 1]
    wet = (y > low) & (y < high)
    moved = np.where(wet, np.where(y < (low + high) / 2, low, high), y)
    return np.stack([corners[..., 0], moved], axis=-1)


def _streets(corners: Array, rng: np.random.Generator) -> tuple[Array, NDArray[np.bool_]]:
    """Return the two ends of every street, and which streets are arterial."""
    east = np.stack([corners[:-1], corners[1:]], axis=2)
    north = np.stack([corners[:, :-1], corners[:, 1:]], axis=2)
    arterial_east = np.broadcast_to(np.arange(east.shape[1]) % CELLS_NORTH == 0, east.shape[:2])
    arterial_north = np.broadcast_to((np.arange(north.shape[0]) % CELLS_EAST == 0)[:, np.newaxis], north.shape[:2])
    ends = np.concatenate([east.reshape(-1, 2, 2), north.reshape(-1, 2, 2)])
    arterial = np.concatenate([arterial_east.ravel(), arterial_north.ravel()])
    keep = arterial | (rng.random(len(ends)) < RESIDENTIAL_SHARE)
    return ends[keep], arterial[keep]


def _cross_river(
    ends: Array, arterial: NDArray[np.bool_], banks: tuple[Array, Array]
) -> tuple[Array, NDArray[np.bool_], NDArray[np.bool_], tuple[Array, Array]]:
    """Cut the streets at the banks; arterial pieces over water become bridges, the others go.

    The cuts become vertices of the banks, so that streets and river meet exactly.
    """
    lines = shapely.linestrings(ends)
    cuts = [
        shapely.get_coordinates(shapely.intersection(lines, shapely.linestrings(bank)), return_index=True)
        for bank in banks
    ]
    points = [coords for coords, _ in cuts]
    street = np.concatenate([np.arange(len(ends)), *(index for _, index in cuts), np.arange(len(ends))])
    stops = np.concatenate([ends[:, 0], *points, ends[:, 1]])
    along = np.hypot(*(stops - ends[street, 0]).T)
    order = np.lexsort([along, street])
    street, stops = street[order], stops[order]
    same = street[1:] == street[:-1]
    pieces = np.stack([stops[:-1], stops[1:]], axis=1)[same]
    arterial = arterial[street[:-1][same]]
    middle = pieces.mean(axis=1)
    south, north = (np.interp(middle[:, 0], *bank.T) for bank in banks)
    wet = (middle[:, 1] > south) & (middle[:, 1] < north)
    keep = arterial | ~wet
    noded = [_by_x(np.concatenate([bank, extra])) for bank, extra in zip(banks, points, strict=True)]
    return pieces[keep], arterial[keep], wet[keep], (noded[0], noded[1])


def _by_x(points: Array) -> Array:
    return points[np.argsort(points[:, 0], kind="stable")]


def _river(banks: tuple[Array, Array]) -> shapely.Polygon:
    return shapely.polygons(np.concatenate([banks[0], banks[1][::-1]]))


def _outline(corners: Array) -> shapely.Polygon:
    """Return the polygon around all ``corners``."""
    ring = [corners[:, 0], corners[-1, 1:], corners[-2::-1, -1], corners[0, -2::-1]]
    return shapely.polygons(np.concatenate(ring))


def _blocks(ends: Array, corners: Array, river: shapely.Polygon | None) -> NDArray[np.object_]:
    """Return the faces of land between streets on the ground and banks, in a stable order."""
    lines = list(shapely.linestrings(ends))
    if river is not None:
        lines.append(river.boundary)
    noded = shapely.node(shapely.geometrycollections(lines))
    faces = shapely.get_parts(shapely.polygonize([noded]))
    inside = shapely.point_on_surface(faces)
    land = shapely.contains(_outline(corners), inside)
    if river is not None:
        land &= ~shapely.contains(river, inside)
    faces, inside = faces[land], shapely.get_coordinates(inside[land])
    return faces[np.lexsort(inside.T)]


def _superblock_rows(corners: Array) -> int:
    return (corners.shape[1] - 1) // CELLS_NORTH


def _superblock(blocks: NDArray[np.object_], corners: Array) -> Indices:
    """Return the number of the arterial superblock of every block (column by column)."""
    arterial = [
        _outline(corners[i : i + CELLS_EAST + 1, j : j + CELLS_NORTH + 1])
        for i in range(0, corners.shape[0] - 1, CELLS_EAST)
        for j in range(0, corners.shape[1] - 1, CELLS_NORTH)
    ]
    block, found = shapely.STRtree(arterial).query(shapely.point_on_surface(blocks), predicate="within")
    out = np.empty(len(blocks), np.int64)
    out[block] = found
    return out


def _borders(blocks: NDArray[np.object_]) -> tuple[Indices, Indices, Array]:
    """Return the pairs of blocks that share an edge, and the length of that edge in metres."""
    coords, ring = shapely.get_coordinates(shapely.get_exterior_ring(blocks), return_index=True)
    same = ring[1:] == ring[:-1]
    first, second, block = coords[:-1][same], coords[1:][same], ring[:-1][same]
    swap = (first[:, 0] > second[:, 0]) | ((first[:, 0] == second[:, 0]) & (first[:, 1] > second[:, 1]))
    edges = np.where(swap[:, np.newaxis], np.hstack([second, first]), np.hstack([first, second]))
    order = np.lexsort([block, *edges.T])
    edges, block = edges[order], block[order]
    twin = (edges[1:] == edges[:-1]).all(axis=1)
    length = np.hypot(edges[:, 2] - edges[:, 0], edges[:, 3] - edges[:, 1])
    return block[:-1][twin], block[1:][twin], length[:-1][twin]


def _communities(blocks: NDArray[np.object_], superblock: Indices, households: Indices) -> Indices:
    """Return the community of every block: a superblock on one side of the river, small ones merged."""
    a, b, length = _borders(blocks)
    within = superblock[a] == superblock[b]
    graph = coo_array((np.ones(within.sum()), (a[within], b[within])), shape=(len(blocks),) * 2)
    label = connected_components(graph, directed=False)[1].astype(np.int64)
    total = dict(enumerate(np.bincount(label, households).astype(np.int64).tolist()))
    borders: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for one, other, metres in zip(label[a].tolist(), label[b].tolist(), length.tolist(), strict=True):
        if one != other:
            borders[one][other] += metres
            borders[other][one] += metres
    into = _merge_small(total, borders)
    return np.unique(into[label], return_inverse=True)[1]


def _merge_small(total: dict[int, int], borders: dict[int, dict[int, float]]) -> Indices:
    """Merge what is too small with the neighbour of the longest common border; return label -> label."""
    into = np.arange(len(total))
    small = sorted((c for c in total if total[c] < COMMUNITY_MIN_HOUSEHOLDS), key=lambda c: (total[c], c))
    for community in small:
        near = borders[community]
        if not near or total[community] >= COMMUNITY_MIN_HOUSEHOLDS:
            continue
        taker = max(near, key=lambda c: (near[c], -c))
        into[into == community] = taker
        total[taker] += total[community]
        del borders[taker][community], near[taker]
        for other, metres in near.items():
            del borders[other][community]
            borders[other][taker] += metres
            borders[taker][other] += metres
    return into


def _community_layer(
    blocks: NDArray[np.object_], community: Indices, superblock: Indices, rows: int
) -> tuple[gpd.GeoDataFrame, NDArray[np.object_]]:
    """Return the communities with their codes, numbered by subdistrict, west to east and north to south."""
    shapes = gpd.GeoSeries(blocks, crs=CRS).groupby(community).agg(_union)
    first = superblock[np.unique(community, return_index=True)[1]]
    east, north = first // rows, first % rows
    groups = -(-rows // SUPERBLOCKS_PER_SUBDISTRICT)
    group = east // SUPERBLOCKS_PER_SUBDISTRICT * groups - north // SUPERBLOCKS_PER_SUBDISTRICT
    subdistrict = np.unique(group, return_inverse=True)[1] + 1
    order = np.lexsort([-north, east, subdistrict])
    serial = np.empty(len(order), np.int64)
    serial[order] = pd.Series(subdistrict[order]).groupby(subdistrict[order]).cumcount() + 1
    streets = np.array([f"{DISTRICT}{number:03d}" for number in subdistrict], object)
    codes = np.array([f"{s}{n:03d}" for s, n in zip(streets, serial, strict=True)], object)
    frame = gpd.GeoDataFrame(
        {
            "community_id": codes,
            "name": [f"{s[-3:]}街道{n:03d}社区" for s, n in zip(streets, serial, strict=True)],
            "code": codes,
            "subdistrict_id": streets,
            "district_id": DISTRICT,
            "city_id": f"{DISTRICT[:4]}00",
            "origin": "given",
        },
        geometry=shapes.to_numpy(),
        crs=CRS,
    )
    return conform(frame.sort_values("code"), "communities"), codes


def _union(shapes: gpd.GeoSeries) -> shapely.Geometry:
    return shapely.coverage_union_all(shapes.to_numpy())


def _buildings(blocks: NDArray[np.object_], ends: Array, rng: np.random.Generator) -> pd.DataFrame:
    """Return footprints with their block, kind, households, storeys and compound (0: none)."""
    kind = _kinds(len(blocks), rng)
    inner = shapely.buffer(blocks, -SETBACK_M)
    block, footprints = _footprints(inner, kind, rng)
    empty_place = (kind[block] == KIND_NAMES.index("mixed")) & (rng.random(len(block)) >= MIXED_BUILT_SHARE)
    clear = ~empty_place & shapely.contains_properly(inner[block], footprints)
    blind = shapely.STRtree(shapely.linestrings(ends)).query(  # streets that end inside a block
        footprints[clear], predicate="dwithin", distance=SETBACK_M
    )[0]
    keep = np.delete(np.flatnonzero(clear), np.unique(blind))
    block, footprints = block[keep], footprints[keep]
    households = _households(block, kind, rng)
    low, high = np.array([k.levels for k in KINDS.values()])[kind[block]].T
    return pd.DataFrame(
        {
            "footprint": footprints,
            "block": block,
            "kind": kind[block],
            "households": households,
            "levels": rng.integers(low, high),
            "compound": _compounds(block, footprints, households, rng),
        }
    )


def _kinds(count: int, rng: np.random.Generator) -> Indices:
    """Deal the kinds to ``count`` blocks in their exact shares, so that small cities are typical too."""
    limits = np.cumsum([k.share for k in KINDS.values()])
    return rng.permutation(np.searchsorted(limits[:-1], (np.arange(count) + 0.5) / count))


def _footprints(
    inner: NDArray[np.object_], kind: Indices, rng: np.random.Generator
) -> tuple[Indices, NDArray[np.object_]]:
    """Return a lattice of footprints over every block, turned with it; some stick out or lie outside."""
    usable = np.flatnonzero(~shapely.is_empty(inner))
    size = np.array([(k.width_m, k.depth_m) for k in KINDS.values()], float)[kind[usable]]
    pitch = np.array([(k.pitch_x_m, k.pitch_y_m) for k in KINDS.values()], float)[kind[usable]]
    angle = _angles(inner[usable])
    cos, sin = np.cos(angle), np.sin(angle)
    coords, owner = shapely.get_coordinates(inner[usable], return_index=True)
    local = np.column_stack(
        [
            coords[:, 0] * cos[owner] + coords[:, 1] * sin[owner],
            coords[:, 1] * cos[owner] - coords[:, 0] * sin[owner],
        ]
    )
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    origin = np.minimum.reduceat(local, starts) + 2 + rng.uniform(0, 6, (len(usable), 2))
    span = np.maximum.reduceat(local, starts) - size - origin
    count = np.maximum(np.ceil(span / pitch), 0).astype(np.int64)
    places = count.prod(axis=1)
    row = np.repeat(np.arange(len(usable)), places)
    serial = np.arange(len(row)) - np.repeat(np.cumsum(places) - places, places)
    across = count[row, 0]
    cell = np.column_stack([serial % across, serial // across])
    corner = origin[row] + cell * pitch[row] + rng.uniform(-1.5, 1.5, (len(row), 2))
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)
    box = corner[:, np.newaxis] + unit * size[row][:, np.newaxis]
    cos, sin = cos[row, np.newaxis], sin[row, np.newaxis]
    x, y = box[..., 0] * cos - box[..., 1] * sin, box[..., 0] * sin + box[..., 1] * cos
    return usable[row], shapely.polygons(np.stack([x, y], axis=-1))


def _angles(polygons: NDArray[np.object_]) -> Array:
    """Return the direction of each polygon's smallest rectangle, in radians within 45 degrees of east."""
    rings = shapely.get_exterior_ring(shapely.oriented_envelope(polygons))
    first, second = (shapely.get_coordinates(shapely.get_point(rings, n)) for n in (0, 1))
    dx, dy = (second - first).T
    quarter = np.pi / 2
    return (np.arctan2(dy, dx) + quarter / 2) % quarter - quarter / 2


def _households(block: Indices, kind: Indices, rng: np.random.Generator) -> Indices:
    """Draw the households of every building by the kind of its block."""
    count = len(block)
    draws = {
        "villa": np.ones(count),
        "village": rng.integers(1, 7, count),
        "slab": rng.choice([36, 48, 54, 60, 72, 88, 110], count, p=[0.2, 0.3, 0.15, 0.15, 0.1, 0.06, 0.04]),
        "tower": np.clip(rng.lognormal(np.log(128), 0.32, count), 60, 320),
        "mixed": np.where(rng.random(count) < 0.5, rng.integers(4, 40, count), 0),
        "none": np.zeros(count),
    }
    households = np.choose(kind[block], [draws[name] for name in KIND_NAMES]).astype(np.int64)
    built, first = np.unique(block, return_index=True)
    high = np.isin(kind[built], [KIND_NAMES.index("tower"), KIND_NAMES.index("mixed")])
    giant = high & (rng.random(len(built)) < GIANT_SHARE)
    sizes = np.diff(first, append=count)
    chosen = first[giant] + (rng.random(giant.sum()) * sizes[giant]).astype(np.int64)
    households[chosen] = rng.integers(*GIANT_HOUSEHOLDS, len(chosen))
    return households


def _compounds(
    block: Indices, footprints: NDArray[np.object_], households: Indices, rng: np.random.Generator
) -> Indices:
    """Slice large blocks into one to three compounds from west to east; number them from 1, 0 means none."""
    total = np.bincount(block, households)
    parts = rng.choice(COMPOUNDS, len(total), p=COMPOUND_SHARES)
    parts = np.where(total < COMPOUNDS_FROM_HOUSEHOLDS, 1, parts)
    order = np.lexsort([shapely.bounds(footprints)[:, 0], block])
    rank = np.empty(len(block), np.int64)
    rank[order] = pd.Series(block[order]).groupby(block[order]).cumcount()
    size = np.bincount(block)[block]
    piece = rank * parts[block] // size
    return np.where(total[block] > 0, (np.cumsum(parts) - parts)[block] + piece + 1, 0)


def _building_layer(
    buildings: pd.DataFrame, community_of_block: NDArray[np.object_], rng: np.random.Generator
) -> gpd.GeoDataFrame:
    households = buildings["households"].to_numpy()
    use = np.array([k.use for k in KINDS.values()], object)[buildings["kind"]]
    compound = buildings["compound"].map("c{:06d}".format)
    frame = gpd.GeoDataFrame(
        {
            "households": households,
            "persons": households + rng.poisson((PERSONS_PER_HOUSEHOLD - 1) * households),
            "levels": buildings["levels"],
            "use": np.where((use == "apartments") & (households == 0), "retail", use),
            "households_source": "counted",
            "compound_id": compound.where(buildings["compound"] > 0, None),
            "community_id": community_of_block[buildings["block"]],
        },
        geometry=buildings["footprint"].to_numpy(),
        crs=CRS,
    )
    return conform(frame, "buildings")


def _street_layers(
    ends: Array, arterial: NDArray[np.bool_], bridge: NDArray[np.bool_]
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the streets with their junction ids, and the junctions."""
    points, index = np.unique(ends.reshape(-1, 2), axis=0, return_inverse=True)
    ids = np.array([f"j{number:06d}" for number in range(1, len(points) + 1)], object)
    start, stop = index.reshape(-1, 2).T
    streets = gpd.GeoDataFrame(
        {
            "from_junction_id": ids[start],
            "to_junction_id": ids[stop],
            "length_m": np.hypot(*(ends[:, 1] - ends[:, 0]).T),
            "highway": np.where(arterial, "primary", "residential"),
            "width_m": np.where(arterial, 20.0, 9.0),
            "walk": True,
            "drive": True,
            "oneway": False,
            "structure": np.where(bridge, "bridge", "ground"),
            "level": bridge.astype(np.int64),
        },
        geometry=shapely.linestrings(ends),
        crs=CRS,
    )
    junctions = gpd.GeoDataFrame({"junction_id": ids}, geometry=shapely.points(points), crs=CRS)
    return conform(streets, "streets"), conform(junctions, "junctions")


def _barrier_layer(river: shapely.Polygon | None) -> gpd.GeoDataFrame:
    rivers = [] if river is None else [river]
    frame = gpd.GeoDataFrame({"kind": ["water"] * len(rivers)}, geometry=rivers, crs=CRS)
    return conform(frame, "barriers")


def main() -> None:
    """Write a generated city as a GeoPackage."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.city", description=main.__doc__)
    parser.add_argument("households", type=int)
    parser.add_argument("out", type=Path, help="a new *.gpkg")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.out.exists():
        parser.error(f"{options.out} exists; remove it or choose another name")
    for name, layer in generate_city(options.households, seed=options.seed).items():
        pyogrio.write_dataframe(layer, options.out, layer=name, driver="GPKG", VERSION="1.3")
        print(f"{name}: {len(layer)}")


if __name__ == "__main__":
    main()
