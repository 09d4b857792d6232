"""Drawing one code from a model's distribution."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from antiphon.errors import OptionError, unknown

ATTRIBUTES = ("program", "step", "pitch", "velocity", "duration")
_BLOCK = 256  # notes' worth of random numbers drawn at once
_HOTTEST = 10


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
    return drawn(logits, sampling, uniform, allowed, temperature)[0]


def drawn(
    logits: np.ndarray,
    sampling: Sampling,
    uniform: np.ndarray,
    allowed: np.ndarray | None = None,
    temperature: float | np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """What :func:`draw` gives, and (B,) how probable each of the codes was among those it was drawn from."""
    temperature = sampling.temperature_of("") if temperature is None else temperature
    if len(logits) == 1:
        return _drawn_alone(logits, sampling, uniform, allowed, temperature)
    weight = weights(logits, temperature, allowed)
    if sampling.greedy:
        return weight.argmax(-1), np.ones(len(weight))
    if sampling.leaves_out:
        weight = _likely(weight, sampling)
    cumulative = np.add.accumulate(weight, -1)
    whole = cumulative[:, -1]
    codes = (cumulative <= (uniform * whole).astype(whole.dtype)[:, None]).sum(axis=-1)
    codes = np.minimum(codes, _last(weight)) if (codes == weight.shape[1]).any() else codes
    return codes, weight[np.arange(len(codes)), codes] / whole


def _drawn_alone(
    logits: np.ndarray,
    sampling: Sampling,
    uniform: np.ndarray,
    allowed: np.ndarray | None,
    temperature: float | np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """What :func:`drawn` gives for one row, the same numbers in a third of the time.

    Arrays of one number are several times faster as operands than NumPy's numbers.
    """
    weight = logits[0].copy() if isinstance(temperature, float) and temperature == 1 else (logits / temperature)[0]
    if allowed is not None:
        weight[~allowed[0]] = -np.inf
    best = weight.argmax()
    if sampling.greedy:
        return np.array((best,)), np.ones(1)
    weight -= weight[best : best + 1].copy()
    np.exp(weight, weight)
    if sampling.leaves_out:
        weight = _likely_alone(weight, sampling)
    cumulative = np.add.accumulate(weight)
    whole = cumulative[-1:]
    code = int(cumulative.searchsorted((uniform * whole).astype(whole.dtype), "right").item())
    code = min(code, int(weight.nonzero()[0][-1])) if code == len(weight) else code
    return np.array((code,)), weight[code : code + 1] / whole


def _likely_alone(weight: np.ndarray, sampling: Sampling) -> np.ndarray:
    """What :func:`_likely` gives, for (V,)."""
    typical = _typical_alone(weight, sampling.typical) if sampling.typical < 1 else None
    least = _least_alone(weight, sampling)
    if least > 0:
        weight[weight < least] = 0
    if typical is not None:
        weight *= typical
    return weight


def _least_alone(weight: np.ndarray, sampling: Sampling) -> float:
    """What :func:`_least` gives, for (V,)."""
    k = min(sampling.top_k or len(weight), len(weight))
    if k == len(weight) and sampling.top_p == 1:
        return sampling.min_p
    rising = weight.copy()
    rising.sort()
    if sampling.top_p < 1:
        together = np.add.accumulate(rising[::-1])
        k = min(k, together.searchsorted((together[-1:] * sampling.top_p).astype(weight.dtype)).item() + 1)
    return max(sampling.min_p, rising.item(-k))


def _typical_alone(weight: np.ndarray, mass: float) -> np.ndarray:
    """What :func:`_typical` gives, for (V,)."""
    share = weight / weight.sum(dtype=np.float64)
    likely = np.log(np.maximum(share, 1e-300))
    away = np.abs(likely - (share * likely).sum())
    order = away.argsort(kind="stable")
    falling = share[order]
    inside = np.add.accumulate(falling) - falling < mass
    return (away <= away[order[inside.nonzero()[0][-1]]]) | (weight == 1)


def weights(logits: np.ndarray, temperature: float | np.ndarray, allowed: np.ndarray | None = None) -> np.ndarray:
    """(B, V) probabilities up to a factor, of which the greatest is 1; 0 where a code is not allowed."""
    scaled = logits.copy() if isinstance(temperature, float) and temperature == 1 else logits / temperature
    if allowed is not None:
        np.putmask(scaled, ~allowed, -np.inf)
    scaled -= np.maximum.reduce(scaled, -1, keepdims=True)
    return np.exp(scaled, scaled)


def _likely(weight: np.ndarray, sampling: Sampling) -> np.ndarray:
    """(B, V) weights, of which the greatest is 1, without those that the sampling leaves out; equals stay together."""
    kept = weight * (weight >= _least(weight, sampling))
    return kept * _typical(weight, sampling.typical) if sampling.typical < 1 else kept


def _least(weight: np.ndarray, sampling: Sampling) -> np.ndarray:
    """(B, 1) the least weight that top-k, top-p and min-p all leave."""
    least = np.full((len(weight), 1), sampling.min_p, weight.dtype)
    k = min(sampling.top_k or weight.shape[1], weight.shape[1])
    if k == weight.shape[1] and sampling.top_p == 1:
        return least
    falling = np.sort(weight, -1)[:, ::-1]
    last = np.full(len(weight), k - 1)
    if sampling.top_p < 1:
        together = np.add.accumulate(falling, -1)
        enough = (together[:, -1:] * sampling.top_p).astype(weight.dtype)
        last = np.minimum(last, (together < enough).sum(-1))
    return np.maximum(least, falling[np.arange(len(last)), last][:, None])


def _last(weight: np.ndarray) -> np.ndarray:
    """(B,) the last code of each row that may be drawn: where chance comes out at 1, by rounding."""
    return weight.shape[1] - 1 - (weight[:, ::-1] > 0).argmax(-1)


def _typical(weight: np.ndarray, mass: float) -> np.ndarray:
    """(B, V) whether a code is typical: locally typical sampling, Meister et al. 2023.

    The codes whose surprise -log p is nearest to the entropy are kept until they have ``mass`` together. The likeliest
    always is, so that something is left beside the other ways of leaving out.
    """
    share = weight / weight.sum(-1, keepdims=True, dtype=np.float64)
    surprise = -np.log(np.maximum(share, 1e-300))
    away = np.abs(surprise - (share * surprise).sum(-1, keepdims=True))
    order = np.argsort(away, axis=-1, kind="stable")
    sorted_share = np.take_along_axis(share, order, -1)
    inside = np.cumsum(sorted_share, -1) - sorted_share < mass
    furthest = np.where(inside, np.take_along_axis(away, order, -1), -1).max(-1, keepdims=True)
    return (away <= furthest) | (weight == 1)
