"""Divide the communities of a region into grids, and write the plan into it."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import shapely

from gridtwin.check import check_layers
from gridtwin.commands.map import sources_of
from gridtwin.commands.rules import rules_in_force
from gridtwin.commands.spec import Options, Outcome
from gridtwin.commands.tables import dry_run_note, plan_facts, violation_notes
from gridtwin.errors import OutputExistsError, UsageError
from gridtwin.grids import DivideParams, GridPlan, divide_region
from gridtwin.grids.params import Weights
from gridtwin.grids.planar import locate
from gridtwin.i18n import language, mark, tr
from gridtwin.maps import save_map
from gridtwin.maps.report import Heading, plan_report
from gridtwin.progress import Progress, part
from gridtwin.region import Provenance, Region, current_plan_name, read_region
from gridtwin.schemas import conform

EXIT_INFEASIBLE = 4


def run(options: Options, progress: Progress) -> Outcome:
    """Divide, and write the plan into the region or into ``--output``."""
    source = Path(options["region"])
    target = Path(options["output"]) if options["output"] else source
    date = day_of(options["date"])
    params = DivideParams(
        minimum=options["min"],
        maximum=options["max"],
        target=options["target"] or 0,
        seed=options["seed"],
        quality=options["quality"],
        weights=Weights.of_texts(options["weight"] or ()),
    )
    progress(0.0, tr(mark("Reading the region")))
    region = read_region(source)
    _check_target(region, options, source, target)
    own = current_plan_name(region) == options["plan"]
    check_report(options)
    plan = divide_region(
        region.layers if own else _without_locks(region),
        params=params,
        grid_rules=rules_in_force(region, options),
        plan=options["plan"],
        date=date,
        workers=options["workers"],
        progress=part(progress, 0.05, 0.95),
    )
    divided = with_plan(region, plan, name=options["plan"], date=date)
    files: tuple[tuple[Path, str], ...] = ()
    if not options["dry_run"]:
        progress(0.95, tr(mark("Writing the region")))
        divided.write(target, overwrite=True)
        files = ((target, tr(mark("the region with the plan; open it in QGIS"))),)
        files += write_report(plan, divided, options, date)
    outcome = outcome_of(plan, options, target, files, region)
    return replace(outcome, notes=(*outcome.notes, *_lost_locks(region, own=own)))


def _without_locks(region: Region) -> dict[str, pd.DataFrame]:
    """Return the layers as a plan of another name finds them: locks belong to the plan that was locked."""
    return {**region.layers, "grids": region["grids"].assign(locked=False)}


def _lost_locks(region: Region, *, own: bool) -> tuple[str, ...]:
    """Return what to say of locks that a new division does not keep; ``own``: it takes the place of the locked plan."""
    grids, units = (region[name][region[name]["locked"].fillna(False)] for name in ("grids", "units"))
    if not own and len(grids) + len(units):
        text = mark("The locks of plan '{plan}' ({count}) do not hold for a plan of another name.")
        return (tr(text).format(plan=current_plan_name(region), count=len(grids) + len(units)),)
    loose = units[~units["grid_id"].isin(grids["grid_id"])]
    if not len(loose):
        return ()
    text = mark(
        "A new division makes new units: single locked units ({count}) are locked no more, locked grids stay. "
        "'gridtwin rebalance' and 'gridtwin edit --redivide' keep locked units."
    )
    return (tr(text).format(count=len(loose)),)


def outcome_of(
    plan: GridPlan, options: Options, target: Path, files: tuple[tuple[Path, str], ...], region: Region
) -> Outcome:
    """Return what to show of a plan; errors in the data that it stands on are part of that."""
    notes = violation_notes(plan)
    errors = [fault for fault in check_layers(region.layers, region.crs) if fault.severity == "error"]
    if errors:
        text = tr(mark("The data have errors ({count}) and the plan stands on them: 'gridtwin check' names them."))
        notes += (text.format(count=len(errors)),)
    if options["dry_run"]:
        notes += (dry_run_note(),)
    broken = len(plan.violations) > 0
    return Outcome(
        {
            "region": str(target),
            "written": bool(files),
            "plan": options["plan"],
            "params": plan.params.to_dict(),
            "rules": plan.grid_rules.to_dict(),
            "measures": plan.summary(),
            "violations": plan.violations.to_dict(orient="records"),
            "remedies": plan.remedies.to_dict(orient="records"),
            "data_errors": [fault.to_dict() for fault in errors],
        },
        plan_facts(plan),
        files,
        notes,
        exit_code=EXIT_INFEASIBLE if options["strict"] and broken else 0,
    )


def check_report(options: Options) -> None:
    """Refuse to replace a report that exists, unless told to, before any work is done."""
    if options["report"] and Path(options["report"]).exists() and not (options["overwrite"] or options["dry_run"]):
        raise OutputExistsError(
            "output_exists", mark("{path} exists; give --overwrite to replace it"), path=str(options["report"])
        )


def write_report(plan: GridPlan, region: Region, options: Options, date: str) -> tuple[tuple[Path, str], ...]:
    """Write the report on the plan that ``region`` holds, if one is asked for; return it as a file written."""
    if not options["report"]:
        return ()
    target = Path(options["report"])
    name = region.name or Path(options["region"]).stem
    heading = Heading(name, options["plan"], date, sources_of(region))
    save_map(plan_report(plan, region.layers, heading=heading, lang=language()), target, overwrite=True)
    return ((target, tr(mark("the report on the plan; open it in a browser, no internet needed"))),)


def day_of(text: str | None) -> str:
    """Return the day from which the plan holds."""
    if not text:
        return dt.datetime.now(dt.UTC).date().isoformat()
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise UsageError("date_unreadable", mark("--date {text} is no day; write YYYY-MM-DD"), text=text) from error


def _check_target(region: Region, options: Options, source: Path, target: Path) -> None:
    """Refuse to replace a file or a plan that exists, unless told to."""
    if options["overwrite"] or options["dry_run"]:
        return
    if target != source:
        if target.exists():
            raise OutputExistsError(
                "output_exists", mark("{path} exists; give --overwrite to replace it"), path=str(target)
            )
        return
    if "plans" in region and region["plans"]["plan"].eq(options["plan"]).any():
        raise OutputExistsError(
            "plan_exists",
            mark("{path} has a plan '{plan}'; give --overwrite to replace it, --plan for another name, or --output"),
            path=str(source),
            plan=options["plan"],
        )


def with_plan(region: Region, plan: GridPlan, *, name: str, date: str, command: str = "divide") -> Region:
    """Return the region with the layers of ``plan`` and its rows in ``plans`` and ``assignments``.

    Other plans stay: where units have changed, each new unit takes the grid that its place had.
    """
    call = f"gridtwin {command} --min {plan.params.minimum} --max {plan.params.maximum} --seed {plan.params.seed}"
    provenance = Provenance(source=f"gridtwin {command}", date=date, command=call)
    others = region["plans"][region["plans"]["plan"] != name]
    asked = plan.params.to_dict() | ({"rules": plan.grid_rules.to_dict()} if plan.grid_rules else {})
    row = {
        "plan": name,
        "created_at": f"{date}T00:00:00Z",
        "params": json.dumps(asked, sort_keys=True, ensure_ascii=False),
        "summary": json.dumps(plan.summary(), sort_keys=True),
    }
    plans = pd.concat([others, pd.DataFrame([row])], ignore_index=True)
    mine = plan.units[["unit_id", "grid_id"]].assign(plan=name)
    kept = _carried(region, plan, name)
    assignments = pd.concat([kept, mine], ignore_index=True).sort_values(["plan", "unit_id"], ignore_index=True)
    layers: dict[str, Any] = plan.layers() | {
        "plans": conform(plans, "plans"),
        "assignments": conform(assignments, "assignments"),
    }
    kept_sources = {
        layer: region.provenance[layer] for layer in ("buildings", "communities") if layer in region.provenance
    }
    divided = region.with_layers(layers, provenance)
    return Region(divided.layers, divided.crs, divided.name, {**divided.provenance, **kept_sources}, divided.facts)


def _carried(region: Region, plan: GridPlan, name: str) -> pd.DataFrame:
    """Return the assignments of the other plans in terms of the new units."""
    old = region["assignments"]
    old = old[old["plan"] != name]
    if not len(old):
        return old
    units = region["units"]
    points = shapely.point_on_surface(plan.units.geometry.to_numpy())
    at = locate(points, units.geometry.to_numpy())
    place = pd.DataFrame({"unit_id": units["unit_id"].to_numpy()[at], "new": plan.units["unit_id"]})[at >= 0]
    joined = old.merge(place, on="unit_id")
    return joined.assign(unit_id=joined["new"])[["plan", "unit_id", "grid_id"]]
