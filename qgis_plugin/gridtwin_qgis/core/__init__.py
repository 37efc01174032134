# SPDX-License-Identifier: GPL-3.0-or-later
"""What a region is in QGIS: layers, counts, edits, plans; without windows."""
