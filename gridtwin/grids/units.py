"""Units: the indivisible pieces that grids are made of, tiling each community exactly.

Streets and barriers enclose blocks within each community. A block with more households than one grid may hold
is divided between its buildings (enclosed tessellation), never through one. Slivers, medians and water are
absorbed by their neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridtwin.errors import InputError
from gridtwin.grids import borders as border
from gridtwin.grids.borders import Borders
from gridtwin.grids.planar import (
    OUTSIDE,
    Flags,
    Geometries,
    Indices,
    Segments,
    absorb,
    dissolve,
    faces_of,
    locate,
    pair_lengths,
    parts_of_labels,
    segments_of,
    sum_by,
)
from gridtwin.grids.tessellation import dividing_lines, nearest_building
from gridtwin.i18n import mark, tr
from gridtwin.progress import Progress, silent

SLIVER_M2 = 1_000.0  # faces without building below this area join a neighbour
SLIVER_WIDTH_M = 8.0  # so do narrower ones (twice area over perimeter), such as medians
THROUGH_M = 1.0  # a street that runs longer than this inside a building does not bound units there


@dataclass(frozen=True)
class Units:
    """Units with what the division needs to know of them.

    Attributes
    ----------
    frame
        Layer ``units`` without ``grid_id``; rows in reading order within each community.
    building_unit
        Row of the unit of each building, −1 outside all communities, (buildings,).
    community
        Row of the community of each unit, (units,).
    compound
        Number of the compound with most households in the unit, −1 if none, (units,).
    largest_building
        Households of the largest building in each unit, (units,).
    occupied
        Buildings with households in each unit, (units,).
    borders
        Borders between units of one community.
    segments, segment_kind
        All border segments between units, and their kinds.
    """

    frame: gpd.GeoDataFrame
    building_unit: Indices
    community: Indices
    compound: Indices
    largest_building: Indices
    occupied: Indices
    borders: Borders
    segments: Segments
    segment_kind: Indices


def make_units(
    buildings: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame,
    barriers: gpd.GeoDataFrame,
    communities: gpd.GeoDataFrame,
    *,
    split_above: int | Indices,
    areas: Geometries | None = None,
    progress: Progress = silent,
) -> Units:
    """Make the units of all communities.

    Parameters
    ----------
    buildings, streets, barriers, communities
        Layers of the data dictionary in one metric CRS.
    split_above
        Blocks with more households are divided between their buildings; one number, or one a community.
    areas
        Polygons whose outlines bound units as those of communities do.
    progress
        Receives fraction and text.

    Returns
    -------
    Units
        Tiling each community without gap or overlap on a millimetre grid.

    Raises
    ------
    InputError
        If no community encloses any face (wrong or empty polygons).
    """
    shapes = buildings.geometry.to_numpy()
    points = shapely.point_on_surface(shapes)
    households = buildings["households"].fillna(0).to_numpy(np.int64)
    progress(0.0, tr(mark("Streets and barriers to blocks")))
    areas = np.empty(0, dtype=object) if areas is None else areas
    faces, group = _faces(streets, barriers, communities, areas, shapes)
    home = locate(points, faces)
    progress(0.4, tr(mark("Absorbing slivers")))
    faces, group, block = _blocks(faces, group, home, barriers, border.blocking_lines(streets, barriers))
    community = group // (len(areas) + 1)
    home = np.where(home >= 0, block[home], OUTSIDE)
    load = np.bincount(home[home >= 0], weights=households[home >= 0], minlength=len(faces))
    occupied = np.bincount(home[(home >= 0) & (households > 0)], minlength=len(faces))
    split = (load > np.broadcast_to(split_above, len(communities))[community]) & (occupied > 1)
    if split.any():
        progress(0.5, tr(mark("Dividing large blocks between their buildings")))
        faces, community, home = _divide_blocks(faces, community, split, shapes, points, home)
    progress(0.8, tr(mark("Borders between units")))
    faces, community, home = _in_reading_order(faces, community, home)
    units = _describe(faces, community, home, households, buildings, communities, streets, barriers)
    progress(1.0, tr(mark("Units are ready")))
    return units


def refine_units(
    units: Units,
    split: Flags,
    buildings: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame,
    barriers: gpd.GeoDataFrame,
    communities: gpd.GeoDataFrame,
) -> Units:
    """Divide the chosen units between their buildings; all others stay as they are.

    Parameters
    ----------
    units
        Units of these layers.
    split
        Which units to divide, (units,); one with a single building stays whole.
    buildings, streets, barriers, communities
        The layers that the units were made from.

    Returns
    -------
    Units
        New units; buildings of undivided units keep their neighbours.
    """
    shapes = buildings.geometry.to_numpy()
    points = shapely.point_on_surface(shapes)
    households = buildings["households"].fillna(0).to_numpy(np.int64)
    faces, community, home = _divide_blocks(
        units.frame.geometry.to_numpy(), units.community, split, shapes, points, units.building_unit
    )
    faces, community, home = _in_reading_order(faces, community, home)
    return _describe(faces, community, home, households, buildings, communities, streets, barriers)


def _faces(
    streets: gpd.GeoDataFrame,
    barriers: gpd.GeoDataFrame,
    communities: gpd.GeoDataFrame,
    within: Geometries,
    shapes: Geometries,
) -> tuple[Geometries, Indices]:
    """Return the faces that bounding streets, barriers, community borders and areas enclose, and their groups.

    Faces that lie in the same community and area (or in none) have the same group: the row of the community times
    one more than the number of areas, and one more than the row of the area.
    """
    bounding, _ = border.highway_rank(streets)
    lines = np.r_[streets.geometry.to_numpy()[bounding], barriers.geometry.to_numpy()]
    lines = np.where(shapely.get_dimensions(lines) == 2, shapely.boundary(lines), lines)
    lines = _outside_buildings(lines, shapes)
    areas = communities.geometry.to_numpy()
    cover = shapely.union_all(shapely.box(*shapely.bounds(areas).T))
    shapely.prepare(cover)
    lines = lines[shapely.intersects(cover, lines)]
    faces = faces_of(np.r_[lines, shapely.boundary(areas), shapely.boundary(within)])
    points = shapely.point_on_surface(faces)
    community = locate(points, areas)
    inside = community >= 0
    if not inside.any():
        raise InputError("no_faces", mark("layer 'communities' encloses no area; give closed polygons"))
    group = community * (len(within) + 1) + locate(points, within) + 1
    return faces[inside], group[inside]


def _outside_buildings(lines: Geometries, shapes: Geometries) -> Geometries:
    """Take out of ``lines`` what runs through a building, so that no unit border cuts one."""
    solid = shapes[shapely.area(shapes) > 0]
    if not len(solid) or not len(lines):
        return lines
    building, line = shapely.STRtree(lines).query(solid, predicate="intersects")
    through = shapely.length(shapely.intersection(solid[building], lines[line])) > THROUGH_M
    building, line = building[through], line[through]
    order = np.argsort(line, kind="stable")
    building, line = building[order], line[order]
    cut, first = np.unique(line, return_index=True)
    result = lines.copy()
    bodies = np.array([shapely.union_all(solid[group]) for group in np.split(building, first[1:])], dtype=object)
    if len(cut):
        result[cut] = shapely.difference(lines[cut], bodies)
    return result


def _blocks(
    faces: Geometries, group: Indices, home: Indices, barriers: gpd.GeoDataFrame, blocking: Geometries
) -> tuple[Geometries, Indices, Indices]:
    """Absorb slivers and water within each group; return blocks, their groups, and the block of each face."""
    segments = segments_of(faces)
    area = shapely.area(faces)
    built = np.bincount(home[home >= 0], minlength=len(faces)) > 0
    narrow = (area < SLIVER_M2) | (2.0 * area / shapely.length(faces) < SLIVER_WIDTH_M)
    water = barriers.geometry.to_numpy()[barriers["kind"].eq("water").to_numpy(bool)]
    water = water[shapely.get_dimensions(water) == 2]
    wet = np.zeros(len(faces), bool)
    if len(water):
        wet[shapely.STRtree(water).query(shapely.point_on_surface(faces), predicate="intersects")[0]] = True
    blocked = border.along(segments, blocking)
    block = absorb(segments, ~built & wet, group, repelled=np.zeros(len(blocked), bool), area_m2=area)
    block = _absorb_more(faces, block, segments, ~built & narrow & ~wet, group, blocked)
    first = np.unique(block, return_index=True)[1]
    return dissolve(faces, block), group[first], block


def _absorb_more(
    faces: Geometries, label: Indices, segments: Segments, free: Flags, group: Indices, blocked: Flags
) -> Indices:
    """Absorb the ``free`` faces of an already merged partition."""
    count = int(label.max()) + 1
    b = np.where(segments.b == OUTSIDE, OUTSIDE, label[segments.b])
    merged = Segments(label[segments.a], b, segments.length_m, segments.start, segments.end)
    first = np.unique(label, return_index=True)[1]
    all_free = np.bincount(label, weights=~free, minlength=count) == 0
    area = sum_by(label, shapely.area(faces), count)
    again = absorb(merged, all_free, group[first], repelled=blocked, area_m2=area, keep_above_m2=SLIVER_M2)
    return again[label]


def _divide_blocks(
    blocks: Geometries, community: Indices, split: Flags, shapes: Geometries, points: Geometries, home: Indices
) -> tuple[Geometries, Indices, Indices]:
    """Divide the chosen blocks between their buildings; return faces, communities, face of each building."""
    order = np.flatnonzero(split)
    rank = np.full(len(blocks), OUTSIDE)
    rank[order] = np.arange(len(order))
    members = np.flatnonzero((home >= 0) & split[home])
    lines, outlined, xy, owner = dividing_lines(blocks[order], shapes[members], rank[home[members]])
    faces = faces_of(np.r_[shapely.boundary(blocks), lines])
    middles = shapely.point_on_surface(faces)
    block = locate(middles, blocks)
    faces, middles, block = faces[block >= 0], middles[block >= 0], block[block >= 0]
    # Owner of each face: its block, or within a divided block the building it holds or is nearest to.
    label = block.copy()
    inside = split[block]
    nearest = nearest_building(
        shapely.get_coordinates(middles[inside]), rank[block[inside]], xy, owner, rank[home[members]]
    )
    body = np.zeros(len(faces), bool)
    if outlined.any():
        candidates = np.flatnonzero(outlined)
        held = locate(middles[inside], shapes[members[candidates]])
        same = held >= 0
        same[same] = home[members[candidates[held[same]]]] == block[inside][same]
        nearest = np.where(same, candidates[np.maximum(held, 0)], nearest)
        body[inside] = same
    label[inside] = len(blocks) + nearest
    at = locate(points[members], faces)
    own = _own_face(faces, label - len(blocks), at, body)
    label = _whole_cells(faces, label, block, standing=np.r_[own[own >= 0], np.flatnonzero(~inside)])
    # A point lies where it lies, and so does a building that others cover wholly.
    own = np.where((own < 0) | (shapely.area(shapes[members]) == 0), at, own)
    by_block = np.full(len(blocks), OUTSIDE)
    by_block[block] = label
    new_home = np.full(len(home), OUTSIDE)
    new_home[home >= 0] = by_block[home[home >= 0]]
    new_home[members] = np.where(own >= 0, label[np.maximum(own, 0)], OUTSIDE)
    first = np.unique(label, return_index=True)[1]
    return dissolve(faces, label), community[block[first]], new_home


def _own_face(faces: Geometries, owner: Indices, at: Indices, body: Flags) -> Indices:
    """Return the face that each building stands on, ``OUTSIDE`` for one that owns none.

    Of the faces it owns: the largest part of its body, else the one that holds its point, else the largest.
    """
    holds = np.zeros(len(faces), bool)
    known = np.flatnonzero(at >= 0)
    holds[at[known[owner[at[known]] == known]]] = True
    order = np.lexsort((shapely.area(faces), holds, body))
    order = order[owner[order] >= 0]
    face = np.full(len(at), OUTSIDE)
    face[owner[order]] = order  # the best is written last
    return face


def _whole_cells(faces: Geometries, label: Indices, block: Indices, *, standing: Indices) -> Indices:
    """Make every cell one piece: bits without a ``standing`` face join the neighbour with the longest border."""
    segments = segments_of(faces)
    inner = segments.b != OUTSIDE
    a, b = segments.a[inner], segments.b[inner]
    a, b, length = pair_lengths(a, b, segments.length_m[inner])
    piece = parts_of_labels(a, b, label)
    first = np.unique(piece, return_index=True)[1]
    area = sum_by(piece, shapely.area(faces), len(first))
    loose = np.ones(len(first), bool)
    loose[piece[standing]] = False
    bits = Segments(piece[a], piece[b], length, np.zeros((len(a), 2)), np.zeros((len(a), 2)))
    merged = absorb(bits, loose, block[first], repelled=np.zeros(len(a), bool), area_m2=area)
    return merged[piece]


def restore_units(
    frame: gpd.GeoDataFrame,
    buildings: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame,
    barriers: gpd.GeoDataFrame,
    communities: gpd.GeoDataFrame,
) -> Units:
    """Return the units of layer ``units`` as they are, with the households that its buildings have today.

    Parameters
    ----------
    frame
        Layer ``units``; rows and keys stay.
    buildings, streets, barriers, communities
        Layers of the data dictionary.
    """
    faces = frame.geometry.to_numpy()
    households = buildings["households"].fillna(0).to_numpy(np.int64)
    home = locate(shapely.point_on_surface(buildings.geometry.to_numpy()), faces)
    community = pd.Index(communities["community_id"]).get_indexer(frame["community_id"])
    units = _describe(faces, community, home, households, buildings, communities, streets, barriers)
    return replace(units, frame=units.frame.assign(unit_id=frame["unit_id"].to_numpy()))


def _in_reading_order(faces: Geometries, community: Indices, home: Indices) -> tuple[Geometries, Indices, Indices]:
    """Order the units by community, from north to south and west to east."""
    # Rounded, so that a vertex more or less on a border (a region divided again) changes nothing.
    centre = np.round(shapely.get_coordinates(shapely.centroid(faces)), 2)
    order = np.lexsort((centre[:, 0], -centre[:, 1], community))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return faces[order], community[order], np.where(home >= 0, place[home], OUTSIDE)


def _describe(
    faces: Geometries,
    community: Indices,
    home: Indices,
    households: Indices,
    buildings: gpd.GeoDataFrame,
    communities: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame,
    barriers: gpd.GeoDataFrame,
) -> Units:
    """Count what the units hold, and find their borders."""
    compound, name = _main_compound(buildings, home, households, len(faces))
    counts = count_people(buildings, home, len(faces))
    start = np.searchsorted(community, community)
    ids = communities["community_id"].to_numpy()[community]
    frame = gpd.GeoDataFrame(
        {
            "unit_id": [f"{c}-{n:05d}" for c, n in zip(ids, np.arange(len(faces)) - start + 1, strict=True)],
            "community_id": ids,
            "households": counts["households"],
            "persons": counts["persons"],
            "buildings": counts["buildings"],
            "compound_id": name,
            "area_m2": shapely.area(faces),
        },
        geometry=faces,
        crs=communities.crs,
    )
    segments = segments_of(faces)
    kinds, blocked = border.segment_kinds(segments, streets, barriers)
    borders = border.borders_of(segments, kinds, blocked, compound, community)
    blocking = border.blocking_lines(streets, barriers)
    borders = border.with_crossings(borders, faces, streets, barriers, blocking)
    largest = np.zeros(len(faces), np.int64)
    inside = home >= 0
    np.maximum.at(largest, home[inside], households[inside])
    occupied = np.bincount(home[inside & (households > 0)], minlength=len(faces))
    return Units(frame, home, community, compound, largest, occupied, borders, segments, kinds)


def _main_compound(
    buildings: gpd.GeoDataFrame, home: Indices, households: Indices, count: int
) -> tuple[Indices, Geometries]:
    """Return number and id of the compound with most households in each unit."""
    number, ids = pd.factorize(buildings["compound_id"])
    inside = (home >= 0) & (number >= 0)
    compound = np.full(count, OUTSIDE, np.int64)
    name = np.full(count, None, dtype=object)
    if inside.any():
        unit, of, load = pair_lengths(home[inside], number[inside], 1e-3 + households[inside])
        order = np.lexsort((of, -load, unit))
        first = order[np.r_[True, unit[order][1:] != unit[order][:-1]]]
        compound[unit[first]] = of[first]
        name[unit[first]] = np.asarray(ids)[of[first]]
    return compound, name


def count_people(buildings: gpd.GeoDataFrame, home: Indices, count: int) -> dict[str, Indices]:
    """Return households, persons and buildings summed over the areas in which the buildings lie."""
    inside = home >= 0
    return {
        column: np.bincount(
            home[inside], weights=buildings[column].fillna(0).to_numpy(np.float64)[inside], minlength=count
        ).astype(np.int64)
        for column in ("households", "persons")
    } | {"buildings": np.bincount(home[inside], minlength=count)}
