"""Codes of grids: 12 digits of the community and 3 of the grid, stable while the grid lives, never reused.

Notes
-----
Grids are numbered within their community in reading order: from west to east, row by row from north to south
(CJ/T 349-2010 "from left to right, from top to bottom"; Beijing's DB11 rule for unit grids says the same).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.optimize import linear_sum_assignment

from gridtwin.errors import InfeasibleError, InputError, first_ids
from gridtwin.grids.planar import Floats, Geometries, Indices
from gridtwin.i18n import mark

COMMUNITY_DIGITS = 12
GRID_DIGITS = 3
PARENT_SHARE = 0.1  # a grid is a parent of another that has a tenth of its homes from it, or more
KEEP_SHARE = 0.5  # a grid is the same while it shares this share of its homes with the old one, either way


def community_codes(communities: pd.DataFrame) -> Geometries:
    """Return the 12-digit code of each community.

    ``code`` or ``community_id`` where it has 12 digits; the others get the lowest free numbers, which no
    real division carries (codes of China's statistics bureau begin with the province, 11 or higher).

    Raises
    ------
    InputError
        If two communities carry the same code.
    """
    pattern = rf"\d{{{COMMUNITY_DIGITS}}}"
    code = communities["code"].where(communities["code"].str.fullmatch(pattern).fillna(False).astype(bool))
    own = communities["community_id"]
    code = code.fillna(own.where(own.str.fullmatch(pattern).fillna(False).astype(bool)))
    repeated = code[code.notna() & code.duplicated()]
    if len(repeated):
        raise InputError(
            "community_code_repeated",
            mark("layer 'communities': {codes} stand twice in column 'code'; every community needs its own"),
            codes=", ".join(first_ids(repeated)),
        )
    taken, number = set(code.dropna()), 0
    result = code.to_numpy(dtype=object).copy()
    for row in np.flatnonzero(code.isna()):
        number += 1
        while f"{number:0{COMMUNITY_DIGITS}d}" in taken:
            number += 1
        result[row] = f"{number:0{COMMUNITY_DIGITS}d}"
    return np.asarray(result)


def reading_order(shapes: Geometries, group: Indices) -> Indices:
    """Return the rows in reading order within each group: rows from north to south, west to east in each.

    A row is as high as the square root of the median area of the group's shapes.
    """
    centre = shapely.get_coordinates(shapely.point_on_surface(shapes))
    area = pd.Series(shapely.area(shapes))
    height = np.sqrt(area.groupby(group).transform("median").to_numpy())
    top = pd.Series(centre[:, 1]).groupby(group).transform("max").to_numpy()
    row = np.floor((top - centre[:, 1]) / np.maximum(height, 1.0) + 0.5)
    return np.lexsort((centre[:, 0], row, group))


def assign_codes(
    grids: gpd.GeoDataFrame,
    community_code: Geometries,
    *,
    ledger: pd.DataFrame,
    overlap: pd.DataFrame,
    date: str,
    fixed: Mapping[int, str] = MappingProxyType({}),
    elsewhere: Collection[str] = (),
    names: Sequence[str | None] | None = None,
) -> tuple[Geometries, pd.DataFrame]:
    """Give every grid its code and bring the ledger of codes up to date.

    Parameters
    ----------
    grids
        New grids with ``community_id``.
    community_code
        12-digit code of the community of each grid, (grids,).
    ledger
        Layer ``grid_codes``: every code ever given, with ``valid_from``, ``valid_to``, ``parents`` and ``origin``.
    overlap
        Homes that old and new grids share: columns ``old`` (code in use), ``new`` (row of grids),
        ``households``.
    date
        Day from which the plan holds, ISO 8601.
    fixed
        Codes that some rows of ``grids`` keep whatever they share with others.
    elsewhere
        Codes that other plans of the region use: they stay in use whatever this plan does.
    names
        Code that each grid is to have, (grids,): one of the ledger, which comes back into use if it was closed
        (an edit undone); any other name gets a new code. By default a grid keeps the code of the old one with
        which it shares most homes.

    Returns
    -------
    codes
        Code of each grid, (grids,).
    ledger
        The ledger with new codes added and codes no longer in use closed at ``date``.

    Raises
    ------
    InfeasibleError
        If a community has used up its 999 codes.
    """
    group = pd.factorize(community_code)[0]
    order = reading_order(grids.geometry.to_numpy(), group)
    free = overlap[~overlap["old"].isin(fixed.values()) & ~overlap["new"].isin(fixed)]
    kept = _match(free, ledger, community_code) if names is None else _named(names, ledger, community_code)
    kept |= fixed
    codes = np.full(len(grids), None, dtype=object)
    codes[list(kept)] = list(kept.values())
    used = pd.to_numeric(ledger["code"].str[COMMUNITY_DIGITS:], errors="coerce").fillna(0)
    last = used.groupby(ledger["code"].str[:COMMUNITY_DIGITS]).max().astype(int).to_dict()
    for row in order:
        if codes[row] is not None:
            continue
        prefix = str(community_code[row])
        last[prefix] = last.get(prefix, 0) + 1
        if last[prefix] >= 10**GRID_DIGITS:
            raise InfeasibleError(
                "codes_exhausted", mark("community {code} has used up its 999 grid codes"), code=prefix
            )
        codes[row] = f"{prefix}{last[prefix]:0{GRID_DIGITS}d}"
    return codes, _update(ledger, codes, grids["community_id"].to_numpy(), overlap, date, elsewhere)


def _named(names: Sequence[str | None], ledger: pd.DataFrame, community_code: Geometries) -> dict[int, str]:
    """Return the code of each grid whose name is a code of its community."""
    known = set(ledger["code"])
    return {
        row: name
        for row, name in enumerate(names)
        if name is not None and name in known and name[:COMMUNITY_DIGITS] == community_code[row]
    }


def _match(overlap: pd.DataFrame, ledger: pd.DataFrame, community_code: Geometries) -> dict[int, str]:
    """Return the old code that each new grid keeps: most homes in common, one to one, within the community."""
    in_use = set(ledger.loc[ledger["valid_to"].isna(), "code"])
    pairs = overlap[overlap["old"].isin(in_use)]
    pairs = pairs[pairs["old"].str[:COMMUNITY_DIGITS] == community_code[pairs["new"].to_numpy(np.int64)]]
    kept: dict[int, str] = {}
    for _, some in pairs.groupby(pairs["old"].str[:COMMUNITY_DIGITS]):
        shared = some.pivot_table(index="old", columns="new", values="households", aggfunc="sum", fill_value=0.0)
        for r, c in zip(*same_grids(shared.to_numpy(np.float64)), strict=True):
            kept[int(shared.columns[c])] = str(shared.index[r])
    return kept


def same_grids(shared: Floats) -> tuple[Indices, Indices]:
    """Return the pairs of old and new grids that are the same: most homes in common, one to one.

    Parameters
    ----------
    shared
        Homes that old grids (rows) and new ones (columns) have in common.
    """
    old, new = linear_sum_assignment(-shared)
    mine = shared[old, new]
    enough = (mine >= KEEP_SHARE * shared.sum(axis=1)[old]) | (mine >= KEEP_SHARE * shared.sum(axis=0)[new])
    enough &= mine > 0
    return old[enough], new[enough]


def _update(
    ledger: pd.DataFrame,
    codes: Geometries,
    community: Geometries,
    overlap: pd.DataFrame,
    date: str,
    elsewhere: Collection[str],
) -> pd.DataFrame:
    """Return the ledger with new codes added, those in use open, and those no longer in use closed."""
    kept = ledger.copy()
    gone = kept["valid_to"].isna() & ~kept["code"].isin([*codes, *elsewhere])
    kept.loc[gone, "valid_to"] = date
    kept.loc[kept["code"].isin(codes), "valid_to"] = None
    new = np.flatnonzero(~pd.Series(codes).isin(ledger["code"]).to_numpy())
    lineage = _lineage(overlap).reindex(new)
    added = pd.DataFrame(
        {
            "code": codes[new],
            "community_id": community[new],
            "valid_from": date,
            "valid_to": None,
            "parents": lineage["parents"].to_numpy(),
            "origin": lineage["origin"].fillna("first").to_numpy(),
        },
        dtype="str",
    )
    return pd.concat([kept, added], ignore_index=True).sort_values("code", ignore_index=True)


def _lineage(overlap: pd.DataFrame) -> pd.DataFrame:
    """Return by new grid the codes that gave it a tenth of its homes or more, and how it came to be.

    A grid is split off one that gave a part of itself, merged of several that gave themselves whole, and
    redrawn otherwise.
    """
    homes = overlap["households"]
    left = overlap.groupby("old")["households"].transform("sum") - homes
    given = overlap.assign(whole=left <= PARENT_SHARE * homes)
    given = given[homes >= PARENT_SHARE * overlap.groupby("new")["households"].transform("sum")]
    table = given.sort_values(["new", "old"]).groupby("new")
    parents, count, all_whole = table["old"].agg("; ".join), table.size(), table["whole"].all()
    origin = np.where(count == 1, np.where(all_whole, "redrawn", "split"), np.where(all_whole, "merged", "redrawn"))
    return pd.DataFrame({"parents": parents, "origin": pd.Series(origin, index=count.index, dtype="object")})


def overlap_of(old: pd.Series, new: Indices, households: Floats) -> pd.DataFrame:
    """Return how many homes each old grid shares with each new one; an empty building counts a little."""
    known = old.notna().to_numpy() & (new >= 0)
    pairs = pd.DataFrame({"old": old[known], "new": new[known], "households": households[known] + 0.01})
    return pairs.groupby(["old", "new"], as_index=False)["households"].sum()
