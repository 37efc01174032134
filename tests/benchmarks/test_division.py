import importlib.util
import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from benchmarks import division
from benchmarks.measure import Clock
from benchmarks.peers import Peer, divide_parts, faults, lattice_part, power_diagram
from gridtwin.grids.params import DivideParams

PARAMS = DivideParams()
SIDE = 4
ROW, COLUMN = np.divmod(np.arange(SIDE * SIDE), SIDE)
QUADRANT = ROW // 2 * 2 + COLUMN // 2


@pytest.fixture(scope="module")
def lattice():
    """Return 4 × 4 squares of 100 m and 100 households; a street between the western and the eastern community."""
    squares = shapely.box(100.0 * COLUMN, 100.0 * ROW, 100.0 * COLUMN + 100, 100.0 * ROW + 100)
    street = gpd.GeoDataFrame({"MajorRoad": [0]}, geometry=[shapely.LineString([(200, 0), (200, 400)])])
    halves = pd.Series(np.where(COLUMN < 2, "west", "east"))
    households = np.full(SIDE * SIDE, 100)
    units = division.tiled_units(squares, households, halves, Clock(), streets=street)
    compound = np.full(SIDE * SIDE, None, dtype=object)
    compound[[0, 1]], compound[[4, 8]], compound[10:] = "whole", "cut", "vast"
    buildings = pd.DataFrame({"households": households, "compound_id": compound})
    return division.make_case("lattice", units, Clock(), buildings=buildings)


@pytest.fixture(scope="module")
def city():
    """Return a generated city of about ten thousand households."""
    return division.generated(10_000, "city")


def test_quadrants_are_perfect(lattice):
    """Squares of 200 m within the communities: 400 households, π/4, a quarter of the boundary on the street."""
    values = division.measure_plan(lattice, QUADRANT, PARAMS)
    assert values["grids"] == 4
    assert [values[name] for name in ("within", "households_within", "contiguous", "nested")] == [1, 1, 1, 1]
    assert values["compactness"] == pytest.approx(math.pi / 4)
    assert values["street_share"] == pytest.approx(0.25)


def test_compounds_too_large_for_a_grid_are_not_counted(lattice):
    """Of three compounds one has 600 households; of the others one is cut by the middle line."""
    values = division.measure_plan(lattice, QUADRANT, PARAMS)
    assert (values["split"], values["compounds"]) == (1, 2)


def test_rows_cross_the_communities(lattice):
    """Rows of 400 m × 100 m are contiguous over the street, but in two communities."""
    values = division.measure_plan(lattice, ROW, PARAMS)
    assert (values["within"], values["contiguous"], values["nested"], values["street_share"]) == (1, 1, 0, 0)
    assert values["compactness"] == pytest.approx(4 * math.pi * 40_000 / 1_000**2)


def test_corners_do_not_connect(lattice):
    """The two colours of a chessboard are neither contiguous nor within the bounds; unused numbers do not count."""
    values = division.measure_plan(lattice, 7 * ((ROW + COLUMN) % 2), PARAMS)
    assert (values["grids"], values["contiguous"], values["within"], values["households_within"]) == (2, 0, 0, 0)


def test_half_of_the_grids_within(lattice):
    """Three households out of four may lie in the smaller half of the grids."""
    values = division.measure_plan(lattice, np.where(QUADRANT < 3, QUADRANT, 3 + COLUMN % 2), PARAMS)
    assert values["within"] == pytest.approx(3 / 5)
    assert values["households_within"] == pytest.approx(3 / 4)


def test_gridtwin_is_contiguous_and_nested(city):
    """GridTwin's row of the small city keeps both rules, and the bounds."""
    run = division.run_gridtwin(city, PARAMS)
    values = division.measure_plan(city, run.grid, PARAMS)
    assert (values["contiguous"], values["nested"]) == (1, 1)
    assert values["within"] > 0.95
    assert values["compounds"] > 0
    assert 0 < values["street_share"] <= 1
    assert run.cpu_s > 0


def test_a_peer_runs_in_its_own_process(city, tmp_path, monkeypatch):
    """The power diagram, which needs no package, divides the same units and stays within the communities."""
    monkeypatch.delenv("GRIDTWIN_PEERS", raising=False)
    problem = tmp_path / "problem.npz"
    division.write_problem(city, PARAMS, problem)
    run = division.run_peer("power", problem)
    values = division.measure_plan(city, run.grid, PARAMS)
    assert values["nested"] == 1
    assert run.cpu_s > 0
    stopped = division.run_peer("power", problem, limit_s=0.001)
    assert stopped.grid is None
    assert stopped.remark == "stopped after 0.001 s with 0 parts done"


@pytest.mark.skipif(importlib.util.find_spec("gerrychain") is not None, reason="gerrychain is installed")
def test_an_absent_peer_is_said(city, tmp_path, monkeypatch):
    """A peer that cannot be imported gives a row without figures."""
    monkeypatch.delenv("GRIDTWIN_PEERS", raising=False)
    problem = tmp_path / "problem.npz"
    division.write_problem(city, PARAMS, problem)
    run = division.run_peer("gerrychain", problem)
    assert (run.grid, run.remark) == (None, "not installed")


def test_faults_of_foreign_results():
    """Empty grids and grids in pieces are counted; four quadrants have neither."""
    part = lattice_part()
    assert faults(part, QUADRANT) == (0, 0)
    assert faults(part, np.where(QUADRANT == 3, 0, QUADRANT)) == (1, 1)


def test_what_a_peer_raises_or_forgets_is_counted():
    """A part in which a peer fails stays one grid, and the others go on."""
    part = lattice_part()

    def broken(_):
        raise KeyError(21)

    def forgetful(given):
        return np.full(len(given.households), -1)

    for divide in (broken, forgetful):
        labels, counts = divide_parts(Peer("", "", divide), [part])
        assert (labels[0] == 0).all()
        assert counts["failed"] == 1
        assert sum(counts["errors"].values()) == 1
    labels, counts = divide_parts(Peer("", "", power_diagram), [part, lattice_part(k=1)])
    assert counts == {"failed": 0, "errors": {}, "empty": 0, "apart": faults(part, labels[0])[1]}
    assert (labels[1] == 0).all()


def test_the_table_is_printed(lattice, capsys):
    """One row a contestant with all columns, then the floor."""
    division.compare(lattice, PARAMS, ["power"])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert [line.split(" | ")[0] for line in lines[2:]] == [
        "| GridTwin",
        "| GridTwin, effort 4, 3 starts",
        "| balanced power diagram",
    ]
    assert {line.count("|") for line in lines} == {len(division.HEAD) + 1}
