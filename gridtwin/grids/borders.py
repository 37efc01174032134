"""What lies along a border: streets and barriers, and where people can walk across."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridtwin.grids.planar import OUTSIDE, Flags, Floats, Geometries, Indices, Segments, pair_lengths

# Kinds of border, from the costliest to cut along to the best.
INSIDE_COMPOUND, BETWEEN_BUILDINGS, MINOR_STREET, MAIN_STREET, BARRIER = range(5)
KIND_NAMES = ("inside compound", "between buildings", "minor street", "main street", "barrier")

MAIN_HIGHWAYS = ("motorway", "trunk", "primary", "secondary", "tertiary")
MINOR_HIGHWAYS = ("unclassified", "residential", "living_street", "pedestrian", "road")
# These are too small to bound units. A class that nobody knows ("支路") bounds as a minor street.
WAYS = (
    "bridleway", "busway", "corridor", "cycleway", "elevator", "escalator", "footway", "path", "platform", "service",
    "steps", "track",
)  # fmt: skip
BLOCKING_KINDS = ("water", "railway", "motorway")  # walls bound units but have gates
ALONG_M = 0.02  # a segment lies along a line within this distance
REACH_M = 0.6  # a street end belongs to the units within this distance
LEAST_BORDER_M = 0.5  # shorter contacts do not make neighbours


@dataclass(frozen=True)
class Borders:
    """Borders between neighbouring units, one row a pair.

    ``walkable`` pairs may share a grid: no water, railway or motorway runs along the whole border, or a street
    that walkers may use crosses it. ``length_m`` counts all of the common border, ``open_m`` the part without
    barrier.
    """

    a: Indices
    b: Indices
    length_m: Floats
    open_m: Floats
    kind: Indices
    walkable: Flags
    crossing: Flags


def highway_rank(streets: gpd.GeoDataFrame) -> tuple[Flags, Flags]:
    """Return which streets bound units at all, and which of them are main streets."""
    highway = streets["highway"].fillna("unclassified").str.removesuffix("_link")
    ground = streets["structure"].fillna("ground") == "ground"
    main = highway.isin(MAIN_HIGHWAYS)
    bounding = ground & ~highway.isin(WAYS)
    return bounding.to_numpy(bool), (bounding & main).to_numpy(bool)


def blocking_lines(streets: gpd.GeoDataFrame, barriers: gpd.GeoDataFrame) -> Geometries:
    """Return the lines that nobody walks across: banks, railways, motorways on the ground."""
    kind = barriers["kind"].isin(BLOCKING_KINDS).to_numpy(bool)
    lines = np.asarray(barriers.geometry.to_numpy()[kind])
    lines = np.where(shapely.get_dimensions(lines) == 2, shapely.boundary(lines), lines)
    motorway = streets["highway"].fillna("").str.startswith("motorway")
    motorway &= streets["structure"].fillna("ground") == "ground"
    return np.asarray(np.r_[lines, streets.geometry.to_numpy()[motorway.to_numpy(bool)]])


def along(segments: Segments, lines: Geometries) -> Flags:
    """Return which segments lie along any of ``lines``."""
    result = np.zeros(len(segments.a), bool)
    if len(lines):
        points = shapely.points(segments.middle)
        result[shapely.STRtree(lines).query(points, predicate="dwithin", distance=ALONG_M)[0]] = True
    return result


def segment_kinds(segments: Segments, streets: gpd.GeoDataFrame, barriers: gpd.GeoDataFrame) -> tuple[Indices, Flags]:
    """Return the kind of each segment (compounds not yet considered) and whether it blocks walkers."""
    bounding, main = highway_rank(streets)
    shapes = streets.geometry.to_numpy()
    kinds = np.full(len(segments.a), BETWEEN_BUILDINGS)
    kinds[along(segments, shapes[bounding & ~main])] = MINOR_STREET
    kinds[along(segments, shapes[main])] = MAIN_STREET
    walls = barriers["kind"].eq("wall").to_numpy(bool)
    outlines = barriers.geometry.to_numpy()[walls]
    outlines = np.where(shapely.get_dimensions(outlines) == 2, shapely.boundary(outlines), outlines)
    kinds[along(segments, outlines)] = BARRIER
    blocked = along(segments, blocking_lines(streets, barriers))
    kinds[blocked] = BARRIER
    return kinds, blocked


def borders_of(segments: Segments, kinds: Indices, blocked: Flags, compound: Indices, community: Indices) -> Borders:
    """Sum segments to borders between units of one community; contacts under half a metre do not count."""
    inner = (segments.b != OUTSIDE) & (segments.a != segments.b)
    inner[inner] = community[segments.a[inner]] == community[segments.b[inner]]
    a, b, length = segments.a[inner], segments.b[inner], segments.length_m[inner]
    pa, pb, total = pair_lengths(a, b, length)
    open_m = pair_lengths(a, b, np.where(blocked[inner], 0.0, length))[2]
    kind = np.zeros(len(pa), np.int64)
    longest = np.zeros(len(pa))
    for k in (BETWEEN_BUILDINGS, MINOR_STREET, MAIN_STREET, BARRIER):
        of_kind = pair_lengths(a, b, np.where(kinds[inner] == k, length, 0.0))[2]
        kind = np.where(of_kind > longest, k, kind)
        longest = np.maximum(longest, of_kind)
    same = (compound[pa] == compound[pb]) & (compound[pa] >= 0) & (kind == BETWEEN_BUILDINGS)
    kind = np.where(same, INSIDE_COMPOUND, kind)
    real = total > LEAST_BORDER_M
    none = np.zeros(int(real.sum()), bool)
    return Borders(pa[real], pb[real], total[real], open_m[real], kind[real], open_m[real] > LEAST_BORDER_M, none)


def with_crossings(
    borders: Borders,
    units: Geometries,
    streets: gpd.GeoDataFrame,
    barriers: gpd.GeoDataFrame,
    blocking: Geometries,
) -> Borders:
    """Open the blocked borders that a walkable street crosses (bridge, underpass, level crossing).

    Parameters
    ----------
    borders
        Borders between units.
    units
        Polygons of the units.
    streets
        Streets with ``walk`` and junctions.
    barriers
        Barriers; a street end in a water polygon or on a barrier is no landing, its crossing goes on.
    blocking
        Lines that nobody walks across.
    """
    shut = np.flatnonzero(~borders.walkable)
    if not len(shut) or not len(blocking):
        return borders
    shapes = streets.geometry.to_numpy()
    hit = np.zeros(len(shapes), bool)
    hit[shapely.STRtree(blocking).query(shapes, predicate="intersects")[0]] = True
    hit &= streets["walk"].fillna(True).to_numpy(bool)
    water = barriers.geometry.to_numpy()[barriers["kind"].eq("water").to_numpy(bool)]
    water = water[shapely.get_dimensions(water) == 2]
    landings = _landings(streets[hit], units, water, blocking)
    pairs = landings.merge(landings, on="bridge", suffixes=("_a", "_b"))
    count = len(units)
    linked = np.isin(borders.a[shut] * count + borders.b[shut], pairs["unit_a"] * count + pairs["unit_b"])
    crossing = borders.crossing.copy()
    crossing[shut[linked]] = True
    return replace(borders, walkable=borders.walkable | crossing, crossing=crossing)


def _landings(streets: gpd.GeoDataFrame, units: Geometries, water: Geometries, blocking: Geometries) -> pd.DataFrame:
    """Return the units at the landings of each chain of streets across a barrier: columns bridge, unit."""
    shapes = streets.geometry.to_numpy()
    count = len(shapes)
    ends = np.r_[shapely.get_point(shapes, 0), shapely.get_point(shapes, -1)]
    afloat = np.zeros(len(ends), bool)
    if len(water):
        afloat[shapely.STRtree(water).query(ends, predicate="within")[0]] = True
    afloat[shapely.STRtree(blocking).query(ends, predicate="dwithin", distance=ALONG_M)[0]] = True
    junctions = pd.concat([streets["from_junction_id"], streets["to_junction_id"]], ignore_index=True)
    junction = np.asarray(pd.factorize(junctions, use_na_sentinel=False)[0])
    street = np.tile(np.arange(count), 2)
    size = count + (int(junction.max()) + 1 if count else 0)
    joint = coo_array((np.ones(int(afloat.sum())), (street[afloat], count + junction[afloat])), shape=(size, size))
    bridge = connected_components(joint, directed=False)[1][:count]
    end, unit = shapely.STRtree(units).query(ends, predicate="dwithin", distance=REACH_M)
    landing = pd.DataFrame({"bridge": bridge[street[end]], "unit": unit})
    return landing[~afloat[end]].drop_duplicates()
