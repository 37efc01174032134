# SPDX-License-Identifier: GPL-3.0-or-later
"""One command of the engine as a Processing algorithm; there is no code for any single command."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFileDestination,
)
from qgis.PyQt.QtGui import QIcon
from qgis_plugin_tools.tools.i18n import tr
from qgis_plugin_tools.tools.resources import plugin_path

from ..core.region_project import regions_of
from ..engine.catalogue import Catalogue, CommandSpec
from ..engine.errors import EngineCanceled, EngineError
from ..engine.files import put_in_place, scratch_folder
from ..engine.protocol import Reply
from ..engine.runner import run_engine
from ..engine.settings import engine_python, language
from ..engine.snapshot import Snapshot
from .parameters import (
    FILTERS,
    HIDDEN,
    REGION,
    RESULT,
    command_help,
    command_line,
    definition_of,
    name_of,
    values_of,
)
from .results import load_when_done

LOAD = "LOAD_RESULTS"
JSON = "JSON"


class EngineAlgorithm(QgsProcessingAlgorithm):
    """A command of the engine.

    Parameters
    ----------
    command
        What the engine says of it.
    catalogue
        All that the engine can do.
    """

    def __init__(self, command: CommandSpec, catalogue: Catalogue) -> None:
        super().__init__()
        self._command = command
        self._catalogue = catalogue
        self._snapshot: Snapshot | None = None
        self._refused: EngineError | None = None

    def createInstance(self) -> EngineAlgorithm:
        """Return a new algorithm of the same command."""
        return EngineAlgorithm(self._command, self._catalogue)

    def name(self) -> str:
        """Return the command's name, of which Processing takes letters and digits only."""
        return re.sub(r"[^a-z0-9]", "", self._command.name)

    def displayName(self) -> str:
        """Return the title."""
        return self._command.title

    def shortDescription(self) -> str:
        """Return what the tool tip says."""
        return self._command.summary

    def shortHelpString(self) -> str:
        """Return the help."""
        return command_help(self._command)

    def tags(self) -> list[str]:
        """Return words by which the toolbox finds it: the command and the layers that it writes."""
        return [self._command.name, *self._command.writes]

    def icon(self) -> QIcon:
        """Return the plugin's icon."""
        return QIcon(plugin_path("icon.svg"))

    def initAlgorithm(self, configuration: dict[str, object] | None = None) -> None:
        """Add the parameters that the engine describes, and those that every command has in QGIS."""
        for parameter in self._command.parameters:
            if parameter.name not in HIDDEN:
                self.addParameter(definition_of(parameter, self._command))
        self.addParameter(
            QgsProcessingParameterFileDestination(
                JSON, tr("What the engine reports, as JSON"), FILTERS[".json"], optional=True, createByDefault=False
            )
        )
        if self._outputs():
            self.addParameter(QgsProcessingParameterBoolean(LOAD, tr("Open the results in the project"), True))

    def prepareAlgorithm(
        self, parameters: dict[str, object], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        """Take the snapshot of the region, in the thread in which layers may be read."""
        if self._command.parameter(REGION) is not None:
            given = self.parameterAsFile(parameters, name_of(self._command.parameter(REGION)), context)
            try:
                self._snapshot = _snapshot(given, context)
            except EngineError as error:
                self._refused = error  # raised when processing: here QGIS would not hand it on
        return True

    def processAlgorithm(
        self, parameters: dict[str, object], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, object]:
        """Run the engine on copies and put its results into place."""
        try:
            with scratch_folder() as folder:
                values = self._values(parameters, context)
                made = self._redirect(values, folder)
                reply = self._run(values, folder, feedback)
                _show(reply, feedback)
                results = _deliver(made)
        except EngineCanceled:
            feedback.pushInfo(tr("Cancelled; nothing was written."))
            return {}
        except EngineError as error:
            feedback.pushDebugInfo(error.log)
            raise QgsProcessingException(f"{error.message} [{error.code}]") from error
        if reply.exit_code:
            raise QgsProcessingException("\n".join([tr("Not all rules are kept:"), *reply.notes]))
        results.update(self._report(reply, parameters, context))
        if self._outputs() and self.parameterAsBoolean(parameters, LOAD, context):
            self._load(results, context)
        return results

    def _outputs(self) -> list[str]:
        """Return the names of the files and folders that the command writes."""
        return [p.name for p in self._command.parameters if p.type in ("output", "folder")]

    def _values(self, parameters: dict[str, object], context: QgsProcessingContext) -> dict[str, Sequence[str]]:
        """Return the values of all parameters by name; destinations as the user wants them."""
        values: dict[str, Sequence[str]] = {}
        for parameter in self._command.parameters:
            definition = self.parameterDefinition(name_of(parameter))
            if definition is None:
                continue
            if parameter.type in ("output", "folder"):
                path = self.parameterAsFileOutput(parameters, definition.name(), context)
                values[parameter.name] = [path] if path else ()
            else:
                values[parameter.name] = values_of(parameter, definition, parameters, context)
        return values

    def _redirect(self, values: dict[str, Sequence[str]], folder: Path) -> dict[str, tuple[Path, Path]]:
        """Let the engine read and write in ``folder``; return what is made there and where the user wants it."""
        made: dict[str, tuple[Path, Path]] = {}
        for name in self._outputs():
            for wanted in values[name]:
                made[name] = (folder / name / Path(wanted).name, Path(wanted))
                values[name] = [str(made[name][0])]
        return made

    def _hand_over(self, values: dict[str, Sequence[str]], folder: Path, feedback: QgsProcessingFeedback) -> None:
        """Give the engine the region: a copy where there are edits, or where it would write into the file itself."""
        if self._snapshot is None:
            return
        if self._snapshot.edited:
            names = ", ".join(layer.name for layer in self._snapshot.edited)
            feedback.pushInfo(tr("With unsaved edits of: {}", names))
        region = self._snapshot.path
        if self._snapshot.edited or (self._command.changes_region and not values[RESULT]):
            region = folder / "region.gpkg"
            self._snapshot.write(region, feedback.isCanceled)
        values[REGION] = [str(region)]

    def _run(self, values: dict[str, Sequence[str]], folder: Path, feedback: QgsProcessingFeedback) -> Reply:
        if self._refused is not None:
            raise self._refused
        python = engine_python()
        self._hand_over(values, folder, feedback)
        for name in self._outputs():
            (folder / name).mkdir()
        call = command_line(self._command, values)
        if self._command.parameter("overwrite") is not None:
            call.insert(1, "--overwrite")  # the files are ours: Processing has asked about those of the user
        feedback.pushCommandInfo("gridtwin " + " ".join(call))
        last = ""

        def report(fraction: float, text: str) -> None:
            nonlocal last
            feedback.setProgress(100 * fraction)
            if text != last:
                last = text
                feedback.setProgressText(text)

        reply = run_engine(python, call, language=language(), on_progress=report, is_canceled=feedback.isCanceled)
        if reply.version != self._catalogue.version:
            text = tr(
                "The engine is version {}, the parameters shown are those of {}; 'Verify' in the settings mends it."
            )
            feedback.pushWarning(text.format(reply.version, self._catalogue.version))
        return reply

    def _report(self, reply: Reply, parameters: dict[str, object], context: QgsProcessingContext) -> dict[str, object]:
        """Write what the engine reports where the user wants it."""
        wanted = self.parameterAsFileOutput(parameters, JSON, context)
        if not wanted:
            return {}
        Path(wanted).write_text(json.dumps(reply.document, ensure_ascii=False, indent=1), "utf-8")
        return {JSON: wanted}

    def _load(self, results: dict[str, object], context: QgsProcessingContext) -> None:
        for parameter in self._command.parameters:
            path = results.get(name_of(parameter))
            if path is None:
                continue
            files = sorted(Path(str(path)).iterdir()) if parameter.type == "folder" else [Path(str(path))]
            names = self._command.writes if parameter.name == RESULT else ()
            for file in files:
                title = self._command.title
                group = title if file.stem == name_of(parameter) else f"{title}: {file.stem}"
                load_when_done(file, names, group, name_of(parameter), context)


def _snapshot(given: str, context: QgsProcessingContext) -> Snapshot:
    """Return the region that the user means: the file, or the one that is open; with unsaved edits either way.

    Raises
    ------
    EngineError
        If none is given and not exactly one is open.
    """
    regions = regions_of(context.project()) if context.project() is not None else ()
    if given:
        path = Path(given).absolute()
        same = [region for region in regions if region.path.absolute() == path]
        return Snapshot.of(same[0].layers.values()) if same else Snapshot(path)
    if not regions:
        raise EngineError("no_region", tr("No region is open; open one or choose its file."))
    if len(regions) > 1:
        raise EngineError("several_regions", tr("Several regions are open; choose the file of one."))
    return Snapshot.of(regions[0].layers.values())


def _show(reply: Reply, feedback: QgsProcessingFeedback) -> None:
    """Show what the engine has to say."""
    for label, value in reply.facts:
        feedback.pushInfo(f"{label}: {value}")
    for note in reply.notes:
        feedback.pushWarning(note)


def _deliver(made: dict[str, tuple[Path, Path]]) -> dict[str, object]:
    """Put what was made into place; return the results by name of the output."""
    results: dict[str, object] = {}
    for name, (source, target) in made.items():
        if source.is_dir():
            for file in sorted(source.iterdir()):
                put_in_place(file, target / file.name)
        elif source.exists():
            put_in_place(source, target)
        else:
            continue  # a dry run writes nothing
        results[name.upper()] = str(target)
    return results
