"""One way from a place to another: its streets, line, time and length, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import shapely

from gridtwin.errors import UsageError
from gridtwin.i18n import mark
from gridtwin.network.hierarchy import Engine, hierarchy, pays
from gridtwin.network.network import Flags, Floats, Indices, StreetNetwork, components
from gridtwin.network.search import Starts, reach, starts_of
from gridtwin.network.snap import Snapped

Blocked = Literal["", "origin_off_streets", "destination_off_streets", "closed", "one_way", "apart"]
BLOCKED: dict[Blocked, str] = {
    "origin_off_streets": mark("no street that is open to them is near the origin"),
    "destination_off_streets": mark("no street that is open to them is near the destination"),
    "closed": mark("closed streets cut every way"),
    "one_way": mark("one-way streets leave no way"),
    "apart": mark("the streets of the two places are not connected"),
}


@dataclass(frozen=True)
class Route:
    """A way along streets, in the order of travel.

    Attributes
    ----------
    edge
        Edges of the network, (parts,); the first and the last are mostly used in part.
    forward
        Whether the way runs along the line of the edge, or against it, (parts,).
    enter_at, leave_at
        Shares of the edge's line where the way enters and leaves it, 0–1, (parts,).
    seconds, length_m
        Of each part, (parts,).
    leg_m, leg_s
        Straight legs between the two places and their streets, metres and seconds, (2,).
    junction
        Junctions between the parts, (parts − 1,).
    blocked
        Why there is no way, one of :data:`BLOCKED`; empty if there is one.
    closed
        Closed edges on the best way there would be without closures, (closed,).
    """

    edge: Indices
    forward: Flags
    enter_at: Floats
    leave_at: Floats
    seconds: Floats
    length_m: Floats
    leg_m: Floats
    leg_s: Floats
    junction: Indices
    blocked: Blocked = ""
    closed: Indices = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def total_s(self) -> float:
        """Seconds from door to door, infinite if there is no way."""
        return np.inf if self.blocked else float(self.seconds.sum() + self.leg_s.sum())

    @property
    def total_m(self) -> float:
        """Metres from door to door, infinite if there is no way."""
        return np.inf if self.blocked else float(self.length_m.sum() + self.leg_m.sum())

    def lines(self, network: StreetNetwork) -> Any:
        """Return the line of each part in the direction of travel, (parts,)."""
        made = network.geometry[self.edge]
        made = np.where(self.forward, made, shapely.reverse(made))
        enter = np.where(self.forward, self.enter_at, 1.0 - self.enter_at)
        leave = np.where(self.forward, self.leave_at, 1.0 - self.leave_at)
        for i in np.flatnonzero((enter > 0.0) | (leave < 1.0)):
            made[i] = _piece(made[i], float(enter[i]), float(leave[i]))
        return made

    def line(self, network: StreetNetwork) -> Any:
        """Return the way as one line, without the legs between places and streets; empty if there is no way."""
        points = shapely.get_coordinates(self.lines(network))
        keep = np.ones(len(points), bool)
        keep[1:] = (points[1:] != points[:-1]).any(axis=1)
        if len(points) and keep.sum() < 2:  # both places at one point of a street
            keep[-1] = True
        return shapely.linestrings(points[keep]) if len(points) else shapely.LineString()


def route(
    network: StreetNetwork,
    origin: Snapped,
    destination: Snapped,
    *,
    weight: str = "seconds",
    engine: Engine = "auto",
) -> Route:
    """Return the best way between two places.

    Parameters
    ----------
    network
        Where to travel, with its present costs. Closures and slow streets are networks of their own
        (:meth:`StreetNetwork.with_closed`), made and asked within milliseconds.
    origin, destination
        One place each.
    weight
        ``"seconds"`` for the quickest way, ``"length_m"`` for the shortest.
    engine
        See :func:`gridtwin.network.hierarchy.pays`; ``"hierarchy"`` is worth its preparation from some hundred
        routes on the same streets.

    Returns
    -------
    Route
        Of ways that cost the same, always the same one. Where there is no way, ``blocked`` says why.

    Raises
    ------
    UsageError
        If more than one place is given, or ``weight`` or ``engine`` is not known.
    """
    if len(origin.edge) != 1 or len(destination.edge) != 1:
        raise UsageError("not_one_place", mark("a route leads from one place to one other; for more make a matrix"))
    starts = starts_of(network, origin, None, weight, "from")
    stops = starts_of(network, destination, None, weight, "to")
    if not origin.found[0]:
        return _none("origin_off_streets")
    if not destination.found[0]:
        return _none("destination_off_streets")
    found = _by_hierarchy(network, starts, stops, weight) if pays(network, 1, engine=engine) else None
    if found is None:  # a hierarchy also finds none that is longer than it can count
        found = _by_search(network, origin, starts, stops, weight)
    stay = _on_edge(network, starts, stops, weight)
    if stay < np.inf and (found is None or stay <= found.cost):
        found = _Way(stay, 0, 0, None)
    if found is None:
        return _why_none(network, origin, destination, weight)
    leg_m = np.concatenate([origin.distance_m, destination.distance_m])
    return _route(network, starts, stops, found, leg_m)


@dataclass(frozen=True)
class _Way:
    """Where a way leaves its first street and reaches its last (0: end of the street, 1: start).

    ``arcs`` are those between, None where it never leaves the street.
    """

    cost: float
    first: int
    last: int
    arcs: Indices | None


def _by_hierarchy(network: StreetNetwork, starts: Starts, stops: Starts, weight: str) -> _Way | None:
    """Return the best of the ways between both ends of the two streets."""
    ends = [
        (i, j)
        for i in range(2)
        for j in range(2)
        if np.isfinite(starts.seed_cost[i]) and np.isfinite(stops.seed_cost[j])
    ]
    junctions = [(int(starts.seed[i]), int(stops.seed[j])) for i, j in ends]
    found = hierarchy(network, weight).ways(network, junctions)
    made = [
        _Way(float(starts.seed_cost[i] + cost + stops.seed_cost[j]), i, j, arcs)
        for (i, j), (cost, arcs) in zip(ends, found, strict=True)
        if np.isfinite(cost)
    ]
    return min(made, key=lambda way: way.cost, default=None)


def _by_search(network: StreetNetwork, origin: Snapped, starts: Starts, stops: Starts, weight: str) -> _Way | None:
    """Return the best way by Dijkstra's method."""
    found = reach(network, origin, limit=np.inf, weight=weight)
    place = np.full(len(network.x), -1, np.int64)
    place[found.junction] = np.arange(len(found.junction))
    row = place[stops.seed]
    cost = np.where(row >= 0, found.cost[row] if len(found.cost) else np.inf, np.inf) + stops.seed_cost
    last = int(np.argmin(cost))
    if not np.isfinite(cost[last]):
        return None
    arcs: list[int] = []
    junction = int(stops.seed[last])
    while (arc := int(found.arc[place[junction]])) >= 0:
        arcs.append(arc)
        junction = int(network.start[network.edge[arc]] if network.forward[arc] else network.end[network.edge[arc]])
    reached = np.where(starts.seed == junction, starts.seed_cost, np.inf)
    return _Way(float(cost[last]), int(np.argmin(reached)), last, np.asarray(arcs[::-1], np.int64))


def _on_edge(network: StreetNetwork, starts: Starts, stops: Starts, weight: str) -> float:
    """Return the cost of the way that stays on the one street of both places, infinite if there is none."""
    if starts.edge[0] != stops.edge[0]:
        return np.inf
    along, back = (float(cost[starts.edge[0]]) for cost in network.edge_cost(weight))
    way = float(stops.at[0] - starts.at[0])
    whole = along if way >= 0 and np.isfinite(along) else back if way <= 0 else np.inf
    return float(starts.leg[0] + stops.leg[0] + abs(way) * whole) if np.isfinite(whole) else np.inf


def _route(network: StreetNetwork, starts: Starts, stops: Starts, way: _Way, leg_m: Floats) -> Route:
    """Return the parts of a way: the rest of the first street, whole streets, the beginning of the last."""
    at, to = float(starts.at[0]), float(stops.at[0])
    if way.arcs is None:
        edge, enter, leave = starts.edge.copy(), np.array([at]), np.array([to])
        ahead = to > at or (to == at and np.isfinite(network.forward_s[edge[0]]))
        forward = np.array([ahead])
    else:
        forward = np.r_[way.first == 0, network.forward[way.arcs], way.last == 1]
        edge = np.r_[starts.edge[0], network.edge[way.arcs], stops.edge[0]]
        enter = np.where(forward, 0.0, 1.0)
        leave = 1.0 - enter
        enter[0], leave[-1] = at, to
        used = enter != leave
        if not used.any():
            used[0] = True
        edge, forward, enter, leave = edge[used], forward[used], enter[used], leave[used]
    share = np.abs(leave - enter)
    whole = np.where(forward, network.forward_s[edge], network.backward_s[edge])
    arrives = np.where(forward, network.end[edge], network.start[edge])
    return Route(
        edge, forward, enter, leave, share * whole, share * network.length_m[edge],
        leg_m, network.leg_cost(leg_m, "seconds"), arrives[:-1],
    )  # fmt: skip


def _why_none(network: StreetNetwork, origin: Snapped, destination: Snapped, weight: str) -> Route:
    """Return the route that there is not, with the reason."""
    slow = network.length_m / network.profile.leg_m_s
    opened = network.with_costs(
        np.where(np.isinf(network.forward_s), slow, network.forward_s),
        np.where(np.isinf(network.backward_s), slow, network.backward_s),
    )
    closed_ahead = np.isinf(network.forward_s)
    closed_back = np.isinf(network.backward_s) & np.isfinite(opened.backward_s)
    if closed_ahead.any() or closed_back.any():
        way = route(opened, origin, destination, weight=weight, engine="dijkstra")
        if not way.blocked:
            closed = np.where(way.forward, closed_ahead[way.edge], closed_back[way.edge])
            return _none("closed", np.unique(way.edge[closed]))
    label, _ = components(network)
    same = label[network.start[origin.edge[0]]] == label[network.start[destination.edge[0]]]
    return _none("one_way" if same else "apart")


def _none(reason: Blocked, closed: Indices | None = None) -> Route:
    none, nothing = np.zeros(0, np.int64), np.zeros(0)
    return Route(
        none, np.zeros(0, bool), nothing, nothing, nothing, nothing, np.zeros(2), np.zeros(2), none, reason,
        none if closed is None else closed,
    )  # fmt: skip


def _piece(line: Any, enter: float, leave: float) -> Any:
    """Return the line between two shares of its length."""
    points = shapely.get_coordinates(line)
    run = np.r_[0.0, np.cumsum(np.hypot(*np.diff(points, axis=0).T))]
    cut = np.array([enter, leave]) * run[-1]
    ends = np.column_stack([np.interp(cut, run, points[:, 0]), np.interp(cut, run, points[:, 1])])
    inside = points[(run > cut[0]) & (run < cut[1])]
    return shapely.linestrings(np.vstack([ends[:1], inside, ends[1:]]))
