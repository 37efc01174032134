"""What the commands about walking share: who walks where, to which kinds of facilities, and where results go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gridtwin.commands.spec import Options
from gridtwin.errors import InputMissingError, OutputExistsError, UsageError, first_ids
from gridtwin.i18n import mark
from gridtwin.network import StreetNetwork, Walker, street_network
from gridtwin.region import Region
from gridtwin.services.catalogue import FacilityKinds, Target


def walker_of(options: Options) -> Walker:
    """Return who walks."""
    changes: dict[str, Any] = {"slope": options["slope"]}
    if options["step_free"]:
        changes["step_free"] = True
    return Walker.of(options["group"], **changes)


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


def with_closures(network: StreetNetwork, street_ids: Sequence[str]) -> StreetNetwork:
    """Return the network with some streets closed.

    Raises
    ------
    UsageError
        If a street is unknown or not open to the walker.
    """
    if not street_ids:
        return network
    edges = network.edges_of(street_ids)
    if (edges < 0).any():
        raise UsageError(
            "street_unknown",
            mark("--close: no such streets, or closed to the walker anyway ({ids})"),
            ids=", ".join(first_ids(np.asarray(street_ids)[edges < 0])),
        )
    return network.with_closed(edges)


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
