"""Calls and their answers as batches: for models that hear a passage as a whole before they write.

Where the pairs come from, :mod:`antiphon.corpus.phrases` and :mod:`antiphon.corpus.melodies` say. As with windows, a
batch is a pure function of (seed, index).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np

from antiphon.codec import NoteCodec
from antiphon.conditions import NAMES, UNSAID
from antiphon.corpus.augment import NONE, Augmentation, Excerpt
from antiphon.corpus.windows import Arrays, stack
from antiphon.errors import CorpusError


class Pair(NamedTuple):
    """A call and its answer; times in milliseconds on one clock."""

    call: Excerpt
    answer: Excerpt
    begins_ms: int  # what the answer's first step counts from
    follows: bool  # the answer comes after the call, whose clock then begins with its own first note
    ends_ms: int | None = None  # where a closing row stands after the answer's last; None: there is none


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How many rows of a pair a batch has room for; what is longer is cut."""

    call: int
    answer: int  # the closing row is one of them


class Cut(Protocol):
    """Pieces cut into pairs, each made when it is asked for."""

    def __len__(self) -> int:
        """How many pairs there are."""

    def __getitem__(self, index: int) -> Pair:
        """Pair ``index`` ≥ 0; IndexError beyond the last."""


class Pairs:
    """Pairs as arrays."""

    def __init__(self, pairs: Cut, codec: NoteCodec, sizes: Sizes) -> None:
        """Raises CorpusError where there is not one pair."""
        if not len(pairs):
            raise CorpusError(
                "the corpus has no passages of the kind that this model learns from; choose another corpus"
            )
        self._pairs, self._codec, self._sizes = pairs, codec, sizes
        self.no_call = codec.start_row  # what all rows of a call are where there is none

    def __len__(self) -> int:
        return len(self._pairs)

    def one(
        self,
        index: int,
        augmentation: Augmentation = NONE,
        pitches: tuple[int, int] = (0, 127),
        rng: np.random.Generator | None = None,
    ) -> Arrays:
        """Pair ``index`` as arrays without the batch dimension, changed where there is randomness to do so."""
        pair, room = self._pairs[index], self._sizes
        notes = len(pair.call.pitch)
        whole = _joined(_anchor(pair), pair.call, pair.answer)
        if rng is not None:
            whole = augmentation.apply(whole, pitches, rng)
        begins = int(whole.onset_ms[0])
        call = self._encoded(_part(whole, slice(1, 1 + notes)), None if pair.follows else begins)
        targets = self._encoded(_part(whole, slice(1 + notes, None)), begins)[
            : room.answer - (pair.ends_ms is not None)
        ]
        if pair.ends_ms is not None:
            last = int(whole.onset_ms[1 + notes :].max())
            targets = np.concatenate([targets, self._closing(last, begins + pair.ends_ms - pair.begins_ms)])
        heard = targets if rng is None else augmentation.hold(targets, rng)
        inputs = np.concatenate([self._codec.start_row[None], heard[:-1]])
        call = call[-room.call :] if pair.follows else call[: room.call]
        weight = np.zeros(room.answer, np.float32)
        weight[: len(targets)] = 1
        told = np.full(len(NAMES), UNSAID, np.uint8)
        padding = ((0, room.answer - len(targets)), (0, 0))
        return Arrays(np.pad(inputs, padding), np.pad(targets, padding), weight, told, self._padded(call))

    def _encoded(self, part: Excerpt, begins_ms: int | None) -> np.ndarray:
        columns = part.onset_ms, part.duration_ms, part.pitch, part.velocity, part.program
        return self._codec.encode_ms(*columns, previous_ms=begins_ms)

    def _closing(self, last_ms: int, ends_ms: int) -> np.ndarray:
        """(1, A) the row that ends a passage: its step reaches the end, the rest is the first code of each: pitch 0."""
        zero = np.zeros(1, np.int64)
        return self._codec.encode_ms(np.array([ends_ms]), zero, zero, zero, zero, previous_ms=last_ms)

    def _padded(self, call: np.ndarray) -> np.ndarray:
        missing = self._sizes.call - len(call)
        return np.concatenate([call, np.repeat(self._codec.start_row[None], missing, 0)])


def _anchor(pair: Pair) -> Excerpt:
    """A note where the answer's clock begins, so that it is moved and stretched with the others."""
    _, length, *others = (getattr(pair.answer, field.name)[:1] for field in fields(Excerpt))
    return Excerpt(np.array([pair.begins_ms]), length, *others)


def _joined(*parts: Excerpt) -> Excerpt:
    return Excerpt(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Excerpt)))


def _part(whole: Excerpt, rows: slice) -> Excerpt:
    return Excerpt(*(getattr(whole, f.name)[rows] for f in fields(Excerpt)))


class TrainingPairs:
    """Endless shuffled, augmented batches; every pass takes each pair once."""

    def __init__(
        self,
        pairs: Pairs,
        *,
        batch: int,
        pitches: tuple[int, int] = (0, 127),
        augmentation: Augmentation = NONE,
        forget: float = 0.0,
        seed: int = 0,
    ) -> None:
        """``pitches`` bound transpositions; a share to ``forget`` of the pairs comes without its call."""
        self._pairs, self._size, self._pitches, self._augmentation = pairs, batch, pitches, augmentation
        self._forget, self._seed = forget, seed
        self.per_pass = max(len(pairs) // batch, 1)  # batches
        self._order = lru_cache(2)(self._shuffled)

    def batch(self, index: int) -> Arrays:
        """Batch ``index`` ≥ 0 of an endless sequence."""
        number, place = divmod(index, self.per_pass)
        chosen = self._order(number)[place * self._size : (place + 1) * self._size]
        rng = np.random.default_rng((self._seed, 1, index))
        batch = stack([self._pairs.one(i, self._augmentation, self._pitches, rng) for i in chosen])
        assert batch.call is not None
        batch.call[rng.random(len(chosen)) < self._forget] = self._pairs.no_call
        return batch

    def _shuffled(self, number: int) -> np.ndarray:
        """The pairs of one pass in a random order, some twice where they are fewer than a batch."""
        rng = np.random.default_rng((self._seed, 0, number))
        order = rng.permutation(len(self._pairs))
        return np.resize(order, max(len(order), self._size))


def fixed_pairs(pairs: Pairs, batch: int, share: float = 1.0) -> Iterator[Arrays]:
    """All pairs once, in order, as they are; with ``share`` below 1, evenly spaced ones."""
    chosen = range(0, len(pairs), max(round(1 / share), 1))
    for i in range(0, len(chosen), batch):
        yield stack([pairs.one(k) for k in chosen[i : i + batch]])
