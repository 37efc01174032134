"""Commands about moving on the streets, each described once: who reaches what, and how to get there."""

from __future__ import annotations

from gridtwin.commands.spec import DRY_RUN, OUTPUT, OVERWRITE, REGION, Command, Parameter
from gridtwin.i18n import mark

_GROUP = Parameter(
    "group", "choice", mark("who walks"), default="general", choices=("general", "elderly", "wheelchair", "child")
)
_SLOPE = Parameter(
    "slope", "choice", mark("how slopes change walking speed"), default="tobler",
    choices=("tobler", "irmischer", "none"),
)  # fmt: skip
_CLOSE = Parameter("close", "text", mark("id of a street that is closed; may be given again"), repeated=True)
_KINDS = Parameter("kinds", "path", mark("CSV of kinds of facilities, besides ours"))
_WALKING = (
    _GROUP,
    _SLOPE,
    Parameter("step_free", "flag", mark("walk without stairs, and only to facilities without steps"), default=False),
    Parameter(
        "direction", "choice", mark("walk from home to the facility, or from the facility home: on hills they differ"),
        default="to", choices=("to", "from"),
    ),
    _CLOSE,
    Parameter(
        "snap_within", "number", mark("homes and entrances farther than this from every street are cut off"),
        default=100.0, unit="m", minimum=1, maximum=10_000,
    ),
)  # fmt: skip
_KIND = Parameter(
    "kind", "text",
    mark("kind of facility; may be given again; those of the region that have a standard or target when left out"),
    repeated=True,
)  # fmt: skip
_TRAVEL = (
    Parameter("mode", "choice", mark("on foot or in a vehicle"), default="walk", choices=("walk", "drive")),
    _GROUP,
    _SLOPE,
    Parameter("step_free", "flag", mark("walk without stairs"), default=False),
    _CLOSE,
    Parameter(
        "slower", "text", mark("STREET=FACTOR, a street that takes so many times as long; may be given again"),
        repeated=True,
    ),
)  # fmt: skip

MOVING_COMMANDS: tuple[Command, ...] = (
    Command(
        "reach",
        mark("Who reaches which facility on foot, and who does not"),
        mark(
            "Find the walk from every building with people to the nearest facility of each kind; tell who is covered "
            "by area and group, judge it by the targets, list who is not, and draw the service areas."
        ),
        (
            REGION,
            _KIND,
            Parameter(
                "within", "number", mark("limit of the walk; may be given again; 5, 10 and 15 when none is given"),
                unit="min", minimum=0.1, maximum=600, repeated=True,
            ),
            Parameter(
                "metres", "number", mark("limit of the walk as a distance; may be given again"),
                unit="m", minimum=1, maximum=50_000, repeated=True,
            ),
            *_WALKING,
            _KINDS,
            Parameter("targets", "path", mark("CSV of targets of coverage, besides ours")),
            Parameter("no_areas", "flag", mark("draw no service areas"), default=False),
            Parameter("table", "output", mark("write the coverage by area and group as a table (*.csv, *.xlsx)")),
            Parameter("uncovered", "output", mark("write the homes that are not covered as a table (*.csv, *.xlsx)")),
            Parameter("report", "output", mark("write a report on the coverage as one web page (*.html)")),
            OUTPUT,
            DRY_RUN,
            OVERWRITE,
        ),
        reads=("communities", "buildings", "streets", "junctions", "barriers", "grids", "facilities", "entrances"),
        writes=("service_areas", "coverage", "walks", "uncovered"),
        examples=(
            "gridtwin reach town.gpkg",
            "gridtwin reach town.gpkg --kind clinic --within 10 --group elderly --table clinics.csv",
        ),
    ),
    Command(
        "access",
        mark("How good the access to facilities is, with their capacities"),
        mark(
            "Measure for every building, grid and community how much capacity of a kind of facility there is for a "
            "person who walks, how many facilities are within reach, or how far the nearest ones are."
        ),
        (
            REGION,
            _KIND,
            Parameter(
                "within", "number", mark("longest walk"), default=15.0, unit="min", minimum=0.1, maximum=600
            ),
            Parameter(
                "method", "choice",
                mark("capacity a person by floating catchments in bands (e2sfca), without (2sfca) or smooth (g2sfca); "
                     "what is within reach (cumulative); the nearest facilities (nearest)"),
                default="e2sfca", choices=("e2sfca", "2sfca", "g2sfca", "cumulative", "nearest"),
            ),
            Parameter(
                "of", "choice", mark("whose access it is, and who shares the capacities"), default="all",
                choices=("all", "households", "elderly", "disabled", "children", "migrant_children", "special"),
            ),
            Parameter(
                "weights", "text", mark("weights of the equally wide bands of e2sfca, the nearest first"),
                default="1,0.68,0.22",
            ),
            Parameter("nearest", "integer", mark("how many nearest facilities"), default=3, minimum=1, maximum=100),
            Parameter(
                "capacity", "number",
                mark("capacity of facilities that do not say; by default the mean of the others of the kind, or 1"),
                minimum=0,
            ),
            *_WALKING,
            _KINDS,
            OUTPUT,
            DRY_RUN,
            OVERWRITE,
        ),
        reads=("communities", "buildings", "streets", "junctions", "grids", "facilities", "entrances"),
        writes=("accessibility",),
        examples=("gridtwin access town.gpkg --kind clinic --within 30 --method e2sfca",),
    ),
    Command(
        "site",
        mark("Where the next facilities of a kind should stand"),
        mark(
            "Choose sites among candidates so that most people have a facility within reach, or the fewest sites that "
            "bring a share of them within reach; say who gains, where, and how far from the best the choice can be."
        ),
        (
            REGION,
            Parameter("kind", "text", mark("kind of facility to build")),
            Parameter("count", "integer", mark("how many facilities to build"), minimum=0, maximum=100_000),
            Parameter(
                "coverage", "number", mark("share of people to bring within reach, with the fewest facilities"),
                unit="share", minimum=0, maximum=1,
            ),
            Parameter(
                "within", "number", mark("longest walk; the standard of the kind when left out"),
                unit="min", minimum=0.1, maximum=600,
            ),
            Parameter("metres", "number", mark("longest walk as a distance"), unit="m", minimum=1, maximum=50_000),
            Parameter(
                "of", "choice", mark("whose demand it is"), default="all",
                choices=("all", "households", "elderly", "disabled", "children", "migrant_children", "special"),
            ),
            Parameter(
                "candidates", "text",
                mark("file of candidate sites (points or areas), or junctions, buildings (in which nobody lives) or "
                     "units; the region's own candidates when left out, else junctions"),
            ),
            Parameter(
                "spacing", "number", mark("width of squares in each of which one junction, building or unit is tried"),
                default=150.0, unit="m", minimum=0, maximum=10_000,
            ),
            Parameter("ignore_existing", "flag", mark("plan as if there were no such facilities yet"), default=False),
            Parameter(
                "capacity", "number",
                mark("people of the group that a new facility serves; existing ones then serve their own capacity"),
                unit="person", minimum=1,
            ),
            Parameter(
                "objective", "choice",
                mark("most people within reach (coverage), or least walking of all (distance)"),
                default="coverage", choices=("coverage", "distance"),
            ),
            Parameter(
                "method", "choice",
                mark("fast, exact (the best choice, proved, or a bound at the time limit), or exact where that is "
                     "likely to be quick (auto)"),
                default="auto", choices=("auto", "fast", "exact"),
            ),
            Parameter("seed", "integer", mark("seed of all random choices"), default=0, minimum=0),
            Parameter("time_limit", "number", mark("when to stop"), default=60.0, unit="s", minimum=0, maximum=86_400),
            *_WALKING,
            _KINDS,
            Parameter("strict", "flag", mark("exit with 4 when the share cannot be reached"), default=False),
            OUTPUT,
            DRY_RUN,
            OVERWRITE,
        ),
        reads=(
            "communities", "buildings", "streets", "junctions", "barriers", "units", "grids", "facilities", "entrances",
            "candidates",
        ),
        writes=("sites",),
        examples=(
            "gridtwin site town.gpkg --kind canteen --coverage 0.7",
            "gridtwin site town.gpkg --kind clinic --count 3 --within 10 --of elderly --candidates parcels.gpkg",
        ),
    ),
    Command(
        "route",
        mark("Find the best way from one place to another"),
        mark(
            "Show time, length and turns of the best way on foot or by vehicle, also when streets are closed or slow; "
            "if there is no way, say why."
        ),
        (
            REGION,
            Parameter(
                "origin", "text",
                mark("where from: X,Y in the region's CRS or longitude,latitude, or the id of a building, facility, "
                     "junction, shelter or depot"),
                flag="--from",
            ),
            Parameter("destination", "text", mark("where to: as --from"), flag="--to"),
            *_TRAVEL,
            Parameter(
                "prefer", "choice", mark("which way is best"), default="quickest", choices=("quickest", "shortest")
            ),
            Parameter("geojson", "output", mark("write the way as lines, one a step (*.geojson)")),
            OVERWRITE,
        ),
        reads=("streets", "junctions", "buildings", "facilities", "shelters", "depots"),
        examples=(
            "gridtwin route town.gpkg --from 114.305,30.593 --to 114.310,30.587 --mode drive",
            "gridtwin route town.gpkg --from b000012 --to f000003 --group wheelchair --close s000118",
        ),
    ),
    Command(
        "matrix",
        mark("Write a table of travel times from many places to many others"),
        mark(
            "Write seconds from each origin to each destination, on foot or by vehicle, also when streets are closed "
            "or slow."
        ),
        (
            REGION,
            Parameter("origins", "text", mark("where from: a layer of the region, or a file of points or areas")),
            Parameter("destinations", "text", mark("where to: as --origins")),
            Parameter("file", "output", mark("the table to write (*.csv)"), flag="--out", short="-o"),
            *_TRAVEL,
            OVERWRITE,
        ),
        reads=("streets", "junctions"),
        examples=("gridtwin matrix town.gpkg --origins buildings --destinations facilities -o times.csv",),
    ),
)  # fmt: skip
