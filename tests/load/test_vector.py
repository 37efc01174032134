"""The user's own layers: formats, encodings, datums, CRS; all faults at once."""

from __future__ import annotations

import importlib
import warnings
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from gridtwin.coordinates import wgs84_to_bd09, wgs84_to_gcj02
from gridtwin.errors import InputError, InputMissingError, LayerFaultsError, MissingToolError
from gridtwin.load import vector
from gridtwin.load.kinds import facility_kinds
from gridtwin.load.mapping import LayerMapping
from gridtwin.load.register import read_register
from gridtwin.load.vector import LayerSource, read_layer, read_layers

ORIGIN = np.array([440_000.0, 4_427_000.0])  # Beijing, in EPSG:32650
CHINESE = {"households": "建筑物总户数量", "compound_id": "小区名称", "use": "用途", "levels": "层数"}
WORDS = {"use": {"住宅": "residential", "办公": "office"}}


@pytest.fixture
def buildings() -> gpd.GeoDataFrame:
    """Return three buildings with our column names."""
    corners = ORIGIN + np.array([[0, 0], [100, 0], [0, 100]])
    return gpd.GeoDataFrame(
        {
            "building_id": ["b1", "b2", "b3"],
            "households": [30, 40, 0],
            "levels": [6.0, 8.0, 3.0],
            "compound_id": ["凤凰花园", "凤凰花园", "临江苑"],
            "use": ["residential", "residential", "office"],
        },
        geometry=shapely.box(corners[:, 0], corners[:, 1], corners[:, 0] + 20, corners[:, 1] + 20),
        crs="EPSG:32650",
    )


@pytest.fixture
def chinese(buildings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the same buildings as a planner has them."""
    words = {ours: theirs for theirs, ours in WORDS["use"].items()}
    frame = buildings.drop(columns="building_id").rename(columns=CHINESE)
    return frame.assign(用途=frame["用途"].map(words))


def write_shapefile(frame: gpd.GeoDataFrame, path: Path, encoding: str, *, cpg: bool = True) -> Path:
    """Write a shapefile; GDAL warns that it cuts names."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame.to_file(path, encoding=encoding)
    if not cpg:
        path.with_suffix(".cpg").unlink()
    return path


def without_id(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return what files of different make have in common."""
    return pd.DataFrame(frame[["households", "levels", "compound_id", "use"]])


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".parquet", ".fgb", ".shp"])
def test_our_names_need_no_mapping(buildings: gpd.GeoDataFrame, tmp_path: Path, suffix: str) -> None:
    """Every format with our column names comes back as it was written, places within 2 cm (GeoJSON: seven digits)."""
    path = tmp_path / f"buildings{suffix}"
    frame = buildings.to_crs(4326) if suffix == ".geojson" else buildings
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
        frame.to_parquet(path)
    elif suffix == ".shp":
        write_shapefile(frame, path, "UTF-8")  # cuts "building_id" and "compound_id" to ten letters
    else:
        frame.to_file(path)
    read = read_layer(path, "buildings", crs="EPSG:32650")
    read = read.sort_values("building_id", ignore_index=True)  # FlatGeobuf sorts by place
    assert read["building_id"].tolist() == ["b1", "b2", "b3"]
    pd.testing.assert_frame_equal(
        without_id(read), without_id(buildings).astype(without_id(read).dtypes.to_dict()), check_exact=False
    )
    moved = shapely.hausdorff_distance(read.geometry.to_numpy(), buildings.geometry.to_numpy())
    assert moved.max() < 0.02
    assert read.crs.to_epsg() == 32650


@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030"])
@pytest.mark.parametrize("cpg", [True, False])
def test_chinese_shapefiles(
    buildings: gpd.GeoDataFrame, chinese: gpd.GeoDataFrame, tmp_path: Path, encoding: str, cpg: bool
) -> None:
    """Chinese names (cut within a character at ten bytes) and words are read in both encodings, told or not."""
    path = write_shapefile(chinese, tmp_path / "楼栋.shp", encoding, cpg=cpg)
    read = read_layer(path, "buildings", mapping=LayerMapping(columns=CHINESE, values=WORDS))
    pd.testing.assert_frame_equal(without_id(read), without_id(buildings).astype(without_id(read).dtypes.to_dict()))


def test_zipped_shapefile(chinese: gpd.GeoDataFrame, tmp_path: Path) -> None:
    """A shapefile is read out of its zip, encoding and all."""
    (tmp_path / "raw").mkdir()
    write_shapefile(chinese, tmp_path / "raw" / "a.shp", "GB18030", cpg=False)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for part in (tmp_path / "raw").iterdir():
            archive.write(part, part.name)
    read = read_layer(tmp_path / "a.zip", "buildings", mapping=LayerMapping(columns=CHINESE, values=WORDS))
    assert read["compound_id"].tolist() == ["凤凰花园", "凤凰花园", "临江苑"]


@pytest.mark.parametrize(("mark", "cpg"), [(0x4D, None), (0, "936"), (0, "no such page"), (0x7A, None)])
def test_marks_of_chinese_code_pages(chinese: gpd.GeoDataFrame, tmp_path: Path, mark: int, cpg: str | None) -> None:
    """The code page in the .dbf header or the .cpg file decides; an unknown one is as good as none."""
    path = write_shapefile(chinese, tmp_path / "a.shp", "GB18030", cpg=False)
    content = bytearray(path.with_suffix(".dbf").read_bytes())
    content[29] = mark
    path.with_suffix(".dbf").write_bytes(content)
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg)
    read = read_layer(path, "buildings", mapping=LayerMapping(columns=CHINESE, values=WORDS))
    assert read["compound_id"].tolist() == ["凤凰花园", "凤凰花园", "临江苑"]


def test_stated_encoding_decides(chinese: gpd.GeoDataFrame, tmp_path: Path) -> None:
    """The mapping's encoding goes before a wrong .cpg file."""
    path = write_shapefile(chinese, tmp_path / "a.shp", "GB18030", cpg=False)
    path.with_suffix(".cpg").write_text("ISO-8859-1")
    mapping = LayerMapping(columns=CHINESE, values=WORDS, encoding="gb18030")
    assert read_layer(path, "buildings", mapping=mapping)["compound_id"].iloc[0] == "凤凰花园"


@pytest.mark.parametrize(("datum", "shift"), [("gcj02", wgs84_to_gcj02), ("bd09", wgs84_to_bd09)])
def test_declared_datums_are_converted(buildings: gpd.GeoDataFrame, tmp_path: Path, datum: str, shift: Any) -> None:
    """A layer declared as GCJ-02 or BD-09, in the call or the mapping, comes back to its place."""
    true = buildings.to_crs(4326)
    shifted = true.set_geometry(
        shapely.transform(true.geometry.to_numpy(), lambda xy: np.column_stack(shift(xy[:, 0], xy[:, 1]))), crs=4326
    )
    shifted.to_file(tmp_path / "b.gpkg", layer="buildings")
    for given in ({"datum": datum}, {"mapping": LayerMapping(datum=datum)}):
        read = read_layer(tmp_path / "b.gpkg", "buildings", crs="EPSG:32650", **given)
        moved = shapely.distance(
            shapely.centroid(read.geometry.to_numpy()), shapely.centroid(buildings.geometry.to_numpy())
        )
        assert moved.max() < 1e-4
    undeclared = read_layer(tmp_path / "b.gpkg", "buildings", crs="EPSG:32650")
    assert undeclared.distance(buildings).min() > 300


def test_crs_follows_the_place_or_the_wish(buildings: gpd.GeoDataFrame, tmp_path: Path) -> None:
    """Degrees are projected into the zone that fits; a metric CRS is kept; a wish decides; degrees are refused."""
    buildings.to_crs(4326).to_file(tmp_path / "degrees.gpkg", layer="buildings")
    buildings.to_file(tmp_path / "metres.gpkg", layer="buildings")
    assert read_layer(tmp_path / "degrees.gpkg", "buildings").crs.to_epsg() == 4548
    assert read_layer(tmp_path / "metres.gpkg", "buildings").crs.to_epsg() == 32650
    assert read_layer(tmp_path / "metres.gpkg", "buildings", crs=4549).crs.to_epsg() == 4549
    with pytest.raises(InputError, match="EPSG:4548"):
        read_layer(tmp_path / "metres.gpkg", "buildings", crs=4326)


def test_missing_crs_must_be_declared(buildings: gpd.GeoDataFrame, tmp_path: Path) -> None:
    """A file without CRS is refused with the words that mend it, and read once they are there."""
    path = write_shapefile(buildings, tmp_path / "b.shp", "UTF-8")
    path.with_suffix(".prj").unlink()
    with pytest.raises(InputError, match='crs = "EPSG:4549"'):
        read_layer(path, "buildings")
    read = read_layer(path, "buildings", mapping=LayerMapping(crs="EPSG:32650"))
    assert read.distance(buildings).max() < 0.01


def test_old_datum_is_refused(buildings: gpd.GeoDataFrame, tmp_path: Path) -> None:
    """A layer in Beijing 1954 is not moved silently to a wrong place."""
    buildings.set_crs("EPSG:2415", allow_override=True).to_file(tmp_path / "b.gpkg", layer="buildings")
    with pytest.raises(InputError, match="EPSG:2415") as error:
        read_layer(tmp_path / "b.gpkg", "buildings")
    assert error.value.code == "crs_needs_parameters"


def test_layer_of_a_geopackage(buildings: gpd.GeoDataFrame, tmp_path: Path) -> None:
    """The layer called like ours is taken, else the only one, else the file's layers are listed."""
    path = tmp_path / "city.gpkg"
    buildings.to_file(path, layer="楼栋")
    assert len(read_layer(path, "buildings")) == 3
    buildings.iloc[:1].to_file(path, layer="other")
    with pytest.raises(InputError, match="楼栋, other"):
        read_layer(path, "buildings")
    assert len(read_layer(path, "buildings", mapping=LayerMapping(layer="other"))) == 1
    buildings.iloc[:2].to_file(path, layer="buildings")
    assert len(read_layer(path, "buildings")) == 2


def test_heights_are_dropped(buildings: gpd.GeoDataFrame, tmp_path: Path) -> None:
    """Coordinates with z come back flat."""
    raised = buildings.set_geometry(shapely.force_3d(buildings.geometry.to_numpy(), 45.0), crs=buildings.crs)
    raised.to_file(tmp_path / "b.gpkg", layer="buildings")
    assert not read_layer(tmp_path / "b.gpkg", "buildings").has_z.any()


def test_kinds_of_facilities_by_their_chinese_names(tmp_path: Path) -> None:
    """Titles and aliases of kinds are understood; new columns are read."""
    table = pd.DataFrame(
        {"kind": ["诊所", "社区食堂", "Library"], "lon": 116.3, "lat": 40.0, "capacity": [3, 90, 40],
         "step_free": ["是", "否", None], "opening_hours": "08:00-17:00"}
    )  # fmt: skip
    table.to_csv(tmp_path / "f.csv", index=False)
    facilities = read_layer(tmp_path / "f.csv", "facilities", crs=4548)
    assert facilities["kind"].tolist() == ["clinic", "canteen", "library"]
    assert facilities["step_free"].astype("Int64").fillna(2).tolist() == [1, 0, 2]
    assert facilities["opening_hours"].tolist() == ["08:00-17:00"] * 3


def test_unknown_kinds_are_listed_with_the_other_faults(tmp_path: Path) -> None:
    """Kinds that nobody knows are named with the most similar ones, unless the user's table has them."""
    table = pd.DataFrame({"facility_id": ["f1", "f2", "f3"], "kind": ["libary", "浴室", "clinic"], "lon": 1, "lat": 40})
    table.to_csv(tmp_path / "f.csv", index=False)
    sources = {"facilities": LayerSource(tmp_path / "f.csv"), "shelters": LayerSource(tmp_path / "none.csv")}
    with pytest.raises(LayerFaultsError) as error:
        read_layers(sources, crs=32631)
    (fault,) = (fault for fault in error.value.faults if fault.code == "kind_unknown")
    assert len(error.value.faults) == 2
    assert (fault.count, fault.ids, fault.params["words"]) == (2, ("f1", "f2"), "libary (library?), 浴室")
    (tmp_path / "kinds.csv").write_text("kind,en,zh,aliases\nbath,Bath,浴室,\nlibrary,Library,图书馆,libary\n")
    own = facility_kinds(tmp_path / "kinds.csv")
    read, _ = read_layers({"facilities": sources["facilities"]}, crs=32631, kinds=own)
    assert read["facilities"]["kind"].tolist() == ["library", "bath", "clinic"]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize("names", [("lon", "lat"), ("经度", "纬度"), ("Longitude", "Latitude")])
def test_tables_with_coordinates(tmp_path: Path, suffix: str, names: tuple[str, str]) -> None:
    """Points come from the columns of a table, by any usual name."""
    table = pd.DataFrame({"kind": ["clinic"], "name": ["卫生站"], names[0]: [116.3], names[1]: [40.0]})
    path = tmp_path / f"f{suffix}"
    table.to_csv(path, index=False) if suffix == ".csv" else table.to_excel(path, index=False)
    read = read_layer(path, "facilities", crs=4548)
    back = read.to_crs(4326).geometry.iloc[0]
    assert (back.x, back.y) == pytest.approx((116.3, 40.0), abs=1e-8)
    assert read["name"].tolist() == ["卫生站"]


def test_areas_and_single_parts_come_as_points(buildings: gpd.GeoDataFrame, tmp_path: Path) -> None:
    """A shelter drawn as an area becomes a point within it; a multi-part geometry of one part becomes simple."""
    shapes = [shapely.box(*ORIGIN, *(ORIGIN + 50)), shapely.MultiPoint([ORIGIN])]
    gpd.GeoDataFrame(geometry=shapes, crs="EPSG:32650").to_file(tmp_path / "s.geojson")
    shelters = read_layer(tmp_path / "s.geojson", "shelters", crs="EPSG:32650")
    assert shelters.geom_type.tolist() == ["Point", "Point"]
    assert shelters.geometry.iloc[0].within(shapes[0])
    parts = buildings.set_geometry(shapely.multipolygons([[b] for b in buildings.geometry]), crs=buildings.crs)
    parts.to_file(tmp_path / "b.gpkg", layer="buildings")
    assert set(read_layer(tmp_path / "b.gpkg", "buildings").geom_type) == {"Polygon"}


def test_tables_in_metres_need_a_crs(tmp_path: Path) -> None:
    """Columns x and y are read once the mapping states their CRS."""
    path = tmp_path / "shelters.csv"
    pd.DataFrame({"name": ["公园"], "capacity_persons": [500], "x": [440_000], "y": [4_427_000]}).to_csv(path)
    with pytest.raises(InputError, match="states no CRS"):
        read_layer(path, "shelters")
    read = read_layer(path, "shelters", mapping=LayerMapping(crs="EPSG:32650"))
    assert shapely.get_coordinates(read.geometry.to_numpy()).tolist() == [[440_000, 4_427_000]]


def test_tables_whose_coordinates_are_unusable(tmp_path: Path) -> None:
    """Missing coordinate columns, and rows whose coordinates are no numbers, are named."""
    path = tmp_path / "shelters.csv"
    pd.DataFrame({"shelter_id": ["s1", "s2"], "lon": [116.3, None], "lat": ["40", "北"]}).to_csv(path, index=False)
    with pytest.raises(LayerFaultsError, match="s2"):
        read_layer(path, "shelters")
    pd.DataFrame({"name": ["a"]}).to_csv(path, index=False)
    with pytest.raises(LayerFaultsError, match="no coordinates"):
        read_layer(path, "shelters")


def test_plain_tables(tmp_path: Path) -> None:
    """Stock comes from a table without geometry; leading zeros and dates stay."""
    path = tmp_path / "stock.xlsx"
    table = pd.DataFrame(
        {"批次": ["007"], "depot_id": ["d1"], "category": ["food"], "quantity": [12.5],
         "expires_on": [pd.Timestamp("2027-03-01")]}
    )  # fmt: skip
    table.to_excel(path, index=False)
    read = read_layer(path, "stock", mapping=LayerMapping(columns={"lot_id": "批次"}))
    assert read[["lot_id", "quantity", "expires_on"]].iloc[0].tolist() == ["007", 12.5, "2027-03-01"]


def test_register_keeps_what_a_join_needs(tmp_path: Path) -> None:
    """A register is read with its names mapped; by location its rows become points."""
    path = tmp_path / "登记.csv"
    path.write_bytes("楼栋,户数,经度,纬度\n001,30,116.3,40.0\n".encode("gb18030"))
    mapping = LayerMapping(columns={"building_id": "楼栋", "households": "户数"})
    assert read_register(path, mapping=mapping)[["building_id", "households"]].iloc[0].tolist() == ["001", "30"]
    points = read_register(path, mapping=mapping, by="location")
    assert points.crs.to_epsg() == 4326
    assert points["households"].tolist() == ["30"]
    points.to_file(tmp_path / "r.gpkg", layer="登记")
    assert read_register(tmp_path / "r.gpkg", by="location").crs.to_epsg() == 4326
    assert "geometry" not in read_register(tmp_path / "r.gpkg")


def test_mapped_columns_that_are_not_there(buildings: gpd.GeoDataFrame, tmp_path: Path) -> None:
    """All columns that the file lacks are listed at once, with what it has instead."""
    buildings.rename(columns={"households": "总户数"}).to_file(tmp_path / "b.gpkg", layer="buildings")
    mapping = LayerMapping(columns={"households": "户总数", "flats": "套数"})
    with pytest.raises(LayerFaultsError) as error:
        read_layer(tmp_path / "b.gpkg", "buildings", mapping=mapping)
    assert [fault.column for fault in error.value.faults] == ["households", "flats"]
    assert "did you mean '总户数'?" in str(error.value)


def test_a_mapped_column_goes_before_one_with_our_name(buildings: gpd.GeoDataFrame, tmp_path: Path) -> None:
    """If the mapping names another column for households, the file's own ``households`` does not interfere."""
    buildings.assign(户数=[1, 2, 3]).to_file(tmp_path / "b.gpkg", layer="buildings")
    read = read_layer(tmp_path / "b.gpkg", "buildings", mapping=LayerMapping(columns={"households": "户数"}))
    assert read["households"].tolist() == [1, 2, 3]


def test_other_spellings_of_our_names_are_not_ours(buildings: gpd.GeoDataFrame, tmp_path: Path) -> None:
    """Capitals throughout are ours, as old formats write them; another spelling is the file's own column."""
    names = {"households": "HOUSEHOLDS", "building_id": "Building_ID"}
    buildings.assign(building_id="B").rename(columns=names).to_file(tmp_path / "b.gpkg", layer="buildings")
    read = read_layer(tmp_path / "b.gpkg", "buildings")
    assert read["households"].tolist() == [30, 40, 0]
    assert read["building_id"].is_unique
    assert read["Building_ID"].tolist() == ["B", "B", "B"]


def test_faults_of_all_layers_come_at_once(buildings: gpd.GeoDataFrame, tmp_path: Path) -> None:
    """Bad values, a missing file, a missing CRS and a refused datum in four layers make one error."""
    bad = buildings.assign(households=["3", "-1", "many"], building_id=["b1", "b1", "b2"])
    bad.to_file(tmp_path / "buildings.gpkg")
    lines = gpd.GeoDataFrame({"kind": ["moat"]}, geometry=[shapely.LineString([(0, 0), (1, 1)])], crs=2415)
    lines.to_file(tmp_path / "barriers.gpkg")
    lines.set_crs(32650, allow_override=True).to_file(tmp_path / "streets.gpkg")
    points = pd.DataFrame({"kind": ["clinic"], "x": [1], "y": [2]})
    points.to_csv(tmp_path / "facilities.csv", index=False)
    files = {
        "streets": "streets.gpkg", "buildings": "buildings.gpkg", "barriers": "barriers.gpkg",
        "facilities": "facilities.csv", "communities": "communities.shp",
    }  # fmt: skip
    with pytest.raises(LayerFaultsError) as error:
        read_layers({name: LayerSource(tmp_path / file) for name, file in files.items()})
    found = {(fault.layer, fault.code) for fault in error.value.faults}
    assert found == {
        ("buildings", "not_a_number"), ("buildings", "below_minimum"), ("buildings", "key_repeated"),
        ("barriers", "crs_needs_parameters"), ("facilities", "crs_missing"), ("communities", "file_missing"),
    }  # fmt: skip


def test_layers_share_one_crs(buildings: gpd.GeoDataFrame, tmp_path: Path) -> None:
    """The streets' metric CRS is that of all; a wish goes before; plain tables have none."""
    streets = gpd.GeoDataFrame(geometry=[shapely.LineString([ORIGIN, ORIGIN + 50])], crs="EPSG:32650")
    streets.to_crs(4549).to_file(tmp_path / "s.gpkg", layer="streets")
    buildings.to_file(tmp_path / "b.gpkg", layer="buildings")
    sources = {"buildings": LayerSource(tmp_path / "b.gpkg"), "streets": LayerSource(tmp_path / "s.gpkg")}
    layers, crs = read_layers(sources)
    assert crs is not None
    assert {frame.crs.to_epsg() for frame in layers.values()} == {4549} == {crs.to_epsg()}
    layers, _ = read_layers(sources, crs="EPSG:32650")
    assert layers["buildings"].distance(buildings).max() < 1e-6
    pd.DataFrame({"category": ["food"], "lot_id": ["1"], "depot_id": ["d"]}).to_csv(tmp_path / "k.csv", index=False)
    layers, crs = read_layers({"stock": LayerSource(tmp_path / "k.csv")})
    assert crs is None
    assert len(layers["stock"]) == 1


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file and one of an unknown kind are clear errors."""
    with pytest.raises(InputMissingError, match=r"no\.gpkg"):
        read_layer(tmp_path / "no.gpkg", "buildings")
    (tmp_path / "b.gpkg").write_bytes(b"nothing")
    with pytest.raises(InputError, match="cannot be read as a map layer"):
        read_layer(tmp_path / "b.gpkg", "buildings")


def test_geoparquet_without_pyarrow(
    buildings: gpd.GeoDataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without pyarrow the error says what to install (exit code 5)."""

    def absent(name: str, package: str | None = None) -> Any:
        raise ImportError(name)

    (tmp_path / "b.parquet").write_bytes(b"")
    monkeypatch.setattr(vector.importlib, "import_module", absent)
    with pytest.raises(MissingToolError, match=r"gridtwin\[parquet\]") as error:
        read_layer(tmp_path / "b.parquet", "buildings")
    assert error.value.exit_code == 5
    monkeypatch.undo()
    assert importlib.import_module("json")


def test_nothing_given_is_changed(chinese: gpd.GeoDataFrame, tmp_path: Path) -> None:
    """Reading leaves the user's files as they were, byte for byte."""
    path = write_shapefile(chinese, tmp_path / "a.shp", "GB18030", cpg=False)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    read_layer(path, "buildings", mapping=LayerMapping(columns=CHINESE, values=WORDS))
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before
    assert pyogrio.read_info(path)["features"] == 3
