# SPDX-License-Identifier: GPL-3.0-or-later
"""Libraries that the plugin brings along: only the modules that are used, under a name of the plugin's own.

Two plugins that bring different versions of one library must not see each other's.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

LIBRARIES = {"qgis_plugin_tools": "qgis-plugin-tools", "segment_reshape": "segment-reshape-qgis-plugin"}
VENDOR = "_vendor"
FUTURE = "from __future__ import annotations\n"  # they annotate as Python 3.10 does; QGIS 3.22 has 3.9 on Windows


def used_modules(folder: Path) -> dict[str, Path]:
    """Return the library modules that the code of a folder needs, directly or through others, with their files."""
    found: dict[str, Path] = {}
    waiting = [name for path in sorted(folder.rglob("*.py")) for name in _imports(path, "")]
    while waiting:
        name = waiting.pop()
        path = _file_of(name)
        if name in found or path is None:
            continue
        found[name] = path
        waiting += [*_parents(name), *_imports(path, name)]
    return found


def vendor(folder: Path) -> None:
    """Put the libraries that the code of a plugin's folder needs into it, and have all code use them."""
    modules = used_modules(folder)
    target = folder / VENDOR
    for name, path in modules.items():
        place = target / _relative(name, path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(_with_future(path.read_text("utf-8")), "utf-8")
    (target / "__init__.py").write_text('"""Libraries of others; see the licence beside each."""\n', "utf-8")
    for library in sorted({name.partition(".")[0] for name in modules}):
        files = distribution(LIBRARIES[library]).files or []
        licence = next(file for file in files if file.name == "LICENSE" and "dist-info" in str(file))
        (target / library / "LICENSE").write_text(licence.read_text(), "utf-8")
    for path in folder.rglob("*.py"):
        path.write_text(rewritten(path.read_text("utf-8"), f"{folder.name}.{VENDOR}"), "utf-8")


def rewritten(code: str, package: str) -> str:
    """Return code that imports the libraries from ``package``."""
    names = "|".join(LIBRARIES)
    return re.sub(rf"^(\s*from |\s*import )({names})\b", rf"\1{package}.\2", code, flags=re.MULTILINE)


def _imports(path: Path, name: str) -> Iterator[str]:
    """Yield the names of library modules, and of what may be one, that a file imports."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level and name:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            found = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from (module for module in found if module.partition(".")[0] in LIBRARIES)


def _file_of(name: str) -> Path | None:
    """Return the file of a library's module; ``None`` for a name that is no module."""
    library, _, rest = name.partition(".")
    spec = find_spec(library)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{LIBRARIES[library]} is not installed")
    place = Path(spec.origin).parent.joinpath(*rest.split(".")) if rest else Path(spec.origin).parent
    for path in (place / "__init__.py", place.with_suffix(".py")):
        if path.exists():
            return path
    return None


def _parents(name: str) -> Iterator[str]:
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def _relative(name: str, path: Path) -> Path:
    place = Path(*name.split("."))
    return place / "__init__.py" if path.name == "__init__.py" else place.with_suffix(".py")


def _with_future(code: str) -> str:
    """Return the code with ``annotations`` from the future, below its docstring."""
    if FUTURE in code:
        return code
    body = ast.parse(code).body
    has_docstring = bool(body) and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    lines = code.splitlines(keepends=True)
    at = body[0].end_lineno if has_docstring else 0
    return "".join([*lines[:at], FUTURE, *lines[at:]])
