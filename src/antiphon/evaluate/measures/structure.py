"""Whether passages come back later in a piece: self-similarity of its chroma at 3, 8 and 15 seconds.

The three scales are those of the Jazz Transformer's structureness indicators (Wu and Yang 2020): a motif, a phrase
and a section; the measure is simpler than their fitness scape plot, and needs no audio.
"""

from __future__ import annotations

import numpy as np

from antiphon.evaluate.measures.chroma import chroma
from antiphon.notes import Score

FRAME_S = 0.5


def structure_3s(score: Score) -> float:
    """Self-similarity of passages of 3 s: see :func:`self_similarity`."""
    return self_similarity(score, 3.0)


def structure_8s(score: Score) -> float:
    """Self-similarity of passages of 8 s: see :func:`self_similarity`."""
    return self_similarity(score, 8.0)


def structure_15s(score: Score) -> float:
    """Self-similarity of passages of 15 s: see :func:`self_similarity`."""
    return self_similarity(score, 15.0)


def self_similarity(score: Score, passage_s: float) -> float:
    """How like its best match elsewhere a passage is, on average, 0 to 1; 0 for pieces shorter than two passages.

    The similarity of two passages is the mean cosine of their chroma, 0.5 s by 0.5 s; a passage begins every 0.5 s and
    is matched with those that do not overlap it. Silent half seconds are like nothing. Any music in one key has 0.6 or
    more, so compare with real music of the same length.
    """
    frames = chroma(score, FRAME_S).astype(np.float32)
    length = round(passage_s / FRAME_S)
    passages = len(frames) - length + 1
    if passages <= length:
        return 0.0
    frames /= np.maximum(np.sqrt((frames**2).sum(axis=1, keepdims=True)), 1e-6)
    alike = _along_diagonals(frames @ frames.T, length)
    return float(np.where(_apart(passages, length), alike, 0).max(axis=1).mean())


def _along_diagonals(matrix: np.ndarray, length: int) -> np.ndarray:
    """(P, P) means of ``length`` values down each diagonal, of a matrix (P + length - 1) square."""
    size = len(matrix) - length + 1
    total = np.zeros((size, size), np.float32)
    power, done, part = 1, 0, matrix  # part: sums of `power` values; doubled as long as it fits
    while done < length:
        if length & power:
            total += part[done : done + size, done : done + size]
            done += power
        if power * 2 <= length:
            part = part[:-power, :-power] + part[power:, power:]
        power *= 2
    return total / length


def _apart(passages: int, length: int) -> np.ndarray:
    """(P, P) bool: which passages do not overlap."""
    place = np.arange(passages)
    return np.abs(place[:, None] - place) >= length
