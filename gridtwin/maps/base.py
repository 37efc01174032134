"""The base of every map: water, railways, motorways, streets, buildings and points, with their styles.

Colours are chosen so that red-green colour blindness loses nothing, and the ground stays quieter than the
subject.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridtwin.maps.packed import Field, PackedLayer, Pass, Style, of_kind
from gridtwin.maps.page import Entry, Text
from gridtwin.schemas import LAYERS

# Orders of drawing, from the ground up; subjects of a map fit between.
FILL, WATER, STREET_CASING, STREET, BUILDING, RAILWAY, OUTLINE, BORDER, POINT = range(0, 90, 10)

# Orders of picking: what lies on top for the reader.
PICK_BARRIER, PICK_COMMUNITY, PICK_GRID, PICK_UNIT, PICK_BUILDING, PICK_POINT = range(1, 7)

STREET_CLASSES = (
    ("path", "footway", "pedestrian", "steps", "cycleway", "track", "corridor", "bridleway"),
    ("residential", "living_street", "unclassified", "service", "road"),
    ("tertiary", "tertiary_link"),
    ("secondary", "secondary_link"),
    ("primary", "primary_link", "trunk", "trunk_link"),
    ("motorway", "motorway_link"),
)
MINOR = 1  # class of a street whose ``highway`` is not known
_STREET_WIDTHS = (1.0, 2.6, 4.2, 5.2, 6.4, 7.0)
_STREET_ZOOMS = (15.5, 13.5, 0.0, 0.0, 0.0, 0.0)

BUILDING_BREAKS = (1, 21, 61)  # households
BUILDING_SHADES = ("#dcd9d3", "#b9b2a8", "#8f877d", "#625b54")

BARRIER_STYLES = {
    "water": Style(stroke="#8fbcd6", weight=2.2, grow=True),
    "railway": Style(stroke="#56606a", weight=2.0, dash=(7, 4)),
    "motorway": Style(stroke="#b08a5b", weight=3.0, grow=True),
    "wall": Style(stroke="#8a8f94", weight=1.4, dash=(1.5, 2.5)),
}
GRID = Style(stroke="#2c5560", weight=1.5)
GRID_CASING = Style(stroke="#ffffff", weight=4.0, opacity=0.75)
WATER_FILL = Style(fill="#bcd9ea", stroke="#8fbcd6", weight=0.8)
WALLED_FILL = Style(fill="#e3e0da", stroke="#8a8f94", weight=0.8)

POINT_STYLES = {
    "facilities": Style(fill="#1f6fb2", stroke="#ffffff", weight=1.4, shape="circle", radius=5.0),
    "shelters": Style(fill="#2b7a55", stroke="#ffffff", weight=1.4, shape="triangle", radius=6.5),
    "depots": Style(fill="#7a4a12", stroke="#ffffff", weight=1.4, shape="square", radius=5.0),
}
MANY_POINTS = 40  # a layer with more is off at first


def fields(layer: str, *columns: tuple[str, str], frame: gpd.GeoDataFrame) -> list[Field]:
    """Return tooltip fields for those (column, type) pairs that ``frame`` has."""
    known = LAYERS[layer].column_names
    return [Field(c, kind, f"column.{layer}.{c}" if c in known else c) for c, kind in columns if c in frame.columns]


def street_classes(highway: pd.Series) -> npt.NDArray[np.int64]:
    """Return the place of each ``highway`` in :data:`STREET_CLASSES`."""
    codes = {name: place for place, names in enumerate(STREET_CLASSES) for name in names}
    return np.asarray(highway.map(codes).fillna(MINOR).to_numpy(np.int64))


def building_classes(households: pd.Series) -> npt.NDArray[np.int64]:
    """Return the shade of each building, 0 for no households."""
    numbers = households.fillna(0).to_numpy(np.float64)
    return np.asarray(np.searchsorted(BUILDING_BREAKS, numbers, side="right"), np.int64)


def barrier_entries(barriers: gpd.GeoDataFrame) -> list[Entry]:
    """Return one switch for each kind of barrier there is."""
    entries = []
    for kind, line_style in BARRIER_STYLES.items():
        rows = barriers[barriers["kind"] == kind]
        layers = []
        if len(areas := of_kind(rows, "polygon")):
            fill = WATER_FILL if kind == "water" else WALLED_FILL
            layers.append(_barrier_layer(areas, kind, WATER, fill))
        if len(lines := of_kind(rows, "line")):
            layers.append(_barrier_layer(lines, kind, WATER if kind == "water" else RAILWAY, line_style))
        if layers:
            shown = kind == "water"
            style, sample = (WATER_FILL, "polygon") if shown else (line_style, "line")
            entries.append(Entry(Text(f"layer_{kind}"), layers, style, sample))
    return entries


def _barrier_layer(rows: gpd.GeoDataFrame, kind: str, order: int, style: Style) -> PackedLayer:
    return PackedLayer(
        rows,
        name=kind,
        passes=[Pass(order, (style,))],
        fields=fields("barriers", ("name", "optional"), ("kind", "text"), frame=rows),
        pick=PICK_BARRIER,
    )


def street_entry(streets: gpd.GeoDataFrame) -> Entry:
    """Return the switch of the streets: white with a grey casing, wide by class, paths dashed."""
    classes = street_classes(streets["highway"]) if "highway" in streets else np.full(len(streets), MINOR)
    casing = [
        Style(stroke="#c9c3b8", weight=width + 1.3, grow=True, min_zoom=zoom)
        for width, zoom in zip(_STREET_WIDTHS, _STREET_ZOOMS, strict=True)
    ]
    filling = [
        Style(stroke=colour, weight=width, grow=True, min_zoom=zoom)
        for width, zoom, colour in zip(
            _STREET_WIDTHS,
            _STREET_ZOOMS,
            ("", "#ffffff", "#ffffff", "#fffdf4", "#fbeecb", "#f2d49b"),
            strict=True,
        )
    ]
    path = Style(stroke="#b3aa9b", weight=1.2, dash=(3, 2.5), min_zoom=_STREET_ZOOMS[0])
    layer = PackedLayer(
        streets,
        name="streets",
        passes=[Pass(STREET_CASING, (None, *casing[1:])), Pass(STREET, (path, *filling[1:]))],
        classes=classes,
    )
    return Entry(Text("layer_streets"), [layer], Style(stroke="#c9c3b8", weight=4.0), "line")


def building_entry(buildings: gpd.GeoDataFrame) -> Entry:
    """Return the switch of the buildings: grey, the darker the more households."""
    households = buildings["households"] if "households" in buildings else pd.Series(0, buildings.index)
    classes = building_classes(households)
    layers = []
    for kind in ("polygon", "point"):
        rows = of_kind(buildings, kind)
        if not len(rows):
            continue
        styles = tuple(
            Style(
                fill=shade,
                stroke="#8d867c" if kind == "polygon" else "#ffffff",
                weight=0.5,
                radius=3.0,
                grow=True,
            )
            for shade in BUILDING_SHADES
        )
        layers.append(
            PackedLayer(
                rows,
                name="buildings",
                passes=[Pass(BUILDING, styles)],
                classes=classes[buildings.geometry.geom_type.isin(rows.geometry.geom_type.unique())],
                fields=fields(
                    "buildings",
                    ("name", "optional"),
                    ("households", "integer"),
                    ("households_source", "text"),
                    ("levels", "integer"),
                    frame=rows,
                ),
                pick=PICK_BUILDING,
                pick_from_zoom=17.5,
                heading="building_id" if "building_id" in rows else "",
                heading_key="heading_buildings",
            )
        )
    captions = ("0", *_ranges(BUILDING_BREAKS))
    ramp = list(zip(BUILDING_SHADES, captions, strict=True))
    return Entry(Text("layer_buildings"), layers, Style(fill=BUILDING_SHADES[1]), count=len(buildings), ramp=ramp)


def _ranges(breaks: Iterable[int]) -> list[str]:
    """Return the captions of classes that begin at ``breaks``."""
    starts = list(breaks)
    return [f"{low}–{high - 1}" for low, high in itertools.pairwise(starts)] + [f"≥{starts[-1]}"]


def point_entries(layers: Mapping[str, gpd.GeoDataFrame]) -> list[Entry]:
    """Return the switches of facilities, shelters and depots; a layer of many points is off at first."""
    columns = {
        "facilities": (("kind", "text"), ("capacity", "integer")),
        "shelters": (("capacity_persons", "integer"), ("gates", "integer")),
        "depots": (("tier", "text"),),
    }
    entries = []
    for name, style in POINT_STYLES.items():
        frame = layers.get(name)
        if frame is None or frame.empty:
            continue
        heading = "name" if "name" in frame and frame["name"].notna().any() else LAYERS[name].key
        layer = PackedLayer(
            of_kind(frame, "point"),
            name=name,
            passes=[Pass(POINT, (style,))],
            fields=fields(name, *columns[name], frame=frame),
            pick=PICK_POINT,
            heading=heading if heading in frame else "",
            search=[heading] if heading in frame else [],
            show=len(frame) <= MANY_POINTS,
        )
        entries.append(Entry(Text(f"layer_{name}"), [layer], style, "point", count=len(frame)))
    return entries
