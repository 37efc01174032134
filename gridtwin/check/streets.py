"""Streets: joined at junctions, and to each other."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridtwin.check.report import rows_fault
from gridtwin.errors import Fault
from gridtwin.grids.borders import MAIN_HIGHWAYS, MINOR_HIGHWAYS, WAYS
from gridtwin.i18n import mark
from gridtwin.network import Walker, components, street_network
from gridtwin.network.network import ENDS

# Classes that the division and the network know; others count as residential streets.
KNOWN_CLASSES = frozenset((*MAIN_HIGHWAYS, *MINOR_HIGHWAYS, *WAYS))
APART_M = 1.0  # a street's end farther than this from its junction does not meet it
_BUILD = mark("run 'gridtwin build', which joins streets at junctions")


def street_faults(layers: Mapping[str, gpd.GeoDataFrame]) -> list[Fault]:
    """Return what keeps people and vehicles from moving along the streets."""
    if "streets" not in layers:
        return []
    streets = layers["streets"]
    dots = dot_streets(streets)
    faults = rows_fault(
        "street_without_length",
        mark("{count} streets have no length and lead nowhere"),
        "streets",
        streets,
        dots,
        hint=mark("remove them"),
        severity="warning",
        repairable=True,
    )
    faults += _unknown_classes(streets)
    for name in ENDS:
        if name not in streets.columns:
            return [
                *faults,
                Fault("column_missing", mark("the column is missing"), "streets", name, hint=_BUILD),
            ]
    loose = streets[list(ENDS)].isna().any(axis=1).to_numpy(bool)
    faults += rows_fault(
        "street_without_junction",
        mark("{count} streets have no junction at one end"),
        "streets",
        streets,
        loose,
        hint=_BUILD,
    )
    faults += _reference_faults(streets, layers.get("junctions"), loose)
    return faults + _connection_faults(streets[~loose])


def dot_streets(streets: gpd.GeoDataFrame) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which streets have no length and begin and end at the same junction."""
    dots = shapely.length(streets.geometry.to_numpy()) == 0
    if all(name in streets.columns for name in ENDS):
        one, other = (streets[name] for name in ENDS)
        dots &= (one.eq(other).fillna(False) | one.isna() | other.isna()).to_numpy(bool)
    return np.asarray(dots, bool)


def _reference_faults(streets: gpd.GeoDataFrame, junctions: gpd.GeoDataFrame | None, loose: object) -> list[Fault]:
    """Return streets whose junctions are not there, or not where the street ends."""
    if junctions is None or "junction_id" not in junctions.columns:
        return []
    position = pd.Index(junctions["junction_id"])
    if position.has_duplicates:
        return []  # repeated keys are a fault of the schema
    points, line = shapely.get_coordinates(streets.geometry.to_numpy(), return_index=True)
    places = shapely.get_coordinates(shapely.centroid(junctions.geometry.to_numpy()))
    lost, apart = np.zeros(len(streets), bool), np.zeros(len(streets), bool)
    for name, side in zip(ENDS, ("left", "right"), strict=True):
        at = position.get_indexer(streets[name])
        lost |= at < 0
        end = points[np.searchsorted(line, np.arange(len(streets)), side=side) - (side == "right")]  # type: ignore[call-overload]
        apart |= (at >= 0) & (np.hypot(*(end - places[at]).T) > APART_M)
    return [
        *rows_fault(
            "junction_unknown",
            mark("{count} streets name a junction that is not in layer 'junctions'"),
            "streets",
            streets,
            lost & ~np.asarray(loose),
            hint=_BUILD,
        ),
        *rows_fault(
            "junction_apart",
            mark("{count} streets end more than {metres:g} m from their junction"),
            "streets",
            streets,
            apart,
            hint=_BUILD,
            severity="warning",
            metres=APART_M,
        ),
    ]


def _connection_faults(streets: gpd.GeoDataFrame) -> list[Fault]:
    """Return the streets that no walker reaches from the main part of the network."""
    if not len(streets):
        return []
    network = street_network(streets, profile=Walker())
    label, report = components(network)
    outside = label[network.start] > 0
    share = float(report["length_share"].iloc[1:].sum())
    return rows_fault(
        "streets_not_connected",
        mark("{count} streets in {parts} parts ({share:.1%} of the length) cannot be reached on foot"),
        "streets",
        streets,
        network.row[outside],
        severity="warning",
        parts=len(report) - 1,
        share=share,
        hint=mark("draw the missing links, or leave them if the way is really closed"),
    )


def _unknown_classes(streets: gpd.GeoDataFrame) -> list[Fault]:
    """Return the classes that nobody knows; they would count as residential streets."""
    if "highway" not in streets.columns:
        return []
    known = streets["highway"].astype("str").str.removesuffix("_link").isin(KNOWN_CLASSES) | streets["highway"].isna()
    words = sorted(streets.loc[~known, "highway"].astype(str).unique())
    return rows_fault(
        "class_unknown",
        mark("{count} streets have a class that is not known and count as residential streets: {words}"),
        "streets",
        streets,
        ~known.to_numpy(bool),
        column="highway",
        hint=mark('translate them in the mapping file: [streets.values.highway] with "theirs" = "ours"'),
        severity="warning",
        words=", ".join(words[:8]),
    )
