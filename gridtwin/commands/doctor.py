"""Check the installation: versions, drivers, fonts, optional tools; compile the kernels on request."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import subprocess
import sys
import time
from typing import Any

from gridtwin import __version__
from gridtwin.commands.spec import Options, Outcome
from gridtwin.i18n import mark, tr
from gridtwin.progress import Progress

PACKAGES = (
    "geopandas", "shapely", "pyproj", "pyogrio", "rasterio", "osmium", "osmnx", "networkx", "numba", "numpy",
    "scipy", "pandas", "folium", "exactextract", "openpyxl",
)  # fmt: skip
OPTIONAL = {"pyrosm": "demo", "pyarrow": "parquet"}
DRIVERS = ("GPKG", "ESRI Shapefile", "GeoJSON", "FlatGeobuf")
BROWSERS = ("chromium", "google-chrome", "firefox", "msedge")


def run(options: Options, progress: Progress) -> Outcome:
    """Return what is installed, what is missing, and how to get it."""
    problems: list[str] = []
    versions = {name: _version(name) for name in PACKAGES}
    for name, version in versions.items():
        if version is None:
            problems.append(tr(mark("{name} is missing: pip install {name}")).format(name=name))
    optional = {name: _version(name) for name in OPTIONAL}
    geo = _geo_stack(problems) if all(versions.values()) else {}
    tools = {
        "browser": next((path for name in BROWSERS if (path := shutil.which(name))), None),
        "qgis": shutil.which("qgis") or shutil.which("qgis_process"),
        "chinese_font": _chinese_font(),
    }
    compiled_s = None
    if options["warm_up"] and not problems:
        progress(0.1, tr(mark("Compiling the kernels")))
        compiled_s = _warm_up()
    data: dict[str, Any] = {
        "version": __version__,
        "python": platform.python_version(),
        "executable": sys.executable,
        "packages": versions,
        "optional": optional,
        "geo": geo,
        "tools": tools,
        "compiled_s": compiled_s,
        "problems": problems,
    }
    missing = tr(mark("not found"))
    facts = [("gridtwin", __version__), ("python", f"{platform.python_version()} ({sys.executable})")]
    facts += [(name, version or missing) for name, version in versions.items()]
    facts += [
        (name, version or f"{missing} (pip install 'gridtwin[{OPTIONAL[name]}]')") for name, version in optional.items()
    ]
    facts += [(name, str(value)) for name, value in geo.items()]
    facts += [(name, value or missing) for name, value in tools.items()]
    if compiled_s is not None:
        facts.append((tr(mark("kernels compiled")), f"{compiled_s:.1f} s"))
    notes = tuple(problems) or (tr(mark("Everything that is needed is there.")),)
    return Outcome(data, tuple(facts), notes=notes, exit_code=5 if problems else 0)


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _geo_stack(problems: list[str]) -> dict[str, str]:
    """Return versions of the C libraries; note a driver or a function that is missing."""
    import pyogrio
    import pyproj
    import shapely

    drivers = pyogrio.list_drivers()
    for driver in DRIVERS:
        if "w" not in drivers.get(driver, ""):
            problems.append(tr(mark("GDAL cannot write {name}")).format(name=driver))
    try:
        # Beijing in its 3-degree zone: fails where PROJ's own data files are out of reach.
        pyproj.Transformer.from_crs(4326, 4548, always_xy=True).transform(116.4, 39.9, errcheck=True)
    except pyproj.exceptions.ProjError as error:
        problems.append(tr(mark("PROJ cannot transform coordinates: {reason}")).format(reason=str(error)[:200]))
    return {
        "GDAL": pyogrio.__gdal_version_string__,
        "GEOS": shapely.geos_version_string,
        "PROJ": pyproj.proj_version_str,
    }


def _chinese_font() -> str | None:
    """Return a font for Chinese text, where fontconfig knows one."""
    tool = shutil.which("fc-match")
    if tool is None:
        return None
    found = subprocess.run(
        [tool, "--format=%{family}|%{lang}", ":lang=zh-cn"], capture_output=True, text=True, check=False
    ).stdout
    family, _, languages = found.partition("|")
    return family if "zh" in languages else None


def _warm_up() -> float:
    """Compile and cache all kernels; return the seconds it took."""
    from gridtwin.grids import warm as grids
    from gridtwin.services import warm as services

    start = time.perf_counter()
    grids.compile_kernels()
    services.compile_kernels()
    return time.perf_counter() - start
