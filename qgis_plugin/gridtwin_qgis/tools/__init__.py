# SPDX-License-Identifier: GPL-3.0-or-later
"""Tools for the map: each edit is one undo step of the layers."""
