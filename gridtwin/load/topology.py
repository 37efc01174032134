"""Junctions for streets that were drawn as lines: ends that meet become one junction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from gridtwin.coordinates import require_metric
from gridtwin.errors import UsageError
from gridtwin.i18n import mark
from gridtwin.schemas import conform

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Shapes = NDArray[np.object_]

SNAP_M = 0.5
_TINY_M = 1e-6
ENDS = ("from_junction_id", "to_junction_id")


def has_junctions(streets: gpd.GeoDataFrame) -> bool:
    """Return whether every street names the junctions at its ends."""
    return all(name in streets.columns and bool(streets[name].notna().all()) for name in ENDS)


def junctions_of(streets: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return layer ``junctions`` of streets that name theirs; a junction lies at the first end that names it."""
    lines = shapely.get_parts(streets.geometry.to_numpy())
    _, owner = shapely.get_parts(streets.geometry.to_numpy(), return_index=True)
    first = np.searchsorted(owner, np.arange(len(streets)))
    last = np.searchsorted(owner, np.arange(len(streets)), side="right") - 1
    points = np.column_stack([shapely.get_point(lines[first], 0), shapely.get_point(lines[last], -1)]).ravel()
    names = streets[list(ENDS)].to_numpy(dtype=object).ravel()
    frame = gpd.GeoDataFrame({"junction_id": names}, geometry=points, crs=streets.crs)
    return conform(frame.drop_duplicates("junction_id"), "junctions")


def ends_agree(streets: gpd.GeoDataFrame, *, within_m: float = 1.0) -> bool:
    """Return whether all street ends at one junction lie together.

    They do not where a table states junctions but draws some of its lines from the second to the first.
    """
    shapes = streets.geometry.to_numpy()
    ends = np.r_[shapely.get_point(shapes, 0), shapely.get_point(shapes, -1)]
    if shapely.is_missing(ends).any():  # multi-part lines
        return False
    table = pd.DataFrame(shapely.get_coordinates(ends), columns=["x", "y"])
    spread = table.groupby(streets[list(ENDS)].to_numpy(dtype=object).ravel(order="F")).agg(np.ptp)
    return bool((spread.to_numpy() <= within_m).all())


def add_junctions(
    streets: gpd.GeoDataFrame, *, snap_m: float = SNAP_M, node_crossings: bool = False
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Join streets at junctions: where ends meet, and where an end touches another street.

    Parameters
    ----------
    streets
        Layer ``streets`` in metres; never changed.
    snap_m
        Ends this near to each other, or to another street, are one junction, metres, 0 or more.
    node_crossings
        Also cut streets where they cross in between, if both are on the ground on the same level; by default
        they cross without a junction, as a line drawn over another may be a bridge.

    Returns
    -------
    GeoDataFrame, GeoDataFrame
        Layers ``streets`` and ``junctions``. A street that was cut becomes several, ``"17-1"``, ``"17-2"``, ...,
        each with all its columns; a street that touches a bridge or tunnel from another level does not cut it.

    Raises
    ------
    InputError
        If the CRS is not metric.
    UsageError
        If ``snap_m`` is negative.

    Notes
    -----
    Ends are grouped by single linkage, so a chain of ends, each within ``snap_m`` of the next, is one
    junction; it lies in the middle of its ends.
    """
    require_metric(streets.crs, "streets", streets)
    if snap_m < 0:
        raise UsageError("negative", mark("the distance must not be negative"))
    lines, owner = shapely.get_parts(streets.geometry.to_numpy(), return_index=True)
    plane = _plane(streets, owner)
    crossing_line, crossing = _crossings(lines, plane) if node_crossings else _nothing()
    ends = np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1), crossing])
    node, place = _clusters(shapely.get_coordinates(ends), snap_m)
    count = len(lines)
    start, end, crossed = node[:count], node[count : 2 * count], node[2 * count :]
    touch_line, touch_node = _touches(lines, place, (start, end), plane, snap_m)
    cut_line = np.concatenate([crossing_line, touch_line])
    cut_node = np.concatenate([crossed, touch_node])
    pieces = _cut(lines, place, (start, end), (cut_line, cut_node))
    length = shapely.length(pieces.lines)
    keep = (pieces.start != pieces.end) | (length > 2 * snap_m)
    return _layers(streets, pieces, owner[pieces.line], place, keep)


@dataclass(frozen=True)
class _Pieces:
    lines: Shapes
    line: Indices  # the line that each piece was cut from
    start: Indices
    end: Indices


def _nothing() -> tuple[Indices, Shapes]:
    return np.empty(0, np.int64), np.empty(0, object)


def _plane(streets: gpd.GeoDataFrame, owner: Indices) -> Indices:
    """Return a number for each line that is the same for lines of the same structure and level."""
    structure = streets["structure"].fillna("ground") if "structure" in streets.columns else pd.Series("ground")
    level = streets["level"].astype("Float64").fillna(0) if "level" in streets.columns else pd.Series(0.0)
    structure = structure.reindex(streets.index, fill_value="ground").astype("object")
    level = level.reindex(streets.index, fill_value=0).astype("float64")
    # Level 0 on the ground is number 0; everything else is numbered as it comes.
    keys = pd.MultiIndex.from_arrays([["ground", *structure], [0.0, *level]])
    return np.asarray(pd.factorize(keys)[0][1:], np.int64)[owner]


def _clusters(xy: Floats, snap_m: float) -> tuple[Indices, Floats]:
    """Return the number of each point's group, in order of appearance, and the middle of each group."""
    places, inverse = np.unique(xy, axis=0, return_inverse=True)
    pairs = cKDTree(places).query_pairs(snap_m, output_type="ndarray") if len(places) else np.empty((0, 2), int)
    joined = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(places),) * 2)
    _, label = connected_components(joined, directed=False)
    node, _ = pd.factorize(label[inverse.ravel()])
    size = np.bincount(node)
    middle = np.column_stack([np.bincount(node, weights=xy[:, axis]) / size for axis in (0, 1)])
    first = np.unique(node, return_index=True)[1]
    middle = np.where(_alone(node, xy, middle)[:, None], xy[first], middle)
    return np.asarray(node, np.int64), middle


def _alone(node: NDArray[Any], xy: Floats, middle: Floats) -> NDArray[np.bool_]:
    """Return which groups hold one place only; they keep it to the last digit."""
    apart = np.abs(xy - middle[node]).max(axis=1) > 1e-9 * np.abs(xy).max(initial=1.0)
    return np.asarray(np.bincount(node, weights=apart, minlength=len(middle)) == 0)


def _crossings(lines: Shapes, plane: Indices) -> tuple[Indices, Shapes]:
    """Return line and point of every crossing of two lines on the ground, twice: for either line."""
    ground = np.flatnonzero(plane == 0)
    one, other = shapely.STRtree(lines[ground]).query(lines[ground], predicate="intersects")
    one, other = ground[one[one < other]], ground[other[one < other]]
    points, pair = shapely.get_parts(shapely.intersection(lines[one], lines[other]), return_index=True)
    dot = shapely.get_type_id(points) == shapely.GeometryType.POINT
    points, pair = points[dot], pair[dot]
    return np.concatenate([one[pair], other[pair]]), np.concatenate([points, points])


def _touches(
    lines: Shapes, place: Floats, ends: tuple[Indices, Indices], plane: Indices, snap_m: float
) -> tuple[Indices, Indices]:
    """Return line and junction wherever the end of a line touches another one of the same level in between."""
    start, end = ends
    node, line = shapely.STRtree(lines).query(shapely.points(place), predicate="dwithin", distance=max(snap_m, _TINY_M))
    foreign = (start[line] != node) & (end[line] != node)
    node, line = node[foreign], line[foreign]
    on_node = np.unique(np.column_stack([np.r_[start, end], np.r_[plane, plane]]), axis=0)
    width = int(plane.max(initial=0)) + 1
    same = np.isin(node * width + plane[line], on_node[:, 0] * width + on_node[:, 1])
    return line[same].astype(np.int64), node[same].astype(np.int64)


def _cut(lines: Shapes, place: Floats, ends: tuple[Indices, Indices], cuts: tuple[Indices, Indices]) -> _Pieces:
    """Return the pieces of the lines between their junctions, in the order of the lines."""
    start, end = ends
    line, node = np.unique(np.column_stack(cuts), axis=0).T if len(cuts[0]) else cuts
    at = shapely.line_locate_point(lines[line], shapely.points(place[node]))
    inner = (at > _TINY_M) & (at < shapely.length(lines[line]) - _TINY_M)
    inner &= (node != start[line]) & (node != end[line])
    line, node, at = line[inner], node[inner], at[inner]
    xy, of = shapely.get_coordinates(lines, return_index=True)
    along, first, last = _along(xy, of, len(lines))
    xy[first], xy[last] = place[start], place[end]
    of = np.concatenate([of, line])
    xy = np.concatenate([xy, place[node]])
    junction = np.full(len(along), -1)
    junction[first], junction[last] = start, end
    junction = np.concatenate([junction, node])
    order = np.lexsort((np.concatenate([along, at]), of))
    of, xy, junction = of[order], xy[order], junction[order]
    stop = np.flatnonzero(junction >= 0)
    same = of[stop[:-1]] == of[stop[1:]] if len(stop) else np.empty(0, bool)
    left, right = stop[:-1][same], stop[1:][same]
    return _Pieces(_between(xy, left, right), of[left], junction[left], junction[right])


def _along(xy: Floats, of: Indices, count: int) -> tuple[Floats, Indices, Indices]:
    """Return the distance of each vertex along its line, and the first and last vertex of each line."""
    step = np.zeros(len(xy))
    step[1:] = np.hypot(*np.diff(xy, axis=0).T)
    first = np.searchsorted(of, np.arange(count))
    last = np.searchsorted(of, np.arange(count), side="right") - 1
    step[first] = 0.0
    total = np.cumsum(step)
    return total - total[first][of], first, last


def _between(xy: Floats, left: Indices, right: Indices) -> Shapes:
    """Return one line through the points ``left`` to ``right``."""
    if not len(left):
        return np.empty(0, object)
    count = right - left + 1
    row = np.repeat(np.arange(len(left)), count)
    offset = np.repeat(left - np.concatenate([[0], np.cumsum(count)[:-1]]), count)
    return np.asarray(shapely.linestrings(xy[np.arange(len(row)) + offset], indices=row), dtype=object)


def _layers(
    streets: gpd.GeoDataFrame, pieces: _Pieces, row: Indices, place: Floats, keep: NDArray[np.bool_]
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the pieces and their junctions as layers."""
    row, lines = row[keep], pieces.lines[keep]
    start, end = pieces.start[keep], pieces.end[keep]
    used = np.unique(np.concatenate([start, end]))
    width = max(6, len(str(len(used))))
    names = np.array([f"j{number:0{width}d}" for number in range(1, len(used) + 1)], dtype=object)
    frame = streets.drop(columns=streets.geometry.name).iloc[row].reset_index(drop=True)
    turn = pd.Series(row).groupby(row)
    number, several = turn.cumcount() + 1, turn.transform("size") > 1
    if "crossings" in frame.columns:  # whoever walks all pieces crosses as often as before
        frame["crossings"] = frame["crossings"].mask(frame["crossings"].notna() & (number > 1), 0)
    if "street_id" in frame.columns:
        ids = frame["street_id"].astype("object")
        frame["street_id"] = ids.where(~several, ids + "-" + number.astype(str))
    frame["from_junction_id"] = names[np.searchsorted(used, start)]
    frame["to_junction_id"] = names[np.searchsorted(used, end)]
    frame["length_m"] = shapely.length(lines)
    out = gpd.GeoDataFrame(frame, geometry=lines, crs=streets.crs)
    junctions = gpd.GeoDataFrame({"junction_id": names}, geometry=shapely.points(place[used]), crs=streets.crs)
    return conform(out, "streets"), conform(junctions, "junctions")
