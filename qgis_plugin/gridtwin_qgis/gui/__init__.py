# SPDX-License-Identifier: GPL-3.0-or-later
"""Docks, dialogs and pages of the settings."""
