"""Remedies on lattices: every proposal can be checked on paper."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridtwin.grids import DivideParams, divide_region, rebalance_region
from gridtwin.grids.links import links_of, parts_of
from gridtwin.grids.remedies import REMEDIES, Remedies, numbers_of, remedy_text
from gridtwin.grids.surroundings import Surroundings
from gridtwin.grids.units import make_units
from gridtwin.grids.zones import SpecialGrid, Zones
from gridtwin.schemas import conform
from tests.grids.lattice import CRS, SIZE_M, barrier, lattice

LOW, HIGH = DivideParams().minimum, DivideParams().maximum


def communities(*columns: int, rows: int = 1) -> gpd.GeoDataFrame:
    """Return communities side by side, each some columns of blocks wide, named A, B and so on."""
    ends = np.cumsum(columns) * SIZE_M
    boxes = shapely.box(np.r_[0, ends[:-1]], 0, ends, rows * SIZE_M)
    ids = [f"{110108001001 + n}" for n in range(len(columns))]
    names = [chr(ord("A") + n) for n in range(len(columns))]
    frame = gpd.GeoDataFrame({"community_id": ids, "name": names}, geometry=boxes, crs=CRS)
    return conform(frame, "communities")


def found(
    town: dict[str, Any],
    grid: list[int],
    code: str,
    row: int,
    *,
    locked: tuple[int, ...] = (),
    bounds: dict[int, tuple[int, int]] | None = None,
    special: tuple[int, ...] = (),
) -> dict[str, dict[str, Any]]:
    """Return the parameters of the remedies of one violation, by remedy, in their order."""
    units = make_units(town["buildings"], town["streets"], town["barriers"], town["communities"], split_above=10_000)
    label = np.array(grid)
    count = int(label.max()) + 1
    own = bounds or {}
    zone, purpose = np.zeros(len(label), np.int64), np.full(len(label), -1)
    for number, some in enumerate(own, start=1):
        zone[label == some] = number
    for number, some in enumerate(special):
        purpose[label == some] = number
    params = (DivideParams(), *(DivideParams(*pair) for pair in own.values()))
    zones = Zones(params, zone, purpose, (SpecialGrid("campus"),) * len(special))
    around = Surroundings(units, label, parts_of(links_of(units, zones), zones), zones)
    shut = np.zeros(count, bool)
    shut[list(locked)] = True
    codes = [f"g{n}" for n in range(count)]
    searched = Remedies(around, town["buildings"], town["communities"], codes, shut)
    table = searched.of(pd.DataFrame({"row": [row], "code": [code]}), "en")
    assert table["grid_id"].eq(f"g{row}").all()
    return dict(zip(table["remedy"], table["params"], strict=True))


def row_of(households: list[int], *columns: int) -> dict[str, Any]:
    """Return a row of blocks in communities of some columns each."""
    return lattice(len(households), 1, households) | {"communities": communities(*columns)}


def railway_behind_the_second() -> dict[str, Any]:
    """Return a railway between the second and the third column, and streets that nobody walks."""
    line = shapely.LineString([(2 * SIZE_M, -50), (2 * SIZE_M, 150)])
    streets = lattice(4, 1)["streets"].assign(walk=False)
    return {"barriers": barrier("railway", line), "streets": streets}


def test_small_community_takes_a_boundary_block() -> None:
    """A has 200, B 420 with 100 at the border: that block makes 300 and 320; together 620 allow 2 grids."""
    remedies = found(row_of([100, 100, 100, 160, 160], 2, 3), [0, 0, 1, 1, 1], "TOTAL_BELOW_MIN", 0)
    move = remedies["MOVE_BLOCK"]
    assert (move["giver"], move["taker"], move["households"]) == ("g1", "g0", 100)
    assert (move["giver_load"], move["taker_load"]) == (320, 300)
    assert (move["giver_community"], move["taker_community"]) == ("B", "A")
    assert remedies["MERGE_COMMUNITY"] == {"community": "A", "neighbour": "B", "total": 620, "grids": "2"}
    assert remedies["LOWER_MINIMUM"] == {"bound": 200, "total": 200, "grids": "1"}
    assert "RAISE_MAXIMUM" not in remedies


def test_block_of_several_units_is_grown_from_the_border() -> None:
    """A lacks 100 households and B has blocks of 60 at the border: two of them move."""
    remedies = found(row_of([200, 60, 60, 160, 160], 1, 4), [0, 1, 1, 1, 1], "TOTAL_BELOW_MIN", 0)
    move = remedies["MOVE_BLOCK"]
    assert move["households"] == 120
    assert len(move["units"].split(", ")) == 2
    assert (move["giver_load"], move["taker_load"]) == (320, 320)


def test_neighbour_that_cannot_spare_a_block_gives_none() -> None:
    """B has 350: without 100 it would fall below 300, so that only a merger and the bounds are left."""
    remedies = found(row_of([200, 100, 125, 125], 1, 3), [0, 1, 1, 1], "TOTAL_BELOW_MIN", 0)
    assert list(remedies) == ["LOWER_MINIMUM"]


def test_block_that_tears_its_grid_is_not_moved() -> None:
    """B lies around A like a U; the only block it could spare holds B together, so B keeps it."""
    town = lattice(3, 2, [0, 200, 0, 150, 100, 150])
    inner = shapely.box(SIZE_M, SIZE_M, 2 * SIZE_M, 2 * SIZE_M)
    outer = shapely.box(0, 0, 3 * SIZE_M, 2 * SIZE_M).difference(inner)
    both = gpd.GeoDataFrame({"community_id": ["110108001001", "110108001002"]}, geometry=[inner, outer], crs=CRS)
    town["communities"] = conform(both, "communities")
    units = make_units(town["buildings"], town["streets"], town["barriers"], town["communities"], split_above=10_000)
    zones = Zones.uniform(DivideParams(), len(units.community))
    around = Surroundings(units, units.community, parts_of(links_of(units, zones), zones), zones)
    assert around.load.tolist() == [200, 400]
    assert around.transfer(1, 0) is None


def test_total_in_the_gap_names_the_exact_bounds() -> None:
    """550 are too many for one grid of 500 and too few for two of 300: 550, or 275."""
    remedies = found(row_of([150, 200, 200], 3), [0, 0, 0], "TOTAL_IN_GAP", 0)
    assert remedies == {
        "RAISE_MAXIMUM": {"bound": 550, "total": 550, "grids": "1"},
        "LOWER_MINIMUM": {"bound": 275, "total": 550, "grids": "2"},
    }


def test_total_in_the_gap_gives_a_block_away() -> None:
    """550 in A beside 320 in B: the block of 150 at the border leaves 400 and 470."""
    remedies = found(row_of([200, 200, 150, 160, 160], 3, 2), [0, 0, 0, 1, 1], "TOTAL_IN_GAP", 0)
    move = remedies["MOVE_BLOCK"]
    assert (move["giver"], move["giver_load"], move["taker_load"]) == ("g0", 400, 470)
    assert remedies["MERGE_COMMUNITY"]["total"] == 870


def test_communities_of_other_bounds_are_not_merged() -> None:
    """Where B keeps 200–400, a merger with A would have no bounds of its own, and is not proposed."""
    town = row_of([200, 200, 150, 160, 160], 3, 2)
    remedies = found(town, [0, 0, 0, 1, 1], "TOTAL_IN_GAP", 0, bounds={1: (200, 400)})
    assert "MERGE_COMMUNITY" not in remedies
    assert "MOVE_BLOCK" not in remedies  # 320 + 150 would be above 400


def test_too_large_building_raises_the_proposed_maximum() -> None:
    """With a building of 540 among 580, no maximum below 580 helps, and no lower minimum."""
    remedies = found(row_of([540, 40], 2), [0, 0], "TOTAL_IN_GAP", 0)
    assert remedies["OWN_GRID"]["households"] == 540
    assert remedies["RAISE_MAXIMUM"]["bound"] == 580
    assert "LOWER_MINIMUM" not in remedies


def test_oversize_building_becomes_a_grid_with_sub_grids() -> None:
    """A building of 1,200 in a grid of 1,250: three sub-grids of 400, and its neighbour has room for the 50."""
    remedies = found(row_of([1200, 50, 400], 3), [0, 0, 1], "OVERSIZE_BUILDING", 0)
    own = remedies["OWN_GRID_REST"]
    assert (own["households"], own["parts"], own["share"]) == (1200, 3, 400)
    assert (own["rest"], own["room"]) == (50, 100)
    assert remedies["RAISE_MAXIMUM_AS_IS"] == {"bound": 1250}


def test_oversize_building_alone_leaves_no_rest() -> None:
    """A grid of a single building of 600 is named with the maximum that would be needed."""
    remedies = found(row_of([600, 400], 2), [0, 1], "OVERSIZE_BUILDING", 0)
    assert remedies["OWN_GRID"]["parts"] == 2
    assert remedies["RAISE_MAXIMUM_AS_IS"] == {"bound": 600}


def test_part_beyond_the_water_names_the_crossing() -> None:
    """A railway cuts 100 off from 400: joined they allow one grid of 500; alone, the minimum would be 100."""
    town = row_of([200, 200, 100], 3)
    town |= railway_behind_the_second()
    remedies = found(town, [0, 0, 1], "DETACHED_PART", 1)
    crossing = remedies["ADD_CROSSING"]
    assert (crossing["total"], crossing["grids"]) == (500, "1")
    assert {crossing["unit"][-5:], crossing["other"][-5:]} == {"00003", "00002"}
    assert remedies["LOWER_MINIMUM"]["bound"] == 100


def test_part_beyond_the_water_goes_to_the_next_community() -> None:
    """The 100 that a railway cuts off touch B's grid of 350 across a street: it then has 450."""
    town = row_of([200, 200, 100, 350], 3, 1)
    town |= railway_behind_the_second()
    remedies = found(town, [0, 0, 1, 2], "DETACHED_PART", 1)
    assert remedies["TRANSFER_PART"] == {
        "households": 100,
        "taker": "g2",
        "taker_community": "B",
        "taker_load": 450,
    }


def test_pieces_of_a_grid_are_joined_by_a_crossing() -> None:
    """A grid of 400 torn into 300 and 100 by a railway: the crossing between the two units next to it."""
    town = row_of([150, 150, 100], 3)
    town |= railway_behind_the_second()
    remedies = found(town, [0, 0, 0], "DETACHED_PART", 0)
    join = remedies["JOIN_PIECES"]
    assert join["households"] == 100
    assert {join["unit"][-5:], join["other"][-5:]} == {"00003", "00002"}


def test_lumpy_grid_names_the_least_bound_as_it_is() -> None:
    """290, 310 and 290 in a row: nothing moves the third above 290, so the minimum would be 290."""
    assert found(row_of([290, 310, 290], 3), [0, 1, 2], "LUMPY_PROVED", 2) == {"LOWER_MINIMUM_AS_IS": {"bound": 290}}


def test_lumpy_grid_names_the_least_bound_with_one_move() -> None:
    """200 beside 90 + 290: the 90 make 290 and 290, so a minimum of 290 is enough instead of 200."""
    remedies = found(row_of([200, 90, 290], 3), [0, 1, 1], "LUMPY_NOT_PROVED", 0)
    best = remedies["LOWER_MINIMUM_AND_MOVE"]
    assert (best["bound"], best["giver_load"], best["taker_load"]) == (290, 290, 290)


def test_lumpy_grid_above_names_the_least_maximum() -> None:
    """400 + 260 beside 300: the 260 leave, so 560 instead of 660 is enough."""
    remedies = found(row_of([400, 260, 300], 3), [0, 0, 1], "LUMPY_NOT_PROVED", 0)
    best = remedies["RAISE_MAXIMUM_AND_MOVE"]
    assert (best["bound"], best["giver_load"], best["taker_load"]) == (560, 400, 560)


@pytest.mark.parametrize(("locked", "named"), [((1,), "g1"), ((0,), "g0"), ((0, 1), "g0, g1")])
def test_lock_to_open_is_named(locked: tuple[int, ...], named: str) -> None:
    """200 and 400 side by side can share 600 once whichever is locked is open."""
    remedies = found(row_of([200, 100, 300], 3), [0, 1, 1], "LOCK_CONFLICT", 0, locked=locked)
    assert remedies["OPEN_LOCK"] == {"locks": named, "grids_together": "g0, g1", "total": 600, "grids": "2"}


def test_lock_that_helps_nothing_is_not_named() -> None:
    """200 and 350 make 550, which no number of grids holds: opening that lock is no remedy."""
    assert found(row_of([200, 350], 2), [0, 1], "LOCK_CONFLICT", 0, locked=(1,)) == {}


def test_locked_neighbour_gives_nothing() -> None:
    """B's grid could spare its block of 100, but is locked: only the merger and the bounds are left."""
    remedies = found(row_of([100, 100, 100, 160, 160], 2, 3), [0, 0, 1, 1, 1], "TOTAL_BELOW_MIN", 0, locked=(1,))
    assert list(remedies) == ["MERGE_COMMUNITY", "LOWER_MINIMUM"]


def test_unrepaired_grid_names_the_move_and_the_search() -> None:
    """200 beside 100 + 300 after an edit: the 100 make 300 and 300, and the 600 in all allow two grids."""
    remedies = found(row_of([200, 100, 300], 3), [0, 1, 1], "NOT_REPAIRED", 0)
    assert list(remedies) == ["MOVE_BLOCK", "REBALANCE"]
    assert (remedies["MOVE_BLOCK"]["giver_load"], remedies["MOVE_BLOCK"]["taker_load"]) == (300, 300)
    assert remedies["REBALANCE"] == {"total": 600, "grids": "2"}


def test_bounds_of_the_community_count() -> None:
    """Where A keeps 150–250, its 120 lack only 30: the block of 60 makes 180, and B keeps 310."""
    remedies = found(row_of([120, 60, 310], 1, 2), [0, 1, 1], "TOTAL_BELOW_MIN", 0, bounds={0: (150, 250)})
    assert remedies["MOVE_BLOCK"]["taker_load"] == 180
    assert remedies["LOWER_MINIMUM"] == {"bound": 120, "total": 120, "grids": "1"}


def test_missing_data_are_counted() -> None:
    """B has two buildings, one without a number; C has none."""
    town = row_of([400, 0, 0, 0], 1, 2, 1)
    town["buildings"] = town["buildings"].iloc[:3].assign(households=pd.array([400, None, 0], dtype="Int64"))
    assert found(town, [0, 1, 1, 2], "NO_DATA", 1) == {
        "COUNT_HOUSEHOLDS": {"community": "B", "buildings": 2, "unknown": 1}
    }
    assert found(town, [0, 1, 1, 2], "NO_DATA", 2) == {"ADD_BUILDINGS": {"community": "C"}}


def test_special_grids_take_part_in_nothing() -> None:
    """A neighbour without bounds (a special-purpose grid) gives no block and is not merged."""
    remedies = found(row_of([100, 100, 100, 160, 160], 2, 3), [0, 0, 1, 1, 1], "TOTAL_BELOW_MIN", 0, special=(1,))
    assert list(remedies) == ["LOWER_MINIMUM"]


@given(st.integers(1, 5000), st.integers(1, 400), st.integers(0, 400))
def test_numbers_agree_with_trying_all(total: int, minimum: int, more: int) -> None:
    """The numbers of grids are those k for which k grids of the bounds can hold the total."""
    maximum = minimum + more
    fitting = [k for k in range(1, total + 1) if k * minimum <= total <= k * maximum]
    text = numbers_of(total, minimum, maximum)
    if not fitting:
        assert text is None
    else:
        assert text == (f"{fitting[0]}" if len(fitting) == 1 else f"{fitting[0]}–{fitting[-1]}")


@given(st.integers(1, 299) | st.integers(501, 599))
def test_proposed_bounds_are_exact(total: int) -> None:
    """With the proposed bound the total can be divided; one household less of a change is too little."""
    for remedy, params in found(row_of([total], 1), [0], "TOTAL_IN_GAP", 0).items():
        bound = params.get("bound")
        if remedy == "RAISE_MAXIMUM":
            assert numbers_of(total, LOW, bound)
            assert bound == total or not numbers_of(total, LOW, bound - 1)
        elif remedy == "LOWER_MINIMUM":
            assert numbers_of(total, bound, HIGH)
            assert not numbers_of(total, bound + 1, HIGH)


def test_plan_carries_its_remedies() -> None:
    """A divided region names what would mend its violations, under the codes of its grids."""
    plan = divide_region(row_of([200, 100, 160, 160], 1, 3), date="2026-01-01")
    broken = plan.violations["grid_id"].tolist()
    assert plan.violations["code"].tolist() == ["TOTAL_BELOW_MIN"]
    assert plan.remedies["remedy"].tolist()[0] == "MOVE_BLOCK"
    assert set(plan.remedies["grid_id"]) == set(broken)


def test_proposed_move_mends_the_plan() -> None:
    """After the proposed block has changed its community, the plan keeps every rule."""
    town = row_of([200, 100, 160, 160], 1, 3)
    plan = divide_region(town, date="2026-01-01")
    block = plan.remedies.iloc[0]["params"]["units"].split(", ")
    moved = plan.units[plan.units["unit_id"].isin(block)].geometry.union_all()
    outlines = [town["communities"].geometry[0].union(moved), town["communities"].geometry[1].difference(moved)]
    again = divide_region(town | {"communities": town["communities"].set_geometry(outlines, crs=CRS)})
    assert again.violations.empty


def test_rebalance_names_the_lock() -> None:
    """A locked grid that keeps its neighbour small is named as the lock to open."""
    town = lattice(4, 2, 100)
    town |= divide_region(town, date="2026-01-01").layers()
    codes = town["grids"]["grid_id"].tolist()
    first = town["buildings"]["grid_id"] == codes[0]
    town["buildings"] = town["buildings"].assign(
        households=town["buildings"]["households"].where(~first, 50).astype("Int64")
    )
    plan = rebalance_region(town, locked=[codes[1]], date="2026-02-01")
    assert plan.violations["code"].tolist() == ["LOCK_CONFLICT"]
    assert plan.remedies["params"].iloc[0]["locks"] == codes[1]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("remedy", sorted(REMEDIES))
def test_texts_take_their_parameters(remedy: str, lang: str) -> None:
    """Every remedy has a text in both languages that fills in all of its parameters."""
    template = REMEDIES[remedy]
    names = [part.split("}")[0] for part in template.split("{")[1:]]
    text = remedy_text(remedy, {name: f"<{name}>" for name in names}, lang)
    assert all(f"<{name}>" in text for name in names)
