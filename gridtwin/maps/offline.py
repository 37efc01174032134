"""Write a folium map as one file that needs no network, and that the browser keeps from asking for any.

The map is rendered with folium's own templates; only the links to scripts and styles are replaced by the
files in ``assets``. A content security policy names the hash of every script, so that nothing else runs:
neither a request nor markup that hides in the data.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import mimetypes
import os
import re
import secrets
from collections.abc import Iterator
from html import escape
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import folium
from branca.element import CssLink, Element, Figure, JavascriptLink
from folium.map import Icon, Layer, Popup
from folium.raster_layers import TileLayer, WmsTileLayer

from gridtwin.errors import GridTwinError, OutputExistsError, StorageError
from gridtwin.i18n import language, mark

OWN = "gridtwin:"  # scheme of links to files of this package
VENDORED = {"leaflet": "assets/leaflet/leaflet.js", "leaflet_css": "assets/leaflet/leaflet.css"}
HTML_LANG = {"en": "en", "zh": "zh-CN"}

# Every folium map links these; each is left out of the page unless an element needs it.
_FRAME = {name for name, _ in (*folium.Map.default_js, *folium.Map.default_css)} - VENDORED.keys()
_HEAD = "<!DOCTYPE html>\n<html>\n<head>\n"
_SCRIPT = re.compile(r"(<script\b[^>]*>)(.*?)(</script>)", re.DOTALL)
_EXTERNAL = re.compile(r"<(?:script|img|iframe|link)\b[^>]*?\b(?:src|href)\s*=\s*[\"']?((?:https?:)?//[^\"'\s>]+)")
_VIEWPORT = re.compile(r"<meta name=\"viewport\"[^>]*>")
_MARKER_IMAGES = {
    "iconUrl": "marker-icon.png",
    "iconRetinaUrl": "marker-icon-2x.png",
    "shadowUrl": "marker-shadow.png",
}


class MissingAssetError(GridTwinError, LookupError):
    """The map needs a file from the network: an unknown plug-in, a tile server, an icon font."""


def save_map(figure_map: folium.Map, path: str | Path, *, overwrite: bool = False, lang: str | None = None) -> Path:
    """Write a folium map as one self-contained HTML file; the map itself is left as it is.

    Parameters
    ----------
    figure_map
        Any folium map made with ``tiles=None``.
    path
        The file. It is replaced at once when all is written, so no half page is ever seen.
    overwrite
        Replace a file that exists.
    lang
        Language of the page, ``"en"`` or ``"zh"``; by default that of the map, else the user's.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    MissingAssetError
        The map needs something from the network.
    OutputExistsError
        The file exists and ``overwrite`` is not set.
    StorageError
        The file cannot be written.
    """
    target = Path(path)
    if target.exists() and not overwrite:
        raise OutputExistsError(
            "output_exists", mark("{path} exists; choose another name or allow overwriting"), path=str(target)
        )
    page = render_map(figure_map, lang=lang).encode("utf-8")
    try:
        _replace(target, page)
    except OSError as error:
        raise StorageError(
            "map_not_written",
            mark("cannot write {path}: {reason}; check the folder, its rights and the free space"),
            path=str(target),
            reason=error.strerror or str(error),
        ) from error
    return target


def render_map(figure_map: folium.Map, *, lang: str | None = None) -> str:
    """Return the page that :func:`save_map` writes: equal maps give equal text."""
    figure: Any = copy.deepcopy(figure_map).get_root()
    elements = list(_tree(figure))
    _number(elements)
    _refuse_network(elements)
    for child in list(figure._children.values()):
        child.render()
    _inline(figure)
    html: str = figure._template.render(this=figure, kwargs={"embedded": True})
    html = html.replace("\r\n", "\n").replace("\r", "\n")  # as the browser reads it: hashes must agree
    if not html.startswith(_HEAD):
        raise RuntimeError("branca's page begins otherwise than expected")
    external = _EXTERNAL.search(_SCRIPT.sub(r"\1\3", html))
    if external:
        raise _missing(external.group(1))
    body = _VIEWPORT.sub('<meta name="viewport" content="width=device-width, initial-scale=1">', html[len(_HEAD) :])
    code = lang or next((e.page_lang for e in elements if hasattr(e, "page_lang")), language())
    title = "" if figure.title else "<title>GridTwin</title>\n"
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(HTML_LANG.get(code, code))}">\n'
        '<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(html)}">\n{title}{body}'
    )


def _tree(element: Element) -> Iterator[Any]:
    """Yield ``element`` and all below it, in the order they were added."""
    yield element
    for part in ("header", "html", "script"):
        if isinstance(element, Figure):
            yield from _tree(getattr(element, part))
    for child in element._children.values():
        yield from _tree(child)


def _number(elements: list[Any]) -> None:
    """Give elements running numbers in place of folium's random ids."""
    for number, element in enumerate(elements):
        unnamed = isinstance(element, Layer) and element._id in element.layer_name
        element._id = str(number)
        if unnamed:
            element.layer_name = element.get_name()


def _refuse_network(elements: list[Any]) -> None:
    for element in elements:
        if isinstance(element, TileLayer | WmsTileLayer | Icon | Popup):
            raise _missing(type(element).__name__)
        if isinstance(element, folium.Map) and element.objects_to_stay_in_front:
            raise _missing("keep_in_front")


def _missing(name: str) -> MissingAssetError:
    return MissingAssetError(
        "asset_missing",
        mark("{name} needs the network; use what a page can carry in itself (tiles=None, own layers)"),
        name=name,
    )


def _inline(figure: Any) -> None:
    """Fill in the code of all links of ``figure``, and drop those that nothing uses."""
    for name, link in list(figure.header._children.items()):
        if not isinstance(link, JavascriptLink | CssLink):
            continue
        if name in _FRAME:
            del figure.header._children[name]
            continue
        if link.url.startswith(OWN):
            file = link.url.removeprefix(OWN)
        elif name in VENDORED:
            file = VENDORED[name]
        else:
            raise _missing(f"{name} ({link.url})")
        code = _style(file) if isinstance(link, CssLink) else _script(file)
        code += _leaflet_defaults(file) if name == "leaflet" else ""
        link.code = code  # type: ignore[assignment]  # annotated as bytes, but branca writes it into text


def _asset(file: str) -> Traversable:
    found = resources.files("gridtwin.maps").joinpath(*file.split("/"))
    if not found.is_file():
        raise _missing(file)
    return found


def _data_uri(file: str) -> str:
    kind = mimetypes.guess_type(file)[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(_asset(file).read_bytes()).decode('ascii')}"


def _script(file: str) -> str:
    code = re.sub(r"(?m)^//# sourceMappingURL=.*$", "", _asset(file).read_text("utf-8"))
    return code.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _style(file: str) -> str:
    """Return a style sheet with its images as data URIs."""
    folder = file.rpartition("/")[0]

    def image(match: re.Match[str]) -> str:
        url = match.group(1).strip("'\" ")
        return match.group(0) if url.startswith(("data:", "#")) else f"url({_data_uri(f'{folder}/{url}')})"

    return re.sub(r"url\(([^)]*)\)", image, _asset(file).read_text("utf-8")).replace("</style", "<\\/style")


def _leaflet_defaults(file: str) -> str:
    """Return script: plain attribution, and markers whose images are in the page."""
    folder = file.rpartition("/")[0]
    images = {option: _data_uri(f"{folder}/images/{name}") for option, name in _MARKER_IMAGES.items()}
    return (
        "\nL.Control.Attribution.mergeOptions({prefix: false});\n"
        "L.Icon.Default.imagePath = '';\n"
        f"L.Icon.Default.mergeOptions({json.dumps(images, sort_keys=True)});\n"
    )


def _policy(html: str) -> str:
    """Return the content security policy that lets the scripts of ``html`` run and nothing else."""
    digests = (hashlib.sha256(match[2].encode("utf-8")).digest() for match in _SCRIPT.finditer(html))
    scripts = " ".join(f"'sha256-{base64.b64encode(digest).decode('ascii')}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data: blob:; "
        "font-src data:; connect-src 'none'; form-action 'none'; base-uri 'none'"
    )


def _replace(target: Path, content: bytes) -> None:
    """Write ``content`` beside ``target``, then put it in its place in one step."""
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
