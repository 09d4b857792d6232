"""Rolls: the contract of models/base.py with frames for rows, on every kind of backbone and with both heads."""

import itertools

import numpy as np
import onnxruntime as ort
import pytest
import torch
from safetensors.torch import load, save
from tests.tiny import stepwise

from antiphon.errors import RecipeError
from antiphon.generate.stream import stream, streams
from antiphon.models.base import Batch, count_parameters
from antiphon.models.roll import FADING, Roll, RollConfig, Traces
from antiphon.rolls import RollCodec
from antiphon.training.export import export

pytestmark = pytest.mark.torch
CODEC = RollCodec(keys=7)
KEYS = len(CODEC.attributes)
CLOSE = {"rtol": 1e-4, "atol": 1e-4}
BACKBONES = {
    "lstm": {"size": 16, "layers": 2},
    "gru": {"size": 16, "layers": 1},
    "cnn": {"size": 16, "layers": 2, "kernel": 2},
    "autoregressive": {"size": 16, "layers": 2, "embedding": 8, "context": 3},
    "transformer": {"size": 64, "layers": 1, "groups": 1, "inner": 16, "context": 4},
}
EVERY = [pytest.param(b, h, id=f"{b}-{h}") for b in BACKBONES for h in ("independent", "joint")]
every_model = pytest.mark.parametrize(("backbone", "heads"), EVERY)


def roll(backbone="gru", heads="joint", **config):
    """An untrained model whose weights are all in use."""
    torch.manual_seed(0)
    config = {"keys": KEYS, "head_size": 8, **config}
    model = Roll(RollConfig(backbone=backbone, options=BACKBONES[backbone], heads=heads, **config), CODEC)
    for name, parameter in model.named_parameters():
        if name.endswith(("heads.score", "heads.turns", "embed.begin")):
            torch.nn.init.normal_(parameter)
    return model.eval()


def frames(batch, length, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 2, (batch, length, KEYS)))


def batch_of(rows):
    start = torch.from_numpy(CODEC.start_row).long().expand(len(rows), 1, -1)
    return Batch(torch.cat([start, rows[:, :-1]], 1), rows, torch.ones(rows.shape[:2]))


@every_model
@torch.no_grad()
def test_in_parallel_in_halves_in_training_and_step_by_step_are_the_same(backbone, heads):
    model, rows = roll(backbone, heads), batch_of(frames(2, 9)).inputs
    steps, after = stepwise(model, rows, model.start(len(rows)))
    whole, end = model.parallel(rows, model.start(2))
    first, state = model.parallel(rows[:, :4], model.start(2))
    second, last = model.parallel(rows[:, 4:], state)
    for found in (whole, torch.cat([first, second], 1), model.features(rows)):
        torch.testing.assert_close(found, steps, **CLOSE)
    for found in (end, last):
        torch.testing.assert_close(found, after, **CLOSE)


@every_model
@torch.no_grad()
def test_a_step_is_pure_and_pieces_do_not_meet(backbone, heads):
    model, rows = roll(backbone, heads), frames(3, 4)
    _, state = stepwise(model, rows, model.start(len(rows)))
    before = [part.clone() for part in state]
    first, _ = model.step(rows[:, 0], state)
    assert all(torch.equal(a, b) for a, b in zip(before, state, strict=True))
    assert torch.equal(first, model.step(rows[:, 0], state)[0])
    torch.testing.assert_close(
        stepwise(model, rows[1:2], model.start(1))[0], stepwise(model, rows, model.start(len(rows)))[0][1:2], **CLOSE
    )


@every_model
@torch.no_grad()
def test_the_probabilities_of_all_frames_sum_to_one_and_key_by_key_is_the_same(backbone, heads):
    model = roll(backbone, heads)
    every = torch.tensor(list(itertools.product((0, 1), repeat=KEYS)))
    features = stepwise(model, frames(1, 3), model.start(1))[0][:, -1].expand(len(every), -1)
    log_prob = model.heads.log_prob(features, every)
    assert log_prob.sum(-1).exp().sum().item() == pytest.approx(1, abs=1e-4)
    torch.testing.assert_close(model.heads.loss(features, every).sum(-1), -log_prob.sum(-1), **CLOSE)
    for key in range(KEYS):
        alone = model.heads.logits(key, features, every).log_softmax(-1).gather(-1, every[:, key : key + 1])[:, 0]
        torch.testing.assert_close(alone, log_prob[:, key], **CLOSE)
        later = every.clone()
        later[:, key:] = 1 - later[:, key:]
        assert torch.equal(model.heads.logits(key, features, later), model.heads.logits(key, features, every))


@torch.no_grad()
def test_only_the_joint_head_hears_the_frame():
    low, high = torch.tensor([[0] * KEYS]), torch.tensor([[1] * KEYS])
    for heads, hears in (("joint", True), ("independent", False)):
        model = roll(heads=heads)
        features, _ = model.step(frames(1, 1)[:, 0], model.start(1))
        same = torch.allclose(model.heads.logits(5, features, low), model.heads.logits(5, features, high))
        assert same != hears, heads


@every_model
def test_every_weight_in_use_learns_and_padding_does_not_count(backbone, heads):
    model, batch = roll(backbone, heads).train(), batch_of(frames(3, 6))
    batch.weight[1, 3:] = 0
    model.loss(batch).backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []
    model.eval()
    other = batch.targets.clone()
    other[1, 3:] = 1 - other[1, 3:]
    torch.testing.assert_close(model.loss(batch), model.loss(batch._replace(targets=other)))


@every_model
def test_weights_there_and_back(backbone, heads):
    model = roll(backbone, heads)
    torch.manual_seed(1)
    other = Roll(model.config, CODEC).eval()
    other.load_state_dict(load(save(model.state_dict())))
    rows = frames(1, 4)
    assert torch.equal(model.parallel(rows, model.start(1))[0], other.parallel(rows, other.start(1))[0])


@pytest.mark.parametrize("heads", ["independent", "joint"])
def test_learns_a_scale_in_thirds(heads):
    rows = torch.zeros(4, 12, KEYS, dtype=torch.long)
    for piece, t in itertools.product(range(4), range(12)):
        step = (piece + t) % 5
        rows[piece, t, [step, step + 2]] = 1
    model, batch = roll("gru", heads).train(), batch_of(rows)
    optimiser = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(150):
        optimiser.zero_grad()
        model.loss(batch).backward()
        optimiser.step()
    nats = -model.eval().log_prob(batch).sum(-1)[:, 1:].mean()
    assert nats < 0.5  # untrained it was above 3


@pytest.mark.parametrize(("backbone", "heads"), [("gru", "joint"), ("transformer", "joint"), ("lstm", "independent")])
@torch.no_grad()
def test_onnx_and_torch_agree(backbone, heads):
    model, rows = roll(backbone, heads), frames(3, 3)  # no more than a block of the Transformer's
    graphs = [ort.InferenceSession(graph.SerializeToString()) for graph in export(model)]
    expected, after = model.parallel(rows, model.start(3))
    state, features = [part.numpy() for part in model.start(3)], None
    for part in [rows.numpy()] if model.chunked else rows.unbind(1):
        names = [i.name for i in graphs[0].get_inputs()]
        features, *state = graphs[0].run(None, dict(zip(names, [np.asarray(part), *state], strict=True)))
    features = features[:, -1] if model.chunked else features
    np.testing.assert_allclose(features, expected[:, -1], atol=1e-4)
    given = [part for i, part in enumerate(after) if i not in model.rings]
    for one, other in zip(state, given, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
    row = frames(3, 1, seed=5)[:, 0]
    feeds = {"features": features, "row": row.numpy()}
    asked = {i.name for i in graphs[1].get_inputs()}
    (scores,) = graphs[1].run(None, {name: feeds[name] for name in asked})
    np.testing.assert_allclose(scores, model.heads.scores(torch.from_numpy(features), row), atol=1e-4)


class Played:
    """A model as an engine, without a bundle."""

    chunk = 16

    def __init__(self, model):
        self.model, self.codec = model, model.codec

    def start(self, batch):
        return tuple(part.numpy() for part in self.model.start(batch))

    def hear(self, rows, state):
        with torch.no_grad():
            features, after = self.model.parallel(torch.tensor(rows).long(), tuple(map(torch.from_numpy, state)))
        return features.numpy(), tuple(part.numpy() for part in after)

    def step(self, rows, state):
        features, after = self.hear(rows[:, None], state)
        return features[:, 0], after

    def logits(self, index, features, rows):
        with torch.no_grad():
            return self.model.heads.logits(index, torch.from_numpy(features), torch.from_numpy(rows)).numpy()


@pytest.mark.parametrize("heads", ["independent", "joint"])
def test_the_stream_writes_frames_and_the_same_seed_the_same_music(heads):
    engine = Played(roll(heads=heads))
    alone = np.array(list(itertools.islice(stream(engine, (3,)), 20)))
    together = np.array(list(itertools.islice(streams(engine, [(1,), (3,)]), 20)))[:, 1]
    assert np.array_equal(alone, together)
    assert set(np.unique(alone)) == {0, 1}
    score = CODEC.decode(alone)
    assert len(score)
    assert np.array_equal(CODEC.encode(score)[: len(alone)], alone[: len(CODEC.encode(score))])


@torch.no_grad()
def test_a_trace_fades_as_it_says_and_the_first_is_what_sounds_now():
    traces, rows = Traces(1), torch.tensor([[[1], [0], [0]]])
    found, last = traces.parallel(rows, traces.start(1))
    for i, left in enumerate(FADING):
        expected = [(1 - left) * left**t for t in range(3)]
        assert found[0, :, i, 0].tolist() == pytest.approx(expected)
        assert last[0, i, 0].item() == pytest.approx(expected[-1])
    assert found[0, :, 0, 0].tolist() == [1, 0, 0]


def test_the_number_of_weights_is_that_of_what_is_used():
    assert count_parameters(roll(heads="independent")) < count_parameters(roll(heads="joint"))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"backbone": "lstn"}, r"unknown value of model\.backbone 'lstn'; did you mean 'lstm'"),
        ({"options": {"sise": 3}}, r"unknown key of model\.options for lstm 'sise'; did you mean 'size'"),
        ({"options": {"window": 3}}, r"unknown key of model\.options for lstm 'window'"),
        ({"backbone": "markov"}, r"unknown value of model\.backbone 'markov'"),
        ({"heads": "joined"}, r"unknown value of model\.heads 'joined'; did you mean 'joint'"),
        ({"head_size": 0}, r"model\.head_size 0 is out of range"),
        ({"channels": 0}, r"model\.channels 0 is out of range"),
        ({"dropout": 1.0}, r"model\.dropout 1\.0 is out of range"),
    ],
)
def test_a_model_that_cannot_be_is_refused(config, message):
    with pytest.raises(RecipeError, match=message):
        RollConfig(**config)
