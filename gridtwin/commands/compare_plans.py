"""Compare two plans of a region, or of two regions."""

from __future__ import annotations

from pathlib import Path

from gridtwin.commands.map import sources_of
from gridtwin.commands.rules import rules_in_force
from gridtwin.commands.spec import Options, Outcome
from gridtwin.errors import OutputExistsError
from gridtwin.grids.compare import PlanComparison, compare_plans, plan_side
from gridtwin.grids.params import DivideParams
from gridtwin.grids.special import zones_of_plan
from gridtwin.i18n import language, mark, tr
from gridtwin.maps import save_map
from gridtwin.maps.compare import comparison_map
from gridtwin.progress import Progress
from gridtwin.region import Region, current_plan, read_region, replacing

COMMUNITIES_SHOWN = 15


def run(options: Options, progress: Progress) -> Outcome:
    """Show both plans side by side, and write units, table and map if asked to."""
    targets = {name: Path(options[name]) for name in ("output", "table", "map") if options[name]}
    for target in targets.values():
        if target.exists() and not options["overwrite"]:
            raise OutputExistsError(
                "output_exists", mark("{path} exists; give --overwrite to replace it"), path=str(target)
            )
    progress(0.0, tr(mark("Reading the region")))
    region = read_region(options["region"])
    other = read_region(options["other"]) if options["other"] else region
    made, _ = current_plan(region)
    progress(0.3, tr(mark("Comparing the plans")))
    params, rules = DivideParams.of_plan(made), rules_in_force(region, options, special=False)
    sides = [
        plan_side(one.layers, name, zones_of_plan(rules, params, one["units"], one.layers))
        for one, name in ((region, options["first"]), (other, options["second"]))
    ]
    compared = compare_plans(*sides)
    progress(0.6, tr(mark("Writing")))
    files = _written(compared, region, options, targets)
    moved = compared.moved.drop(columns="geometry")
    return Outcome(
        {
            "region": str(options["region"]),
            "measures": compared.summary(),
            "communities": compared.communities.to_dict(orient="records"),
            "retention": compared.retention.to_dict(orient="records"),
            "moved": moved.astype(object).where(moved.notna(), None).to_dict(orient="records"),
        },
        _facts(compared),
        files,
        _notes(compared),
    )


def _written(
    compared: PlanComparison, region: Region, options: Options, targets: dict[str, Path]
) -> tuple[tuple[Path, str], ...]:
    """Write what is asked for; return the files with a word on each."""
    files: list[tuple[Path, str]] = []
    if "output" in targets:
        with replacing(targets["output"]) as temporary:
            compared.moved.to_file(temporary, layer="moved", driver="GPKG")
        files.append((targets["output"], tr(mark("the units in another grid; open it in QGIS"))))
    if "table" in targets:
        with replacing(targets["table"]) as temporary:
            compared.transfers.to_csv(temporary, index=False, encoding="utf-8-sig", float_format="%.4f")
        files.append((targets["table"], tr(mark("the households that each pair of grids shares"))))
    if "map" in targets:
        title = region.name or Path(options["region"]).stem
        page = comparison_map(compared, region.layers, lang=language(), title=title, source=sources_of(region))
        save_map(page, targets["map"], overwrite=True)
        files.append((targets["map"], tr(mark("both plans side by side; open it in a browser, no internet needed"))))
    return tuple(files)


def _facts(compared: PlanComparison) -> tuple[tuple[str, str], ...]:
    m = compared.summary()
    one, two = m["first"], m["second"]
    moved = tr(mark("{households:,} ({share:.2%})")).format(households=m["households_moved"], share=m["share_moved"])
    facts: tuple[tuple[str, str], ...] = (
        (tr(mark("plan")), f"{one['plan']} → {two['plan']}"),
        (tr(mark("grids")), f"{one['grids']} → {two['grids']}"),
        (tr(mark("grids within bounds")), f"{one['share_within_bounds']:.1%} → {two['share_within_bounds']:.1%}"),
        (
            tr(mark("spread of households a grid")),
            f"{one['households_a_grid_sd']:.0f} → {two['households_a_grid_sd']:.0f}",
        ),
        (tr(mark("compactness")), f"{one['compactness_mean']:.2f} → {two['compactness_mean']:.2f}"),
        (
            tr(mark("boundary along streets and barriers")),
            f"{one['street_share']:.0%} → {two['street_share']:.0%}",
        ),
        (tr(mark("compounds split")), f"{one['compounds_split']} → {two['compounds_split']}"),
        (tr(mark("grid officers")), f"{one['grid_officers']} → {two['grid_officers']}"),
        (tr(mark("households in another grid")), moved),
    )
    if m["households_unmatched"]:
        facts += ((tr(mark("households without a grid in the other region")), f"{m['households_unmatched']:,}"),)
    return facts


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
