"""The page around a map: title and key facts, legend, layers, search, languages, scale and north.

It belongs to no analysis: a map module says what stands where, and page.js draws it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from typing import Any

import folium
from branca.element import Figure
from folium.elements import JSCSSMixin
from folium.template import Template

from gridtwin.errors import UsageError
from gridtwin.i18n import mark
from gridtwin.maps.offline import OWN
from gridtwin.maps.packed import PackedLayer, Style
from gridtwin.maps.texts import LANGS, page_texts

MAX_ZOOM = 20


@dataclass(frozen=True)
class Text:
    """A text of the page (a key of ``texts.TEXTS``) and the values that fill it."""

    key: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Fact:
    """A key fact in the page's head: a value with its title, and what must be known with it."""

    title: Text
    value: float | None
    type: str = "integer"
    note: Text | None = None


@dataclass(frozen=True)
class Row:
    """A row of the legend: a sample (``kind`` polygon, line or point), its text and a count."""

    text: Text
    style: Style
    kind: str = "polygon"
    count: int | None = None


@dataclass(frozen=True)
class Entry:
    """A switch in the list of layers, for one or more packed layers; ``ramp`` explains shades of colour."""

    text: Text
    layers: Sequence[PackedLayer]
    style: Style
    kind: str = "polygon"
    count: int | None = None
    ramp: Sequence[tuple[str, str]] = ()


class Page(JSCSSMixin, folium.map.Class):
    """What stands around the map. Add it after the layers that it names.

    Parameters
    ----------
    title
        Title of the page, shown literally.
    lang
        Language at first, ``"en"`` or ``"zh"``; the reader can switch.
    bounds
        What the map shows at first: [[south, west], [north, east]].
    facts
        Key facts of the head.
    legend_title
        Title of the legend.
    legend
        Rows of the legend.
    entries
        Switches of the layers, the first on top.
    source
        Where the data come from, shown literally.
    values
        Further values that texts of tooltips need, such as bounds.
    """

    default_js = [("gridtwin_page", f"{OWN}page.js")]  # noqa: RUF012 - folium reads the class's list
    default_css = [("gridtwin_page_css", f"{OWN}page.css")]  # noqa: RUF012

    _template = Template("""
        {% macro html(this, kwargs) %}
            <header class="gt-head">
                <h1></h1>
                <dl class="gt-facts"></dl>
                <div class="gt-tools">
                    <div role="group" class="gt-langs">
                        <button type="button" lang="en" data-lang="en">English</button>
                        <button type="button" lang="zh-CN" data-lang="zh">中文</button>
                    </div>
                    <button type="button" class="gt-print"></button>
                </div>
            </header>
            <aside class="gt-side">
                <div class="gt-search" role="search">
                    <label for="gt-search"></label>
                    <input id="gt-search" type="search" role="combobox" autocomplete="off" spellcheck="false"
                        aria-autocomplete="list" aria-expanded="false" aria-controls="gt-found">
                    <ul id="gt-found" role="listbox" hidden></ul>
                </div>
                <section class="gt-legend"><h2></h2><ul></ul></section>
                <section class="gt-layers"><h2></h2><ul></ul></section>
                <p class="gt-help"></p>
                <p class="gt-source"></p>
            </aside>
            <p class="gt-status" role="status" aria-live="polite"></p>
        {% endmacro %}
        {% macro script(this, kwargs) %}
            gridtwin.page({{ this._parent.get_name() }}, {{ this.texts|tojson }}, {{ this.options|tojavascript }});
        {% endmacro %}
    """)

    def __init__(
        self,
        *,
        title: str,
        lang: str,
        bounds: list[list[float | None]],
        facts: Sequence[Fact] = (),
        legend_title: Text,
        legend: Sequence[Row] = (),
        entries: Sequence[Entry] = (),
        source: str = "",
        values: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self._name = "Page"
        self.page_lang = lang
        self.texts = page_texts()
        self.options: dict[str, Any] = {
            "title": title,
            "lang": lang,
            "bounds": bounds,
            "facts": [asdict(fact) for fact in facts],
            "legend_title": asdict(legend_title),
            "legend": [asdict(row) for row in legend],
            "entries": [
                {**asdict(_without_layers(entry)), "layers": list(entry.layers), "ramp": [list(r) for r in entry.ramp]}
                for entry in entries
            ],
            "source": source,
            "values": dict(values or {}),
        }


def _without_layers(entry: Entry) -> Entry:
    """Return ``entry`` without its layers, which :func:`dataclasses.asdict` would copy."""
    return Entry(entry.text, (), entry.style, entry.kind, entry.count)


def new_map(title: str, lang: str, bounds: list[list[float | None]]) -> folium.Map:
    """Return an empty map without tiles, ready for packed layers and a :class:`Page`.

    Raises
    ------
    UsageError
        The language is unknown, or there is nothing to show.
    """
    if lang not in LANGS:
        raise UsageError(
            "language_unknown", mark("language {lang} is not one of {known}"), lang=lang, known=", ".join(LANGS)
        )
    if bounds[0][0] is None:
        raise UsageError("map_empty", mark("the layers hold no geometry to draw"))
    (south, west), (north, east) = bounds
    figure_map = folium.Map(
        location=[(south + north) / 2, (west + east) / 2],
        tiles=None,
        zoom_start=14,
        max_zoom=MAX_ZOOM,
        zoom_snap=0.25,
        maxZoom=MAX_ZOOM,
        minZoom=8,
        attributionControl=False,
    )
    figure: Figure = figure_map.get_root()
    figure.title = escape(title)
    return figure_map


def joint_bounds(layers: Sequence[PackedLayer]) -> list[list[float | None]]:
    """Return the bounds of all ``layers``, [[south, west], [north, east]]."""
    known = [layer.bounds for layer in layers if layer.bounds[0][0] is not None]
    if not known:
        return [[None, None], [None, None]]
    south, west = (min(float(b[0][axis] or 0.0) for b in known) for axis in (0, 1))
    north, east = (max(float(b[1][axis] or 0.0) for b in known) for axis in (0, 1))
    return [[south, west], [north, east]]
