"""Tables in any encoding, and households joined to buildings by id, compound and location."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gridtwin.errors import InputError, InputMissingError, LayerFaultsError, UsageError
from gridtwin.load.tables import join_households, read_table
from gridtwin.schemas import conform


@pytest.fixture
def buildings() -> gpd.GeoDataFrame:
    """Return four buildings, 10 m square, 100 m apart, of two compounds; b4 is counted already."""
    frame = gpd.GeoDataFrame(
        {
            "building_id": ["b1", "b2", "b3", "b4"],
            "compound_id": ["甲", "甲", "乙", None],
            "households": [None, None, None, 7],
            "households_source": [None, "estimated", None, "counted"],
        },
        geometry=[shapely.box(x, 0, x + 10, 10) for x in (0, 100, 200, 300)],
        crs="EPSG:32650",
    )
    return conform(frame, "buildings")  # type: ignore[no-any-return]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("comma", [",", ";", "\t"])
def test_text_tables(tmp_path: Path, encoding: str, comma: str) -> None:
    """CSV files are read in every usual encoding and separator; all is text, and blanks are missing."""
    text = f"楼栋{comma} 户数 {comma}备注\n007{comma}12{comma}\n008{comma} 3 {comma}空房\n{comma}{comma}\n"
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    table = read_table(tmp_path / "t.csv")
    assert table.columns.tolist() == ["楼栋", "户数", "备注"]
    assert table["楼栋"].tolist() == ["007", "008"]
    assert table["户数"].tolist() == ["12", "3"]
    assert table["备注"].isna().tolist() == [True, False]


def test_excel_tables(tmp_path: Path) -> None:
    """Excel files come as text too, from the sheet that is asked for."""
    with pd.ExcelWriter(tmp_path / "t.xlsx") as book:
        pd.DataFrame({"a": [1]}).to_excel(book, sheet_name="封面", index=False)
        pd.DataFrame({"楼栋": ["007"], "户数": [12]}).to_excel(book, sheet_name="登记", index=False)
    assert read_table(tmp_path / "t.xlsx").columns.tolist() == ["a"]
    assert read_table(tmp_path / "t.xlsx", sheet="登记").iloc[0].tolist() == ["007", "12"]


def test_tables_that_cannot_be_read(tmp_path: Path) -> None:
    """Missing files, wrong bytes, wrong sheets and wrong encodings are clear errors."""
    with pytest.raises(InputMissingError):
        read_table(tmp_path / "no.csv")
    (tmp_path / "t.csv").write_bytes(b"a,b\n\xff\xff\xff,1\n")
    with pytest.raises(InputError, match="cannot be read as a table"):
        read_table(tmp_path / "t.csv")
    (tmp_path / "t.xlsx").write_bytes(b"no workbook")
    with pytest.raises(InputError, match="cannot be read as a table"):
        read_table(tmp_path / "t.xlsx")
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(InputError, match="cannot be read as a table"):
        read_table(tmp_path / "empty.csv")


def test_join_by_building(buildings: gpd.GeoDataFrame) -> None:
    """Rows of one building add up, other buildings keep their counts, and strangers are reported."""
    table = pd.DataFrame(
        {"building_id": ["b1", "b1", "b2", "b9", None], "households": ["10", "5", "20", "3", "1"],
         "elderly": ["4", None, None, "1", None]}
    )  # fmt: skip
    joined, report = join_households(buildings, table, by="building_id")
    assert joined["households"].tolist() == [15, 20, pd.NA, 7]
    assert joined["elderly"].tolist() == [4, pd.NA, pd.NA, pd.NA]
    assert joined["households_source"].fillna("").tolist() == ["counted", "counted", "", "counted"]
    assert (report.rows, report.matched_rows, report.unmatched_rows, report.buildings) == (5, 3, 2, 2)
    assert report.unmatched_ids == ("b9", "—")
    assert (report.households, report.unmatched_households) == (39, 4)
    assert buildings["households"].isna().sum() == 3
    conform(joined, "buildings")


def test_join_by_compound(buildings: gpd.GeoDataFrame) -> None:
    """The total of a compound stands at each of its buildings; nothing is spread or overwritten here."""
    table = pd.DataFrame({"compound_id": ["甲", "甲", "丙"], "households": ["100", "50", "9"]})
    joined, report = join_households(buildings, table, by="compound_id")
    assert joined["compound_total"].tolist() == [150, 150, pd.NA, pd.NA]
    assert joined["households"].tolist() == buildings["households"].tolist()
    assert report.unmatched_ids == ("丙",)
    assert report.unmatched_households == 9
    assert report.buildings == 2


def test_compound_totals_are_spread_by_the_estimate(buildings: gpd.GeoDataFrame) -> None:
    """What the join hands over, the estimate of households keeps to the last household."""
    from gridtwin.households import estimate_households

    table = pd.DataFrame({"compound_id": ["甲", "乙"], "households": ["151", "9"]})
    joined, _ = join_households(buildings.assign(use="residential"), table, by="compound_id")
    spread = estimate_households(joined)
    assert spread.groupby("compound_id")["households"].sum().to_dict() == {"甲": 151, "乙": 9}


def test_join_by_location(buildings: gpd.GeoDataFrame) -> None:
    """A point counts for the building that holds it, else for the nearest within reach, else it is reported."""
    points = gpd.GeoDataFrame(
        {"households": ["1", "2", "4", "8"]},
        geometry=[shapely.Point(5, 5), shapely.Point(12, 5), shapely.Point(140, 5), shapely.Point(205, 500)],
        crs="EPSG:32650",
    )
    joined, report = join_households(buildings, points.to_crs(4326), by="location")
    assert joined["households"].tolist() == [3, 4, pd.NA, 7]
    assert report.unmatched_ids == ("5",)  # row 5 of the spreadsheet
    assert report.unmatched_households == 8
    near, _ = join_households(buildings, points, by="location", max_distance_m=1)
    assert near["households"].tolist() == [1, pd.NA, pd.NA, 7]


def test_faults_of_a_register_come_at_once(buildings: gpd.GeoDataFrame) -> None:
    """Counts that are negative, broken or no numbers, and a missing key, are listed together."""
    table = pd.DataFrame({"households": ["-1", "2", "3"], "elderly": ["1.5", "x", "1"]})
    with pytest.raises(LayerFaultsError) as error:
        join_households(buildings, table, by="building_id")
    found = {(fault.layer, fault.column, fault.code) for fault in error.value.faults}
    assert found == {
        ("households", "building_id", "column_missing"), ("households", "households", "below_minimum"),
        ("households", "elderly", "not_a_number"), ("households", "elderly", "not_whole"),
    }  # fmt: skip
    with pytest.raises(LayerFaultsError, match="column is missing"):
        join_households(buildings, pd.DataFrame({"building_id": ["b1"]}), by="building_id")
    with pytest.raises(LayerFaultsError, match="lon"):
        join_households(buildings, pd.DataFrame({"households": ["1"]}), by="location")


def test_wrong_wishes(buildings: gpd.GeoDataFrame) -> None:
    """An unknown way of joining and a negative distance are the caller's mistakes."""
    with pytest.raises(UsageError, match="building_id, compound_id, location"):
        join_households(buildings, pd.DataFrame(), by="name")
    with pytest.raises(UsageError, match="negative"):
        join_households(buildings, pd.DataFrame(), by="location", max_distance_m=-1)
