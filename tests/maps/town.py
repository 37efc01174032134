"""A generated town whose every number can be checked."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

CRS = 4549  # CGCS2000 / 3-degree Gauss-Kruger, central meridian 120 degrees east
ORIGIN = np.array([500_000.0, 3_450_000.0])
CELL_M = 200.0
NAMES = ("凤凰社区", "临江社区", "文峰社区", "安康社区", "翠竹社区", "新桥社区")


def town(columns: int = 5, rows: int = 4, buildings: int = 200, seed: int = 7) -> dict[str, gpd.GeoDataFrame]:
    """Return a region of ``columns`` × ``rows`` grids; the first is below 300, the second above 500."""
    rng = np.random.default_rng(seed)
    grids = _grids(columns, rows, rng)
    communities = grids.dissolve("community_id", as_index=False)[["community_id", "geometry"]]
    communities["name"] = [
        f"{NAMES[n % len(NAMES)]}{n // len(NAMES) + 1 if n >= len(NAMES) else ''}" for n in range(len(communities))
    ]
    return {
        "grids": grids,
        "communities": communities,
        "buildings": _buildings(columns, rows, buildings, rng),
        "streets": _streets(columns, rows),
        "barriers": _barriers(columns, rows),
        "facilities": gpd.GeoDataFrame(
            {"facility_id": ["f1", "f2"], "kind": ["clinic", "canteen"], "name": ["凤凰卫生站", "临江食堂"]},
            geometry=shapely.points(ORIGIN + np.array([[250.0, 330.0], [690.0, 480.0]])),
            crs=CRS,
        ),
    }


def _grids(columns: int, rows: int, rng: np.random.Generator) -> gpd.GeoDataFrame:
    across, up = np.meshgrid(np.arange(columns + 1), np.arange(rows + 1))
    corners = ORIGIN + CELL_M * np.stack([across, up], axis=-1)
    corners[1:-1, 1:-1] += rng.normal(0, 14, (rows - 1, columns - 1, 2))
    number = np.arange(columns * rows)
    r, c = number // columns, number % columns
    rings = np.stack([corners[r, c], corners[r, c + 1], corners[r + 1, c + 1], corners[r + 1, c]], axis=1)
    households = rng.integers(300, 501, len(number))
    households[:2] = [150, 640]
    violations = np.full(len(number), None, object)
    violations[0] = "TOTAL_BELOW_MIN: 150 households, 150 short of 300, the whole community has 150"
    violations[1] = "LUMPY_NOT_PROVED: 640 households, 140 above 500; DETACHED_PART: 2 parts"
    community = (r // 2) * ((columns + 2) // 3) + c // 3
    frame = gpd.GeoDataFrame(
        {
            "grid_id": [f"g{n:04d}" for n in number],
            "code": [f"3201060010{k % 100:02d}{n % 999 + 1:03d}" for n, k in zip(number, community, strict=True)],
            "community_id": [f"c{k:03d}" for k in community],
            "households": households,
            "persons": (households * 2.6).astype(int),
            "buildings": rng.integers(3, 30, len(number)),
            "compactness": rng.uniform(0.4, 0.8, len(number)),
            "counted_share": np.full(len(number), 0.12),
            "grid_officers": np.ones(len(number), int),
            "violations": violations,
        },
        geometry=shapely.polygons(rings),
        crs=CRS,
    )
    return frame.assign(area_m2=frame.area)


def _buildings(columns: int, rows: int, count: int, rng: np.random.Generator) -> gpd.GeoDataFrame:
    per_side = int(np.ceil(np.sqrt(count / (columns * rows))))
    step = CELL_M / per_side
    across, up = np.meshgrid(np.arange(columns * per_side), np.arange(rows * per_side))
    centre = ORIGIN + step * (np.column_stack([across.ravel(), up.ravel()])[:count] + 0.5)
    half = step * rng.uniform(0.18, 0.36, (count, 2))
    angle = rng.normal(0, 0.15, count)
    turn = np.stack([np.stack([np.cos(angle), np.sin(angle)], -1), np.stack([-np.sin(angle), np.cos(angle)], -1)], 1)
    box = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    corners = centre[:, None] + (box * half[:, None]) @ turn
    households = np.where(rng.random(count) < 0.3, 0, rng.integers(1, 100, count))
    return gpd.GeoDataFrame(
        {
            "building_id": [f"b{n:06d}" for n in range(count)],
            "households": households,
            "households_source": np.where(rng.random(count) < 0.12, "counted", "estimated"),
            "levels": rng.integers(1, 30, count),
        },
        geometry=shapely.polygons(corners),
        crs=CRS,
    )


def _streets(columns: int, rows: int) -> gpd.GeoDataFrame:
    width, height = columns * CELL_M, rows * CELL_M
    across = [[(0, y), (width, y)] for y in np.arange(rows + 1) * CELL_M]
    up = [[(x, 0), (x, height)] for x in np.arange(columns + 1) * CELL_M]
    lines = shapely.linestrings(np.array(across + up, float) + ORIGIN)
    kinds = ["primary", "residential", "secondary", "residential", "footway", "tertiary"]
    return gpd.GeoDataFrame(
        {
            "street_id": [f"s{n}" for n in range(len(lines))],
            "highway": [kinds[n % 6] for n in range(len(lines))],
        },
        geometry=lines,
        crs=CRS,
    )


def _barriers(columns: int, rows: int) -> gpd.GeoDataFrame:
    width, height = columns * CELL_M, rows * CELL_M
    x = np.linspace(-150, width + 150, 60)
    river = shapely.linestrings(np.column_stack([x, height * 0.52 + 30 * np.sin(x / 190)]) + ORIGIN)
    rail = shapely.linestrings(ORIGIN + np.array([[-150, height + 60], [width + 150, height + 110]]))
    return gpd.GeoDataFrame(
        {"barrier_id": ["r1", "r2"], "kind": ["water", "railway"], "name": ["清江", None]},
        geometry=[river.buffer(22), rail],
        crs=CRS,
    )
