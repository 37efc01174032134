"""Rasters: people by zone, heights between cells, slopes."""

from __future__ import annotations

import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine

from gridtwin.errors import InputError, InputMissingError
from gridtwin.load.osm import read_osm
from gridtwin.load.raster import (
    MAX_SLOPE,
    deck_heights,
    population_by_zone,
    sample_elevation,
    street_slopes,
)

CRS = "EPSG:32650"
WEST, NORTH = 440_000.0, 4_427_000.0


def write(path: Path, values: object, *, cell_m: float = 100.0, crs: str | None = CRS) -> Path:
    """Write a raster whose north-west corner is (WEST, NORTH); −9999 is no data."""
    array = np.asarray(values, dtype="float32")
    with rasterio.open(
        path, "w", driver="GTiff", height=array.shape[0], width=array.shape[1], count=1, dtype="float32", crs=crs,
        transform=Affine(cell_m, 0, WEST, 0, -cell_m, NORTH), nodata=-9999,
    ) as target:  # fmt: skip
        target.write(array, 1)
    return path


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """Return a box, metres from the north-west corner."""
    return shapely.box(WEST + west, NORTH + south, WEST + east, NORTH + north)


def frame(*shapes: object, crs: str = CRS) -> gpd.GeoDataFrame:
    """Return shapes as a layer with an index of its own."""
    return gpd.GeoDataFrame(geometry=list(shapes), crs=CRS, index=[f"z{n}" for n in range(len(shapes))]).to_crs(crs)


def test_people_by_zone(tmp_path: Path) -> None:
    """Whole cells count whole, halves by half; cells without data are none; outside is unknown, not zero."""
    raster = write(tmp_path / "p.tif", [[10, 20], [40, -9999]])
    zones = frame(box(0, -200, 200, 0), box(0, -100, 150, 0), box(110, -190, 190, -110), box(900, 900, 950, 950))
    people = population_by_zone(raster, zones)
    assert people.iloc[:2].tolist() == pytest.approx([70, 20])
    assert people.iloc[2:].isna().all()
    assert people.index.tolist() == ["z0", "z1", "z2", "z3"]
    assert people.name == "persons"


def test_zones_move_not_the_raster(tmp_path: Path) -> None:
    """Zones in another CRS find the same people, and parts of a town add up to the town."""
    rng = np.random.default_rng(2)
    values = rng.integers(0, 50, (10, 10))
    raster = write(tmp_path / "p.tif", values)
    strips = frame(*[box(x, -1000, x + 250, 0) for x in (0, 250, 500, 750)])
    assert population_by_zone(raster, strips).sum() == pytest.approx(values.sum())
    assert population_by_zone(raster, strips.to_crs(4548)).sum() == pytest.approx(values.sum(), rel=2e-3)


def test_heights_are_bilinear(tmp_path: Path) -> None:
    """On an inclined plane every height is exact; beside a gap the known cells decide; outside is unknown."""
    row, column = np.mgrid[0:10, 0:10]
    values = 5.0 + 0.1 * (column + 0.5) * 100 - 0.02 * (row + 0.5) * 100
    raster = write(tmp_path / "dem.tif", values)
    rng = np.random.default_rng(3)
    x, y = rng.uniform(50, 950, 50), rng.uniform(-950, -50, 50)
    points = frame(*shapely.points(WEST + x, NORTH + y))
    heights = sample_elevation(raster, points.to_crs(4326))
    np.testing.assert_allclose(heights, 5.0 + 0.1 * x + 0.02 * y, atol=1e-3)
    gap = write(tmp_path / "gap.tif", [[10, -9999], [10, 30]])
    places = frame(*[shapely.Point(WEST + a, NORTH + b) for a, b in ((100, -50), (150, -50), (999, -50))])
    assert sample_elevation(gap, places).fillna(-1).tolist() == pytest.approx([10, -1, -1])


def test_slopes_follow_the_street() -> None:
    """A street up is positive, down negative; a missing height leaves it unknown; cliffs are capped."""
    junctions = pd.DataFrame({"junction_id": list("abcd"), "elevation_m": [10.0, 20.0, np.nan, 1000.0]})
    streets = pd.DataFrame(
        {"from_junction_id": list("abaaa"), "to_junction_id": list("bacda"), "length_m": [100.0, 100, 100, 100, 0]},
        index=[5, 6, 7, 8, 9],
    )
    slopes = street_slopes(streets, junctions)
    assert slopes.fillna(-9).tolist() == pytest.approx([0.1, -0.1, -9, MAX_SLOPE, 0])
    assert slopes.index.tolist() == [5, 6, 7, 8, 9]


def spans(*rows: tuple[str, str, float, str]) -> pd.DataFrame:
    """Return streets from rows of (from, to, length, structure)."""
    return pd.DataFrame(rows, columns=["from_junction_id", "to_junction_id", "length_m", "structure"])


def test_bridges_rise_evenly_from_end_to_end() -> None:
    """Junctions in the middle of a bridge forget the valley; ends, and bridges of one street, stay as they are."""
    junctions = pd.DataFrame({"junction_id": list("abcdxy")}, index=range(3, 9))
    heights = pd.Series([10.0, -40, -50, 16, 7, 9], index=junctions.index)
    streets = spans(
        ("x", "a", 50, "ground"), ("a", "b", 10, "bridge"), ("c", "b", 20, "bridge"), ("c", "d", 30, "bridge"),
        ("d", "y", 50, "ground"), ("x", "y", 80, "tunnel"),
    )  # fmt: skip
    deck = deck_heights(heights, streets, junctions)
    assert deck.tolist() == pytest.approx([10, 11, 13, 16, 7, 9])
    assert deck.index.tolist() == junctions.index.tolist()
    slopes = street_slopes(streets, junctions.assign(elevation_m=deck))
    assert slopes.tolist() == pytest.approx([0.06, 0.1, -0.1, 0.1, -0.14, 2 / 80])


def test_branches_are_balanced_and_open_ends_unknown() -> None:
    """Where three bridges meet, nearness weighs their ends; a bridge from an unknown height stays unknown."""
    junctions = pd.DataFrame({"junction_id": list("abcmuv")})
    heights = pd.Series([0.0, 6, 12, 99, np.nan, 99])
    ground = [(name, "g" + name, 5.0, "ground") for name in "abcu"]
    streets = spans(
        *ground, ("m", "a", 10, "bridge"), ("b", "m", 10, "bridge"), ("m", "c", 5, "bridge"), ("u", "v", 9, "tunnel"),
    )  # fmt: skip
    junctions = pd.concat([junctions, pd.DataFrame({"junction_id": ["ga", "gb", "gc", "gu"]})], ignore_index=True)
    deck = deck_heights(pd.concat([heights, pd.Series([1.0] * 4)], ignore_index=True), streets, junctions)
    assert deck.fillna(-1).tolist() == pytest.approx([0, 6, 12, (0 + 6 + 2 * 12) / 4, -1, -1, 1, 1, 1, 1])


def test_rasters_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file, a file that is no raster, and a raster without CRS are clear errors."""
    points = frame(shapely.Point(WEST, NORTH))
    with pytest.raises(InputMissingError):
        sample_elevation(tmp_path / "no.tif", points)
    (tmp_path / "bad.tif").write_bytes(b"nothing")
    with pytest.raises(InputError, match="cannot be read as a raster"):
        sample_elevation(tmp_path / "bad.tif", points)
    with pytest.raises(InputError, match="states no CRS"):
        population_by_zone(write(tmp_path / "p.tif", [[1]], crs=None), frame(box(0, -50, 50, 0)))


def test_raster_in_a_zip(tmp_path: Path) -> None:
    """A raster is read out of its zip."""
    write(tmp_path / "dem.tif", [[7, 7], [7, 7]])
    with zipfile.ZipFile(tmp_path / "dem.zip", "w") as archive:
        archive.write(tmp_path / "dem.tif", "dem.tif")
    assert sample_elevation(tmp_path / "dem.zip", frame(shapely.Point(WEST + 100, NORTH - 100))).tolist() == [7]


@pytest.mark.data
def test_andorra(shared_data: Path) -> None:
    """A zipped SRTM tile gives every junction of a mountain country a sensible height."""
    town = read_osm(shared_data / "dem_andorra" / "andorra.osm.pbf").layers
    junctions = town["junctions"]
    heights = sample_elevation(shared_data / "dem_andorra" / "N42E001.hgt.zip", junctions)
    assert heights.notna().all()
    assert heights.between(800, 3000).all()
    slopes = street_slopes(town["streets"], junctions.assign(elevation_m=heights))
    assert slopes.abs().median() < 0.1


@pytest.mark.data
def test_porto_alegre(shared_data: Path) -> None:
    """Streets along the lake are low, the hills are not."""
    town = read_osm(shared_data / "porto_alegre" / "poa_osm.pbf").layers
    heights = sample_elevation(shared_data / "porto_alegre" / "poa_elevation.tif", town["junctions"])
    assert heights.notna().mean() > 0.95
    assert heights.min() >= 0
    assert heights.max() > 200
