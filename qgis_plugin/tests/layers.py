"""What tests ask of the layers of a session, by means that the plugin itself does not use."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsGeometry, QgsPointXY

LEAST_M2 = 1e-3


def snapshot(session: Any) -> dict[str, dict[int, tuple[Any, ...]]]:
    """Return every value and vertex of the layers, exactly."""
    return {
        layer.name(): {f.id(): (*map(str, f.attributes()), f.geometry().asWkb().data()) for f in layer.getFeatures()}
        for layer in session.layers
    }


def keys(layer: Any, name: str) -> dict[int, str]:
    """Return a column of a layer by feature number."""
    return {f.id(): str(f[name]) for f in layer.getFeatures()}


def assert_sound(session: Any, whole: QgsGeometry) -> None:
    """Check that grids and units tile ``whole`` and that every key and sum agrees."""
    grids = {f["grid_id"]: f.geometry() for f in session.grids.getFeatures()}
    units = {f["unit_id"]: (f["grid_id"], f.geometry()) for f in session.units.getFeatures()}
    assert len(grids) == session.grids.featureCount()
    assert len(units) == session.units.featureCount()
    for shapes in (list(grids.values()), [shape for _, shape in units.values()]):
        assert all(shape.isGeosValid() for shape in shapes)
        covered = QgsGeometry.unaryUnion(shapes)
        assert covered.symDifference(whole).area() < LEAST_M2, "gap"
        assert abs(sum(shape.area() for shape in shapes) - covered.area()) < LEAST_M2, "overlap"
    for grid_id, outline in grids.items():
        mine = QgsGeometry.unaryUnion([shape for home, shape in units.values() if home == grid_id])
        assert mine.symDifference(outline).area() < LEAST_M2, "a grid is not the union of its units"
    buildings = list(session.buildings.getFeatures())
    for building in buildings:
        middle = building.geometry().centroid()
        assert grids[building["grid_id"]].contains(middle)
        assert units[building["unit_id"]][1].contains(middle)
        assert units[building["unit_id"]][0] == building["grid_id"]
    total = sum(building["households"] for building in buildings)
    assert session.counts.total_grids == session.counts.total_buildings == total
    assert not session.cut_units


def grid_at(session: Any, x: float, y: float) -> str:
    """Return the ``grid_id`` at a place."""
    return _at(session.grids, x, y)["grid_id"]


def unit_at(session: Any, x: float, y: float) -> int:
    """Return the feature number of the unit at a place."""
    return int(_at(session.units, x, y).id())


def _at(layer: Any, x: float, y: float) -> Any:
    point = QgsGeometry.fromPointXY(QgsPointXY(x, y))
    return next(f for f in layer.getFeatures() if f.geometry().contains(point))
