"""The region file: nothing lost, nothing half written, same layers same bytes."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridtwin.errors import (
    InputMissingError,
    LayerFaultsError,
    OutputExistsError,
    RegionFileError,
    StorageError,
)
from gridtwin.region import META_TABLE, Provenance, Region, read_region
from gridtwin.schemas import LAYERS, SCHEMA_VERSION, conform
from tests.grids.lattice import CRS, lattice

SOURCE = Provenance("streets.shp", "ODbL 1.0", "2026-01-01", "gridtwin build", "as delivered")


@pytest.fixture
def region() -> Region:
    """Return a small region."""
    town = {name: frame for name, frame in lattice(3, 2, 100).items() if len(frame)}
    return Region({}, pyproj.CRS(CRS), "试验区").with_layers(town, SOURCE, counted="1.0")


def assert_same(left: Region, right: Region) -> None:
    """Assert that two regions hold the same."""
    assert list(left.layers) == list(right.layers)
    assert (left.name, left.crs, dict(left.provenance)) == (right.name, right.crs, dict(right.provenance))
    assert dict(left.facts) == dict(right.facts)
    for name, frame in left.layers.items():
        pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(right.layers[name]))


def test_written_is_read_again(region: Region, tmp_path: Path) -> None:
    """Layers, types, CRS, names and provenance come back as they were; the layer order is the dictionary's."""
    back = read_region(region.write(tmp_path / "r.gpkg"))
    ordered = [name for name in LAYERS if name in region.layers]
    assert list(back.layers) == ordered
    assert_same(Region({n: region[n] for n in ordered}, region.crs, region.name, region.provenance, region.facts), back)


def test_units_and_grids_may_be_torn_in_qgis(region: Region, tmp_path: Path) -> None:
    """They are declared as of several pieces, for QGIS saves the second piece of a Polygon as a hole of the first."""
    blocks = gpd.GeoDataFrame({"unit_id": ["u1"], "community_id": "c1"}, geometry=[shapely.box(0, 0, 9, 9)], crs=CRS)
    file = region.with_layers({"units": conform(blocks, "units")}, SOURCE).write(tmp_path / "r.gpkg")
    assert pyogrio.read_info(file, layer="units")["geometry_type"] == "MultiPolygon"
    assert list(read_region(file)["units"].geometry.geom_type) == ["Polygon"]


@settings(max_examples=15, deadline=None)
@given(
    names=st.lists(st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=12), min_size=2, max_size=6),
    homes=st.lists(st.one_of(st.none(), st.integers(0, 10**6)), min_size=6, max_size=6),
    levels=st.lists(st.one_of(st.none(), st.floats(0, 200, allow_nan=False)), min_size=6, max_size=6),
)
def test_any_values_survive(
    names: list[str], homes: list[int | None], levels: list[float | None], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any text, missing numbers and odd floats are read back as they were written."""
    count = len(names)
    frame = gpd.GeoDataFrame(
        {"name": names, "households": homes[:count], "levels": levels[:count]},
        geometry=gpd.points_from_xy(range(count), range(count)),
        crs=CRS,
    )
    layer = conform(frame, "buildings")
    path = tmp_path_factory.mktemp("r") / "r.gpkg"
    Region({"buildings": layer}, pyproj.CRS(CRS)).write(path)
    pd.testing.assert_frame_equal(pd.DataFrame(layer), pd.DataFrame(read_region(path)["buildings"]))


def test_same_layers_same_bytes(region: Region, tmp_path: Path) -> None:
    """Writing twice, or reading and writing again, gives the same file to the byte."""
    first = region.write(tmp_path / "a.gpkg").read_bytes()
    assert region.write(tmp_path / "b.gpkg").read_bytes() == first
    assert read_region(tmp_path / "a.gpkg").write(tmp_path / "c.gpkg").read_bytes() == first


def test_a_planners_own_layers_are_carried_along(region: Region, tmp_path: Path) -> None:
    """Layers that are not ours (drawings, QGIS's styles) survive reading and writing."""
    path = region.write(tmp_path / "r.gpkg")
    sketch = gpd.GeoDataFrame({"备注": ["新学校"]}, geometry=gpd.points_from_xy([1], [2]), crs=CRS)
    pyogrio.write_dataframe(sketch, path, layer="sketch", append=True, driver="GPKG")
    read_region(path).write(tmp_path / "s.gpkg")
    kept = gpd.read_file(tmp_path / "s.gpkg", layer="sketch")
    assert kept["备注"].tolist() == ["新学校"]


def test_other_readers_see_version_and_crs(region: Region, tmp_path: Path) -> None:
    """The file is a GeoPackage 1.3 with the region's CRS, for QGIS and everyone else."""
    path = region.write(tmp_path / "r.gpkg")
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA user_version").fetchone()[0] == 10300
        kinds = dict(database.execute("SELECT table_name, geometry_type_name FROM gpkg_geometry_columns").fetchall())
    database.close()
    assert kinds == {"communities": "POLYGON", "buildings": "POLYGON", "streets": "LINESTRING"}
    assert gpd.read_file(path, layer="streets").crs == CRS


def test_nothing_is_replaced_without_leave(region: Region, tmp_path: Path) -> None:
    """An existing file stays unless the caller says so."""
    path = region.write(tmp_path / "r.gpkg")
    before = path.read_bytes()
    with pytest.raises(OutputExistsError, match="--overwrite"):
        region.without_layers("streets").write(path)
    assert path.read_bytes() == before
    region.without_layers("streets").write(path, overwrite=True)
    assert "streets" not in read_region(path)


def test_a_failed_write_loses_nothing(region: Region, tmp_path: Path) -> None:
    """When a layer cannot be written, the old file stays and no half-written one is left behind."""
    path = region.write(tmp_path / "r.gpkg")
    before = path.read_bytes()
    broken = region["buildings"].assign(strange=[1j] * 6)
    with pytest.raises(StorageError, match="the old file is unchanged"):
        Region({"buildings": broken}, region.crs).write(path, overwrite=True)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["r.gpkg"]


def test_a_full_disk_loses_nothing(region: Region, tmp_path: Path) -> None:
    """A write that meets the end of the disk (here: a limit on file size) is an error that says so."""
    path = region.write(tmp_path / "r.gpkg")
    before = path.read_bytes()
    script = textwrap.dedent(
        f"""
        import resource, signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        from gridtwin.errors import StorageError
        from gridtwin.region import read_region
        region = read_region({str(path)!r})
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
        try:
            region.write({str(path)!r}, overwrite=True)
        except StorageError as error:
            print(error.code)
        """
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.strip() in ("disk_full", "not_written"), done.stderr
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["r.gpkg"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 40_000


def test_a_locked_file_is_not_replaced(region: Region, tmp_path: Path) -> None:
    """While another program writes the file, it is not replaced, and the error says who to ask."""
    path = region.write(tmp_path / "r.gpkg")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(StorageError, match="another program holds"):
            region.write(path, overwrite=True)
    finally:
        other.execute("ROLLBACK")
        other.close()
    region.write(path, overwrite=True)


def test_a_journal_of_qgis_is_not_lost(region: Region, tmp_path: Path) -> None:
    """Edits that QGIS left in a write-ahead log are read, and no stale log stays beside the new file."""
    path = region.write(tmp_path / "r.gpkg")
    editor = sqlite3.connect(path, isolation_level=None)
    editor.execute("PRAGMA journal_mode = WAL")
    editor.execute("UPDATE gridtwin_meta SET value = '新名' WHERE key = 'name'")
    assert read_region(path).name == "新名"
    with pytest.raises(StorageError, match="another program holds"):
        region.write(path, overwrite=True)
    editor.close()
    read_region(path).write(path, overwrite=True)
    assert read_region(path).name == "新名"
    assert not (tmp_path / "r.gpkg-wal").exists()


def test_what_is_no_region_is_refused(tmp_path: Path) -> None:
    """A missing file, a text file and another GeoPackage each get their own clear error."""
    with pytest.raises(InputMissingError, match="there is no file"):
        read_region(tmp_path / "none.gpkg")
    text = tmp_path / "text.gpkg"
    text.write_text("hello")
    with pytest.raises(RegionFileError, match="no GeoPackage"):
        read_region(text)
    other = tmp_path / "other.gpkg"
    gpd.GeoDataFrame({"a": [1]}, geometry=gpd.points_from_xy([0], [0]), crs=CRS).to_file(other)
    with pytest.raises(RegionFileError, match=META_TABLE):
        read_region(other)


def test_a_newer_schema_is_refused(region: Region, tmp_path: Path) -> None:
    """A region of a later version says so instead of being misread."""
    path = region.write(tmp_path / "r.gpkg")
    with sqlite3.connect(path) as database:
        database.execute(f"UPDATE {META_TABLE} SET value = ? WHERE key = 'schema_version'", (str(SCHEMA_VERSION + 1),))
    database.close()
    with pytest.raises(RegionFileError, match="newer GridTwin"):
        read_region(path)


def test_faults_of_a_layer_are_listed_when_read(region: Region, tmp_path: Path) -> None:
    """What a planner broke in QGIS is listed with layer, column and ids."""
    path = region.write(tmp_path / "r.gpkg")
    with sqlite3.connect(path) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')  # they call functions that only GDAL and QGIS bring
        database.execute("UPDATE buildings SET households = -5 WHERE building_id = 'b000002'")
    database.close()
    with pytest.raises(LayerFaultsError, match=r"buildings\.households.*b000002"):
        read_region(path)


def test_half_saved_regions_are_refused(tmp_path):
    """A region that QGIS did not finish saving says so, and is read once its copy is gone."""
    path = Region({}, pyproj.CRS(CRS)).with_layers(lattice(2, 2), SOURCE).write(tmp_path / "town.gpkg")
    copy = tmp_path / "town.gpkg.before-save"
    copy.write_bytes(path.read_bytes())
    with pytest.raises(RegionFileError, match="open it in QGIS"):
        read_region(path)
    copy.unlink()
    assert len(read_region(path)["grids"]) == 0
