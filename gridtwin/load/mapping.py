"""Mapping files: which of the user's columns and words are which of ours (TOML, one section a layer)."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gridtwin.coordinates import DATUMS
from gridtwin.errors import Fault, InputError, InputMissingError, LayerFaultsError
from gridtwin.i18n import mark
from gridtwin.schemas import GROUPS, LAYERS, input_layers

HOUSEHOLDS_TABLE = "households"
COUNT_COLUMNS = ("households", "persons", *GROUPS)
PLACE_COLUMNS = ("lon", "lat", "x", "y")
_OPTIONS = ("file", "layer", "datum", "crs", "encoding")


@dataclass(frozen=True)
class LayerMapping:
    """What a mapping file says of one layer.

    Attributes
    ----------
    columns
        Column of the file by our column.
    values
        By our column: our word by the file's word.
    file
        Path of the file; empty if the command line names it.
    layer
        Layer within a file that holds several.
    datum
        One of :data:`gridtwin.coordinates.DATUMS`; empty means not stated.
    crs
        CRS of a file that states none, such as ``"EPSG:4549"``.
    encoding
        Text encoding, such as ``"gb18030"``.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    file: str = ""
    layer: str = ""
    datum: str = ""
    crs: str = ""
    encoding: str = ""


def read_mapping(path: str | Path) -> dict[str, LayerMapping]:
    """Read a mapping file.

    Parameters
    ----------
    path
        TOML file with one section a layer, such as ``[buildings]``, or ``[households]`` for a table of
        households. In a section, ``ours = "theirs"`` names a column (also inside ``[buildings.columns]``);
        ``file``, ``layer``, ``datum``, ``crs`` and ``encoding`` say how to read; ``[buildings.values.use]``
        translates words, ``"theirs" = "ours"``.

    Returns
    -------
    dict
        :class:`LayerMapping` by layer. A ``file`` is resolved against the folder of the mapping file.

    Raises
    ------
    InputMissingError
        If there is no such file.
    InputError
        If it is no TOML.
    LayerFaultsError
        Everything else that is wrong: unknown layers and columns, values of the wrong type.
    """
    path = Path(path)
    if not path.is_file():
        raise InputMissingError("file_missing", mark("there is no file '{path}'"), path=str(path))
    try:
        content = tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(
            "mapping_unreadable",
            mark("'{path}' is no mapping file in TOML and UTF-8: {reason}"),
            path=str(path),
            reason=str(error),
        ) from error
    faults: list[Fault] = []
    mappings: dict[str, LayerMapping] = {}
    for name, section in content.items():
        known = columns_of(name)
        if not known or not isinstance(section, dict):
            faults.append(_unknown("layer_unknown", mark("there is no layer '{word}'"), "", name, _layer_names()))
            continue
        mappings[name] = _layer_mapping(name, section, known, path.parent, faults)
    if faults:
        raise LayerFaultsError(faults)
    return mappings


def columns_of(name: str) -> tuple[str, ...]:
    """Return the columns that a mapping may name for a layer; none if there is no such input layer."""
    if name == HOUSEHOLDS_TABLE:
        return ("building_id", "compound_id", *COUNT_COLUMNS, *PLACE_COLUMNS)
    if name not in _layer_names():
        return ()
    layer = LAYERS[name]
    return (*layer.column_names, *(PLACE_COLUMNS if "point" in layer.geometry else ()))


def close_match(word: str, known: Iterable[str]) -> str:
    """Return the known word that is most like ``word``, else nothing."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return found[0] if found else ""


def _layer_names() -> tuple[str, ...]:
    return (*(layer.name for layer in input_layers()), HOUSEHOLDS_TABLE)


def _layer_mapping(
    name: str, section: dict[str, Any], known: tuple[str, ...], folder: Path, faults: list[Fault]
) -> LayerMapping:
    """Return the mapping of one section, and add what is wrong with it to ``faults``."""
    options = {key: section[key] for key in _OPTIONS if key in section}
    columns = {key: value for key, value in section.items() if key not in (*_OPTIONS, "columns", "values")}
    columns |= _table(name, section, "columns", faults)
    values = _table(name, section, "values", faults)
    for column in (*columns, *values):
        if column not in known:
            faults.append(_unknown("column_unknown", mark("there is no column '{word}'"), name, column, known, column))
    for key, value in (*options.items(), *columns.items()):
        if not isinstance(value, str):
            faults.append(Fault("mapping_not_text", mark("the value must be text in quotes"), name, key))
    for column, words in values.items():
        if not isinstance(words, dict) or not all(isinstance(word, str) for word in words.values()):
            faults.append(Fault("mapping_not_words", mark('write words as "theirs" = "ours"'), name, column))
    if options.get("datum", "wgs84") not in DATUMS:
        word = str(options["datum"])
        faults.append(_unknown("datum_unknown", mark("there is no datum '{word}'"), name, word, DATUMS, "datum"))
    if isinstance(options.get("file"), str):
        options["file"] = str(folder / options["file"])
    return LayerMapping(columns, values, **options)


def _table(name: str, section: dict[str, Any], key: str, faults: list[Fault]) -> dict[str, Any]:
    value = section.get(key, {})
    if isinstance(value, dict):
        return value
    faults.append(Fault("mapping_not_table", mark("this must be a section of its own"), name, key))
    return {}


def _unknown(code: str, message: str, layer: str, word: str, known: Iterable[str], column: str = "") -> Fault:
    known = tuple(known)
    near = close_match(word, known)
    hint = mark("did you mean '{near}'?") if near else mark("take one of: {known}")
    params = {"word": word, "near": near, "known": ", ".join(known)}
    return Fault(code, message, layer, column, hint=hint, params=params)
