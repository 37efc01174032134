"""Fixtures: the plugin in an offscreen QGIS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture
def plugin(qgis_iface: object, qgis_processing: None, engine_python: str) -> Iterator[object]:
    """Return the plugin, started as QGIS starts it, and unload it afterwards."""
    from gridtwin_qgis import classFactory

    started = classFactory(qgis_iface)
    started.initGui()
    yield started
    started.unload()
