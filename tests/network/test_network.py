"""The network: who may go where, how long it takes, and what hangs together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gridtwin.errors import InputError, InputMissingError, UsageError
from gridtwin.network import Speeds, components, street_network
from tests.network.towns import street_frame

CROSS = [
    ("a", "b", [(0, 0), (100, 0)]),
    ("b", "c", [(100, 0), (200, 0)]),
    ("b", "d", [(100, 0), (100, 50)]),
]


def arcs(network) -> set[tuple[str, str]]:
    """Return the arcs as pairs of junctions."""
    tail = np.repeat(np.arange(len(network.junction_id)), np.diff(network.indptr))
    ids = network.junction_id
    return {(ids[a], ids[b]) for a, b in zip(tail, network.head, strict=True)}


def test_walkers_ignore_one_way_rules():
    """A one-way street binds vehicles only."""
    streets = street_frame(CROSS, oneway=[True, False, False])
    both = {("a", "b"), ("b", "a"), ("b", "c"), ("c", "b"), ("b", "d"), ("d", "b")}
    assert arcs(street_network(streets, mode="walk")) == both
    assert arcs(street_network(streets, mode="drive")) == both - {("b", "a")}


def test_streets_keep_their_row_and_length():
    """Edges know the row of their street; the layer's length beats that of the line."""
    streets = street_frame(CROSS, walk=[False, True, True], length_m=[1.0, np.nan, 77.0])
    network = street_network(streets, mode="walk")
    assert network.row.tolist() == [1, 2]
    assert network.length_m.tolist() == [100.0, 77.0]
    assert network.streets["street_id"].tolist() == ["s1", "s2"]


def test_csr_holds_every_arc_once():
    """Each open direction of each street appears in the rows of the junction that it leaves."""
    network = street_network(street_frame(CROSS), mode="walk")
    assert network.indptr.tolist() == [0, 1, 4, 5, 6]
    assert sorted(zip(network.edge.tolist(), network.forward.tolist(), strict=True)) == [
        (edge, way) for edge in range(3) for way in (False, True)
    ]


@pytest.mark.parametrize(
    ("highway", "walk", "drive"),
    [
        ("residential", True, True), ("motorway", False, True), ("footway", True, False),
        ("steps", True, False), ("construction", False, False), (None, True, True), ("rue", True, True),
    ],
)  # fmt: skip
def test_class_decides_where_the_layer_is_silent(highway, walk, drive):
    """Without walk and drive the class says who may use a street; without class it is open."""
    streets = street_frame(CROSS[:1], highway=pd.Series([highway], dtype="str"))
    assert len(street_network(streets, mode="walk").row) == walk
    assert len(street_network(streets, mode="drive").row) == drive


def test_column_beats_class_but_no_vehicle_climbs_stairs():
    """What the layer says holds, except that stairs are never for vehicles."""
    streets = street_frame(CROSS, highway=["motorway", "steps", "footway"], walk=[True] * 3, drive=[True] * 3)
    assert len(street_network(streets, mode="walk").row) == 3
    assert street_network(streets, mode="drive").row.tolist() == [0, 2]


def test_stairs_cost_walkers_more():
    """80 m a minute on the flat, 48 on stairs; a speed in the layer beats both."""
    streets = street_frame(CROSS, highway=["footway", "steps", "steps"], walk_speed_m_s=[None, None, 0.5])
    seconds = street_network(streets, mode="walk").forward_s
    assert seconds == pytest.approx([75.0, 125.0, 100.0])


def test_uphill_is_slower_than_downhill():
    """A slope of 10 % follows Tobler's function, and the way back is quicker."""
    network = street_network(street_frame(CROSS[:1], slope=[0.1]), mode="walk")
    assert network.forward_s[0] == pytest.approx(75.0 * np.exp(3.5 * 0.1))
    assert network.backward_s[0] == pytest.approx(75.0)


def test_vehicles_go_by_class_and_by_column():
    """Primary 65 km/h, unknown classes 25 km/h, the layer's own speed first."""
    streets = street_frame(CROSS, highway=["primary", "rue", "primary"], drive_speed_m_s=[np.nan, np.nan, 5.0])
    assert street_network(streets, mode="drive").forward_s == pytest.approx([6.5 / 1.17361, 14.4, 10.0], rel=1e-3)


def test_bridge_does_not_meet_what_passes_under_it():
    """Two lines that cross without a junction stay two parts of the network."""
    rows = [("a", "b", [(0, 0), (100, 0)]), ("c", "d", [(50, -50), (50, 20)])]
    label, report = components(street_network(street_frame(rows, level=[1, 0]), mode="walk"))
    assert label.tolist() == [0, 0, 1, 1]
    assert report["length_m"].tolist() == [100.0, 70.0]
    assert report["length_share"].sum() == pytest.approx(1.0)


def test_components_count_streets_and_junctions_longest_first():
    """The main network is part 0; one-way streets do not part it."""
    rows = [("x", "y", [(0, 900), (10, 900)]), *CROSS]
    network = street_network(street_frame(rows, oneway=[True] * 4), mode="drive")
    label, report = components(network)
    assert dict(zip(network.junction_id, label.tolist(), strict=True))["x"] == 1
    assert report[["junctions", "streets"]].to_numpy().tolist() == [[4, 3], [2, 1]]


def test_coordinates_come_from_the_lines_or_the_junctions():
    """The ends of the lines place the junctions unless a layer does."""
    streets = street_frame(CROSS)
    network = street_network(streets, mode="walk")
    assert dict(zip(network.junction_id, zip(network.x, network.y, strict=True), strict=True))["d"] == (
        100,
        50,
    )
    points = street_frame(CROSS).geometry.centroid
    junctions = streets.assign(junction_id=["a", "b", "c"]).set_geometry(points)
    with pytest.raises(InputError, match="lacks 1 junctions that streets name"):
        street_network(streets, junctions, mode="walk")
    assert street_network(streets.iloc[:2], junctions, mode="walk").x.tolist() == [50, 150, 100]


def test_streets_without_junctions_are_told_to_build():
    """The message names the streets and the command that helps."""
    with pytest.raises(InputMissingError, match="gridtwin build"):
        street_network(street_frame(CROSS).drop(columns="to_junction_id"), mode="walk")
    with pytest.raises(InputMissingError, match="s1"):
        street_network(street_frame([CROSS[0], ("b", None, [(0, 0), (1, 1)])]), mode="walk")


def test_no_streets_make_an_empty_network():
    """A network without streets is empty, not an error."""
    network = street_network(street_frame(CROSS, walk=[False] * 3), mode="walk")
    label, report = components(network)
    assert (len(network.junction_id), len(label), len(report)) == (0, 0, 0)


def test_senseless_options_are_refused():
    """Modes, weights and speeds are checked."""
    streets = street_frame(CROSS)
    with pytest.raises(UsageError, match="fly"):
        street_network(streets, mode="fly")
    with pytest.raises(UsageError, match="money"):
        street_network(streets, mode="walk").arc_cost("money")
    with pytest.raises(UsageError):
        Speeds(walk_m_s=0)
