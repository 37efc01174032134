"""What networkx is told of our backend when it is imported; the backend itself loads when it is first used."""

from __future__ import annotations

from typing import Any

FUNCTIONS = (
    "multi_source_dijkstra",
    "multi_source_dijkstra_path",
    "multi_source_dijkstra_path_length",
    "single_source_dijkstra",
    "single_source_dijkstra_path",
    "single_source_dijkstra_path_length",
)


def get_info() -> dict[str, Any]:
    """Return what the entry point ``networkx.backend_info`` asks for."""
    note = "Weights are names of edge attributes; with a function as weight networkx runs the call itself."
    return {
        "backend_name": "gridtwin",
        "project": "gridtwin",
        "package": "gridtwin",
        "short_summary": "Dijkstra searches on compiled arrays.",
        "functions": {name: {"additional_docs": note} for name in FUNCTIONS},
    }
