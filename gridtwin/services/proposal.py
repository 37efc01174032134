"""Where the next facilities of a kind should stand in a region, and who gains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridtwin.errors import UsageError
from gridtwin.i18n import mark
from gridtwin.network import Snapped, StreetNetwork, pairs
from gridtwin.network.network import Direction
from gridtwin.schemas import conform
from gridtwin.services.kernel_siting import Flags, Floats
from gridtwin.services.limits import Limit
from gridtwin.services.places import Facilities, Homes
from gridtwin.services.siting import TIME_LIMIT_S, Siting, served_by_rank, site_most, site_share
from gridtwin.services.siting_table import SitingProblem

FARTHEST = 3.0  # a walk of more than so many times the limit counts as that long where distance is the objective
_GAINS = {
    "households": "households", "persons": "all", "elderly": "elderly", "disabled": "disabled",
    "children": "children", "migrant_children": "migrant_children",
}  # fmt: skip


@dataclass(frozen=True)
class SitingParams:
    """What is asked for.

    Attributes
    ----------
    kind
        Kind of facility.
    limit
        Walk within which people are served.
    count, share
        Number of new facilities, or share of the group to be within reach; one of them.
    group
        Whose demand counts, see :data:`gridtwin.services.places.GROUPS`.
    objective
        ``"coverage"`` or ``"distance"``, see :class:`gridtwin.services.siting_table.SitingProblem`.
    keep_existing
        Whether the facilities that there are serve people already.
    capacity
        People of the group that a new facility can serve. The existing ones then serve as many as their own
        capacity says, any number where it says nothing. Without it, capacities are not looked at.
    direction
        ``"to"``: people walk to the facility; ``"from"``: from it.
    method, seed, time_limit_s
        As of :func:`gridtwin.services.siting.site_most`.
    """

    kind: str
    limit: Limit
    count: int | None = None
    share: float | None = None
    group: str = "all"
    objective: str = "coverage"
    keep_existing: bool = True
    capacity: float | None = None
    direction: Direction = "to"
    method: str = "auto"
    seed: int = 0
    time_limit_s: float = TIME_LIMIT_S

    def __post_init__(self) -> None:
        """Refuse what cannot be asked for."""
        if (self.count is None) == (self.share is None):
            raise UsageError("count_or_share", mark("say how many facilities (count), or what share they must reach"))
        if self.capacity is not None and not self.capacity > 0:
            raise UsageError("capacity_wrong", mark("the capacity of a facility must be above 0"))


@dataclass(frozen=True)
class Proposal:
    """Proposed sites and who gains by them.

    Attributes
    ----------
    sites
        Layer ``sites``, in the order in which they should be built.
    coverage
        One row an area (region, community, grid) and group: area, area_id, group, total, before, after (people
        within reach), gained.
    siting
        The choice and its bound.
    params
        What was asked for.
    candidates, existing, cut_off
        How many candidates there were, how many existing facilities serve people, how many candidates have no street.
    """

    sites: gpd.GeoDataFrame
    coverage: pd.DataFrame
    siting: Siting
    params: SitingParams
    candidates: int
    existing: int
    cut_off: int

    @property
    def violations(self) -> tuple[dict[str, Any], ...]:
        """What was asked for and cannot be had."""
        if self.siting.reached:
            return ()
        asked, most = self.params.share, self.siting.most
        return ({"code": "SHARE_NOT_REACHED", "share": asked, "highest_share": most / max(self._total, 1e-9)},)

    @property
    def _total(self) -> float:
        return float(self.row(self.params.group)["total"])

    def row(self, group: str) -> dict[str, Any]:
        """Return the row of the region for a group."""
        mine = (self.coverage["area"] == "region") & (self.coverage["group"] == group)
        return dict(self.coverage[mine].iloc[0])

    def summary(self) -> dict[str, Any]:
        """Return the figures as plain values."""
        region = self.coverage[self.coverage["area"] == "region"]
        return {
            "kind": self.params.kind,
            "group": self.params.group,
            "candidates": self.candidates,
            "existing": self.existing,
            "siting": self.siting.summary(),
            "coverage": region.drop(columns=["area", "area_id"]).to_dict(orient="records"),
            "violations": list(self.violations),
        }


def propose_sites(
    network: StreetNetwork, homes: Homes, facilities: Facilities, candidates: gpd.GeoDataFrame, at: Snapped,
    params: SitingParams,
) -> Proposal:  # fmt: skip
    """Choose sites for new facilities among candidates.

    Parameters
    ----------
    network
        Where people walk.
    homes
        Where they live; homes without a street are never within reach.
    facilities
        The existing facilities of the kind.
    candidates
        Layer ``candidates``.
    at
        Where they meet the network, (candidates,).
    params
        What is asked for.

    Raises
    ------
    UsageError
        If the data know nobody of the group; and as of :func:`gridtwin.services.siting.site_most`.
    """
    if params.group not in homes.people or not homes.people[params.group].sum() > 0:
        raise UsageError(
            "group_unknown",
            mark("layer 'buildings' knows nothing of the group '{group}'; it has: {groups}"),
            group=params.group,
            groups=", ".join(homes.people.columns),
        )
    covering, asked = _problems(network, homes, facilities, candidates, at, params)
    options: dict[str, Any] = {"method": params.method, "seed": params.seed, "time_limit_s": params.time_limit_s}
    if params.share is not None:
        siting = site_share(asked, params.share, **options)
    else:
        siting = site_most(asked, int(params.count or 0), **options)
    before, added = served_by_rank(covering, siting.sites)
    return Proposal(
        _sites(homes, candidates, siting, added, params),
        _coverage(homes, before, before + added.sum(axis=0)),
        siting,
        params,
        candidates=len(candidates),
        existing=int(facilities.found.sum()) if params.keep_existing else 0,
        cut_off=int((~at.found).sum()),
    )


def _problems(
    network: StreetNetwork, homes: Homes, facilities: Facilities, candidates: gpd.GeoDataFrame, at: Snapped,
    params: SitingParams,
) -> tuple[SitingProblem, SitingProblem]:  # fmt: skip
    """Return the problem of who is within reach, and the problem that is to be solved."""
    count = len(candidates)
    there = len(facilities) if params.keep_existing else 0
    entrances, owner = facilities.entrances, facilities.owner
    if not there:
        entrances, owner = entrances.take(slice(0)), owner[:0]
    sources = Snapped(
        *(np.r_[getattr(at, name), getattr(entrances, name)] for name in ("edge", "offset_m", "distance_m"))
    )
    far = FARTHEST if params.objective == "distance" else 1.0
    within = params.limit.search
    walks = pairs(
        network, sources, homes.at, limit=far * within, owner=np.r_[np.arange(count), count + owner],
        weight=params.limit.weight, direction=params.direction,
    )  # fmt: skip
    sites = count + there
    ptr = np.r_[walks.ptr, np.full(sites + 1 - len(walks.ptr), walks.ptr[-1])]
    existing = np.arange(sites) >= count
    asked = SitingProblem(
        ptr, walks.place, walks.cost, homes.people[params.group].to_numpy(float), far * within,
        objective=params.objective, existing=existing,
        mandatory=np.r_[_flag(candidates, "mandatory"), np.zeros(there, bool)],
        forbidden=np.r_[_flag(candidates, "forbidden"), np.zeros(there, bool)],
        capacity=_capacities(candidates, facilities, there, params),
    )  # fmt: skip
    return asked.within(within), asked


def _flag(candidates: gpd.GeoDataFrame, name: str) -> Flags:
    return np.asarray(candidates[name].fillna(False).to_numpy(bool))


def _capacities(
    candidates: gpd.GeoDataFrame, facilities: Facilities, there: int, params: SitingParams
) -> Floats | None:
    if params.capacity is None:
        return None
    own = candidates["capacity"].fillna(params.capacity).to_numpy(float)
    return np.asarray(np.r_[own, facilities.frame["capacity"].fillna(np.inf).to_numpy(float)[:there]], np.float64)


def _sites(
    homes: Homes, candidates: gpd.GeoDataFrame, siting: Siting, added: Floats, params: SitingParams
) -> gpd.GeoDataFrame:
    """Return layer ``sites`` with what each site gains beyond those of a better rank."""
    chosen = candidates.iloc[siting.sites]
    count = len(chosen)
    width = max(2, len(str(count)))
    total = float(homes.people[params.group].sum())
    frame = gpd.GeoDataFrame(
        {
            "site_id": [f"{params.kind}-{rank:0{width}d}" for rank in range(1, count + 1)],
            "kind": params.kind,
            "within_s": params.limit.within_s,
            "within_m": params.limit.within_m,
            "candidate_id": chosen["candidate_id"].to_numpy(object),
            "name": chosen["name"].to_numpy(object),
            "rank": np.arange(1, count + 1),
            **{
                column: np.rint(added @ homes.people[group].to_numpy(float))
                for column, group in _GAINS.items()
                if group in homes.people
            },
            "gained_share": added @ homes.people[params.group].to_numpy(float) / total,
            "capacity": np.nan if params.capacity is None else chosen["capacity"].fillna(params.capacity).to_numpy(),
        },
        geometry=chosen.geometry.to_numpy(),
        crs=candidates.crs,
    )
    return conform(frame, "sites")


def _coverage(homes: Homes, before: Floats, after: Floats) -> pd.DataFrame:
    """Return people within reach before and after, by area and group."""
    parts = []
    for area, key in (("region", None), ("community", "community_id"), ("grid", "grid_id")):
        by = pd.Series("", index=homes.people.index) if key is None else homes.frame[key]
        for group in homes.people:
            people = homes.people[group]
            sums = pd.DataFrame({"total": people, "before": people * before, "after": people * after}).groupby(by).sum()
            parts.append(sums.rename_axis("area_id").reset_index().assign(area=area, group=group))
    table = pd.concat(parts, ignore_index=True)
    table["gained"] = table["after"] - table["before"]
    return table[["area", "area_id", "group", "total", "before", "after", "gained"]]
