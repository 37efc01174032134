# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of a region's layers and columns that the plugin works with, and what their values mean."""

from __future__ import annotations

from qgis.core import NULL, QgsVectorLayer

META_TABLE = "gridtwin_meta"
SCHEMA_VERSION = 1

COMMUNITIES, BUILDINGS, UNITS, GRIDS = "communities", "buildings", "units", "grids"
PLANS, GRID_CODES = "plans", "grid_codes"
EDITED = (GRIDS, UNITS, BUILDINGS)  # layers that change together in one step

GENERAL = "general"  # purpose of a grid that the bounds apply to
SERIAL_DIGITS = 3  # at the end of a grid's code, after the community's


def text_of(value: object) -> str:
    """Return a value of a layer as text; an empty value is ""."""
    if isinstance(value, str):
        return value
    return "" if value is None or value == NULL else str(value)


def int_of(value: object) -> int | None:
    """Return a value of a layer as a whole number, ``None`` where it is empty."""
    if isinstance(value, int):
        return value
    return None if value is None or value == NULL else int(value)  # type: ignore[call-overload,no-any-return]


def float_of(value: object) -> float | None:
    """Return a value of a layer as a number, ``None`` where it is empty."""
    return None if value is None or value == NULL else float(value)  # type: ignore[arg-type]


def column(layer: QgsVectorLayer, name: str) -> int:
    """Return the number of a column.

    Raises
    ------
    KeyError
        If the layer has no such column.
    """
    number = layer.fields().lookupField(name)
    if number < 0:
        raise KeyError(f"{layer.name()}.{name}")
    return int(number)
