"""Texts of service areas, coverage and sites in English and Chinese: on the map, and in the report."""

from __future__ import annotations

# key: (English, Chinese); {names} are filled in by the page.
SERVICE_TEXTS: dict[str, tuple[str, str]] = {
    "limit_s": ("{minutes} min", "{minutes} 分钟"),
    "limit_m": ("{metres} m", "{metres} 米"),
    # what the page shows
    "view": ("What the map shows", "地图内容"),
    "view_plan": ("Grid plan", "网格方案"),
    "view_areas": ("Service areas", "服务范围"),
    "view_coverage": ("Coverage", "覆盖情况"),
    # service areas
    "areas_title": ("Service areas by kind", "各类设施的服务范围"),
    "areas_hint": (
        "On foot along the streets; the nearer, the darker. Click a facility for its own area and who lives in it.",
        "沿道路步行可达的范围；越近颜色越深。单击设施可查看其自身的服务范围及住户。",
    ),
    "area_of": ("{kind}: within {limit}", "{kind}：{limit}内"),
    "layer_kind": ("Facilities: {kind}", "设施：{kind}"),
    "layer_sites": ("Proposed sites", "建议选址"),
    "households_within": ("Households within {limit}", "{limit}内户数"),
    "persons_within": ("Persons within {limit}", "{limit}内人数"),
    "opening_hours": ("Open", "开放时间"),
    "heading_sites": ("Proposed site {value}", "建议选址 {value}"),
    "site_households": ("Households that gain", "受益户数"),
    "site_persons": ("Persons that gain", "受益人数"),
    "site_within": ("Within", "限值"),
    # coverage
    "coverage_title": ("Who reaches what", "设施可达情况"),
    "coverage_kind": ("Kind", "设施类型"),
    "coverage_limit": ("Within", "限值"),
    "coverage_group": ("People", "人群"),
    "coverage_share": ("Reached", "覆盖率"),
    "coverage_target": ("Target", "目标"),
    "coverage_met": ("{target}, met", "{target}，达标"),
    "coverage_missed": ("{target}, missed", "{target}，未达标"),
    "grids_by_share": ("Grids by people who reach it", "网格（按可达人口比例）"),
    "share_below": ("below {high} %", "低于 {high}%"),
    "share_range": ("{low} % to below {high} %", "{low}% 至不足 {high}%"),
    "share_from": ("{low} % and more", "{low}% 及以上"),
    "share_none": ("nobody lives there", "无居民"),
    "layer_gaps": ("Homes not reached: {households} households", "未覆盖住宅：{households} 户"),
    "gap_below": ("fewer than {high} households", "少于 {high} 户"),
    "gap_range": ("{low}–{high} households", "{low}–{high} 户"),
    "gap_from": ("{low} households and more", "{low} 户及以上"),
    "heading_gaps": ("Not reached: building {value}", "未覆盖：建筑 {value}"),
    "grid_share": ("People who reach it: {kind}, {limit}", "可达人口比例：{kind}，{limit}"),
    "walk_to": ("Walk to the nearest: {kind}", "到最近设施的步行时间：{kind}"),
    "no_way": ("no way on foot", "步行不可达"),
    "unit_min": ("{value} min", "{value} 分钟"),
    # groups of people
    "group_households": ("households", "住户"),
    "group_all": ("all people", "全体居民"),
    "group_elderly": ("elderly", "老年人"),
    "group_disabled": ("disabled", "残疾人"),
    "group_children": ("children", "儿童"),
    "group_migrant_children": ("migrants' children", "随迁子女"),
    "group_special": ("special groups", "特殊群体"),
}
