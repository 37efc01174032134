"""Whole numbers in proportion to weights: the method of largest remainders."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridtwin.errors import UsageError
from gridtwin.i18n import mark

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


def largest_remainder(weights: ArrayLike, total: int) -> Indices:
    """Divide ``total`` into whole numbers in proportion to ``weights``.

    Parameters
    ----------
    weights
        Finite numbers, none negative, (rows,). If all are zero, they count as equal.
    total
        Whole number to divide, 0 or more.

    Returns
    -------
    array of int, (rows,)
        Each its share rounded down or up, summing to ``total``; of equal remainders the first rows win.

    Raises
    ------
    UsageError
        If weights or total are negative or not finite, or there is no row to take the total.

    Notes
    -----
    Hamilton's method; Balinski and Young, "Fair Representation" (1982).
    """
    weights = np.asarray(weights, np.float64)
    if total and not len(weights):
        raise UsageError("nobody_to_share", mark("there are no rows to divide {total} among"), total=total)
    return largest_remainder_by_group(weights, np.zeros(len(weights), np.int64), [total])


def largest_remainder_by_group(weights: ArrayLike, groups: ArrayLike, totals: ArrayLike) -> Indices:
    """Divide the total of each group among its rows, as :func:`largest_remainder` does for one.

    Parameters
    ----------
    weights
        Finite numbers, none negative, (rows,). Within a group of zeros they count as equal.
    groups
        Number of each row's group; −1 for rows that get nothing, (rows,).
    totals
        Whole number to divide in each group, (groups,). The total of a group without rows is not placed.

    Returns
    -------
    array of int, (rows,)

    Raises
    ------
    UsageError
        If weights or totals are negative or not finite, or lengths or group numbers do not match.
    """
    weights = np.asarray(weights, np.float64)
    groups = np.asarray(groups, np.int64)
    totals = np.asarray(totals, np.int64)
    matches = len(weights) == len(groups) and ((groups >= -1) & (groups < len(totals))).all()
    if not matches or not np.isfinite(weights).all() or (weights < 0).any() or (totals < 0).any():
        raise UsageError(
            "cannot_share",
            mark("weights and totals must be finite and not negative, and every group must have a total"),
        )
    rows = np.flatnonzero(groups >= 0)
    group, weight = groups[rows], weights[rows]
    count = len(totals)
    largest = np.zeros(count)
    np.maximum.at(largest, group, weight)
    # Dividing by the largest first keeps tiny and huge weights from under- or overflowing.
    weight = np.where(largest[group] > 0, weight / np.where(largest > 0, largest, 1.0)[group], 1.0)
    quota = weight / np.bincount(group, weights=weight, minlength=count)[group] * totals[group]
    share = np.floor(quota).astype(np.int64)
    left = totals - np.bincount(group, weights=share, minlength=count).astype(np.int64)
    order = np.lexsort((np.arange(len(rows)), weight <= 0, share - quota, group))
    sorted_group = group[order]
    rank = np.arange(len(rows)) - np.searchsorted(sorted_group, sorted_group)
    share[order] += rank < left[sorted_group]
    out = np.zeros(len(weights), np.int64)
    out[rows] = share
    return out
