"""Compile every kernel of the division, so that the next run starts at once."""

from __future__ import annotations

import numpy as np

from gridtwin.grids.coarsen import coarse_graph
from gridtwin.grids.divide import divide_region
from gridtwin.grids.kernel import UnitGraph
from gridtwin.grids.params import DivideParams
from gridtwin.load.toy import toy_town

SMALL_UNITS = 100


def compile_kernels() -> None:
    """Divide the toy town exactly, and coarsen a row of small units: that runs every kernel once."""
    divide_region(toy_town(), params=DivideParams(quality="good"), date="2000-01-01", workers=1)
    arc = np.arange(2 * SMALL_UNITS - 2)
    row = UnitGraph(
        np.full(SMALL_UNITS, 4.0),
        np.ones(SMALL_UNITS),
        np.full(SMALL_UNITS, 4.0),
        np.full(SMALL_UNITS, -1, np.int32),
        np.r_[0, np.arange(1, 2 * SMALL_UNITS - 2, 2), 2 * SMALL_UNITS - 2].astype(np.int32),
        ((arc + 1) // 2 + np.where(arc % 2, -1, 1)).astype(np.int32),
        np.ones(len(arc)),
        np.ones(len(arc)),
    )
    coarse_graph(row, DivideParams())
