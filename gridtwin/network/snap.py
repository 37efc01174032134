"""Buildings and facilities on the network: the nearest street, and how far along it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gridtwin.errors import InputError, UsageError
from gridtwin.i18n import mark
from gridtwin.network.network import Flags, Floats, Indices, StreetNetwork

_POINT = 0  # shapely's type number


@dataclass(frozen=True)
class Snapped:
    """Places on the network, all arrays (places,).

    Attributes
    ----------
    edge
        Edge of the network, −1 where no street is near enough.
    offset_m
        Way along the edge from its first junction, NaN where there is none.
    distance_m
        Straight distance to the street, NaN where there is none.
    """

    edge: Indices
    offset_m: Floats
    distance_m: Floats

    @property
    def found(self) -> Flags:
        """Which places have a street."""
        return np.asarray(self.edge >= 0)

    def take(self, rows: Any) -> Snapped:
        """Return the places of ``rows``."""
        return Snapped(self.edge[rows], self.offset_m[rows], self.distance_m[rows])


def snap(
    network: StreetNetwork, places: Any, *, within_m: float, among: Flags | None = None, barriers: Any = None
) -> Snapped:
    """Put places on the nearest edge of the network.

    Parameters
    ----------
    network
        Where to.
    places
        GeoSeries, GeoDataFrame or array of points or polygons. A polygon goes to the street that is nearest
        to its outline, at the place of that street which is nearest to it: where its door most likely is.
    within_m
        Places farther than this from every street stay off the network, metres, above 0.
    among
        Edges that may be taken, (edges,); all by default.
    barriers
        GeoSeries, GeoDataFrame or array of lines and polygons (water, railways, walls): a street whose straight
        leg crosses none of them is taken before a nearer one across. Who has streets across alone goes there.

    Returns
    -------
    Snapped
        One place a row. Of streets at the same distance one is taken, always the same.

    Raises
    ------
    InputError
        If places and network have different coordinate reference systems.
    UsageError
        If ``within_m`` is not above 0.
    """
    if not within_m > 0:
        raise UsageError("not_positive", mark("the distance to snap within must be above 0"))
    shapes = _shapes(network, places)
    edge = np.full(len(shapes), -1, np.int64)
    offset_m, distance_m = np.full(len(shapes), np.nan), np.full(len(shapes), np.nan)
    if among is None:
        tree, choice = network.tree, np.arange(len(network.start))
    else:
        choice = np.flatnonzero(among)
        tree = shapely.STRtree(network.geometry[choice])
    (which, line), near_m = tree.query_nearest(shapes, max_distance=within_m, return_distance=True, all_matches=False)
    if barriers is not None and len(barriers):
        line, near_m = _on_this_side(
            tree, shapes[which], line, near_m, shapely.STRtree(_shapes(network, barriers)), within_m
        )
    found = choice[line]
    edge[which], distance_m[which] = found, near_m
    offset_m[which] = _share_along(network.geometry[found], shapes[which]) * network.length_m[found]
    return Snapped(edge, offset_m, distance_m)


def _on_this_side(
    tree: shapely.STRtree, shapes: Any, line: Indices, near_m: Floats, barriers: shapely.STRtree, within_m: float
) -> tuple[Indices, Floats]:
    """Return the line of the tree for each shape, and how far it is, with those across a barrier replaced."""
    lines = tree.geometries
    across = np.unique(barriers.query(shapely.shortest_line(shapes, lines[line]), predicate="crosses")[0])
    which, other = tree.query(shapes[across], predicate="dwithin", distance=within_m)
    legs = shapely.shortest_line(shapes[across[which]], lines[other])
    clear = np.ones(len(legs), bool)
    clear[barriers.query(legs, predicate="crosses")[0]] = False
    which, other, far_m = which[clear], other[clear], shapely.length(legs[clear])
    order = np.lexsort((other, far_m, which))
    order = order[np.r_[True, np.diff(which[order]) != 0]] if len(order) else order
    line, near_m = line.copy(), near_m.copy()
    line[across[which[order]]], near_m[across[which[order]]] = other[order], far_m[order]
    return line, near_m


def _shapes(network: StreetNetwork, places: Any) -> Any:
    if not isinstance(places, gpd.GeoSeries | gpd.GeoDataFrame):
        return np.asarray(places, dtype=object)
    if places.crs is not None and network.crs is not None and places.crs != network.crs:
        raise InputError(
            "crs_differs",
            mark("places are in {places} and the network in {network}; reproject one of them"),
            places=places.crs.to_string(),
            network=network.crs.to_string(),
        )
    return places.geometry.to_numpy()


def _share_along(lines: Any, shapes: Any) -> Floats:
    """Return how far along its line each shape lies, 0–1."""
    points = np.array(shapes, dtype=object)
    area = shapely.get_type_id(points) != _POINT
    points[area] = shapely.get_point(shapely.shortest_line(lines[area], points[area]), 0)
    return np.asarray(shapely.line_locate_point(lines, points, normalized=True), np.float64)
