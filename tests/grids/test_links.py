"""Links: which grids are near which."""

from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gridtwin.grids.links import beside

GRIDS = 8
PAIRS = st.lists(st.tuples(st.integers(0, GRIDS - 1), st.integers(0, GRIDS - 1)))


@given(PAIRS, st.lists(st.booleans(), min_size=GRIDS, max_size=GRIDS), st.integers(0, 10_000))
def test_grids_beside_others(pairs: list[tuple[int, int]], chosen: list[bool], rings: int) -> None:
    """A grid is beside the chosen ones if it is at most so many steps from one; what was given stays as it is."""
    flags = np.array(chosen)
    a, b = np.array(pairs, np.int64).reshape(-1, 2).T
    found = beside(flags, a, b, rings=rings)
    net = nx.Graph(pairs)
    net.add_nodes_from(range(GRIDS))
    reach = nx.multi_source_dijkstra_path_length(net, set(np.flatnonzero(chosen)), cutoff=rings) if any(chosen) else {}
    assert set(np.flatnonzero(found)) == set(reach)
    assert flags.tolist() == chosen
