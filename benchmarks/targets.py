"""What the division is meant to reach, with the value measured and whether it does."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from benchmarks.contest import Explained
from benchmarks.verdicts import Values

CITY = "generated 1M"
BLOCKS, PARCELS, SINGAPORE = "Cambridge by blocks", "Cambridge by parcels", "Singapore"
WITHIN = {CITY: 0.99, SINGAPORE: 0.99, BLOCKS: 0.95, PARCELS: 0.99}
COMPACTNESS = {CITY: 0.65, SINGAPORE: 0.67, BLOCKS: 0.62}
COMPOUNDS_SPLIT = 0.16  # of those that one grid could hold
NOT_PROVED = 0.002  # of the grids
SOLVE_S_PER_MILLION = 4.0
PIPELINE_S = 30.0
MEMORY_GB = 1.0
EXPONENT = 1.05


@dataclass(frozen=True)
class Target:
    """A figure and its bound.

    Attributes
    ----------
    title
        What is measured, and on what.
    value
        NaN if it was not measured.
    bound
        What it must reach, or not exceed if ``most``.
    """

    title: str
    value: float
    bound: float
    most: bool = False
    form: str = ".2%"

    def result(self) -> str:
        """Return pass, miss or not measured."""
        if math.isnan(self.value):
            return "not measured"
        return "pass" if (self.value <= self.bound if self.most else self.value >= self.bound) else "MISS"

    def row(self) -> str:
        """Return the line of the table."""
        sign = "≤" if self.most else "≥"
        value = "–" if math.isnan(self.value) else format(self.value, self.form)
        return f"| {self.title} {sign} {format(self.bound, self.form)} | {value} | {self.result()} |"


@dataclass
class Figures:
    """What was measured.

    Attributes
    ----------
    explained
        By input, the mended plan of GridTwin and its measures.
    solved
        By input, the measures of GridTwin's fast run, and the households.
    sizes
        The rows of the generated cities (benchmarks.generated), smallest first, and the exponents by step.
    repeated
        Whether a plan was the same with another hash seed and number of workers.
    """

    explained: dict[str, tuple[Explained, Values]] = field(default_factory=dict)
    solved: dict[str, tuple[Values, int]] = field(default_factory=dict)
    sizes: tuple[list[dict[str, Any]], dict[str, float]] | None = None
    repeated: bool | None = None


def targets(figures: Figures) -> Iterator[Target]:
    """Return all targets. The generated city counts as divided by the whole pipeline, other inputs by the solver."""
    city = figures.sizes[0][-1] if figures.sizes else None
    for name, bound in WITHIN.items():
        yield Target(f"grids within bounds, {name}", _plan(figures, city, name, "within"), bound)
    for name, bound in COMPACTNESS.items():
        value = _plan(figures, city, name, "compactness")
        yield Target(f"mean Polsby–Popper, {name}", value, bound, form=".3f")
    yield _city(city, f"compounds split, {CITY}", lambda row: row["split"] / row["compounds"], COMPOUNDS_SPLIT, ".1%")
    for name in WITHIN:
        yield Target(f"grids contiguous, {name}", _plan(figures, city, name, "contiguous"), 1.0)
        yield Target(f"grids within one community, {name}", _plan(figures, city, name, "nested"), 1.0)
    yield _city(city, f"gaps and overlaps, {CITY}", lambda row: float(not row["coverage_valid"]), 0, ".0f")
    yield _city(city, f"buildings cut, {CITY}", lambda row: row["buildings_cut"], 0, ".0f")
    for name in WITHIN:
        unexplained, not_proved = _codes(figures, city, name)
        yield Target(f"violations without reason code, {name}", unexplained, 0, most=True, form=".0f")
        yield Target(f"LUMPY_NOT_PROVED, {name}", not_proved, NOT_PROVED, most=True)
    for name in (CITY, SINGAPORE):
        yield _solve_s(figures, name)
    yield _city(city, f"GeoPackage to grids, CPU s, {CITY}", lambda row: row["total_cpu_s"], PIPELINE_S, ".1f")
    yield _city(city, f"peak memory, GB, {CITY}", lambda row: row["memory_gib"] * 2**30 / 1e9, MEMORY_GB, ".2f")
    for step in ("solve", "total"):
        exponent = figures.sizes[1][step] if figures.sizes else math.nan
        yield Target(f"exponent of time, {step}", exponent, EXPONENT, most=True, form=".2f")
    repeated = math.nan if figures.repeated is None else float(figures.repeated)
    yield Target("same plan with another hash seed and number of workers", repeated, 1.0, form=".0f")


def _plan(figures: Figures, city: dict[str, Any] | None, name: str, measure: str) -> float:
    """Return a measure of the plan that counts for an input."""
    if name == CITY:
        return math.nan if city is None else float(city[measure])
    return float(figures.explained[name][1][measure]) if name in figures.explained else math.nan


def _codes(figures: Figures, city: dict[str, Any] | None, name: str) -> tuple[float, float]:
    """Return the grids outside the bounds without a code, and the share of those that are lumpy without proof."""
    if name == CITY:
        if city is None:
            return math.nan, math.nan
        return float(city["unexplained"]), city["violations"].get("LUMPY_NOT_PROVED", 0) / city["grids"]
    if name not in figures.explained:
        return math.nan, math.nan
    explained, values = figures.explained[name]
    return float(explained.unexplained), explained.codes.get("LUMPY_NOT_PROVED", 0) / values["grids"]


def _city(
    city: dict[str, Any] | None, title: str, value: Callable[[dict[str, Any]], float], bound: float, form: str
) -> Target:
    """Return a target of the generated city that must not be exceeded."""
    return Target(title, math.nan if city is None else float(value(city)), bound, most=True, form=form)


def _solve_s(figures: Figures, name: str) -> Target:
    """Return the target of the solver's seconds for a million households."""
    value = math.nan
    if name in figures.solved:
        values, households = figures.solved[name]
        value = values["cpu_s"] / households * 1e6
    return Target(f"solving, CPU s a million households, {name}", value, SOLVE_S_PER_MILLION, most=True, form=".2f")
