"""A lattice of square blocks: the smallest town on which a plan can be checked on paper."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gridtwin.schemas import conform, empty_layer

CRS = "EPSG:32650"
SIZE_M = 100.0


def lattice(
    columns: int, rows: int, households: Any = 100, *, streets: bool = True, origin: tuple[float, float] = (0, 0)
) -> dict[str, gpd.GeoDataFrame]:
    """Return one community of ``columns`` × ``rows`` blocks, one building of 20 × 20 m in each."""
    x0, y0 = origin
    x, y = np.meshgrid(np.arange(columns) * SIZE_M + x0, np.arange(rows)[::-1] * SIZE_M + y0)
    x, y = x.ravel(), y.ravel()
    homes = np.broadcast_to(np.asarray(households), (rows * columns,))
    buildings = gpd.GeoDataFrame(
        {"households": homes, "households_source": "counted"},
        geometry=shapely.box(x + 40, y + 40, x + 60, y + 60),
        crs=CRS,
    )
    lines = [
        shapely.LineString([(x0 + i * SIZE_M, y0 + j * SIZE_M), (x0 + (i + di) * SIZE_M, y0 + (j + dj) * SIZE_M)])
        for i in range(columns + 1)
        for j in range(rows + 1)
        for di, dj in ((1, 0), (0, 1))
        if i + di <= columns and j + dj <= rows
    ]
    ends = [[f"{p[0]:.0f},{p[1]:.0f}" for p in line.coords] for line in lines]
    net = gpd.GeoDataFrame(
        {
            "from_junction_id": [e[0] for e in ends],
            "to_junction_id": [e[1] for e in ends],
            "length_m": SIZE_M,
            "highway": "residential",
            "walk": True,
            "drive": True,
        },
        geometry=lines,
        crs=CRS,
    )
    outline = shapely.box(x0, y0, x0 + columns * SIZE_M, y0 + rows * SIZE_M)
    communities = gpd.GeoDataFrame({"community_id": ["110108001001"]}, geometry=[outline], crs=CRS)
    return {
        "buildings": conform(buildings, "buildings"),
        "streets": conform(net if streets else net.iloc[: columns + rows], "streets"),
        "communities": conform(communities, "communities"),
        "barriers": empty_layer("barriers", CRS),
    }


def barrier(kind: str, shape: Any) -> gpd.GeoDataFrame:
    """Return a layer with one barrier."""
    return conform(gpd.GeoDataFrame({"kind": [kind]}, geometry=[shape], crs=CRS), "barriers")


def two_sides() -> dict[str, Any]:
    """Return a row of four and four blocks with a railway between them that nobody crosses."""
    town: dict[str, Any] = lattice(8, 1, 100)
    x = shapely.get_x(shapely.centroid(town["streets"].geometry.to_numpy()))
    town["streets"] = town["streets"][(x < 399) | (x > 451)].reset_index(drop=True)
    return town | {"barriers": barrier("railway", shapely.LineString([(400, -10), (400, 110)]))}
