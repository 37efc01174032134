"""Building a region: from own files of many kinds, tables, mappings, rasters; all faults at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridtwin.commands import COMMANDS
from gridtwin.commands.spec import Outcome, defaults_of
from gridtwin.coordinates import wgs84_to_gcj02
from gridtwin.errors import InputMissingError, LayerFaultsError, OutputExistsError, UsageError
from gridtwin.load.toy import toy_town
from gridtwin.progress import silent
from gridtwin.region import read_region

CALLS = {command.name: command for command in COMMANDS}


def call(name: str, /, **given: Any) -> Outcome:
    """Run a command as the command line does."""
    return CALLS[name].runner()(defaults_of(CALLS[name], given), silent)


@pytest.fixture(scope="module")
def town() -> dict[str, gpd.GeoDataFrame]:
    """Return the toy town."""
    return toy_town()


@pytest.fixture
def files(town: dict[str, gpd.GeoDataFrame], tmp_path: Path) -> dict[str, str]:
    """Return the toy town's layers as GeoPackages with our column names."""
    paths = {}
    for name, frame in town.items():
        if name != "junctions":
            paths[name] = str(tmp_path / f"{name}.gpkg")
            frame.to_file(paths[name], layer=name)
    return paths


def grids_of(path: Path) -> list[int]:
    """Divide a region and return the households of its grids."""
    call("divide", region=str(path), date="2026-01-01")
    return sorted(read_region(path)["grids"]["households"].tolist())


def test_our_column_names_need_no_mapping(files: dict[str, str], tmp_path: Path) -> None:
    """Files with our columns make a region whose plan is the toy town's; nothing given is changed."""
    before = {name: Path(path).read_bytes() for name, path in files.items()}
    outcome = call("build", out=str(tmp_path / "r.gpkg"), name="玩具镇", **files)
    assert outcome.data["layers"]["buildings"] == 20
    assert outcome.data["households"]["counted_share"] == 1.0
    region = read_region(tmp_path / "r.gpkg")
    assert region.name == "玩具镇"
    assert region.provenance["streets"].source == "streets.gpkg"
    assert "sha256" in region.provenance["streets"].note
    assert region["communities"]["origin"].tolist() == ["given", "given"]
    assert region["buildings"]["community_id"].notna().all()
    assert grids_of(tmp_path / "r.gpkg") == [400] * 5
    assert before == {name: Path(path).read_bytes() for name, path in files.items()}


def test_the_same_files_make_the_same_bytes(files: dict[str, str], tmp_path: Path) -> None:
    """Building twice, from another folder too, gives the same file to the byte."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    moved = {}
    for name, path in files.items():
        moved[name] = str(elsewhere / Path(path).name)
        Path(moved[name]).write_bytes(Path(path).read_bytes())
    call("build", out=str(tmp_path / "r.gpkg"), **files)
    call("build", out=str(elsewhere / "r.gpkg"), **moved)
    assert (tmp_path / "r.gpkg").read_bytes() == (elsewhere / "r.gpkg").read_bytes()


@pytest.mark.parametrize("suffix", ["geojson", "parquet", "fgb", "gpkg"])
def test_formats(town: dict[str, gpd.GeoDataFrame], tmp_path: Path, suffix: str) -> None:
    """GeoJSON, GeoParquet, FlatGeobuf and GeoPackage all do; degrees are projected to the region's CRS."""
    files = {}
    for name in ("streets", "buildings", "communities", "barriers"):
        path = tmp_path / f"{name}.{suffix}"
        frame = town[name].to_crs(4326) if suffix == "geojson" else town[name]
        frame.to_parquet(path) if suffix == "parquet" else frame.to_file(path)
        files[name] = str(path)
    call("build", out=str(tmp_path / "r.gpkg"), crs="EPSG:32650", **files)
    assert grids_of(tmp_path / "r.gpkg") == [400] * 5


@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030"])
def test_chinese_shapefiles_with_a_mapping(town: dict[str, gpd.GeoDataFrame], tmp_path: Path, encoding: str) -> None:
    """Shapefiles with Chinese names, columns and words are read through a mapping file, in both encodings."""
    buildings = town["buildings"][["building_id", "households", "geometry"]].rename(
        columns={"building_id": "楼栋号", "households": "总户数"}
    )
    buildings = buildings.assign(用途="住宅")
    communities = town["communities"][["code", "name", "geometry"]].rename(columns={"code": "代码", "name": "名称"})
    streets = town["streets"][["geometry"]].assign(等级="支路")
    for name, frame in (("楼栋", buildings), ("社区", communities), ("道路", streets)):
        frame.to_file(tmp_path / f"{name}.shp", encoding=encoding)
        (tmp_path / f"{name}.cpg").unlink(missing_ok=True)  # as it arrives from many offices
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        '[buildings]\nfile = "楼栋.shp"\nbuilding_id = "楼栋号"\nhouseholds = "总户数"\nuse = "用途"\n'
        '[communities]\nfile = "社区.shp"\ncommunity_id = "代码"\ncode = "代码"\nname = "名称"\n'
        '[streets]\nfile = "道路.shp"\nhighway = "等级"\n[streets.values.highway]\n"支路" = "residential"\n',
        encoding="utf-8",
    )
    call("build", out=str(tmp_path / "r.gpkg"), mapping=str(mapping))
    region = read_region(tmp_path / "r.gpkg")
    assert region["buildings"]["use"].unique().tolist() == ["住宅"]
    assert region["streets"]["highway"].unique().tolist() == ["residential"]
    assert len(region["junctions"]) > 0
    assert grids_of(tmp_path / "r.gpkg") == [400] * 5


def test_declared_gcj02_is_converted(town: dict[str, gpd.GeoDataFrame], files: dict[str, str], tmp_path: Path) -> None:
    """Buildings delivered in GCJ-02 come back to within a centimetre of where they stand."""

    def shifted(xy: np.ndarray) -> np.ndarray:
        return np.column_stack(wgs84_to_gcj02(xy[:, 0], xy[:, 1]))

    truth = town["buildings"].set_geometry(town["buildings"].geometry.translate(500_000 - 400, 4_400_000))
    others = {
        n: town[n].set_geometry(town[n].geometry.translate(500_000 - 400, 4_400_000))
        for n in ("streets", "communities")
    }
    degrees = truth.to_crs(4326)
    degrees.set_geometry(shapely.transform(degrees.geometry.to_numpy(), shifted), crs=4326).to_file(
        tmp_path / "gcj.geojson"
    )
    for name, frame in others.items():
        frame.to_file(files[name], layer=name)
    mapping = tmp_path / "m.toml"
    mapping.write_text('[buildings]\ndatum = "gcj02"\n')
    call(
        "build", out=str(tmp_path / "r.gpkg"), streets=files["streets"], communities=files["communities"],
        buildings=str(tmp_path / "gcj.geojson"), mapping=str(mapping),
    )  # fmt: skip
    region = read_region(tmp_path / "r.gpkg")
    apart = shapely.hausdorff_distance(region["buildings"].geometry.to_numpy(), truth.geometry.to_numpy())
    assert apart.max() < 0.01
    assert "gcj02" in region.provenance["buildings"].note


@pytest.mark.parametrize("kind", ["csv-utf8", "csv-gb18030", "xlsx"])
@pytest.mark.parametrize("by", ["building_id", "compound_id", "location"])
def test_household_tables(
    town: dict[str, gpd.GeoDataFrame], files: dict[str, str], tmp_path: Path, kind: str, by: str
) -> None:
    """Registers in three formats join in three ways; what matches nothing is reported, totals are kept."""
    bare = town["buildings"].assign(households=pd.Series([None] * 20, dtype="Int64"), persons=None)
    bare["compound_id"] = np.repeat(["甲", "乙", "丙", "丁"], 5)
    bare.drop(columns=["households_source"]).to_file(files["buildings"], layer="buildings")
    points = town["buildings"].geometry.centroid.to_crs(4326)
    if by == "building_id":
        table = pd.DataFrame({"building_id": [*bare["building_id"], "none"], "户数": [30] * 20 + [7]})
    elif by == "compound_id":
        table = pd.DataFrame({"compound_id": ["甲", "乙", "丙", "丁", "戊"], "户数": [151, 149, 150, 150, 7]})
    else:
        table = pd.DataFrame({"经度": [*points.x, 0.0], "纬度": [*points.y, 0.0], "户数": [30] * 20 + [7]})
    register = tmp_path / ("register.xlsx" if kind == "xlsx" else "register.csv")
    if kind == "xlsx":
        table.to_excel(register, index=False)
    else:
        table.to_csv(register, index=False, encoding="gb18030" if kind == "csv-gb18030" else "utf-8-sig")
    mapping = tmp_path / "m.toml"
    mapping.write_text('[households]\nhouseholds = "户数"\n', encoding="utf-8")
    outcome = call(
        "build", out=str(tmp_path / "r.gpkg"), households=str(register), households_by=by, mapping=str(mapping), **files
    )
    buildings = read_region(tmp_path / "r.gpkg")["buildings"]
    assert buildings["households"].sum() == 600
    if by == "compound_id":
        assert buildings.groupby("compound_id")["households"].sum().to_dict() == {
            "甲": 151,
            "乙": 149,
            "丙": 150,
            "丁": 150,
        }
    else:
        assert buildings["households_source"].eq("counted").all()
    assert len(outcome.notes) == 1
    assert "7" in outcome.notes[0]


def test_population_raster_and_heights(
    files: dict[str, str], town: dict[str, gpd.GeoDataFrame], tmp_path: Path
) -> None:
    """Households follow a population raster, and streets a slope from a terrain model."""
    import rasterio
    from rasterio.transform import from_origin

    bare = town["buildings"].assign(households=pd.Series([None] * 20, dtype="Int64"), persons=None)
    bare.drop(columns=["households_source"]).to_file(files["buildings"], layer="buildings")

    def write(name: str, values: np.ndarray, cell: float) -> str:
        path = tmp_path / name
        with rasterio.open(
            path, "w", driver="GTiff", height=values.shape[0], width=values.shape[1], count=1, dtype="float64",
            crs="EPSG:32650", transform=from_origin(-100, 500, cell, cell),
        ) as raster:  # fmt: skip
            raster.write(values, 1)
        return str(path)

    people = np.zeros((10, 12))
    people[:, 1:5] = 2.62 * 900 / 40  # 900 households west of the river
    people[:, 6:9] = 2.62 * 300 / 30  # 300 east of it, within the eastern community
    heights = np.tile(np.arange(120) * 1.0, (100, 1))  # rises eastwards, 1 m in 10 m
    call(
        "build", out=str(tmp_path / "r.gpkg"), population=write("people.tif", people, 100.0),
        dem=write("dem.tif", heights, 10.0), elderly_share=0.2, **files,
    )  # fmt: skip
    region = read_region(tmp_path / "r.gpkg")
    load = region["buildings"].groupby("community_id")["households"].sum()
    inside_west = 900 * 30 / 100  # 300 of 1,000 m of the western cells lie in the community
    assert load["110108001001"] == pytest.approx(inside_west, abs=1)
    assert region["buildings"]["elderly"].sum() == pytest.approx(0.2 * region["buildings"]["persons"].sum(), abs=10)
    east_west = region["streets"][region["streets"].geometry.bounds.eval("maxy - miny") < 1]
    assert east_west["slope"].abs().to_numpy() == pytest.approx(np.full(len(east_west), 0.1), abs=0.01)
    assert region["junctions"]["elevation_m"].notna().all()


def test_communities_are_drafted_where_none_are_given(files: dict[str, str], tmp_path: Path) -> None:
    """Without communities they are drafted, and the region, the table and the map say so."""
    del files["communities"]
    outcome = call("build", out=str(tmp_path / "r.gpkg"), **files)
    assert outcome.data["communities_drafted"] is True
    region = read_region(tmp_path / "r.gpkg")
    assert region["communities"]["origin"].eq("drafted").all()
    assert region.provenance["communities"].note == "drafted"


def test_all_faults_are_listed_at_once(
    town: dict[str, gpd.GeoDataFrame], files: dict[str, str], tmp_path: Path
) -> None:
    """Faults of several layers and columns come in one error, each with layer, column and ids."""
    town["buildings"].assign(households="many", building_id="same").to_file(files["buildings"], layer="buildings")
    town["barriers"].assign(kind="hedge").to_file(files["barriers"], layer="barriers")
    with pytest.raises(LayerFaultsError) as caught:
        call("build", out=str(tmp_path / "r.gpkg"), **files)
    places = {(fault.layer, fault.column) for fault in caught.value.faults}
    assert places == {("buildings", "households"), ("buildings", "building_id"), ("barriers", "kind")}
    assert not (tmp_path / "r.gpkg").exists()


@pytest.mark.parametrize("empty", ["streets", "buildings"])
def test_empty_layers_are_refused(
    town: dict[str, gpd.GeoDataFrame], files: dict[str, str], tmp_path: Path, empty: str
) -> None:
    """A region needs streets and buildings."""
    town[empty].iloc[:0].to_file(files[empty], layer=empty)
    with pytest.raises(InputMissingError, match=empty):
        call("build", out=str(tmp_path / "r.gpkg"), **files)


def test_degrees_without_crs_are_refused(
    town: dict[str, gpd.GeoDataFrame], files: dict[str, str], tmp_path: Path
) -> None:
    """A region in degrees or Web Mercator is refused, with the code that would fit."""
    with pytest.raises((LayerFaultsError, UsageError, ValueError), match="EPSG:"):
        call("build", out=str(tmp_path / "r.gpkg"), crs="EPSG:4326", **files)


def test_what_exists_is_not_replaced(files: dict[str, str], tmp_path: Path) -> None:
    """An existing region stays unless --overwrite; a dry run writes nothing."""
    target = tmp_path / "r.gpkg"
    call("build", out=str(target), dry_run=True, **files)
    assert not target.exists()
    target.write_text("mine")
    with pytest.raises(OutputExistsError):
        call("build", out=str(target), **files)
    assert target.read_text() == "mine"


def test_check_and_repair(files: dict[str, str], town: dict[str, gpd.GeoDataFrame], tmp_path: Path) -> None:
    """``check`` names what is wrong, ``--repair`` mends what is safe and keeps the rest, then nothing is left."""
    twice = pd.concat([town["buildings"], town["buildings"].iloc[:1].assign(building_id="again")])
    gpd.GeoDataFrame(twice, crs=town["buildings"].crs).to_file(files["buildings"], layer="buildings")
    target = tmp_path / "r.gpkg"
    call("build", out=str(target), **files)
    found = call("check", region=str(target))
    assert "row_repeated" in {fault["code"] for fault in found.data["faults"]}
    before = target.read_bytes()
    mended = call("check", region=str(target), repair=True, output=str(tmp_path / "m.gpkg"))
    assert mended.data["repairs"][0]["code"] == "row_repeated"
    assert target.read_bytes() == before
    region = read_region(tmp_path / "m.gpkg")
    assert len(region["buildings"]) == 20
    assert "removed" in region.provenance["buildings"].note
    clean = call("check", region=str(tmp_path / "m.gpkg"))
    assert "row_repeated" not in {fault["code"] for fault in clean.data["faults"]}
    assert clean.data["errors"] == 0


def test_the_map_says_what_is_estimated(files: dict[str, str], tmp_path: Path) -> None:
    """The page carries the plan, its bounds and the share of estimated households."""
    target = tmp_path / "r.gpkg"
    call("build", out=str(target), licence="City of Toys", **files)
    call("divide", region=str(target), date="2026-01-01")
    outcome = call("map", region=str(target), file=str(tmp_path / "m.html"))
    text = (tmp_path / "m.html").read_text(encoding="utf-8")
    assert outcome.data["bytes"] == len(text.encode())
    assert "City of Toys" in text
    with pytest.raises(OutputExistsError):
        call("map", region=str(target), file=str(tmp_path / "m.html"))


def test_facilities_entrances_and_kinds_of_ones_own(files: dict[str, str], tmp_path: Path) -> None:
    """Tables of facilities and entrances come in with kinds by their Chinese names, and with kinds of one's own."""
    kinds, facilities, entrances = (tmp_path / f"{name}.csv" for name in ("kinds", "facilities", "entrances"))
    kinds.write_text("kind,en,zh\nbath,Bath,浴室\n", "utf-8")
    facilities.write_text(
        "facility_id,kind,name,capacity,lon,lat\nA,社区食堂,东街食堂,90,117,0.001\nB,浴室,,,117,0.002\n"
    )
    entrances.write_text("facility_id,lon,lat\nA,117,0.0011\n")
    own = {**files, "facilities": str(facilities), "entrances": str(entrances)}
    with pytest.raises(LayerFaultsError, match="浴室"):
        call("build", out=str(tmp_path / "r.gpkg"), **own)
    call("build", out=str(tmp_path / "r.gpkg"), kinds=str(kinds), **own)
    region = read_region(tmp_path / "r.gpkg")
    assert region["facilities"].set_index("facility_id")["kind"].to_dict() == {"A": "canteen", "B": "bath"}
    assert region["facilities"]["capacity"].fillna(0).tolist() == [90, 0]
    assert region["entrances"]["facility_id"].tolist() == ["A"]
    assert "--kinds kinds.csv" in region.provenance["facilities"].command


def test_entrances_of_the_map_belong_to_its_facilities(files: dict[str, str], tmp_path: Path) -> None:
    """Facilities of one's own push out the entrances of the map, which lead to others."""
    nodes = [(0, 0), (0.001, 0), (0.001, 0.001), (0, 0.001)]
    gate = '<tag k="barrier" v="gate"/>'
    corners = "".join(
        f'<node id="{number}" version="1" lon="{117 + x}" lat="{40 + y}">{gate if number == 1 else ""}</node>'
        for number, (x, y) in enumerate(nodes, start=1)
    )
    refs = "".join(f'<nd ref="{number}"/>' for number in (1, 2, 3, 4, 1))
    school = f'<way id="1" version="1">{refs}<tag k="amenity" v="school"/></way>'
    home = f'<way id="2" version="1">{refs}<tag k="building" v="house"/></way>'
    street = f'<way id="3" version="1">{refs}<tag k="highway" v="residential"/></way>'
    osm = tmp_path / "town.osm"
    osm.write_text(f'<osm version="0.6">{corners}{school}{home}{street}</osm>')
    call("build", out=str(tmp_path / "map.gpkg"), osm=str(osm))
    assert read_region(tmp_path / "map.gpkg")["entrances"]["facility_id"].tolist() == ["w1"]
    own = tmp_path / "facilities.csv"
    own.write_text("kind,lon,lat\nclinic,117,40\n")
    call("build", out=str(tmp_path / "own.gpkg"), osm=str(osm), facilities=str(own))
    assert "entrances" not in read_region(tmp_path / "own.gpkg")
