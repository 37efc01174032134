"""Limits of a walk, in time or in distance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridtwin.errors import UsageError
from gridtwin.i18n import mark

# A walk of exactly the limit is within it, however its parts were rounded: milliseconds and millimetres.
TOLERANCE = 1e-3


@dataclass(frozen=True, order=True)
class Limit:
    """A limit of a walk.

    Attributes
    ----------
    weight
        ``"seconds"`` or ``"length_m"``.
    within
        The limit, in seconds or metres.
    """

    weight: str
    within: float

    def __post_init__(self) -> None:
        """Refuse a limit within which nothing lies."""
        if not 0 < self.within < np.inf:
            raise UsageError("limit_of_walk", mark("the limit of a walk must be above 0"))

    @property
    def within_s(self) -> float:
        """The limit in seconds, NaN for a distance."""
        return self.within if self.weight == "seconds" else np.nan

    @property
    def within_m(self) -> float:
        """The limit in metres, NaN for a time."""
        return self.within if self.weight == "length_m" else np.nan

    @property
    def search(self) -> float:
        """How far to search so that every walk within the limit is found."""
        return self.within + TOLERANCE

    def holds(self, cost: Any) -> NDArray[np.bool_]:
        """Return which costs are within the limit."""
        return np.asarray(np.asarray(cost) <= self.search)

    def matches(self, within_s: pd.Series, within_m: pd.Series) -> pd.Series:
        """Return which rows of a table have this limit."""
        return (within_s if self.weight == "seconds" else within_m) == self.within


def limits_of(within_s: float | None, within_m: float | None) -> tuple[Limit, ...]:
    """Return the limits in time and in distance that are given."""
    both = (("seconds", within_s), ("length_m", within_m))
    return tuple(Limit(weight, float(within)) for weight, within in both if within is not None)


def ordered(limits: Iterable[Limit]) -> tuple[Limit, ...]:
    """Return the limits, each once: times before distances, small before large."""
    return tuple(sorted(set(limits), key=lambda limit: (limit.weight == "length_m", limit.within)))
