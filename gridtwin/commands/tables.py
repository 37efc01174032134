"""Tables that several commands show."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from gridtwin.errors import UsageError
from gridtwin.grids import GridPlan
from gridtwin.i18n import language, mark, tr
from gridtwin.region import replacing
from gridtwin.schemas import VIOLATION_CODES

VIOLATIONS_SHOWN = 12


def plan_facts(plan: GridPlan) -> tuple[tuple[str, str], ...]:
    """Return the table of a plan: grids, bounds, shape, households, staff."""
    m = plan.summary()
    low, high = plan.params.minimum, plan.params.maximum
    walk = m["longest_walk_m"]
    staff = plan.staffing
    facts: tuple[tuple[str, str], ...] = (
        (tr(mark("communities")), f"{m['communities']}"),
        (tr(mark("units")), f"{m['units']}"),
        (tr(mark("grids")), f"{m['grids']}"),
        (
            tr(mark("within bounds ({low}–{high} households where no rule says otherwise)")).format(low=low, high=high)
            if plan.grid_rules.bounds
            else tr(mark("within {low}–{high} households")).format(low=low, high=high),
            tr(mark("{grids:.1%} of grids, {homes:.1%} of households")).format(
                grids=m["share_within_bounds"], homes=m["households_within_bounds"]
            ),
        ),
        (
            tr(mark("households a grid")),
            tr(mark("mean {mean:.0f}, spread {sd:.0f}, from {low} to {high}")).format(
                mean=m["households_a_grid_mean"],
                sd=m["households_a_grid_sd"],
                low=m["households_a_grid_min"],
                high=m["households_a_grid_max"],
            ),
        ),
        (
            tr(mark("households")),
            tr(mark("{total:,}: {counted:.0%} counted, {estimated:.0%} estimated")).format(
                total=m["households"], counted=m["counted_share"], estimated=1 - m["counted_share"]
            ),
        ),
        (
            tr(mark("compactness")),
            tr(mark("Polsby–Popper mean {mean:.2f}, least {least:.2f}; Reock mean {reock:.2f}")).format(
                mean=m["compactness_mean"], least=m["compactness_min"], reock=m["reock_mean"]
            ),
        ),
        (tr(mark("contiguous")), f"{m['share_contiguous']:.1%}"),
        (tr(mark("gaps, overlaps")), f"{m['gaps_m2']:g} m², {m['overlaps_m2']:g} m²"),
        (tr(mark("boundary along streets and barriers")), f"{m['street_share']:.0%}"),
        (
            tr(mark("compounds split")),
            tr(mark("{split} of {all}")).format(split=m["compounds_split"], all=m["compounds"]),
        ),
        (tr(mark("longest walk within a grid")), f"{walk:.0f} m" if walk is not None else "–"),
        (
            tr(mark("grid officers")),
            tr(mark("{officers} full-time (1–2 a grid); “1+3+N” teams would have {team}")).format(
                officers=m["grid_officers"], team=int(staff["team_full_time"].sum())
            ),
        ),
        (tr(mark("volunteers")), f"{m['volunteers']}"),
    )
    if m["special_purpose_grids"] or m["frozen_grids"]:
        special = tr(mark("{special} special-purpose, {frozen} frozen")).format(
            special=m["special_purpose_grids"], frozen=m["frozen_grids"]
        )
        facts += ((tr(mark("grids without bounds")), special),)
    if "objective_gap" in m:
        proved = tr(
            mark(
                "{parts} of {all} walkable parts ({share:.0%} of households); all plans of {listed} could be "
                "compared, at most {gap:.1%} from the best"
            )
        )
        value = proved.format(
            parts=m["parts_proved_best"],
            all=m["parts_within_bounds"],
            share=m["households_proved_best"],
            listed=m["parts_listed"],
            gap=m["objective_gap"],
        )
        facts += ((tr(mark("proved to be the best plan")), value),)
    if "households_moved" in m:
        moved = tr(mark("{households:,} ({share:.2%})")).format(
            households=m["households_moved"], share=m["share_moved"]
        )
        facts += ((tr(mark("households in another grid")), moved),)
    if m["households_outside"]:
        facts += ((tr(mark("households in no community")), f"{m['households_outside']}"),)
    return facts


def dry_run_note() -> str:
    """Return the line that says that nothing was written."""
    return tr(mark("A dry run: nothing was written."))


def violation_notes(plan: GridPlan) -> tuple[str, ...]:
    """Return one line for each broken rule, the first dozen, with the remedy that changes least."""
    if not len(plan.violations):
        return (tr(mark("Every grid keeps every rule.")),)
    heading = tr(mark("Broken rules ({count}):")).format(count=len(plan.violations))
    return (heading, *violation_lines(plan.violations, plan.remedies))


def violation_lines(violations: pd.DataFrame, remedies: pd.DataFrame | None = None) -> tuple[str, ...]:
    """Return one line for each row of grid_id, code and detail, the first dozen, each with its first remedy."""
    chinese = language() == "zh"
    lines = []
    for row in violations.head(VIOLATIONS_SHOWN).itertuples():
        titles = VIOLATION_CODES[str(row.code)]
        lines.append(f"  {row.grid_id} {row.code} ({titles[1] if chinese else titles[0]}): {row.detail}")
        if remedies is not None:
            found = remedies[(remedies["grid_id"] == row.grid_id) & (remedies["code"] == row.code)]
            lines += [f"    → {text}" for text in found["text"].head(1)]
    if len(violations) > VIOLATIONS_SHOWN:
        lines.append("  …")
    return tuple(lines)


TABLE_FORMATS = (".csv", ".xlsx")


def check_table(target: Path) -> None:
    """Refuse a file name from which no table can be made.

    Raises
    ------
    UsageError
        If it ends in neither ``.csv`` nor ``.xlsx``.
    """
    if target.suffix.lower() not in TABLE_FORMATS:
        raise UsageError("table_format", mark("{path}: a table is a .csv or an .xlsx file"), path=str(target))


def write_table(frame: pd.DataFrame, target: Path) -> None:
    """Write a table that spreadsheets open with Chinese text intact."""
    check_table(target)
    with replacing(target) as temporary:
        if target.suffix.lower() == ".xlsx":
            frame.to_excel(temporary, index=False)
        else:
            frame.to_csv(temporary, index=False, encoding="utf-8-sig")
