import math

import pytest

from benchmarks.contest import Explained, Run
from benchmarks.targets import BLOCKS, CITY, SINGAPORE, Figures, Target, targets

VALUES = {"within": 0.96, "compactness": 0.63, "contiguous": 1.0, "nested": 1.0, "grids": 100, "cpu_s": 2.0}
CITY_ROW = {
    "within": 0.995,
    "compactness": 0.66,
    "contiguous": 1.0,
    "nested": 1.0,
    "grids": 1_000,
    "compounds": 100,
    "split": 17,
    "coverage_valid": True,
    "buildings_cut": 1,
    "unexplained": 0,
    "violations": {"LUMPY_NOT_PROVED": 2, "OVERSIZE_BUILDING": 3},
    "total_cpu_s": 31.0,
    "memory_gib": 0.5,
}


def results(figures):
    """Return the result by title."""
    return {target.title: target.result() for target in targets(figures)}


@pytest.mark.parametrize(
    ("value", "most", "expected"),
    [(0.99, False, "pass"), (0.98, False, "MISS"), (1.0, True, "MISS"), (0.99, True, "pass"), (math.nan, True, None)],
)
def test_a_bound_itself_passes(value, most, expected):
    """A value at the bound passes on both sides; nothing passes unmeasured."""
    assert Target("x", value, 0.99, most).result() == (expected or "not measured")


def test_nothing_measured_nothing_passed():
    """Without figures every target is said not to be measured."""
    assert set(results(Figures()).values()) == {"not measured"}


def test_the_city_is_judged_by_the_whole_pipeline():
    """Values of the largest generated city come from its row; exponents from all rows."""
    found = results(Figures(sizes=([{}, CITY_ROW], {"solve": 1.2, "total": 0.9}), repeated=True))
    passed = {title for title, result in found.items() if result == "pass"}
    missed = {title for title, result in found.items() if result == "MISS"}
    assert missed == {
        f"compounds split, {CITY}",
        f"buildings cut, {CITY}",
        f"GeoPackage to grids, CPU s, {CITY}",
        "exponent of time, solve",
    }
    assert f"LUMPY_NOT_PROVED, {CITY}" in passed
    assert f"gaps and overlaps, {CITY}" in passed
    assert "same plan with another hash seed and number of workers" in passed


def test_towns_are_judged_by_their_mended_plan():
    """A grid without a code, and too many without proof, are missed; seconds are scaled to a million households."""
    explained = Explained(Run(""), {"LUMPY_NOT_PROVED": 1}, unexplained=1)
    figures = Figures(explained={BLOCKS: (explained, VALUES)}, solved={SINGAPORE: (VALUES, 400_000)})
    found = results(figures)
    assert found[f"grids within bounds, {BLOCKS}"] == "pass"
    assert found[f"violations without reason code, {BLOCKS}"] == "MISS"
    assert found[f"LUMPY_NOT_PROVED, {BLOCKS}"] == "MISS"
    assert found[f"solving, CPU s a million households, {SINGAPORE}"] == "MISS"


def test_a_row_shows_bound_and_value():
    """The line of the table reads like the sentence it stands for."""
    assert Target("grids within bounds", 0.9912, 0.99).row() == "| grids within bounds ≥ 99.00% | 99.12% | pass |"
