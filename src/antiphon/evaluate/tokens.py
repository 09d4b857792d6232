"""How many MIDI-like tokens a performance takes: the unit in which published likelihoods are stated."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from antiphon.bins import CELL_MS
from antiphon.codec import VELOCITY_WIDTH

LONGEST_SHIFT = 100  # cells of 10 ms: one time-shift token covers at most a second
SEGMENT = 2048  # tokens of a segment whose likelihood is published: Music Transformer's and its successors'


def midi_tokens(onset_ms: np.ndarray, duration_ms: np.ndarray, velocity: np.ndarray) -> int:
    """Tokens of Performance RNN's encoding (Oore et al. 2018) of notes sorted by onset, times in milliseconds.

    A note-on and a note-off a note, a velocity token where the velocity bin changes, and time shifts of 10 ms to 1 s,
    as many as it takes, between events that are not simultaneous.
    """
    if not len(onset_ms):
        return 0
    start, end = _cells(onset_ms, duration_ms)
    gaps = np.diff(np.unique(np.concatenate([start, end])))
    shifts = int(np.ceil(gaps / LONGEST_SHIFT).sum())
    changes = 1 + int((np.diff(velocity // VELOCITY_WIDTH) != 0).sum())
    return 2 * len(onset_ms) + changes + shifts


def tokens_before(onset_ms: np.ndarray, duration_ms: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    """(N,) int64 tokens of the same encoding that stand before each note's own velocity and note-on."""
    if not len(onset_ms):
        return np.zeros(0, np.int64)
    start, end = _cells(onset_ms, duration_ms)
    moments = np.unique(np.concatenate([start, end]))
    shifts = np.concatenate([[0], np.cumsum(np.ceil(np.diff(moments) / LONGEST_SHIFT))])
    changes = np.concatenate([[True], np.diff(velocity // VELOCITY_WIDTH) != 0])
    before = np.cumsum(changes) - changes + np.arange(len(start))
    ended = np.searchsorted(np.sort(end), start, side="right")  # in a cell, what ends comes first
    return (before + ended + shifts[np.searchsorted(moments, start)]).astype(np.int64)


def segments(tokens: np.ndarray, size: int = SEGMENT) -> list[slice]:
    """The notes of each segment of ``size`` tokens, given the tokens before each note; segments without notes are none.

    A note belongs to the segment in which its first token lies.
    """
    segment = np.maximum.accumulate(tokens) // size
    cuts = [0, *(np.flatnonzero(np.diff(segment)) + 1).tolist(), len(tokens)]
    return [slice(a, b) for a, b in pairwise(cuts) if b > a]


def _cells(onset_ms: np.ndarray, duration_ms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    half = CELL_MS // 2
    return (onset_ms + half) // CELL_MS, (onset_ms + duration_ms + half) // CELL_MS
