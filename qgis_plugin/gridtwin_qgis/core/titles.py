# SPDX-License-Identifier: GPL-3.0-or-later
"""What layers, columns and classes are called for planners, as in the engine's data dictionary."""

from __future__ import annotations

from qgis.core import QgsVectorLayer
from qgis_plugin_tools.tools.i18n import tr as translated  # of texts that stand in a table, not at the call

LAYERS = {
    "communities": "Communities",
    "buildings": "Buildings",
    "streets": "Streets",
    "junctions": "Junctions",
    "barriers": "Barriers",
    "units": "Units",
    "grids": "Grids",
    "plans": "Plans",
    "assignments": "Units of each plan",
    "grid_codes": "Codes ever given",
    "edits": "Log of edits",
    "staffing": "Staff by community",
    "facilities": "Facilities",
    "entrances": "Entrances",
    "service_areas": "Service areas",
    "coverage": "Coverage",
    "uncovered": "Uncovered households",
    "sites": "Proposed sites",
    "shelters": "Shelters",
    "depots": "Depots",
    "stock": "Stock",
    "vehicles": "Vehicles",
    "gridtwin_meta": "About the region",
}

COLUMNS = {
    "community_id": "Community",
    "name": "Name",
    "name_zh": "Name in Chinese",
    "subdistrict_id": "Subdistrict",
    "district_id": "District",
    "city_id": "City",
    "setting": "Urban or rural",
    "households_total": "Households by register",
    "origin": "Origin (given or drafted)",
    "building_id": "Building",
    "households": "Households",
    "persons": "Persons",
    "elderly": "Elderly",
    "disabled": "Disabled",
    "children": "Children",
    "migrant_children": "Migrants' children",
    "levels": "Storeys",
    "flats": "Flats",
    "use": "Use",
    "households_source": "Where the count comes from",
    "compound_id": "Compound",
    "unit_id": "Unit",
    "grid_id": "Grid",
    "code": "Code",
    "buildings": "Number of buildings",
    "area_m2": "Area (m²)",
    "compactness": "Compactness (Polsby–Popper)",
    "reock": "Compactness (Reock)",
    "street_share": "Boundary along streets and barriers",
    "compounds_split": "Compounds shared with other grids",
    "longest_walk_m": "Longest walk within the grid (m)",
    "counted_share": "Share of households counted, not estimated",
    "grid_officers": "Grid officers",
    "volunteers": "Volunteers",
    "purpose": "Purpose",
    "decree": "Decree (number, date)",
    "minimum_households": "Least households",
    "maximum_households": "Most households",
    "locked": "Locked",
    "violations": "Broken rules",
}

PURPOSES = {
    "general": "general",
    "campus": "campus",
    "market": "market",
    "office": "office",
    "hospital": "hospital",
    "industry": "industry",
    "other": "other purpose",
    "frozen": "frozen by decree",
}


def layer_title(name: str) -> str:
    """Return what a layer is called; a planner's own layer keeps its name."""
    return translated(LAYERS[name]) if name in LAYERS else name


def purpose_title(purpose: str) -> str:
    """Return what a purpose is called."""
    return translated(PURPOSES[purpose]) if purpose in PURPOSES else purpose


def name_columns(layer: QgsVectorLayer) -> None:
    """Give the columns of a layer their titles in tables and forms."""
    for number, field in enumerate(layer.fields()):
        if field.name() in COLUMNS:
            layer.setFieldAlias(number, translated(COLUMNS[field.name()]))
