"""What a division is asked for: bounds, weights and effort, each with its unit."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from gridtwin.errors import UsageError
from gridtwin.grids.kernel import Objective
from gridtwin.i18n import mark

# 300–500 households a grid: city standard of Haikou (2020) and the plan's own figure; bounds are parameters
# because other cities use other ones.
MINIMUM = 300
MAXIMUM = 500
TARGET = 400

# Rebalancing keeps the plan as it was under this name; its codes do not count as in use.
FORMER_PLAN = "before-rebalance"

# Communities are drafted around the size that the living-circle standard gives a neighbourhood.
COMMUNITY_MINIMUM = 2_000
COMMUNITY_MAXIMUM = 4_000

# Cost of 100 m of boundary by kind of border (gridtwin.grids.borders), in units of the objective.
CUT_PER_100_M = (1.2, 0.5, 0.15, 0.05, 0.05)


@dataclass(frozen=True)
class DivideParams:
    """Bounds, weights and effort of a division.

    Attributes
    ----------
    minimum, maximum
        Households a grid, both allowed.
    target
        Households a grid should have; by default the middle of the bounds.
    seed
        Seed of all random choices.
    effort
        Moves an annealing makes, as a multiple of the quick default.
    outside, compactness, balance, compound_split
        Weights of the objective: a grid (and each 100 households) outside the bounds; perimeter²/(4π·area)
        − 1; ((households − target)/100)²; each further grid that a compound is spread over.
    """

    minimum: int = MINIMUM
    maximum: int = MAXIMUM
    target: int = 0
    seed: int = 0
    effort: float = 1.0
    outside: float = 15.0
    compactness: float = 1.0
    balance: float = 0.15
    compound_split: float = 3.0

    def __post_init__(self) -> None:
        if self.target == 0:
            object.__setattr__(self, "target", (self.minimum + self.maximum) // 2)
        if not 0 < self.minimum <= self.target <= self.maximum:
            raise UsageError(
                "bounds_disordered",
                mark("households a grid: 0 < minimum ≤ target ≤ maximum must hold; got {low}, {target}, {high}"),
                low=self.minimum,
                target=self.target,
                high=self.maximum,
            )
        if self.effort <= 0 or min(self.outside, self.compactness, self.balance, self.compound_split) < 0:
            raise UsageError(
                "weights_negative", mark("effort must be positive, and no weight of the objective negative")
            )

    def objective(self) -> Objective:
        """Return the kernel's form of bounds and weights."""
        return Objective(
            float(self.minimum),
            float(self.maximum),
            float(self.target),
            self.outside,
            self.compactness,
            self.balance,
            self.compound_split,
            0.0,
        )

    def grid_numbers(self, households: int) -> tuple[int, int]:
        """Return the least and largest number of grids that ``households`` allow (least > largest: none)."""
        return -(-households // self.maximum), households // self.minimum

    def nearest_number(self, households: int) -> int:
        """Return the number of grids with the fewest households outside the bounds (the smaller on a tie)."""
        low, high = self.grid_numbers(households)
        if low <= high:
            return min(max(round(households / self.target), low), high)
        over = households - self.maximum * max(high, 1)
        short = self.minimum * low - households
        return max(high, 1) if high >= 1 and over <= short else max(low, 1)

    def to_dict(self) -> dict[str, Any]:
        """Return the parameters as plain values."""
        return asdict(self)
