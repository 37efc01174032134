"""How a check says what it found."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from gridtwin.errors import Fault, first_ids
from gridtwin.schemas import LAYERS


def ids_of(frame: pd.DataFrame, layer: str) -> Any:
    """Return the keys of the rows, or their numbers where the layer has none, (rows,)."""
    key = LAYERS[layer].key if layer in LAYERS else ""
    return frame[key].to_numpy(dtype=object) if key in frame.columns else frame.index.to_numpy(dtype=object)


def rows_fault(
    code: str,
    message: str,
    layer: str,
    frame: pd.DataFrame,
    rows: Any,
    *,
    hint: str = "",
    column: str = "",
    severity: Literal["error", "warning"] = "error",
    repairable: bool = False,
    **params: Any,
) -> list[Fault]:
    """Return a fault that names the rows (mask or numbers), or nothing if there are none."""
    rows = np.asarray(rows)
    chosen = np.flatnonzero(rows) if rows.dtype == bool else rows
    if not len(chosen):
        return []
    ids = first_ids(ids_of(frame, layer)[chosen])
    return [Fault(code, message, layer, column, ids, len(chosen), hint, severity, repairable, params)]
