# SPDX-License-Identifier: GPL-3.0-or-later
"""Saving that is whole or not at all, also when QGIS or the computer dies in the middle of it.

QGIS writes an edit session layer by layer, and each layer in several transactions. Dying between two of them leaves
grids that are gone while their units are still in them. So the file as it was is kept beside it while a save runs,
and whoever opens the region next puts it back.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from qgis_plugin_tools.tools.i18n import tr

from .errors import RegionFileError

SUFFIX = ".before-save"
BUSY_S = 5.0


def kept_copy(path: Path) -> Path:
    """Return where the region as it was is kept while a save runs."""
    return path.with_name(f"{path.name}{SUFFIX}")


class SaveGuard:
    """Keeps a region as it was from :meth:`begin` to :meth:`end`.

    Parameters
    ----------
    path
        The region's file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock: sqlite3.Connection | None = None

    @property
    def is_held(self) -> bool:
        """Whether a save runs."""
        return self._lock is not None

    def begin(self) -> None:
        """Keep the region as it is now; does nothing while it is being kept already.

        Raises
        ------
        OSError
            If the folder cannot be written.
        sqlite3.Error
            If the region cannot be read.
        """
        if self.is_held:
            return
        kept = kept_copy(self._path)
        unfinished = kept.with_name(f"{kept.name}.part")
        unfinished.unlink(missing_ok=True)
        with closing(_open(self._path, "ro")) as region, closing(sqlite3.connect(unfinished)) as copy:
            region.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
        with unfinished.open("rb+") as stream:
            os.fsync(stream.fileno())
        unfinished.replace(kept)
        self._lock = _open(kept, "rw")
        self._lock.execute("BEGIN EXCLUSIVE")  # says that this save still runs; death takes it back

    def end(self) -> None:
        """Forget the region as it was: the save is over."""
        if self._lock is None:
            return
        self._lock.close()
        self._lock = None
        kept_copy(self._path).unlink(missing_ok=True)


def undo_interrupted_save(path: Path) -> bool:
    """Put a region back as it was before a save that was interrupted, and return whether there was one.

    A save that another program is doing at this moment is left alone.

    Raises
    ------
    RegionFileError
        If the region cannot be put back; the copy stays.
    """
    kept = kept_copy(path)
    if not kept.exists():
        return False
    try:
        with closing(_open(kept, "rw")) as copy:
            if _is_held(copy):
                return False
            with closing(_open(path, "rwc")) as region:
                copy.backup(region)
        kept.unlink()
    except (sqlite3.Error, OSError) as error:
        raise RegionFileError(
            tr(
                "The last saving of {path} was interrupted, and the copy {copy} could not be put back: {reason}",
                path=path,
                copy=kept.name,
                reason=error,
            )
        ) from error
    return True


def _is_held(copy: sqlite3.Connection) -> bool:
    try:
        copy.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            return True
        raise
    copy.execute("ROLLBACK")
    return False


def _open(path: Path, mode: str) -> sqlite3.Connection:
    timeout_s = BUSY_S if mode != "rw" else 0.0
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=timeout_s, isolation_level=None)
