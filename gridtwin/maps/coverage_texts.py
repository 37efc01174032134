"""Texts of the report on coverage in English and Chinese; those of the map in it are in service_texts.py."""

from __future__ import annotations

from gridtwin.maps.sheet_texts import SHEET_TEXTS

# key: (English, Chinese); {names} are filled in by the page.
COVERAGE_TEXTS: dict[str, tuple[str, str]] = SHEET_TEXTS | {
    "coverage_report": ("Report on walking coverage of facilities", "设施步行覆盖情况报告"),
    "coverage_estimated": (
        "{estimated} % of the households are estimated from buildings, not counted; so are the people who reach "
        "facilities or do not. Have the counts confirmed before decisions rest on them.",
        "{estimated}% 的户数由建筑估算，并非实数；可达与不可达的人数亦为估算。据此决策前须核实户数。",
    ),
    # in brief
    "head": ("Coverage in brief", "覆盖概况"),
    "kinds": ("Kinds of facilities", "设施类型数"),
    "day": ("Day", "日期"),
    "made_by": ("Made by", "生成软件"),
    "source_of": ("Sources", "数据来源"),
    "targets_met": ("{met} of {targets} targets are met.", "{targets} 项目标中有 {met} 项达标。"),
    "targets_none": ("No target applies to these kinds and limits.", "所列类型与限值没有适用的目标。"),
    "reached_title": ("Who reaches what", "设施可达情况"),
    "reached_intro": (
        "Share of all people who can walk from their home to a facility of the kind within the limit.",
        "能够在限值内从住处步行到达该类设施的居民比例。",
    ),
    "facilities_count": ("Facilities", "设施数"),
    # targets
    "targets_title": ("Targets", "目标"),
    "targets_intro": (
        "Where each target stands, and how sure its figure is, is told beside it.",
        "每项目标均注明出处及其可靠程度。",
    ),
    "where": ("Where", "范围"),
    "setting_any": ("whole region", "全区域"),
    "setting_urban": ("towns", "城镇"),
    "setting_rural": ("villages", "农村"),
    "asked": ("Asked for", "要求"),
    "not_reached": ("Not reached", "未覆盖"),
    "judgement": ("Result", "结果"),
    "met": ("met", "达标"),
    "missed": ("missed", "未达标"),
    "target_source": ("Where it stands", "出处"),
    # maps
    "pictures_title": ("Grids by coverage", "各网格覆盖情况"),
    "pictures_intro": (
        "Share of the people of each grid who reach the kind. Each kind is shown at the limit of its target, else at "
        "the longest limit.",
        "各网格居民中可达该类设施的比例。各类设施按其目标的限值显示；无目标的按最大限值显示。",
    ),
    "picture_caption": ("{kind}, {limit}", "{kind}，{limit}"),
    "map_title": ("Map", "地图"),
    "map_intro": (
        "Choose a kind and a limit beside the map. Point at a grid for its share; click a facility for its own area.",
        "在地图旁选择设施类型和限值。指向网格可查看其比例；单击设施可查看其自身的服务范围。",
    ),
    # where it fails
    "worst_community": ("Communities where most people are not reached", "未覆盖人口最多的社区"),
    "worst_grid": ("Grids where most people are not reached", "未覆盖人口最多的网格"),
    "worst_intro": (
        "For each kind the first {worst}, with those who are not reached. “<{few}” stands for 1 to below {few} people "
        "of a group that needs protection.",
        "每类设施列出前 {worst} 个及其未覆盖人数。受保护人群的人数为 1 至不足 {few} 时，以“<{few}”表示。",
    ),
    "missed_title": ("How many are not reached", "未覆盖人数"),
    "few_intro": (
        "“<{few}” stands for 1 to below {few} people of a group that needs protection.",
        "受保护人群的人数为 1 至不足 {few} 时，以“<{few}”表示。",
    ),
    "count_households": ("Households", "户数"),
    "count_persons": ("Persons", "人数"),
    "count_elderly": ("Elderly", "老年人"),
    "count_disabled": ("Disabled", "残疾人"),
    "count_children": ("Children", "儿童"),
    "count_migrant_children": ("Migrants' children", "随迁子女"),
    "count_capacity": ("Capacity", "容量"),
    # sites
    "sites_title": ("Proposed sites", "建议选址"),
    "sites_intro": (
        "Where the next facilities would stand best, in the order of what they gain: people who would reach the kind "
        "within the limit and do not today.",
        "下一批设施的最佳位置，按新增覆盖排序：目前不可达、建成后在限值内可达的人口。",
    ),
    "site": ("Site", "选址"),
    # all figures
    "groups_title": ("By group of people: share reached", "按人群：覆盖率"),
    # notes
    "notes_title": ("How it was counted", "计算说明"),
    "note_counted": (
        "Who is covered is read off the walk from each building along the streets to the nearest facility, with the "
        "straight way between building and street; a drawn area decides nothing.",
        "是否覆盖由各建筑沿道路步行到最近设施的路程判定，含建筑与道路之间的直线段；图上的范围不作为判定依据。",
    ),
    "note_walker_general": (
        "Walkers are taken at {speed} m/s on the flat ({km_h} km/h).",
        "步行速度按平地 {speed} 米/秒（{km_h} 公里/小时）计。",
    ),
    "note_walker_elderly": (
        "Walkers are taken to be elderly, at {speed} m/s on the flat ({km_h} km/h).",
        "按老年人步行计，平地速度 {speed} 米/秒（{km_h} 公里/小时）。",
    ),
    "note_walker_wheelchair": (
        "People are taken to move in a wheelchair, at {speed} m/s on the flat ({km_h} km/h), not on steep streets.",
        "按轮椅通行计，平地速度 {speed} 米/秒（{km_h} 公里/小时），不走陡坡。",
    ),
    "note_walker_child": (
        "Walkers are taken to have a child with them, at {speed} m/s on the flat ({km_h} km/h).",
        "按携带儿童步行计，平地速度 {speed} 米/秒（{km_h} 公里/小时）。",
    ),
    "note_slope_tobler": (
        "Slopes change the speed by Tobler's hiking function.",
        "坡度对速度的影响按 Tobler 徒步函数计。",
    ),
    "note_slope_irmischer": (
        "Slopes change the speed by the function of Irmischer and Clarke.",
        "坡度对速度的影响按 Irmischer 与 Clarke 函数计。",
    ),
    "note_slope_none": ("Slopes are left out of account.", "不考虑坡度。"),
    "note_step_free": ("Stairs are not used.", "不走台阶。"),
    "note_direction_to": ("People walk from home to the facility.", "步行方向为从住处到设施。"),
    "note_direction_from": ("People walk from the facility home.", "步行方向为从设施到住处。"),
    "note_closed": ("Streets taken to be closed: {streets}.", "按封闭处理的道路：{streets} 条。"),
    "note_special": (
        "Special groups are the elderly, the disabled and migrants' children; who belongs to two of them counts twice.",
        "特殊群体指老年人、残疾人和随迁子女；同属两类者计两次。",
    ),
    "note_snap": (
        "Buildings and facilities farther than {metres} m from any street are not put on the streets.",
        "距最近道路超过 {metres} 米的建筑和设施不接入路网。",
    ),
    "note_no_street": (
        "Buildings with people but no street nearby: {buildings}; their people count as not covered.",
        "有居民但附近无道路的建筑：{buildings} 栋；其居民计为未覆盖。",
    ),
    "note_areas": (
        "Of the households that service areas hold, {inside} % stand inside a drawn area though they do not reach "
        "the facility, and {outside} % reach it from outside.",
        "以服务范围内户数计，{inside}% 位于图上范围内但不可达，{outside}% 位于范围外但可达。",
    ),
}
