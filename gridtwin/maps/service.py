"""Service areas, coverage and proposed sites as layers of a map, and what its page says of them.

Homes and who reaches what come from tables that the analysis counted; the polygons of service areas are for the eye.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from gridtwin.maps import base
from gridtwin.maps.coverage import CoverageLayers, coverage_layers
from gridtwin.maps.limits import by_limit, kind_order, limit_code, limit_text
from gridtwin.maps.packed import Field, LabelStyle, PackedLayer, Pass, Style, of_kind
from gridtwin.services.limits import Limit

RESULTS = ("service_areas", "coverage", "uncovered", "sites")  # layers that make a page speak of services

# Hues that the colour-blind tell apart; shapes tell apart what shares a hue.
HUES = ("#0072b2", "#c8590b", "#00805c", "#a8458f", "#8a6212", "#3d3a94", "#b3294e", "#4a5560")
SHAPES = ("circle", "square", "triangle", "diamond")
AREA_OPACITY = 0.24  # of one area; a nearer one lies on those that are farther
AREA_GRAIN = 8  # 0.6 m at the equator: areas are drawn from cells of many metres

_HOURS = ("opening_hours", "optional")
_OF_KIND = ("facilities", "service_areas", "sites")
_GAINS = ("households", "persons", "elderly", "disabled", "children", "capacity")


@dataclass(frozen=True)
class Area:
    """The service areas of one kind within one limit."""

    limit: Limit
    layer: PackedLayer
    style: Style


@dataclass(frozen=True)
class Kind:
    """A kind of facility: its points, its service areas from the nearest limit on, its proposed sites."""

    name: str
    style: Style
    count: int
    facilities: PackedLayer | None = None
    areas: Sequence[Area] = ()
    sites: PackedLayer | None = None
    sites_count: int = 0


@dataclass(frozen=True)
class Services:
    """All that a page shows of services."""

    kinds: Sequence[Kind]
    coverage: CoverageLayers

    def layers(self) -> list[PackedLayer]:
        """Return all layers, those on top last."""
        areas = [area.layer for kind in self.kinds for area in kind.areas]
        points = [layer for kind in self.kinds for layer in (kind.facilities, kind.sites) if layer is not None]
        gaps = self.coverage.gaps
        return [*areas, *([] if gaps is None else [gaps]), *points]


def services_of(layers: Mapping[str, pd.DataFrame]) -> Services | None:
    """Return what a page shows of services; None where the region has no results.

    Parameters
    ----------
    layers
        Layers of a region by name; those of :data:`RESULTS`, facilities and grids are used where present.

    Notes
    -----
    Kinds with results come before those of which there are facilities alone.
    """
    results = kind_order(kind for name in RESULTS if name in layers for kind in layers[name]["kind"].dropna().unique())
    if not results:
        return None
    present = layers["facilities"]["kind"].dropna().unique() if "facilities" in layers else ()
    names = [*results, *kind_order(set(present) - set(results))]
    return Services(
        [_kind(name, place, layers) for place, name in enumerate(names)],
        coverage_layers(layers.get("grids"), layers.get("coverage"), layers.get("uncovered"), names),
    )


# ---- facilities, their areas, and sites ----


def kind_style(place: int) -> Style:
    """Return the look of the points of the kind at a place in the list."""
    hue, shape = HUES[place % len(HUES)], SHAPES[(place + place // len(HUES)) % len(SHAPES)]
    return Style(fill=hue, stroke="#ffffff", weight=1.4, shape=shape, radius=5.5)


def _kind(name: str, place: int, layers: Mapping[str, pd.DataFrame]) -> Kind:
    style = kind_style(place)
    some = {key: layers[key][layers[key]["kind"] == name] for key in _OF_KIND if key in layers}
    areas = by_limit(some["service_areas"]) if "service_areas" in some else []
    found = [(limit, rows) for _, limit, rows in areas]
    facilities, sites = some.get("facilities"), some.get("sites")
    return Kind(
        name,
        style,
        count=0 if facilities is None else len(facilities),
        facilities=None if facilities is None or facilities.empty else _facilities(facilities, name, style, found),
        areas=_areas(name, str(style.fill), found),
        sites=None if sites is None or sites.empty else _sites(sites, name, str(style.fill)),
        sites_count=0 if sites is None else len(sites),
    )


def _areas(name: str, hue: str, found: Sequence[tuple[Limit, gpd.GeoDataFrame]]) -> list[Area]:
    """Return the areas of a kind, each drawn on those that reach farther."""
    areas = []
    for place, (limit, rows) in enumerate(found):
        under = len(found) - 1 - place  # areas that this one lies on
        style = Style(fill=hue, fill_opacity=AREA_OPACITY, stroke=hue, weight=1.2, opacity=0.85, merged=True)
        layer = PackedLayer(
            of_kind(rows, "polygon"),
            name=f"{name} {limit_code(limit)}",
            passes=[Pass(min(base.FILL + 1 + under, base.WATER - 1), (style,))],
            heading="facility_id",
            show=False,
            grain=AREA_GRAIN,
        )
        seen = 1.0 - (1.0 - AREA_OPACITY) ** (under + 1)
        areas.append(Area(limit, layer, Style(fill=hue, fill_opacity=seen, stroke=hue)))
    return areas


def _facilities(
    facilities: gpd.GeoDataFrame, name: str, style: Style, found: Sequence[tuple[Limit, gpd.GeoDataFrame]]
) -> PackedLayer:
    """Return the facilities of a kind, each with its households and persons within each limit."""
    ids = facilities["facility_id"]
    counts = {
        f"{what}_{limit_code(limit)}": ids.map(rows.drop_duplicates("facility_id").set_index("facility_id")[what])
        for limit, rows in found
        for what in ("households", "persons")
    }
    told = facilities.assign(**counts)
    named = "name" in told and told["name"].notna().any()
    titles = told["name"].fillna(ids) if named else ids
    return PackedLayer(
        of_kind(told.assign(title=titles), "point"),
        name=name,
        passes=[Pass(base.POINT, (style,))],
        fields=[
            *base.fields("facilities", ("kind", "text"), ("capacity", "optional"), _HOURS, frame=told),
            *_reach_fields(found),
        ],
        labels=list(told["name"].fillna("")) if named else None,
        label_style=LabelStyle(min_zoom=15.25, size=11, colour=str(style.fill), below=13),
        pick=base.PICK_POINT + 1,
        heading="title",
        search=["title", "facility_id"],
        show=False,
    )


def _reach_fields(found: Iterable[tuple[Limit, gpd.GeoDataFrame]]) -> list[Field]:
    return [
        Field(f"{what}_{limit_code(limit)}", "integer", f"{what}_within", {"limit": limit_text(limit)})
        for what in ("households", "persons")
        for limit, _ in found
    ]


def _sites(sites: gpd.GeoDataFrame, name: str, hue: str) -> PackedLayer:
    """Return the proposed sites of a kind with what each gains, labelled by rank."""
    ranks = sites["rank"].astype("string").fillna("") if "rank" in sites else pd.Series("", sites.index)
    return PackedLayer(
        of_kind(sites, "point"),
        name=f"{name} sites",
        passes=[Pass(base.POINT + 1, (Style(fill="#ffe066", stroke=hue, weight=2.6, shape="diamond", radius=7.5),))],
        fields=[
            *base.fields("sites", ("kind", "text"), frame=sites),
            *base.fields("sites", *((column, "integer") for column in _GAINS), frame=sites),
        ],
        labels=list(ranks),
        label_style=LabelStyle(priority=4, size=11.5),
        pick=base.PICK_POINT + 2,
        heading="site_id",
        heading_key="heading_sites",
        search=["site_id"],
        show=False,
    )
