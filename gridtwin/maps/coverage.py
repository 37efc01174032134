"""Coverage on a map: grids by the share of people who reach a kind of facility, and the homes that do not."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridtwin.maps import base
from gridtwin.maps.limits import (
    Pair,
    by_limit,
    headlines,
    kind_text,
    limit_code,
    limit_rank,
    limit_text,
    most_general,
)
from gridtwin.maps.packed import Field, PackedLayer, Pass, Style, Theme
from gridtwin.maps.page import Row, Text
from gridtwin.services.limits import Limit
from gridtwin.units import MINUTE_S

SHARE_BREAKS = (0.5, 0.7, 0.8, 0.95)  # classes of coverage; 0.5, 0.7 and 0.8 are what plans ask for
SHARE_FILLS = ("#b35806", "#f1a340", "#fbd9a5", "#a9cfe5", "#4f94c4")  # orange to blue, the more the bluer
NOBODY_FILL = "#e9e7e2"
GAP_BREAKS = (10, 50)  # households; the more the larger the point
GAP_RADII = (2.6, 4.4, 6.6)
GAP = Style(fill="#5b0f2e", fill_opacity=0.85, stroke="#ffffff", weight=1.0)

GROUPS = ("all", "elderly", "disabled", "children", "migrant_children", "special")
PICK_GAP = base.PICK_BUILDING  # homes not reached lie on the buildings


@dataclass(frozen=True)
class Reached:
    """How many of a group reach a kind within a limit (share of 1), and the target they are held against."""

    group: str
    share: float | None
    target: float | None = None
    met: bool | None = None


@dataclass(frozen=True)
class Focus:
    """What coverage can be looked at: a kind and a limit, with the themes that show it (-1: none)."""

    kind: str
    limit: Limit
    grids: int = -1
    gaps: int = -1
    households: int = 0  # of homes that are not reached
    reached: Sequence[Reached] = ()
    legend: Sequence[Row] = ()


@dataclass(frozen=True)
class CoverageLayers:
    """What shows coverage: foci, the looks that grids wear for them, and the homes that are not reached.

    ``first`` is the place of the focus that a page shows first.
    """

    foci: Sequence[Focus] = ()
    first: int = 0
    grid_themes: Sequence[Theme] = ()
    gaps: PackedLayer | None = None
    gap_legend: Sequence[Row] = ()


def coverage_layers(
    grids: gpd.GeoDataFrame | None,
    coverage: pd.DataFrame | None,
    uncovered: gpd.GeoDataFrame | None,
    kinds: Sequence[str],
) -> CoverageLayers:
    """Return what shows the layers ``coverage`` and ``uncovered`` on a map.

    Parameters
    ----------
    grids
        The grids; without them there is no look of theirs.
    coverage, uncovered
        The layers; of several kinds of walkers the most general counts.
    kinds
        Kinds in the order in which they are offered.
    """
    general = None if coverage is None else most_general(coverage)
    tables = [table for table in (general, uncovered) if table is not None]
    pairs = {(kind, limit) for table in tables for kind, limit, _ in by_limit(table)}
    wanted = sorted(pairs, key=lambda pair: (kinds.index(pair[0]), limit_rank(pair[1])))
    gaps, gap_themes, households = _gaps(uncovered, wanted)
    themes, grid_themes, legends = _grid_themes(grids, general, wanted)
    reached = _reached(general)
    foci = [
        Focus(
            *pair,
            grids=grid_themes.get(pair, -1),
            gaps=gap_themes.get(pair, -1),
            households=households.get(pair, 0),
            reached=reached.get(pair, ()),
            legend=legends.get(pair, ()),
        )
        for pair in wanted
    ]
    heads = {} if general is None else headlines(general)
    first = next((n for n, pair in enumerate(wanted) if heads.get(pair[0]) == pair[1]), 0)
    return CoverageLayers(foci, first, themes, gaps, _gap_legend())


def share_classes(shares: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return the class of each share, 1–5 from the least; 0 where nobody lives."""
    return np.where(np.isnan(shares), 0, 1 + np.searchsorted(SHARE_BREAKS, shares, side="right"))


def share_styles() -> tuple[Style, ...]:
    """Return the fill of each class of :func:`share_classes`."""
    return tuple(Style(fill=fill, fill_opacity=0.82) for fill in (NOBODY_FILL, *SHARE_FILLS))


def share_legend(classes: npt.NDArray[np.int64] | None = None) -> list[Row]:
    """Return the classes of shares, the least first, with the number of grids in each if they are given."""
    edges = [round(100 * edge) for edge in SHARE_BREAKS]
    texts = [
        Text("share_none"),
        Text("share_below", {"high": edges[0]}),
        *(Text("share_range", {"low": low, "high": high}) for low, high in itertools.pairwise(edges)),
        Text("share_from", {"low": edges[-1]}),
    ]
    counts = [None] * len(texts) if classes is None else np.bincount(classes, minlength=len(texts)).tolist()
    outlined = [replace(style, stroke=base.GRID.stroke, weight=0.8) for style in share_styles()]
    nobody, *rows = [Row(text, style, count=count) for text, style, count in zip(texts, outlined, counts, strict=True)]
    return rows if nobody.count == 0 else [*rows, nobody]


def _grid_themes(
    grids: gpd.GeoDataFrame | None, coverage: pd.DataFrame | None, wanted: Sequence[Pair]
) -> tuple[list[Theme], dict[Pair, int], dict[Pair, list[Row]]]:
    """Return the looks of the grids (the first: outlines alone), and the place and legend of each coverage."""
    if grids is None:
        return [], {}, {}
    outline = [Pass(base.OUTLINE - 1, (base.GRID_CASING,) * 6), Pass(base.OUTLINE, (base.GRID,) * 6)]
    themes = [Theme(outline, np.zeros(len(grids), np.int64))]
    places: dict[Pair, int] = {}
    legends: dict[Pair, list[Row]] = {}
    if coverage is None:
        return themes, places, legends
    rows = coverage[(coverage["area"] == "grid") & (coverage["group"] == "all")]
    shares = {(kind, limit): some.set_index("area_id")["share"] for kind, limit, some in by_limit(rows)}
    for pair in (pair for pair in wanted if pair in shares):
        classes = share_classes(grids["grid_id"].map(shares[pair]).to_numpy(np.float64, na_value=np.nan))
        told = Field(
            share_column(pair), "share", "grid_share", {"kind": kind_text(pair[0]), "limit": limit_text(pair[1])}
        )
        places[pair] = len(themes)
        legends[pair] = share_legend(classes)
        themes.append(Theme([Pass(base.FILL, share_styles()), *outline], classes, [told]))
    return themes, places, legends


def share_column(pair: Pair) -> str:
    """Return the column of the grids that holds the share of one coverage."""
    return f"share_{pair[0]}_{limit_code(pair[1])}"


def with_shares(grids: gpd.GeoDataFrame, coverage: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return ``grids`` with a column for each coverage: the share of people who reach the kind, to the per cent."""
    rows = most_general(coverage)
    rows = rows[(rows["area"] == "grid") & (rows["group"] == "all")]
    shares = {
        share_column((kind, limit)): grids["grid_id"].map(some.set_index("area_id")["share"].round(2))
        for kind, limit, some in by_limit(rows)
    }
    return grids.assign(**shares)


def _reached(coverage: pd.DataFrame | None) -> dict[Pair, list[Reached]]:
    """Return the groups of the whole region with their shares, by kind and limit."""
    if coverage is None:
        return {}
    found: dict[Pair, list[Reached]] = {}
    for kind, limit, rows in by_limit(coverage[coverage["area"] == "region"]):
        by_group = rows.drop_duplicates("group").set_index("group")
        found[kind, limit] = [
            Reached(
                group,
                _number(by_group.at[group, "share"]),
                _number(by_group.at[group, "target"]),
                None if pd.isna(by_group.at[group, "met"]) else bool(by_group.at[group, "met"]),
            )
            for group in GROUPS
            if group in by_group.index and by_group.at[group, "total"] > 0
        ]
    return found


def _number(value: float) -> float | None:
    return None if pd.isna(value) else round(float(value), 4)


# ---- homes that are not reached ----


def _gaps(
    uncovered: gpd.GeoDataFrame | None, wanted: Sequence[Pair]
) -> tuple[PackedLayer | None, dict[Pair, int], dict[Pair, int]]:
    """Return the buildings that miss anything, the theme of each coverage, and the households it misses.

    Of the people only the households are put into the page.
    """
    if uncovered is None:
        return None, {}, {}
    homes = uncovered.drop_duplicates("building_id").reset_index(drop=True)
    place = pd.Series(homes.index, homes["building_id"])
    size = 1 + np.searchsorted(GAP_BREAKS, homes["households"].to_numpy(np.int64, na_value=0), side="right")
    kinds = dict.fromkeys(kind for kind, _ in wanted)
    minutes = {f"walk_{kind}": _minutes(uncovered[uncovered["kind"] == kind], homes) for kind in kinds}
    themes: list[Theme] = []
    places: dict[Pair, int] = {}
    households: dict[Pair, int] = {}
    for kind, limit, rows in by_limit(uncovered):
        missed = place.loc[rows["building_id"]].to_numpy()
        classes = np.zeros(len(homes), np.int64)
        classes[missed] = size[missed]
        walk = Field(f"walk_{kind}", "walk", "walk_to", {"kind": kind_text(kind)})
        places[kind, limit] = len(themes)
        households[kind, limit] = int(rows["households"].sum())
        themes.append(Theme([Pass(base.POINT - 1, (None, *_gap_styles()))], classes, [walk]))
    layer = PackedLayer(
        homes.assign(**minutes),
        name="uncovered",
        passes=[],
        fields=base.fields("buildings", ("households", "integer"), frame=homes),
        pick=PICK_GAP,
        heading="building_id",
        heading_key="heading_gaps",
        show=False,
        themes=themes,
    )
    return layer, places, households


def _minutes(rows: gpd.GeoDataFrame, homes: gpd.GeoDataFrame) -> pd.Series:
    """Return the walk of each home to the nearest facility in minutes, -1 where there is no way."""
    walk = homes["building_id"].map(rows.drop_duplicates("building_id").set_index("building_id")["walk_s"])
    return (walk / MINUTE_S).round().replace(np.inf, np.nan).fillna(-1).astype("Int64")


def _gap_styles() -> list[Style]:
    return [replace(GAP, radius=radius) for radius in GAP_RADII]


def _gap_legend() -> list[Row]:
    low, high = GAP_BREAKS
    texts = (
        Text("gap_below", {"high": low}),
        Text("gap_range", {"low": low, "high": high - 1}),
        Text("gap_from", {"low": high}),
    )
    return [Row(text, style, "point") for text, style in zip(texts, _gap_styles(), strict=True)]
