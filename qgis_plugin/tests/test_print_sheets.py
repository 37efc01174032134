"""Sheets: what is on them, which files are made, and that nothing else is touched."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from gridtwin_qgis.core import sheet_layout, sheet_tables, sheets
from gridtwin_qgis.core.region_project import RegionLayers, open_region
from gridtwin_qgis.core.sheet_data import SheetError, chosen, grid_facts, safe_name
from gridtwin_qgis.core.sheet_project import SCALES, fit
from gridtwin_qgis.core.sheet_request import Output, Paper, Sheet, SheetRequest
from gridtwin_qgis.core.sheets import SheetsCancelled, print_sheets
from qgis.core import (
    QgsExpression,
    QgsFeature,
    QgsFeedback,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QCoreApplication, QTranslator
from qgis.PyQt.QtGui import QImage

LOOK_ALIKES = str.maketrans("‒戶⻚", "–户页")
needs_poppler = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed")


@pytest.fixture
def region(town: Path, qgis_app: object) -> Iterator[RegionLayers]:
    """Return the toy town, open in a project of its own."""
    project = QgsProject()
    yield open_region(town, project)
    project.clear()


@pytest.fixture
def chinese() -> Iterator[None]:
    """Show texts in Chinese."""
    translations = pytest.importorskip("translations")
    if not any(shutil.which(tool) for tool in translations.LRELEASE):
        pytest.skip("lrelease is not installed")
    translator = QTranslator()
    assert translator.load(str(translations.compile_translations()))
    QCoreApplication.installTranslator(translator)
    yield
    QCoreApplication.removeTranslator(translator)


def layer_of(kind: str, columns: str, rows: list[tuple[list[object], str]]) -> QgsVectorLayer:
    """Return a layer in memory: values and shape (WKT) of each row."""
    layer = QgsVectorLayer(f"{kind}?crs=EPSG:32650&{columns}", "made", "memory")
    for values, shape in rows:
        feature = QgsFeature(layer.fields())
        feature.setAttributes(values)
        if shape:
            feature.setGeometry(QgsGeometry.fromWkt(shape))
        layer.dataProvider().addFeature(feature)
    layer.updateExtents()
    return layer


def with_layers(region: RegionLayers, **layers: QgsVectorLayer) -> RegionLayers:
    """Return a region that has further layers."""
    return dataclasses.replace(region, layers={**region.layers, **layers})


SHELTER_COLUMNS = "field=shelter_id:string&field=name:string&field=capacity_persons:double&field=gates:integer"
ROUTE_COLUMNS = "field=grid_id:string&field=shelter_id:string&field=depart_s:double&field=persons:integer"
COVERAGE_COLUMNS = "&".join(
    f"field={name}:{kind}"
    for name, kind in (
        *(("kind", "string"), ("within_s", "double"), ("area", "string")),
        *(("area_id", "string"), ("group", "string"), ("share", "double")),
    )
)
AREA_COLUMNS = "field=facility_id:string&field=kind:string&field=within_s:double"


def shelters() -> QgsVectorLayer:
    """Return two shelters."""
    rows = [(["s1", "Near park", 1500.0, 2], "Point(100 100)"), (["s2", "Far park", None, 1], "Point(5000 5000)")]
    return layer_of("Point", SHELTER_COLUMNS, rows)


def served(region: RegionLayers) -> RegionLayers:
    """Return a region with service areas and coverage of clinics and libraries."""
    ids = [fact.grid_id for fact in grid_facts(region)]
    rows = [
        ([kind, limit, "grid", grid_id, "households", share], "")
        for grid_id in ids
        for kind, limit, share in (("clinic", 300.0, 0.25), ("clinic", 600.0, 0.75), ("library", 600.0, 1.0))
    ]
    square = "Polygon((0 0, 300 0, 300 300, 0 300, 0 0))"
    areas = [(["f1", "clinic", 600.0], square), (["f2", "library", 600.0], square)]
    return with_layers(
        region,
        coverage=layer_of("None", COVERAGE_COLUMNS, rows),
        service_areas=layer_of("Polygon", AREA_COLUMNS, areas),
    )


def text_of_pdf(path: Path) -> str:
    """Return the text of a PDF; Qt writes some letters as radicals or as others that look the same."""
    done = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, text=True, check=True)
    return unicodedata.normalize("NFKC", done.stdout).translate(LOOK_ALIKES)


def pages_of(path: Path) -> int:
    """Return how many pages a PDF has."""
    done = subprocess.run(["pdfinfo", str(path)], capture_output=True, text=True, check=True)
    return int(next(line.split()[1] for line in done.stdout.splitlines() if line.startswith("Pages:")))


def grid_ids(region: RegionLayers) -> list[str]:
    """Return the ids of a region's grids, ascending."""
    return sorted(grid["grid_id"] for grid in region["grids"].getFeatures())


# --- grid sheets -------------------------------------------------------------------------------------------------


@needs_poppler
@pytest.mark.parametrize("paper", list(Paper))
def test_one_page_a_grid(region: RegionLayers, tmp_path: Path, paper: Paper) -> None:
    """One PDF has a page for each grid with its code, households, bounds and the sum of its table."""
    made = print_sheets(region, SheetRequest(tmp_path / "out", paper=paper), QgsFeedback())
    assert made == [tmp_path / "out" / "grid_sheets.pdf"]
    assert pages_of(made[0]) == region["grids"].featureCount()
    text = text_of_pdf(made[0])
    for fact in grid_facts(region):
        assert f"Grid {fact.code}" in text
        assert f"{fact.households} households" in text
    assert text.count("Together") == text.count("Grid sheet") == region["grids"].featureCount()
    assert "300–500: kept" in text
    assert "Plan: default" in text


@needs_poppler
def test_chinese_sheet(region: RegionLayers, tmp_path: Path, chinese: None) -> None:
    """In Chinese every text of the template and of the table is Chinese."""
    made = print_sheets(region, SheetRequest(tmp_path), QgsFeedback())
    text = text_of_pdf(made[0])
    for part in (
        "网格图",
        "户数",
        "上下限",
        "专职网格员",
        "小区或建筑",
        "合计",
        "方案:default",
        "本网格",
        "第1页,共5页",
    ):
        assert part in text.replace(" ", ""), part
    assert "Households" not in text


@needs_poppler
def test_fonts_are_embedded(region: RegionLayers, tmp_path: Path) -> None:
    """Each font of the PDF is in the file."""
    made = print_sheets(region, SheetRequest(tmp_path), QgsFeedback())
    lines = subprocess.run(["pdffonts", str(made[0])], capture_output=True, text=True, check=True).stdout.splitlines()
    emb = lines[0].index("emb")
    assert lines[2:]
    assert {line[emb : emb + 3] for line in lines[2:]} == {"yes"}


def test_a_file_a_grid(region: RegionLayers, tmp_path: Path) -> None:
    """A PDF for each grid carries the grid's id in its name; only the grids that are named are printed."""
    wanted = tuple(grid_ids(region)[:2])
    made = print_sheets(region, SheetRequest(tmp_path, output=Output.PDF_EACH, grid_ids=wanted), QgsFeedback())
    assert sorted(path.name for path in tmp_path.glob("*.pdf")) == [f"grid_{grid_id}.pdf" for grid_id in wanted]
    assert all(path.read_bytes().startswith(b"%PDF") for path in made)


def test_picture_is_not_blank(region: RegionLayers, tmp_path: Path) -> None:
    """A picture shows the map, the frame of the grid and a QR code."""
    request = SheetRequest(tmp_path, output=Output.PNG_EACH, grid_ids=tuple(grid_ids(region)[:1]), dpi=100)
    image = QImage(str(print_sheets(region, request, QgsFeedback())[0]))
    assert (image.width(), image.height()) == (1169, 826)  # A4
    in_map = {image.pixelColor(x, y).name() for x in range(60, 780, 3) for y in range(110, 740, 3)}
    assert len(in_map) > 20
    assert "#c0341d" in in_map  # the frame of the grid
    code = [image.pixelColor(x, y).lightness() for x in range(1045, 1130) for y in range(28, 115)]
    assert 0.2 < sum(value < 100 for value in code) / len(code) < 0.6


def test_unsaved_edits_are_printed(region: RegionLayers, tmp_path: Path) -> None:
    """Households that are typed but not saved are on the sheet, and stay unsaved."""
    buildings = region["buildings"]
    building = next(row for row in buildings.getFeatures() if row["households"] > 0)
    before = next(fact for fact in grid_facts(region) if fact.grid_id == building["grid_id"]).households
    buildings.startEditing()
    number = buildings.fields().lookupField("households")
    buildings.changeAttributeValue(building.id(), number, building["households"] + 7)
    facts = {fact.grid_id: fact for fact in grid_facts(region)}
    assert facts[building["grid_id"]].households == before + 7
    print_sheets(region, SheetRequest(tmp_path), QgsFeedback())
    assert buildings.isModified()
    buildings.rollBack()


def test_window_project_is_untouched(region: RegionLayers, tmp_path: Path) -> None:
    """A print adds nothing to the window's project and leaves no function behind."""
    before = set(QgsProject.instance().mapLayers())
    print_sheets(region, SheetRequest(tmp_path), QgsFeedback())
    assert set(QgsProject.instance().mapLayers()) == before
    assert not QgsExpression.isFunctionName(sheet_layout.QR_FUNCTION)


def test_cancel_leaves_nothing(region: RegionLayers, tmp_path: Path) -> None:
    """A print that is cancelled after its first page leaves no file."""
    feedback = QgsFeedback()
    feedback.progressChanged.connect(lambda _percent: feedback.cancel())
    with pytest.raises(SheetsCancelled):
        print_sheets(region, SheetRequest(tmp_path), feedback)
    assert list(tmp_path.glob("*.pdf")) == []
    assert list(tmp_path.glob(".gridtwin-*")) == []


def test_files_are_not_replaced_unasked(region: RegionLayers, tmp_path: Path) -> None:
    """A file of the same name is kept unless overwriting is allowed."""
    there = tmp_path / "grid_sheets.pdf"
    there.write_text("mine")
    with pytest.raises(SheetError, match="already"):
        print_sheets(region, SheetRequest(tmp_path), QgsFeedback())
    assert there.read_text() == "mine"
    assert sheets.existing_files(region, SheetRequest(tmp_path)) == [there]
    print_sheets(region, SheetRequest(tmp_path, overwrite=True), QgsFeedback())
    assert there.read_bytes().startswith(b"%PDF")


def test_unknown_grid(region: RegionLayers, tmp_path: Path) -> None:
    """A grid that is not in the region is named."""
    with pytest.raises(SheetError, match="no grid nowhere"):
        print_sheets(region, SheetRequest(tmp_path, grid_ids=("nowhere",)), QgsFeedback())


def test_region_without_grids(region: RegionLayers, tmp_path: Path) -> None:
    """A region that is not divided says so."""
    bare = dataclasses.replace(region, layers={"communities": region["communities"]})
    with pytest.raises(SheetError, match="divide it first"):
        print_sheets(bare, SheetRequest(tmp_path), QgsFeedback())


# --- templates ---------------------------------------------------------------------------------------------------


def test_templates_are_those_of_the_drawing(qgis_app: object) -> None:
    """The templates that come with the plugin are what ``layouts.py`` draws: the same items, places and texts."""
    import layouts

    for template in layouts.TEMPLATES:
        for paper in layouts.PAPERS:
            drawn = layouts.draw(template, paper)
            kept = SheetRequest(Path(), Sheet(template.name), Paper(paper)).template_path
            layout = sheet_layout.read_template(kept, QgsProject())
            assert _items(layout) == _items(drawn), kept.name


def _items(layout: object) -> list[tuple[object, ...]]:
    """Return name, text and place of each item; a scale bar is as wide as its scale wants it."""
    found = [item for item in layout.items() if hasattr(item, "id") and item.id() not in ("", "scale_bar")]
    texts = [item.text() if hasattr(item, "text") else "" for item in found]
    places = [tuple(round(value, 1) for value in item.sceneBoundingRect().getCoords()) for item in found]
    return sorted((item.id(), text, *place) for item, text, place in zip(found, texts, places, strict=True))


def test_every_text_of_a_template_can_be_translated(qgis_app: object) -> None:
    """Each text that is not an expression alone is in the table of texts."""
    import layouts

    texts = sheet_layout.template_texts()
    for template in layouts.TEMPLATES:
        for name, text, *_ in _items(layouts.draw(template, "a4")):
            assert not text or text in texts or text.startswith(("[%", "1 : [%")), (name, text)


def test_own_template(region: RegionLayers, tmp_path: Path) -> None:
    """A template of the user's own is printed in place of ours."""
    own = tmp_path / "own.qpt"
    text = SheetRequest(Path()).template_path.read_text(encoding="utf-8")
    own.write_text(text.replace("Grid sheet", "Sheet of our own"), encoding="utf-8")
    made = print_sheets(region, SheetRequest(tmp_path / "out", template=own), QgsFeedback())
    if shutil.which("pdftotext"):
        assert "Sheet of our own" in text_of_pdf(made[0])


@pytest.mark.parametrize("content", ["", "<a/>", "<Layout/>", b"\xff\xfe\x00"])
def test_bad_template(region: RegionLayers, tmp_path: Path, content: str | bytes) -> None:
    """A file that is no template is refused by name, and nothing is written."""
    bad = tmp_path / "bad.qpt"
    bad.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SheetError, match=r"bad\.qpt"):
        print_sheets(region, SheetRequest(tmp_path / "out", template=bad), QgsFeedback())
    assert list((tmp_path / "out").glob("*")) == []


def test_overview_is_drawn_without_labels(region: RegionLayers, tmp_path: Path) -> None:
    """No layer of the overview has labels: it is drawn anew on every page."""
    from gridtwin_qgis.core.sheet_project import Frames, build_project

    request = SheetRequest(tmp_path)
    facts = grid_facts(region)
    tables = sheet_tables.sheet_tables(region, request, facts, 14)
    frames = Frames((196, 165), (40, 42))
    made = build_project(region, request, facts, tables, frames=frames, folder=tmp_path, family="Noto Sans CJK SC")
    themes = made.project.mapThemeCollection()
    assert [layer.labelsEnabled() for layer in themes.mapThemeVisibleLayers("overview")] == [False, False]
    assert any(layer.labelsEnabled() for layer in themes.mapThemeVisibleLayers("sheet"))


@pytest.mark.parametrize("width", [1.0, 90.0, 700.0, 4_000.0, 80_000.0])
def test_map_shows_its_grid_at_a_round_scale(width: float) -> None:
    """A box of any size lies within the map, in the middle, at a scale of the list or a multiple of 10,000."""
    box = QgsRectangle(1000, 2000, 1000 + width, 2000 + width / 3)
    shown = fit(box, (196, 165), 0.12, round_scale=True)
    assert shown.contains(box)
    assert shown.center().distance(box.center()) < 1e-6
    scale = round(shown.width() / 0.196, 6)
    assert scale in SCALES or scale % 10_000 == 0


# --- other sheets ------------------------------------------------------------------------------------------------


@needs_poppler
def test_evacuation_sheet_without_routes(region: RegionLayers, tmp_path: Path) -> None:
    """Without routes the nearest shelters are listed by straight line, and the sheet says so."""
    sheltered = with_layers(region, shelters=shelters())
    made = print_sheets(sheltered, SheetRequest(tmp_path, Sheet.EVACUATION), QgsFeedback())
    text = text_of_pdf(made[0])
    assert text.index("Near park") < text.index("Far park")
    assert "straight line" in text
    assert "1,500" in text


@needs_poppler
def test_evacuation_sheet_with_routes(region: RegionLayers, tmp_path: Path) -> None:
    """With routes the shelters of the grid are listed with the persons who go there; departures are added up."""
    first = grid_ids(region)[0]
    ways = [
        ([first, "s2", 0.0, 120], "LineString(0 0, 300 400)"),
        ([first, "s2", 600.0, 80], "LineString(0 0, 300 400)"),
    ]
    planned = with_layers(region, shelters=shelters(), evacuation_routes=layer_of("LineString", ROUTE_COLUMNS, ways))
    request = SheetRequest(tmp_path, Sheet.EVACUATION, grid_ids=(first,))
    text = " ".join(text_of_pdf(print_sheets(planned, request, QgsFeedback())[0]).split())
    assert "Far park 500 – 200" in text
    assert "straight line" not in text


def test_shelters_may_be_facilities(region: RegionLayers) -> None:
    """Where the region has no layer of shelters, facilities of this kind are taken."""
    columns = "field=facility_id:string&field=kind:string&field=name:string&field=capacity:double"
    rows = [(["f1", "shelter", "Park", 300.0], "Point(1 2)"), (["f2", "clinic", "Clinic", None], "Point(3 4)")]
    found = sheet_tables.read_shelters(with_layers(region, facilities=layer_of("Point", columns, rows)))
    assert found == {"f1": sheet_tables.Shelter("Park", QgsPointXY(1, 2), "300")}


@pytest.mark.parametrize(("sheet", "words"), [(Sheet.EVACUATION, "no shelters"), (Sheet.SERVICE, "no coverage")])
def test_missing_results(region: RegionLayers, tmp_path: Path, sheet: Sheet, words: str) -> None:
    """A sheet whose results are not there says what is missing."""
    with pytest.raises(SheetError, match=words):
        print_sheets(region, SheetRequest(tmp_path, sheet), QgsFeedback())


@needs_poppler
def test_service_sheet(region: RegionLayers, tmp_path: Path) -> None:
    """A service sheet lists the share covered by kind and time."""
    request = SheetRequest(tmp_path, Sheet.SERVICE, grid_ids=tuple(grid_ids(region)[:1]))
    text = " ".join(text_of_pdf(print_sheets(served(region), request, QgsFeedback())[0]).split())
    assert "Service 5 min 10 min" in text
    assert "Clinic or health station 25% 75%" in text
    assert "Library – 100%" in text


def test_unmeasured_kind(region: RegionLayers, tmp_path: Path) -> None:
    """A kind without results is named."""
    with pytest.raises(SheetError, match="coverage of canteen"):
        print_sheets(served(region), SheetRequest(tmp_path, Sheet.SERVICE, kinds=("canteen",)), QgsFeedback())


# --- facts -------------------------------------------------------------------------------------------------------


def test_rows_add_up(region: RegionLayers) -> None:
    """However few rows fit, the others and the sum keep every building and household."""
    facts = grid_facts(region)
    for capacity in (3, 5, 14):
        tables = sheet_tables.sheet_tables(region, SheetRequest(Path()), facts, capacity)
        for fact in facts:
            *rows, last = tables.by_grid[fact.grid_id].rows
            assert len(rows) + 1 <= capacity
            numbers = [[int(cell.replace(",", "")) for cell in row[1:]] for row in rows]
            assert [f"{sum(column):,}" for column in zip(*numbers, strict=True)] == list(last[1:])
            assert last[2] == f"{fact.households:,}"


def test_verdict_says_by_how_much(region: RegionLayers) -> None:
    """A grid outside its bounds says by how many households."""
    fact = grid_facts(region)[0]
    assert dataclasses.replace(fact, households=290).verdict() == "300–500: 10 too few"
    assert dataclasses.replace(fact, households=512).verdict() == "300–500: 12 too many"
    special = dataclasses.replace(fact.bounds, special=True)
    assert "no bounds" in dataclasses.replace(fact, bounds=special).verdict()


def test_file_names_are_safe() -> None:
    """A name keeps letters of any language and digits; the rest is written as codes, and differs where ids differ."""
    assert safe_name("网格-01_a") == "网格-01_a"
    assert safe_name("a/b") == "a%2Fb"
    assert safe_name("a:b") != safe_name("a/b")


def test_chosen_keeps_the_order() -> None:
    """Grids are printed in the order of the region; all when none is named."""
    assert chosen(["a", "b", "c"], ["c", "a"]) == ["a", "c"]
    assert chosen(["a", "b"], []) == ["a", "b"]


def test_code_tells_no_person(region: RegionLayers, tmp_path: Path) -> None:
    """The QR code says grid, community, households and place, on four lines."""
    from gridtwin_qgis.core.sheet_data import QrWriter

    fact = grid_facts(region)[0]
    lines = QrWriter("Town", region["grids"].crs()).text(fact).split("\n")
    assert lines[0] == f"Grid {fact.code}"
    assert lines[2] == f"{fact.households} households"
    assert lines[3].startswith("geo:")
    assert len(lines) == 4


def test_resolution_is_checked(tmp_path: Path) -> None:
    """A resolution beyond what makes sense is refused."""
    with pytest.raises(ValueError, match="50 to 600"):
        SheetRequest(tmp_path, dpi=9)
