# SPDX-License-Identifier: GPL-3.0-or-later
"""Bounds of households and what a grid's count means against them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum

from qgis.core import QgsFeature, QgsVectorLayer

from .schema import GENERAL, int_of, text_of

SHADES = 4  # of grids within the bounds: the more households the darker


class Status(Enum):
    """Where the households of a grid lie."""

    NONE = "none"
    BELOW = "below"
    WITHIN = "within"
    ABOVE = "above"
    SPECIAL = "special"


@dataclass(frozen=True)
class Bounds:
    """Least and most households of a grid; a special-purpose or frozen grid has none."""

    minimum: int = 300
    maximum: int = 500
    special: bool = False

    def difference(self, households: int) -> int:
        """Return by how many households a grid is outside: negative below, positive above, else 0."""
        if self.special:
            return 0
        return min(households - self.minimum, 0) + max(households - self.maximum, 0)

    def status(self, households: int) -> Status:
        """Return where ``households`` lie."""
        if self.special:
            return Status.SPECIAL
        if households == 0:
            return Status.NONE
        outside = self.difference(households)
        return Status.WITHIN if outside == 0 else Status.BELOW if outside < 0 else Status.ABOVE

    def of_grid(self, grid: QgsFeature) -> Bounds:
        """Return the bounds of one grid of a plan with these bounds."""
        purpose = text_of(grid["purpose"]) or GENERAL
        minimum, maximum = int_of(grid["minimum_households"]), int_of(grid["maximum_households"])
        return Bounds(
            self.minimum if minimum is None else minimum,
            self.maximum if maximum is None else maximum,
            purpose != GENERAL,
        )


def bounds_of_plan(plans: QgsVectorLayer | None) -> Bounds:
    """Return the bounds of the newest plan of a region, the usual ones where none is known."""
    rows = [] if plans is None else list(plans.getFeatures())
    if not rows:
        return Bounds()
    params = json.loads(text_of(rows[-1]["params"]) or "{}")
    usual = Bounds()
    return Bounds(int(params.get("minimum", usual.minimum)), int(params.get("maximum", usual.maximum)))


def shade(households: int, bounds: Bounds) -> int:
    """Return the shade of a grid within its bounds, 1 to :data:`SHADES`."""
    width = bounds.maximum + 1 - bounds.minimum
    return min(max((households - bounds.minimum) * SHADES // width, 0), SHADES - 1) + 1
