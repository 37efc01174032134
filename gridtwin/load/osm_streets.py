"""Streets and junctions from OpenStreetMap ways: cut where ways meet, nothing merged."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridtwin.load import osm_tags as rules
from gridtwin.load.elements import Indices, StreetWays
from gridtwin.schemas import conform


def streets_and_junctions(ways: StreetWays, crs: object) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return layers ``streets`` and ``junctions``.

    A way is cut at its ends and at every node that another way, or the way itself, passes too. Parallel
    streets and dead-end loops are kept. A street that is one-way against its nodes is turned around.

    Parameters
    ----------
    ways
        All ways with a tag ``highway``; those that are no streets or closed to everybody are left out.
    crs
        Projected CRS of their coordinates.

    Returns
    -------
    GeoDataFrame, GeoDataFrame
        Layers as :func:`gridtwin.schemas.conform` leaves them; streets have the further columns ``steps`` and
        ``private`` (boolean).
    """
    walk, drive = rules.open_to(ways.tags)
    plaza = rules.in_set(ways.tags["area"], ("yes",)) | rules.in_set(ways.tags["indoor"], ("yes",))
    long_enough = np.diff(ways.offsets) >= 2
    ways = without_repeats(_chosen(ways, np.flatnonzero((walk | drive) & ~plaza & long_enough)))
    walk, drive = rules.open_to(ways.tags)
    oneway, back = rules.one_way(ways.tags)
    ways = _turned(ways, back & drive)
    first, last, owner = cuts(ways)
    streets = _street_frame(ways, first, last, owner, crs)
    streets["walk"], streets["drive"] = walk[owner], drive[owner]
    streets["oneway"] = (oneway & drive)[owner]
    ends = np.unique(np.concatenate([first, last]))
    _, place = np.unique(ways.nodes[ends], return_index=True)
    at = ends[place]
    junctions = gpd.GeoDataFrame(
        {"junction_id": ways.nodes[at].astype(str)}, geometry=shapely.points(ways.xy[at]), crs=crs
    )
    return conform(streets, "streets"), conform(junctions, "junctions")


def cuts(ways: StreetWays) -> tuple[Indices, Indices, Indices]:
    """Return first node, last node and way of every street between neighbouring junctions of a way."""
    owner = np.repeat(np.arange(len(ways.ids)), np.diff(ways.offsets))
    _, inverse, passes = np.unique(ways.nodes, return_inverse=True, return_counts=True)
    junction = passes[inverse] > 1
    if len(owner):
        junction[ways.offsets[:-1]] = True
        junction[ways.offsets[1:] - 1] = True
    at = np.flatnonzero(junction)
    same = owner[at[:-1]] == owner[at[1:]] if len(at) else np.empty(0, bool)
    return at[:-1][same], at[1:][same], owner[at[:-1][same]]


def without_repeats(ways: StreetWays) -> StreetWays:
    """Return the ways without nodes that follow themselves; ways that then have one node are left out."""
    owner = np.repeat(np.arange(len(ways.ids)), np.diff(ways.offsets))
    keep = np.ones(len(owner), bool)
    keep[1:] = (ways.nodes[1:] != ways.nodes[:-1]) | (owner[1:] != owner[:-1])
    count = np.bincount(owner[keep], minlength=len(ways.ids))
    offsets = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    slim = replace(ways, offsets=offsets, nodes=ways.nodes[keep], xy=ways.xy[keep])
    return slim if (count >= 2).all() else _chosen(slim, np.flatnonzero(count >= 2))


def _street_frame(ways: StreetWays, first: Indices, last: Indices, owner: Indices, crs: object) -> gpd.GeoDataFrame:
    """Return the streets with all columns that do not tell who may use them."""
    tags = ways.tags
    lines = _lines(ways, first, last)
    name = rules.first_given(tags, ("name", "ref"))
    private = rules.in_set(rules.first_given(tags, rules.WALK_KEYS), rules.PRIVATE)
    private |= rules.in_set(rules.first_given(tags, rules.DRIVE_KEYS), rules.PRIVATE)
    of_way = pd.DataFrame(
        {
            "highway": tags["highway"].to_numpy(object),
            "name": name,
            "width_m": rules.numbers(tags["width"]),
            "structure": rules.structure(tags),
            "level": rules.level(tags),
            "steps": rules.in_set(tags["highway"], ("steps",)),
            "private": private,
        }
    )
    of_way["step_free"] = rules.step_free(tags)
    frame = of_way.iloc[owner].reset_index(drop=True)
    # A way across a road is cut where it meets the road; whoever walks all of it crosses once.
    frame["crossings"] = (rules.is_crossing(tags)[owner] & np.diff(owner, prepend=-1).astype(bool)).astype(np.int64)
    frame["street_id"] = street_ids(ways.ids[owner])
    frame["from_junction_id"] = ways.nodes[first].astype(str)
    frame["to_junction_id"] = ways.nodes[last].astype(str)
    frame["length_m"] = shapely.length(lines)
    return gpd.GeoDataFrame(frame, geometry=lines, crs=crs)


def street_ids(way: Indices) -> NDArray[np.str_]:
    """Return ids such as ``"w123-2"``: the number of the way, then the place of the street on it."""
    place = pd.Series(way).groupby(way).cumcount().to_numpy() + 1
    return np.char.add(np.char.add("w", way.astype(str)), np.char.add("-", place.astype(str)))


def _lines(ways: StreetWays, first: Indices, last: Indices) -> NDArray[np.object_]:
    """Return one line from each first to each last node."""
    count = last - first + 1
    row = np.repeat(np.arange(len(first)), count)
    start = np.repeat(first - np.concatenate([[0], np.cumsum(count)[:-1]]), count) if len(first) else first
    at = np.arange(len(row)) + start
    return np.asarray(shapely.linestrings(ways.xy[at], indices=row) if len(row) else [], dtype=object)


def _chosen(ways: StreetWays, rows: Indices) -> StreetWays:
    """Return some of the ways."""
    count = np.diff(ways.offsets)[rows]
    offsets = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    at = np.arange(offsets[-1]) + np.repeat(ways.offsets[rows] - offsets[:-1], count)
    tags = ways.tags.iloc[rows].reset_index(drop=True)
    return StreetWays(ways.ids[rows], tags, offsets, ways.nodes[at], ways.xy[at])


def _turned(ways: StreetWays, back: NDArray[np.bool_]) -> StreetWays:
    """Return the ways with the nodes of those where ``back`` holds in reverse order."""
    count = np.diff(ways.offsets)
    at = np.arange(len(ways.nodes))
    mirrored = np.repeat(ways.offsets[:-1] + ways.offsets[1:] - 1, count) - at
    at = np.where(np.repeat(back, count), mirrored, at)
    return replace(ways, nodes=ways.nodes[at], xy=ways.xy[at])
