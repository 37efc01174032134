"""What the plugin's code must not do: libraries that break QGIS, processes elsewhere, names that Qt 6 lacks."""

from __future__ import annotations

import ast
import enum
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parents[1] / "gridtwin_qgis"
MODULES = sorted(path for path in PLUGIN.rglob("*.py") if "_vendor" not in path.parts)

ALLOWED = {
    "qgis", "qgis_plugin_tools", "segment_reshape", "processing",
    "__future__", "abc", "ast", "base64", "bisect", "collections", "configparser", "contextlib", "csv", "dataclasses",
    "datetime", "enum", "functools", "gc", "getpass", "heapq", "html",
    "io", "itertools", "json", "logging", "math", "operator", "os",
    "pathlib", "queue", "random", "re", "shutil", "signal", "sqlite3", "statistics", "string", "struct", "subprocess",
    "tempfile", "textwrap", "threading", "time", "types", "typing", "unicodedata", "urllib", "uuid", "weakref", "zlib",
}  # fmt: skip

LIBRARIES = ("qgis.core", "qgis.gui", "qgis.PyQt.QtCore", "qgis.PyQt.QtGui", "qgis.PyQt.QtWidgets")
SHORT_IN_BOTH = ("QVariant",)  # QGIS itself brings its short names to Qt 6


def names_imported(path: Path) -> Iterator[str]:
    """Yield the full names of modules that a file imports from elsewhere."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""


def identity(path: Path) -> str:
    """Return the name of a module in the plugin."""
    return str(path.relative_to(PLUGIN))


@pytest.mark.parametrize("path", MODULES, ids=identity)
def test_only_libraries_that_live_with_qgis(path: Path) -> None:
    """A module imports QGIS, the standard library and the libraries brought along; no wheels, no engine, no PyQt."""
    foreign = {name.partition(".")[0] for name in names_imported(path)} - ALLOWED
    assert not foreign


@pytest.mark.parametrize("path", MODULES, ids=identity)
def test_processes_start_in_one_place(path: Path) -> None:
    """Only ``engine`` starts a process, and never with ``sys.executable``."""
    code = path.read_text("utf-8")
    if path.parent.name != "engine":
        assert "subprocess" not in {name.partition(".")[0] for name in names_imported(path)}
        assert not re.search(r"\bos\.(system|popen|spawn\w*|exec\w*|startfile)\(|\bQProcess\b", code)
    assert "sys.executable" not in code


def class_named(name: str) -> object:
    """Return the class of Qt or QGIS of that name, ``None`` if there is none."""
    modules = (importlib.import_module(library) for library in LIBRARIES)
    return next((getattr(module, name) for module in modules if hasattr(module, name)), None)


def is_short_enum(node: ast.Attribute) -> bool:
    """Return whether a name such as ``Qt.AlignLeft`` is a value of an enum, which Qt 6 knows only by its full name."""
    if not isinstance(node.value, ast.Name) or node.value.id in SHORT_IN_BOTH:
        return False
    value = getattr(class_named(node.value.id), node.attr, None)
    return (isinstance(value, int) and type(value) not in (int, bool)) or isinstance(value, enum.Enum)


def test_short_enums_are_recognised() -> None:
    """The check tells short names from full ones, and from what is no enum."""

    def short(code: str) -> bool:
        return is_short_enum(ast.parse(code, mode="eval").body)

    assert all(map(short, ("Qt.AlignLeft", "QgsTask.CanCancel", "QgsWkbTypes.PolygonGeometry", "Qgis.Warning")))
    assert not any(map(short, ("Qt.AlignmentFlag", "QgsTask.Flag", "QgsProject.instance", "own.AlignLeft")))


@pytest.mark.parametrize("path", MODULES, ids=identity)
def test_enums_have_their_full_names(path: Path) -> None:
    """Values of enums are named as Qt 6 and QGIS 4 want it, and nothing calls ``exec_``."""
    wrong = [
        f"{node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and (node.attr == "exec_" or is_short_enum(node))
    ]
    assert not wrong


@pytest.mark.parametrize("path", MODULES, ids=identity)
def test_it_reads_in_the_oldest_python(path: Path) -> None:
    """The code is of Python 3.9, which QGIS 3.22 has on Windows, and annotations are not evaluated there."""
    code = path.read_text("utf-8")
    ast.parse(code, feature_version=(3, 9))
    assert "from __future__ import annotations" in code or path.name == "__init__.py"


@pytest.mark.parametrize("path", MODULES, ids=identity)
def test_modules_and_functions_are_small(path: Path) -> None:
    """A module has at most 400 lines, a function at most 60."""
    code = path.read_text("utf-8")
    assert len(code.splitlines()) <= 400
    long = [
        node.name
        for node in ast.walk(ast.parse(code))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno - node.lineno >= 60
    ]
    assert not long


def test_each_file_says_its_licence() -> None:
    """Every module begins with the plugin's licence."""
    first = "# SPDX-License-Identifier: GPL-3.0-or-later"
    assert [identity(path) for path in MODULES if not path.read_text("utf-8").startswith(first)] == []
