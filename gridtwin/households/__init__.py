"""Households of each building: counted where someone counted, else from flats, else from floor area.

Whole numbers throughout: totals that are given (of compounds, communities or raster zones) are kept exactly
by the method of largest remainders. A counted building is never changed.
"""

from __future__ import annotations

from gridtwin.households.assumptions import (
    PERSONS_PER_HOUSEHOLD,
    GroupShares,
    HouseholdAssumptions,
    UseAssumption,
)
from gridtwin.households.estimate import estimate_households
from gridtwin.households.remainders import largest_remainder, largest_remainder_by_group
from gridtwin.households.summary import HouseholdSummary, counted_share, household_summary

__all__ = [
    "PERSONS_PER_HOUSEHOLD",
    "GroupShares",
    "HouseholdAssumptions",
    "HouseholdSummary",
    "UseAssumption",
    "counted_share",
    "estimate_households",
    "household_summary",
    "largest_remainder",
    "largest_remainder_by_group",
]
