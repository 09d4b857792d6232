"""How far what was written is from real music: always beside how far real music is from other real music.

A distance alone says nothing: it depends on the number of samples and on how varied the music is. So each is drawn many
times between as many written samples as real ones, and as often between two halves of the real music that share no
piece, with the same number of samples on each side: the floor. A model as good as real lies on the floor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from antiphon.evaluate.bootstrap import quantiles

FEWEST = 20  # samples a side, below which densities say nothing
DRAWS = 60  # of samples and of halves
GRID_POINTS = 256
# What the Fréchet distance is taken over: one vector a sample, standardised by the real music's mean and deviation.
FEATURES = (
    "pitch_range", "pitch_entropy", "pitch_class_entropy", "key_clarity", "tonal_movement", "density", "polyphony",
    "together_rate", "interval_median_s", "interval_entropy", "duration_median_s", "duration_entropy", "velocity_mean",
    "velocity_spread", "novelty", "structure_8s",
)  # fmt: skip

Pairwise = Callable[[np.ndarray, np.ndarray], float | tuple[float, ...]]  # one distance, or several


@dataclass(frozen=True)
class Distance:
    """A distance to real music, and the floor between real and real; means over draws with the middle 95 %."""

    value: float
    low: float
    high: float
    floor: float
    floor_low: float
    floor_high: float
    samples: int  # a side, in each draw

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return dict(vars(self))


def overlapped_area(a: np.ndarray, b: np.ndarray) -> float:
    """∫ min(p, q): what two densities share, 0 to 1 (Yang and Lerch 2020).

    Kernel densities of (S,) values on one common grid with one bandwidth; their own program takes a grid each, which
    compares densities at different places.
    """
    return _overlap(*densities(a, b))


def jensen_shannon(a: np.ndarray, b: np.ndarray) -> float:
    """Jensen-Shannon divergence of the same two densities in bits: 0 where they are equal, 1 where they never meet."""
    return _divergence(*densities(a, b))


def densities(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(GRID_POINTS,) shares of two samples' Gaussian kernel densities on one grid, each summing to 1.

    One bandwidth for both, by Scott's rule for the smaller sample and their mean deviation; where no value varies, a
    hundredth of the span.
    """
    low, high = min(a.min(), b.min()), max(a.max(), b.max())
    width = (a.std() + b.std()) / 2 * min(len(a), len(b)) ** -0.2
    width = max(width, (high - low) / 100, 1e-9)
    grid = np.linspace(low - 3 * width, high + 3 * width, GRID_POINTS)
    found = [np.exp(-0.5 * ((grid[:, None] - values) / width) ** 2).sum(axis=1) for values in (a, b)]
    return found[0] / found[0].sum(), found[1] / found[1].sum()


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """|μ - ν|² + tr(A + B - 2 (A B)^½) between Gaussians fitted to (S, F) features: 0 or more (Dowson, Landau 1982)."""
    gap = a.mean(axis=0) - b.mean(axis=0)
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = _root(first)
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ second @ root), 0)).sum()
    return max(float(gap @ gap + np.trace(first) + np.trace(second) - 2 * cross), 0.0)


def compare(
    between: Pairwise, written: np.ndarray, real: np.ndarray, groups: np.ndarray, fewest: int = FEWEST, seed: int = 0
) -> list[Distance] | str:
    """Distances of (S, …) written values to (R, …) real ones with their floors, or why there are too few.

    ``groups`` (R,) say which piece each real sample is from; the two halves of a floor share none.
    """
    rng = np.random.default_rng(seed)
    halves = [_halves(groups, rng) for _ in range(DRAWS)]
    size = min(len(written), *(len(half) for pair in halves for half in pair))
    if size < fewest:
        return (
            f"too few samples: {len(written)} written and {len(real)} real of {len(np.unique(groups))} pieces leave "
            f"{size} a side; {fewest} are needed"
        )
    drawn = []
    for first, second in halves:
        reference = real[rng.choice(first, size, replace=False)]
        others = (
            written[rng.choice(len(written), size, replace=False)],
            written[rng.choice(len(written), size)],
            real[rng.choice(second, size, replace=False)],
        )
        drawn.append([np.atleast_1d(between(other, reference)) for other in others])
    return [_distance(draws, size) for draws in np.array(drawn).transpose(2, 1, 0)]


def _distance(drawn: np.ndarray, samples: int) -> Distance:
    """Of (3, DRAWS) distances: of written samples, of written samples drawn with repetition, and of real ones."""
    values, again, floors = drawn
    value = float(values.mean())
    spread = quantiles(again - again.mean())  # a resample repeats samples, which moves its mean but not its spread
    return Distance(value, value + spread[0], value + spread[1], float(floors.mean()), *quantiles(floors), samples)


def by_measure(
    written: Mapping[str, np.ndarray], real: Mapping[str, np.ndarray], groups: np.ndarray
) -> dict[str, dict[str, Any]]:
    """Overlapped area and Jensen-Shannon divergence of each measure, with floors, or the reason why not."""
    found = {}
    for name, values in real.items():
        both = compare(_overlap_and_divergence, written[name], values, groups)
        titles = ("overlapped_area", "jensen_shannon")
        shown = [{"refused": both}] * 2 if isinstance(both, str) else [distance.to_dict() for distance in both]
        found[name] = dict(zip(titles, shown, strict=True))
    return found


def frechet_ratio(
    written: Mapping[str, np.ndarray], real: Mapping[str, np.ndarray], groups: np.ndarray
) -> dict[str, Any]:
    """The Fréchet distance over FEATURES as a multiple of that between real halves: 1 is as good as real."""
    scale = {name: (real[name].mean(), real[name].std() or 1.0) for name in FEATURES}
    vectors = [
        np.column_stack([(values[name] - scale[name][0]) / scale[name][1] for name in FEATURES])
        for values in (written, real)
    ]
    found = compare(frechet, vectors[0], vectors[1], groups, fewest=2 * len(FEATURES))
    if isinstance(found, str):
        return {"refused": found}
    (distance,) = found
    if distance.floor <= 0:
        return {"refused": "all real samples are alike, so there is no distance to compare with"}
    ratio = {name: getattr(distance, name) / distance.floor for name in ("value", "low", "high")}
    return {**distance.to_dict(), "ratio": ratio["value"], "ratio_low": ratio["low"], "ratio_high": ratio["high"]}


def _halves(groups: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Indices of two halves of the samples that share no group."""
    order = rng.permutation(np.unique(groups))
    first = np.isin(groups, order[: len(order) // 2])
    return np.flatnonzero(first), np.flatnonzero(~first)


def _overlap_and_divergence(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Both of the same densities, which are what takes the time."""
    p, q = densities(a, b)
    return _overlap(p, q), _divergence(p, q)


def _overlap(p: np.ndarray, q: np.ndarray) -> float:
    return float(np.minimum(p, q).sum())


def _divergence(p: np.ndarray, q: np.ndarray) -> float:
    middle = (p + q) / 2
    return float(_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2


def _relative_entropy(p: np.ndarray, q: np.ndarray) -> float:
    return float(np.where(p > 0, p * np.log2(np.maximum(p, 1e-300) / np.maximum(q, 1e-300)), 0).sum())


def _root(matrix: np.ndarray) -> np.ndarray:
    """The symmetric square root of a covariance."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
