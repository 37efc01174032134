"""Texts of the report and of the comparison in English and Chinese; those of the map around them are in texts.py."""

from __future__ import annotations

# key: (English, Chinese); {names} are filled in by the page.
SHEET_TEXTS: dict[str, tuple[str, str]] = {
    "unit_m": ("{value} m", "{value} 米"),
    "unit_households": ("{value} households", "{value} 户"),
    "few": ("<{few}", "<{few}"),
    "households": ("Households", "户数"),
    "persons": ("Persons", "人口"),
    "community": ("Community", "社区"),
    "grid": ("Grid", "网格"),
}

REPORT_TEXTS: dict[str, tuple[str, str]] = SHEET_TEXTS | {
    "report": ("Report on the grid plan", "网格划分方案说明"),
    "report_verdict": (
        "{tidy} of {grids} grids keep every rule.",
        "{grids} 个网格中有 {tidy} 个满足全部规则。",
    ),
    "report_verdict_all": ("All {grids} grids keep every rule.", "全部 {grids} 个网格均满足全部规则。"),
    "report_estimated": (
        "{estimated} % of the {households} households are estimated from buildings, not counted. This plan is a "
        "draft: have the counts confirmed before it comes into force.",
        "{households} 户中有 {estimated}% 由建筑估算，并非实数。本方案为草案：生效前须核实户数。",
    ),
    # heading
    "head": ("The plan in brief", "方案概要"),
    "plan": ("Plan", "方案"),
    "valid_from": ("Valid from", "启用日期"),
    "bounds": ("Households a grid", "每个网格户数"),
    "bounds_value": ("{minimum}–{maximum}, best {target}", "{minimum}–{maximum}，以 {target} 为宜"),
    "seed": ("Seed of random choices", "随机种子"),
    "seed_value": ("{seed}; the same data and seed give the same plan", "{seed}；相同数据与种子得到相同方案"),
    "made_by": ("Made by", "生成软件"),
    "source_of": ("Sources", "数据来源"),
    # what was asked for
    "quality": ("Search", "求解质量"),
    "quality_fast": ("fast: a good plan, without proof", "快速：较优方案，不作证明"),
    "quality_good": (
        "good: improved, with a bound of how far the best plan can be",
        "良好：进一步优化，并给出与最优方案差距的上界",
    ),
    "quality_best": ("best: improved and proved as far as possible", "最佳：尽可能优化并证明"),
    "hard": ("What was asked for: rules that must hold", "划分要求：硬性规则"),
    "hard_intro": (
        "Rules that every grid keeps, or carries a reason why it cannot:",
        "每个网格须满足下列规则，否则注明原因：",
    ),
    "rule_bounds": ("{minimum} to {maximum} households", "户数在 {minimum} 至 {maximum} 之间"),
    "rule_bounds_in": (
        "{minimum} to {maximum} households where a rule by place says so: {places}",
        "按地点规则另定上下限的社区（{places}）：户数在 {minimum} 至 {maximum} 之间",
    ),
    "rule_special": (
        "no bounds of households for special-purpose grids ({special}) and frozen grids ({frozen})",
        "专属网格（{special} 个）和冻结网格（{frozen} 个）不设户数上下限",
    ),
    "rule_locks": ("locked grids stay as they are ({locked})", "锁定的网格保持不变（{locked} 个）"),
    "rule_community": ("within one community", "不跨社区"),
    "rule_contiguous": (
        "in one piece that people can walk through; water, railways and motorways part it unless a street crosses",
        "连通且可步行到达；水域、铁路和高速公路视为隔断，有道路跨越者除外",
    ),
    "rule_buildings": ("no building is cut", "不切割建筑"),
    "rule_seams": ("all grids together cover their community without gap or overlap", "网格无缝隙、无重叠地覆盖社区"),
    "soft": ("What was asked for: preferences", "划分要求：软性规则"),
    "soft_intro": (
        "Among plans that keep them, the one with the least sum of these penalties:",
        "在满足规则的方案中，取下列扣分之和最小者：",
    ),
    "weight": ("Penalty", "扣分"),
    "weight_for": ("For", "扣分项"),
    "weight_outside": (
        "each grid outside the bounds, and each 100 households beyond them",
        "每个超出上下限的网格，以及超出的每 100 户",
    ),
    "weight_compound": ("each further grid that a compound is spread over", "小区每多分属一个网格"),
    "weight_compactness": (
        "shape: 1 − 4π · area / perimeter² of each grid (a circle has 0)",
        "形状：每个网格的 1 − 4π·面积/周长²（圆为 0）",
    ),
    "weight_balance": (
        "balance: ((households − {target}) / 100)² of each grid",
        "均衡：每个网格的（（户数 − {target}）/100）²",
    ),
    "weight_cut_0": ("100 m of boundary inside a compound", "穿过小区内部的边界每 100 米"),
    "weight_cut_1": ("100 m of boundary between buildings", "建筑之间的边界每 100 米"),
    "weight_cut_2": ("100 m of boundary along a minor street", "沿支路的边界每 100 米"),
    "weight_cut_3": ("100 m of boundary along a main street", "沿主干道路的边界每 100 米"),
    "weight_cut_4": ("100 m of boundary along a barrier", "沿障碍的边界每 100 米"),
    # key figures
    "figures": ("Key figures", "主要指标"),
    "grids": ("Grids", "网格"),
    "grids_meaning": ("in {communities} communities", "分布于 {communities} 个社区"),
    "within": ("Grids within the bounds", "户数达标的网格"),
    "within_meaning": (
        "{minimum} to {maximum} households; {homes} % of all households live in such grids",
        "{minimum} 至 {maximum} 户；{homes}% 的住户在达标网格内",
    ),
    "within_meaning_own": (
        "each by the bounds of its own; {homes} % of all households live in such grids",
        "按各网格自身的上下限；{homes}% 的住户在达标网格内",
    ),
    "proved": ("Proved to be the best plan", "已证明为最优方案"),
    "proved_meaning": (
        "of the households; for {listed} % all plans could be compared, and the plan is at most {gap} % from the best",
        "的住户；其中可比较全部方案的占 {listed}%，这部分与最优方案的差距不超过 {gap}%",
    ),
    "spread": ("Spread of households a grid", "各网格户数的离散度"),
    "spread_meaning": (
        "standard deviation; the smallest grid has {least}, the largest {most}: the less, the fairer the load",
        "标准差；最小网格 {least} 户，最大网格 {most} 户：越小则负荷越均衡",
    ),
    "compactness": ("Compactness (Polsby–Popper)", "紧凑度（Polsby–Popper）"),
    "compactness_meaning": (
        "mean of 4π · area / perimeter²: 1 is a circle, 0.79 a square; the least compact grid has {least}",
        "4π·面积/周长² 的平均值：圆为 1，正方形为 0.79；最不紧凑的网格为 {least}",
    ),
    "street_share": ("Boundary along streets and barriers", "沿道路和障碍的边界"),
    "street_share_meaning": (
        "what people see on the ground; the rest runs between buildings",
        "地面可辨认的边界；其余在建筑之间",
    ),
    "compounds_split": ("Compounds split", "被分割的小区"),
    "compounds_split_meaning": (
        "of {compounds} compounds; each has several grid officers",
        "共 {compounds} 个小区；每个由多名网格员负责",
    ),
    "longest_walk": ("Longest walk within a grid", "网格内最长步行距离"),
    "longest_walk_meaning": (
        "between two inhabited buildings of one grid, along streets",
        "同一网格内两栋有住户建筑之间，沿道路",
    ),
    "officers": ("Grid officers", "专职网格员"),
    "officers_meaning": (
        "full-time, 1–2 a grid by its households; beside them {volunteers} volunteers. "
        "Teams of “1+3+N” in all communities would have {team}",
        "按户数每格 1–2 名；另有志愿者 {volunteers} 名。各社区“1+3+N”团队合计 {team} 名",
    ),
    "moved": ("Households in another grid than before", "换了网格的住户"),
    "moved_meaning": ("{share} % of all households", "占全部住户的 {share}%"),
    # map, histogram, exceptions
    "map_title": ("The plan on the map", "方案地图"),
    "histogram": ("Households of the grids", "各网格户数分布"),
    "histogram_axis": ("Households a grid", "每个网格户数"),
    "histogram_alternative": (
        "{below} grids are below {minimum} households, {within} within {minimum}–{maximum}, {above} above {maximum}; "
        "dashed lines mark the bounds.",
        "{below} 个网格低于 {minimum} 户，{within} 个在 {minimum}–{maximum} 户之间，{above} 个高于 {maximum} 户；"
        "虚线为上下限。",
    ),
    "exceptions": ("Exceptions, and what would mend them", "例外情况与解决办法"),
    "exceptions_intro": (
        "Each needs a decision: accept it, or choose one of the remedies. Every number in them has been checked "
        "against the households of the units.",
        "每项均需决定：予以接受，或选择一种解决办法。其中的数字均已按基本单元的户数核算。",
    ),
    "exceptions_none": ("None: every grid keeps every rule.", "无：全部网格均满足全部规则。"),
    "exception": ("Grid {grid}, {community}: {households} households", "网格 {grid}，{community}：{households} 户"),
    "remedies": ("What would mend it", "解决办法"),
    # tables
    "communities": ("Communities", "社区"),
    "grids_title": ("All grids", "全部网格"),
    "sort_hint": ("On the screen, a click on a heading sorts.", "在屏幕上单击表头可排序。"),
    "grids_count": ("Grids", "网格数"),
    "within_count": ("Within bounds", "达标网格"),
    "officers_count": ("Officers", "网格员"),
    "team_count": ("“1+3+N” staff", "“1+3+N”人员"),
    "purpose": ("Purpose", "网格类型"),
    "area": ("Area", "面积"),
    "compact": ("Compactness", "紧凑度"),
    "along": ("Along streets", "沿道路"),
    "walk": ("Longest walk", "最长步行"),
    "broken": ("Broken rules", "违反的规则"),
}  # fmt: skip

COMPARISON_TEXTS: dict[str, tuple[str, str]] = SHEET_TEXTS | {
    "comparison": ("Two plans side by side: {first} and {second}", "方案对比：{first} 与 {second}"),
    "comparison_moved": (
        "{moved} of {households} households ({share} %) would be in another grid.",
        "{households} 户中有 {moved} 户（{share}%）换到别的网格。",
    ),
    "comparison_unmatched": (
        "{unmatched} households live where the other region has no grid; they count as moved.",
        "{unmatched} 户所在之处在另一区域中没有网格，计入变动。",
    ),
    "comparison_map": ("Both plans on the map", "两个方案的地图"),
    "comparison_map_intro": (
        "Both maps move together. Point at a unit for its old and its new grid.",
        "两幅地图同步移动。指向基本单元可查看其原网格与新网格。",
    ),
    "caption": ("Plan {plan}: {grids} grids", "方案 {plan}：{grids} 个网格"),
    "legend_moved": ("Households by unit", "各基本单元住户"),
    "class_moved": ("in another grid", "换了网格"),
    "class_stays": ("in the same grid", "网格不变"),
    "layer_change": ("Units, by change", "基本单元（按变动）"),
    "layer_outlines": ("Grids", "网格"),
    "heading_change": ("Unit {value}", "单元 {value}"),
    "first": ("Grid before", "原网格"),
    "second": ("Grid after", "新网格"),
    "measures": ("Measures", "指标"),
    "measure_grids": ("grids", "网格数"),
    "measure_within": ("grids within the bounds", "户数达标的网格"),
    "measure_spread": ("spread of households a grid", "各网格户数的离散度"),
    "measure_compactness": ("compactness (Polsby–Popper), mean", "紧凑度（Polsby–Popper）平均值"),
    "measure_street_share": ("boundary along streets and barriers", "沿道路和障碍的边界"),
    "measure_compounds_split": ("compounds split", "被分割的小区"),
    "measure_officers": ("grid officers", "专职网格员"),
    "by_community": ("By community", "分社区"),
    "moved": ("Households moved", "变动户数"),
    "grids_first": ("Grids before", "原网格数"),
    "grids_second": ("Grids after", "新网格数"),
    "within_first": ("Within bounds before", "原达标数"),
    "within_second": ("Within bounds after", "新达标数"),
    "retention": ("What stays together", "原网格的保留程度"),
    "retention_intro": (
        "Core retention is the largest share of the households of a grid that stay together in one new grid; "
        "{mean} % on average over households.",
        "核心保留率：原网格住户中最多有多大比例仍在同一个新网格内；按户数平均为 {mean}%。",
    ),
    "share_of_first": ("Share of the grid before", "占原网格比例"),
    "retained": ("Households there", "其中户数"),
    "retained_in": ("Most stay in", "多数留在"),
    "core_retention": ("Core retention", "核心保留率"),
    "transfers": ("From grid to grid", "网格之间的变动"),
    "transfers_intro": ("Households that leave their grid, most first.", "离开原网格的住户，由多到少。"),
    "transfers_none": ("None: both plans are the same.", "无：两个方案相同。"),
}  # fmt: skip
