"""Homes and facilities on the walking network: where people start, where they arrive, and who they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridtwin.errors import InputError, InputMissingError
from gridtwin.grids.planar import locate
from gridtwin.i18n import mark
from gridtwin.network import Snapped, StreetNetwork, Walker, snap_doors
from gridtwin.schemas import GROUPS, empty_layer
from gridtwin.services.catalogue import SPECIAL_GROUPS

Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]
Points = NDArray[np.object_]

SNAP_WITHIN_M = 100.0  # a gate or lane that nobody mapped is nearer than that
URBAN = "urban"

# Groups of people and the columns of the buildings that count them. Whoever is elderly and disabled counts in both,
# and twice among the special groups: the data count persons by group, not persons with all their traits.
PEOPLE: dict[str, tuple[str, ...]] = {
    "households": ("households",),
    "all": ("persons",),
    **{group: (group,) for group in GROUPS},
    "special": SPECIAL_GROUPS,
}


@dataclass(frozen=True)
class Homes:
    """Buildings with people, on the network.

    Attributes
    ----------
    frame
        building_id, grid_id, community_id, setting, the counts of people as the buildings have them, and the point of
        the building that is nearest to its street, where its door most likely is; one row a home.
    people
        People of each home by group, the columns those of :data:`PEOPLE` of which the data know anything. Where
        nobody counted persons, households stand for ``all``.
    at
        Where each home meets the network, (homes,).
    """

    frame: gpd.GeoDataFrame
    people: pd.DataFrame
    at: Snapped

    def __len__(self) -> int:
        """Return the number of homes."""
        return len(self.frame)


@dataclass(frozen=True)
class Facilities:
    """Facilities, and their entrances on the network.

    Attributes
    ----------
    frame
        Layer ``facilities``, one row a facility.
    entrances
        Where each entrance meets the network, (entrances,).
    owner
        Row of the facility that each entrance belongs to, (entrances,).
    """

    frame: gpd.GeoDataFrame
    entrances: Snapped
    owner: Indices

    def __len__(self) -> int:
        """Return the number of facilities."""
        return len(self.frame)

    @property
    def found(self) -> Flags:
        """Which facilities have an entrance on the network, (facilities,)."""
        return np.bincount(self.owner[self.entrances.found], minlength=len(self)) > 0

    def of_kind(self, kind: str) -> tuple[Indices, Facilities]:
        """Return the rows of one kind, and those facilities alone."""
        rows = np.flatnonzero((self.frame["kind"] == kind).to_numpy(bool))
        number = np.full(len(self), -1, np.int64)
        number[rows] = np.arange(len(rows))
        mine = np.flatnonzero(number[self.owner] >= 0)
        frame = self.frame.iloc[rows].reset_index(drop=True)
        return rows, Facilities(frame, self.entrances.take(mine), number[self.owner[mine]])


def place_homes(
    layers: Mapping[str, pd.DataFrame], network: StreetNetwork, *, within_m: float = SNAP_WITHIN_M
) -> Homes:
    """Put the buildings with people on the network.

    Parameters
    ----------
    layers
        Layers of a region; ``buildings`` is needed. Empty grid_id and community_id are filled in by place.
    network
        A network for walking. Homes go to streets that are no loose ends of the data, on their own side of
        barriers if there are any.
    within_m
        Homes farther than this from every such street have none, metres, above 0.

    Returns
    -------
    Homes
        All buildings with people, also those without a street.

    Raises
    ------
    InputMissingError
        If there are no buildings.
    InputError
        If no building has households or persons.
    """
    buildings = layers.get("buildings")
    if buildings is None or not len(buildings):
        raise InputMissingError(
            "layer_missing", mark("the region has no layer '{layer}'; 'gridtwin build' makes it"), layer="buildings"
        )
    counts = _counts(buildings)
    people = _people(counts)
    inhabited = (people > 0).any(axis=1).to_numpy(bool)
    if not inhabited.any():
        raise InputError(
            "households_unknown",
            mark("layer 'buildings': column 'households' is empty; 'gridtwin build' estimates it"),
        )
    homes = buildings[inhabited].reset_index(drop=True)
    points = shapely.point_on_surface(homes.geometry.to_numpy())
    frame = gpd.GeoDataFrame(
        {
            "building_id": homes["building_id"],
            "grid_id": _areas(homes, points, layers, "grids", "grid_id"),
            "community_id": _areas(homes, points, layers, "communities", "community_id"),
            **counts[inhabited].reset_index(drop=True),
        },
        geometry=points,
        crs=homes.crs,
    )
    frame.insert(3, "setting", _settings(frame["community_id"], layers))
    at = place_points(homes.geometry, layers, network, within_m=within_m)
    frame = frame.set_geometry(_doors(network, homes.geometry.to_numpy(), points, at), crs=homes.crs)
    return Homes(frame, people[inhabited].reset_index(drop=True), at)


def place_facilities(
    layers: Mapping[str, pd.DataFrame],
    network: StreetNetwork,
    *,
    kinds: tuple[str, ...] | None = None,
    within_m: float = SNAP_WITHIN_M,
) -> Facilities:
    """Put facilities on the network, by their entrances where layer ``entrances`` has any, else by their points.

    Parameters
    ----------
    layers
        Layers of a region; without ``facilities`` there are none.
    network
        A network for walking. Entrances go to streets as homes do. A walker who needs a way
        without steps has no use for facilities whose column step_free says no; they are left out.
    kinds
        Kinds to take; all by default.
    within_m
        Entrances farther than this from every such street lead nowhere, metres, above 0.
    """
    frame = layers.get("facilities")
    if frame is None:
        frame = empty_layer("facilities", network.crs)
    chosen = np.ones(len(frame), bool) if kinds is None else frame["kind"].isin(kinds).to_numpy(bool)
    profile = network.profile
    if isinstance(profile, Walker) and profile.step_free and "step_free" in frame.columns:
        chosen &= ~frame["step_free"].eq(False).fillna(False).to_numpy(bool)
    frame = frame[chosen].reset_index(drop=True)
    entrances = layers.get("entrances")
    points, owner = frame.geometry.to_numpy(), np.arange(len(frame))
    if entrances is not None and len(entrances):
        row = pd.Index(frame["facility_id"]).get_indexer(entrances["facility_id"])
        own = np.flatnonzero(~np.isin(owner, row))
        points = np.concatenate([points[own], entrances.geometry.to_numpy()[row >= 0]])
        owner = np.concatenate([own, row[row >= 0]])
        order = np.argsort(owner, kind="stable")
        points, owner = points[order], owner[order]
    at = place_points(points, layers, network, within_m=within_m)
    return Facilities(frame, at, owner.astype(np.int64))


def place_points(
    places: Any, layers: Mapping[str, pd.DataFrame], network: StreetNetwork, *, within_m: float = SNAP_WITHIN_M
) -> Snapped:
    """Put further places on the network as homes and facilities are: at their doors, on their side of barriers."""
    return snap_doors(network, places, within_m=within_m, barriers=layers.get("barriers"))


def _doors(network: StreetNetwork, shapes: Points, points: Points, at: Snapped) -> Points:
    """Return the point of each shape that is nearest to its place on the street; ``points`` for those without."""
    found = np.flatnonzero(at.found)
    edge = at.edge[found]
    length = network.length_m[edge]
    share = np.divide(at.offset_m[found], length, out=np.zeros(len(found)), where=length > 0)
    street = shapely.line_interpolate_point(network.geometry[edge], share, normalized=True)
    doors = points.copy()
    doors[found] = shapely.get_point(shapely.shortest_line(shapes[found], street), 0)
    return doors


def _counts(buildings: pd.DataFrame) -> pd.DataFrame:
    """Return the counts of people of which the buildings know any."""
    names = dict.fromkeys(column for columns in PEOPLE.values() for column in columns)
    known = [name for name in names if name in buildings.columns and buildings[name].notna().any()]
    return buildings[known].astype("float64")


def _people(counts: pd.DataFrame) -> pd.DataFrame:
    """Return people by group."""
    columns = {group: [name for name in names if name in counts.columns] for group, names in PEOPLE.items()}
    columns["all"] = columns["all"] or columns["households"]
    return pd.DataFrame({group: counts[names].fillna(0.0).sum(axis=1) for group, names in columns.items() if names})


def _areas(homes: pd.DataFrame, points: Points, layers: Mapping[str, pd.DataFrame], layer: str, key: str) -> pd.Series:
    """Return the area of each home: what the building says, else where it lies."""
    given = homes[key] if key in homes.columns else pd.Series(None, index=homes.index, dtype="str")
    areas = layers.get(layer)
    if areas is None or not len(areas):
        return given
    known = given.isin(areas[key])
    lost = np.flatnonzero(~known.to_numpy(bool))
    at = locate(points[lost], areas.geometry.to_numpy())
    out = given.to_numpy(dtype=object, na_value=None).copy()
    out[lost] = np.where(at >= 0, areas[key].to_numpy(dtype=object)[at], None)
    return pd.Series(out, index=homes.index, dtype="str")


def _settings(community: pd.Series, layers: Mapping[str, pd.DataFrame]) -> pd.Series:
    """Return whether each home is urban or rural; urban where its community does not say."""
    communities = layers.get("communities")
    if communities is None or "setting" not in communities.columns:
        return pd.Series(URBAN, index=community.index, dtype="str")
    setting = communities.drop_duplicates("community_id").set_index("community_id")["setting"]
    return community.map(setting).fillna(URBAN).astype("str")
