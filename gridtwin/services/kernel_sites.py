"""Compiled thinning of points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridtwin.jit import compiled

Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]


@compiled
def thinned(near: Indices, count: int) -> Flags:
    """Return which of ``count`` points stay when none may be near an earlier one that stays.

    ``near`` holds pairs of points that are too near to each other, the smaller number first, in ascending order.
    """
    kept = np.ones(count, np.bool_)
    for k in range(len(near)):
        if kept[near[k, 0]]:
            kept[near[k, 1]] = False
    return kept
