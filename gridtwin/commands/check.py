"""Say what is wrong with the data of a region, where, and what to do; mend what is safe to mend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from gridtwin.check import Repair, check_layers, repair_layers
from gridtwin.commands.spec import Options, Outcome
from gridtwin.errors import Fault, LayerFaultsError, OutputExistsError, UsageError
from gridtwin.i18n import mark, tr
from gridtwin.load.kinds import FacilityKinds, facility_kinds
from gridtwin.progress import Progress
from gridtwin.region import Provenance, Region, read_region
from gridtwin.schemas import LAYERS, conform

EXIT_BAD_DATA = 3


def run(options: Options, progress: Progress) -> Outcome:
    """Check, and with ``--repair`` mend and write."""
    source = Path(options["region"])
    target = Path(options["output"]) if options["output"] else source
    if options["output"] and not options["repair"]:
        raise UsageError("output_without_repair", mark("--output is for --repair; a check alone writes nothing"))
    if target != source and target.exists() and not options["overwrite"]:
        raise OutputExistsError(
            "output_exists", mark("{path} exists; give --overwrite to replace it"), path=str(target)
        )
    progress(0.0, tr(mark("Reading the region")))
    region = read_region(source, conforming=False)
    progress(0.2, tr(mark("Checking the layers")))
    kinds = facility_kinds(options["kinds"])
    faults, layers = all_faults(region.layers, region.crs, kinds)
    repairs: list[Repair] = []
    files: tuple[tuple[Path, str], ...] = ()
    if options["repair"]:
        progress(0.6, tr(mark("Mending")))
        mended, repairs = repair_layers(layers, faults)
        faults, layers = all_faults(mended, region.crs, kinds)
        if repairs and not options["dry_run"]:
            progress(0.9, tr(mark("Writing the region")))
            _with_repairs(region, layers, repairs).write(target, overwrite=True)
            files = ((target, tr(mark("the mended region"))),)
    errors = sum(fault.severity == "error" for fault in faults)
    return Outcome(
        {
            "region": str(source),
            "errors": errors,
            "warnings": len(faults) - errors,
            "faults": [fault.to_dict() for fault in faults],
            "repairs": [
                {"code": r.code, "layer": r.layer, "count": r.count, "ids": list(r.ids), "message": r.text()}
                for r in repairs
            ],
            "written": bool(files),
        },
        _facts(region.layers),
        files,
        _notes(faults, repairs),
        exit_code=EXIT_BAD_DATA if options["strict"] and errors else 0,
    )


def all_faults(
    layers: Mapping[str, pd.DataFrame], crs: Any, kinds: FacilityKinds | None = None
) -> tuple[list[Fault], dict[str, Any]]:
    """Return what breaks the schema and what else is wrong, with the layers typed where they can be."""
    faults: list[Fault] = []
    typed: dict[str, Any] = dict(layers)
    for name in layers:
        if name not in LAYERS:
            continue
        try:
            typed[name] = conform(layers[name], name)
        except LayerFaultsError as error:
            faults += error.faults
    found = check_layers({name: frame for name, frame in typed.items() if name in LAYERS}, crs, kinds=kinds)
    seen = {(fault.layer, fault.column, fault.ids) for fault in faults}
    return faults + [f for f in found if (f.layer, f.column, f.ids) not in seen], typed


def _with_repairs(region: Region, layers: Mapping[str, Any], repairs: Sequence[Repair]) -> Region:
    """Return the region with the mended layers; their provenance says what was mended."""
    mended = {repair.layer for repair in repairs}
    provenance = dict(region.provenance)
    for name in mended:
        note = "; ".join(repair.text("en") for repair in repairs if repair.layer == name)
        old = provenance.get(name, Provenance())
        provenance[name] = Provenance(old.source, old.licence, old.date, old.command, f"{old.note} {note}".strip())
    return Region(layers, region.crs, region.name, provenance, region.facts)


def _facts(layers: Mapping[str, pd.DataFrame]) -> tuple[tuple[str, str], ...]:
    return tuple((name, f"{len(layers[name]):,}") for name in LAYERS if name in layers)


def _notes(faults: Sequence[Fault], repairs: Sequence[Repair]) -> tuple[str, ...]:
    lines = [tr(mark("mended: {what}")).format(what=f"{repair.layer}: {repair.text()}") for repair in repairs]
    words = {"error": tr(mark("error")), "warning": tr(mark("warning"))}
    for severity in ("error", "warning"):
        for fault in faults:
            if fault.severity == severity:
                mend = tr(mark(" (--repair mends it)")) if fault.repairable else ""
                lines.append(f"{words[severity]}: {fault.text()}{mend}")
    if not faults:
        lines.append(tr(mark("Nothing is wrong with the data.")))
    return tuple(lines)
