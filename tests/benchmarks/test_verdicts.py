import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.verdicts import (
    COLUMNS,
    Judgement,
    Verdict,
    bought,
    rival,
    verdict,
    verdicts,
    where_peers_are_better,
)

NAN = float("nan")
OWN = {
    "within": 0.99,
    "households_within": 0.99,
    "contiguous": 1.0,
    "nested": 1.0,
    "compactness": 0.65,
    "street_share": 0.7,
    "split": 20.0,
    "cpu_s": 1.0,
}


@pytest.mark.parametrize(
    ("name", "peer", "expected"),
    [
        ("within", 0.995, Verdict.BETTER),
        ("within", 0.9904, Verdict.EQUAL),
        ("within", 0.98, Verdict.WORSE),
        ("compactness", 0.651, Verdict.BETTER),
        ("compactness", 0.6504, Verdict.EQUAL),
        ("split", 19.0, Verdict.BETTER),
        ("split", 21.0, Verdict.WORSE),
        ("split", NAN, Verdict.UNKNOWN),
        ("cpu_s", 0.5, Verdict.BETTER),
        ("cpu_s", 1.05, Verdict.EQUAL),
        ("cpu_s", 2.0, Verdict.WORSE),
    ],
)
def test_verdict_of_a_column(name, peer, expected):
    """More is better but for compounds split and seconds; what the table shows as equal is equal."""
    assert verdict(name, peer, OWN[name]) is expected


@given(st.sampled_from(sorted(COLUMNS)), st.floats(0, 100), st.floats(0, 100))
def test_verdicts_mirror_each_other(name, one, other):
    """If one is better than the other, the other is not better than the one."""
    both = {verdict(name, one, other), verdict(name, other, one)}
    assert both in ({Verdict.EQUAL}, {Verdict.BETTER, Verdict.WORSE}) or name == "cpu_s"
    assert both != {Verdict.BETTER}
    assert both != {Verdict.WORSE}


def test_only_the_worse_balanced_buy():
    """Compactness counts as bought only where fewer grids are within the bounds."""
    compact = OWN | {"compactness": 0.7, "split": 10.0}
    assert bought(verdicts(compact, OWN)) == []
    assert bought(verdicts(compact | {"within": 0.9}, OWN)) == ["compactness", "split"]


def test_the_rival_takes_no_longer_than_the_peer():
    """A slow peer meets the thorough run, a quick one and areas without seconds the fast one."""
    own = {"fast": OWN, "good": OWN | {"cpu_s": 10.0}}
    assert [rival(seconds, own) for seconds in (0.1, 1.0, 9.0, 10.0, 99.0, NAN)] == [
        "fast",
        "fast",
        "fast",
        "good",
        "good",
        "fast",
    ]


def test_peers_are_better_at_equal_balance_only():
    """What a peer bought with balance does not count; what it keeps at equal balance does."""
    values = OWN | {"within": 0.9, "compactness": 0.7, "street_share": 0.8, "cpu_s": 0.1}
    again = {"compactness": Verdict.WORSE, "street_share": Verdict.BETTER}
    found = Judgement("peer", "fast", "wide", verdicts(values, OWN), again)
    better = where_peers_are_better([("town", found)])
    assert {name for name, peers in better.items() if peers} == {"street_share", "cpu_s"}
    assert better["street_share"] == ["peer (town)"]
    assert "better (worse at equal balance)" in found.cells()
