"""Real towns from end to end: build, divide, map, by the commands that users run.

``python -m benchmarks towns`` prints the table of docs/benchmarks.md. The towns lie beside the checkout in
``../shared/data`` or in the folder that GRIDTWIN_DATA names; what is absent is skipped and said.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import shapely

from benchmarks.measure import Clock, machine

DATA = Path(os.environ.get("GRIDTWIN_DATA", Path(__file__).parents[2] / "shared" / "data"))


@dataclass(frozen=True)
class Town:
    """A town: how its inputs are prepared (options of build), and what kind of households it has."""

    name: str
    prepare: Callable[[Path], dict[str, Any]]
    households: str
    divide: dict[str, Any] = field(default_factory=dict)


def helsinki(folder: Path) -> dict[str, Any]:
    """Return central Helsinki from the extract of the demo."""
    from gridtwin.commands.demo import extract_path

    return {"osm": str(extract_path())}


def beijing(folder: Path) -> dict[str, Any]:
    """Return the subdistrict of Qinghuayuan, Beijing, from its OSM extract."""
    return {"osm": str(DATA / "beijing_qinghuayuan" / "map.osm")}


def toa_payoh(folder: Path) -> dict[str, Any]:
    """Return Toa Payoh: true flats of every public block, and its walking network."""
    graph = nx.read_graphml(DATA / "singapore_toapayoh" / "toa_payoh_walk.graphml")
    at = {node: (float(d["x"]), float(d["y"])) for node, d in graph.nodes(data=True)}
    rows = [(u, v, shapely.LineString([at[u], at[v]])) for u, v in graph.edges() if at[u] != at[v]]
    streets = gpd.GeoDataFrame(
        {"from_junction_id": [r[0] for r in rows], "to_junction_id": [r[1] for r in rows], "highway": "residential"},
        geometry=[r[2] for r in rows],
        crs=4326,
    )
    streets.to_file(folder / "streets.gpkg", layer="streets")
    blocks = pd.read_csv(DATA / "singapore_toapayoh" / "toa_payoh_blocks.csv", dtype={"blk_no": str})
    blocks["name"] = blocks["blk_no"] + " " + blocks["street"]  # some blocks share one coordinate
    blocks = blocks.groupby(["lng", "lat"], as_index=False).agg({"name": " + ".join, "total_dwelling_units": "sum"})
    buildings = gpd.GeoDataFrame(
        {
            "name": blocks["name"],
            "households": blocks["total_dwelling_units"],
            "use": "apartments",
        },
        geometry=gpd.points_from_xy(blocks["lng"], blocks["lat"]),
        crs=4326,
    )
    buildings.to_file(folder / "buildings.gpkg", layer="buildings")
    files = {name: str(folder / f"{name}.gpkg") for name in ("streets", "buildings")}
    return files | {"crs": "EPSG:3414"}


def cambridge(folder: Path) -> dict[str, Any]:
    """Return Cambridge, Massachusetts: true housing units by parcel, neighbourhoods as communities."""
    raw = DATA / "cambridge_ma" / "raw"
    lines = gpd.read_file(raw / "TRANS_Centerlines.geojson").to_crs(26986)
    lines = lines.explode(index_parts=False, ignore_index=True)
    streets = gpd.GeoDataFrame(
        {
            "name": lines["Street"],
            "highway": np.where(lines["MajorRoad"].eq(1), "primary", "residential"),
            "oneway": ~lines["Direction"].eq("0"),
        },
        geometry=lines.geometry,
        crs=26986,
    )
    streets.to_file(folder / "streets.gpkg", layer="streets")
    parcels = gpd.read_file(DATA / "cambridge_ma" / "derived" / "parcel_units.gpkg")
    lived = parcels[parcels["units"] > 0]
    homes = gpd.GeoDataFrame(
        {"households": lived["units"].to_numpy()},
        geometry=shapely.point_on_surface(lived.geometry.to_numpy()),
        crs=26986,
    )
    homes.to_file(folder / "buildings.gpkg", layer="buildings")
    hoods = gpd.read_file(raw / "BOUNDARY_CDDNeighborhoods.geojson").to_crs(26986)
    hoods = hoods.set_geometry(shapely.coverage_clean(hoods.geometry.to_numpy(), snapping_distance=0.5), crs=26986)
    gpd.GeoDataFrame(
        {"community_id": hoods["N_HOOD"].astype(str).str.zfill(2), "name": hoods["NAME"]},
        geometry=hoods.geometry,
        crs=26986,
    ).to_file(folder / "communities.gpkg", layer="communities")
    water = gpd.read_file(raw / "HYDRO_WaterBodies.geojson").to_crs(26986)
    water[["NAME", "geometry"]].rename(columns={"NAME": "name"}).assign(kind="water").to_file(
        folder / "barriers.gpkg", layer="barriers"
    )
    files = {name: str(folder / f"{name}.gpkg") for name in ("streets", "buildings", "communities", "barriers")}
    return files | {"crs": "EPSG:26986"}


def wuhan(folder: Path) -> dict[str, Any]:
    """Return the streets of central Wuhan with generated households: a slab of 20–60 every 60 m of land."""
    lines = gpd.read_parquet(DATA / "wuhan" / "wuhan_central.parquet").to_crs(4547)
    streets = gpd.GeoDataFrame(
        {
            "from_junction_id": lines["u"].astype(str),
            "to_junction_id": lines["v"].astype(str),
            "highway": lines["highway"].astype(str),
        },
        geometry=lines.geometry,
        crs=4547,
    )
    streets.to_file(folder / "streets.gpkg", layer="streets")
    x0, y0, x1, y1 = lines.total_bounds
    x, y = np.meshgrid(np.arange(x0, x1, 60.0), np.arange(y0, y1, 60.0))
    points = shapely.points(x.ravel(), y.ravel())
    tree = shapely.STRtree(lines.geometry.to_numpy())
    (near, _), gap = tree.query_nearest(points, max_distance=150.0, return_distance=True, all_matches=False)
    free = near[gap > 20.0]
    homes = np.random.default_rng(1).integers(20, 61, len(free))
    buildings = gpd.GeoDataFrame(
        {"households": homes, "use": "residential"},
        geometry=shapely.box(
            shapely.get_x(points[free]) - 15, shapely.get_y(points[free]) - 6,
            shapely.get_x(points[free]) + 15, shapely.get_y(points[free]) + 6,
        ),
        crs=4547,
    )  # fmt: skip
    buildings.to_file(folder / "buildings.gpkg", layer="buildings")
    return {name: str(folder / f"{name}.gpkg") for name in ("streets", "buildings")} | {"crs": "EPSG:4547"}


def porto_alegre(folder: Path) -> dict[str, Any]:
    """Return central Porto Alegre: OSM streets, census population as a raster, elevation; houses by street."""
    import rasterio
    from rasterio.transform import from_origin

    from gridtwin.load.osm import read_osm

    source = DATA / "porto_alegre"
    streets = read_osm(source / "poa_osm.pbf", crs="EPSG:32722").layers["streets"]
    hexagons = pd.read_csv(source / "poa_hexgrid.csv")
    centres = gpd.GeoSeries(gpd.points_from_xy(hexagons["lon"], hexagons["lat"]), crs=4326).to_crs(32722)
    # Each hexagon (0.105 km²) becomes the nearest of 300 m cells: the census total is kept to the person.
    cell = 300.0
    x, y = centres.x.to_numpy(), centres.y.to_numpy()
    west, north = np.floor(x.min() / cell) * cell, np.ceil(y.max() / cell) * cell
    column, row = ((x - west) // cell).astype(int), ((north - y) // cell).astype(int)
    people = np.zeros((row.max() + 1, column.max() + 1), np.float32)
    np.add.at(people, (row, column), hexagons["population"].to_numpy(np.float32))
    with rasterio.open(
        folder / "population.tif", "w", driver="GTiff", height=people.shape[0], width=people.shape[1], count=1,
        dtype="float32", crs="EPSG:32722", transform=from_origin(west, north, cell, cell), nodata=-1,
    ) as raster:  # fmt: skip
        raster.write(people, 1)
    lived = streets[streets["highway"].isin(("residential", "tertiary", "secondary", "living_street"))]
    line = lived.geometry.to_numpy()
    line = line[(shapely.length(line) > 30) & lived["structure"].eq("ground").to_numpy(bool)]
    middle = shapely.get_coordinates(shapely.line_interpolate_point(line, 0.5, normalized=True))
    behind = shapely.get_coordinates(shapely.line_interpolate_point(line, 0.45, normalized=True))
    along = (middle - behind) / np.maximum(np.hypot(*(middle - behind).T)[:, None], 1e-6)
    beside = middle + 15.0 * np.c_[-along[:, 1], along[:, 0]]
    gpd.GeoDataFrame(
        {"use": "residential"}, index=range(len(beside)), geometry=shapely.points(beside), crs=32722
    ).to_file(folder / "buildings.gpkg", layer="buildings")
    return {
        "osm": str(source / "poa_osm.pbf"),
        "buildings": str(folder / "buildings.gpkg"),
        "population": str(folder / "population.tif"),
        "dem": str(source / "poa_elevation.tif"),
        "persons_per_household": 2.7,
        "crs": "EPSG:32722",
    }


TOWNS = (
    Town("Central Helsinki", helsinki, "estimated"),
    Town("Toa Payoh", toa_payoh, "counted flats"),
    Town("Cambridge MA", cambridge, "counted units"),
    Town("Beijing Qinghuayuan", beijing, "estimated"),
    Town("Wuhan, centre", wuhan, "generated"),
    Town("Porto Alegre", porto_alegre, "census raster"),
)


def run_town(town: Town, folder: Path) -> dict[str, Any]:
    """Build, divide and map a town by the commands; return measures and seconds."""
    from gridtwin.commands import COMMANDS
    from gridtwin.commands.spec import defaults_of
    from gridtwin.progress import silent

    commands = {command.name: command for command in COMMANDS}
    region, page = folder / "region.gpkg", folder / "map.html"
    clock = Clock()
    with clock.step("prepare"):
        given = town.prepare(folder)
    calls = (
        ("build", {**given, "out": str(region), "name": town.name, "overwrite": True}),
        ("divide", {"region": str(region), "date": "2026-01-01", "overwrite": True, **town.divide}),
        ("map", {"region": str(region), "file": str(page), "overwrite": True}),
    )
    data: dict[str, Any] = {}
    for name, options in calls:
        with clock.step(name):
            data[name] = commands[name].runner()(defaults_of(commands[name], options), silent).data
    return {
        "measures": data["divide"]["measures"],
        "violations": data["divide"]["violations"],
        "households": data["build"]["households"],
        "wall_s": clock.wall_s,
        "cpu_s": clock.cpu_s,
        "map_mb": page.stat().st_size / 1e6,
    }


def main() -> None:
    """Print one line a town."""
    from gridtwin.grids.warm import compile_kernels

    compile_kernels()
    print(machine())
    print(
        "town (households) | households communities units grids | "
        "in bounds, contiguous, gaps m² | PP | s: build divide map | exceptions"
    )
    for town in TOWNS:
        with tempfile.TemporaryDirectory() as folder:
            try:
                row = run_town(town, Path(folder))
            except FileNotFoundError as error:
                print(f"{town.name}: skipped, {error}")
                continue
        m, s = row["measures"], row["wall_s"]
        print(
            f"{town.name} ({town.households}) | {m['households']:,} {m['communities']} {m['units']:,} {m['grids']} | "
            f"{m['share_within_bounds']:.1%}, {m['share_contiguous']:.0%}, {m['gaps_m2']:g} | "
            f"{m['compactness_mean']:.2f} | {s['build']:.1f} {s['divide']:.1f} {s['map']:.1f} | {m['violations']}",
            flush=True,
        )


if __name__ == "__main__":
    main()
