"""A whole city with ``gridtwin reach``, by size; and the memory of a lattice of a million junctions.

Each runs in a process of its own: ``python -m benchmarks.access.city HOUSEHOLDS``, or ``lattice``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from benchmarks.access.contest import ROOT
from benchmarks.access.inputs import LATTICE, SEED, at_junctions, lattice_streets, some_junctions
from benchmarks.access.search import FACILITIES, WITHIN_S
from benchmarks.generated import exponent
from benchmarks.measure import peak_memory_gib

SIZES = (10_000, 100_000, 1_000_000)
KINDS = ("clinic", "pharmacy", "canteen", "library", "childcare", "market", "community_station", "primary_school")
HOUSEHOLDS_A_FACILITY = 2_500  # of each kind
WITHIN_MIN = (5.0, 10.0, 15.0)
IN_GB = 2**30 / 1e9


def with_facilities(city: dict[str, gpd.GeoDataFrame]) -> dict[str, gpd.GeoDataFrame]:
    """Return a generated city with facilities of every kind in some of its buildings."""
    from gridtwin.schemas import conform

    rng = np.random.default_rng(SEED)
    buildings = city["buildings"]
    count = max(1, int(buildings["households"].sum()) // HOUSEHOLDS_A_FACILITY)
    frames = []
    for kind in KINDS:
        points = buildings.geometry.iloc[rng.choice(len(buildings), count, replace=False)].representative_point()
        ids = [f"{kind}-{number}" for number in range(count)]
        capacity = rng.integers(20, 400, count)
        frames.append(gpd.GeoDataFrame({"facility_id": ids, "kind": kind, "capacity": capacity}, geometry=points.array))
    facilities = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=buildings.crs)
    return city | {"facilities": conform(facilities, "facilities")}


def measure(households: int) -> dict[str, Any]:
    """Run ``gridtwin reach`` on a generated city; return processor seconds by step."""
    import pyproj

    from benchmarks.city import CRS, generate_city
    from gridtwin.commands import COMMANDS
    from gridtwin.commands.spec import defaults_of
    from gridtwin.region import Provenance, Region

    reach = next(command for command in COMMANDS if command.name == "reach")
    runner = reach.runner()
    with tempfile.TemporaryDirectory() as folder:
        for size in (2_000, households):  # the small one imports and compiles everything
            path = Path(folder) / f"{size}.gpkg"
            city = with_facilities(generate_city(size))
            total, count = int(city["buildings"]["households"].sum()), len(city["facilities"])
            Region({}, pyproj.CRS(CRS)).with_layers(city, Provenance("generated")).write(path)
            del city
            marks: list[tuple[float, float]] = []

            def progress(share: float, text: str) -> None:
                marks.append((share, time.process_time()))  # noqa: B023

            given = {"region": str(path), "within": WITHIN_MIN, "kind": KINDS}
            start = time.perf_counter()
            runner(defaults_of(reach, given), progress)
            wall_s = time.perf_counter() - start
            marks.append((1.0, time.process_time()))
    at = [seconds for _, seconds in marks]
    steps = ("reading", "placing", "walking", "drawing", "writing")
    if len(at) != len(steps) + 1:
        raise RuntimeError(f"'gridtwin reach' told {len(at) - 1} steps of its progress, not {len(steps)}")
    cpu_s = {step: float(seconds) for step, seconds in zip(steps, np.diff(at), strict=True)}
    return {
        "households": total,
        "facilities": count,
        "cpu_s": cpu_s,
        "engine_s": sum(cpu_s[step] for step in ("placing", "walking", "drawing")),
        "total_s": sum(cpu_s.values()),
        "wall_s": wall_s,
        "memory_gb": peak_memory_gib() * IN_GB,
    }


def lattice() -> dict[str, float]:
    """Search the lattice; return seconds, and the peak memory with the layer, its network, and everything."""
    from gridtwin.network import Walker, reach, street_network

    layer = lattice_streets()
    drawn = peak_memory_gib()
    streets = street_network(layer, profile=Walker())
    del layer
    places = at_junctions(streets, some_junctions(streets, FACILITIES))
    built = peak_memory_gib()
    reach(streets, places, limit=1.0)
    start = time.process_time()
    found = reach(streets, places, limit=WITHIN_S)
    seconds = time.process_time() - start
    return {
        "labels": len(found.junction),
        "cpu_s": seconds,
        "layer_gb": drawn * IN_GB,
        "built_gb": built * IN_GB,
        "memory_gb": peak_memory_gib() * IN_GB,
    }


def _run(*arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.access.city", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def city_rows(sizes: tuple[int, ...] = SIZES) -> dict[str, float]:
    """Print the table by size, and the exponents; return figures by name."""
    print(f"\n'gridtwin reach', {len(KINDS)} kinds, {', '.join(f'{within:g}' for within in WITHIN_MIN)} minutes")
    print("\n| households | facilities | reading | placing | walking | drawing | writing | engine | all | GB |")
    print(f"|{'---|' * 10}")
    rows = []
    for size in sizes:
        row = _run(str(size))
        rows.append(row)
        cells = [
            f"{row['households']:,}",
            f"{row['facilities']:,}",
            *(f"{value:.2f}" for value in row["cpu_s"].values()),
        ]
        cells += [f"{row[name]:.2f}" for name in ("engine_s", "total_s", "memory_gb")]
        print(f"| {' | '.join(cells)} |", flush=True)
    figures = {f"city {size} engine s": row["engine_s"] for size, row in zip(sizes, rows, strict=True)}
    households = [row["households"] for row in rows]
    for name in ("engine_s", "total_s"):
        figures[f"city exponent {name}"] = exponent(households, [row[name] for row in rows])
    print(f"\nexponents: engine {figures['city exponent engine_s']:.2f}, all {figures['city exponent total_s']:.2f}")
    return figures


def memory_rows() -> dict[str, float]:
    """Print what the lattice needs; return figures by name."""
    row = _run("lattice")
    print(
        f"\n{LATTICE}: {row['labels']:,} labels in {row['cpu_s']:.2f} CPU s; peak memory {row['memory_gb']:.2f} GB, "
        f"{row['layer_gb']:.2f} when its layer was made, {row['built_gb']:.2f} when its network was"
    )
    return {"lattice memory GB": row["memory_gb"]}


if __name__ == "__main__":
    json.dump(lattice() if sys.argv[1] == "lattice" else measure(int(sys.argv[1])), sys.stdout)
