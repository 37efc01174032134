"""The Processing provider: every command of the engine, described, run, cancelled, loaded, with no code of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from gridtwin_qgis.core.region_project import open_region
from gridtwin_qgis.engine import catalogue as catalogues
from gridtwin_qgis.engine.catalogue import Catalogue, load_catalogue
from gridtwin_qgis.engine.runner import run_engine
from gridtwin_qgis.processing.algorithm import EngineAlgorithm
from gridtwin_qgis.processing.parameters import command_line
from qgis.core import (
    QgsApplication,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingParameterDefinition,
    QgsProject,
    QgsVectorLayer,
)

NEW_COMMAND = {
    "name": "count-trees",
    "reads": ["buildings"],
    "writes": ["grids"],
    "examples": ["gridtwin count-trees town.gpkg"],
} | {
    lang: {
        "title": "Count trees",
        "summary": "Count <all> trees.",
        "parameters": [
            {
                "name": name, "option": option, "type": kind, "help": f"help of {name}; more", "default": default,
                "unit": unit, "minimum": minimum, "maximum": maximum, "choices": choices, "required": option is None,
                "suffix": suffix, "layer": "", "repeated": repeated,
            }
            for name, option, kind, default, unit, minimum, maximum, choices, suffix, repeated in [
                ("region", None, "path", None, "", None, None, [], ".gpkg", False),
                ("height", "--height", "number", 2.5, "m", 0, 100, [], "", False),
                ("crew", "--crew", "integer", None, "", 1, None, [], "", False),
                ("kind", "--kind", "choice", "oak", "", None, None, ["oak", "elm"], "", False),
                ("near", "--near", "text", None, "", None, None, [], "", True),
                ("dead", "--dead", "flag", False, "", None, None, [], "", False),
                ("output", "--output", "output", None, "", None, None, [], ".gpkg", False),
                ("overwrite", "--overwrite", "flag", False, "", None, None, [], "", False),
            ]
        ],
    }
    for lang in ("en", "zh")
}  # fmt: skip


class Feedback(QgsProcessingFeedback):
    """Keeps what an algorithm says; cancels at the first progress if told to."""

    def __init__(self, *, cancel: bool = False) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.cancelled_at = 0.0
        if cancel:
            self.progressChanged.connect(self._cancel)

    def _cancel(self, _progress: float) -> None:
        if not self.isCanceled():
            self.cancelled_at = time.monotonic()
            self.cancel()

    def pushInfo(self, text: str) -> None:
        """Keep a text."""
        self.texts.append(text)

    def pushWarning(self, text: str) -> None:
        """Keep a warning."""
        self.texts.append(text)

    def pushCommandInfo(self, text: str) -> None:
        """Keep the call."""
        self.texts.append(text)

    def setProgressText(self, text: str) -> None:
        """Keep a step."""
        self.texts.append(text)


@pytest.fixture(scope="module")
def catalogue(engine_python: str) -> Catalogue:
    """Return what the engine can do."""
    return load_catalogue()


@pytest.fixture
def project() -> Iterator[QgsProject]:
    """Return the project, empty before and after."""
    instance = QgsProject.instance()
    instance.clear()
    yield instance
    for layer in instance.mapLayers().values():
        if layer.isEditable():
            layer.rollBack()
    instance.clear()


def algorithm(name: str) -> QgsProcessingAlgorithm:
    """Return an algorithm of the provider."""
    return QgsApplication.processingRegistry().algorithmById(f"gridtwin:{name}")


def run(
    name: str, parameters: dict, feedback: Feedback | None = None, project: QgsProject | None = None
) -> tuple[dict, QgsProcessingContext]:
    """Run an algorithm as QGIS does; return its results and the context."""
    context = QgsProcessingContext()
    if project is not None:
        context.setProject(project)
    prepared = algorithm(name).create()
    results, ok = prepared.run(parameters, context, feedback or Feedback(), {}, False)
    assert ok
    return results, context


def test_every_command_is_an_algorithm(plugin: object, catalogue: Catalogue) -> None:
    """The provider has one algorithm a command, with title, help and all parameters but --overwrite; and the print."""
    provider = QgsApplication.processingRegistry().providerById("gridtwin")
    found = {made.name(): made for made in provider.algorithms()}
    assert set(found) == {"print_sheets", *(command.name.replace("-", "") for command in catalogue.commands)}
    for command in catalogue.commands:
        made = found[command.name.replace("-", "")]
        assert made.displayName() == command.title
        names = {definition.name() for definition in made.parameterDefinitions()}
        assert {p.name.upper() for p in command.parameters} - {"OVERWRITE"} <= names
        assert command.summary[:20] in made.shortHelpString()


def test_a_new_command_needs_no_code() -> None:
    """A command that the plugin never heard of becomes an algorithm, with units, ranges, choices and lists."""
    made_of = Catalogue.of({"version": "9", "units": {"m": {"en": "metre", "zh": "米"}, "": {"en": "", "zh": ""}},
                            "commands": [NEW_COMMAND]}, "en")  # fmt: skip
    made = EngineAlgorithm(made_of.commands[0], made_of).create()
    assert made.name() == "counttrees"
    height = made.parameterDefinition("HEIGHT")
    assert (height.minimum(), height.maximum(), height.defaultValue()) == (0, 100, 2.5)
    assert height.description() == "Help of height [metre]"
    assert "0–100" in height.help()
    assert made.parameterDefinition("KIND").options() == ["oak", "elm"]
    assert made.parameterDefinition("NEAR").multiLine()
    optional = QgsProcessingParameterDefinition.Flag.FlagOptional
    assert made.parameterDefinition("CREW").flags() & optional
    assert not made.parameterDefinition("OUTPUT").flags() & optional
    assert "Count &lt;all&gt; trees." in made.shortHelpString()
    values = {"region": ["a.gpkg"], "height": ["3.0"], "near": ["x", "-y"], "dead": ["true"], "kind": ["elm"]}
    assert command_line(made_of.commands[0], values) == [
        "count-trees", "--height=3.0", "--kind=elm", "--near=x", "--near=-y", "--dead", "--", "a.gpkg",
    ]  # fmt: skip


def test_texts_are_chinese_where_qgis_is(catalogue: Catalogue) -> None:
    """The catalogue has titles, help and units in Chinese."""
    schema = json.loads(catalogues.kept_path().read_text("utf-8"))["schema"]
    chinese = Catalogue.of(schema, "zh")
    divide = next(command for command in chinese.commands if command.name == "divide")
    assert "网格" in divide.title
    assert divide.parameter("min").unit == "户"


def test_divide_a_file(plugin: object, town: Path, tmp_path: Path) -> None:
    """A region file is divided into a new one; the file itself stays as it was; texts and results are shown."""
    before = town.read_bytes()
    feedback = Feedback()
    output, report = tmp_path / "result.gpkg", tmp_path / "report.json"
    parameters = {"REGION": str(town), "MIN": 200, "MAX": 400, "OUTPUT": str(output), "JSON": str(report)}
    results, _ = run("divide", parameters, feedback)
    assert results["OUTPUT"] == str(output)
    assert town.read_bytes() == before
    grids = QgsVectorLayer(f"{output}|layername=grids", "grids", "ogr")
    assert grids.featureCount() == json.loads(report.read_text("utf-8"))["measures"]["grids"] > 5
    assert any(text.startswith("gridtwin divide --overwrite --min=200") for text in feedback.texts)
    assert sum("Grids" in text or "grids" in text for text in feedback.texts) > 2


def test_results_are_loaded_into_a_group(plugin: object, town: Path, tmp_path: Path, project: QgsProject) -> None:
    """Layers that the command wrote are loaded, styled and put into a group of its own."""
    from processing.gui.Postprocessing import handleAlgorithmResults

    output = tmp_path / "trial.gpkg"
    results, context = run("divide", {"REGION": str(town), "OUTPUT": str(output)}, project=project)
    names = {details.name for details in context.layersToLoadOnCompletion().values()}
    assert {"grids", "units", "buildings"} <= names
    assert "streets" not in names
    assert handleAlgorithmResults(algorithm("divide"), context, Feedback(), parameters=results)
    group = project.layerTreeRoot().children()[0]
    assert group.name().endswith(": trial")
    assert {node.name() for node in group.children()} == names
    assert len(project.layerTreeRoot().children()) == 1


def test_results_are_not_loaded_where_not_wanted(plugin: object, town: Path, tmp_path: Path) -> None:
    """Models say so with LOAD_RESULTS."""
    parameters = {"REGION": str(town), "OUTPUT": str(tmp_path / "t.gpkg"), "LOAD_RESULTS": False}
    _, context = run("divide", parameters)
    assert not context.layersToLoadOnCompletion()


def test_the_open_region_with_unsaved_edits(plugin: object, town: Path, tmp_path: Path, project: QgsProject) -> None:
    """Without a file the open region is taken, and what is not saved counts; so it does when its file is named."""
    region = open_region(town, project)
    buildings = region["buildings"]
    total = sum(feature["households"] or 0 for feature in buildings.getFeatures())
    buildings.startEditing()
    feature = next(buildings.getFeatures())
    column = buildings.fields().lookupField("households")
    buildings.changeAttributeValue(feature.id(), column, feature["households"] + 25)
    report = tmp_path / "report.json"
    for given in ({}, {"REGION": str(town)}):
        feedback = Feedback()
        parameters = {"OUTPUT": str(tmp_path / "result.gpkg"), "JSON": str(report), **given}
        run("divide", parameters, feedback, project)
        assert json.loads(report.read_text("utf-8"))["measures"]["households"] == total + 25
        assert any("buildings" in text and "nsaved" in text for text in feedback.texts)


def test_no_region_is_a_clear_error(plugin: object, project: QgsProject, tmp_path: Path) -> None:
    """With nothing open and no file the error says what to do."""
    with pytest.raises(QgsProcessingException, match="No region is open"):
        run("divide", {"OUTPUT": str(tmp_path / "t.gpkg")}, project=project)


def test_two_open_regions_ask_for_one(
    plugin: object, town: Path, town_file: Path, project: QgsProject, tmp_path: Path
) -> None:
    """With two regions open the error asks for the file of one."""
    open_region(town, project)
    open_region(town_file, project)
    with pytest.raises(QgsProcessingException, match="Several regions"):
        run("divide", {"OUTPUT": str(tmp_path / "t.gpkg")}, project=project)


def test_errors_of_the_engine_reach_the_user(plugin: object, town: Path, tmp_path: Path) -> None:
    """The engine's message and its code are the error; nothing is written."""
    output = tmp_path / "result.gpkg"
    with pytest.raises(QgsProcessingException, match=r"minimum .* \[bounds"):
        run("divide", {"REGION": str(town), "MIN": 500, "MAX": 300, "OUTPUT": str(output)})
    assert not output.exists()


def test_strict_fails_with_the_notes(plugin: object, town: Path, tmp_path: Path) -> None:
    """Under STRICT a plan that breaks a rule fails the algorithm and says which."""
    parameters = {"REGION": str(town), "MIN": 450, "MAX": 550, "STRICT": True, "OUTPUT": str(tmp_path / "t.gpkg")}
    with pytest.raises(QgsProcessingException, match="Not all rules are kept"):
        run("divide", parameters)


def test_cancelled_it_writes_nothing(plugin: object, town: Path, tmp_path: Path) -> None:
    """A cancelled algorithm ends within half a second and leaves no file."""
    feedback = Feedback(cancel=True)
    output = tmp_path / "result.gpkg"
    results, _ = run("divide", {"REGION": str(town), "OUTPUT": str(output)}, feedback)
    assert time.monotonic() - feedback.cancelled_at < 0.5
    assert results == {}
    assert not output.exists()


def test_repeated_options_and_tables(plugin: object, town: Path, tmp_path: Path) -> None:
    """Lists, or lines of one text, become repeated options; a page and a region come out of one run."""
    before = town.read_bytes()
    for lock in (["none-1", "none-2"], "none-1\n none-2 \n"):
        feedback = Feedback()
        with pytest.raises(QgsProcessingException, match="none-1"):
            run("edit", {"REGION": str(town), "LOCK": lock, "OUTPUT": str(tmp_path / "t.gpkg")}, feedback)
        assert any("--lock=none-1 --lock=none-2" in text for text in feedback.texts)
    assert town.read_bytes() == before


def test_a_page_is_written(plugin: object, town: Path, tmp_path: Path) -> None:
    """A map is one web page, named as an HTML output for the results viewer."""
    page = tmp_path / "map.html"
    results, context = run("map", {"REGION": str(town), "FILE": str(page)})
    assert results == {"FILE": str(page)}
    assert "<html" in page.read_text("utf-8")[:2000].lower()
    assert algorithm("map").outputDefinition("FILE").type() == "outputHtml"
    assert not context.layersToLoadOnCompletion()


def test_a_repair_without_a_result_leaves_the_file(plugin: object, town: Path) -> None:
    """Even a command that would mend the region in place works on a copy."""
    before = town.read_bytes()
    run("check", {"REGION": str(town), "REPAIR": True})
    assert town.read_bytes() == before


def test_in_a_model(plugin: object, town: Path, tmp_path: Path) -> None:
    """Chained in a model, the region that one algorithm writes is what the next one reads."""
    model = QgsProcessingModelAlgorithm("two", "two")
    divide = QgsProcessingModelChildAlgorithm("gridtwin:divide")
    divide.setChildId("divide")
    static = QgsProcessingModelChildParameterSource.fromStaticValue
    divide.addParameterSources("REGION", [static(str(town))])
    divide.addParameterSources("MIN", [static(200)])
    divide.addParameterSources("MAX", [static(400)])
    model.addChildAlgorithm(divide)
    page = QgsProcessingModelChildAlgorithm("gridtwin:map")
    page.setChildId("map")
    page.addParameterSources("REGION", [QgsProcessingModelChildParameterSource.fromChildOutput("divide", "OUTPUT")])
    page.addParameterSources("FILE", [static(str(tmp_path / "map.html"))])
    model.addChildAlgorithm(page)
    context = QgsProcessingContext()
    _, ok = model.run({}, context, Feedback(), {}, False)
    assert ok
    assert (tmp_path / "map.html").exists()


def test_without_an_engine_the_packed_catalogue_is_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, catalogue: Catalogue, town: Path
) -> None:
    """With no engine set, the algorithms are listed from the packed catalogue, and a run says what to set up."""
    packed = tmp_path / "catalogue.json"
    packed.write_text(json.dumps(json.loads(catalogues.kept_path().read_text("utf-8"))["schema"]), "utf-8")
    monkeypatch.setattr(catalogues, "BUNDLED", packed)
    monkeypatch.delenv("GRIDTWIN_PYTHON")
    assert load_catalogue() == catalogue
    with pytest.raises(QgsProcessingException, match="not set up"):
        EngineAlgorithm(catalogue.commands[3], catalogue).create().run(
            {"REGION": str(town), "OUTPUT": str(tmp_path / "t.gpkg")}, QgsProcessingContext(), Feedback(), {}, False
        )


def test_the_engine_is_asked_once(monkeypatch: pytest.MonkeyPatch, engine_python: str, catalogue: Catalogue) -> None:
    """The answer of the engine is kept: QGIS starts without starting the engine; a damaged copy is fetched anew."""
    calls: list[str] = []

    def counted(python: str, *arguments: object, **options: object) -> object:
        calls.append(python)
        return run_engine(python, *arguments, **options)

    monkeypatch.setattr(catalogues, "run_engine", counted)
    assert load_catalogue() == catalogue
    assert not calls
    catalogues.kept_path().write_text("{damaged", "utf-8")
    assert load_catalogue() == catalogue
    assert calls == [engine_python]
    assert load_catalogue() == catalogue
    assert calls == [engine_python]
