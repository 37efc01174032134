"""A year of change: rebalancing against keeping the plan and against dividing afresh.

``python -m benchmarks drift`` changes every building by ±5 %, one in fifty by ±30 %, and gives homes to one in
240 buildings without; then it prints how many grids are within bounds and how many households move.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.city import generate_city
from benchmarks.measure import Clock, machine

SIZES = (100_000, 1_000_000)
PRICES = (0.3, 1.0, 4.0)


def drifted(layers: dict[str, Any], seed: int) -> dict[str, Any]:
    """Return the layers a year later."""
    rng = np.random.default_rng(seed)
    buildings = layers["buildings"].copy()
    homes = buildings["households"].to_numpy(np.float64)
    factor = 1 + rng.normal(0, 0.05, len(homes))
    some = rng.random(len(homes)) < 0.02
    factor[some] += rng.choice([-0.3, 0.3], some.sum())
    new = np.where(homes > 0, np.round(homes * np.maximum(factor, 0)), 0)
    built = (homes == 0) & (rng.random(len(homes)) < 1 / 240)
    new[built] = rng.integers(150, 350, built.sum())
    buildings["households"] = new.astype(np.int64)
    return {**layers, "buildings": buildings}


def moved_share(before: Any, after: Any) -> float:
    """Return the share of households in buildings whose grid has another code."""
    old = before.set_index("building_id")["grid_id"].reindex(after["building_id"]).to_numpy()
    changed = old != after["grid_id"].to_numpy()
    return float(after["households"][changed].sum() / after["households"].sum())


def main() -> None:
    """Print one line a way and size."""
    from gridtwin.grids import divide_region, rebalance_region
    from gridtwin.grids.warm import compile_kernels

    compile_kernels()
    print(machine())
    print("households, way | grids within bounds | households moved | Polsby–Popper | CPU s | exceptions")
    for size in SIZES:
        city = generate_city(size)
        city |= divide_region(city, date="2026-01-01", workers=1).layers()
        later = drifted(city, 0)
        total = int(later["buildings"]["households"].sum())
        load = later["buildings"].groupby("grid_id")["households"].sum()
        print(f"{total:,}, keep the plan | {load.between(300, 500).mean():.2%} | 0.00%")
        clock = Clock()
        ways: dict[str, Any] = {
            f"rebalance, price {price:g}": partial(rebalance_region, later, stay=price) for price in PRICES
        }
        ways["divide afresh"] = partial(divide_region, later, workers=1)
        for name, run in ways.items():
            with clock.step(name):
                plan = run(date="2027-01-01")
            summary = plan.summary()
            print(
                f"{total:,}, {name} | {summary['share_within_bounds']:.2%} | "
                f"{moved_share(later['buildings'], plan.buildings):.2%} | {summary['compactness_mean']:.3f} | "
                f"{clock.cpu_s[name]:.1f} | {summary['violations']}",
                flush=True,
            )


if __name__ == "__main__":
    main()
