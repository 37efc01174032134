"""Households: whole numbers, totals kept, counts untouched."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridtwin.errors import InputError, LayerFaultsError, UsageError
from gridtwin.households import (
    GroupShares,
    HouseholdAssumptions,
    counted_share,
    estimate_households,
    household_summary,
    largest_remainder,
    largest_remainder_by_group,
)

CRS = 32650


def town(**columns) -> gpd.GeoDataFrame:
    """Return buildings of 20 m × 10 m in a row, with the given columns."""
    count = len(next(iter(columns.values())))
    west = np.arange(count) * 30.0
    frame = pd.DataFrame({"building_id": [f"b{i}" for i in range(count)], **columns})
    return gpd.GeoDataFrame(frame, geometry=shapely.box(west, 0, west + 20, 10), crs=CRS)


def homes(frame: pd.DataFrame) -> list[int]:
    """Return the households as plain numbers."""
    return [int(value) for value in frame["households"]]


# -- largest remainders ------------------------------------------------------------------------------------


def test_remainders_by_hand():
    """Ten seats for 47, 16, 16, 14 and 7 votes: the classic case, worked on paper."""
    assert largest_remainder([47, 16, 16, 14, 7], 10).tolist() == [5, 2, 1, 1, 1]


def test_equal_remainders_go_to_the_first_rows():
    """Ties are settled by order, so the same input gives the same output."""
    assert largest_remainder([1, 1, 1], 2).tolist() == [1, 1, 0]


def test_zero_weights_count_as_equal():
    """A total must go somewhere even when no weight says where."""
    assert largest_remainder([0, 0, 0], 4).tolist() == [2, 1, 1]


def test_rows_without_weight_get_nothing_beside_others():
    """A zero beside positive weights stays zero, whatever rounding does."""
    assert largest_remainder([0, 0.1, 0.1, 0.1, 0], 7).tolist() == [0, 3, 2, 2, 0]


@pytest.mark.parametrize("weights", [[1, -1], [np.nan, 1], [np.inf, 1]])
def test_senseless_weights_are_refused(weights):
    """Negative and endless weights have no share."""
    with pytest.raises(UsageError):
        largest_remainder(weights, 3)


def test_total_without_rows_is_refused():
    """Nobody can take the total; an empty total is fine."""
    assert largest_remainder([], 0).tolist() == []
    with pytest.raises(UsageError):
        largest_remainder([], 1)


def test_groups_share_their_own_totals():
    """Each group divides its own total; rows of no group get nothing."""
    shared = largest_remainder_by_group([1, 3, 5, 1, 1], [0, 0, -1, 1, 1], [8, 3, 9])
    assert shared.tolist() == [2, 6, 0, 2, 1]


def test_group_without_total_is_refused():
    """A group number beyond the totals is a mistake of the caller."""
    with pytest.raises(UsageError):
        largest_remainder_by_group([1.0], [1], [5])


WEIGHTS = st.lists(st.floats(0, 1e9) | st.just(0.0), min_size=1, max_size=40)


@given(WEIGHTS, st.integers(0, 10**6))
def test_total_is_kept_and_every_share_is_its_quota_rounded(weights, total):
    """The sum is exact, and no row is a whole one away from its fair share."""
    shares = largest_remainder(weights, total)
    fair = np.asarray(weights) if np.any(weights) else np.ones(len(weights))
    scaled = fair / fair.max()
    assert shares.sum() == total
    assert (np.abs(shares - scaled / scaled.sum() * total) < 1 + 1e-6).all()


@given(st.data())
def test_grouped_shares_equal_those_of_each_group_alone(data):
    """Dividing all groups at once is dividing each by itself."""
    weights = np.asarray(data.draw(WEIGHTS))
    groups = np.asarray(data.draw(st.lists(st.integers(-1, 3), min_size=len(weights), max_size=len(weights))))
    totals = np.asarray(data.draw(st.lists(st.integers(0, 1000), min_size=4, max_size=4)))
    shares = largest_remainder_by_group(weights, groups, totals)
    for group in range(4):
        mine = groups == group
        if mine.any():
            assert shares[mine].tolist() == largest_remainder(weights[mine], totals[group]).tolist()
    assert not shares[groups == -1].any()


# -- assumptions -------------------------------------------------------------------------------------------


def test_words_of_openstreetmap_and_chinese_are_understood():
    """A use may be written as OpenStreetMap or a Chinese register writes it; other words are unknown."""
    words = pd.Series(["Apartments", "detached", "住宅", "商业", "yes", "spaceship", None])
    uses = HouseholdAssumptions.read().use_of(words)
    assert uses.tolist() == ["apartments", "house", "residential", "retail", "unknown", "unknown", "unknown"]


def test_users_file_replaces_single_uses(tmp_path):
    """A planner edits the row that is wrong for the city; all else stays."""
    path = tmp_path / "ours.csv"
    path.write_text("# ours\nuse,residential_share,m2_per_household,default_levels\noffice,0.5,50,2\n", "utf-8")
    ours = HouseholdAssumptions.read(path)
    assert ours.uses["office"].residential_share == 0.5
    assert ours.uses["apartments"] == HouseholdAssumptions.read().uses["apartments"]


def test_wrong_file_lists_all_that_is_wrong(tmp_path):
    """Two bad rows make one error with both."""
    path = tmp_path / "ours.csv"
    path.write_text("use,residential_share,m2_per_household,default_levels\na,2,50,2\nb,1,zero,2\n", "utf-8")
    with pytest.raises(LayerFaultsError) as caught:
        HouseholdAssumptions.read(path)
    assert [fault.ids for fault in caught.value.faults] == [("a",), ("b",)]


def test_file_without_columns_is_refused(tmp_path):
    """A missing column is named."""
    path = tmp_path / "ours.csv"
    path.write_text("use,residential_share\nhouse,1\n", "utf-8")
    with pytest.raises(LayerFaultsError, match="m2_per_household"):
        HouseholdAssumptions.read(path)


# -- the estimate ------------------------------------------------------------------------------------------


def test_counts_flats_and_floor_area_by_hand():
    """Counted as counted, flats as flats, 200 m² × 6 storeys ÷ 100 m² = 12 households, offices none."""
    frame = town(
        households=pd.array([7, None, None, None], "Int64"),
        flats=pd.array([9, 30, None, None], "Int64"),
        use=["apartments", "apartments", "apartments", "office"],
    )
    out = estimate_households(frame)
    assert homes(out) == [7, 30, 12, 0]
    assert out["households_source"].tolist() == ["counted", "flats", "estimated", "estimated"]
    assert out["persons"].sum() == round(49 * 2.62)
    assert counted_share(out) == pytest.approx(7 / 49)
    assert out["elderly"].isna().all()


def test_storeys_of_the_layer_beat_the_assumption():
    """Ten storeys hold ten fourths of what four hold."""
    assert homes(estimate_households(town(use=["residential"] * 2, levels=[10.0, None]))) == [20, 8]


def test_input_is_not_changed():
    """A new frame comes back; the old one stays as it was."""
    frame = town(use=["house"])
    before = frame.copy()
    estimate_households(frame)
    pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(before))


def test_small_sheds_of_unknown_use_hold_nobody():
    """Untagged buildings count for half their floor area, tiny ones for nothing."""
    frame = town(use=["yes", "yes"])
    frame.loc[1, "geometry"] = shapely.box(0, 50, 4, 54)
    assert homes(estimate_households(frame)) == [3, 0]


def test_community_total_is_kept_beside_counts():
    """100 registered, 40 counted: the other 60 are shared by floor area 1 : 2."""
    frame = town(
        households=pd.array([40, None, None], "Int64"),
        levels=[1.0, 2.0, 4.0],
        use=["residential"] * 3,
        community_id=["c"] * 3,
    )
    assert homes(estimate_households(frame, community_totals=pd.Series({"c": 100}))) == [40, 20, 40]


def test_flats_stay_when_estimates_can_take_the_rest():
    """30 flats and 8 estimated, 50 registered: the flats are full, the estimate becomes 20."""
    frame = town(flats=pd.array([30, None], "Int64"), use=["residential"] * 2, community_id=["c"] * 2)
    assert homes(estimate_households(frame, community_totals=pd.Series({"c": 50}))) == [30, 20]


def test_vacant_flats_shrink_with_the_estimates():
    """30 flats and 8 estimated, 19 registered: both are halved."""
    frame = town(flats=pd.array([30, None], "Int64"), use=["residential"] * 2, community_id=["c"] * 2)
    assert homes(estimate_households(frame, community_totals=pd.Series({"c": 19}))) == [15, 4]


def test_compound_total_beats_community_total():
    """A compound's total is kept; the community's rest goes to the buildings outside."""
    frame = town(
        use=["residential"] * 3, compound_id=["x", "x", None], community_id=["c"] * 3,
        compound_total=[31, 31, None],
    )  # fmt: skip
    out = estimate_households(frame, community_totals=pd.Series({"c": 40}))
    assert homes(out) == [16, 15, 9]
    assert household_summary(out, community_totals=pd.Series({"c": 40})).unmet.empty


def test_total_below_the_counts_is_reported_not_forced():
    """Counts are never cut: a total that they exceed is listed as unmet, as is one without buildings."""
    frame = town(households=pd.array([40, None], "Int64"), use=["residential"] * 2, community_id=["c"] * 2)
    totals = pd.Series({"c": 30, "d": 5})
    out = estimate_households(frame, community_totals=totals)
    assert homes(out) == [40, 0]
    unmet = household_summary(out, community_totals=totals).unmet
    assert unmet.to_dict("list") == {
        "level": ["community"] * 2, "id": ["c", "d"], "wanted": [30, 5], "placed": [40, 0]
    }  # fmt: skip


def test_total_among_offices_goes_by_floor_area():
    """A register that knows households where no dwelling is tagged is believed."""
    frame = town(use=["office", "office"], levels=[1.0, 3.0], community_id=["c"] * 2)
    assert homes(estimate_households(frame, community_totals=pd.Series({"c": 8}))) == [2, 6]


def test_raster_population_sets_persons_and_households():
    """A cell of 262 persons holds 100 households, shared 1 : 3 by storeys."""
    frame = town(use=["residential"] * 3, levels=[1.0, 3.0, 4.0])
    zones = pd.DataFrame({"zone": [5, 5, None], "persons": [262.0, 262.0, None]})
    out = estimate_households(frame, zone_population=zones)
    assert homes(out) == [25, 75, 8]
    assert int(out["persons"][:2].sum()) == 262


def test_persons_alone_give_households():
    """26 persons are ten households, and stay 26."""
    out = estimate_households(town(persons=pd.array([26, None], "Int64"), use=["office", "office"]))
    assert homes(out) == [10, 0]
    assert out["persons"].tolist() == [26, 0]


def test_points_take_the_assumed_footprint_and_are_reported():
    """A block known only as a point still gets an estimate, and the summary says so."""
    frame = town(use=["apartments", "yes"])
    frame.geometry = frame.geometry.centroid
    out = estimate_households(frame)
    assert homes(out) == [36, 0]
    summary = household_summary(out)
    assert (summary.points, summary.levels_assumed, summary.use_unknown) == (2, 2, 1)


def test_groups_follow_the_shares_that_are_given():
    """A quarter of the persons are elderly; what nobody stated stays empty; what was counted stays."""
    frame = town(households=pd.array([100, 100], "Int64"), elderly=pd.array([None, 3], "Int64"))
    out = estimate_households(frame, shares=GroupShares(elderly=0.25, migrant_children=0.5))
    assert out["elderly"].tolist() == [66, 3]
    assert out["migrant_children"].tolist() == [131, 131]
    assert out["children"].isna().all()


def test_share_above_one_is_refused():
    """A percentage in place of a share is an error, not a guess."""
    with pytest.raises(UsageError, match="children"):
        GroupShares(children=12)


def test_earlier_estimates_are_made_anew():
    """A second run over its own result changes nothing; a better number of storeys counts."""
    first = estimate_households(town(use=["residential", "apartments"]), shares=GroupShares(children=0.2))
    again = estimate_households(first, shares=GroupShares(children=0.2))
    pd.testing.assert_frame_equal(pd.DataFrame(first), pd.DataFrame(again))
    assert homes(estimate_households(first.assign(levels=[8.0, 6.0]))) == [16, 12]


def test_faults_of_the_frame_are_listed_at_once():
    """Negative and broken numbers are refused together, with their rows."""
    frame = town(households=[-1, 2.5], flats=[-3, 1])
    with pytest.raises(LayerFaultsError) as caught:
        estimate_households(frame)
    assert [(fault.code, fault.column, fault.ids) for fault in caught.value.faults] == [
        ("below_minimum", "households", ("b0",)),
        ("below_minimum", "flats", ("b0",)),
        ("not_whole", "households", ("b1",)),
    ]


def test_totals_that_make_no_sense_are_refused():
    """A negative total, and a community with two totals."""
    frame = town(use=["house"], community_id=["c"])
    with pytest.raises(LayerFaultsError) as caught:
        estimate_households(frame, community_totals=pd.Series([-1, 4], index=["c", "c"]))
    assert {fault.code for fault in caught.value.faults} == {"below_minimum", "key_repeated"}


def test_degrees_are_refused():
    """Floor area cannot be had from degrees."""
    with pytest.raises(InputError, match="degrees"):
        estimate_households(town(use=["house"]).set_crs(4326, allow_override=True))


def test_senseless_options_are_refused():
    """Nobody lives in households of no persons; zones need a row a building."""
    with pytest.raises(UsageError):
        estimate_households(town(use=["house"]), persons_per_household=0)
    with pytest.raises(UsageError):
        estimate_households(town(use=["house"]), zone_population=pd.DataFrame({"zone": [], "persons": []}))


def test_no_buildings_make_no_households():
    """An empty layer comes back empty, with its columns."""
    out = estimate_households(town(use=["house"]).iloc[:0])
    assert len(out) == 0
    assert household_summary(out).summary()["households"] == 0
    assert counted_share(out) == 0.0


@st.composite
def towns(draw):
    """Draw buildings of all sources with communities, and a total a community."""
    count = draw(st.integers(1, 25))

    def column(values):
        return draw(st.lists(values, min_size=count, max_size=count))

    frame = town(
        households=pd.array(column(st.none() | st.integers(0, 50)), "Int64"),
        flats=pd.array(column(st.none() | st.integers(0, 80)), "Int64"),
        levels=pd.array(column(st.none() | st.integers(1, 30)), "Float64"),
        use=column(st.sampled_from(["apartments", "house", "office", "yes", "住宅"])),
        community_id=column(st.sampled_from(["a", "b", None])),
    )
    counted = frame["households"].groupby(frame["community_id"]).sum()
    extra = pd.Series({key: draw(st.integers(0, 500)) for key in counted.index}, dtype="int64")
    return frame, counted.astype("int64") + extra


@given(towns())
@settings(deadline=None, max_examples=60)
def test_totals_are_kept_and_counts_stay(case):
    """In every community that has an open building the total is exact, and no counted row moves."""
    frame, totals = case
    out = estimate_households(frame, community_totals=totals)
    counted = frame["households"].notna()
    assert out["households"][counted].tolist() == frame["households"][counted].tolist()
    assert out["households"].ge(0).all()
    placed = out["households"].groupby(out["community_id"]).sum()
    open_ = frame["community_id"][~counted].dropna().unique()
    assert placed[open_].tolist() == totals[open_].tolist()
    assert int(out["persons"].sum()) == round(float(out["households"].sum()) * 2.62)


@given(towns(), st.data())
@settings(deadline=None, max_examples=60)
def test_people_of_a_raster_are_conserved(case, data):
    """With every building open and in a cell, the persons are those of the raster, whole."""
    frame = case[0].assign(households=pd.array([None] * len(case[0]), "Int64"))
    zone = data.draw(st.lists(st.integers(0, 3), min_size=len(frame), max_size=len(frame)))
    persons = np.asarray(data.draw(st.lists(st.floats(50, 5000), min_size=4, max_size=4)))[zone]
    out = estimate_households(frame, zone_population=pd.DataFrame({"zone": zone, "persons": persons}))
    raster = sum(dict(zip(zone, persons, strict=True)).values())
    assert abs(int(out["persons"].sum()) - raster) <= 0.51
    assert abs(int(out["households"].sum()) - raster / 2.62) <= 0.51


def test_all_of_singapore_keeps_its_flats(shared_data):
    """The public housing of Singapore: 1.05 million true flats stay as they are, in whole numbers."""
    table = pd.read_csv(shared_data / "singapore_toapayoh" / "hdb_units.csv")
    flats = next(column for column in table.columns if "unit" in column or "dwelling" in column)
    points = shapely.points(np.arange(len(table)), 0)
    frame = gpd.GeoDataFrame({"flats": table[flats], "use": "apartments"}, geometry=points, crs=32648)
    out = estimate_households(frame)
    assert int(out["households"].sum()) == int(table[flats].sum())
    assert household_summary(out).flats_share == 1.0
