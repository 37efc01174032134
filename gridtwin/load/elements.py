"""OpenStreetMap objects as arrays, wherever they come from: a local file or the internet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

Shapes = NDArray[np.object_]
Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Elements:
    """Objects of one geometry type.

    Attributes
    ----------
    ids
        Type letter and number, such as ``"w123"``, (objects,).
    tags
        Values by key (:func:`gridtwin.load.osm_tags.all_keys`); None where an object lacks the key.
    shapes
        Geometries in a projected CRS, (objects,).
    """

    ids: NDArray[np.object_]
    tags: pd.DataFrame
    shapes: Shapes

    def where(self, chosen: Any) -> Elements:
        """Return the objects where ``chosen`` holds, or those at the places that it lists."""
        return Elements(self.ids[chosen], self.tags.iloc[_places(chosen)].reset_index(drop=True), self.shapes[chosen])


@dataclass(frozen=True)
class StreetWays:
    """Ways of the street network with their nodes, one after another.

    Attributes
    ----------
    ids
        Number of each way, (ways,).
    tags
        As for :class:`Elements`.
    offsets
        Way ``k`` holds the nodes ``offsets[k]`` to ``offsets[k + 1] - 1``, (ways + 1,).
    nodes
        Node numbers, (nodes,).
    xy
        Their coordinates in a projected CRS, metres, (nodes, 2).
    """

    ids: Indices
    tags: pd.DataFrame
    offsets: Indices
    nodes: Indices
    xy: Floats


def tag_frame(tags: Sequence[Mapping[str, str]], keys: Iterable[str]) -> pd.DataFrame:
    """Return one column of text (or None) for each of the keys."""
    columns = {key: np.full(len(tags), None, dtype=object) for key in keys}
    for row, words in enumerate(tags):
        for key, word in words.items():
            if key in columns:
                columns[key][row] = word
    return pd.DataFrame(columns, dtype=object)


def join_elements(parts: Sequence[Elements]) -> Elements:
    """Return all objects of ``parts``, in order."""
    return Elements(
        np.concatenate([part.ids for part in parts]),
        pd.concat([part.tags for part in parts], ignore_index=True),
        np.concatenate([part.shapes for part in parts]),
    )


def closed_lines_as_areas(lines: Elements) -> Elements:
    """Return the closed lines as polygons; rings that cross themselves are mended, scraps without area dropped."""
    closed = shapely.is_closed(lines.shapes) & (shapely.get_num_coordinates(lines.shapes) >= 4)
    chosen = lines.where(closed)
    xy, owner = shapely.get_coordinates(chosen.shapes, return_index=True)
    rings = shapely.linearrings(xy, indices=owner) if len(xy) else np.empty(0, object)
    shapes = mended_polygons(shapely.polygons(rings))
    return Elements(chosen.ids, chosen.tags, shapes).where(~shapely.is_empty(shapes))


def mended_polygons(shapes: Shapes) -> Shapes:
    """Return valid polygons or multipolygons; what is left without area comes back as an empty polygon."""
    out: Shapes = np.array(shapes, dtype=object)
    bad = np.flatnonzero(~shapely.is_valid(out))
    if len(bad):
        parts, owner = shapely.get_parts(shapely.make_valid(out[bad]), return_index=True)
        parts, inner = shapely.get_parts(parts, return_index=True)
        owner = owner[inner]
        flat = shapely.get_dimensions(parts) == 2
        out[bad] = shapely.Polygon()
        groups = np.unique(owner[flat])
        merged = shapely.multipolygons(parts[flat], indices=np.searchsorted(groups, owner[flat])) if flat.any() else []
        out[bad[groups]] = merged
    single = np.flatnonzero(shapely.get_type_id(out) == shapely.GeometryType.MULTIPOLYGON)
    single = single[shapely.get_num_geometries(out[single]) == 1]
    out[single] = shapely.get_geometry(out[single], 0)
    return out


def _places(chosen: Any) -> Indices:
    chosen = np.asarray(chosen)
    return np.flatnonzero(chosen) if chosen.dtype == bool else chosen.astype(np.int64)
