"""Accessibility: how much of a service people can get at, beyond whether one facility is near.

Floating catchments share the capacity of each facility among the people who reach it, and add up for each home what
the facilities within its reach have for a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridtwin.errors import InputError, UsageError
from gridtwin.grids.planar import sum_by
from gridtwin.i18n import mark
from gridtwin.network import Pairs, StreetNetwork, nearest, pairs
from gridtwin.network.network import Direction
from gridtwin.schemas import conform
from gridtwin.services.limits import Limit
from gridtwin.services.places import Facilities, Homes

Floats = NDArray[np.float64]

METHODS = ("e2sfca", "2sfca", "g2sfca", "cumulative", "nearest")
# Weights of three bands of equal width, and the sharper fall for services that people want near; W. Luo and Y. Qi,
# "An enhanced two-step floating catchment area (E2SFCA) method for measuring spatial accessibility to primary care
# physicians", Health & Place 15 (2009), where the bands end at 10, 20 and 30 minutes.
BAND_WEIGHTS = (1.0, 0.68, 0.22)
SHARP_BAND_WEIGHTS = (1.0, 0.42, 0.09)
_AREAS = {"grid": "grid_id", "community": "community_id"}


@dataclass(frozen=True)
class Decay:
    """How the weight of a facility falls with the cost of the walk to it.

    Attributes
    ----------
    limit
        Beyond it facilities do not count, in the unit of the costs.
    bounds, weights
        Upper ends of bands, rising to ``limit``, and the weight of each, 0–1. Without bands the weight is Gaussian.
    """

    limit: float
    bounds: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Refuse bands that do not rise to the limit, and weights that are none."""
        rising = all(low < high for low, high in zip((0.0, *self.bounds), self.bounds, strict=False))
        whole = not self.bounds or self.bounds[-1] == self.limit
        fair = all(0 <= weight <= 1 for weight in self.weights)
        if not (self.limit > 0 and rising and whole and fair and len(self.bounds) == len(self.weights)):
            raise UsageError(
                "decay_wrong",
                mark("bands must rise from above 0 to the limit, and each needs a weight between 0 and 1"),
            )

    @classmethod
    def binary(cls, limit: float) -> Self:
        """Return a weight of 1 up to the limit."""
        return cls(limit, (limit,), (1.0,))

    @classmethod
    def banded(cls, limit: float, weights: Sequence[float] = BAND_WEIGHTS) -> Self:
        """Return bands of equal width with the given weights, the nearest first."""
        ends = tuple(limit * number / len(weights) for number in range(1, len(weights)))
        return cls(limit, (*ends, limit), tuple(weights))

    @classmethod
    def gaussian(cls, limit: float) -> Self:
        """Return a weight that falls smoothly from 1 to 0.

        Notes
        -----
        D. Dai, "Black residential segregation, disparities in spatial access to health care facilities, and
        late-stage breast cancer diagnosis in metropolitan Detroit", Health & Place 16 (2010).
        """
        return cls(limit)

    def __call__(self, cost: Floats) -> Floats:
        """Return the weight of each cost, 0 beyond the limit."""
        if self.bounds:
            table = np.array([*self.weights, 0.0])
            return table[np.searchsorted(np.asarray(self.bounds), cost, side="left")]
        edge = np.exp(-0.5)
        with np.errstate(over="ignore"):
            inside = (np.exp(-0.5 * (cost / self.limit) ** 2) - edge) / (1.0 - edge)
        return np.where(cost <= self.limit, inside, 0.0)


def two_step(walks: Pairs, demand: Floats, capacity: Floats, decay: Decay) -> Floats:
    """Return the capacity a person at each place, by two-step floating catchment areas.

    Parameters
    ----------
    walks
        Places within the limit of each facility.
    demand
        People at each place, (places,).
    capacity
        Capacity of each facility, (facilities,).
    decay
        Weight of a walk; one of 1 up to the limit is 2SFCA, bands are E2SFCA.

    Returns
    -------
    array of float, (places,)
        Capacity a person. A facility that nobody reaches gives nothing to anybody. Over all places, people times value
        is the capacity of the facilities that somebody reaches.

    Notes
    -----
    W. Luo and F. Wang, "Measures of spatial accessibility to health care in a GIS environment", Environment and
    Planning B 30 (2003).
    """
    facility, weight = walks.source, decay(walks.cost)
    load = sum_by(facility, weight * demand[walks.place], len(capacity))
    share = np.divide(capacity, load, out=np.zeros(len(capacity)), where=load > 0)
    return sum_by(walks.place, weight * share[facility], len(demand))


def opportunities(walks: Pairs, places: int, capacity: Floats) -> tuple[Floats, Floats]:
    """Return the facilities within the limit of each place, and their capacity together, (places,) each."""
    count = np.bincount(walks.place, minlength=places).astype(np.float64)
    return count, sum_by(walks.place, capacity[walks.source], places)


def capacities(facilities: Facilities, default: float | None = None) -> Floats:
    """Return the capacity of each facility.

    Parameters
    ----------
    facilities
        Facilities of one kind.
    default
        Capacity where column ``capacity`` is empty. By default that is the mean of the others, and 1 where none is
        known: each facility then counts as one.

    Raises
    ------
    InputError
        If a capacity is below 0.
    """
    given = pd.to_numeric(facilities.frame["capacity"]).astype("float64")
    if (given < 0).any():
        raise InputError("capacity_negative", mark("layer 'facilities': a capacity must be 0 or more"))
    known = given.dropna()
    usual = default if default is not None else float(known.mean()) if len(known) else 1.0
    return np.asarray(given.fillna(usual).to_numpy(), np.float64)


def measure_access(
    network: StreetNetwork,
    homes: Homes,
    facilities: Facilities,
    *,
    method: str,
    within_s: float,
    group: str = "all",
    direction: Direction = "to",
    weights: Sequence[float] = BAND_WEIGHTS,
    nearest_count: int = 3,
    capacity: float | None = None,
) -> pd.DataFrame:
    """Measure the access to facilities of one kind, for every home, grid and community and the region.

    Parameters
    ----------
    network
        Where to walk.
    homes, facilities
        Places on this network; the facilities are of one kind.
    method
        One of :data:`METHODS`.
    within_s
        Longest walk, seconds.
    group
        Whose access it is: the people who share the capacities, and by whom areas are averaged.
    direction
        ``"to"``: people walk from home to the facility; ``"from"``: the other way.
    weights
        Weights of the bands of ``"e2sfca"``, which are of equal width.
    nearest_count
        How many facilities ``"nearest"`` looks for.
    capacity
        Capacity of facilities that do not say; see :func:`capacities`.

    Returns
    -------
    DataFrame
        Layer ``accessibility`` without column walker. The value of an area is the mean over its people; that of the
        nearest facilities is over those who reach so many within the limit, and empty where nobody does.

    Raises
    ------
    UsageError
        If the method is none, or the data know nothing of the group.
    """
    if method not in METHODS:
        raise UsageError(
            "method_unknown",
            mark("'{method}' is no measure of access; take one of: {methods}"),
            method=method,
            methods=", ".join(METHODS),
        )
    if group not in homes.people.columns:
        raise UsageError(
            "group_unknown",
            mark("layer 'buildings' knows nothing of the group '{group}'; it has: {groups}"),
            group=group,
            groups=", ".join(homes.people.columns),
        )
    limit = Limit("seconds", within_s)
    people = homes.people[group].to_numpy(np.float64)
    if method == "nearest":
        values = {"nearest_s": _nearest_mean(network, homes, facilities, limit, direction, nearest_count)}
    else:
        room = capacities(facilities, capacity)
        walks = pairs(
            network, facilities.entrances, homes.at, limit=limit.search, owner=facilities.owner, direction=direction
        )
        if method == "cumulative":
            count, total = opportunities(walks, len(homes), room)
            values = {"facilities": count, "capacity": total}
        else:
            decay = _decay(method, limit, weights)
            values = {method: two_step(walks, people, room, decay)}
    frames = [_by_area(homes, people, value).assign(measure=name) for name, value in values.items()]
    table = pd.concat(frames, ignore_index=True).assign(group=group, within_s=within_s)
    kinds = facilities.frame["kind"].unique()
    return table.assign(kind=kinds[0] if len(kinds) else None)


def _decay(method: str, limit: Limit, weights: Sequence[float]) -> Decay:
    if method == "2sfca":
        return Decay.binary(limit.search)
    return Decay.banded(limit.search, weights) if method == "e2sfca" else Decay.gaussian(limit.search)


def _nearest_mean(
    network: StreetNetwork, homes: Homes, facilities: Facilities, limit: Limit, direction: Direction, count: int
) -> Floats:
    """Return the mean seconds to the nearest facilities, NaN where fewer than ``count`` are within the limit."""
    found = nearest(
        network,
        facilities.entrances,
        homes.at,
        k=count,
        limit=limit.search,
        owner=facilities.owner,
        direction=direction,
    )
    cost = found.cost.mean(axis=1)
    return np.where(np.isfinite(cost), cost, np.nan)


def _by_area(homes: Homes, people: Floats, value: Floats) -> pd.DataFrame:
    """Return the value of each building, and the means of grids, communities and the region by people."""
    frame = pd.DataFrame({"people": people, "value": value})
    buildings = frame.assign(area="building", area_id=homes.frame["building_id"])
    whole = np.where(np.isnan(value), 0.0, people)
    weighted = np.nan_to_num(value) * whole
    sums = pd.DataFrame({"people": people, "known": whole, "weighted": weighted})
    parts: list[Any] = [buildings]
    for area, key in (*_AREAS.items(), ("region", None)):
        ids = homes.frame[key] if key else pd.Series("region", index=homes.frame.index)
        total = sums.groupby(ids.to_numpy(dtype=object)).sum()
        mean = (total["weighted"] / total["known"]).where(total["known"] > 0)
        parts.append(pd.DataFrame({"area": area, "area_id": total.index, "people": total["people"], "value": mean}))
    return pd.concat(parts, ignore_index=True)[["area", "area_id", "people", "value"]]


def access_layer(rows: pd.DataFrame, former: pd.DataFrame, *, walker: str) -> pd.DataFrame:
    """Return layer ``accessibility``: ``rows`` of one run, and what other runs measured before.

    Rows of the same kind, measure, limit, group and walker are replaced.
    """
    rows = conform(rows.assign(walker=walker), "accessibility")
    run = ["kind", "measure", "within_s", "group", "walker"]
    same = pd.MultiIndex.from_frame(former[run]).isin(pd.MultiIndex.from_frame(rows[run].drop_duplicates()))
    return conform(pd.concat([former[~same], rows], ignore_index=True), "accessibility")
