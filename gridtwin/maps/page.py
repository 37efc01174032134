"""The page around a map: title and key facts, legend, layers, search, languages, scale and north.

It belongs to no analysis: a map module says what stands where, and page.js draws it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

import folium
from folium.elements import JSCSSMixin
from folium.template import Template

from gridtwin.errors import UsageError
from gridtwin.i18n import mark
from gridtwin.maps.offline import OWN
from gridtwin.maps.packed import Bounds, PackedLayer, Style
from gridtwin.maps.script import script_json
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
    """A row of the legend: a sample (``kind`` polygon, line or point), its text and a count.

    A row that stands ``apart`` is set off from those above it.
    """

    text: Text
    style: Style
    kind: str = "polygon"
    count: int | None = None
    apart: bool = False


@dataclass(frozen=True)
class Entry:
    """A switch in the list of layers, for one or more packed layers; ``ramp`` explains shades of colour."""

    text: Text
    layers: Sequence[PackedLayer]
    style: Style
    kind: str = "polygon"
    count: int | None = None
    ramp: Sequence[tuple[str, str]] = ()


class Page(JSCSSMixin):
    """What stands around the map. Add it after the layers that it names.

    Parameters
    ----------
    title
        Title of the page, shown literally.
    lang
        Language at first, ``"en"`` or ``"zh"``; the reader can switch.
    bounds
        What the map shows at first: west, south, east, north in degrees.
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
            gridtwin.page(
                {{ this._parent.get_name() }}, {{ this.texts }}, {{ this.script }}, {{ this.layer_names() }});
        {% endmacro %}
    """)

    def __init__(
        self,
        *,
        title: str,
        lang: str,
        bounds: Bounds,
        facts: Sequence[Fact] = (),
        legend_title: Text,
        legend: Sequence[Row] = (),
        entries: Sequence[Entry] = (),
        source: str = "",
        values: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Page"
        self.page_lang = lang
        self.texts = script_json(page_texts())
        self.layers = [entry.layers for entry in entries]
        self.options: dict[str, Any] = {
            "title": title,
            "lang": lang,
            "bounds": [[bounds[1], bounds[0]], [bounds[3], bounds[2]]],
            "facts": list(facts),
            "legendTitle": legend_title,
            "legend": list(legend),
            "entries": [replace(entry, layers=()) for entry in entries],
            "source": source,
            "values": dict(values or {}),
        }
        self.script = script_json(self.options)

    def layer_names(self) -> str:
        """Return the script's names of the layers of each entry, as a list of lists."""
        names = [", ".join(layer.get_name() for layer in some) for some in self.layers]
        return "[" + ", ".join(f"[{some}]" for some in names) + "]"


def new_map(title: str, lang: str, bounds: Bounds) -> folium.Map:
    """Return an empty map without tiles, ready for packed layers and a :class:`Page`.

    Raises
    ------
    UsageError
        The language is unknown.
    """
    if lang not in LANGS:
        raise UsageError(
            "language_unknown",
            mark("language {lang} is not one of {known}"),
            lang=lang,
            known=", ".join(LANGS),
        )
    west, south, east, north = bounds
    figure_map = folium.Map(
        location=[(south + north) / 2, (west + east) / 2],
        tiles=None,
        zoom_start=14,
        zoomSnap=0.25,
        minZoom=8,
        maxZoom=MAX_ZOOM,
        attributionControl=False,
    )
    figure: Any = figure_map.get_root()
    figure.title = escape(title)
    return figure_map


def joint_bounds(layers: Sequence[PackedLayer]) -> Bounds | None:
    """Return the bounds of all ``layers``, None where they hold nothing."""
    known = [layer.bounds for layer in layers if layer.bounds is not None]
    if not known:
        return None
    west, south, east, north = zip(*known, strict=True)
    return min(west), min(south), max(east), max(north)
