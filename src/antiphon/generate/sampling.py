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
    top_k: int = 0  # draw only from so many of the likeliest codes; 0: from all
    top_p: float = 1.0  # nucleus sampling: only from the fewest codes that together have this probability
    min_p: float = 0.0  # only from codes at least so likely as this share of the likeliest

    def __post_init__(self) -> None:
        temperature = f"temperature {self.temperature} is out of range: above 0 and at most 10; 1 is the model's own"
        for good, message in (
            (math.isfinite(self.temperature) and 0 < self.temperature <= 10, temperature),
            (self.top_k >= 0, f"top-k {self.top_k} is out of range: at least 1; 0 is all"),
            (0 < self.top_p <= 1, f"top-p {self.top_p} is out of range: above 0 and at most 1; 1 is all"),
            (0 <= self.min_p < 1, f"min-p {self.min_p} is out of range: at least 0 and below 1; 0 is all"),
        ):
            if not good:
                raise OptionError(message)


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
    cumulative = np.cumsum(_likely(weight, sampling), axis=-1)
    threshold = uniform * cumulative[:, -1]
    return (cumulative <= threshold[:, None]).sum(axis=-1)


def _likely(weight: np.ndarray, sampling: Sampling) -> np.ndarray:
    """(B, V) weights, of which the greatest is 1, without those that the sampling leaves out; equals stay together."""
    least = np.full((len(weight), 1), sampling.min_p)
    if 0 < sampling.top_k < weight.shape[-1]:
        least = np.maximum(least, np.partition(weight, -sampling.top_k, axis=-1)[:, [-sampling.top_k]])
    if sampling.top_p < 1:
        falling = -np.sort(-weight, axis=-1)
        before = np.cumsum(falling, axis=-1) - falling  # what the likelier ones have together
        inside = before < sampling.top_p * weight.sum(axis=-1, keepdims=True)
        least = np.maximum(least, np.where(inside, falling, 1).min(axis=-1, keepdims=True))
    return np.where(weight >= least, weight, 0)
