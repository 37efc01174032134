"""Shapefiles: which encoding their texts are in, and texts decoded so that no broken character stops a reader."""

from __future__ import annotations

import codecs
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio

FIELD_BYTES = 10  # longest field name of a shapefile
SAMPLE_RECORDS = 2_000
SAMPLE_BYTES = 4_000_000
_HEADER_BYTES = 32
# Marks in the file's header that name a Chinese code page.
_CODE_PAGES = {0x4D: "gb18030", 0x4F: "big5", 0x78: "big5", 0x7A: "gb18030"}
_CPG = {"65001": "utf-8", "utf8": "utf-8", "936": "gb18030", "gbk": "gb18030", "gb2312": "gb18030", "950": "big5"}


def read_shapefile(path: Path, *, encoding: str = "") -> tuple[pd.DataFrame, str]:
    """Return the shapefile as a GeoDataFrame, and the encoding its texts were read in.

    Parameters
    ----------
    path
        The .shp file, or a .zip that holds one.
    encoding
        Decides if given; then the .cpg file, then the mark in the .dbf, else UTF-8 if all texts are valid in
        it, else GB18030.
    """
    used = encoding or dbf_encoding(path)
    frame = pyogrio.read_dataframe(path, encoding="ISO-8859-1", on_invalid="ignore")  # byte for byte
    names = {column: _text(column, used) for column in frame.columns}
    frame = frame.rename(columns=names)
    for column in frame.columns:
        if isinstance(frame[column].dtype, pd.StringDtype):
            codes, words = pd.factorize(frame[column])
            decoded = np.array([*(_text(word, used) for word in words), None], dtype=object)
            frame[column] = pd.Series(decoded[codes], index=frame.index, dtype="str")
    return frame, used


def cut_name(name: str, encoding: str) -> str:
    """Return ``name`` as a shapefile of that encoding keeps it: ten bytes, a broken last character dropped."""
    return name.encode(encoding, "replace")[:FIELD_BYTES].decode(encoding, "ignore").strip()


def dbf_encoding(path: Path) -> str:
    """Return the encoding of a shapefile's texts."""
    stated = _sidecar(path, ".cpg")
    if stated:
        word = stated.decode("ascii", "ignore").strip().lower().replace("cp", "").replace("ansi ", "")
        try:
            return codecs.lookup(_CPG.get(word, word)).name
        except LookupError:
            pass
    content = _sidecar(path, ".dbf")
    if len(content) < _HEADER_BYTES:
        return "utf-8"
    if content[29] in _CODE_PAGES:
        return _CODE_PAGES[content[29]]
    return "utf-8" if all(_valid_utf8(text) for text in _texts(content)) else "gb18030"


def _sidecar(path: Path, suffix: str) -> bytes:
    """Return the beginning of the file beside a shapefile with another suffix; nothing if there is none."""
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith(suffix)]
            if not names:
                return b""
            with archive.open(names[0]) as inside:
                return inside.read(SAMPLE_BYTES)
    for other in (path.with_suffix(suffix), path.with_suffix(suffix.upper())):
        if other.is_file():
            with other.open("rb") as beside:
                return beside.read(SAMPLE_BYTES)
    return b""


def _texts(content: bytes) -> list[bytes]:
    """Return field names, and the distinct texts of the first records, of a .dbf file."""
    header, record = (int.from_bytes(content[at : at + 2], "little") for at in (8, 10))
    fields = [content[at : at + 32] for at in range(_HEADER_BYTES, max(header - 1, _HEADER_BYTES), 32)]
    fields = [field for field in fields if len(field) == 32 and field[0] != 0x0D]
    texts = [field[: FIELD_BYTES + 1].split(b"\0")[0] for field in fields]
    body = np.frombuffer(content[header:], np.uint8)
    rows = min(len(body) // record if record else 0, SAMPLE_RECORDS)
    if not rows:
        return texts
    body = body[: rows * record].reshape(rows, record)
    start = 1
    for field in fields:
        width = field[16]
        if field[11:12] == b"C" and width:
            column = np.ascontiguousarray(body[:, start : start + width]).view(f"S{width}").ravel()
            texts += [bytes(text).rstrip() for text in np.unique(column)]
        start += width
    return texts


def _valid_utf8(text: bytes) -> bool:
    """Return whether the text is UTF-8, perhaps cut within its last character."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(text, final=False)
    except UnicodeDecodeError:
        return False
    return True


def _text(value: object, encoding: str) -> object:
    if not isinstance(value, str):
        return value
    return value.encode("latin-1", "ignore").decode(encoding, "ignore")
