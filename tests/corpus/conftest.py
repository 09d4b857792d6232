"""Small music for the tests of corpora."""

import numpy as np
import pytest
from tests.tiny import corpus

from antiphon.files.midi import write_midi
from antiphon.notes import from_seconds

__all__ = ["corpus"]


@pytest.fixture
def music():
    """A function that makes a score of 20 notes, another for every seed."""

    def make(seed=0, notes=20):
        rng = np.random.default_rng(seed)
        onset_s = np.cumsum(rng.uniform(0.1, 0.4, notes))
        return from_seconds(onset_s, np.full(notes, 0.5), rng.integers(40, 90, notes), rng.integers(30, 100, notes))

    return make


@pytest.fixture
def folder(tmp_path, music):
    """A function that writes a folder of MIDI files, one a name, each with music of its own unless ``same`` says."""

    def make(*names, same=(), root="music"):
        base = tmp_path / root
        for seed, name in enumerate(names):
            path = base / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_midi(music(1000 if name in same else seed), path)
        return base

    return make
