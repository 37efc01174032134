"""Crossings: where a walkable street leaves the water, the units on both banks are linked."""

from __future__ import annotations

import itertools
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridtwin.grids.planar import locate, parts_of_labels
from gridtwin.grids.units import Units, make_units
from gridtwin.schemas import conform
from tests.grids.lattice import CRS, barrier, lattice

WEST, EAST = 190, 210  # banks of the river between the second and third column


def footways(*lines: Any, walk: bool = True) -> gpd.GeoDataFrame:
    """Return footways that meet where they share an end."""
    data = {
        "street_id": [f"way {number}" for number in range(len(lines))],
        "highway": "footway",
        "walk": walk,
        "from_junction_id": [str(line[0]) for line in lines],
        "to_junction_id": [str(line[-1]) for line in lines],
    }
    return gpd.GeoDataFrame(data, geometry=[shapely.LineString(line) for line in lines], crs=CRS)


def banks(ways: gpd.GeoDataFrame) -> dict[str, Any]:
    """Return a lattice of four columns and two rows with a river in its middle: streets end there, ``ways`` go on."""
    town: dict[str, Any] = lattice(4, 2, 100)
    river = shapely.box(WEST, -50, EAST, 250)
    streets = town["streets"]
    dry = shapely.difference(streets.geometry.to_numpy(), river)
    cut = shapely.intersects(streets.geometry.to_numpy(), river)
    streets = streets.set_geometry(dry, crs=CRS)
    streets.loc[cut, ["from_junction_id", "to_junction_id"]] = None
    town["streets"] = conform(pd.concat([streets[~shapely.is_empty(dry)], ways], ignore_index=True), "streets")
    return town | {"barriers": barrier("water", river)}


def units_of(town: dict[str, Any], split_above: int = 500) -> Units:
    """Return the units of a town."""
    return make_units(
        town["buildings"], town["streets"], town["barriers"], town["communities"], split_above=split_above
    )


def crossings(units: Units) -> set[frozenset[int]]:
    """Return the pairs of units that a crossing links."""
    borders = units.borders
    return {frozenset(pair) for pair in zip(borders.a[borders.crossing], borders.b[borders.crossing], strict=True)}


def at(units: Units, *points: tuple[float, float]) -> frozenset[int]:
    """Return the units at some points."""
    return frozenset(locate(shapely.points(points), units.frame.geometry.to_numpy()).tolist())


def parts(units: Units) -> int:
    """Return into how many parts nobody can walk between the units fall."""
    open_ = units.borders.walkable
    return len(np.unique(parts_of_labels(units.borders.a[open_], units.borders.b[open_], units.community)))


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(171, 229), max_size=6), st.booleans())
def test_a_bridge_in_pieces_is_one_bridge(cuts: set[int], backwards: bool) -> None:
    """Wherever a bridge is cut, and whichever way its pieces run, it links the same two units."""
    x = [170, *sorted(cuts), 230]
    pieces = [[(a, 150), (b, 150)] for a, b in itertools.pairwise(x)]
    units = units_of(banks(footways(*(piece[::-1] if backwards else piece for piece in pieces))))
    assert crossings(units) == {at(units, (170, 150), (230, 150))}


@pytest.mark.parametrize("y", [50, 150])
def test_a_bridge_joins_the_banks_whoever_owns_the_water(y: int) -> None:
    """The river belongs to one unit; a bridge links the units it lands in even if they have no common border."""
    units = units_of(banks(footways([(170, y), (230, y)])))
    assert crossings(units) == {at(units, (170, y), (230, y))}
    assert parts(units) == 1


def test_links_without_border_have_no_length() -> None:
    """Of two bridges one lands on units with a common border, the other on units without: it is not needed."""
    units = units_of(banks(footways([(170, 50), (230, 50)], [(170, 150), (230, 150)])))
    assert len(crossings(units)) == 1
    assert (units.borders.length_m > 0).all()
    apart = units_of(banks(footways([(170, 50), (230, 50)])))
    linked = apart.borders.crossing
    assert apart.borders.length_m[linked].tolist() == apart.borders.open_m[linked].tolist() == [0.0]


def test_a_finely_split_bank_keeps_its_bridge() -> None:
    """Where each house has its own unit, the bridge still joins the banks: at the houses where it lands."""
    town = banks(footways([(170, 150), (230, 150)]))
    y = np.arange(5, 200, 10.0)
    houses = np.r_[shapely.box(178, y - 3, 186, y + 3), shapely.box(214, y - 3, 222, y + 3)]
    town["buildings"] = conform(gpd.GeoDataFrame({"households": 30}, index=range(40), geometry=houses, crs=CRS),
                                "buildings")  # fmt: skip
    units = units_of(town, split_above=50)
    assert len(units.frame) > 40
    assert parts(units) == 1
    for pair in crossings(units):
        assert shapely.dwithin(units.frame.geometry.to_numpy()[list(pair)], shapely.box(189, 149, 211, 151), 1.0).all()


def test_a_bridge_may_land_just_outside_the_community() -> None:
    """The far end counts for the nearest land; the water that a unit has absorbed is nearer, but no land."""
    town = banks(footways([(170, 150), (213, 150)]))
    land = shapely.union(shapely.box(0, 0, 205, 200), shapely.box(220, 0, 400, 200))
    town["communities"] = conform(town["communities"].set_geometry([land], crs=CRS), "communities")
    units = units_of(town)
    assert crossings(units) == {at(units, (170, 150), (221, 150))}


def test_a_bridge_that_lands_far_outside_joins_nothing() -> None:
    """A bridge to another town is no way to what lies beyond it."""
    town = banks(footways([(170, 150), (213, 150)]))
    land = shapely.union(shapely.box(0, 0, 205, 200), shapely.box(240, 0, 400, 200))
    town["communities"] = conform(town["communities"].set_geometry([land], crs=CRS), "communities")
    assert not crossings(units_of(town))


@pytest.mark.parametrize(
    "ways",
    [
        footways([(170, 150), (200, 150)]),
        footways([(170, 150), (230, 150)], walk=False),
        footways([(170, 150), (200, 150), (200, 50), (170, 50)]),
        footways([(170, 150), (201, 150)], [(199, 150), (230, 150)]),
    ],
    ids=["pier", "no walkers", "back to its bank", "two piers without a junction"],
)
def test_what_is_no_crossing(ways: gpd.GeoDataFrame) -> None:
    """A pier, a bridge closed to walkers and a boardwalk along the bank leave the banks apart."""
    units = units_of(banks(ways))
    assert not crossings(units)
    assert parts(units) == 2


def test_a_level_crossing_opens_a_railway() -> None:
    """A footpath across the rails joins both sides, also if it is cut on the rail itself."""
    town = lattice(2, 1, 100)
    town["streets"] = conform(
        pd.concat([town["streets"].iloc[:1], footways([(80, 50), (100, 50)], [(100, 50), (120, 50)])]), "streets"
    )
    town["barriers"] = barrier("railway", shapely.LineString([(100, -10), (100, 110)]))
    assert crossings(units_of(town)) == {frozenset({0, 1})}
