"""Intervals by resampling pieces: how far a number would move had other pieces of the same kind been measured.

Notes of a piece are alike, so pieces are drawn, not notes (the cluster bootstrap; Efron and Tibshirani 1993).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

ROUNDS = 2000
LEVEL = 0.95
FEWEST = 5  # pieces; with fewer the resampled numbers say nothing


class Estimate(NamedTuple):
    """A number with the interval that holds it in 95 of 100 such studies; the interval is nan for too few pieces."""

    value: float
    low: float
    high: float

    def scaled(self, factor: float) -> Estimate:
        """The same in another unit."""
        return Estimate(self.value * factor, self.low * factor, self.high * factor)

    def to_dict(self) -> dict[str, float | None]:
        """For JSON, which has no nan."""
        return {name: None if np.isnan(x) else float(x) for name, x in zip(self._fields, self, strict=True)}


def ratio(above: np.ndarray, below: np.ndarray, seed: int = 0) -> Estimate:
    """Σ above / Σ below over (P,) pieces, such as nats by notes."""
    whole = float(above.sum() / below.sum())
    if len(above) < FEWEST:
        return Estimate(whole, float("nan"), float("nan"))
    rng = np.random.default_rng(seed)
    times = rng.multinomial(len(above), np.full(len(above), 1 / len(above)), size=ROUNDS)  # (ROUNDS, P)
    return Estimate(whole, *quantiles((times @ above) / (times @ below)))


def quantiles(values: np.ndarray) -> tuple[float, float]:
    """The ends of the middle 95 % of resampled values."""
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
