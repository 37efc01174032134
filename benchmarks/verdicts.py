"""Who is better in what: GridTwin against each peer and official division, column by column.

A peer is compared with GridTwin at the best quality that takes no longer than the peer (at least "fast"), in the
digits that the table shows. Compactness, streets and compounds can be bought with balance: where a peer is better in
these, GridTwin with bounds as wide as the peer's balance is compared too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

Values = Mapping[str, float]


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes
    ----------
    title
        Its heading.
    form
        Format of its figures.
    sign
        1 if more is better, −1 if less is.
    step
        Differences up to half of this are none; a share of the figure for seconds.
    soft
        Whether it can be bought with balance.
    """

    title: str
    form: str
    sign: int
    step: float
    soft: bool = False


COLUMNS = {
    "within": Column("within", ".1%", 1, 0.001),
    "households_within": Column("households within", ".1%", 1, 0.001),
    "contiguous": Column("contiguous", ".1%", 1, 0.001),
    "nested": Column("nested", ".1%", 1, 0.001),
    "compactness": Column("mean PP", ".3f", 1, 0.001, soft=True),
    "street_share": Column("along streets", ".1%", 1, 0.001, soft=True),
    "split": Column("compounds split", ".0f", -1, 1.0, soft=True),
    "cpu_s": Column("CPU s", ".3g", -1, 0.2),
}


class Verdict(Enum):
    """How a peer does against GridTwin."""

    BETTER = "better"
    EQUAL = "equal"
    WORSE = "worse"
    UNKNOWN = "–"


@dataclass(frozen=True)
class Judgement:
    """Verdicts on one peer.

    Attributes
    ----------
    peer, rival
        Titles of the peer and of GridTwin's run it is compared with.
    balanced
        Title of GridTwin's run at the peer's balance; empty if none was needed.
    verdicts
        By column.
    at_equal_balance
        Verdicts against ``balanced``, by soft column in which the peer is better.
    """

    peer: str
    rival: str
    balanced: str
    verdicts: dict[str, Verdict]
    at_equal_balance: dict[str, Verdict]

    def cells(self) -> list[str]:
        """Return one cell for each column."""
        return [
            verdict.value
            + (f" ({self.at_equal_balance[name].value} at equal balance)" if name in self.at_equal_balance else "")
            for name, verdict in self.verdicts.items()
        ]

    def better(self) -> set[str]:
        """Return the columns in which the peer is better, balance being equal."""
        final = self.verdicts | self.at_equal_balance
        return {name for name, verdict in final.items() if verdict is Verdict.BETTER}


def verdict(name: str, peer: float, own: float) -> Verdict:
    """Return how ``peer`` does against ``own`` in a column."""
    if math.isnan(peer) or math.isnan(own):
        return Verdict.UNKNOWN
    column = COLUMNS[name]
    step = column.step * own if name == "cpu_s" else column.step
    gain = column.sign * (peer - own)
    if abs(gain) <= step / 2:
        return Verdict.EQUAL
    return Verdict.BETTER if gain > 0 else Verdict.WORSE


def verdicts(peer: Values, own: Values) -> dict[str, Verdict]:
    """Return the verdict in each column."""
    return {name: verdict(name, peer[name], own[name]) for name in COLUMNS}


def bought(found: Mapping[str, Verdict]) -> list[str]:
    """Return the soft columns in which a peer is better although fewer of its grids are within the bounds."""
    if found["within"] is not Verdict.WORSE:
        return []
    return [name for name, column in COLUMNS.items() if column.soft and found[name] is Verdict.BETTER]


def rival(seconds: float, own: Mapping[str, Values]) -> str:
    """Return the title of GridTwin's slowest run that takes no longer than ``seconds``, at least its fastest."""
    ranked = sorted(own, key=lambda title: own[title]["cpu_s"])
    quick = [title for title in ranked if own[title]["cpu_s"] <= seconds]
    return quick[-1] if quick else ranked[0]


def where_peers_are_better(judgements: Iterable[tuple[str, Judgement]]) -> dict[str, list[str]]:
    """Return by column the peers (with the input) that are better than GridTwin, balance being equal."""
    found: dict[str, list[str]] = {name: [] for name in COLUMNS}
    for case, judgement in judgements:
        for name in judgement.better():
            found[name].append(f"{judgement.peer} ({case})")
    return found
