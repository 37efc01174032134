"""Read a local OpenStreetMap file (.osm.pbf, .osm, .osm.gz) in one pass, without the internet."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from gridtwin.coordinates import WGS84, refuse_old_datum, require_metric, suggest_crs
from gridtwin.errors import InputError, InputMissingError
from gridtwin.i18n import mark, tr
from gridtwin.load import osm_layers
from gridtwin.load.elements import Elements, Floats, StreetWays, mended_polygons, tag_frame
from gridtwin.load.kinds import FacilityKinds, facility_kinds
from gridtwin.load.osm_streets import streets_and_junctions
from gridtwin.load.osm_tags import GATES, all_keys, main_keys
from gridtwin.progress import Progress, silent

LICENCE = "ODbL 1.0, © OpenStreetMap contributors"
REPORT_EVERY = 20_000  # objects


@dataclass(frozen=True)
class OsmExtract:
    """What an OpenStreetMap file holds.

    Attributes
    ----------
    layers
        streets, junctions, buildings, barriers, facilities, entrances, and communities if asked for; each as
        :func:`gridtwin.schemas.conform` leaves it.
    crs
        Projected, in metres.
    box
        Extent that the file's header states, projected; streets and buildings may reach beyond it.
    date
        Time up to which the data are complete, as the header states it (ISO 8601), else empty.
    licence
        Licence of the data.
    """

    layers: Mapping[str, gpd.GeoDataFrame]
    crs: pyproj.CRS
    box: shapely.Polygon | None = None
    date: str = ""
    licence: str = LICENCE


@dataclass
class _Found:
    """Objects of a file as they come: tags, and shapes as well-known binary in hexadecimal."""

    node_id: array[int] = field(default_factory=lambda: array("q"))
    node_lon: array[float] = field(default_factory=lambda: array("d"))
    node_lat: array[float] = field(default_factory=lambda: array("d"))
    node_tags: list[dict[str, str]] = field(default_factory=list)
    line_id: array[int] = field(default_factory=lambda: array("q"))
    line_wkb: list[str] = field(default_factory=list)
    line_tags: list[dict[str, str]] = field(default_factory=list)
    street_line: array[int] = field(default_factory=lambda: array("q"))
    street_nodes: array[int] = field(default_factory=lambda: array("q"))
    area_id: array[int] = field(default_factory=lambda: array("q"))
    area_wkb: list[str] = field(default_factory=list)
    area_tags: list[dict[str, str]] = field(default_factory=list)


def read_osm(
    path: str | Path,
    *,
    crs: Any = None,
    community_admin_level: int | None = None,
    kinds: FacilityKinds | None = None,
    progress: Progress = silent,
) -> OsmExtract:
    """Read streets, junctions, buildings, barriers, facilities and their entrances from an OpenStreetMap file.

    Parameters
    ----------
    path
        File of type .osm.pbf, .osm or .osm.gz.
    crs
        Projected CRS in metres; by default the one that fits the place.
    community_admin_level
        Take the administrative boundaries of this level (OSM admin_level, 1–12) as communities; by default
        none are taken, as an extract cuts them.
    kinds
        Catalogue of facilities; that which comes with GridTwin by default.
    progress
        Called with fraction and text; may raise ``Cancelled``.

    Returns
    -------
    OsmExtract
        Layers as they were mapped: nothing is clipped or simplified.

    Raises
    ------
    InputMissingError
        If there is no such file.
    InputError
        ``osm_unreadable`` if the file is damaged or of another type, ``osm_empty`` if it has no street and no
        building; also if ``crs`` is not metric.
    """
    path = Path(path)
    if not path.is_file():
        raise InputMissingError("file_missing", mark("there is no file '{path}'"), path=str(path))
    boundaries = community_admin_level is not None
    kinds = kinds or facility_kinds()
    progress(0.0, tr(mark("reading the OpenStreetMap file")))
    found, header = _scan(path, boundaries, kinds, progress)
    if not found.line_id and not found.area_id:
        raise InputError(
            "osm_empty", mark("'{path}' has neither streets nor buildings; take another extract"), path=str(path)
        )
    progress(0.65, tr(mark("projecting")))
    projected = _projected_crs(crs, header, found)
    to_plane = pyproj.Transformer.from_crs(WGS84, projected, always_xy=True)
    points, lines, relations, ways = _elements(found, to_plane, all_keys(kinds))
    progress(0.75, tr(mark("building streets and junctions")))
    streets, junctions = streets_and_junctions(ways, projected)
    progress(0.85, tr(mark("sorting buildings, barriers and facilities")))
    areas = osm_layers.all_areas(lines, relations)
    layers = {
        "streets": streets,
        "junctions": junctions,
        "buildings": osm_layers.buildings(areas, projected),
        "barriers": osm_layers.barriers(lines, areas, projected),
        **osm_layers.facilities_and_entrances(points, areas, kinds, projected),
    }
    if community_admin_level is not None:
        layers["communities"] = osm_layers.communities(areas, community_admin_level, projected)
    progress(1.0, tr(mark("read the OpenStreetMap file")))
    return OsmExtract(layers, projected, _plane_box(header, to_plane), header.date)


@dataclass(frozen=True)
class _Header:
    box: tuple[float, float, float, float] | None  # west, south, east, north, degrees
    date: str


def _scan(path: Path, boundaries: bool, kinds: FacilityKinds, progress: Progress) -> tuple[_Found, _Header]:
    """Return all objects that may matter, and what the header states."""
    import osmium  # noqa: PLC0415 - heavy, and needed here only

    keys = (*main_keys(kinds), "boundary") if boundaries else main_keys(kinds)
    tagged = osmium.filter.KeyFilter(*keys)
    found = _Found()
    try:
        source = osmium.FileProcessor(str(path)).with_areas(tagged).with_filter(osmium.filter.KeyFilter(*keys))
        header = _header(source.header)
        _collect(source, found, kinds, progress)
    except RuntimeError as error:
        if type(error) is not RuntimeError:
            raise
        raise InputError(
            "osm_unreadable",
            mark(
                "'{path}' cannot be read as OpenStreetMap data ({reason}); download it again,"
                " or sort it with 'osmium sort'"
            ),
            path=str(path),
            reason=str(error),
        ) from error
    return found, header


def _header(header: Any) -> _Header:
    box = header.box()
    corners = None
    if box.valid():
        low, high = box.bottom_left, box.top_right
        corners = (low.lon, low.lat, high.lon, high.lat)
    return _Header(corners, header.get("osmosis_replication_timestamp") or header.get("timestamp") or "")


def _collect(source: Any, found: _Found, kinds: FacilityKinds, progress: Progress) -> None:
    """Sort the objects of a file by geometry type; the only loop over objects."""
    import osmium  # noqa: PLC0415

    shapes = osmium.geom.WKBFactory()
    wanted = {(key, value) for _, key, value in kinds.tags} | {("barrier", gate) for gate in GATES}
    for number, item in enumerate(source):
        if number % REPORT_EVERY == 0:
            done = 1.0 - math.exp(-number / 200_000.0)  # how many will come is not known
            progress(0.6 * done, tr(mark("reading the OpenStreetMap file")))
        if item.is_node():
            tags = dict(item.tags)
            if ("entrance" in tags or not wanted.isdisjoint(tags.items())) and item.location.valid():
                found.node_id.append(item.id)
                found.node_lon.append(item.lon)
                found.node_lat.append(item.lat)
                found.node_tags.append(tags)
        elif item.is_way():
            _take_way(item, found, shapes)
        elif item.is_area() and not item.from_way():
            try:
                found.area_wkb.append(shapes.create_multipolygon(item))
            except RuntimeError:  # its rings do not close within the extract
                continue
            found.area_id.append(item.orig_id())
            found.area_tags.append(dict(item.tags))


def _take_way(way: Any, found: _Found, shapes: Any) -> None:
    """Take a way as a line, and also as a street where it has a tag ``highway``."""
    import osmium  # noqa: PLC0415

    tags = dict(way.tags)
    try:
        runs: list[tuple[str, list[int] | None]] = [(shapes.create_linestring(way, osmium.geom.ALL), None)]
    except (osmium.InvalidLocationError, RuntimeError):
        runs = list(_complete_runs(way))
    for wkb, nodes in runs:
        if "highway" in tags:
            found.street_line.append(len(found.line_id))
            found.street_nodes.extend(nodes if nodes is not None else [node.ref for node in way.nodes])
        found.line_id.append(way.id)
        found.line_wkb.append(wkb)
        found.line_tags.append(tags)


def _complete_runs(way: Any) -> Iterator[tuple[str, list[int] | None]]:
    """Return the stretches of a way whose nodes are all in the file (an extract may cut a way)."""
    run: list[tuple[int, float, float]] = []
    for node in [*way.nodes, None]:
        if node is not None and node.location.valid():
            run.append((node.ref, node.lon, node.lat))
            continue
        if len(run) >= 2:
            line = shapely.LineString([(lon, lat) for _, lon, lat in run])
            yield shapely.to_wkb(line, hex=True), [ref for ref, _, _ in run]
        run = []


def _projected_crs(crs: Any, header: _Header, found: _Found) -> pyproj.CRS:
    """Return the CRS that the user wants, else the one that fits the middle of the data."""
    if crs is not None:
        refuse_old_datum(crs, "osm")
        return require_metric(crs, "osm")
    if header.box is not None:
        west, south, east, north = header.box
        return pyproj.CRS.from_epsg(suggest_crs((west + east) / 2, (south + north) / 2))
    shapes = _shapes(found.line_wkb or found.area_wkb)
    lon, lat = np.median(shapely.get_coordinates(shapes), axis=0)
    return pyproj.CRS.from_epsg(suggest_crs(float(lon), float(lat)))


def _elements(
    found: _Found, to_plane: pyproj.Transformer, keys: tuple[str, ...]
) -> tuple[Elements, Elements, Elements, StreetWays]:
    """Return nodes, ways and multipolygon relations, and the ways of the street network, all projected."""

    def plane(lonlat: Floats) -> Floats:
        return np.column_stack(to_plane.transform(lonlat[:, 0], lonlat[:, 1]))

    def named(letter: str, ids: array[int]) -> NDArray[np.object_]:
        return np.char.add(letter, np.asarray(ids, np.int64).astype(str)).astype(object)

    lonlat = np.column_stack([np.asarray(found.node_lon), np.asarray(found.node_lat)])
    points = Elements(named("n", found.node_id), tag_frame(found.node_tags, keys), shapely.points(plane(lonlat)))
    lines = Elements(
        named("w", found.line_id), tag_frame(found.line_tags, keys), shapely.transform(_shapes(found.line_wkb), plane)
    )
    relations = Elements(
        named("r", found.area_id),
        tag_frame(found.area_tags, keys),
        mended_polygons(shapely.transform(_shapes(found.area_wkb), plane)),
    )
    rows = np.asarray(found.street_line, np.int64)
    streets = lines.where(rows)
    ways = StreetWays(
        np.asarray(found.line_id, np.int64)[rows],
        streets.tags,
        np.concatenate([[0], np.cumsum(shapely.get_num_coordinates(streets.shapes))]).astype(np.int64),
        np.asarray(found.street_nodes, np.int64),
        shapely.get_coordinates(streets.shapes),
    )
    return points, lines, relations, ways


def _shapes(wkb: list[str]) -> NDArray[np.object_]:
    return np.asarray(shapely.from_wkb(np.array(wkb, dtype=object)), dtype=object)


def _plane_box(header: _Header, to_plane: pyproj.Transformer) -> shapely.Polygon | None:
    if header.box is None:
        return None
    outline = shapely.segmentize(shapely.box(*header.box), 0.01)
    return shapely.transform(outline, lambda lonlat: np.column_stack(to_plane.transform(lonlat[:, 0], lonlat[:, 1])))
