"""How much a piece repeats itself, note by note: the ways in which models get stuck. These measures are our own."""

from __future__ import annotations

import numpy as np

from antiphon.notes import Score

LONGEST_PERIOD = 64  # notes: about six seconds of piano music
GRAM = 4  # notes


def longest_repeat(score: Score) -> int:
    """The most notes in a row of one pitch, notes ordered by onset, then pitch; 0 without notes, else 1 to N."""
    pitch = score.notes["pitch"]
    return _longest_run(pitch[1:] == pitch[:-1]) + 1 if len(pitch) else 0


def longest_loop(score: Score) -> int:
    """The most notes in a row that only repeat what was heard just before, 0 to N - 1.

    Over all periods p up to 64 notes, the longest run of notes i with the pitch of note i - p, if it is p notes or
    more, that is, if the whole figure came again. Longer than some 16 to 32, a piece is stuck.
    """
    pitch = score.notes["pitch"]
    longest = 0
    for period in range(1, min(LONGEST_PERIOD, len(pitch) - 1) + 1):
        run = _longest_run(pitch[period:] == pitch[:-period])
        if run >= period:
            longest = max(longest, run)
    return longest


def novelty(score: Score) -> float:
    """Different runs of four pitches by all runs of four, 1 / (N - 3) to 1; 0 with fewer than four notes.

    It falls as pieces get longer: compare pieces of one length.
    """
    pitch = score.notes["pitch"].astype(np.int64)
    count = len(pitch) - GRAM + 1
    if count < 1:
        return 0.0
    grams = sum(pitch[i : i + count] << 7 * i for i in range(GRAM))
    return len(np.unique(grams)) / count


def _longest_run(where: np.ndarray) -> int:
    """The most True values in a row."""
    ends = np.flatnonzero(np.concatenate([[True], ~where, [True]]))
    return int(np.diff(ends).max()) - 1
