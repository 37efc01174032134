"""What OpenStreetMap's tags mean for streets, buildings, barriers and facilities: tables over tag arrays."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridtwin.load.kinds import FacilityKinds

Flags = NDArray[np.bool_]
Texts = NDArray[np.object_]

# Classes of street: open to walkers, open to vehicles, unless the tags of the street say otherwise. Classes
# that are not here (proposed, construction, platform, corridor, elevator, bus_stop, ...) are no streets.
# Source: https://wiki.openstreetmap.org/wiki/OSM_tags_for_routing/Access_restrictions; cycleways are open to
# walkers as in China and Finland; tracks are closed to vehicles, as a van may get stuck there.
HIGHWAYS: dict[str, tuple[bool, bool]] = {
    "motorway": (False, True),
    "motorway_link": (False, True),
    "trunk": (True, True),
    "trunk_link": (True, True),
    "primary": (True, True),
    "primary_link": (True, True),
    "secondary": (True, True),
    "secondary_link": (True, True),
    "tertiary": (True, True),
    "tertiary_link": (True, True),
    "unclassified": (True, True),
    "residential": (True, True),
    "living_street": (True, True),
    "service": (True, True),
    "road": (True, True),
    "pedestrian": (True, False),
    "footway": (True, False),
    "path": (True, False),
    "steps": (True, False),
    "cycleway": (True, False),
    "bridleway": (True, False),
    "track": (True, False),
    "busway": (False, False),
}

# The first of these keys that a street has decides; "access" speaks of everybody and so can only close.
WALK_KEYS = ("foot", "access")
DRIVE_KEYS = ("motorcar", "motor_vehicle", "vehicle", "access")
CLOSED = frozenset(
    ("no", "use_sidepath", "agricultural", "forestry", "bus", "psv", "emergency", "military", "discouraged")
)
OPEN = frozenset(("yes", "designated", "permissive", "destination", "official", "delivery"))  # for any class
# A gated compound is tagged access=private: residents, grid officers, suppliers and ambulances do pass.
PRIVATE = frozenset(("private", "residents", "permit"))

ONEWAY_ALONG = frozenset(("yes", "true", "1"))
ONEWAY_BACK = frozenset(("-1", "reverse"))
ROUNDABOUT = frozenset(("roundabout", "circular"))
NO = frozenset(("no", "false", "0"))

# building=* -> use, in the words of data/household_assumptions.csv; other values are "unknown" unless another
# tag tells.
USES: dict[str, str] = {
    word: use
    for use, words in {
        "residential": "residential",
        "apartments": "apartments tower_block",
        "house": "house detached semidetached_house semi terrace bungalow villa farm cabin static_caravan",
        "dormitory": "dormitory",
        "office": "office commercial",
        "retail": "retail shop supermarket mall kiosk market",
        "industrial": "industrial warehouse factory manufacture works storage_tank hangar silo digester",
        "school": "school university college kindergarten education",
        "hospital": "hospital clinic healthcare",
        "hotel": "hotel hostel guest_house",
        "public": "public civic government church chapel cathedral temple mosque synagogue shrine religious"
        " monastery train_station transportation sports_hall sports_centre stadium museum theatre fire_station"
        " toilets service military pavilion grandstand bunker water_tower",
        "garage": "garage garages carport parking shed hut roof greenhouse barn stable ruins construction bridge"
        " gate transformer_tower container tent sty cowshed collapsed",
    }.items()
    for word in words.split()
}
# Tags that tell the use where building=yes does not.
USE_HINTS: dict[str, dict[str, str]] = {
    "amenity": {
        "school": "school",
        "kindergarten": "school",
        "university": "school",
        "college": "school",
        "library": "public",
        "hospital": "hospital",
        "clinic": "hospital",
        "parking": "garage",
        "restaurant": "retail",
        "fast_food": "retail",
        "marketplace": "retail",
        "cinema": "public",
        "theatre": "public",
        "police": "public",
        "fire_station": "public",
        "townhall": "public",
        "community_centre": "public",
        "place_of_worship": "public",
    },
    "tourism": {"hotel": "hotel", "hostel": "hotel", "guest_house": "hotel", "museum": "public"},
    "landuse": {"residential": "residential", "industrial": "industrial"},
}
NOT_BUILDINGS = frozenset(("no", "entrance"))

# Gates that people walk through, and doors that are not for visitors.
GATES = frozenset(("gate", "entrance", "kissing_gate", "sliding_gate", "swing_gate", "turnstile", "wicket_gate"))
NOT_FOR_VISITORS = frozenset(("no", "emergency", "emergency_exit", "exit", "fire", "garage", "service"))
# The first of these that is a plain number is what a facility can hold.
CAPACITY_KEYS = ("capacity", "beds", "capacity:persons")
WHEELCHAIR_YES = frozenset(("yes", "designated"))

_STREET_KEYS = (
    "highway", "name", "ref", "width", "layer", "oneway", "junction", "bridge", "tunnel", "covered", "area",
    "indoor", "motorroad", "location", "wheelchair", "ramp:wheelchair", "footway", "path", "cycleway", *WALK_KEYS,
    *DRIVE_KEYS,
)  # fmt: skip
_AREA_KEYS = (
    "building", "building:levels", "building:flats", "building:units", "addr:street", "addr:housenumber",
    "amenity", "shop", "office", "tourism", "landuse", "natural", "waterway", "railway", "barrier", "boundary",
    "admin_level", "culvert", "entrance", "opening_hours", *CAPACITY_KEYS,
)  # fmt: skip
_MAIN_KEYS = ("highway", "building", "natural", "waterway", "railway", "barrier", "landuse", "entrance")


def all_keys(kinds: FacilityKinds) -> tuple[str, ...]:
    """Return every key that matters."""
    return tuple(dict.fromkeys((*_STREET_KEYS, *_AREA_KEYS, *(key for _, key, _ in kinds.tags))))


def main_keys(kinds: FacilityKinds) -> tuple[str, ...]:
    """Return the keys of which an object that matters has one at least."""
    return tuple(dict.fromkeys((*_MAIN_KEYS, *(key for _, key, _ in kinds.tags))))


def in_set(values: Texts | pd.Series, words: Iterable[str]) -> Flags:
    """Return where a value is one of ``words``."""
    return np.array(pd.Series(values, dtype=object).isin(list(words)), dtype=bool)


def given(values: Texts | pd.Series) -> Flags:
    """Return where there is a value that does not say "no"."""
    column = pd.Series(values, dtype=object)
    return np.array(column.notna() & ~column.isin(list(NO)), dtype=bool)


def first_given(tags: pd.DataFrame, keys: Iterable[str]) -> Texts:
    """Return the value of the first of ``keys`` that each object has, else None."""
    out = np.full(len(tags), None, dtype=object)
    for key in keys:
        empty = pd.isna(out)
        out[empty] = tags[key].to_numpy(dtype=object)[empty]
    return out


def open_to(tags: pd.DataFrame) -> tuple[Flags, Flags]:
    """Return which streets are open to walkers and to vehicles; what is no street is closed to both."""
    highway = tags["highway"]
    walk = in_set(highway, [name for name, (foot, _) in HIGHWAYS.items() if foot])
    drive = in_set(highway, [name for name, (_, wheels) in HIGHWAYS.items() if wheels])
    known = in_set(highway, HIGHWAYS)
    walk &= ~in_set(tags["motorroad"], ("yes",)) & ~in_set(first_given(tags, WALK_KEYS), CLOSED)
    walk |= in_set(tags["foot"], OPEN)
    drive &= ~in_set(first_given(tags, DRIVE_KEYS), CLOSED)
    drive |= in_set(first_given(tags, DRIVE_KEYS[:2]), OPEN) & ~in_set(highway, ("steps",))
    return walk & known, drive & known


def one_way(tags: pd.DataFrame) -> tuple[Flags, Flags]:
    """Return which streets are one-way for vehicles, and which of them against the order of their nodes."""
    stated = tags["oneway"].notna().to_numpy()
    implied = ~stated & (in_set(tags["highway"], ("motorway",)) | in_set(tags["junction"], ROUNDABOUT))
    back = in_set(tags["oneway"], ONEWAY_BACK)
    return in_set(tags["oneway"], ONEWAY_ALONG) | implied | back, back


def structure(tags: pd.DataFrame) -> Texts:
    """Return "ground", "bridge" or "tunnel"; a covered way or a passage through a building is a tunnel."""
    bridge, tunnel = given(tags["bridge"]), given(tags["tunnel"])
    hidden = in_set(tags["covered"], ("yes",)) | in_set(tags["location"], ("underground",))
    kind = np.where(tunnel, "tunnel", np.where(bridge, "bridge", np.where(hidden, "tunnel", "ground")))
    return kind.astype(object)


def numbers(values: pd.Series) -> NDArray[np.float64]:
    """Return each text that is one plain number (a trailing "m" is allowed), else NaN; never below zero."""
    text = pd.Series(values, dtype=object).astype("str")
    found = text.str.extract(r"^\s*(\d+(?:[.,]\d+)?)\s*m?\s*$", expand=False).str.replace(",", ".")
    return np.asarray(pd.to_numeric(found, errors="coerce"), dtype=np.float64)


def level(tags: pd.DataFrame) -> NDArray[np.int64]:
    """Return OSM's layer; where it is not given 1 for bridges, −1 for tunnels and 0 for the ground."""
    stated = pd.to_numeric(tags["layer"], errors="coerce").to_numpy(np.float64)
    usual = np.where(given(tags["tunnel"]), -1.0, np.where(given(tags["bridge"]), 1.0, 0.0))
    with np.errstate(invalid="ignore"):
        readable = np.abs(stated) <= 99
    return np.round(np.where(readable, stated, usual)).astype(np.int64)


def building_use(tags: pd.DataFrame) -> Texts:
    """Return the use of each building, "unknown" where no tag tells."""
    use = tags["building"].map(USES).to_numpy(dtype=object)
    for key, meanings in USE_HINTS.items():
        use = np.where(pd.isna(use), tags[key].map(meanings).to_numpy(dtype=object), use)
    for key, meaning in (("office", "office"), ("shop", "retail")):
        use = np.where(pd.isna(use) & given(tags[key]), meaning, use)
    return np.asarray(np.where(pd.isna(use), "unknown", use), dtype=object)


def step_free(tags: pd.DataFrame) -> pd.Series:
    """Return whether there is a way without steps (boolean, missing where nobody said); ``wheelchair`` decides.

    Stairs have none unless a tag says so, for example that of a ramp beside them.
    """
    refused = in_set(tags["wheelchair"], NO)
    yes = in_set(tags["wheelchair"], WHEELCHAIR_YES) | in_set(tags["ramp:wheelchair"], ("yes", "separate")) & ~refused
    no = refused | in_set(tags["highway"], ("steps",)) & ~yes
    return pd.Series(yes, dtype="boolean").mask(~yes & ~no)


def is_crossing(tags: pd.DataFrame) -> Flags:
    """Return which ways lead across a road."""
    return np.asarray(tags[["footway", "path", "cycleway"]].eq("crossing").any(axis=1), bool)


def capacity(tags: pd.DataFrame) -> NDArray[np.float64]:
    """Return what each facility can hold, NaN where no tag says so in plain numbers."""
    found = np.full(len(tags), np.nan)
    for key in CAPACITY_KEYS:
        found = np.where(np.isnan(found), numbers(tags[key]), found)
    return found


def is_entrance(tags: pd.DataFrame) -> Flags:
    """Return which nodes are doors and gates that visitors may use."""
    door = given(tags["entrance"]) & ~in_set(tags["entrance"], NOT_FOR_VISITORS)
    gate = in_set(tags["barrier"], GATES)
    return (door | gate) & ~in_set(first_given(tags, WALK_KEYS), NO)


def facility_kind(tags: pd.DataFrame, kinds: FacilityKinds) -> Texts:
    """Return the kind of each object's facility (the first tag of the catalogue that fits), None where it is none."""
    kind = np.full(len(tags), None, dtype=object)
    for name, key, value in kinds.tags:
        kind = np.where(pd.isna(kind) & in_set(tags[key], (value,)), name, kind)
    return kind
