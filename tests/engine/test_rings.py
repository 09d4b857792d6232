"""Rings of a state: blocks of notes are put into them when they are full, and nobody who holds a state notices."""

import numpy as np
import pytest
from tests.engine.test_engines import random_rows
from tests.tiny import CONFIGS, tiny_model, write_model

from antiphon.engine import open_bundle, open_engine
from antiphon.engine.rings import Rings
from antiphon.engine.torch_engine import TorchEngine

pytestmark = pytest.mark.torch
SIZE = CONFIGS["transformer"]["small"]  # a context of 6 notes, so blocks of 5


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    path = tmp_path_factory.mktemp("rings") / "model"
    return open_bundle(write_model(path, tiny_model("transformer", SIZE), "transformer", SIZE))


def stepped(engine, rows, state):
    """Features (B, T, F) of (B, T, A) rows one after another, and the state after them."""
    features = []
    for t in range(rows.shape[1]):
        now, state = engine.step(rows[:, t], state)
        features.append(now)
    return np.stack(features, 1), state


@pytest.mark.parametrize("batch", [1, 3])
def test_heard_at_once_or_one_by_one_beyond_the_context_it_is_the_same(bundle, batch):
    engine, torch = open_engine(bundle), TorchEngine(bundle)
    rows = random_rows(engine.codec, batch, 22)
    expected, state = stepped(engine, rows, engine.start(batch))
    for other in (engine, torch):
        for cut in (1, 4, 5, 12):
            first, middle = other.hear(rows[:, :cut], other.start(batch))
            second, after = other.hear(rows[:, cut:], middle)
            np.testing.assert_allclose(np.concatenate([first, second], 1), expected, atol=1e-4)
            for one, same in zip(after, state, strict=True):
                np.testing.assert_allclose(one, same, atol=1e-4)


@pytest.mark.parametrize("batch", [1, 2])
def test_a_state_may_be_gone_back_to_at_any_time(bundle, batch):
    engine = open_engine(bundle)
    rows = random_rows(engine.codec, batch, 20)
    states = [engine.start(batch)]
    for t in range(rows.shape[1]):
        states.append(engine.step(rows[:, t], states[-1])[1])
    kept = [[part.copy() for part in state] for state in states]
    for t in (0, 3, 4, 5, 9, 13):
        found, _ = stepped(engine, rows[:, t : t + 7], states[t])
        again, _ = stepped(engine, rows[:, t : t + 7], tuple(kept[t]))
        assert np.array_equal(found, again)
    assert all(
        np.array_equal(a, b) for state, copy in zip(states, kept, strict=True) for a, b in zip(state, copy, strict=True)
    )


def test_pieces_of_any_age_go_on_side_by_side(bundle):
    engine = open_engine(bundle)
    rows = random_rows(engine.codec, 3, 20)
    apart = []
    for i, age in enumerate((2, 5, 11)):
        _, state = engine.hear(rows[i : i + 1, :age], engine.start(1))
        apart.append((state, engine.hear(rows[i : i + 1, age : age + 8], state)[0]))
    together = tuple(np.concatenate(parts) for parts in zip(*(state for state, _ in apart), strict=True))
    next_rows = np.stack([rows[i, age : age + 8] for i, age in enumerate((2, 5, 11))])
    expected = np.concatenate([features for _, features in apart])
    np.testing.assert_allclose(engine.hear(next_rows, together)[0], expected, atol=1e-4)
    np.testing.assert_allclose(stepped(engine, next_rows, together)[0], expected, atol=1e-4)
    np.testing.assert_allclose(TorchEngine(bundle).hear(next_rows, together)[0], expected, atol=1e-4)


def test_states_of_one_block_share_their_rings(bundle):
    engine = open_engine(bundle)
    rows = random_rows(engine.codec, 1, 7)
    _, before = engine.hear(rows[:, :6], engine.start(1))
    _, after = engine.step(rows[:, 6], before)
    assert after[0] is before[0]


@pytest.mark.parametrize("ring", [[1], [1, 2], [-1, 1], "12", 3])
def test_a_ring_of_what_is_not_there_is_refused(ring):
    with pytest.raises((KeyError, TypeError, ValueError, IndexError)):
        Rings([{"ring": ring}, {}])
