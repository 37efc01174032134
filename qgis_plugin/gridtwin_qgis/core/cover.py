# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the grids cover their communities once and wholly: the live alarm for overlaps and gaps."""

from __future__ import annotations

from collections import Counter

from qgis.core import QgsVectorLayer
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from .counts import CountsChange, LiveCounts
from .geometry import shared_m2
from .schema import text_of

LEAST_M2 = 0.5  # less is rounding


class CoverWatch(QObject):
    """Square metres that grids cover twice or leave out.

    Parameters
    ----------
    counts
        Live counts, whose polygons are watched.
    communities
        Layer ``communities``; grids should cover those that have any.

    Notes
    -----
    After a command only the grids that it changed are compared with their neighbours, in the next turn of the event
    loop. The gap is what the areas leave over, so it needs no geometry at all: area of the communities, minus areas
    of the grids, plus what is covered twice. A grid that leaves its community makes it smaller, even negative.
    """

    changed = pyqtSignal()

    def __init__(self, counts: LiveCounts, communities: QgsVectorLayer) -> None:
        super().__init__()
        self._counts = counts
        self._community_m2 = {text_of(row["community_id"]): row.geometry().area() for row in communities.getFeatures()}
        self._covered: dict[int, tuple[str, float]] = {}
        self._grids_in: Counter[str] = Counter()
        self._covered_m2 = 0.0
        for fid in counts:
            self._take(fid)
        self._shared: dict[tuple[int, int], float] = {}
        self._waiting: set[int] = set()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self.update)
        self._first_gap_m2 = 0.0
        self._first_gap_m2 = self.gap_m2
        counts.changed.connect(self._on_changed)

    @property
    def overlap_m2(self) -> float:
        """Area that is covered more than once, as far as grids have changed."""
        return sum(self._shared.values())

    @property
    def gap_m2(self) -> float:
        """Area that no grid covers, beyond what was left out when the region was opened."""
        planned = sum(self._community_m2.get(key, 0.0) for key, grids in self._grids_in.items() if grids)
        return planned - self._covered_m2 + self.overlap_m2 - self._first_gap_m2

    @property
    def seamless(self) -> bool:
        """Whether there is neither overlap nor gap."""
        return self.overlap_m2 < LEAST_M2 and abs(self.gap_m2) < LEAST_M2

    def update(self) -> None:
        """Compare what has changed with its neighbours."""
        waiting, self._waiting = self._waiting, set()
        self._shared = {pair: area for pair, area in self._shared.items() if not waiting & set(pair)}
        for fid in waiting:
            self._drop(fid)
        for fid in sorted(fid for fid in waiting if fid in self._counts):
            self._take(fid)
            self._compare(fid)
        self.changed.emit()

    def close(self) -> None:
        """Stop watching."""
        self._timer.stop()
        self._counts.changed.disconnect(self._on_changed)

    def _on_changed(self, change: CountsChange) -> None:
        self._waiting |= change.changed | change.removed
        self._timer.start()

    def _take(self, fid: int) -> None:
        grid = self._counts.grid(fid)
        self._covered[fid] = grid.community_id, grid.area_m2
        self._grids_in[grid.community_id] += 1
        self._covered_m2 += grid.area_m2

    def _drop(self, fid: int) -> None:
        community_id, area_m2 = self._covered.pop(fid, ("", 0.0))
        self._grids_in[community_id] -= 1 if community_id else 0
        self._covered_m2 -= area_m2

    def _compare(self, fid: int) -> None:
        outline = self._counts.outline(fid)
        for other in self._counts.ledger.grids_near(outline.boundingBox()):
            pair = (min(fid, other), max(fid, other))
            if other != fid and pair not in self._shared:
                area = shared_m2(outline, self._counts.outline(other))
                if area >= LEAST_M2:
                    self._shared[pair] = area
