"""The feed-forward network: it sees its window and nothing before it."""

import numpy as np
import pytest
import torch
from tests.tiny import stepwise

from antiphon.codec import NoteCodec
from antiphon.errors import RecipeError
from antiphon.models.autoregressive import Autoregressive, AutoregressiveConfig

pytestmark = pytest.mark.torch
CODEC = NoteCodec()
SMALL = {"embedding": 8, "size": 16, "head_size": 8}


def rows(codec, batch, length, seed=0):
    rng = np.random.default_rng(seed)
    return torch.from_numpy(np.stack([rng.integers(0, a.size, (batch, length)) for a in codec.attributes], -1))


def model(codec=CODEC, **config):
    torch.manual_seed(0)
    return Autoregressive(AutoregressiveConfig(**SMALL, **config), codec).eval()


@pytest.mark.parametrize("context", [1, 2, 5])
@torch.no_grad()
def test_a_prediction_sees_the_last_notes_in_order_and_no_others(context):
    net, music = model(context=context), rows(CODEC, 1, 8)
    last = net.parallel(music, net.start(1))[0][:, -1]
    for back, heard in ((context, True), (context + 1, False)):
        other = music.clone()
        other[:, -back] = (other[:, -back] + 1) % 32
        changed = not torch.equal(last, net.parallel(other, net.start(1))[0][:, -1])
        assert changed == heard, back
    swapped = torch.cat([music[:, :-2], music[:, -2:].flip(1)], 1)
    assert not torch.equal(last, net.parallel(swapped, net.start(1))[0][:, -1])


@torch.no_grad()
def test_the_past_of_the_notes_is_counted_step_by_step_as_at_once():
    codec = NoteCodec(ends=4)
    net, music = model(codec, context=3, layers=3), rows(codec, 2, 10)
    whole, end = net.parallel(music, net.start(2))
    steps, after = stepwise(net, music, net.start(2))
    torch.testing.assert_close(whole, steps, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(end, after, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("key", "value"),
    [("context", 0), ("embedding", 0), ("size", 0), ("layers", 0), ("head_size", 0), ("dropout", -0.1)],
)
def test_a_network_that_cannot_be_is_refused(key, value):
    with pytest.raises(RecipeError, match=rf"model\.{key} {value} is out of range"):
        AutoregressiveConfig(**{key: value})
