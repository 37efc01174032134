"""Values as script: nothing of the data is read as markup, as script or as a template."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from html import escape
from typing import Any

from folium.utilities import camelize

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_RISKY = {character: f"\\u{ord(character):04x}" for character in "<>&'{}%#"}


def script_json(value: Any) -> str:
    """Return ``value`` as JSON to stand in a script.

    Dataclasses become objects with camel-case keys. Within strings, what could end the script, open markup or
    begin a template is escaped: branca compiles all that an element writes as a template once more, so that
    ``{{…}}`` in the data would be run while the page is made.
    """
    text = json.dumps(_plain(value), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return _STRING.sub(lambda match: "".join(_RISKY.get(c, c) for c in match[0]), text)


def literal_html(text: str) -> str:
    """Return markup that shows ``text`` as it is and that no template engine reads."""
    return escape(text).replace("{", "&#123;").replace("}", "&#125;")


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {camelize(field.name): _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
