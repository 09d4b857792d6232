"""Windows of frames as batches, for models whose rows are frames of a piano roll.

The frames of all pieces are made once, when a run begins, and kept eight keys a byte: an hour of sixteenths takes some
250 kB. As with notes, a batch is a pure function of (seed, index).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from antiphon.conditions import NAMES, UNSAID
from antiphon.corpus.store import Corpus, Piece
from antiphon.corpus.windows import Arrays, Place, shuffled, spread, stack
from antiphon.errors import CorpusError
from antiphon.notes import Score
from antiphon.rolls import ON, RollCodec


class Frames(NamedTuple):
    """The frames of some pieces, one piece after another."""

    packed: np.ndarray  # (N, ⌈K / 8⌉) uint8, the bits of each frame
    places: list[Place]  # of the pieces


def begun(codec: RollCodec, music: Score) -> np.ndarray:
    """(T, K) uint8 frames of music from the first that sounds: what stands before it says nothing."""
    rows = codec.encode(music)
    sounds = rows.any(1)
    return rows[int(sounds.argmax()) if sounds.any() else len(rows) :]


def frames_of(corpus: Corpus, pieces: Sequence[Piece], codec: RollCodec) -> Frames:
    """The frames of some pieces; one that has none is left out. Raises CorpusError where none has."""
    found = [np.packbits(rows, axis=1) for p in pieces if len(rows := begun(codec, corpus.score(p)))]
    if not found:
        raise CorpusError(f"{corpus.path} has no notes on these {codec.keys} keys; choose another corpus, or more keys")
    ends = np.cumsum([len(rows) for rows in found]).tolist()
    places = [Place(end - len(rows), len(rows)) for end, rows in zip(ends, found, strict=True)]
    return Frames(np.concatenate(found), places)


class FrameWindows:
    """Cuts windows of ``length`` frames, each with the frame before its first."""

    def __init__(self, frames: Frames, codec: RollCodec, length: int) -> None:
        self._packed, self._codec, self._length = frames.packed, codec, length
        self._keys = _span(self._unpacked(np.bitwise_or.reduce(frames.packed, axis=0)[None]))

    def one(
        self,
        piece: Place,
        start: int,
        rng: np.random.Generator | None = None,
        *,
        transpose: int = 0,
        free: bool = False,
    ) -> Arrays:
        """Frames start … start+length of a piece as arrays without the batch dimension; a short window is padded.

        With ``rng`` it moves up to ``transpose`` semitones, evenly among the shifts that stay within the keys that the
        pieces use. With ``free`` the first frame of a piece has no weight: nobody could have known it.
        """
        first, stop = max(start, 0), min(start + self._length, piece.count)
        heard = min(first, 1)  # the frame before the window
        rows = self._unpacked(self._packed[piece.first + first - heard : piece.first + stop])
        if rng is not None:
            rows = self._moved(rows, transpose, rng)
        if not heard:
            rows = np.concatenate([self._codec.start_row[None], rows])
        weight = (np.arange(self._length) < len(rows) - 1).astype(np.float32)
        weight[0] *= heard or not free
        pad = ((0, self._length - len(rows) + 1), (0, 0))
        return Arrays(np.pad(rows[:-1], pad), np.pad(rows[1:], pad), weight, np.full(len(NAMES), UNSAID, np.uint8))

    def _unpacked(self, packed: np.ndarray) -> np.ndarray:
        return np.unpackbits(packed, axis=1, count=self._codec.keys)

    def _moved(self, rows: np.ndarray, transpose: int, rng: np.random.Generator) -> np.ndarray:
        if not rows.any():
            return rows
        low, high = _span(rows)
        least, most = max(-transpose, self._keys[0] - low), min(transpose, self._keys[1] - high)
        return np.roll(rows, int(rng.integers(least, most, endpoint=True)), axis=1)


def _span(rows: np.ndarray) -> tuple[int, int]:
    """The lowest and the highest key that sounds in any frame."""
    keys = np.flatnonzero((rows == ON).any(0))
    return int(keys[0]), int(keys[-1])


class TrainingFrames:
    """Endless shuffled, transposed batches; every pass sees each frame once, cut at new places."""

    def __init__(
        self,
        frames: Frames,
        codec: RollCodec,
        *,
        length: int,
        batch: int,
        transpose: int = 0,
        stride: int = 0,
        seed: int = 0,
    ) -> None:
        """``stride`` is the distance between the starts of windows, by default their length."""
        self._windows, self._pieces = FrameWindows(frames, codec, length), frames.places
        self._size, self._transpose, self._seed = batch, transpose, seed
        stride = stride or length
        self.per_pass = max(sum(p.count // stride + 1 for p in self._pieces) // batch, 1)  # batches
        self._order = lru_cache(2)(lambda number: shuffled(self._pieces, stride, seed, number, self.per_pass * batch))

    def batch(self, index: int) -> Arrays:
        """Batch ``index`` ≥ 0 of an endless sequence."""
        number, place = divmod(index, self.per_pass)
        chosen = self._order(number)[place * self._size : (place + 1) * self._size]
        rng = np.random.default_rng((self._seed, 1, index))
        return stack([self._windows.one(self._pieces[p], s, rng, transpose=self._transpose) for p, s in chosen])


def fixed_frames(frames: Frames, codec: RollCodec, *, length: int, batch: int, share: float = 1.0) -> Iterator[Arrays]:
    """All of the pieces once, in order, as they are; with ``share`` below 1, windows evenly spaced over them.

    The first frame of each piece is free, and windows of which nothing is left are passed over.
    """
    cut = FrameWindows(frames, codec, length)
    windows = [cut.one(piece, start, free=True) for piece, start in spread(frames.places, length, share)]
    windows = [window for window in windows if window.weight.any()]
    for i in range(0, len(windows), batch):
        yield stack(windows[i : i + batch])
