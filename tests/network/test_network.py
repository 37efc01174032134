"""The network: who may go where, how long it takes, and what hangs together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gridtwin.errors import InputError, InputMissingError, UsageError
from gridtwin.network import Driver, Walker, components, street_network
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
    assert arcs(street_network(streets, profile=Walker())) == both
    assert arcs(street_network(streets, profile=Driver())) == both - {("b", "a")}


def test_streets_keep_their_row_and_length():
    """Edges know the row of their street; the layer's length beats that of the line."""
    streets = street_frame(CROSS, walk=[False, True, True], length_m=[1.0, np.nan, 77.0])
    network = street_network(streets, profile=Walker())
    assert network.row.tolist() == [1, 2]
    assert network.length_m.tolist() == [100.0, 77.0]
    assert network.streets["street_id"].tolist() == ["s1", "s2"]


def test_csr_holds_every_arc_once():
    """Each open direction of each street appears in the rows of the junction that it leaves."""
    network = street_network(street_frame(CROSS), profile=Walker())
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
    assert len(street_network(streets, profile=Walker()).row) == walk
    assert len(street_network(streets, profile=Driver()).row) == drive


def test_column_beats_class_but_no_vehicle_climbs_stairs():
    """What the layer says holds, except that stairs are never for vehicles."""
    streets = street_frame(CROSS, highway=["motorway", "steps", "footway"], walk=[True] * 3, drive=[True] * 3)
    assert len(street_network(streets, profile=Walker()).row) == 3
    assert street_network(streets, profile=Driver()).row.tolist() == [0, 2]


def test_stairs_cost_walkers_more():
    """80 m a minute on the flat, 48 on stairs; a speed in the layer beats both."""
    streets = street_frame(CROSS, highway=["footway", "steps", "steps"], walk_speed_m_s=[None, None, 0.5])
    seconds = street_network(streets, profile=Walker()).forward_s
    assert seconds == pytest.approx([75.0, 125.0, 100.0])


def test_uphill_is_slower_than_downhill():
    """A slope of 10 % follows Tobler's function, and the way back is quicker."""
    network = street_network(street_frame(CROSS[:1], slope=[0.1]), profile=Walker())
    assert network.forward_s[0] == pytest.approx(75.0 * np.exp(3.5 * 0.1))
    assert network.backward_s[0] == pytest.approx(75.0)


def test_slopes_follow_the_chosen_model():
    """Irmischer and Clarke's function, scaled to the flat, or no change at all."""
    streets = street_frame(CROSS[:1], slope=[0.1])
    flat, steep = np.exp(-25 / 1800) + 0.11, np.exp(-225 / 1800) + 0.11
    network = street_network(streets, profile=Walker(slope="irmischer"))
    assert network.forward_s[0] == pytest.approx(75.0 * flat / steep)
    assert street_network(streets, profile=Walker(slope="none")).forward_s[0] == pytest.approx(75.0)


def test_groups_walk_at_their_own_speed():
    """The elderly take 100 s for 100 m, also relative to a street's own speed; crossings cost what is asked."""
    streets = street_frame(CROSS[:2], walk_speed_m_s=[None, 2 / 3], crossings=[1, 0])
    elderly = street_network(streets, profile=Walker.of("elderly", crossing_s=15.0))
    assert elderly.forward_s == pytest.approx([115.0, 100.0 / (2 / 3) / 0.75])
    assert elderly.backward_s[0] == pytest.approx(115.0)


def test_wheelchairs_take_no_stairs_and_no_steep_streets():
    """Stairs are open where the layer says that they have a ramp; 12 % is the steepest slope."""
    rows = [CROSS[0]] * 5
    streets = street_frame(
        rows,
        highway=["steps", "steps", "footway", "footway", "footway"],
        step_free=pd.Series([None, True, False, None, None], dtype="boolean"),
        slope=[0.0, 0.0, 0.0, 0.13, -0.12],
    )
    assert street_network(streets, profile=Walker.of("wheelchair")).row.tolist() == [1, 4]
    assert len(street_network(streets, profile=Walker()).row) == 5


def test_vehicles_go_by_class_and_by_column():
    """Primary 65 km/h, unknown classes 25 km/h, the layer's own speed first."""
    streets = street_frame(CROSS, highway=["primary", "rue", "primary"], drive_speed_m_s=[np.nan, np.nan, 5.0])
    assert street_network(streets, profile=Driver()).forward_s == pytest.approx([6.5 / 1.17361, 14.4, 10.0], rel=1e-3)


def test_bridge_does_not_meet_what_passes_under_it():
    """Two lines that cross without a junction stay two parts of the network."""
    rows = [("a", "b", [(0, 0), (100, 0)]), ("c", "d", [(50, -50), (50, 20)])]
    label, report = components(street_network(street_frame(rows, level=[1, 0]), profile=Walker()))
    assert label.tolist() == [0, 0, 1, 1]
    assert report["length_m"].tolist() == [100.0, 70.0]
    assert report["length_share"].sum() == pytest.approx(1.0)


def test_components_count_streets_and_junctions_longest_first():
    """The main network is part 0; one-way streets do not part it."""
    rows = [("x", "y", [(0, 900), (10, 900)]), *CROSS]
    network = street_network(street_frame(rows, oneway=[True] * 4), profile=Driver())
    label, report = components(network)
    assert dict(zip(network.junction_id, label.tolist(), strict=True))["x"] == 1
    assert report[["junctions", "streets"]].to_numpy().tolist() == [[4, 3], [2, 1]]


def test_coordinates_come_from_the_lines_or_the_junctions():
    """The ends of the lines place the junctions unless a layer does."""
    streets = street_frame(CROSS)
    network = street_network(streets, profile=Walker())
    assert dict(zip(network.junction_id, zip(network.x, network.y, strict=True), strict=True))["d"] == (
        100,
        50,
    )
    points = street_frame(CROSS).geometry.centroid
    junctions = streets.assign(junction_id=["a", "b", "c"]).set_geometry(points)
    with pytest.raises(InputError, match="lacks 1 junctions that streets name"):
        street_network(streets, junctions, profile=Walker())
    assert street_network(streets.iloc[:2], junctions, profile=Walker()).x.tolist() == [50, 150, 100]


def test_streets_without_junctions_are_told_to_build():
    """The message names the streets and the command that helps."""
    with pytest.raises(InputMissingError, match="gridtwin build"):
        street_network(street_frame(CROSS).drop(columns="to_junction_id"), profile=Walker())
    with pytest.raises(InputMissingError, match="s1"):
        street_network(street_frame([CROSS[0], ("b", None, [(0, 0), (1, 1)])]), profile=Walker())


def test_no_streets_make_an_empty_network():
    """A network without streets is empty, not an error."""
    network = street_network(street_frame(CROSS, walk=[False] * 3), profile=Walker())
    label, report = components(network)
    assert (len(network.junction_id), len(label), len(report)) == (0, 0, 0)


def test_senseless_options_are_refused():
    """Modes, weights and speeds are checked."""
    streets = street_frame(CROSS)
    with pytest.raises(UsageError, match="sideways"):
        street_network(streets, profile=Walker()).edge_cost("seconds", "sideways")
    with pytest.raises(UsageError, match="money"):
        street_network(streets, profile=Walker()).arc_cost("money")
    with pytest.raises(UsageError):
        Walker(speed_m_s=0)
    with pytest.raises(UsageError):
        Driver({"primary": 0.0})
    with pytest.raises(UsageError, match="giant"):
        Walker.of("giant")
    with pytest.raises(UsageError, match="guess"):
        Walker(slope="guess")
