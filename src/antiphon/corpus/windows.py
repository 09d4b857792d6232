"""Windows of a corpus as arrays ready for a model, cut from memory-mapped columns: nothing is parsed in training.

A batch is a pure function of (seed, index), so a run that was killed goes on with exactly the batches it would have
seen, and no sampler's state needs saving.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol, TypeVar

import numpy as np

from antiphon.codec import NoteCodec
from antiphon.conditions import NAMES, UNSAID, Conditions, forget
from antiphon.corpus.augment import NONE, Augmentation, Excerpt
from antiphon.notes import DRUMS


class Span(Protocol):
    """Where a piece's notes lie in the columns."""

    @property
    def first(self) -> int:
        """The row of its first note."""

    @property
    def count(self) -> int:
        """Its notes, at least 1."""

    @property
    def composer(self) -> str:
        """Whose music it is; empty where nobody says."""


S = TypeVar("S", bound=Span)


class Arrays(NamedTuple):
    """A batch of B windows of T notes with A attributes."""

    inputs: np.ndarray  # (B, T, A) uint8: the row before each note
    targets: np.ndarray  # (B, T, A) uint8: the notes
    weight: np.ndarray  # (B, T) float32: 1 for a note, 0 for padding
    conditions: np.ndarray  # (B, 4) uint8: what the model is told of the window, see antiphon.conditions
    call: np.ndarray | None = None  # (B, S, A) uint8: what the targets answer; rows after its last are start rows


NOTE_COLUMNS = ("onset_ms", "duration_ms", "pitch", "velocity", "program")
Columns = Mapping[str, np.ndarray]  # a corpus's columns, each (notes,): onset_ms, duration_ms, pitch, velocity, program


def columns_for(codec: NoteCodec, columns: Columns, pieces: Sequence[Span]) -> tuple[Columns, list[Span]]:
    """The columns and pieces as a codec hears them: one without instruments hears no drums.

    Where there are none, as in piano music, these are the memory-mapped columns themselves.
    """
    if codec.programs or not (columns["program"] == DRUMS).any():
        return columns, list(pieces)
    heard = columns["program"] != DRUMS
    before = np.concatenate([[0], np.cumsum(heard)])
    spans = [Place(int(before[p.first]), int(before[p.first + p.count] - before[p.first]), p.composer) for p in pieces]
    return {name: columns[name][heard] for name in NOTE_COLUMNS}, [span for span in spans if span.count]


@dataclass(frozen=True)
class Place:
    """The simplest Span."""

    first: int
    count: int
    composer: str = ""


class Windows:
    """Cuts windows of ``length`` notes, each with the row before its first note."""

    def __init__(
        self, columns: Columns, codec: NoteCodec, length: int, conditions: Conditions | None = None, forget: float = 0.0
    ) -> None:
        """With ``conditions``, augmented windows say what they are like, but for the share to ``forget``."""
        self._columns, self._codec, self._length = columns, codec, length
        self._conditions, self._forget = conditions, forget

    def one(
        self,
        piece: Span,
        start: int,
        augmentation: Augmentation = NONE,
        pitches: tuple[int, int] = (0, 127),
        rng: np.random.Generator | None = None,
    ) -> Arrays:
        """Notes start … start+length of a piece as arrays without the batch dimension; a short one is padded."""
        stop = min(start + self._length, piece.count)
        skip = min(max(start, 0), 2)  # notes before the window: one to be heard, one for that one's step
        rows = slice(piece.first + max(start, 0) - skip, piece.first + stop)
        excerpt = Excerpt(*(self._columns[name][rows] for name in NOTE_COLUMNS))
        if rng is not None:
            excerpt = augmentation.apply(excerpt, pitches, rng)
        codes = self._codec.encode_ms(
            excerpt.onset_ms, excerpt.duration_ms, excerpt.pitch, excerpt.velocity, excerpt.program
        )
        heard = codes if rng is None else augmentation.hold(codes, rng)
        before = heard[skip - 1 : -1] if skip else np.concatenate([self._codec.start_row[None], heard[:-1]])
        told = np.full(len(NAMES), UNSAID, np.uint8)
        if self._conditions and rng is not None:
            onset_ms, pitch, velocity = excerpt.onset_ms[skip:], excerpt.pitch[skip:], excerpt.velocity[skip:]
            told = self._conditions.count(onset_ms, pitch, velocity, piece.composer)
            told = forget(told, self._forget, rng)
        return self._padded(before, codes[skip:], told)

    def _padded(self, inputs: np.ndarray, targets: np.ndarray, told: np.ndarray) -> Arrays:
        missing = self._length - len(targets)
        weight = np.ones(self._length, np.float32)
        weight[len(targets) :] = 0
        pad = ((0, missing), (0, 0))
        return Arrays(np.pad(inputs, pad), np.pad(targets, pad), weight, told)


def stack(windows: Sequence[Arrays]) -> Arrays:
    """Windows of one length as one batch."""
    inputs, targets, weight, conditions, calls = zip(*windows, strict=True)
    call = np.stack(calls) if calls[0] is not None else None
    return Arrays(np.stack(inputs), np.stack(targets), np.stack(weight), np.stack(conditions), call)


class TrainingWindows:
    """Endless shuffled, augmented batches; every pass sees each note once, cut at new places."""

    def __init__(
        self,
        columns: Columns,
        pieces: Sequence[Span],
        codec: NoteCodec,
        *,
        length: int,
        batch: int,
        augmentation: Augmentation = NONE,
        stride: int = 0,
        seed: int = 0,
        conditions: Conditions | None = None,
        forget: float = 0.0,
    ) -> None:
        """``stride`` is the distance between the starts of windows, by default their length."""
        self._windows = Windows(columns, codec, length, conditions, forget)
        self._pieces, self._size, self._augmentation, self._seed = pieces, batch, augmentation, seed
        self._stride = stride or length
        pitch = [columns["pitch"][p.first : p.first + p.count] for p in pieces]
        self._pitches = min(int(p.min()) for p in pitch), max(int(p.max()) for p in pitch)
        self.per_pass = max(sum(p.count // self._stride + 1 for p in pieces) // batch, 1)  # batches
        self._order = lru_cache(2)(self._shuffled)

    def batch(self, index: int) -> Arrays:
        """Batch ``index`` ≥ 0 of an endless sequence."""
        number, place = divmod(index, self.per_pass)
        chosen = self._order(number)[place * self._size : (place + 1) * self._size]
        rng = np.random.default_rng((self._seed, 1, index))
        pieces = self._pieces
        return stack([self._windows.one(pieces[p], s, self._augmentation, self._pitches, rng) for p, s in chosen])

    def _shuffled(self, number: int) -> np.ndarray:
        return shuffled(self._pieces, self._stride, self._seed, number, self.per_pass * self._size)


def shuffled(pieces: Sequence[Span], stride: int, seed: int, number: int, least: int) -> np.ndarray:
    """(windows, 2) piece and start of every window of pass ``number``, in a random order; at least so many."""
    rng = np.random.default_rng((seed, 0, number))
    starts = [np.arange(-int(rng.integers(stride)), piece.count, stride) for piece in pieces]
    pairs = np.concatenate([np.stack([np.full(len(s), i), s], -1) for i, s in enumerate(starts)])
    rng.shuffle(pairs)
    return np.concatenate([pairs, pairs])[: max(len(pairs), least)]


def fixed_batches(
    columns: Columns, pieces: Sequence[Span], codec: NoteCodec, *, length: int, batch: int, share: float = 1.0
) -> Iterator[Arrays]:
    """All of the pieces once, in order, as they are; with ``share`` below 1, windows evenly spaced over them."""
    cut = Windows(columns, codec, length)
    places = spread(pieces, length, share)
    for i in range(0, len(places), batch):
        yield stack([cut.one(piece, start) for piece, start in places[i : i + batch]])


def spread(pieces: Sequence[S], length: int, share: float) -> list[tuple[S, int]]:
    """The piece and start of every window of a length, or with ``share`` below 1 of some evenly spaced ones."""
    places = [(piece, start) for piece in pieces for start in range(0, piece.count, length)]
    return places[:: max(round(1 / share), 1)]
