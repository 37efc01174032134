"""Read a file of rules (TOML); the polygon files that it names come in as text."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import shapely

from gridtwin.errors import InputError, InputMissingError
from gridtwin.i18n import mark
from gridtwin.load.vector import read_layer


def read_rules(path: str | Path, *, crs: Any) -> dict[str, Any]:
    """Read a file of rules, see :func:`gridtwin.grids.rules.parse_rules` for its content.

    Parameters
    ----------
    path
        TOML file in UTF-8. Where a rule has a key ``file``, the polygons of that file (beside the rules, or with
        its full path) take its place as ``area``, one polygon or several in one, as text (WKT).
    crs
        Projected CRS of the region, into which the polygons come.

    Raises
    ------
    InputMissingError
        If the file, or one that it names, is not there.
    InputError
        If it is no TOML, or a polygon file cannot be read.
    """
    path = Path(path)
    if not path.is_file():
        raise InputMissingError("rules_missing", mark("there is no file of rules {path}"), path=str(path))
    try:
        content = tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(
            "rules_unreadable",
            mark("{path} is no file of rules in TOML and UTF-8: {reason}"),
            path=str(path),
            reason=str(error),
        ) from error
    return {name: _with_areas(tables, path.parent, crs) for name, tables in content.items()}


def _with_areas(tables: Any, folder: Path, crs: Any) -> Any:
    """Return the rules of one kind with the polygons of their files; whatever is no rule comes back as it is."""
    if not isinstance(tables, list):
        return tables
    return [_with_area(table, folder, crs) if isinstance(table, dict) else table for table in tables]


def _with_area(table: dict[str, Any], folder: Path, crs: Any) -> dict[str, Any]:
    if not isinstance(table.get("file"), str):
        return table
    shapes = read_layer(folder / table["file"], "communities", crs=crs).geometry.to_numpy()
    area = shapely.to_wkt(shapely.union_all(shapely.make_valid(shapes)), rounding_precision=6)
    return {key: value for key, value in table.items() if key != "file"} | {"area": area}
