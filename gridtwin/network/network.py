"""Streets as arrays: who may go where, how far it is and how long it takes.

Streets meet only where they share a junction, so a bridge does not meet what passes under it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridtwin.errors import InputError, InputMissingError, UsageError, first_ids
from gridtwin.i18n import mark
from gridtwin.network.profile import Mode, Profile, one_way, open_streets, seconds_of

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Direction = Literal["to", "from"]
T = TypeVar("T")

ENDS = ("from_junction_id", "to_junction_id")


@dataclass(frozen=True)
class StreetNetwork:
    """The streets open to one mode, as compressed sparse rows (CSR); arrays are not to be changed.

    An *edge* is a street that is open; it has one or two *arcs*, one for each direction in which it is open.
    Streets that join the same two junctions stay apart.

    Attributes
    ----------
    profile
        Who moves along the streets.
    streets
        The open streets, one row an edge.
    row
        Row of each edge in the layer that was given, (edges,).
    start, end
        Junction numbers at both ends of each edge, in the direction of its line, (edges,).
    length_m
        Length of each edge, (edges,).
    forward_s, backward_s
        Seconds along each edge and back; infinite where closed, (edges,).
    junction_id
        Junctions by number, (junctions,).
    x, y
        Their coordinates, metres, (junctions,).
    indptr
        The arcs that leave junction ``j`` are ``indptr[j]:indptr[j + 1]``, (junctions + 1,).
    head
        Junction at which each arc ends, (arcs,).
    edge
        Edge of each arc, (arcs,).
    forward
        Whether the arc runs along the line of its edge or against it, (arcs,).
    shared
        What is made when first needed and does not depend on costs; networks that differ in costs alone
        share it.
    """

    profile: Profile
    streets: gpd.GeoDataFrame
    row: Indices
    start: Indices
    end: Indices
    length_m: Floats
    forward_s: Floats
    backward_s: Floats
    junction_id: NDArray[np.object_]
    x: Floats
    y: Floats
    indptr: Indices
    head: Indices
    edge: Indices
    forward: Flags
    shared: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def mode(self) -> Mode:
        """``"walk"`` or ``"drive"``."""
        return self.profile.mode

    @property
    def crs(self) -> Any:
        """Coordinate reference system of the streets."""
        return self.streets.crs

    @property
    def geometry(self) -> NDArray[np.object_]:
        """Lines of the edges, (edges,)."""
        return np.asarray(self.streets.geometry.to_numpy(), dtype=object)

    @property
    def tree(self) -> shapely.STRtree:
        """Spatial index over the lines of the edges."""
        return self.once("tree", lambda: shapely.STRtree(self.geometry))

    def once(self, name: str, make: Callable[[], T]) -> T:
        """Return what ``make`` returned the first time for a network with these streets, whatever its costs."""
        if name not in self.shared:
            self.shared[name] = make()
        found: T = self.shared[name]
        return found

    def with_costs(self, forward_s: Floats, backward_s: Floats) -> StreetNetwork:
        """Return the network with other seconds along each edge and back, (edges,) each; nothing is rebuilt.

        Parameters
        ----------
        forward_s, backward_s
            Seconds; infinite where closed. A one-way street stays closed in its other direction.
        """
        backward_s = np.where(self.once("one_way", lambda: np.isinf(self.backward_s)), np.inf, backward_s)
        return replace(self, forward_s=np.asarray(forward_s, np.float64), backward_s=backward_s)

    def with_closed(self, edges: Any) -> StreetNetwork:
        """Return the network with some edges closed both ways; places on them stay there, cut off.

        Parameters
        ----------
        edges
            Numbers of edges, or flags, (edges,).
        """
        forward_s, backward_s = self.forward_s.copy(), self.backward_s.copy()
        forward_s[edges], backward_s[edges] = np.inf, np.inf
        return self.with_costs(forward_s, backward_s)

    def with_slower(self, edges: Any, factor: Any) -> StreetNetwork:
        """Return the network on which some edges take ``factor`` times as long (below 1: quicker).

        Parameters
        ----------
        edges
            Numbers of edges, or flags, (edges,).
        factor
            Above 0, one for all or one each.
        """
        if not (np.asarray(factor) > 0).all():
            raise UsageError("factor_wrong", mark("a factor for travel times must be above 0"))
        forward_s, backward_s = self.forward_s.copy(), self.backward_s.copy()
        forward_s[edges] *= factor
        backward_s[edges] *= factor
        return self.with_costs(forward_s, backward_s)

    def edges_of(self, street_ids: Any) -> Indices:
        """Return the edges of some streets, (ids,); streets that are not open to the network's mode have −1."""
        known: pd.Index = self.once("ids", lambda: pd.Index(self.streets["street_id"]))
        return np.asarray(known.get_indexer([str(name) for name in street_ids]), np.int64)

    def edge_cost(self, weight: str, direction: Direction = "from") -> tuple[Floats, Floats]:
        """Return the cost of each edge along its line and back, infinite where closed, (edges,) each.

        Parameters
        ----------
        weight
            ``"length_m"`` or ``"seconds"``.
        direction
            ``"to"``: of moving backwards, from the end of the edge to its start and back.
        """
        if direction not in ("to", "from"):
            raise UsageError(
                "direction_unknown",
                mark("'{direction}' is no direction; take 'to' or 'from'"),
                direction=direction,
            )
        if weight == "seconds":
            along, back = self.forward_s, self.backward_s
        elif weight == "length_m":
            along = np.where(np.isfinite(self.forward_s), self.length_m, np.inf)
            back = np.where(np.isfinite(self.backward_s), self.length_m, np.inf)
        else:
            raise UsageError(
                "weight_unknown", mark("'{weight}' is no weight; take 'length_m' or 'seconds'"), weight=weight
            )
        return (back, along) if direction == "to" else (along, back)

    def leg_cost(self, distance_m: Floats, weight: str) -> Floats:
        """Return the cost of the straight leg between a place and its street."""
        return distance_m if weight == "length_m" else distance_m / self.profile.leg_m_s

    def searched(self, weight: str, direction: Direction) -> SearchArcs:
        """Return the arcs that a search follows: those of the network, or backwards for ``"to"``."""
        cost = self.arc_cost(weight)
        if direction == "from":
            return SearchArcs(self.indptr, self.head, cost, self.edge, self.forward)
        indptr, tail, order = self.once("reversed", self._reversed)
        return SearchArcs(indptr, tail, cost[order], self.edge[order], ~self.forward[order])

    def _reversed(self) -> tuple[Indices, Indices, Indices]:
        """Return bounds, tails and numbers of the arcs that end at each junction."""
        count = len(self.junction_id)
        tail = np.repeat(np.arange(count), np.diff(self.indptr))
        order = np.argsort(self.head, kind="stable")
        indptr = np.zeros(count + 1, np.int64)
        indptr[1:] = np.cumsum(np.bincount(self.head, minlength=count))
        return indptr, tail[order], order

    def arc_cost(self, weight: str) -> Floats:
        """Return the cost of each arc, (arcs,); see :meth:`edge_cost`."""
        forward, backward = self.edge_cost(weight)
        return np.asarray(np.where(self.forward, forward[self.edge], backward[self.edge]), np.float64)


@dataclass(frozen=True)
class SearchArcs:
    """Arcs in the order of a search, as compressed sparse rows.

    Attributes
    ----------
    indptr, head
        The arcs that leave junction ``j`` are ``indptr[j]:indptr[j + 1]``, and end at ``head``.
    cost
        Cost of each arc, (arcs,).
    edge
        Edge of each arc, (arcs,).
    from_start
        Whether the arc leaves the edge's start, (arcs,).
    """

    indptr: Indices
    head: Indices
    cost: Floats
    edge: Indices
    from_start: Flags


def street_network(
    streets: gpd.GeoDataFrame, junctions: gpd.GeoDataFrame | None = None, *, profile: Profile
) -> StreetNetwork:
    """Make the network of the streets that walkers or vehicles may use.

    Parameters
    ----------
    streets
        Layer ``streets`` with from_junction_id and to_junction_id. Columns walk and drive say who may use a
        street; where they are empty its class (highway) does, and a street without class is open. oneway
        binds vehicles only. Stairs are for walkers, at their own speed.
    junctions
        Layer ``junctions``, for coordinates; the ends of the lines by default.
    profile
        Who moves along the streets, and how fast where the layer does not say.

    Returns
    -------
    StreetNetwork
        Junctions are numbered in the order in which the streets name them.

    Raises
    ------
    InputMissingError
        If the junction columns are missing, or a street that is open has none.
    InputError
        If ``junctions`` lacks a junction that the streets name.
    """
    missing = [name for name in ENDS if name not in streets.columns]
    if missing:
        raise InputMissingError(
            "junctions_missing",
            mark("layer 'streets' has no column '{column}'; 'gridtwin build' joins streets at junctions"),
            column=missing[0],
        )
    row = np.flatnonzero(open_streets(streets, profile))
    frame = streets.iloc[row].reset_index(drop=True)
    _require_junctions(frame)
    start, end, ids = _numbered(frame)
    length_m = _lengths(frame)
    along, back = seconds_of(frame, length_m, profile)
    back = np.where(one_way(frame, profile), np.inf, back)
    x, y = _coordinates(frame, junctions, start, end, ids)
    indptr, head, edge, forward = _arcs(start, end, np.isfinite(back), len(ids))
    return StreetNetwork(profile, frame, row, start, end, length_m, along, back, ids, x, y, indptr, head, edge, forward)


def components(network: StreetNetwork) -> tuple[Indices, pd.DataFrame]:
    """Return the connected parts of the network, the longest first; one-way rules do not part them.

    Returns
    -------
    array of int, (junctions,)
        Number of each junction's part.
    DataFrame
        One row a part: component, junctions, streets, length_m, length_share (0–1).
    """
    count = len(network.junction_id)
    ones = np.ones(len(network.start), np.int8)
    joined = coo_array((ones, (network.start, network.end)), shape=(count, count))
    number, label = connected_components(joined, directed=False)
    of_edge = label[network.start]
    length = np.bincount(of_edge, weights=network.length_m, minlength=number)
    order = np.lexsort((np.arange(number), -length))
    place = np.empty(number, np.int64)
    place[order] = np.arange(number)
    report = pd.DataFrame(
        {
            "component": np.arange(number),
            "junctions": np.bincount(label, minlength=number)[order],
            "streets": np.bincount(of_edge, minlength=number)[order],
            "length_m": length[order],
            "length_share": length[order] / max(length.sum(), np.finfo(float).tiny),
        }
    )
    return np.asarray(place[label], np.int64), report


def _require_junctions(frame: gpd.GeoDataFrame) -> None:
    without = frame[list(ENDS)].isna().any(axis=1)
    if without.any():
        ids = frame["street_id"] if "street_id" in frame.columns else frame.index.to_series()
        raise InputMissingError(
            "junctions_missing",
            mark(
                "layer 'streets': {count} streets have no junctions ({ids}); 'gridtwin build' joins streets"
                " at junctions"
            ),
            count=int(without.sum()),
            ids=", ".join(first_ids(ids[without])),
        )


def _numbered(frame: gpd.GeoDataFrame) -> tuple[Indices, Indices, NDArray[np.object_]]:
    """Return junction numbers at both ends, and the ids by number in the order in which they appear."""
    both = np.column_stack([frame[name].to_numpy(dtype=object) for name in ENDS]).ravel()
    number, ids = pd.factorize(both)
    return (
        np.ascontiguousarray(number[::2], np.int64),
        np.ascontiguousarray(number[1::2], np.int64),
        np.asarray(ids, dtype=object),
    )


def _lengths(frame: gpd.GeoDataFrame) -> Floats:
    """Return the length of each street: column length_m, else that of its line."""
    drawn = shapely.length(frame.geometry.to_numpy())
    if "length_m" not in frame.columns:
        return np.asarray(drawn, np.float64)
    given = pd.to_numeric(frame["length_m"], errors="coerce").astype("float64").to_numpy()
    return np.asarray(np.where(given >= 0, given, drawn), np.float64)


def _coordinates(
    frame: gpd.GeoDataFrame,
    junctions: gpd.GeoDataFrame | None,
    start: Indices,
    end: Indices,
    ids: NDArray[np.object_],
) -> tuple[Floats, Floats]:
    """Return the coordinates of the junctions."""
    if junctions is not None:
        at = pd.Index(junctions["junction_id"]).get_indexer(ids)
        if (lost := at < 0).any():
            raise InputError(
                "junctions_unknown",
                mark("layer 'junctions' lacks {count} junctions that streets name ({ids})"),
                count=int(lost.sum()),
                ids=", ".join(first_ids(ids[lost])),
            )
        points = junctions.geometry.to_numpy()[at]
        return shapely.get_x(points), shapely.get_y(points)
    points, line = shapely.get_coordinates(frame.geometry.to_numpy(), return_index=True)
    first = np.searchsorted(line, np.arange(len(frame)))
    last = np.searchsorted(line, np.arange(len(frame)), side="right") - 1
    place = np.zeros((len(ids), 2))
    place[end] = points[last]
    place[start] = points[first]
    return np.ascontiguousarray(place[:, 0]), np.ascontiguousarray(place[:, 1])


def _arcs(start: Indices, end: Indices, two_way: Flags, junctions: int) -> tuple[Indices, Indices, Indices, Flags]:
    """Return indptr, head, edge and forward of the arcs, sorted by the junction that they leave."""
    back = np.flatnonzero(two_way)
    edges = np.arange(len(start))
    tail = np.concatenate([start, end[back]])
    head = np.concatenate([end, start[back]])
    edge = np.concatenate([edges, back])
    order = np.lexsort((edge, tail))
    indptr = np.zeros(junctions + 1, np.int64)
    indptr[1:] = np.cumsum(np.bincount(tail, minlength=junctions))
    return indptr, head[order], edge[order], order < len(start)
