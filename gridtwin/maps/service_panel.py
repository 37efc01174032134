"""The part of a page that speaks of services: what to look at, the switches of kinds and limits, and coverage."""

from __future__ import annotations

from folium.elements import JSCSSMixin
from folium.template import Template

from gridtwin.maps.limits import kind_text, limit_text
from gridtwin.maps.offline import OWN
from gridtwin.maps.packed import PackedLayer
from gridtwin.maps.script import script_json
from gridtwin.maps.service import Services
from gridtwin.maps.service_texts import SERVICE_TEXTS
from gridtwin.maps.texts import LANGS

VIEWS = ("plan", "areas", "coverage")


class ServicePanel(JSCSSMixin):
    """The services of a page. Add it after the :class:`gridtwin.maps.page.Page`.

    Parameters
    ----------
    services
        What there is to show; its layers are on the map.
    first
        What the page shows at first: one of :data:`VIEWS`.
    grids
        Layer of the grids, which wears the themes of ``services``; None where there are none.
    """

    default_js = [("gridtwin_services", f"{OWN}services.js")]  # noqa: RUF012 - folium reads the class's list
    default_css = [("gridtwin_services_css", f"{OWN}services.css")]  # noqa: RUF012

    _template = Template("""
        {% macro html(this, kwargs) %}
            <section class="gt-services"></section>
        {% endmacro %}
        {% macro script(this, kwargs) %}
            gridtwin.services(
                {{ this._parent.get_name() }}, {{ this.texts }}, {{ this.script }}, {{ this.layer_names() }});
        {% endmacro %}
    """)

    def __init__(self, services: Services, *, first: str, grids: PackedLayer | None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "ServicePanel"
        self.services = services
        self.grids = grids
        self.texts = script_json(
            {lang: {key: pair[place] for key, pair in SERVICE_TEXTS.items()} for place, lang in enumerate(LANGS)}
        )
        self.script = script_json(
            {
                "views": [view for view in VIEWS if self._shows(view)],
                "focus": services.coverage.first,
                "first": first if self._shows(first) else "areas",
                "kinds": [
                    {
                        "name": kind_text(kind.name),
                        "style": kind.style,
                        "count": kind.count,
                        "sites": kind.sites_count,
                        "areas": [{"limit": limit_text(area.limit), "style": area.style} for area in kind.areas],
                    }
                    for kind in services.kinds
                ],
                "foci": [
                    {
                        "kind": next(n for n, kind in enumerate(services.kinds) if kind.name == focus.kind),
                        "limit": limit_text(focus.limit),
                        "grids": focus.grids,
                        "gaps": focus.gaps,
                        "households": focus.households,
                        "reached": focus.reached,
                        "legend": focus.legend,
                    }
                    for focus in services.coverage.foci
                ],
                "gapLegend": services.coverage.gap_legend,
            }
        )

    def _shows(self, view: str) -> bool:
        """Return whether there is anything to show in a view."""
        return {"plan": self.grids is not None, "areas": True, "coverage": bool(self.services.coverage.foci)}[view]

    def layer_names(self) -> str:
        """Return the script's names of the layers, as an object."""
        kinds = ", ".join(
            f"{{points: {_name(kind.facilities)}, sites: {_name(kind.sites)}, "
            f"areas: [{', '.join(_name(area.layer) for area in kind.areas)}]}}"
            for kind in self.services.kinds
        )
        return f"{{grids: {_name(self.grids)}, gaps: {_name(self.services.coverage.gaps)}, kinds: [{kinds}]}}"


def _name(layer: PackedLayer | None) -> str:
    return "null" if layer is None else str(layer.get_name())
