"""Small street networks for tests."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

CRS = 32650


def street_frame(rows, **columns) -> gpd.GeoDataFrame:
    """Return streets from rows of (from, to, coordinates)."""
    frame = pd.DataFrame(
        {
            "street_id": [f"s{i}" for i in range(len(rows))],
            "from_junction_id": pd.Series([row[0] for row in rows], dtype="str"),
            "to_junction_id": pd.Series([row[1] for row in rows], dtype="str"),
            **columns,
        }
    )
    return gpd.GeoDataFrame(frame, geometry=[shapely.LineString(row[2]) for row in rows], crs=CRS)


def lattice(columns: int, rows: int, *, step_m: float = 100.0, seed: int = 0, drop: float = 0.0):
    """Return the streets of a lattice whose junctions are moved at random, less a share ``drop``."""
    random = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(columns) * step_m, np.arange(rows) * step_m)
    place = np.column_stack([x.ravel(), y.ravel()]) + random.uniform(-0.3, 0.3, (columns * rows, 2)) * step_m
    number = np.arange(columns * rows).reshape(rows, columns)
    pairs = np.vstack(
        [
            np.column_stack([number[:, :-1].ravel(), number[:, 1:].ravel()]),
            np.column_stack([number[:-1].ravel(), number[1:].ravel()]),
        ]
    )
    pairs = pairs[random.random(len(pairs)) >= drop]
    rows_ = [(f"j{a}", f"j{b}", [place[a], place[b]]) for a, b in pairs]
    return street_frame(rows_, oneway=random.random(len(pairs)) < 0.3)
