"""What it takes to play a model: the same few methods over ONNX Runtime and over torch."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from antiphon.codec import NoteCodec

State = tuple[np.ndarray, ...]  # what the model remembers of B pieces; the batch is each array's first dimension


class Engine(Protocol):
    """A model ready to predict, without knowing what computes it. Nothing here changes an argument."""

    codec: NoteCodec

    def start(self, batch: int) -> State:
        """The state before anything was heard."""

    def step(self, rows: np.ndarray, state: State) -> tuple[np.ndarray, State]:
        """One row of each piece heard, (B, A): features (B, F) for :meth:`logits`, and the new state."""

    def logits(self, index: int, features: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """(B, V) float32 unnormalised log-probabilities of attribute ``index``, given ``rows[:, :index]``."""


def hear(engine: Engine, rows: np.ndarray, state: State) -> tuple[np.ndarray, State]:
    """T ≥ 1 rows of each piece heard one after another, (B, T, A): features after the last, and the state."""
    for t in range(rows.shape[1]):
        features, state = engine.step(rows[:, t], state)
    return features, state
