"""Kinds of facilities and targets of coverage: what is asked for, and who asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gridtwin.errors import Fault, LayerFaultsError
from gridtwin.i18n import mark
from gridtwin.load.datafiles import data_path, table_rows
from gridtwin.load.kinds import Cells, FacilityKind, FacilityKinds, Standard, facility_kinds
from gridtwin.schemas import GROUPS, SETTINGS

TARGETS_FILE = "coverage_targets.csv"
TARGET_GROUPS = ("all", *GROUPS, "special")
# Whom "special" means: each person once, as far as the counts can tell them apart.
SPECIAL_GROUPS = ("elderly", "disabled", "migrant_children")
ANY_SETTING = "any"

__all__ = ["FacilityKind", "FacilityKinds", "Target", "coverage_targets", "facility_kinds", "kind"]


@dataclass(frozen=True, kw_only=True)
class Target(Standard):
    """A share of a group that should have facilities within reach: a walking time, a distance, or both.

    Attributes
    ----------
    target
        Name of the target.
    kinds
        Kinds of facilities; each is judged by itself.
    group
        One of :data:`TARGET_GROUPS`.
    setting
        Communities in which it holds: "urban", "rural" or "any".
    share
        Share of the group within reach, above 0 and at most 1.
    """

    target: str
    kinds: tuple[str, ...]
    group: str
    setting: str
    share: float

    def holds_in(self, setting: str | None) -> bool:
        """Return whether the target holds in a community of this setting; one without counts as urban."""
        return self.setting in (ANY_SETTING, setting or "urban")


def kind(word: str, kinds: FacilityKinds | None = None) -> FacilityKind:
    """Return the kind of facility that a name, an English or Chinese title or an alias means.

    Parameters
    ----------
    word
        Such as ``"clinic"`` or ``"社区食堂"``.
    kinds
        The catalogue; that which comes with GridTwin by default.

    Raises
    ------
    UsageError
        ``kind_unknown``, with the most similar kinds.

    Examples
    --------
    >>> kind("社区食堂").kind
    'canteen'
    """
    return (kinds or facility_kinds()).find(word)


def coverage_targets(path: str | Path | None = None, *, kinds: FacilityKinds | None = None) -> dict[str, Target]:
    """Return the targets that come with GridTwin by name, and those of the user's table, which replace them.

    Parameters
    ----------
    path
        CSV with the columns of ``data/coverage_targets.csv``, of which target, kinds and share are needed.
    kinds
        The catalogue in which its kinds are looked up; that which comes with GridTwin by default.

    Raises
    ------
    InputMissingError
        If there is no such file.
    LayerFaultsError
        Everything that is wrong with the table.
    """
    kinds = kinds or facility_kinds()
    targets: dict[str, Target] = {}
    for file in (data_path(TARGETS_FILE), path):
        if file is not None:
            targets |= _read_targets(Path(file), kinds)
    return targets


def _read_targets(path: Path, kinds: FacilityKinds) -> dict[str, Target]:
    faults: list[Fault] = []
    targets: dict[str, Target] = {}
    for row in table_rows(path, ("target", "kinds", "share")):
        cells = Cells(row, path.name, row["target"], faults)
        name = cells.name("target")
        target = Target(
            target=name,
            en=row.get("en") or name,
            zh=row.get("zh") or name,
            kinds=_kinds(cells, kinds),
            group=row.get("group") or TARGET_GROUPS[0],
            setting=row.get("setting") or ANY_SETTING,
            share=cells.number("share", high=1.0) or 0.0,
            **cells.standard(),
        )
        _check(target, cells)
        targets[name] = target
    if faults:
        raise LayerFaultsError(faults)
    return targets


def _kinds(cells: Cells, kinds: FacilityKinds) -> tuple[str, ...]:
    """Return the kinds of a target; one that is not in the catalogue is a fault."""
    words = cells.words("kinds")
    if not words or not all(word in kinds for word in words):
        cells.bad("kinds", mark("'{value}' holds a kind that the catalogue of facilities lacks, or none"))
    return words


def _check(target: Target, cells: Cells) -> None:
    """Add what is wrong with a target as a whole."""
    if not cells.row["share"]:
        cells.text("share")
    if target.group not in TARGET_GROUPS:
        cells.bad("group", mark("'{value}' is no group; write all, special or the column of a group"))
    if target.setting not in (*SETTINGS, ANY_SETTING):
        cells.bad("setting", mark("'{value}' is no setting; write urban, rural or any"))
    if target.within_s is None and target.within_m is None:
        cells.bad("within_min", mark("neither a time nor a distance is given"))
