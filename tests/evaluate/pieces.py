"""Pieces that tests of copies look for, and their index."""

import numpy as np

from antiphon.evaluate.memorisation import make_index, symbols
from antiphon.notes import Score, from_seconds


def piece(seed: int, notes: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Onsets in milliseconds, with chords and rhythm, and pitches, which rise within a chord."""
    rng = np.random.default_rng(seed)
    steps = rng.choice([0, 100, 200, 400], notes, p=[0.3, 0.3, 0.2, 0.2])
    onset_ms, pitch = np.cumsum(steps), rng.integers(40, 80, notes)
    order = np.lexsort((pitch, onset_ms))
    return onset_ms[order], pitch[order]


def score(onset_ms: np.ndarray, pitch: np.ndarray, program: int = 0) -> Score:
    onset_s = onset_ms / 1000
    return from_seconds(onset_s, np.full(len(pitch), 0.2), pitch, np.full(len(pitch), 64), np.full(len(pitch), program))


TRAINING = [piece(seed) for seed in range(5)]
INDEX = make_index([np.append(symbols(*p), 0) for p in TRAINING], [f"piece {i}" for i in range(5)])
