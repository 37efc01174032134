"""Build a region from map data, own layers and tables."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyproj

from gridtwin import __version__
from gridtwin.commands.assemble import Assembled, Wishes, assemble
from gridtwin.commands.spec import Options, Outcome
from gridtwin.commands.tables import dry_run_note
from gridtwin.errors import InputMissingError, OutputExistsError, UsageError
from gridtwin.households import GroupShares, HouseholdAssumptions
from gridtwin.i18n import mark, tr
from gridtwin.load.kinds import facility_kinds
from gridtwin.load.mapping import LayerMapping, read_mapping
from gridtwin.load.osm import read_osm
from gridtwin.load.register import read_register
from gridtwin.load.tables import join_households
from gridtwin.load.topology import add_junctions, ends_agree, has_junctions, junctions_of
from gridtwin.load.vector import LayerSource, read_layers
from gridtwin.progress import Progress, part
from gridtwin.region import Provenance, Region
from gridtwin.schemas import GROUPS, LAYERS, input_layers

OWN_LAYERS = tuple(layer.name for layer in input_layers())


@dataclass
class _Sources:
    """Layers as they were read, where each comes from, and what the user should know about the reading."""

    layers: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Provenance] = field(default_factory=dict)
    crs: Any = None
    frame: Any = None
    notes: list[str] = field(default_factory=list)


def run(options: Options, progress: Progress) -> Outcome:
    """Read, check, put households in, draft communities where none are given, and write."""
    target = Path(options["out"])
    if target.exists() and not (options["overwrite"] or options["dry_run"]):
        raise OutputExistsError(
            "output_exists", mark("{path} exists; give --overwrite to replace it"), path=str(target)
        )
    mapping = read_mapping(options["mapping"]) if options["mapping"] else {}
    paths = {name: options[name] or (mapping[name].file if name in mapping else "") for name in OWN_LAYERS}
    own = {name: LayerSource(Path(path), mapping.get(name)) for name, path in paths.items() if path}
    _check_sources(options, own)
    wishes = _wishes(options)
    sources = _Sources()
    if options["osm"] or options["place"]:
        _read_map(options, sources, part(progress, 0.0, 0.3))
    _read_own(options, own, sources, part(progress, 0.3, 0.5))
    for name in ("streets", "buildings"):
        if not len(sources.layers.get(name, ())):
            raise InputMissingError(
                "layer_empty", mark("layer '{layer}' is empty; a region needs streets and buildings"), layer=name
            )
    register = options["households"] or (mapping["households"].file if "households" in mapping else "")
    if register:
        _join_register(register, options, mapping.get("households"), sources)
    built = assemble(sources.layers, wishes, frame=sources.frame, progress=part(progress, 0.5, 0.95))
    region = _region(options, sources, built)
    sources.notes += _unmet_notes(built)
    files: tuple[tuple[Path, str], ...] = ()
    if not options["dry_run"]:
        progress(0.95, tr(mark("Writing the region")))
        region.write(target, overwrite=True)
        files = ((target, tr(mark("the region; open it in QGIS, or go on with 'gridtwin divide'"))),)
    else:
        sources.notes.append(dry_run_note())
    households = built.households
    data = {
        "region": str(target),
        "written": bool(files),
        "crs": ":".join(region.crs.to_authority() or ("", "")),
        "layers": {name: len(region[name]) for name in LAYERS if name in region},
        "communities_drafted": built.drafted,
        "households": households.summary(),
        "notes": sources.notes,
    }
    return Outcome(data, _facts(region, built), files, tuple(sources.notes))


def _check_sources(options: Options, own: Mapping[str, LayerSource]) -> None:
    """Refuse calls without streets or buildings, or with two maps."""
    if options["osm"] and options["place"]:
        raise UsageError("two_maps", mark("give --osm or --place, not both"))
    if options["osm"] or options["place"]:
        return
    missing = [f"--{name}" for name in ("streets", "buildings") if name not in own]
    if missing:
        raise UsageError(
            "no_source",
            mark("give --osm FILE, --place NAME, or --streets and --buildings (missing: {options})"),
            options=", ".join(missing),
        )


def _wishes(options: Options) -> Wishes:
    return Wishes(
        assumptions=HouseholdAssumptions.read(options["assumptions"]),
        shares=GroupShares(**{name: options[f"{name}_share"] for name in GROUPS}),
        persons_per_household=options["persons_per_household"],
        population=options["population"],
        dem=options["dem"],
        seed=options["seed"],
    )


def _command(options: Options) -> str:
    """Return the call without folders: the same call elsewhere must make the same bytes."""
    words = ["gridtwin build"]
    for name in (
        "osm",
        "place",
        *OWN_LAYERS,
        "households",
        "mapping",
        "population",
        "dem",
        "kinds",
        "assumptions",
        "crs",
    ):
        value = options.get(name)
        if value:
            words.append(f"--{name} {Path(str(value)).name}")
    return " ".join(words)


def _provenance(options: Options, path: str, *, licence: str = "", date: str = "", note: str = "") -> Provenance:
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]
    words = "; ".join(word for word in (note, f"sha256 {digest}…", f"GridTwin {__version__}") if word)
    return Provenance(Path(path).name, licence or options["licence"] or "", date, _command(options), words)


def _read_map(options: Options, sources: _Sources, progress: Progress) -> None:
    """Read everything that an extract or a named place holds."""
    if options["osm"]:
        extract = read_osm(
            options["osm"], crs=options["crs"], kinds=facility_kinds(options["kinds"]), progress=progress
        )
        provenance = _provenance(options, options["osm"], licence=extract.licence, date=extract.date)
    else:
        from gridtwin.load.place import read_place

        extract = read_place(
            options["place"], crs=options["crs"], kinds=facility_kinds(options["kinds"]), progress=progress
        )
        provenance = Provenance(options["place"], extract.licence, extract.date, _command(options))
    sources.layers |= {name: frame for name, frame in extract.layers.items() if len(frame)}
    sources.provenance |= dict.fromkeys(sources.layers, provenance)
    sources.crs, sources.frame = extract.crs, extract.box


def _region(options: Options, sources: _Sources, built: Assembled) -> Region:
    """Return the region; a fact in it says how many households are counted."""
    provenance = dict(sources.provenance)
    if built.drafted:
        provenance["communities"] = Provenance("gridtwin build", "", "", _command(options), "drafted")
    summary = built.households
    facts = {
        "households_counted_share": f"{summary.counted_share:.6f}",
        "households_flats_share": f"{summary.flats_share:.6f}",
        "households_estimated_share": f"{summary.estimated_share:.6f}",
    }
    crs = pyproj.CRS.from_user_input(sources.crs)
    name = options["name"] or Path(options["out"]).stem
    layers = {name: frame for name, frame in built.layers.items() if len(frame) or name in ("streets", "buildings")}
    return Region(layers, crs, name, provenance, facts)


def _facts(region: Region, built: Assembled) -> tuple[tuple[str, str], ...]:
    """Return the table: layers, CRS, households by source."""
    summary = built.households
    facts = [(name, f"{len(region[name]):,}") for name in LAYERS if name in region]
    facts.append((tr(mark("reference system")), region.crs.name))
    facts.append(
        (
            tr(mark("households")),
            tr(mark("{total:,}: {counted:.0%} counted, {flats:.0%} from flats, {estimated:.0%} estimated")).format(
                total=summary.households,
                counted=summary.counted_share,
                flats=summary.flats_share,
                estimated=summary.estimated_share,
            ),
        )
    )
    facts.append((tr(mark("persons")), f"{summary.persons:,}"))
    if built.drafted:
        facts.append((tr(mark("communities")), tr(mark("drafted, for none were given"))))
    outside = built.layers["buildings"]["community_id"].isna().sum()
    if outside:
        facts.append((tr(mark("buildings in no community")), f"{outside:,}"))
    return tuple(facts)


def _unmet_notes(built: Assembled) -> list[str]:
    """Say which given totals the buildings could not keep."""
    text = tr(mark("{level} {id}: {wanted} households are registered, the buildings hold {placed}"))
    levels = {"community": tr(mark("community")), "compound": tr(mark("compound"))}
    return [
        text.format(level=levels[str(row.level)], id=row.id, wanted=row.wanted, placed=row.placed)
        for row in built.households.unmet.itertuples()
    ]


def _read_own(options: Options, own: Mapping[str, LayerSource], sources: _Sources, progress: Progress) -> None:
    """Read the user's own layers; each replaces the map's layer of the same name."""
    if not own:
        return
    kinds = facility_kinds(options["kinds"])
    layers, crs = read_layers(own, crs=sources.crs or options["crs"], kinds=kinds, progress=progress)
    if "facilities" in own:
        sources.layers.pop("entrances", None)  # those of the map lead to its own facilities
        sources.provenance.pop("entrances", None)
    sources.layers |= layers
    sources.crs = sources.crs or crs
    for name, source in own.items():
        datum = source.mapping.datum if source.mapping else ""
        note = tr(mark("converted from {datum}")).format(datum=datum) if datum not in ("", "wgs84") else ""
        sources.provenance[name] = _provenance(options, str(source.path), note=note)
    if "streets" in own:
        _join_streets(sources)


def _join_streets(sources: _Sources) -> None:
    """Make junctions where own streets come without them."""
    streets = sources.layers["streets"]
    if has_junctions(streets) and ends_agree(streets):
        junctions = junctions_of(streets)
        note = tr(mark("junctions from the streets' columns"))
    else:
        streets, junctions = add_junctions(streets)
        note = tr(mark("junctions made where streets meet"))
    sources.layers |= {"streets": streets, "junctions": junctions}
    sources.provenance["junctions"] = replace(sources.provenance["streets"], note=note)


def _join_register(path: str, options: Options, mapping: LayerMapping | None, sources: _Sources) -> None:
    """Put the households of a table into the buildings, and report what found no building."""
    by = str(getattr(options["households_by"], "value", options["households_by"]))
    table = read_register(path, mapping=mapping, by=by)
    sources.layers["buildings"], report = join_households(sources.layers["buildings"], table, by=by)
    before = sources.provenance["buildings"]
    also = f"{before.note}; households from {Path(path).name}"
    sources.provenance["buildings"] = replace(before, note=also)
    if report.unmatched_rows:
        sources.notes.append(
            tr(
                mark(
                    "{rows} of {all} rows of the household table found no building "
                    "({households} households) and are left out: {ids}"
                )
            ).format(
                rows=report.unmatched_rows,
                all=report.rows,
                households=report.unmatched_households,
                ids=", ".join(report.unmatched_ids)
                + (", …" if report.unmatched_rows > len(report.unmatched_ids) else ""),
            )
        )
