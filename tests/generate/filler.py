"""A model that fills what is masked and needs no network: what it says depends on all that is not masked."""

import numpy as np

from antiphon.codec import NoteCodec


class ToyFiller:
    """It implements the Filling protocol, and keeps what it was shown."""

    chunk = 1

    def __init__(self, window=24, programs=False, spread=2.0):
        self.codec, self.window = NoteCodec(programs), window
        self.shown = []
        rng = np.random.default_rng(0)
        self.tables = [spread * rng.standard_normal((13, a.size)) for a in self.codec.attributes]

    def start(self, batch):
        raise AssertionError("it has no steps")

    step = hear = logits = start

    def fill(self, rows, hints):
        assert rows.shape[1] <= self.window
        self.shown.append((np.array(rows), np.array(hints)))
        known = np.where(rows < [a.size for a in self.codec.attributes], rows, 0).sum(-1)
        place = (known.sum(1, keepdims=True) + np.arange(rows.shape[1]) + hints.sum(-1)) % 13
        return [table[place].astype(np.float32) for table in self.tables]
