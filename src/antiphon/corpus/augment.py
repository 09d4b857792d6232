"""Augmentation of training windows: other keys, other tempi, other loudness; never of held-out music."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from antiphon.codec import HELD


@dataclass(frozen=True)
class Excerpt:
    """Notes of one window in whole milliseconds, (N,) each."""

    onset_ms: np.ndarray
    duration_ms: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray
    program: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """What a training window may become; each is drawn anew for each window."""

    transpose: int = 6  # semitones up or down; a shift that would leave the corpus's pitch range is drawn again
    stretch: tuple[float, float] = (0.8, 1.25)  # factors on time, drawn evenly on a logarithmic scale
    velocity: int = 8  # up or down on MIDI's scale of 127; the ends are clipped
    held: float = 0.1  # share of notes that the model hears as still held down
    after: float = 0.0  # passes before the music begins to change: it is first learned as it is
    until: float = 0.0  # passes after which it no longer changes; 0: it does to the end

    def apply(self, excerpt: Excerpt, pitches: tuple[int, int], rng: np.random.Generator) -> Excerpt:
        """A changed copy whose pitches stay within ``pitches`` (lowest, highest), if they did before."""
        low = max(-self.transpose, pitches[0] - int(excerpt.pitch.min()))
        high = min(self.transpose, pitches[1] - int(excerpt.pitch.max()))
        shift = rng.integers(min(low, 0), max(high, 0), endpoint=True)
        factor = np.exp(rng.uniform(*np.log(self.stretch)))
        phase_ms = rng.uniform(0, 10) if self.stretch[0] != self.stretch[1] else 0.0  # where the 10 ms grid lies
        louder = rng.integers(-self.velocity, self.velocity, endpoint=True)
        start = excerpt.onset_ms - excerpt.onset_ms[0]
        onset = np.rint(start * factor + phase_ms).astype(np.int64)
        return replace(
            excerpt,
            onset_ms=onset,
            duration_ms=np.rint((start + excerpt.duration_ms) * factor + phase_ms).astype(np.int64) - onset,
            pitch=excerpt.pitch.astype(np.int64) + shift,
            velocity=np.clip(excerpt.velocity.astype(np.int64) + louder, 1, 127),
        )

    @property
    def unchanged(self) -> Augmentation:
        """What leaves the music as it is; notes are held all the same."""
        return replace(self, transpose=0, stretch=(1.0, 1.0), velocity=0)

    def hold(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(N, A) rows, some of whose durations are replaced by HELD, as a live player's would be."""
        rows = rows.copy()
        rows[rng.random(len(rows)) < self.held, -1] = HELD
        return rows


NONE = replace(Augmentation().unchanged, held=0.0)
