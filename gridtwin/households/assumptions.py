"""What is assumed of buildings whose households nobody counted: floor area, storeys and dwellings by use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gridtwin.errors import Fault, LayerFaultsError, UsageError
from gridtwin.i18n import mark
from gridtwin.load.datafiles import data_path, table_rows
from gridtwin.schemas import GROUPS

# Assumption: family households in China, Seventh National Population Census, 2020.
PERSONS_PER_HOUSEHOLD = 2.62
MIN_DWELLING_M2 = 20.0  # assumption: a smaller building of unknown use is a shed or a kiosk
UNKNOWN = "unknown"

_DATA = "household_assumptions.csv"
_NUMBERS = ("residential_share", "m2_per_household", "default_levels", "default_footprint_m2")


@dataclass(frozen=True)
class UseAssumption:
    """What is assumed of buildings of one use."""

    use: str
    residential_share: float  # of the gross floor area, 0-1
    m2_per_household: float  # gross floor area
    default_levels: float
    default_footprint_m2: float = 0.0  # of a building drawn as a point
    source: str = ""


@dataclass(frozen=True)
class HouseholdAssumptions:
    """Assumptions by use, from ``data/household_assumptions.csv`` and a user's file of the same columns.

    Attributes
    ----------
    uses
        Assumptions by use; ``"unknown"`` is always among them.
    aliases
        Use by its other words (OpenStreetMap's values, Chinese terms), in lower case.
    """

    uses: Mapping[str, UseAssumption]
    aliases: Mapping[str, str]

    @classmethod
    def read(cls, path: str | Path | None = None) -> HouseholdAssumptions:
        """Read the assumptions that come with GridTwin, then those of the user's file, which replace them.

        Parameters
        ----------
        path
            CSV with the columns use, residential_share, m2_per_household and default_levels, and if wanted
            default_footprint_m2, aliases and source. Lines that start with ``#`` are comments.

        Raises
        ------
        InputMissingError
            If there is no such file.
        LayerFaultsError
            Everything that is wrong with the file: missing columns, numbers that make no sense.
        """
        uses: dict[str, UseAssumption] = {}
        aliases: dict[str, str] = {}
        for file in (data_path(_DATA), path):
            if file is not None:
                _read_into(Path(file), uses, aliases)
        return cls(uses, aliases | {use: use for use in uses})

    def table(self) -> pd.DataFrame:
        """Return one row a use, indexed by use."""
        return pd.DataFrame([asdict(use) for use in self.uses.values()]).set_index("use")

    def use_of(self, values: pd.Series) -> pd.Series:
        """Return each value's use; words that the assumptions do not know become ``"unknown"``."""
        words = values.astype("object").map(lambda word: str(word).strip().lower(), na_action="ignore")
        return words.map(self.aliases).fillna(UNKNOWN).astype("str")


@dataclass(frozen=True)
class GroupShares:
    """Shares of the persons who belong to each group; None means unknown and stays empty."""

    elderly: float | None = None
    disabled: float | None = None
    children: float | None = None
    migrant_children: float | None = None

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        for name in GROUPS:
            share = getattr(self, name)
            if share is not None and not 0.0 <= share <= 1.0:
                raise UsageError(
                    "not_a_share",
                    mark("the share '{name}' is {value}; it must lie between 0 and 1"),
                    name=name,
                    value=share,
                )


def _read_into(path: Path, uses: dict[str, UseAssumption], aliases: dict[str, str]) -> None:
    """Add the rows of one file, or raise everything that is wrong with it."""
    faults = []
    for row in table_rows(path, ("use", *_NUMBERS[:3])):
        use = row["use"].lower()
        values = {name: _number(row.get(name) or "0") for name in _NUMBERS}
        if _makes_sense(values):
            uses[use] = UseAssumption(use=use, source=row.get("source", ""), **values)
            words = row.get("aliases", "").split("|")
            aliases.update({word.strip().lower(): use for word in words if word.strip()})
        else:
            faults.append(_assumption_fault(path, use))
    if faults:
        raise LayerFaultsError(faults)


def _assumption_fault(path: Path, use: str) -> Fault:
    return Fault(
        "assumption_wrong",
        mark("the numbers of use '{use}' make no sense"),
        path.name,
        ids=(use,),
        count=1,
        hint=mark("residential_share lies in 0–1, m2_per_household and default_levels are above 0"),
        params={"use": use},
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def _makes_sense(values: Mapping[str, float]) -> bool:
    share, area, levels, footprint = (values[name] for name in _NUMBERS)
    finite = all(np.isfinite(value) for value in values.values())
    return finite and 0 <= share <= 1 and area > 0 and levels > 0 and footprint >= 0
