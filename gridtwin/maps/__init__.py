"""Maps: pages that open in any browser without a network."""

from gridtwin.maps.offline import MissingAssetError, save_map
from gridtwin.maps.plan import plan_map

__all__ = ["MissingAssetError", "plan_map", "save_map"]
