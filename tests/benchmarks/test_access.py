import math

import numpy as np
import pytest

from benchmarks.access import graphs, inputs
from benchmarks.access.peers import Outcome, registry
from benchmarks.access.search import label_check, nearest_check
from benchmarks.access.targets import targets
from gridtwin.network import Walker, reach, street_network


@pytest.fixture(scope="module")
def lattice():
    """Return a small perturbed lattice for walkers."""
    return street_network(inputs.lattice_streets(12), profile=Walker())


def test_peers_and_ourselves_do_the_same_work(lattice):
    """The labels that networkx finds in the arrays handed over are ours."""
    networkx = registry()["reach"]["networkx"]
    sources = inputs.some_junctions(lattice, 5)
    found = reach(lattice, inputs.at_junctions(lattice, sources), limit=300.0, direction="to")
    outcome = networkx.work(inputs.problem(lattice, "to", sources=sources, limit_s=300.0), 10.0)
    own = sources[found.source], found.junction, found.cost
    assert (outcome.done, outcome.of) == (5, 5)
    assert label_check(own, outcome.found, len(lattice.x)) == "same labels and costs"


@pytest.mark.parametrize("fault", ["missing", "cost"])
def test_wrong_labels_are_told(lattice, fault):
    """A label too few and a wrong cost are both noticed."""
    source, junction, cost = np.array([7, 7]), np.array([1, 2]), np.array([0.0, 5.0])
    theirs = {"source": source, "junction": junction, "cost": cost.copy()}
    if fault == "missing":
        theirs = {name: values[:1] for name, values in theirs.items()}
        assert label_check((source, junction, cost), theirs, 10) == "1 of 2 labels differ"
    else:
        theirs["cost"][1] += 3.0
        assert label_check((source, junction, cost), theirs, 10) == "same labels, costs within 3 s"


def test_wrong_nearest_costs_are_told():
    """Costs that differ are counted, and those that a peer did not look for."""
    own = np.array([[1.0], [20.0], [30.0]])
    assert nearest_check(own, np.array([[1.0], [25.0], [np.inf]])) == "1 of 2 differ, 1 not found"


def test_the_cheapest_of_parallel_arcs_is_handed_over():
    """Peers that know one arc a pair get the cheapest, and none that is closed."""
    problem = {"indptr": np.array([0, 3, 3]), "head": np.array([1, 1, 1]), "cost": np.array([3.0, 2.0, np.inf])}
    assert [values.tolist() for values in graphs.least_arcs(problem)] == [[0], [1], [2.0]]
    assert not len(graphs.least_arcs(problem, np.full(3, np.inf))[0])


def test_what_a_peer_takes_is_scaled():
    """A peer that runs out of its budget after the first batch is scaled to all items."""
    outcome = Outcome()
    found = outcome.in_turn("work", lambda some: sum(range(200_000)), np.arange(10), 0.0, batch=2)
    assert not found
    found = outcome.in_turn("work", lambda some: sum(range(200_000)), np.arange(10), 1e-9, batch=2)
    assert (len(found), outcome.done, outcome.of) == (1, 2, 10)
    assert outcome.cpu_s["work"] > 0


def test_the_lattice_is_what_it_is_said_to_be(lattice):
    """Some 12 % of the streets are missing, and the others are about as long as the spacing."""
    assert len(lattice.start) == pytest.approx(2 * 12 * 11 * (1 - inputs.DROPPED), rel=0.15)
    assert lattice.length_m.mean() == pytest.approx(inputs.SPACING_M, rel=0.1)


def test_places_at_junctions_cost_nothing(lattice):
    """The junction of a place is reached at once."""
    junctions = inputs.some_junctions(lattice, 20)
    found = reach(lattice, inputs.at_junctions(lattice, junctions), limit=0.0)
    assert found.junction.tolist() == junctions.tolist()


def test_targets_are_judged_by_figures():
    """A figure within its bound passes, and what is missing was not measured."""
    found = {target.title: target.result() for target in targets({"snap s": 2.0, "snap osmnx": 1.5})}
    assert found.pop("100,000 places onto streets, CPU s") == "pass"
    assert found.pop("OSMnx ÷ GridTwin, 100,000 places onto streets") == "MISS"
    assert set(found.values()) == {"not measured"}
    assert all(math.isnan(target.value) for target in targets({}))
