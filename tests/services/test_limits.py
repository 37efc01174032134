"""Limits of a walk: in time, in distance, each once."""

from __future__ import annotations

import numpy as np
import pytest

from gridtwin.errors import UsageError
from gridtwin.services.limits import Limit, limits_of, ordered


def test_limits_are_ordered_and_each_is_there_once():
    """Times before distances, small before large."""
    metres, ten, five = Limit("length_m", 300.0), Limit("seconds", 600.0), Limit("seconds", 300.0)
    assert ordered([metres, ten, five, ten]) == (five, ten, metres)


def test_a_standard_may_ask_for_a_time_a_distance_or_both():
    """Each that is given is a limit."""
    assert limits_of(600.0, None) == (Limit("seconds", 600.0),)
    assert limits_of(600.0, 500.0) == (Limit("seconds", 600.0), Limit("length_m", 500.0))
    assert limits_of(None, None) == ()


def test_a_limit_within_which_nothing_lies_is_refused():
    """0, less than 0, infinite and what is no number."""
    for within in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(UsageError, match="must be above 0"):
            Limit("seconds", within)


def test_exactly_the_limit_is_within_it():
    """Rounding in the last digits does not matter, a centimetre does; nothing unreachable is within."""
    costs = np.array([300.0, 300.0000001, 300.01, np.inf])
    assert Limit("length_m", 300.0).holds(costs).tolist() == [True, True, False, False]
