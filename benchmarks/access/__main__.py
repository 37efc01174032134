"""Run ``python -m benchmarks.access [PART ...]``."""

from __future__ import annotations

import sys

from benchmarks.access.run import main

if __name__ == "__main__":
    main(sys.argv[1:])
