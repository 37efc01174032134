"""All commands, each described once; what they need is loaded when they run."""

from __future__ import annotations

from gridtwin.commands.moving import MOVING_COMMANDS
from gridtwin.commands.spec import DRY_RUN, OUTPUT, OVERWRITE, REGION, REPORT, Command, Outcome, Parameter
from gridtwin.i18n import mark

_SOURCES = (
    ("streets", mark("streets: lines with our column names, or with a mapping")),
    ("buildings", mark("buildings: polygons or points")),
    ("communities", mark("communities: polygons; without them communities are drafted")),
    ("barriers", mark("water, railways, motorways, walls: lines or polygons")),
    ("facilities", mark("facilities: points, or a table with lon and lat")),
    ("entrances", mark("entrances of facilities: points, or a table with lon and lat, with the key of the facility")),
    ("candidates", mark("candidate sites of facilities: points, or a table with lon and lat")),
    ("shelters", mark("shelters: points, or a table with lon and lat")),
    ("depots", mark("depots: points, or a table with lon and lat")),
    ("stock", mark("stock of the depots: a table")),
    ("vehicles", mark("vehicles of the depots: a table")),
)


def _share(name: str, text: str) -> Parameter:
    return Parameter(name, "number", text, unit="share", minimum=0, maximum=1)


_KINDS = Parameter(
    "kinds", "path", mark("CSV of kinds of facilities; its rows replace or add to those that come with GridTwin")
)
_RULES = Parameter(
    "rules",
    "path",
    mark("TOML file of rules by place; those that the plan in the region was made with when left out"),
)

COMMANDS: tuple[Command, ...] = (
    Command(
        "demo",
        mark("Show the whole chain on a real town"),
        mark(
            "Read the extract of central Helsinki that comes with an installed package, estimate households, "
            "draft communities, divide them into grids, measure who reaches which facility, and write a region and "
            "a map."
        ),
        (
            Parameter("out", "folder", mark("folder for region.gpkg and map.html"), default="gridtwin-demo"),
            Parameter("seed", "integer", mark("seed of all random choices"), default=0, minimum=0),
            OVERWRITE,
        ),
        examples=("gridtwin demo --out my-demo",),
    ),
    Command(
        "build",
        mark("Build a region from map data and tables"),
        mark(
            "Read streets, buildings and whatever else there is, check every layer, put households into buildings, "
            "draft communities where none are given, and write one region file."
        ),
        (
            Parameter("out", "output", mark("the region to write (*.gpkg)"), positional=True),
            Parameter("osm", "path", mark("OpenStreetMap extract (.osm.pbf, .osm, .osm.gz); needs no internet")),
            Parameter("place", "text", mark("name of a place, fetched from OpenStreetMap through the internet")),
            *(Parameter(name, "path", text, layer=name) for name, text in _SOURCES),
            Parameter("households", "path", mark("table of households (CSV, XLSX; UTF-8 or GB18030)")),
            Parameter(
                "households_by",
                "choice",
                mark("how the table finds its buildings"),
                default="building_id",
                choices=("building_id", "compound_id", "location"),
            ),
            Parameter("mapping", "path", mark("TOML file that says which column is what, and which datum")),
            Parameter("population", "path", mark("raster of persons a cell, to which households are scaled")),
            Parameter("dem", "path", mark("elevation raster: heights of junctions, slopes of streets")),
            _KINDS,
            Parameter("assumptions", "path", mark("CSV of households by use and floor area, instead of ours")),
            Parameter(
                "persons_per_household",
                "number",
                mark("persons a household, where persons are not counted"),
                default=2.62,
                unit="person",
                minimum=0.5,
                maximum=20,
            ),
            _share("elderly_share", mark("elderly among all persons")),
            _share("disabled_share", mark("disabled among all persons")),
            _share("children_share", mark("children among all persons")),
            _share("migrant_children_share", mark("migrants' children among all persons")),
            Parameter("crs", "text", mark("projected CRS in metres, e.g. EPSG:4547; chosen by place when left out")),
            Parameter("name", "text", mark("what people call the region")),
            Parameter("licence", "text", mark("licence of the data"), default=""),
            Parameter("seed", "integer", mark("seed of all random choices"), default=0, minimum=0),
            DRY_RUN,
            OVERWRITE,
        ),
        writes=(
            "communities", "buildings", "streets", "junctions", "barriers", "facilities", "entrances",
            "shelters", "depots", "stock", "vehicles",
        ),
        examples=(
            "gridtwin build town.gpkg --osm extract.osm.pbf",
            "gridtwin build town.gpkg --streets s.gpkg --buildings b.shp --communities c.gpkg --mapping town.toml",
        ),
    ),
    Command(
        "check",
        mark("Say what is wrong with the data, where, and what to do"),
        mark("Check geometry, topology, keys, households, coordinates; with --repair mend what is safe to mend."),
        (
            REGION,
            Parameter("repair", "flag", mark("mend what can be mended without losing data"), default=False),
            _KINDS,
            OUTPUT,
            Parameter("strict", "flag", mark("exit with 3 when an error is found"), default=False),
            DRY_RUN,
            OVERWRITE,
        ),
        reads=("communities", "buildings", "streets", "junctions", "barriers", "facilities", "entrances"),
        examples=("gridtwin check town.gpkg", "gridtwin check town.gpkg --repair --output mended.gpkg"),
    ),
    Command(
        "divide",
        mark("Divide communities into management grids"),
        mark(
            "Make contiguous, compact grids within the bounds of households, inside communities, along streets; "
            "give them codes and staff, measure them, and say which grid breaks which rule and why; locked grids stay."
        ),
        (
            REGION,
            Parameter("min", "integer", mark("households a grid, at least"), 300, "household", 1, 100_000),
            Parameter("max", "integer", mark("households a grid, at most"), 500, "household", 1, 100_000),
            Parameter(
                "target", "integer", mark("households a grid should have; by default the middle"), None,
                "household", 1, 100_000,
            ),
            _RULES,
            Parameter("plan", "text", mark("name of the plan"), default="default"),
            Parameter("seed", "integer", mark("seed of all random choices"), default=0, minimum=0),
            Parameter(
                "quality", "choice", mark("fast, good (a few times as long), or best (minutes)"),
                default="fast", choices=("fast", "good", "best"),
            ),
            Parameter(
                "weight", "text",
                mark("NAME=VALUE, the weight of a soft rule; may be given again: outside, compactness, balance, "
                     "compound_split, inside_compound, between_buildings, minor_street, main_street, barrier"),
                repeated=True,
            ),
            Parameter("date", "text", mark("day from which the plan holds (YYYY-MM-DD); today when left out")),
            Parameter("workers", "integer", mark("threads; the plan does not depend on them"), minimum=1, maximum=256),
            Parameter("strict", "flag", mark("exit with 4 when a grid breaks a rule"), default=False),
            REPORT,
            OUTPUT,
            DRY_RUN,
            OVERWRITE,
        ),
        reads=("communities", "buildings", "streets", "barriers", "units", "grids", "grid_codes"),
        writes=(
            "communities", "buildings", "units", "grids", "grid_codes", "staffing", "plans", "assignments",
        ),
        examples=("gridtwin divide town.gpkg", "gridtwin divide town.gpkg --min 250 --max 450 --output trial.gpkg"),
    ),
    Command(
        "rebalance",
        mark("Restore the bounds of a plan with least change"),
        mark(
            "After an edit or new household counts, mend the grids that break the bounds while moving as few "
            "households as possible; untouched grids keep their codes, locked grids and units are never changed."
        ),
        (
            REGION,
            Parameter("lock", "text", mark("code of a grid that must not change; may be given again"), repeated=True),
            Parameter(
                "min", "integer", mark("households a grid, at least; as the plan was made when left out"), None,
                "household", 1, 100_000,
            ),
            Parameter(
                "max", "integer", mark("households a grid, at most; as the plan was made when left out"), None,
                "household", 1, 100_000,
            ),
            Parameter(
                "stay", "number", mark("price of 100 households that leave their grid; more keeps more in place"),
                default=4.0, minimum=0, maximum=1000,
            ),
            _RULES,
            Parameter("plan", "text", mark("name of the plan"), default="default"),
            Parameter("seed", "integer", mark("seed of all random choices"), default=0, minimum=0),
            Parameter("date", "text", mark("day from which the plan holds (YYYY-MM-DD); today when left out")),
            Parameter("strict", "flag", mark("exit with 4 when a grid breaks a rule"), default=False),
            REPORT,
            OUTPUT,
            DRY_RUN,
            OVERWRITE,
        ),
        reads=("communities", "buildings", "streets", "barriers", "units", "grids", "grid_codes"),
        writes=(
            "communities", "buildings", "units", "grids", "grid_codes", "staffing", "plans", "assignments",
        ),
        examples=("gridtwin rebalance town.gpkg --lock 110108001001003",),
    ),
    Command(
        "edit",
        mark("Lock, move, split, merge, draw or divide anew grids of a plan; undo and redo"),
        mark(
            "Make one edit of the plan that the region shows, say which rules it breaks or solves, and keep it in "
            "a log from which it can be undone; locked grids and units are never changed."
        ),
        (
            REGION,
            Parameter("lock", "text", mark("code of a grid to lock; may be given again"), repeated=True),
            Parameter("unlock", "text", mark("code of a grid to unlock; may be given again"), repeated=True),
            Parameter(
                "lock_unit", "text", mark("unit that must stay in its grid; may be given again"), repeated=True
            ),
            Parameter("unlock_unit", "text", mark("unit to unlock; may be given again"), repeated=True),
            Parameter("move", "text", mark("unit to move, with --to; may be given again"), repeated=True),
            Parameter("to", "text", mark("code of the grid that takes the units, with --move or --draw")),
            Parameter("split", "text", mark("code of a grid to split in two at its best cut, or along --line")),
            Parameter("line", "path", mark("file with the line along which to split")),
            Parameter("merge", "text", mark("code of a grid to merge; give two or more"), repeated=True),
            Parameter(
                "new_code", "flag", mark("with --merge: a new code instead of that of the largest grid"), default=False
            ),
            Parameter("draw", "path", mark("file with an area that becomes a grid, or extends the one named by --to")),
            Parameter(
                "redivide", "text", mark("code of a grid to dissolve and divide anew; may be given again"),
                repeated=True,
            ),
            Parameter(
                "repair", "flag",
                mark("restore the bounds near this edit (alone: near the last one); what it moved stays"),
                default=False,
            ),
            Parameter("undo", "flag", mark("undo the last edit"), default=False),
            Parameter("redo", "flag", mark("repeat the edit that was undone last"), default=False),
            Parameter("log", "flag", mark("show all edits of the plan"), default=False),
            Parameter("by", "text", mark("who makes the edit, for the log")),
            Parameter(
                "seed", "integer", mark("seed of all random choices; as the plan was made when left out"), None,
                minimum=0,
            ),
            Parameter("date", "text", mark("day from which the plan holds (YYYY-MM-DD); today when left out")),
            Parameter("strict", "flag", mark("exit with 4 when a grid breaks a rule"), default=False),
            OUTPUT,
            DRY_RUN,
            OVERWRITE,
        ),
        reads=("communities", "buildings", "streets", "barriers", "units", "grids", "grid_codes", "edits"),
        writes=(
            "communities", "buildings", "units", "grids", "grid_codes", "staffing", "plans", "assignments", "edits",
        ),
        examples=(
            "gridtwin edit town.gpkg --move 110108001001-00012 --to 110108001001004 --repair",
            "gridtwin edit town.gpkg --split 110108001001003",
            "gridtwin edit town.gpkg --undo",
        ),
    ),
    Command(
        "compare-plans",
        mark("Compare two plans of a region"),
        mark(
            "Put two plans side by side: grids, bounds, shape, staff, and which households would change from which "
            "grid to which. The plans may belong to two regions; they are then matched by place."
        ),
        (
            REGION,
            Parameter("first", "text", mark("name of a plan"), positional=True),
            Parameter("second", "text", mark("name of another plan"), positional=True),
            Parameter("other", "path", mark("region that holds the second plan, when it is another one (*.gpkg)")),
            Parameter("output", "output", mark("write the units in another grid into this new file (*.gpkg)")),
            Parameter("table", "output", mark("write the households that each pair of grids shares (*.csv)")),
            Parameter("map", "output", mark("write both plans side by side as one web page (*.html)")),
            OVERWRITE,
        ),
        reads=("communities", "buildings", "streets", "barriers", "units", "plans", "assignments"),
        examples=(
            "gridtwin compare-plans town.gpkg default trial --map changes.html",
            "gridtwin compare-plans town.gpkg default default --other last-year.gpkg --table transfers.csv",
        ),
    ),
    *MOVING_COMMANDS,
    Command(
        "map",
        mark("Draw plan and services as one web page that needs no internet"),
        mark(
            "Write a self-contained map: grids coloured by households, service areas by kind and limit, coverage by "
            "grid with the homes not reached, proposed sites; labels, legend, search, English and Chinese."
        ),
        (
            REGION,
            Parameter("file", "output", mark("the page to write (*.html)"), flag="--out", short="-o"),
            Parameter(
                "view", "choice", mark("what the page shows first: plan, areas (service areas) or coverage"),
                default="plan", choices=("plan", "areas", "coverage"),
            ),
            Parameter("title", "text", mark("title of the page; the region's name when left out")),
            OVERWRITE,
        ),
        reads=(
            "communities", "buildings", "streets", "barriers", "grids", "facilities", "shelters", "depots",
            "service_areas", "coverage", "uncovered", "sites",
        ),
        examples=("gridtwin map town.gpkg -o town.html", "gridtwin map town.gpkg -o town.html --view coverage"),
    ),
    Command(
        "schema",
        mark("Print all commands and layers"),
        mark("Print every command with its parameters and every layer with its columns, for people and programs."),
        (),
        examples=("gridtwin schema --json",),
    ),
    Command(
        "doctor",
        mark("Check the installation"),
        mark("Report versions of libraries, drivers, fonts and optional tools; --warm-up compiles the kernels."),
        (
            Parameter("warm_up", "flag", mark("compile the kernels now, so that the first run is quick"), False),
        ),
        examples=("gridtwin doctor",),
    ),
)  # fmt: skip

__all__ = ["COMMANDS", "Command", "Outcome", "Parameter"]
