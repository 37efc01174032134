"""The catalogue of facility kinds: every word, tag and figure is there once, and says how sure it is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from gridtwin.errors import InputMissingError, LayerFaultsError, UsageError
from gridtwin.load.kinds import CERTAINTIES, facility_kinds
from gridtwin.units import UNITS

OURS = facility_kinds()
# Walking distances of the living circles, GB 50180-2018, 3.0.4, by seconds.
CIRCLE_M = {300.0: (0, 300), 600.0: (300, 500), 900.0: (500, 1000)}


def table(
    path: Path, *rows: str, head: str = "kind,en,zh,aliases,osm,within_m,within_min,circle_min,certainty"
) -> Path:
    """Write a user's table of kinds."""
    path.write_text("\n".join((head, *rows)), encoding="utf-8")
    return path


def test_kinds_that_other_parts_rely_on() -> None:
    """The kinds of the design are in the catalogue."""
    assert {
        "clinic", "canteen", "library", "childcare", "market", "community_station", "primary_school", "pharmacy",
        "shelter", "hospital", "nursing_home", "police", "fire_station", "park", "after_school", "disability_service",
    } <= set(OURS)  # fmt: skip


def test_every_figure_says_how_sure_it_is() -> None:
    """A kind with a distance or time has source, clause and certainty; one without has none; units are known."""
    for kind in OURS.values():
        figure = kind.within_m is not None or kind.within_s is not None
        assert bool(kind.source) == bool(kind.clause) == (kind.certainty in CERTAINTIES) == figure, kind.kind
        assert kind.capacity_unit in UNITS
        assert (kind.circle_s is not None) == figure


def test_circles_follow_the_distances() -> None:
    """The living circle of a kind is the smallest that holds its distance."""
    for kind in OURS.values():
        if kind.within_m is not None and kind.circle_s is not None:
            low, high = CIRCLE_M[kind.circle_s]
            assert low < kind.within_m <= high, kind.kind


def test_words_and_tags_mean_one_kind_each() -> None:
    """No title, alias or tag stands for two kinds."""
    words = Counter(word.lower() for kind in OURS.values() for word in {kind.en, kind.zh, *kind.aliases})
    assert [word for word, count in words.items() if count > 1] == []
    tags = Counter((key, value) for _, key, value in OURS.tags)
    assert max(tags.values()) == 1


def test_doubtful_figures_are_never_shown_as_facts() -> None:
    """The text of a standard names its source and, in either language, that nobody has confirmed it."""
    assert OURS["market"].standard("en") == "500 m (GB 50180-2018; appendix C; not confirmed, check before use)"
    assert OURS["market"].standard("zh") == "500 米（GB 50180-2018；附录C；未经核实，使用前请核对）"
    assert OURS["shelter"].standard("en").startswith("500 m, 10 min (")
    assert OURS["hospital"].standard("en") == ""


def test_names_titles_and_aliases_find_a_kind() -> None:
    """Any word of a kind finds it, whatever the case."""
    assert {OURS.find(word).kind for word in ("canteen", "Community canteen", "社区食堂", " 老年食堂 ")} == {"canteen"}
    assert OURS["canteen"].title("zh") == "社区食堂"


def test_unknown_words_get_the_most_similar_kinds() -> None:
    """A slip of the pen is answered with what was meant, anything else with all kinds and how to add one."""
    with pytest.raises(UsageError, match=r"'libary'; did you mean library\?.*table of your own"):
        OURS.find("libary")
    with pytest.raises(UsageError, match=r"the kinds are: clinic, .*table of your own"):
        OURS.find("zzz")


def test_columns_of_words() -> None:
    """Known words become names; unknown ones and gaps stay, and unknown ones are listed."""
    words = pd.Series(["诊所", "pharmacy", "浴室", None], dtype="str")
    named = OURS.named(words)
    assert named.fillna("-").tolist() == ["clinic", "pharmacy", "浴室", "-"]
    strange, listed = OURS.unknown(pd.DataFrame({"kind": named}))
    assert strange.tolist() == [False, False, True, False]
    assert listed == "浴室"


def test_rows_of_the_user_replace_ours(tmp_path: Path) -> None:
    """A user's row takes the place of ours, goes before ours for tags and words, and the others stay."""
    path = table(
        tmp_path / "k.csv",
        "market,Market,集市,,shop=mall,700,8,15,A",
        "kindergarten,Kindergarten,幼儿园,,amenity=kindergarten,300,,5,b",
    )
    kinds = facility_kinds(path)
    assert (kinds["market"].within_m, kinds["market"].within_s, kinds["market"].circle_s) == (700, 480, 900)
    assert kinds.find("幼儿园").kind == "kindergarten"
    assert kinds.tags[:2] == (("market", "shop", "mall"), ("kindergarten", "amenity", "kindergarten"))
    assert len(kinds) == len(OURS) + 1
    assert kinds["clinic"] == OURS["clinic"]
    assert kinds["kindergarten"].certainty == "B"


def test_everything_wrong_with_a_table_is_told_at_once(tmp_path: Path) -> None:
    """Names, texts, tags, numbers, circles and certainties that cannot be are listed with their cells."""
    path = table(tmp_path / "k.csv", "My kind,,x,,amenity,-3,soon,7,D", "ok,Ok,好,,a=b|c=d,,,,")
    with pytest.raises(LayerFaultsError) as error:
        facility_kinds(path)
    found = {(fault.column, fault.ids) for fault in error.value.faults}
    columns = ("kind", "en", "osm", "within_m", "within_min", "circle_min", "certainty")
    assert found == {(column, ("My kind",)) for column in columns}


def test_a_missing_table_is_told(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(InputMissingError, match=r"none\.csv"):
        facility_kinds(tmp_path / "none.csv")
