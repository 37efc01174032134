"""Staff: grid officers by load, the 1+3+N team of the community beside them, volunteers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridtwin.grids.planar import Indices


@dataclass(frozen=True)
class StaffingRules:
    """How many people a grid and a community need.

    Attributes
    ----------
    households_an_officer
        A grid with more households needs a second full-time officer.
    officers_at_most
        Full-time officers a grid (the plan asks for 1–2).
    volunteers_an_officer
        Volunteers beside each officer.
    team_full_time
        Full-time staff of the community's "1+3+N" team: one head, three staff, N part-timers and volunteers.
    """

    households_an_officer: int = 400
    officers_at_most: int = 2
    volunteers_an_officer: int = 3
    team_full_time: int = 4


def grid_officers(households: Indices, rules: StaffingRules) -> Indices:
    """Return the full-time officers of each grid by its load; an empty grid needs none."""
    needed = -(-households // rules.households_an_officer)
    return np.where(households > 0, np.clip(needed, 1, rules.officers_at_most), 0)


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
