"""What is divided in the comparison with other tools: units, links, households and official areas.

Units of four kinds: those of a generated city, made as any region's; census blocks as they are; cells of parcels;
Voronoi cells of buildings. Real towns are read from ``../shared/data`` or the folder that GRIDTWIN_DATA names.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from benchmarks import towns
from benchmarks.measure import Clock
from benchmarks.towns import DATA
from gridtwin.grids.borders import BETWEEN_BUILDINGS, MAIN_STREET, MINOR_STREET, borders_of
from gridtwin.grids.links import Links, links_of
from gridtwin.grids.params import QUALITIES, DivideParams
from gridtwin.grids.planar import OUTSIDE, Geometries, Indices, faces_of
from gridtwin.grids.planar import segments_of as segments_between
from gridtwin.grids.units import Units, make_units, refine_units
from gridtwin.grids.zones import Zones

STREET_REACH_M = 15.0  # a census block's border runs along a centreline this near
COUNTRYSIDE_M = 200.0  # Voronoi cells end this far outside the hull of the buildings
MASSACHUSETTS = 26986  # EPSG code, metres
OFFICIAL = {
    "official block groups": ("DEMOGRAPHICS_BlockGroups2020.geojson", "GEOID20"),
    "official census tracts": ("DEMOGRAPHICS_Tracts2020.geojson", "GEOID20"),
    "official election precincts": ("ELECTIONS_WardsPrecincts.geojson", "WardPrecinct"),
    "official police response districts": ("PUBLICSAFETY_PoliceResponseDistricts.geojson", "GlobalID"),
}


@dataclass(frozen=True)
class Case:
    """An input: units, their links, what each building holds, and the time that nothing can do without.

    Attributes
    ----------
    homes
        Columns unit, households, compound_id; empty where compounds are not known.
    streets_known
        Whether borders along streets can be told from others.
    floor_s
        Processor seconds of reading and polygonising.
    official
        Official areas made of the same units, by name.
    qualities
        Qualities of GridTwin that end within minutes.
    """

    name: str
    units: Units
    links: Links
    homes: pd.DataFrame
    streets_known: bool
    floor_s: dict[str, float]
    official: dict[str, Indices] = field(default_factory=dict)
    qualities: tuple[str, ...] = tuple(QUALITIES)


def make_case(
    name: str,
    units: Units,
    floor: Clock,
    *,
    buildings: pd.DataFrame | None = None,
    streets_known: bool = True,
    official: dict[str, Indices] | None = None,
) -> Case:
    """Return the case of ``units``; ``buildings`` in the order of the units' ``building_unit``."""
    homes = pd.DataFrame({"unit": [], "households": [], "compound_id": []})
    if buildings is not None:
        homes = pd.DataFrame(
            {
                "unit": units.building_unit,
                "households": buildings["households"].fillna(0).to_numpy(),
                "compound_id": buildings["compound_id"].to_numpy(),
            }
        )
        homes = homes[(homes["unit"] >= 0) & (homes["households"] > 0) & homes["compound_id"].notna()]
    return Case(
        name,
        units,
        links_of(units, Zones.uniform(DivideParams(), len(units.frame))),
        homes,
        streets_known,
        floor.cpu_s,
        official or {},
    )


def region_units(path: Path, floor: Clock, *, split_above: int, lone: bool = False) -> tuple[Units, pd.DataFrame]:
    """Read a region and make its units; return them and the buildings.

    Parameters
    ----------
    path
        The region.
    floor
        Measures reading and polygonising.
    split_above
        Blocks with more households are divided between their buildings.
    lone
        Whether blocks with one inhabited building among others are divided too.
    """
    from gridtwin.region import read_region

    with floor.step("reading"):
        region = read_region(path)
        buildings, streets, barriers, communities = (
            region[layer] for layer in ("buildings", "streets", "barriers", "communities")
        )
    lines = [shapely.boundary(layer.geometry.to_numpy()) for layer in (barriers, communities)]
    lines.append(streets.geometry.to_numpy()[streets["structure"].fillna("ground").eq("ground")])
    with floor.step("polygonising"):
        faces_of(np.concatenate(lines))
    layers = (buildings, streets, barriers, communities)
    units = make_units(*layers, split_above=split_above)
    if lone:
        units = refine_units(units, (units.occupied == 1) & units.frame["buildings"].gt(1).to_numpy(), *layers)
    return units, buildings


def generated(households: int, name: str) -> Case:
    """Return a generated city, read from a GeoPackage as any region is."""
    import pyproj

    from benchmarks.city import CRS, generate_city
    from gridtwin.region import Provenance, Region

    floor = Clock()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "city.gpkg"
        Region({}, pyproj.CRS(CRS)).with_layers(generate_city(households), Provenance("generated")).write(path)
        units, buildings = region_units(path, floor, split_above=DivideParams().maximum)
    return make_case(name, units, floor, buildings=buildings)


def cambridge_blocks(name: str, *, within: str = "neighbourhoods") -> Case:
    """Return Cambridge, Massachusetts, by census blocks with their true housing units.

    Parameters
    ----------
    name
        Name of the case.
    within
        What the grids must stay in: ``neighbourhoods``, the city's own, or ``tracts``, whose official children are
        the block groups.
    """
    source = DATA / "cambridge_ma"
    floor = Clock()
    with floor.step("reading"):
        blocks = gpd.read_file(source / "raw" / "DEMOGRAPHICS_Blocks2020.geojson").to_crs(MASSACHUSETTS)
        hoods = gpd.read_file(source / "raw" / "BOUNDARY_CDDNeighborhoods.geojson").to_crs(MASSACHUSETTS)
        streets = gpd.read_file(source / "raw" / "TRANS_Centerlines.geojson").to_crs(MASSACHUSETTS)
        parcels = gpd.read_file(source / "derived" / "parcel_units.gpkg", columns=["block", "units"])
    counted = parcels.groupby(parcels["block"].astype(str).str[:15])["units"].sum()
    households = blocks["GEOID20"].map(counted).fillna(0).to_numpy(np.int64)
    points = blocks.representative_point()
    community = _nearest_area(points, hoods, "NAME") if within == "neighbourhoods" else blocks["GEOID20"].str[:11]
    units = tiled_units(blocks.geometry.to_numpy(), households, community, floor, streets=streets)
    return make_case(name, units, floor, official=official_areas(points))


def cambridge_parcels(name: str) -> Case:
    """Return Cambridge by parcels: cells around the points of all parcels, within the blocks that streets enclose.

    Streets, water and neighbourhoods are those of ``python -m benchmarks towns``. The parcels themselves are no
    units: they leave out the streets, and their borders are not those of their neighbours.
    """
    from gridtwin.commands import COMMANDS
    from gridtwin.commands.spec import defaults_of
    from gridtwin.progress import silent

    build = next(command for command in COMMANDS if command.name == "build")
    floor = Clock()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "region.gpkg"
        given = towns.cambridge(Path(folder))
        build.runner()(defaults_of(build, {**given, "out": str(path), "name": name}), silent)
        units, buildings = region_units(path, floor, split_above=1, lone=True)
    inside = shapely.point_on_surface(units.frame.geometry.to_numpy())
    order = np.argsort(buildings["households"].fillna(0).to_numpy(), kind="stable")
    order = order[units.building_unit[order] >= 0]
    inside[units.building_unit[order]] = shapely.point_on_surface(buildings.geometry.to_numpy()[order])
    points = gpd.GeoSeries(inside, crs=MASSACHUSETTS)
    return make_case(name, units, floor, official=official_areas(points))


def official_areas(points: gpd.GeoSeries) -> dict[str, Indices]:
    """Return the official areas of Cambridge that the units belong to whose points are given."""
    found = {}
    for title, (file, key) in OFFICIAL.items():
        areas = gpd.read_file(DATA / "cambridge_ma" / "raw" / file).to_crs(MASSACHUSETTS)
        found[title] = np.asarray(pd.factorize(_nearest_area(points, areas, key))[0])
    return found


def _nearest_area(points: gpd.GeoSeries, areas: gpd.GeoDataFrame, key: str) -> pd.Series:
    """Return the key of the area that holds each point, or of the nearest one."""
    found = gpd.GeoDataFrame(geometry=points).sjoin_nearest(areas[[key, "geometry"]])
    return found[~found.index.duplicated()].sort_index()[key]


def singapore(name: str) -> Case:
    """Return Singapore: the flats of every public residential building, Voronoi cells, constituencies."""
    floor = Clock()
    with floor.step("reading"):
        flats = pd.read_csv(DATA / "singapore_toapayoh" / "hdb_units.csv")
    flats = flats[flats["total_dwelling_units"] > 0]
    points = gpd.GeoSeries(gpd.points_from_xy(flats["lng"], flats["lat"]), crs=4326).to_crs(3414)
    at = {"x": points.x.round(1).to_numpy(), "y": points.y.round(1).to_numpy()}
    flats = flats.assign(**at).groupby(["x", "y"], as_index=False)
    flats = flats.agg({"total_dwelling_units": "sum", "constituency": "first"})
    homes = shapely.multipoints(shapely.points(flats["x"], flats["y"]))
    area = shapely.convex_hull(homes).buffer(COUNTRYSIDE_M)
    cells = shapely.get_parts(shapely.voronoi_polygons(homes, extend_to=area, ordered=True))
    cells = shapely.intersection(cells, area)
    units = tiled_units(cells, flats["total_dwelling_units"].to_numpy(), flats["constituency"], floor)
    case = make_case(name, units, floor, streets_known=False)
    return replace(case, qualities=("fast", "good"))  # its large parts of few, large units keep "best" busy for long


def tiled_units(
    shapes: Geometries,
    households: Indices,
    community: pd.Series,
    floor: Clock,
    *,
    streets: gpd.GeoDataFrame | None = None,
) -> Units:
    """Make units of given areas as they are, with borders along the ``streets`` nearby."""
    shapes = np.asarray(shapely.coverage_clean(shapes, snapping_distance=0.05))
    with floor.step("polygonising"):
        faces_of(shapely.boundary(shapes))
    number, names = pd.factorize(community, sort=True)
    segments = segments_between(shapes)
    kinds = np.full(len(segments.a), BETWEEN_BUILDINGS)
    if streets is not None:
        main = streets["MajorRoad"].eq(1).to_numpy()
        for kind, chosen in ((MINOR_STREET, ~main), (MAIN_STREET, main)):
            tree = shapely.STRtree(streets.geometry.to_numpy()[chosen])
            middles = shapely.points(segments.middle)
            kinds[tree.query(middles, predicate="dwithin", distance=STREET_REACH_M)[0]] = kind
    count = len(shapes)
    none = np.full(count, OUTSIDE)
    frame = gpd.GeoDataFrame(
        {"community_id": np.asarray(names)[number], "households": households, "area_m2": shapely.area(shapes)},
        geometry=shapes,
    )
    borders = borders_of(segments, kinds, np.zeros(len(segments.a), bool), none, number)
    lived = (households > 0).astype(np.int64)
    return Units(frame, np.arange(count), number, none, households, lived, borders, segments, kinds)


CASES: dict[str, Callable[[str], Case]] = {
    "generated 10k": partial(generated, 10_000),
    "generated 100k": partial(generated, 100_000),
    "generated 1M": partial(generated, 1_000_000),
    "Cambridge by blocks": cambridge_blocks,
    "Cambridge by blocks, within tracts": partial(cambridge_blocks, within="tracts"),
    "Cambridge by parcels": cambridge_parcels,
    "Singapore": singapore,
}
