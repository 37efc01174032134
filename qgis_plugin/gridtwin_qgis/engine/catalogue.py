# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine can do, as ``gridtwin schema --json`` describes it, kept so that QGIS starts without the engine."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qgis.core import QgsApplication

from .errors import EngineError
from .runner import run_engine
from .settings import configured_python, language

LOGGER = logging.getLogger(__name__)

BUNDLED = Path(__file__).with_name("catalogue.json")  # put there when the plugin is packed


@dataclass(frozen=True)
class ParameterSpec:
    """One parameter of a command, in the user's language; see ``gridtwin.commands.spec.Parameter``."""

    name: str
    option: str | None
    type: str
    help: str
    default: Any
    unit: str
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...]
    required: bool
    suffix: str
    repeated: bool

    @classmethod
    def of(cls, content: Mapping[str, Any], units: Mapping[str, str]) -> ParameterSpec:
        """Return the parameter that the engine describes; ``units`` has the words for its unit."""
        return cls(
            name=content["name"],
            option=content["option"],
            type=content["type"],
            help=content["help"],
            default=content["default"],
            unit=units.get(content["unit"], content["unit"]),
            minimum=content["minimum"],
            maximum=content["maximum"],
            choices=tuple(content["choices"]),
            required=content["required"],
            suffix=content["suffix"],
            repeated=content["repeated"],
        )


@dataclass(frozen=True)
class CommandSpec:
    """One command of the engine, in the user's language."""

    name: str
    title: str
    summary: str
    parameters: tuple[ParameterSpec, ...]
    writes: tuple[str, ...]
    examples: tuple[str, ...]

    def parameter(self, name: str) -> ParameterSpec | None:
        """Return a parameter by name, ``None`` if there is none."""
        return next((parameter for parameter in self.parameters if parameter.name == name), None)

    @property
    def changes_region(self) -> bool:
        """Whether the command writes into the region that it is given, unless it gets another file for its result."""
        return self.parameter("output") is not None and self.parameter("dry_run") is not None


@dataclass(frozen=True)
class Catalogue:
    """All commands of one version of the engine."""

    version: str
    commands: tuple[CommandSpec, ...]

    @classmethod
    def of(cls, schema: Mapping[str, Any], lang: str) -> Catalogue:
        """Return what the engine's schema describes, in ``"zh"`` or ``"en"``."""
        units = {unit: words[lang] for unit, words in schema["units"].items()}
        return cls(schema["version"], tuple(_command(content, lang, units) for content in schema["commands"]))


def _command(content: Mapping[str, Any], lang: str, units: Mapping[str, str]) -> CommandSpec:
    texts = content[lang]
    return CommandSpec(
        content["name"],
        texts["title"],
        texts["summary"],
        tuple(ParameterSpec.of(parameter, units) for parameter in texts["parameters"]),
        tuple(content["writes"]),
        tuple(content["examples"]),
    )


def load_catalogue() -> Catalogue | None:
    """Return the catalogue of the engine that is set; ``None`` if there never was one.

    The one kept from the last time is used; only an engine that is new to QGIS is asked. Without an engine the
    catalogue packed with the plugin shows what there would be.
    """
    python = configured_python()
    schema = _kept(python) if python else None
    if python and schema is None:
        try:
            schema = fetch_schema(python)
        except EngineError as error:
            LOGGER.warning(error.message)
    schema = schema or _bundled()
    return None if schema is None else Catalogue.of(schema, language())


def facility_titles() -> dict[str, str]:
    """Return what kinds of facilities are called, as far as is known without asking the engine."""
    python = configured_python()
    schema = (_kept(python) if python else None) or _bundled()
    kinds = {} if schema is None else schema.get("facility_kinds", {})
    return {kind: words[language()] for kind, words in kinds.items()}


def fetch_schema(python: str) -> Mapping[str, Any]:
    """Ask an engine what it can do, and keep the answer.

    Raises
    ------
    EngineError
        If it does not answer, or is no engine that this plugin understands.
    """
    schema = run_engine(python, ["schema"], language=language()).document
    path = kept_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"python": python, "schema": schema}, ensure_ascii=False), "utf-8")
    return schema


def kept_path() -> Path:
    """Return where the answer of the engine is kept: in the user's profile."""
    return Path(QgsApplication.qgisSettingsDirPath()) / "gridtwin" / "catalogue.json"


def _kept(python: str) -> Mapping[str, Any] | None:
    """Return what was kept of this engine; ``None`` where nothing was, or it is damaged."""
    try:
        content = json.loads(kept_path().read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return content["schema"] if content.get("python") == python else None


def _bundled() -> Mapping[str, Any] | None:
    """Return what was packed with the plugin, ``None`` where it was not packed."""
    return json.loads(BUNDLED.read_text("utf-8")) if BUNDLED.exists() else None
