"""Run benchmarks: ``python -m benchmarks [generated] [towns] [drift] [division] [edits] [access]`` (all by default)."""

from __future__ import annotations

import sys

from benchmarks import division, drift, edits, generated, towns
from benchmarks.access import run as access

BENCHMARKS = {
    "generated": generated.main,
    "towns": towns.main,
    "drift": drift.main,
    "division": division.main,
    "edits": edits.main,
    "access": access.main,
}

if __name__ == "__main__":
    wanted = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in wanted if name not in BENCHMARKS]
    if unknown:
        sys.exit(f"no benchmark called {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}")
    for name in wanted:
        print(f"== {name}")
        BENCHMARKS[name]()
