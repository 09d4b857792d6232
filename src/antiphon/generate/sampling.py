"""Drawing one code from a model's distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from antiphon.errors import OptionError

_BLOCK = 256  # notes' worth of random numbers drawn at once


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How codes are drawn."""

    temperature: float = 1.0  # above 0; below 1 the likely gets likelier, above 1 the unlikely does

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and 0 < self.temperature <= 10):
            raise OptionError(
                f"temperature {self.temperature} is out of range: above 0 and at most 10; 1 is the model's own"
            )


class Dice:
    """Uniform random numbers for B pieces, each from its own seed, so that no piece depends on its neighbours."""

    def __init__(self, seeds: Sequence[Sequence[int]], attributes: int) -> None:
        self._rngs = [np.random.default_rng(list(seed)) for seed in seeds]
        self._shape = (_BLOCK, attributes)
        self._place = _BLOCK

    def throw(self) -> np.ndarray:
        """(B, A) numbers in [0, 1) for the next note."""
        if self._place == _BLOCK:
            self._numbers = np.stack([rng.random(self._shape) for rng in self._rngs], axis=1)
            self._place = 0
        self._place += 1
        return self._numbers[self._place - 1]


def draw(logits: np.ndarray, sampling: Sampling, uniform: np.ndarray, allowed: np.ndarray | None = None) -> np.ndarray:
    """(B,) codes drawn from (B, V) logits by inverting their cumulative distribution at (B,) uniform numbers.

    ``allowed`` (B, V) bool leaves out codes that may not follow; at least one must be left.
    """
    scaled = logits.astype(np.float64) / sampling.temperature
    if allowed is not None:
        scaled = np.where(allowed, scaled, -np.inf)
    weight = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    cumulative = np.cumsum(weight, axis=-1)
    threshold = uniform * cumulative[:, -1]
    return (cumulative <= threshold[:, None]).sum(axis=-1)
