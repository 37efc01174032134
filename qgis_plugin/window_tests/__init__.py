"""A real QGIS window on a display of its own, driven with mouse and keyboard."""
