"""Who may use a street, and how fast: the layer's own columns first, rules by class where they are empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

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

# Speeds by class in km/h: profile car.lua of OSRM; 25 for classes that it lacks.
_DRIVE_KM_H = {
    "motorway": 90, "motorway_link": 45, "trunk": 85, "trunk_link": 40, "primary": 65, "primary_link": 30,
    "secondary": 55, "secondary_link": 25, "tertiary": 40, "tertiary_link": 20, "unclassified": 25,
    "residential": 25, "living_street": 10, "service": 15,
}  # fmt: skip
OTHER_DRIVE_M_S = 25.0 * KM_H_IN_M_S
MAX_SLOPE = 0.25  # steeper slopes are errors of the terrain model more often than streets


@dataclass(frozen=True)
class Speeds:
    """Speeds where the layer gives none.

    Attributes
    ----------
    walk_m_s
        Walking on the flat: 80 m a minute, as Chinese planning codes reckon.
    steps_factor
        Speed on stairs relative to the flat, 0–1: 0.6, GraphHopper's 3 km/h against 5 km/h.
    drive_m_s
        Driving by class of street.
    """

    walk_m_s: float = 80.0 / MINUTE_S
    steps_factor: float = 0.6
    drive_m_s: Mapping[str, float] = field(
        default_factory=lambda: {name: speed * KM_H_IN_M_S for name, speed in _DRIVE_KM_H.items()}
    )

    def __post_init__(self) -> None:
        """Refuse speeds at which nobody moves."""
        speeds = (self.walk_m_s, self.steps_factor, *self.drive_m_s.values())
        if not all(speed > 0 for speed in speeds) or self.steps_factor > 1:
            raise UsageError("speed_wrong", mark("speeds must be above 0, and the factor for stairs at most 1"))


def open_streets(streets: pd.DataFrame, mode: Mode) -> Flags:
    """Return which streets the mode may use: columns walk and drive, else the class of the street.

    Stairs are never for vehicles, whatever the column says.
    """
    highway = _column(streets, "highway")
    closed = highway.isin(NOT_FOR_WALKERS if mode == "walk" else NOT_FOR_VEHICLES).to_numpy(bool)
    given = _column(streets, mode)
    allowed = np.where(given.isna(), ~closed, given.eq(True).fillna(False).to_numpy(bool))
    if mode == "drive":
        allowed = allowed & ~highway.eq("steps").fillna(False).to_numpy(bool)
    return np.asarray(allowed, bool)


def one_way(streets: pd.DataFrame, mode: Mode) -> Flags:
    """Return which streets are open in the direction of their line only: for walkers none."""
    if mode == "walk":
        return np.zeros(len(streets), bool)
    return np.asarray(_column(streets, "oneway").eq(True).fillna(False).to_numpy(bool))


def seconds_of(streets: pd.DataFrame, length_m: Floats, mode: Mode, speeds: Speeds) -> tuple[Floats, Floats]:
    """Return seconds along each street and back, without regard to one-way rules, (streets,) each.

    Notes
    -----
    Slopes change walking speed by Tobler's hiking function, scaled to the speed on the flat; W. Tobler,
    "Three presentations on geographical analysis and modeling", NCGIA report 93-1 (1993). Stairs have their
    factor instead.
    """
    given = _numbers(streets, f"{mode}_speed_m_s")
    highway = _column(streets, "highway")
    if mode == "drive":
        usual = highway.map(speeds.drive_m_s).fillna(OTHER_DRIVE_M_S).to_numpy(np.float64)
        seconds = length_m / np.where(given > 0, given, usual)
        return seconds, seconds
    steps = highway.eq("steps").fillna(False).to_numpy(bool)
    usual = speeds.walk_m_s * np.where(steps, speeds.steps_factor, 1.0)
    seconds = length_m / np.where(given > 0, given, usual)
    slope = np.where(steps, 0.0, np.nan_to_num(_numbers(streets, "slope")))
    return seconds / _tobler(slope), seconds / _tobler(-slope)


def _tobler(slope: Floats) -> Floats:
    """Return walking speed relative to the flat."""
    slope = np.clip(slope, -MAX_SLOPE, MAX_SLOPE)
    return np.exp(-3.5 * (np.abs(slope + 0.05) - 0.05))


def _column(streets: pd.DataFrame, name: str) -> pd.Series:
    if name in streets.columns:
        return streets[name]
    return pd.Series(None, index=streets.index, dtype="object")


def _numbers(streets: pd.DataFrame, name: str) -> Floats:
    values = pd.to_numeric(_column(streets, name), errors="coerce").astype("float64")
    return np.asarray(values.to_numpy(), np.float64)
