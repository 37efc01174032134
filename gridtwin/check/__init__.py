"""What is wrong with the layers of a region, where, and what to do; mends what can be mended safely."""

from __future__ import annotations

from gridtwin.check.layers import check_layers
from gridtwin.check.repair import Repair, repair_layers

__all__ = ["Repair", "check_layers", "repair_layers"]
