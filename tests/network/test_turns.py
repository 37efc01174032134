"""Turn lists: words by hand, and sums that are those of the route."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from gridtwin.network import Snapped, Walker, route, street_network, turn_list
from gridtwin.network.turns import _TURNS, Step, _kind
from tests.network.test_search import cases, places
from tests.network.towns import street_frame

# Main Street east with a bend, a lane to the north, High Street east, and a yard to the south of its start.
TOWN = [
    ("a", "b", [(0, 0), (100, 0)]),
    ("b", "c", [(100, 0), (150, 0), (150, 100)]),
    ("c", "d", [(150, 100), (150, 200)]),
    ("c", "e", [(150, 100), (250, 100)]),
    ("c", "f", [(150, 100), (50, 100)]),
    ("e", "g", [(250, 100), (320, 170)]),
    ("e", "h", [(250, 100), (250, 0)]),
]
NAMES = ["Main Street", "Main Street", None, "High Street", "High Street", "Hill Road", None]


def steps_to(edge: int, at: float = 50.0, names=NAMES) -> list[Step]:
    """Return the steps from the start of Main Street to a place."""
    network = street_network(street_frame(TOWN, name=names), profile=Walker(speed_m_s=1.0))
    found = route(network, places([0], [10.0], 2.0), places([edge], [at], 3.0))
    return list(turn_list(network, found))


def test_turns_by_hand():
    """A bend of a street is no turn; a right turn onto another is, and a slight left after it."""
    steps = steps_to(5)
    assert [(step.turn, step.street, round(step.length_m)) for step in steps] == [
        ("depart", "Main Street", 242),
        ("right", "High Street", 100),
        ("slight_left", "Hill Road", 50),
        ("arrive", "", 3),
    ]
    assert [step.text("en") for step in steps] == [
        "Go east along Main Street",
        "Turn right onto High Street",
        "Bear left onto Hill Road",
        "Arrive",
    ]


def test_straight_on_and_left():
    """A nameless lane straight on is a step because the name ends; a left turn has its side."""
    assert [(step.turn, step.street) for step in steps_to(2)[1:-1]] == [("continue", "")]
    assert [(step.turn, step.street) for step in steps_to(4)[1:-1]] == [("left", "High Street")]
    assert [step.text("en") for step in steps_to(2)] == ["Go east along Main Street", "Continue straight on", "Arrive"]


def test_streets_without_names():
    """Without names a step begins where one turns, at a junction with a choice, and nowhere else."""
    steps = steps_to(6, names=[None] * 7)
    assert [step.turn for step in steps] == ["depart", "right", "right", "arrive"]
    assert [step.text("en") for step in steps][:2] == ["Go east", "Turn right"]


def test_chinese_texts():
    """Every turn reads in Chinese, with and without a street."""
    for turn in _TURNS:
        for street in ("", "解放路"):
            text = Step(turn, street, 2, 1.0, 1.0, 0, 1).text("zh")
            assert text != Step(turn, street, 2, 1.0, 1.0, 0, 1).text("en")
            assert street in text or turn == "arrive"


@pytest.mark.parametrize(
    ("angle", "turn"),
    [
        (0, "continue"), (-29, "continue"), (30, "slight_right"), (-59, "slight_left"), (90, "right"),
        (-119, "left"), (120, "sharp_right"), (-164, "sharp_left"), (165, "back"), (-180, "back"),
    ],
)  # fmt: skip
def test_words_for_angles(angle, turn):
    """Each angle has its word, with right positive."""
    assert _kind(angle) == turn


def test_a_slow_street_that_one_stays_on():
    """Two places on one street have a way of two steps, however slow the street is."""
    network = street_network(street_frame(TOWN, name=NAMES), profile=Walker())
    found = route(network.with_slower([0], 1000.0), places([0], [10.0]), places([0], [90.0]))
    assert [step.turn for step in turn_list(network, found)] == ["depart", "arrive"]


@given(cases())
@settings(deadline=None, max_examples=60)
def test_steps_add_up(case):
    """Times, lengths and parts of the steps are those of the route, whatever the streets."""
    network, at = case
    at = Snapped(at.edge, at.offset_m, np.linspace(0, 9, len(at.edge)))
    for two in range(1, len(at.edge)):
        found = route(network, at.take([0]), at.take([two]))
        steps = turn_list(network, found)
        if found.blocked:
            assert steps == ()
            continue
        assert sum(step.seconds for step in steps) == pytest.approx(found.total_s)
        assert sum(step.length_m for step in steps) == pytest.approx(found.total_m)
        assert (steps[0].turn, steps[-1].turn) == ("depart", "arrive")
        assert [step.first for step in steps[1:]] == [step.last for step in steps[:-1]]
        assert all(step.text() for step in steps)
