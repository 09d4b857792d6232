"""What it takes to play a model: the same few methods over ONNX Runtime and over torch."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from antiphon.codec import NoteCodec
from antiphon.corpus.phrase_rolls import Layout

CHUNK = 256  # notes heard at once where a model can: more saves little and needs more memory
State = tuple[np.ndarray, ...]  # what the model remembers of B pieces; the batch is each array's first dimension


class Engine(Protocol):
    """A model ready to predict, without knowing what computes it. Nothing here changes an argument."""

    chunk: int  # notes that one call of :meth:`hear` takes at best: 1 where each must wait for the one before it

    @property
    def codec(self) -> NoteCodec:
        """How its rows become music; ModelError where a row is a chord."""

    def start(self, batch: int) -> State:
        """The state before anything was heard."""

    def step(self, rows: np.ndarray, state: State) -> tuple[np.ndarray, State]:
        """One row of each piece heard, (B, A): features (B, F) for :meth:`logits`, and the new state."""

    def hear(self, rows: np.ndarray, state: State) -> tuple[np.ndarray, State]:
        """T rows of each piece heard in one call, (B, T, A): features (B, T, F), and the state after them."""

    def logits(self, index: int, features: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """(B, V) float32 unnormalised log-probabilities of attribute ``index``, given ``rows[:, :index]``."""


@runtime_checkable
class Calling(Protocol):
    """What the engine of a model has besides that hears a call as a whole and answers it."""

    together: bool  # the answer sounds together with its call, not after it
    longest: int  # notes of a call that are heard, at most

    def answer(self, rows: np.ndarray) -> State:
        """The state in which the answers to calls begin, (B, N, A) rows; of long calls the last notes count."""


@runtime_checkable
class Latent(Protocol):
    """What the engine of a model has besides that places passages in a space and unfolds places into music."""

    size: int  # Z, the numbers of a place; music that the model imagines has them from a normal distribution
    longest: int  # N, the notes of a passage at most
    bars: int  # of a passage, see antiphon.corpus.melodies

    def place(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where passages lie, (B, ≤ N, A) rows padded with start rows: mean and deviation, (B, Z) each."""

    def unfold(self, place: np.ndarray) -> State:
        """The state in which music begins that lies at (B, Z)."""


@runtime_checkable
class Filling(Protocol):
    """What the engine of a model has that fills what is masked; it has no steps, so it refuses all else."""

    codec: NoteCodec
    window: int  # rows that it looks at, at most

    def fill(self, rows: np.ndarray, hints: np.ndarray) -> list[np.ndarray]:
        """(B, T, V) float32 logits of each attribute where it is masked in (B, T, A) rows.

        In a row an attribute's size stands for one that is masked, one more for padding. Hints (B, T, 3) say what is
        known of masked steps, see :mod:`antiphon.gaps`.
        """


@runtime_checkable
class Drawing(Protocol):
    """What the engine of a model has that draws whole phrases of noise; it has no steps, so it refuses all else."""

    codec: NoteCodec
    layout: Layout  # of a phrase
    noise: int  # Z, the numbers that a phrase is made of, from a normal distribution

    def draw(self, noise: np.ndarray) -> np.ndarray:
        """(B, T, K, 2, P) uint8 phrases of (B, Z) noise, each of its own numbers alone."""


def prefill(engine: Engine, rows: np.ndarray, state: State) -> tuple[np.ndarray, State]:
    """T ≥ 1 rows of each piece heard one after another, (B, T, A): features (B, F) after the last, and the state."""
    for start in range(0, rows.shape[1], engine.chunk):
        features, state = engine.hear(rows[:, start : start + engine.chunk], state)
    return features[:, -1], state
