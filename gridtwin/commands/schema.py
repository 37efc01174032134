"""Print every command and every layer: the contract for people and programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from gridtwin import __version__
from gridtwin.commands import COMMANDS
from gridtwin.commands.spec import Options, Outcome
from gridtwin.i18n import language, tr
from gridtwin.progress import Progress
from gridtwin.schemas import LAYERS, SCHEMA_VERSION, VIOLATION_CODES
from gridtwin.services.catalogue import facility_kinds
from gridtwin.units import UNITS


def run(options: Options, progress: Progress) -> Outcome:
    """Return commands, layers, units, kinds of facilities and reason codes."""
    data: dict[str, Any] = {
        "version": __version__,
        "schema_version": SCHEMA_VERSION,
        "commands": [command.to_dict() for command in COMMANDS],
        "layers": [asdict(layer) for layer in LAYERS.values()],
        "units": {unit: {"en": en, "zh": zh} for unit, (en, zh) in UNITS.items()},
        "facility_kinds": {name: {"en": kind.en, "zh": kind.zh} for name, kind in facility_kinds().items()},
        "violations": {code: {"en": en, "zh": zh} for code, (en, zh) in VIOLATION_CODES.items()},
    }
    commands = tuple((command.name, tr(command.title)) for command in COMMANDS)
    chinese = language() == "zh"
    layers = tuple(
        (layer.name, f"{layer.zh if chinese else layer.en}: {', '.join(layer.column_names)}")
        for layer in LAYERS.values()
    )
    return Outcome(data, commands + layers)
