# SPDX-License-Identifier: GPL-3.0-or-later
"""QR codes, made here so that a sheet needs neither the internet nor another package.

Byte mode (UTF-8), error correction level M (15 %), versions 1-40, after ISO/IEC 18004:2015.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

Matrix = list[list[bool]]  # rows from the top, True is dark

QUIET_ZONE = 4  # modules of white around the code, ISO/IEC 18004 clause 6.3.8
LEVEL_M = 0b00  # the two bits that name error correction level M in the format information
# Error correction codewords a block, and blocks, of versions 1-40 at level M (ISO/IEC 18004 table 9).
EC_PER_BLOCK = (
    10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26,
    26, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
)  # fmt: skip
BLOCKS = (
    1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16,
    17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49,
)  # fmt: skip

_MASKS = (
    lambda row, col: (row + col) % 2 == 0,
    lambda row, col: row % 2 == 0,
    lambda row, col: col % 3 == 0,
    lambda row, col: (row + col) % 3 == 0,
    lambda row, col: (row // 2 + col // 3) % 2 == 0,
    lambda row, col: row * col % 2 + row * col % 3 == 0,
    lambda row, col: (row * col % 2 + row * col % 3) % 2 == 0,
    lambda row, col: ((row + col) % 2 + row * col % 3) % 2 == 0,
)
_RUNS = re.compile("0{5,}|1{5,}")
_FINDER_LIKE = re.compile("(?=10111010000|00001011101)")


def qr_matrix(text: str) -> Matrix:
    """Return the smallest code that holds ``text``.

    Raises
    ------
    ValueError
        If the text is longer than the largest code holds (2,331 bytes).
    """
    data = text.encode()
    version = _version(len(data))
    codewords = _interleaved(_data_codewords(data, version), version)
    size = 17 + 4 * version
    modules: list[list[bool | None]] = [[None] * size for _ in range(size)]
    _place_patterns(modules, version)
    reserved = [[cell is not None for cell in row] for row in modules]
    _place_data(modules, codewords)
    candidates = (_masked(modules, reserved, mask) for mask in range(len(_MASKS)))
    return min(candidates, key=_penalty)


def qr_svg(text: str) -> str:
    """Return the code of ``text`` as an SVG picture with its quiet zone; one path, sharp at any size."""
    matrix = qr_matrix(text)
    side = len(matrix) + 2 * QUIET_ZONE
    path = "".join(
        f"M{start + QUIET_ZONE} {row + QUIET_ZONE}h{length}v1h-{length}z"
        for row, cells in enumerate(matrix)
        for start, length in _dark_runs(cells)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}" viewBox="0 0 {side} {side}">'
        f'<path fill="#fff" d="M0 0h{side}v{side}h-{side}z"/><path fill="#000" d="{path}"/></svg>'
    )


def qr_source(text: str) -> str:
    """Return the code of ``text`` as a picture source that QGIS reads without a file."""
    return "base64:" + base64.b64encode(qr_svg(text).encode()).decode()


def _dark_runs(cells: list[bool]) -> Iterator[tuple[int, int]]:
    for match in re.finditer("1+", _bits(cells)):
        yield match.start(), match.end() - match.start()


def _bits(cells: list[bool]) -> str:
    return "".join("1" if cell else "0" for cell in cells)


# --- codewords ---------------------------------------------------------------------------------------------------


def _total_codewords(version: int) -> int:
    """Return how many codewords fit beside the patterns (ISO/IEC 18004 table 1)."""
    modules = (16 * version + 128) * version + 64
    if version >= 2:
        alignments = version // 7 + 2
        modules -= (25 * alignments - 10) * alignments - 55
        if version >= 7:
            modules -= 36
    return modules // 8


def _data_capacity(version: int) -> int:
    return _total_codewords(version) - EC_PER_BLOCK[version - 1] * BLOCKS[version - 1]


def _count_bits(version: int) -> int:
    return 8 if version < 10 else 16


def _version(length: int) -> int:
    for version in range(1, 41):
        if 4 + _count_bits(version) + 8 * length <= 8 * _data_capacity(version):
            return version
    raise ValueError(f"{length} bytes do not fit into a QR code of level M; at most 2331 do")


def _data_codewords(data: bytes, version: int) -> bytes:
    capacity = _data_capacity(version)
    bits = f"0100{len(data):0{_count_bits(version)}b}" + "".join(f"{byte:08b}" for byte in data)
    bits += "0" * min(4, 8 * capacity - len(bits))
    bits += "0" * (-len(bits) % 8)
    filled = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
    padding = bytes((0xEC, 0x11)) * capacity
    return filled + padding[: capacity - len(filled)]


def _interleaved(data: bytes, version: int) -> bytes:
    """Return data and error correction codewords in the order in which they are placed."""
    blocks, ec_length = BLOCKS[version - 1], EC_PER_BLOCK[version - 1]
    short, longer = divmod(len(data), blocks)
    lengths = [short + (index >= blocks - longer) for index in range(blocks)]
    starts = [sum(lengths[:index]) for index in range(blocks)]
    parts = [data[start : start + length] for start, length in zip(starts, lengths)]
    generator = _generator(ec_length)
    corrections = [_remainder(part, generator) for part in parts]
    ordered = [part[i] for i in range(max(lengths)) for part in parts if i < len(part)]
    ordered += [correction[i] for i in range(ec_length) for correction in corrections]
    return bytes(ordered)


def _multiply(x: int, y: int) -> int:
    """Return the product in GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1."""
    product = 0
    for bit in range(7, -1, -1):
        product = (product << 1) ^ ((product >> 7) * 0x11D)
        product ^= (y >> bit & 1) * x
    return product


def _generator(degree: int) -> list[int]:
    """Return the coefficients of (x - 1)(x - 2)(x - 4)..., highest power first, without the leading 1."""
    coefficients = [0] * (degree - 1) + [1]
    root = 1
    for _ in range(degree):
        for j in range(degree):
            coefficients[j] = _multiply(coefficients[j], root)
            if j + 1 < degree:
                coefficients[j] ^= coefficients[j + 1]
        root = _multiply(root, 2)
    return coefficients


def _remainder(data: bytes, generator: list[int]) -> list[int]:
    remainder = [0] * len(generator)
    for byte in data:
        factor = byte ^ remainder.pop(0)
        remainder.append(0)
        if factor:
            remainder = [value ^ _multiply(c, factor) for value, c in zip(remainder, generator)]
    return remainder


# --- modules -----------------------------------------------------------------------------------------------------


def _place_patterns(modules: list[list[bool | None]], version: int) -> None:
    """Place all that is not data; the format information as light modules, filled in with the mask."""
    size = len(modules)
    for top, left in ((0, 0), (0, size - 7), (size - 7, 0)):
        _place_finder(modules, top, left)
    centres = _alignment_centres(version)
    for row in centres:
        for col in centres:
            if modules[row][col] is None:
                _place_square(modules, row, col)
    for i in range(8, size - 8):
        modules[6][i] = modules[i][6] = i % 2 == 0
    if version >= 7:
        _place_version(modules, version)
    _place_format(modules, 0)


def _place_finder(modules: list[list[bool | None]], top: int, left: int) -> None:
    size = len(modules)
    for row in range(max(top - 1, 0), min(top + 8, size)):
        for col in range(max(left - 1, 0), min(left + 8, size)):
            distance = max(abs(row - top - 3), abs(col - left - 3))
            modules[row][col] = distance not in (2, 4)


def _place_square(modules: list[list[bool | None]], row: int, col: int) -> None:
    for dy in range(-2, 3):
        for dx in range(-2, 3):
            modules[row + dy][col + dx] = max(abs(dy), abs(dx)) != 1


def _alignment_centres(version: int) -> list[int]:
    if version == 1:
        return []
    count = version // 7 + 2
    step = 26 if version == 32 else (version * 4 + count * 2 + 1) // (count * 2 - 2) * 2
    last = 4 * version + 10
    return [6] + [last - step * i for i in range(count - 2, -1, -1)]


def _place_version(modules: list[list[bool | None]], version: int) -> None:
    remainder = version
    for _ in range(12):
        remainder = (remainder << 1) ^ ((remainder >> 11) * 0x1F25)
    bits = version << 12 | remainder
    size = len(modules)
    for i in range(18):
        dark = bool(bits >> i & 1)
        far, near = size - 11 + i % 3, i // 3
        modules[far][near] = modules[near][far] = dark


def _place_format(modules: list[list[bool | None]], mask: int) -> None:
    data = LEVEL_M << 3 | mask
    remainder = data
    for _ in range(10):
        remainder = (remainder << 1) ^ ((remainder >> 9) * 0x537)
    bits = (data << 10 | remainder) ^ 0x5412
    size = len(modules)
    down = [0, 1, 2, 3, 4, 5, 7, 8]
    for i in range(15):
        dark = bool(bits >> i & 1)
        if i < 8:
            modules[down[i]][8] = modules[8][size - 1 - i] = dark
        else:
            modules[8][down[14 - i]] = modules[size - 15 + i][8] = dark
    modules[size - 8][8] = True


def _place_data(modules: list[list[bool | None]], codewords: bytes) -> None:
    bits = iter("".join(f"{byte:08b}" for byte in codewords))
    size = len(modules)
    upward = True
    pairs = (*range(size - 1, 6, -2), 5, 3, 1)  # the vertical timing pattern takes column 6
    for right in pairs:
        for row in range(size - 1, -1, -1) if upward else range(size):
            for col in (right, right - 1):
                if modules[row][col] is None:
                    modules[row][col] = next(bits, "0") == "1"
        upward = not upward


def _masked(modules: list[list[bool | None]], reserved: list[list[bool]], mask: int) -> Matrix:
    flips = _MASKS[mask]
    matrix: list[list[bool | None]] = [
        [bool(cell) != (not fixed and flips(r, c)) for c, (cell, fixed) in enumerate(zip(row, fixed_row))]
        for r, (row, fixed_row) in enumerate(zip(modules, reserved))
    ]
    _place_format(matrix, mask)
    return [[bool(cell) for cell in row] for row in matrix]


def _penalty(matrix: Matrix) -> int:
    """Return how hard the code is to read (ISO/IEC 18004 clause 7.8.3.1)."""
    size = len(matrix)
    rows = [_bits(row) for row in matrix]
    lines = rows + ["".join(column) for column in zip(*rows)]
    runs = sum(len(match.group()) - 2 for line in lines for match in _RUNS.finditer(line))
    finders = sum(40 for line in lines for _ in _FINDER_LIKE.finditer(line))
    squares = sum(
        3
        for above, below in zip(rows, rows[1:])
        for col in range(size - 1)
        if above[col] == above[col + 1] == below[col] == below[col + 1]
    )
    dark = sum(row.count("1") for row in rows) * 100 / (size * size)
    return runs + finders + squares + 10 * int(abs(dark - 50) / 5)
