"""Junctions for streets drawn as lines: ends that meet, ends that touch, crossings, bridges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridtwin.errors import InputError, UsageError
from gridtwin.load.topology import add_junctions, ends_agree, has_junctions, junctions_of
from gridtwin.load.toy import toy_town
from gridtwin.load.vector import read_layer

CRS = "EPSG:32650"


def streets(*lines: list[tuple[float, float]], **columns: Any) -> gpd.GeoDataFrame:
    """Return streets numbered 1, 2, ..."""
    ids = [str(number) for number in range(1, len(lines) + 1)]
    return gpd.GeoDataFrame(
        {"street_id": ids} | columns, geometry=[shapely.LineString(line) for line in lines], crs=CRS
    )


def ends(frame: gpd.GeoDataFrame) -> list[tuple[str, str]]:
    """Return the junctions of each street."""
    return list(zip(frame["from_junction_id"], frame["to_junction_id"], strict=True))


def test_ends_within_reach_are_one_junction() -> None:
    """Ends 0.3 m apart meet in their middle; ends 2 m apart do not."""
    joined, junctions = add_junctions(streets([(0, 0), (100, 0)], [(100.3, 0), (200, 0)], [(202, 0), (300, 0)]))
    assert len(junctions) == 5
    assert joined["to_junction_id"].iloc[0] == joined["from_junction_id"].iloc[1]
    assert joined.geometry.iloc[0].coords[-1] == joined.geometry.iloc[1].coords[0] == pytest.approx((100.15, 0))
    assert joined["street_id"].tolist() == ["1", "2", "3"]
    assert joined["length_m"].tolist() == pytest.approx([100.15, 99.85, 98])


def test_a_side_street_cuts_the_street_it_touches() -> None:
    """A T-junction makes two streets of the one it meets, each with all its columns, and keeps the direction."""
    frame = streets([(0, 0), (50, 0), (100, 0)], [(50.2, 40), (50.2, 0.3)], name=["长安街", "胡同"])
    joined, junctions = add_junctions(frame)
    assert joined["street_id"].tolist() == ["1-1", "1-2", "2"]
    assert joined["name"].tolist() == ["长安街", "长安街", "胡同"]
    middle = joined["to_junction_id"].iloc[0]
    assert ends(joined) == [(ends(joined)[0][0], middle), (middle, ends(joined)[1][1]), (ends(joined)[2][0], middle)]
    assert len(junctions) == 4
    assert frame["street_id"].tolist() == ["1", "2"]


def test_road_crossings_do_not_multiply() -> None:
    """The pieces of a street lead across as many roads as the street did; what is unknown stays so."""
    frame = streets(
        [(0, 0), (50, 0), (100, 0)], [(50, 40), (50, 0)], [(0, 9), (50, 9)],
        crossings=pd.array([2, 1, None], "Int64"),
    )  # fmt: skip
    joined, _ = add_junctions(frame)
    total = joined["crossings"].fillna(-1).groupby(joined["street_id"].str[0]).sum()
    assert total.tolist() == [2, 1, -1]


def test_crossings_stay_unless_asked_for() -> None:
    """Lines that cross in between meet only if the user says that crossings are junctions."""
    frame = streets([(0, 0), (100, 0)], [(50, -50), (50, 50)])
    assert len(add_junctions(frame)[0]) == 2
    joined, junctions = add_junctions(frame, node_crossings=True)
    assert joined["street_id"].tolist() == ["1-1", "1-2", "2-1", "2-2"]
    assert len(junctions) == 5


def test_a_bridge_meets_the_ground_at_its_ends_only() -> None:
    """Ground streets that end below a bridge do not cut it, and crossings with it are none; its ends do join."""
    frame = streets(
        [(0, 0), (100, 0)],
        [(50, -50), (50, 0)],
        [(100, 0), (200, 0)],
        [(20, -50), (20, 50)],
        structure=["bridge", "ground", "ground", "ground"],
    )
    joined, _ = add_junctions(frame, node_crossings=True)
    assert joined["street_id"].tolist() == ["1", "2", "3", "4"]
    assert joined["to_junction_id"].iloc[0] == joined["from_junction_id"].iloc[2]


def test_a_ramp_cuts_the_bridge_it_joins() -> None:
    """The end of a bridge on another bridge of the same level is a junction; that of another level is none."""
    lines = [(0, 0), (100, 0)], [(50, -50), (50, 0)]
    same, _ = add_junctions(streets(*lines, structure=["bridge", "bridge"], level=[1, 1]))
    other, _ = add_junctions(streets(*lines, structure=["bridge", "bridge"], level=[2, 1]))
    assert (len(same), len(other)) == (3, 2)


def test_loops_parallels_and_scraps() -> None:
    """Loops and parallel streets stay; a scrap shorter than the reach vanishes; multi-part lines come apart."""
    frame = streets(
        [(0, 0), (50, 50), (100, 0)],
        [(0, 0), (100, 0)],
        [(0, 0), (-50, 0), (-50, 50), (0, 0)],
        [(100, 0), (100.2, 0)],
    )
    frame.loc[1, "geometry"] = shapely.MultiLineString([[(0, 0), (100, 0)], [(100, 0), (200, 0)]])
    joined, _ = add_junctions(frame)
    assert joined["street_id"].tolist() == ["1", "2-1", "2-2", "3"]
    assert ends(joined)[0] == ends(joined)[1]
    assert ends(joined)[3][0] == ends(joined)[3][1]


def test_far_coordinates_keep_their_digits() -> None:
    """A junction of ends at exactly the same place lies exactly there."""
    x, y = 440_000.123456789, 4_427_000.987654321
    _, junctions = add_junctions(streets([(x, y), (x + 9, y)], [(x, y), (x, y + 9)], [(x, y), (x - 9, y)]))
    assert (x, y) in [tuple(xy) for xy in shapely.get_coordinates(junctions.geometry.to_numpy())]


def test_wrong_wishes() -> None:
    """Degrees and a negative reach are refused; no streets make no junctions."""
    with pytest.raises(InputError, match="degrees"):
        add_junctions(streets([(0, 0), (1, 1)]).set_crs(4326, allow_override=True))
    with pytest.raises(UsageError):
        add_junctions(streets([(0, 0), (1, 1)]), snap_m=-1)
    empty = streets([(0, 0), (1, 1)]).iloc[:0]
    assert [len(frame) for frame in add_junctions(empty, node_crossings=True)] == [0, 0]


def test_toy_town_finds_its_junctions_again() -> None:
    """The toy town without its junction columns gets as many streets, junctions and neighbours as it had."""
    town = toy_town()
    drawn = town["streets"].drop(columns=["from_junction_id", "to_junction_id"])
    assert has_junctions(town["streets"])
    assert not has_junctions(drawn)
    joined, junctions = add_junctions(drawn)
    assert len(joined) == len(town["streets"])
    assert len(junctions) == len(town["junctions"])
    degree = [pd.concat([f["from_junction_id"], f["to_junction_id"]]).value_counts() for f in (joined, town["streets"])]
    assert sorted(degree[0]) == sorted(degree[1])


def test_junctions_of_streets_that_name_theirs() -> None:
    """Named junctions lie where the streets that name them end."""
    town = toy_town()
    found = junctions_of(town["streets"]).set_index("junction_id").sort_index()
    known = town["junctions"].set_index("junction_id").sort_index()
    assert found.index.tolist() == known.index.tolist()
    assert found.geometry.geom_equals(known.geometry).all()


@pytest.mark.data
def test_cambridge(shared_data: Path) -> None:
    """The city's own centre lines get as many junctions as the city's own layer of intersections has."""
    raw = shared_data / "cambridge_ma" / "raw"
    lines = read_layer(raw / "TRANS_Centerlines.geojson", "streets")
    joined, junctions = add_junctions(lines)
    assert len(junctions) == len(read_layer(raw / "TRANS_Intersections.geojson", "shelters"))
    assert len(joined) - len(lines) < 10


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(*[st.integers(0, 30)] * 4), min_size=1, max_size=12))
def test_streets_are_conserved(raw: list[tuple[int, int, int, int]]) -> None:
    """Whatever lines are joined, their total length stays, and every street ends where its junctions lie."""
    lines = [[(a * 10.0, b * 10.0), (c * 10.0, d * 10.0)] for a, b, c, d in raw if (a, b) != (c, d)]
    if not lines:
        return
    frame = streets(*lines)
    joined, junctions = add_junctions(frame, snap_m=0.01, node_crossings=True)
    assert joined["length_m"].sum() == pytest.approx(frame.length.sum(), abs=0.5)
    place = junctions.set_index("junction_id").geometry
    for column, at in (("from_junction_id", 0), ("to_junction_id", -1)):
        gap = shapely.distance(shapely.get_point(joined.geometry.to_numpy(), at), place.loc[joined[column]].to_numpy())
        assert np.max(gap, initial=0) < 1e-9


def test_ends_at_one_junction_must_lie_together() -> None:
    """A table whose lines run against its junction columns is found out."""
    streets = toy_town()["streets"]
    assert ends_agree(streets)
    turned = streets.copy()
    turned.loc[3, "geometry"] = turned.geometry[3].reverse()
    assert not ends_agree(turned)
