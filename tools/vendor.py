"""Fetch the web assets that maps inline, and record them in gridtwin/maps/assets/manifest.json.

``python tools/vendor.py`` packs each package with npm into a temporary folder, copies the files a page uses
and writes the manifest; ``--check`` downloads nothing and fails when a file differs from the manifest.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ASSETS = Path(__file__).resolve().parents[1] / "gridtwin" / "maps" / "assets"
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Package:
    """One npm package: the files of it that a page uses, and its licence (SPDX)."""

    name: str
    version: str
    licence: str
    files: dict[str, str]  # path in the package -> path below the assets' folder


PACKAGES = (
    Package(
        "leaflet",
        "1.9.4",
        "BSD-2-Clause",
        {
            "dist/leaflet.js": "leaflet/leaflet.js",
            "dist/leaflet.css": "leaflet/leaflet.css",
            "dist/images/layers.png": "leaflet/images/layers.png",
            "dist/images/layers-2x.png": "leaflet/images/layers-2x.png",
            "dist/images/marker-icon.png": "leaflet/images/marker-icon.png",
            "dist/images/marker-icon-2x.png": "leaflet/images/marker-icon-2x.png",
            "dist/images/marker-shadow.png": "leaflet/images/marker-shadow.png",
            "LICENSE": "leaflet/LICENSE",
        },
    ),
)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fetch(package: Package, folder: Path) -> Path:
    """Download ``package`` into ``folder`` with npm and return the folder of its files."""
    subprocess.run(
        ["npm", "pack", f"{package.name}@{package.version}", "--silent"],
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def vendor(package: Package, assets: Path) -> dict[str, Any]:
    """Copy the files of ``package`` into ``assets`` and return its entry of the manifest."""
    with tempfile.TemporaryDirectory() as temporary:
        source = fetch(package, Path(temporary))
        for inside, outside in package.files.items():
            target = assets / outside
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / inside, target)
    return {
        "name": package.name,
        "version": package.version,
        "licence": package.licence,
        "files": {name: sha256(assets / name) for name in sorted(package.files.values())},
    }


def differences(assets: Path) -> list[str]:
    """Return one line for every file that is missing, changed or not in the manifest."""
    manifest = json.loads((assets / MANIFEST).read_text("utf-8"))
    known = {name: digest for entry in manifest["packages"] for name, digest in entry["files"].items()}
    files = {path.relative_to(assets).as_posix(): path for path in assets.rglob("*") if path.is_file()}
    present = {name: path for name, path in files.items() if name != MANIFEST and not path.name.startswith(".")}
    changed = (name for name in present.keys() & known.keys() if sha256(present[name]) != known[name])
    lines = [f"not in the manifest: {name}" for name in sorted(present.keys() - known.keys())]
    lines += [f"missing: {name}" for name in sorted(known.keys() - present.keys())]
    return lines + [f"changed: {name}" for name in sorted(changed)]


def main(arguments: list[str] | None = None) -> int:
    """Vendor the assets, or compare them with the manifest."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when a file differs")
    if not parser.parse_args(arguments).check:
        manifest = {"packages": [vendor(package, ASSETS) for package in PACKAGES]}
        (ASSETS / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
    found = differences(ASSETS)
    sys.stderr.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
