# SPDX-License-Identifier: GPL-3.0-or-later
"""Print sheets as a Processing algorithm: for batches, models and ``qgis_process``; it needs no engine."""

from __future__ import annotations

from pathlib import Path

from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
    QgsProject,
)
from qgis.PyQt.QtGui import QIcon
from qgis_plugin_tools.tools.i18n import tr
from qgis_plugin_tools.tools.resources import plugin_path

from ..core.errors import PluginError
from ..core.region_project import RegionLayers, open_region, regions_of
from ..core.sheet_data import SheetError
from ..core.sheet_request import Output, Paper, Sheet, SheetRequest
from ..core.sheets import SheetsCancelled, print_sheets

REGION, SHEET, PAPER, OUTPUT, GRIDS = "REGION", "SHEET", "PAPER", "OUTPUT", "GRIDS"
KINDS, WITHIN, TEMPLATE, DPI, OVERWRITE, FOLDER = "KINDS", "WITHIN", "TEMPLATE", "DPI", "OVERWRITE", "FOLDER"


class PrintSheetsAlgorithm(QgsProcessingAlgorithm):
    """A page for each grid of a region."""

    def createInstance(self) -> PrintSheetsAlgorithm:
        """Return a new algorithm."""
        return PrintSheetsAlgorithm()

    def name(self) -> str:
        """Return the name by which models and ``qgis_process`` know the algorithm."""
        return "print_sheets"

    def displayName(self) -> str:
        """Return the title."""
        return tr("Print sheets of grids")

    def shortDescription(self) -> str:
        """Return what the tool tip says."""
        return tr("A page for each grid: map, table, legend, overview and QR code.")

    def shortHelpString(self) -> str:
        """Return the help."""
        return tr(
            "Prints a page for each grid with map, neighbours, overview, legend, table, officers and QR code. A grid "
            "sheet lists compounds and buildings, an evacuation sheet shelters and routes, a service sheet who is "
            "covered by services. Unsaved edits of an open region count."
        )

    def icon(self) -> QIcon:
        """Return the algorithm's icon."""
        return QIcon(plugin_path("icons", "print_sheets.svg"))

    def flags(self) -> QgsProcessingAlgorithm.Flag:
        """Return that it runs in the thread of the window, as all layouts must."""
        return super().flags() | QgsProcessingAlgorithm.Flag.FlagNoThreading

    def initAlgorithm(self, configuration: dict[str, object] | None = None) -> None:
        """Add the parameters."""
        region = tr("Region (when empty, the one that is open); unsaved edits count too")
        self.addParameter(QgsProcessingParameterFile(REGION, region, optional=True, fileFilter="GeoPackage (*.gpkg)"))
        self._add_choice(SHEET, tr("Sheet: grid, evacuation or service"), [sheet.value for sheet in Sheet])
        self._add_choice(PAPER, tr("Paper"), [paper.value for paper in Paper])
        self._add_choice(OUTPUT, tr("Files: one PDF, or a PDF or picture for each grid"), [out.value for out in Output])
        self._add_text(GRIDS, tr("Grids (their ids with commas between; all when empty)"))
        self._add_text(KINDS, tr("Service sheet: kinds on the map, with commas between (three when empty)"))
        within = QgsProcessingParameterNumber(
            WITHIN, tr("Service sheet: walk that the areas are drawn for (min)"), defaultValue=10.0, minValue=1.0
        )
        within.setDataType(QgsProcessingParameterNumber.Type.Double)
        self.addParameter(within)
        template = tr("Layout template of your own (*.qpt)")
        self.addParameter(QgsProcessingParameterFile(TEMPLATE, template, extension="qpt", optional=True))
        dpi = QgsProcessingParameterNumber(DPI, tr("Resolution of pictures (dots an inch)"))
        dpi.setDefaultValue(SheetRequest.dpi)
        dpi.setMinimum(50)
        dpi.setMaximum(600)
        self.addParameter(dpi)
        self.addParameter(QgsProcessingParameterBoolean(OVERWRITE, tr("Replace files that are there"), False))
        self.addParameter(QgsProcessingParameterFolderDestination(FOLDER, tr("Folder for the files")))

    def processAlgorithm(
        self, parameters: dict[str, object], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, object]:
        """Print; the results are the folder and how many files are in it."""
        own_project = QgsProject()  # holds the layers of a region that is not open
        try:
            region = _region(self.parameterAsFile(parameters, REGION, context), context, own_project)
            files = print_sheets(region, self._request(parameters, context), feedback)
        except SheetsCancelled:
            feedback.pushInfo(tr("Cancelled; nothing was written."))
            return {}
        except PluginError as error:
            raise QgsProcessingException(str(error)) from error
        for path in files:
            feedback.pushInfo(str(path))
        return {FOLDER: str(files[0].parent), "FILES": len(files)}

    def _add_choice(self, name: str, label: str, choices: list[str]) -> None:
        self.addParameter(
            QgsProcessingParameterEnum(name, label, choices, defaultValue=choices[0], usesStaticStrings=True)
        )

    def _add_text(self, name: str, label: str) -> None:
        self.addParameter(QgsProcessingParameterString(name, label, optional=True))

    def _request(self, parameters: dict[str, object], context: QgsProcessingContext) -> SheetRequest:
        template = self.parameterAsFile(parameters, TEMPLATE, context)
        return SheetRequest(
            Path(self.parameterAsString(parameters, FOLDER, context)),
            Sheet(self.parameterAsEnumString(parameters, SHEET, context)),
            Paper(self.parameterAsEnumString(parameters, PAPER, context)),
            Output(self.parameterAsEnumString(parameters, OUTPUT, context)),
            grid_ids=_listed(self.parameterAsString(parameters, GRIDS, context)),
            template=Path(template) if template else None,
            kinds=_listed(self.parameterAsString(parameters, KINDS, context)),
            within_s=60 * self.parameterAsDouble(parameters, WITHIN, context),
            dpi=self.parameterAsInt(parameters, DPI, context),
            overwrite=self.parameterAsBoolean(parameters, OVERWRITE, context),
        )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _region(given: str, context: QgsProcessingContext, own_project: QgsProject) -> RegionLayers:
    """Return the open region of a file, else the file opened in ``own_project``; without a file the one that is open.

    Raises
    ------
    SheetError
        If no file is given and not exactly one region is open.
    """
    regions = regions_of(context.project()) if context.project() is not None else ()
    if given:
        path = Path(given).absolute()
        return next((region for region in regions if region.path == path), None) or open_region(path, own_project)
    if not regions:
        raise SheetError(tr("No region is open; open one or choose its file."))
    if len(regions) > 1:
        raise SheetError(tr("Several regions are open; choose the file of one."))
    return regions[0]
