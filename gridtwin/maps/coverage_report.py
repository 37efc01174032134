"""The report on coverage: who reaches what on foot, against which targets, where it fails, and what would help."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import folium
import pandas as pd

from gridtwin import __version__
from gridtwin.errors import InputMissingError
from gridtwin.i18n import mark
from gridtwin.maps.coverage import GROUPS, share_legend
from gridtwin.maps.coverage_notes import model_notes
from gridtwin.maps.coverage_texts import COVERAGE_TEXTS
from gridtwin.maps.limits import by_limit, headlines, kind_order, kind_text, limit_text, most_general
from gridtwin.maps.packed import PackedLayer
from gridtwin.maps.page import Text
from gridtwin.maps.plan import plan_map
from gridtwin.maps.service_panel import ServicePanel
from gridtwin.maps.sheet import (
    Block,
    Both,
    Caution,
    Column,
    Few,
    Figure,
    Items,
    Look,
    Measure,
    Measures,
    Picture,
    Pictures,
    Prose,
    Section,
    Sheet,
    Table,
    Words,
)
from gridtwin.services.catalogue import Target
from gridtwin.services.limits import Limit

FEW = 5  # counts of sensitive groups from 1 to below this are not told
SENSITIVE = ("elderly", "disabled", "children", "migrant_children", "special")
WORST = 5  # grids and communities listed for each kind
_GROUND = ("water", "streets", "communities")  # layers below a small map
_PEOPLE = ("households", "persons", "elderly", "disabled", "children", "migrant_children")


def coverage_report(
    layers: Mapping[str, pd.DataFrame],
    *,
    lang: str,
    title: str,
    date: str = "",
    source: str = "",
    targets: Sequence[Target] = (),
    walking: Mapping[str, Any] | None = None,
) -> folium.Map:
    """Return the report on coverage, to be written with :func:`gridtwin.maps.offline.save_map`.

    Parameters
    ----------
    layers
        Layers of a region; ``coverage`` is needed, and what :func:`gridtwin.maps.plan.plan_map` draws is used. No
        table lists homes.
    lang
        Language at first, ``"en"`` or ``"zh"``; the reader can switch.
    title
        Name of the region, shown literally.
    date, source
        Day of the data and where they come from, shown literally.
    targets
        Targets by which the coverage was judged; their sources and how sure they are is told.
    walking
        How people were taken to walk, as the command ``reach`` stores it: group, slope, step_free, direction, close
        and snap_within.

    Returns
    -------
    folium.Map
        The map with the report around it.

    Raises
    ------
    InputMissingError
        There is no coverage.
    UsageError
        As :func:`gridtwin.maps.plan.plan_map`.
    """
    coverage = layers.get("coverage")
    if coverage is None or coverage.empty:
        raise InputMissingError(
            "coverage_missing", mark("there is no layer 'coverage'; 'gridtwin reach' makes it"), layer="coverage"
        )
    table = most_general(coverage)
    heads = headlines(table)
    figure_map = plan_map(layers, lang=lang, title=title, summary={"source": source}, first="coverage")
    pictured, pictures = _pictures(figure_map, heads)
    sections = [
        _head(layers, table, date, source),
        _reached(layers, table),
        *_targets(table, targets),
        *pictures,
        Section(Text("map_title"), [Figure()], intro=Text("map_intro")),
        *_worst(layers, table, heads),
        _in_all(table),
        *_sites(layers),
        Section(Text("groups_title"), [_groups(table)]),
        Section(Text("notes_title"), [Items(model_notes(layers, table, walking or {}))]),
    ]
    Sheet(
        [figure_map], subtitle=Text("coverage_report"), sections=sections, texts=COVERAGE_TEXTS, pictured=pictured
    ).add_to(figure_map)
    return figure_map


def protected(count: float, group: str) -> float | Few | None:
    """Return a count of people, or :class:`~gridtwin.maps.sheet.Few` in place of a small one of a sensitive group."""
    if pd.isna(count):
        return None
    number = round(float(count))
    return Few(FEW) if group in SENSITIVE and 0 < number < FEW else number


# ---- what it comes to ----


def _head(layers: Mapping[str, pd.DataFrame], table: pd.DataFrame, date: str, source: str) -> Section:
    judged = _judged(table)
    met = int(judged["met"].fillna(False).sum())
    kinds = table["kind"].nunique()
    rows = [
        Measure(Text("kinds"), [str(kinds)], "text"),
        *([Measure(Text("day"), [date], "text")] if date else []),
        Measure(Text("made_by"), [f"GridTwin {__version__}"], "text"),
        *([Measure(Text("source_of"), [source], "text")] if source else []),
    ]
    verdict = Text("targets_met", {"met": met, "targets": len(judged)}) if len(judged) else Text("targets_none")
    estimated = _estimated_share(layers)
    blocks: list[Block] = [Measures(rows), Prose(verdict)]
    if estimated:
        blocks.insert(0, Caution(Text("coverage_estimated", {"estimated": round(100 * estimated, 1)})))
    return Section(Text("head"), blocks)


def _estimated_share(layers: Mapping[str, pd.DataFrame]) -> float:
    """Return the share of households that were not counted; 0 where it is not known."""
    buildings = layers.get("buildings")
    if buildings is None or not {"households", "households_source"} <= set(buildings.columns):
        return 0.0
    total = float(buildings["households"].sum())
    counted = float(buildings.loc[buildings["households_source"].eq("counted").fillna(False), "households"].sum())
    return (total - counted) / total if total else 0.0


def _judged(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the whole region, or of its towns and villages apart, that a target applies to."""
    return table[table["area"].isin(("region", "setting")) & table["target"].notna()]


def _of_region(table: pd.DataFrame, group: str) -> pd.DataFrame:
    return table[(table["area"] == "region") & (table["group"] == group)]


def _reached(layers: Mapping[str, pd.DataFrame], table: pd.DataFrame) -> Section:
    """Return kinds by limits: the share of all people who reach a facility."""
    shares = {(kind, limit): float(rows["share"].iloc[0]) for kind, limit, rows in by_limit(_of_region(table, "all"))}
    limits = list(dict.fromkeys(limit for _, limit, _ in by_limit(table.assign(kind=""))))
    facilities = layers["facilities"]["kind"].value_counts() if "facilities" in layers else pd.Series(dtype=int)
    rows = [
        [kind_text(kind), int(facilities.get(kind, 0)), *(_share(shares.get((kind, limit))) for limit in limits)]
        for kind in kind_order(kind for kind, _ in shares)
    ]
    columns = [
        Column(Text("coverage_kind")),
        Column(Text("facilities_count"), "integer"),
        *(Column(limit_text(limit), "share") for limit in limits),
    ]
    return Section(Text("reached_title"), [Table(columns, rows)], intro=Text("reached_intro"))


def _share(value: float | None) -> float | None:
    """Return a share to the per cent, for finer ones would tell small counts of people; all and nobody are exact."""
    if value is None or pd.isna(value):
        return None
    return value if value in (0.0, 1.0) else min(max(round(float(value), 2), 0.01), 0.99)


def _targets(table: pd.DataFrame, targets: Sequence[Target]) -> list[Section]:
    """Return what was asked for, by whom, how sure that is, and what came out."""
    rows: list[list[Any]] = []
    for kind, limit, some in by_limit(_judged(table)):
        for area_id, group, total, covered, share, target, met in zip(
            *(some[name] for name in ("area_id", "group", "total", "covered", "share", "target", "met")), strict=True
        ):
            asked = [one for one in targets if kind in one.kinds and one.group == group and one.share == target]
            setting = Text(f"setting_{area_id}") if area_id in ("urban", "rural") else Text("setting_any")
            rows.append(
                [
                    kind_text(kind), limit_text(limit), Text(f"group_{group}"), setting, _share(target), _share(share),
                    protected(total - covered, group), Text("met" if met else "missed"), _cited(asked),
                ]
            )  # fmt: skip
    if not rows:
        return []
    columns = [
        Column(Text("coverage_kind")), Column(Text("coverage_limit")), Column(Text("coverage_group")),
        Column(Text("where")), Column(Text("asked"), "share"), Column(Text("coverage_share"), "share"),
        Column(Text("not_reached"), "integer"), Column(Text("judgement")), Column(Text("target_source")),
    ]  # fmt: skip
    return [Section(Text("targets_title"), [Table(columns, rows)], intro=Text("targets_intro"))]


def _cited(asked: Sequence[Target]) -> Words:
    """Return where a target stands and how sure it is, in both languages."""
    en, zh = ("; ".join(dict.fromkeys(one.standard(lang) for one in asked)) for lang in ("en", "zh"))
    return Both(en, zh)


# ---- where ----


def _pictures(figure_map: folium.Map, heads: Mapping[str, Limit]) -> tuple[list[PackedLayer], list[Section]]:
    """Return the layers of small maps, and a picture of each kind at its headline limit."""
    children = list(figure_map._children.values())
    panel = next((child for child in children if isinstance(child, ServicePanel)), None)
    if panel is None or panel.grids is None:
        return [], []
    grids = panel.grids
    ground = [child for child in children if isinstance(child, PackedLayer) and child.layer_name in _GROUND]
    points = {kind.name: kind.facilities for kind in panel.services.kinds if kind.facilities is not None}
    foci = {focus.kind: focus for focus in panel.services.coverage.foci if heads.get(focus.kind) == focus.limit}
    shown = [focus for focus in foci.values() if focus.grids >= 0]
    pictured = [*ground, grids, *(points[focus.kind] for focus in shown if focus.kind in points)]
    place = {id(layer): n for n, layer in enumerate(pictured)}
    pictures = []
    for focus in shown:
        looks = [Look(n, labels=layer.layer_name == "communities") for n, layer in enumerate(ground)]
        looks.append(Look(place[id(grids)], focus.grids))
        looks += [Look(place[id(points[focus.kind])])] if focus.kind in points else []
        named = {"kind": kind_text(focus.kind), "limit": limit_text(focus.limit)}
        pictures.append(Picture(Text("picture_caption", named), looks))
    if not pictures:
        return [], []
    block = Pictures(pictures, share_legend())
    return pictured, [Section(Text("pictures_title"), [block], intro=Text("pictures_intro"))]


def _missed(table: pd.DataFrame) -> pd.DataFrame:
    """Return ``table`` with the people of each row who are not reached."""
    return table.assign(missed=table["total"] - table["covered"])


def _worst(layers: Mapping[str, pd.DataFrame], table: pd.DataFrame, heads: Mapping[str, Limit]) -> list[Section]:
    """Return the communities and grids where most people do not reach a kind, by group."""
    groups = _groups_in(table)
    sections = []
    for area in ("community", "grid"):
        rows = _worst_rows(_missed(table[table["area"] == area]), heads, groups, _names(layers, area))
        columns = [
            Column(Text("coverage_kind")),
            Column(Text("coverage_limit")),
            Column(Text(area), "text" if area == "community" else "code"),
            Column(Text("coverage_share"), "share"),
            *_missed_columns(groups),
        ]
        if rows:
            intro = Text("worst_intro", {"worst": WORST, "few": FEW})
            sections.append(Section(Text(f"worst_{area}"), [Table(columns, rows)], intro=intro))
    return sections


def _worst_rows(
    missed: pd.DataFrame, heads: Mapping[str, Limit], groups: Sequence[str], names: Mapping[str, str]
) -> list[list[Any]]:
    rows: list[list[Any]] = []
    for kind, limit, some in by_limit(missed):
        if heads[kind] != limit:
            continue
        by_group = some.pivot_table(index="area_id", columns="group", values="missed").reindex(columns=groups)
        share = some[some["group"] == "all"].set_index("area_id")["share"]
        worst = by_group[by_group["all"].round() > 0].sort_values("all", ascending=False, kind="stable").head(WORST)
        rows += [
            [kind_text(kind), limit_text(limit), names.get(area, area), _share(share[area]), *_counts(counts)]
            for area, counts in zip(worst.index, worst.to_dict("records"), strict=True)
        ]
    return rows


def _missed_columns(groups: Sequence[str]) -> list[Column]:
    return [Column(Text(f"group_{group}"), "integer") for group in groups]


def _groups_in(table: pd.DataFrame) -> list[str]:
    """Return the groups of people that the table tells, in their order."""
    return [group for group in ("households", *GROUPS) if table["group"].eq(group).any()]


def _counts(counts: Mapping[str, float]) -> list[float | Few | None]:
    return [protected(count, group) for group, count in counts.items()]


def _in_all(table: pd.DataFrame) -> Section:
    """Return how many people of each group do not reach each kind within each limit."""
    groups = _groups_in(table)
    rows = [
        [kind_text(kind), limit_text(limit), *_counts(some.set_index("group")["missed"].reindex(groups).to_dict())]
        for kind, limit, some in by_limit(_missed(table[table["area"] == "region"]))
    ]
    columns = [Column(Text("coverage_kind")), Column(Text("coverage_limit")), *_missed_columns(groups)]
    return Section(Text("missed_title"), [Table(columns, rows)], intro=Text("few_intro", {"few": FEW}))


def _names(layers: Mapping[str, pd.DataFrame], area: str) -> dict[str, str]:
    """Return what people call the areas: names of communities, codes of grids."""
    layer, key, name = ("communities", "community_id", "name") if area == "community" else ("grids", "grid_id", "code")
    frame = layers.get(layer)
    if frame is None or name not in frame:
        return {}
    return {str(k): str(v) for k, v in zip(frame[key], frame[name].fillna(frame[key]), strict=True)}


# ---- what would help ----


def _sites(layers: Mapping[str, pd.DataFrame]) -> list[Section]:
    """Return the proposed sites and who gains by each."""
    sites = layers.get("sites")
    if sites is None or sites.empty:
        return []
    counted = [name for name in (*_PEOPLE, "capacity") if name in sites and sites[name].notna().any()]
    rows = [
        [kind_text(kind), limit_text(limit), str(site), *_counts(dict(zip(counted, counts, strict=True)))]
        for kind, limit, some in by_limit(sites.assign(within_m=sites.get("within_m")))
        for site, *counts in some[["site_id", *counted]].itertuples(index=False)
    ]
    columns = [
        Column(Text("coverage_kind")), Column(Text("coverage_limit")), Column(Text("site"), "code"),
        *(Column(Text(f"count_{name}"), "integer") for name in counted),
    ]  # fmt: skip
    return [Section(Text("sites_title"), [Table(columns, rows)], intro=Text("sites_intro"))]


def _groups(table: pd.DataFrame) -> Table:
    """Return kinds and limits by groups: the share of each group of the region that is reached."""
    region = table[(table["area"] == "region") & (table["total"] > 0)]
    groups = _groups_in(region)
    rows = [
        [kind_text(kind), limit_text(limit), *(_share(some.get(group)) for group in groups)]
        for kind, limit, rows in by_limit(region)
        for some in [rows.set_index("group")["share"]]
    ]
    columns = [
        Column(Text("coverage_kind")),
        Column(Text("coverage_limit")),
        *(Column(Text(f"group_{group}"), "share") for group in groups),
    ]
    return Table(columns, rows)
