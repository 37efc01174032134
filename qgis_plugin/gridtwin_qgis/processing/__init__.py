# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command of the engine as a Processing algorithm."""
