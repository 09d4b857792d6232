"""A model whose pieces begin in a state of their own: with a call they answer, or from a place in its latent space."""

from __future__ import annotations

import numpy as np

from antiphon.engine.base import Calling, Engine, State
from antiphon.engine.through import Through


class Begun(Through):
    """Another engine whose pieces begin in a given state: all in the same, or each in its own."""

    def __init__(self, engine: Engine, state: State) -> None:
        """``state`` of one piece, or of as many as will be asked for."""
        super().__init__(engine)
        self._begin = state

    def start(self, batch: int) -> State:
        return tuple(np.ascontiguousarray(np.broadcast_to(part, (batch, *part.shape[1:]))) for part in self._begin)


def called(engine: Engine, rows: np.ndarray) -> Engine:
    """An engine that answers calls with (N, A) rows for its call; any other as it is, for it to hear them itself."""
    return Begun(engine, engine.answer(rows[None].astype(np.int64))) if isinstance(engine, Calling) else engine
