"""Every text that the plugin shows exists in English and Chinese."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QCoreApplication, QTranslator
from qgis_plugin_tools.tools.i18n import setup_translation, tr
from translations import PLUGIN, TranslationError, compile_translations, read_pairs, texts_in

FIELDS = re.compile(r"\{[^{}]*\}")


def test_every_text_has_its_pair() -> None:
    """No text of the code lacks its Chinese."""
    pairs = read_pairs(PLUGIN / "i18n" / "parts")
    assert [f"{place}: {text}" for text, place in texts_in(PLUGIN) if text not in pairs] == []


def test_pairs_name_the_same_fields() -> None:
    """What is filled in later is the same in both languages."""
    pairs = read_pairs(PLUGIN / "i18n" / "parts")
    wrong = [e for e, c in pairs.items() if sorted(FIELDS.findall(e)) != sorted(FIELDS.findall(c))]
    assert wrong == []


@pytest.mark.parametrize("locale", ["zh-Hans", "zh_CN", "zh"])
def test_all_names_of_chinese_lead_to_one_file(locale: str, plugin: object) -> None:
    """QGIS's name for Chinese, the system's and the short one find the same texts."""
    compile_translations()
    settings = QgsSettings()
    settings.setValue("locale/userLocale", locale)
    try:
        _, path = setup_translation(folder=str(PLUGIN / "i18n"))
    finally:
        settings.remove("locale/userLocale")
    assert path is not None
    translator = QTranslator()
    assert translator.load(path)
    QCoreApplication.installTranslator(translator)
    try:
        assert tr("Verify") == "验证"
        assert tr("GridTwin engine {} is ready.", "1") == "GridTwin 引擎 1 已就绪。"
    finally:
        QCoreApplication.removeTranslator(translator)


@pytest.mark.parametrize(
    ("lines", "message"),
    [(["Grid"], "no pair"), (["Grid\t网格\t网"], "no pair"), (["Grid\t网格", "Grid\t格网"], "another Chinese text")],
)
def test_wrong_pairs_are_named(tmp_path: Path, lines: list[str], message: str) -> None:
    """A line that is no pair, and a text with two translations, are refused with file and line."""
    (tmp_path / "part.tsv").write_text("\n".join(lines), "utf-8")
    with pytest.raises(TranslationError, match=f"part.tsv:{len(lines)}: {message}"):
        read_pairs(tmp_path)


def test_texts_must_be_written_out(tmp_path: Path) -> None:
    """A text that is put together cannot be translated and is refused."""
    (tmp_path / "module.py").write_text('tr(f"{name} is wrong")')
    with pytest.raises(TranslationError, match=r"module\.py:1"):
        list(texts_in(tmp_path))
