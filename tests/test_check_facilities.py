"""The check of facilities: kinds, doubles, places, entrances."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from gridtwin.check import check_layers
from gridtwin.commands.check import all_faults
from gridtwin.errors import Fault
from gridtwin.load.kinds import facility_kinds
from gridtwin.load.toy import toy_town
from gridtwin.schemas import conform

CRS = "EPSG:32650"


def points(layer: str, xy: list[tuple[float, float]], **columns: Any) -> gpd.GeoDataFrame:
    """Return a layer of points."""
    return conform(gpd.GeoDataFrame(columns, geometry=shapely.points(xy), crs=CRS), layer)


def found(layers: dict[str, Any], **options: Any) -> dict[str, Fault]:
    """Return the faults of facilities and entrances by code."""
    faults = check_layers(layers, **options)
    return {fault.code: fault for fault in faults if fault.layer in ("facilities", "entrances")}


def test_sound_facilities_have_no_faults() -> None:
    """Known kinds at a street, an entrance of one of them: nothing to say."""
    town = toy_town()
    town["entrances"] = points("entrances", [(200, 100)], facility_id=["f000001"])
    assert found(town) == {}


def test_unknown_kinds_are_named_with_what_was_meant(tmp_path: Path) -> None:
    """A kind that the catalogue lacks is a warning, and none with a table that has it."""
    town = toy_town()
    town["facilities"] = points("facilities", [(200, 105), (300, 105)], kind=["clinics", "clinic"])
    fault = found(town)["kind_unknown"]
    assert (fault.severity, fault.ids, fault.params["words"]) == ("warning", ("f000001",), "clinics (clinic?)")
    own = tmp_path / "kinds.csv"
    own.write_text("kind,en,zh\nclinics,Clinics,诊所群\n")
    assert found(town, kinds=facility_kinds(own)) == {}
    faults, _ = all_faults(town, town["streets"].crs, facility_kinds(own))
    assert "kind_unknown" not in {fault.code for fault in faults}


@pytest.mark.parametrize(
    ("kinds", "names", "apart_m", "twice"),
    [
        (("clinic", "clinic"), ("East", "East"), 9.0, True),
        (("clinic", "clinic"), ("East", "East"), 11.0, False),
        (("clinic", "clinic"), ("East", "West"), 0.0, False),
        (("clinic", "market"), ("East", "East"), 0.0, False),
        (("market", "market"), (None, None), 0.5, True),
        (("market", "market"), (None, None), 5.0, False),
        (("market", "market"), ("East", None), 0.0, False),
    ],
)
def test_the_same_facility_twice(kinds: Any, names: Any, apart_m: float, twice: bool) -> None:
    """Two of one kind and name within some metres are one; without names only at the same place."""
    town = toy_town()
    town["facilities"] = points("facilities", [(200, 105), (200 + apart_m, 105)], kind=kinds, name=names)
    faults = found(town)
    assert ("facility_repeated" in faults) is twice
    assert not twice or faults["facility_repeated"].ids == ("f000002",)


def test_facilities_far_from_every_street() -> None:
    """Beyond 100 m from all streets open to walkers a facility cannot be placed, unless an entrance can."""
    town = toy_town()
    town["facilities"] = points("facilities", [(200, 399), (200, 401)], kind=["clinic", "market"])
    assert found(town)["facility_far"].ids == ("f000002",)
    town["entrances"] = points("entrances", [(200, 390)], facility_id=["f000002"])
    assert found(town) == {}
    town["streets"] = town["streets"].assign(walk=False)
    assert found(town)["facility_far"].count == 2


def test_entrances_of_no_facility() -> None:
    """An entrance must lead to a facility of the region."""
    town = toy_town()
    town["entrances"] = points("entrances", [(200, 100), (300, 100)], facility_id=["f000001", "gone"])
    assert found(town)["entrance_without_facility"].ids == ("e000002",)
    del town["facilities"]
    assert found(town)["entrance_without_facility"].count == 2
