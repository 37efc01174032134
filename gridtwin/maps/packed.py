"""Vector layers for folium that weigh little: packed coordinates, drawn on one canvas by packed.js.

Coordinates are whole steps of web mercator (at most 7.5 cm on the ground), stored as differences in
variable-length bytes, deflated and written as base64. Attributes travel in the same packet, so no text of the
data ever stands in the page's markup.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from folium.elements import JSCSSMixin
from folium.map import Layer
from folium.template import Template

from gridtwin.errors import UsageError
from gridtwin.i18n import mark
from gridtwin.maps.offline import OWN
from gridtwin.maps.script import literal_html, script_json

WORLD = 1 << 29  # width of the world in steps: 7.5 cm at the equator, less elsewhere
MAX_LATITUDE = 85.0
MAX_CLASSES = 256

Integers = npt.NDArray[np.int64]
Bounds = tuple[float, float, float, float]  # west, south, east, north in degrees

KINDS = {
    "polygon": ("Polygon", "MultiPolygon"),
    "line": ("LineString", "MultiLineString", "LinearRing"),
    "point": ("Point", "MultiPoint"),
}


@dataclass(frozen=True)
class Style:
    """How one class of features is drawn; lengths in CSS pixels.

    ``hatch`` is a colour of diagonal lines over the fill, ``grow`` lets weight and radius follow the zoom,
    and ``shape`` is that of points: circle, square, triangle or diamond. Polygons that overlap are drawn as one
    surface with one outline, no darker where they overlap, if ``merged``.
    """

    fill: str | None = None
    fill_opacity: float = 1.0
    hatch: str | None = None
    stroke: str | None = None
    weight: float = 1.0
    dash: tuple[float, ...] = ()
    opacity: float = 1.0
    min_zoom: float = 0.0
    shape: str = "circle"
    radius: float = 5.0
    grow: bool = False
    merged: bool = False


@dataclass(frozen=True)
class Pass:
    """One drawing of a layer: passes of all layers are drawn by rising ``order``; a style for each class."""

    order: int
    styles: tuple[Style | None, ...]


@dataclass(frozen=True)
class LabelStyle:
    """How labels look and which win where they would overlap (the higher ``priority``).

    ``below`` sets the text that many CSS pixels below its place.
    """

    priority: int = 0
    min_zoom: float = 0.0
    size: float = 12.0
    colour: str = "#1f2a33"
    inside: bool = False  # only where the text is no wider than its feature
    below: float = 0.0


@dataclass(frozen=True)
class Field:
    """A column shown in the tooltip.

    ``type`` says how a page writes its values (see page.js); ``title`` is a text of the page, filled with
    ``params``, or stands as it is.
    """

    key: str
    type: str = "text"
    title: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Theme:
    """Another look of a layer, which a page may put on: classes and passes, and fields that head the tooltip.

    A feature whose class has no style in any pass is not there while the layer wears the theme.
    """

    passes: Sequence[Pass]
    classes: npt.ArrayLike
    fields: Sequence[Field] = ()


class PackedLayer(JSCSSMixin, Layer):
    """A folium layer of polygons, lines or points that is small in the page and quick on the screen.

    Parameters
    ----------
    frame
        Features of one kind, in any CRS.
    name
        Name in folium's layer control; shown literally.
    passes
        What is drawn, by class.
    classes
        Class of each feature, 0–255; all 0 by default.
    fields
        Columns of ``frame`` for the tooltip; a layer without any cannot be picked.
    labels
        One text for each feature (empty: none); lines are parted by a line feed and the first is bold.
    label_style
        How labels look.
    pick
        The layer of the highest ``pick`` wins under the pointer.
    pick_from_zoom
        Zoom from which the layer can be picked.
    heading
        Column whose value heads the tooltip; ``heading_key`` names the page's text around it.
    search
        Columns that the page's search box looks into.
    themes
        Further looks.
    grain
        Coordinates are rounded to this many steps of 7.5 cm: what is drawn by its area alone needs no finer ones.
    """

    default_js = [("gridtwin_packed", f"{OWN}packed.js")]  # noqa: RUF012 - folium reads the class's list
    default_css = [("gridtwin_packed_css", f"{OWN}packed.css")]  # noqa: RUF012

    _template = Template("""
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = new gridtwin.PackedLayer(
                {{ this.packet|tojson }}, {{ this.script }});
        {% endmacro %}
    """)

    def __init__(
        self,
        frame: gpd.GeoDataFrame,
        *,
        name: str,
        passes: Sequence[Pass],
        classes: npt.ArrayLike | None = None,
        fields: Iterable[Field] = (),
        labels: Sequence[str] | None = None,
        label_style: LabelStyle | None = None,
        show: bool = True,
        pick: int = 0,
        pick_from_zoom: float = 0.0,
        heading: str = "",
        heading_key: str = "",
        search: Sequence[str] = (),
        themes: Sequence[Theme] = (),
        grain: int = 1,
    ) -> None:
        super().__init__(name=literal_html(name), overlay=True, control=True, show=show)
        self._name = "PackedLayer"
        fields = list(fields)
        told = [some.key for some in (*fields, *(more for theme in themes for more in theme.fields))]
        columns = dict.fromkeys([*told, *([heading] if heading else []), *search])
        drawn, kept = _drawable(frame), _are_drawable(frame)
        self.bounds = _bounds(drawn)
        self.packet = pack(
            drawn,
            classes=None if classes is None else np.asarray(classes)[kept],
            columns=tuple(columns),
            labels=None if labels is None else list(np.asarray(labels, object)[kept]),
            themes=[np.asarray(theme.classes)[kept] for theme in themes],
            grain=grain,
        )
        self.script = script_json(
            {
                "passes": list(passes),
                "fields": fields,
                "label": label_style or LabelStyle(),
                "pick": pick,
                "pickFromZoom": pick_from_zoom,
                "heading": heading,
                "headingKey": heading_key,
                "search": list(search),
                "themes": [{"passes": list(theme.passes), "fields": list(theme.fields)} for theme in themes],
            }
        )

    def _get_self_bounds(self) -> list[list[float | None]]:
        """Return the bounds, [[south, west], [north, east]], as folium asks for them."""
        if self.bounds is None:
            return [[None, None], [None, None]]
        west, south, east, north = self.bounds
        return [[south, west], [north, east]]


def of_kind(frame: gpd.GeoDataFrame, kind: str) -> gpd.GeoDataFrame:
    """Return the rows of ``frame`` whose geometry is of ``kind``: polygon, line or point."""
    return frame[frame.geometry.geom_type.isin(KINDS[kind])]


def pack(
    frame: gpd.GeoDataFrame,
    *,
    classes: npt.ArrayLike | None = None,
    columns: Sequence[str] = (),
    labels: Sequence[str] | None = None,
    themes: Sequence[npt.ArrayLike] = (),
    grain: int = 1,
) -> str:
    """Return features of one kind with their classes, attributes and labels as base64 text.

    Raises
    ------
    UsageError
        The geometries are of several kinds, or a class is not within 0–255.

    Notes
    -----
    The packet is zlib-deflated: a JSON header, a zero byte, and unsigned LEB128 numbers: the class of each
    feature, its number of parts, the points of each part, then x and y of all points and of the labels'
    anchors as zigzag differences, in steps of ``grain``, and the classes of the themes, one after the other.
    """
    points, points_of, parts_of, kind = _ragged(frame)
    steps = _steps(points, grain)
    classes = _classes(np.zeros(len(frame), np.int64) if classes is None else classes, len(frame))
    numbers = [classes, parts_of, points_of, _differences(steps[:, 0]), _differences(steps[:, 1])]
    head: dict[str, Any] = {
        "kind": kind,
        "features": len(frame),
        "parts": len(points_of),
        "points": len(steps),
        "grain": grain,
        "themes": len(themes),
        "columns": {name: _plain(frame[name]) for name in columns},
    }
    if labels is not None:
        head["labels"] = list(labels)
        anchors = _steps(shapely.get_coordinates(label_points(frame.geometry.to_numpy())), grain)
        numbers += [_differences(anchors[:, 0]), _differences(anchors[:, 1])]
    numbers += [_classes(worn, len(frame)) for worn in themes]
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    raw = text.encode("utf-8", "replace") + b"\0" + varints(np.concatenate(numbers))
    return base64.b64encode(zlib.compress(raw, 9)).decode("ascii")


def _classes(given: npt.ArrayLike, features: int) -> Integers:
    """Return one class for each feature.

    Raises
    ------
    UsageError
        There are more or fewer, or a class is not within 0–255.
    """
    classes = np.asarray(given, np.int64)
    if len(classes) != features or ((classes < 0) | (classes >= MAX_CLASSES)).any():
        raise UsageError("bad_classes", mark("give one class from 0 to 255 for each feature"))
    return classes


def label_points(shapes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a point in each shape for its label: the centroid where it lies inside."""
    centres = shapely.centroid(shapes)
    inside = shapely.intersects(shapes, centres)
    return np.asarray(np.where(inside, centres, shapely.point_on_surface(shapes)))


def varints(numbers: Integers) -> bytes:
    """Return non-negative ``numbers`` as unsigned LEB128: seven bits a byte, the low ones first."""
    values = numbers.astype(np.uint64)
    length = np.ones(len(values), np.int64)
    for bits in range(7, 63, 7):
        length += values >= np.uint64(1 << bits)
    stop = np.cumsum(length)
    out = np.zeros(stop[-1] if len(stop) else 0, np.uint8)
    for place in range(int(length.max(initial=0))):
        here = length > place
        low = (values[here] >> np.uint64(7 * place)) & np.uint64(0x7F)
        more = np.where(length[here] > place + 1, 0x80, 0).astype(np.uint64)
        out[stop[here] - length[here] + place] = low | more
    return out.tobytes()


def _are_drawable(frame: gpd.GeoDataFrame) -> npt.NDArray[np.bool_]:
    shapes = frame.geometry.to_numpy()
    return np.asarray(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))


def _drawable(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows that have a geometry, in longitude and latitude."""
    rows = frame[_are_drawable(frame)]
    if rows.crs is None:
        raise UsageError("crs_unknown", mark("the layer has no CRS; set it before drawing a map"))
    return rows.to_crs(4326)


def _bounds(frame: gpd.GeoDataFrame) -> Bounds | None:
    if frame.empty:
        return None
    west, south, east, north = (float(value) for value in frame.total_bounds)
    return west, south, east, north


def _ragged(frame: gpd.GeoDataFrame) -> tuple[npt.NDArray[np.float64], Integers, Integers, str]:
    """Return coordinates, points of each part, parts of each feature and the kind of the features."""
    shapes = shapely.force_2d(frame.geometry.to_numpy())
    names = set(frame.geometry.geom_type)
    kind = next((kind for kind, known in KINDS.items() if names <= set(known)), "")
    if not kind:
        raise UsageError("mixed_kinds", mark("a packed layer holds polygons, lines or points, not several"))
    if not len(shapes):
        return np.empty((0, 2)), np.empty(0, np.int64), np.empty(0, np.int64), kind
    if kind == "polygon":
        shapes = shapely.orient_polygons(shapes)  # holes run the other way: overlaps fill, holes do not
    parts, feature = shapely.get_parts(shapes, return_index=True)
    if kind == "polygon":
        parts, polygon = shapely.get_rings(parts, return_index=True)
        feature = feature[polygon]
    points, part = shapely.get_coordinates(parts, return_index=True)
    points_of = np.bincount(part, minlength=len(parts))
    if kind == "polygon":  # the last point of a ring repeats its first
        points = np.delete(points, np.cumsum(points_of) - 1, axis=0)
        points_of = points_of - 1
    return points, points_of, np.bincount(feature, minlength=len(shapes)), kind


def _steps(points: npt.NDArray[np.float64], grain: int) -> Integers:
    """Return longitudes and latitudes as whole steps of web mercator, ``grain`` of them as one, y to the south."""
    latitude = np.radians(np.clip(points[:, 1], -MAX_LATITUDE, MAX_LATITUDE))
    x = (points[:, 0] + 180.0) / 360.0
    y = 0.5 - np.arctanh(np.sin(latitude)) / (2.0 * np.pi)
    return np.rint(np.column_stack([x, y]) * (WORLD / grain)).astype(np.int64)


def _differences(values: Integers) -> Integers:
    """Return the steps between ``values``, from 0, with the sign in the lowest bit."""
    steps = np.diff(values, prepend=0)
    return np.where(steps < 0, -2 * steps - 1, 2 * steps)


def _plain(values: pd.Series) -> list[Any]:
    """Return a column as JSON values: None for what is missing, numbers to six digits."""
    if pd.api.types.is_float_dtype(values.dtype):
        numbers = values.to_numpy(np.float64, na_value=np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            digits = 10.0 ** (5 - np.floor(np.log10(np.abs(numbers))))
            numbers = np.where(np.isfinite(digits), np.rint(numbers * digits) / digits, numbers)
        values = pd.Series(numbers, index=values.index).where(np.isfinite(numbers))
    listed = values.astype(object).where(values.notna(), None).tolist()
    return [None if item is None else item if isinstance(item, bool | int | float) else str(item) for item in listed]
