# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kinds of facilities are called; a kind of the user's own goes by its name in the file."""

from __future__ import annotations

from qgis_plugin_tools.tools.i18n import tr

SHELTER = "shelter"


def kind_title(kind: str) -> str:
    """Return the title of a kind in the language of the window."""
    titles = {
        "clinic": tr("Clinic or health station"),
        "health_centre": tr("Health centre"),
        "hospital": tr("Hospital"),
        "pharmacy": tr("Pharmacy"),
        "canteen": tr("Community canteen"),
        "library": tr("Library"),
        "childcare": tr("Childcare"),
        "market": tr("Market or supermarket"),
        "community_station": tr("Community service station"),
        "middle_school": tr("Middle school"),
        "primary_school": tr("Primary school"),
        "nursing_home": tr("Nursing home"),
        "disability_service": tr("Service for the disabled"),
        "day_care": tr("Day care for the elderly"),
        "after_school": tr("After-school care"),
        "convenience_shop": tr("Convenience shop"),
        "sports": tr("Sports facility"),
        "park": tr("Park"),
        "culture_centre": tr("Culture centre"),
        "bus_stop": tr("Bus stop"),
        "post": tr("Post office"),
        "police": tr("Police station"),
        "fire_station": tr("Fire station"),
        SHELTER: tr("Shelter"),
    }
    return titles.get(kind, kind)
