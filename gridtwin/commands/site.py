"""Where the next facilities of a kind should stand, written into the region."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from gridtwin.commands.divide import EXIT_INFEASIBLE
from gridtwin.commands.reach import GROUP_TITLES, limit_text
from gridtwin.commands.spec import Options, Outcome
from gridtwin.commands.tables import dry_run_note
from gridtwin.commands.travel import walker_of, with_closures
from gridtwin.commands.walking import check_outputs, chosen_kinds, walking_network
from gridtwin.errors import UsageError
from gridtwin.i18n import mark, tr
from gridtwin.load.vector import read_layer
from gridtwin.network import StreetNetwork
from gridtwin.progress import Progress
from gridtwin.region import Provenance, Region, read_region
from gridtwin.services.candidates import SOURCES, candidate_places
from gridtwin.services.catalogue import FacilityKinds, coverage_targets, facility_kinds
from gridtwin.services.limits import Limit, limits_of
from gridtwin.services.places import place_facilities, place_homes, place_points
from gridtwin.services.proposal import Proposal, SitingParams, propose_sites
from gridtwin.units import MINUTE_S

SITES_SHOWN = 10
AREAS_SHOWN = 5


def run(options: Options, progress: Progress) -> Outcome:
    """Choose sites, and write layer ``sites`` into the region or into ``--output``.

    They take the place of sites proposed before for the same kind.
    """
    source = Path(options["region"])
    target = Path(options["output"]) if options["output"] else source
    check_outputs(options, (), target)
    walker = walker_of(options)
    progress(0.0, tr(mark("Reading the region")))
    region = read_region(source)
    catalogue = facility_kinds(options["kinds"])
    params = _params(region, options, catalogue)
    progress(0.2, tr(mark("Putting homes and facilities on the streets")))
    network = walking_network(region, walker)
    homes = place_homes(region.layers, network, within_m=options["snap_within"])
    facilities = place_facilities(region.layers, network, kinds=(params.kind,), within_m=options["snap_within"])
    candidates = _candidates(region, options, network)
    at = place_points(candidates.geometry, region.layers, network, within_m=options["snap_within"])
    network = with_closures(network, region, options["close"] or ())
    progress(0.4, tr(mark("Choosing sites")))
    proposal = propose_sites(network, homes, facilities, candidates, at, params)
    files: tuple[tuple[Path, str], ...] = ()
    if not options["dry_run"]:
        progress(0.9, tr(mark("Writing the region")))
        files = _written(region, proposal, options, target)
    broken = bool(proposal.violations)
    return Outcome(
        {
            "region": str(target),
            "written": bool(files),
            "walker": options["group"],
            "within_s": _number(params.limit.within_s),
            "within_m": _number(params.limit.within_m),
            **proposal.summary(),
            "sites": _records(pd.DataFrame(proposal.sites.drop(columns="geometry"))),
            "gains": _records(_gains(proposal)),
        },
        _facts(proposal, catalogue),
        files,
        _notes(proposal, options),
        exit_code=EXIT_INFEASIBLE if options["strict"] and broken else 0,
    )


def _params(region: Region, options: Options, catalogue: FacilityKinds) -> SitingParams:
    """Return what is asked for; the limit of the walk is the standard of the kind where none is given."""
    if not options["kind"]:
        raise UsageError("kind_missing", mark("say which kind of facility to build, with --kind"))
    (kind,) = chosen_kinds(region, (options["kind"],), catalogue)
    if options["within"] is not None and options["metres"] is not None:
        raise UsageError("two_limits", mark("give --within or --metres, not both"))
    if options["within"] is not None:
        limit = Limit("seconds", options["within"] * MINUTE_S)
    elif options["metres"] is not None:
        limit = Limit("length_m", options["metres"])
    else:
        limit = _standard(kind, catalogue)
    return SitingParams(
        kind=kind,
        limit=limit,
        count=options["count"],
        share=options["coverage"],
        group=options["of"],
        objective=options["objective"],
        keep_existing=not options["ignore_existing"],
        capacity=options["capacity"],
        direction=options["direction"],
        method=options["method"],
        seed=options["seed"],
        time_limit_s=options["time_limit"],
    )


def _standard(kind: str, catalogue: FacilityKinds) -> Limit:
    """Return the walk within which facilities of a kind should be: its standard, else its target's, else its circle."""
    known = [catalogue[kind]] if kind in catalogue else []
    targets = [target for target in coverage_targets(kinds=catalogue).values() if kind in target.kinds]
    for standard in (*known, *targets):
        if limits := limits_of(standard.within_s, standard.within_m):
            return limits[0]
    if known and known[0].circle_s is not None:
        return Limit("seconds", known[0].circle_s)
    raise UsageError(
        "no_standard", mark("no standard says how near a facility of kind '{kind}' must be; give --within"), kind=kind
    )


def _candidates(region: Region, options: Options, network: StreetNetwork) -> gpd.GeoDataFrame:
    """Return the candidates: from a file, from the region's own layer, or from what else it has."""
    asked = options["candidates"]
    if asked and asked not in SOURCES:
        return read_layer(asked, "candidates", crs=region.crs)
    if not asked and len(region["candidates"]):
        return region["candidates"]
    return candidate_places(asked or SOURCES[0], region.layers, network, spacing_m=options["spacing"])


def _written(region: Region, proposal: Proposal, options: Options, target: Path) -> tuple[tuple[Path, str], ...]:
    """Write the region with the proposed sites; those of other kinds stay."""
    params = proposal.params
    asked = f"--count {params.count}" if params.share is None else f"--coverage {params.share:g}"
    call = f"gridtwin site --kind {params.kind} {asked} --of {params.group} --seed {params.seed}"
    others = region["sites"][region["sites"]["kind"] != params.kind]
    sites = pd.concat([others, proposal.sites], ignore_index=True) if len(others) else proposal.sites
    made = region.with_layers({"sites": sites}, Provenance(source="gridtwin site", command=call))
    made.write(target, overwrite=True)
    return ((target, tr(mark("the region with the proposed sites; open it in QGIS"))),)


def _number(value: float) -> float | None:
    return None if pd.isna(value) else float(value)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return frame.astype(object).where(frame.notna(), None).to_dict(orient="records")  # type: ignore[no-any-return]


def _gains(proposal: Proposal) -> pd.DataFrame:
    """Return the communities and grids in which somebody gains, the largest gains of the group asked for first."""
    table = proposal.coverage
    table = table[(table["area"] != "region") & (table["gained"] > 0)]
    mine = table["group"] == proposal.params.group
    return (
        table.assign(first=mine)
        .sort_values(["area", "first", "gained", "area_id"], ascending=[True, False, False, True])
        .drop(columns="first")
    )


def _facts(proposal: Proposal, catalogue: FacilityKinds) -> tuple[tuple[str, str], ...]:
    """Return how many sites, what they bring, and how good the choice is."""
    params, siting = proposal.params, proposal.siting
    title = catalogue[params.kind].title() if params.kind in catalogue else params.kind
    limit = limit_text(params.limit.within_s, params.limit.within_m)
    facts = [
        (tr(mark("kind, longest walk")), f"{title}, {limit}"),
        (
            tr(mark("candidates, existing facilities")),
            tr(mark("{candidates:,} candidates, {existing:,} existing")).format(
                candidates=proposal.candidates, existing=proposal.existing
            ),
        ),
        (tr(mark("new facilities")), f"{len(siting.sites)}"),
    ]
    shown = dict.fromkeys((params.group, "households", "all"))
    for group in shown:
        if not (proposal.coverage["group"] == group).any():
            continue
        row = proposal.row(group)
        total = max(row["total"], 1e-9)
        text = tr(mark("{before:.1%} before, {after:.1%} after: {gained:,.0f} more of {total:,.0f}"))
        facts.append(
            (
                tr(mark("within reach: {group}")).format(group=tr(GROUP_TITLES[group])),
                text.format(
                    before=row["before"] / total, after=row["after"] / total, gained=row["gained"], total=row["total"]
                ),
            )
        )
    facts.append((tr(mark("how good the choice is")), _quality(proposal)))
    return tuple(facts)


def _quality(proposal: Proposal) -> str:
    siting = proposal.siting
    parts = []
    if siting.fewest is not None:
        enough = mark("fewer are not enough (proved)")
        unsure = mark("at least {fewest} are needed (proved)")
        parts.append(tr(enough if siting.fewest == len(siting.sites) else unsure).format(fewest=siting.fewest))
    best = mark("no other choice of as many is better (proved)")
    near = mark("at most {gap:.2%} from the best choice of as many")
    parts.append(tr(near if siting.gap > 0 else best).format(gap=siting.gap))
    return "; ".join(parts)


def _notes(proposal: Proposal, options: Options) -> tuple[str, ...]:
    """Return the sites in order, where people gain, and what could not be had."""
    notes: list[str] = []
    for fault in proposal.violations:
        text = tr(mark("A share of {share:.1%} cannot be reached from these candidates: the highest is {most:.1%}."))
        notes.append(text.format(share=fault["share"], most=fault["highest_share"]))
    if proposal.cut_off:
        text = tr(mark("Candidates without a street within {metres:g} m: {count}; nobody reaches them."))
        notes.append(text.format(count=proposal.cut_off, metres=options["snap_within"]))
    notes += _site_lines(proposal) + _area_lines(proposal)
    if options["dry_run"]:
        notes.append(dry_run_note())
    return tuple(notes)


def _site_lines(proposal: Proposal) -> list[str]:
    """Return one line a site, the first ten."""
    sites = proposal.sites
    if not len(sites):
        return []
    lines = [tr(mark("Build in this order (households that each brings within reach besides):"))]
    xy = sites.geometry.get_coordinates()
    for row, (x, y) in zip(sites.head(SITES_SHOWN).itertuples(), xy.to_numpy(), strict=False):
        where = row.name if pd.notna(row.name) else row.candidate_id
        count = 0 if pd.isna(row.households) else row.households
        lines.append(f"  {row.rank}. {where} ({x:.0f}, {y:.0f}): {count:,}")
    return [*lines, "  …"] if len(sites) > SITES_SHOWN else lines


def _area_lines(proposal: Proposal) -> list[str]:
    """Return the grids (or communities) in which most people gain."""
    gains = _gains(proposal)
    gains = gains[gains["group"] == proposal.params.group]
    area = "grid" if gains["area"].eq("grid").any() else "community"
    gains = gains[gains["area"] == area].head(AREAS_SHOWN)
    if not len(gains):
        return []
    heading = tr(mark("Where most gain ({group}):")).format(group=tr(GROUP_TITLES[proposal.params.group]))
    text = tr(mark("  {area}: {gained:,.0f} of {total:,.0f}"))
    return [heading, *(text.format(area=row.area_id, gained=row.gained, total=row.total) for row in gains.itertuples())]
