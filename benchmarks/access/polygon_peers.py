"""Published ways to draw a service area, each given what a search has reached; and Valhalla, which searches itself.

Times are those of drawing alone; for Valhalla the whole call.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.access.peers import Indices, Outcome, Peer, Problem

CIRCUITY = 1.3  # walks by straight distances, the usual factor
DENSE_M = 25.0
WALK_KM_H = 4.8
HULL_M = 20.0  # hulls get the band around them that r5py gives its own: houses stand beside the streets


class Reached:
    """What a search has reached from one facility: junctions, pieces of streets, whole streets."""

    def __init__(self, problem: Problem, facility: int) -> None:
        import shapely

        rows = slice(*problem["junction_ptr"][facility : facility + 2])
        self.junctions = shapely.points(problem["junction_xy"][rows])
        rows = slice(*problem["piece_ptr"][facility : facility + 2])
        first, last = problem["piece_xy_ptr"][rows.start], problem["piece_xy_ptr"][rows.stop]
        of = np.repeat(np.arange(rows.stop - rows.start), np.diff(problem["piece_xy_ptr"][rows.start : rows.stop + 1]))
        self.pieces = shapely.linestrings(problem["piece_xy"][first:last], indices=of)
        self.whole = problem["piece_whole"][rows]
        self.place = shapely.Point(problem["places"][facility])
        self.limit_m = float(problem["limit_m"])


Draw = Callable[[Reached], Any]


def osmnx_recipe(reached: Reached) -> Any:
    """Return ``make_iso_polys`` of OSMnx' examples: whole edges 25 m wide and junctions of 50 m, holes filled."""
    import shapely

    edges = shapely.buffer(reached.pieces[reached.whole], 25.0)
    made = shapely.union_all(np.r_[shapely.buffer(reached.junctions, 50.0), edges])
    parts = shapely.get_parts(made)
    return shapely.union_all(shapely.polygons(shapely.get_exterior_ring(parts)))


def convex(reached: Reached) -> Any:
    """Return the convex hull of the junctions, as in OSMnx' examples."""
    import shapely

    return shapely.convex_hull(shapely.multipoints(reached.junctions))


def like_r5py(reached: Reached) -> Any:
    """Return a concave hull with the ratio and buffer of r5py, of the junctions."""
    import shapely

    return shapely.buffer(shapely.concave_hull(shapely.multipoints(reached.junctions), ratio=0.3), HULL_M)


def _dense(reached: Reached) -> Any:
    import shapely

    return np.unique(shapely.get_coordinates(shapely.segmentize(reached.pieces, DENSE_M)), axis=0)


def concave(reached: Reached) -> Any:
    """Return shapely's concave hull of points every 25 m along the pieces."""
    import shapely

    return shapely.buffer(shapely.concave_hull(shapely.multipoints(_dense(reached)), ratio=0.05), HULL_M)


def concaveman(reached: Reached) -> Any:
    """Return the hull of package concave-hull, of points every 25 m along the pieces."""
    import shapely
    from concave_hull import concave_hull

    return shapely.buffer(shapely.make_valid(shapely.Polygon(concave_hull(_dense(reached)))), HULL_M)


def alpha_shape(reached: Reached) -> Any:
    """Return the alpha shape of points every 25 m along the pieces, radius 150 m."""
    import alphashape

    return alphashape.alphashape(_dense(reached), 1.0 / 150.0).buffer(HULL_M)


def buffers(reached: Reached, radius_m: float) -> Any:
    """Return a band around the pieces."""
    import shapely

    return shapely.union_all(shapely.buffer(reached.pieces, radius_m, quad_segs=4))


def circle(reached: Reached, factor: float) -> Any:
    """Return what is within the limit as the crow flies, divided by a factor."""
    return reached.place.buffer(reached.limit_m / factor)


def _work(problem: Problem, budget_s: float, draw: Draw) -> Outcome:
    outcome = Outcome()
    facilities = np.arange(len(problem["places"]))
    given = [Reached(problem, facility) for facility in facilities]
    found = outcome.in_turn("draw", lambda some: draw(given[some[0]]), facilities, budget_s)
    outcome.cpu_s["draw"] *= 1e3 / len(facilities)
    outcome.found |= packed([shape for _, shape in found])
    return outcome


def packed(shapes: Any) -> dict[str, Any]:
    """Return geometries as arrays that a file of numpy takes."""
    import shapely

    binary = shapely.to_wkb(np.array(shapes, dtype=object))
    sizes = np.array([len(one) for one in binary])
    return {"wkb": np.frombuffer(b"".join(binary), np.uint8), "wkb_ptr": np.r_[0, np.cumsum(sizes)]}


def valhalla(problem: Problem, budget_s: float, contour: str = "distance", **options: float) -> Outcome:
    """Let Valhalla draw isodistances or isochrones for walkers on the same streets, in its own tiles."""
    import shapely
    import valhalla as package
    from valhalla import Actor, get_config

    outcome = Outcome(remark="the whole call, with the search")
    with tempfile.TemporaryDirectory() as folder:
        with outcome.step("prepare"):
            path = Path(folder) / "streets.osm.pbf"
            _write_osm(problem, path)
            tiles = Path(folder) / "tiles"
            tiles.mkdir()
            config = get_config(tile_extract="", tile_dir=str(tiles), verbose=False)
            config_path = Path(folder) / "valhalla.json"
            config_path.write_text(_json(config))
            build = Path(package.__file__).parent / "bin" / "valhalla_build_tiles"
            subprocess.run([build, "-c", str(config_path), str(path)], check=True, capture_output=True)
            actor = Actor(config)
        kilometres = float(problem["limit_m"]) / 1e3
        limit = {"distance": kilometres, "time": kilometres / WALK_KM_H * 60.0}[contour]

        def call(some: Indices) -> Any:
            lon, lat = problem["places_lonlat"][some[0]].tolist()
            return actor.isochrone(
                {
                    "locations": [{"lat": lat, "lon": lon}],
                    "costing": "pedestrian",
                    "costing_options": {"pedestrian": {"walking_speed": WALK_KM_H}},
                    "contours": [{contour: limit}],
                    "polygons": True,
                    **options,
                }
            )

        facilities = np.arange(len(problem["places"]))
        found = outcome.in_turn("draw", call, facilities, budget_s)
        outcome.cpu_s["draw"] *= 1e3 / len(facilities)
    shapes = [shapely.from_geojson(_json(one["features"][0]["geometry"])) for _, one in found]
    outcome.found |= packed([shapely.make_valid(shape) for shape in shapes])
    outcome.found["lonlat"] = np.array(True)
    return outcome


def _json(value: Any) -> str:
    import json

    return json.dumps(value)


def _write_osm(problem: Problem, path: Path) -> None:
    """Write the streets as footways of OSM: the same network, every vertex a node, junctions shared."""
    import osmium

    lonlat, of = problem["line_lonlat"], problem["line_of"]
    ptr = np.searchsorted(of, np.arange(len(problem["start"]) + 1))
    node = len(problem["x"]) + 1 + np.arange(len(lonlat))
    node[ptr[:-1]], node[ptr[1:] - 1] = problem["start"] + 1, problem["end"] + 1
    _, first = np.unique(node, return_index=True)
    with osmium.SimpleWriter(str(path)) as writer:
        for row in first.tolist():
            writer.add_node(osmium.osm.mutable.Node(id=int(node[row]), version=1, location=tuple(lonlat[row].tolist())))
        for edge in range(len(ptr) - 1):
            nodes = node[ptr[edge] : ptr[edge + 1]].tolist()
            writer.add_way(osmium.osm.mutable.Way(id=edge + 1, version=1, nodes=nodes, tags={"highway": "residential"}))


def _drawing(title: str, draw: Draw, package: str = "shapely") -> Peer:
    version_of = package.replace("_", "-")
    return Peer(title, package, partial(_work, draw=draw), version_of=version_of)


def _of_valhalla(title: str, **options: Any) -> Peer:
    return Peer(title, "valhalla", partial(valhalla, **options), version_of="pyvalhalla")


PEERS = {
    "polygons": {
        "osmnx": _drawing("OSMnx's recipe: streets 25 m, junctions 50 m", osmnx_recipe),
        "convex": _drawing("convex hull of junctions", convex),
        "r5py": _drawing("concave hull as r5py's: ratio 0.3, + 20 m", like_r5py),
        "concave": _drawing("concave hull, points every 25 m, ratio 0.05, + 20 m", concave),
        "concaveman": _drawing("package concave-hull, points every 25 m, + 20 m", concaveman, "concave_hull"),
        "alphashape": _drawing("alphashape, 150 m, + 20 m", alpha_shape, "alphashape"),
        "buffers_30": _drawing("band of 30 m around what is reached", partial(buffers, radius_m=30.0)),
        "buffers_50": _drawing("band of 50 m around what is reached", partial(buffers, radius_m=50.0)),
        "circuity": _drawing("circle, limit ÷ 1.3", partial(circle, factor=CIRCUITY)),
        "circle": _drawing("circle", partial(circle, factor=1.0)),
        "valhalla": _of_valhalla("Valhalla isodistance"),
        "valhalla_time": _of_valhalla("Valhalla isochrone at 4.8 km/h", contour="time"),
        "valhalla_raw": _of_valhalla("Valhalla isodistance, not generalised", generalize=0.0, denoise=0.0),
    }
}
