"""Where the next facilities should stand: most people within reach, least walking, or fewest sites for a share.

:class:`SitingProblem` says what is asked for; :func:`site_most` and :func:`site_share` answer, always with a choice
that is no worse than the greedy one, and with a bound that says how far from the best it can be at most.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gridtwin.errors import UsageError
from gridtwin.i18n import mark
from gridtwin.services import kernel_siting as kernel
from gridtwin.services.kernel_siting import Floats, Indices
from gridtwin.services.siting_exact import choose_fewest, choose_most
from gridtwin.services.siting_greedy import (
    PRECISION,
    Choice,
    Deadline,
    assign,
    greedy_choice,
    greedy_order,
    improve,
    kicks_of,
    least_gain,
    most_of,
    most_of_count,
    relax,
    worth_of,
)
from gridtwin.services.siting_table import SitingProblem, Table, table_of

METHODS = ("auto", "fast", "exact")
# Undecided walks up to which "auto" asks for a proof, which then takes seconds: where coverage counts, and elsewhere.
AUTO_ROWS, AUTO_ROWS_ELSEWHERE = 100_000, 3_000
TIME_LIMIT_S = 60.0

__all__ = ["METHODS", "Siting", "SitingProblem", "served_by_rank", "site_most", "site_share"]


@dataclass(frozen=True)
class Siting:
    """Chosen sites, and how good the choice is known to be.

    Attributes
    ----------
    sites
        Chosen sites, numbers as in the problem, in the order in which each adds most to those before, (chosen,).
    worth
        People within reach (coverage), or people times cost saved (distance), with the existing sites.
    bound
        No choice of as many sites is worth more.
    before
        What the existing sites alone are worth.
    most
        What all sites together are worth.
    fewest
        No choice of fewer sites reaches the share that was asked for, or the highest that can be reached; None
        where a number was asked for.
    target
        Worth that was asked for; None where a number was.
    """

    sites: Indices
    worth: float
    bound: float
    before: float
    most: float
    fewest: int | None = None
    target: float | None = None

    @property
    def gap(self) -> float:
        """How far the choice may be from the best of as many sites, as a share of the best."""
        return (self.bound - self.worth) / self.bound if self.bound > self.worth else 0.0

    @property
    def proved(self) -> bool:
        """Whether no better choice of as many sites exists, and no smaller one that reaches the share."""
        return self.gap == 0.0 and self.fewest in (None, len(self.sites))

    @property
    def reached(self) -> bool:
        """Whether the share that was asked for is reached."""
        return self.target is None or self.worth >= self.target - PRECISION * max(1.0, self.target)

    def summary(self) -> dict[str, Any]:
        """Return the figures as plain values."""
        return {
            "sites": len(self.sites),
            "worth": self.worth,
            "bound": self.bound,
            "before": self.before,
            "most": self.most,
            "gap": self.gap,
            "fewest": self.fewest,
            "proved": self.proved,
            "reached": self.reached,
        }


def site_most(
    problem: SitingProblem,
    count: int,
    *,
    method: str = "auto",
    seed: int = 0,
    time_limit_s: float = TIME_LIMIT_S,
) -> Siting:
    """Choose up to ``count`` sites that are worth most: the maximal covering problem or the p-median.

    Parameters
    ----------
    problem
        What is asked for.
    count
        Number of sites besides the existing ones, mandatory ones included, 0 or more. Sites that add nothing are
        left out.
    method
        ``"fast"``: greedy, interchange and a bound by relaxation. ``"exact"``: then a programme of whole numbers.
        ``"auto"``: exact where that is likely to end soon.
    seed
        Seed of all random choices.
    time_limit_s
        When to stop; the choice then found is no worse than the greedy one. The same seed gives the same choice
        unless this limit is met.

    Returns
    -------
    Siting

    Raises
    ------
    UsageError
        If the method is unknown, or more sites are mandatory than may be chosen.

    Notes
    -----
    R. Church and C. ReVelle, "The maximal covering location problem", Papers of the Regional Science Association
    32 (1974); S. L. Hakimi, Operations Research 12 (1964), for the p-median.
    """
    _check_method(method)
    must = np.flatnonzero(problem.flags("mandatory") & ~problem.flags("existing"))
    if count < len(must):
        raise UsageError(
            "too_many_mandatory",
            mark("{count} sites cannot hold the {mandatory} that are mandatory"),
            count=count,
            mandatory=len(must),
        )
    table, deadline = table_of(problem), Deadline(time_limit_s)
    choice, bound = _most(table, count - len(must), None, method, seed, deadline)
    return _siting(problem, table, choice, bound, must)


def site_share(
    problem: SitingProblem,
    share: float,
    *,
    method: str = "auto",
    seed: int = 0,
    time_limit_s: float = TIME_LIMIT_S,
) -> Siting:
    """Choose the fewest sites that bring a share of all people within reach, and of those the best.

    Parameters
    ----------
    problem
        What is asked for; its objective must be coverage.
    share
        Share of all people, 0–1. Where it cannot be reached, the highest share that can be is aimed at, and the
        result says so.
    method, seed, time_limit_s
        As of :func:`site_most`.

    Raises
    ------
    UsageError
        If the method is unknown, the share is not within 0–1, or the objective is not coverage.

    Notes
    -----
    C. Toregas, R. Swain, C. ReVelle and L. Bergman, "The location of emergency service facilities", Operations
    Research 19 (1971), for a share of 1; M. Daskin and S. Owen, "Two new location covering problems", Geographical
    Analysis 31 (1999), below.
    """
    _check_method(method)
    if not 0.0 <= share <= 1.0:
        raise UsageError("share_wrong", mark("the share to reach must be from 0 to 1"))
    if problem.objective != "coverage":
        raise UsageError("share_of_distance", mark("a share of people within reach needs the objective 'coverage'"))
    must = np.flatnonzero(problem.flags("mandatory") & ~problem.flags("existing"))
    table, deadline = table_of(problem), Deadline(time_limit_s)
    target = share * problem.total
    most = _most_reachable(table)
    enough = min(target - table.base, most) - PRECISION * max(1.0, problem.total)
    choice, fewest = _fewest(table, enough, method, seed, deadline)
    choice, bound = _most(table, len(choice.sites), choice, method, seed, deadline)
    return replace(_siting(problem, table, choice, bound, must), fewest=fewest + len(must), target=target)


def served_by_rank(problem: SitingProblem, sites: Indices) -> tuple[Floats, Floats]:
    """Return how much of each demand is within reach, before and with each further site.

    Parameters
    ----------
    problem
        Whose demands; each counts as within reach, or not, whatever the objective.
    sites
        Sites in the order in which they open.

    Returns
    -------
    before, added
        Share of each demand that the existing sites serve, (demands,), and what each site adds to that,
        (chosen, demands). With capacities, nobody who is served loses that when another site opens.
    """
    existing = np.flatnonzero(problem.flags("existing") & problem.usable)
    covering = replace(problem, objective="coverage")
    demands = len(problem.weight)
    shares = np.zeros((len(sites) + 1, demands))
    table = Table(
        problem.ptr, problem.demand, covering.gain, problem.weight, problem.rooms,
        np.ones(problem.sites, bool), np.arange(problem.sites), 0.0,
    )  # fmt: skip
    for k in range(len(sites) + 1):
        opened = np.r_[existing, sites[:k]]
        if problem.capacitated:
            shares[k] = assign(table, opened, at_least=shares[k - 1] if k else None)[1]
        else:
            shares[k, problem.demand[problem.walks_of(opened if k == 0 else sites[k - 1 : k])]] = 1.0
            shares[k] = np.maximum(shares[k], shares[k - 1] if k else 0.0)
    return shares[0], np.maximum(np.diff(shares, axis=0), 0.0)


def _check_method(method: str) -> None:
    if method not in METHODS:
        raise UsageError(
            "method_unknown",
            mark("'{method}' is no method; take one of: {known}"),
            method=method,
            known=", ".join(METHODS),
        )


def _most(
    table: Table, count: int, start: Choice | None, method: str, seed: int, deadline: Deadline
) -> tuple[Choice, float]:
    """Return a choice of up to ``count`` sites, no worse than ``start``, and a bound on what any is worth."""
    choice = greedy_choice(table, count)
    if start is not None and start.worth >= choice.worth:
        choice = start
    most = _most_reachable(table)
    if choice.worth >= most - PRECISION * max(1.0, most):
        return choice, choice.worth
    if count >= int(table.free.sum()):
        return Choice(np.flatnonzero(table.free), most), most
    if not count:
        return choice, choice.worth
    choice = improve(table, choice, seed=seed, kicks=kicks_of(table), deadline=deadline)
    close = least_gain(table, choice.worth)
    shown, met = relax(table, count, choice.worth, close=close)
    if len(met.sites):
        choice = improve(table, met, seed=seed, kicks=0, deadline=deadline)
    bound = min(shown.bound, most_of_count(table, count))
    if bound < choice.worth + close:
        return choice, choice.worth
    if method != "fast":
        most_rows = _auto_rows(table) if method == "auto" else None
        choice, proved = choose_most(table, count, choice, shown, deadline, most_rows=most_rows)
        bound = min(bound, proved)
    return choice, bound


def _fewest(table: Table, enough: float, method: str, seed: int, deadline: Deadline) -> tuple[Choice, int]:
    """Return the smallest choice found that is worth ``enough``, and the number that it takes at least."""
    free = np.flatnonzero(table.free)
    choice = greedy_choice(table, len(free), enough=enough)
    if choice.worth < enough:  # what is served stays where it is in the greedy choice of sites of limited capacity
        choice = Choice(free, worth_of(table, free))
    while len(choice.sites) > 0 and not table.capacitated:
        fewer = greedy_choice(table, len(choice.sites) - 1)
        fewer = improve(table, fewer, seed=seed, kicks=kicks_of(table), deadline=deadline)
        if fewer.worth < enough:
            break
        choice = fewer
    fewest = _least_number(table, enough, len(choice.sites), deadline)
    small = len(table.demand) <= _auto_rows(table)
    if fewest < len(choice.sites) and (method == "exact" or (method == "auto" and small)):
        found, fewest = choose_fewest(table, enough, fewest, len(choice.sites) - 1, deadline)
        choice = found if found is not None and found.worth >= enough else choice
    return choice, min(fewest, len(choice.sites))


def _auto_rows(table: Table) -> int:
    return AUTO_ROWS if table.covering else AUTO_ROWS_ELSEWHERE


def _least_number(table: Table, enough: float, known: int, deadline: Deadline) -> int:
    """Return a number such that no fewer sites are worth ``enough``; ``known`` are."""
    if enough <= worth_of(table, np.zeros(0, np.int64)):
        return 0
    low = next((count for count in range(1, known) if most_of_count(table, count) >= enough), known)
    price = None
    for count in range(known - 1, low - 1, -1):
        if deadline.left_s <= 0.0:
            return low
        shown, _ = relax(table, count, enough, price=price)
        price = shown.price
        if shown.bound < enough:
            return count + 1
    return low


def _most_reachable(table: Table) -> float:
    """Return what all sites together are worth."""
    if table.capacitated:
        return worth_of(table, np.flatnonzero(table.free))
    return float(most_of(table).sum())


def _siting(problem: SitingProblem, table: Table, choice: Choice, bound: float, must: Indices) -> Siting:
    """Return a choice in terms of the problem, its sites in the order in which each adds most."""
    existing = np.flatnonzero(problem.flags("existing") & problem.usable)
    sites = _ranked(problem, np.r_[must, table.site[choice.sites]])
    before = _worth(problem, existing)
    return Siting(
        sites,
        worth=table.base + choice.worth,
        bound=table.base + bound,
        before=before,
        most=_worth(problem, np.flatnonzero(problem.usable)),
    )


def _worth(problem: SitingProblem, sites: Indices) -> float:
    if not problem.capacitated:
        return float(kernel.worth(problem.ptr, problem.demand, problem.gain, len(problem.weight), sites).sum())
    free = np.zeros(problem.sites, bool)
    table = Table(
        problem.ptr, problem.demand, problem.gain, problem.weight, problem.rooms, free, np.arange(problem.sites), 0.0
    )
    return assign(table, sites)[0]


def _ranked(problem: SitingProblem, chosen: Indices) -> Indices:
    """Return the chosen sites, each the one that adds most to those before it and to the existing ones."""
    among = np.zeros(problem.sites, bool)
    among[chosen] = True
    table = table_of(replace(problem, mandatory=None, forbidden=~among))
    order = table.site[greedy_order(table, len(chosen))]
    return np.asarray(np.r_[order, np.setdiff1d(chosen, order)], np.int64)
