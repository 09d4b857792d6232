"""Which pitches a piece uses: range, entropy, scale and key. Drums, whose pitch is a name, are left out.

Formulas agree with MusPy's (Dong et al., ISMIR 2020) where it has the measure; where MusPy has no number, for a piece
without pitched notes, these are 0.
"""

from __future__ import annotations

import numpy as np

from antiphon.errors import OptionError, unknown
from antiphon.evaluate.measures.chroma import chroma
from antiphon.notes import DRUMS, Score
from antiphon.theory import PROFILES

SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}  # semitones above the root; natural minor
TENSION_S = 2.0  # a window of tonal movement: about a bar


def pitch_range(score: Score) -> int:
    """Semitones from the lowest to the highest pitch, 0 to 127."""
    pitch = pitches(score)
    return int(pitch.max() - pitch.min()) if len(pitch) else 0


def pitches_used(score: Score) -> int:
    """How many different pitches there are, 0 to 128."""
    return int(np.count_nonzero(np.bincount(pitches(score), minlength=128)))


def pitch_classes_used(score: Score) -> int:
    """How many of the twelve pitch classes there are, 0 to 12."""
    return int(np.count_nonzero(_classes(score)))


def pitch_entropy(score: Score) -> float:
    """Bits, -Σ p log2 p over the shares p of the 128 pitches: 0 to 7."""
    return entropy(np.bincount(pitches(score), minlength=128))


def pitch_class_entropy(score: Score) -> float:
    """Bits, -Σ p log2 p over the shares p of the twelve pitch classes: 0 for one of them, log2 12 = 3.585 for all."""
    return entropy(_classes(score))


def pitch_in_scale_rate(score: Score, root: int = 0, mode: str = "major") -> float:
    """The share of notes whose pitch class lies in a scale, 0 to 1 (Dong et al., MuseGAN, AAAI 2018).

    ``root`` is a pitch class, 0 for C; ``mode`` one of SCALES. Raises OptionError for another.
    """
    if mode not in SCALES:
        raise OptionError(unknown("mode", mode, SCALES))
    if not 0 <= root < 12:
        raise OptionError(f"root {root} is out of range: a pitch class is 0 (C) to 11 (B)")
    count = _classes(score)
    return float(count[(np.array(SCALES[mode]) + root) % 12].sum() / max(count.sum(), 1))


def scale_consistency(score: Score) -> float:
    """The largest pitch-in-scale rate over the 24 major and minor scales, 0 to 1 (Mogren, C-RNN-GAN, 2016).

    12 notes spread evenly give 7/12 = 0.583, the least for music with notes.
    """
    count = _classes(score)
    return float((_SCALE_MASKS @ count).max() / max(count.sum(), 1))


def key_clarity(score: Score) -> float:
    """How much a piece as a whole is in one key: -1 to 1, mostly 0.5 to 0.95; 0 where all classes sound equally long.

    The greatest Pearson correlation of the seconds that each pitch class sounds with the 24 rotated profiles of
    Krumhansl and Kessler (Krumhansl, Cognitive Foundations of Musical Pitch, 1990).
    """
    pitched = score.notes["program"] != DRUMS
    seconds = np.bincount(pitches(score) % 12, weights=(score.end_s - score.onset_s)[pitched], minlength=12)
    seconds = seconds - seconds.mean()
    size = float(np.sqrt((seconds**2).sum()))
    return float((_PROFILES @ seconds).max() / size) if size > 1e-9 else 0.0


def tonal_movement(score: Score) -> float:
    """How far the harmony moves: mean distance of tonal centroids of successive 2 s windows, 0 to 3, mostly 0.1 to 0.8.

    The centroid is the mean of the sounding pitch classes on the circles of fifths (radius 1), minor thirds (1) and
    major thirds (1/2), a point in six dimensions: Harte, Sandler and Gasser, Detecting Harmonic Change, 2006. Windows
    in which nothing sounds are passed over.
    """
    frames = chroma(score, TENSION_S)
    sounding = frames.sum(axis=1, keepdims=True)
    frames = (frames / np.maximum(sounding, 1e-9))[sounding[:, 0] > 1e-9]
    if len(frames) < 2:
        return 0.0
    return float(np.sqrt((np.diff(tonal_centroids(frames), axis=0) ** 2).sum(axis=1)).mean())


def tonal_centroids(chroma: np.ndarray) -> np.ndarray:
    """(…, 6) tonal centroids of (…, 12) shares of the pitch classes, see :func:`tonal_movement`."""
    return chroma @ _CIRCLES


def pitches(score: Score) -> np.ndarray:
    """(M,) int64 pitches of the notes that are no drums."""
    return score.notes["pitch"][score.notes["program"] != DRUMS].astype(np.int64)


def entropy(count: np.ndarray) -> float:
    """Bits of the distribution that counts make; 0 where there is nothing."""
    share = count[count > 0] / max(count.sum(), 1)
    return float(-(share * np.log2(share)).sum()) + 0.0  # never -0


def _classes(score: Score) -> np.ndarray:
    return np.bincount(pitches(score) % 12, minlength=12)


def _scale_masks() -> np.ndarray:
    """(24, 12) float: 1 where a pitch class lies in a scale."""
    masks = np.zeros((24, 12))
    for i, steps in enumerate(SCALES.values()):
        for root in range(12):
            masks[12 * i + root, (np.array(steps) + root) % 12] = 1
    return masks


def _profiles() -> np.ndarray:
    """(24, 12) key profiles in all rotations, each of mean 0 and length 1."""
    rows = np.array([np.roll(profile, root) for profile in PROFILES.values() for root in range(12)])
    rows -= rows.mean(axis=1, keepdims=True)
    return rows / np.sqrt((rows**2).sum(axis=1, keepdims=True))


def _circles() -> np.ndarray:
    """(12, 6) where each pitch class lies on the three circles."""
    turns = np.arange(12)[:, None] * np.pi * np.array([7 / 6, 3 / 2, 2 / 3])
    radii = np.array([1.0, 1.0, 0.5])
    return np.concatenate([radii * np.sin(turns), radii * np.cos(turns)], axis=1)


_SCALE_MASKS = _scale_masks()
_PROFILES = _profiles()
_CIRCLES = _circles()
