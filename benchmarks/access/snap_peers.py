"""Peers that put places on the nearest street."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.access.peers import Outcome, Peer, Problem


def street_lines(problem: Problem) -> Any:
    """Return the lines of the streets, (edges,)."""
    import shapely

    return shapely.linestrings(problem["line_xy"], indices=problem["line_of"])


def _osmnx(problem: Problem, budget_s: float) -> Outcome:
    """Find nearest edges with OSMnx, in a graph with the lines of the streets."""
    import networkx as nx
    import osmnx as ox

    outcome = Outcome(done=1, of=1, remark="no place along the street")
    with outcome.step("prepare"):
        graph = nx.MultiDiGraph(crs="EPSG:32650")
        x, y = problem["x"].tolist(), problem["y"].tolist()
        graph.add_nodes_from((node, {"x": x[node], "y": y[node]}) for node in range(len(x)))
        ends = zip(problem["start"].tolist(), problem["end"].tolist(), street_lines(problem), strict=True)
        graph.add_edges_from((a, b, {"geometry": line}) for a, b, line in ends)
    points = problem["points"]
    ox.distance.nearest_edges(graph, points[:10, 0], points[:10, 1])
    with outcome.step("snap"):
        _, away_m = ox.distance.nearest_edges(graph, points[:, 0], points[:, 1], return_dist=True)
    outcome.found["distance_m"] = np.asarray(away_m, np.float64)
    return outcome


def _nearest_junctions(problem: Problem, budget_s: float) -> Outcome:
    """Find nearest junctions, as many do: what that costs in metres is the point of the row."""
    from scipy.spatial import KDTree

    outcome = Outcome(done=1, of=1, remark="junctions instead of streets")
    with outcome.step("snap"):
        away_m, _ = KDTree(np.column_stack([problem["x"], problem["y"]])).query(problem["points"])
    outcome.found["distance_m"] = away_m
    return outcome


PEERS = {
    "snap": {
        "osmnx": Peer("OSMnx nearest_edges", "osmnx", _osmnx),
        "nodes": Peer("scipy KDTree, nearest junction", "scipy", _nearest_junctions),
    }
}
