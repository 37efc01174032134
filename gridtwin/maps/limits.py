"""Kinds of facilities and limits of walking, as a page names and orders them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from gridtwin.load.kinds import facility_kinds
from gridtwin.maps.page import Text
from gridtwin.services.limits import Limit
from gridtwin.units import MINUTE_S

Pair = tuple[str, Limit]  # a kind of facility and a limit


def limit_code(limit: Limit) -> str:
    """Return a short name for columns: 600s, 500m."""
    return f"{limit.within:g}{'s' if limit.weight == 'seconds' else 'm'}"


def limit_text(limit: Limit) -> Text:
    """Return a limit in words: 10 min, 500 m."""
    if limit.weight == "seconds":
        return Text("limit_s", {"minutes": round(limit.within / MINUTE_S, 1)})
    return Text("limit_m", {"metres": round(limit.within)})


def limit_rank(limit: Limit) -> tuple[bool, float]:
    """Return what limits are ordered by: times before distances, the nearest first."""
    return limit.weight != "seconds", limit.within


def by_limit(table: Any) -> list[tuple[str, Limit, Any]]:
    """Return the rows of ``table`` by kind and limit (columns kind, within_s, within_m; either limit is empty)."""
    found = [
        (str(kind), Limit("seconds", float(seconds)) if pd.notna(seconds) else Limit("length_m", float(metres)), rows)
        for (kind, seconds, metres), rows in table.groupby(["kind", "within_s", "within_m"], dropna=False)
        if pd.notna(seconds) or pd.notna(metres)
    ]
    ranks = {kind: rank for rank, kind in enumerate(kind_order(kind for kind, _, _ in found))}
    return sorted(found, key=lambda item: (ranks[item[0]], limit_rank(item[1])))


def headlines(coverage: pd.DataFrame) -> dict[str, Limit]:
    """Return the limit at which each kind is judged first: that of its target, else its longest time or distance."""
    rows = by_limit(coverage)
    judged = by_limit(coverage[coverage["target"].notna()])
    farthest = {kind: limit for kind, limit, _ in rows if limit.weight != "seconds"}
    longest = {kind: limit for kind, limit, _ in rows if limit.weight == "seconds"}
    return farthest | longest | {kind: limit for kind, limit, _ in judged}


def most_general(coverage: pd.DataFrame) -> pd.DataFrame:
    """Return the rows for general walkers; where there are none, those of the first kind of walkers."""
    walkers = sorted(coverage["walker"].dropna().unique(), key=lambda name: (name != "general", name))
    return coverage[coverage["walker"] == walkers[0]] if walkers else coverage


def kind_order(kinds: Iterable[str]) -> list[str]:
    """Return kinds in the order of the catalogue, those it lacks last."""
    ranks = {name: rank for rank, name in enumerate(facility_kinds())}
    return sorted(set(kinds), key=lambda name: (ranks.get(name, len(ranks)), name))


def kind_text(kind: str) -> Text:
    """Return the name of a kind; one that the catalogue lacks stands as it is."""
    return Text(f"value.kind.{kind}") if kind in facility_kinds() else Text("heading_plain", {"value": kind})
