"""What in the rules does not fit a region: nothing found, found twice, overlapping."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridtwin.errors import MAX_IDS_SHOWN, Fault, LayerFaultsError, first_ids
from gridtwin.grids.rules import BoundsRule, FrozenRule, Rules, SpecialRule, like
from gridtwin.i18n import mark
from gridtwin.load.mapping import close_match

SHARED_M2 = 1.0  # frozen areas that share less land than this only touch


def check_rules(rules: Rules, layers: Mapping[str, pd.DataFrame], *, special: bool = True) -> None:
    """Raise everything in the rules that does not fit the region.

    Parameters
    ----------
    rules
        The rules.
    layers
        Layers of the region.
    special
        Whether special-purpose grids are to be made; their rules do not matter otherwise.

    Raises
    ------
    LayerFaultsError
        Unknown communities, grids, uses and compounds, selections that match nothing, rules that overlap.
    """
    faults = region_faults(rules, layers, special=special)
    if faults:
        raise LayerFaultsError(faults)


def region_faults(
    rules: Rules,
    layers: Mapping[str, pd.DataFrame],
    *,
    special: bool,
    numbers: Mapping[str, Sequence[int]] = MappingProxyType({}),
) -> list[Fault]:
    """Return everything in the rules that does not fit the region.

    Parameters
    ----------
    rules, layers, special
        As in :func:`check_rules`.
    numbers
        Number of each rule in its file, by kind; by default they are counted from 1.
    """

    def placed(kind: str, some: Sequence[Any]) -> list[tuple[str, Any]]:
        return [
            (f"[[{kind}]] {n}", rule) for n, rule in zip(numbers.get(kind, range(1, len(some) + 1)), some, strict=True)
        ]

    faults = _bounds_faults(placed("bounds", rules.bounds), layers["communities"])
    faults += _frozen_faults(placed("frozen", rules.frozen), layers)
    return faults + (_special_faults(placed("special", rules.special), layers) if special else [])


def _bounds_faults(bounds: list[tuple[str, BoundsRule]], communities: pd.DataFrame) -> list[Fault]:
    """Return the communities that no or several rules find."""
    faults: list[Fault] = []
    found = np.zeros(len(communities), np.int64)
    for place, rule in bounds:
        mine = rule.matches(communities)
        found += mine
        if rule.setting and not mine.any():
            faults.append(
                Fault(
                    "rule_matches_nothing",
                    mark("no community is '{word}'"),
                    place,
                    "setting",
                    hint=mark("fill in column 'setting' of layer 'communities'"),
                    params={"word": rule.setting},
                )
            )
        if not rule.setting:
            column, patterns = rule.patterns
            key = "communities" if rule.communities else "subdistricts"
            missing = [pattern for pattern in patterns if not like(communities[column], pattern).any()]
            faults += [_nothing(place, key, word, communities[column]) for word in missing]
    if (found > 1).any():
        ids = communities["community_id"][found > 1]
        text = mark("{count} communities have several rules")
        hint = mark("leave one rule for each community")
        faults.append(Fault("rules_overlap", text, "[[bounds]]", "", first_ids(ids), len(ids), hint))
    return faults


def _special_faults(special: list[tuple[str, SpecialRule]], layers: Mapping[str, pd.DataFrame]) -> list[Fault]:
    """Return the uses, compounds and areas that find nothing, and those that two rules name."""
    faults: list[Fault] = []
    seen: set[tuple[str, str]] = set()
    for place, rule in special:
        if rule.area is not None:
            faults += _empty_area(place, rule.area, layers["communities"])
            continue
        column, words = rule.buildings_by
        key = "uses" if rule.uses else "compounds"
        known = layers["buildings"][column].dropna().unique()
        faults += [_nothing(place, key, word, known) for word in words if word not in known]
        twice = [word for word in words if (column, word) in seen]
        seen |= {(column, word) for word in words}
        faults += _repeated(place, key, twice)
    return faults


def _frozen_faults(frozen: list[tuple[str, FrozenRule]], layers: Mapping[str, pd.DataFrame]) -> list[Fault]:
    """Return the grids that do not exist or are frozen twice, and areas that overlap."""
    faults: list[Fault] = []
    grids = layers.get("grids")
    known = {} if grids is None else dict(zip(grids["grid_id"], grids.geometry, strict=True))
    seen: set[str] = set()
    taken: list[Any] = []
    for place, rule in frozen:
        faults += [_nothing(place, "grids", code, known) for code in rule.grids if code not in known]
        faults += _repeated(place, "grids", [code for code in rule.grids if code in seen])
        if rule.area is not None:
            faults += _empty_area(place, rule.area, layers["communities"])
        mine = [rule.area] if rule.area is not None else [known[c] for c in rule.grids if c in known and c not in seen]
        if taken and mine and shapely.area(shapely.intersection(shapely.union_all(mine), taken)).max() > SHARED_M2:
            text = mark("the area overlaps that of an earlier rule")
            faults.append(Fault("rules_overlap", text, place, hint=mark("freeze each place once")))
        seen |= set(rule.grids)
        taken += mine
    return faults


def _empty_area(place: str, area: Any, communities: pd.DataFrame) -> list[Fault]:
    if shapely.intersects(communities.geometry.to_numpy(), area).any():
        return []
    hint = mark("check that the file has the place and the CRS of the region")
    return [Fault("rule_matches_nothing", mark("the area lies in no community"), place, "file", hint=hint)]


def _repeated(place: str, key: str, words: list[str]) -> list[Fault]:
    text = mark("{count} of these are in an earlier rule as well")
    hint = mark("name each once")
    return [Fault("rules_overlap", text, place, key, first_ids(words), len(words), hint)] if words else []


def _nothing(place: str, key: str, word: str, known: Iterable[Any]) -> Fault:
    """Return the fault of a word that the region does not have."""
    words = sorted({str(one) for one in known if pd.notna(one)})
    return unknown_word("rule_matches_nothing", mark("'{word}' matches nothing in the region"), place, word, words, key)


def unknown_word(code: str, message: str, place: str, word: str, known: Iterable[str], column: str = "") -> Fault:
    """Return the fault of an unknown word, with the known one that is most like it."""
    known = tuple(known)
    near = close_match(word, known)
    hint = mark("did you mean '{near}'?") if near else mark("there are: {known}") if known else mark("there are none")
    params = {
        "word": word,
        "near": near,
        "known": ", ".join(first_ids(known)) + (", …" if len(known) > MAX_IDS_SHOWN else ""),
    }
    return Fault(code, message, place, column, hint=hint, params=params)
