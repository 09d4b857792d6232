"""What can be counted in music without a model: listening with numbers.

Pure functions of a Score. None looks beyond the notes, and all are 0 where there are too few notes to say anything. A
passage of real music and a piece of a model's are compared measure by measure: see ``benchmarks/listen.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from antiphon.notes import Score


def longest_repeat(score: Score) -> int:
    """The most notes in a row of one pitch, notes ordered by onset, then pitch; 0 without notes, else 1 to N."""
    pitch = score.notes["pitch"]
    if not len(pitch):
        return 0
    starts = np.flatnonzero(np.concatenate([[True], pitch[1:] != pitch[:-1], [True]]))
    return int(np.diff(starts).max())


def density(score: Score) -> float:
    """Notes a second: N / (last end - first onset); 0 without notes, otherwise above 0."""
    if not len(score):
        return 0.0
    return len(score) / float(score.end_s.max() - score.onset_s[0])


def polyphony(score: Score) -> float:
    """Notes that sound at once, on average over the time when any does; 0 without notes, otherwise at least 1.

    Σ (end - onset) / |∪ [onset, end)|.
    """
    if not len(score):
        return 0.0
    onset_s, end_s = score.onset_s, score.end_s
    silent_s = float(_gaps_s(score).sum())
    return float((end_s - onset_s).sum()) / (float(end_s.max() - onset_s[0]) - silent_s)


def pitch_range(score: Score) -> int:
    """Semitones from the lowest to the highest pitch, 0 to 127."""
    return int(np.ptp(score.notes["pitch"].astype(int))) if len(score) else 0


def velocity_spread(score: Score) -> float:
    """Standard deviation of the velocities, √(Σ (v - mean)² / N): 0 where all are equal, at most 63."""
    return float(score.notes["velocity"].std()) if len(score) else 0.0


def pitch_class_entropy(score: Score) -> float:
    """Bits, -Σ p log2 p over the shares p of the twelve pitch classes: 0 for one of them, log2 12 = 3.585 for all."""
    if not len(score):
        return 0.0
    count = np.bincount(score.notes["pitch"] % 12, minlength=12)
    share = count[count > 0] / len(score)
    return float(-(share * np.log2(share)).sum()) + 0.0  # never -0


def longest_silence_s(score: Score) -> float:
    """Seconds of the longest time between two notes in which none sounds; 0 where there is none."""
    return float(_gaps_s(score).max(initial=0.0))


def _gaps_s(score: Score) -> np.ndarray:
    """(N-1,) seconds of silence before each note but the first; 0 where another still sounds."""
    ended_s = np.maximum.accumulate(score.end_s)[:-1]
    return np.maximum(score.onset_s[1:] - ended_s, 0.0)


MEASURES: Mapping[str, Callable[[Score], float]] = {
    "longest repeat": longest_repeat,
    "density": density,
    "polyphony": polyphony,
    "pitch range": pitch_range,
    "velocity spread": velocity_spread,
    "pitch-class entropy": pitch_class_entropy,
    "longest silence": longest_silence_s,
}


def measure(score: Score) -> dict[str, float]:
    """All of MEASURES."""
    return {name: float(function(score)) for name, function in MEASURES.items()}
