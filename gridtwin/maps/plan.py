"""The map of a region: grids coloured by households over the town, legend and key facts, and the services of it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridtwin.errors import UsageError
from gridtwin.grids.zones import GENERAL
from gridtwin.i18n import mark
from gridtwin.maps import base
from gridtwin.maps.coverage import with_shares
from gridtwin.maps.packed import Field, LabelStyle, PackedLayer, Pass, Style
from gridtwin.maps.page import Entry, Fact, Page, Row, Text, joint_bounds, new_map
from gridtwin.maps.service import Services, services_of
from gridtwin.maps.service_panel import ServicePanel

WITHIN_SHADES = ("#e3f1ec", "#bfe0d8", "#8fc8c3", "#57a5aa")  # blue-green, the more households the darker
BELOW_FILL, ABOVE_FILL, NONE_FILL, SPECIAL_FILL = "#b59bd0", "#f0a04b", "#e9e7e2", "#e3cf8a"
HATCH = "#6b4a52"
NONE, BELOW, FIRST_WITHIN = 0, 1, 2
ABOVE = FIRST_WITHIN + len(WITHIN_SHADES)
SPECIAL = ABOVE + 1
VIOLATES = SPECIAL + 1  # added to the class of a grid that breaks a rule

COMMUNITY = Style(stroke="#16435f", weight=2.6, opacity=0.9)
UNIT = Style(stroke="#7a6a8a", weight=0.8, dash=(2, 2))
VIOLATION = Style(stroke="#a3300a", weight=2.6, dash=(7, 4))


def plan_map(
    layers: Mapping[str, pd.DataFrame],
    *,
    lang: str,
    title: str,
    minimum: int = 300,
    maximum: int = 500,
    summary: Mapping[str, object] | None = None,
    first: str = "plan",
) -> folium.Map:
    """Return the map of a grid plan and of services, to be written with :func:`gridtwin.maps.offline.save_map`.

    Parameters
    ----------
    layers
        Layers of a region by name, in any CRS. Used where present: grids, communities, units, buildings,
        streets, barriers, facilities, shelters, depots; and service_areas, coverage, uncovered, sites, which
        the page shows in views of their own.
    lang
        Language at first, ``"en"`` or ``"zh"``; the reader can switch.
    title
        Title of the page.
    minimum, maximum
        Bounds for the households of the grids whose columns minimum_households and maximum_households are empty.
    summary
        Measures of the plan; grids, households, share_within_bounds and counted_share (0–1) take the place
        of what is counted from ``layers``. And source: where the data come from.

    Returns
    -------
    folium.Map
        A map without tiles.

    Raises
    ------
    UsageError
        The language is unknown, a layer has no CRS, or there is nothing to show.
    """
    present = {name: frame for name, frame in layers.items() if frame is not None and len(frame)}
    grids = _with_community_names(present["grids"], present.get("communities")) if "grids" in present else None
    services = services_of(present)
    grid_layer = None if grids is None else _grid_layer(grids, minimum, maximum, present.get("coverage"), services)
    entries = _entries(present, services)
    if grids is not None and grid_layer is not None:
        entries.insert(0, _grid_entry(grid_layer, len(grids)))
    packed = [layer for entry in entries for layer in entry.layers]
    packed += [] if services is None else services.layers()
    subject = [layer for entry in entries for layer in entry.layers if entry.text.key in _SUBJECTS]
    bounds = joint_bounds(subject) or joint_bounds(packed)
    if bounds is None:
        raise UsageError("map_empty", mark("the layers hold no geometry to draw"))
    figure_map = new_map(title, lang, bounds)
    for layer in packed:
        layer.add_to(figure_map)
    Page(
        title=title,
        lang=lang,
        bounds=bounds,
        facts=_facts(present, grids, minimum, maximum, summary or {}),
        legend_title=Text("legend_grids"),
        legend=[] if grids is None else _legend(grids, minimum, maximum),
        entries=entries,
        source=str((summary or {}).get("source") or ""),
        values={"minimum": minimum, "maximum": maximum},
    ).add_to(figure_map)
    if services is not None:
        ServicePanel(services, first=first, grids=grid_layer).add_to(figure_map)
    return figure_map


_SUBJECTS = ("layer_grids", "layer_communities")


def grid_classes(grids: gpd.GeoDataFrame, minimum: int, maximum: int) -> npt.NDArray[np.int64]:
    """Return the class of each grid by its own bounds; that of one that breaks a rule is :data:`VIOLATES` higher."""
    households = _numbers(grids, "households")
    low, high = _own_bounds(grids, minimum, maximum)
    classes = FIRST_WITHIN + np.searchsorted(_within_starts(minimum, maximum)[1:], households, side="right")
    classes = np.where(households > high, ABOVE, np.where(households < low, BELOW, classes))
    classes = np.where(households == 0, NONE, classes)
    classes = np.where(_unbounded(grids), SPECIAL, classes)
    return classes + np.where(_violating(grids), VIOLATES, 0)


def _own_bounds(
    grids: gpd.GeoDataFrame, minimum: int, maximum: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the least and the most households of each grid."""
    free = _unbounded(grids)
    low = _numbers(grids, "minimum_households", minimum)
    high = _numbers(grids, "maximum_households", maximum)
    return np.where(free, 0.0, low), np.where(free, np.inf, high)


def _unbounded(grids: gpd.GeoDataFrame) -> npt.NDArray[np.bool_]:
    """Return which grids have a purpose of their own or are frozen."""
    if "purpose" not in grids:
        return np.zeros(len(grids), bool)
    return np.asarray(grids["purpose"].fillna(GENERAL).ne(GENERAL), bool)


def _with_own_rules(grids: gpd.GeoDataFrame, minimum: int, maximum: int) -> gpd.GeoDataFrame:
    """Return ``grids`` with purpose and bounds, empty where they are the usual ones, which readers know."""
    usual = {"purpose": GENERAL, "minimum_households": minimum, "maximum_households": maximum}
    given = {key: grids[key] if key in grids else pd.Series(value, grids.index) for key, value in usual.items()}
    return grids.assign(**{key: given[key].mask(given[key].eq(value).fillna(False)) for key, value in usual.items()})


def _within_starts(minimum: int, maximum: int) -> list[int]:
    """Return the first number of households of each shade within the bounds."""
    step = (maximum + 1 - minimum) / len(WITHIN_SHADES)
    return [minimum + round(step * place) for place in range(len(WITHIN_SHADES))]


def _numbers(frame: gpd.GeoDataFrame, column: str, missing: float = 0.0) -> npt.NDArray[np.float64]:
    if column not in frame:
        return np.full(len(frame), float(missing))
    return np.asarray(pd.to_numeric(frame[column]).to_numpy(np.float64, na_value=missing))


def _violating(grids: gpd.GeoDataFrame) -> npt.NDArray[np.bool_]:
    if "violations" not in grids:
        return np.zeros(len(grids), bool)
    return np.asarray(grids["violations"].fillna("").astype(str).str.strip() != "")


def _with_community_names(grids: gpd.GeoDataFrame, communities: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """Return ``grids`` with column community: the community's name, or its id where it has none."""
    ids = grids["community_id"] if "community_id" in grids else pd.Series(None, grids.index, dtype="str")
    if communities is None or "name" not in communities:
        return grids.assign(community=ids)
    names = communities.dropna(subset="name").drop_duplicates("community_id").set_index("community_id")["name"]
    return grids.assign(community=ids.map(names).astype("str").fillna(ids))


def _entries(present: Mapping[str, Any], services: Services | None) -> list[Entry]:
    """Return the switches of all layers but the grids; facilities have those of the services where there are any."""
    points = present if services is None else {name: frame for name, frame in present.items() if name != "facilities"}
    entries = base.point_entries(points)
    if "communities" in present:
        entries.append(_community_entry(present["communities"]))
    if "units" in present:
        entries.append(_unit_entry(present["units"]))
    if "buildings" in present:
        entries.append(base.building_entry(present["buildings"]))
    if "streets" in present:
        entries.append(base.street_entry(present["streets"]))
    if "barriers" in present:
        entries += base.barrier_entries(present["barriers"])
    return entries


def _fills() -> list[Style]:
    """Return the fill of each class without violation."""
    fills = (NONE_FILL, BELOW_FILL, *WITHIN_SHADES, ABOVE_FILL, SPECIAL_FILL)
    return [Style(fill=colour, fill_opacity=0.78) for colour in fills]


def _grid_entry(layer: PackedLayer, count: int) -> Entry:
    return Entry(Text("layer_grids"), [layer], Style(fill=WITHIN_SHADES[2], stroke=base.GRID.stroke), count=count)


def _grid_layer(
    grids: gpd.GeoDataFrame, minimum: int, maximum: int, coverage: pd.DataFrame | None, services: Services | None
) -> PackedLayer:
    hatched = [Style(fill=style.fill, fill_opacity=style.fill_opacity, hatch=HATCH) for style in _fills()]
    shown = _with_own_rules(grids, minimum, maximum)
    return PackedLayer(
        shown if coverage is None else with_shares(shown, coverage),
        name="grids",
        passes=[
            Pass(base.FILL, (*_fills(), *hatched)),
            Pass(base.OUTLINE - 1, (base.GRID_CASING,) * 2 * VIOLATES),
            Pass(base.OUTLINE, (base.GRID,) * VIOLATES + (None,) * VIOLATES),
            Pass(base.OUTLINE + 1, (None,) * VIOLATES + (VIOLATION,) * VIOLATES),
        ],
        classes=grid_classes(grids, minimum, maximum),
        fields=_grid_fields(shown),
        labels=_grid_labels(grids),
        label_style=LabelStyle(priority=1, min_zoom=13.0, size=11.5, inside=True),
        pick=base.PICK_GRID,
        heading="code" if "code" in grids else "grid_id",
        heading_key="heading_grids",
        search=["code" if "code" in grids else "grid_id", "community"],
        themes=() if services is None else services.coverage.grid_themes,
    )


def _grid_fields(grids: gpd.GeoDataFrame) -> list[Field]:
    found = base.fields(
        "grids",
        ("purpose", "optional"),
        ("name", "optional"),
        ("name_zh", "optional"),
        ("households", "integer"),
        ("minimum_households", "optional"),
        ("maximum_households", "optional"),
        ("counted_share", "share"),
        ("persons", "integer"),
        ("buildings", "integer"),
        ("area_m2", "area"),
        ("compactness", "decimal"),
        ("grid_officers", "integer"),
        ("violations", "violations"),
        frame=grids,
    )
    return [Field("community", "text", "column.grids.community"), *found]


def _grid_labels(grids: gpd.GeoDataFrame) -> list[str]:
    """Return the last three digits of the code over the households."""
    code = grids["code"] if "code" in grids else grids["grid_id"]
    households = pd.Series(_numbers(grids, "households"), grids.index).astype("int64").astype(str)
    return list(code.fillna("").astype(str).str[-3:] + "\n" + households)


def _community_entry(communities: gpd.GeoDataFrame) -> Entry:
    named = "name" in communities
    layer = PackedLayer(
        communities,
        name="communities",
        passes=[Pass(base.BORDER, (COMMUNITY,))],
        fields=base.fields("communities", ("community_id", "text"), ("subdistrict_id", "optional"), frame=communities),
        labels=list(communities["name"].fillna("").astype(str)) if named else None,
        label_style=LabelStyle(priority=2, size=13.5, colour="#16435f"),
        pick=base.PICK_COMMUNITY,
        heading="name" if named else "community_id",
        search=["name"] if named else ["community_id"],
    )
    return Entry(Text("layer_communities"), [layer], COMMUNITY, count=len(communities))


def _unit_entry(units: gpd.GeoDataFrame) -> Entry:
    layer = PackedLayer(
        units,
        name="units",
        passes=[Pass(base.OUTLINE - 2, (UNIT,))],
        fields=base.fields("units", ("households", "integer"), ("buildings", "integer"), frame=units),
        pick=base.PICK_UNIT,
        heading="unit_id",
        heading_key="heading_units",
        show=False,
    )
    return Entry(Text("layer_units"), [layer], UNIT, count=len(units))


def _legend(grids: gpd.GeoDataFrame, minimum: int, maximum: int) -> list[Row]:
    """Return the classes with their bounds and the number of grids in each."""
    classes = grid_classes(grids, minimum, maximum)
    counts = np.bincount(classes % VIOLATES, minlength=VIOLATES)
    own = _has_own_bounds(grids, minimum, maximum)
    starts = [*_within_starts(minimum, maximum), maximum + 1]
    ranges = [Text("class_range", {"low": low, "high": high - 1}) for low, high in itertools.pairwise(starts)]
    texts = [
        Text("class_none"),
        Text("class_below_own") if own else Text("class_below", {"minimum": minimum}),
        *ranges,
        Text("class_above_own") if own else Text("class_above", {"maximum": maximum}),
        Text("class_special"),
    ]
    outlined = [Style(fill=style.fill, stroke=base.GRID.stroke, weight=0.8) for style in _fills()]
    rows = [Row(*item) for item in zip(texts, outlined, ["polygon"] * VIOLATES, map(int, counts), strict=True)]
    rows = [row for row in rows if row.count or row.text.key == "class_range"]
    violating = int((classes >= VIOLATES).sum())
    style = Style(fill="#ffffff", hatch=HATCH, stroke=VIOLATION.stroke, weight=2, dash=(5, 3))
    return [*rows, Row(Text("class_violation"), style, count=violating, apart=True)]


def _has_own_bounds(grids: gpd.GeoDataFrame, minimum: int, maximum: int) -> bool:
    """Return whether any grid has other bounds than the usual ones, or none."""
    low, high = _own_bounds(grids, minimum, maximum)
    return bool(((low != minimum) | (high != maximum)).any())


def _facts(
    present: Mapping[str, gpd.GeoDataFrame],
    grids: gpd.GeoDataFrame | None,
    minimum: int,
    maximum: int,
    summary: Mapping[str, Any],
) -> list[Fact]:
    """Return the key facts of the head; how much of the households is estimated always stands beside them."""
    facts = []
    if grids is not None:
        households = _numbers(grids, "households")
        count = int(summary.get("grids", len(grids)))
        low, high = _own_bounds(grids, minimum, maximum)
        inside = (households >= low) & (households <= high)
        own = _has_own_bounds(grids, minimum, maximum)
        share = float(summary.get("share_within_bounds", inside.mean()))
        facts = [
            Fact(Text("fact_grids"), count),
            Fact(
                Text("fact_within_own") if own else Text("fact_within", {"minimum": minimum, "maximum": maximum}),
                share,
                "share",
                Text("fact_within_note", {"within": round(share * count), "grids": count}),
            ),
        ]
    total = summary.get("households", _households(present, grids))
    known = summary.get("counted_share", _counted_share(present, grids))
    note = Text("fact_counted_unknown")
    if known is not None:
        counted = _percent(float(known))
        note = Text("fact_counted", {"counted": counted, "estimated": round(100 - counted, 1)})
    return [*facts, Fact(Text("fact_households"), None if total is None else int(total), note=note)]


def _households(present: Mapping[str, gpd.GeoDataFrame], grids: gpd.GeoDataFrame | None) -> int | None:
    frame = grids if grids is not None else present.get("buildings")
    return None if frame is None else int(_numbers(frame, "households").sum())


def _counted_share(present: Mapping[str, gpd.GeoDataFrame], grids: gpd.GeoDataFrame | None) -> float | None:
    """Return the share of households that were counted, from the grids or else the buildings."""
    if grids is not None and "counted_share" in grids and grids["counted_share"].notna().any():
        households = _numbers(grids, "households")
        total = households.sum()
        return float((households * _numbers(grids, "counted_share")).sum() / total) if total else None
    buildings = present.get("buildings")
    if buildings is None or "households_source" not in buildings or buildings["households_source"].isna().all():
        return None
    households = _numbers(buildings, "households")
    total = households.sum()
    counted = np.asarray(buildings["households_source"].eq("counted").fillna(False), bool)
    return float(households[counted].sum() / total) if total else None


def _percent(share: float) -> float:
    """Return per cent, whole, but to one decimal where whole ones would hide the rest."""
    percent = 100.0 * share
    return round(percent, 1) if round(percent) in (0, 100) else round(percent)
