# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked about services: kinds, limits, who walks, which facilities count, how many to build."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from qgis.core import QgsVectorLayer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QSpinBox,
    QWidget,
)
from qgis_plugin_tools.tools.i18n import tr

from ..core.coverage import (
    DIRECTIONS,
    WALKERS,
    DrawnFacility,
    ReachRequest,
    RequestError,
    SiteRequest,
    facility_kinds_of,
    numbers_of,
)
from ..core.schema import text_of

EVERY, SELECTED, DRAWN, BOTH = "every", "selected", "drawn", "both"
SOURCES = {
    EVERY: "all facilities",
    SELECTED: "the facilities selected on the map",
    DRAWN: "the facilities drawn here",
    BOTH: "all facilities and those drawn here",
}
WALKER_TITLES = {"general": "adults", "elderly": "the elderly", "wheelchair": "wheelchair users", "child": "children"}
DIRECTION_TITLES = {"to": "from home to the facility", "from": "from the facility home"}
USUAL_MINUTES = "5, 10, 15"
LIST_HEIGHT_PX = 120


class ReachForm(QWidget):
    """Fields of the page of services.

    Parameters
    ----------
    titles
        What kinds of facilities are called.
    """

    def __init__(self, titles: Mapping[str, str]) -> None:
        super().__init__()
        self._titles = titles
        self.drawn: list[DrawnFacility] = []
        self.kinds = QListWidget()
        self.kinds.setMaximumHeight(LIST_HEIGHT_PX)
        self.kinds.setToolTip(tr("When none is checked, those with a standard are measured"))
        self.minutes, self.metres = QLineEdit(USUAL_MINUTES), QLineEdit()
        self.walker, self.direction, self.source = QComboBox(), QComboBox(), QComboBox()
        for box, keys, words in (
            (self.walker, WALKERS, WALKER_TITLES),
            (self.direction, DIRECTIONS, DIRECTION_TITLES),
            (self.source, SOURCES, SOURCES),
        ):
            for key in keys:
                box.addItem(tr(words[key]), key)
        self.step_free = QCheckBox(tr("without stairs"))
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for title, widget in (
            (tr("Kinds"), self.kinds),
            (tr("Minutes"), self.minutes),
            (tr("Metres"), self.metres),
            (tr("Who walks"), self.walker),
            (tr("Direction"), self.direction),
            ("", self.step_free),
            (tr("Facilities"), self.source),
        ):
            layout.addRow(title, widget)

    def title(self, kind: str) -> str:
        """Return what a kind is called."""
        return self._titles.get(kind, kind)

    def show_facilities(self, layer: QgsVectorLayer | None) -> None:
        """Offer the kinds of a region, and those that it has no facility of yet."""
        checked, counts = set(self.checked_kinds()), facility_kinds_of(layer)
        self.kinds.clear()
        for kind in [*counts, *sorted(self._titles.keys() - counts.keys())]:
            item = QListWidgetItem(f"{self.title(kind)} ({counts.get(kind, 0)})")
            item.setData(int(Qt.ItemDataRole.UserRole), kind)
            item.setCheckState(Qt.CheckState.Checked if kind in checked else Qt.CheckState.Unchecked)
            self.kinds.addItem(item)

    def check_kinds(self, kinds: Collection[str]) -> None:
        """Check these kinds and no others."""
        for item in self._items():
            wanted = item.data(int(Qt.ItemDataRole.UserRole)) in kinds
            item.setCheckState(Qt.CheckState.Checked if wanted else Qt.CheckState.Unchecked)

    def checked_kinds(self) -> tuple[str, ...]:
        """Return the kinds that are checked."""
        role = int(Qt.ItemDataRole.UserRole)
        return tuple(item.data(role) for item in self._items() if item.checkState() == Qt.CheckState.Checked)

    def one_kind(self) -> str:
        """Return the one kind that is checked.

        Raises
        ------
        RequestError
            If none is, or several are.
        """
        kinds = self.checked_kinds()
        if len(kinds) != 1:
            raise RequestError(tr("Check one kind of facility"))
        return kinds[0]

    def request(self, facilities: QgsVectorLayer | None, closed: Collection[str] = ()) -> ReachRequest:
        """Return what is asked.

        Parameters
        ----------
        facilities
            Layer ``facilities`` of the region.
        closed
            Streets that are closed.

        Raises
        ------
        RequestError
            If a limit is no number, or the facilities asked for are none.
        """
        source = self.source.currentData()
        return ReachRequest(
            kinds=self.checked_kinds(),
            minutes=numbers_of(self.minutes.text()),
            metres=numbers_of(self.metres.text()),
            walker=self.walker.currentData(),
            direction=self.direction.currentData(),
            step_free=self.step_free.isChecked(),
            closed=frozenset(closed),
            facilities=self._chosen(source, facilities),
            drawn=self._drawn(source),
        )

    def _drawn(self, source: str) -> tuple[DrawnFacility, ...]:
        if source not in (DRAWN, BOTH):
            return ()
        if not self.drawn:
            raise RequestError(tr("Draw a facility first"))
        return tuple(self.drawn)

    def _chosen(self, source: str, facilities: QgsVectorLayer | None) -> frozenset[str] | None:
        if source == DRAWN:
            return frozenset()
        if source != SELECTED:
            return None
        selected = [] if facilities is None else facilities.selectedFeatures()
        if not selected:
            raise RequestError(tr("Select facilities on the map first"))
        return frozenset(text_of(feature["facility_id"]) for feature in selected)

    def _items(self) -> list[QListWidgetItem]:
        return [self.kinds.item(row) for row in range(self.kinds.count())]


class SiteForm(QWidget):
    """How many facilities to build."""

    BY_COUNT, BY_SHARE = "count", "share"

    def __init__(self) -> None:
        super().__init__()
        self.goal = QComboBox()
        self.goal.addItem(tr("build so many"), self.BY_COUNT)
        self.goal.addItem(tr("reach a share of the people"), self.BY_SHARE)
        self.count, self.share, self.minutes = QSpinBox(), QDoubleSpinBox(), QDoubleSpinBox()
        self.count.setRange(1, 1000)
        self.share.setRange(1.0, 100.0)
        self.share.setValue(90.0)
        self.share.setSuffix(" %")
        self.minutes.setRange(0.0, 600.0)
        self.minutes.setSpecialValueText(tr("standard of the kind"))
        self.minutes.setSuffix(tr(" min"))
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for title, widget in (
            (tr("Goal"), self.goal),
            (tr("New facilities"), self.count),
            (tr("Share"), self.share),
            (tr("Longest walk"), self.minutes),
        ):
            layout.addRow(title, widget)
        self.goal.currentIndexChanged.connect(lambda _index: self._enable())
        self._enable()

    def request(self, kind: str, walk: ReachRequest) -> SiteRequest:
        """Return what is asked for a kind, walking as in another request."""
        by_count = self.goal.currentData() == self.BY_COUNT
        return SiteRequest(
            kind,
            count=self.count.value() if by_count else None,
            share=None if by_count else self.share.value() / 100,
            minutes=self.minutes.value() or None,
            walk=walk,
        )

    def _enable(self) -> None:
        by_count = self.goal.currentData() == self.BY_COUNT
        self.count.setEnabled(by_count)
        self.share.setEnabled(not by_count)
