"""Edits a region and saves it, but dies at a given moment of the saving; run by ``test_save_dies``.

Arguments: the region's file, the moment (0: does not die). Prints the number of moments there are.
"""

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from gridtwin_qgis.core.region_project import open_region
from gridtwin_qgis.core.session import RegionSession
from qgis.core import QgsApplication

MOMENTS = (
    "beforeCommitChanges",
    "committedFeaturesRemoved",
    "committedFeaturesAdded",
    "committedGeometriesChanges",
    "committedAttributeValuesChanges",
    "afterCommitChanges",
)


def edit(session):
    """Merge two grids and make a new one of a third: rows added, removed and changed in all layers."""
    first, second, third, *_ = sorted(session.counts.grid(fid).grid_id for fid in session.counts)
    with session.edit("merge"):
        session.assign_units(session.register.of_grid(second), first)
    with session.edit("new"):
        made = session.new_grid(session.counts.grid(session.fid_of(third)).community_id)
        session.assign_units(sorted(session.register.of_grid(third))[:1], made)


class Death:
    """Comes at a moment."""

    def __init__(self, moment):
        self.moment, self.passed = moment, 0

    def __call__(self, *_details):
        """Count a moment, and end the process at the right one as a power cut would."""
        self.passed += 1
        if self.passed == self.moment:
            os.kill(os.getpid(), signal.SIGKILL)


app = QgsApplication([], False)
app.initQgis()
session = RegionSession(open_region(sys.argv[1]))
edit(session)
death = Death(int(sys.argv[2]))
for layer in session.layers:
    for moment in MOMENTS:
        getattr(layer, moment).connect(death)
session.save()
print(death.passed)
