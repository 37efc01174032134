"""What lies along a border: streets and barriers."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

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
LEAST_BORDER_M = 0.5  # shorter contacts do not make neighbours


@dataclass(frozen=True)
class Borders:
    """Borders between neighbouring units, one row a pair.

    ``walkable`` pairs may share a grid: no water, railway or motorway runs along the whole border, or a street
    that walkers may use crosses it. ``length_m`` counts all of the common border, ``open_m`` the part without
    barrier; both are 0 for units that only a crossing links.
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


def blocking_shapes(streets: gpd.GeoDataFrame, barriers: gpd.GeoDataFrame) -> Geometries:
    """Return the areas and lines that nobody walks across: water, railways, motorways on the ground."""
    kind = barriers["kind"].isin(BLOCKING_KINDS).to_numpy(bool)
    motorway = streets["highway"].fillna("").str.startswith("motorway")
    motorway &= streets["structure"].fillna("ground") == "ground"
    return np.asarray(np.r_[barriers.geometry.to_numpy()[kind], streets.geometry.to_numpy()[motorway.to_numpy(bool)]])


def blocking_lines(streets: gpd.GeoDataFrame, barriers: gpd.GeoDataFrame) -> Geometries:
    """Return the lines that nobody walks across: banks, railways, motorways on the ground."""
    shapes = blocking_shapes(streets, barriers)
    return np.asarray(np.where(shapely.get_dimensions(shapes) == 2, shapely.boundary(shapes), shapes))


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
