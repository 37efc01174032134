"""Accessibility: by hand, against PySAL's access, and what must hold for any costs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from access import fca, weights
from hypothesis import given, settings
from hypothesis import strategies as st

from gridtwin.errors import InputError, UsageError
from gridtwin.network import Pairs
from gridtwin.schemas import conform, empty_layer
from gridtwin.services.accessibility import (
    SHARP_BAND_WEIGHTS,
    Decay,
    access_layer,
    capacities,
    measure_access,
    opportunities,
    two_step,
)
from gridtwin.services.places import place_facilities, place_homes
from tests.services.town import network_of, row_town, walk_s


def measured(town, **options):
    """Measure the access to the clinics of a town."""
    network = network_of(town)
    homes, clinics = place_homes(town, network), place_facilities(town, network)
    return measure_access(network, homes, clinics, **{"method": "2sfca", "within_s": 300.0} | options)


def values(table, area="building", measure=None) -> dict[str, float]:
    """Return the values by area."""
    rows = table[table["area"] == area]
    rows = rows if measure is None else rows[rows["measure"] == measure]
    return rows.set_index("area_id")["value"].to_dict()


def random_case(seed: int) -> tuple[Pairs, np.ndarray, np.ndarray, pd.DataFrame]:
    """Return walks, demand and capacity at random, and the walks as a table."""
    random = np.random.default_rng(seed)
    homes, clinics = 30, 6
    cost = random.uniform(0, 40, (clinics, homes))
    near = cost <= 30
    ptr = np.r_[0, np.cumsum(near.sum(axis=1))]
    clinic, home = np.nonzero(near)
    demand, capacity = random.integers(1, 50, homes).astype(float), random.integers(0, 9, clinics).astype(float)
    table = pd.DataFrame({"origin": home, "dest": clinic, "cost": cost[near]})
    return Pairs(ptr, home, cost[near]), demand, capacity, table


def test_capacity_is_shared_by_those_who_reach_it():
    """Two clinics: one for 50 persons, one for 25; the home between them has of both."""
    town = row_town([100, 450, 800], [("clinic", 200), ("clinic", 700)])
    town["facilities"]["capacity"] = [100.0, 50.0]
    table = measured(town)
    # Within 385 m of the street: f0 reaches b0 and b1, f1 reaches b1 and b2, 50 persons each.
    assert values(table) == pytest.approx({"b0": 2.0, "b1": 3.0, "b2": 1.0})
    assert values(table, "grid") == pytest.approx({"W": 2.5, "E": 1.0})
    assert values(table, "region") == pytest.approx({"region": 2.0})


def test_bands_weigh_near_facilities_more():
    """E2SFCA: homes in the first and the last band share by weights of 1 and 0.22."""
    town = row_town([200, 500], [("clinic", 200)])
    town["facilities"]["capacity"] = 61.0
    table = measured(town, method="e2sfca")
    assert values(table) == pytest.approx({"b0": 2.0, "b1": 0.44})


def test_groups_share_capacities_among_themselves():
    """The demand of the elderly is that of the elderly, and areas are averaged by them."""
    town = row_town([200, 300], [("clinic", 200)], elderly=[1, 3])
    town["facilities"]["capacity"] = 8.0
    table = measured(town, group="elderly")
    assert values(table) == pytest.approx({"b0": 2.0, "b1": 2.0})
    with pytest.raises(UsageError, match="knows nothing of the group 'disabled'"):
        measured(town, group="disabled")


def test_what_is_within_reach_is_counted():
    """Cumulative opportunities: facilities and their capacity within the limit."""
    town = row_town([100, 450, 1000], [("clinic", 200), ("clinic", 700)])
    town["facilities"]["capacity"] = [100.0, None]
    table = measured(town, method="cumulative", capacity=7.0)
    assert values(table, measure="facilities") == {"b0": 1.0, "b1": 2.0, "b2": 1.0}
    assert values(table, measure="capacity") == {"b0": 100.0, "b1": 107.0, "b2": 7.0}


def test_the_nearest_facilities_are_averaged():
    """The mean walk to the nearest two; nothing for a home that reaches only one."""
    town = row_town([100, 450, 1000], [("clinic", 200), ("clinic", 700)])
    found = values(measured(town, method="nearest", nearest_count=2))
    assert found["b1"] == pytest.approx(walk_s(250))
    assert np.isnan(found["b0"])
    assert np.isnan(found["b2"])
    assert values(measured(town, method="nearest", nearest_count=2), "grid")["W"] == pytest.approx(walk_s(250))


def test_without_facilities_there_is_no_access():
    """No clinics: nothing for anybody, and no mean walk."""
    town = row_town([100], [])
    assert values(measured(town)) == {"b0": 0.0}
    assert values(measured(town, method="cumulative"), measure="facilities") == {"b0": 0.0}
    assert np.isnan(values(measured(town, method="nearest"))["b0"])


def test_capacities_that_nobody_states():
    """An empty capacity is the mean of the others, 1 where none is known, or what the caller says."""
    town = row_town([100], [("clinic", 200), ("clinic", 700)])
    clinics = place_facilities(town, network_of(town))
    assert capacities(clinics).tolist() == [1.0, 1.0]
    clinics.frame["capacity"] = [30.0, None]
    assert capacities(clinics).tolist() == [30.0, 30.0]
    assert capacities(clinics, 5.0).tolist() == [30.0, 5.0]
    clinics.frame["capacity"] = [-1.0, None]
    with pytest.raises(InputError, match="must be 0 or more"):
        capacities(clinics)


@pytest.mark.parametrize("seed", range(5))
def test_two_step_equals_pysal(seed):
    """2SFCA and E2SFCA give the numbers of PySAL's access."""
    walks, demand, capacity, table = random_case(seed)
    people, clinics = pd.DataFrame({"demand": demand}), pd.DataFrame({"supply": capacity})
    names = {"demand_index": True, "demand_name": "demand", "supply_index": True, "supply_name": "supply"}
    costs = {"cost_origin": "origin", "cost_dest": "dest", "cost_name": "cost", "max_cost": 30}
    plain = fca.two_stage_fca(people, clinics, table, **names, **costs)
    bands = weights.step_fn({10: 1.0, 20: 0.68, 30: 0.22})
    banded = fca.two_stage_fca(people, clinics, table, weight_fn=bands, **names, **costs)
    for truth, decay in ((plain, Decay.binary(30.0)), (banded, Decay.banded(30.0))):
        ours = two_step(walks, demand, capacity, decay)
        assert ours == pytest.approx(truth.reindex(range(len(demand))).fillna(0.0).to_numpy())


@given(st.integers(0, 10_000), st.sampled_from([Decay.binary(30), Decay.banded(30), Decay.gaussian(30)]))
@settings(deadline=None, max_examples=40)
def test_no_capacity_is_lost_or_made(seed, decay):
    """People times access is the capacity of the facilities that somebody reaches."""
    walks, demand, capacity, _ = random_case(seed)
    used = np.bincount(walks.source, weights=decay(walks.cost), minlength=len(capacity)) > 0
    assert (two_step(walks, demand, capacity, decay) * demand).sum() == pytest.approx(capacity[used].sum())


def test_a_facility_for_people_who_are_not_there_gives_nothing():
    """Where nobody of the group lives, a capacity goes to nobody."""
    walks = Pairs(np.array([0, 1]), np.array([0]), np.array([5.0]))
    assert two_step(walks, np.zeros(1), np.ones(1), Decay.binary(10)).tolist() == [0.0]
    assert [found.tolist() for found in opportunities(walks, 1, np.ones(1))] == [[1.0], [1.0]]


def test_decays_fall_from_one_to_nothing():
    """A weight is 1 at the door, falls, and is 0 beyond the limit."""
    cost = np.array([0.0, 10.0, 10.1, 20.0, 30.0, 30.1])
    assert Decay.binary(30)(cost).tolist() == [1, 1, 1, 1, 1, 0]
    assert Decay.banded(30, SHARP_BAND_WEIGHTS)(cost).tolist() == [1, 1, 0.42, 0.42, 0.09, 0]
    smooth = Decay.gaussian(30)(cost)
    assert smooth[0] == 1.0
    assert (np.diff(smooth[:5]) < 0).all()
    assert smooth[4:].tolist() == pytest.approx([0.0, 0.0])


@pytest.mark.parametrize(
    ("bounds", "weights"), [((10.0, 5.0), (1.0, 0.5)), ((10.0,), (1.0,)), ((30.0,), (2.0,)), ((30.0,), (1.0, 0.5))]
)
def test_bands_that_make_no_sense_are_refused(bounds, weights):
    """Bands rise to the limit, and each has a weight between 0 and 1."""
    with pytest.raises(UsageError, match="bands must rise"):
        Decay(30.0, bounds, weights)


def test_an_unknown_method_is_refused():
    """The error lists the methods."""
    with pytest.raises(UsageError, match="take one of: e2sfca"):
        measured(row_town([100], [("clinic", 200)]), method="3sfca")


def test_a_run_replaces_its_own_rows_only():
    """The layer keeps what other runs measured; the same measure is not there twice."""
    town = row_town([100], [("clinic", 200)])
    first = access_layer(measured(town), empty_layer("accessibility"), walker="general")
    second = access_layer(measured(town, method="nearest", nearest_count=1), first, walker="general")
    again = access_layer(measured(town), second, walker="general")
    assert len(second) == 2 * len(first)
    assert again["measure"].value_counts().to_dict() == {"2sfca": len(first), "nearest_s": len(first)}
    pd.testing.assert_frame_equal(conform(again, "accessibility"), again)
