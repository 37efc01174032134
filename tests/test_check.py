"""The check: every fault is found once, nothing is found where nothing is wrong, repairs lose nothing."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ET
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridtwin.check import check_layers, repair_layers
from gridtwin.check.shift import shift_faults
from gridtwin.coordinates import wgs84_to_gcj02
from gridtwin.network import Walker, components, street_network
from tests.network.towns import CRS, lattice, street_frame


def codes(faults) -> list[str]:
    """Return the codes of the faults."""
    return [fault.code for fault in faults]


def homes(shapes, **columns) -> gpd.GeoDataFrame:
    """Return buildings of ten households each."""
    frame = pd.DataFrame(
        {"building_id": [f"b{i}" for i in range(len(shapes))], "households": pd.array([10] * len(shapes), "Int64")}
    ).assign(**columns)
    return gpd.GeoDataFrame(frame, geometry=list(shapes), crs=CRS)


def places(*shapes) -> gpd.GeoDataFrame:
    """Return communities c0, c1 and so on."""
    return gpd.GeoDataFrame({"community_id": [f"c{i}" for i in range(len(shapes))]}, geometry=list(shapes), crs=CRS)


def town() -> dict:
    """Return a town in which nothing is wrong: two communities, four buildings, three streets, junctions."""
    streets = street_frame(
        [
            ("a", "b", [(0, 50), (100, 50)]), ("b", "c", [(100, 50), (200, 50)]), ("b", "d", [(100, 50), (100, 90)]),
        ]
    )  # fmt: skip
    junctions = gpd.GeoDataFrame(
        {"junction_id": ["a", "b", "c", "d"]},
        geometry=shapely.points([[0, 50], [100, 50], [200, 50], [100, 90]]),
        crs=CRS,
    )
    west = np.array([10, 60, 110, 160])
    return {
        "communities": places(shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)),
        "buildings": homes(shapely.box(west, 60, west + 20, 80), levels=3.0, community_id=["c0", "c0", "c1", "c1"]),
        "streets": streets,
        "junctions": junctions,
    }  # fmt: skip


def only(layers, *wanted):
    """Return the faults after seeing that they are those wanted, in any order."""
    faults = check_layers(layers)
    assert sorted(codes(faults)) == sorted(wanted)
    return faults


def test_sound_town_has_no_faults():
    """Nothing is found where nothing is wrong, nor in an empty region."""
    assert check_layers(town(), CRS) == []
    assert check_layers({}) == []


def test_input_is_not_changed():
    """Looking changes nothing."""
    layers = town()
    check_layers(layers)
    for name, frame in town().items():
        pd.testing.assert_frame_equal(pd.DataFrame(layers[name]), pd.DataFrame(frame))


# -- reference systems -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("epsg", "code"), [(4326, "crs_in_degrees"), (3857, "crs_web_mercator"), (2263, "crs_not_metric")]
)
def test_layers_not_in_metres_are_named(epsg, code):
    """Degrees, web maps and feet: said for each layer, and nothing is measured in them."""
    layers = {name: frame.set_crs(epsg, allow_override=True) for name, frame in town().items()}
    faults = check_layers(layers)
    assert codes(faults) == [code] * 4
    assert all(fault.severity == "error" for fault in faults)


def test_layer_without_or_with_another_crs():
    """One reference system for all layers of a region."""
    layers = town()
    layers["streets"] = layers["streets"].set_crs(32651, allow_override=True)
    layers["junctions"] = layers["junctions"].set_crs(None, allow_override=True)
    faults = only(layers, "crs_missing", "crs_differs")
    assert {fault.code: fault.layer for fault in faults} == {"crs_differs": "streets", "crs_missing": "junctions"}
    assert len(check_layers(town(), 32651)) == 4


# -- geometries --------------------------------------------------------------------------------------------


def test_invalid_geometry_is_found_and_mended():
    """A bow tie becomes two triangles of the same building; its neighbours stay as they are."""
    layers = town()
    bow = shapely.Polygon([(10, 60), (30, 80), (30, 60), (10, 80)])
    layers["buildings"].loc[0, "geometry"] = bow
    (fault,) = only(layers, "geometry_invalid")
    assert (fault.ids, fault.repairable, "Self-intersection" in fault.text("en")) == (("b0",), True, True)
    mended, (repair,) = repair_layers(layers, [fault])
    assert (repair.code, repair.ids, repair.count) == ("geometry_invalid", ("b0",), 1)
    assert mended["buildings"].geometry.is_valid.all()
    assert mended["buildings"].area[0] == 200
    assert mended["streets"] is layers["streets"]
    assert layers["buildings"].geometry[0].equals_exact(bow)
    assert check_layers(mended) == []


def test_geometry_that_would_vanish_is_left():
    """A polygon without area has no valid form: it is reported and stays."""
    layers = town()
    layers["buildings"].loc[0, "geometry"] = shapely.Polygon([(0, 0), (5, 5), (0, 0), (0, 0)])
    only(layers, "geometry_invalid")
    mended, repairs = repair_layers(layers)
    assert repairs == []
    assert len(mended["buildings"]) == 4


def test_missing_geometry_is_found():
    """A row without geometry is an error that no machine can mend."""
    layers = town()
    layers["buildings"].loc[1, "geometry"] = None
    (fault,) = only(layers, "geometry_empty")
    assert not fault.repairable


def test_exact_duplicates_are_removed_and_others_reported():
    """A row drawn twice goes; two counts for the same footprint are a decision."""
    layers = town()
    frame = layers["buildings"]
    again = frame.iloc[[0, 1]].assign(building_id=["b8", "b9"], households=pd.array([10, 99], "Int64"))
    layers["buildings"] = pd.concat([frame, again], ignore_index=True)
    faults = {fault.code: fault for fault in only(layers, "row_repeated", "geometry_repeated")}
    assert faults["row_repeated"].ids == ("b8",)
    assert faults["geometry_repeated"].ids == ("b9",)
    mended, _ = repair_layers(layers)
    assert mended["buildings"]["building_id"].tolist() == ["b0", "b1", "b2", "b3", "b9"]
    only(mended, "geometry_repeated")


def test_two_ways_of_one_street_are_no_repetition():
    """A line for each direction is a way of drawing, not a mistake."""
    layers = town()
    back = layers["streets"].iloc[[0]].assign(street_id=["s9"], from_junction_id=["b"], to_junction_id=["a"])
    back = back.set_geometry(back.geometry.reverse())
    layers["streets"] = pd.concat([layers["streets"], back], ignore_index=True)
    assert check_layers(layers) == []


# -- communities and buildings -----------------------------------------------------------------------------


def test_overlapping_buildings_are_found_beyond_a_twentieth():
    """A shared wall of 4 % is drawing, a shared quarter is a mistake."""
    layers = town()
    layers["buildings"].loc[1, "geometry"] = shapely.box(25, 60, 45, 80)
    (fault,) = only(layers, "buildings_overlap")
    assert fault.ids == ("b0", "b1")
    layers["buildings"].loc[1, "geometry"] = shapely.box(29.2, 60, 49.2, 80)
    assert check_layers(layers) == []


def test_wide_overlap_and_gap_of_communities_are_not_touched():
    """Ten metres claimed twice, and a hole of 20 m: both are decisions."""
    layers = town()
    hole = shapely.box(20, 10, 40, 30)
    layers["communities"] = places(shapely.box(0, 0, 110, 100) - hole, shapely.box(100, 0, 200, 100))
    layers["buildings"] = layers["buildings"].iloc[[0, 1, 3]]
    faults = {fault.code: fault for fault in only(layers, "communities_overlap", "communities_gap")}
    assert "1000 m²" in faults["communities_overlap"].text("en")
    assert faults["communities_gap"].params["gaps"] == 1
    mended, repairs = repair_layers(layers)
    assert repairs == []
    assert mended["communities"] is layers["communities"]


@pytest.mark.parametrize("border", [99.6, 100.3])
def test_narrow_slit_between_communities_is_closed(border):
    """A gap of 0.4 m and an overlap of 0.3 m are slips of drawing; everything else stays in place."""
    layers = town()
    layers["communities"] = places(shapely.box(0, 0, border, 100), shapely.box(100, 0, 200, 100))
    (fault,) = only(layers, "communities_slit")
    assert fault.repairable
    assert "1 m" in fault.text("en")
    mended, (repair,) = repair_layers(layers, [fault])
    shapes = mended["communities"].geometry.to_numpy()
    assert shapely.coverage_is_valid(shapes, gap_width=1.0)
    assert shapely.area(shapes).sum() == pytest.approx(20_000)
    assert repair.count >= 1
    assert check_layers(mended) == []


def test_slit_that_cannot_be_closed_within_a_metre_stays():
    """Where an invalid neighbour, or a border that would move further, stands in the way, nothing moves."""
    bow = shapely.Polygon([(100, 0), (200, 100), (200, 0), (100, 100)])
    for shapes in ((shapely.box(0, 0, 99.6, 100), bow), (shapely.box(0, 0, 99.6, 100), shapely.Point(100, 0))):
        layers = {"communities": places(*shapes), "barriers": gpd.GeoDataFrame(geometry=[], crs=CRS)}
        faults = [fault for fault in check_layers(town() | {"communities": places(*shapes)}) if fault.repairable]
        mended, repairs = repair_layers(layers, [replace(fault, code="communities_slit") for fault in faults])
        assert repairs == []
        assert mended["communities"] is layers["communities"]


def test_gap_above_a_metre_stays():
    """A lane of 1.5 m between two communities is not filled in."""
    layers = town()
    layers["communities"] = places(shapely.box(0, 0, 98.5, 100), shapely.box(100, 0, 200, 100))
    mended, repairs = repair_layers(layers)
    assert repairs == []
    assert mended["communities"].area[0] == 9850


def test_buildings_outside_in_two_and_across():
    """A building in no community, one in both halves of an overlap, one across the border."""
    layers = town()
    layers["communities"] = places(shapely.box(0, 0, 140, 100), shapely.box(100, 0, 175, 100))
    moved = [shapely.box(300, 60, 310, 80), shapely.box(110, 60, 120, 80), shapely.box(165, 60, 185, 80)]
    layers["buildings"] = homes([*moved, shapely.box(70, 10, 110, 30)], levels=3.0)
    faults = {fault.code: fault.ids for fault in check_layers(layers)}
    assert faults["building_outside"] == ("b0",)
    assert faults["building_in_two"] == ("b1",)
    assert faults["building_crosses_border"] == ("b1", "b3")


def test_unknown_community_of_a_building_is_found():
    """A key that no community has is reported with its column."""
    layers = town()
    layers["buildings"].loc[0, "community_id"] = "nowhere"
    (fault,) = only(layers, "community_unknown")
    assert (fault.column, fault.ids) == ("community_id", ("b0",))


# -- streets -----------------------------------------------------------------------------------------------


def test_streets_apart_are_listed_with_their_share():
    """Two parts that do not meet, 25 m of 265 m."""
    layers = town()
    layers["streets"] = street_frame(
        [
            ("a", "b", [(0, 50), (100, 50)]), ("b", "c", [(100, 50), (200, 50)]),
            ("b", "d", [(100, 50), (100, 90)]), ("x", "y", [(10, 5), (35, 5)]),
        ]
    )  # fmt: skip
    del layers["junctions"]
    (fault,) = only(layers, "streets_not_connected")
    assert fault.ids == ("s3",)
    assert fault.params == {"parts": 1, "share": pytest.approx(25 / 265)}
    assert fault.severity == "warning"


def test_broken_junctions_are_found():
    """A junction that is not there, and a street that ends beside its junction."""
    layers = town()
    layers["junctions"] = layers["junctions"].iloc[:3]
    layers["streets"].loc[0, "geometry"] = shapely.LineString([(0, 53), (100, 50)])
    faults = {fault.code: fault.ids for fault in only(layers, "junction_unknown", "junction_apart")}
    assert faults == {"junction_unknown": ("s2",), "junction_apart": ("s0",)}


def test_streets_without_junctions_are_told_to_build():
    """Before the streets are joined nothing else can be said of them."""
    layers = town()
    layers["streets"] = layers["streets"].drop(columns="from_junction_id")
    (fault,) = only(layers, "column_missing")
    assert "gridtwin build" in fault.hint
    layers = town()
    layers["streets"].loc[2, "to_junction_id"] = None
    (fault,) = only(layers, "street_without_junction")
    assert fault.ids == ("s2",)


def test_street_without_length_is_removed_unless_it_joins():
    """A dot at one junction leads nowhere; one between two junctions holds the network together and stays."""
    layers = town()
    rows = [("a", "b", [(0, 50), (100, 50)]), ("b", "b", [(100, 50), (100, 50)]), ("b", "c", [(100, 50), (100, 50)]),
            ("c", "d", [(100, 50), (100, 90)])]  # fmt: skip
    layers["streets"] = street_frame(rows)
    del layers["junctions"]
    faults = check_layers(layers)
    assert "street_without_length" in codes(faults)
    mended, _ = repair_layers(layers, [fault for fault in faults if fault.code == "street_without_length"])
    assert mended["streets"]["street_id"].tolist() == ["s0", "s2", "s3"]
    assert len(components(street_network(mended["streets"], profile=Walker()))[1]) == 1


def test_repeated_junctions_and_no_streets_are_left_to_others():
    """Repeated keys are a fault of the schema; without streets nothing is said of them."""
    layers = town()
    layers["junctions"] = pd.concat([layers["junctions"]] * 2, ignore_index=True)
    assert check_layers(layers) == []
    layers = town() | {"streets": street_frame([("a", None, [(0, 50), (100, 50)])])}
    assert codes(check_layers(layers)) == ["street_without_junction"]


# -- people ------------------------------------------------------------------------------------------------


def test_households_missing_negative_and_beyond_belief():
    """Empty counts are a warning, negative ones an error that stays; thousands in one building are doubted."""
    layers = town()
    layers["buildings"]["households"] = pd.array([None, -3, 2500, 50], "Int64")
    layers["buildings"]["flats"] = pd.array([None, None, None, 10], "Int64")
    faults = only(layers, "below_minimum", "households_missing", "households_many", "households_beyond_flats")
    assert codes(faults)[0] == "below_minimum"
    assert {fault.code: fault.ids for fault in faults}["households_beyond_flats"] == ("b3",)
    assert repair_layers(layers)[1] == []


def test_no_households_at_all_is_an_error():
    """A region without any count cannot be divided."""
    layers = town()
    layers["buildings"]["households"] = pd.array([None] * 4, "Int64")
    (fault,) = only(layers, "households_unknown")
    assert (fault.severity, fault.count) == ("error", 4)


def test_estimates_without_storeys_are_told():
    """Guessing storeys is the largest source of error, so it is said."""
    layers = town()
    layers["buildings"] = layers["buildings"].assign(households_source="estimated", levels=[None, 3.0, 3.0, None])
    (fault,) = only(layers, "levels_missing")
    assert fault.ids == ("b0", "b3")


# -- shift -------------------------------------------------------------------------------------------------


def near_gcj02(lon, lat):
    """Return a shift as GCJ-02 has it near Beijing: some 530 m east and 155 m north."""
    return np.asarray(lon) + 0.0062, np.asarray(lat) + 0.0014


def moved(frame: gpd.GeoDataFrame, dlon: float = 0.0062, dlat: float = 0.0014) -> gpd.GeoDataFrame:
    """Return the layer with its degrees moved."""
    degrees = frame.to_crs(4326)
    return frame.set_geometry(degrees.translate(dlon, dlat).to_crs(frame.crs))


def built_up_town() -> dict:
    """Return a lattice of streets with buildings of random size in its blocks, none on a street."""
    streets = lattice(15, 15, step_m=120.0, seed=4).translate(450_000, 4_425_000)
    random = np.random.default_rng(1)
    spot = random.uniform(0, 1_700, (4_000, 2)) + np.array([450_000, 4_425_000])
    half = random.uniform(6, 18, (4_000, 2))
    shapes = shapely.box(*(spot - half).T, *(spot + half).T)
    tree = shapely.STRtree(streets.to_numpy())
    near = np.unique(tree.query(shapes, predicate="dwithin", distance=6)[0])
    shapes = np.delete(shapes, near)
    return {"buildings": homes(shapes), "streets": gpd.GeoDataFrame(geometry=streets, crs=CRS)}


@pytest.mark.parametrize("layer", ["buildings", "streets"])
def test_shift_of_one_layer_is_named(layer):
    """The layer, the metres and the direction are said, and what to declare."""
    layers = built_up_town()
    layers[layer] = moved(layers[layer])
    (fault,) = shift_faults(layers, to_gcj02=near_gcj02)
    assert fault.layer == layer
    assert fault.params["metres"] == pytest.approx(551, abs=8)
    assert "53" in fault.text("en").split(" m east")[0]
    assert f"m north of '{fault.params['other']}'" in fault.text("en")
    assert "gcj02" in fault.hint


def test_layers_that_fit_raise_no_alarm():
    """A town as it is, one with both layers shifted, and one shifted some other way are no GCJ-02."""
    layers = built_up_town()
    assert shift_faults(layers, to_gcj02=near_gcj02) == shift_faults(layers) == []
    assert shift_faults({name: moved(f) for name, f in layers.items()}, to_gcj02=near_gcj02) == []
    layers["buildings"] = moved(layers["buildings"], -0.0014, 0.0048)
    assert shift_faults(layers, to_gcj02=near_gcj02) == []


def test_few_buildings_points_or_no_offset_are_not_judged():
    """Where there is too little to judge by, or GCJ-02 moves nothing, nothing is said."""
    layers = built_up_town()
    layers["buildings"] = moved(layers["buildings"])
    assert shift_faults(layers, to_gcj02=lambda lon, lat: (lon, lat)) == []
    points = layers | {"buildings": layers["buildings"].set_geometry(layers["buildings"].centroid)}
    assert shift_faults(points, to_gcj02=near_gcj02) == []
    assert shift_faults(layers | {"buildings": layers["buildings"].iloc[:5]}, to_gcj02=near_gcj02) == []
    assert shift_faults(layers | {"streets": layers["streets"].iloc[:0]}, to_gcj02=near_gcj02) == []
    assert shift_faults({"streets": layers["streets"]}, to_gcj02=near_gcj02) == []


def beijing(folder) -> dict:
    """Return buildings and streets of Qinghuayuan, straight from the XML."""
    root = ET.parse(folder / "beijing_qinghuayuan" / "map.osm").getroot()
    place = {node.get("id"): (float(node.get("lon")), float(node.get("lat"))) for node in root.iter("node")}
    lines, polygons = [], []
    for way in root.iter("way"):
        tags = {tag.get("k"): tag.get("v") for tag in way.iter("tag")}
        at = [place[nd.get("ref")] for nd in way.iter("nd") if nd.get("ref") in place]
        if "building" in tags and len(at) > 3 and at[0] == at[-1]:
            polygons.append(shapely.Polygon(at))
        elif "highway" in tags and len(at) > 1:
            lines.append(shapely.LineString(at))
    buildings = homes(shapely.make_valid(np.array(polygons))).set_crs(4326, allow_override=True)
    streets = gpd.GeoDataFrame(geometry=lines, crs=4326)
    return {"buildings": buildings.to_crs(CRS), "streets": streets.to_crs(CRS)}


def test_offset_of_gcj02_itself_is_known():
    """Without a stated offset that of GCJ-02 is taken: at this place some 540 m south-east."""
    layers = built_up_town()
    degrees = layers["buildings"].to_crs(4326)
    centre = shapely.get_coordinates(shapely.centroid(degrees.geometry.to_numpy()))
    shift = np.column_stack(wgs84_to_gcj02(*centre.T)) - centre
    shapes = [
        shapely.transform(shape, lambda xy, d=d: xy + d) for shape, d in zip(degrees.geometry, shift, strict=True)
    ]
    layers["buildings"] = degrees.set_geometry(gpd.GeoSeries(shapes, crs=4326)).to_crs(CRS)
    (fault,) = shift_faults(layers)
    assert fault.layer == "buildings"
    assert 300 < fault.params["metres"] < 700


@pytest.mark.data
def test_real_beijing_is_judged_rightly(shared_data):
    """Qinghuayuan as mapped raises no alarm in any direction; shifted, the right layer is named."""
    layers = beijing(shared_data)
    for angle in np.arange(0, 2 * np.pi, np.pi / 4):
        shift = 0.0062 * np.cos(angle), 0.0047 * np.sin(angle)
        offset = lambda lon, lat, d=shift: (lon + d[0], lat + d[1])  # noqa: E731
        assert shift_faults(layers, to_gcj02=offset) == []
        for name in ("buildings", "streets"):
            (fault,) = shift_faults(layers | {name: moved(layers[name], *shift)}, to_gcj02=offset)
            assert fault.layer == name


# -- all together ------------------------------------------------------------------------------------------


def test_errors_come_first_and_every_fault_speaks():
    """Whatever is wrong, each fault renders as text and as plain values."""
    layers = town()
    layers["buildings"].loc[0, "geometry"] = shapely.Polygon([(10, 60), (30, 80), (30, 60), (10, 80)])
    layers["buildings"].loc[3, "geometry"] = shapely.box(900, 60, 920, 80)
    layers["communities"] = places(shapely.box(0, 0, 110, 100), shapely.box(100, 0, 200, 100))
    layers["streets"].loc[1, "to_junction_id"] = "z"
    faults = check_layers(layers)
    severity = [fault.severity for fault in faults]
    assert severity == sorted(severity)
    for fault in faults:
        assert "{" not in fault.text("en")
        assert fault.to_dict("en")["count"] == fault.count > 0
    for repair in repair_layers(layers)[1]:
        assert repair.ids[0] in repair.text("en")


def test_a_large_town_is_checked_quickly():
    """Ten thousand buildings take seconds: nothing loops over features."""
    side = np.arange(100) * 30.0
    x, y = (values.ravel() for values in np.meshgrid(side, side))
    layers = {
        "buildings": homes(shapely.box(x, y, x + 20, y + 20), levels=3.0),
        "communities": places(shapely.box(-5, -5, 1500, 3000), shapely.box(1500, -5, 3000, 3000)),
    }
    began = time.perf_counter()
    check_layers(layers)
    assert time.perf_counter() - began < 10
