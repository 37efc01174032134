"""Management grids: units, division, measures, codes and staff."""

from gridtwin.grids.divide import divide_region, rebalance_region
from gridtwin.grids.draft import draft_communities
from gridtwin.grids.params import DivideParams
from gridtwin.grids.plan import GridPlan
from gridtwin.grids.staffing import StaffingRules
from gridtwin.grids.units import Units, make_units

__all__ = [
    "DivideParams",
    "GridPlan",
    "StaffingRules",
    "Units",
    "divide_region",
    "draft_communities",
    "make_units",
    "rebalance_region",
]
