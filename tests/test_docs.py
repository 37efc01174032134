import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from gridtwin.commands import COMMANDS
from gridtwin.grids.rule_text import KINDS, SECTIONS
from gridtwin.schemas import LAYERS
from tools import docs_reference

ROOT = Path(__file__).parents[1]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
FETCHED = re.compile(r'<(?:script|img|iframe)[^>]*src="(?:https?:)?//|<link[^>]*href="(?:https?:)?//[^"]*\.css')
COMMON_OPTIONS = {"--help", "--json"}


def _blocks(language):
    """Return (page, its blocks of ``language``) for the pages that have any."""
    found = ((page, [code for name, code in FENCE.findall(page.read_text()) if name == language]) for page in PAGES)
    return [pytest.param(page, codes, id=page.relative_to(ROOT).as_posix()) for page, codes in found if codes]


def _console_lines():
    for page in PAGES:
        for name, code in FENCE.findall(page.read_text()):
            if name == "console":
                yield from (line.removeprefix("$ ") for line in code.splitlines() if line.startswith("$ "))


GRIDTWIN_LINES = sorted({line for line in _console_lines() if line.startswith("gridtwin ")})
MAKE_LINES = sorted({line for line in _console_lines() if line.startswith("make ")})


@pytest.mark.parametrize(("page", "codes"), _blocks("python"))
def test_python_examples_run(page, codes, tmp_path, monkeypatch):
    """The Python examples of a page run from top to bottom, in one namespace and an empty folder."""
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "__main__"}
    for number, code in enumerate(codes, start=1):
        exec(compile(code, f"{page.name}, example {number}", "exec"), namespace)


@pytest.mark.parametrize("line", GRIDTWIN_LINES)
def test_commands_in_the_pages_exist(line):
    """Each command line of the pages names a command and options that exist."""
    by_name = {command.name: command for command in COMMANDS}
    name, *rest = shlex.split(line)[1:]
    assert name in by_name
    options = [parameter for parameter in by_name[name].parameters if not parameter.positional]
    known = COMMON_OPTIONS | {option.option for option in options} | {option.short for option in options}
    assert {word.split("=")[0] for word in rest if word.startswith("-")} <= known


@pytest.mark.parametrize("line", MAKE_LINES)
def test_make_targets_in_the_pages_exist(line):
    """Each call of make in the pages expands without an error."""
    run = subprocess.run([*shlex.split(line), "-n"], cwd=ROOT, check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(("page", "codes"), _blocks("toml"))
def test_files_in_the_pages_have_known_names(page, codes):
    """Mapping files in the pages map columns of the data dictionary; files of rules have keys that rules have."""
    for code in codes:
        for section, content in tomllib.loads(code).items():
            if section in SECTIONS:
                assert {key for rule in content for key in rule} <= {*KINDS, "file"}
            else:
                assert set(content) <= set(LAYERS[section].column_names)


def test_twins_show_the_same_examples():
    """A Chinese page has the same code as its English twin."""
    for page in (ROOT / "docs" / "zh").rglob("*.md"):
        twin = ROOT / "docs" / page.relative_to(ROOT / "docs" / "zh")
        assert FENCE.findall(page.read_text()) == FENCE.findall(twin.read_text()), page.name


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")), ids=lambda page: page.name)
def test_links_outside_the_documentation_lead_somewhere(page):
    """The links of the pages beside the documentation lead to files."""
    links = {link for link in LINK.findall(page.read_text()) if "://" not in link}
    assert not {link for link in links if not (ROOT / link).exists()}


def test_reference_is_up_to_date():
    """The generated pages say what the code says."""
    assert docs_reference.stale() == [], "run: python tools/docs_reference.py"


def test_stale_reference_is_noticed(tmp_path):
    """An edited or missing page counts as stale until it is written again."""
    assert docs_reference.stale(tmp_path) == list(docs_reference.pages())
    docs_reference.write(tmp_path)
    assert docs_reference.stale(tmp_path) == []
    (tmp_path / "layers.md").write_text("edited")
    assert docs_reference.stale(tmp_path) == ["layers.md"]


def test_reference_names_every_column():
    """No layer and no column is left out of the reference."""
    page = docs_reference.layers_page()
    for layer in LAYERS.values():
        section = page.split(f"{{ #{layer.name} }}")[1].split("\n## ")[0]
        assert all(f"`{name}`" in section for name in layer.column_names)


def test_documentation_builds_and_fetches_nothing(tmp_path):
    """The pages build with every link checked, and load nothing from the network."""
    run = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path],
        cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    fetching = [page.name for page in tmp_path.rglob("*.html") if FETCHED.search(page.read_text())]
    assert not fetching
