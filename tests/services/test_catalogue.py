"""Targets of coverage: each says whom it is for, how far counts as reach, and who asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridtwin.errors import LayerFaultsError, UsageError
from gridtwin.services.catalogue import SPECIAL_GROUPS, TARGET_GROUPS, coverage_targets, facility_kinds, kind

HEAD = "target,en,zh,kinds,group,setting,share,within_min,within_m,certainty\n"


def test_targets_of_the_plan() -> None:
    """The shares of the plan are those that it states."""
    shares = {name: (target.group, target.setting, target.share) for name, target in coverage_targets().items()}
    assert shares == {
        "special_groups": ("special", "any", 0.8),
        "canteen_urban": ("elderly", "urban", 0.7),
        "canteen_rural": ("elderly", "rural", 0.5),
        "after_school": ("migrant_children", "any", 0.8),
        "disability_services": ("disabled", "any", 0.7),
    }


def test_every_target_can_be_judged() -> None:
    """Each names kinds of the catalogue, a reach, a source, and how sure it is."""
    for target in coverage_targets().values():
        assert target.kinds
        assert set(target.kinds) <= set(facility_kinds())
        assert target.within_s == 600
        assert target.source
        assert target.certainty == "A"
        assert "10 min" in target.standard("en")
    assert set(SPECIAL_GROUPS) <= set(TARGET_GROUPS)


@pytest.mark.parametrize(
    ("target", "setting", "holds"),
    [
        ("canteen_urban", "urban", True), ("canteen_urban", "rural", False), ("canteen_urban", None, True),
        ("canteen_rural", "rural", True), ("canteen_rural", None, False), ("special_groups", "rural", True),
    ],
)  # fmt: skip
def test_settings(target: str, setting: str | None, holds: bool) -> None:
    """A target holds in communities of its setting; one that states none counts as urban."""
    assert coverage_targets()[target].holds_in(setting) is holds


def test_targets_of_the_user_replace_ours(tmp_path: Path) -> None:
    """A row of the same name replaces ours; few columns are enough; distances count as reach too."""
    path = tmp_path / "t.csv"
    path.write_text(HEAD + "canteen_rural,,,canteen,elderly,rural,0.6,15,,\nparks,,,park,,,0.9,,500,\n")
    targets = coverage_targets(path)
    assert (targets["canteen_rural"].share, targets["canteen_rural"].within_s) == (0.6, 900)
    assert (targets["parks"].group, targets["parks"].setting, targets["parks"].within_m) == ("all", "any", 500)
    assert targets["parks"].title("zh") == "parks"
    assert len(targets) == 6


def test_everything_wrong_with_targets_is_told_at_once(tmp_path: Path) -> None:
    """Unknown kinds, groups and settings, shares above 1 and targets without a reach are listed."""
    path = tmp_path / "t.csv"
    path.write_text(HEAD + "a,,,clinic|bath,cats,sea,1.5,,,E\nb,,,clinic,all,any,,10,,\n")
    with pytest.raises(LayerFaultsError) as error:
        coverage_targets(path)
    found = [(fault.ids[0], fault.column) for fault in error.value.faults]
    assert sorted(found) == [
        ("a", "certainty"), ("a", "group"), ("a", "kinds"), ("a", "setting"), ("a", "share"), ("a", "within_min"),
        ("b", "share"),
    ]  # fmt: skip


def test_kinds_by_word() -> None:
    """A kind is found by its Chinese title, and a wrong word raises what was meant."""
    assert kind("社区食堂").kind == "canteen"
    with pytest.raises(UsageError, match="did you mean clinic"):
        kind("clinik")
