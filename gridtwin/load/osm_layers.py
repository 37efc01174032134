"""Buildings, barriers, facilities, their entrances and communities from OpenStreetMap objects."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridtwin.load import osm_tags as rules
from gridtwin.load.elements import Elements, Shapes, closed_lines_as_areas, join_elements
from gridtwin.load.kinds import FacilityKinds
from gridtwin.schemas import conform

SAME_OUTLINE = 0.95  # share of the area that two drawings of one building have in common at least
ON_OUTLINE_M = 0.05  # a node of an outline lies on it, but for what projecting and mending move
_WATER_LINES = ("river", "canal")
_WATER_AREAS = ("riverbank", "dock")
_WATER_USES = ("reservoir", "basin")
_RAILS = ("rail", "light_rail", "subway", "narrow_gauge")
_MOTORWAYS = ("motorway", "motorway_link")
_WALLS = ("city_wall", "wall")


def all_areas(lines: Elements, relations: Elements) -> Elements:
    """Return multipolygons and closed ways as areas, multipolygons first."""
    return join_elements([relations, closed_lines_as_areas(lines)])


def buildings(areas: Elements, crs: object) -> gpd.GeoDataFrame:
    """Return layer ``buildings`` with the further column ``address``.

    Of two drawings with the same outline (a multipolygon and the way around it) the multipolygon stays.
    """
    wanted = rules.given(areas.tags["building"]) & ~rules.in_set(areas.tags["building"], rules.NOT_BUILDINGS)
    found = areas.where(wanted)
    found = found.where(~drawn_twice(found.shapes))
    tags = found.tags
    street, number = tags["addr:street"], tags["addr:housenumber"]
    frame = gpd.GeoDataFrame(
        {
            "building_id": found.ids,
            "name": tags["name"],
            "levels": rules.numbers(tags["building:levels"]),
            "flats": np.floor(rules.numbers(pd.Series(rules.first_given(tags, ("building:flats", "building:units"))))),
            "use": rules.building_use(tags),
            "address": (street + " " + number.fillna("")).str.strip() if len(tags) else street,
        },
        geometry=found.shapes,
        crs=crs,
    )
    return conform(frame, "buildings")


def drawn_twice(shapes: Shapes) -> NDArray[np.bool_]:
    """Return which polygons have the same outline as an earlier one."""
    twice = np.zeros(len(shapes), bool)
    if len(shapes) < 2:
        return twice
    outline = _filled(shapes)
    point, outer = shapely.STRtree(outline).query(shapely.point_on_surface(outline), predicate="within")
    later = outer < point
    point, outer = point[later], outer[later]
    area = shapely.area(outline)
    low, high = np.minimum(area[point], area[outer]), np.maximum(area[point], area[outer])
    point, outer = point[low >= SAME_OUTLINE * high], outer[low >= SAME_OUTLINE * high]
    common = shapely.area(shapely.intersection(outline[point], outline[outer]))
    twice[point[common >= SAME_OUTLINE * np.maximum(area[point], area[outer])]] = True
    return twice


def barriers(lines: Elements, areas: Elements, crs: object) -> gpd.GeoDataFrame:
    """Return layer ``barriers``: what people on the ground cannot cross. Bridges and tunnels do not bar the way."""
    tags = areas.tags
    water = rules.in_set(tags["natural"], ("water",)) | rules.in_set(tags["waterway"], _WATER_AREAS)
    water |= rules.in_set(tags["landuse"], _WATER_USES)
    wet = areas.where(water & ~_hidden(tags))
    tags = lines.tags
    kind = np.full(len(tags), None, dtype=object)
    kind[rules.in_set(tags["barrier"], _WALLS)] = "wall"
    kind[rules.in_set(tags["highway"], _MOTORWAYS)] = "motorway"
    kind[rules.in_set(tags["railway"], _RAILS)] = "railway"
    kind[rules.in_set(tags["waterway"], _WATER_LINES) | rules.in_set(tags["natural"], ("coastline",))] = "water"
    barred = ~pd.isna(kind) & ~_hidden(tags)
    found = join_elements([wet, lines.where(barred)])
    frame = gpd.GeoDataFrame(
        {
            "barrier_id": found.ids,
            "kind": np.concatenate([np.full(len(wet.ids), "water", object), kind[barred]]),
            "name": found.tags["name"],
        },
        geometry=found.shapes,
        crs=crs,
    )
    return conform(frame.drop_duplicates("barrier_id"), "barriers")


def facilities_and_entrances(
    points: Elements, areas: Elements, kinds: FacilityKinds, crs: object
) -> dict[str, gpd.GeoDataFrame]:
    """Return layer ``facilities``, nodes and a point within each area, and layer ``entrances`` of the areas.

    A node or building of the same kind inside the grounds of a facility, with the same name or none, is that
    facility drawn twice and left out. Doors and gates on the outline of a facility are its entrances.
    """
    grounds = areas.where(~pd.isna(rules.facility_kind(areas.tags, kinds)))
    nodes = points.where(~pd.isna(rules.facility_kind(points.tags, kinds)))
    found = join_elements([nodes, grounds])
    place = np.concatenate([nodes.shapes, shapely.point_on_surface(grounds.shapes)])
    kind = rules.facility_kind(found.tags, kinds)
    name = found.tags["name"].to_numpy(object)
    keep = ~_inside_own_grounds(place, grounds.shapes, kind, name)
    keep &= ~pd.Series(found.ids).duplicated().to_numpy(bool)
    frame = gpd.GeoDataFrame(
        {
            "facility_id": found.ids,
            "kind": kind,
            "name": name,
            "capacity": rules.capacity(found.tags),
            "opening_hours": found.tags["opening_hours"],
            "step_free": rules.step_free(found.tags),
        },
        geometry=place,
        crs=crs,
    )
    return {
        "facilities": conform(frame[keep], "facilities"),
        "entrances": _entrances(points, grounds.where(keep[len(nodes.ids) :]), crs),
    }


def _entrances(points: Elements, grounds: Elements, crs: object) -> gpd.GeoDataFrame:
    """Return layer ``entrances``: the doors and gates on the outline of each facility."""
    doors = points.where(rules.is_entrance(points.tags))
    tree = shapely.STRtree(shapely.boundary(grounds.shapes))
    door, ground = tree.query(doors.shapes, predicate="dwithin", distance=ON_OUTLINE_M)
    order = np.lexsort((ground, door))
    door, ground = door[order], ground[order]
    frame = gpd.GeoDataFrame(
        {"entrance_id": doors.ids[door] + "-" + grounds.ids[ground], "facility_id": grounds.ids[ground]},
        geometry=doors.shapes[door],
        crs=crs,
    )
    return conform(frame, "entrances")


def communities(areas: Elements, admin_level: int, crs: object) -> gpd.GeoDataFrame:
    """Return layer ``communities`` from the administrative boundaries of one level."""
    tags = areas.tags
    wanted = rules.in_set(tags["boundary"], ("administrative",))
    found = areas.where(wanted & rules.in_set(tags["admin_level"], (str(admin_level),)))
    frame = gpd.GeoDataFrame(
        {"community_id": found.ids, "name": found.tags["name"], "origin": "given"}, geometry=found.shapes, crs=crs
    )
    return conform(frame.drop_duplicates("community_id"), "communities")


def _hidden(tags: pd.DataFrame) -> NDArray[np.bool_]:
    """Return what runs below or above the ground."""
    hidden = rules.given(tags["tunnel"]) | rules.given(tags["bridge"]) | rules.in_set(tags["covered"], ("yes",))
    return hidden | rules.in_set(tags["location"], ("underground",)) | rules.given(tags["culvert"])


def _filled(shapes: Shapes) -> Shapes:
    """Return the outline of each polygon, of the largest part where there are several, without holes."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    order = np.lexsort((-shapely.area(parts), owner))
    _, first = np.unique(owner[order], return_index=True)
    return np.asarray(shapely.polygons(shapely.get_exterior_ring(parts[order[first]])), dtype=object)


def _inside_own_grounds(
    place: Shapes, grounds: Shapes, kind: NDArray[np.object_], name: NDArray[np.object_]
) -> NDArray[np.bool_]:
    """Return which places lie in larger grounds of the same kind; ``grounds`` are those of the last places."""
    inside = np.zeros(len(place), bool)
    if not len(grounds):
        return inside
    first = len(place) - len(grounds)
    size = np.concatenate([np.zeros(first), shapely.area(grounds)])
    at, outer = shapely.STRtree(grounds).query(place, predicate="within")
    outer = outer + first
    larger = (size[outer] > size[at]) | ((size[outer] == size[at]) & (outer < at))
    fits = (kind[at] == kind[outer]) & ((name[at] == name[outer]) | pd.isna(name[at]))
    inside[at[(at != outer) & larger & fits]] = True
    return inside
