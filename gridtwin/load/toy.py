"""A toy town that one can check on paper."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from gridtwin.schemas import conform

CRS = "EPSG:32650"
BLOCK_M = 100.0
WEST, EAST = (4, 3), (4, 2)  # columns and rows of blocks on each side of the river
RIVER_M = 50.0
HOUSEHOLDS = 100
PERSONS = 260


def toy_town() -> dict[str, gpd.GeoDataFrame]:
    """Return a town of two communities on either side of a river with one bridge.

    ::

        +--+--+--+--+ ~~
        |  |  |  |  | ~~          each block 100 m square, with one building of
        +--+--+--+--+ ~~ +--+--+--+--+   20 m square, 100 households, 260 persons
        |  |  |  |  | ~~ |  |  |  |  |
        +--+--+--+--+-==-+--+--+--+--+   == the bridge
        |  |  |  |  | ~~ |  |  |  |  |
        +--+--+--+--+ ~~ +--+--+--+--+
         110108001001     110108001002
         1,200 households  800 households

    Returns
    -------
    dict
        Layers communities, buildings, streets, junctions, barriers and facilities, EPSG:32650.
    """
    sides = ((0.0, *WEST), (WEST[0] * BLOCK_M + RIVER_M, *EAST))
    streets = np.concatenate([_street_lines(*side) for side in sides])
    bank = WEST[0] * BLOCK_M
    bridge = shapely.LineString([(bank, BLOCK_M), (bank + RIVER_M, BLOCK_M)])
    homes = np.concatenate([_homes(*side) for side in sides])
    areas = [shapely.box(x, 0, x + columns * BLOCK_M, rows * BLOCK_M) for x, columns, rows in sides]
    river = shapely.box(bank, -BLOCK_M, bank + RIVER_M, 4 * BLOCK_M)
    lines = np.r_[streets, [bridge]]
    ends = shapely.get_coordinates(lines).reshape(-1, 2, 2)
    names = np.char.add(np.char.add(ends[..., 0].astype(int).astype(str), "/"), ends[..., 1].astype(int).astype(str))
    corners, first = np.unique(names, return_index=True)
    codes = ["110108001001", "110108001002"]
    frames = {
        "communities": gpd.GeoDataFrame(
            {"community_id": codes, "code": codes, "name": ["West", "East"], "origin": "given"}, geometry=areas
        ),
        "buildings": gpd.GeoDataFrame(
            {
                "households": np.full(len(homes), HOUSEHOLDS),
                "persons": PERSONS,
                "levels": 10.0,
                "use": "residential",
                "households_source": "counted",
            },
            geometry=homes,
        ),
        "streets": _streets(lines, names).assign(structure=["ground"] * len(streets) + ["bridge"]),
        "junctions": gpd.GeoDataFrame({"junction_id": corners}, geometry=shapely.points(ends.reshape(-1, 2)[first])),
        "barriers": gpd.GeoDataFrame({"kind": ["water"], "name": ["River"]}, geometry=[river]),
        "facilities": gpd.GeoDataFrame(
            {"kind": ["clinic", "canteen"], "name": ["Clinic", "Canteen"]},
            geometry=[shapely.Point(200, 105), shapely.Point(650, 105)],
        ),
    }
    return {name: conform(frame.set_crs(CRS), name) for name, frame in frames.items()}


def _streets(lines: np.ndarray, names: np.ndarray) -> gpd.GeoDataFrame:
    """Return the lines as two-way streets between the named junctions."""
    return gpd.GeoDataFrame(
        {
            "from_junction_id": names[:, 0],
            "to_junction_id": names[:, 1],
            "length_m": shapely.length(lines),
            "highway": "residential",
            "walk": True,
            "drive": True,
            "oneway": False,
        },
        geometry=lines,
    )


def _street_lines(x0: float, columns: int, rows: int) -> np.ndarray:
    """Return the edges of a lattice of blocks."""
    x, y = np.meshgrid(np.arange(columns + 1) * BLOCK_M + x0, np.arange(rows + 1) * BLOCK_M)
    xy = np.stack([x, y], axis=-1)
    along = np.stack([xy[:, :-1], xy[:, 1:]], axis=2).reshape(-1, 2, 2)
    across = np.stack([xy[:-1], xy[1:]], axis=2).reshape(-1, 2, 2)
    return np.asarray(shapely.linestrings(np.concatenate([along, across])))


def _homes(x0: float, columns: int, rows: int) -> np.ndarray:
    """Return one building in the middle of each block."""
    x, y = np.meshgrid(np.arange(columns) * BLOCK_M + x0 + 40, np.arange(rows) * BLOCK_M + 40)
    return np.asarray(shapely.box(x.ravel(), y.ravel(), x.ravel() + 20, y.ravel() + 20))
