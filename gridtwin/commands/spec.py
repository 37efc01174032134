"""How a command is described: once, for the command line, QGIS and the server alike."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gridtwin.i18n import mark, tr
from gridtwin.progress import Progress

TYPES = ("path", "folder", "output", "integer", "number", "text", "flag", "choice")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a command.

    Attributes
    ----------
    name
        Name in Python and JSON; the option is ``--name`` with dashes unless ``flag`` says otherwise.
    type
        One of :data:`TYPES`; an "output" is a file that the command writes.
    help
        English text, marked for translation.
    default
        Value when the parameter is not given.
    unit
        Unit of a number (:data:`gridtwin.units.UNITS`).
    minimum, maximum
        Range of a number, both allowed.
    choices
        Values of a "choice".
    positional
        Whether it is given without an option name; such a parameter is required.
    flag, short
        Option name, and a one-letter form.
    layer
        Input layer that a "path" holds.
    repeated
        Whether the option may be given several times; the value is then a list.
    """

    name: str
    type: str
    help: str
    default: Any = None
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    positional: bool = False
    flag: str = ""
    short: str = ""
    layer: str = ""
    repeated: bool = False

    @property
    def required(self) -> bool:
        """Whether the command cannot do without it: given by place, or the one file that it writes."""
        return self.positional or (self.type == "output" and self.name == "file")

    @property
    def suffix(self) -> str:
        """Suffix of a file, as the help names it: ".gpkg" for "(*.gpkg)"; empty where it names none."""
        found = re.search(r"\(\*(\.\w+)", self.help)
        return found[1] if found else ""

    @property
    def option(self) -> str:
        """Name of the option on the command line."""
        return self.flag or "--" + self.name.replace("_", "-")

    def to_dict(self, lang: str) -> dict[str, Any]:
        """Return the description as plain values."""
        return {
            "name": self.name,
            "option": None if self.positional else self.option,
            "type": self.type,
            "help": tr(self.help, lang),
            "default": self.default,
            "unit": self.unit,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "choices": list(self.choices),
            "required": self.required,
            "suffix": self.suffix,
            "layer": self.layer,
            "repeated": self.repeated,
        }


@dataclass(frozen=True)
class Outcome:
    """What a command did.

    Attributes
    ----------
    data
        Plain values for ``--json``; the command line adds the ``schema`` key.
    facts
        Label and value pairs for the table, in the user's language.
    files
        What was written, with a word on what it is.
    notes
        Lines below the table: what to look at, what to do next.
    exit_code
        0, or 4 for a plan that breaks a rule under ``--strict``.
    """

    data: Mapping[str, Any]
    facts: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[Path, str], ...] = ()
    notes: tuple[str, ...] = ()
    exit_code: int = 0


Options = Mapping[str, Any]
Runner = Callable[[Options, Progress], Outcome]


@dataclass(frozen=True)
class Command:
    """One command: its name, texts, parameters, and the layers it reads and writes."""

    name: str
    title: str
    summary: str
    parameters: tuple[Parameter, ...]
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    examples: tuple[str, ...] = field(default_factory=tuple)

    def runner(self) -> Runner:
        """Return the function that does the work; importing it loads what it needs."""
        module = importlib.import_module(f"gridtwin.commands.{self.name.replace('-', '_')}")
        return module.run  # type: ignore[no-any-return]

    def to_dict(self) -> dict[str, Any]:
        """Return the description as plain values, in English and Chinese."""
        return {
            "name": self.name,
            "reads": list(self.reads),
            "writes": list(self.writes),
            "examples": list(self.examples),
        } | {
            lang: {
                "title": tr(self.title, lang),
                "summary": tr(self.summary, lang),
                "parameters": [parameter.to_dict(lang) for parameter in self.parameters],
            }
            for lang in ("en", "zh")
        }


REGION = Parameter("region", "path", mark("the region (*.gpkg)"), positional=True)
OVERWRITE = Parameter("overwrite", "flag", mark("replace what exists"), default=False)
DRY_RUN = Parameter("dry_run", "flag", mark("do everything but write"), default=False)
OUTPUT = Parameter(
    "output", "output", mark("write the result into this new region (*.gpkg) instead of changing the given one")
)
REPORT = Parameter("report", "output", mark("write a report on the plan as one web page to vote on (*.html)"))


def defaults_of(command: Command, given: Options) -> dict[str, Any]:
    """Return all options of a command: the given ones, defaults for the others."""
    options = {parameter.name: parameter.default for parameter in command.parameters}
    unknown = set(given) - set(options)
    if unknown:
        raise KeyError(f"{command.name} has no parameter {sorted(unknown)}")
    return options | dict(given)
