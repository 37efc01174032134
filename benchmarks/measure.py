"""Measuring: seconds of processor time, peak memory, and what machine it was."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import platform
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Clock:
    """Processor and wall-clock seconds of named steps."""

    cpu_s: dict[str, float] = field(default_factory=dict)
    wall_s: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure the block as step ``name``."""
        cpu, wall = time.process_time(), time.perf_counter()
        yield
        self.cpu_s[name] = time.process_time() - cpu
        self.wall_s[name] = time.perf_counter() - wall

    @property
    def total_cpu_s(self) -> float:
        """Processor seconds of all steps."""
        return sum(self.cpu_s.values())


def peak_memory_gib() -> float:
    """Return the largest memory this process has held, GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def machine() -> str:
    """Return one line on date, processor, cores and Python."""
    model = ""
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        model = lines[0].split(":", 1)[1].strip() if lines else ""
    day = dt.datetime.now(dt.UTC).date().isoformat()
    return f"{day}, {model or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
