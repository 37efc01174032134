# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment of the engine's process: what QGIS sets for itself would break it."""

from __future__ import annotations

import os
from collections.abc import Mapping

# QGIS points these at its own GDAL, PROJ, Qt and Python, which the engine's wheels cannot use.
_PREFIXES = ("CPL_", "GDAL_", "GTK_", "OGR_", "OSGEO4W", "PROJ_", "PYTHON", "QGIS_", "QML", "QT_", "VSI_")
_NAMES = frozenset(
    {
        "CONDA_PREFIX", "CURL_CA_BUNDLE", "DYLD_FRAMEWORK_PATH", "DYLD_INSERT_LIBRARIES", "DYLD_LIBRARY_PATH",
        "GEOTIFF_CSV", "LD_LIBRARY_PATH", "LD_PRELOAD", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "PIP_ROOT",
        "PIP_TARGET", "PIP_USER", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE", "VIRTUAL_ENV",
        "__PYVENV_LAUNCHER__",
    }
)  # fmt: skip


def engine_environment(language: str, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables with which the engine's process starts.

    Parameters
    ----------
    language
        ``"zh"`` or ``"en"``: in which the engine speaks.
    base
        The variables to start from; those of QGIS when left out.
    """
    given = os.environ if base is None else base
    kept = {name: value for name, value in given.items() if not _is_dropped(name.upper())}
    return {**kept, "GRIDTWIN_LANG": language}


def _is_dropped(name: str) -> bool:
    return name in _NAMES or name.startswith(_PREFIXES)
