"""Coverage: by hand on a street of houses, and what must hold for any town."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridtwin.services.catalogue import Target
from gridtwin.services.coverage import measure_coverage, nearest_walks, worst_gaps
from gridtwin.services.limits import Limit
from gridtwin.services.places import place_facilities, place_homes
from tests.services.town import network_of, row_town, walk_s

FIVE = Limit("seconds", 300.0)


def target(share, *, kinds=("clinic",), group="all", setting="any", within_s=300.0) -> Target:
    """Return a target."""
    return Target(
        target="some", en="Some", zh="某项", kinds=kinds, group=group, setting=setting, share=share, within_s=within_s
    )


def covered(town, limits=(FIVE,), *, kinds=("clinic",), targets=(), direction="to", closed=(), **walker):
    """Measure the coverage of a town."""
    network = network_of(town, **walker)
    homes, facilities = place_homes(town, network), place_facilities(town, network)
    network = network.with_closed(list(closed)) if len(closed) else network
    walks = nearest_walks(network, homes, facilities, kinds, direction=direction, weights=("seconds", "length_m"))
    return measure_coverage(homes, facilities, walks, dict.fromkeys(kinds, tuple(limits)), targets=targets)


def share(coverage, area="region", group="households", within=300.0) -> pd.Series:
    """Return the share covered by area."""
    rows = coverage.table
    limit = (rows["within_s"] == within) | (rows["within_m"] == within)
    rows = rows[(rows["area"] == area) & (rows["group"] == group) & limit]
    return rows.set_index("area_id")["share"]


def test_walks_and_shares_by_hand():
    """The walk is the way along the street and both legs; the share is that of the people within the limit."""
    made = covered(row_town([50, 450, 550, 950], [("clinic", 150)]))
    assert made.walks["walk_s"].tolist() == pytest.approx([walk_s(d) for d in (100, 300, 400, 800)])
    assert made.walks["facility_id"].tolist() == ["f0"] * 4
    # 400 m in 300 s, less 15 m of legs: 385 m along the street are covered.
    assert share(made).tolist() == [0.5]
    assert share(made, "grid").to_dict() == {"E": 0.0, "W": 1.0}
    assert share(made, "community").to_dict() == {"E": 0.0, "W": 1.0}


def test_people_are_weighed_not_buildings():
    """The share of a group is that of its people."""
    made = covered(row_town([50, 950], [("clinic", 50)], households=[1, 9], persons=[4, 6], elderly=[3, 1]))
    assert share(made).tolist() == [0.1]
    assert share(made, group="all").tolist() == [0.4]
    assert share(made, group="elderly").tolist() == [0.75]
    assert share(made, group="special").tolist() == [0.75]


def test_a_walk_of_exactly_the_limit_is_within_it():
    """Rounding does not part a home from a facility that is exactly as far as the limit."""
    town = row_town([0], [("clinic", 385)])
    assert share(covered(town)).tolist() == [1.0]
    assert share(covered(town, [Limit("length_m", 400.0)]), within=400.0).tolist() == [1.0]
    assert share(covered(town, [Limit("length_m", 399.0)]), within=399.0).tolist() == [0.0]


def test_the_uncovered_are_listed_with_their_people_and_why():
    """A home too far away, one behind a closed street and one without a street are told apart."""
    made = covered(row_town([50, 650, 950, 5000], [("clinic", 50)], elderly=[1, 2, 3, 4]), closed=[8])
    rows = made.uncovered
    assert rows["building_id"].tolist() == ["b1", "b2", "b3"]
    assert rows["status"].tolist() == ["reached", "unreachable", "no_street"]
    assert rows["elderly"].tolist() == [2, 3, 4]
    assert rows["walk_s"].tolist()[:1] == pytest.approx([walk_s(600)])
    assert rows["walk_s"].isna().tolist() == [False, True, True]
    assert made.summary()["homes_without_street"] == 1


def test_without_any_facility_nobody_is_covered():
    """A kind that the region lacks covers nobody, and says why."""
    made = covered(row_town([50, 150], [("clinic", 50)]), kinds=("library", "clinic"))
    library = made.table[(made.table["kind"] == "library") & (made.table["area"] == "region")]
    assert library["share"].tolist() == [0.0, 0.0]
    assert (made.uncovered["kind"] == "library").all()
    assert (made.uncovered["status"] == "no_facility").all()


def test_a_facility_off_the_streets_serves_nobody():
    """A facility without a street is as good as none."""
    made = covered(row_town([50], [("clinic", 5000)]))
    assert share(made).tolist() == [0.0]
    assert made.walks["status"].tolist() == ["no_facility"]


def test_targets_are_judged_where_they_hold():
    """Of several targets the highest holds; a target of another limit, group or kind judges nothing."""
    town = row_town([50, 950], [("clinic", 50)])
    targets = [target(0.4), target(0.6), target(0.9, within_s=600.0), target(0.9, group="elderly")]
    table = covered(town, targets=targets).table
    judged = table[table["target"].notna()]
    assert judged["group"].unique().tolist() == ["all"]
    assert judged["target"].unique().tolist() == [0.6]
    assert judged.set_index("area_id")["met"].to_dict() == {"region": False, "E": False, "W": True}


def test_urban_and_rural_targets_hold_in_their_communities():
    """A region of both settings is judged by setting."""
    town = row_town([50, 950], [("clinic", 50)])
    network = network_of(town)
    homes, facilities = place_homes(town, network), place_facilities(town, network)
    homes.frame["setting"] = ["urban", "rural"]
    walks = nearest_walks(network, homes, facilities, ["clinic"])
    targets = [target(0.7, setting="urban"), target(0.5, setting="rural")]
    made = measure_coverage(homes, facilities, walks, {"clinic": [FIVE]}, targets=targets)
    judged = made.judged().set_index("area_id")
    assert judged["target"].to_dict() == {"rural": 0.5, "urban": 0.7}
    assert judged["met"].to_dict() == {"rural": False, "urban": True}
    grids = made.table[made.table["area"] == "grid"].set_index("area_id")["target"].dropna()
    assert grids.to_dict() == {"E": 0.5, "W": 0.7}


def test_uphill_and_downhill_differ():
    """On a slope the walk to the facility is not the walk back."""
    town = row_town([50], [("clinic", 850)], slope=0.1)
    up, down = (covered(town, direction=direction).walks["walk_s"].iloc[0] for direction in ("to", "from"))
    assert up > 1.2 * down
    flat = covered(town, slope="none").walks["walk_s"].iloc[0]
    assert flat == pytest.approx(walk_s(800))


def test_the_elderly_walk_more_slowly():
    """A slower walker is covered by less."""
    town = row_town([0], [("clinic", 385)])
    assert share(covered(town, group="elderly", speed_m_s=1.0)).tolist() == [0.0]


def test_the_worst_areas_come_first():
    """Gaps are told by grid at the limit of the target, else at the longest limit, most households first."""
    town = row_town([50, 550, 950], [("clinic", 50), ("library", 50)], households=[5, 7, 9])
    limits = [FIVE, Limit("seconds", 600.0)]
    gaps = worst_gaps(covered(town, limits, kinds=("clinic", "library"), targets=[target(0.8)]), 10)
    assert [(gap.area_id, gap.kind, gap.within_s, gap.uncovered) for gap in gaps] == [
        ("E", "clinic", 300.0, 16.0),
        ("E", "library", 600.0, 9.0),
    ]


def test_tables_without_homes_of_a_group_have_no_share():
    """A share of nobody is empty, and no target judges it."""
    town = row_town([50, 950], [("clinic", 50)], elderly=[2, 0])
    table = covered(town, targets=[target(0.5, group="elderly")]).table
    east = table[(table["area"] == "grid") & (table["area_id"] == "E") & (table["group"] == "elderly")].iloc[0]
    assert np.isnan(east["share"])
    assert np.isnan(east["target"])
    assert pd.isna(east["met"])


places = st.lists(st.floats(0, 1000), min_size=1, max_size=8)


@given(places, places, st.floats(0, 1000))
@settings(deadline=None, max_examples=40)
def test_more_facilities_never_lower_coverage(homes, clinics, another):
    """One more facility never makes anybody's walk longer."""
    few = covered(row_town(homes, [("clinic", at) for at in clinics]))
    more = covered(row_town(homes, [("clinic", at) for at in (*clinics, another)]))
    assert (more.walks["walk_s"] <= few.walks["walk_s"] + 1e-9).all()
    assert (more.table["covered"] >= few.table["covered"]).all()


@given(places, places, st.floats(30, 800), st.floats(0, 400))
@settings(deadline=None, max_examples=40)
def test_a_longer_limit_never_shrinks_coverage(homes, clinics, limit, more):
    """Who is covered within a limit is covered within a longer one."""
    limits = (Limit("seconds", limit), Limit("seconds", limit + 1 + more))
    town = row_town(homes, [("clinic", at) for at in clinics])
    table = covered(town, limits).table
    short, long = (table[table["within_s"] == one.within]["covered"].to_numpy() for one in limits)
    assert (long >= short).all()


@given(places, places, st.sets(st.integers(0, 9), min_size=1, max_size=3))
@settings(deadline=None, max_examples=40)
def test_closing_a_street_never_widens_coverage(homes, clinics, closed):
    """A closed street never makes a walk shorter."""
    town = row_town(homes, [("clinic", at) for at in clinics])
    before, after = covered(town), covered(town, closed=sorted(closed))
    assert (after.table["covered"] <= before.table["covered"]).all()
    walks = after.walks["walk_s"].fillna(np.inf)
    assert (walks >= before.walks["walk_s"] - 1e-9).all()


@given(places, st.permutations([60.0, 210.0, 330.0, 480.0, 770.0]))
@settings(deadline=None, max_examples=25)
def test_the_order_of_facilities_does_not_matter(homes, clinics):
    """Rows of facilities in another order give the same walks and the same table."""
    one = covered(row_town(homes, [("clinic", at) for at in sorted(clinics)]))
    two = covered(row_town(homes, [("clinic", at) for at in clinics]))
    assert one.walks["walk_s"].to_numpy() == pytest.approx(two.walks["walk_s"].to_numpy(), abs=1e-9)
    pd.testing.assert_frame_equal(one.table, two.table)
