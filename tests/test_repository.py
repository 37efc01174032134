import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

import gridtwin
from tools import translations

ROOT = Path(__file__).parents[1]
MADE = {
    ".git", ".hypothesis", ".import_linter_cache", ".mypy_cache", ".pytest_cache", ".ruff_cache",
    ".qgis-settings", "__pycache__", "dist", "out", "site",
}  # fmt: skip
INDEX_HOST = re.compile(rb"pypi\.[a-z]|pythonhosted\.|index[-]url|find[-]links|mirrors\.[a-z]+\.[a-z]")
MACHINE_PATH = re.compile(rb"(?<![\w.])/(?:work|root|opt/gt|home/\w+|Users/\w+)/")

# Pages without a Chinese twin: generated in both languages at once, or written for developers.
ONE_LANGUAGE = ("benchmarks.md", "decisions/", "reference/", "zh/")


def _files():
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [f for f in folders if f not in MADE and not f.startswith(".venv")]
        yield from (Path(folder) / name for name in names if name != ".coverage")


def _pages():
    return sorted(page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md"))


def _leaves(node):
    if isinstance(node, str):
        return [node]
    children = node.values() if isinstance(node, dict) else node
    return [leaf for child in children for leaf in _leaves(child)]


def _requirement_names():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    listed = [*project["dependencies"], *(item for extra in extras for item in extra)]
    return {_normal(re.match(r"[\w.-]+", item)[0]) for item in listed}


def _normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("pattern", [INDEX_HOST, MACHINE_PATH], ids=["index host", "machine path"])
def test_no_file_names_this_machine(pattern):
    """No file holds the address of a package index or an absolute path of a developer's machine."""
    found = {
        f"{path.relative_to(ROOT)}: {match[0].decode()}"
        for path in _files()
        if (match := pattern.search(path.read_bytes()))
    }
    assert not found


def test_constraints_are_plain_pins():
    """Every constraint is one name and one version, without an address, a path or ourselves."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", pin) for pin in pins)
    names = [_normal(pin.split("==")[0]) for pin in pins]
    assert len(names) == len(set(names))
    assert "gridtwin" not in names


def test_every_requirement_is_pinned():
    """What pyproject.toml asks for has a version in the constraints."""
    pinned = {_normal(line.split("==")[0]) for line in (ROOT / "constraints.txt").read_text().splitlines()}
    assert not _requirement_names() - pinned


def test_every_page_is_in_the_navigation():
    """The navigation lists each page of the documentation once."""
    nav = _leaves(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"])
    assert sorted(nav) == _pages()


def test_pages_for_users_exist_in_chinese():
    """Each page for users has its twin in docs/zh, and no twin is left over."""
    english = {page for page in _pages() if not page.startswith(ONE_LANGUAGE)}
    chinese = {page.removeprefix("zh/") for page in _pages() if page.startswith("zh/")}
    assert chinese == english
    assert (ROOT / "README.zh.md").exists()


def test_nothing_is_fetched_when_pages_are_read():
    """The theme uses no fonts from the network."""
    theme = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["theme"]
    assert theme["font"] is False


def test_continuous_integration_runs_the_tests():
    """.ci/run is executable and runs what a developer runs."""
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text().splitlines()[-1] == "make test"
    assert "set -euo pipefail" in script.read_text()


@pytest.mark.parametrize("target", ["setup", "demo", "test", "check", "bench", "docs", "clean"])
def test_makefile_has_its_targets(target):
    """Each documented target exists and expands without an error."""
    run = subprocess.run(["make", "-n", target], cwd=ROOT, check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_hooks_are_local():
    """The hooks run installed tools and download nothing."""
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    assert {hook["language"] for hook in config["repos"][0]["hooks"]} == {"system"}


def test_licence_is_mit():
    """The licence file is the MIT licence that pyproject.toml names."""
    text = (ROOT / "LICENSE").read_text()
    assert text.startswith("MIT License\n\nCopyright (c) 2026 GridTwin contributors\n")
    assert "WITHOUT WARRANTY OF ANY KIND" in text
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["license"] == "MIT"


def test_changelog_has_this_version():
    """The version of the package has its entry in the changelog."""
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert gridtwin.__version__ in headings


@pytest.fixture
def package(tmp_path):
    """Return a small package with two marked texts, and the place of its catalogue."""
    folder = tmp_path / "town"
    folder.mkdir()
    (folder / "code.py").write_text(
        'from x import mark, tr\nA = mark("{count} grids")\nB = tr("done", "zh")\nC = tr(A)\n'
    )
    return folder, tmp_path / "locale" / "town.po"


def _translate(po, text, translation):
    po.write_text(po.read_text().replace(f'msgid "{text}"\nmsgstr ""', f'msgid "{text}"\nmsgstr "{translation}"'))


def test_texts_are_extracted_with_their_files(package):
    """The texts of mark and tr are found, and only those that are written out."""
    assert translations.extracted(package[0]) == {"{count} grids": {"town/code.py"}, "done": {"town/code.py"}}


def test_missing_translations_are_told(package):
    """A text without a Chinese translation fails the check; with it, after compiling, all is well."""
    folder, po = package
    texts = translations.extracted(folder)
    assert translations.extract(folder, po) == 2
    assert [line.split(":")[0] for line in translations.problems(texts, po)] == ["not translated"] * 2
    _translate(po, "done", "完成")
    _translate(po, "{count} grids", "{count}个网格")
    assert [line.split(":")[0] for line in translations.problems(texts, po)] == ["stale"]
    assert translations.extract(folder, po) == 0
    assert translations.problems(texts, po) == []


def test_changed_placeholders_are_told(package):
    """A translation must fill in the same names as the English text."""
    folder, po = package
    translations.extract(folder, po)
    _translate(po, "done", "完成")
    _translate(po, "{count} grids", "{number}个网格")
    translations.extract(folder, po)
    (problem,) = translations.problems(translations.extracted(folder), po)
    assert problem.startswith("placeholders differ")


def test_extracting_twice_changes_nothing(package):
    """The catalogue depends on the texts alone, so that it does not churn."""
    folder, po = package
    translations.extract(folder, po)
    first = po.read_bytes(), po.with_suffix(".mo").read_bytes()
    translations.extract(folder, po)
    assert (po.read_bytes(), po.with_suffix(".mo").read_bytes()) == first
