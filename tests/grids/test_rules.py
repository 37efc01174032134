"""Rules: reading them, keeping them, and saying everything that is wrong with them at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridtwin.errors import LayerFaultsError, UsageError
from gridtwin.grids import DivideParams, divide_region
from gridtwin.grids.rule_text import parse_rules
from gridtwin.grids.rules import NO_RULES, BoundsRule, FrozenRule, Rules, SpecialRule, like
from tests.grids.rule_town import DATE, EAST, WEST, rule_town

TOWN = rule_town(schools=(0, 1))
BOUNDS = {"communities": [EAST], "minimum": 200, "maximum": 300}


def faults_of(content: dict[str, Any], layers: Any = TOWN, **options: Any) -> list[tuple[str, str, str]]:
    """Return place, key and code of everything that is wrong with the rules."""
    with pytest.raises(LayerFaultsError) as caught:
        parse_rules(content, layers, **options)
    return [(fault.layer, fault.column, fault.code) for fault in caught.value.faults]


def test_rules_are_read() -> None:
    """Each kind of rule becomes a dataclass with the values of its table."""
    polygon = shapely.box(0, 0, 100, 100)
    rules = parse_rules(
        {
            "bounds": [{**BOUNDS, "target": 260}],
            "special": [{"purpose": "campus", "uses": ["school"], "min_area_m2": 5000, "name_zh": "清华大学"}],
            "frozen": [{"area": shapely.to_wkt(polygon), "decree": "No. 12", "date": "2025-06-01"}],
        },
        TOWN,
    )
    assert rules.bounds == (BoundsRule(200, 300, 260, communities=(EAST,)),)
    assert rules.special == (SpecialRule("campus", uses=("school",), min_area_m2=5000.0, name_zh="清华大学"),)
    assert rules.frozen == (FrozenRule(area=polygon, decree="No. 12", date="2025-06-01"),)
    assert rules.frozen[0].note == "No. 12, 2025-06-01"


WORDS = st.lists(st.text("abc*é单", min_size=1, max_size=4), min_size=1, max_size=3, unique=True).map(tuple)


@given(
    st.lists(st.builds(BoundsRule, minimum=st.integers(1, 50), maximum=st.integers(50, 99), communities=WORDS)),
    st.lists(st.builds(SpecialRule, purpose=st.just("other"), uses=WORDS, share=st.floats(0.01, 1.0))),
    st.lists(st.builds(FrozenRule, area=st.just(shapely.box(0, 0, 1.5, 2)), date=st.dates().map(str))),
)  # fmt: skip
def test_what_is_kept_reads_as_it_was(bounds: list[Any], special: list[Any], frozen: list[Any]) -> None:
    """Plain values of any rules say the same as the rules: nothing is lost on the way into a region and out."""
    rules = Rules(tuple(bounds), tuple(special), tuple(frozen))
    values = rules.to_dict()
    assert set(values) == {name for name in ("bounds", "special", "frozen") if getattr(rules, name)}
    for rule, plain in zip(bounds, values.get("bounds", []), strict=True):
        assert BoundsRule(**{**plain, "communities": tuple(plain["communities"])}) == rule
    for rule, plain in zip(special, values.get("special", []), strict=True):
        assert SpecialRule(**{**plain, "uses": tuple(plain["uses"])}) == rule
    for rule, plain in zip(frozen, values.get("frozen", []), strict=True):
        kept = FrozenRule(**{**plain, "area": shapely.from_wkt(plain["area"])})
        assert kept.area.equals(rule.area)
        assert kept.date == rule.date


def test_parsed_rules_survive_being_kept() -> None:
    """What a region keeps of a file of rules is read again without loss."""
    rules = parse_rules({"bounds": [BOUNDS], "special": [{"purpose": "campus", "uses": ["school"]}]}, TOWN)
    assert parse_rules(rules.to_dict(), TOWN) == rules
    assert parse_rules({}, TOWN) == NO_RULES
    assert not NO_RULES


def test_every_fault_is_listed() -> None:
    """One error names each fault with its rule and key; a bad rule does not hide what is wrong with the others."""
    content = {
        "bounds": [
            {"communities": [WEST], "minimum": 500, "maximum": 300},
            {"comunities": [WEST], "minimum": 0, "maximum": True},
            {"communities": ["99*"], "minimum": 200, "maximum": 300},
        ],
        "specials": [],
        "special": [{"purpose": "frozen", "uses": ["shcool"]}, {"purpose": "campus", "uses": ["shcool"], "share": 1.5}],
        "frozen": [{"grids": ["1"], "area": "no polygon", "date": "tomorrow"}, {"grids": ["1"]}],
    }
    assert faults_of(content) == [
        ("[[bounds]] 1", "", "bounds_disordered"),
        ("[[bounds]] 2", "comunities", "key_unknown"),
        ("[[bounds]] 2", "minimum", "value_unreadable"),
        ("[[bounds]] 2", "maximum", "value_unreadable"),
        ("[[bounds]] 2", "", "selection_not_one"),
        ("specials", "", "section_unknown"),
        ("[[special]] 1", "purpose", "value_unreadable"),
        ("[[special]] 2", "share", "value_unreadable"),
        ("[[frozen]] 1", "area", "value_unreadable"),
        ("[[frozen]] 1", "date", "value_unreadable"),
        ("[[frozen]] 1", "", "selection_not_one"),
        ("[[bounds]] 3", "communities", "rule_matches_nothing"),
        ("[[frozen]] 2", "grids", "rule_matches_nothing"),
    ]


@pytest.mark.parametrize(
    ("content", "place", "code"),
    [
        ({"bounds": [{**BOUNDS, "minimum": 400}]}, "[[bounds]] 1", "bounds_disordered"),
        ({"bounds": [{"communities": [EAST], "minimum": 200}]}, "[[bounds]] 1", "key_missing"),
        ({"bounds": {"communities": [EAST]}}, "bounds", "not_a_list"),
        ({"bounds": [{**BOUNDS, "communities": EAST}]}, "[[bounds]] 1", "value_unreadable"),
        ({"bounds": [BOUNDS, {**BOUNDS, "communities": ["110108*"]}]}, "[[bounds]]", "rules_overlap"),
        ({"special": [{"purpose": "campus", "uses": ["school"]}] * 2}, "[[special]] 2", "rules_overlap"),
        ({"special": [{"purpose": "market", "compounds": ["c1"]}]}, "[[special]] 1", "rule_matches_nothing"),
        ({"special": [{"purpose": "market", "file": 3}]}, "[[special]] 1", "value_unreadable"),
        (
            {"special": [{"purpose": "market", "area": "POLYGON ((9e5 0, 9e5 1, 8e5 1, 9e5 0))"}]},
            "[[special]] 1",
            "rule_matches_nothing",
        ),
        (
            {"frozen": [{"area": "POLYGON ((0 0, 90 0, 90 90, 0 0))"}, {"area": "POLYGON ((0 0, 90 0, 90 80, 0 0))"}]},
            "[[frozen]] 2",
            "rules_overlap",
        ),
    ],
)
def test_faults(content: dict[str, Any], place: str, code: str) -> None:
    """Each fault has the place and the code that belong to it."""
    assert [(at, found) for at, _, found in faults_of(content)] == [(place, code)]


def test_the_nearest_known_word_is_offered() -> None:
    """A misspelt key, use or id comes with the word that is most like it, in both languages."""
    content = {"special": [{"purpose": "campus", "uses": ["shcool"]}], "bounds": [{**BOUNDS, "targett": 5}]}
    with pytest.raises(LayerFaultsError) as caught:
        parse_rules(content, TOWN)
    english, chinese = caught.value.text("en"), caught.value.text("zh")
    assert "[[special]] 1.uses: 'shcool' matches nothing in the region → did you mean 'school'?" in english
    assert "[[bounds]] 1.targett: there is no key 'targett' → did you mean 'target'?" in english
    assert "没有名为“targett”的项" in chinese


def test_a_grid_is_frozen_once() -> None:
    """A code in two rules, or a polygon over a frozen grid, is refused."""
    town = {**TOWN, **divide_region(TOWN, date=DATE).layers()}
    code, box = town["grids"]["grid_id"][0], shapely.to_wkt(town["grids"].geometry[0])
    assert faults_of({"frozen": [{"grids": [code]}, {"grids": [code]}]}, town) == [
        ("[[frozen]] 2", "grids", "rules_overlap")
    ]
    assert faults_of({"frozen": [{"grids": [code]}, {"area": box}]}, town) == [("[[frozen]] 2", "", "rules_overlap")]


def test_a_setting_that_no_community_has_is_said() -> None:
    """Bounds for rural communities ask for the column that tells which ones are."""
    rules = {"bounds": [{"setting": "rural", "minimum": 200, "maximum": 300}]}
    assert parse_rules(rules, TOWN).zone_of(TOWN["communities"]).tolist() == [0, 1]
    plain = {**TOWN, "communities": TOWN["communities"].assign(setting=None)}
    assert faults_of(rules, plain) == [("[[bounds]] 1", "setting", "rule_matches_nothing")]


def test_rules_for_special_grids_do_not_matter_to_rebalancing() -> None:
    """What only a division uses is not checked where nothing is divided."""
    content = {"special": [{"purpose": "campus", "uses": ["shcool"]}]}
    assert parse_rules(content, TOWN, special=False).special[0].uses == ("shcool",)


def test_communities_are_chosen_by_id_subdistrict_and_pattern() -> None:
    """A pattern stands for whole ids; the characters of a regular expression have no meaning in it."""
    communities = TOWN["communities"]
    assert BoundsRule(1, 2, communities=("*002",)).matches(communities).tolist() == [False, True]
    assert BoundsRule(1, 2, subdistricts=("110108001",)).matches(communities).tolist() == [True, True]
    assert like(communities["community_id"], "1101").tolist() == [False, False]
    assert like(communities["community_id"], "11010800100.").tolist() == [False, False]


def test_bounds_replace_those_of_the_plan() -> None:
    """A rule changes bounds and target; weights, effort and seed stay, and the target is the middle by default."""
    general = DivideParams(300, 500, 450, seed=7, effort=2.0)
    own = BoundsRule(100, 200, setting="rural").applied_to(general)
    assert (own.minimum, own.maximum, own.target, own.seed, own.effort) == (100, 200, 150, 7, 2.0)
    assert np.array_equal(Rules().zone_of(TOWN["communities"]), [0, 0])


@pytest.mark.parametrize("make", [lambda: BoundsRule(1, 2), lambda: SpecialRule("campus"), FrozenRule])
def test_a_rule_without_selection_is_refused(make: Any) -> None:
    """A rule made in Python names its places by exactly one key."""
    with pytest.raises(UsageError, match="give one of"):
        make()
