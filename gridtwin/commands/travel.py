"""Who travels, which streets are closed to them, and where: what commands over ways share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridtwin.commands.spec import Options
from gridtwin.errors import InputMissingError, UsageError, first_ids
from gridtwin.i18n import mark
from gridtwin.load.mapping import LayerMapping
from gridtwin.load.tables import LON_NAMES, named_column
from gridtwin.load.vector import LayerSource, located, named, placed
from gridtwin.network import Driver, Snapped, StreetNetwork, Walker, snap_doors, street_network
from gridtwin.network.profile import Profile
from gridtwin.region import Region
from gridtwin.schemas import LAYERS

SNAP_WITHIN_M = 500.0  # farther from every street, a place is not on the network
PLACES = ("buildings", "facilities", "junctions", "shelters", "depots")  # layers in which places are looked for
NEARBY_M = 1000.0  # around the streets: coordinates must fall there


def network_of(region: Region, options: Options) -> StreetNetwork:
    """Return the streets as the options have them: mode, walker, closures, slow streets.

    Raises
    ------
    UsageError
        If a walker's option is given to a vehicle, a street is not known, or a factor is no number above 0.
    """
    network = street_network(region["streets"], region.layers.get("junctions"), profile=_profile(options))
    slower = [text.rpartition("=") for text in options["slower"] or ()]
    faults = ["=".join((street, factor)) for street, _, factor in slower if not (street and _positive(factor))]
    if faults:
        raise UsageError(
            "slower_unreadable",
            mark("--slower {faults}: write STREET=FACTOR with a factor above 0, such as s12=2.5"),
            faults=", ".join(faults),
        )
    _require_streets(region, [street for street, _, _ in slower])
    if slower:
        edge = network.edges_of(street for street, _, _ in slower)
        factor = np.array([float(text) for _, _, text in slower])
        network = network.with_slower(edge[edge >= 0], factor[edge >= 0])
    return with_closures(network, region, options["close"] or ())


def with_closures(network: StreetNetwork, region: Region, street_ids: Sequence[str]) -> StreetNetwork:
    """Return the network with some streets closed.

    Raises
    ------
    UsageError
        If the region has no such street.
    """
    _require_streets(region, street_ids)
    edge = network.edges_of(street_ids)
    return network.with_closed(edge[edge >= 0]) if len(edge) else network


def walker_of(options: Options) -> Walker:
    """Return who walks."""
    changes = {"step_free": True} if options["step_free"] else {}
    return Walker.of(options["group"], slope=options["slope"], **changes)


def place_of(region: Region, text: str) -> Any:
    """Return the shape of a place that a user names.

    Parameters
    ----------
    region
        Where it is.
    text
        ``"X,Y"`` in the region's CRS or as longitude and latitude; or the id of a building, facility, junction,
        shelter or depot, with ``"layer:"`` before it where layers share ids. Numbers are longitude and latitude
        if these fall within a kilometre of the region's streets, else they are in its CRS and must do so.

    Raises
    ------
    UsageError
        If there is no such place, several have the id, or the coordinates are outside the region.
    """
    numbers = _numbers(text)
    if numbers is not None:
        return _point(region, text, numbers)
    layer, _, own = text.partition(":")
    layers = (layer,) if layer in PLACES and own else PLACES
    name = own if layers != PLACES else text
    found = [(place, shape) for place in layers for shape in _of_id(region, place, name)]
    if len(found) == 1:
        return found[0][1]
    if found:
        raise UsageError(
            "place_ambiguous",
            mark("'{place}' is an id in layers {layers}; write {first}:{id}"),
            place=text,
            layers=", ".join(place for place, _ in found),
            first=found[0][0],
            id=name,
        )
    raise UsageError(
        "place_unknown",
        mark("'{place}' is no place; give X,Y, or an id of one of the layers {layers}"),
        place=text,
        layers=", ".join(PLACES),
    )


def places_of(region: Region, text: str) -> gpd.GeoDataFrame:
    """Return places with their ids: a layer of the region, or a file of points or areas.

    Returns
    -------
    GeoDataFrame
        ``place_id`` and geometry, in the region's CRS. Ids are the key of the layer; in a file, column id, else
        the first whose name ends in _id, else the number of the row, from 1.

    Raises
    ------
    InputMissingError
        If it is neither a layer of the region nor a file.
    """
    if text in region and text in LAYERS and LAYERS[text].geometry:
        frame, key = region[text], LAYERS[text].key
    else:
        path = Path(text)
        if not path.is_file():
            raise InputMissingError(
                "places_missing",
                mark("'{places}' is neither a layer of the region nor a file"),
                places=text,
            )
        frame = _read(path, region.crs)
        keys = [str(name) for name in frame.columns if str(name).endswith("_id")]
        key = "id" if "id" in frame.columns else keys[0] if keys else ""
    ids = frame[key] if key else pd.Series(np.arange(1, len(frame) + 1), index=frame.index)
    return gpd.GeoDataFrame(
        {"place_id": ids.astype(str).to_numpy()}, geometry=frame.geometry.to_numpy(), crs=region.crs
    )


def on_streets(network: StreetNetwork, shapes: Any) -> Snapped:
    """Put places on the streets, where their doors may be."""
    return snap_doors(network, shapes, within_m=SNAP_WITHIN_M)


def require_both(options: Options, first: str, second: str) -> None:
    """Refuse a call without one of two options that a way needs."""
    if not (options[first] and options[second]):
        raise UsageError("ends_missing", mark("say where the ways lead from and to"))


def _read(path: Path, crs: Any) -> gpd.GeoDataFrame:
    """Return the places of a file in a CRS; x and y of a table are in it."""
    frame = named(LayerSource(path), "places")
    if isinstance(frame, gpd.GeoDataFrame):
        return placed(frame, "places", None, "").to_crs(crs)
    mapping = None if named_column(frame, LON_NAMES) else LayerMapping(crs=crs.to_string())
    return located(frame, "places", mapping=mapping).to_crs(crs)


def _profile(options: Options) -> Profile:
    if options["mode"] == "walk":
        return walker_of(options)
    if options["step_free"] or options["group"] != "general":
        raise UsageError(
            "not_walking", mark("--group and --step-free are for walkers; leave them out with --mode drive")
        )
    return Driver()


def _require_streets(region: Region, ids: Sequence[str]) -> None:
    unknown = [street for street in ids if not region["streets"]["street_id"].eq(street).any()]
    if unknown:
        raise UsageError(
            "streets_unknown",
            mark("layer 'streets' has no street {ids}; take ids from its column street_id"),
            ids=", ".join(first_ids(unknown)),
        )


def _numbers(text: str) -> tuple[float, float] | None:
    """Return a pair of numbers, if the text is one."""
    parts = text.replace("，", ",").split(",")
    try:
        first, second = (float(part) for part in parts)
    except ValueError:
        return None
    return (first, second) if np.isfinite([first, second]).all() else None


def _point(region: Region, text: str, numbers: tuple[float, float]) -> Any:
    """Return the point at two numbers, in whichever of the two systems they fall on the region."""
    west, south, east, north = region["streets"].total_bounds
    extent = shapely.box(west - NEARBY_M, south - NEARBY_M, east + NEARBY_M, north + NEARBY_M)
    lonlat = gpd.GeoSeries([shapely.Point(numbers)], crs="EPSG:4326").to_crs(region.crs).iloc[0]
    for point in (lonlat, shapely.Point(numbers)):
        if extent.covers(point):
            return point
    raise UsageError(
        "place_outside",
        mark("'{place}' lies outside the region, both as longitude and latitude and in {crs}"),
        place=text,
        crs=region.crs.to_string(),
    )


def _of_id(region: Region, layer: str, name: str) -> list[Any]:
    if layer not in region:
        return []
    frame = region[layer]
    return list(frame.geometry[frame[LAYERS[layer].key].astype(str) == name])


def _positive(text: str) -> bool:
    try:
        return 0.0 < float(text) < np.inf
    except ValueError:
        return False
