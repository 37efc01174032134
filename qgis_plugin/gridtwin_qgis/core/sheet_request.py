# SPDX-License-Identifier: GPL-3.0-or-later
"""What a planner asks of a print: which sheet, of which grids, on which paper, as which files."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from qgis_plugin_tools.tools.i18n import tr
from qgis_plugin_tools.tools.resources import plugin_path


class Sheet(Enum):
    """What a sheet shows; the value names its template, its map theme and its files."""

    GRID = "grid"
    EVACUATION = "evacuation"
    SERVICE = "service"

    @property
    def title(self) -> str:
        """What people call the sheet."""
        titles = {
            Sheet.GRID: tr("Grid sheet"),
            Sheet.EVACUATION: tr("Evacuation sheet"),
            Sheet.SERVICE: tr("Service sheet"),
        }
        return titles[self]


class Paper(Enum):
    """Size of the page, landscape."""

    A4 = "a4"
    A3 = "a3"


class Output(Enum):
    """Files that are made."""

    ONE_PDF = "one_pdf"
    PDF_EACH = "pdf_each"
    PNG_EACH = "png_each"

    @property
    def title(self) -> str:
        """What people call the kind of files."""
        titles = {
            Output.ONE_PDF: tr("One PDF with a page for each grid"),
            Output.PDF_EACH: tr("A PDF for each grid"),
            Output.PNG_EACH: tr("A picture (PNG) for each grid"),
        }
        return titles[self]


@dataclass(frozen=True)
class SheetRequest:
    """One print.

    Attributes
    ----------
    folder
        Where the files go; made when absent.
    sheet, paper, output
        What is printed, on which paper, as which files.
    grid_ids
        Grids to print; all of the region when empty.
    template
        Layout template (``*.qpt``) of the user's own instead of the one that comes with the plugin.
    kinds
        Kinds whose facilities and service areas are on the map of a service sheet, the table has all; the first three
        of the results when empty.
    within_s
        Walk that the service areas on a service sheet are drawn for, seconds; the nearest to it that the region has.
    dpi
        Resolution of pictures, 50-600 dots an inch; PDF files are drawn as lines and text.
    overwrite
        Replace files of the same name.
    """

    folder: Path
    sheet: Sheet = Sheet.GRID
    paper: Paper = Paper.A4
    output: Output = Output.ONE_PDF
    grid_ids: tuple[str, ...] = ()
    template: Path | None = None
    kinds: tuple[str, ...] = ()
    within_s: float = 600.0
    dpi: int = 200
    overwrite: bool = False

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 50 <= self.dpi <= 600:
            raise ValueError(f"dpi is {self.dpi}; it must be 50 to 600")

    @property
    def template_path(self) -> Path:
        """The template that is printed."""
        return self.template or Path(plugin_path("layouts", f"{self.sheet.value}_{self.paper.value}.qpt"))
