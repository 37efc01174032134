"""Compile every kernel of walking, routing and siting, so that the next run starts at once."""

from __future__ import annotations

import networkx as nx
import numpy as np

from gridtwin.load.toy import toy_town
from gridtwin.network import Walker, backend, matrix, street_network
from gridtwin.network.hierarchy import installed
from gridtwin.services.catchments import facility_catchments
from gridtwin.services.cells import street_cells
from gridtwin.services.coverage import nearest_walks
from gridtwin.services.limits import Limit
from gridtwin.services.places import place_facilities, place_homes
from gridtwin.services.siting import site_most
from gridtwin.services.siting_table import SitingProblem


def compile_kernels() -> None:
    """Serve the toy town, route through it and choose sites on a line: that runs every kernel once."""
    layers = toy_town()
    network = street_network(layers["streets"], profile=Walker())
    homes, facilities = place_homes(layers, network), place_facilities(layers, network)
    nearest_walks(network, homes, facilities, ("clinic", "canteen"))
    cells = street_cells(network, barriers=layers["barriers"])
    facility_catchments(network, homes, facilities, [Limit("seconds", 300.0)], cells=cells)
    matrix(network, homes.at, facilities.entrances, engine="hierarchy" if installed() else "dijkstra")
    graph = backend.convert_from_nx(nx.path_graph(2), edge_attrs={"weight": 1})
    backend.single_source_dijkstra_path_length(graph, 0)
    for objective, room in (("coverage", None), ("distance", None), ("coverage", np.full(6, 2.0))):
        site = np.arange(6)
        line = SitingProblem(
            np.arange(0, 13, 2),
            np.column_stack([site, site + 1]).ravel(),
            np.full(12, 100.0),
            np.arange(1.0, 8.0),
            500.0,
            objective=objective,
            capacity=room,
        )
        site_most(line, 2, method="fast")
