"""A model that was asked for something: its engine, with the wish in the state that every piece begins with."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from antiphon.engine.base import Engine, State
from antiphon.engine.bundle import Bundle
from antiphon.engine.through import Through
from antiphon.errors import OptionError


def asked(engine: Engine, bundle: Bundle, wishes: Mapping[str, str], heed: float = 1.0) -> Engine:
    """The engine of ``bundle`` told what is wished for; OptionError for what the model does not know.

    See :mod:`antiphon.conditions` for the names and words of wishes, :class:`Heeding` for ``heed``: 1 is as the model
    was trained. Without any wish it is the engine itself.
    """
    if not wishes:
        return engine
    if bundle.conditions is None:
        raise OptionError(
            f"the model {bundle.name} cannot be asked for {' or '.join(sorted(wishes))}: it was trained without "
            "conditions; leave them out, or choose a model that `antiphon info` says knows them"
        )
    told = Asked(engine, bundle.conditions.ask(wishes))
    return told if heed == 1 else Heeding(engine, told, heed)


class Asked(Through):
    """Another engine whose state, which ends with the conditions, begins with these."""

    def __init__(self, engine: Engine, codes: np.ndarray) -> None:
        """``codes`` (4,) as :meth:`~antiphon.conditions.Conditions.ask` gives them."""
        super().__init__(engine)
        self._codes = codes

    def start(self, batch: int) -> State:
        *state, conditions = super().start(batch)
        return *state, np.broadcast_to(self._codes, conditions.shape).astype(conditions.dtype)


class Heeding(Through):
    """A model that heeds its wishes more than by itself: classifier-free guidance, Ho & Salimans 2022.

    It hears everything twice, told the wish and told nothing; what the wish changes in the logits counts ``heed``
    times. The state is that of both, the features (B, 2 F) are side by side.
    """

    def __init__(self, engine: Engine, told: Engine, heed: float) -> None:
        super().__init__(engine)
        self._told, self._heed = told, np.float32(heed)

    def start(self, batch: int) -> State:
        return *self._told.start(batch), *self._engine.start(batch)

    def step(self, rows: np.ndarray, state: State) -> tuple[np.ndarray, State]:
        return _side_by_side(*self._engine.step(np.concatenate([rows, rows]), _stacked(state)))

    def hear(self, rows: np.ndarray, state: State) -> tuple[np.ndarray, State]:
        return _side_by_side(*self._engine.hear(np.concatenate([rows, rows]), _stacked(state)))

    def logits(self, index: int, features: np.ndarray, rows: np.ndarray) -> np.ndarray:
        both = np.concatenate(np.split(features, 2, -1))
        told, plain = np.split(self._engine.logits(index, both, np.concatenate([rows, rows])), 2)
        mixed: np.ndarray = plain + self._heed * (told - plain)
        return mixed


def _stacked(state: State) -> State:
    """The states of both as one of 2 B pieces."""
    half = len(state) // 2
    return tuple(np.concatenate(pair) for pair in zip(state[:half], state[half:], strict=True))


def _side_by_side(features: np.ndarray, state: State) -> tuple[np.ndarray, State]:
    """The features and the state of 2 B pieces as those of B."""
    told, plain = zip(*(np.split(part, 2) for part in state), strict=True)
    return np.concatenate(np.split(features, 2), -1), (*told, *plain)
