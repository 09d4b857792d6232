"""How many MIDI-like tokens a performance takes: the unit in which published likelihoods are stated."""

from __future__ import annotations

import numpy as np

from antiphon.bins import CELL_MS
from antiphon.codec import VELOCITY_WIDTH

LONGEST_SHIFT = 100  # cells of 10 ms: one time-shift token covers at most a second


def midi_tokens(onset_ms: np.ndarray, duration_ms: np.ndarray, velocity: np.ndarray) -> int:
    """Tokens of Performance RNN's encoding (Oore et al. 2018) of notes sorted by onset, times in milliseconds.

    A note-on and a note-off a note, a velocity token where the velocity bin changes, and time shifts of 10 ms to 1 s,
    as many as it takes, between events that are not simultaneous.
    """
    if not len(onset_ms):
        return 0
    half = CELL_MS // 2
    start, end = (onset_ms + half) // CELL_MS, (onset_ms + duration_ms + half) // CELL_MS
    gaps = np.diff(np.unique(np.concatenate([start, end])))
    shifts = int(np.ceil(gaps / LONGEST_SHIFT).sum())
    changes = 1 + int((np.diff(velocity // VELOCITY_WIDTH) != 0).sum())
    return 2 * len(onset_ms) + changes + shifts
