"""The published sets of piano rolls, which are read or refused with a reason."""

import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.corpus.frames import SPLITS, read_frames
from antiphon.corpus.matlab import read_cells
from antiphon.errors import FileError
from antiphon.rolls import KEYS

UINT8, INT32, UINT32, DOUBLE, MATRIX, COMPRESSED = 2, 5, 6, 9, 14, 15
CELL, NUMBERS, CHARACTERS = 1, 6, 4


def element(kind, data):
    """One element of a MATLAB file, filled up to 8 bytes."""
    return struct.pack("<II", kind, len(data)) + data + b"\0" * (-len(data) % 8)


def array(kind, shape, name, body):
    flags = element(UINT32, struct.pack("<II", kind, 0))
    dims = element(INT32, struct.pack(f"<{len(shape)}i", *shape))
    short = name.encode()
    label = struct.pack("<HH", 1, len(short)) + short.ljust(4, b"\0") if 0 < len(short) <= 4 else element(1, short)
    return element(MATRIX, flags + dims + label + body)


def matrix(values, stored=UINT8, name=""):
    kind = {UINT8: "u1", DOUBLE: "<f8"}[stored]
    return array(NUMBERS, values.shape, name, element(stored, values.astype(kind).tobytes(order="F")))


def write(path, sets, compressed=True, stored=UINT8):
    cells = {name: b"".join(matrix(p, stored) for p in pieces) for name, pieces in sets.items()}
    arrays = [array(CELL, (1, len(sets[name])), name, body) for name, body in cells.items()]
    packed = [zlib.compress(a) for a in arrays]
    body = b"".join(struct.pack("<II", COMPRESSED, len(p)) + p for p in packed) if compressed else b"".join(arrays)
    path.write_bytes(b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + body)
    return path


def pieces(seed, count=3):
    rng = np.random.default_rng(seed)
    return [(rng.random((rng.integers(2, 9), KEYS)) < 0.1).astype(np.uint8) for _ in range(count)]


SETS = {name: pieces(i) for i, name in enumerate(SPLITS.values())}


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("stored", [UINT8, DOUBLE])
def test_a_published_set_is_read_whole(compressed, stored, tmp_path):
    found = read_frames(write(tmp_path / "set.mat", SETS, compressed, stored))
    assert list(found) == ["train", "validation", "test"]
    for split, name in SPLITS.items():
        assert len(found[split]) == len(SETS[name])
        for one, other in zip(found[split], SETS[name], strict=True):
            assert one.dtype == np.uint8
            assert np.array_equal(one, other)


def test_names_of_up_to_four_letters_lie_in_the_header(tmp_path):
    path = write(tmp_path / "set.mat", {"abcd": pieces(0), "e": []}, compressed=False)
    assert list(read_cells(path)) == ["abcd", "e"]


def test_what_is_no_cell_array_is_passed_over(tmp_path):
    path = write(tmp_path / "set.mat", SETS, compressed=False)
    path.write_bytes(path.read_bytes() + matrix(np.ones((2, 2)), name="other"))
    assert set(read_cells(path)) == set(SPLITS.values())


@pytest.mark.parametrize(
    "sets",
    [
        {name: SETS[name] for name in list(SETS)[:2]},
        SETS | {"testdata": [np.ones((4, 87), np.uint8)]},
    ],
)
def test_another_set_is_refused(sets, tmp_path):
    with pytest.raises(FileError, match="is not a set of piano rolls: it lacks testdata"):
        read_frames(write(tmp_path / "set.mat", sets))


def test_what_is_no_such_file_is_refused(tmp_path):
    (path := tmp_path / "set.mat").write_bytes(b"music" * 100)
    with pytest.raises(FileError, match=r"is not a MATLAB file of version 5"):
        read_frames(path)
    with pytest.raises(FileError, match="cannot read"):
        read_frames(tmp_path / "nothing.mat")


@given(st.data())
def test_damage_is_a_file_error_or_nothing(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("damaged") / "set.mat"
    content = bytearray(write(path, SETS, compressed=False).read_bytes())
    content = content[: data.draw(st.integers(128, len(content)))]
    for _ in range(data.draw(st.integers(0, 3))):
        if len(content) > 128:
            content[data.draw(st.integers(128, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with suppress(FileError):  # any other error fails
        assert set(read_frames(path)) == set(SPLITS)
