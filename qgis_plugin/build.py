# SPDX-License-Identifier: GPL-3.0-or-later
"""Pack the plugin: one zip that QGIS installs, with translations, libraries and the engine's catalogue.

Run it with a Python that has the libraries (``.venv-qgis/bin/python qgis_plugin/build.py``).
"""

from __future__ import annotations

import argparse
import configparser
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(Path(__file__).parent))

from translations import PLUGIN, compile_translations  # noqa: E402
from vendoring import vendor  # noqa: E402

LEFT_OUT = ("__pycache__", "*.pyc", "parts", "*.ts", ".gitkeep", "catalogue.json")
CATALOGUE_KEYS = ("version", "units", "facility_kinds", "commands")
EPOCH = (2020, 1, 1, 0, 0, 0)  # the same files make the same zip
LARGEST_BYTES = 1_000_000


def main() -> None:
    """Pack the plugin and say where it is and how large."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder for the zip")
    parser.add_argument(
        "--engine", default=os.environ.get("GRIDTWIN_PYTHON", str(ROOT / ".venv" / "bin" / "python")),
        help="the engine's Python, which describes its commands",
    )  # fmt: skip
    arguments = parser.parse_args()
    path = build(arguments.out, arguments.engine)
    print(f"{path}  {path.stat().st_size / 1000:.0f} kB")


def build(out: Path, engine: str) -> Path:
    """Pack the plugin into ``out`` and return the zip.

    Parameters
    ----------
    out
        Folder for the zip.
    engine
        The engine's Python.

    Raises
    ------
    SystemExit
        If the zip would be larger than 1 MB.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / PLUGIN.name
        shutil.copytree(PLUGIN, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
        compiled = compile_translations()
        shutil.copy(compiled, folder / "i18n" / compiled.name)
        (folder / "engine" / "catalogue.json").write_text(catalogue_of(engine), "utf-8")
        vendor(folder)
        out.mkdir(parents=True, exist_ok=True)
        path = out / f"{PLUGIN.name}-{version_of(folder)}.zip"
        pack(folder, path)
    if path.stat().st_size > LARGEST_BYTES:
        raise SystemExit(f"{path} has {path.stat().st_size:,} bytes, more than {LARGEST_BYTES:,}")
    return path


def catalogue_of(engine: str) -> str:
    """Return what the engine says of its commands, which is what QGIS lists before an engine is set up."""
    scrubbed = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PROJ_", "GDAL_", "QGIS_"))}
    done = subprocess.run(
        [engine, "-I", "-X", "utf8", "-m", "gridtwin", "schema", "--json"],
        capture_output=True, encoding="utf-8", check=True, env=scrubbed,
    )  # fmt: skip
    schema = json.loads(done.stdout)
    return json.dumps({key: schema[key] for key in CATALOGUE_KEYS}, ensure_ascii=False)


def version_of(folder: Path) -> str:
    """Return the version that a plugin's metadata names."""
    metadata = configparser.ConfigParser()
    metadata.read(folder / "metadata.txt", "utf-8")
    return metadata["general"]["version"]


def pack(folder: Path, path: Path) -> None:
    """Write a folder into a zip, its files in order and with a fixed date."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                entry = zipfile.ZipInfo(file.relative_to(folder.parent).as_posix(), EPOCH)
                entry.external_attr = 0o644 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, file.read_bytes())


if __name__ == "__main__":
    main()
