"""How good the access to facilities is: capacities shared by those who reach them, written into the region."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from gridtwin.commands.spec import Options, Outcome
from gridtwin.commands.tables import dry_run_note
from gridtwin.commands.travel import walker_of, with_closures
from gridtwin.commands.walking import check_outputs, chosen_kinds, walking_network
from gridtwin.errors import UsageError
from gridtwin.i18n import language, mark, tr
from gridtwin.progress import Progress
from gridtwin.region import Provenance, read_region
from gridtwin.schemas import ACCESS_MEASURES
from gridtwin.services.accessibility import access_layer, measure_access
from gridtwin.services.catalogue import FacilityKinds, facility_kinds
from gridtwin.services.places import place_facilities, place_homes
from gridtwin.units import MINUTE_S

WORST_SHOWN = 3


def run(options: Options, progress: Progress) -> Outcome:
    """Measure, and write layer ``accessibility`` into the region or into ``--output``."""
    source = Path(options["region"])
    target = Path(options["output"]) if options["output"] else source
    check_outputs(options, (), target)
    weights = _weights(options["weights"])
    walker = walker_of(options)
    progress(0.0, tr(mark("Reading the region")))
    region = read_region(source)
    catalogue = facility_kinds(options["kinds"])
    kinds = chosen_kinds(region, options["kind"] or (), catalogue)
    progress(0.3, tr(mark("Putting homes and facilities on the streets")))
    network = walking_network(region, walker)
    homes = place_homes(region.layers, network, within_m=options["snap_within"])
    facilities = place_facilities(region.layers, network, kinds=kinds, within_m=options["snap_within"])
    network = with_closures(network, region, options["close"] or ())
    progress(0.6, tr(mark("Walking from every home")))
    rows = pd.concat(
        [
            measure_access(
                network,
                homes,
                facilities.of_kind(kind)[1],
                method=options["method"],
                within_s=options["within"] * MINUTE_S,
                group=options["of"],
                direction=options["direction"],
                weights=weights,
                nearest_count=options["nearest"],
                capacity=options["capacity"],
            ).assign(kind=kind)
            for kind in kinds
        ],
        ignore_index=True,
    )
    layer = access_layer(rows, region["accessibility"], walker=options["group"])
    files: tuple[tuple[Path, str], ...] = ()
    if not options["dry_run"]:
        progress(0.9, tr(mark("Writing the region")))
        call = f"gridtwin access --method {options['method']} --within {options['within']:g} --group {options['group']}"
        made = region.with_layers({"accessibility": layer}, Provenance(source="gridtwin access", command=call))
        made.write(target, overwrite=True)
        files = ((target, tr(mark("the region with the accessibility; open it in QGIS"))),)
    areas = rows[rows["area"] != "building"]
    return Outcome(
        {
            "region": str(target),
            "written": bool(files),
            "method": options["method"],
            "within_min": options["within"],
            "walker": options["group"],
            "group": options["of"],
            "areas": areas.astype(object).where(areas.notna(), None).to_dict(orient="records"),
        },
        _facts(rows, catalogue),
        files,
        (dry_run_note(),) if options["dry_run"] else (),
    )


def _weights(text: str) -> tuple[float, ...]:
    """Return the weights of the bands."""
    try:
        return tuple(float(word) for word in text.split(","))
    except ValueError as error:
        raise UsageError(
            "weights_unreadable", mark("--weights {text}: write numbers with commas, such as 1,0.68,0.22"), text=text
        ) from error


def _facts(rows: pd.DataFrame, catalogue: FacilityKinds) -> tuple[tuple[str, str], ...]:
    """Return for each kind and measure the value of the region, and the grids (or communities) where it is worst."""
    facts = []
    small = "grid" if rows["area"].eq("grid").any() else "community"
    chinese = language() == "zh"
    for (kind, measure), mine in rows.groupby(["kind", "measure"], sort=False):
        title = catalogue[kind].title() if kind in catalogue else str(kind)
        whole = mine.loc[mine["area"] == "region", "value"].iloc[0]
        areas = mine[(mine["area"] == small) & mine["value"].notna() & (mine["people"] > 0)]
        worst = areas.sort_values(["value", "area_id"], ascending=[measure != "nearest_s", True]).head(WORST_SHOWN)
        listed = ", ".join(f"{row.area_id} ({_shown(measure, row.value)})" for row in worst.itertuples())
        value = tr(mark("{value}; worst: {worst}")).format(value=_shown(measure, whole), worst=listed)
        facts.append((f"{title}: {ACCESS_MEASURES[str(measure)][1 if chinese else 0]}", value))
    return tuple(facts)


def _shown(measure: Any, value: float) -> str:
    """Return a value in the unit in which people think of it."""
    if pd.isna(value):
        return "–"
    if measure == "nearest_s":
        return tr(mark("{minutes:.1f} min")).format(minutes=value / MINUTE_S)
    if measure in ("facilities", "capacity"):
        return f"{value:.1f}"
    return tr(mark("{capacity:.3g} for 1,000 people")).format(capacity=1000.0 * value)
