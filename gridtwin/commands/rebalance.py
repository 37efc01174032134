"""Restore the bounds of the plan in a region with least change."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from gridtwin.commands.divide import check_report, day_of, outcome_of, with_plan, write_report
from gridtwin.commands.rules import rules_in_force
from gridtwin.commands.spec import Options, Outcome
from gridtwin.errors import OutputExistsError
from gridtwin.grids import DivideParams, rebalance_region
from gridtwin.grids.params import FORMER_PLAN
from gridtwin.i18n import mark, tr
from gridtwin.progress import Progress, part
from gridtwin.region import Region, current_plan, read_region


def run(options: Options, progress: Progress) -> Outcome:
    """Rebalance, and write the plan into the region or into ``--output``.

    The plan as it was stays in the region under the name "before-rebalance".
    """
    source = Path(options["region"])
    target = Path(options["output"]) if options["output"] else source
    if target != source and target.exists() and not (options["overwrite"] or options["dry_run"]):
        raise OutputExistsError(
            "output_exists", mark("{path} exists; give --overwrite to replace it"), path=str(target)
        )
    check_report(options)
    date = day_of(options["date"])
    region = read_region(source)
    made, _ = current_plan(region)
    bounds = {"minimum": options["min"], "maximum": options["max"]}
    given = {name: value for name, value in bounds.items() if value is not None}
    params = DivideParams.of_plan(made, seed=options["seed"], **given)
    plan = rebalance_region(
        region.layers,
        params=params,
        grid_rules=rules_in_force(region, options, special=False),
        locked=options["lock"] or (),
        stay=options["stay"],
        plan=options["plan"],
        date=date,
        progress=part(progress, 0.05, 0.95),
    )
    files: tuple[tuple[Path, str], ...] = ()
    if not options["dry_run"]:
        progress(0.95, tr(mark("Writing the region")))
        kept = _with_former(region, options["plan"])
        rebalanced = with_plan(kept, plan, name=options["plan"], date=date, command="rebalance")
        rebalanced.write(target, overwrite=True)
        files = ((target, tr(mark("the region with the plan; open it in QGIS"))),)
        files += write_report(plan, rebalanced, options, date)
    return outcome_of(plan, options, target, files, region)


def _with_former(region: Region, name: str) -> Region:
    """Return the region with the present plan kept under another name, so that nothing is lost."""
    plans, assignments = region["plans"], region["assignments"]
    row = plans[plans["plan"] == name].assign(plan=FORMER_PLAN)
    rows = region["units"][["unit_id", "grid_id"]].assign(plan=FORMER_PLAN)
    layers = {
        "plans": _replaced(plans, row),
        "assignments": _replaced(assignments, rows[assignments.columns]),
    }
    return Region({**region.layers, **layers}, region.crs, region.name, region.provenance, region.facts)


def _replaced(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([table[table["plan"] != FORMER_PLAN], rows], ignore_index=True)
