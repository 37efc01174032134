"""Who reaches which facility on foot: coverage, the uncovered, and service areas, written into the region."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import shapely

from gridtwin.commands.map import sources_of
from gridtwin.commands.spec import Options, Outcome
from gridtwin.commands.tables import check_table, dry_run_note, write_table
from gridtwin.commands.travel import walker_of, with_closures
from gridtwin.commands.walking import check_outputs, chosen_kinds, walking_network
from gridtwin.i18n import language, mark, tr
from gridtwin.maps import save_map
from gridtwin.maps.coverage_report import coverage_report
from gridtwin.progress import Progress
from gridtwin.region import Provenance, Region, read_region
from gridtwin.services.catalogue import FacilityKinds, Target, coverage_targets, facility_kinds
from gridtwin.services.catchments import facility_catchments
from gridtwin.services.cells import street_cells
from gridtwin.services.coverage import Coverage, Gap, measure_coverage, nearest_walks, worst_gaps
from gridtwin.services.limits import Limit, limits_of, ordered
from gridtwin.services.places import Facilities, Homes, place_facilities, place_homes
from gridtwin.units import MINUTE_S

WITHIN_MIN = (5.0, 10.0, 15.0)  # the living circles of GB 50180-2018
GAPS_SHOWN = 10


@dataclass(frozen=True)
class Asked:
    """What is asked for, from the catalogue and the command line."""

    kinds: tuple[str, ...]
    limits: Mapping[str, tuple[Limit, ...]]
    drawn: tuple[Limit, ...]
    targets: tuple[Target, ...]
    catalogue: FacilityKinds

    def title(self, kind: str) -> str:
        """Return what people call a kind."""
        return self.catalogue[kind].title() if kind in self.catalogue else kind


def run(options: Options, progress: Progress) -> Outcome:
    """Measure, and write the results into the region, in place of those of a former run, or into ``--output``."""
    source = Path(options["region"])
    target = Path(options["output"]) if options["output"] else source
    for name in ("table", "uncovered"):
        if options[name]:
            check_table(Path(options[name]))
    check_outputs(options, ("table", "uncovered", "report"), target)
    walker = walker_of(options)
    progress(0.0, tr(mark("Reading the region")))
    region = read_region(source)
    asked = _asked(region, options)
    progress(0.2, tr(mark("Putting homes and facilities on the streets")))
    network = walking_network(region, walker)
    homes = place_homes(region.layers, network, within_m=options["snap_within"])
    facilities = place_facilities(region.layers, network, kinds=asked.kinds, within_m=options["snap_within"])
    network = with_closures(network, region, options["close"] or ())
    progress(0.4, tr(mark("Walking from every home")))
    weights = dict.fromkeys(limit.weight for limits in asked.limits.values() for limit in limits)
    walks = nearest_walks(
        network, homes, facilities, asked.kinds, direction=options["direction"],
        weights=tuple(dict.fromkeys(("seconds", *weights))),
    )  # fmt: skip
    coverage = measure_coverage(homes, facilities, walks, asked.limits, targets=asked.targets, walker=options["group"])
    layers = coverage.layers()
    if not options["no_areas"]:
        progress(0.5, tr(mark("Drawing the service areas")))
        # Homes up to that far from a street are served, so areas extend as far.
        cells = street_cells(network, cap_m=options["snap_within"], barriers=region["barriers"])
        layers["service_areas"] = facility_catchments(
            network, homes, facilities, asked.drawn, cells=cells, direction=options["direction"]
        )
    files: tuple[tuple[Path, str], ...] = ()
    if not options["dry_run"]:
        progress(0.9, tr(mark("Writing the region")))
        files = _written(region, layers, coverage, options, target, asked.targets)
    gaps = worst_gaps(coverage, GAPS_SHOWN)
    return Outcome(
        {
            "region": str(target),
            "written": bool(files),
            "walker": options["group"],
            "direction": options["direction"],
            "closed": list(options["close"] or ()),
            **coverage.summary(),
            "facilities": _found(facilities, asked),
            "gaps": [gap.to_dict() for gap in gaps],
        },
        _facts(coverage, homes, facilities, asked),
        files,
        _notes(region, facilities, homes, gaps, asked, options),
    )


def _asked(region: Region, options: Options) -> Asked:
    """Return kinds, limits and targets.

    Every kind is measured at the limits asked for (by default the living circles), at its own standard and at those
    of its targets; service areas are drawn at the limits asked for.
    """
    catalogue = facility_kinds(options["kinds"])
    targets = tuple(coverage_targets(options["targets"], kinds=catalogue).values())
    kinds = chosen_kinds(region, options["kind"] or (), catalogue, targets)
    minutes = options["within"] or (() if options["metres"] else WITHIN_MIN)
    drawn = ordered(
        [Limit("seconds", value * MINUTE_S) for value in minutes]
        + [Limit("length_m", value) for value in options["metres"] or ()]
    )
    limits: dict[str, tuple[Limit, ...]] = {}
    for kind in kinds:
        wanted = [target for target in targets if kind in target.kinds]
        standards = [catalogue[kind]] if kind in catalogue else []
        more = [limit for one in (*wanted, *standards) for limit in limits_of(one.within_s, one.within_m)]
        limits[kind] = ordered([*drawn, *more])
    return Asked(kinds, limits, drawn, targets, catalogue)


def _written(
    region: Region,
    layers: Mapping[str, Any],
    coverage: Coverage,
    options: Options,
    target: Path,
    targets: Sequence[Target],
) -> tuple[tuple[Path, str], ...]:
    """Write the region, and the tables and the report that are asked for."""
    call = f"gridtwin reach --group {options['group']} --direction {options['direction']}"
    asked = {name: options[name] for name in ("group", "slope", "step_free", "direction", "close", "snap_within")}
    made = region.with_layers(
        layers, Provenance(source="gridtwin reach", command=call), reach=json.dumps(asked, sort_keys=True)
    )
    made.write(target, overwrite=True)
    files = [(target, tr(mark("the region with the coverage; open it in QGIS")))]
    if options["table"]:
        write_table(coverage.table.round({"share": 6}), Path(options["table"]))
        files.append((Path(options["table"]), tr(mark("coverage by kind, limit, area and group"))))
    if options["uncovered"]:
        write_table(_flat(coverage.uncovered), Path(options["uncovered"]))
        text = tr(mark("the homes that are not covered; it tells where few people live, so keep it close"))
        files.append((Path(options["uncovered"]), text))
    if options["report"]:
        page = coverage_report(
            made.layers,
            lang=language(),
            title=made.name or target.stem,
            source=sources_of(made),
            targets=targets,
            walking=asked,
        )
        save_map(page, options["report"], overwrite=True)
        files.append(
            (Path(options["report"]), tr(mark("the report on the coverage; open it in a browser, no internet needed")))
        )
    return tuple(files)


def _flat(points: Any) -> pd.DataFrame:
    """Return points as a table with coordinates."""
    xy = shapely.get_coordinates(points.geometry.to_numpy())
    table = pd.DataFrame(points.drop(columns="geometry")).assign(x=xy[:, 0], y=xy[:, 1])
    return table.round({"walk_s": 1, "x": 1, "y": 1})


def _found(facilities: Facilities, asked: Asked) -> dict[str, int]:
    """Return how many facilities of each kind people can walk to."""
    count = facilities.frame.loc[facilities.found, "kind"].value_counts()
    return {kind: int(count.get(kind, 0)) for kind in asked.kinds}


def limit_text(within_s: float, within_m: float) -> str:
    """Return the limit of a walk in minutes or metres, whichever is given; the other is NaN."""
    if pd.notna(within_s):
        return tr(mark("{minutes:g} min")).format(minutes=within_s / MINUTE_S)
    return tr(mark("{metres:g} m")).format(metres=within_m)


def _facts(coverage: Coverage, homes: Homes, facilities: Facilities, asked: Asked) -> tuple[tuple[str, str], ...]:
    """Return for each kind who is covered within which limit, and whether the targets are met."""
    count = _found(facilities, asked)
    facts = [(tr(mark("buildings with people")), f"{len(homes):,}")]
    table = coverage.region_table()
    for kind in asked.kinds:
        rows = table[table["kind"] == kind]
        label = f"{asked.title(kind)} ({count[kind]})"
        for group in ("households", "special"):
            mine = rows[(rows["area"] == "region") & (rows["group"] == group) & rows["share"].notna()]
            shares = [f"{limit_text(row.within_s, row.within_m)} {row.share:.1%}" for row in mine.itertuples()]
            if shares:
                facts.append((label, f"{tr(GROUP_TITLES[group])}: {', '.join(shares)}"))
                label = ""
        for row in rows[rows["target"].notna()].itertuples():
            facts.append(("", _judged(row)))
    return tuple(facts)


GROUP_TITLES = {
    "households": mark("households"),
    "all": mark("all people"),
    "elderly": mark("the elderly"),
    "disabled": mark("the disabled"),
    "children": mark("children"),
    "migrant_children": mark("migrants' children"),
    "special": mark("the special groups"),
}


def _judged(row: Any) -> str:
    met = mark("target met: {target:.0%} of {group} within {limit}")
    missed = mark("target missed: {target:.0%} of {group} within {limit}, {share:.1%} are")
    limit = limit_text(row.within_s, row.within_m)
    return tr(met if row.met else missed).format(
        target=row.target, group=tr(GROUP_TITLES[row.group]), limit=limit, share=row.share
    )


def _notes(
    region: Region,
    facilities: Facilities,
    homes: Homes,
    gaps: Sequence[Gap],
    asked: Asked,
    options: Options,
) -> tuple[str, ...]:
    """Return what to look at: kinds without facilities, what lies off the streets, the worst grids."""
    notes: list[str] = []
    empty = [asked.title(kind) for kind, count in _found(facilities, asked).items() if not count]
    if empty:
        text = tr(mark("No facility that people can walk to: {kinds}. Everybody counts as not covered."))
        notes.append(text.format(kinds=", ".join(empty)))
    if lost := int((~homes.at.found).sum()):
        text = tr(mark("Buildings with people but no street within {metres:g} m: {count}; they count as not covered."))
        notes.append(text.format(count=lost, metres=options["snap_within"]))
    if off := int((~facilities.found).sum()):
        text = tr(mark("Facilities without a street within {metres:g} m: {count}; nobody reaches them."))
        notes.append(text.format(count=off, metres=options["snap_within"]))
    if others := sorted(set(region["facilities"]["kind"]) - set(asked.kinds)) if not options["kind"] else []:
        text = tr(mark("Left out, for they have neither a standard nor a target: {kinds}. Ask for them with --kind."))
        notes.append(text.format(kinds=", ".join(map(asked.title, others))))
    if gaps:
        notes.append(tr(mark("Where most households are not covered:")))
        text = tr(mark("  {area}: {kind}, {limit}: {uncovered:,.0f} of {households:,.0f} households"))
        notes += [
            text.format(
                area=gap.area_id,
                kind=asked.title(gap.kind),
                limit=limit_text(gap.within_s, gap.within_m),
                uncovered=gap.uncovered,
                households=gap.total,
            )
            for gap in gaps
        ]
    if options["dry_run"]:
        notes.append(dry_run_note())
    return tuple(notes)
