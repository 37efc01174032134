"""The whole division: bounds, reasons, codes, staff, measures, and that nobody gets lost."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.city import generate_city
from gridtwin.errors import InputError, InputMissingError, UsageError
from gridtwin.grids import DivideParams, GridPlan, StaffingRules, divide_region
from gridtwin.grids.staffing import grid_officers
from gridtwin.schemas import conform
from tests.grids.lattice import CRS, barrier, lattice

DATE = "2026-01-01"


@pytest.fixture(scope="module")
def city() -> dict[str, gpd.GeoDataFrame]:
    """Return a generated city of about 20,000 households."""
    return generate_city(20_000, seed=5)


@pytest.fixture(scope="module")
def plan(city: dict[str, gpd.GeoDataFrame]) -> GridPlan:
    """Return its plan."""
    return divide_region(city, date=DATE)


def test_best_plan_known_on_paper() -> None:
    """4 × 4 blocks of 100 households: four squares of 400, each with a perimeter of 800 m."""
    plan = divide_region(lattice(4, 4, 100), date=DATE)
    assert plan.grids["households"].tolist() == [400] * 4
    assert plan.grids["compactness"].to_numpy() == pytest.approx(np.full(4, np.pi / 4))
    assert plan.grids["reock"].to_numpy() == pytest.approx(np.full(4, 2 / np.pi), abs=1e-6)
    assert plan.grids["code"].tolist() == [f"110108001001{k:03d}" for k in range(1, 5)]
    assert plan.grids["street_share"].to_numpy() == pytest.approx(np.ones(4))
    assert plan.grids["longest_walk_m"].notna().all()
    assert plan.grids["grid_officers"].tolist() == [1] * 4
    assert plan.grids["volunteers"].tolist() == [3] * 4
    assert plan.violations.empty
    summary = plan.summary()
    assert (summary["gaps_m2"], summary["overlaps_m2"]) == (0.0, 0.0)
    assert summary["share_within_bounds"] == summary["share_contiguous"] == 1.0


def test_every_household_is_in_exactly_one_grid(city: dict[str, gpd.GeoDataFrame], plan: GridPlan) -> None:
    """Sums over grids, units and buildings agree with the input; the input is unchanged."""
    total = city["buildings"]["households"].sum()
    assert plan.grids["households"].sum() == total
    assert plan.units["households"].sum() == total
    by_building = plan.buildings.groupby("grid_id")["households"].sum()
    assert plan.grids.set_index("grid_id")["households"].eq(by_building).all()
    assert plan.grids["persons"].sum() == city["buildings"]["persons"].sum()
    assert city["buildings"]["grid_id"].isna().all()


def test_grids_are_seamless_and_nested(plan: GridPlan) -> None:
    """Grids tile their communities: a valid coverage, no gap, no overlap, each in one community."""
    assert shapely.coverage_is_valid(plan.grids.geometry.to_numpy())
    assert (plan.summary()["gaps_m2"], plan.summary()["overlaps_m2"]) == (0.0, 0.0)
    assert plan.units.groupby("grid_id")["community_id"].nunique().eq(1).all()
    of_grid = plan.grids.set_index("grid_id")["community_id"]
    assert (of_grid.reindex(plan.units["grid_id"]).to_numpy() == plan.units["community_id"].to_numpy()).all()


def test_grids_are_contiguous(plan: GridPlan) -> None:
    """Every grid is one polygon that people can walk through."""
    assert plan.grids.geometry.geom_type.eq("Polygon").all()
    assert plan.summary()["share_contiguous"] == 1.0


def test_exceptions_are_explained(plan: GridPlan) -> None:
    """Each grid outside the bounds has a reason code, and no grid within them has one."""
    outside = ~plan.grids["households"].between(300, 500)
    assert (plan.grids["violations"].notna() == outside).all()
    assert set(plan.violations["grid_id"]) == set(plan.grids.loc[outside, "grid_id"])
    assert plan.summary()["share_within_bounds"] >= 0.97


def test_no_building_is_cut(city: dict[str, gpd.GeoDataFrame], plan: GridPlan) -> None:
    """Every building lies wholly in its grid."""
    shapes = plan.buildings.geometry.to_numpy()
    grids = plan.grids.set_index("grid_id").geometry.reindex(plan.buildings["grid_id"]).to_numpy()
    inside = shapely.area(shapely.intersection(shapes, grids)) / shapely.area(shapes)
    assert inside.min() > 1 - 1e-6


def test_same_seed_same_plan(city: dict[str, gpd.GeoDataFrame], plan: GridPlan) -> None:
    """The same input and seed give the same plan, with any number of workers; another seed may not."""
    again = divide_region(city, date=DATE, workers=1)
    pd.testing.assert_frame_equal(pd.DataFrame(plan.units), pd.DataFrame(again.units))
    pd.testing.assert_frame_equal(pd.DataFrame(plan.grids), pd.DataFrame(again.grids))
    other = divide_region(city, params=DivideParams(seed=1), date=DATE)
    assert not other.units["grid_id"].equals(plan.units["grid_id"])


def test_dividing_again_keeps_codes(city: dict[str, gpd.GeoDataFrame], plan: GridPlan) -> None:
    """A second division of the same region finds the same grids and keeps every code."""
    again = divide_region({**city, **plan.layers()}, date="2026-02-01")
    assert again.grids["code"].tolist() == plan.grids["code"].tolist()
    assert again.grid_codes["valid_to"].isna().all()
    shifted = divide_region({**city, **plan.layers()}, params=DivideParams(seed=3), date="2026-02-01")
    gone = shifted.grid_codes[shifted.grid_codes["valid_to"].notna()]
    assert not set(gone["code"]) & set(shifted.grids["code"])
    assert set(plan.grid_codes["code"]) <= set(shifted.grid_codes["code"])


@pytest.mark.parametrize(
    ("households", "code", "amount"),
    [
        ([25] * 8, "TOTAL_BELOW_MIN", 100),  # 200 households
        ([70] * 8, "TOTAL_IN_GAP", 60),  # 560: one grid of 560 misses, not two of 280
        ([65] * 8, "TOTAL_IN_GAP", 20),  # 520: one grid misses by 20
        ([0] * 8, "NO_DATA", 300),
        ([0, 0, 0, 560, 0, 0, 0, 0], "TOTAL_IN_GAP", 60),
        ([60, 60, 60, 620, 60, 60, 60, 60], "OVERSIZE_BUILDING", 120),
        ([290, 0, 0, 310, 0, 0, 0, 290], "LUMPY_PROVED", None),
    ],
)
def test_reasons(households: list[int], code: str, amount: int | None) -> None:
    """Where no plan exists, the nearest one says which rule breaks by how much and why."""
    plan = divide_region(lattice(4, 2, households), date=DATE)
    assert code in set(plan.violations["code"])
    if amount is not None:
        rows = plan.violations[plan.violations["code"] == code]
        assert rows["amount"].sum() == amount
    for row in plan.grids.itertuples():
        assert (row.violations is None or pd.isna(row.violations)) == (300 <= row.households <= 500)


def test_cut_off_part_is_its_own_grid() -> None:
    """A part behind a railway with too few households stays whole and says so."""
    town = lattice(5, 2, [100, 100, 100, 100, 60, 100, 100, 100, 100, 60])
    town["barriers"] = barrier("railway", shapely.LineString([(400, -10), (400, 210)]))
    x = shapely.get_x(shapely.centroid(town["streets"].geometry.to_numpy()))
    town["streets"] = town["streets"][(x < 399) | (x > 451)].reset_index(drop=True)
    plan = divide_region(town, date=DATE)
    assert plan.violations["code"].tolist() == ["DETACHED_PART"]
    assert plan.violations["amount"].tolist() == [180]
    assert plan.summary()["share_contiguous"] == 1.0


def test_uninhabited_land_behind_a_river_follows_a_neighbour() -> None:
    """Land without households becomes no grid of its own, even when nobody can walk there."""
    town = lattice(5, 2, [100, 100, 100, 100, 0, 100, 100, 100, 100, 0])
    town["barriers"] = barrier("railway", shapely.LineString([(400, -10), (400, 210)]))
    town["streets"]["walk"] = False
    plan = divide_region(town, date=DATE)
    assert len(plan.grids) == 2
    assert plan.violations.empty
    assert plan.summary()["gaps_m2"] == 0.0


@pytest.mark.parametrize(("far", "grids", "codes"), [(0, 2, set()), (150, 3, {"DETACHED_PART"}), (350, 3, set())])
def test_exclaves(far: int, grids: int, codes: set[str]) -> None:
    """A part of the community elsewhere: empty it follows its nearest grid, inhabited it is divided by itself."""
    town = lattice(4, 2, 100)
    island = lattice(1, 1, far, origin=(1000, 0))
    community = shapely.union_all([*town["communities"].geometry, *island["communities"].geometry])
    town["communities"] = town["communities"].set_geometry([community], crs=CRS)
    for name in ("buildings", "streets"):
        both = pd.concat([town[name], island[name]], ignore_index=True)
        both[f"{name[:-1]}_id"] = [f"{name}{n}" for n in range(len(both))]
        town[name] = conform(gpd.GeoDataFrame(both, crs=CRS), name)
    plan = divide_region(town, date=DATE)
    assert len(plan.grids) == grids
    assert set(plan.violations["code"]) == codes
    assert plan.grids["households"].sum() == 800 + far
    assert (plan.summary()["gaps_m2"], plan.summary()["overlaps_m2"]) == (0.0, 0.0)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(0, 350), min_size=24, max_size=24), st.integers(0, 1000))
def test_any_town_is_divided(households: list[int], seed: int) -> None:
    """Whatever the counts: seamless, contiguous, people conserved, every exception explained."""
    if not any(households):
        households = [1, *households[1:]]
    plan = divide_region(lattice(6, 4, households), params=DivideParams(seed=seed), date=DATE)
    assert plan.grids["households"].sum() == sum(households)
    assert plan.summary()["gaps_m2"] == plan.summary()["overlaps_m2"] == 0.0
    assert plan.summary()["share_contiguous"] == 1.0
    outside = ~plan.grids["households"].between(300, 500)
    assert (plan.grids["violations"].notna() == outside).all()


def test_two_communities_never_share_a_grid() -> None:
    """Grids are made within communities, and each community is numbered from 001."""
    town = lattice(8, 2, 100)
    halves = gpd.GeoDataFrame(
        {"community_id": ["110108001001", "110108001002"]},
        geometry=[shapely.box(0, 0, 400, 200), shapely.box(400, 0, 800, 200)],
        crs=CRS,
    )
    town["communities"] = conform(halves, "communities")
    plan = divide_region(town, date=DATE)
    assert plan.grids["code"].tolist() == [
        "110108001001001", "110108001001002", "110108001002001", "110108001002002",
    ]  # fmt: skip
    assert plan.staffing["grids"].tolist() == [2, 2]
    assert plan.staffing["officers_difference"].tolist() == [-2, -2]


def test_officers_by_load() -> None:
    """Up to 400 households one officer, above two, an empty grid none."""
    ordinary = np.zeros(5, bool)
    assert grid_officers(np.array([0, 1, 400, 401, 900]), StaffingRules(), special=ordinary).tolist() == [0, 1, 1, 2, 2]


def test_a_special_purpose_grid_has_its_own_officer() -> None:
    """A campus without households has an officer, or as many as the rules say; one with many has two."""
    load, special = np.array([0, 300, 900]), np.ones(3, bool)
    assert grid_officers(load, StaffingRules(), special=special).tolist() == [1, 1, 2]
    assert grid_officers(load, StaffingRules(officers_special_grid=3), special=special).tolist() == [3, 3, 3]


def test_missing_layers_and_counts_are_named() -> None:
    """What the division lacks is said by name."""
    town = lattice(2, 2)
    with pytest.raises(InputMissingError, match="communities"):
        divide_region({k: v for k, v in town.items() if k != "communities"})
    unknown = town["buildings"].assign(households=pd.Series([None] * 4, dtype="Int64"))
    with pytest.raises(InputError, match="households"):
        divide_region({**town, "buildings": unknown})
    far = town["buildings"].set_geometry(town["buildings"].geometry.translate(1e5))
    with pytest.raises(InputError, match="no building lies in any community"):
        divide_region({**town, "buildings": far})


@pytest.mark.parametrize(
    "options",
    [{"minimum": 500, "maximum": 300}, {"minimum": 0}, {"target": 900}, {"effort": 0.0}, {"quality": "swift"}],
)
def test_senseless_parameters_are_refused(options: dict[str, int]) -> None:
    """Bounds out of order, a target outside them, no effort and an unknown quality are usage errors."""
    with pytest.raises(UsageError):
        DivideParams(**options)
