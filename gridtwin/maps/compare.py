"""The page of two plans: maps that move together, measures, and who would change from which grid to which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import pandas as pd

from gridtwin.errors import UsageError
from gridtwin.grids.compare import PlanComparison, PlanSide
from gridtwin.i18n import mark
from gridtwin.maps import base
from gridtwin.maps.packed import Field, LabelStyle, PackedLayer, Pass, Style
from gridtwin.maps.page import Entry, Page, Row, Text, joint_bounds, new_map
from gridtwin.maps.plan import ABOVE_FILL, COMMUNITY, HATCH
from gridtwin.maps.sheet import Block, Caution, Column, Figure, Measure, Measures, Prose, Section, Sheet, Table
from gridtwin.maps.sheet_texts import COMPARISON_TEXTS

STAYS = Style(fill="#e3f1ec", fill_opacity=0.6)
MOVED = Style(fill=ABOVE_FILL, fill_opacity=0.8, hatch=HATCH)

_MEASURES = (
    ("grids", "grids", "integer"),
    ("within", "share_within_bounds", "share"),
    ("spread", "households_a_grid_sd", "integer"),
    ("compactness", "compactness_mean", "decimal"),
    ("street_share", "street_share", "share"),
    ("compounds_split", "compounds_split", "integer"),
    ("officers", "grid_officers", "integer"),
)


def comparison_map(
    compared: PlanComparison, layers: Mapping[str, pd.DataFrame], *, lang: str, title: str, source: str = ""
) -> folium.Map:
    """Return the page of two plans, to be written with :func:`gridtwin.maps.offline.save_map`.

    Parameters
    ----------
    compared
        The comparison.
    layers
        Layers of the first plan's region for the ground: communities, streets, barriers.
    lang
        Language at first, ``"en"`` or ``"zh"``; the reader can switch.
    title
        Title of the page, shown literally.
    source
        Where the data come from, shown literally.

    Returns
    -------
    folium.Map
        The map of the first plan, with that of the second beside it.

    Raises
    ------
    UsageError
        The language is unknown, a layer has no CRS, or there is nothing to show.
    """
    present = {name: frame for name, frame in layers.items() if frame is not None and len(frame)}
    sides = [_entries(compared, side, present) for side in (compared.first, compared.second)]
    packed = [[layer for entry in entries for layer in entry.layers] for entries in sides]
    bounds = joint_bounds([layer for entry in sides[0][:2] for layer in entry.layers])
    if bounds is None:
        raise UsageError("map_empty", mark("the layers hold no geometry to draw"))
    one, two = (new_map(title, lang, bounds) for _ in sides)
    two.options["zoom_control"] = False
    for shown, some in zip((one, two), packed, strict=True):
        for layer in some:
            layer.add_to(shown)
    Page(
        title=title,
        lang=lang,
        bounds=bounds,
        legend_title=Text("legend_moved"),
        legend=_legend(compared),
        entries=sides[0],
        source=source,
    ).add_to(one)
    two.add_to(one.get_root())
    Sheet(
        [one, two],
        subtitle=Text("comparison", {"first": compared.first.plan, "second": compared.second.plan}),
        sections=_sections(compared, present.get("communities")),
        texts=COMPARISON_TEXTS,
        twins=list(zip(*packed, strict=True)),
    ).add_to(two)
    return one


def _entries(compared: PlanComparison, side: PlanSide, present: Mapping[str, gpd.GeoDataFrame]) -> list[Entry]:
    """Return the switches of one map: what changes, the grids of its plan, and the ground."""
    entries = [_change_entry(compared), _grid_entry(side)]
    if "communities" in present:
        entries.append(_community_entry(present["communities"]))
    if "streets" in present:
        entries.append(base.street_entry(present["streets"]))
    if "barriers" in present:
        entries += base.barrier_entries(present["barriers"])
    return entries


def _changed(compared: PlanComparison) -> Any:
    units = compared.units
    return (units["first"] != units["second"]).to_numpy(bool)


def _change_entry(compared: PlanComparison) -> Entry:
    layer = PackedLayer(
        compared.units,
        name="units",
        passes=[Pass(base.FILL, (STAYS, MOVED))],
        classes=_changed(compared).astype(np.int64),
        fields=[
            Field("first", "text", "first"),
            Field("second", "text", "second"),
            Field("households", "integer", "households"),
        ],
        pick=base.PICK_UNIT,
        heading="unit_id",
        heading_key="heading_change",
    )
    return Entry(Text("layer_change"), [layer], MOVED, count=len(compared.units))


def _grid_entry(side: PlanSide) -> Entry:
    grids = side.grids
    labels = grids["grid_id"].astype(str).str[-3:] + "\n" + grids["households"].astype(str)
    layer = PackedLayer(
        grids,
        name="grids",
        passes=[Pass(base.OUTLINE - 1, (base.GRID_CASING,)), Pass(base.OUTLINE, (base.GRID,))],
        fields=[Field("households", "integer", "households")],
        labels=list(labels),
        label_style=LabelStyle(priority=1, min_zoom=13.0, size=11.5, inside=True),
        pick=base.PICK_GRID,
        heading="grid_id",
        heading_key="heading_grids",
        search=["grid_id"],
    )
    return Entry(Text("layer_outlines"), [layer], base.GRID)


def _community_entry(communities: gpd.GeoDataFrame) -> Entry:
    layer = PackedLayer(
        communities,
        name="communities",
        passes=[Pass(base.BORDER, (COMMUNITY,))],
        labels=list(communities["name"].fillna("").astype(str)),
        label_style=LabelStyle(priority=2, size=13.5, colour="#16435f"),
        heading="name",
        search=["name"],
    )
    return Entry(Text("layer_communities"), [layer], COMMUNITY, count=len(communities))


def _legend(compared: PlanComparison) -> list[Row]:
    changed = _changed(compared)
    homes = compared.units["households"].to_numpy(np.float64)
    moved, stays = (replace(style, fill_opacity=1.0, stroke=base.GRID.stroke, weight=0.8) for style in (MOVED, STAYS))
    return [
        Row(Text("class_moved"), moved, count=int(homes[changed].sum())),
        Row(Text("class_stays"), stays, count=int(homes[~changed].sum())),
    ]


def _sections(compared: PlanComparison, communities: gpd.GeoDataFrame | None) -> list[Section]:
    m = compared.summary()
    share = f"{100 * m['share_moved']:.1f}"
    blocks: list[Block] = [
        Prose(Text("comparison_moved", {"moved": m["households_moved"], "households": m["households"], "share": share}))
    ]
    if m["households_unmatched"]:
        blocks.append(Caution(Text("comparison_unmatched", {"unmatched": m["households_unmatched"]})))
    rows = [
        Measure(Text(f"measure_{key}"), [m["first"][name], m["second"][name]], kind) for key, name, kind in _MEASURES
    ]
    captions = [Text("caption", {"plan": s.plan, "grids": len(s.grids)}) for s in (compared.first, compared.second)]
    return [
        Section(Text("measures"), [*blocks, Measures(rows, heads=[compared.first.plan, compared.second.plan])]),
        Section(Text("comparison_map"), [Figure(captions)], intro=Text("comparison_map_intro")),
        Section(Text("by_community"), [_by_community(compared, communities)]),
        _transfers(compared),
        _retention(compared),
    ]


def _by_community(compared: PlanComparison, communities: gpd.GeoDataFrame | None) -> Table:
    table = compared.communities
    names: Any = table["community_id"]
    if communities is not None:
        known = communities.dropna(subset="name").set_index("community_id")["name"]
        names = names.map(known).astype("str").fillna(names)
    numbers = ("households", "first_grids", "second_grids", "first_within", "second_within", "households_moved")
    titles = ("households", "grids_first", "grids_second", "within_first", "within_second", "moved")
    columns = [Column(Text("community")), *(Column(Text(title), "integer") for title in titles)]
    rows = zip(names, *(table[name].tolist() for name in numbers), strict=True)
    return Table(columns, [list(row) for row in rows])


def _transfers(compared: PlanComparison) -> Section:
    """Return the pairs of unequal grids."""
    away = compared.transfers[compared.transfers["first"] != compared.transfers["second"]]
    if away.empty:
        return Section(Text("transfers"), [Prose(Text("transfers_none"))])
    columns = [
        Column(Text("first"), "code"),
        Column(Text("second"), "code"),
        Column(Text("households"), "integer"),
        Column(Text("share_of_first"), "share"),
    ]
    return Section(Text("transfers"), [Table(columns, _rows(away))], intro=Text("transfers_intro"))


def _retention(compared: PlanComparison) -> Section:
    table = compared.retention
    mean = 100 * table["retained"].sum() / max(table["households"].sum(), 1)
    columns = [
        Column(Text("first"), "code"),
        Column(Text("households"), "integer"),
        Column(Text("retained_in"), "code"),
        Column(Text("retained"), "integer"),
        Column(Text("core_retention"), "share"),
    ]
    rows = _rows(table.sort_values(["core_retention", "grid_id"]))
    return Section(Text("retention"), [Table(columns, rows)], intro=Text("retention_intro", {"mean": f"{mean:.1f}"}))


def _rows(table: pd.DataFrame) -> list[list[Any]]:
    """Return the cells of a table as JSON knows them."""
    rounded = table.round(5)
    return rounded.astype(object).where(rounded.notna(), None).to_numpy().tolist()  # type: ignore[no-any-return]
