import dataclasses

import numpy as np
import pytest
import shapely

from benchmarks import generated
from benchmarks.city import generate_city
from benchmarks.measure import timed
from gridtwin.grids import divide_region


@pytest.fixture(scope="module")
def plan():
    """Return the plan of a small generated city."""
    return divide_region(generate_city(6_000), workers=1, date="2026-01-01")


@pytest.mark.parametrize("power", [0.5, 1.0, 1.3])
def test_the_exponent_is_that_of_a_power(power):
    """Seconds that grow with a power of the households have this power as exponent."""
    households = [10_000, 100_000, 1_000_000]
    assert generated.exponent(households, [3e-5 * n**power for n in households]) == pytest.approx(power)


def test_a_sound_plan_is_found_sound(plan):
    """A plan of GridTwin is nested and seamless, cuts no building and explains every grid outside the bounds."""
    found = generated.soundness(plan)
    assert (found["nested"], found["coverage_valid"], found["buildings_cut"], found["unexplained"]) == (1, True, 0, 0)
    assert 0 <= found["split"] <= found["compounds"]


def test_faults_are_found(plan):
    """A building that sticks out, a moved grid and an unexplained one are all noticed."""
    grids, buildings = plan.grids.copy(), plan.buildings.copy()
    at = int(np.flatnonzero(buildings["grid_id"].notna() & (shapely.area(buildings.geometry.to_numpy()) > 0))[0])
    body = buildings.geometry.iloc[at]
    grid = int(np.flatnonzero(grids["grid_id"] == buildings["grid_id"].iloc[at])[0])
    shapes = grids.geometry.to_numpy().copy()
    shapes[grid] = shapely.difference(shapes[grid], shapely.centroid(body).buffer(1.0))
    households = grids["households"].to_numpy().copy()
    households[grid] = 700
    broken = dataclasses.replace(
        plan,
        grids=grids.set_geometry(shapes, crs=grids.crs).assign(households=households),
        violations=plan.violations.iloc[:0],
    )
    found = generated.soundness(broken)
    assert found["buildings_cut"] >= 1
    assert found["unexplained"] >= 1
    shapes[grid] = shapely.transform(shapes[grid], lambda xy: xy + 5.0)
    moved = dataclasses.replace(plan, grids=grids.set_geometry(shapes, crs=grids.crs))
    assert not generated.soundness(moved)["coverage_valid"]


def test_the_digest_knows_every_unit(plan):
    """The same plan has the same digest; one unit in another grid has another."""
    units = plan.units.copy()
    ids = units["grid_id"].to_list()
    ids[0] = next(name for name in ids if name != ids[0])
    assert generated.digest(plan) == generated.digest(dataclasses.replace(plan, units=plan.units.copy()))
    assert generated.digest(plan) != generated.digest(dataclasses.replace(plan, units=units.assign(grid_id=ids)))


def test_quick_calls_are_made_three_times():
    """The median of three counts, and the result comes back."""
    calls = []
    assert timed(lambda: calls.append(1) or len(calls))[0] == 3
    assert len(calls) == 3


@pytest.mark.parametrize(("second", "expected"), [("same", True), ("other", False)])
def test_repetition_is_judged_by_the_digest(monkeypatch, capsys, second, expected):
    """Two processes, hash seeds and numbers of workers apart, must give the same digest."""
    asked = []

    def fake(households, *, workers=1, hash_seed=0):
        asked.append((households, workers, hash_seed))
        return {"households": households, "digest": "same" if len(asked) == 1 else second}

    monkeypatch.setattr(generated, "run", fake)
    assert generated.repeats(3_000) is expected
    assert ("DIFFERENT" in capsys.readouterr().out) is not expected
    assert len({asked[0][1:], asked[1][1:]}) == 2
