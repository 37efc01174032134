"""Compare two plans of a region."""

from __future__ import annotations

from pathlib import Path

from gridtwin.commands.rules import rules_in_force
from gridtwin.commands.spec import Options, Outcome
from gridtwin.errors import OutputExistsError
from gridtwin.grids.compare import PlanComparison, compare_plans
from gridtwin.grids.params import MAXIMUM, MINIMUM, DivideParams
from gridtwin.grids.special import zones_of_plan
from gridtwin.i18n import mark, tr
from gridtwin.progress import Progress
from gridtwin.region import current_plan, read_region, replacing

COMMUNITIES_SHOWN = 15


def run(options: Options, progress: Progress) -> Outcome:
    """Show both plans side by side, and write the units that moved if asked to."""
    region = read_region(options["region"])
    made, _ = current_plan(region)
    params = DivideParams(int(made.get("minimum", MINIMUM)), int(made.get("maximum", MAXIMUM)))
    units = region["units"]
    zones = zones_of_plan(rules_in_force(region, options, special=False), params, units, region.layers)
    target = Path(options["output"]) if options["output"] else None
    if target is not None and target.exists() and not options["overwrite"]:
        raise OutputExistsError(
            "output_exists", mark("{path} exists; give --overwrite to replace it"), path=str(target)
        )
    compared = compare_plans(units, region["assignments"], options["first"], options["second"], zones=zones)
    files: tuple[tuple[Path, str], ...] = ()
    if target is not None:
        with replacing(target) as temporary:
            compared.moved.to_file(temporary, layer="moved", driver="GPKG")
        files = ((target, tr(mark("the units in another grid; open it in QGIS"))),)
    return Outcome(
        {
            "region": str(options["region"]),
            "measures": compared.summary(),
            "communities": compared.communities.to_dict(orient="records"),
            "moved": compared.moved.drop(columns="geometry").to_dict(orient="records"),
        },
        _facts(compared),
        files,
        _notes(compared),
    )


def _facts(compared: PlanComparison) -> tuple[tuple[str, str], ...]:
    m = compared.summary()
    one, two = m["first"], m["second"]
    return (
        (tr(mark("plan")), f"{one['plan']} → {two['plan']}"),
        (tr(mark("grids")), f"{one['grids']} → {two['grids']}"),
        (tr(mark("grids within bounds")), f"{one['share_within_bounds']:.1%} → {two['share_within_bounds']:.1%}"),
        (
            tr(mark("spread of households a grid")),
            f"{one['households_a_grid_sd']:.0f} → {two['households_a_grid_sd']:.0f}",
        ),
        (tr(mark("compactness")), f"{one['compactness_mean']:.2f} → {two['compactness_mean']:.2f}"),
        (
            tr(mark("households in another grid")),
            tr(mark("{households:,} ({share:.2%})")).format(households=m["households_moved"], share=m["share_moved"]),
        ),
    )


def _notes(compared: PlanComparison) -> tuple[str, ...]:
    """Return the communities in which most households move."""
    touched = compared.communities[compared.communities["households_moved"] > 0]
    touched = touched.sort_values(["households_moved", "community_id"], ascending=[False, True])
    text = tr(mark("{community}: {moved} of {households} households move, {before} → {after} grids"))
    return tuple(
        text.format(
            community=row.community_id,
            moved=row.households_moved,
            households=row.households,
            before=row.first_grids,
            after=row.second_grids,
        )
        for row in touched.head(COMMUNITIES_SHOWN).itertuples()
    )
