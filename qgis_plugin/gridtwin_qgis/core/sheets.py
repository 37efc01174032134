# SPDX-License-Identifier: GPL-3.0-or-later
"""Print a page for each grid of a region, to one PDF, a PDF a grid or a picture a grid."""

from __future__ import annotations

import datetime
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from qgis.core import (
    Qgis,
    QgsExpressionContextUtils,
    QgsFeedback,
    QgsLayoutExporter,
    QgsPrintLayout,
    QgsProject,
)
from qgis_plugin_tools.tools.i18n import tr

from .region_project import RegionLayers
from .schema import META_TABLE, PLANS, text_of
from .sheet_data import SheetError, chosen, grid_facts, grid_ids_of, safe_name
from .sheet_layout import attach, font_family, frames, qr_function, read_template, row_capacity
from .sheet_project import SheetProject, build_project
from .sheet_request import Output, SheetRequest
from .sheet_tables import sheet_tables

LINES_DPI = 300  # of a PDF: what is not lines and text, and the thinnest line


class SheetsCancelled(Exception):  # noqa: N818 - no fault
    """The planner stopped the print; no file has been made."""


def print_sheets(region: RegionLayers, request: SheetRequest, feedback: QgsFeedback) -> list[Path]:
    """Print sheets of a region as it is now, unsaved edits included.

    Runs in the thread of the window, as all layouts must, and tells ``feedback`` after each page; a slot that lets
    the window process its events keeps it alive.

    Parameters
    ----------
    region
        Open region; it is only read.
    request
        What is printed.
    feedback
        Told the progress, 0-100; asked whether to stop.

    Returns
    -------
    list of Path
        Files made, in the order of the grids.

    Raises
    ------
    SheetError
        If something is missing for the sheet, a file is there already, or cannot be written.
    SheetsCancelled
        If ``feedback`` was cancelled.
    """
    grid_ids = chosen(grid_ids_of(region), request.grid_ids)
    names = file_names(request, grid_ids)
    _refuse_existing(request, names)
    request.folder.mkdir(parents=True, exist_ok=True)
    with qr_function(), tempfile.TemporaryDirectory(dir=request.folder, prefix=".gridtwin-") as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        _print_into(made, region, request, set(grid_ids), feedback)
        for name in names:
            (made / name).replace(request.folder / name)
    return [request.folder / name for name in names]


def file_names(request: SheetRequest, grid_ids: Sequence[str]) -> list[str]:
    """Return the names of the files that a print of some grids makes."""
    if request.output is Output.ONE_PDF:
        return [f"{request.sheet.value}_sheets.pdf"]
    suffix = "pdf" if request.output is Output.PDF_EACH else "png"
    return [f"{request.sheet.value}_{safe_name(grid_id)}.{suffix}" for grid_id in grid_ids]


def existing_files(region: RegionLayers, request: SheetRequest) -> list[Path]:
    """Return the files that a print would replace."""
    names = file_names(request, chosen(grid_ids_of(region), request.grid_ids))
    return [path for name in names if (path := request.folder / name).exists()]


def _refuse_existing(request: SheetRequest, names: Sequence[str]) -> None:
    there = [name for name in names if (request.folder / name).exists()]
    if there and not request.overwrite:
        raise SheetError(
            tr("{folder} holds {names} already: choose another folder, or allow to overwrite",
               folder=request.folder, names=", ".join(there[:5]))
        )  # fmt: skip


def _print_into(
    folder: Path, region: RegionLayers, request: SheetRequest, grid_ids: set[str], feedback: QgsFeedback
) -> None:
    """Print into a folder; when this returns nothing holds the files of the print any more."""
    facts = grid_facts(region)
    printed = [fact for fact in facts if fact.grid_id in grid_ids]
    measured = QgsProject()
    template = read_template(request.template_path, measured)
    tables = sheet_tables(region, request, printed, row_capacity(template))
    sheets = build_project(
        region, request, facts, tables, frames=frames(template), folder=folder.parent, family=font_family()
    )
    layout = read_template(request.template_path, sheets.project)
    QgsExpressionContextUtils.setProjectVariables(sheets.project, _variables(region, sheets))
    attach(layout, sheets, request)
    _export(layout, request, folder, feedback)


def _variables(region: RegionLayers, sheets: SheetProject) -> dict[str, str]:
    plans = region.get(PLANS)
    names = [text_of(row["plan"]) for row in plans.getFeatures()] if plans is not None else []
    return {
        "gridtwin_region": region.name,
        "gridtwin_plan": names[-1] if names else "–",
        "gridtwin_date": datetime.date.today().isoformat(),
        "gridtwin_source": sources_of(region.path) or "–",
        "gridtwin_note": sheets.note,
    }


def sources_of(path: Path) -> str:
    """Return the licences, or failing these the sources, of the layers of a region that came from outside."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            f"SELECT layer, key, value FROM {META_TABLE} WHERE layer IN ('buildings', 'streets') AND value != ''"  # noqa: S608
        )
        facts = {(layer, key): value for layer, key, value in rows}
    layers = ("buildings", "streets")
    told = [facts.get((layer, "licence")) or facts.get((layer, "source"), "") for layer in layers]
    return ", ".join(dict.fromkeys(text for text in told if text))


def _export(layout: QgsPrintLayout, request: SheetRequest, folder: Path, feedback: QgsFeedback) -> None:
    if request.output is Output.PNG_EACH:
        pictures = QgsLayoutExporter.ImageExportSettings()
        pictures.dpi = request.dpi
        result, message = QgsLayoutExporter.exportToImage(layout.atlas(), f"{folder}/", "png", pictures, feedback)
    elif request.output is Output.PDF_EACH:
        result, message = QgsLayoutExporter.exportToPdfs(layout.atlas(), f"{folder}/", _pdf(), feedback)
    else:
        name = folder / file_names(request, ())[0]
        result, message = QgsLayoutExporter.exportToPdf(layout.atlas(), str(name), _pdf(), feedback)
    if result == QgsLayoutExporter.ExportResult.Canceled or feedback.isCanceled():
        raise SheetsCancelled
    if result != QgsLayoutExporter.ExportResult.Success:
        raise SheetError(tr("The sheets could not be printed: {reason}", reason=message or int(result)))


def _pdf() -> QgsLayoutExporter.PdfExportSettings:
    settings = QgsLayoutExporter.PdfExportSettings()
    settings.dpi = LINES_DPI
    settings.textRenderFormat = Qgis.TextRenderFormat.AlwaysText
    return settings
