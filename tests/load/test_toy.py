"""The toy town, checked on paper."""

from __future__ import annotations

import pandas as pd
import shapely

from gridtwin.load.toy import toy_town
from gridtwin.schemas import conform


def test_people_and_blocks() -> None:
    """Twelve blocks in the west and eight in the east, each with one building of 100 households."""
    town = toy_town()
    west, east = town["communities"].geometry
    home = shapely.point_on_surface(town["buildings"].geometry.to_numpy())
    households = town["buildings"]["households"].to_numpy()
    assert households[shapely.within(home, west)].sum() == 1200
    assert households[shapely.within(home, east)].sum() == 800
    assert set(shapely.area(town["buildings"].geometry.to_numpy())) == {400.0}
    assert (west.area, east.area) == (120_000.0, 80_000.0)
    assert (town["buildings"]["households_source"] == "counted").all()


def test_streets_and_the_one_bridge() -> None:
    """The lattices have 31 and 22 edges and 20 and 15 corners; one bridge alone crosses the river."""
    town = toy_town()
    streets, river = town["streets"], town["barriers"].geometry.iloc[0]
    assert len(streets) == 31 + 22 + 1
    assert len(town["junctions"]) == 20 + 15
    crossing = shapely.crosses(streets.geometry.to_numpy(), river) | shapely.covers(river, streets.geometry.to_numpy())
    crossing &= shapely.length(shapely.intersection(streets.geometry.to_numpy(), shapely.buffer(river, -1))) > 0
    assert streets.loc[crossing, "structure"].tolist() == ["bridge"]
    ends = pd.concat([streets["from_junction_id"], streets["to_junction_id"]])
    assert set(ends) == set(town["junctions"]["junction_id"])


def test_every_layer_is_conformed_and_the_same_each_time() -> None:
    """A second pass through the schema changes nothing, and two towns are equal."""
    for (name, frame), other in zip(toy_town().items(), toy_town().values(), strict=True):
        pd.testing.assert_frame_equal(pd.DataFrame(conform(frame, name)), pd.DataFrame(frame))
        pd.testing.assert_frame_equal(pd.DataFrame(other), pd.DataFrame(frame))
        assert frame.crs.to_epsg() == 32650
