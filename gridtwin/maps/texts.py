"""Every text of a map page in English and Chinese; titles of columns come from the data dictionary."""

from __future__ import annotations

from gridtwin.load.kinds import facility_kinds
from gridtwin.schemas import GRID_PURPOSES, LAYERS, VIOLATION_CODES

# key: (English, Chinese); {names} are filled in by the page.
TEXTS: dict[str, tuple[str, str]] = {
    # the page
    "map": ("Map", "地图"),
    "legend": ("Legend and layers", "图例与图层"),
    "language": ("Language", "语言"),
    "print": ("Print", "打印"),
    "zoom_in": ("Zoom in", "放大"),
    "zoom_out": ("Zoom out", "缩小"),
    "north": ("N", "北"),
    "north_up": ("North is up", "上方为北"),
    "layers": ("Layers", "图层"),
    "help": (
        "Point at a feature for its details; click to keep them open, Esc to close.",
        "指向要素查看详情；单击固定，按 Esc 关闭。",
    ),
    "no_value": ("–", "–"),
    "source": ("Source: {source}", "数据来源：{source}"),
    "search": ("Find a grid or community", "查找网格或社区"),
    "search_hint": ("Code or name", "代码或名称"),
    "search_found": ("{count} found", "找到 {count} 个"),
    "search_nothing": ("Nothing found", "没有找到"),
    # key facts
    "fact_grids": ("Grids", "网格"),
    "fact_within": ("Within {minimum}–{maximum} households", "户数在 {minimum}–{maximum} 内"),
    "fact_within_own": ("Within their bounds", "户数在各自上下限内"),
    "fact_within_note": ("{within} of {grids} grids", "{grids} 个网格中的 {within} 个"),
    "fact_households": ("Households", "户数"),
    "fact_counted": ("{counted} % counted, {estimated} % estimated", "实数 {counted}%，估算 {estimated}%"),
    "fact_counted_unknown": ("share counted not known", "实数比例未知"),
    "fact_communities": ("Communities", "社区"),
    "fact_buildings": ("Buildings", "建筑"),
    "fact_violations": ("Grids that break a rule", "违反规则的网格"),
    # legend of the grids
    "legend_grids": ("Households by grid", "各网格户数"),
    "class_none": ("no households", "无住户"),
    "class_below": ("below {minimum}", "低于 {minimum}"),
    "class_range": ("{low}–{high}", "{low}–{high}"),
    "class_above": ("above {maximum}", "高于 {maximum}"),
    "class_below_own": ("below its minimum", "低于本网格下限"),
    "class_above_own": ("above its maximum", "高于本网格上限"),
    "class_special": ("special-purpose or frozen", "专属或冻结网格"),
    "class_violation": ("breaks a rule", "违反规则"),
    # layers
    "layer_grids": ("Grids", "网格"),
    "layer_communities": ("Communities", "社区"),
    "layer_units": ("Units", "基本单元"),
    "layer_buildings": ("Buildings, by households", "建筑（按户数）"),
    "layer_streets": ("Streets", "道路"),
    "layer_water": ("Water", "水域"),
    "layer_railway": ("Railways", "铁路"),
    "layer_motorway": ("Motorways", "高速公路"),
    "layer_wall": ("Walls", "围墙"),
    "layer_facilities": ("Facilities", "设施"),
    "layer_shelters": ("Shelters", "避难场所"),
    "layer_depots": ("Depots", "物资储备点"),
    # tooltips
    "heading_grids": ("Grid {value}", "网格 {value}"),
    "heading_units": ("Unit {value}", "单元 {value}"),
    "heading_buildings": ("Building {value}", "建筑 {value}"),
    "heading_plain": ("{value}", "{value}"),
    "below_by": ("{amount} below the minimum of {minimum}", "比下限 {minimum} 少 {amount} 户"),
    "above_by": ("{amount} above the maximum of {maximum}", "比上限 {maximum} 多 {amount} 户"),
    "because": ("{reason} ({detail})", "{reason}（{detail}）"),
    "value.households_source.counted": ("counted", "实数"),
    "value.households_source.flats": ("from the number of flats", "按套数"),
    "value.households_source.estimated": ("estimated", "估算"),
    **{f"value.purpose.{purpose}": titles for purpose, titles in GRID_PURPOSES.items()},
    "value.kind.water": ("water", "水域"),
    "value.kind.railway": ("railway", "铁路"),
    "value.kind.motorway": ("motorway", "高速公路"),
    "value.kind.wall": ("wall", "围墙"),
    "value.tier.community": ("community", "社区"),
    "value.tier.subdistrict": ("subdistrict", "街道"),
    "value.tier.district": ("district", "区"),
    "unit_m2": ("{value} m²", "{value} 平方米"),
    "unit_ha": ("{value} ha", "{value} 公顷"),
    "unit_percent": ("{value} %", "{value}%"),
}

LANGS = ("en", "zh")


def page_texts() -> dict[str, dict[str, str]]:
    """Return all texts by language and key, with titles of columns, kinds of facilities and reasons of violations."""
    pairs = dict(TEXTS)
    for kind in facility_kinds().values():
        pairs[f"value.kind.{kind.kind}"] = (kind.en, kind.zh)
    for layer in LAYERS.values():
        for column in layer.columns:
            pairs[f"column.{layer.name}.{column.name}"] = (column.en, column.zh)
    pairs["column.grids.community"] = ("Community", "社区")
    for code, pair in VIOLATION_CODES.items():
        pairs[f"violation.{code}"] = pair
    return {lang: {key: pair[place] for key, pair in pairs.items()} for place, lang in enumerate(LANGS)}
