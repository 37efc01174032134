from pathlib import Path

import numpy as np
import pyproj
import pytest
import shapely

from benchmarks import inputs
from benchmarks.city import CRS, generate_city
from benchmarks.measure import Clock
from benchmarks.plan_measures import measure_plan
from gridtwin.grids.params import DivideParams
from gridtwin.grids.planar import locate
from gridtwin.region import Provenance, Region


def test_free_land_gets_cells_of_its_own(tmp_path: Path) -> None:
    """In a divided block a point without households has a unit of its own; households and area stay."""
    path = tmp_path / "city.gpkg"
    city = generate_city(3_000)
    Region({}, pyproj.CRS(CRS)).with_layers(city, Provenance("generated")).write(path)
    plain, _ = inputs.region_units(path, Clock(), split_above=1)
    frame = plain.frame
    chosen = frame.geometry[frame["households"].gt(0)].to_numpy()[:5]
    corner = shapely.line_interpolate_point(shapely.boundary(chosen), 1.0)
    land = shapely.line_interpolate_point(shapely.shortest_line(corner, shapely.centroid(chosen)), 1.0)
    floor = Clock()
    units, buildings = inputs.region_units(path, floor, split_above=1, land=land)
    assert len(buildings) == len(city["buildings"]) + len(land)
    held = locate(land, units.frame.geometry.to_numpy())
    assert (units.frame["households"].to_numpy()[held] == 0).any()
    assert len(units.frame) > len(frame)
    assert units.frame["households"].sum() == frame["households"].sum()
    assert units.frame["area_m2"].sum() == pytest.approx(frame["area_m2"].sum())
    assert set(floor.cpu_s) == {"reading", "polygonising"}


@pytest.mark.data
def test_official_areas_of_cambridge(shared_data: Path) -> None:
    """Block groups are children of tracts and miss the bounds, measured by the same function as any plan."""
    case = inputs.cambridge_blocks("blocks", within="tracts")
    assert case.units.frame["households"].sum() == 42_120
    groups = case.official["official block groups"]
    values = measure_plan(case, groups, DivideParams())
    assert (values["grids"], values["nested"]) == (87, 1.0)
    assert values["within"] == pytest.approx(30 / 87)
    assert len(np.unique(case.official["official census tracts"])) == 33
