"""Where a facility could be built: the user's own places, street corners, buildings or units."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridtwin.errors import InputMissingError, UsageError
from gridtwin.i18n import mark
from gridtwin.network import StreetNetwork, door_streets
from gridtwin.schemas import conform

SOURCES = ("junctions", "buildings", "units")
SPACING_M = 150.0  # of junctions: less than two minutes on foot, so that little is lost between them


def candidate_places(
    source: str, layers: Mapping[str, pd.DataFrame], network: StreetNetwork, *, spacing_m: float = SPACING_M
) -> gpd.GeoDataFrame:
    """Return candidate sites from what a region has.

    Parameters
    ----------
    source
        ``"junctions"``: street corners on the network; ``"buildings"``: buildings in which nobody lives;
        ``"units"``: the units of a division, each by a point in it.
    layers
        Layers of a region.
    network
        A network for walking.
    spacing_m
        Of all candidates in a square of this width only the one nearest its middle stays; all for 0, metres.

    Returns
    -------
    GeoDataFrame
        Layer ``candidates``.

    Raises
    ------
    UsageError
        If the source is unknown.
    InputMissingError
        If the region has no such places.
    """
    if source not in SOURCES:
        raise UsageError(
            "candidates_unknown",
            mark("'{source}' are no candidates; take a file or one of: {known}"),
            source=source,
            known=", ".join(SOURCES),
        )
    ids, points = _corners(network) if source == "junctions" else _insides(source, layers)
    if not len(ids):
        raise InputMissingError(
            "no_candidates", mark("the region has no {source} at which a facility could be built"), source=source
        )
    stay = thinned(shapely.get_coordinates(points), spacing_m)
    frame = gpd.GeoDataFrame({"candidate_id": ids[stay]}, geometry=points[stay], crs=network.crs)
    return conform(frame, "candidates")


def thinned(xy: np.ndarray, spacing_m: float) -> np.ndarray:
    """Return the points that stay when each square of a width keeps only the one nearest its middle, in order."""
    if not spacing_m > 0:
        return np.arange(len(xy))
    cell = np.floor(xy / spacing_m)
    off_m = np.hypot(*(xy - (cell + 0.5) * spacing_m).T)
    order = np.lexsort([np.arange(len(xy)), off_m, cell[:, 1], cell[:, 0]])
    cell = cell[order]
    first = np.r_[True, (cell[1:] != cell[:-1]).any(axis=1)]
    return np.sort(order[first])


def _corners(network: StreetNetwork) -> tuple[np.ndarray, np.ndarray]:
    """Return the junctions of streets onto which doors open."""
    edges = np.flatnonzero(door_streets(network))
    corner = np.unique(np.r_[network.start[edges], network.end[edges]])
    return np.asarray(network.junction_id)[corner], shapely.points(network.x[corner], network.y[corner])


def _insides(source: str, layers: Mapping[str, pd.DataFrame]) -> tuple[np.ndarray, np.ndarray]:
    """Return a point in each empty building, or in each unit."""
    frame = layers.get(source)
    if frame is None or not len(frame):
        return np.zeros(0, object), np.zeros(0, object)
    if source == "buildings":
        frame = frame[frame["households"].fillna(0).eq(0).to_numpy(bool)]
    key = "building_id" if source == "buildings" else "unit_id"
    return frame[key].to_numpy(object), np.asarray(shapely.point_on_surface(frame.geometry.to_numpy()))
