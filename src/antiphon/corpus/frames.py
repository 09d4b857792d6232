"""Piano rolls: music as frames of keys, how it becomes such and back, and the published sets of them.

A frame is a moment; its row has a 1 for every key that sounds then. Loudness is lost, and so is the difference between
a note that is held and one that is struck again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.codec import Attribute, Note
from antiphon.corpus.matlab import read_cells
from antiphon.errors import FileError, OptionError
from antiphon.notes import DRUMS, Score, from_seconds

SPLITS = {"train": "traindata", "validation": "validdata", "test": "testdata"}  # ours, and what the files call them
LOWEST, KEYS = 21, 88  # the piano's
VELOCITY = 80  # of notes that come from a roll, which has none
LONGEST_MS = 10_000


def read_frames(path: Path) -> dict[str, list[np.ndarray]]:
    """The pieces of each split of a published set, (T, 88) uint8 each; FileError for any other file.

    The sets are Boulanger-Lewandowski's (2012) with his splits, in the MATLAB files of Bai et al. (2018).
    """
    cells = read_cells(path)
    for name in SPLITS.values():
        if not all(piece.ndim == 2 and piece.shape[1] == KEYS for piece in cells.get(name, [np.empty(0)])):
            raise FileError(f"{path} is not a set of piano rolls: it lacks {name}, pieces of {KEYS} keys")
    return {split: [np.ascontiguousarray(p, np.uint8) for p in cells[name]] for split, name in SPLITS.items()}


@dataclass(frozen=True)
class RollCodec:
    """Encodes music as frames, one attribute a key: 0 silent, 1 sounding."""

    frame_ms: int = 125  # a semiquaver at 120 bpm
    lowest: int = LOWEST  # MIDI pitch of the first key
    keys: int = KEYS

    def __post_init__(self) -> None:
        if not 10 <= self.frame_ms <= LONGEST_MS:
            raise OptionError(f"frames of {self.frame_ms} ms are out of range: 10 to {LONGEST_MS}")
        if self.lowest < 0 or not 1 <= self.keys <= 128 - self.lowest:
            raise OptionError(f"keys {self.lowest} to {self.lowest + self.keys - 1} are out of range: within 0 to 127")

    @cached_property
    def attributes(self) -> tuple[Attribute, ...]:
        """The keys, the lowest first."""
        return tuple(Attribute(f"key{self.lowest + key}", 2) for key in range(self.keys))

    @cached_property
    def column(self) -> dict[str, int]:
        """Where each key stands in a row."""
        return {attribute.name: i for i, attribute in enumerate(self.attributes)}

    @property
    def start_row(self) -> np.ndarray:
        """(K,) the row before the first: one past the last code of each key."""
        return np.full(self.keys, 2, np.uint8)

    @cached_property
    def log_cells(self) -> tuple[np.ndarray, ...]:
        """Zeros: a key's code stands for nothing but itself."""
        return (np.zeros(2),) * self.keys

    def spec(self) -> dict[str, Any]:
        """What a model saves to find its codec again."""
        return {"name": "roll", "frame_ms": self.frame_ms, "lowest": self.lowest, "keys": self.keys}

    def encode(self, score: Score) -> np.ndarray:
        """(T, K) uint8 frames of a score, from time 0: a note fills the frames nearest to it, at least one.

        Drums and notes beyond the keys are left out.
        """
        notes = score.notes
        key = notes["pitch"].astype(np.int64) - self.lowest
        heard = (notes["program"] != DRUMS) & (key >= 0) & (key < self.keys)
        start = np.rint(score.onset_s[heard] * 1000 / self.frame_ms).astype(np.int64)
        end = np.maximum(np.rint(score.end_s[heard] * 1000 / self.frame_ms).astype(np.int64), start + 1)
        change = np.zeros((int(end.max(initial=0)) + 1, self.keys), np.int64)
        np.add.at(change, (start, key[heard]), 1)
        np.add.at(change, (end, key[heard]), -1)
        return (change.cumsum(0)[:-1] > 0).astype(np.uint8)

    def decode(self, rows: np.ndarray, program: int = 0) -> Score:
        """The music of (T, K) frames at 120 bpm: a key's frames without a gap are one note."""
        reader = self.reader(program)
        notes = [note for row in rows for note in reader.push(row)] + reader.push(np.zeros(self.keys))
        columns = np.array([note[:4] for note in notes], np.int64).reshape(-1, 4).T
        return from_seconds(columns[0] / 1000, columns[1] / 1000, columns[2], columns[3], program)

    def reader(self, program: int = 0) -> RollReader:
        """A streaming decoder from the start of a piece."""
        return RollReader(self, program)


class RollReader:
    """Decodes one frame at a time."""

    def __init__(self, codec: RollCodec, program: int = 0) -> None:
        self._codec, self._program = codec, program
        self._frame = 0
        self._since = np.full(codec.keys, -1)  # the frame in which each key that sounds was struck

    def push(self, row: np.ndarray) -> list[Note]:
        """The notes that end where the frame (K,) begins; a frame of silence ends all."""
        on, was = np.asarray(row) == 1, self._since >= 0
        ended = np.flatnonzero(was & ~on)
        since = self._since[ended]
        self._since = np.where(on, np.where(was, self._since, self._frame), -1)
        ms, lowest, now = self._codec.frame_ms, self._codec.lowest, self._frame
        self._frame += 1
        return [
            Note(int(begin) * ms, (now - int(begin)) * ms, lowest + int(key), VELOCITY, self._program)
            for key, begin in zip(ended, since, strict=True)
        ]

    def allowed(self, name: str, row: np.ndarray) -> None:
        """All codes may follow: any set of keys is a chord."""
