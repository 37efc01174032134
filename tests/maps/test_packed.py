import base64
import json
import zlib

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridtwin.errors import UsageError
from gridtwin.maps import save_map
from gridtwin.maps.packed import (
    WORLD,
    Field,
    LabelStyle,
    PackedLayer,
    Pass,
    Style,
    Theme,
    label_points,
    of_kind,
    pack,
    varints,
)
from tests.maps.conftest import CANVAS

RADIUS_M = 6_378_137.0
STEP_M = 2 * np.pi * RADIUS_M / WORLD
PASSES = [Pass(0, (Style(fill="#336699", stroke="#000000"),))]
FIND = "Object.values(window).find(item => item instanceof gridtwin.PackedLayer)"


def mixed():
    """Return a polygon with a hole and one of two parts."""
    holed = shapely.box(0, 0, 400, 300).difference(shapely.box(100, 100, 200, 200))
    several = shapely.MultiPolygon([shapely.box(500, 0, 600, 90), shapely.box(700, 50, 800, 160)])
    frame = gpd.GeoDataFrame(
        {"name": ["holed", "several"], "size": [1.25, None]}, geometry=[holed, several], crs="EPSG:32650"
    )
    return frame.set_geometry(frame.translate(500_000, 3_450_000))


def _mercator(points):
    return np.column_stack(
        [np.radians(points[:, 0]), np.arctanh(np.sin(np.radians(points[:, 1])))]
    ) * RADIUS_M  # fmt: skip


def _unvarint(data):
    out, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            out.append(value)
            value = shift = 0
    return out


@given(st.lists(st.integers(0, 2**31 - 1)))
def test_varints_read_back(numbers):
    """Numbers written as variable-length bytes read back as they were."""
    assert _unvarint(varints(np.array(numbers, np.int64))) == numbers


def test_packet_holds_attributes_with_blanks():
    """Missing values are null, floats keep six digits, and order stays."""
    frame = gpd.GeoDataFrame(
        {"a": pd.array([1, None], "Int64"), "b": [1 / 3, np.nan], "c": ["甲", None], "d": [True, False]},
        geometry=gpd.points_from_xy([120.0, 120.1], [31.0, 31.1]),
        crs=4326,
    )
    raw = zlib.decompress(base64.b64decode(pack(frame, columns=["a", "b", "c", "d"])))
    head = json.loads(raw[: raw.index(b"\0")])
    assert head["columns"] == {"a": [1, None], "b": [0.333333, None], "c": ["甲", None], "d": [True, False]}
    assert (head["kind"], head["features"], head["points"]) == ("point", 2, 2)


def test_text_of_the_data_is_not_in_the_page():
    """Attributes travel packed: markup in them never stands in the page."""
    frame = mixed().assign(name=["</script><script>alert(1)</script>", "<!--"])
    layer = PackedLayer(frame, name="x", passes=PASSES, fields=[Field("name")])
    assert "alert" not in layer.packet


@pytest.mark.parametrize("classes", [[0], [0, 256], [-1, 0]])
def test_bad_classes_are_refused(classes):
    """Classes must be one byte for each feature."""
    with pytest.raises(UsageError, match="0 to 255"):
        pack(mixed().to_crs(4326), classes=classes)


def test_mixed_kinds_are_refused():
    """Lines and points do not go into one layer; of_kind parts them."""
    frame = gpd.GeoDataFrame(geometry=[shapely.Point(120, 31), shapely.LineString([(120, 31), (121, 31)])], crs=4326)
    with pytest.raises(UsageError, match="several"):
        pack(frame)
    assert len(of_kind(frame, "line")) == len(of_kind(frame, "point")) == 1


def test_layer_without_crs_is_refused():
    """Coordinates of unknown meaning are not drawn."""
    with pytest.raises(UsageError, match="CRS"):
        PackedLayer(mixed().set_crs(None, allow_override=True), name="x", passes=PASSES)


def test_empty_geometries_are_left_out_with_their_classes_and_labels():
    """Features without geometry take their class and label with them."""
    frame = mixed()
    frame.loc[0, "geometry"] = None
    layer = PackedLayer(frame, name="x", passes=PASSES, classes=[7, 9], labels=["a", "b"], fields=[Field("name")])
    raw = zlib.decompress(base64.b64decode(layer.packet))
    head = json.loads(raw[: raw.index(b"\0")])
    assert head["labels"] == ["b"]
    assert head["columns"]["name"] == ["several"]
    assert raw[raw.index(b"\0") + 1] == 9


def test_input_is_left_as_it_is():
    """Packing changes neither geometry nor columns of what it is given."""
    frame = mixed()
    before = frame.copy(deep=True)
    PackedLayer(frame, name="x", passes=PASSES, fields=[Field("size")])
    pd.testing.assert_frame_equal(frame, before)


def test_labels_stand_inside():
    """The label of a ring lies in the ring, not in its hole."""
    shapes = np.array(
        [shapely.Point(0, 0).buffer(10).difference(shapely.Point(0, 0).buffer(8)), shapely.box(0, 0, 2, 2)]
    )
    points = label_points(shapes)
    assert shapely.intersects(shapes, points).all()
    assert points[1] == shapely.Point(1, 1)


@pytest.mark.browser
@pytest.mark.parametrize("kind", ["polygon", "line", "point"])
def test_coordinates_in_the_page_equal_the_input(browse, tmp_path, kind):
    """What the browser unpacks lies within half a step of the coordinates given."""
    frame = mixed()
    if kind == "line":
        frame = frame.set_geometry(frame.boundary)
    if kind == "point":
        frame = frame.set_geometry(frame.representative_point())
    figure_map = folium.Map([31.17, 117.0], zoom_start=15, tiles=None)
    PackedLayer(frame, name="x", passes=PASSES).add_to(figure_map)
    watched = browse()
    page = watched.open(save_map(figure_map, tmp_path / "map.html"))
    x, y, parts = page.evaluate(f"(() => {{ const d = {FIND}.data; return [[...d.x], [...d.y], [...d.pointOf]]; }})()")
    got = np.column_stack([x, y])
    shapes = frame.to_crs(4326).geometry.to_numpy()
    if kind == "polygon":
        rings = shapely.get_rings(shapely.get_parts(shapely.orient_polygons(shapes)))
        want = np.concatenate([shapely.get_coordinates(ring)[:-1] for ring in rings])
    else:
        want = shapely.get_coordinates(shapes)
    metres = np.column_stack([got[:, 0] - WORLD / 2, WORLD / 2 - got[:, 1]]) * STEP_M
    assert parts[-1] == len(want)
    assert np.abs(metres - _mercator(want)).max() <= 0.51 * STEP_M < 0.04


@pytest.mark.browser
def test_picking_agrees_with_shapely(browse, tmp_path):
    """The feature under a point is the one that shapely finds, holes and parts included."""
    frame = mixed()
    figure_map = folium.Map([31.17, 117.0], zoom_start=15, tiles=None)
    PackedLayer(frame, name="x", passes=PASSES, fields=[Field("name")]).add_to(figure_map)
    page = browse().open(save_map(figure_map, tmp_path / "map.html"))
    rng = np.random.default_rng(3)
    points = gpd.points_from_xy(
        500_000 + rng.uniform(-50, 850, 600), 3_450_000 + rng.uniform(-50, 350, 600), crs=frame.crs
    )
    far = np.array([frame.boundary.distance(point).min() > 0.2 for point in points])
    degrees = points.to_crs(4326)
    got = page.evaluate(
        f"""places => {{
            const layer = {FIND}, canvas = gridtwin.canvasOf(layer._map);
            return places.map(([lon, lat]) => (canvas.pick([lat, lon]) || [layer, -1])[1]);
        }}""",
        np.column_stack([degrees.x, degrees.y]).tolist(),
    )
    want = [next((i for i, shape in enumerate(frame.geometry) if shape.covers(point)), -1) for point in points]
    assert set(want) == {-1, 0, 1}
    assert (np.array(got) == np.array(want))[far].all()


@pytest.mark.browser
def test_hover_click_and_escape(browse, tmp_path):
    """A tooltip of plain text follows the pointer, and a click keeps it."""
    figure_map = folium.Map([31.17, 117.0], zoom_start=15, tiles=None)
    fields = [Field("name", title="Name"), Field("size")]
    layer = PackedLayer(mixed(), name="<b>bold</b>", passes=PASSES, fields=fields, label_style=LabelStyle())
    layer.add_to(figure_map)
    folium.LayerControl(collapsed=False).add_to(figure_map)
    figure_map.fit_bounds(layer.get_bounds())
    watched = browse()
    page = watched.open(save_map(figure_map, tmp_path / "map.html"))
    inside = gpd.GeoSeries([shapely.Point(500_050, 3_450_050)], crs=mixed().crs).to_crs(4326)[0]
    x, y = watched.screen(inside.x, inside.y)
    page.mouse.move(x, y)
    page.wait_for_selector(".gridtwin-tip")
    assert watched.text(".gridtwin-tip").split() == ["Name", "holed", "size", "1.25"]
    page.mouse.click(x, y)
    page.mouse.move(5, 5)
    assert page.locator(".gridtwin-tip.pinned").count() == 1
    page.mouse.click(5, 400)
    page.wait_for_selector(".gridtwin-tip", state="detached")
    assert "<b>bold</b>" in page.inner_text(".leaflet-control-layers-overlays")
    assert watched.errors == []


@pytest.mark.browser
def test_old_browser_is_told(browse, tmp_path):
    """Without DecompressionStream the page says so in place of the map."""
    figure_map = folium.Map([31.17, 117.0], zoom_start=15, tiles=None)
    PackedLayer(mixed(), name="x", passes=PASSES).add_to(figure_map)
    page = browse(script="delete window.DecompressionStream").page
    page.goto(save_map(figure_map, tmp_path / "map.html").as_uri())
    page.wait_for_selector("[role=alert]")
    assert "too old" in page.inner_text("[role=alert]")
    assert "浏览器" in page.inner_text("[role=alert]")


def test_theme_travels_with_its_layer():
    """Classes of a theme stand in the packet behind those of the layer, without features that have no geometry."""
    frame = gpd.GeoDataFrame(
        {"a": [1, 2, 3]}, geometry=[shapely.Point(120, 31), None, shapely.Point(120.1, 31)], crs=4326
    )
    theme = Theme(PASSES, [7, 8, 9], [Field("a")])
    layer = PackedLayer(frame, name="x", passes=PASSES, themes=[theme])
    raw = zlib.decompress(base64.b64decode(layer.packet))
    head = json.loads(raw[: raw.index(b"\0")])
    assert head["columns"] == {"a": [1, 3]}
    assert (head["themes"], _unvarint(raw[raw.index(b"\0") + 1 :])[-2:]) == (1, [7, 9])


def test_classes_of_a_theme_are_checked():
    """A theme needs one class for each feature, too."""
    with pytest.raises(UsageError, match="0 to 255"):
        pack(mixed().to_crs(4326), themes=[[0, 256]])


@given(st.integers(1, 64))
def test_grain_rounds_to_its_steps(grain):
    """With coarser steps a point moves by at most half a step, and the packet is no longer than with fine ones."""
    frame = gpd.GeoDataFrame(geometry=gpd.points_from_xy([120.0, 120.01, 120.02], [31.0, 31.02, 31.01]), crs=4326)
    raw = zlib.decompress(base64.b64decode(pack(frame, grain=grain)))
    numbers = _unvarint(raw[raw.index(b"\0") + 1 :])
    steps = [(n >> 1) ^ -(n & 1) for n in numbers[9:]]
    found = np.column_stack([np.cumsum(steps[:3]), -np.cumsum(steps[3:])]) * grain * STEP_M
    expected = _mercator(shapely.get_coordinates(frame.geometry)) + np.array([np.pi, -np.pi]) * RADIUS_M
    assert np.abs(found - expected).max() <= 0.5 * grain * STEP_M * 1.001


@pytest.mark.browser
def test_merged_polygons_are_one_surface(browse, tmp_path):
    """Where polygons overlap a merged layer is no darker, and its outline runs around all of them alone."""
    boxes = [shapely.box(0, 0, 400, 400), shapely.box(200, 0, 600, 400)]
    frame = gpd.GeoDataFrame(geometry=boxes, crs="EPSG:32650").set_geometry(
        gpd.GeoSeries(boxes, crs="EPSG:32650").translate(500_000, 3_450_000)
    )
    style = Style(fill="#336699", fill_opacity=0.5, stroke="#000000", weight=3, merged=True)
    figure_map = folium.Map(tiles=None)
    layer = PackedLayer(frame, name="x", passes=[Pass(0, (style,))]).add_to(figure_map)
    figure_map.fit_bounds(layer._get_self_bounds())
    watched = browse()
    watched.open(save_map(figure_map, tmp_path / "merged.html"))
    pixels = watched.page.evaluate(
        f"""(() => {{
            const layer = {FIND}, canvas = {CANVAS}, g = canvas.element.getContext('2d'), {{view}} = canvas;
            const [west, north, east, south] = layer.data.boxes, wide = layer.data.boxes[6] - west;
            return [0.1, 0.33, 0.334, 0.5, 0.666, 0.67].map(share => {{
                const x = (west + wide * share - view.x) * view.scale, y = ((north + south) / 2 - view.y) * view.scale;
                return [...g.getImageData(Math.round(x), Math.round(y), 1, 1).data];
            }});
        }})()"""
    )
    assert all(pixel == pixels[0] for pixel in pixels)
    assert 120 <= pixels[0][3] <= 135


@pytest.mark.browser
def test_feature_without_a_style_is_not_there(browse, tmp_path):
    """A layer that wears a theme lets the pointer find only what the theme draws."""
    frame = mixed()
    theme = Theme([Pass(0, (None, PASSES[0].styles[0]))], [0, 1])
    figure_map = folium.Map(tiles=None)
    layer = PackedLayer(frame, name="x", passes=PASSES, fields=[Field("name")], themes=[theme]).add_to(figure_map)
    figure_map.fit_bounds(layer._get_self_bounds())
    watched = browse()
    page = watched.open(save_map(figure_map, tmp_path / "themes.html"))
    at = frame.to_crs(4326).geometry.representative_point()
    pick = f"([lat, lon]) => {CANVAS}.pick(L.latLng(lat, lon))?.[1] ?? null"
    assert [page.evaluate(pick, [p.y, p.x]) for p in at] == [0, 1]
    page.evaluate(f"{FIND}.wear(0)")
    assert [page.evaluate(pick, [p.y, p.x]) for p in at] == [None, 1]
