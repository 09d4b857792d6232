"""The convolutional network: it hears exactly as far as its layers reach."""

import numpy as np
import pytest
import torch
from tests.tiny import stepwise

from antiphon.codec import NoteCodec
from antiphon.errors import RecipeError
from antiphon.models.cnn import CNN, CnnConfig

pytestmark = pytest.mark.torch
CODEC = NoteCodec()


def rows(length, seed=0):
    rng = np.random.default_rng(seed)
    return torch.from_numpy(np.stack([rng.integers(0, a.size, (1, length)) for a in CODEC.attributes], -1))


def model(**config):
    torch.manual_seed(0)
    return CNN(CnnConfig(size=8, head_size=8, **config), CODEC).eval()


@pytest.mark.parametrize(
    ("layers", "kernel", "cycle", "reach"), [(1, 2, 1, 2), (3, 2, 3, 8), (3, 3, 2, 9), (8, 3, 8, 511)]
)
def test_the_reach_is_what_the_layers_add_up_to(layers, kernel, cycle, reach):
    assert CnnConfig(layers=layers, kernel=kernel, cycle=cycle).reach == reach


@torch.no_grad()
def test_a_prediction_sees_as_far_as_the_reach_and_no_further():
    net, music = model(layers=3, kernel=2, cycle=3), rows(20)
    last = net.parallel(music, net.start(1))[0][:, -1]
    for back, heard in ((net.config.reach, True), (net.config.reach + 1, False)):
        other = music.clone()
        other[:, -back] = (other[:, -back] + 1) % 32
        changed = not torch.equal(last, net.parallel(other, net.start(1))[0][:, -1])
        assert changed == heard, back


def test_a_block_remembers_no_more_than_it_needs():
    net = model(layers=4, kernel=3, cycle=4)
    assert [part.shape[1] for part in net.start(1)] == [2, 4, 8, 16]


@torch.no_grad()
def test_the_past_of_the_notes_is_counted_step_by_step_as_at_once():
    codec = NoteCodec(ends=4)
    torch.manual_seed(0)
    net = CNN(CnnConfig(size=8, head_size=8, layers=3, kernel=2), codec).eval()
    music = torch.from_numpy(
        np.stack([np.random.default_rng(1).integers(0, a.size, (2, 12)) for a in codec.attributes], -1)
    )
    whole, end = net.parallel(music, net.start(2))
    steps, after = stepwise(net, music, net.start(2))
    torch.testing.assert_close(whole, steps, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(end, after, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("key", "value"),
    [("size", 0), ("layers", 0), ("kernel", 1), ("head_size", 0), ("cycle", 0), ("cycle", 13), ("dropout", 1.0)],
)
def test_a_network_that_cannot_be_is_refused(key, value):
    with pytest.raises(RecipeError, match=rf"model\.{key} {value} is out of range"):
        CnnConfig(**{key: value})
