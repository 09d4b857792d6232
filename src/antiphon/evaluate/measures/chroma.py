"""Chroma: how long each pitch class sounds in each window of a piece."""

from __future__ import annotations

import numpy as np

from antiphon.notes import DRUMS, Score


def chroma(score: Score, window_s: float) -> np.ndarray:
    """(F, 12) seconds that pitch classes sound in windows of ``window_s``, from the first onset to the last end.

    Notes of one class add up. Drums are left out.
    """
    pitched = score.notes["program"] != DRUMS
    if not pitched.any():
        return np.zeros((0, 12))
    start_s, end_s = score.onset_s[pitched], score.end_s[pitched]
    began_s = float(start_s.min())
    frames = int(np.ceil((float(end_s.max()) - began_s) / window_s - 1e-9)) or 1
    pitch_class = score.notes["pitch"][pitched] % 12
    heard_s = _ramp((start_s - began_s) / window_s, pitch_class, frames)
    heard_s -= _ramp((end_s - began_s) / window_s, pitch_class, frames)
    return np.diff(heard_s, axis=0) * window_s


def _ramp(time: np.ndarray, pitch_class: np.ndarray, frames: int) -> np.ndarray:
    """(frames + 1, 12) Σ max(edge - time, 0) at each window's edges, for each class; times in windows."""
    before = np.floor(time).astype(np.int64)
    part = time - before
    bend = np.zeros((frames + 3) * 12)  # the ramp's second difference, which is not 0 at two edges only
    for edge, weight in ((before + 1, 1 - part), (before + 2, part)):
        bend += np.bincount(edge * 12 + pitch_class, weights=weight, minlength=len(bend))[: len(bend)]
    return np.cumsum(np.cumsum(bend.reshape(-1, 12), axis=0), axis=0)[: frames + 1]
