"""A region opens in one step as a styled project; what is no region is refused."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from osgeo import ogr
from qgis.core import (
    QgsExpression,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsProject,
    QgsVectorLayer,
    QgsWkbTypes,
)

pytestmark = pytest.mark.usefixtures("qgis_new_project")


@pytest.fixture
def sessions() -> Iterator[object]:
    """Return the open regions of an empty project."""
    from gridtwin_qgis.core.sessions import RegionSessions

    opened = RegionSessions()
    yield opened
    opened.close()


def damaged(path: Path, statement: str) -> None:
    """Change a region's file behind the plugin's back."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def test_a_region_is_one_group(town: Path, sessions: object) -> None:
    """All layers of the file stand in one group named after the region, the tables folded away."""
    region = sessions.open(town)
    group = QgsProject.instance().layerTreeRoot().findGroup("Toy town")
    inside = {node.layer().customProperty("gridtwin/layer") for node in group.findLayers()}
    assert inside == set(region.layers)
    assert not group.findGroup("Tables").isExpanded()


def test_the_project_follows_the_region(town: Path, sessions: object) -> None:
    """The project takes over the reference system; snapping and topological editing are on for grids and units."""
    region, project = sessions.open(town), QgsProject.instance()
    assert project.crs().authid() == "EPSG:32650"
    assert project.topologicalEditing()
    snapping = project.snappingConfig()
    assert snapping.enabled()
    assert {n for n in region.layers if snapping.individualLayerSettings(region[n]).enabled()} == {"grids", "units"}


def test_a_second_region_leaves_the_project_as_it_is(town: Path, tmp_path: Path, sessions: object) -> None:
    """Two regions may be open; the project keeps the reference system of the first."""
    other = Path(shutil.copy(town, tmp_path / "other.gpkg"))
    QgsProject.instance().setCrs(sessions.open(town)["grids"].crs())
    sessions.open(other)
    assert [region.path for region in sessions.regions] == [town, other]
    assert sessions.current_region.path == other


def test_a_region_is_opened_once(town: Path, sessions: object) -> None:
    """Opening a region again turns to it instead of adding its layers twice."""
    first = sessions.open(town)
    assert sessions.open(town) is first
    assert len(QgsProject.instance().mapLayers()) == len(first.layers)


def test_layers_are_related(town: Path, sessions: object) -> None:
    """Buildings and units lead to their grid, grids to their community."""
    region = sessions.open(town)
    relations = QgsProject.instance().relationManager().relations().values()
    pairs = {(r.referencingLayerId(), r.referencedLayerId()) for r in relations}
    wanted = [("grids", "communities"), ("units", "grids"), ("buildings", "grids"), ("buildings", "units")]
    assert pairs == {(region[a].id(), region[b].id()) for a, b in wanted}
    assert all(relation.isValid() for relation in relations)


def test_the_active_layer_chooses_the_region(town: Path, tmp_path: Path, sessions: object) -> None:
    """The planner works on the region of the layer that was made active last."""
    other = Path(shutil.copy(town, tmp_path / "other.gpkg"))
    first, _ = sessions.open(town), sessions.open(other)
    seen = []
    sessions.current_changed.connect(seen.append)
    sessions.follow(first["units"])
    sessions.follow(None)
    assert sessions.current.region is first
    assert seen == [sessions.current]
    assert sessions.session_of(first["grids"]) is sessions.current
    assert sessions.session_of(None) is None


def test_removing_a_layer_closes_the_region(town: Path, sessions: object) -> None:
    """A region of which a layer leaves the project is no longer open."""
    region = sessions.open(town)
    QgsProject.instance().removeMapLayer(region["grids"].id())
    assert sessions.current is None
    assert sessions.regions == ()


def test_a_saved_project_finds_its_regions(town: Path, tmp_path: Path, sessions: object) -> None:
    """A project that is opened again knows its regions, by name and file."""
    sessions.open(town)
    path = str(tmp_path / "town.qgz")
    QgsProject.instance().write(path)
    QgsProject.instance().clear()
    assert sessions.regions == ()
    QgsProject.instance().read(path)
    assert [(region.name, region.path) for region in sessions.regions] == [("Toy town", town)]
    assert sessions.current.counts.total_grids == 2000


def test_styles_follow_the_live_counts(town: Path, sessions: object) -> None:
    """Labels and classes show the households of the edit buffer, and the saved ones where nothing is live."""
    region = sessions.open(town)
    session = sessions.current
    fid = next(iter(session.counts))
    session.start_editing()
    building = next(iter(session.counts.ledger.members(fid)))
    session.buildings.changeAttributeValue(building, session.buildings.fields().lookupField("households"), 301)
    grid = region["grids"].getFeature(fid)

    def shown(layer: QgsVectorLayer, expression: str) -> object:
        context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
        context.setFeature(grid)
        return QgsExpression(expression).evaluate(context)

    assert shown(region["grids"], "gridtwin_households($id)") == 601
    assert shown(region["grids"], "gridtwin_class($id)") == "above"
    copy = QgsVectorLayer(region["grids"].source(), "copy", "ogr")
    assert shown(copy, "gridtwin_households($id)") == 400
    assert shown(copy, "gridtwin_class($id)") == "within2"
    grid = region["communities"].getFeature(1)
    assert shown(region["communities"], "gridtwin_class($id)") is None
    assert shown(region["communities"], "gridtwin_households($id)") is None
    session.roll_back()


def test_the_legend_names_every_class(town: Path, sessions: object) -> None:
    """Grids are drawn by class, with all classes of the bounds in the legend."""
    renderer = sessions.open(town)["grids"].renderer()
    values = {category.value() for category in renderer.categories()}
    assert values == {"below", "within1", "within2", "within3", "within4", "above", "none", "special"}
    assert renderer.classAttribute() == "gridtwin_class($id)"


def test_mixed_barriers_become_two_layers(town: Path, sessions: object) -> None:
    """A table of lines and areas is shown as one layer each."""
    damaged(town, "UPDATE gpkg_geometry_columns SET geometry_type_name='GEOMETRY' WHERE table_name='barriers'")
    file = ogr.Open(str(town), 1)
    barriers = file.GetLayerByName("barriers")
    line = ogr.Feature(barriers.GetLayerDefn())
    line.SetGeometry(ogr.CreateGeometryFromWkt("LINESTRING(0 0, 100 0)"))
    line["kind"] = "wall"
    barriers.CreateFeature(line)
    del line, barriers, file
    region = sessions.open(town)
    assert region["barriers"].geometryType() == QgsWkbTypes.GeometryType.PolygonGeometry
    assert region["barriers_linestring"].geometryType() == QgsWkbTypes.GeometryType.LineGeometry


def test_grids_may_be_in_pieces(town: Path, sessions: object) -> None:
    """Files that declare grids as single polygons are put right: QGIS would save a second piece as a hole."""
    with closing(sqlite3.connect(town)) as connection, connection:
        connection.execute("UPDATE gpkg_geometry_columns SET geometry_type_name='POLYGON' WHERE table_name='grids'")
    assert QgsWkbTypes.isMultiType(sessions.open(town)["grids"].wkbType())


def test_a_file_that_cannot_be_written_opens(town: Path, sessions: object) -> None:
    """A region that may only be read opens with its counts."""
    town.chmod(0o444)
    sessions.open(town)
    assert sessions.current.counts.total_grids == 2000
    town.chmod(0o644)


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("DELETE FROM gpkg_contents WHERE table_name='gridtwin_meta'", "no region"),
        ("UPDATE gridtwin_meta SET value='99' WHERE key='schema_version'", "newer"),
        ("UPDATE gridtwin_meta SET value='' WHERE key='schema_version'", "does not say its version"),
        ("DROP TABLE gridtwin_meta", "damaged"),
    ],
)
def test_what_is_no_region_is_refused(town: Path, sessions: object, statement: str, text: str) -> None:
    """A file without the marks of a region, or newer than the plugin, is refused and adds no layer."""
    from gridtwin_qgis.core.errors import RegionFileError

    damaged(town, statement)
    with pytest.raises(RegionFileError, match=text):
        sessions.open(town)
    assert not QgsProject.instance().mapLayers()


def test_other_files_are_refused(tmp_path: Path, sessions: object) -> None:
    """A file that is missing or no GeoPackage is refused with a clear message."""
    from gridtwin_qgis.core.errors import RegionFileError

    with pytest.raises(RegionFileError, match="There is no file"):
        sessions.open(tmp_path / "none.gpkg")
    (tmp_path / "text.gpkg").write_text("just text, long enough to be no database at all", encoding="utf-8")
    with pytest.raises(RegionFileError, match="no GeoPackage"):
        sessions.open(tmp_path / "text.gpkg")


def test_unreadable_layers_are_named(town: Path, sessions: object) -> None:
    """A region whose table is gone is refused with the name of the layer."""
    from gridtwin_qgis.core.errors import RegionFileError

    damaged(town, "DROP TABLE junctions")
    with pytest.raises(RegionFileError, match="junctions"):
        sessions.open(town)


def test_a_region_without_a_plan_has_no_session(town: Path, sessions: object) -> None:
    """A region that is not divided yet opens as layers only."""
    damaged(town, "DELETE FROM gpkg_contents WHERE table_name='grids'")
    region = sessions.open(town)
    assert not region.has_plan
    assert sessions.current is None
    assert sessions.current_region is region


def test_columns_have_titles(town: Path, sessions: object) -> None:
    """Tables and forms show what a column is called, not its name in the file."""
    grids = sessions.open(town)["grids"]
    assert grids.attributeDisplayName(grids.fields().lookupField("minimum_households")) == "Least households"


def test_the_plan_says_the_bounds(town: Path, sessions: object) -> None:
    """Grids without bounds of their own have those of the newest plan, the usual ones where none is known."""
    from gridtwin_qgis.core.bounds import Bounds, bounds_of_plan

    region = sessions.open(town)
    assert bounds_of_plan(region["plans"]) == Bounds(300, 500)
    assert bounds_of_plan(None) == Bounds()
    damaged(town, """UPDATE plans SET params='{"minimum": 200, "maximum": 350}'""")
    assert bounds_of_plan(QgsVectorLayer(f"{town}|layername=plans", "plans", "ogr")) == Bounds(200, 350)


def test_titles_and_legends_are_translated() -> None:
    """Every title of a layer, column, purpose or class has its Chinese pair."""
    import translations
    from gridtwin_qgis.core import styling, titles

    labels = {
        label
        for file in styling.STYLES.glob("*.qml")
        for label in re.findall(r'<(?:category|range|rule)[^>]* label="([^"]+)"', file.read_text("utf-8"))
    }
    assert "below the minimum" in labels
    texts = {*titles.LAYERS.values(), *titles.COLUMNS.values(), *titles.PURPOSES.values(), *labels}
    assert texts - translations.read_pairs(translations.PLUGIN / "i18n" / "parts").keys() == set()
