"""A tiny bundle for these tests, and a model so small that it needs neither torch nor ONNX Runtime."""

import numpy as np
import pytest
from tests.tiny import bundle

from antiphon.codec import NoteCodec

__all__ = ["bundle"]


class Toy:
    """A Markov chain over a few tables: what follows depends on the note before and on how many were heard.

    It implements the Engine protocol, so that generation is tested without any network.
    """

    def __init__(self, programs=False, spread=2.0):
        self.codec, self.chunk = NoteCodec(programs), 1
        rng = np.random.default_rng(0)
        self.tables = [spread * rng.standard_normal((13, a.size)) for a in self.codec.attributes]
        self.heard = []  # what step was given

    def start(self, batch):
        return (np.zeros((batch, 1), np.int64),)

    def step(self, rows, state):
        self.heard.append(np.array(rows))
        after = (state[0] * 7 + rows.astype(np.int64).sum(-1, keepdims=True)) % 13
        return after.astype(np.float32), (after,)

    def hear(self, rows, state):
        features, after = self.step(rows[:, 0], state)
        return features[:, None], after

    def logits(self, index, features, rows):
        place = (features[:, 0].astype(np.int64) + rows[:, :index].sum(-1)) % 13
        return self.tables[index][place].astype(np.float32)


@pytest.fixture
def toy():
    return Toy()


@pytest.fixture
def toy_with_programs():
    return Toy(programs=True)
