# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of the engine about services; what closed streets change is measured against the same on open streets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from qgis.core import QgsVectorLayer
from qgis_plugin_tools.tools.i18n import tr

from ..core.coverage import (
    REACH_LAYERS,
    SITES,
    CoverageResult,
    ReachRequest,
    RequestError,
    SiteRequest,
    choose_facilities,
    read_result,
)
from ..core.region_project import RegionLayers
from ..core.result_layers import keep_layers, results_file
from ..engine.collecting import CollectingTask, EngineRuns, MakeCommand, tell_failure
from ..engine.errors import EngineError
from ..engine.snapshot import Snapshot

AFTER, BEFORE, SITED = "reach.gpkg", "reach-open.gpkg", "site.gpkg"
Outcome = TypeVar("Outcome")
USED = ("communities", "buildings", "streets", "junctions", "barriers", "grids", "facilities", "entrances")


@dataclass(frozen=True)
class ReachOutcome:
    """Coverage as measured, and before streets were closed.

    Attributes
    ----------
    path, names
        File with the layers for the map, and which they are.
    result, before
        What the engine found; ``before`` is ``None`` when no street is closed.
    closed
        Streets that are closed.
    """

    path: Path
    result: CoverageResult
    before: CoverageResult | None = None
    closed: tuple[str, ...] = ()
    names: tuple[str, ...] = REACH_LAYERS


@dataclass(frozen=True)
class SiteOutcome:
    """Proposed sites of a kind, in a file."""

    path: Path
    kind: str


class ReachRuns:
    """Runs of the engine for one region at a time.

    Parameters
    ----------
    on_reach, on_sites
        Called with what was found, in the window's thread.
    warn
        Called with why there is nothing.
    """

    def __init__(
        self,
        on_reach: Callable[[ReachOutcome], None],
        on_sites: Callable[[SiteOutcome], None],
        warn: Callable[[str], None],
    ) -> None:
        self._on_reach, self._on_sites, self._warn = on_reach, on_sites, warn
        self._region: RegionLayers | None = None
        self._watched: list[QgsVectorLayer] = []
        self._runs = EngineRuns()
        self._open: tuple[ReachRequest, CoverageResult] | None = None
        self._waiting: ReachRequest | None = None

    @property
    def is_busy(self) -> bool:
        """Whether the engine is at work."""
        return self._runs.is_busy

    def watch(self, region: RegionLayers | None) -> None:
        """Turn to another region, or to none."""
        self._let_go()
        self._region = region
        self._watched = [] if region is None else [region[name] for name in USED if name in region]
        for layer in self._watched:
            layer.layerModified.connect(self._forget)

    def close(self) -> None:
        """Cancel what goes on, and stop following the region."""
        self.cancel()
        self._let_go()

    def cancel(self) -> None:
        """Cancel what goes on and what waits."""
        self._waiting = None
        self._runs.cancel()

    def measure_next(self, request: ReachRequest) -> None:
        """Have coverage measured, once the engine has done what it is at; only the last request waits.

        Raises
        ------
        RequestError
            If no region is open.
        """
        if self.is_busy:
            self._waiting = request
        else:
            self.measure(request)

    def measure(self, request: ReachRequest) -> None:
        """Have coverage measured; with closed streets, on open ones too unless that is known.

        Raises
        ------
        RequestError
            If no region is open, or the engine is still at work.
        """
        region = self._free_region()
        opened = request.without_closures
        known = self._open[1] if self._open is not None and self._open[0] == opened else None
        asked = [(request, AFTER)]
        if request.closed and known is None:
            asked.insert(0, (opened, BEFORE))
        target = results_file(region.path, "reach")

        def commands(snapshot: Path, folder: Path, number: int) -> list[str]:
            if number == 0:
                choose_facilities(snapshot, request)
            what, name = asked[number]
            return what.arguments(snapshot, folder / name)

        def collect(folder: Path) -> ReachOutcome:
            result = read_result(folder / AFTER)
            before = known if len(asked) == 1 else read_result(folder / BEFORE)
            keep_layers(folder / AFTER, target, REACH_LAYERS)
            return ReachOutcome(target, result, before if request.closed else None, tuple(sorted(request.closed)))

        self._start(
            tr("Measure coverage"),
            [lambda snapshot, folder, n=n: commands(snapshot, folder, n) for n in range(len(asked))],
            collect,
            lambda outcome: self._take(opened, outcome),
        )

    def propose(self, request: SiteRequest) -> None:
        """Have sites proposed.

        Raises
        ------
        RequestError
            If no region is open, the engine is still at work, or the request is incomplete.
        """
        region = self._free_region()
        target = results_file(region.path, "site")

        def command(snapshot: Path, folder: Path) -> list[str]:
            choose_facilities(snapshot, request.walk)
            return request.arguments(snapshot, folder / SITED)

        def collect(folder: Path) -> SiteOutcome:
            keep_layers(folder / SITED, target, (SITES,))
            return SiteOutcome(target, request.kind)

        self._start(tr("Propose sites"), [command], collect, self._on_sites)

    def _start(
        self,
        title: str,
        commands: Sequence[MakeCommand],
        collect: Callable[[Path], Outcome],
        on_done: Callable[[Outcome], None],
    ) -> None:
        snapshot = Snapshot.of(self._free_region().layers.values())

        def done(outcome: Outcome) -> None:
            on_done(outcome)
            self._go_on()

        def failed(error: EngineError) -> None:
            tell_failure(error, self._warn)
            self._go_on()

        self._runs.start(CollectingTask(title, commands, snapshot, collect, done, failed))

    def _go_on(self) -> None:
        """Start what waits."""
        request, self._waiting = self._waiting, None
        if request is not None:
            self.measure(request)

    def _free_region(self) -> RegionLayers:
        if self._region is None:
            raise RequestError(tr("Open a region first"))
        if self._runs.is_busy:
            raise RequestError(tr("The engine is still at work; wait or cancel it"))
        return self._region

    def _take(self, opened: ReachRequest, outcome: ReachOutcome) -> None:
        self._open = opened, outcome.before or outcome.result
        self._on_reach(outcome)

    def _forget(self) -> None:
        self._open = None

    def _let_go(self) -> None:
        for layer in self._watched:
            layer.layerModified.disconnect(self._forget)
        self._watched = []
        self._forget()
