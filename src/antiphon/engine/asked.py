"""A model that was asked for something: its engine, with the wish in the state that every piece begins with."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from antiphon.engine.base import Engine, State
from antiphon.engine.bundle import Bundle
from antiphon.engine.through import Through
from antiphon.errors import OptionError


def asked(engine: Engine, bundle: Bundle, wishes: Mapping[str, str]) -> Engine:
    """The engine of ``bundle`` told what is wished for; OptionError for what the model does not know.

    See :mod:`antiphon.conditions` for the names and words of wishes. Without any it is the engine itself.
    """
    if not wishes:
        return engine
    if bundle.conditions is None:
        raise OptionError(
            f"the model {bundle.name} cannot be asked for {' or '.join(sorted(wishes))}: it was trained without "
            "conditions; leave them out, or choose a model that `antiphon info` says knows them"
        )
    return Asked(engine, bundle.conditions.ask(wishes))


class Asked(Through):
    """Another engine whose state, which ends with the conditions, begins with these."""

    def __init__(self, engine: Engine, codes: np.ndarray) -> None:
        """``codes`` (4,) as :meth:`~antiphon.conditions.Conditions.ask` gives them."""
        super().__init__(engine)
        self._codes = codes

    def start(self, batch: int) -> State:
        *state, conditions = super().start(batch)
        return *state, np.broadcast_to(self._codes, conditions.shape).astype(conditions.dtype)
