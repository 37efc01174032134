"""Coverage: which people have a facility of each kind within a limit, by area and group, and who has not.

Who is covered is read off the cost of each home's walk, never off a polygon.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from gridtwin.network import StreetNetwork, nearest
from gridtwin.network.network import Direction
from gridtwin.schemas import GROUPS, SETTINGS, conform
from gridtwin.services.catalogue import Target
from gridtwin.services.limits import Limit, limits_of
from gridtwin.services.places import URBAN, Facilities, Homes

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

REGION = "region"  # the area of all homes, and its key
SETTING, MIXED = "setting", "mixed"  # an area with homes of both settings
_KEYS = {"community": "community_id", "grid": "grid_id"}
_COUNTS = ("households", "persons", *GROUPS)

REACHED, NO_STREET, UNREACHABLE, NO_FACILITY = "reached", "no_street", "unreachable", "no_facility"


@dataclass(frozen=True)
class Walks:
    """The cost from each home to its nearest facility of each kind.

    Attributes
    ----------
    kinds
        Kinds of facilities.
    facility
        Row of the facility with the quickest walk, −1 where there is none, (homes, kinds).
    cost
        By weight, ``"seconds"`` and where distances matter ``"length_m"``: the least cost of any facility of the
        kind, infinite where there is none, (homes, kinds) each. The nearest by distance may be another facility.
    """

    kinds: tuple[str, ...]
    facility: Indices
    cost: Mapping[str, Floats]


@dataclass(frozen=True)
class Coverage:
    """Who is covered, as layers of the data dictionary.

    Attributes
    ----------
    table
        Layer ``coverage``: kind × limit × area × group, with the share covered and the target.
    walks
        Layer ``walks``: home × kind, with the nearest facility.
    uncovered
        Layer ``uncovered``: a point for each home that is not covered, by kind and limit. Sensitive: it says where
        few people live.
    """

    table: pd.DataFrame
    walks: pd.DataFrame
    uncovered: gpd.GeoDataFrame

    def layers(self) -> dict[str, Any]:
        """Return the layers by name."""
        return {"coverage": self.table, "walks": self.walks, "uncovered": self.uncovered}

    def region_table(self) -> pd.DataFrame:
        """Return the rows of the region as a whole; by setting where both settings occur."""
        return self.table[self.table["area"].isin((REGION, SETTING))].reset_index(drop=True)

    def judged(self) -> pd.DataFrame:
        """Return the rows of :meth:`region_table` that a target applies to."""
        rows = self.region_table()
        return rows[rows["target"].notna()].reset_index(drop=True)

    def summary(self) -> dict[str, Any]:
        """Return the figures of the region as plain values."""
        judged = self.judged()
        first = self.walks["kind"] == (self.walks["kind"].iloc[0] if len(self.walks) else "")
        return {
            "homes": int(first.sum()),
            "homes_without_street": int((first & (self.walks["status"] == NO_STREET)).sum()),
            "kinds": self.walks["kind"].drop_duplicates().tolist(),
            "coverage": _plain(self.region_table()),
            "targets": len(judged),
            "targets_met": int(judged["met"].fillna(False).sum()),
        }


def nearest_walks(
    network: StreetNetwork,
    homes: Homes,
    facilities: Facilities,
    kinds: Sequence[str],
    *,
    direction: Direction = "to",
    weights: Sequence[str] = ("seconds",),
) -> Walks:
    """Return the cost from each home to the nearest facility of each kind, one search a kind.

    Parameters
    ----------
    network
        Where to walk.
    homes, facilities
        Places on this network.
    kinds
        Kinds of facilities; one that no facility has is reached by nobody.
    direction
        ``"to"``: people walk from home to the facility; ``"from"``: the other way. On hills they differ.
    weights
        ``"seconds"`` and, where distances matter, ``"length_m"``.
    """
    facility = np.full((len(homes), len(kinds)), -1, np.int64)
    cost = {weight: np.full((len(homes), len(kinds)), np.inf) for weight in weights}
    for column, kind in enumerate(kinds):
        rows, mine = facilities.of_kind(kind)
        if not len(rows):
            continue
        for weight in weights:
            found = nearest(network, mine.entrances, homes.at, owner=mine.owner, weight=weight, direction=direction)
            cost[weight][:, column] = found.cost[:, 0]
            if weight == "seconds":
                source = found.source[:, 0]
                facility[:, column] = np.where(source >= 0, rows[source], -1)
    return Walks(tuple(kinds), facility, cost)


def measure_coverage(
    homes: Homes,
    facilities: Facilities,
    walks: Walks,
    limits: Mapping[str, Sequence[Limit]],
    *,
    targets: Sequence[Target] = (),
    walker: str = "general",
) -> Coverage:
    """Measure who is covered, and judge it by the targets.

    Parameters
    ----------
    homes, facilities
        Places on the network.
    walks
        From each home to the nearest facility of each kind.
    limits
        Limits of each kind, in the order of the tables.
    targets
        :class:`gridtwin.services.catalogue.Target`; one holds for the rows of its kinds, group, setting and limit,
        the highest share where several do. Areas with both urban and rural homes are judged only by targets that
        hold for both.
    walker
        Group of walkers, for the tables.

    Returns
    -------
    Coverage
        Homes without a street, and those that reach no facility, count as not covered.
    """
    judged = [(walks.kinds.index(kind), kind, limit) for kind in walks.kinds for limit in limits[kind]]
    covered = np.column_stack(
        [limit.holds(walks.cost[limit.weight][:, column]) for column, _, limit in judged]
    ) if judged else np.zeros((len(homes), 0), bool)  # fmt: skip
    table = _table(homes, covered, [(kind, limit) for _, kind, limit in judged])
    table = _with_targets(table, targets)
    table["walker"] = walker
    status = _status(homes, facilities, walks)
    return Coverage(
        conform(table.drop(columns=SETTING), "coverage"),
        conform(_walks_frame(homes, facilities, walks, status), "walks"),
        conform(_uncovered(homes, walks, covered, judged, status), "uncovered"),
    )


def _table(homes: Homes, covered: Flags, cases: Sequence[tuple[str, Limit]]) -> pd.DataFrame:
    """Return totals and covered people of each kind and limit × area × group."""
    areas, members = _areas(homes)
    groups = homes.people.columns
    total = np.asarray(members @ homes.people.to_numpy(np.float64))  # (areas, groups)
    inside = [np.asarray(members @ (homes.people[group].to_numpy(np.float64)[:, None] * covered)) for group in groups]
    count = np.stack(inside, axis=-1).transpose(1, 0, 2)  # (cases, areas, groups)
    each, block = len(areas) * len(groups), np.arange(len(cases))
    case = np.repeat(block, each)
    frame = pd.DataFrame(
        {
            "kind": np.array([kind for kind, _ in cases], dtype=object)[case],
            "within_s": np.array([limit.within_s for _, limit in cases], float)[case],
            "within_m": np.array([limit.within_m for _, limit in cases], float)[case],
        }
    )
    of_area = np.tile(np.repeat(np.arange(len(areas)), len(groups)), len(cases))
    for name in ("area", "area_id", SETTING):
        frame[name] = areas[name].to_numpy(dtype=object)[of_area]
    frame["group"] = np.tile(groups.to_numpy(dtype=object), len(cases) * len(areas))
    frame["total"] = np.tile(total.ravel(), len(cases))
    frame["covered"] = count.ravel()
    frame["share"] = (frame["covered"] / frame["total"]).where(frame["total"] > 0)
    return frame


def _areas(homes: Homes) -> tuple[pd.DataFrame, csr_array]:
    """Return the areas (area, area_id, setting) and their homes as a matrix of zeros and ones, (areas, homes)."""
    keys = {REGION: pd.Series(REGION, index=homes.frame.index)}
    if len(homes.frame[SETTING].unique()) > 1:
        keys[SETTING] = homes.frame[SETTING]
    keys |= {area: homes.frame[key] for area, key in _KEYS.items()}
    names: list[tuple[str, Any]] = []
    row, column = [], []
    for area, key in keys.items():
        number, labels = pd.factorize(key, sort=True)
        home = np.flatnonzero(number >= 0)
        row.append(number[home] + len(names))
        column.append(home)
        names += [(area, label) for label in labels]
    at = np.concatenate(row), np.concatenate(column)
    members = csr_array((np.ones(len(at[0])), at), shape=(len(names), len(homes)))
    urban = np.asarray(members @ (homes.frame[SETTING] == URBAN).to_numpy(np.float64)) / np.asarray(members.sum(axis=1))
    areas = pd.DataFrame(names, columns=["area", "area_id"])
    areas[SETTING] = np.select([urban == 1, urban == 0], SETTINGS, MIXED)
    return areas, members


def _with_targets(table: pd.DataFrame, targets: Sequence[Target]) -> pd.DataFrame:
    """Return the table with the target of each row, and whether it is met."""
    target: Floats = np.full(len(table), np.nan)
    for one in targets:
        limits = [
            limit.matches(table["within_s"], table["within_m"]) for limit in limits_of(one.within_s, one.within_m)
        ]
        holds = (
            np.logical_or.reduce(limits)
            & table["kind"].isin(one.kinds)
            & (table["group"] == one.group)
            & table[SETTING].isin([setting for setting in (*SETTINGS, MIXED) if one.holds_in(setting)])
            & (table["total"] > 0)
        ).to_numpy(bool)
        target[holds] = np.fmax(target[holds], one.share)
    met = pd.Series(table["share"].to_numpy() >= target - 1e-12, dtype="boolean").where(~np.isnan(target))
    return table.assign(target=target, met=met)


def _status(homes: Homes, facilities: Facilities, walks: Walks) -> NDArray[np.object_]:
    """Return why each home has its walk of each kind or none, (homes, kinds)."""
    kinds = facilities.frame.loc[facilities.found, "kind"]
    none = ~np.isin(np.array(walks.kinds, dtype=object), kinds.to_numpy(dtype=object))
    status = np.full(walks.facility.shape, REACHED, dtype=object)
    status[walks.facility < 0] = UNREACHABLE
    status[~homes.at.found] = NO_STREET
    status[:, none] = NO_FACILITY
    return status


def _walks_frame(homes: Homes, facilities: Facilities, walks: Walks, status: NDArray[np.object_]) -> pd.DataFrame:
    ids = np.r_[facilities.frame["facility_id"].to_numpy(dtype=object), None]
    seconds = walks.cost["seconds"]
    return pd.DataFrame(
        {
            "building_id": np.tile(homes.frame["building_id"].to_numpy(dtype=object), len(walks.kinds)),
            "kind": np.repeat(np.array(walks.kinds, dtype=object), len(homes)),
            "facility_id": ids[walks.facility].T.ravel(),
            "walk_s": np.where(np.isfinite(seconds), seconds, np.nan).T.ravel(),
            "status": status.T.ravel(),
        }
    )


def _uncovered(
    homes: Homes,
    walks: Walks,
    covered: Flags,
    judged: Sequence[tuple[int, str, Limit]],
    status: NDArray[np.object_],
) -> gpd.GeoDataFrame:
    """Return a row for each home, kind and limit without a facility within the limit."""
    case, home = np.nonzero(~covered.T)
    column = np.array([one[0] for one in judged], np.int64)[case]
    people = homes.frame.iloc[home].reset_index(drop=True)
    seconds = walks.cost["seconds"][home, column]
    frame = pd.DataFrame(
        {
            "building_id": people["building_id"],
            "kind": np.array([kind for _, kind, _ in judged], dtype=object)[case],
            "within_s": np.array([limit.within_s for *_, limit in judged], float)[case],
            "within_m": np.array([limit.within_m for *_, limit in judged], float)[case],
            "grid_id": people["grid_id"],
            "community_id": people["community_id"],
            **{name: people[name] for name in _COUNTS if name in people.columns},
            "walk_s": np.where(np.isfinite(seconds), seconds, np.nan),
            "status": status[home, column],
        }
    )
    return gpd.GeoDataFrame(frame, geometry=people.geometry.to_numpy(), crs=homes.frame.crs)


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as plain values; what is missing is None."""
    return [dict(row) for row in frame.astype(object).where(frame.notna(), None).to_dict(orient="records")]


@dataclass(frozen=True)
class Gap:
    """Households of an area that are not covered by a kind of facility within a limit."""

    area: str
    area_id: str
    kind: str
    within_s: float
    within_m: float
    uncovered: float
    total: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; the limit that does not apply is None."""
        return {name: None if pd.isna(value) else value for name, value in vars(self).items()}


def worst_gaps(coverage: Coverage, count: int) -> tuple[Gap, ...]:
    """Return the grids (communities where there are no grids) in which most households are not covered.

    Each kind is taken at the limit of its target, and at its longest time limit where it has none.
    """
    table = coverage.table
    level = "grid" if table["area"].eq("grid").any() else "community"
    limit = ["kind", "within_s", "within_m"]
    judged = table.loc[table["target"].notna(), limit].drop_duplicates()
    longest = (
        table[limit].drop_duplicates().sort_values(limit, na_position="first").drop_duplicates("kind", keep="last")
    )
    chosen = pd.concat([judged, longest[~longest["kind"].isin(judged["kind"])]])
    rows = table[(table["area"] == level) & (table["group"] == "households")].merge(chosen, on=limit)
    rows = rows.assign(uncovered=rows["total"] - rows["covered"])
    rows = rows[rows["uncovered"] > 0].sort_values(
        ["uncovered", "area_id", *limit], ascending=[False, True, True, True, True]
    )
    names = ["area", "area_id", *limit, "uncovered", "total"]
    return tuple(Gap(*values) for values in rows[names].head(count).itertuples(index=False, name=None))
