"""Staff: grid officers by load, the 1+3+N team of the community beside them, volunteers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridtwin.grids.planar import Flags, Indices


@dataclass(frozen=True)
class StaffingRules:
    """How many people a grid and a community need.

    Attributes
    ----------
    households_an_officer
        A grid with more households needs a second full-time officer.
    officers_at_most
        Full-time officers a grid (the plan asks for 1–2).
    officers_special_grid
        Full-time officers that a special-purpose grid has at least, whoever lives there.
    volunteers_an_officer
        Volunteers beside each officer.
    team_full_time
        Full-time staff of the community's "1+3+N" team: one head, three staff, N part-timers and volunteers.
    """

    households_an_officer: int = 400
    officers_at_most: int = 2
    officers_special_grid: int = 1
    volunteers_an_officer: int = 3
    team_full_time: int = 4


def grid_officers(households: Indices, rules: StaffingRules, *, special: Flags) -> Indices:
    """Return the full-time officers of each grid by its load; an empty grid needs none unless it is ``special``."""
    needed = np.clip(-(-households // rules.households_an_officer), 0, rules.officers_at_most)
    return np.where(special, np.maximum(needed, rules.officers_special_grid), needed)


def community_staffing(grids: pd.DataFrame, rules: StaffingRules) -> pd.DataFrame:
    """Return layer ``staffing``: both figures of each community, and by how much they disagree.

    The sum of 1–2 officers a grid and the 1+3+N team rarely agree (a community of 3,000 households has six to
    ten grids); a planner has to see both.
    """
    table = grids.groupby("community_id", as_index=False).agg(
        grids=("grid_id", "size"),
        households=("households", "sum"),
        grid_officers=("grid_officers", "sum"),
        volunteers=("volunteers", "sum"),
    )
    table["team_full_time"] = rules.team_full_time
    table["officers_difference"] = table["grid_officers"] - rules.team_full_time
    return table
