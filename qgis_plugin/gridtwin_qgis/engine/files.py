# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that the engine reads and writes: copies in a folder of their own, put into place when they are whole."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from qgis_plugin_tools.tools.i18n import tr

from .errors import EngineError

BUSY_S = 5.0


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield a new folder that is removed afterwards, with whatever a cancelled engine left in it."""
    folder = new_scratch_folder()
    try:
        yield folder
    finally:
        remove_folder(folder)


def new_scratch_folder() -> Path:
    """Return a new folder; the caller removes it with :func:`remove_folder`."""
    return Path(tempfile.mkdtemp(prefix="gridtwin-"))


def remove_folder(folder: Path) -> None:
    """Remove a folder; files that another program still holds on Windows stay behind."""
    shutil.rmtree(folder, ignore_errors=True)


def copy_region(source: Path, target: Path) -> None:
    """Copy a region as it is saved, also while QGIS has it open.

    Raises
    ------
    EngineError
        If the file is not there, is no GeoPackage, or another program is writing it.
    """
    if not source.is_file():
        raise EngineError("no_such_file", tr("There is no file {}.", source))
    try:
        # immutable=0 reads the journal too, so what was saved a moment ago is in the copy
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_S)) as saved,
            closing(sqlite3.connect(target)) as copy,
        ):
            saved.backup(copy)
    except sqlite3.Error as error:
        raise EngineError("not_copied", tr("{} cannot be read: {}", source, error)) from error


def put_in_place(made: Path, target: Path) -> None:
    """Move a file that is whole to where the user wants it; until then the old one stays as it is.

    Raises
    ------
    EngineError
        If the folder cannot be written, or another program holds the old file.
    """
    beside = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(str(made), str(beside))
        beside.replace(target)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise EngineError(
            "not_written",
            tr("{} could not be written ({}); the old file is unchanged.", target, error.strerror),
        ) from error
