"""An edited plan as layers: shapes, codes, staff, measures and violations of the grids as they are now."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gridtwin.grids.divide import region_inputs
from gridtwin.grids.edit import Edit
from gridtwin.grids.plan import GridPlan, Inherited, PlanBuilder
from gridtwin.grids.rules import NO_RULES, Rules
from gridtwin.grids.staffing import StaffingRules
from gridtwin.network import Walker, street_network


def revised_plan(
    layers: Mapping[str, pd.DataFrame],
    edit: Edit,
    *,
    rules: StaffingRules | None = None,
    grid_rules: Rules = NO_RULES,
    plan: str = "default",
    date: str,
) -> GridPlan:
    """Turn an edit of the plan in a region into the layers of the new plan.

    Parameters
    ----------
    layers
        Layers of the region that the edit was made from.
    edit
        The edit.
    rules
        Staffing rules.
    grid_rules
        The rules by place that the plan was made with.
    plan
        Name of the plan.
    date
        Day from which the edited plan holds, ISO 8601.

    Returns
    -------
    GridPlan
        Grids keep their codes; new ones get the next free codes and name their parents. Its summary has
        ``households_moved`` and ``share_moved``.
    """
    buildings, streets, _, communities = region_inputs(layers)
    now = edit.plan
    used, label = np.unique(now.grid, return_inverse=True)
    moved, total = edit.households_moved, int(now.households.sum())
    builder = PlanBuilder(
        units=now.units,
        zones=now.zones,
        grid=label,
        part=now.part,
        proved=now.proved[used],
        conflict=now.in_conflict[used],
        rules=rules or StaffingRules(),
        plan=plan,
        date=date,
        facts={"households_moved": moved, "share_moved": moved / max(total, 1)},
        grid_rules=grid_rules,
        inherited=Inherited(now.locked[used], now.pinned, tuple(now.codes[g] for g in used), ~now.searched[used]),
        held=now.held[used],
    )
    return builder.build(layers, buildings, communities, street_network(streets, profile=Walker()))


def final_codes(edit: Edit, made: GridPlan) -> dict[str, str]:
    """Return the code of each grid of an edit by its name there, which for new grids is a working name."""
    used, first = np.unique(edit.plan.grid, return_index=True)
    codes = made.units["grid_id"].to_numpy()[first]
    return {edit.plan.codes[g]: str(code) for g, code in zip(used, codes, strict=True)}
