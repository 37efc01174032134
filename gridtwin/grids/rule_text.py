"""Read rules from plain values (a TOML file, or what a region keeps of one); all that is wrong is listed at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridtwin.errors import Fault, LayerFaultsError, UsageError
from gridtwin.grids.rule_faults import region_faults, unknown_word
from gridtwin.grids.rules import SELECT_ONE, BoundsRule, FrozenRule, Rules, SpecialRule, unselected
from gridtwin.grids.zones import FROZEN, GENERAL
from gridtwin.i18n import mark
from gridtwin.schemas import GRID_PURPOSES, SETTINGS

SECTIONS: dict[str, Any] = {"bounds": BoundsRule, "special": SpecialRule, "frozen": FrozenRule}
SPECIAL_PURPOSES = tuple(purpose for purpose in GRID_PURPOSES if purpose not in (GENERAL, FROZEN))
KINDS = {
    "minimum": "count", "maximum": "count", "target": "count", "communities": "words", "subdistricts": "words",
    "setting": "setting", "purpose": "purpose", "uses": "words", "compounds": "words", "area": "polygon",
    "share": "share", "min_area_m2": "amount", "min_buildings": "count", "name": "text", "name_zh": "text",
    "grids": "words", "decree": "text", "date": "day",
}  # fmt: skip


def parse_rules(content: Mapping[str, Any], layers: Mapping[str, pd.DataFrame], *, special: bool = True) -> Rules:
    """Return the rules in ``content``, checked in themselves and against the region.

    Parameters
    ----------
    content
        Lists of tables ``bounds``, ``special`` and ``frozen``, with the attributes of the rules as keys;
        polygons as text (WKT).
    layers, special
        As in :func:`gridtwin.grids.rule_faults.check_rules`.

    Raises
    ------
    LayerFaultsError
        Everything that is wrong, each with the place in the file and what to do.
    """
    faults: list[Fault] = []
    made: dict[str, list[Any]] = {name: [] for name in SECTIONS}
    for name, tables in content.items():
        if name not in SECTIONS:
            faults.append(
                unknown_word("section_unknown", mark("there is no kind of rule '{word}'"), name, name, SECTIONS)
            )
        elif not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            text = mark("write each rule below a line of its own, [[{name}]]")
            faults.append(Fault("not_a_list", text, name, params={"name": name}))
        else:
            made[name] = [_rule(name, number, table, faults) for number, table in enumerate(tables, start=1)]
    rules = Rules(**{name: tuple(rule for rule in found if rule is not None) for name, found in made.items()})
    numbers = {name: [n for n, rule in enumerate(found, 1) if rule is not None] for name, found in made.items()}
    faults += region_faults(rules, layers, special=special, numbers=numbers)
    if faults:
        raise LayerFaultsError(faults)
    return rules


def _rule(section: str, number: int, table: Mapping[str, Any], faults: list[Fault]) -> Any:
    """Return one rule, or None with what is wrong with it added to ``faults``."""
    before, place = len(faults), f"[[{section}]] {number}"
    known = {item.name: item for item in fields(SECTIONS[section])}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key == "file":  # a path that can be read has become an area
            faults.append(Fault("value_unreadable", mark("write the path of a polygon file in quotes"), place, key))
            continue
        if key not in known:
            faults.append(unknown_word("key_unknown", mark("there is no key '{word}'"), place, key, known, key))
            continue
        read, message = _READ[KINDS[key]]
        try:
            values[key] = read(value)
        except ValueError:
            faults.append(Fault("value_unreadable", message, place, key))
    for key, item in known.items():
        if item.default is MISSING and key not in table:
            faults.append(Fault("key_missing", mark("the key is missing"), place, key, hint=mark("add it")))
    if names := unselected(SECTIONS[section].select_by, ["area" if key == "file" else key for key in table]):
        faults.append(Fault("selection_not_one", SELECT_ONE, place, params={"names": names}))
    if len(faults) > before:
        return None
    try:
        return SECTIONS[section](**values)
    except UsageError as error:
        faults.append(Fault(error.code, error.message, place, params=error.params))
        return None


def _checked(fits: Callable[[Any], bool], convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a reader that converts the values that fit, and raises ValueError for the others."""

    def read(value: Any) -> Any:
        if not fits(value):
            raise ValueError(value)
        return convert(value)

    return read


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value))


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _day(value: Any) -> str:
    return dt.date.fromisoformat(str(value)).isoformat()


def _polygon(text: str) -> Any:
    shape = shapely.from_wkt(text, on_invalid="ignore")
    if shape is None or shapely.get_dimensions(shape) != 2 or not shapely.is_valid(shape):
        raise ValueError(text)
    return shape


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) > 0 and all(map(_text, value))


_READ: dict[str, tuple[Callable[[Any], Any], str]] = {
    "text": (_checked(_text, str.strip), mark("write text in quotes")),
    "words": (_checked(_texts, tuple), mark('write a list of texts, such as ["a", "b"]')),
    "count": (_checked(lambda value: _whole(value) and value >= 1, int), mark("write a whole number from 1")),
    "amount": (_checked(lambda value: _number(value) and value >= 0, float), mark("write a number from 0")),
    "share": (_checked(lambda value: _number(value) and 0 < value <= 1, float), mark("write a number above 0 up to 1")),
    "day": (_checked(lambda value: isinstance(value, dt.date | str), _day), mark("write a day as 2026-01-31")),
    "polygon": (_checked(_text, _polygon), mark("this is no polygon")),
    "setting": (_checked(lambda value: value in SETTINGS, str), mark("write urban or rural, in quotes")),
    "purpose": (
        _checked(lambda value: value in SPECIAL_PURPOSES, str),
        mark("write campus, market, office, hospital, industry or other, in quotes"),
    ),
}
