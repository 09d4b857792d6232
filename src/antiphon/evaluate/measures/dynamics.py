"""How loud notes are played: plain statistics of their velocities."""

from __future__ import annotations

import numpy as np

from antiphon.evaluate.measures.pitch import entropy
from antiphon.notes import Score

VELOCITY_WIDTH = 4  # of a bin: what the codec tells apart


def velocity_mean(score: Score) -> float:
    """Mean velocity, 1 to 127; 0 without notes."""
    return float(score.notes["velocity"].mean()) if len(score) else 0.0


def velocity_spread(score: Score) -> float:
    """Standard deviation of the velocities, √(Σ (v - mean)² / N): 0 where all are equal, at most 63."""
    return float(score.notes["velocity"].std()) if len(score) else 0.0


def velocity_entropy(score: Score) -> float:
    """Bits, -Σ p log2 p over the shares p of 32 bins of velocity: 0 where all are equally loud, at most 5."""
    return entropy(np.bincount(score.notes["velocity"] // VELOCITY_WIDTH, minlength=32))
