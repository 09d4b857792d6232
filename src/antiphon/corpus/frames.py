"""The published sets of piano rolls."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from antiphon.corpus.matlab import read_cells
from antiphon.errors import FileError
from antiphon.rolls import KEYS

SPLITS = {"train": "traindata", "validation": "validdata", "test": "testdata"}  # ours, and what the files call them


def read_frames(path: Path) -> dict[str, list[np.ndarray]]:
    """The pieces of each split of a published set, (T, 88) uint8 each; FileError for any other file.

    The sets are Boulanger-Lewandowski's (2012) with his splits, in the MATLAB files of Bai et al. (2018).
    """
    cells = read_cells(path)
    for name in SPLITS.values():
        if not all(piece.ndim == 2 and piece.shape[1] == KEYS for piece in cells.get(name, [np.empty(0)])):
            raise FileError(f"{path} is not a set of piano rolls: it lacks {name}, pieces of {KEYS} keys")
    return {split: [np.ascontiguousarray(p, np.uint8) for p in cells[name]] for split, name in SPLITS.items()}
