"""Searches on real networks cost what networkx says: Helsinki of the demo, and towns beside the checkout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest

from gridtwin.commands.demo import extract_path
from gridtwin.load.osm import read_osm
from gridtwin.load.raster import sample_elevation, street_slopes
from gridtwin.load.topology import add_junctions
from gridtwin.network import (
    Driver,
    Snapped,
    StreetNetwork,
    Walker,
    loose_ends,
    pairs,
    reach,
    street_network,
    to_networkx,
)
from gridtwin.network.profile import Profile

SOURCES, LIMIT_S = 12, 900.0


def osm_streets(extract: Path, dem: Path | None = None) -> gpd.GeoDataFrame:
    """Return the streets of an extract, with slopes where there is a terrain model."""
    layers = read_osm(extract).layers
    streets, junctions = layers["streets"], layers["junctions"]
    if dem is None:
        return streets
    junctions = junctions.assign(elevation_m=sample_elevation(dem, junctions))
    return streets.assign(slope=street_slopes(streets, junctions))


def wuhan(data: Path) -> gpd.GeoDataFrame:
    """Return the streets of central Wuhan."""
    streets = gpd.read_parquet(data / "wuhan" / "wuhan_central.parquet").to_crs(4547)  # u, v: not the ends of lines
    return add_junctions(streets.assign(street_id=[f"s{row}" for row in range(len(streets))]))[0]


TOWNS: dict[str, Callable[[Path], gpd.GeoDataFrame]] = {
    "Wuhan": wuhan,
    "Porto Alegre": lambda data: osm_streets(
        data / "porto_alegre" / "poa_osm.pbf", data / "porto_alegre" / "poa_elevation.tif"
    ),
    "Andorra": lambda data: osm_streets(
        data / "dem_andorra" / "andorra.osm.pbf", data / "dem_andorra" / "N42E001.hgt.zip"
    ),
}


def assert_costs_are_networkx_costs(network: StreetNetwork) -> None:
    """Assert that everything within 15 minutes of some places costs what networkx says, both ways."""
    rng = np.random.default_rng(1)
    start = rng.choice(np.flatnonzero(~loose_ends(network)), SOURCES, replace=False)
    compared = 0
    sources = Snapped(start, np.zeros(SOURCES), np.zeros(SOURCES))  # where their edges begin
    graph = to_networkx(network)
    ends = Snapped(np.arange(len(network.start)), np.zeros(len(network.start)), np.zeros(len(network.start)))
    for direction in ("from", "to"):
        labels = reach(network, sources, limit=LIMIT_S, direction=direction)
        rows = pairs(network, sources, ends, limit=LIMIT_S, direction=direction)
        searched = graph if direction == "from" else graph.reverse(copy=False)
        for number, edge in enumerate(start):
            # A place at the very start of a one-way street cannot leave it backwards.
            if np.isinf(network.backward_s[edge]):
                continue
            truth = nx.single_source_dijkstra_path_length(
                searched, network.junction_id[network.start[edge]], cutoff=LIMIT_S, weight="travel_time"
            )
            mine = slice(labels.ptr[number], labels.ptr[number + 1])
            ours = dict(zip(network.junction_id[labels.junction[mine]], labels.cost[mine], strict=True))
            assert ours == pytest.approx(truth, abs=1e-6)
            mine = slice(rows.ptr[number], rows.ptr[number + 1])
            two_way = np.isfinite(network.backward_s[rows.place[mine]])
            place, cost = rows.place[mine][two_way], rows.cost[mine][two_way]
            assert cost == pytest.approx([truth[j] for j in network.junction_id[network.start[place]]], abs=1e-6)
            compared += len(place)
    assert compared > 50 * SOURCES


@pytest.mark.data
@pytest.mark.parametrize("profile", [Walker(), Walker.of("wheelchair"), Driver()], ids=["walk", "wheelchair", "drive"])
@pytest.mark.parametrize("name", TOWNS)
def test_real_networks_cost_what_networkx_says(shared_data: Path, name: str, profile: Profile) -> None:
    """All junctions and streets within 15 minutes, on hills and one-way streets, to and from."""
    assert_costs_are_networkx_costs(street_network(TOWNS[name](shared_data), profile=profile))


@pytest.mark.parametrize("profile", [Walker(), Driver()], ids=["walk", "drive"])
def test_the_town_of_the_demo_costs_what_networkx_says(profile: Profile) -> None:
    """The same on central Helsinki, which every installation has."""
    assert_costs_are_networkx_costs(street_network(osm_streets(extract_path()), profile=profile))
