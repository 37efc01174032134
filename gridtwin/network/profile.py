"""Who moves along the streets: which streets are open to them, and how fast they are on each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridtwin.errors import UsageError
from gridtwin.i18n import mark
from gridtwin.units import KM_H_IN_M_S, MINUTE_S

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Mode = Literal["walk", "drive"]

_NO_STREET = frozenset(("abandoned", "construction", "no", "planned", "platform", "proposed", "raceway", "razed"))
# Classes as in OSMnx's filters of walking and driving networks, but cycleways stay open to walkers and
# service roads to vehicles. A class that is in neither list, or missing, is open.
NOT_FOR_WALKERS = _NO_STREET | {"bus_guideway", "motorway", "motorway_link"}
NOT_FOR_VEHICLES = _NO_STREET | {
    "bridleway", "bus_guideway", "corridor", "cycleway", "elevator", "escalator", "footway", "path",
    "pedestrian", "steps", "track",
}  # fmt: skip
STAIRS = ("steps", "escalator")

# Speeds by class in km/h: profile car.lua of OSRM; 25 for classes that it lacks.
_DRIVE_KM_H = {
    "motorway": 90, "motorway_link": 45, "trunk": 85, "trunk_link": 40, "primary": 65, "primary_link": 30,
    "secondary": 55, "secondary_link": 25, "tertiary": 40, "tertiary_link": 20, "unclassified": 25,
    "residential": 25, "living_street": 10, "service": 15,
}  # fmt: skip
OTHER_DRIVE_M_S = 25.0 * KM_H_IN_M_S
YARD_M_S = 10.0 * KM_H_IN_M_S  # off the streets: as slow as on a living street
WALK_M_S = 80.0 / MINUTE_S  # 80 m a minute, as Chinese planning codes reckon
MAX_SLOPE = 0.25  # steeper slopes are errors of the terrain model more often than streets

SLOPES = ("tobler", "irmischer", "none")
# What differs from the general walker. Elderly: 1.0 m/s is the design speed where most walkers are old (15th
# percentile above 65 years: 0.92 m/s; T. J. Gates et al., "Recommended walking speeds for timing of pedestrian
# clearance intervals", Transportation Research Record 1982, 2006). Wheelchair: 4 km/h, no stairs, no slope above
# 12 %, as in Valhalla's pedestrian costing. With a child: as the elderly, an assumption.
_GROUPS: dict[str, dict[str, Any]] = {
    "general": {},
    "elderly": {"speed_m_s": 1.0},
    "wheelchair": {"speed_m_s": 4.0 * KM_H_IN_M_S, "step_free": True, "max_slope": 0.12},
    "child": {"speed_m_s": 1.0},
}
WALKERS = tuple(_GROUPS)


@dataclass(frozen=True)
class Walker:
    """Somebody on foot: every parameter of the walking model.

    Attributes
    ----------
    group
        Whose walking this is, one of :data:`WALKERS`; :meth:`of` fills in what differs between them.
    speed_m_s
        Speed on the flat. Column walk_speed_m_s of a street is the general walker's speed there; others are
        slower or faster by the same factor as on the flat.
    steps_factor
        Speed on stairs relative to the flat, 0–1: 0.6, GraphHopper's 3 km/h against 5 km/h.
    slope
        How slopes change the speed, one of :data:`SLOPES`: W. Tobler's hiking function ("Three presentations
        on geographical analysis and modeling", NCGIA report 93-1, 1993); the function of I. J. Irmischer and
        K. C. Clarke for walking on paths ("Measuring and modeling the speed of human navigation", Cartography
        and Geographic Information Science 45, 2018); or not at all. Both are scaled to the speed on the flat.
    max_slope
        Steeper streets are closed, rise over run.
    step_free
        Whether stairs, and streets whose column step_free says no, are closed.
    crossing_s
        Seconds lost at each crossing of a road (column crossings of the streets).
    """

    mode: ClassVar[Mode] = "walk"

    group: str = "general"
    speed_m_s: float = WALK_M_S
    steps_factor: float = 0.6
    slope: str = "tobler"
    max_slope: float = np.inf
    step_free: bool = False
    crossing_s: float = 0.0

    def __post_init__(self) -> None:
        """Refuse walkers who never arrive, or are not known."""
        if self.group not in WALKERS:
            raise UsageError(
                "walker_unknown",
                mark("'{group}' is no group of walkers; take one of: {groups}"),
                group=self.group,
                groups=", ".join(WALKERS),
            )
        if self.slope not in SLOPES:
            raise UsageError(
                "slope_unknown",
                mark("'{slope}' is no model of slopes; take one of: {slopes}"),
                slope=self.slope,
                slopes=", ".join(SLOPES),
            )
        if not (self.speed_m_s > 0 and 0 < self.steps_factor <= 1 and self.max_slope >= 0 and self.crossing_s >= 0):
            raise UsageError(
                "walker_wrong",
                mark(
                    "a walker's speed must be above 0, the factor for stairs above 0 and at most 1,"
                    " the steepest slope and the seconds at a crossing 0 or more"
                ),
            )

    @classmethod
    def of(cls, group: str, **changes: Any) -> Self:
        """Return the walker of a group, with ``changes`` to its parameters."""
        return replace(cls(group), **{**_GROUPS[group], **changes}) if group in _GROUPS else cls(group)

    @property
    def leg_m_s(self) -> float:
        """Speed between a place and its street."""
        return self.speed_m_s


@dataclass(frozen=True)
class Driver:
    """Somebody in a vehicle.

    Attributes
    ----------
    speed_m_s
        Speed by class of street, where the layer gives none.
    """

    mode: ClassVar[Mode] = "drive"

    speed_m_s: Mapping[str, float] = field(
        default_factory=lambda: {name: speed * KM_H_IN_M_S for name, speed in _DRIVE_KM_H.items()}
    )

    def __post_init__(self) -> None:
        """Refuse speeds at which nobody moves."""
        if not all(speed > 0 for speed in self.speed_m_s.values()):
            raise UsageError("speed_wrong", mark("driving speeds must be above 0"))

    @property
    def leg_m_s(self) -> float:
        """Speed between a place and its street."""
        return YARD_M_S


Profile = Walker | Driver


def open_streets(streets: pd.DataFrame, profile: Profile) -> Flags:
    """Return which streets are open: columns walk and drive, else the class of the street.

    Stairs are never for vehicles, whatever the column says; a walker who needs a way without steps also does
    without streets that are known not to be one, and nobody takes a street that is too steep for them.
    """
    highway = _column(streets, "highway")
    closed = highway.isin(NOT_FOR_WALKERS if profile.mode == "walk" else NOT_FOR_VEHICLES).to_numpy(bool)
    given = _column(streets, profile.mode)
    allowed = np.asarray(np.where(given.isna(), ~closed, _says(given, True)), bool)
    if isinstance(profile, Driver):
        return allowed & ~_stairs(highway)
    if profile.step_free:
        free = _column(streets, "step_free")
        allowed = allowed & ~_says(free, False) & (~_stairs(highway) | _says(free, True))
    if np.isfinite(profile.max_slope):
        allowed = allowed & (np.abs(np.nan_to_num(_numbers(streets, "slope"))) <= profile.max_slope)
    return allowed


def one_way(streets: pd.DataFrame, profile: Profile) -> Flags:
    """Return which streets are open in the direction of their line only: for walkers none."""
    if profile.mode == "walk":
        return np.zeros(len(streets), bool)
    return _says(_column(streets, "oneway"), True)


def seconds_of(streets: pd.DataFrame, length_m: Floats, profile: Profile) -> tuple[Floats, Floats]:
    """Return seconds along each street and back, without regard to one-way rules, (streets,) each.

    Slopes change walking speed, see :class:`Walker`; stairs have their factor instead.
    """
    given = _numbers(streets, f"{profile.mode}_speed_m_s")
    highway = _column(streets, "highway")
    if isinstance(profile, Driver):
        usual = highway.map(profile.speed_m_s).fillna(OTHER_DRIVE_M_S).to_numpy(np.float64)
        seconds = length_m / np.where(given > 0, given, usual)
        return seconds, seconds
    stairs = _stairs(highway)
    usual = profile.speed_m_s * np.where(stairs, profile.steps_factor, 1.0)
    speed = np.where(given > 0, given * (profile.speed_m_s / WALK_M_S), usual)
    seconds = length_m / speed
    slope = np.where(stairs, 0.0, np.nan_to_num(_numbers(streets, "slope")))
    lost = profile.crossing_s * np.nan_to_num(_numbers(streets, "crossings"))
    return seconds / slope_factor(slope, profile.slope) + lost, seconds / slope_factor(-slope, profile.slope) + lost


def slope_factor(slope: Floats, model: str) -> Floats:
    """Return walking speed relative to the flat, by one of :data:`SLOPES`; slopes as rise over run, up positive."""
    slope = np.clip(slope, -MAX_SLOPE, MAX_SLOPE)
    if model == "tobler":
        return np.asarray(np.exp(-3.5 * (np.abs(slope + 0.05) - 0.05)))
    if model == "irmischer":
        return np.asarray(_irmischer_m_s(slope) / _irmischer_m_s(np.zeros(1)))
    return np.ones(len(slope))


def _irmischer_m_s(slope: Floats) -> Floats:
    return np.asarray(0.11 + np.exp(-((100.0 * slope + 5.0) ** 2) / (2.0 * 30.0**2)))


def _stairs(highway: pd.Series) -> Flags:
    return np.asarray(highway.isin(STAIRS).to_numpy(bool))


def _says(values: pd.Series, answer: bool) -> Flags:
    """Return where a column of yes, no and nothing gives the answer."""
    return np.asarray(values.eq(answer).fillna(False).to_numpy(bool))


def _column(streets: pd.DataFrame, name: str) -> pd.Series:
    if name in streets.columns:
        return streets[name]
    return pd.Series(None, index=streets.index, dtype="object")


def _numbers(streets: pd.DataFrame, name: str) -> Floats:
    values = pd.to_numeric(_column(streets, name), errors="coerce").astype("float64")
    return np.asarray(values.to_numpy(), np.float64)
