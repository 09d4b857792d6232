"""An engine that hands everything on to another: the base of those that change one thing about it."""

from __future__ import annotations

import numpy as np

from antiphon.codec import NoteCodec
from antiphon.engine.base import Engine, State


class Through:
    """See :class:`antiphon.engine.base.Engine`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.codec: NoteCodec = engine.codec
        self.chunk: int = engine.chunk

    def start(self, batch: int) -> State:
        """The other's."""
        return self._engine.start(batch)

    def step(self, rows: np.ndarray, state: State) -> tuple[np.ndarray, State]:
        """The other's."""
        return self._engine.step(rows, state)

    def hear(self, rows: np.ndarray, state: State) -> tuple[np.ndarray, State]:
        """The other's."""
        return self._engine.hear(rows, state)

    def logits(self, index: int, features: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The other's."""
        return self._engine.logits(index, features, rows)
