"""Facilities: of kinds that are known, each once, near a street; entrances of facilities that exist."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridtwin.check.report import rows_fault
from gridtwin.errors import Fault
from gridtwin.i18n import mark
from gridtwin.load.kinds import FacilityKinds, facility_kinds
from gridtwin.network.profile import Walker, open_streets

Flags = NDArray[np.bool_]

SAME_M = 10.0  # two of the same kind and name nearer than this are one facility
SAME_UNNAMED_M = 1.0  # two of the same kind without a name, such as shops of one building
FAR_M = 100.0  # nobody can say which street leads to a facility farther than this from all of them


def facility_faults(layers: Mapping[str, gpd.GeoDataFrame], kinds: FacilityKinds | None = None) -> list[Fault]:
    """Return what is wrong with the facilities and their entrances.

    Parameters
    ----------
    layers
        Sound layers in metres; judged are facilities and entrances, by streets if there are any.
    kinds
        The catalogue; that which comes with GridTwin by default.
    """
    facilities, entrances = layers.get("facilities"), layers.get("entrances")
    faults: list[Fault] = []
    if facilities is not None and "kind" in facilities.columns:
        strange, words = (kinds or facility_kinds()).unknown(facilities)
        faults += rows_fault(
            "kind_unknown",
            mark("{count} facilities are of unknown kinds: {words}"),
            "facilities",
            facilities,
            strange,
            column="kind",
            severity="warning",
            words=words,
            hint=mark("write a kind of the catalogue, or add rows for them to a table given with --kinds"),
        )
        faults += _repeated_faults(facilities)
        if "streets" in layers:
            faults += _far_faults(facilities, entrances, layers["streets"])
    if entrances is not None and "facility_id" in entrances.columns:
        faults += _entrance_faults(entrances, facilities)
    return faults


def _repeated_faults(facilities: gpd.GeoDataFrame) -> list[Fault]:
    return rows_fault(
        "facility_repeated",
        mark("{count} facilities have the kind and name of another one within {metres:g} m"),
        "facilities",
        facilities,
        _repeated(facilities),
        severity="warning",
        metres=SAME_M,
        hint=mark("keep one of each; capacities would count twice"),
    )


def _repeated(facilities: gpd.GeoDataFrame) -> Flags:
    """Return which facilities an earlier row holds already."""
    places = shapely.centroid(facilities.geometry.to_numpy())
    kind = pd.factorize(facilities["kind"])[0]
    name = facilities["name"] if "name" in facilities.columns else pd.Series(None, index=facilities.index, dtype="str")
    called = pd.factorize(name)[0]  # −1: no name
    one, other = shapely.STRtree(places).query(places, predicate="dwithin", distance=SAME_M)
    later = (other < one) & (kind[one] == kind[other]) & (called[one] == called[other])
    one, other = one[later], other[later]
    near = shapely.distance(places[one], places[other]) <= np.where(called[one] < 0, SAME_UNNAMED_M, SAME_M)
    twice = np.zeros(len(facilities), bool)
    twice[one[near]] = True
    return twice


def _far_faults(
    facilities: gpd.GeoDataFrame, entrances: gpd.GeoDataFrame | None, streets: gpd.GeoDataFrame
) -> list[Fault]:
    """Return the facilities that neither lie near a street open to walkers nor have an entrance that does."""
    tree = shapely.STRtree(streets.geometry.to_numpy()[open_streets(streets, Walker())])
    near = _near(tree, facilities)
    if entrances is not None and all("facility_id" in frame.columns for frame in (facilities, entrances)):
        near |= facilities["facility_id"].isin(entrances["facility_id"][_near(tree, entrances)]).to_numpy(bool)
    return rows_fault(
        "facility_far",
        mark("{count} facilities lie more than {metres:g} m from every street open to walkers"),
        "facilities",
        facilities,
        ~near,
        severity="warning",
        metres=FAR_M,
        hint=mark("correct their place, draw the way to them, or add an entrance"),
    )


def _near(tree: shapely.STRtree, places: gpd.GeoDataFrame) -> Flags:
    near = np.zeros(len(places), bool)
    near[tree.query(places.geometry.to_numpy(), predicate="dwithin", distance=FAR_M)[0]] = True
    return near


def _entrance_faults(entrances: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame | None) -> list[Fault]:
    known = facilities["facility_id"] if facilities is not None and "facility_id" in facilities.columns else ()
    return rows_fault(
        "entrance_without_facility",
        mark("{count} entrances name a facility that is not in layer 'facilities'"),
        "entrances",
        entrances,
        ~entrances["facility_id"].isin(known).to_numpy(bool),
        column="facility_id",
        severity="warning",
        hint=mark("write the facility_id of their facility, or remove them"),
    )
