import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridtwin.services import kernel_siting as kernel
from gridtwin.services.siting_greedy import (
    Choice,
    Deadline,
    assign,
    greedy_choice,
    improve,
    most_of_count,
    relax,
    worth_of,
)
from gridtwin.services.siting_table import table_of
from tests.services.siting_cases import best_by_hand, problem_of, random_problem

OTHER_LIMIT = 0.2


def test_homes_that_the_same_sites_reach_are_one_demand():
    """Homes 0 and 2 have the same sites, home 1 has another, home 3 has none."""
    problem = problem_of([[10, 10, 10, 900], [900, 10, 900, 900]], [1, 2, 4, 8], 100)
    table = table_of(problem)
    assert sorted(table.need.tolist()) == [2, 5]


def test_labels_tell_apart_what_different_sites_reach():
    """Equal labels mean equal sites, and no site means label 0."""
    ptr = np.array([0, 3, 5])
    label = kernel.same_sites(ptr, np.array([0, 1, 2, 1, 4]), 5)
    assert label[0] == label[2]
    assert len({label[0], label[1], label[4]}) == 3
    assert label[3] == 0


def test_a_site_that_another_replaces_is_left_out():
    """The second site reaches a part of what the first does; the third is a copy of the first."""
    problem = problem_of([[10, 10, 900], [900, 10, 900], [10, 10, 900], [900, 900, 10]], [1, 1, 1], 100)
    assert table_of(problem).site.tolist() == [0, 3]


def test_a_nearer_site_is_not_replaced_where_distance_counts():
    """The second site reaches less, but nearer."""
    problem = problem_of([[10, 50], [900, 10]], [1, 1], 100, objective="distance")
    assert table_of(problem).site.tolist() == [0, 1]


def test_what_is_open_already_leaves_the_table():
    """Homes of the existing site are no demands, and its worth is the base."""
    problem = problem_of([[10, 900], [10, 10]], [3, 4], 100, existing=np.array([True, False]))
    table = table_of(problem)
    assert (table.base, table.need.tolist(), table.site.tolist()) == (3, [4], [1])


@given(st.integers(0, 1000), st.integers(1, 5), st.sampled_from(["coverage", "distance"]))
@settings(max_examples=40, deadline=None)
def test_the_table_keeps_the_best_choice(seed, count, objective):
    """Merging demands and leaving out sites does not change what the best choice is worth."""
    problem = random_problem(seed, 7, 15, objective=objective)
    table = table_of(problem)
    ids = np.arange(table.sites)
    best = max(
        (worth_of(table, np.array(chosen)) for chosen in _subsets(ids, count)),
        default=0.0,
    )
    assert table.base + best == pytest.approx(best_by_hand(problem, count))


def _subsets(ids, count):
    from itertools import combinations

    return [c for c in combinations(ids.tolist(), min(count, len(ids))) if c]


@given(st.integers(0, 1000), st.integers(1, 6), st.sampled_from(["coverage", "distance"]))
@settings(max_examples=40, deadline=None)
def test_interchange_is_worth_what_it_says_and_no_less_than_its_start(seed, count, objective):
    """The running totals of interchange agree with a count from scratch."""
    table = table_of(random_problem(seed, 12, 60, objective=objective, limit=OTHER_LIMIT))
    start = greedy_choice(table, count)
    better = improve(table, start, seed=seed, kicks=5, deadline=Deadline())
    assert len(better.sites) == len(start.sites)
    assert better.worth == pytest.approx(worth_of(table, better.sites))
    assert better.worth >= start.worth - 1e-9


def test_no_single_exchange_helps_after_interchange():
    """Every exchange of one site for another is worth no more."""
    table = table_of(random_problem(3, 15, 80, limit=OTHER_LIMIT))
    found = improve(table, greedy_choice(table, 4), seed=0, kicks=0, deadline=Deadline())
    others = np.setdiff1d(np.arange(table.sites), found.sites)
    swapped = [worth_of(table, np.sort(np.r_[np.delete(found.sites, k), other])) for k in range(4) for other in others]
    assert max(swapped) <= found.worth + 1e-9


@given(st.integers(0, 1000), st.integers(1, 4), st.booleans())
@settings(max_examples=40, deadline=None)
def test_bounds_hold(seed, count, limited):
    """Neither the relaxation nor the plain bound is below the best choice, also with capacities."""
    capacity = np.random.default_rng(seed).integers(1, 80, 7).astype(float) if limited else None
    problem = random_problem(seed, 7, 15, capacity=capacity)
    table = table_of(problem)
    best = best_by_hand(problem, count) - table.base
    shown, _ = relax(table, count, 0.5 * best)
    assert shown.bound >= best - 1e-6
    assert most_of_count(table, count) >= best - 1e-6


def test_assignment_keeps_capacities_and_who_was_served():
    """Ten people of 16 are served by one site, and as many at least with a second."""
    table = table_of(problem_of([[10, 20], [10, 900]], [16, 4], 100, capacity=np.array([10.0, 5.0])))
    worth, share = assign(table, np.array([0]))
    assert worth == pytest.approx(10)
    more, again = assign(table, np.array([0, 1]), at_least=share)
    assert more == pytest.approx(15)
    assert (again >= share - 1e-6).all()


def test_nothing_to_improve_without_a_choice():
    """An empty choice stays empty."""
    table = table_of(random_problem(1, 5, 10))
    empty = Choice(np.zeros(0, np.int64), 0.0)
    assert improve(table, empty, seed=0, deadline=Deadline()) is empty
