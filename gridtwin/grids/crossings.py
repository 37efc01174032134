"""Where people can walk across water, railways and motorways: bridges, underpasses, level crossings.

A crossing is a chain of walkable streets within the zone that blocks. It lands where the streets leave the zone, and
links the units there, however finely streets, banks or units are cut.
"""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridtwin.grids.borders import ALONG_M, BARRIER, Borders, blocking_shapes
from gridtwin.grids.planar import Flags, Geometries, Indices, parts_of_labels

BANK_M = 1.0  # a crossing lands this far from the water or the line that it crosses
REACH_M = 0.6  # a landing belongs to the units within this distance: fewer than BANK_M, so those of its own bank
LANDING_M = 15.0  # or, outside all communities, to the nearest unit within this distance


def with_crossings(
    borders: Borders,
    units: Geometries,
    community: Indices,
    streets: gpd.GeoDataFrame,
    barriers: gpd.GeoDataFrame,
) -> Borders:
    """Open the blocked borders that a walkable street crosses.

    Where the landings have no common border, as when the water between them belongs to a third unit, they are
    linked without one, if nothing else joins the two banks.

    Parameters
    ----------
    borders
        Borders between units.
    units
        Polygons of the units.
    community
        Row of the community of each unit, (units,).
    streets
        Streets with ``walk`` and junctions.
    barriers
        Layer ``barriers``.
    """
    count = len(units)
    parts = int(_parts(borders, community).max()) + 1
    if borders.walkable.all() and parts == len(np.unique(community)):
        return borders
    blocked = shapely.buffer(blocking_shapes(streets, barriers), BANK_M, quad_segs=2)
    zone = np.asarray(shapely.get_parts(shapely.union_all(blocked)))
    landings = _landings(streets[streets["walk"].fillna(True).to_numpy(bool)], units, zone)
    pairs = landings.merge(landings, on="crossing", suffixes=("_a", "_b"))
    a, b = pairs["unit_a"].to_numpy(np.int64), pairs["unit_b"].to_numpy(np.int64)
    linked = np.unique((a * count + b)[(a < b) & (community[a] == community[b])])
    key = borders.a * count + borders.b
    crossing = ~borders.walkable & np.isin(key, linked)
    opened = replace(borders, walkable=borders.walkable | crossing, crossing=crossing)
    part = _parts(opened, community)
    far_a, far_b = np.divmod(linked[~np.isin(linked, key)], count)
    apart = part[far_a] != part[far_b]
    return _with_links(opened, far_a[apart], far_b[apart])


def _parts(borders: Borders, community: Indices) -> Indices:
    """Return the part of its community that each unit lies in; nobody can walk from one part to another."""
    open_ = borders.walkable
    return parts_of_labels(borders.a[open_], borders.b[open_], community)


def _with_links(borders: Borders, a: Indices, b: Indices) -> Borders:
    """Add crossings between units without a common border."""
    none, all_ = np.zeros(len(a)), np.ones(len(a), bool)
    return Borders(
        np.r_[borders.a, a],
        np.r_[borders.b, b],
        np.r_[borders.length_m, none],
        np.r_[borders.open_m, none],
        np.r_[borders.kind, np.full(len(a), BARRIER)],
        np.r_[borders.walkable, all_],
        np.r_[borders.crossing, all_],
    )


def _landings(streets: gpd.GeoDataFrame, units: Geometries, zone: Geometries) -> pd.DataFrame:
    """Return the units where each chain of streets in the ``zone`` leaves it: columns crossing, unit."""
    shapes = streets.geometry.to_numpy()
    area, street = shapely.STRtree(shapes).query(zone, predicate="intersects")
    inside, of = shapely.get_parts(shapely.intersection(shapes[street], zone[area]), return_index=True)
    line = shapely.get_dimensions(inside) == 1
    inside, street, area = inside[line], street[of[line]], area[of[line]]
    ends = np.r_[shapely.get_point(inside, 0), shapely.get_point(inside, -1)]
    piece, area = np.tile(np.arange(len(inside)), 2), np.r_[area, area]
    on_bank = shapely.distance(ends, shapely.boundary(zone)[area]) < ALONG_M
    crossing = _chained(streets, street, ends, ~on_bank)
    ends, piece = ends[on_bank], piece[on_bank]
    end, unit = _units_at(ends, units, zone)
    return pd.DataFrame({"crossing": crossing[piece[end]], "unit": unit}).drop_duplicates()


def _chained(streets: gpd.GeoDataFrame, street: Indices, ends: Geometries, afloat: Flags) -> Indices:
    """Return the crossing that each piece of a street belongs to: those that meet at a junction in the zone are one.

    Parameters
    ----------
    streets
        The streets.
    street
        Street of each piece, (pieces,).
    ends
        Starts of all pieces, then their ends, (2 × pieces,).
    afloat
        Ends that lie within the zone, (2 × pieces,).
    """
    count = len(street)
    junctions = pd.concat([streets["from_junction_id"], streets["to_junction_id"]], ignore_index=True)
    number = np.asarray(pd.factorize(junctions)[0]).reshape(2, -1)
    of = np.tile(street, 2)
    shapes = streets.geometry.to_numpy()[of]
    starts, stops = (shapely.equals(ends, shapely.get_point(shapes, n)) for n in (0, -1))
    junction = np.where(starts, number[0][of], number[1][of])
    joint = afloat & (starts | stops) & (junction >= 0)
    size = count + len(junctions)
    pieces = np.tile(np.arange(count), 2)[joint]
    graph = coo_array((np.ones(len(pieces)), (pieces, count + junction[joint])), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1][:count])


def _units_at(points: Geometries, units: Geometries, zone: Geometries) -> tuple[Indices, Indices]:
    """Return the units that landings touch, as pairs of point and unit.

    A landing outside all communities belongs to the unit whose land is nearest: water that a unit has absorbed is
    not land.
    """
    tree = shapely.STRtree(units)
    point, unit = tree.query(points, predicate="dwithin", distance=REACH_M)
    alone = np.setdiff1d(np.arange(len(points)), point)
    far, near = tree.query(points[alone], predicate="dwithin", distance=LANDING_M)
    if not len(far):
        return point, unit
    wet = np.unique(shapely.STRtree(zone).query(points[alone], predicate="dwithin", distance=BANK_M)[1])
    land = shapely.difference(units[near], shapely.union_all(zone[wet]))
    gap = shapely.distance(points[alone][far], land)
    order = np.lexsort((near, gap, far))
    first = order[np.r_[True, far[order][1:] != far[order][:-1]]]
    first = first[gap[first] <= LANDING_M]
    return np.r_[point, alone[far[first]]], np.r_[unit, near[first]]
