"""Write a table of travel times from many places to many others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from gridtwin.commands.spec import Options, Outcome
from gridtwin.commands.travel import network_of, on_streets, places_of, require_both
from gridtwin.errors import OutputExistsError
from gridtwin.i18n import mark, tr
from gridtwin.network.matrix import matrix
from gridtwin.progress import Progress
from gridtwin.region import read_region, replacing
from gridtwin.units import MINUTE_S


def run(options: Options, progress: Progress) -> Outcome:
    """Write one row for each pair of places."""
    require_both(options, "origins", "destinations")
    target = Path(options["file"])
    if target.exists() and not options["overwrite"]:
        raise OutputExistsError(
            "output_exists", mark("{path} exists; give --overwrite to replace it"), path=str(target)
        )
    progress(0.0, tr(mark("Reading the region")))
    region = read_region(options["region"])
    network = network_of(region, options)
    origins, destinations = (places_of(region, options[name]) for name in ("origins", "destinations"))
    first, second = (on_streets(network, frame.geometry) for frame in (origins, destinations))
    progress(0.2, tr(mark("Finding the ways")))
    seconds = matrix(network, first, second)
    progress(0.8, tr(mark("Writing")))
    table = pd.DataFrame(
        {
            "origin_id": np.repeat(origins["place_id"].to_numpy(), len(destinations)),
            "destination_id": np.tile(destinations["place_id"].to_numpy(), len(origins)),
            "seconds": np.where(np.isfinite(seconds), seconds, np.nan).ravel(),
        }
    )
    with replacing(target) as temporary:
        table.to_csv(temporary, index=False, encoding="utf-8-sig", float_format="%.3f")
    found = seconds[np.isfinite(seconds)]
    off = {"origins": int((~first.found).sum()), "destinations": int((~second.found).sum())}
    middle = float(np.median(found)) if len(found) else None
    return Outcome(
        {
            "region": str(options["region"]),
            "table": str(target),
            "mode": network.mode,
            "origins": len(origins),
            "destinations": len(destinations),
            "off_streets": off,
            "pairs_without_way": int(seconds.size - len(found)),
            "median_s": middle,
        },
        (
            (tr(mark("pairs")), f"{len(origins):,} × {len(destinations):,}"),
            (tr(mark("places without a street nearby")), f"{off['origins']:,}, {off['destinations']:,}"),
            (tr(mark("pairs without a way")), f"{seconds.size - len(found):,}"),
            (
                tr(mark("time, median")),
                tr(mark("{minutes:.1f} min")).format(minutes=middle / MINUTE_S) if middle is not None else "–",
            ),
        ),
        ((target, tr(mark("the table; empty where there is no way"))),),
    )
