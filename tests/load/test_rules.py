"""Files of rules: TOML with the polygons of the files that it names, and what is said when they cannot be read."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from gridtwin.errors import InputError, InputMissingError
from gridtwin.grids import divide_region
from gridtwin.grids.rule_text import parse_rules
from gridtwin.load.datafiles import data_path
from gridtwin.load.rules import read_rules
from gridtwin.load.toy import CRS, toy_town


def test_polygons_come_in_as_text(tmp_path: Path) -> None:
    """The polygons of a file beside the rules come as one, in the CRS of the region."""
    shapes = [shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)]
    gpd.GeoDataFrame({"x": [1, 2]}, geometry=shapes, crs=CRS).to_crs(4326).to_file(tmp_path / "a.geojson")
    (tmp_path / "rules.toml").write_text('[[frozen]]\nfile = "a.geojson"\ndate = 2025-06-01\n', "utf-8")
    content = read_rules(tmp_path / "rules.toml", crs=CRS)
    assert list(content["frozen"][0]) == ["date", "area"]
    area = shapely.from_wkt(content["frozen"][0]["area"])
    assert shapely.area(shapely.symmetric_difference(area, shapely.box(0, 0, 200, 100))) < 1.0
    assert parse_rules(content, toy_town()).frozen[0].date == "2025-06-01"


def test_what_is_no_rule_is_left_to_the_parser(tmp_path: Path) -> None:
    """Sections and values of the wrong kind come through as they are, to be listed with all other faults."""
    (tmp_path / "rules.toml").write_text('bounds = 3\nspecial = ["x"]\n[[frozen]]\nfile = 5\n', "utf-8")
    assert read_rules(tmp_path / "rules.toml", crs=CRS) == {"bounds": 3, "special": ["x"], "frozen": [{"file": 5}]}


def test_unreadable_files_are_said(tmp_path: Path) -> None:
    """A file that is not there, is no TOML, or names a polygon file that is not there, is an error with its path."""
    with pytest.raises(InputMissingError, match=r"none\.toml"):
        read_rules(tmp_path / "none.toml", crs=CRS)
    broken = tmp_path / "rules.toml"
    broken.write_text("[[bounds]\n", "utf-8")
    with pytest.raises(InputError, match="is no file of rules"):
        read_rules(broken, crs=CRS)
    broken.write_text('[[frozen]]\nfile = "none.geojson"\n', "utf-8")
    with pytest.raises(InputError, match=r"none\.geojson"):
        read_rules(broken, crs=CRS)


def test_the_example_divides_a_town() -> None:
    """The example that comes with GridTwin reads, and does on a town what it says."""
    town = toy_town()
    town["buildings"].loc[0, "use"] = "school"
    rules = parse_rules(read_rules(data_path("rules-example.toml"), crs=CRS), town)
    plan = divide_region(town, grid_rules=rules, date="2026-01-01")
    ordinary = plan.grids[plan.grids["purpose"] == "general"]
    assert set(ordinary.loc[ordinary["community_id"] == "110108001002", "maximum_households"]) == {300}
    assert plan.grids.loc[plan.grids["purpose"] == "campus", "name_zh"].tolist() == ["学校"]
    assert plan.violations.empty
