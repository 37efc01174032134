"""Find the best way from one place to another, with a turn list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gridtwin.commands.spec import Options, Outcome
from gridtwin.commands.travel import network_of, on_streets, place_of, require_both
from gridtwin.errors import OutputExistsError
from gridtwin.i18n import mark, tr
from gridtwin.network import StreetNetwork
from gridtwin.network.route import BLOCKED, Route, route
from gridtwin.network.turns import Step, turn_list
from gridtwin.progress import Progress
from gridtwin.region import read_region, replacing
from gridtwin.units import MINUTE_S

WEIGHTS = {"quickest": "seconds", "shortest": "length_m"}


def run(options: Options, progress: Progress) -> Outcome:
    """Find the way, show it, and write its line if asked to."""
    require_both(options, "origin", "destination")
    target = Path(options["geojson"]) if options["geojson"] else None
    if target and target.exists() and not options["overwrite"]:
        raise OutputExistsError(
            "output_exists", mark("{path} exists; give --overwrite to replace it"), path=str(target)
        )
    progress(0.0, tr(mark("Reading the region")))
    region = read_region(options["region"])
    ends = [place_of(region, options[name]) for name in ("origin", "destination")]
    progress(0.3, tr(mark("Finding the way")))
    network = network_of(region, options)
    at = on_streets(network, np.array(ends, dtype=object))
    found = route(network, at.take([0]), at.take([1]), weight=WEIGHTS[options["prefer"]])
    steps = turn_list(network, found)
    files: tuple[tuple[Path, str], ...] = ()
    if target and not found.blocked:
        with replacing(target) as temporary:
            _lines(network, found, steps).to_file(temporary, layer="route", driver="GeoJSON", RFC7946="YES")
        files = ((target, tr(mark("the way as lines, one a step; open it in QGIS"))),)
    return Outcome(_data(options, network, found, steps), _facts(options, found), files, _notes(network, found, steps))


def _data(options: Options, network: StreetNetwork, found: Route, steps: tuple[Step, ...]) -> dict[str, Any]:
    street = network.streets["street_id"].astype(str).to_numpy()
    there = not found.blocked
    line = gpd.GeoSeries([found.line(network)], crs=network.crs).to_crs("EPSG:4326").iloc[0] if there else None
    return {
        "region": str(options["region"]),
        "mode": network.mode,
        "blocked": found.blocked,
        "closed": street[found.closed].tolist(),
        "seconds": round(found.total_s, 3) if there else None,
        "length_m": round(found.total_m, 3) if there else None,
        "streets": street[found.edge].tolist(),
        "junctions": [str(name) for name in network.junction_id[found.junction]],
        "steps": [
            {
                "turn": step.turn,
                "street": step.street,
                "text": step.text(),
                "seconds": round(step.seconds, 3),
                "length_m": round(step.length_m, 3),
            }
            for step in steps
        ],
        "geometry": shapely.geometry.mapping(shapely.set_precision(line, 1e-7, mode="pointwise")) if there else None,
    }


def _facts(options: Options, found: Route) -> tuple[tuple[str, str], ...]:
    ends = (tr(mark("way")), f"{options['origin']} → {options['destination']}")
    if found.blocked:
        return (ends, (tr(mark("no way")), tr(BLOCKED[found.blocked])))
    return (
        ends,
        (tr(mark("time")), tr(mark("{minutes:.1f} min")).format(minutes=found.total_s / MINUTE_S)),
        (tr(mark("length")), f"{found.total_m:,.0f} m"),
    )


def _notes(network: StreetNetwork, found: Route, steps: tuple[Step, ...]) -> tuple[str, ...]:
    """Return the turn list, or which closures are in the way."""
    if len(found.closed):
        names = network.streets["street_id"].astype(str).to_numpy()[found.closed]
        return (tr(mark("Opening these streets would make a way: {ids}")).format(ids=", ".join(names)),)
    width = len(str(len(steps)))
    line = tr(mark("{number}. {text} ({length:,.0f} m, {seconds:.0f} s)"))
    return tuple(
        line.format(number=str(i).rjust(width), text=step.text(), length=step.length_m, seconds=step.seconds)
        if step.length_m
        else f"{str(i).rjust(width)}. {step.text()}"
        for i, step in enumerate(steps, 1)
    )


def _lines(network: StreetNetwork, found: Route, steps: tuple[Step, ...]) -> gpd.GeoDataFrame:
    """Return one line a step, in longitude and latitude."""
    parts = found.lines(network)
    walked = [step for step in steps if step.last > step.first]
    return gpd.GeoDataFrame(
        {
            "step": range(1, len(walked) + 1),
            "text": [step.text() for step in walked],
            "street": [step.street for step in walked],
            "seconds": [round(step.seconds, 3) for step in walked],
            "length_m": [round(step.length_m, 3) for step in walked],
        },
        geometry=[shapely.line_merge(shapely.MultiLineString(list(parts[step.first : step.last]))) for step in walked],
        crs=network.crs,
    ).to_crs("EPSG:4326")
