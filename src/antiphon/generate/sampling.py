"""Drawing one code from a model's distribution."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from antiphon.errors import OptionError, unknown

ATTRIBUTES = ("program", "step", "pitch", "velocity", "duration")
_BLOCK = 256  # notes' worth of random numbers drawn at once
_HOTTEST = 10
_NEVER = np.array(-1e30, np.float32)  # a logit that may be multiplied, of what cannot be


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How codes are drawn. What is left out is decided after the temperature has been applied."""

    temperature: float | Mapping[str, float] = 1.0  # above 0; below 1 the likely gets likelier; or one by attribute
    top_k: int = 0  # draw only from so many of the likeliest codes; 0: from all
    top_p: float = 1.0  # nucleus sampling: only from the fewest codes that together have this probability
    min_p: float = 0.0  # only from codes at least so likely as this share of the likeliest
    typical: float = 1.0  # only from the codes whose surprise is nearest to the expected, of this probability together
    repetition: float = 1.0  # pitches heard within the window get this many times less likely; below 1, likelier
    repetition_window: int = 32  # notes
    greedy: bool = False  # always the likeliest; nothing is drawn

    def __post_init__(self) -> None:
        self._check_temperature()
        for good, message in (
            (self.top_k >= 0, f"top-k {self.top_k} is out of range: at least 1; 0 is all"),
            (0 < self.top_p <= 1, f"top-p {self.top_p} is out of range: above 0 and at most 1; 1 is all"),
            (0 <= self.min_p < 1, f"min-p {self.min_p} is out of range: at least 0 and below 1; 0 is all"),
            (0 < self.typical <= 1, f"typical {self.typical} is out of range: above 0 and at most 1; 1 is all"),
            (
                math.isfinite(self.repetition) and 0.01 <= self.repetition <= 100,
                f"repetition penalty {self.repetition} is out of range: 0.01 to 100; 1 is none",
            ),
            (
                1 <= self.repetition_window <= 1000,
                f"repetition window {self.repetition_window} is out of range: 1 to 1000 notes",
            ),
        ):
            if not good:
                raise OptionError(message)

    def _check_temperature(self) -> None:
        several = isinstance(self.temperature, Mapping)
        by_name = self.temperature if isinstance(self.temperature, Mapping) else {"": self.temperature}
        for name, value in by_name.items():
            if several and name not in ATTRIBUTES:
                raise OptionError(unknown("attribute of a note", name, ATTRIBUTES))
            if not (math.isfinite(value) and 0 < value <= _HOTTEST):
                what = f"{name} temperature".strip()
                raise OptionError(
                    f"{what} {value} is out of range: above 0 and at most {_HOTTEST}; 1 is the model's own"
                )

    def temperature_of(self, attribute: str) -> float:
        """The temperature at which an attribute is drawn; 1 where several are given and this one is not."""
        if isinstance(self.temperature, Mapping):
            return self.temperature.get(attribute, 1.0)
        return self.temperature

    @cached_property
    def leaves_out(self) -> bool:
        """Whether any code is left out for being unlikely."""
        return self.top_k > 0 or self.top_p < 1 or self.min_p > 0 or self.typical < 1

    @cached_property
    def least_share(self) -> np.ndarray:
        """() ``min_p``: NumPy converts a number each time it is compared with, an array never."""
        return np.array(self.min_p, np.float32)


class Dice:
    """Uniform random numbers for B pieces, each from its own seed, so that no piece depends on its neighbours."""

    def __init__(self, seeds: Sequence[Sequence[int]], attributes: int) -> None:
        self._seeds = [list(seed) for seed in seeds]
        self._shape = (_BLOCK, attributes)
        self._block = -1

    def throw(self, note: int) -> np.ndarray:
        """(B, A) numbers in [0, 1) for the note of this index; cheap where notes are asked for one after another."""
        block, place = divmod(note, _BLOCK)
        if block != self._block:
            self._numbers = np.stack([self._draw(seed, block) for seed in self._seeds], axis=1)
            self._block = block
        return self._numbers[place]

    def _draw(self, seed: list[int], block: int) -> np.ndarray:
        bits = np.random.PCG64(seed)
        bits.advance(block * self._shape[0] * self._shape[1])  # a double takes one number of the generator
        return np.random.Generator(bits).random(self._shape)


def divisor(temperature: float) -> float | np.ndarray:
    """A temperature by which many logits will be divided, () where it is not 1: see :attr:`Sampling.least_share`."""
    return 1.0 if temperature == 1 else np.array(temperature, np.float32)


def draw(
    logits: np.ndarray,
    sampling: Sampling,
    uniform: np.ndarray,
    allowed: np.ndarray | None = None,
    temperature: float | np.ndarray | None = None,
) -> np.ndarray:
    """(B,) codes drawn from (B, V) logits by inverting their cumulative distribution at (B,) uniform numbers.

    ``allowed`` (B, V) bool leaves out codes that may not follow; at least one must be left. ``temperature`` stands for
    the sampling's own: one for all pieces, or (B, 1).
    """
    return drawn(logits, sampling, uniform, allowed, temperature, shares=False)[0]


def drawn(
    logits: np.ndarray,
    sampling: Sampling,
    uniform: np.ndarray,
    allowed: np.ndarray | None = None,
    temperature: float | np.ndarray | None = None,
    *,
    shares: bool = True,
) -> tuple[np.ndarray, Sequence[float]]:
    """What :func:`draw` gives, and how probable each of the codes was among those it was drawn from.

    Where nobody asks for ``shares`` they are said to be 1, and not computed. A row alone is drawn in two thirds of the
    time that a batch of one takes, and of sixteen rows at once each in half of that; so there are both ways, which give
    the same. What is typical is found row by row.
    """
    temperature = sampling.temperature_of("") if temperature is None else temperature
    if len(logits) == 1:
        scaled = (logits if isinstance(temperature, float) and temperature == 1 else logits / temperature)[0]
        code, share = _drawn_alone(scaled, sampling, uniform.item(), None if allowed is None else allowed[0], shares)
        return code, (share,)
    if sampling.typical < 1:
        masks = [None] * len(logits) if allowed is None else allowed
        rows = zip(logits / temperature, uniform.tolist(), masks, strict=True)
        alone = [_drawn_alone(row, sampling, number, mask, shares) for row, number, mask in rows]
        return np.concatenate([code for code, _ in alone]), [share for _, share in alone]
    weight = weights(logits, temperature, allowed)
    if sampling.greedy:
        return weight.argmax(-1), [1.0] * len(weight)
    if sampling.leaves_out:
        weight = weight * (weight >= _least_of_each(weight, sampling))
    cumulative = np.add.accumulate(weight, -1)
    whole = cumulative[:, -1]
    codes = (cumulative <= (uniform * whole).astype(whole.dtype)[:, None]).sum(axis=-1)
    codes = np.minimum(codes, _last(weight)) if (codes == weight.shape[1]).any() else codes
    return codes, (weight[np.arange(len(codes)), codes] / whole).tolist() if shares else [1.0] * len(codes)


def _drawn_alone(
    logits: np.ndarray, sampling: Sampling, uniform: float, allowed: np.ndarray | None, shares: bool
) -> tuple[np.ndarray, float]:
    """What :func:`drawn` gives of one piece, (V,) logits at their temperature: its code (1,), and its share.

    So few numbers cost nothing, but each call does: the fewest calls, and no operand that NumPy would have to convert
    or, as an array of one number, to stretch.
    """
    of = None if allowed is None else allowed.nonzero()[0]  # which codes the numbers are of; None: all
    scaled = logits if of is None else logits[of]
    best = scaled.argmax()
    if sampling.greedy:
        return np.array((best,)) if of is None else of[best : best + 1], 1.0
    surplus = scaled - scaled[best, ...]
    weight = np.exp(surplus)
    if sampling.leaves_out:
        kept = _kept(weight, surplus, sampling)
        weight, of = weight[kept], kept if of is None else of[kept]
    cumulative = np.add.accumulate(weight)
    # A float is compared with an array's numbers in their precision: this is searchsorted, without its conversions.
    place = bisect_right(cumulative, uniform * cumulative.item(-1))
    if place == len(weight):  # chance has come out at 1, by rounding
        place = int(weight.nonzero()[0][-1])
    code = np.array((place,)) if of is None else of[place : place + 1]
    return code, (weight[place] / cumulative[-1]).item() if shares else 1.0


def weights(logits: np.ndarray, temperature: float | np.ndarray, allowed: np.ndarray | None = None) -> np.ndarray:
    """(B, V) probabilities up to a factor, of which the greatest is 1; 0 where a code is not allowed."""
    scaled = logits.copy() if isinstance(temperature, float) and temperature == 1 else logits / temperature
    if allowed is not None:
        np.putmask(scaled, ~allowed, -np.inf)
    scaled -= np.maximum.reduce(scaled, -1, keepdims=True)
    return np.exp(scaled, scaled)


def _kept(weight: np.ndarray, surplus: np.ndarray, sampling: Sampling) -> np.ndarray:
    """Which codes the sampling leaves, rising, of (V,) weights of which the greatest is 1; equals stay together.

    ``surplus`` (V,) is the logarithm of the weights.
    """
    least = _least(weight, sampling)
    if sampling.typical == 1:
        return (weight >= least).nonzero()[0]
    kept = _typical(weight, surplus, sampling.typical)
    return (kept & (weight >= least) if least else kept).nonzero()[0]


def _least(weight: np.ndarray, sampling: Sampling) -> np.ndarray:
    """() the least of (V,) weights that min-p, top-k and top-p all leave."""
    if sampling.top_k == 0 and sampling.top_p == 1:
        return sampling.least_share
    rising, k = weight.copy(), min(sampling.top_k or len(weight), len(weight))
    rising.sort()
    if sampling.top_p < 1:
        together = np.add.accumulate(rising[::-1])
        k = min(k, bisect_left(together, together[-1] * sampling.top_p) + 1)
    return rising[-k, ...] if rising.item(-k) > sampling.min_p else sampling.least_share


def _least_of_each(weight: np.ndarray, sampling: Sampling) -> np.ndarray:
    """(B, 1) the least of each row of (B, V) weights that min-p and :func:`_least` leave."""
    least = np.full((len(weight), 1), sampling.min_p, weight.dtype)
    if sampling.top_k == 0 and sampling.top_p == 1:
        return least
    falling = np.sort(weight, -1)[:, ::-1]
    last = np.full(len(weight), min(sampling.top_k or weight.shape[1], weight.shape[1]) - 1)
    if sampling.top_p < 1:
        together = np.add.accumulate(falling, -1)
        last = np.minimum(last, (together < together[:, -1:] * sampling.top_p).sum(-1))
    return np.maximum(least, falling[np.arange(len(last)), last][:, None])


@cache
def _ones(size: int) -> np.ndarray:
    """(V,) ones: a product with them is a sum in a third of the time."""
    return np.ones(size, np.float32)


def _typical(weight: np.ndarray, surplus: np.ndarray, mass: float) -> np.ndarray:
    """(V,) bool: which codes are typical: locally typical sampling, Meister et al. 2023.

    The codes whose surprise is nearest to the expected are kept until they have ``mass`` together. The likeliest always
    is, so that something is left beside the other ways of leaving out.
    """
    whole = weight.dot(_ones(len(weight)))
    expected = weight.dot(surplus) / whole
    if expected != expected:  # some code cannot be: nothing times infinity
        surplus = np.maximum(surplus, _NEVER)
        expected = weight.dot(surplus) / whole
    away = surplus - expected
    np.abs(away, away)
    nearest = away.argsort()
    together = np.add.accumulate(weight[nearest])
    furthest = away[nearest.item(bisect_left(together, together[-1] * mass)), ...]
    kept = away <= furthest
    return kept if -expected.item() <= furthest.item() else kept | (surplus == 0)


def _last(weight: np.ndarray) -> np.ndarray:
    """(B,) the last code of each row that may be drawn: where chance comes out at 1, by rounding."""
    return weight.shape[1] - 1 - (weight[:, ::-1] > 0).argmax(-1)
