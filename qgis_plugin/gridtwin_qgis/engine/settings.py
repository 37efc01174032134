# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the engine is and which language it speaks, as the user has set it."""

from __future__ import annotations

import os
from pathlib import Path

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QLocale
from qgis_plugin_tools.tools.i18n import tr
from qgis_plugin_tools.tools.settings import get_setting, set_setting

from .errors import EngineMissing

PYTHON_KEY = "engine_python"
PYTHON_VARIABLE = "GRIDTWIN_PYTHON"  # for qgis_process and tests; it goes before the setting


def engine_python() -> str:
    """Return the engine's Python.

    Raises
    ------
    EngineMissing
        If none is set, or there is none where the setting says.
    """
    path = configured_python()
    if not path:
        raise EngineMissing(
            "engine_missing",
            tr("The GridTwin engine is not set up. Open Settings > Options > GridTwin; 'Create environment' makes it."),
        )
    if not Path(path).is_file():
        raise EngineMissing(
            "engine_missing",
            tr("There is no GridTwin engine at {}. Open Settings > Options > GridTwin and set it anew.", path),
        )
    return path


def configured_python() -> str:
    """Return the engine's Python as it is set, "" if it is not."""
    return os.environ.get(PYTHON_VARIABLE) or str(get_setting(PYTHON_KEY, "", str))


def set_engine_python(path: str) -> None:
    """Set the engine's Python."""
    set_setting(PYTHON_KEY, path)


def language() -> str:
    """Return the language of QGIS as the engine knows it: ``"zh"`` or ``"en"``."""
    locale = str(QgsSettings().value("locale/userLocale", QLocale().name()) or "")
    return "zh" if locale.lower().startswith("zh") else "en"
