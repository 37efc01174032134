"""What the commands about services share: where people walk, to which kinds of facilities, and where results go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gridtwin.commands.spec import Options
from gridtwin.errors import InputMissingError, OutputExistsError, UsageError
from gridtwin.i18n import mark
from gridtwin.network import StreetNetwork, Walker, street_network
from gridtwin.region import Region
from gridtwin.services.catalogue import FacilityKinds, Target


def walking_network(region: Region, walker: Walker) -> StreetNetwork:
    """Return the streets on which the walker walks.

    Raises
    ------
    InputMissingError
        If the region has no streets.
    """
    streets = region["streets"]
    if not len(streets):
        raise InputMissingError(
            "layer_missing", mark("the region has no layer '{layer}'; 'gridtwin build' makes it"), layer="streets"
        )
    junctions = region["junctions"]
    return street_network(streets, junctions if len(junctions) else None, profile=walker)


def chosen_kinds(
    region: Region, asked: Sequence[str], known: FacilityKinds, targets: Sequence[Target] = ()
) -> tuple[str, ...]:
    """Return the kinds that are asked for, else those of the region's facilities that people should reach on foot.

    Those are the kinds with a standard, a living circle or a target; all kinds where the region has none of them.

    Raises
    ------
    UsageError
        If a kind is unknown, or none is asked for and the region has no facilities.
    """
    there = set(region["facilities"]["kind"])
    if asked:
        return tuple(dict.fromkeys(word if word in there else known.find(word).kind for word in asked))
    if not there:
        raise UsageError(
            "no_facilities",
            mark("the region has no facilities; name kinds with --kind, or add facilities with 'gridtwin build'"),
        )
    walked = {name for name, kind in known.items() if kind.within_m or kind.within_s or kind.circle_s}
    walked |= {name for target in targets for name in target.kinds}
    ranks = {name: rank for rank, name in enumerate(known)}
    return tuple(sorted(there & walked or there, key=lambda name: (ranks.get(name, len(ranks)), name)))


def check_outputs(options: Options, names: Sequence[str], target: Path) -> None:
    """Refuse to replace files that exist, unless told to, before any work is done."""
    if options["overwrite"] or options["dry_run"]:
        return
    files = [Path(options[name]) for name in names if options[name]]
    files += [target] if target != Path(options["region"]) else []
    if existing := [str(path) for path in files if path.exists()]:
        raise OutputExistsError(
            "output_exists", mark("{path} exists; give --overwrite to replace it"), path=", ".join(existing)
        )
