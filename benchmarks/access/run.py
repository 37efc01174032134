"""Service areas, matrices, polygons and siting beside other tools, and against their targets.

``python -m benchmarks access`` prints the tables of docs/benchmarks.md, about half an hour of them, most of it the
peers'. ``python -m benchmarks.access reach matrix`` does these parts only. The figures of every part are kept in
``out/benchmarks-access.json`` when it ends, so parts can be measured one at a time; the targets are judged by all that
are there.

Peers that are not installed are left out; benchmarks/requirements-access-peers.txt lists them, GRIDTWIN_PEERS names
the Python that has them, and GRIDTWIN_PEERS_VALHALLA another one for Valhalla.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from benchmarks.access import city, matrix, polygons, search, snapping, tables
from benchmarks.access.contest import ROOT
from benchmarks.access.targets import targets
from benchmarks.measure import machine
from gridtwin.grids.warm import compile_kernels

FIGURES = ROOT / "out" / "benchmarks-access.json"
PARTS: dict[str, Callable[[], dict[str, float]]] = {
    "reach": search.reach_rows,
    "nearest": search.nearest_rows,
    "matrix": matrix.matrix_rows,
    "snap": snapping.snap_rows,
    "polygons": polygons.polygon_rows,
    "catchments": tables.catchment_rows,
    "siting": tables.siting_rows,
    "city": city.city_rows,
    "memory": city.memory_rows,
}


def main(parts: list[str] | None = None) -> None:
    """Measure the named parts, all by default, and judge the targets."""
    if unknown := [part for part in parts or [] if part not in PARTS]:
        sys.exit(f"no part called {', '.join(unknown)}; there are: {', '.join(PARTS)}")
    compile_kernels()
    print(machine())
    figures: dict[str, dict[str, float]] = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    for part in parts or PARTS:
        try:
            figures[part] = PARTS[part]()
        except FileNotFoundError as error:
            print(f"\n{part}: skipped, {error}")
            continue
        FIGURES.parent.mkdir(exist_ok=True)
        FIGURES.write_text(json.dumps(figures, indent=1))
    print("\n| target | value | result |\n|---|---|---|")
    for target in targets({name: value for part in figures.values() for name, value in part.items()}):
        print(target.row())
