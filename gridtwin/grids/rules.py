"""Rules by place: bounds by community, special-purpose grids by use, grids frozen by decree."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import shapely

from gridtwin.errors import UsageError
from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import Flags, Indices
from gridtwin.i18n import mark

SELECT_ONE = mark("give one of: {names}")


class _Selecting:
    """A rule that chooses its places by one of several keys."""

    select_by: ClassVar[tuple[str, ...]]

    def __post_init__(self) -> None:
        names = unselected(self.select_by, [name for name in self.select_by if getattr(self, name)])
        if names:
            raise UsageError("selection_not_one", SELECT_ONE, names=names)


def unselected(select_by: Iterable[str], given: Iterable[str]) -> str:
    """Return the keys to choose from if not exactly one of them is given, else nothing; an area comes from a file."""
    if len(set(select_by) & set(given)) == 1:
        return ""
    return ", ".join("file" if key == "area" else key for key in select_by)


@dataclass(frozen=True)
class BoundsRule(_Selecting):
    """Bounds of the communities that are named, lie in a subdistrict, or have a setting.

    Attributes
    ----------
    minimum, maximum, target
        Households a grid; the target is the middle when left out.
    communities
        Ids of communities; ``*`` stands for any characters.
    subdistricts
        Ids of subdistricts; ``*`` stands for any characters.
    setting
        "urban" or "rural", as column ``setting`` of layer ``communities`` says.
    """

    select_by = ("communities", "subdistricts", "setting")

    minimum: int
    maximum: int
    target: int = 0
    communities: tuple[str, ...] = ()
    subdistricts: tuple[str, ...] = ()
    setting: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.applied_to(DivideParams())  # refuses bounds that are out of order

    def applied_to(self, params: DivideParams) -> DivideParams:
        """Return ``params`` with the bounds of this rule."""
        return replace(params, minimum=self.minimum, maximum=self.maximum, target=self.target)

    def matches(self, communities: pd.DataFrame) -> Flags:
        """Return which communities the rule holds for."""
        if self.setting:
            return np.asarray(communities["setting"].eq(self.setting).fillna(False), bool)
        column, patterns = self.patterns
        return np.asarray(np.any([like(communities[column], pattern) for pattern in patterns], axis=0))

    @property
    def patterns(self) -> tuple[str, tuple[str, ...]]:
        """Column of the communities that is looked at, and what is looked for."""
        if self.communities:
            return "community_id", self.communities
        return "subdistrict_id", self.subdistricts


@dataclass(frozen=True)
class SpecialRule(_Selecting):
    """Special-purpose grids: where units of some use, compound or area lie together within a community.

    Attributes
    ----------
    purpose
        One of :data:`gridtwin.schemas.GRID_PURPOSES` between "general" and "frozen".
    uses, compounds
        Values of ``use`` or ``compound_id`` of the buildings.
    area
        Polygon, in the CRS of the region.
    share
        Share of the floor area of a unit that such buildings must have for it to belong, above 0 to 1.
    min_area_m2, min_buildings
        Least land, and fewest such buildings, of a grid.
    name, name_zh
        Name of the grids, in English and Chinese.
    """

    select_by = ("uses", "compounds", "area")

    purpose: str
    uses: tuple[str, ...] = ()
    compounds: tuple[str, ...] = ()
    area: Any = None
    share: float = 0.5
    min_area_m2: float = 0.0
    min_buildings: int = 0
    name: str = ""
    name_zh: str = ""

    @property
    def buildings_by(self) -> tuple[str, tuple[str, ...]]:
        """Column of the buildings that is looked at, and what is looked for."""
        return ("use", self.uses) if self.uses else ("compound_id", self.compounds)


@dataclass(frozen=True)
class FrozenRule(_Selecting):
    """Grids that stay as they are: grids of the plan by code, or all land in a polygon as one grid a community.

    Attributes
    ----------
    grids
        Codes of grids of the present plan.
    area
        Polygon, in the CRS of the region.
    decree, date
        Number and day (ISO 8601) of the decree.
    name, name_zh
        Name of the grids, in English and Chinese.
    """

    select_by = ("grids", "area")

    grids: tuple[str, ...] = ()
    area: Any = None
    decree: str = ""
    date: str = ""
    name: str = ""
    name_zh: str = ""

    @property
    def note(self) -> str:
        """Number and date of the decree in one line."""
        return ", ".join(word for word in (self.decree, self.date) if word)


@dataclass(frozen=True)
class Rules:
    """All rules of a region; without any, one pair of bounds holds everywhere."""

    bounds: tuple[BoundsRule, ...] = ()
    special: tuple[SpecialRule, ...] = ()
    frozen: tuple[FrozenRule, ...] = ()

    def __bool__(self) -> bool:
        """Return whether there is any rule."""
        return bool(self.bounds or self.special or self.frozen)

    @property
    def frozen_codes(self) -> dict[str, FrozenRule]:
        """Return the rule of each grid that is frozen by its code."""
        return {code: rule for rule in self.frozen for code in rule.grids}

    def params(self, general: DivideParams) -> tuple[DivideParams, ...]:
        """Return the parameters of each zone, the general ones first."""
        return (general, *(rule.applied_to(general) for rule in self.bounds))

    def zone_of(self, communities: pd.DataFrame) -> Indices:
        """Return the zone of each community, a number into :meth:`params`, (communities,)."""
        zone = np.zeros(len(communities), np.int64)
        for number, rule in enumerate(self.bounds, start=1):
            zone[rule.matches(communities)] = number
        return zone

    def to_dict(self) -> dict[str, list[dict[str, Any]]]:
        """Return the rules as plain values, polygons as text (WKT), as :mod:`gridtwin.grids.rule_text` reads them."""
        return {
            section.name: [_plain(rule) for rule in getattr(self, section.name)]
            for section in fields(self)
            if getattr(self, section.name)
        }


NO_RULES = Rules()


def _plain(rule: Any) -> dict[str, Any]:
    """Return a rule as plain values, without what is as if left out."""
    given = {item.name: getattr(rule, item.name) for item in fields(rule) if getattr(rule, item.name) != item.default}
    given |= {key: list(value) for key, value in given.items() if isinstance(value, tuple)}
    if "area" in given:
        given["area"] = area_text(given["area"])
    return given


def area_text(area: Any) -> str:
    """Return a polygon as text (WKT), to the micrometre."""
    return str(shapely.to_wkt(area, rounding_precision=6))


def like(values: pd.Series, pattern: str) -> Flags:
    """Return which values fit a pattern in which ``*`` stands for any characters."""
    return np.asarray(values.str.match(fnmatch.translate(pattern)).fillna(False), bool)
