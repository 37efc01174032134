"""A generated city from 10,000 to 1,000,000 households: seconds by step, memory, exponent.

``python -m benchmarks generated`` prints the table of docs/benchmarks.md. Each size runs in a process of its
own, on one thread, with the kernels warm; the city is read from a GeoPackage and the plan written to one.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Clock, machine, peak_memory_gib

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)


def measure(households: int) -> dict[str, object]:
    """Divide one generated city and return its row."""
    import numpy as np
    import pyproj

    from benchmarks.city import CRS, generate_city
    from gridtwin.grids import DivideParams, divide_region, make_units
    from gridtwin.grids.assign import assign_units
    from gridtwin.grids.planar import dissolve
    from gridtwin.grids.zones import Zones
    from gridtwin.region import Provenance, Region, read_region

    divide_region(generate_city(3_000), workers=1)  # loads the compiled kernels
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
            plan = divide_region(region.layers, workers=1)
        with clock.step("write"):
            region.with_layers(plan.layers(), Provenance("divided")).write(path, overwrite=True)
        memory = peak_memory_gib()
        # The same again in its two main parts, beside the total.
        parts = Clock()
        layers = (region["buildings"], region["streets"], region["barriers"], region["communities"])
        with parts.step("units"):
            units = make_units(*layers, split_above=500)
        with parts.step("solve"):
            assigned = assign_units(units, Zones.uniform(DivideParams(), len(units.frame)), workers=1)
        with parts.step("dissolve"):
            dissolve(units.frame.geometry.to_numpy(), np.asarray(assigned.grid))
    summary = plan.summary()
    return {
        "households": total,
        "units": summary["units"],
        "grids": summary["grids"],
        "within": summary["share_within_bounds"],
        "violations": summary["violations"],
        "compactness": summary["compactness_mean"],
        "cpu_s": clock.cpu_s,
        "total_cpu_s": clock.total_cpu_s,
        "parts_cpu_s": parts.cpu_s,
        "memory_gib": memory,
    }


def main() -> None:
    """Print the table and the exponents."""
    print(machine())
    print("households units grids in-bounds PP | CPU s: read division (units solve dissolve) write total | GiB")
    rows = []
    for size in SIZES:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.generated", str(size)], capture_output=True, text=True, check=True
        )
        row = json.loads(done.stdout)
        rows.append(row)
        cpu, parts = row["cpu_s"], row["parts_cpu_s"]
        print(
            f"{row['households']:>9,} {row['units']:>6,} {row['grids']:>5,} {row['within']:.2%} "
            f"{row['compactness']:.3f} | {cpu['read']:.2f} {cpu['whole division']:.2f} "
            f"({parts['units']:.2f} {parts['solve']:.2f} {parts['dissolve']:.2f}) {cpu['write']:.2f} "
            f"{row['total_cpu_s']:.2f} | {row['memory_gib']:.2f}  {row['violations']}",
            flush=True,
        )
    first, last = rows[0], rows[-1]
    span = math.log(last["households"] / first["households"])
    print(f"exponent of the total: {math.log(last['total_cpu_s'] / first['total_cpu_s']) / span:.2f}")
    solve = math.log(last["parts_cpu_s"]["solve"] / first["parts_cpu_s"]["solve"]) / span
    print(f"exponent of solving:   {solve:.2f}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        json.dump(measure(int(sys.argv[1])), sys.stdout)
    else:
        main()
