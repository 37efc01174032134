"""The data dictionary: every layer and column with type, unit, English and Chinese title, and sensitivity.

Column names are the contract between the parts, the files and the QGIS plugin; docs/reference/layers.md is
generated from here. :func:`conform` is the one door through which a frame becomes a layer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridtwin.errors import Fault, LayerFaultsError, first_ids
from gridtwin.i18n import mark

SCHEMA_VERSION = 1

# Column types and the pandas dtype a conformed layer carries. Integers are nullable in files, so "Int64".
DTYPES = {
    "string": "str",
    "integer": "Int64",
    "number": "float64",
    "boolean": "boolean",
    "date": "str",  # ISO 8601, YYYY-MM-DD
    "datetime": "str",  # ISO 8601 in UTC
    "json": "str",
}

GEOMETRY_TYPES = {
    "point": ("Point", "MultiPoint"),
    "line": ("LineString", "MultiLineString"),
    "polygon": ("Polygon", "MultiPolygon"),
    "polygon or point": ("Polygon", "MultiPolygon", "Point"),
    "line or polygon": ("LineString", "MultiLineString", "Polygon", "MultiPolygon"),
    "": (),
}

BARRIER_KINDS = ("water", "railway", "motorway", "wall")
GRID_PURPOSES: dict[str, tuple[str, str]] = {
    "general": ("general", "一般网格"),
    "campus": ("campus", "校园"),
    "market": ("market", "市场"),
    "office": ("office", "商务楼宇"),
    "hospital": ("hospital", "医院"),
    "industry": ("industry", "产业园区"),
    "other": ("other purpose", "其他专属网格"),
    "frozen": ("frozen by decree", "依文冻结"),
}
SETTINGS = ("urban", "rural")
# Groups that may need help, by the column that counts them; a person may belong to several.
GROUPS = ("elderly", "disabled", "children", "migrant_children")
DEPOT_TIERS = ("community", "subdistrict", "district")
CODE_ORIGINS = ("first", "split", "merged", "redrawn")

# Groups of people by whom coverage is told; the special groups are the elderly, the disabled and migrants' children.
COVERAGE_GROUPS = ("households", "all", *GROUPS, "special")
COVERAGE_AREAS = ("region", "setting", "community", "grid")
WALK_STATUS: dict[str, tuple[str, str]] = {
    "reached": ("reaches a facility", "可达"),
    "no_street": ("no street near the building", "附近无可步行道路"),
    "unreachable": ("no way to any facility", "无通路可达"),
    "no_facility": ("the region has no such facility on its streets", "区域内无此类设施"),
}
ACCESS_MEASURES: dict[str, tuple[str, str]] = {
    "2sfca": ("capacity a person (2SFCA)", "人均容量（2SFCA）"),
    "e2sfca": ("capacity a person (E2SFCA, bands)", "人均容量（E2SFCA，分带）"),
    "g2sfca": ("capacity a person (2SFCA, Gaussian)", "人均容量（高斯2SFCA）"),
    "facilities": ("facilities within the limit", "限时内设施数"),
    "capacity": ("capacity within the limit", "限时内容量"),
    "nearest_s": ("mean walk to the nearest facilities, seconds", "到最近若干设施的平均步行时间（秒）"),
}

VIOLATION_CODES: dict[str, tuple[str, str]] = {
    "TOTAL_BELOW_MIN": (
        "the community has fewer households than one grid needs",
        "社区总户数低于一个网格的下限",
    ),
    "TOTAL_IN_GAP": (
        "no number of grids fits the community's total",
        "社区总户数落在任何网格数都无法满足的区间",
    ),
    "OVERSIZE_BUILDING": ("one building alone exceeds the maximum", "单栋建筑户数已超上限"),
    "DETACHED_PART": (
        "a part cut off by water, railway, motorway or a special-purpose grid is too small",
        "被水域、铁路、高速公路或专属网格隔开的部分户数不足",
    ),
    "LUMPY_PROVED": (
        "the units are too large to combine within the bounds (proved)",
        "基本单元过大，无法组合进上下限（已证明）",
    ),
    "LUMPY_NOT_PROVED": (
        "no combination of units within the bounds was found",
        "未找到满足上下限的单元组合（未证明）",
    ),
    "NOT_REPAIRED": (
        "outside the bounds since an edit or a new count, not yet repaired",
        "编辑或户数更新后超出上下限，尚未修复",
    ),
    "LOCK_CONFLICT": ("a locked grid stands in the way", "与锁定的网格冲突"),
    "NO_DATA": ("the community has no households in the data", "社区没有住户数据"),
}


@dataclass(frozen=True)
class Column:
    """One column: its type, unit, titles and rules."""

    name: str
    type: str
    en: str
    zh: str
    unit: str = ""
    required: bool = False
    sensitive: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layer:
    """One layer: its geometry, key and columns. ``key`` is unique; an empty key means a plain table."""

    name: str
    geometry: str
    key: str
    en: str
    zh: str
    columns: tuple[Column, ...] = field(default_factory=tuple)
    is_input: bool = False

    def column(self, name: str) -> Column:
        """Return the column called ``name``."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns in file order."""
        return tuple(column.name for column in self.columns)


def _id(name: str, en: str, zh: str, *, required: bool = True) -> Column:
    return Column(name, "string", en, zh, required=required)


def _text(name: str, en: str, zh: str, *, choices: tuple[str, ...] = (), required: bool = False) -> Column:
    return Column(name, "string", en, zh, choices=choices, required=required)


def _count(name: str, en: str, zh: str, unit: str, *, sensitive: bool = False) -> Column:
    return Column(name, "integer", en, zh, unit, minimum=0, sensitive=sensitive)


def _number(name: str, en: str, zh: str, unit: str, low: float | None = 0.0, high: float | None = None) -> Column:
    return Column(name, "number", en, zh, unit, minimum=low, maximum=high)


def _flag(name: str, en: str, zh: str) -> Column:
    return Column(name, "boolean", en, zh)


_HOUSEHOLDS = _count("households", "Households", "户数", "household")
_PERSONS = _count("persons", "Persons", "人数", "person")
_GROUP_COUNTS = (
    _count("elderly", "Elderly", "老年人", "person", sensitive=True),
    _count("disabled", "Disabled", "残疾人", "person", sensitive=True),
    _count("children", "Children", "儿童", "person", sensitive=True),
    _count("migrant_children", "Migrants' children", "随迁子女", "person", sensitive=True),
)
_STEP_FREE = _flag("step_free", "Without steps (empty: not known)", "无障碍通行（空：未知）")
_WITHIN_S = _number("within_s", "Within time", "时间限值", "s")
_WITHIN_M = _number("within_m", "Within distance", "距离限值", "m")
_KIND = _text("kind", "Kind", "类型")
_CAPACITY = _number("capacity_persons", "Capacity", "可容纳人数", "person")

_LAYERS = (
    Layer(
        "communities", "polygon", "community_id", "Communities", "社区", is_input=True,
        columns=(
            _id("community_id", "Community", "社区编号"),
            _text("name", "Name", "名称"),
            _text("code", "12-digit community code", "12位社区代码"),
            _text("subdistrict_id", "Subdistrict", "街道编号"),
            _text("district_id", "District", "区编号"),
            _text("city_id", "City", "城市编号"),
            _text("setting", "Urban or rural", "城乡类别", choices=SETTINGS),
            _count("households_total", "Households by register", "登记户数", "household"),
            _text("origin", "Origin (given or drafted)", "来源（给定或拟定）", choices=("given", "drafted")),
        ),
    ),
    Layer(
        "buildings", "polygon or point", "building_id", "Buildings", "建筑", is_input=True,
        columns=(
            _id("building_id", "Building", "建筑编号"),
            _text("name", "Name", "名称"),
            _HOUSEHOLDS,
            _PERSONS,
            *_GROUP_COUNTS,
            _number("levels", "Storeys", "层数", "level"),
            _count("flats", "Flats", "套数", "household"),
            _text("use", "Use", "用途"),
            _text("households_source", "Where the count comes from", "户数来源",
                  choices=("counted", "flats", "estimated")),
            _text("compound_id", "Compound", "小区编号"),
            _text("community_id", "Community", "社区编号"),
            _text("unit_id", "Unit", "单元编号"),
            _text("grid_id", "Grid", "网格编号"),
        ),
    ),
    Layer(
        "streets", "line", "street_id", "Streets", "道路", is_input=True,
        columns=(
            _id("street_id", "Street", "道路编号"),
            _text("from_junction_id", "From junction", "起点路口"),
            _text("to_junction_id", "To junction", "终点路口"),
            _number("length_m", "Length", "长度", "m"),
            _text("highway", "Class (OSM highway)", "道路等级"),
            _text("name", "Name", "名称"),
            _number("width_m", "Width", "宽度", "m"),
            _flag("walk", "Open to walkers", "可步行"),
            _flag("drive", "Open to vehicles", "可行车"),
            _flag("oneway", "One-way for vehicles", "机动车单行"),
            _text("structure", "Structure", "构筑物", choices=("ground", "bridge", "tunnel")),
            Column("level", "integer", "Level (OSM layer)", "层级"),
            _number("walk_speed_m_s", "Walking speed", "步行速度", "m/s"),
            _number("drive_speed_m_s", "Driving speed", "行车速度", "m/s"),
            _number("slope", "Slope", "坡度", "rise/run", None),
            _STEP_FREE,
            _count("crossings", "Road crossings on the way", "途经过街处数", ""),
        ),
    ),
    Layer(
        "junctions", "point", "junction_id", "Junctions", "路口",
        columns=(
            _id("junction_id", "Junction", "路口编号"),
            _number("elevation_m", "Elevation", "高程", "m", None),
        ),
    ),
    Layer(
        "barriers", "line or polygon", "barrier_id", "Barriers", "障碍", is_input=True,
        columns=(
            _id("barrier_id", "Barrier", "障碍编号"),
            _text("kind", "Kind", "类型", choices=BARRIER_KINDS, required=True),
            _text("name", "Name", "名称"),
        ),
    ),
    Layer(
        "units", "polygon", "unit_id", "Units", "基本单元",
        columns=(
            _id("unit_id", "Unit", "单元编号"),
            _id("community_id", "Community", "社区编号"),
            _HOUSEHOLDS,
            _PERSONS,
            _count("buildings", "Buildings", "建筑数", "building"),
            _text("compound_id", "Compound with most households", "主要小区编号"),
            _text("grid_id", "Grid", "网格编号"),
            _number("area_m2", "Area", "面积", "m2"),
            _flag("locked", "Locked: stays in its grid", "锁定（不得离开所属网格）"),
        ),
    ),
    Layer(
        "grids", "polygon", "grid_id", "Grids", "网格",
        columns=(
            _id("grid_id", "Grid", "网格编号"),
            _id("code", "15-digit code", "15位网格代码"),
            _id("community_id", "Community", "社区编号"),
            _HOUSEHOLDS,
            _PERSONS,
            *_GROUP_COUNTS,
            _count("buildings", "Buildings", "建筑数", "building"),
            _number("area_m2", "Area", "面积", "m2"),
            _number("compactness", "Compactness (Polsby–Popper)", "紧凑度（Polsby–Popper）", "share", 0.0, 1.0),
            _number("reock", "Compactness (Reock)", "紧凑度（Reock）", "share", 0.0, 1.0),
            _number("street_share", "Boundary along streets and barriers", "沿道路和障碍的边界比例",
                    "share", 0.0, 1.0),
            _count("compounds_split", "Compounds shared with other grids", "被分割的小区数", ""),
            _number("longest_walk_m", "Longest walk within the grid", "网格内最长步行距离", "m"),
            _number("counted_share", "Share of households counted, not estimated", "实际统计户数比例", "share", 0.0, 1.0),
            _count("grid_officers", "Grid officers", "专职网格员", "officer"),
            _count("volunteers", "Volunteers", "志愿者", "officer"),
            _text("purpose", "Purpose", "网格类型", choices=tuple(GRID_PURPOSES)),
            _text("name", "Name", "名称"),
            _text("name_zh", "Name in Chinese", "中文名称"),
            _text("decree", "Decree (number, date)", "依据文件（文号、日期）"),
            _count("minimum_households", "Least households", "户数下限", "household"),
            _count("maximum_households", "Most households", "户数上限", "household"),
            _flag("locked", "Locked: must not change", "锁定（不得变动）"),
            _text("violations", "Broken rules", "违反的规则"),
        ),
    ),
    Layer(
        "plans", "", "plan", "Plans", "方案",
        columns=(
            _id("plan", "Plan", "方案"),
            Column("created_at", "datetime", "Made at", "生成时间"),
            Column("params", "json", "Parameters", "参数"),
            Column("summary", "json", "Measures of the plan", "方案指标"),
        ),
    ),
    Layer(
        "assignments", "", "", "Units of each plan", "方案的单元归属",
        columns=(
            _id("plan", "Plan", "方案"),
            _id("unit_id", "Unit", "单元编号"),
            _id("grid_id", "Grid", "网格编号"),
        ),
    ),
    Layer(
        "grid_codes", "", "code", "Codes ever given", "已用代码台账",
        columns=(
            _id("code", "15-digit code", "15位网格代码"),
            _id("community_id", "Community", "社区编号"),
            Column("valid_from", "date", "Valid from", "启用日期"),
            Column("valid_to", "date", "Valid to (empty: in use)", "停用日期（空：在用）"),
            _text("parents", "Codes it was made from", "来源代码"),
            _text("origin", "How it came to be", "产生方式", choices=CODE_ORIGINS),
        ),
    ),
    Layer(
        "edits", "", "edit_id", "Log of edits", "编辑日志",
        columns=(
            _id("edit_id", "Edit", "编辑编号"),
            _id("plan", "Plan", "方案"),
            Column("made_at", "datetime", "Made at", "编辑时间"),
            _text("by", "Made by", "编辑人"),
            _text("action", "What was done", "操作", required=True),
            Column("arguments", "json", "With what", "操作参数"),
            Column("changes", "json", "Units and locks before and after", "基本单元归属与锁定的前后值"),
            _count("households_moved", "Households moved", "变动户数", "household"),
            _flag("undone", "Undone", "已撤销"),
        ),
    ),
    Layer(
        "staffing", "", "community_id", "Staff by community", "社区人员配置",
        columns=(
            _id("community_id", "Community", "社区编号"),
            _count("grids", "Grids", "网格数", ""),
            _HOUSEHOLDS,
            _count("grid_officers", "Grid officers (1–2 a grid)", "专职网格员（每格1–2名）", "officer"),
            _count("team_full_time", "Full-time staff of the 1+3+N team", "“1+3+N”专职人员", "officer"),
            Column("officers_difference", "integer", "Officers beyond the 1+3+N team",
                   "超出“1+3+N”团队的人数", "officer"),
            _count("volunteers", "Volunteers (3 an officer)", "志愿者（每名网格员3名）", "officer"),
        ),
    ),
    Layer(
        "facilities", "point", "facility_id", "Facilities", "设施", is_input=True,
        columns=(
            _id("facility_id", "Facility", "设施编号"),
            Column("kind", "string", "Kind", "类型", required=True),
            _text("name", "Name", "名称"),
            _number("capacity", "Capacity", "容量", ""),
            _text("opening_hours", "Opening hours", "开放时间"),
            _STEP_FREE,
        ),
    ),
    Layer(
        "entrances", "point", "entrance_id", "Entrances", "出入口", is_input=True,
        columns=(
            _id("entrance_id", "Entrance", "出入口编号"),
            Column("facility_id", "string", "Facility", "设施编号", required=True),
        ),
    ),
    Layer(
        "service_areas", "polygon", "", "Service areas", "服务范围",
        columns=(
            _id("facility_id", "Facility", "设施编号"), _KIND, _WITHIN_S, _WITHIN_M, _HOUSEHOLDS, _PERSONS,
            _count("households_wrong_in", "Households in the area that do not reach the facility",
                   "位于范围内但不能步行到达的户数", "household"),
            _count("households_wrong_out", "Households that reach the facility from outside the area",
                   "位于范围外但能步行到达的户数", "household"),
        ),
    ),
    Layer(
        "coverage", "", "", "Coverage", "服务覆盖",
        columns=(
            _KIND, _WITHIN_S, _WITHIN_M,
            _text("walker", "Walker", "步行者"),
            _text("area", "Area", "统计范围", choices=COVERAGE_AREAS),
            _text("area_id", "Area's key", "统计范围编号"),
            _text("group", "Group of people", "人群", choices=COVERAGE_GROUPS),
            _number("total", "People", "总数", ""),
            _number("covered", "Covered", "覆盖数", ""),
            _number("share", "Share covered", "覆盖率", "share", 0.0, 1.0),
            _number("target", "Target", "目标", "share", 0.0, 1.0),
            _flag("met", "Target met", "是否达标"),
        ),
    ),
    Layer(
        "walks", "", "", "Walk from each building to the nearest facility", "各建筑到最近设施的步行",
        columns=(
            _id("building_id", "Building", "建筑编号"), _KIND,
            _text("facility_id", "Nearest facility", "最近设施编号"),
            _number("walk_s", "Walk", "步行时间", "s"),
            _text("status", "Reached, or why not", "是否可达及原因", choices=tuple(WALK_STATUS)),
        ),
    ),
    Layer(
        "uncovered", "point", "", "Homes that are not covered", "未覆盖住户",
        columns=(
            _id("building_id", "Building", "建筑编号"), _KIND, _WITHIN_S, _WITHIN_M,
            _text("grid_id", "Grid", "网格编号"),
            _text("community_id", "Community", "社区编号"),
            _count("households", "Households", "户数", "household", sensitive=True),
            _count("persons", "Persons", "人数", "person", sensitive=True),
            *_GROUP_COUNTS,
            _number("walk_s", "Walk to the nearest facility", "到最近设施的步行时间", "s"),
            _text("status", "Reached, or why not", "是否可达及原因", choices=tuple(WALK_STATUS)),
        ),
    ),
    Layer(
        "accessibility", "", "", "Accessibility", "可达性",
        columns=(
            _text("area", "Area", "统计范围", choices=("building", *COVERAGE_AREAS)),
            _text("area_id", "Area's key", "统计范围编号"),
            _KIND,
            _text("walker", "Walker", "步行者"),
            _text("measure", "Measure", "指标", choices=tuple(ACCESS_MEASURES)),
            _WITHIN_S,
            _text("group", "Group of people", "人群", choices=COVERAGE_GROUPS),
            _number("people", "People", "人数", ""),
            _number("value", "Value", "数值", ""),
        ),
    ),
    Layer(
        "candidates", "point", "candidate_id", "Candidate sites", "候选点", is_input=True,
        columns=(
            _id("candidate_id", "Candidate", "候选点编号"), _text("name", "Name", "名称"),
            _number("capacity", "Capacity", "容量", "person"),
            _flag("mandatory", "Must be chosen", "必选"), _flag("forbidden", "Must not be chosen", "禁选"),
        ),
    ),
    Layer(
        "sites", "point", "site_id", "Proposed sites", "建议选址",
        columns=(
            _id("site_id", "Site", "选址编号"), _KIND, _WITHIN_S,
            _number("within_m", "Within distance", "距离限值", "m"),
            _text("candidate_id", "Candidate", "候选点编号"), _text("name", "Name", "名称"),
            Column("rank", "integer", "Rank: build first what gains most", "建设次序（先建增益最大者）", minimum=1),
            _count("households", "Households gained", "新增覆盖户数", "household"),
            _count("persons", "Persons gained", "新增覆盖人数", "person"),
            _count("elderly", "Elderly gained", "新增覆盖老年人", "person", sensitive=True),
            _count("disabled", "Disabled gained", "新增覆盖残疾人", "person", sensitive=True),
            _count("children", "Children gained", "新增覆盖儿童", "person", sensitive=True),
            _count("migrant_children", "Migrants' children gained", "新增覆盖流动儿童", "person", sensitive=True),
            _number("gained_share", "Share of all demand gained", "新增覆盖比例", "share", 0.0, 1.0),
            _number("capacity", "Capacity", "容量", "person"),
        ),
    ),
    Layer(
        "shelters", "point", "shelter_id", "Shelters", "避难场所", is_input=True,
        columns=(
            _id("shelter_id", "Shelter", "避难场所编号"), _text("name", "Name", "名称"), _CAPACITY,
            _count("gates", "Gates", "出入口数", ""),
        ),
    ),
    Layer(
        "depots", "point", "depot_id", "Depots", "物资储备点", is_input=True,
        columns=(
            _id("depot_id", "Depot", "储备点编号"), _text("name", "Name", "名称"),
            _text("tier", "Tier", "层级", choices=DEPOT_TIERS),
        ),
    ),
    Layer(
        "stock", "", "lot_id", "Stock", "库存", is_input=True,
        columns=(
            _id("lot_id", "Lot", "批次编号"), _id("depot_id", "Depot", "储备点编号"),
            Column("category", "string", "Category", "品类", required=True),
            _number("quantity", "Quantity", "数量", ""), _text("unit", "Unit", "计量单位"),
            Column("expires_on", "date", "Expires on", "有效期至"),
        ),
    ),
    Layer(
        "vehicles", "", "vehicle_id", "Vehicles", "车辆", is_input=True,
        columns=(
            _id("vehicle_id", "Vehicle", "车辆编号"), _id("depot_id", "Depot", "储备点编号"),
            _text("vehicle_class", "Class", "车型"),
            _number("kg", "Load", "载重", "kg"), _number("litres", "Volume", "容积", "litre"),
            _number("width_m", "Width", "车宽", "m"),
        ),
    ),
)  # fmt: skip

LAYERS: dict[str, Layer] = {layer.name: layer for layer in _LAYERS}


def empty_layer(name: str, crs: Any = None) -> gpd.GeoDataFrame | pd.DataFrame:
    """Return layer ``name`` without rows, with its columns and dtypes."""
    layer = LAYERS[name]
    frame = pd.DataFrame({c.name: pd.Series([], dtype=DTYPES[c.type]) for c in layer.columns})
    if not layer.geometry:
        return frame
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries([], crs=crs), crs=crs)


def conform(frame: pd.DataFrame, name: str, *, strict_geometry: bool = True) -> Any:
    """Return ``frame`` as layer ``name``: typed columns in file order, further columns kept behind them.

    Parameters
    ----------
    frame
        GeoDataFrame (or DataFrame for a plain table); never changed. A missing key column is filled with
        running numbers; other missing columns are added empty.
    name
        Layer of the data dictionary.
    strict_geometry
        Refuse missing, empty and wrongly typed geometries (``gridtwin check`` reads without).

    Returns
    -------
    GeoDataFrame or DataFrame
        A new frame with a fresh index, dtypes of :data:`DTYPES`.

    Raises
    ------
    LayerFaultsError
        Everything that is wrong, at once: missing columns, values that do not read as their type, values
        out of range or outside their choices, missing or repeated keys, wrong geometry.
    """
    layer = LAYERS[name]
    faults: list[Fault] = []
    out = frame.copy(deep=False).reset_index(drop=True)
    if layer.key and layer.key not in out.columns and layer.is_input:
        out[layer.key] = _running_ids(layer, len(out))
    ids = out[layer.key] if layer.key in out.columns else out.index.to_series()
    for column in layer.columns:
        if column.name not in out.columns:
            if column.required:
                faults.append(_missing_column(layer, column))
            out[column.name] = pd.Series([None] * len(out), dtype=DTYPES[column.type])
            continue
        out[column.name], found = _typed(out[column.name], layer, column, ids)
        faults += found
    faults += _key_faults(out, layer)
    if layer.geometry:
        faults += geometry_faults(out, layer, strict=strict_geometry)
    if faults:
        raise LayerFaultsError(faults)
    order = [*layer.column_names, *(c for c in out.columns if c not in layer.column_names)]
    if layer.geometry:
        order = [c for c in order if c != out.geometry.name] + [out.geometry.name]
        out = out[order]
        return out if out.geometry.name == "geometry" else out.rename_geometry("geometry")
    return pd.DataFrame(out[order])


def _running_ids(layer: Layer, count: int) -> pd.Series:
    width = max(6, len(str(count)))
    prefix = layer.key.removesuffix("_id")[0]
    return pd.Series([f"{prefix}{number:0{width}d}" for number in range(1, count + 1)], dtype="str")


def _missing_column(layer: Layer, column: Column) -> Fault:
    return Fault(
        "column_missing",
        mark("the column is missing"),
        layer.name,
        column.name,
        hint=mark("add it, or name the column that holds it in a mapping file"),
    )


def _typed(values: pd.Series, layer: Layer, column: Column, ids: pd.Series) -> tuple[pd.Series, list[Fault]]:
    """Return ``values`` in the column's dtype, and what was wrong with them."""
    faults: list[Fault] = []

    def fault(code: str, message: str, bad: Any, hint: str = "", **params: Any) -> None:
        faults.append(
            Fault(
                code,
                message,
                layer.name,
                column.name,
                first_ids(ids[bad]),
                int(bad.sum()),
                hint,
                params=params,
            )
        )

    missing = values.isna()
    if column.type in ("integer", "number"):
        numbers = pd.to_numeric(values, errors="coerce").astype("float64")
        unreadable = np.isnan(numbers) & ~missing
        infinite = np.isinf(numbers)
        if unreadable.any():
            fault("not_a_number", mark("{count} values are no numbers"), unreadable, mark("write plain numbers"))
        if infinite.any():
            fault("not_finite", mark("{count} values are infinite"), infinite)
        numbers = numbers.where(~infinite)
        if column.minimum is not None and (low := numbers < column.minimum).any():
            fault("below_minimum", mark("{count} values are below {limit}"), low, limit=column.minimum)
        if column.maximum is not None and (high := numbers > column.maximum).any():
            fault("above_maximum", mark("{count} values are above {limit}"), high, limit=column.maximum)
        if column.type == "number":
            return numbers, faults
        broken = numbers.notna() & (numbers != np.floor(numbers))
        if broken.any():
            fault("not_whole", mark("{count} values are not whole numbers"), broken)
        return numbers.where(~broken).astype("Int64"), faults
    if column.type == "boolean":
        truth = values.map(_as_bool).astype("boolean")
        unreadable = truth.isna() & ~missing
        if unreadable.any():
            fault("not_a_boolean", mark("{count} values are neither true nor false"), unreadable)
        return truth, faults
    text = _as_text(values)
    if column.choices:
        strange = ~text.isin(column.choices) & ~text.isna()
        if strange.any():
            fault(
                "not_a_choice",
                mark("{count} values are none of: {choices}"),
                strange,
                choices=", ".join(column.choices),
            )
    if column.required and (blank := text.isna()).any():
        fault("value_missing", mark("{count} values are missing"), blank, mark("fill them in"))
    return text, faults


def _as_bool(value: Any) -> bool | None:
    if isinstance(value, bool | np.bool_):
        return bool(value)
    text = str(value).strip().lower()
    if text in ("1", "1.0", "true", "yes", "t", "y", "是"):
        return True
    if text in ("0", "0.0", "false", "no", "f", "n", "否"):
        return False
    return None


def _as_text(values: pd.Series) -> pd.Series:
    """Return values as text; whole floats lose their ``.0`` (keys that a spreadsheet read as numbers)."""
    if pd.api.types.is_float_dtype(values.dtype):
        whole = values.notna() & (values == np.floor(values)) & (values.abs() < 1e15)
        if bool(whole.eq(values.notna()).all()):
            values = values.astype("Int64")
    text = values.astype("object").where(values.notna(), None)
    text = text.map(lambda v: None if v is None else str(v).strip() or None)
    return text.astype("str")


def _key_faults(out: pd.DataFrame, layer: Layer) -> list[Fault]:
    if not layer.key:
        return []
    key = out[layer.key]
    repeated = key.duplicated(keep=False) & key.notna()
    if not repeated.any():
        return []
    return [
        Fault(
            "key_repeated",
            mark("{count} rows share their key with another row"),
            layer.name,
            layer.key,
            first_ids(key[repeated].unique()),
            int(repeated.sum()),
            mark("give each row its own key, or leave the column out to have keys made"),
        )
    ]


def geometry_faults(frame: gpd.GeoDataFrame, layer: Layer, *, strict: bool = True) -> list[Fault]:
    """Return what is wrong with the geometries of ``frame`` for ``layer``."""
    if not isinstance(frame, gpd.GeoDataFrame):
        return [Fault("geometry_missing", mark("the layer has no geometry column"), layer.name)]
    if not strict or not len(frame):
        return []
    faults: list[Fault] = []
    shapes = frame.geometry.to_numpy()
    ids = frame[layer.key] if layer.key in frame.columns else frame.index.to_series()
    none = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    wrong = ~none & ~np.isin(frame.geometry.geom_type.to_numpy(), GEOMETRY_TYPES[layer.geometry])
    not_finite = np.isnan(shapely.bounds(shapes)).any(axis=1) & ~none
    not_finite |= np.isinf(shapely.bounds(shapes)).any(axis=1)
    for code, message, bad in (
        ("geometry_empty", mark("{count} geometries are missing or empty"), none),
        ("geometry_type", mark("{count} geometries are not of type {expected}"), wrong),
        ("geometry_not_finite", mark("{count} geometries have coordinates that are no numbers"), not_finite),
    ):
        if bad.any():
            faults.append(
                Fault(
                    code,
                    message,
                    layer.name,
                    "geometry",
                    first_ids(ids[bad]),
                    int(bad.sum()),
                    mark("mend or remove these rows"),
                    params={"expected": layer.geometry},
                )
            )
    return faults


def input_layers() -> Iterable[Layer]:
    """Return the layers that a user brings, in the order of the data dictionary."""
    return (layer for layer in LAYERS.values() if layer.is_input)
