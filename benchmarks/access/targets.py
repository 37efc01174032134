"""What service areas, matrices, polygons and siting are meant to reach, with the value measured and whether they do."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from benchmarks.access.inputs import LATTICE, WUHAN
from benchmarks.targets import Target

# Figure, what it is, what it must not exceed, format.
AT_MOST = (
    (f"reach {WUHAN} s", "15 minutes around 1,000 facilities, Wuhan, CPU s", 0.1, ".3g"),
    (f"reach {LATTICE} s", "15 minutes around 1,000 facilities, lattice of 1M, CPU s", 0.4, ".3g"),
    ("lattice memory GB", "peak memory of the lattice, GB", 0.8, ".2f"),
    (f"nearest1 {WUHAN} s", "nearest of 500 for every junction, Wuhan, CPU s", 0.05, ".3g"),
    (f"nearest3 {WUHAN} s", "nearest 3 of 500 for every junction, Wuhan, CPU s", 0.25, ".3g"),
    ("matrix again s", "500 × 2,000 matrix right again after 5 % of the streets change, CPU s", 0.5, ".3g"),
    ("matrix error ms", "hierarchy against Dijkstra's method, ms a street", 1.0, ".2f"),
    ("closure to route ms", "one closure to the new route with its line, ms", 5.0, ".2f"),
    ("areas 25 1200 legs in", "households wrongly in, 1,200 m, cells of 25 m", 0.025, ".2%"),
    ("areas 25 1200 legs out", "households wrongly out, 1,200 m, cells of 25 m", 0.025, ".2%"),
    ("areas 25 400 legs in", "households wrongly in, 400 m, cells of 25 m", 0.04, ".2%"),
    ("areas 25 400 legs out", "households wrongly out, 400 m, cells of 25 m", 0.04, ".2%"),
    ("areas 10 1200 legs in", "households wrongly in, 1,200 m, cells of 10 m", 0.01, ".2%"),
    ("areas 10 1200 legs out", "households wrongly out, 1,200 m, cells of 10 m", 0.01, ".2%"),
    ("areas 25 1200 ms", "service area with its search, 1,200 m, CPU ms", 10.0, ".1f"),
    ("cells 25 s", "cells of 25 m for 7,000 km of streets, CPU s", 10.0, ".1f"),
    ("snap s", "100,000 places onto streets, CPU s", 3.0, ".2f"),
    ("siting MCLP 5,000 × 200 auto s", "MCLP 5,000 × 200, 15 sites, CPU s", 3.0, ".3g"),
    ("siting MCLP 5,000 × 200 auto gap", "MCLP 5,000 × 200, gap left", 0.0, ".2%"),
    ("city 100000 engine s", "100,000 households × 8 kinds × 3 limits with areas, CPU s", 10.0, ".2f"),
)
# Figure (seconds of a peer ÷ ours), what it is, what it must reach.
RATIOS = (
    (f"reach {WUHAN} networkx", "networkx ÷ GridTwin, 1,000 facilities", 10.0),
    (f"reach {WUHAN} networkx_multi", "networkx with OSMnx's graph ÷ GridTwin, 1,000 facilities", 20.0),
    (f"reach {WUHAN} ego_graph", "OSMnx's recipe ÷ GridTwin, 1,000 facilities", 150.0),
    (f"reach {WUHAN} scipy", "scipy ÷ GridTwin, 1,000 facilities", 7.0),
    (f"reach {WUHAN} pandana", "pandana without its preparation ÷ GridTwin, 1,000 facilities", 10.0),
    (f"nearest3 {WUHAN} pandana", "pandana without its preparation ÷ GridTwin, nearest 3", 7.0),
    ("matrix scipy", "scipy ÷ GridTwin, matrix after 5 % of the streets change", 20.0),
    ("matrix pandana", "pandana ÷ GridTwin, matrix after 5 % of the streets change", 50.0),
    ("matrix networkx", "networkx ÷ GridTwin, matrix after 5 % of the streets change", 300.0),
    ("snap osmnx", "OSMnx ÷ GridTwin, 100,000 places onto streets", 2.0),
)


def targets(figures: Mapping[str, float]) -> Iterator[Target]:
    """Yield every target with its value; NaN where it was not measured."""
    for name, title, most, form in AT_MOST:
        yield Target(title, figures.get(name, math.nan), most, most=True, form=form)
    for name, title, least in RATIOS:
        yield Target(title, figures.get(name, math.nan), least, form=".3g")
