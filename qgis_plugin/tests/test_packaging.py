"""The zip: what the plugin repository asks of it, and that it installs into a fresh profile and works there."""

from __future__ import annotations

import ast
import configparser
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from build import LARGEST_BYTES, build
from qgis.core import QgsVectorLayer
from vendoring import LIBRARIES, rewritten

FOLDER = "gridtwin_qgis"
REQUIRED = (
    "name", "description", "version", "qgisMinimumVersion", "author", "email", "about", "tracker", "repository",
    "homepage", "license", "icon", "hasProcessingProvider",
)  # fmt: skip
BINARIES = (".pyc", ".so", ".pyd", ".dll", ".exe", ".bat", ".sh", ".whl", ".zip")
# The repository refuses these whatever the author says.
CRITICAL = "B102,B105,B106,B107,B202,B301,B307,B501,B506,B602,B604,B605,B701"
QGIS_PROCESS = "qgis_process.bin" if shutil.which("qgis_process.bin") else "qgis_process"


@pytest.fixture(scope="session")
def package(engine_python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the packed plugin."""
    return build(tmp_path_factory.mktemp("dist"), engine_python)


@pytest.fixture(scope="session")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the plugin's folder as QGIS unpacks it, in the profile of a user who has nothing else."""
    plugins = tmp_path_factory.mktemp("config") / "profiles" / "default" / "python" / "plugins"
    with zipfile.ZipFile(package) as archive:
        archive.extractall(plugins)
    return plugins / FOLDER


@pytest.fixture(scope="session")
def metadata(unpacked: Path) -> configparser.SectionProxy:
    """Return the metadata of the packed plugin."""
    parser = configparser.ConfigParser()
    parser.read(unpacked / "metadata.txt", "utf-8")
    return parser["general"]


def qgis_process(unpacked: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run ``qgis_process`` with the fresh profile and nothing of the tests' own environment."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "GRIDTWIN_", "QGIS_", "VIRTUAL_ENV"))}
    environment = {
        **kept, "QT_QPA_PLATFORM": "offscreen", "QGIS_CUSTOM_CONFIG_PATH": str(unpacked.parents[4]),
        "XDG_RUNTIME_DIR": str(unpacked.parents[4]), **more,
    }  # fmt: skip
    return subprocess.run(
        [QGIS_PROCESS, *arguments], capture_output=True, text=True, check=False, env=environment, timeout=300
    )


def test_it_is_small_and_clean(package: Path) -> None:
    """At most 1 MB, all in one folder, with a licence, without binaries, hidden files or caches."""
    assert package.stat().st_size <= LARGEST_BYTES
    with zipfile.ZipFile(package) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
    assert f"{FOLDER}/LICENSE" in names
    assert f"{FOLDER}/i18n/zh.qm" in names
    for name in names:
        parts = name.split("/")
        assert parts[0] == FOLDER
        assert not name.lower().endswith(BINARIES), name
        assert not any(part.startswith(".") or part in ("..", "__pycache__", "__MACOSX") for part in parts), name
        assert "\\" not in name
        assert not re.match(r"ui_.*\.py$", parts[-1])


def test_metadata_is_complete(metadata: configparser.SectionProxy, unpacked: Path) -> None:
    """The repository's required entries are there and fit: versions, names, links, licence, icon."""
    for key in REQUIRED:
        assert metadata.get(key, "").strip(), key
    assert (metadata["qgisMinimumVersion"], metadata["qgisMaximumVersion"]) == ("3.22", "4.99")
    assert "supportsQt6" not in metadata
    assert metadata["hasProcessingProvider"] == "yes"
    assert "plugin" not in metadata["name"].lower()
    assert "/" not in metadata["author"]
    assert metadata["description"].isascii()
    assert "external dependency" in metadata["about"]
    assert metadata["license"].startswith("GPL-3.0")
    assert (unpacked / metadata["icon"]).exists()
    for key in ("tracker", "repository", "homepage"):
        assert re.match(r"https://\w", metadata[key])
        assert metadata[key] != "http://bugs"


def test_version_is_the_engines(metadata: configparser.SectionProxy, unpacked: Path) -> None:
    """Plugin and engine are released together, and the packed catalogue is of that engine."""
    catalogue = json.loads((unpacked / "engine" / "catalogue.json").read_text("utf-8"))
    assert metadata["version"] == catalogue["version"]


def test_same_sources_make_the_same_zip(package: Path, engine_python: str, tmp_path: Path) -> None:
    """Packed twice, the zip has the same bytes."""
    assert build(tmp_path, engine_python).read_bytes() == package.read_bytes()


def test_libraries_are_its_own(unpacked: Path) -> None:
    """All code imports the libraries that were brought along; each has its licence; no other comes along."""
    vendored = {path.name for path in (unpacked / "_vendor").iterdir() if path.is_dir()}
    assert "qgis_plugin_tools" in vendored
    assert vendored <= set(LIBRARIES)
    assert all((unpacked / "_vendor" / name / "LICENSE").exists() for name in vendored)
    for path in unpacked.rglob("*.py"):
        code = path.read_text("utf-8")
        assert rewritten(code, f"{FOLDER}._vendor") == code, path
        tree = ast.parse(code, feature_version=(3, 9))
        if "_vendor" in path.parts and " | " in code:
            futures = [
                node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "__future__"
            ]
            assert futures, path


def test_no_critical_finding(unpacked: Path) -> None:
    """Bandit finds nothing of what the repository refuses."""
    done = subprocess.run(
        [sys.executable, "-m", "bandit", "-q", "-r", str(unpacked), "-t", CRITICAL, "-f", "json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert not report["errors"]
    assert [f"{r['filename']}:{r['line_number']} {r['test_id']}" for r in report["results"]] == []


def test_no_secret(unpacked: Path) -> None:
    """detect-secrets finds none."""
    done = subprocess.run(
        [sys.executable, "-m", "detect_secrets", "scan", "--all-files", "."],
        capture_output=True, text=True, check=True, cwd=unpacked,
    )  # fmt: skip
    assert json.loads(done.stdout)["results"] == {}


@pytest.fixture(scope="session")
def enabled(unpacked: Path) -> Path:
    """Return the plugin's folder once the plugin is enabled in the fresh profile."""
    done = qgis_process(unpacked, "plugins", "enable", FOLDER)
    assert done.returncode == 0, done.stdout + done.stderr
    return unpacked


def test_a_fresh_profile_lists_every_algorithm(enabled: Path) -> None:
    """With no engine set up, all commands are listed from what was packed."""
    done = qgis_process(enabled, "list")
    commands = json.loads((enabled / "engine" / "catalogue.json").read_text("utf-8"))["commands"]
    for command in commands:
        assert f"gridtwin:{command['name'].replace('-', '')}\t" in done.stdout, done.stdout[-2000:] + done.stderr


def test_a_fresh_profile_says_that_the_engine_is_missing(enabled: Path, town: Path, tmp_path: Path) -> None:
    """A run without an engine fails with the way to set one up."""
    done = qgis_process(enabled, "run", "gridtwin:divide", "--", f"REGION={town}", f"OUTPUT={tmp_path / 'out.gpkg'}")
    assert done.returncode != 0
    assert "Create environment" in done.stdout + done.stderr


def test_a_fresh_profile_divides(enabled: Path, town: Path, tmp_path: Path, engine_python: str) -> None:
    """With an engine, ``qgis_process`` divides a region, in Chinese where QGIS is."""
    output = tmp_path / "out.gpkg"
    done = qgis_process(
        enabled, "run", "gridtwin:divide", "--", f"REGION={town}", "MIN=200", "MAX=400", f"OUTPUT={output}",
        GRIDTWIN_PYTHON=engine_python,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert QgsVectorLayer(f"{output}|layername=grids", "grids", "ogr").featureCount() > 5
    assert f"OUTPUT:\t{output}" in done.stdout
