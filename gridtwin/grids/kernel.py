"""Compiled kernel: balanced, contiguous, compact division of one connected graph of units.

Recursive bisection by random spanning trees makes a first plan; annealed merge–split moves (two neighbouring
grids are merged and cut again at the best of *all* edges of a random spanning tree, each scored exactly) and
boundary flips improve it. Everything is plain loops over arrays, deterministic for a seed.

Notes
-----
Tree cuts follow recombination (ReCom): DeFord, Duchin and Solomon, "Recombination: a family of Markov chains
for redistricting", Harvard Data Science Review 3.1 (2021). Instead of sampling one balanced edge, every tree
edge is scored with the full objective in O(m · depth): households, area and perimeter of the two sides by
subtree sums, border lengths and compound splits by lowest common ancestors.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gridtwin.jit import compiled

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.int8]
State = npt.NDArray[np.uint64]

NONE = -1
INFINITE = 1e18
BLOCKS_OF_TREES = 1500  # small graphs may try more spanning trees for one cut


class UnitGraph(NamedTuple):
    """One connected graph of ``n`` units in CSR form; ``border_m`` and ``cut`` run along its arcs."""

    households: Floats
    area_m2: Floats
    perimeter_m: Floats
    compound: Ints  # NONE: in no compound
    indptr: Ints
    head: Ints
    border_m: Floats
    cut: Floats  # cost of a boundary along this arc


class Objective(NamedTuple):
    """Bounds and weights; the cost of a plan is their weighted sum (lower is better)."""

    minimum: float
    maximum: float
    target: float
    outside: float  # a grid outside the bounds, and each 100 households outside
    compactness: float  # 1 − Polsby–Popper
    balance: float  # ((households − target) / 100)²
    compound_split: float  # each further grid that a compound is spread over
    stay: float  # each 100 households that keep their grid of the base plan


class Work(NamedTuple):
    """Working arrays of one thread: five of links, two of link lengths and costs, of nodes, sums and compounds."""

    links: Ints
    lengths: Floats
    nodes: Ints
    near: Ints
    sums: Floats
    compounds: Ints


@compiled
def random_unit(state: State) -> float:
    """Return the next uniform number in [0, 1) of a splitmix64 stream."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return float(z >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@compiled
def random_index(state: State, n: int) -> int:
    """Return a uniform integer in [0, n)."""
    return min(int(random_unit(state) * n), n - 1)


@compiled
def grid_cost(households: float, area: float, perimeter: float, k: int, goal: Objective) -> float:
    """Return the cost of a region that is to become ``k`` grids (of one grid for ``k`` = 1)."""
    low = goal.minimum * k
    high = goal.maximum * k
    cost = 0.0
    if households < low:
        cost = goal.outside * (1.0 + (low - households) / 100.0)
    elif households > high:
        cost = goal.outside * (1.0 + (households - high) / 100.0)
    off = (households / k - goal.target) / 100.0
    round_ = 1.0 - 4.0 * np.pi * area / max(perimeter * perimeter, 1.0)
    return cost + goal.compactness * round_ / k + goal.balance * off * off * k


@compiled
def workspace(graph: UnitGraph) -> Work:
    """Return the arrays that cuts of this graph share, so that none is made anew for each of thousands."""
    n = len(graph.households)
    arcs = len(graph.head)
    compounds = 0
    for u in range(n):
        compounds = max(compounds, graph.compound[u] + 1)
    return Work(
        np.empty((5, arcs // 2 + 1), np.int32),
        np.empty((2, arcs // 2 + 1)),
        np.empty((13, n + 1), np.int32),
        np.empty(2 * n, np.int32),
        np.empty((8, n)),
        np.empty((2, compounds), np.int32),
    )


@compiled
def _root(parent: Ints, x: int) -> int:
    while parent[x] != x:
        parent[x] = parent[parent[x]]
        x = parent[x]
    return x


@compiled
def _breadth_first(root: int, indptr: Ints, near: Ints, order: Ints, up: Ints, depth: Ints) -> None:
    """Write order, parent and depth of the nodes of a tree, from its root."""
    order[0] = root
    up[root] = NONE
    depth[root] = 0
    first = 0
    last = 1
    while first < last:
        x = order[first]
        first += 1
        for e in range(indptr[x], indptr[x + 1]):
            y = near[e]
            if y != up[x]:
                up[y] = x
                depth[y] = depth[x] + 1
                order[last] = y
                last += 1


@compiled
def _random_tree(m: int, count: int, work: Work) -> bool:
    """Grow a random spanning tree over ``count`` links; return whether it spans.

    The links are taken in order of their buckets (a counting sort of random keys, as many buckets as links).
    Leaves order (breadth first), parent and depth of the nodes in ``work``, from a root in the middle of the tree,
    so that ways to common ancestors are short.
    """
    tail, head, bucket, place, start = work.links
    order, up, depth, parent, degree, indptr, fill = work.nodes[:7]
    near = work.near
    for q in range(count + 1):
        start[q] = 0
    for e in range(count):
        start[bucket[e] + 1] += 1
    for q in range(count):
        start[q + 1] += start[q]
    for e in range(count):
        b = bucket[e]
        place[start[b]] = e
        start[b] += 1
    for i in range(m):
        parent[i] = i
        degree[i] = 0
    taken = 0
    for q in range(count):
        e = place[q]
        a = _root(parent, tail[e])
        b = _root(parent, head[e])
        if a != b:
            parent[a] = b
            place[taken] = e  # links before q have been looked at: their places are free
            taken += 1
            degree[tail[e]] += 1
            degree[head[e]] += 1
            if taken == m - 1:
                break
    if taken < m - 1:
        return False
    indptr[0] = 0
    for i in range(m):
        indptr[i + 1] = indptr[i] + degree[i]
        fill[i] = indptr[i]
    for t in range(taken):
        a = tail[place[t]]
        b = head[place[t]]
        near[fill[a]] = b
        fill[a] += 1
        near[fill[b]] = a
        fill[b] += 1
    _breadth_first(0, indptr, near, order, up, depth)
    for i in range(m):
        fill[i] = 1
    middle = 0
    for t in range(m - 1, 0, -1):  # the deepest node that half of the others lie under
        x = order[t]
        if 2 * fill[x] >= m:
            middle = x
            break
        fill[up[x]] += fill[x]
    if middle != 0:
        _breadth_first(middle, indptr, near, order, up, depth)
    return True


@compiled
def _meet(a: int, b: int, up: Ints, depth: Ints) -> int:
    """Return the lowest common ancestor of ``a`` and ``b``."""
    while a != b:
        if depth[a] >= depth[b]:
            a = up[a]
        else:
            b = up[b]
    return a


@compiled
def _compound_splits(nodes: Ints, m: int, compound: Ints, splits: Floats, work: Work) -> None:
    """Leave in ``splits`` for each tree node how many compounds a cut above it splits.

    That is, compounds with a member below the cut minus those wholly below: each counts once at each member,
    minus once at the ancestors where consecutive members (in preorder) meet, minus once from the top down.
    """
    order, up, depth, size, preorder, sequence, nxt = work.nodes[:7]
    last, top = work.compounds
    for i in range(m):
        size[i] = 1
        splits[i] = 0.0
        c = compound[nodes[i]]
        if c >= 0:
            last[c] = NONE
            top[c] = NONE
    for t in range(m - 1, 0, -1):
        size[up[order[t]]] += size[order[t]]
    preorder[order[0]] = 0
    sequence[0] = order[0]
    nxt[order[0]] = 1
    for t in range(1, m):
        x = order[t]
        y = up[x]
        preorder[x] = nxt[y]
        nxt[y] += size[x]
        nxt[x] = preorder[x] + 1
        sequence[preorder[x]] = x
    for t in range(m):
        x = sequence[t]
        c = compound[nodes[x]]
        if c < 0:
            continue
        splits[x] += 1.0
        if last[c] >= 0:
            meet = _meet(last[c], x, up, depth)
            splits[meet] -= 1.0
            top[c] = _meet(top[c], meet, up, depth)
        else:
            top[c] = x
        last[c] = x
    for i in range(m):
        c = compound[nodes[i]]
        if c >= 0 and top[c] >= 0:
            splits[top[c]] -= 1.0
            top[c] = NONE
    for t in range(m - 1, 0, -1):
        splits[up[order[t]]] += splits[order[t]]


@compiled
def tree_cut(
    nodes: Ints,
    m: int,
    local: Ints,
    graph: UnitGraph,
    goal: Objective,
    k: int,
    bias: float,
    base: Ints,
    grid_a: int,
    grid_b: int,
    pin: Bytes,
    side: Bytes,
    work: Work,
    state: State,
) -> tuple[float, int]:
    """Cut ``nodes[:m]`` in two at the best edge of one random spanning tree.

    ``side`` receives 1 for the nodes of the first part; ``local`` maps units to positions in ``nodes``.
    Nodes with ``pin`` 1 or 2 stay in the first or second part (empty: none is pinned).
    The first part is to become ``k1`` of the ``k`` grids. Returns the cost of both parts with the cut, and
    ``k1`` (0: the nodes are not connected).
    """
    tail, head, bucket, _, _ = work.links
    border, cut = work.lengths
    order, up, depth = work.nodes[:3]
    pins_a, pins_b = work.nodes[7:9]
    households, area, outline, crossing_m, crossing, stay_a, stay_b, splits = work.sums
    stay = goal.stay > 0.0 and grid_a >= 0
    pinned = len(pin) > 0
    count = 0
    compounds = False
    for i in range(m):
        u = nodes[i]
        inner = 0.0
        for e in range(graph.indptr[u], graph.indptr[u + 1]):
            j = local[graph.head[e]]
            if j < 0:
                continue
            inner += graph.border_m[e]
            if j > i:
                tail[count] = i
                head[count] = j
                border[count] = graph.border_m[e]
                cut[count] = graph.cut[e]
                count += 1
        households[i] = graph.households[u]
        area[i] = graph.area_m2[u]
        outline[i] = graph.perimeter_m[u] - inner
        crossing_m[i] = 0.0
        crossing[i] = 0.0
        stay_a[i] = 0.0
        stay_b[i] = 0.0
        pins_a[i] = 0
        pins_b[i] = 0
        splits[i] = 0.0
        if graph.compound[u] >= 0:
            compounds = True
        if pinned:
            pins_a[i] = 1 if pin[i] == 1 else 0
            pins_b[i] = 1 if pin[i] == 2 else 0
        if stay:
            if base[u] == grid_a:
                stay_a[i] = graph.households[u] + 1.0
            elif base[u] == grid_b:
                stay_b[i] = graph.households[u] + 1.0
    for e in range(count):  # costly borders come early, and so stay in the tree
        bucket[e] = int(random_unit(state) / (1.0 + bias * cut[e]) * count)
    if count == 0 or not _random_tree(m, count, work):
        return INFINITE, 0
    for e in range(count):
        a = tail[e]
        b = head[e]
        crossing_m[a] += border[e]
        crossing_m[b] += border[e]
        crossing[a] += cut[e]
        crossing[b] += cut[e]
        meet = _meet(a, b, up, depth)
        crossing_m[meet] -= 2.0 * border[e]
        crossing[meet] -= 2.0 * cut[e]
    for t in range(m - 1, 0, -1):
        x = order[t]
        y = up[x]
        households[y] += households[x]
        area[y] += area[x]
        outline[y] += outline[x]
        crossing_m[y] += crossing_m[x]
        crossing[y] += crossing[x]
    if stay or pinned:
        for t in range(m - 1, 0, -1):
            x = order[t]
            y = up[x]
            stay_a[y] += stay_a[x]
            stay_b[y] += stay_b[x]
            pins_a[y] += pins_a[x]
            pins_b[y] += pins_b[x]
    if compounds and goal.compound_split > 0.0:
        _compound_splits(nodes, m, graph.compound, splits, work)
    root = order[0]
    total = households[root]
    best = INFINITE
    best_node = NONE
    best_k = 0
    best_swap = False
    for t in range(1, m):
        x = order[t]
        straight = pins_b[x] == 0 and pins_a[x] == pins_a[root]
        swapped = pins_a[x] == 0 and pins_b[x] == pins_b[root]
        if not straight and not swapped:
            continue
        low_k = 1
        high_k = 1
        if k > 2:
            low_k = min(max(int(np.floor(households[x] / max(total, 1.0) * k)), 1), k - 1)
            high_k = min(low_k + 1, k - 1)
        for k1 in range(low_k, high_k + 1):
            cost = (
                grid_cost(households[x], area[x], outline[x] + crossing_m[x], k1, goal)
                + grid_cost(
                    total - households[x],
                    area[root] - area[x],
                    outline[root] - outline[x] + crossing_m[x],
                    k - k1,
                    goal,
                )
                + crossing[x]
                + goal.compound_split * splits[x]
            )
            swap = not straight
            if stay:
                kept = stay_a[x] + stay_b[root] - stay_b[x]
                kept_swapped = stay_b[x] + stay_a[root] - stay_a[x]
                swap = not straight or (swapped and kept_swapped > kept)
                cost -= goal.stay * (kept_swapped if swap else kept) / 100.0
            if cost < best:
                best = cost
                best_node = x
                best_k = k1
                best_swap = swap
    if best_node < 0:
        return INFINITE, 0
    for i in range(m):
        side[i] = 0
    side[best_node] = 1
    for t in range(1, m):
        if side[up[order[t]]] == 1:
            side[order[t]] = 1
    if best_swap:
        for i in range(m):
            side[i] = 1 - side[i]
    return best, best_k


@compiled
def seed_plan(graph: UnitGraph, goal: Objective, k: int, tries: int, bias: float, state: State) -> tuple[Ints, int]:
    """Bisect the graph recursively into at most ``k`` connected grids; return labels and their number."""
    n = len(graph.households)
    labels = np.zeros(n, np.int32)
    local = np.full(n, NONE, np.int32)
    nodes = np.empty(n, np.int32)
    side = np.zeros(n, np.int8)
    best_side = np.zeros(n, np.int8)
    no_base = np.full(1, NONE, np.int32)
    no_pin = np.zeros(0, np.int8)
    work = workspace(graph)
    stack_label = np.zeros(k + 1, np.int32)
    stack_k = np.zeros(k + 1, np.int32)
    stack_k[0] = k
    depth = 1
    grids = 1
    while depth > 0:
        depth -= 1
        label = stack_label[depth]
        parts = stack_k[depth]
        if parts <= 1:
            continue
        m = 0
        for u in range(n):
            if labels[u] == label:
                nodes[m] = u
                local[u] = m
                m += 1
        best = INFINITE
        best_k = 0
        if m >= 2:
            for _ in range(max(2, min(tries, BLOCKS_OF_TREES // m))):
                cost, k1 = tree_cut(
                    nodes, m, local, graph, goal, parts, bias, no_base, NONE, NONE, no_pin, side, work, state
                )
                if cost < best:
                    best = cost
                    best_k = k1
                    best_side[:m] = side[:m]
        for i in range(m):
            local[nodes[i]] = NONE
        if best_k == 0:
            continue
        for i in range(m):
            if best_side[i] == 0:
                labels[nodes[i]] = grids
        stack_label[depth] = label
        stack_k[depth] = best_k
        stack_label[depth + 1] = grids
        stack_k[depth + 1] = parts - best_k
        depth += 2
        grids += 1
    return labels, grids


@compiled
def totals(graph: UnitGraph, labels: Ints, k: int) -> tuple[Floats, Floats, Floats, Ints, float]:
    """Return households, area, perimeter and number of units of each grid, and the cost of all cuts."""
    households = np.zeros(k)
    area = np.zeros(k)
    perimeter = np.zeros(k)
    units = np.zeros(k, np.int32)
    cut = 0.0
    for u in range(len(labels)):
        g = labels[u]
        households[g] += graph.households[u]
        area[g] += graph.area_m2[u]
        perimeter[g] += graph.perimeter_m[u]
        units[g] += 1
        for e in range(graph.indptr[u], graph.indptr[u + 1]):
            if labels[graph.head[e]] == g:
                perimeter[g] -= graph.border_m[e]
            else:
                cut += 0.5 * graph.cut[e]
    return households, area, perimeter, units, cut


@compiled
def compound_counts(graph: UnitGraph, labels: Ints, k: int) -> Ints:
    """Return how many units of each compound lie in each grid, as a table of compounds by grids."""
    top = 0
    for u in range(len(labels)):
        top = max(top, graph.compound[u] + 1)
    counts = np.zeros((top, k), np.int32)
    for u in range(len(labels)):
        if graph.compound[u] >= 0:
            counts[graph.compound[u], labels[u]] += 1
    return counts


@compiled
def plan_cost(graph: UnitGraph, goal: Objective, labels: Ints, k: int, base: Ints) -> float:
    """Return the objective of a plan."""
    households, area, perimeter, _, cost = totals(graph, labels, k)
    for g in range(k):
        cost += grid_cost(households[g], area[g], perimeter[g], 1, goal)
    counts = compound_counts(graph, labels, k)
    for c in range(counts.shape[0]):
        spread = 0
        for g in range(k):
            if counts[c, g] > 0:
                spread += 1
        cost += goal.compound_split * max(spread - 1, 0)
    if goal.stay > 0.0:
        for u in range(len(labels)):
            if base[u] == labels[u]:
                cost -= goal.stay * (graph.households[u] + 1.0) / 100.0
    return cost


@compiled
def _still_connected(u: int, graph: UnitGraph, labels: Ints, seen: Ints, stamp: int, queue: Ints) -> bool:
    """Return whether the grid of ``u`` stays connected when ``u`` leaves it."""
    own = labels[u]
    first = NONE
    need = 0
    for e in range(graph.indptr[u], graph.indptr[u + 1]):
        if labels[graph.head[e]] == own:
            first = graph.head[e]
            need += 1
    if need <= 1:
        return need == 1
    need -= 1
    seen[u] = stamp
    seen[first] = stamp
    queue[0] = first
    start = 0
    stop = 1
    while start < stop and need > 0:
        x = queue[start]
        start += 1
        for e in range(graph.indptr[x], graph.indptr[x + 1]):
            y = graph.head[e]
            if labels[y] == own and seen[y] != stamp:
                seen[y] = stamp
                queue[stop] = y
                stop += 1
                for f in range(graph.indptr[u], graph.indptr[u + 1]):
                    if graph.head[f] == y:
                        need -= 1
                        break
    return need == 0


@compiled
def _move(u: int, target: int, labels: Ints, first: Ints, nxt: Ints, prev: Ints) -> None:
    """Move unit ``u`` to grid ``target`` in the linked lists of members."""
    own = labels[u]
    if prev[u] >= 0:
        nxt[prev[u]] = nxt[u]
    else:
        first[own] = nxt[u]
    if nxt[u] >= 0:
        prev[nxt[u]] = prev[u]
    nxt[u] = first[target]
    prev[u] = NONE
    if first[target] >= 0:
        prev[first[target]] = u
    first[target] = u
    labels[u] = target


@compiled
def anneal(
    graph: UnitGraph,
    goal: Objective,
    start: Ints,
    k: int,
    cuts: int,
    flips: int,
    hot: float,
    cold: float,
    bias: float,
    base: Ints,
    locked: Flags,
    pinned: Flags,
    state: State,
) -> tuple[float, Ints]:
    """Improve a plan by ``cuts`` merge–split moves, each followed by ``flips`` boundary flips.

    Metropolis acceptance, temperature falling geometrically from ``hot`` to ``cold``; the best plan of the
    second half is returned with its cost. Grids flagged in ``locked`` never change, units flagged in ``pinned``
    never leave their grid.
    """
    n = len(graph.households)
    labels = start.copy()
    households, area, perimeter, units, _ = totals(graph, labels, k)
    counts = compound_counts(graph, labels, k)
    cost = plan_cost(graph, goal, labels, k, base)
    best = cost
    best_labels = labels.copy()
    local = np.full(n, NONE, np.int32)
    nodes = np.empty(n, np.int32)
    any_pinned = pinned.any()
    pin = np.zeros(n if any_pinned else 0, np.int8)
    work = workspace(graph)
    side = np.zeros(n, np.int8)
    seen = np.zeros(n, np.int32)
    queue = np.empty(n, np.int32)
    stamp = 0
    first = np.full(k, NONE, np.int32)
    nxt = np.full(n, NONE, np.int32)
    prev = np.full(n, NONE, np.int32)
    for u in range(n):
        g = labels[u]
        nxt[u] = first[g]
        if first[g] >= 0:
            prev[first[g]] = u
        first[g] = u
    for step in range(cuts):
        heat = hot * (cold / hot) ** (step / cuts)
        a = 0
        b = NONE
        for _ in range(20):
            u = random_index(state, n)
            a = labels[u]
            b = NONE
            for e in range(graph.indptr[u], graph.indptr[u + 1]):
                if labels[graph.head[e]] != a:
                    b = labels[graph.head[e]]
            if b >= 0 and not locked[a] and not locked[b]:
                break
            b = NONE
        if b >= 0:
            m = 0
            for g in (a, b):
                u = first[g]
                while u >= 0:
                    nodes[m] = u
                    local[u] = m
                    m += 1
                    u = nxt[u]
            old = grid_cost(households[a], area[a], perimeter[a], 1, goal) + grid_cost(
                households[b], area[b], perimeter[b], 1, goal
            )
            for i in range(m):
                u = nodes[i]
                if any_pinned:
                    pin[i] = 0 if not pinned[u] else (1 if labels[u] == a else 2)
                if goal.stay > 0.0 and base[u] == labels[u]:
                    old -= goal.stay * (graph.households[u] + 1.0) / 100.0
                if labels[u] != a:
                    continue
                for e in range(graph.indptr[u], graph.indptr[u + 1]):
                    if labels[graph.head[e]] == b:
                        old += graph.cut[e]
                c = graph.compound[u]
                if c >= 0 and counts[c, b] > 0:
                    old += goal.compound_split / counts[c, a]
            new, k1 = tree_cut(nodes, m, local, graph, goal, 2, bias, base, a, b, pin, side, work, state)
            for i in range(m):
                local[nodes[i]] = NONE
            if k1 > 0 and (new <= old or random_unit(state) < np.exp((old - new) / heat)):
                for i in range(m):
                    u = nodes[i]
                    g = a if side[i] == 1 else b
                    if g != labels[u]:
                        c = graph.compound[u]
                        if c >= 0:
                            counts[c, labels[u]] -= 1
                            counts[c, g] += 1
                        _move(u, g, labels, first, nxt, prev)
                for g in (a, b):
                    households[g] = 0.0
                    area[g] = 0.0
                    perimeter[g] = 0.0
                    units[g] = 0
                for i in range(m):
                    u = nodes[i]
                    g = labels[u]
                    households[g] += graph.households[u]
                    area[g] += graph.area_m2[u]
                    perimeter[g] += graph.perimeter_m[u]
                    units[g] += 1
                    for e in range(graph.indptr[u], graph.indptr[u + 1]):
                        if labels[graph.head[e]] == g:
                            perimeter[g] -= graph.border_m[e]
                cost += new - old
                if cost < best - 1e-9 and 2 * step >= cuts:
                    best = cost
                    best_labels[:] = labels
        for _ in range(flips):
            u = random_index(state, n)
            degree = graph.indptr[u + 1] - graph.indptr[u]
            if degree == 0:
                continue
            a = labels[u]
            b = labels[graph.head[graph.indptr[u] + random_index(state, degree)]]
            if a == b or units[a] < 2 or locked[a] or locked[b] or pinned[u]:
                continue
            border_a = 0.0
            border_b = 0.0
            delta = 0.0
            for e in range(graph.indptr[u], graph.indptr[u + 1]):
                g = labels[graph.head[e]]
                if g == a:
                    border_a += graph.border_m[e]
                    delta += graph.cut[e]
                elif g == b:
                    border_b += graph.border_m[e]
                    delta -= graph.cut[e]
            perimeter_a = perimeter[a] - graph.perimeter_m[u] + 2.0 * border_a
            perimeter_b = perimeter[b] + graph.perimeter_m[u] - 2.0 * border_b
            delta += (
                grid_cost(households[a] - graph.households[u], area[a] - graph.area_m2[u], perimeter_a, 1, goal)
                + grid_cost(households[b] + graph.households[u], area[b] + graph.area_m2[u], perimeter_b, 1, goal)
                - grid_cost(households[a], area[a], perimeter[a], 1, goal)
                - grid_cost(households[b], area[b], perimeter[b], 1, goal)
            )
            c = graph.compound[u]
            if c >= 0:
                if counts[c, a] == 1:
                    delta -= goal.compound_split
                if counts[c, b] == 0:
                    delta += goal.compound_split
            if goal.stay > 0.0:
                if base[u] == a:
                    delta += goal.stay * (graph.households[u] + 1.0) / 100.0
                elif base[u] == b:
                    delta -= goal.stay * (graph.households[u] + 1.0) / 100.0
            if delta > 0.0 and random_unit(state) >= np.exp(-delta / heat):
                continue
            stamp += 1
            if not _still_connected(u, graph, labels, seen, stamp, queue):
                continue
            if c >= 0:
                counts[c, a] -= 1
                counts[c, b] += 1
            _move(u, b, labels, first, nxt, prev)
            perimeter[a] = perimeter_a
            perimeter[b] = perimeter_b
            households[a] -= graph.households[u]
            households[b] += graph.households[u]
            area[a] -= graph.area_m2[u]
            area[b] += graph.area_m2[u]
            units[a] -= 1
            units[b] += 1
            cost += delta
            if cost < best - 1e-9 and 2 * step >= cuts:
                best = cost
                best_labels[:] = labels
    return best, best_labels
