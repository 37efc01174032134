"""Languages: what a user reads exists in English and Chinese (stdlib gettext)."""

from __future__ import annotations

import functools
import gettext
import os
from pathlib import Path

LANGUAGES = ("en", "zh")
_LOCALE_DIR = Path(__file__).parent / "locale"
_CATALOGUE = {"zh": "zh_CN"}


def language() -> str:
    """Return the user's language, ``"en"`` or ``"zh"``.

    ``GRIDTWIN_LANG`` decides; without it the usual ``LC_ALL``, ``LC_MESSAGES`` and ``LANG``.
    """
    for variable in ("GRIDTWIN_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(variable, "")
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


@functools.cache
def _translations(lang: str) -> gettext.NullTranslations:
    if lang not in _CATALOGUE:
        return gettext.NullTranslations()
    return gettext.translation("gridtwin", _LOCALE_DIR, [_CATALOGUE[lang]])


def mark(text: str) -> str:
    """Mark an English text for translation where it is written; it is translated where it is shown."""
    return text


def tr(text: str, lang: str | None = None) -> str:
    """Return ``text`` in ``lang`` (the user's language by default)."""
    return _translations(lang or language()).gettext(text) if text else ""
