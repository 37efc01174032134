from pathlib import Path

import numpy as np
import pandas as pd
import pyproj
import pytest

from benchmarks import inputs
from benchmarks.city import CRS, generate_city
from benchmarks.measure import Clock
from benchmarks.plan_measures import measure_plan
from gridtwin.grids.params import DivideParams
from gridtwin.grids.units import make_units
from gridtwin.region import Provenance, Region


def test_empty_buildings_get_cells_of_their_own(tmp_path: Path) -> None:
    """Blocks with one inhabited building among others are divided too, if asked; households and area stay."""
    path = tmp_path / "city.gpkg"
    city = generate_city(3_000)
    buildings, streets, barriers, communities = (
        city[layer].copy() for layer in ("buildings", "streets", "barriers", "communities")
    )
    block = make_units(buildings, streets, barriers, communities, split_above=100_000).building_unit
    buildings.loc[pd.Series(block).duplicated().to_numpy(), "households"] = 0
    city["buildings"] = buildings
    Region({}, pyproj.CRS(CRS)).with_layers(city, Provenance("generated")).write(path)
    plain, _ = inputs.region_units(path, Clock(), split_above=1)
    lone = (plain.occupied == 1) & plain.frame["buildings"].gt(1)
    floor = Clock()
    units, _ = inputs.region_units(path, floor, split_above=1, lone=True)
    assert lone.any()
    cells = int(plain.frame["buildings"][lone].sum())
    assert len(units.frame) == len(plain.frame) - int(lone.sum()) + cells
    assert units.frame["households"].sum() == plain.frame["households"].sum() == buildings["households"].sum()
    assert units.frame["area_m2"].sum() == pytest.approx(plain.frame["area_m2"].sum())
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
