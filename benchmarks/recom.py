"""gerrychain as peers: its recursive tree partition, and ReCom chains that optimise from there.

ReCom starts from a recursive tree partition within the bounds; where lumpy units allow none, from one within a wider
tolerance, at last from METIS'. Short bursts then look for the fewest grids outside the bounds and, among those, the
cheapest boundaries (in GridTwin's costs); the steps are a fixed number, shared out by grids.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.part import Indices, Part, faults

SEED = 1
TREE_ATTEMPTS = 10_000  # at each cut; a tenth of gerrychain's default, which fails ten times as slowly
EPSILON = 0.25  # (500 − 400) / 400
SEED_ATTEMPTS = 500  # of a start of a chain, at each tolerance
WIDER = (0.5, 0.75, 0.95)  # tolerances of a start where the bounds allow none
STEPS = 60_000  # of all chains of an input together
BURST = 10  # steps; the documentation's examples take 5 to 10
PAIR_ATTEMPTS = 100  # spanning trees before ReCom turns to another pair, as in the documentation
SURCHARGE = 1.0  # random weights are drawn from 0 … 1; from 1 on, links between compounds come last


def tree_partition(part: Part) -> Indices:
    """Divide by gerrychain's recursive tree partition: random spanning trees, one balanced edge at a time."""
    return _tree_labels(part, _within_bounds(part), TREE_ATTEMPTS)


def recom(part: Part, *, surcharge: float = 0.0) -> Indices:
    """Divide by short bursts of ReCom; a ``surcharge`` on links between compounds makes trees keep these whole."""
    from gerrychain import Partition
    from gerrychain.optimization import SingleMetricOptimizer
    from gerrychain.proposals import recom as propose
    from gerrychain.proposals.tree_proposals import MetagraphError
    from gerrychain.tree import PopulationBalanceError, bipartition_tree
    from gerrychain.updaters import Tally, cut_edges

    regions = {"compound": surcharge} if surcharge else None
    graph, node = _graph(part)
    labels, epsilon = _start(part, regions)
    updaters = {"households": Tally("households"), "cut_edges": cut_edges}
    start = Partition(graph, dict(zip(node.tolist(), labels.tolist(), strict=True)), updaters)
    proposal = partial(
        propose,
        pop_col="households",
        pop_target=part.households.sum() / part.k,
        epsilon=epsilon,
        region_surcharge=regions,
        bipartition_tree_fn=partial(bipartition_tree, max_attempts=PAIR_ATTEMPTS, allow_pair_reselection=True),
    )
    optimizer = SingleMetricOptimizer(proposal, [], start, _score(part, node), maximize=False, rng=SEED)
    # No pair of neighbours can be divided anew: the best plan so far counts.
    with contextlib.suppress(MetagraphError, PopulationBalanceError):
        for _ in optimizer.short_bursts(BURST, max(round(STEPS * part.share / BURST), 1)):
            pass
    found = optimizer.best_part.assignment.mapping
    return np.array([found[at] for at in node.tolist()])


def _graph(part: Part) -> tuple[Any, Indices]:
    """Return gerrychain's graph, on its quicker backend, and its node of each unit."""
    import networkx as nx
    from gerrychain import Graph

    compound = [int(number) if number >= 0 else None for number in part.compound]
    plain = nx.Graph()
    plain.add_nodes_from(
        (unit, {"households": load, "compound": compound[unit]}) for unit, load in enumerate(part.households.tolist())
    )
    plain.add_edges_from(zip(part.a.tolist(), part.b.tolist(), strict=True))
    graph = Graph.from_networkx(plain).convert_from_nx_to_rx()
    to_node = graph.get_nx_to_rx_node_id_map()
    return graph, np.array([to_node[unit] for unit in range(len(part.households))])


def _within_bounds(part: Part) -> float:
    """Return the tolerance within which every grid is within the bounds (the usual one if there is none)."""
    target = part.households.sum() / part.k
    epsilon = min(EPSILON, part.maximum / target - 1, 1 - part.minimum / target)
    return epsilon if epsilon > 0 else EPSILON


def _tree_labels(part: Part, epsilon: float, attempts: int, regions: dict[str, float] | None = None) -> Indices:
    """Return the grids of a recursive tree partition, or raise what gerrychain raises."""
    from gerrychain.partition import recursive_tree_part
    from gerrychain.tree import bipartition_tree

    graph, node = _graph(part)
    found = recursive_tree_part(
        graph,
        range(part.k),
        part.households.sum() / part.k,
        "households",
        epsilon,
        bipartition_tree_fn=partial(bipartition_tree, max_attempts=attempts, region_surcharge=regions),
        rng=SEED,
    )
    return np.array([found[at] for at in node.tolist()])


def _start(part: Part, regions: dict[str, float] | None) -> tuple[Indices, float]:
    """Return the grids a chain starts from, and the tolerance its proposals keep."""
    for epsilon in (_within_bounds(part), *WIDER):
        try:
            return _tree_labels(part, epsilon, SEED_ATTEMPTS, regions), epsilon
        except Exception:  # noqa: BLE001 - gerrychain raises RuntimeError, KeyError and errors of its own
            continue
    from benchmarks.peers import metis_recursive

    labels = metis_recursive(part)
    if faults(part, labels) != (0, 0):
        raise RuntimeError("no start: neither trees nor METIS give contiguous grids")
    return labels, WIDER[-1]


def _score(part: Part, node: Indices) -> Callable[[Any], float]:
    """Return what the chain makes small: grids outside the bounds, then the cost of boundaries."""
    whole = 1.0 + float(part.cost.sum())
    ends = np.sort(np.column_stack([node[part.a], node[part.b]]), axis=1)
    cost = dict(zip(map(tuple, ends.tolist()), part.cost.tolist(), strict=True))

    def score(partition: Any) -> float:
        loads = partition["households"].values()
        missed = sum(not part.minimum <= load <= part.maximum for load in loads)
        return whole * missed + sum(cost[edge] for edge in partition["cut_edges"])

    return score
