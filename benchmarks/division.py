"""GridTwin's division beside other tools: the same units, links and numbers of grids, in the same run.

``python -m benchmarks division`` prints the tables of docs/benchmarks.md. Peers that are not installed are left out;
benchmarks/requirements-peers.txt lists them, and GRIDTWIN_PEERS names the Python that has them if it is another one.
``python -m benchmarks.division "generated 10k" Cambridge`` runs the named inputs only.

Every peer runs in a process of its own and is stopped after 120 s of processor time. Each divides one walkable part
of one community after the other, so its grids are nested by construction; one in which it fails stays one grid.
Seconds are processor time without imports and, for GridTwin, with kernels compiled beforehand; runs under a second
are made three times and the median counts.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from benchmarks.measure import Clock, machine
from benchmarks.peers import NOT_INSTALLED, PEERS, REPEAT_BELOW_S
from gridtwin.grids.assign import assign_units
from gridtwin.grids.borders import BETWEEN_BUILDINGS, LEAST_BORDER_M, MAIN_STREET, MINOR_STREET, borders_of
from gridtwin.grids.links import Links, links_of
from gridtwin.grids.measures import polsby_popper, street_share
from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import OUTSIDE, Geometries, Indices, dissolve, faces_of, pair_lengths, parts_of_labels
from gridtwin.grids.planar import segments_of as segments_between
from gridtwin.grids.units import Units, make_units

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("GRIDTWIN_DATA", ROOT.parent / "shared" / "data"))
LIMIT_S = 120.0  # of processor time
WALL_FACTOR = 5.0  # a peer that waits rather than works is stopped too
STREET_REACH_M = 15.0  # a census block's border runs along a centreline this near
SMALL_BLOCKS = "generated 10k"  # the only input for max-p, whose time grows fastest
THOROUGH = {"effort": 4.0, "starts": 3}


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
    """

    name: str
    units: Units
    links: Links
    homes: pd.DataFrame
    streets_known: bool
    floor_s: dict[str, float]
    official: dict[str, Indices] = field(default_factory=dict)


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
    return Case(name, units, links_of(units), homes, streets_known, floor.cpu_s, official or {})


def measure_plan(case: Case, grid: Indices, params: DivideParams) -> dict[str, float]:
    """Measure any assignment of the units to grids.

    Parameters
    ----------
    case
        The input.
    grid
        Grid of each unit, any non-negative numbers; numbers without units do not count.
    params
        Bounds of households a grid.

    Returns
    -------
    dict
        ``grids``; shares ``within``, ``households_within``, ``contiguous`` (over the links that all are given),
        ``nested`` (in one community), ``street_share`` (of the length of all boundaries); ``compactness`` (mean
        Polsby–Popper); ``split`` of the ``compounds`` that one grid could hold. NaN: not known for this input.
    """
    units = case.units
    grid = np.unique(grid, return_inverse=True)[1]
    count = int(grid.max()) + 1
    load = np.bincount(grid, units.frame["households"].to_numpy(float), count)
    inside = (load >= params.minimum) & (load <= params.maximum)
    a, b = _neighbours(case)
    piece = parts_of_labels(a, b, grid)
    pieces = np.bincount(grid[np.unique(piece, return_index=True)[1]], minlength=count)
    communities = pd.Series(units.community).groupby(grid).nunique().to_numpy()
    shapes = dissolve(units.frame.geometry.to_numpy(), grid)
    streets = np.average(street_share(units, grid), weights=shapely.length(shapes)) if case.streets_known else np.nan
    homes = case.homes.assign(grid=grid[case.homes["unit"].to_numpy(np.int64)])
    compounds = homes.groupby("compound_id").agg({"households": "sum", "grid": "nunique"})
    compounds = compounds[compounds["households"] <= params.maximum]
    return {
        "grids": count,
        "within": inside.mean(),
        "households_within": load[inside].sum() / max(load.sum(), 1),
        "contiguous": (pieces == 1).mean(),
        "nested": (communities == 1).mean(),
        "compactness": polsby_popper(shapes).mean(),
        "street_share": float(streets),
        "split": (compounds["grid"] > 1).sum() if len(compounds) else np.nan,
        "compounds": len(compounds),
    }


def _neighbours(case: Case) -> tuple[Indices, Indices]:
    """Return the links, and the borders between communities, which official areas may cross."""
    segments, community = case.units.segments, case.units.community
    across = (segments.b != OUTSIDE) & (segments.a != segments.b)
    across[across] = community[segments.a[across]] != community[segments.b[across]]
    a, b, length = pair_lengths(segments.a[across], segments.b[across], segments.length_m[across])
    real = length > LEAST_BORDER_M
    return np.r_[case.links.a, a[real]], np.r_[case.links.b, b[real]]


def generated(households: int, name: str) -> Case:
    """Return a generated city, read from a GeoPackage as any region is."""
    import pyproj

    from benchmarks.city import CRS, generate_city
    from gridtwin.region import Provenance, Region, read_region

    floor = Clock()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "city.gpkg"
        Region({}, pyproj.CRS(CRS)).with_layers(generate_city(households), Provenance("generated")).write(path)
        with floor.step("reading"):
            region = read_region(path)
            layers = tuple(region[layer] for layer in ("buildings", "streets", "barriers", "communities"))
    lines = [shapely.boundary(layer.geometry.to_numpy()) for layer in layers[2:]]
    lines.append(layers[1].geometry.to_numpy()[layers[1]["structure"].eq("ground")])
    with floor.step("polygonising"):
        faces_of(np.concatenate(lines))
    return make_case(name, make_units(*layers, split_above=DivideParams().maximum), floor, buildings=layers[0])


def cambridge(name: str) -> Case:
    """Return Cambridge, Massachusetts: census blocks, true housing units, neighbourhoods, block groups."""
    source = DATA / "cambridge_ma"
    floor = Clock()
    with floor.step("reading"):
        blocks = gpd.read_file(source / "raw" / "DEMOGRAPHICS_Blocks2020.geojson").to_crs(26986)
        hoods = gpd.read_file(source / "raw" / "BOUNDARY_CDDNeighborhoods.geojson").to_crs(26986)
        streets = gpd.read_file(source / "raw" / "TRANS_Centerlines.geojson").to_crs(26986)
        parcels = gpd.read_file(source / "derived" / "parcel_units.gpkg", columns=["block", "units"])
    counted = parcels.groupby(parcels["block"].astype(str).str[:15])["units"].sum()
    households = blocks["GEOID20"].map(counted).fillna(0).to_numpy(np.int64)
    inside = gpd.GeoDataFrame(geometry=blocks.representative_point(), crs=blocks.crs)
    nearest = inside.sjoin_nearest(hoods[["NAME", "geometry"]])
    nearest = nearest[~nearest.index.duplicated()].sort_index()
    units = tiled_units(blocks.geometry.to_numpy(), households, nearest["NAME"], floor, streets=streets)
    groups = {"official block groups": pd.factorize(blocks["GEOID20"].str[:12])[0]}
    return make_case(name, units, floor, official=groups)


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
    area = shapely.convex_hull(homes).buffer(200)
    cells = shapely.get_parts(shapely.voronoi_polygons(homes, extend_to=area, ordered=True))
    cells = shapely.intersection(cells, area)
    units = tiled_units(cells, flats["total_dwelling_units"].to_numpy(), flats["constituency"], floor)
    return make_case(name, units, floor, streets_known=False)


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
    SMALL_BLOCKS: lambda name: generated(10_000, name),
    "generated 100k": lambda name: generated(100_000, name),
    "Cambridge": cambridge,
    "Singapore": singapore,
}


@dataclass(frozen=True)
class Run:
    """What became of one contestant: its grids and seconds, or why there are none."""

    title: str
    grid: Indices | None = None
    cpu_s: float = float("nan")
    remark: str = ""


def run_gridtwin(case: Case, params: DivideParams, title: str = "GridTwin", starts: int = 1) -> Run:
    """Divide by GridTwin's solver on one thread; finding the links is part of its time."""
    seconds: list[float] = []
    while not seconds or (max(seconds) < REPEAT_BELOW_S and len(seconds) < 3):
        start = time.process_time()
        assigned = assign_units(case.units, params, starts=starts, workers=1)
        seconds.append(time.process_time() - start)
    return Run(title, assigned.grid, statistics.median(seconds))


def write_problem(case: Case, params: DivideParams, path: Path) -> None:
    """Write the arrays that the peers divide: units, links, parts and the number of grids of each part."""
    frame, links = case.units.frame, case.links
    households = frame["households"].to_numpy(np.int64)
    part = parts_of_labels(links.a, links.b, case.units.community)
    totals = np.bincount(part, households).astype(np.int64)
    np.savez(
        path,
        households=households,
        xy=shapely.get_coordinates(shapely.centroid(frame.geometry.to_numpy())),
        compound=case.units.compound,
        a=links.a,
        b=links.b,
        border_m=links.border_m,
        cost=links.cut,
        part=part,
        k=np.array([max(params.nearest_number(int(total)), 1) for total in totals]),
        minimum=params.minimum,
        maximum=params.maximum,
    )


def run_peer(name: str, problem: Path, limit_s: float = LIMIT_S) -> Run:
    """Let a peer divide in a process of its own, on one thread, for at most ``limit_s`` processor seconds."""
    title = PEERS[name].title
    target = problem.with_name(f"{name}.npz")
    threads = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
    command = [os.environ.get("GRIDTWIN_PEERS", sys.executable), "-m", "benchmarks.peers", name]
    try:
        done = subprocess.run(
            [*command, str(problem), str(target), str(limit_s)],
            cwd=ROOT, env=os.environ | threads, capture_output=True, text=True, check=False,
            timeout=60 + WALL_FACTOR * limit_s,
        )  # fmt: skip
        code = done.returncode
    except subprocess.TimeoutExpired:
        code = -signal.SIGPROF
    if code == NOT_INSTALLED:
        return Run(title, remark="not installed")
    if code == -signal.SIGPROF:
        report = target.with_suffix(".done")
        after = report.read_text() if report.exists() else "0"
        return Run(title, remark=f"stopped after {limit_s:g} s with {after} parts done")
    if code:
        return Run(title, remark=f"ended with code {code}: {done.stderr.strip()[-200:]}")
    with np.load(target) as file:
        grid, counts = file["grid"], json.loads(str(file["counts"]))
    version = f" ({counts['version']})" if counts["version"] else ""
    return Run(title + version, grid, counts["cpu_s"], _remark(counts))


def _remark(counts: dict[str, Any]) -> str:
    """Return what was wrong with a peer's result."""
    said = []
    if counts["failed"]:
        errors = "; ".join(f"{number}× {error}" for error, number in counts["errors"].items())
        said.append(f"failed in {counts['failed']} of {counts['parts']} parts ({errors})")
    if counts["empty"]:
        said.append(f"empty grids: {counts['empty']}")
    if counts["apart"]:
        said.append(f"grids in pieces: {counts['apart']}")
    return ", ".join(said)


COLUMNS = {
    "within": "within",
    "households_within": "households within",
    "contiguous": "contiguous",
    "nested": "nested",
    "compactness": "mean PP",
    "street_share": "along streets",
    "split": "compounds split",
    "cpu_s": "CPU s",
}
LESS_IS_BETTER = ("split", "cpu_s")
HEAD = ("method", "grids", *COLUMNS.values(), "× GridTwin", "remarks")


def _row(run: Run, values: dict[str, float], own_s: float) -> str:
    def share(name: str) -> str:
        return "–" if np.isnan(values[name]) else f"{values[name]:.1%}"

    split = "–" if np.isnan(values["split"]) else f"{values['split']:.0f} of {values['compounds']}"
    timed = not np.isnan(run.cpu_s)
    seconds = f"{run.cpu_s:.{2 if run.cpu_s >= 1 else 3}f}"
    cells = (
        run.title, f"{values['grids']:,}", share("within"), share("households_within"), share("contiguous"),
        share("nested"), f"{values['compactness']:.3f}", share("street_share"), split,
        seconds if timed else "–", f"{run.cpu_s / own_s:.1f}" if timed else "–", run.remark,
    )  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def compare(case: Case, params: DivideParams, peers: list[str], limit_s: float = LIMIT_S) -> None:
    """Print the table of one input, the floor, and every column in which a peer is better than GridTwin."""
    households = case.units.frame["households"].to_numpy()
    print(
        f"\n{case.name}: {households.sum():,} households, {len(households):,} units, largest unit "
        f"{households.max()}, {len(np.unique(case.units.community))} communities\n"
    )
    print(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}", flush=True)
    own = run_gridtwin(case, params)
    best = measure_plan(case, own.grid, params) | {"cpu_s": own.cpu_s}
    print(_row(own, best, own.cpu_s), flush=True)
    thorough = DivideParams(params.minimum, params.maximum, effort=THOROUGH["effort"])
    title = f"GridTwin, effort {THOROUGH['effort']:g}, {THOROUGH['starts']} starts"
    slow = run_gridtwin(case, thorough, title, int(THOROUGH["starts"]))
    print(_row(slow, measure_plan(case, slow.grid, params), own.cpu_s), flush=True)
    better: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        problem = Path(folder) / "problem.npz"
        write_problem(case, params, problem)
        for name in peers:
            run = run_peer(name, problem, limit_s)
            if run.grid is None:
                print(f"| {run.title} |{' – |' * (len(HEAD) - 2)} {run.remark} |", flush=True)
                continue
            values = measure_plan(case, run.grid, params) | {"cpu_s": run.cpu_s}
            print(_row(run, values, own.cpu_s), flush=True)
            for column in COLUMNS:
                sign = -1 if column in LESS_IS_BETTER else 1
                if sign * values[column] > sign * best[column]:
                    better.setdefault(column, []).append(f"{run.title} {values[column]:.3g}")
    for name, grid in case.official.items():
        print(_row(Run(name), measure_plan(case, grid, params), own.cpu_s), flush=True)
    start = time.process_time()
    dissolve(case.units.frame.geometry.to_numpy(), own.grid)
    steps = case.floor_s | {"dissolving": time.process_time() - start}
    listed = ", ".join(f"{step} {cpu:.2f} s" for step, cpu in steps.items())
    print(f"\nfloor: {listed}, sum {sum(steps.values()):.2f} s")
    for column, names in better.items():
        print(f"better than GridTwin in {COLUMNS[column]} ({best[column]:.3g}): {', '.join(names)}", flush=True)


def main(names: list[str] | None = None) -> None:
    """Print the tables of all inputs, or of the named ones."""
    from benchmarks.city import generate_city
    from gridtwin.grids import divide_region

    divide_region(generate_city(3_000), workers=1)  # loads the compiled kernels
    print(machine())
    for name in names or CASES:
        try:
            case = CASES[name](name)
        except FileNotFoundError as error:
            print(f"\n{name}: skipped, {error}")
            continue
        compare(case, DivideParams(), [peer for peer in PEERS if peer != "max_p" or name == SMALL_BLOCKS])


if __name__ == "__main__":
    unknown = [name for name in sys.argv[1:] if name not in CASES]
    if unknown:
        sys.exit(f"no input called {', '.join(unknown)}; there are: {', '.join(CASES)}")
    main(sys.argv[1:])
