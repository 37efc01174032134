# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans and log of every open region; they follow the layers from opening to closing, shown or not."""

from __future__ import annotations

from dataclasses import dataclass

from qgis.PyQt.QtCore import QObject, pyqtSignal

from .plans import PlanBook
from .schema import GRIDS
from .session import RegionSession
from .sessions import RegionSessions
from .userlog import UserLog


@dataclass(frozen=True)
class RegionPlans:
    """Plans and log of one open region."""

    book: PlanBook
    log: UserLog

    def close(self) -> None:
        """Stop following the layers."""
        self.log.close()
        self.book.close()


class OpenPlans(QObject):
    """Plans and logs of the open regions.

    Parameters
    ----------
    sessions
        The open regions.

    Attributes
    ----------
    current_changed
        Emitted with the :class:`RegionPlans` that the planner works on from now on, or ``None``.
    """

    current_changed = pyqtSignal(object)

    def __init__(self, sessions: RegionSessions) -> None:
        super().__init__()
        self._sessions = sessions
        self._open: dict[RegionSession, RegionPlans] = {}
        self._signals = (
            (sessions.regions_changed, self._update),
            (sessions.current_changed, self._on_current),
        )
        for signal, slot in self._signals:
            signal.connect(slot)
        self._update()

    @property
    def current(self) -> RegionPlans | None:
        """Plans and log of the region that the planner works on, ``None`` while it has no plan."""
        session = self._sessions.current
        if session is not None and session not in self._open:
            self._update()
        return None if session is None else self._open[session]

    def close(self) -> None:
        """Stop following all regions."""
        for signal, slot in self._signals:
            signal.disconnect(slot)
        for plans in self._open.values():
            plans.close()
        self._open.clear()

    def _update(self) -> None:
        found = (self._sessions.session_of(region.get(GRIDS)) for region in self._sessions.regions)
        sessions = [session for session in found if session is not None]
        for session in [session for session in self._open if session not in sessions]:
            self._open.pop(session).close()
        for session in sessions:
            if session not in self._open:
                book = PlanBook(session)
                self._open[session] = RegionPlans(book, UserLog(book))

    def _on_current(self, _session: RegionSession | None) -> None:
        self.current_changed.emit(self.current)
