"""How pieces begin: all alike, or each at a place of its own in a model's latent space."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from antiphon.engine.base import Engine, Latent, State

Seed = Sequence[int]
_PLACES = 0x1A7E27  # tells the randomness of places from that of notes, which has the same seed


def begin(engine: Engine, seeds: Sequence[Seed]) -> State:
    """The state in which one piece a seed begins: at a place from the prior, for a model that has one."""
    return engine.unfold(imagined(engine, seeds)) if isinstance(engine, Latent) else engine.start(len(seeds))


def imagined(engine: Latent, seeds: Sequence[Seed]) -> np.ndarray:
    """(B, Z) a place from the prior for each seed."""
    return np.stack([np.random.default_rng([*seed, _PLACES]).standard_normal(engine.size) for seed in seeds])
