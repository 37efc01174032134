"""What a division is asked for: bounds, weights and quality, each with its unit."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields, replace
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


@dataclass(frozen=True)
class Weights:
    """Soft rules: what it costs, in units of the objective, to fall short of them.

    Hard rules have no weight: full cover without overlap, contiguity, nesting in the community, whole buildings,
    locks. The bounds of households are hard wherever a plan can keep them; ``outside`` tells plans apart that
    cannot.

    Attributes
    ----------
    outside
        A grid outside the bounds, and each 100 households outside.
    compactness
        1 − Polsby–Popper of a grid: nothing for a circle.
    balance
        ((households − target) / 100)² of a grid.
    compound_split
        Each further grid that a compound is spread over.
    inside_compound, between_buildings, minor_street, main_street, barrier
        100 m of boundary along a border of this kind (:mod:`gridtwin.grids.borders`).
    """

    outside: float = 20.0
    compactness: float = 4.0
    balance: float = 0.15
    compound_split: float = 4.0
    inside_compound: float = 3.0
    between_buildings: float = 1.5
    minor_street: float = 0.1
    main_street: float = 0.05
    barrier: float = 0.05

    def __post_init__(self) -> None:
        negative = [field.name for field in fields(self) if not getattr(self, field.name) >= 0]
        if negative:
            raise UsageError(
                "weights_negative",
                mark("no weight of the objective may be negative: {names}"),
                names=", ".join(negative),
            )

    @classmethod
    def of_texts(cls, texts: Collection[str]) -> Weights:
        """Return the weights with those changed that ``texts`` name, each ``NAME=VALUE``.

        Raises
        ------
        UsageError
            If a text does not have that form, or names no weight.
        """
        names = [field.name for field in fields(cls)]
        given: dict[str, float] = {}
        for text in texts:
            name, _, value = text.partition("=")
            try:
                given[name.strip().replace("-", "_")] = float(value)
            except ValueError as error:
                raise UsageError(
                    "weight_unreadable", mark("--weight {text}: write NAME=VALUE, e.g. compactness=6"), text=text
                ) from error
        unknown = sorted(set(given) - set(names))
        if unknown:
            raise UsageError(
                "weight_unknown",
                mark("--weight: there is no weight {unknown}; there are: {names}"),
                unknown=", ".join(unknown),
                names=", ".join(names),
            )
        return cls(**given)

    def boundary(self) -> tuple[float, ...]:
        """Return the cost of 100 m of boundary by kind of border, in the order of :mod:`gridtwin.grids.borders`."""
        return self.inside_compound, self.between_buildings, self.minor_street, self.main_street, self.barrier


@dataclass(frozen=True)
class Quality:
    """How much work a division is worth.

    Attributes
    ----------
    effort
        Moves of an annealing, as a multiple of the shortest.
    starts
        Independent starts; the best plan counts.
    most_sets
        The best plan of a walkable part is looked for among all its grids if it has at most so many connected sets
        of units (0: never).
    most_work
        CP-SAT's deterministic time (about seconds) for choosing among them.
    passes
        Times that each grid of a larger part is divided anew with its neighbours, as long as that helps.
    """

    effort: float
    starts: int
    most_sets: int
    most_work: float
    passes: int


QUALITIES = {
    "fast": Quality(1.8, 1, 0, 0.0, 0),
    "good": Quality(3.0, 2, 50_000, 1.0, 0),
    "best": Quality(10.0, 4, 5_000_000, 20.0, 3),
}


@dataclass(frozen=True)
class DivideParams:
    """Bounds, weights and quality of a division.

    Attributes
    ----------
    minimum, maximum
        Households a grid, both allowed.
    target
        Households a grid should have; by default the middle of the bounds. It settles the number of grids.
    seed
        Seed of all random choices.
    quality
        One of :data:`QUALITIES`.
    effort
        Moves of an annealing, as a multiple of what the quality asks for.
    weights
        The soft rules.
    """

    minimum: int = MINIMUM
    maximum: int = MAXIMUM
    target: int = 0
    seed: int = 0
    quality: str = "fast"
    effort: float = 1.0
    weights: Weights = Weights()

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
        if not self.effort > 0:
            raise UsageError("effort_not_positive", mark("the effort of a division must be positive"))
        if self.quality not in QUALITIES:
            raise UsageError(
                "quality_unknown",
                mark("there is no quality '{quality}'; there are: {qualities}"),
                quality=self.quality,
                qualities=", ".join(QUALITIES),
            )

    @classmethod
    def of_plan(cls, made: Mapping[str, Any], **changes: Any) -> DivideParams:
        """Return what a plan was made with (:meth:`to_dict`), as far as it is known, with ``changes``.

        Its quality is left out: what comes after a division mends small places, and planners wait for it.
        """
        kept = {name: made[name] for name in ("minimum", "maximum", "target", "seed") if name in made}
        if changes.keys() & {"minimum", "maximum"}:
            kept.pop("target", None)  # the middle of the new bounds
        known = {field.name for field in fields(Weights)}
        weights = {name: value for name, value in made.get("weights", {}).items() if name in known}
        return cls(**{**kept, "weights": Weights(**weights), **changes})

    @property
    def search(self) -> Quality:
        """What quality and effort mean in numbers."""
        quality = QUALITIES[self.quality]
        return replace(quality, effort=self.effort * quality.effort)

    def objective(self) -> Objective:
        """Return the kernel's form of bounds and weights."""
        weights = self.weights
        return Objective(
            float(self.minimum),
            float(self.maximum),
            float(self.target),
            weights.outside,
            weights.compactness,
            weights.balance,
            weights.compound_split,
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
