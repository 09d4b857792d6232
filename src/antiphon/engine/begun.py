"""A model whose pieces begin in a state of their own: with a call they answer, or from a place in its latent space."""

from __future__ import annotations

import numpy as np

from antiphon.codec import NoteCodec
from antiphon.engine.base import Calling, Engine, State


class Begun:
    """Another engine whose pieces begin in a given state: all in the same, or each in its own."""

    def __init__(self, engine: Engine, state: State) -> None:
        """``state`` of one piece, or of as many as will be asked for."""
        self._engine, self._begin = engine, state
        self.codec: NoteCodec = engine.codec
        self.chunk: int = engine.chunk

    def start(self, batch: int) -> State:
        return tuple(np.ascontiguousarray(np.broadcast_to(part, (batch, *part.shape[1:]))) for part in self._begin)

    def step(self, rows: np.ndarray, state: State) -> tuple[np.ndarray, State]:
        return self._engine.step(rows, state)

    def hear(self, rows: np.ndarray, state: State) -> tuple[np.ndarray, State]:
        return self._engine.hear(rows, state)

    def logits(self, index: int, features: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return self._engine.logits(index, features, rows)


def called(engine: Engine, rows: np.ndarray) -> Engine:
    """An engine that answers calls with (N, A) rows for its call; any other as it is, for it to hear them itself."""
    return Begun(engine, engine.answer(rows[None].astype(np.int64))) if isinstance(engine, Calling) else engine
