"""Snapshots: the region as the planner sees it, with unsaved edits, readable by the engine."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from gridtwin_qgis.engine.errors import EngineCanceled, EngineError
from gridtwin_qgis.engine.files import copy_region, put_in_place
from gridtwin_qgis.engine.runner import run_engine
from gridtwin_qgis.engine.snapshot import Snapshot
from qgis.core import QgsFeature, QgsGeometry, QgsProject, QgsVectorLayer

EQUAL = """
import sys, pandas as pd
from gridtwin.region import read_region
a, b = (read_region(path) for path in sys.argv[1:])
assert sorted(a.layers) == sorted(b.layers), (list(a.layers), list(b.layers))
assert a.provenance == b.provenance and a.name == b.name and a.facts == b.facts and a.crs == b.crs
for name in a.layers:
    pd.testing.assert_frame_equal(a[name], b[name], obj=name)
"""


@pytest.fixture
def layers(town: Path) -> Iterator[dict[str, QgsVectorLayer]]:
    """Return units, grids and buildings of the toy town."""
    made = {name: QgsVectorLayer(f"{town}|layername={name}", name, "ogr") for name in ("units", "grids", "buildings")}
    assert all(layer.isValid() for layer in made.values())
    yield made
    for layer in made.values():
        layer.rollBack()


def engine_code(python: str, code: str, *arguments: object) -> None:
    """Run code in the engine's Python."""
    done = subprocess.run(
        [python, "-I", "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False, env={}
    )
    assert done.returncode == 0, done.stderr


def test_without_edits_it_is_the_region(town: Path, layers: dict, engine_python: str, tmp_path: Path) -> None:
    """A snapshot without edits reads as the region itself, provenance included."""
    target = tmp_path / "snapshot.gpkg"
    Snapshot.of(layers.values()).write(target)
    engine_code(engine_python, EQUAL, town, target)


def test_rewritten_layers_keep_all_their_values(town: Path, layers: dict, engine_python: str, tmp_path: Path) -> None:
    """Layers that were edited back and forth read as before: types, empty values, geometry, flags."""
    for layer in layers.values():
        layer.startEditing()
        feature = next(layer.getFeatures())
        column = layer.fields().lookupField("households")
        before = feature[column]
        layer.changeAttributeValue(feature.id(), column, 7)
        layer.changeAttributeValue(feature.id(), column, before)
        assert layer.isModified()
    target = tmp_path / "snapshot.gpkg"
    snapshot = Snapshot.of(layers.values())
    assert len(snapshot.edited) == 3
    snapshot.write(target)
    engine_code(engine_python, EQUAL, town, target)


def test_unsaved_edits_reach_the_engine(layers: dict, engine_python: str, tmp_path: Path) -> None:
    """Changed, deleted and added buildings are what the engine counts; the file itself is as it was."""
    buildings = layers["buildings"]
    total = sum(f["households"] or 0 for f in buildings.getFeatures())
    first, second = list(buildings.getFeatures())[:2]
    column = buildings.fields().lookupField("households")
    buildings.startEditing()
    buildings.changeAttributeValue(first.id(), column, first["households"] + 10)
    buildings.deleteFeature(second.id())
    added = QgsFeature(buildings.fields())
    added.setGeometry(second.geometry())
    added["building_id"], added["households"] = "new", 3
    added["community_id"] = second["community_id"]
    buildings.addFeature(added)
    target = tmp_path / "snapshot.gpkg"
    Snapshot.of(layers.values()).write(target)
    reply = run_engine(engine_python, ["divide", str(target), "--overwrite", "--dry-run"], language="en")
    assert reply.document["measures"]["households"] == total + 10 - second["households"] + 3


def test_edits_within_a_transaction_reach_the_engine(layers: dict, tmp_path: Path) -> None:
    """With automatic transaction groups the snapshot has the edits too, and the file stays free for the planner."""
    project = QgsProject.instance()
    project.setAutoTransaction(True)
    project.addMapLayers(list(layers.values()), False)
    units = layers["units"]
    column = units.fields().lookupField("households")
    try:
        units.startEditing()
        feature = next(units.getFeatures())
        units.changeAttributeValue(feature.id(), column, 111)
        Snapshot.of(layers.values()).write(tmp_path / "snapshot.gpkg")
        assert units.commitChanges()
    finally:
        project.setAutoTransaction(False)
    written = QgsVectorLayer(f"{tmp_path / 'snapshot.gpkg'}|layername=units", "units", "ogr")
    assert [f["households"] for f in written.getFeatures(f"unit_id = '{feature['unit_id']}'")] == [111]
    for layer in layers.values():
        project.takeMapLayer(layer)


def test_taken_before_an_edit_it_lacks_the_edit(layers: dict, tmp_path: Path) -> None:
    """A snapshot is what was seen when it was taken, whenever it is written."""
    units = layers["units"]
    feature = next(units.getFeatures())
    column = units.fields().lookupField("households")
    units.startEditing()
    units.changeAttributeValue(feature.id(), column, 111)
    snapshot = Snapshot.of(layers.values())
    units.changeAttributeValue(feature.id(), column, 222)
    snapshot.write(tmp_path / "snapshot.gpkg")
    written = QgsVectorLayer(f"{tmp_path / 'snapshot.gpkg'}|layername=units", "units", "ogr")
    assert [f["households"] for f in written.getFeatures(f"unit_id = '{feature['unit_id']}'")] == [111]


def test_layers_of_two_files_are_refused(layers: dict, town_file: Path) -> None:
    """Layers of two regions make no snapshot."""
    other = QgsVectorLayer(f"{town_file}|layername=grids", "grids", "ogr")
    with pytest.raises(EngineError, match="one region"):
        Snapshot.of([layers["units"], other])


def test_a_snapshot_can_be_cancelled(layers: dict, tmp_path: Path) -> None:
    """Cancelled while a layer of many features is written, it stops."""
    grids = layers["grids"]
    grids.startEditing()
    for k in range(1500):
        feature = QgsFeature(grids.fields())
        feature.setGeometry(QgsGeometry.fromWkt("POLYGON((0 0, 1 0, 1 1, 0 0))"))
        feature["grid_id"] = str(k)
        grids.addFeature(feature)
    with pytest.raises(EngineCanceled):
        Snapshot.of([grids]).write(tmp_path / "snapshot.gpkg", lambda: True)


def test_a_copy_has_what_was_just_saved(town: Path, tmp_path: Path) -> None:
    """What a program that still has the file open saved a moment ago is in the copy."""
    with sqlite3.connect(town) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("UPDATE gridtwin_meta SET value = 'renamed' WHERE key = 'name'")
        connection.commit()
        copy_region(town, tmp_path / "copy.gpkg")
    with sqlite3.connect(tmp_path / "copy.gpkg") as copy:
        assert copy.execute("SELECT value FROM gridtwin_meta WHERE key = 'name'").fetchall() == [("renamed",)]
    connection.close()
    copy.close()


def test_what_is_no_geopackage_is_refused(tmp_path: Path) -> None:
    """A file of another kind, or none at all, is named in the error."""
    text = tmp_path / "text.gpkg"
    text.write_text("no database, but long enough to be read as one" * 10)
    for path in (text, tmp_path / "none.gpkg"):
        with pytest.raises(EngineError, match=path.name):
            copy_region(path, tmp_path / "copy.gpkg")


def test_put_in_place_replaces_at_once(tmp_path: Path) -> None:
    """The result takes the place of the old file; nothing else stays in the folder."""
    made, target = tmp_path / "made", tmp_path / "folder" / "target.gpkg"
    target.parent.mkdir()
    made.write_text("new")
    target.write_text("old")
    put_in_place(made, target)
    assert target.read_text() == "new"
    assert [path.name for path in target.parent.iterdir()] == ["target.gpkg"]


def test_put_in_place_says_why_it_cannot(tmp_path: Path) -> None:
    """A folder that is a file is named."""
    (tmp_path / "made").write_text("new")
    (tmp_path / "file").write_text(json.dumps(1))
    with pytest.raises(EngineError, match="unchanged"):
        put_in_place(tmp_path / "made", tmp_path / "file" / "target.gpkg")
