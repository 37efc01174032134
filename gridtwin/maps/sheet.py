"""A sheet around a map: sections of facts, tables, diagrams and cases, to read from top to bottom or to print.

It belongs to no analysis: a report says what stands where, and sheet.js draws it in the page's language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import folium
from folium.elements import JSCSSMixin
from folium.template import Template

from gridtwin.maps.offline import OWN
from gridtwin.maps.packed import PackedLayer
from gridtwin.maps.page import Row, Text
from gridtwin.maps.script import script_json
from gridtwin.maps.texts import LANGS


@dataclass(frozen=True)
class Both:
    """A text that exists in both languages already; an empty one is left out."""

    en: str
    zh: str


Words = Text | Both


@dataclass(frozen=True)
class Few:
    """A number of people that is not told, to protect them: above 0 and below ``few``."""

    few: int


@dataclass(frozen=True)
class Prose:
    """A paragraph."""

    text: Words
    kind: str = "prose"


@dataclass(frozen=True)
class Caution:
    """A box that must not be overlooked."""

    text: Words
    kind: str = "caution"


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    items: Sequence[Words]
    kind: str = "items"


@dataclass(frozen=True)
class Measure:
    """A row of :class:`Measures`: a number for each column, and what it means."""

    title: Words
    values: Sequence[float | str | Words | None]
    type: str
    meaning: Words | None = None


@dataclass(frozen=True)
class Measures:
    """Numbers with their meaning; ``heads`` name the columns of numbers where there are several."""

    rows: Sequence[Measure]
    heads: Sequence[str] = ()
    kind: str = "measures"


@dataclass(frozen=True)
class Column:
    """A column of a table; ``type`` says how page.js writes its values (a "code" is never broken)."""

    title: Words
    type: str = "text"


@dataclass(frozen=True)
class Table:
    """A table that readers can sort by any column; a cell may be a value, :class:`Few`, or words in both languages."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    kind: str = "table"


@dataclass(frozen=True)
class Bin:
    """A bar of a histogram: values from ``low`` to below ``high``, and on which side of the bounds they are."""

    low: int
    high: int
    count: int
    side: str  # below, within or above


@dataclass(frozen=True)
class Histogram:
    """Numbers of grids by households; ``lines`` mark the bounds (place, label), ``alternative`` says it in words."""

    bins: Sequence[Bin]
    lines: Sequence[tuple[int, str]]
    axis: Words
    alternative: Words
    kind: str = "histogram"


@dataclass(frozen=True)
class Case:
    """Something that has to be decided: what it is, why, and what would mend it."""

    heading: Words
    reasons: Sequence[Words]
    remedies: Sequence[Words]


@dataclass(frozen=True)
class Cases:
    """Things that have to be decided; ``title`` stands above the remedies of each."""

    cases: Sequence[Case]
    title: Words
    kind: str = "cases"


@dataclass(frozen=True)
class Figure:
    """The place of the map or maps, each under its caption, with the legend."""

    captions: Sequence[Words] = ()
    kind: str = "figure"


@dataclass(frozen=True)
class Look:
    """A layer of a small map: its place in the sheet's ``pictured``, the theme it wears (-1: none), and its labels."""

    layer: int
    theme: int = -1
    labels: bool = False


@dataclass(frozen=True)
class Picture:
    """A small map under its caption."""

    caption: Words
    looks: Sequence[Look]


@dataclass(frozen=True)
class Pictures:
    """Small maps side by side, with one legend for all."""

    pictures: Sequence[Picture]
    legend: Sequence[Row]
    kind: str = "pictures"


Block = Pictures | Prose | Caution | Items | Measures | Table | Histogram | Cases | Figure


@dataclass(frozen=True)
class Section:
    """Blocks under a title."""

    title: Words
    blocks: Sequence[Block]
    intro: Words | None = None


class Sheet(JSCSSMixin):
    """Sections around one or two maps. Add it to the last of them; the first has a :class:`gridtwin.maps.page.Page`.

    Parameters
    ----------
    maps
        The maps; the second follows the view and the switches of the first.
    subtitle
        What the sheet is, under the page's title.
    sections
        The sections; one of them holds a :class:`Figure`.
    texts
        Texts that the sections use beyond those of the page: key to English and Chinese.
    twins
        Layers of the first map, each with its counterpart on the second.
    pictured
        Layers that small maps show.
    """

    default_js = [("gridtwin_sheet", f"{OWN}sheet.js")]  # noqa: RUF012 - folium reads the class's list
    default_css = [("gridtwin_sheet_css", f"{OWN}sheet.css")]  # noqa: RUF012

    _template = Template("""
        {% macro html(this, kwargs) %}
            <main class="gt-sheet"></main>
        {% endmacro %}
        {% macro script(this, kwargs) %}
            gridtwin.sheet(
                {{ this.map_names() }}, {{ this.texts }}, {{ this.script }}, {{ this.twin_names() }},
                {{ this.pictured_names() }});
        {% endmacro %}
    """)

    def __init__(
        self,
        maps: Sequence[folium.Map],
        *,
        subtitle: Words,
        sections: Sequence[Section],
        texts: Mapping[str, tuple[str, str]],
        twins: Sequence[tuple[PackedLayer, PackedLayer]] = (),
        pictured: Sequence[PackedLayer] = (),
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Sheet"
        self.maps = list(maps)
        self.sections = list(sections)
        self.twins = list(twins)
        self.pictured = list(pictured)
        self.texts = script_json(
            {lang: {key: pair[place] for key, pair in texts.items()} for place, lang in enumerate(LANGS)}
        )
        self.script = script_json({"subtitle": subtitle, "sections": self.sections})

    def map_names(self) -> str:
        """Return the script's names of the maps, as a list."""
        return f"[{', '.join(shown.get_name() for shown in self.maps)}]"

    def twin_names(self) -> str:
        """Return the script's names of the pairs of layers, as a list of lists."""
        pairs = (f"[{one.get_name()}, {other.get_name()}]" for one, other in self.twins)
        return f"[{', '.join(pairs)}]"

    def pictured_names(self) -> str:
        """Return the script's names of the layers of small maps, as a list."""
        return f"[{', '.join(layer.get_name() for layer in self.pictured)}]"
