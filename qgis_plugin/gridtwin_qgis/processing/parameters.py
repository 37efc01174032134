# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of the engine as parameters of Processing, and their values as options of the command line."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameters,
    QgsProcessingParameterString,
)
from qgis_plugin_tools.tools.i18n import tr

from ..engine.catalogue import CommandSpec, ParameterSpec

REGION = "region"
RESULT = "output"  # the region that a command writes its layers into
HIDDEN = ("overwrite",)  # Processing asks before it replaces a file

FILTERS = {
    ".gpkg": "GeoPackage (*.gpkg)",
    ".html": "HTML (*.html)",
    ".csv": "CSV (*.csv)",
    ".geojson": "GeoJSON (*.geojson)",
    ".json": "JSON (*.json)",
}


def name_of(parameter: ParameterSpec) -> str:
    """Return the name by which models and ``qgis_process`` know a parameter."""
    return parameter.name.upper()


def label_of(parameter: ParameterSpec) -> str:
    """Return the label: the first clause of the help, with the unit."""
    clause = re.split(r"[;:；：]\s*|\s*\(\*|（\*", parameter.help, maxsplit=1)[0].strip()
    label = clause[:1].upper() + clause[1:]
    if parameter.repeated:
        label = tr("{} (one a line)", label)
    return f"{label} [{parameter.unit}]" if parameter.unit else label


def range_of(parameter: ParameterSpec) -> str:
    """Return the range of a number as text, "" if it has none."""
    if parameter.minimum is not None and parameter.maximum is not None:
        return f"{parameter.minimum:,}–{parameter.maximum:,}"
    if parameter.minimum is not None:
        return f"≥ {parameter.minimum:,}"
    return f"≤ {parameter.maximum:,}" if parameter.maximum is not None else ""


def help_of(parameter: ParameterSpec) -> str:
    """Return the whole help with unit, range and choices."""
    facts = [fact for fact in (parameter.unit, range_of(parameter), ", ".join(parameter.choices)) if fact]
    return f"{parameter.help} [{'; '.join(facts)}]" if facts else parameter.help


def command_help(command: CommandSpec) -> str:
    """Return the help of an algorithm: what it does, its parameters, examples for the command line."""
    rows = "".join(
        f"<dt><b>{html.escape(name_of(parameter))}</b></dt><dd>{html.escape(help_of(parameter))}</dd>"
        for parameter in command.parameters
        if parameter.name not in HIDDEN
    )
    examples = "".join(f"<p><code>{html.escape(example)}</code></p>" for example in command.examples)
    return (
        f"<p>{html.escape(command.summary)}</p><dl>{rows}</dl>"
        f"<p><b>{tr('On the command line')}</b></p>{examples}"
    )  # fmt: skip


def definition_of(parameter: ParameterSpec, command: CommandSpec) -> QgsProcessingParameterDefinition:
    """Return the Processing parameter for a parameter of the engine."""
    make = _region if parameter.name == REGION else _text if parameter.repeated else _MAKERS[parameter.type]
    made = make(parameter, command)
    made.setHelp(help_of(parameter))
    return made


def _region(parameter: ParameterSpec, command: CommandSpec) -> QgsProcessingParameterDefinition:
    label = tr("Region (when empty, the one that is open); unsaved edits count too")
    return QgsProcessingParameterFile(name_of(parameter), label, optional=True, fileFilter=FILTERS[".gpkg"])


def _path(parameter: ParameterSpec, command: CommandSpec) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterFile(name_of(parameter), label_of(parameter), optional=not parameter.required)


def _folder(parameter: ParameterSpec, command: CommandSpec) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterFolderDestination(name_of(parameter), label_of(parameter))


def _output(parameter: ParameterSpec, command: CommandSpec) -> QgsProcessingParameterDefinition:
    needed = is_needed(parameter, command)
    return QgsProcessingParameterFileDestination(
        name_of(parameter),
        tr("Region with the result") if parameter.name == RESULT and command.writes else label_of(parameter),
        FILTERS.get(parameter.suffix, f"*{parameter.suffix}"),
        optional=not needed,
        createByDefault=needed,
    )


def _number(parameter: ParameterSpec, command: CommandSpec) -> QgsProcessingParameterDefinition:
    types = QgsProcessingParameterNumber.Type
    made = QgsProcessingParameterNumber(
        name_of(parameter),
        label_of(parameter),
        types.Integer if parameter.type == "integer" else types.Double,
        parameter.default,
        optional=not parameter.required and parameter.default is None,
    )
    if parameter.minimum is not None:
        made.setMinimum(parameter.minimum)
    if parameter.maximum is not None:
        made.setMaximum(parameter.maximum)
    return made


def _text(parameter: ParameterSpec, command: CommandSpec) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterString(
        name_of(parameter),
        label_of(parameter),
        parameter.default,
        multiLine=parameter.repeated,
        optional=not parameter.required,
    )


def _flag(parameter: ParameterSpec, command: CommandSpec) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterBoolean(name_of(parameter), label_of(parameter), bool(parameter.default))


def _choice(parameter: ParameterSpec, command: CommandSpec) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterEnum(
        name_of(parameter),
        label_of(parameter),
        list(parameter.choices),
        defaultValue=parameter.default,
        optional=not parameter.required and parameter.default is None,
        usesStaticStrings=True,
    )


_Maker = Callable[[ParameterSpec, CommandSpec], QgsProcessingParameterDefinition]
_MAKERS: dict[str, _Maker] = {
    "path": _path,
    "folder": _folder,
    "output": _output,
    "integer": _number,
    "number": _number,
    "text": _text,
    "flag": _flag,
    "choice": _choice,
}


def is_needed(parameter: ParameterSpec, command: CommandSpec) -> bool:
    """Return whether a file is always written: the engine never writes into the region that it is given."""
    return parameter.required or (parameter.name == RESULT and bool(command.writes))


_Reader = Callable[[QgsProcessingParameterDefinition, dict[str, object], QgsProcessingContext], object]
_READERS: dict[str, _Reader] = {
    "path": QgsProcessingParameters.parameterAsFile,
    "integer": QgsProcessingParameters.parameterAsInt,
    "number": QgsProcessingParameters.parameterAsDouble,
    "text": QgsProcessingParameters.parameterAsString,
    "choice": QgsProcessingParameters.parameterAsEnumString,
}


def values_of(
    parameter: ParameterSpec,
    definition: QgsProcessingParameterDefinition,
    parameters: dict[str, object],
    context: QgsProcessingContext,
) -> Sequence[str]:
    """Return the values of a parameter as the command line wants them; none for what was left out."""
    given = parameters.get(definition.name(), definition.defaultValue())
    if given in (None, ""):
        return ()
    if parameter.repeated:
        items = given if isinstance(given, (list, tuple)) else str(given).splitlines()
        return [str(item).strip() for item in items if str(item).strip()]
    if parameter.type == "flag":
        return ["true"] if QgsProcessingParameters.parameterAsBool(definition, parameters, context) else ()
    return [str(_READERS[parameter.type](definition, parameters, context))]


def command_line(command: CommandSpec, values: dict[str, Sequence[str]]) -> list[str]:
    """Return a command with its options; what needs no option name comes last.

    Parameters
    ----------
    command
        The command.
    values
        Values by name of the parameter.
    """
    options: list[str] = []
    places: list[str] = []
    for parameter in command.parameters:
        for value in values.get(parameter.name, ()):
            if parameter.option is None:
                places.append(value)
            elif parameter.type == "flag":
                options.append(parameter.option)
            else:
                options.append(f"{parameter.option}={value}")
    return [command.name, *options, *(["--", *places] if places else [])]
