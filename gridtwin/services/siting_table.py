"""A problem of siting: who would walk how far to which site, and what is asked for; made small for the solvers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gridtwin.errors import UsageError
from gridtwin.i18n import mark
from gridtwin.services.kernel_siting import Flags, Floats, Indices, dominated, same_sites, worth

OBJECTIVES = ("coverage", "distance")


@dataclass(frozen=True)
class SitingProblem:
    """Sites, demands, and the walks between them that are within a limit.

    Attributes
    ----------
    ptr
        The walks to site ``s`` are ``ptr[s]:ptr[s + 1]``, (sites + 1,).
    demand
        Demand at the other end of each walk, (walks,).
    cost
        Seconds or metres of each walk, at most ``limit``, (walks,).
    weight
        People of each demand, 0 or more, (demands,).
    limit
        Longest walk that counts as service.
    objective
        ``"coverage"``: most people within the limit (maximal covering). ``"distance"``: least walking of all people
        together (p-median), where a walk beyond the limit counts as the limit.
    existing
        Sites that are open already and take no place among those chosen, (sites,).
    mandatory
        Sites that must be chosen, (sites,).
    forbidden
        Sites that must not be chosen, (sites,).
    capacity
        People that each site can serve, infinite for any number, (sites,). The people of one demand may go to
        different sites.
    """

    ptr: Indices
    demand: Indices
    cost: Floats
    weight: Floats
    limit: float
    objective: str = "coverage"
    existing: Flags | None = None
    mandatory: Flags | None = None
    forbidden: Flags | None = None
    capacity: Floats | None = None

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        if self.objective not in OBJECTIVES:
            raise UsageError(
                "objective_unknown",
                mark("'{objective}' is no objective; take one of: {known}"),
                objective=self.objective,
                known=", ".join(OBJECTIVES),
            )
        for name in ("existing", "mandatory", "forbidden", "capacity"):
            if getattr(self, name) is not None and len(getattr(self, name)) != self.sites:
                raise UsageError("sites_differ", mark("'{name}' needs one value for each site"), name=name)
        if (self.flags("mandatory") & self.flags("forbidden")).any():
            raise UsageError("sites_contradict", mark("a site cannot be both mandatory and forbidden"))
        if self.capacity is not None and not (self.capacity >= 0).all():
            raise UsageError("capacity_wrong", mark("capacities must be 0 or more"))
        if len(self.weight) and not (np.isfinite(self.weight).all() and self.weight.min() >= 0):
            raise UsageError("weight_wrong", mark("the people of each demand must be a number, 0 or more"))

    @property
    def sites(self) -> int:
        """Number of sites."""
        return len(self.ptr) - 1

    @property
    def total(self) -> float:
        """People of all demands."""
        return float(self.weight.sum())

    @property
    def capacitated(self) -> bool:
        """Whether any site that may be used has a capacity."""
        return bool(np.isfinite(self.rooms[self.usable]).any())

    @property
    def usable(self) -> Flags:
        """Sites that are open or may be chosen, and can serve anybody, (sites,)."""
        return (~self.flags("forbidden") | self.flags("existing")) & (self.rooms > 0.0)

    def flags(self, name: str) -> Flags:
        """Return ``existing``, ``mandatory`` or ``forbidden``, none by default, (sites,)."""
        given = getattr(self, name)
        return np.zeros(self.sites, bool) if given is None else np.asarray(given, bool)

    @property
    def rooms(self) -> Floats:
        """Capacity of each site, infinite by default, (sites,)."""
        return np.full(self.sites, np.inf) if self.capacity is None else np.asarray(self.capacity, np.float64)

    @property
    def gain(self) -> Floats:
        """What each walk is worth if all people of its demand take it: people, or people times cost saved, (walks,)."""
        people = self.weight[self.demand]
        return people if self.objective == "coverage" else people * (self.limit - self.cost)

    def within(self, limit: float) -> SitingProblem:
        """Return the problem of coverage within a shorter limit."""
        near = self.cost <= limit
        count = np.bincount(np.repeat(np.arange(self.sites), np.diff(self.ptr))[near], minlength=self.sites)
        return replace(
            self,
            ptr=np.r_[0, np.cumsum(count)].astype(np.int64),
            demand=self.demand[near],
            cost=self.cost[near],
            limit=limit,
            objective="coverage",
        )

    def walks_of(self, sites: Indices) -> Indices:
        """Return the rows of the walks to some sites, one site after the other."""
        count = self.ptr[sites + 1] - self.ptr[sites]
        ends = np.cumsum(count)
        rows = np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(self.ptr[sites] - ends + count, count)
        return np.asarray(rows, np.int64)


@dataclass(frozen=True)
class Table:
    """What is left to decide: a smaller problem in the form of the kernels.

    Attributes
    ----------
    ptr, demand, gain
        What each site is worth to which demand beyond what they have already, by site, demands in order, (rows,).
    need, capacity
        People of each demand, (demands,), and capacity of each site, (sites,).
    free
        Sites to choose among; the others are open, (sites,).
    site
        Number of each site in the problem, (sites,).
    base
        Worth of what is open already, where nothing is left to decide about it.
    """

    ptr: Indices
    demand: Indices
    gain: Floats
    need: Floats
    capacity: Floats
    free: Flags
    site: Indices
    base: float

    @property
    def sites(self) -> int:
        """Number of sites."""
        return len(self.site)

    @property
    def demands(self) -> int:
        """Number of demands."""
        return len(self.need)

    @property
    def capacitated(self) -> bool:
        """Whether any site has a capacity."""
        return bool(np.isfinite(self.capacity).any())

    @property
    def covering(self) -> bool:
        """Whether every site serves a demand as well as any other, whoever else it serves."""
        return not self.capacitated and bool((self.gain == self.need[self.demand]).all())

    @property
    def row_site(self) -> Indices:
        """Site of each row, (rows,)."""
        return np.repeat(np.arange(self.sites), np.diff(self.ptr))

    def by_demand(self) -> tuple[Indices, Indices, Indices]:
        """Return the table by demand: bounds, site and row, (demands + 1,), (rows,), (rows,)."""
        order = np.argsort(self.demand, kind="stable")
        ptr = np.searchsorted(self.demand[order], np.arange(self.demands + 1)).astype(np.int64)
        return ptr, self.row_site[order], order

    def keep(self, rows: Flags, sites: Flags) -> Table:
        """Return the table with some of its rows and sites; demands that are left without a site go."""
        rows = rows & sites[self.row_site]
        count = np.bincount(self.row_site[rows], minlength=self.sites)[sites]
        demands, demand = np.unique(self.demand[rows], return_inverse=True)
        return replace(
            self,
            ptr=np.r_[0, np.cumsum(count)].astype(np.int64),
            demand=demand.astype(np.int64),
            gain=self.gain[rows],
            need=self.need[demands],
            capacity=self.capacity[sites],
            free=self.free[sites],
            site=self.site[sites],
        )


def table_of(problem: SitingProblem) -> Table:
    """Return what is left to decide of a problem.

    Without capacities, what is open already changes only what the others add; demands that the same sites reach are
    one (for coverage); and sites that another replaces demand by demand are left out. None of this changes what the
    best choice is worth.
    """
    rows_in_order = np.lexsort([problem.demand, np.repeat(np.arange(problem.sites), np.diff(problem.ptr))])
    demand, gain = problem.demand[rows_in_order], problem.gain[rows_in_order]
    fixed = problem.usable & (problem.flags("existing") | problem.flags("mandatory"))
    table = Table(problem.ptr, demand, gain, problem.weight, problem.rooms, ~fixed, np.arange(problem.sites), base=0.0)
    if problem.capacitated:
        table = table.keep(gain > 0.0, problem.usable)
        return _merged(table) if problem.objective == "coverage" else table
    have = worth(table.ptr, demand, gain, len(table.need), np.flatnonzero(fixed))
    more = gain - have[demand]
    table = replace(table, gain=more, base=float(have.sum())).keep(more > 0.0, problem.usable & ~fixed)
    if problem.objective == "coverage":
        table = _merged(table)
    tptr, tsite, _ = table.by_demand()
    needless = dominated(table.ptr, table.demand, table.gain, tptr, tsite)
    return table.keep(np.ones(len(table.demand), bool), ~needless)


def _merged(table: Table) -> Table:
    """Return the table with demands that the same sites reach made one."""
    label = same_sites(table.ptr, table.demand, table.demands)
    _, first, number = np.unique(label, return_index=True, return_inverse=True)
    stay = np.zeros(table.demands, bool)
    stay[first] = True
    need = np.zeros(table.demands)
    need[first] = np.bincount(number, weights=table.need)
    out = replace(table, need=need, gain=need[table.demand])
    return out.keep(stay[table.demand], np.ones(table.sites, bool))
