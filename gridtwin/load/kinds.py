"""The catalogue of facility kinds: titles, words, OpenStreetMap tags, how near they should be and who says so."""

from __future__ import annotations

import difflib
import functools
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gridtwin.errors import Fault, LayerFaultsError, UsageError, first_ids
from gridtwin.i18n import language, mark, tr
from gridtwin.load.datafiles import data_path, table_rows
from gridtwin.schemas import conform
from gridtwin.units import MINUTE_S

KINDS_FILE = "facility_kinds.csv"
CIRCLES_MIN = (5.0, 10.0, 15.0)
# How sure a figure is, by the letter in the data tables.
CERTAINTIES = {
    "A": mark("read in the source"),
    "B": mark("as quoted by others"),
    "C": mark("not confirmed, check before use"),
}
NAME = re.compile(r"[a-z][a-z0-9_]*")
_WORDS_SHOWN = 8


@dataclass(frozen=True, kw_only=True)
class Standard:
    """A walking distance or time that somebody asks for.

    Attributes
    ----------
    en, zh
        Titles of what it is asked for.
    within_m, within_s
        Walking distance and time, metres and seconds; None where it is not known.
    source, clause, source_zh, clause_zh
        Where distance and time stand, in English and in Chinese.
    certainty
        How sure they are, a letter of :data:`CERTAINTIES`; empty where there is no figure.
    """

    en: str
    zh: str
    within_m: float | None = None
    within_s: float | None = None
    source: str = ""
    source_zh: str = ""
    clause: str = ""
    clause_zh: str = ""
    certainty: str = ""

    def title(self, lang: str | None = None) -> str:
        """Return the title in ``lang`` (the user's language by default)."""
        return self.zh if (lang or language()) == "zh" else self.en

    def standard(self, lang: str | None = None) -> str:
        """Return distance and time with their source and how sure they are, so that no doubt is shown as a fact.

        Nothing where neither is known.
        """
        limits = []
        if self.within_m is not None:
            limits.append(tr(mark("{metres:g} m"), lang).format(metres=self.within_m))
        if self.within_s is not None:
            limits.append(tr(mark("{minutes:g} min"), lang).format(minutes=self.within_s / MINUTE_S))
        if not limits:
            return ""
        chinese = (lang or language()) == "zh"
        cited = (
            (self.source_zh or self.source, self.clause_zh or self.clause) if chinese else (self.source, self.clause)
        )
        origin = [word for word in (*cited, tr(CERTAINTIES.get(self.certainty, ""), lang)) if word]
        if chinese:
            return "、".join(limits) + (f"（{'；'.join(origin)}）" if origin else "")
        return ", ".join(limits) + (f" ({'; '.join(origin)})" if origin else "")


@dataclass(frozen=True, kw_only=True)
class FacilityKind(Standard):
    """One kind of facility, and how near it should be.

    Attributes
    ----------
    kind
        Name in files and on the command line.
    aliases
        Further words for it in users' tables.
    osm
        OpenStreetMap tags that mean it, key and value each.
    circle_s
        Living circle that it belongs to, seconds: 300, 600 or 900; None where it belongs to none.
    capacity_unit
        What ``facilities.capacity`` counts, a unit of :data:`gridtwin.units.UNITS` or the user's own word.
    """

    kind: str
    aliases: tuple[str, ...] = ()
    osm: tuple[tuple[str, str], ...] = ()
    circle_s: float | None = None
    capacity_unit: str = ""


class FacilityKinds(Mapping[str, FacilityKind]):
    """All kinds by name, a user's own before those that come with GridTwin."""

    def __init__(self, kinds: Mapping[str, FacilityKind]) -> None:
        self._kinds = dict(kinds)
        self._words: dict[str, str] = {}
        for kind in self._kinds.values():
            for word in (kind.en, kind.zh, *kind.aliases):
                self._words.setdefault(word.lower(), kind.kind)
        self._words |= {name: name for name in self._kinds}

    def __getitem__(self, kind: str) -> FacilityKind:
        """Return the kind of this very name."""
        return self._kinds[kind]

    def __iter__(self) -> Iterator[str]:
        """Go through the names in the order of the catalogue."""
        return iter(self._kinds)

    def __len__(self) -> int:
        """Return how many kinds there are."""
        return len(self._kinds)

    @property
    def tags(self) -> tuple[tuple[str, str, str], ...]:
        """Kind, key and value of every OpenStreetMap tag; the first that fits an object counts."""
        return tuple((kind.kind, key, value) for kind in self._kinds.values() for key, value in kind.osm)

    def find(self, word: str) -> FacilityKind:
        """Return the kind that a name, title or alias means.

        Raises
        ------
        UsageError
            If no kind is called so; the error names the most similar ones and says how to add a kind.
        """
        found = self._words.get(word.strip().lower())
        if found is not None:
            return self._kinds[found]
        near = self.near(word)
        raise UsageError(
            "kind_unknown",
            mark("there is no kind of facility '{word}'; did you mean {near}? A row in a table of your own adds a kind")
            if near
            else mark("there is no kind of facility '{word}'; the kinds are: {known}. A table of your own adds others"),
            word=word,
            near=", ".join(near),
            known=", ".join(self._kinds),
        )

    def near(self, word: str) -> tuple[str, ...]:
        """Return the names of up to three kinds that are called like ``word``."""
        similar = difflib.get_close_matches(word.strip().lower(), list(self._words), n=6, cutoff=0.6)
        return tuple(dict.fromkeys(self._words[found] for found in similar))[:3]

    def named(self, words: pd.Series) -> pd.Series:
        """Return the name of the kind that each word means; unknown words and gaps stay as they are."""
        known = words.astype("object").map(lambda word: self._words.get(str(word).strip().lower()), na_action="ignore")
        return known.where(known.notna(), words).astype("str")

    def unknown(self, facilities: pd.DataFrame) -> tuple[np.ndarray[tuple[int], np.dtype[np.bool_]], str]:
        """Return which facilities are of a kind that is not here, and these kinds with the most similar ones."""
        kind = facilities["kind"]
        strange = (kind.notna() & ~kind.isin(list(self._kinds))).to_numpy(bool)
        listed = []
        for word in sorted(kind[strange].unique())[:_WORDS_SHOWN]:
            near = self.near(str(word))
            listed.append(f"{word} ({near[0]}?)" if near else str(word))
        return strange, ", ".join(listed)

    def applied(self, facilities: pd.DataFrame) -> pd.DataFrame:
        """Return facilities with the names of kinds in place of titles and aliases.

        Raises
        ------
        LayerFaultsError
            If some kinds are unknown; all are listed.
        """
        out = facilities.assign(kind=self.named(facilities["kind"]))
        strange, words = self.unknown(out)
        if strange.any():
            raise LayerFaultsError(
                [
                    Fault(
                        "kind_unknown",
                        mark("{count} facilities are of unknown kinds: {words}"),
                        "facilities",
                        "kind",
                        first_ids(out["facility_id"][strange]),
                        int(strange.sum()),
                        mark("translate them in the mapping file, or add rows for them to a table given with --kinds"),
                        params={"words": words},
                    )
                ]
            )
        return out


def conform_with_kinds(frame: pd.DataFrame, name: str, kinds: FacilityKinds | None = None) -> Any:
    """Return ``frame`` as layer ``name``; facilities have kinds of the catalogue (by default ours) besides."""
    layer = conform(frame, name)
    return (kinds or facility_kinds()).applied(layer) if name == "facilities" else layer


def facility_kinds(path: str | Path | None = None) -> FacilityKinds:
    """Return the kinds that come with GridTwin, and those of the user's table, which go before them.

    Parameters
    ----------
    path
        CSV with the columns of ``data/facility_kinds.csv``, of which kind, en and zh are needed.

    Raises
    ------
    InputMissingError
        If there is no such file.
    LayerFaultsError
        Everything that is wrong with the table.
    """
    ours = _our_kinds()
    if not path:
        return ours
    given = _read_kinds(Path(path))
    return FacilityKinds(given | {name: kind for name, kind in ours.items() if name not in given})


@functools.cache
def _our_kinds() -> FacilityKinds:
    return FacilityKinds(_read_kinds(data_path(KINDS_FILE)))


def _read_kinds(path: Path) -> dict[str, FacilityKind]:
    """Return the kinds of one table by name, or raise everything that is wrong with it."""
    faults: list[Fault] = []
    kinds: dict[str, FacilityKind] = {}
    for row in table_rows(path, ("kind", "en", "zh")):
        cells = Cells(row, path.name, row["kind"], faults)
        name = cells.name("kind")
        kinds[name] = FacilityKind(
            kind=name,
            en=cells.text("en"),
            zh=cells.text("zh"),
            aliases=cells.words("aliases"),
            osm=cells.tags("osm"),
            circle_s=cells.seconds("circle_min", CIRCLES_MIN),
            capacity_unit=row.get("capacity_unit", ""),
            **cells.standard(),
        )
    if faults:
        raise LayerFaultsError(faults)
    return kinds


@dataclass(frozen=True)
class Cells:
    """The cells of one row; what cannot be read is added to ``faults``."""

    row: Mapping[str, str]
    file: str
    key: str
    faults: list[Fault]

    def bad(self, column: str, message: str) -> None:
        """Note that a cell cannot be read."""
        value = self.row.get(column, "")
        self.faults.append(Fault("cell_wrong", message, self.file, column, (self.key,), 1, params={"value": value}))

    def name(self, column: str) -> str:
        """Return a name of small letters, digits and underscores."""
        if not NAME.fullmatch(self.row[column]):
            self.bad(column, mark("'{value}' is no name; write small letters, digits and _"))
        return self.row[column]

    def text(self, column: str) -> str:
        """Return a text that must be there."""
        if not self.row.get(column):
            self.bad(column, mark("the cell is empty; fill it in"))
        return self.row.get(column, "")

    def words(self, column: str) -> tuple[str, ...]:
        """Return the words between ``|``."""
        return tuple(word.strip() for word in self.row.get(column, "").split("|") if word.strip())

    def tags(self, column: str) -> tuple[tuple[str, str], ...]:
        """Return the key and value of each tag between ``|``."""
        pairs = [tuple(part.strip() for part in word.split("=")) for word in self.words(column)]
        if not all(len(pair) == 2 and all(pair) for pair in pairs):
            self.bad(column, mark("'{value}' is no list of tags; write key=value|key=value"))
            return ()
        return tuple((pair[0], pair[1]) for pair in pairs)

    def number(self, column: str, low: float = 0.0, high: float = math.inf) -> float | None:
        """Return a number above ``low`` and up to ``high``, None where the cell is empty."""
        text = self.row.get(column, "")
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and low < value <= high):
            self.bad(column, mark("'{value}' is no number that makes sense here"))
        return value

    def seconds(self, column: str, choices: tuple[float, ...] = ()) -> float | None:
        """Return minutes as seconds, None where the cell is empty; only ``choices`` where there are any."""
        minutes = self.number(column)
        if minutes is not None and choices and minutes not in choices and math.isfinite(minutes):
            self.bad(column, mark("'{value}' is no living circle; write 5, 10 or 15"))
        return None if minutes is None else minutes * MINUTE_S

    def standard(self) -> dict[str, Any]:
        """Return the fields of a :class:`Standard`, but for its titles."""
        letter = self.row.get("certainty", "").upper()
        if letter and letter not in CERTAINTIES:
            self.bad("certainty", mark("'{value}' is no certainty; write A, B or C"))
        cited = {name: self.row.get(name, "") for name in ("source", "source_zh", "clause", "clause_zh")}
        limits = {"within_m": self.number("within_m"), "within_s": self.seconds("within_min")}
        return {**limits, **cited, "certainty": letter}
