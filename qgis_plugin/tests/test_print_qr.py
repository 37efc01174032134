"""QR codes hold the text, whatever its length, and any reader finds them."""

from __future__ import annotations

import base64
import random
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pytest
from gridtwin_qgis.core import qr

# A code of the same text by another program: version 1, level M, mask 1.
GRIDTWIN = """
####### ## ## #######
#     #  ## # #     #
# ### # # ### # ### #
# ### #   # # # ### #
# ### #   # # # ### #
#     # ##    #     #
####### # # # #######
           #        .
# #   ## ####  #  # #
    #  #     ## #  ##
 ## # ##     #  ##  #
  ##     ## #  # # ##
  ##  # ###  ### #  #
        ## # ## # # .
####### # ####  # # #
#     #  # # #####  .
# ### #  # #### ## #.
# ### #  ##    ###  .
# ### # #     # #####
#     #   # #    #  .
####### # #   # # # #
"""


def _read(matrix: qr.Matrix) -> str:
    """Return the text of a code as a reader does: format, mask, codewords, error correction, bytes."""
    size = len(matrix)
    version = (size - 17) // 4
    bits = [matrix[8][col] for col in (0, 1, 2, 3, 4, 5, 7, 8)]
    data = sum(bit << (14 - place) for place, bit in enumerate(bits)) ^ 0x5412
    level, mask = data >> 13 & 3, data >> 10 & 7
    assert level == qr.LEVEL_M
    codewords = bytes(_codewords(matrix, version, mask))
    stream = "".join(f"{byte:08b}" for byte in b"".join(_blocks(codewords, version)))
    assert stream[:4] == "0100"
    start = 4 + (8 if version < 10 else 16)
    length = int(stream[4:start], 2)
    return bytes(int(stream[i : i + 8], 2) for i in range(start, start + 8 * length, 8)).decode()


def _codewords(matrix: qr.Matrix, version: int, mask: int) -> Iterator[int]:
    fixed: list[list[bool | None]] = [[None] * len(matrix) for _ in matrix]
    qr._place_patterns(fixed, version)
    bits, rows = "", list(range(len(matrix)))
    for turn, right in enumerate((*range(len(matrix) - 1, 6, -2), 5, 3, 1)):
        for row in rows if turn % 2 else reversed(rows):
            for col in (right, right - 1):
                if fixed[row][col] is None:
                    bits += "1" if matrix[row][col] != qr._MASKS[mask](row, col) else "0"
    for place in range(0, len(bits) - 7, 8):
        yield int(bits[place : place + 8], 2)


def _blocks(codewords: bytes, version: int) -> list[bytes]:
    """Return the data of each block, having checked that its error correction finds no fault."""
    blocks, ec = qr.BLOCKS[version - 1], qr.EC_PER_BLOCK[version - 1]
    short, longer = divmod(len(codewords) - ec * blocks, blocks)
    parts = [bytearray() for _ in range(blocks)]
    stream = iter(codewords)
    for place in range(short + 1):
        for number, part in enumerate(parts):
            if place < short or number >= blocks - longer:
                part.append(next(stream))
    tails = [bytearray() for _ in range(blocks)]
    for _ in range(ec):
        for tail in tails:
            tail.append(next(stream))
    for part, tail in zip(parts, tails, strict=True):
        assert _syndromes(bytes(part + tail), ec) == [0] * ec
    return [bytes(part) for part in parts]


def _syndromes(block: bytes, count: int) -> list[int]:
    found, root = [], 1
    for _ in range(count):
        value = 0
        for byte in block:
            value = qr._multiply(value, root) ^ byte
        found.append(value)
        root = qr._multiply(root, 2)
    return found


@pytest.mark.parametrize("length", [0, 1, 14, 15, 62, 106, 180, 213, 214, 331, 666, 1200, 2331])
def test_code_reads_back(length: int) -> None:
    """A text of any length is read back from its code."""
    text = "".join(random.Random(length).choices("abcdefghij 0123456789\n", k=length))
    assert _read(qr.qr_matrix(text)) == text


def test_chinese_reads_back() -> None:
    """Chinese letters are read back as UTF-8."""
    text = "网格 110108001001007\n清河社区\ngeo:39.98000,116.31000"
    assert _read(qr.qr_matrix(text)) == text


def test_code_is_that_of_another_program() -> None:
    """Each module is as another program draws it for the same text, level and mask."""
    rows = ["".join("#" if cell else "." for cell in row) for row in qr.qr_matrix("GridTwin")]
    assert rows == GRIDTWIN.strip("\n").replace(" ", ".").split("\n")


@pytest.mark.parametrize(("length", "version"), [(14, 1), (15, 2), (26, 2), (27, 3), (2331, 40)])
def test_smallest_version(length: int, version: int) -> None:
    """A code is the smallest that holds the text (ISO/IEC 18004 table 7)."""
    assert len(qr.qr_matrix("x" * length)) == 17 + 4 * version


def test_too_long() -> None:
    """A text that no code holds is refused with the limit."""
    with pytest.raises(ValueError, match="2332 bytes"):
        qr.qr_matrix("x" * 2332)


def test_picture_has_a_quiet_zone() -> None:
    """The picture leaves four modules of white on each side."""
    svg = base64.b64decode(qr.qr_source("GridTwin").removeprefix("base64:")).decode()
    root = ET.fromstring(svg)
    assert root.get("viewBox") == "0 0 29 29"
    path = root.findall("{http://www.w3.org/2000/svg}path")[1].get("d")
    assert path.startswith("M4 4h7v1")
