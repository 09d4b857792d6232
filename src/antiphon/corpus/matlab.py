"""Cell arrays of matrices out of MATLAB files of version 5, which is how the published piano rolls are kept.

The format is that of MathWorks' "MAT-File Format": elements of a type, a size and the data, some of them compressed.
Only what those files hold is read: cells of real matrices of numbers.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from antiphon.errors import FileError

_HEADER = 128  # bytes
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_MATRIX, _COMPRESSED = 14, 15
_CELL, _LARGEST_NUMERIC = 1, 15  # classes of arrays
_MOST = 1 << 30  # bytes that one element may unpack to
Element = tuple[int, bytes]  # a type and its data


def read_cells(path: Path) -> dict[str, list[np.ndarray]]:
    """The matrices of every cell array of a file, by the array's name; FileError for what is no such file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}") from error
    if data[126:128] != b"IM":
        raise FileError(f"{path} is not a MATLAB file of version 5 as this machine's order of bytes writes it")
    try:
        arrays = [_array(body) for kind, body in _elements(data[_HEADER:]) if kind == _MATRIX]
    except (IndexError, KeyError, StopIteration, ValueError, struct.error, zlib.error) as error:
        raise FileError(f"{path} is damaged or holds what is not read here; download it again") from error
    return {name: value for name, value in arrays if isinstance(value, list)}


def _elements(data: bytes) -> Iterator[Element]:
    """The elements one after another, unpacked; small ones keep their data in the header."""
    place = 0
    while place < len(data):
        kind, size = struct.unpack_from("<II", data, place)
        small = kind >> 16
        start = place + (4 if small else 8)
        if small:
            kind, size = kind & 0xFFFF, small
        body = data[start : start + size]
        if len(body) != size:
            raise ValueError("cut short")
        if kind == _COMPRESSED:
            yield from _elements(zlib.decompressobj().decompress(body, _MOST))
        else:
            yield kind, body
        padded = start + size if kind == _COMPRESSED else -(-(start + size) // 8) * 8
        place = place + 8 if small else padded


def _array(body: bytes) -> tuple[str, np.ndarray | list[np.ndarray]]:
    """The name and value of an array: a matrix, or a cell array of matrices as a list."""
    parts = _elements(body)
    flags, shape, name = (next(parts)[1] for _ in range(3))
    dims = tuple(np.frombuffer(shape, "<i4").tolist())
    label = name.decode("ascii")
    kind = flags[0]
    if kind == _CELL:
        cells = [_array(cell)[1] for _, cell in parts]
        if len(cells) != math.prod(dims):
            raise ValueError("cells are missing")
        return label, [cell for cell in cells if isinstance(cell, np.ndarray)]
    if kind > _LARGEST_NUMERIC:
        raise ValueError("no matrix of numbers")
    stored, numbers = next(parts)
    return label, np.frombuffer(numbers, "<" + _NUMBERS[stored]).reshape(dims, order="F")
