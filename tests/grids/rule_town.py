"""A town of two communities with a school: the smallest on which rules by place can be checked on paper."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gridtwin.schemas import conform
from tests.grids.lattice import CRS, lattice

WEST, EAST = "110108001001", "110108001002"
DATE, LATER = "2026-01-01", "2027-01-01"


def rule_town(
    households: Any = 100, *, schools: tuple[int, ...] = (), columns: int = 8, rows: int = 3
) -> dict[str, gpd.GeoDataFrame]:
    """Return a lattice cut in two, urban in the west and rural in the east; ``schools`` are rows of buildings."""
    town = lattice(columns, rows, households)
    middle, top = columns * 50.0, rows * 100.0
    halves = gpd.GeoDataFrame(
        {"community_id": [WEST, EAST], "subdistrict_id": ["110108001"] * 2, "setting": ["urban", "rural"]},
        geometry=[shapely.box(0, 0, middle, top), shapely.box(middle, 0, 2 * middle, top)],
        crs=CRS,
    )
    use = np.full(columns * rows, "residential", dtype=object)
    use[list(schools)] = "school"
    town["buildings"] = town["buildings"].assign(use=use)
    return {**town, "communities": conform(halves, "communities")}
