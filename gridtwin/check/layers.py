"""All checks, in the order in which a planner would mend what they find."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd

from gridtwin.check import communities, crs, facilities, people, shapes, shift, streets
from gridtwin.errors import Fault
from gridtwin.i18n import mark, tr
from gridtwin.load.kinds import FacilityKinds
from gridtwin.progress import Progress, silent


def check_layers(
    layers: Mapping[str, Any],
    region_crs: Any = None,
    *,
    kinds: FacilityKinds | None = None,
    progress: Progress = silent,
) -> list[Fault]:
    """Return everything that is wrong with the layers, errors first.

    Parameters
    ----------
    layers
        Frames by layer name, not changed. Layers that are absent are not missed.
    region_crs
        Coordinate reference system that all layers should have; that of the first layer by default.
    kinds
        Catalogue of facilities; that which comes with GridTwin by default.
    progress
        Receives fraction and text.

    Returns
    -------
    list of Fault
        Errors stop a plan, warnings do not. What ``repairable`` says :func:`gridtwin.check.repair_layers`
        mends. Distances and areas are checked only once every layer is in metres.
    """
    drawn = {name: frame for name, frame in layers.items() if isinstance(frame, gpd.GeoDataFrame) and len(frame)}
    faults = crs.crs_faults(drawn, region_crs)
    in_metres = not faults
    progress(0.1, tr(mark("Checking geometries")))
    faults += shapes.shape_faults(drawn)
    sound = {name: shapes.sound(frame) for name, frame in drawn.items()}
    if in_metres:
        progress(0.3, tr(mark("Checking streets")))
        faults += streets.street_faults(sound)
        progress(0.5, tr(mark("Checking communities and buildings")))
        faults += communities.community_faults(sound)
        progress(0.7, tr(mark("Checking facilities")))
        faults += facilities.facility_faults(sound, kinds)
        progress(0.8, tr(mark("Comparing buildings with streets")))
        faults += shift.shift_faults(sound)
    faults += people.household_faults(layers)
    progress(1.0, tr(mark("Checked")))
    return sorted(faults, key=lambda fault: fault.severity != "error")
