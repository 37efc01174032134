"""Draw the plan and the services of a region as one web page that needs no internet."""

from __future__ import annotations

from pathlib import Path

from gridtwin.commands.spec import Options, Outcome
from gridtwin.errors import OutputExistsError
from gridtwin.i18n import language, mark, tr
from gridtwin.maps import plan_map, save_map
from gridtwin.progress import Progress
from gridtwin.region import Region, current_plan, read_region
from gridtwin.schemas import LAYERS


def run(options: Options, progress: Progress) -> Outcome:
    """Write the page."""
    target = Path(options["file"])
    if target.exists() and not options["overwrite"]:
        raise OutputExistsError(
            "output_exists", mark("{path} exists; give --overwrite to replace it"), path=str(target)
        )
    progress(0.0, tr(mark("Reading the region")))
    region = read_region(options["region"])
    params, summary = current_plan(region)
    progress(0.3, tr(mark("Drawing the map")))
    page = plan_map(
        region.layers,
        lang=language(),
        title=options["title"] or region.name or Path(options["region"]).stem,
        minimum=int(params.get("minimum", 300)),
        maximum=int(params.get("maximum", 500)),
        summary={**summary, "source": sources_of(region)},
        first=options["view"],
    )
    save_map(page, target, overwrite=True)
    return Outcome(
        {"region": str(options["region"]), "map": str(target), "bytes": target.stat().st_size},
        files=((target, tr(mark("the map; open it in a browser, no internet needed"))),),
    )


def sources_of(region: Region) -> str:
    """Return the licences of the layers (or their sources), each once: what a map has to name."""
    named = (origin.licence or origin.source for layer, origin in region.provenance.items() if layer in LAYERS)
    return "; ".join(dict.fromkeys(name for name in named if name and not name.startswith("gridtwin ")))
