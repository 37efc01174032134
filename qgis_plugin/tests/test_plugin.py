"""The plugin starts and leaves nothing behind."""

from __future__ import annotations

from qgis.core import QgsApplication


def test_plugin_starts_and_leaves(plugin: object) -> None:
    """A started plugin offers its provider; an unloaded one does not."""
    registry = QgsApplication.processingRegistry()
    assert registry.providerById("gridtwin") is not None
    plugin.unload()
    assert registry.providerById("gridtwin") is None
