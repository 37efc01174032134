# SPDX-License-Identifier: GPL-3.0-or-later
"""Codes for new grids: the community's 12 digits and the next serial that no grid ever had."""

from __future__ import annotations

from qgis_plugin_tools.tools.i18n import tr

from .counts import LiveCounts
from .errors import EditRefusedError
from .region_project import RegionLayers
from .schema import COMMUNITIES, GRID_CODES, SERIAL_DIGITS, text_of


def next_code(region: RegionLayers, counts: LiveCounts, community_id: str) -> str:
    """Return the code for a new grid of a community.

    Raises
    ------
    EditRefusedError
        If the community has used up its codes.
    """
    states = [counts.grid(fid) for fid in counts]
    used = {code for state in states for code in (state.grid_id, state.code)}
    ledger = region.get(GRID_CODES)
    used |= {text_of(row["code"]) for row in ledger.getFeatures()} if ledger else set()
    own = [state.grid_id for state in states if state.community_id == community_id and state.grid_id]
    prefix = own[0][:-SERIAL_DIGITS] if own else _community_code(region, community_id)
    endings = (code[len(prefix) :] for code in used if code.startswith(prefix))
    serial = max((int(ending) for ending in endings if ending.isdigit()), default=0) + 1
    if serial >= 10**SERIAL_DIGITS:
        raise EditRefusedError(tr("Community {community} has used up its grid codes", community=community_id))
    return f"{prefix}{serial:0{SERIAL_DIGITS}d}"


def _community_code(region: RegionLayers, community_id: str) -> str:
    rows = region[COMMUNITIES].getFeatures()
    codes = [text_of(row["code"]) for row in rows if text_of(row["community_id"]) == community_id]
    return (codes[0] if codes else "") or community_id
