"""Communities cover the ground once; each building lies in one of them; buildings do not overlap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gridtwin.check.report import rows_fault
from gridtwin.errors import Fault
from gridtwin.i18n import mark

Geometries = NDArray[np.object_]
Indices = NDArray[np.int64]

NARROW_M = 1.0  # gaps and overlaps up to this width are slips of drawing and can be closed
OVERLAP_SHARE = 0.05  # of the smaller building, and of a building beyond its community
_NOTHING_M2 = 1e-6  # rounding of coordinates


def community_faults(layers: Mapping[str, gpd.GeoDataFrame]) -> list[Fault]:
    """Return faults of the communities, and of the buildings in them."""
    faults: list[Fault] = []
    if "buildings" in layers:
        faults += _building_overlaps(layers["buildings"])
    if "communities" in layers:
        faults += _coverage_faults(layers["communities"])
        if "buildings" in layers:
            faults += _belonging_faults(layers["buildings"], layers["communities"])
    return faults


def overlaps(shapes: Geometries) -> tuple[Indices, Indices, Geometries]:
    """Return the pairs of polygons that overlap, each once, and their common area."""
    polygon = shapely.get_dimensions(shapes) == 2
    rows = np.flatnonzero(polygon)
    tree = shapely.STRtree(shapes[rows])
    one, other = tree.query(shapes[rows], predicate="intersects")
    once = one < other
    a, b = rows[one[once]], rows[other[once]]
    common = shapely.intersection(shapes[a], shapes[b])
    real = shapely.area(common) > _NOTHING_M2
    return a[real], b[real], common[real]


def narrow(shapes: Any) -> NDArray[np.bool_]:
    """Return which areas are nowhere wider than :data:`NARROW_M`."""
    return np.asarray(shapely.is_empty(shapely.buffer(shapes, -NARROW_M / 2)), bool)


def gaps(shapes: Geometries) -> Geometries:
    """Return the areas that communities enclose but none of them covers."""
    whole = shapely.get_parts(shapely.union_all(shapes))
    rings, of = shapely.get_rings(whole, return_index=True)
    inner = np.r_[False, of[1:] == of[:-1]] if len(of) else np.zeros(0, bool)
    return np.asarray(shapely.polygons(rings[inner]), dtype=object)


def _building_overlaps(buildings: gpd.GeoDataFrame) -> list[Fault]:
    shapes = buildings.geometry.to_numpy()
    a, b, common = overlaps(shapes)
    area = shapely.area(shapes)
    much = shapely.area(common) > OVERLAP_SHARE * np.minimum(area[a], area[b])
    much &= ~shapely.equals(shapes[a], shapes[b])
    rows = np.unique(np.concatenate([a[much], b[much]]))
    return rows_fault(
        "buildings_overlap",
        mark("{count} buildings overlap another by more than {share:.0%}"),
        "buildings",
        buildings,
        rows,
        severity="warning",
        share=OVERLAP_SHARE,
        hint=mark("decide which one is right; households of both are counted"),
    )


def _coverage_faults(communities: gpd.GeoDataFrame) -> list[Fault]:
    """Return overlaps and gaps between communities, wide and narrow ones apart."""
    shapes = communities.geometry.to_numpy()
    a, b, common = overlaps(shapes)
    slim = narrow(common)
    wide = np.unique(np.concatenate([a[~slim], b[~slim]]))
    holes = gaps(shapes)
    open_ = holes[~narrow(holes)]
    faults = rows_fault(
        "communities_overlap",
        mark("{count} communities overlap another, by {area:.0f} m² in all"),
        "communities",
        communities,
        wide,
        area=float(shapely.area(common[~slim]).sum()),
        hint=mark("decide to which community the area belongs"),
    )
    around = shapely.STRtree(shapes).query(open_, predicate="intersects")[1] if len(open_) else np.zeros(0, int)
    faults += rows_fault(
        "communities_gap",
        mark("{gaps} gaps between communities, {area:.0f} m² in all, touch {count} of them"),
        "communities",
        communities,
        np.unique(around),
        severity="warning",
        gaps=len(open_),
        area=float(shapely.area(open_).sum()),
        hint=mark("give the ground to a community, or leave it if it belongs to none"),
    )
    slits = ~shapely.is_empty(shapely.coverage_invalid_edges(shapes, gap_width=NARROW_M))
    slits[wide] = False
    return faults + rows_fault(
        "communities_slit",
        mark("the borders of {count} communities do not match those of their neighbours"),
        "communities",
        communities,
        slits,
        severity="warning",
        repairable=not len(wide),
        metres=NARROW_M,
        hint=mark("gaps and overlaps up to {metres:g} m wide can be closed"),
    )


def _belonging_faults(buildings: gpd.GeoDataFrame, communities: gpd.GeoDataFrame) -> list[Fault]:
    """Return buildings in no community, in two, across a border, and of a community that is not there."""
    shapes, areas = buildings.geometry.to_numpy(), communities.geometry.to_numpy()
    tree = shapely.STRtree(areas)
    inside = tree.query(shapely.point_on_surface(shapes), predicate="intersects")[0]
    times = np.bincount(inside, minlength=len(shapes))
    faults = [
        *rows_fault(
            "building_outside",
            mark("{count} buildings lie in no community"),
            "buildings",
            buildings,
            times == 0,
            hint=mark("extend the community, or leave them out"),
            severity="warning",
        ),
        *rows_fault(
            "building_in_two",
            mark("{count} buildings lie in more than one community"),
            "buildings",
            buildings,
            times > 1,
            hint=mark("mend the overlap of the communities"),
            severity="warning",
        ),
        *rows_fault(
            "building_crosses_border",
            mark("{count} buildings stand across the border of communities"),
            "buildings",
            buildings,
            _crossing(shapes, areas, tree),
            severity="warning",
            hint=mark("they count where most of them stands; move the border if that is wrong"),
        ),
    ]
    if "community_id" in buildings.columns and "community_id" in communities.columns:
        named = buildings["community_id"]
        strange = named.notna() & ~named.isin(communities["community_id"])
        faults += rows_fault(
            "community_unknown",
            mark("{count} buildings name a community that is not in layer 'communities'"),
            "buildings",
            buildings,
            strange.to_numpy(bool),
            column="community_id",
            severity="warning",
            hint=mark("correct the key, or leave it empty to have it found by place"),
        )
    return faults


def _crossing(shapes: Geometries, areas: Geometries, tree: shapely.STRtree) -> Indices:
    """Return the polygons of which a second community holds more than a small share."""
    building, community = tree.query(shapes, predicate="intersects")
    several = np.bincount(building, minlength=len(shapes))[building] > 1
    several &= shapely.get_dimensions(shapes)[building] == 2
    building, community = building[several], community[several]
    held = shapely.area(shapely.intersection(shapes[building], areas[community]))
    much = held > OVERLAP_SHARE * shapely.area(shapes)[building]
    return np.flatnonzero(np.bincount(building[much], minlength=len(shapes)) > 1)
