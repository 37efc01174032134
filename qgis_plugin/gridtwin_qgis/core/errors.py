# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors that a planner reads; their text is translated where they are raised."""

from __future__ import annotations


class PluginError(Exception):
    """Something a planner can put right; the text says what is wrong and what to do."""


class RegionFileError(PluginError):
    """A file that is no region, is damaged, or is newer than this plugin."""


class EditRefusedError(PluginError):
    """An edit that a lock, a community's border or an unknown grid forbids; nothing has changed."""


class SaveError(PluginError):
    """A layer that could not be saved; its edits are still there."""
