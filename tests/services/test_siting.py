from dataclasses import replace

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from gridtwin.errors import UsageError
from gridtwin.services.siting import served_by_rank, site_most, site_share
from gridtwin.services.siting_greedy import greedy_choice
from gridtwin.services.siting_table import table_of
from tests.services.siting_cases import best_by_hand, problem_of, random_problem, worth_by_hand

# Three sites on a line of five homes, 100 m apart: the middle one reaches three homes, the outer ones two.
LINE = [[0, 100, 200, 300, 400], [200, 100, 0, 100, 200], [400, 300, 200, 100, 0]]


@st.composite
def problems(draw, *, objective=None, capacities=None):
    """Draw a small problem with existing, mandatory and forbidden sites, and capacities perhaps."""
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    sites = draw(st.integers(1, 7))
    existing, mandatory, forbidden = random.random((3, sites)) < 0.2
    limited = draw(st.booleans()) if capacities is None else capacities
    capacity = np.where(random.random(sites) < 0.8, random.integers(0, 150, sites), np.inf) if limited else None
    return random_problem(
        int(random.integers(10_000)),
        sites,
        draw(st.integers(1, 20)),
        objective=objective or draw(st.sampled_from(["coverage", "distance"])),
        existing=existing,
        mandatory=mandatory,
        forbidden=forbidden & ~mandatory,
        capacity=capacity,
    )


def opened_by(problem, siting):
    """Return all open sites."""
    return [*np.flatnonzero(problem.flags("existing")).tolist(), *siting.sites.tolist()]


def test_one_site_goes_where_most_people_are_within_reach():
    """The middle of the line reaches three homes, each end two."""
    found = site_most(problem_of(LINE, [1, 1, 1, 1, 1], 100), 1)
    assert found.sites.tolist() == [1]
    assert found.worth == found.bound == 3
    assert found.proved


def test_two_sites_need_not_hold_the_best_single_one():
    """The middle alone reaches most, five people, but both ends together reach eight and any other pair seven."""
    found = site_most(problem_of(LINE, [2, 2, 1, 2, 2], 100), 2)
    assert sorted(found.sites) == [0, 2]
    assert found.worth == 8
    assert found.proved


def test_sites_are_ranked_by_what_each_adds():
    """The site that gains most comes first."""
    found = site_most(problem_of(LINE, [1, 1, 1, 1, 9], 100), 2)
    assert found.sites.tolist() == [2, 0]


def test_sites_that_add_nothing_are_left_out():
    """Two sites reach everybody, so the third is not proposed."""
    assert len(site_most(problem_of(LINE, [1, 1, 0, 1, 1], 100), 3).sites) == 2


def test_least_walking_of_one_site():
    """The middle home has the least sum of walks: 200 + 100 + 0 + 100 + 200."""
    problem = problem_of(LINE, [1, 1, 1, 1, 1], 400, objective="distance")
    found = site_most(problem, 1)
    assert found.sites.tolist() == [1]
    assert problem.limit * problem.total - found.worth == 600


def test_a_walk_beyond_the_limit_counts_as_the_limit():
    """With a limit of 250 m the far homes cost 250 m each, not more."""
    problem = problem_of(LINE, [1, 1, 1, 1, 1], 250, objective="distance")
    found = site_most(replace(problem, mandatory=np.array([True, False, False])), 1)
    assert problem.limit * problem.total - found.worth == 0 + 100 + 200 + 250 + 250


def test_existing_sites_take_no_place_and_serve():
    """With the middle open already, one new site can only add one end."""
    problem = problem_of(LINE, [1, 1, 1, 1, 1], 100, existing=np.array([False, True, False]))
    found = site_most(problem, 1)
    assert (found.before, found.worth) == (3, 4)
    assert found.sites.tolist() == [0]


def test_mandatory_sites_are_chosen_and_forbidden_ones_are_not():
    """The best site is forbidden and a poor one must be taken."""
    flags = np.array([True, False, False])
    found = site_most(problem_of(LINE, [1, 1, 1, 1, 1], 100, mandatory=flags, forbidden=np.array([0, 1, 0], bool)), 2)
    assert sorted(found.sites) == [0, 2]


def test_too_many_mandatory_sites_are_refused():
    """One place cannot hold two mandatory sites."""
    with pytest.raises(UsageError, match="mandatory"):
        site_most(problem_of(LINE, [1] * 5, 100, mandatory=np.array([True, True, False])), 1)


def test_fewest_sites_for_a_share():
    """Nobody needs no site, three fifths one, four fifths two, everybody three."""
    problem = problem_of(LINE, [1, 1, 1, 1, 1], 100)
    found = [site_share(problem, share) for share in (0.0, 0.6, 0.8, 1.0)]
    assert [len(siting.sites) for siting in found] == [0, 1, 2, 3]
    assert all(siting.proved and siting.reached for siting in found)


def test_a_share_that_cannot_be_reached_says_so():
    """Somebody lives beyond the limit of every site: the highest share that can be is reached instead."""
    problem = problem_of([[0, 100, 900]], [1, 1, 2], 100)
    found = site_share(problem, 0.9)
    assert not found.reached
    assert found.sites.tolist() == [0]
    assert found.most == 2


def test_people_of_one_home_may_go_to_two_sites():
    """Two sites of ten places each serve a home of sixteen people."""
    problem = problem_of([[10], [20]], [16], 100, capacity=np.array([10.0, 10.0]))
    assert site_most(problem, 1).worth == 10
    assert site_most(problem, 2).worth == 16


def test_capacities_call_for_more_sites():
    """One site reaches everybody but has places for two."""
    problem = problem_of(LINE, [1, 1, 1, 1, 1], 400, capacity=np.array([2.0, 2.0, 2.0]))
    assert len(site_share(problem, 0.8).sites) == 2
    assert len(site_share(replace(problem, capacity=None), 0.8).sites) == 1


@given(problems(), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_exact_choice_is_the_best_of_all(problem, count):
    """No choice of as many sites is worth more, and the choice is worth what it says."""
    count += int((problem.flags("mandatory") & ~problem.flags("existing")).sum())
    found = site_most(problem, count, method="exact")
    best = best_by_hand(problem, count)
    assert found.worth == pytest.approx(best, rel=1e-6, abs=1e-6)
    assert worth_by_hand(problem, opened_by(problem, found)) == pytest.approx(best, rel=1e-6, abs=1e-6)
    assert found.proved


@given(problems(), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_fast_choice_lies_between_greedy_and_its_bound(problem, count):
    """The quick answer is no worse than greedy, and its bound is no lower than the best choice."""
    count += int((problem.flags("mandatory") & ~problem.flags("existing")).sum())
    found = site_most(problem, count, method="fast")
    table = table_of(problem)
    must = int((problem.flags("mandatory") & ~problem.flags("existing")).sum())
    slack = 1e-6 * max(1.0, found.bound)
    assert found.worth >= table.base + greedy_choice(table, count - must).worth - slack
    assert found.worth - slack <= best_by_hand(problem, count) <= found.bound + slack


@given(problems(objective="coverage"), st.floats(0.0, 1.0))
@settings(max_examples=60, deadline=None)
def test_no_smaller_choice_reaches_the_share(problem, share):
    """One site fewer is not enough, and as many are as good as they can be."""
    found = site_share(problem, share, method="exact")
    goal = min(share * problem.total, found.most) - 1e-6
    must = int((problem.flags("mandatory") & ~problem.flags("existing")).sum())
    count = len(found.sites)
    assert found.worth >= goal
    assert found.proved
    assert count == must or best_by_hand(problem, count - 1) < goal
    assert found.worth == pytest.approx(best_by_hand(problem, count), abs=1e-5)


def test_as_few_sites_as_a_set_cover_reach_everybody():
    """On a larger town the fewest sites for everybody are those of the plain covering programme."""
    problem = random_problem(2, 120, 2000, limit=0.2)
    rows = (problem.demand, np.repeat(np.arange(problem.sites), np.diff(problem.ptr)))
    reached = scipy.sparse.coo_array((np.ones(len(rows[0])), rows), (2000, problem.sites)).tocsr()
    reached = reached[np.flatnonzero(reached.sum(axis=1) > 0)]
    cover = scipy.optimize.LinearConstraint(reached, 1, np.inf)
    ones = np.ones(problem.sites)
    plain = scipy.optimize.milp(ones, integrality=ones, bounds=scipy.optimize.Bounds(0, 1), constraints=cover)
    found = site_share(problem, 1.0, method="exact")
    assert len(found.sites) == found.fewest == round(plain.fun)
    assert found.worth == found.most


@given(problems(objective="coverage"))
@settings(max_examples=40, deadline=None)
def test_shares_by_rank_add_up_to_what_the_choice_is_worth(problem):
    """Who is within reach before and with each site makes the worth, and nobody loses by a further site."""
    must = int((problem.flags("mandatory") & ~problem.flags("existing")).sum())
    found = site_most(problem, must + 2)
    before, added = served_by_rank(problem, found.sites)
    assert problem.weight @ before == pytest.approx(found.before, abs=2e-3)
    assert problem.weight @ (before + added.sum(axis=0)) == pytest.approx(found.worth, abs=2e-3)
    assert (added >= 0).all()
    assert ((before + added.sum(axis=0)) <= 1 + 1e-5).all()


@given(problems(capacities=False), st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_a_further_site_never_lowers_the_worth(problem, count):
    """More sites are worth no less, and their bound is no lower."""
    count += int((problem.flags("mandatory") & ~problem.flags("existing")).sum())
    fewer, more = (site_most(problem, number, method="exact") for number in (count, count + 1))
    assert more.worth >= fewer.worth - 1e-6


def test_same_seed_same_choice():
    """The random exchanges depend on the seed alone."""
    problem = random_problem(5, 60, 400, limit=0.12)
    first, second = (site_most(problem, 8, method="fast", seed=3) for _ in range(2))
    assert first.sites.tolist() == second.sites.tolist()


def test_no_time_is_no_worse_than_greedy():
    """With no time at all there is still a choice and a bound."""
    problem = random_problem(6, 60, 400, limit=0.12)
    found = site_most(problem, 8, method="exact", time_limit_s=0.0)
    assert found.worth >= greedy_choice(table_of(problem), 8).worth
    assert found.bound >= found.worth


def test_gap_is_small_on_a_town_of_many_demands():
    """Without a proof the bound is within two hundredths of the choice."""
    found = site_most(random_problem(1, 80, 2000, limit=0.1), 10, method="fast")
    assert found.gap < 0.02


def test_nobody_within_reach_of_anything():
    """No walks: nothing is proposed, and nothing can be."""
    problem = problem_of([[500.0, 500.0]], [1, 1], 100)
    assert len(site_most(problem, 3).sites) == 0
    assert not site_share(problem, 0.5).reached


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"objective": "beauty"}, "objective"),
        ({"existing": np.zeros(2, bool)}, "existing"),
        ({"mandatory": np.ones(3, bool), "forbidden": np.ones(3, bool)}, "both"),
        ({"capacity": np.array([1.0, -1.0, 1.0])}, "capacities"),
        ({"weight": np.array([1.0, np.nan, 1.0, 1.0, 1.0])}, "people"),
    ],
)
def test_problems_that_contradict_themselves_are_refused(change, message):
    """What cannot be meant is an error that says so."""
    with pytest.raises(UsageError, match=message):
        replace(problem_of(LINE, [1] * 5, 100), **change)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda problem: site_most(problem, 1, method="magic"), "magic"),
        (lambda problem: site_share(problem, 1.2), "share"),
        (lambda problem: site_share(replace(problem, objective="distance"), 0.5), "coverage"),
    ],
)
def test_questions_that_make_no_sense_are_refused(call, message):
    """Unknown methods, shares above 1 and shares of distances are errors."""
    with pytest.raises(UsageError, match=message):
        call(problem_of(LINE, [1] * 5, 100))
