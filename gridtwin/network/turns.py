"""A route in words: where to turn, onto which street, and how far it goes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from gridtwin.i18n import mark, tr
from gridtwin.network.network import Flags, Floats, StreetNetwork
from gridtwin.network.route import Route

LOOK_M = 15.0  # before and behind a junction, over which directions are taken: short kinks are no turns
SLIGHT, PLAIN, SHARP, BACK = 30.0, 60.0, 120.0, 165.0  # degrees from which a turn is one
_COMPASS = (
    mark("north"), mark("north-east"), mark("east"), mark("south-east"),
    mark("south"), mark("south-west"), mark("west"), mark("north-west"),
)  # fmt: skip
_TURNS = {
    "continue": (mark("Continue straight on"), mark("Continue onto {street}")),
    "slight_left": (mark("Bear left"), mark("Bear left onto {street}")),
    "left": (mark("Turn left"), mark("Turn left onto {street}")),
    "sharp_left": (mark("Turn sharp left"), mark("Turn sharp left onto {street}")),
    "slight_right": (mark("Bear right"), mark("Bear right onto {street}")),
    "right": (mark("Turn right"), mark("Turn right onto {street}")),
    "sharp_right": (mark("Turn sharp right"), mark("Turn sharp right onto {street}")),
    "back": (mark("Turn back"), mark("Turn back along {street}")),
    "depart": (mark("Go {compass}"), mark("Go {compass} along {street}")),
    "arrive": (mark("Arrive"), mark("Arrive")),
}


@dataclass(frozen=True)
class Step:
    """One line of the turn list.

    Attributes
    ----------
    turn
        ``"depart"``, ``"arrive"``, ``"continue"``, ``"back"``, or ``"left"`` and ``"right"``, also ``"slight_"``
        and ``"sharp_"``.
    street
        Name of the street that it leads onto, empty if it has none.
    compass
        Direction in which it sets off, for ``"depart"``: 0 is north, 2 is east, 7 is north-west.
    seconds, length_m
        From here to the next step.
    first, last
        Parts of the route that belong to the step: ``first:last``.
    """

    turn: str
    street: str
    compass: int
    seconds: float
    length_m: float
    first: int
    last: int

    def text(self, lang: str | None = None) -> str:
        """Return the step as a sentence in ``lang`` (the user's language by default)."""
        words = tr(_TURNS[self.turn][1 if self.street else 0], lang)
        return words.format(street=self.street, compass=tr(_COMPASS[self.compass], lang))


def turn_list(network: StreetNetwork, route: Route) -> tuple[Step, ...]:
    """Return the steps of a route: one for each turn, and for each street of another name.

    Notes
    -----
    Bends of a street are no turns: a turn is a change of direction of 30° or more at a junction where one could
    go elsewhere. Times and lengths of the steps add up to those of the route, with the legs between the two
    places and their streets in the first and the last.
    """
    if route.blocked:
        return ()
    lines = route.lines(network)
    turned = _angles(lines)
    name = _names(network)[route.edge]
    begins = np.ones(len(lines), bool)
    begins[1:] = (name[1:] != name[:-1]) | ((np.abs(turned) >= SLIGHT) & _choice(network, route))
    first = np.flatnonzero(begins)
    last = np.r_[first[1:], len(lines)]
    seconds, length_m = route.seconds.copy(), route.length_m.copy()
    seconds[0] += route.leg_s[0]
    length_m[0] += route.leg_m[0]
    seconds, length_m = np.add.reduceat(seconds, first), np.add.reduceat(length_m, first)
    kinds = ["depart", *(_kind(float(angle)) for angle in turned[first[1:] - 1])]
    ahead = int(_compass(lines[:1])[0])
    steps = _steps(zip(kinds, name[first], seconds, length_m, first, last, strict=True), ahead)
    end = len(lines)
    return (*steps, Step("arrive", "", 0, float(route.leg_s[1]), float(route.leg_m[1]), end, end))


def _steps(rows: Iterable[tuple[Any, ...]], ahead: int) -> tuple[Step, ...]:
    return tuple(
        Step(kind, str(street), ahead if kind == "depart" else 0, float(s), float(m), int(first), int(last))
        for kind, street, s, m, first, last in rows
    )


def _names(network: StreetNetwork) -> Any:
    """Return the names of the edges, empty where there is none, (edges,)."""
    if "name" not in network.streets.columns:
        return np.full(len(network.streets), "", dtype=object)
    made: Any = network.once(
        "names",
        lambda: network.streets["name"].astype("object").where(network.streets["name"].notna(), "").to_numpy(object),
    )
    return made


def _choice(network: StreetNetwork, route: Route) -> Flags:
    """Return at which junctions of the route more than two streets meet, (parts − 1,)."""
    streets = network.once(
        "degree",
        lambda: np.bincount(np.r_[network.start, network.end], minlength=len(network.x)),
    )
    return np.asarray(streets[route.junction] > 2)


def _angles(lines: Any) -> Floats:
    """Return the change of direction from each line to the next, degrees, right positive, (lines − 1,)."""
    arrives = _bearing(shapely.line_interpolate_point(lines[:-1], -LOOK_M), shapely.get_point(lines[:-1], -1))
    leaves = _bearing(shapely.get_point(lines[1:], 0), shapely.line_interpolate_point(lines[1:], LOOK_M))
    return (leaves - arrives + 180.0) % 360.0 - 180.0


def _bearing(a: Any, b: Any) -> Floats:
    """Return the direction from points to others, degrees clockwise from north."""
    east, north = (shapely.get_coordinates(b) - shapely.get_coordinates(a)).T
    return np.asarray(np.degrees(np.arctan2(east, north)) % 360.0)


def _compass(lines: Any) -> Any:
    ahead = _bearing(shapely.get_point(lines, 0), shapely.line_interpolate_point(lines, LOOK_M))
    return np.rint(ahead / 45.0).astype(np.int64) % 8


def _kind(angle: float) -> str:
    """Return the word for a turn by an angle, right positive."""
    size = abs(angle)
    if size < SLIGHT:
        return "continue"
    if size >= BACK:
        return "back"
    side = "right" if angle > 0 else "left"
    return ("slight_" if size < PLAIN else "" if size < SHARP else "sharp_") + side
