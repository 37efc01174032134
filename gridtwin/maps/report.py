"""The report on a plan for those who vote on it: what was asked for, what came out, and what needs a decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import folium
import numpy as np
import pandas as pd

from gridtwin import __version__
from gridtwin.grids import GridPlan
from gridtwin.grids.measures import within_bounds
from gridtwin.grids.remedies import remedy_text
from gridtwin.grids.zones import GENERAL
from gridtwin.i18n import language
from gridtwin.maps.page import Text
from gridtwin.maps.plan import plan_map
from gridtwin.maps.sheet import (
    Bin,
    Block,
    Both,
    Case,
    Cases,
    Caution,
    Column,
    Figure,
    Histogram,
    Items,
    Measure,
    Measures,
    Prose,
    Section,
    Sheet,
    Table,
    Words,
)
from gridtwin.maps.sheet_texts import REPORT_TEXTS
from gridtwin.schemas import GRID_PURPOSES, VIOLATION_CODES

PLACES = 6  # communities named where a rule has bounds of its own, at most
BINS_WITHIN = 8  # bars between the bounds
BINS_BEYOND = 12  # bars on either side of them, at most; the outermost hold all that lies beyond


@dataclass(frozen=True)
class Heading:
    """What stands at the head of a report: region, name of the plan, first day and sources, shown literally."""

    region: str
    plan: str
    date: str
    source: str = ""


def plan_report(plan: GridPlan, layers: Mapping[str, pd.DataFrame], *, heading: Heading, lang: str) -> folium.Map:
    """Return the report on a plan, to be written with :func:`gridtwin.maps.offline.save_map`.

    Parameters
    ----------
    plan
        The plan.
    layers
        Further layers of the region for the map: streets, barriers, facilities and so on.
    heading
        Names, day and sources.
    lang
        Language at first, ``"en"`` or ``"zh"``; the reader can switch.

    Returns
    -------
    folium.Map
        The map of :func:`gridtwin.maps.plan.plan_map` with the report around it.

    Raises
    ------
    UsageError
        As :func:`gridtwin.maps.plan.plan_map`.
    """
    summary = plan.summary()
    minimum, maximum = plan.params.minimum, plan.params.maximum
    figure_map = plan_map(
        {**layers, **plan.layers()},
        lang=lang,
        title=heading.region,
        minimum=minimum,
        maximum=maximum,
        summary={**summary, "source": heading.source},
    )
    Sheet(
        [figure_map],
        subtitle=Text("report"),
        sections=[
            _head(plan, summary, heading),
            _hard_rules(plan),
            _soft_rules(plan),
            _figures(plan, summary),
            Section(Text("map_title"), [Figure()]),
            Section(Text("histogram"), _histograms(plan)),
            _exceptions(plan),
            _communities(plan),
            _grids(plan),
        ],
        texts=REPORT_TEXTS,
    ).add_to(figure_map)
    return figure_map


def _head(plan: GridPlan, summary: Mapping[str, Any], heading: Heading) -> Section:
    p = plan.params
    tidy = int(plan.grids["violations"].isna().sum())
    counts = {"tidy": tidy, "grids": len(plan.grids)}
    verdict = Text("report_verdict_all" if tidy == len(plan.grids) else "report_verdict", counts)
    bounds = Text("bounds_value", {"minimum": p.minimum, "maximum": p.maximum, "target": p.target})
    rows = [
        Measure(Text("plan"), [heading.plan], "text"),
        Measure(Text("valid_from"), [heading.date], "text"),
        Measure(Text("bounds"), [bounds], "text"),
        Measure(Text("quality"), [Text(f"quality_{p.quality}")], "text"),
        Measure(Text("seed"), [Text("seed_value", {"seed": str(p.seed)})], "text"),
        Measure(Text("made_by"), [f"GridTwin {__version__}"], "text"),
    ]
    rows += [Measure(Text("source_of"), [heading.source], "text")] if heading.source else []
    blocks: list[Block] = [Measures(rows), Prose(verdict)]
    estimated = 1.0 - float(summary["counted_share"])
    if estimated > 0 and summary["households"]:
        params = {"estimated": _percent(estimated), "households": summary["households"]}
        blocks.insert(0, Caution(Text("report_estimated", params)))
    return Section(Text("head"), blocks)


def _hard_rules(plan: GridPlan) -> Section:
    """Return what no plan may break: bounds, by place where they differ, and how a grid lies."""
    p = plan.params
    rules = [Text("rule_bounds", {"minimum": p.minimum, "maximum": p.maximum}), *_bounds_by_place(plan)]
    m = plan.summary()
    if m["special_purpose_grids"] or m["frozen_grids"]:
        rules.append(Text("rule_special", {"special": m["special_purpose_grids"], "frozen": m["frozen_grids"]}))
    rules += [Text(f"rule_{name}") for name in ("community", "contiguous", "buildings", "seams")]
    locked = int(plan.grids["locked"].fillna(False).sum())
    rules += [Text("rule_locks", {"locked": locked})] if locked else []
    return Section(Text("hard"), [Items(rules)], intro=Text("hard_intro"))


def _bounds_by_place(plan: GridPlan) -> list[Text]:
    """Return the bounds of communities that have their own."""
    names = _names(plan)
    zone = plan.grid_rules.zone_of(plan.communities)
    found = []
    for number, rule in enumerate(plan.grid_rules.bounds, start=1):
        places = [names[c] for c in plan.communities["community_id"][zone == number]]
        if places:
            shown = ", ".join(places[:PLACES]) + (", …" if len(places) > PLACES else "")
            bounds = {"minimum": rule.minimum, "maximum": rule.maximum}
            found.append(Text("rule_bounds_in", {**bounds, "places": shown}))
    return found


def _soft_rules(plan: GridPlan) -> Section:
    """Return the weights of what is preferred, each with its unit."""
    p = plan.params
    w = p.weights
    weights: list[tuple[float, Words]] = [
        (w.outside, Text("weight_outside")),
        (w.compound_split, Text("weight_compound")),
        (w.compactness, Text("weight_compactness")),
        (w.balance, Text("weight_balance", {"target": p.target})),
        *((cost, Text(f"weight_cut_{kind}")) for kind, cost in enumerate(w.boundary())),
    ]
    columns = [Column(Text("weight_for")), Column(Text("weight"), "decimal")]
    return Section(Text("soft"), [Table(columns, [[words, weight] for weight, words in weights])], Text("soft_intro"))


def _figures(plan: GridPlan, m: Mapping[str, Any]) -> Section:
    p = plan.params
    homes = {"homes": _percent(m["households_within_bounds"])}
    bounds = {"minimum": p.minimum, "maximum": p.maximum}
    extremes = {"least": m["households_a_grid_min"], "most": m["households_a_grid_max"]}
    staff = {"volunteers": m["volunteers"], "team": int(plan.staffing["team_full_time"].sum())}
    rows = [
        _measure("grids", m["grids"], "integer", {"communities": m["communities"]}),
        _within(m["share_within_bounds"], homes if plan.grid_rules else {**homes, **bounds}),
        _measure("spread", m["households_a_grid_sd"], "integer", extremes),
        _measure("compactness", m["compactness_mean"], "decimal", {"least": f"{m['compactness_min']:.2f}"}),
        _measure("street_share", m["street_share"], "share"),
        _measure("compounds_split", m["compounds_split"], "integer", {"compounds": m["compounds"]}),
        _measure("longest_walk", m["longest_walk_m"], "metres"),
        _measure("officers", m["grid_officers"], "integer", staff),
    ]
    if "objective_gap" in m:
        known = {"gap": f"{100 * m['objective_gap']:.1f}", "listed": f"{100 * m['households_listed']:.0f}"}
        rows.append(_measure("proved", m["households_proved_best"], "share", known))
    if "households_moved" in m:
        share = {"share": f"{100 * m['share_moved']:.1f}"}
        rows.append(_measure("moved", m["households_moved"], "integer", share))
    return Section(Text("figures"), [Measures(rows)])


def _within(share: float, params: Mapping[str, Any]) -> Measure:
    """Return the share of grids within the bounds, which are named where they are the same for all grids."""
    meaning = "within_meaning" if "minimum" in params else "within_meaning_own"
    return Measure(Text("within"), [share], "share", Text(meaning, params))


def _measure(key: str, value: float | None, kind: str, params: Mapping[str, Any] | None = None) -> Measure:
    return Measure(Text(key), [value], kind, Text(f"{key}_meaning", params or {}))


def _histograms(plan: GridPlan) -> list[Histogram]:
    """Return one histogram for each pair of bounds; grids without bounds are in none."""
    bounds = ["minimum_households", "maximum_households"]
    return [histogram(some["households"], int(low), int(high)) for (low, high), some in plan.grids.groupby(bounds)]


def histogram(households: pd.Series, minimum: int, maximum: int) -> Histogram:
    """Return the numbers of grids by households, in bars that begin at both bounds.

    Parameters
    ----------
    households
        Households of each grid.
    minimum, maximum
        The bounds. A grid of ``maximum`` households is within them, so that a bar begins one above.
    """
    load = households.to_numpy(np.int64)
    bars = min(BINS_WITHIN, maximum + 1 - minimum)
    step = -(-(maximum + 1 - minimum) // bars)
    below = min(-(-max(minimum - int(load.min()), 0) // step), BINS_BEYOND, -(-minimum // step))
    above = min(-(-max(int(load.max()) - maximum, 0) // step), BINS_BEYOND)
    starts = [
        *(max(minimum - step * n, 0) for n in range(below, 0, -1)),
        *(minimum + round((maximum + 1 - minimum) * n / bars) for n in range(bars)),
        *(maximum + 1 + step * n for n in range(above + 1)),
    ]
    edges = np.array(starts)
    counts = np.bincount(np.clip(np.searchsorted(edges, load, "right") - 1, 0, len(edges) - 2))
    counts = np.pad(counts, (0, max(len(edges) - 1 - len(counts), 0)))
    sides = np.where(edges < minimum, "below", np.where(edges > maximum, "above", "within"))
    bins = [
        Bin(int(low), int(high), int(count), str(side))
        for low, high, count, side in zip(edges[:-1], edges[1:], counts, sides[:-1], strict=True)
    ]
    told = {
        "minimum": minimum,
        "maximum": maximum,
        "below": int((load < minimum).sum()),
        "within": int(((load >= minimum) & (load <= maximum)).sum()),
        "above": int((load > maximum).sum()),
    }
    lines = ((minimum, str(minimum)), (maximum + 1, str(maximum)))
    return Histogram(bins, lines, Text("histogram_axis"), Text("histogram_alternative", told))


def _exceptions(plan: GridPlan) -> Section:
    """Return each grid that breaks a rule with its reasons and remedies."""
    if plan.violations.empty:
        return Section(Text("exceptions"), [Prose(Text("exceptions_none"))])
    names, by_grid = _names(plan), plan.grids.set_index("grid_id")
    remedies = dict(list(plan.remedies.groupby("grid_id")))
    cases = []
    for grid, broken in plan.violations.groupby("grid_id"):
        row = by_grid.loc[grid]
        params = {"grid": grid, "community": names[row["community_id"]], "households": int(row["households"])}
        reasons: list[Words] = []
        for code, detail in zip(broken["code"], broken["detail"], strict=True):
            reasons += [Text(f"violation.{code}"), _in_language(detail)]
        cases.append(Case(Text("exception", params), reasons, _remedies(remedies.get(grid))))
    intro = Text("exceptions_intro")
    return Section(Text("exceptions"), [Cases(cases, Text("remedies"))], intro=intro)


def _in_language(detail: str) -> Both:
    """Return the detail of a violation, which was written in the user's language, in that language alone."""
    return Both(detail, "") if language() == "en" else Both("", detail)


def _remedies(some: pd.DataFrame | None) -> Sequence[Words]:
    """Return remedies in both languages, each once."""
    if some is None:
        return []
    pairs = zip(some["remedy"], some["params"], strict=True)
    return list(dict.fromkeys(Both(remedy_text(r, p, "en"), remedy_text(r, p, "zh")) for r, p in pairs))


def _communities(plan: GridPlan) -> Section:
    names = _names(plan)
    within = pd.Series(within_bounds(plan.grids)).groupby(plan.grids["community_id"]).sum()
    rows = [
        [names[c], _cell(homes), _cell(grids), int(within.get(c, 0)), _cell(officers), _cell(team)]
        for c, homes, grids, officers, team in zip(
            *(plan.staffing[name] for name in ("community_id", "households", "grids", "grid_officers")),
            plan.staffing["team_full_time"],
            strict=True,
        )
    ]
    counts = ("households", "grids_count", "within_count", "officers_count", "team_count")
    columns = [Column(Text("community")), *(Column(Text(key), "integer") for key in counts)]
    return Section(Text("communities"), [Table(columns, rows)], intro=Text("sort_hint"))


_GRID_COLUMNS = (
    ("households", "households", "integer"),
    ("persons", "persons", "integer"),
    ("area_m2", "area", "area"),
    ("compactness", "compact", "decimal"),
    ("street_share", "along", "share"),
    ("longest_walk_m", "walk", "metres"),
)


def _grids(plan: GridPlan) -> Section:
    names, grids = _names(plan), plan.grids
    codes = plan.violations.groupby("grid_id")["code"].agg(list).to_dict()
    values = [grids[name].astype(object).where(grids[name].notna(), None) for name, _, _ in _GRID_COLUMNS]
    purposes = _purposes(grids)
    rows = [
        [grid, names[community], *purpose, *(_cell(value) for value in cells), _broken(codes.get(grid, ()))]
        for grid, community, purpose, *cells in zip(
            grids["grid_id"], grids["community_id"], purposes, *values, strict=True
        )
    ]
    columns = [
        Column(Text("grid"), "code"),
        Column(Text("community")),
        *(Column(Text("purpose")) for _ in purposes[0]),
        *(Column(Text(key), kind) for _, key, kind in _GRID_COLUMNS),
        Column(Text("broken")),
    ]
    return Section(Text("grids_title"), [Table(columns, rows)], intro=Text("sort_hint"))


def _purposes(grids: pd.DataFrame) -> list[list[Words]]:
    """Return purpose and name of each grid as the cells of a column, which is left out if all grids are general."""
    if grids["purpose"].eq(GENERAL).all():
        return [[] for _ in range(len(grids))]
    columns = (grids["purpose"], grids["name"].fillna(""), grids["name_zh"].fillna(""))
    return [[_purpose(*row)] for row in zip(*columns, strict=True)]


def _purpose(purpose: str, name: str, name_zh: str) -> Words:
    if purpose == GENERAL:
        return Both("", "")
    en, zh = GRID_PURPOSES[purpose]
    both = name or name_zh, name_zh or name
    return Both(f"{en}: {both[0]}" if both[0] else en, f"{zh}：{both[1]}" if both[1] else zh)


def _names(plan: GridPlan) -> dict[str, str]:
    """Return the name of each community, its id where it has none."""
    ids = plan.communities["community_id"]
    return dict(zip(ids, plan.communities["name"].fillna(ids), strict=True))


def _broken(codes: Sequence[str]) -> Words:
    titles = [VIOLATION_CODES[code] for code in codes]
    return Both("; ".join(en for en, _ in titles), "；".join(zh for _, zh in titles))


def _cell(value: Any) -> float | None:
    """Return a number as JSON knows it, to five digits after the point."""
    return None if pd.isna(value) else round(float(value), 5)


def _percent(share: float) -> float:
    """Return per cent, to a decimal where whole ones would hide the rest."""
    return round(100 * share, 1) if round(100 * share) in (0, 100) else round(100 * share)
