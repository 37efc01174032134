"""GridTwin: management grids, service areas, supplies, evacuation and a digital twin of a city."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gridtwin.grids import GridPlan, divide_region
    from gridtwin.network import StreetNetwork
    from gridtwin.region import Region, read_region

__version__ = "0.1.0"

_PUBLIC = {
    "GridPlan": "gridtwin.grids",
    "Region": "gridtwin.region",
    "StreetNetwork": "gridtwin.network",
    "divide_region": "gridtwin.grids",
    "read_region": "gridtwin.region",
}

__all__ = ["GridPlan", "Region", "StreetNetwork", "__version__", "divide_region", "read_region"]


def __getattr__(name: str) -> Any:
    """Load the public names when they are first used: ``import gridtwin`` itself stays light."""
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'gridtwin' has no attribute {name!r}")
