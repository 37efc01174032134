"""Read a named place from OpenStreetMap over the internet, through OSMnx and its cache."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gridtwin.coordinates import WGS84, refuse_old_datum, require_metric, suggest_crs
from gridtwin.errors import InputError, MissingToolError
from gridtwin.i18n import mark, tr
from gridtwin.load import osm_layers
from gridtwin.load.elements import Elements, StreetWays, mended_polygons, tag_frame
from gridtwin.load.kinds import FacilityKinds, facility_kinds
from gridtwin.load.osm import OsmExtract
from gridtwin.load.osm_streets import streets_and_junctions
from gridtwin.load.osm_tags import GATES, all_keys
from gridtwin.progress import Progress, silent

TIMEOUT_S = 180
# What is asked for beside the streets; the tables of osm_layers sort the answers.
_FEATURES: dict[str, bool | list[str]] = {
    "building": True,
    "natural": ["water", "coastline"],
    "waterway": ["river", "canal", "riverbank", "dock"],
    "landuse": ["reservoir", "basin"],
    "railway": ["rail", "light_rail", "subway", "narrow_gauge"],
    "highway": ["motorway", "motorway_link"],
    "barrier": ["city_wall", "wall", *sorted(GATES)],
    "entrance": True,
}


def read_place(
    name: str,
    *,
    crs: Any = None,
    cache: str | Path | None = None,
    kinds: FacilityKinds | None = None,
    progress: Progress = silent,
) -> OsmExtract:
    """Read streets, junctions, buildings, barriers, facilities and their entrances of a named place.

    Parameters
    ----------
    name
        Name that OpenStreetMap's Nominatim finds an area for, such as ``"清华园街道, 海淀区, 北京"``.
    crs
        Projected CRS in metres; by default the one that fits the place.
    cache
        Folder that keeps the answers, so that the same place is asked for once; by default that of the user.
    kinds
        Catalogue of facilities; that which comes with GridTwin by default.
    progress
        Called with fraction and text; may raise ``Cancelled``.

    Returns
    -------
    OsmExtract
        The same layers by the same rules as :func:`gridtwin.load.osm.read_osm`; ``box`` is the place's extent.

    Raises
    ------
    InputError
        ``place_unknown``, ``place_not_reachable``, or ``osm_empty`` if the place has no streets.
    MissingToolError
        If OSMnx is not installed.
    """
    if crs is not None:
        refuse_old_datum(crs, "place")
        crs = require_metric(crs, "place")
    kinds = kinds or facility_kinds()
    keys = all_keys(kinds)
    ox = _osmnx()
    with _settings(ox, cache, keys):
        progress(0.0, tr(mark("looking the place up")))
        area = _area(ox, name)
        progress(0.1, tr(mark("asking for its streets")))
        graph = _ask(name, lambda: ox.graph_from_polygon(
            area, simplify=False, retain_all=True, truncate_by_edge=True, custom_filter='["highway"]'
        ))  # fmt: skip
        progress(0.4, tr(mark("asking for its buildings, barriers and facilities")))
        features = _ask(name, lambda: ox.features_from_polygon(area, _wanted(kinds)))
    if graph is None:
        raise InputError("osm_empty", mark("'{path}' has neither streets nor buildings"), path=name)
    progress(0.8, tr(mark("building streets and junctions")))
    west, south, east, north = area.bounds
    target = crs or pyproj.CRS.from_epsg(suggest_crs((west + east) / 2, (south + north) / 2))
    to_plane = pyproj.Transformer.from_crs(WGS84, target, always_xy=True)
    streets, junctions = streets_and_junctions(ways_of_graph(graph, to_plane, keys), target)
    points, lines, relations = elements_of_features(features, target, keys)
    areas = osm_layers.all_areas(lines, relations)
    layers = {
        "streets": streets,
        "junctions": junctions,
        "buildings": osm_layers.buildings(areas, target),
        "barriers": osm_layers.barriers(lines, areas, target),
        **osm_layers.facilities_and_entrances(points, areas, kinds, target),
    }
    box = gpd.GeoSeries([shapely.box(*area.bounds)], crs=WGS84).to_crs(target).iloc[0]
    progress(1.0, tr(mark("read the place")))
    return OsmExtract(layers, target, box)


def ways_of_graph(graph: Any, to_plane: pyproj.Transformer, keys: tuple[str, ...]) -> StreetWays:
    """Return the ways of an OSMnx graph that was neither simplified nor given arcs against the ways."""
    steps: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    tags: dict[int, dict[str, str]] = {}
    for start, end, data in graph.edges(data=True):
        way = data["osmid"]
        steps[way][start].append(end)
        tags.setdefault(way, {key: str(data[key]) for key in keys if data.get(key) is not None})
    ids, runs, of_run = [], [], []
    for way, following in sorted(steps.items()):
        # OSMnx has turned the nodes of a way that is one-way against them.
        if tags[way].get("oneway") in ("-1", "reverse"):
            tags[way]["oneway"] = "yes"
        for run in _runs(following):
            ids.append(way)
            runs.append(run)
            of_run.append(tags[way])
    nodes = np.array([node for run in runs for node in run], dtype=np.int64)
    lon = np.array([graph.nodes[node]["x"] for node in nodes], dtype=np.float64)
    lat = np.array([graph.nodes[node]["y"] for node in nodes], dtype=np.float64)
    offsets = np.concatenate([[0], np.cumsum([len(run) for run in runs])]).astype(np.int64)
    xy = np.column_stack(to_plane.transform(lon, lat))
    return StreetWays(np.array(ids, dtype=np.int64), tag_frame(of_run, keys), offsets, nodes, xy)


def elements_of_features(features: Any, crs: pyproj.CRS, keys: tuple[str, ...]) -> tuple[Elements, Elements, Elements]:
    """Return nodes, ways and multipolygon relations of OSMnx's features, projected."""
    if features is None:
        none = Elements(np.empty(0, object), tag_frame([], keys), np.empty(0, object))
        return none, none, none
    kind = features.index.get_level_values(0).to_numpy(dtype=object)
    number = features.index.get_level_values(1).astype(str).to_numpy(dtype=object)
    ids = np.array([k[0] + n for k, n in zip(kind, number, strict=True)], dtype=object)
    columns = {key: features[key].to_numpy(object) if key in features.columns else None for key in keys}
    tags = pd.DataFrame(columns, index=range(len(features)), dtype=object)
    tags = tags.where(tags.notna(), None)
    shapes = features.geometry.to_crs(crs).to_numpy()
    found = Elements(ids, tags, shapes)
    type_id = shapely.get_type_id(shapes)
    flat = shapely.get_dimensions(shapes) == 2
    lines = found.where((kind == "way") & np.isin(type_id, (1, 2, 3)))
    ring = shapely.get_type_id(lines.shapes) == shapely.GeometryType.POLYGON
    outline = np.where(ring, shapely.get_exterior_ring(lines.shapes), lines.shapes)
    xy, owner = shapely.get_coordinates(outline, return_index=True)
    strings = shapely.linestrings(xy, indices=owner) if len(outline) else outline
    relations = found.where((kind == "relation") & flat)
    return (
        found.where((kind == "node") & (type_id == shapely.GeometryType.POINT)),
        Elements(lines.ids, lines.tags, np.asarray(strings, dtype=object)),
        Elements(relations.ids, relations.tags, mended_polygons(relations.shapes)),
    )


def _runs(following: dict[int, list[int]]) -> Iterator[list[int]]:
    """Return the node sequences of one way, from its steps."""
    arrivals: dict[int, int] = defaultdict(int)
    for ends in following.values():
        for end in ends:
            arrivals[end] += 1
    starts = [node for node, ends in following.items() if len(ends) > arrivals[node]]
    for start in [*starts, *following]:
        while following.get(start):
            run = [start]
            while following.get(run[-1]):
                run.append(following[run[-1]].pop(0))
            yield run


def _osmnx() -> Any:
    try:
        import osmnx  # noqa: PLC0415 - heavy, and only for places
    except ImportError:
        raise MissingToolError(
            "osmnx_missing", mark("reading a place needs OSMnx: pip install osmnx; or use --osm with an extract")
        ) from None
    return osmnx


@contextlib.contextmanager
def _settings(ox: Any, cache: str | Path | None, keys: tuple[str, ...]) -> Iterator[None]:
    """Set OSMnx up for one reading, and leave its global settings as they were."""
    wanted = {
        "use_cache": True,
        "cache_folder": Path(cache) if cache is not None else _user_cache(),
        "requests_timeout": TIMEOUT_S,
        "all_oneway": True,  # one arc a step, in the order of the way's nodes
        "useful_tags_way": list(keys),
        "log_console": False,
    }
    before = {name: getattr(ox.settings, name) for name in wanted}
    try:
        for name, value in wanted.items():
            setattr(ox.settings, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(ox.settings, name, value)


def _user_cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "gridtwin" / "osmnx"


def _wanted(kinds: FacilityKinds) -> dict[str, bool | list[str]]:
    wanted = dict(_FEATURES)
    for _, key, value in kinds.tags:
        values = wanted.get(key, [])
        if isinstance(values, list) and value not in values:
            wanted[key] = [*values, value]
    return wanted


def _area(ox: Any, name: str) -> Any:
    """Return the area of the place, degrees."""
    try:
        found = _ask(name, lambda: ox.geocode_to_gdf(name))
    except TypeError:  # OSMnx: the place is a point, not an area
        found = None
    if found is None:
        raise InputError(
            "place_unknown",
            mark("OpenStreetMap knows no area called '{name}'; add district and city, or use --osm with an extract"),
            name=name,
        )
    return found.geometry.union_all()


def _ask(name: str, question: Any) -> Any:
    """Return the answer, None if there is nothing of the kind."""
    from osmnx import _errors  # noqa: PLC0415 - OSMnx names its errors nowhere else

    try:
        return question()
    except _errors.InsufficientResponseError:
        return None
    except (OSError, _errors.ResponseStatusCodeError) as error:
        raise InputError(
            "place_not_reachable",
            mark(
                "'{name}' cannot be fetched from OpenStreetMap ({reason}); try again later, or download an extract"
                " of the place (*.osm.pbf) on another machine and use --osm"
            ),
            name=name,
            reason=type(error).__name__,
        ) from error
