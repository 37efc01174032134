"""The network as a graph of networkx, with the attribute names of OSMnx."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import shapely

from gridtwin.network.network import Indices, StreetNetwork


def to_networkx(network: StreetNetwork) -> nx.MultiDiGraph:
    """Return the network as a MultiDiGraph that OSMnx and networkx understand.

    Returns
    -------
    networkx.MultiDiGraph
        Graph attribute crs; nodes named by junction_id with x and y; an edge for each direction that is open,
        with osmid (street_id), length (m), travel_time (s), oneway, reversed, geometry in its direction, and
        highway and name where they are known.

    Notes
    -----
    A million junctions make a graph of some 4 GB; the arrays of the network hold the same in a hundredth.
    """
    graph = nx.MultiDiGraph(crs=network.crs)
    graph.add_nodes_from(
        (junction, {"x": float(x), "y": float(y)})
        for junction, x, y in zip(network.junction_id, network.x, network.y, strict=True)
    )
    arc = np.flatnonzero(np.isfinite(network.arc_cost("seconds")))
    tail = np.repeat(np.arange(len(network.junction_id)), np.diff(network.indptr))[arc]
    head = network.head[arc]
    key = pd.DataFrame({"tail": tail, "head": head}).groupby(["tail", "head"]).cumcount().to_numpy()
    graph.add_edges_from(
        zip(network.junction_id[tail], network.junction_id[head], key.tolist(), _attributes(network, arc), strict=True)
    )
    return graph


def _attributes(network: StreetNetwork, arc: Indices) -> Iterator[dict[str, Any]]:
    """Yield the attributes of each of the arcs."""
    edge, forward = network.edge[arc], network.forward[arc]
    lines = network.geometry[edge]
    lines = np.where(forward, lines, shapely.reverse(lines))
    columns: dict[str, Any] = {
        "osmid": _column(network, "street_id")[edge],
        "length": network.length_m[edge].tolist(),
        "travel_time": network.arc_cost("seconds")[arc].tolist(),
        "oneway": np.isinf(network.backward_s)[edge].tolist(),
        "reversed": (~forward).tolist(),
        "geometry": lines,
        "highway": _column(network, "highway")[edge],
        "name": _column(network, "name")[edge],
    }
    for values in zip(*columns.values(), strict=True):
        yield {name: value for name, value in zip(columns, values, strict=True) if value is not None}


def _column(network: StreetNetwork, name: str) -> Any:
    """Return a column with None where it is empty."""
    if name not in network.streets.columns:
        return np.full(len(network.streets), None, dtype=object)
    values = network.streets[name]
    return values.astype("object").where(values.notna(), None).to_numpy(dtype=object)
