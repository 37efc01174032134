"""Edit the plan in a region: one step a call, each in the log, each undone when wanted."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gridtwin.commands.divide import EXIT_INFEASIBLE, day_of, with_plan
from gridtwin.commands.rules import rules_in_force
from gridtwin.commands.spec import Options, Outcome
from gridtwin.commands.tables import dry_run_note, violation_lines
from gridtwin.errors import OutputExistsError, UsageError
from gridtwin.grids import DivideParams, GridPlan
from gridtwin.grids import edits as operations
from gridtwin.grids.drawing import REASONS, draw_grid, split_along
from gridtwin.grids.edit import Edit
from gridtwin.grids.journal import last_changed, logged, replayed, to_redo, to_undo
from gridtwin.grids.present import Present, present_plan
from gridtwin.grids.revise import final_codes, revised_plan
from gridtwin.i18n import mark, tr
from gridtwin.load.vector import read_drawing
from gridtwin.progress import Progress
from gridtwin.region import Region, current_plan, current_plan_name, read_region
from gridtwin.schemas import conform

STEPS = (
    "lock", "unlock", "lock_unit", "unlock_unit", "move", "split", "merge", "draw", "redivide", "undo", "redo", "log",
)  # fmt: skip
NEEDS = (("to", ("move", "draw")), ("line", ("split",)), ("new_code", ("merge",)))
MOVES = ("move", "split", "merge", "draw", "redivide")  # steps after which --repair makes sense
LEFTOVERS_SHOWN = 12
ACTIONS = {
    "lock_grids": mark("lock grids"),
    "unlock_grids": mark("unlock grids"),
    "lock_units": mark("lock units"),
    "unlock_units": mark("unlock units"),
    "move_units": mark("move units"),
    "split_grid": mark("split a grid"),
    "merge_grids": mark("merge grids"),
    "draw_grid": mark("draw a grid"),
    "redivide": mark("divide anew"),
    "repair": mark("repair"),
}


def run(options: Options, progress: Progress) -> Outcome:
    """Make one edit, and write the plan and its log into the region or into ``--output``."""
    step = _step(options)
    source = Path(options["region"])
    target = Path(options["output"]) if options["output"] else source
    if target != source and target.exists() and not (options["overwrite"] or options["dry_run"]):
        raise OutputExistsError(
            "output_exists", mark("{path} exists; give --overwrite to replace it"), path=str(target)
        )
    date = day_of(options["date"])
    progress(0.0, tr(mark("Reading the region")))
    region = read_region(source)
    name = current_plan_name(region)
    journal = region["edits"]
    if step == "log":
        return _log(journal[journal["plan"] == name], source)
    rules = rules_in_force(region, options, special=False)
    now = present_plan(region.layers, _params(region, options), rules=rules)
    progress(0.4, tr(mark("Editing")))
    edit = _edit(step, now, options, region, journal, name)
    progress(0.5, tr(mark("Measuring the plan")))
    plan = revised_plan(region.layers, edit, grid_rules=rules, plan=name, date=date)
    codes = final_codes(edit, plan)
    if step in ("undo", "redo"):
        row = to_undo(journal, name) if step == "undo" else to_redo(journal, name)
        journal = journal.assign(undone=journal["undone"].where(journal["edit_id"] != row["edit_id"], step == "undo"))
    else:
        journal = logged(journal, edit, codes, plan=name, made_at=_time(options), by=options["by"] or "")
    files: tuple[tuple[Path, str], ...] = ()
    if not options["dry_run"]:
        progress(0.95, tr(mark("Writing the region")))
        edited = with_plan(region, plan, name=name, date=date, command="edit")
        edited = edited.with_layers({"edits": conform(journal, "edits")}, edited.provenance["grids"])
        edited.write(target, overwrite=True)
        files = ((target, tr(mark("the region with the plan; open it in QGIS"))),)
    return _outcome(edit, plan, codes, name, options, target, files)


def _step(options: Options) -> str:
    """Return the one thing to do.

    Raises
    ------
    UsageError
        If none or several are asked for, or an option does not belong to it.
    """
    steps = [step for step in STEPS if options[step]] or (["repair"] if options["repair"] else [])
    if len(steps) != 1:
        raise UsageError(
            "one_step",
            mark("give exactly one of: {steps}; got {count}"),
            steps=", ".join(_flag(step) for step in (*STEPS, "repair")),
            count=len(steps),
        )
    step = steps[0]
    lost = [name for name, owners in NEEDS if options[name] and step not in owners]
    if options["repair"] and step not in (*MOVES, "repair"):
        lost.append("repair")
    if lost:
        raise UsageError(
            "option_idle",
            mark("{options} has no meaning with {step}"),
            options=", ".join(_flag(name) for name in lost),
            step=_flag(step),
        )
    if step == "move" and not options["to"]:
        raise UsageError("no_target", mark("--move needs --to, the grid that takes the units"))
    return step


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _params(region: Region, options: Options) -> DivideParams:
    """Return what the plan was asked for, with another seed if one is given."""
    given = {} if options["seed"] is None else {"seed": options["seed"]}
    return DivideParams.of_plan(current_plan(region)[0], **given)


def _time(options: Options) -> str:
    """Return the time of the edit: now, or the start of the day that is given (the same call, the same bytes)."""
    if options["date"]:
        return f"{day_of(options['date'])}T00:00:00Z"
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _edit(step: str, now: Present, options: Options, region: Region, journal: pd.DataFrame, name: str) -> Edit:
    """Do what is asked for, and repair around it if that is wanted."""
    value: Any = options.get(step)
    crs = region.crs
    steps: dict[str, Callable[[], Edit]] = {
        "lock": lambda: operations.lock_grids(now, value),
        "unlock": lambda: operations.unlock_grids(now, value),
        "lock_unit": lambda: operations.lock_units(now, value),
        "unlock_unit": lambda: operations.unlock_units(now, value),
        "move": lambda: operations.move_units(now, value, options["to"]),
        "split": lambda: _split(now, value, options["line"], crs),
        "merge": lambda: operations.merge_grids(now, value, new_code=options["new_code"]),
        "draw": lambda: draw_grid(now, _drawn(value, crs, 2), to=options["to"]),
        "redivide": lambda: operations.redivide(now, value),
        "undo": lambda: replayed(now, to_undo(journal, name), back=True),
        "redo": lambda: replayed(now, to_redo(journal, name), back=False),
        "repair": lambda: _repair_last(now, journal, name),
    }
    edit = steps[step]()
    if options["repair"] and step != "repair":
        edit = edit.then(operations.repair(edit.plan, edit.touched, keep=list(edit.changes["unit_id"])))
    return edit


def _split(now: Present, code: str, line: str | None, crs: Any) -> Edit:
    return split_along(now, code, _drawn(line, crs, 1)) if line else operations.split_grid(now, code)


def _repair_last(now: Present, journal: pd.DataFrame, name: str) -> Edit:
    around, keep = last_changed(journal, now, name)
    return operations.repair(now, around, keep=keep)


def _drawn(path: str, crs: Any, dimensions: int) -> Any:
    """Return the line (1) or area (2) that a file holds.

    Raises
    ------
    UsageError
        If it holds something else.
    """
    shape = read_drawing(path, crs=crs)
    fits = shape.geom_type == "LineString" if dimensions == 1 else shape.geom_type in ("Polygon", "MultiPolygon")
    if not fits:
        message = (
            mark("--line {path}: draw one line without gaps, not a {found}")
            if dimensions == 1
            else mark("--draw {path}: draw an area, not a {found}")
        )
        raise UsageError("drawing_unfit", message, path=path, found=shape.geom_type)
    return shape


def _log(journal: pd.DataFrame, source: Path) -> Outcome:
    """Return the log of the plan, oldest edit first."""
    rows = journal.astype("object").where(journal.notna(), None).to_dict(orient="records")
    for row in rows:
        row["arguments"], row["changes"] = json.loads(row["arguments"]), json.loads(row["changes"])
    text = tr(mark("{id}  {time}  {who}  {action}  {arguments}, {moved} households moved{undone}"))
    lines = tuple(
        text.format(
            id=row["edit_id"],
            time=row["made_at"],
            who=row["by"] or "–",
            action=tr(ACTIONS.get(row["action"], row["action"])),
            arguments=json.dumps(row["arguments"], ensure_ascii=False),
            moved=row["households_moved"],
            undone=tr(mark(" (undone)")) if row["undone"] else "",
        )
        for row in rows
    )
    return Outcome(
        {"region": str(source), "written": False, "edits": rows}, (), (), lines or (tr(mark("The log is empty.")),)
    )


def _outcome(
    edit: Edit,
    plan: GridPlan,
    codes: dict[str, str],
    name: str,
    options: Options,
    target: Path,
    files: tuple[tuple[Path, str], ...],
) -> Outcome:
    """Return what to show of an edit."""
    changes = edit.changes.assign(to=edit.changes["to"].map(lambda code: codes.get(code, code)))
    new, solved = (
        frame.assign(grid_id=frame["grid_id"].map(lambda code: codes.get(code, code)))
        for frame in (edit.new_violations, edit.solved_violations)
    )
    summary = plan.summary()
    facts = (
        (tr(mark("plan")), name),
        (tr(mark("units in another grid")), f"{len(changes)}"),
        (
            tr(mark("households in another grid")),
            tr(mark("{households:,} ({share:.2%})")).format(
                households=summary["households_moved"], share=summary["share_moved"]
            ),
        ),
        (tr(mark("grids")), f"{summary['grids']}"),
        (tr(mark("locked grids, locked units")), f"{int(edit.plan.locked.sum())}, {int(edit.plan.pinned.sum())}"),
        (tr(mark("broken rules: new, solved, all")), f"{len(new)}, {len(solved)}, {len(plan.violations)}"),
    )
    notes = (*_code_notes(edit, codes), *_leftover_notes(edit.leftovers))
    if len(new):
        notes += (tr(mark("Newly broken rules:")), *violation_lines(new))
    if options["dry_run"]:
        notes += (dry_run_note(),)
    return Outcome(
        {
            "region": str(target),
            "written": bool(files),
            "plan": name,
            "action": edit.action,
            "arguments": dict(edit.arguments),
            "changes": _records(changes),
            "new_codes": {key: code for key, code in codes.items() if key not in edit.former.codes},
            "leftovers": _records(edit.leftovers),
            "new_violations": _records(new),
            "solved_violations": _records(solved),
            "violations": _records(plan.violations),
            "measures": summary,
        },
        facts,
        files,
        notes,
        exit_code=EXIT_INFEASIBLE if options["strict"] and len(plan.violations) else 0,
    )


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as plain values."""
    plain = frame.astype("object").to_dict(orient="records")
    return [{key: v.item() if isinstance(v, np.generic) else v for key, v in row.items()} for row in plain]


def _code_notes(edit: Edit, codes: dict[str, str]) -> tuple[str, ...]:
    """Return which codes are new and which are closed."""
    new = sorted(code for name, code in codes.items() if name not in edit.former.codes)
    closed = sorted({edit.former.codes[g] for g in np.unique(edit.former.grid)} - set(codes.values()))
    lines = []
    if new:
        lines.append(tr(mark("New grids: {codes}")).format(codes=", ".join(new)))
    if closed:
        lines.append(tr(mark("Closed codes: {codes}")).format(codes=", ".join(closed)))
    return tuple(lines)


def _leftover_notes(leftovers: pd.DataFrame) -> tuple[str, ...]:
    """Return one line for each unit that a drawn area left over, those not cut first."""
    if not len(leftovers):
        return ()
    order = leftovers.assign(last=leftovers["reason"] == "cut").sort_values(["last", "unit_id"], kind="stable")
    text = tr(mark("  {unit} ({share:.0%} inside, {households} households): {reason}"))
    lines = [
        text.format(unit=row.unit_id, share=row.share, households=row.households, reason=tr(REASONS[row.reason]))
        for row in order.head(LEFTOVERS_SHOWN).itertuples()
    ]
    if len(leftovers) > LEFTOVERS_SHOWN:
        lines.append("  …")
    return (tr(mark("Left over ({count} units):")).format(count=len(leftovers)), *lines)
