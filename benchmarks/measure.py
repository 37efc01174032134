"""Measuring: seconds of processor time, peak memory, and what machine it was."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import platform
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
REPEAT_BELOW_S = 1.0  # quicker calls are made three times, and the median counts


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


def timed(call: Callable[[], T]) -> tuple[T, float]:
    """Return what ``call`` returns, and its processor seconds (the median of three if it is quick)."""
    seconds: list[float] = []
    while not seconds or (max(seconds) < REPEAT_BELOW_S and len(seconds) < 3):
        start = time.process_time()
        found = call()
        seconds.append(time.process_time() - start)
    return found, statistics.median(seconds)


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
