"""Mapping files: columns and words by layer, and everything that is wrong with them at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridtwin.errors import InputError, InputMissingError, LayerFaultsError
from gridtwin.load.mapping import LayerMapping, read_mapping


def write(tmp_path: Path, text: str) -> Path:
    """Write a mapping file."""
    path = tmp_path / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_columns_words_and_options(tmp_path: Path) -> None:
    """Columns may stand in the section itself or in one of their own; options and words are told apart."""
    mapping = read_mapping(
        write(
            tmp_path,
            """
            [buildings]
            file = "数据/楼栋.shp"
            datum = "gcj02"
            crs = "EPSG:4490"
            encoding = "gb18030"
            households = "总户数"
            [buildings.columns]
            use = "用途"
            [buildings.values.use]
            "住宅" = "residential"
            [households]
            building_id = "楼栋编号"
            lon = "经度"
            """,
        )
    )
    assert mapping["buildings"] == LayerMapping(
        columns={"households": "总户数", "use": "用途"},
        values={"use": {"住宅": "residential"}},
        file=str(tmp_path / "数据" / "楼栋.shp"),
        datum="gcj02",
        crs="EPSG:4490",
        encoding="gb18030",
    )
    assert mapping["households"].columns == {"building_id": "楼栋编号", "lon": "经度"}


def test_all_mistakes_are_listed_at_once(tmp_path: Path) -> None:
    """Unknown layers, columns and datums, and values of the wrong type, come in one error with close matches."""
    path = write(
        tmp_path,
        """
        [building]
        households = "户数"
        [streets]
        higway = "等级"
        width_m = 3
        datum = "gcj-02"
        [grids]
        code = "代码"
        [communities.values]
        name = "名称"
        """,
    )
    with pytest.raises(LayerFaultsError) as error:
        read_mapping(path)
    codes = sorted(fault.code for fault in error.value.faults)
    assert codes == [
        "column_unknown", "datum_unknown", "layer_unknown", "layer_unknown", "mapping_not_text", "mapping_not_words",
    ]  # fmt: skip
    text = str(error.value)
    assert "did you mean 'buildings'?" in text
    assert "did you mean 'highway'?" in text
    assert "did you mean 'gcj02'?" in text


def test_unreadable_mappings(tmp_path: Path) -> None:
    """A missing file and a file that is no TOML are clear errors."""
    with pytest.raises(InputMissingError):
        read_mapping(tmp_path / "no.toml")
    with pytest.raises(InputError, match="TOML"):
        read_mapping(write(tmp_path, "[buildings\n"))
    path = tmp_path / "gbk.toml"
    path.write_bytes('[buildings]\nname = "名称"'.encode("gb18030"))
    with pytest.raises(InputError, match="UTF-8"):
        read_mapping(path)
