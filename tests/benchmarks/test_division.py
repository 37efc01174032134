import dataclasses
import importlib.util
import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from benchmarks import contest, division, inputs, peers, recom
from benchmarks.measure import Clock
from benchmarks.part import faults, lattice_part, parts_of_problem
from benchmarks.peers import Peer, divide_parts, power_diagram
from benchmarks.plan_measures import measure_plan
from benchmarks.verdicts import Verdict
from gridtwin.grids.links import parts_of
from gridtwin.grids.params import DivideParams
from gridtwin.grids.zones import Zones

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
    units = inputs.tiled_units(squares, households, halves, Clock(), streets=street)
    compound = np.full(SIDE * SIDE, None, dtype=object)
    compound[[0, 1]], compound[[4, 8]], compound[10:] = "whole", "cut", "vast"
    buildings = pd.DataFrame({"households": households, "compound_id": compound})
    return inputs.make_case("lattice", units, Clock(), buildings=buildings)


@pytest.fixture(scope="module")
def lattice_of_lumps():
    """Return 4 × 4 squares of 100 households in one community, one of them with 600."""
    squares = shapely.box(100.0 * COLUMN, 100.0 * ROW, 100.0 * COLUMN + 100, 100.0 * ROW + 100)
    households = np.where(np.arange(SIDE * SIDE) == 0, 600, 100)
    units = inputs.tiled_units(squares, households, pd.Series(["one"] * SIDE * SIDE), Clock())
    return inputs.make_case("lumps", units, Clock(), streets_known=False)


@pytest.fixture(scope="module")
def city():
    """Return a generated city of about ten thousand households."""
    return inputs.generated(10_000, "city")


def test_quadrants_are_perfect(lattice):
    """Squares of 200 m within the communities: 400 households, π/4, a quarter of the boundary on the street."""
    values = measure_plan(lattice, QUADRANT, PARAMS)
    assert values["grids"] == 4
    assert [values[name] for name in ("within", "households_within", "contiguous", "nested")] == [1, 1, 1, 1]
    assert values["compactness"] == pytest.approx(math.pi / 4)
    assert values["street_share"] == pytest.approx(0.25)


def test_compounds_too_large_for_a_grid_are_not_counted(lattice):
    """Of three compounds one has 600 households; of the others one is cut by the middle line."""
    values = measure_plan(lattice, QUADRANT, PARAMS)
    assert (values["split"], values["compounds"]) == (1, 2)


def test_rows_cross_the_communities(lattice):
    """Rows of 400 m × 100 m are contiguous over the street, but in two communities."""
    values = measure_plan(lattice, ROW, PARAMS)
    assert (values["within"], values["contiguous"], values["nested"], values["street_share"]) == (1, 1, 0, 0)
    assert values["compactness"] == pytest.approx(4 * math.pi * 40_000 / 1_000**2)


def test_corners_do_not_connect(lattice):
    """The two colours of a chessboard are neither contiguous nor within the bounds; unused numbers do not count."""
    values = measure_plan(lattice, 7 * ((ROW + COLUMN) % 2), PARAMS)
    assert (values["grids"], values["contiguous"], values["within"], values["households_within"]) == (2, 0, 0, 0)


def test_half_of_the_grids_within(lattice):
    """Three households out of four may lie in the smaller half of the grids."""
    values = measure_plan(lattice, np.where(QUADRANT < 3, QUADRANT, 3 + COLUMN % 2), PARAMS)
    assert values["within"] == pytest.approx(3 / 5)
    assert values["households_within"] == pytest.approx(3 / 4)


def test_gridtwin_is_contiguous_and_nested(city):
    """GridTwin's row of the small city keeps both rules, and the bounds."""
    run = contest.run_gridtwin(city, PARAMS)
    values = measure_plan(city, run.grid, PARAMS)
    assert (values["contiguous"], values["nested"]) == (1, 1)
    assert values["within"] > 0.95
    assert values["compounds"] > 0
    assert 0 < values["street_share"] <= 1
    assert run.cpu_s > 0


def test_a_peer_runs_in_its_own_process(city, tmp_path, monkeypatch):
    """The power diagram, which needs no package, divides the same units and stays within the communities."""
    monkeypatch.delenv("GRIDTWIN_PEERS", raising=False)
    problem = tmp_path / "problem.npz"
    contest.write_problem(city, PARAMS, problem)
    run = contest.run_peer("power", problem)
    values = measure_plan(city, run.grid, PARAMS)
    assert values["nested"] == 1
    assert run.cpu_s > 0
    stopped = contest.run_peer("power", problem, limit_s=0.001)
    assert stopped.grid is None
    parts = len(np.unique(parts_of(city.links, Zones.uniform(PARAMS, len(city.units.frame)))))
    assert stopped.remark == f"stopped after 0.001 s with 0 of {parts} parts done"


@pytest.mark.skipif(importlib.util.find_spec("gerrychain") is not None, reason="gerrychain is installed")
def test_an_absent_peer_is_said(city, tmp_path, monkeypatch):
    """A peer that cannot be imported gives a row without figures."""
    monkeypatch.delenv("GRIDTWIN_PEERS", raising=False)
    problem = tmp_path / "problem.npz"
    contest.write_problem(city, PARAMS, problem)
    run = contest.run_peer("gerrychain", problem)
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


def test_a_chain_starts_from_contiguous_grids(monkeypatch):
    """ReCom's start falls back to METIS, and is refused if that is in pieces."""
    part = lattice_part()

    def fails(*_, **__):
        raise RuntimeError("no cut")

    monkeypatch.setattr(recom, "_tree_labels", fails)
    monkeypatch.setattr(peers, "metis_recursive", lambda _: QUADRANT)
    assert (recom._start(part, None)[0] == QUADRANT).all()
    monkeypatch.setattr(peers, "metis_recursive", lambda _: np.where(QUADRANT == 3, 0, QUADRANT))
    with pytest.raises(RuntimeError, match="no start"):
        recom._start(part, None)


def test_the_score_counts_grids_first():
    """One grid outside the bounds weighs more than all boundaries; edges count with their cost."""
    part = lattice_part()
    score = recom._score(part, np.arange(16))
    edges = list(zip(part.a.tolist(), part.b.tolist(), strict=True))
    within = {"households": {0: 300, 1: 500}, "cut_edges": edges}
    assert score(within) == pytest.approx(part.cost.sum())
    assert score({"households": {0: 299, 1: 501}, "cut_edges": []}) > 2 * score(within)


def test_a_part_is_a_share_of_the_input(city, tmp_path):
    """The shares of all parts add up, and every unit and link lies in one part."""
    problem = tmp_path / "problem.npz"
    contest.write_problem(city, PARAMS, problem)
    with np.load(problem) as file:
        units, found = zip(*parts_of_problem(dict(file)), strict=True)
    assert sum(part.share for part in found) == pytest.approx(1)
    assert sorted(np.concatenate(units).tolist()) == list(range(len(city.units.frame)))
    assert sum(len(part.a) for part in found) == len(city.links.a)


def test_wider_bounds_give_the_balance_of_a_peer(lattice_of_lumps):
    """The narrowest bounds count that keep no more grids and households within 300–500 than the peer does."""
    balance = contest.EqualBalance(lattice_of_lumps, PARAMS)
    same = balance.like({"within": 1.0, "households_within": 1.0})
    assert same[0].title == "GridTwin, fast, bounds 300–500"
    assert same[1]["within"] <= 1.0
    nothing = balance.like({"within": 1.0, "households_within": -1.0})
    assert nothing[0].title == "GridTwin, fast, bounds 60–740"


def test_the_mended_plan_explains_what_is_left(lattice_of_lumps):
    """A unit of 600 households is an oversize building, and nothing is left without a code."""
    found = contest.run_explained(lattice_of_lumps, PARAMS)
    values = measure_plan(lattice_of_lumps, found.run.grid, PARAMS)
    assert found.codes == {"OVERSIZE_BUILDING": 1}
    assert found.unexplained == 0
    assert values["within"] == pytest.approx(1 - 1 / values["grids"])


def test_the_table_is_printed(lattice, capsys):
    """One row a contestant with all columns, the floor, then the verdicts on the peers and official areas."""
    official = dataclasses.replace(lattice, official={"rows": ROW})
    found = division.compare(official, PARAMS, ["power"])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    firsts = [line.split(" | ")[0] for line in lines]
    assert firsts[2:8] == [
        "| GridTwin, fast",
        "| GridTwin, good",
        "| GridTwin, best",
        "| GridTwin, fast, mended or proved",
        "| balanced power diagram",
        "| rows",
    ]
    assert firsts[-2:] == ["| balanced power diagram", "| rows"]
    assert {line.count("|") for line in lines[:8]} == {len(division.HEAD) + 1}
    rows = found.judgements[1]
    assert (rows.verdicts["nested"], rows.verdicts["cpu_s"]) == (Verdict.WORSE, Verdict.UNKNOWN)
