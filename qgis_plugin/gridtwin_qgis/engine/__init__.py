# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of the engine, which runs as a process of its own."""
