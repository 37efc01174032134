"""A generated city from 10,000 to 1,000,000 households: seconds by step, memory, exponent.

``python -m benchmarks generated`` prints the table of docs/benchmarks.md. Each size runs in a process of its
own, on one thread, with the kernels warm; the city is read from a GeoPackage and the plan written to one.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import Clock, machine, peak_memory_gib, timed

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
REPEATED_SIZE = 100_000
CUT_M2 = 0.01  # a building is cut if more of it than this lies outside its grid


def measure(households: int, workers: int = 1) -> dict[str, Any]:
    """Divide one generated city and return its row."""
    import pyproj
    import shapely

    from benchmarks.city import CRS, generate_city
    from gridtwin.grids import DivideParams, divide_region, make_units
    from gridtwin.grids.assign import assign_units
    from gridtwin.grids.planar import dissolve, faces_of
    from gridtwin.grids.warm import compile_kernels
    from gridtwin.grids.zones import Zones
    from gridtwin.region import Provenance, Region, read_region

    compile_kernels()
    city = generate_city(households)
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "city.gpkg"
        Region({}, pyproj.CRS(CRS)).with_layers(city, Provenance("generated")).write(path)
        total = int(city["buildings"]["households"].sum())
        del city
        with clock.step("read"):
            region = read_region(path)
        with clock.step("whole division"):
            plan = divide_region(region.layers, workers=workers, date="2026-01-01")
        with clock.step("write"):
            region.with_layers(plan.layers(), Provenance("divided")).write(path, overwrite=True)
        memory = peak_memory_gib()
    # The same again in its main parts, and what nothing can do without, beside the total.
    parts = Clock()
    layers = (region["buildings"], region["streets"], region["barriers"], region["communities"])
    with parts.step("units"):
        units = make_units(*layers, split_above=500)
    zones = Zones.uniform(DivideParams(), len(units.frame))
    assigned, parts.cpu_s["solve"] = timed(lambda: assign_units(units, zones, workers=1))
    with parts.step("dissolve"):
        dissolve(units.frame.geometry.to_numpy(), np.asarray(assigned.grid))
    lines = [shapely.boundary(layer.geometry.to_numpy()) for layer in layers[2:]]
    lines.append(layers[1].geometry.to_numpy()[layers[1]["structure"].eq("ground")])
    with parts.step("polygonise"):
        faces_of(np.concatenate(lines))
    summary = plan.summary()
    return {
        "households": total,
        "units": summary["units"],
        "grids": summary["grids"],
        "within": summary["share_within_bounds"],
        "violations": summary["violations"],
        "compactness": summary["compactness_mean"],
        "contiguous": summary["share_contiguous"],
        "cpu_s": clock.cpu_s,
        "total_cpu_s": clock.total_cpu_s,
        "parts_cpu_s": parts.cpu_s,
        "floor_cpu_s": clock.cpu_s["read"] + parts.cpu_s["polygonise"] + parts.cpu_s["dissolve"],
        "memory_gib": memory,
        "digest": digest(plan),
    } | soundness(plan)


def soundness(plan: Any) -> dict[str, Any]:
    """Return what must hold for a plan: nested, seamless, no building cut, everything explained, compounds whole."""
    import shapely

    grids, buildings, bounds = plan.grids, plan.buildings, plan.params
    shapes = grids.geometry.to_numpy()
    placed = buildings[buildings["grid_id"].notna()]
    own = shapes[grids.set_index("grid_id").index.get_indexer(placed["grid_id"])]
    bodies = placed.geometry.to_numpy()
    shapely.prepare(shapes)
    doubtful = ~shapely.covers(own, bodies)
    cut = shapely.area(shapely.difference(bodies[doubtful], own[doubtful])) > CUT_M2
    homes = placed[placed["households"].gt(0)].groupby("compound_id")
    homes = homes.agg({"households": "sum", "grid_id": "nunique"})
    homes = homes[homes["households"] <= bounds.maximum]
    outside = ~grids["households"].between(bounds.minimum, bounds.maximum)
    return {
        "nested": float((plan.units.groupby("grid_id")["community_id"].nunique() == 1).mean()),
        "coverage_valid": bool(shapely.coverage_is_valid(shapes)),
        "buildings_cut": int(cut.sum()),
        "compounds": len(homes),
        "split": int((homes["grid_id"] > 1).sum()),
        "unexplained": int((outside & ~grids["grid_id"].isin(plan.violations["grid_id"])).sum()),
    }


def digest(plan: Any) -> str:
    """Return a fingerprint of a plan: the grid of every unit, and all outlines."""
    import shapely

    found = hashlib.sha256()
    for column in ("unit_id", "grid_id"):
        found.update("\n".join(plan.units[column]).encode())
    for outline in shapely.to_wkb(plan.grids.geometry.to_numpy()):
        found.update(outline)
    return found.hexdigest()


def run(households: int, *, workers: int = 1, hash_seed: int = 0) -> dict[str, Any]:
    """Measure one size in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.generated", str(households), str(workers)],
        env=os.environ | {"PYTHONHASHSEED": str(hash_seed)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def repeats(households: int = REPEATED_SIZE) -> bool:
    """Return whether the plan is the same, byte for byte, with another hash seed and number of workers; print it."""
    first, second = run(households), run(households, workers=2, hash_seed=12_345)
    same = first["digest"] == second["digest"]
    print(f"{first['households']:,} households twice, hash seeds 0 and 12345, 1 and 2 workers: ", end="")
    print("the same plan" if same else "DIFFERENT plans", flush=True)
    return same


def exponent(households: list[int], seconds: list[float]) -> float:
    """Return the power of the number of households with which time grows, by least squares of the logarithms."""
    return float(np.polyfit(np.log(households), np.log(seconds), 1)[0])


def print_sizes(sizes: tuple[int, ...] = SIZES) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """Print the table by size, the exponents and the floor; return rows and exponents (total, solve)."""
    print("households units grids in-bounds PP | CPU s: read division (units solve dissolve) write total | GiB")
    rows = []
    for size in sizes:
        row = run(size)
        rows.append(row)
        cpu, parts = row["cpu_s"], row["parts_cpu_s"]
        print(
            f"{row['households']:>9,} {row['units']:>6,} {row['grids']:>5,} {row['within']:.2%} "
            f"{row['compactness']:.3f} | {cpu['read']:.2f} {cpu['whole division']:.2f} "
            f"({parts['units']:.2f} {parts['solve']:.2f} {parts['dissolve']:.2f}) {cpu['write']:.2f} "
            f"{row['total_cpu_s']:.2f} | {row['memory_gib']:.2f}  {row['violations']}",
            flush=True,
        )
    households = [row["households"] for row in rows]
    total, solve = [row["total_cpu_s"] for row in rows], [row["parts_cpu_s"]["solve"] for row in rows]
    exponents = {"total": exponent(households, total), "solve": exponent(households, solve)}
    by_units = exponent([row["units"] for row in rows], solve)
    print(
        f"exponent of the total: {exponents['total']:.2f}; of solving: {exponents['solve']:.2f} "
        f"(by units instead of households: {by_units:.2f})"
    )
    last = rows[-1]
    floor = last["floor_cpu_s"]
    print(f"floor of {last['households']:,} households (read, polygonise, dissolve): {floor:.2f} s; ", end="")
    print(f"solving takes {solve[-1] / floor:.2f} times that, everything {last['total_cpu_s'] / floor:.1f} times")
    return rows, exponents


def main() -> None:
    """Print the table, the exponents and the floor."""
    print(machine())
    print_sizes()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        json.dump(measure(*map(int, sys.argv[1:])), sys.stdout)
    else:
        main()
