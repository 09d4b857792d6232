"""Attention over past states: what it sees, what it weighs, and that old recurrent models do not have it."""

import math

import numpy as np
import onnxruntime as ort
import pytest
import torch

from antiphon.codec import NoteCodec
from antiphon.errors import RecipeError
from antiphon.models.recall import Recall
from antiphon.models.recurrent import LSTM, RecurrentConfig
from antiphon.training.export import export

pytestmark = pytest.mark.torch
SMALL = {"size": 16, "layers": 1, "head_size": 8}


def recall(width=8, reach=4):
    torch.manual_seed(0)
    made = Recall(width, reach)
    torch.nn.init.normal_(made.distance)
    return made.eval()


def by_hand(made, states, t):
    """(D,) of state t of (T, D), in plain loops."""
    query, key, value = (part.unflatten(-1, (made.heads, -1)) for part in made.project(states).chunk(3, -1))
    seen = range(max(0, t - made.reach + 1), t + 1)
    said = []
    for head in range(made.heads):
        scale = math.sqrt(query.shape[-1])
        logits = [query[t, head] @ key[s, head] / scale + made.distance[head, t - s] for s in seen]
        weights = torch.stack(logits).softmax(0)
        said.append(sum(w * value[s, head] for w, s in zip(weights, seen, strict=True)))
    return states[t] + made.out(torch.cat(said))


@pytest.mark.parametrize(("width", "reach"), [(8, 4), (8, 1), (128, 3)])
@torch.no_grad()
def test_it_is_attention_over_the_last_states(width, reach):
    made, states = recall(width, reach), torch.randn(2, 9, width)
    found, _ = made(states, made.start(2))
    for piece, t in ((0, 0), (0, 2), (1, 8)):
        torch.testing.assert_close(found[piece, t], by_hand(made, states[piece], t), rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_wide_states_have_several_heads():
    assert [Recall(width, 2).heads for width in (8, 64, 100, 256)] == [1, 1, 1, 4]


@torch.no_grad()
def test_states_before_the_reach_are_forgotten():
    made, states = recall(), torch.randn(1, 9, 8)
    last = made(states, made.start(1))[0][:, -1]
    for back, heard in ((4, True), (5, False)):
        other = states.clone()
        other[:, -back] += 1
        changed = not torch.equal(last, made(other, made.start(1))[0][:, -1])
        assert changed == heard, back


@torch.no_grad()
def test_a_network_with_it_exports_to_the_same_numbers():
    torch.manual_seed(0)
    model = LSTM(RecurrentConfig(**SMALL, attention=3), NoteCodec(ends=2)).eval()
    step = ort.InferenceSession(export(model)[0].SerializeToString())
    rng = np.random.default_rng(0)
    rows = np.stack([rng.integers(0, a.size, (3, 6)) for a in model.codec.attributes], -1)
    state, expected = [part.numpy() for part in model.start(3)], model.start(3)
    for t in range(6):
        feeds = dict(zip([i.name for i in step.get_inputs()], [rows[:, t], *state], strict=True))
        features, *state = step.run(None, feeds)
        wanted, expected = model.step(torch.from_numpy(rows[:, t]), expected)
        np.testing.assert_allclose(features, wanted.numpy(), atol=1e-4)


def test_without_attention_nothing_is_added():
    plain, attending = (LSTM(RecurrentConfig(**SMALL, attention=n), NoteCodec()) for n in (0, 3))
    added = set(attending.state_dict()) - set(plain.state_dict())
    assert added == {"recall.project.weight", "recall.out.weight", "recall.distance"}
    assert len(plain.start(1)) == 2


def test_a_reach_that_cannot_be_is_refused():
    with pytest.raises(RecipeError, match=r"model\.attention -1 is out of range"):
        RecurrentConfig(attention=-1)
