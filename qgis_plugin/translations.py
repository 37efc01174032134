# SPDX-License-Identifier: GPL-3.0-or-later
r"""The plugin's texts in Chinese: pairs of texts in, ``zh.ts`` and ``zh.qm`` out.

The pairs are in ``gridtwin_qgis/i18n/parts/*.tsv``, one a line: English, tab, Chinese; ``\n`` stands for a new line.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

PLUGIN = Path(__file__).parent / "gridtwin_qgis"
CONTEXT = "@default"  # what ``tr`` of qgis_plugin_tools looks texts up in
LANGUAGE = "zh"  # QGIS calls it zh-Hans, an operating system zh_CN; both are looked up as zh too
LRELEASE = ("lrelease", "lrelease-qt5", "/usr/lib/qt5/bin/lrelease", "pyside6-lrelease")


class TranslationError(Exception):
    """The pairs are wrong, or cannot be compiled."""


def read_pairs(folder: Path) -> dict[str, str]:
    """Return Chinese texts by English ones.

    Raises
    ------
    TranslationError
        If a line is no pair, or one English text has two Chinese ones; all faults are listed.
    """
    pairs: dict[str, str] = {}
    faults: list[str] = []
    for path in sorted(folder.glob("*.tsv")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if not line.strip():
                continue
            english, _, chinese = (part.replace("\\n", "\n") for part in line.partition("\t"))
            if not chinese or "\t" in chinese:
                faults.append(f"{path.name}:{number}: no pair of English and Chinese")
            elif pairs.setdefault(english, chinese) != chinese:
                faults.append(f"{path.name}:{number}: another Chinese text for {english!r} is {pairs[english]!r}")
    if faults:
        raise TranslationError("\n".join(faults))
    return pairs


def texts_in(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield each text that the code of a folder shows through ``tr``, with its place.

    Raises
    ------
    TranslationError
        If ``tr`` is called with a text that is put together.
    """
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tr":
                place = f"{path.relative_to(folder)}:{node.lineno}"
                text = node.args[0]
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    yield text.value, place
                elif isinstance(text, (ast.JoinedStr, ast.BinOp)):
                    raise TranslationError(f"{place}: write the text out within tr()")


def write_ts(pairs: dict[str, str], path: Path) -> None:
    """Write the pairs as a file of Qt Linguist."""
    messages = "\n".join(
        f"<message><source>{escape(english)}</source><translation>{escape(chinese)}</translation></message>"
        for english, chinese in sorted(pairs.items())
    )
    path.write_text(
        f'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n<TS version="2.1" language="{LANGUAGE}">\n'
        f"<context><name>{CONTEXT}</name>\n{messages}\n</context>\n</TS>\n",
        "utf-8",
    )


def compile_translations(plugin: Path = PLUGIN) -> Path:
    """Make ``zh.qm`` from the pairs and return its path.

    Raises
    ------
    TranslationError
        If the pairs are wrong or Qt's ``lrelease`` is not installed.
    """
    tool = next((found for name in LRELEASE if (found := shutil.which(name))), None)
    if tool is None:
        raise TranslationError("lrelease is not installed; on Debian it is in qttools5-dev-tools")
    source = plugin / "i18n" / f"{LANGUAGE}.ts"
    target = source.with_suffix(".qm")
    write_ts(read_pairs(plugin / "i18n" / "parts"), source)
    done = subprocess.run(
        [tool, "-silent", str(source), "-qm", str(target)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise TranslationError(done.stderr)
    return target


if __name__ == "__main__":
    print(compile_translations())
