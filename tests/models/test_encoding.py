"""Families that hear a passage first: what the encoder says reaches the answer, padding does not; times are right."""

import numpy as np
import pytest
import torch
from tests.models.test_contract import batch_of, random_rows
from tests.tiny import CONFIGS, tiny_model

from antiphon.codec import NoteCodec
from antiphon.errors import RecipeError
from antiphon.models.registry import build, family
from antiphon.models.vae import divergence
from antiphon.training.export import state_spec

pytestmark = pytest.mark.torch
CODEC = NoteCodec()
ENCODING = [
    pytest.param(name, config, id=f"{name}-{key}")
    for name in ("seq2seq", "vae")
    for key, config in CONFIGS[name].items()
]


def padded(model, rows):
    start = torch.from_numpy(CODEC.start_row).long().expand(len(rows), model.encodes - rows.shape[1], -1)
    return torch.cat([rows, start], 1)


@pytest.mark.parametrize(("name", "config"), ENCODING)
@torch.no_grad()
def test_what_was_called_is_heard(name, config):
    model, call, other = tiny_model(name, config), random_rows(2, 5), random_rows(2, 5, seed=4)
    batch = batch_of(random_rows(2, 6))
    one, two, none = (model.log_prob(batch._replace(call=c)) for c in (call, other, None))
    assert (one - two).abs().max() > 1e-4
    assert (one - none).abs().max() > 1e-4


@pytest.mark.parametrize(("name", "config"), ENCODING)
@torch.no_grad()
def test_pieces_with_calls_do_not_meet(name, config):
    model, call = tiny_model(name, config), padded(tiny_model(name, config), random_rows(3, 5))
    for together, alone in zip(model.encode(call), model.encode(call[1:2]), strict=True):
        torch.testing.assert_close(together[1:2], alone, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_a_call_gives_a_state_like_the_start_s():
    for config in CONFIGS["seq2seq"].values():
        model = tiny_model("seq2seq", config)
        states = model.encode(padded(model, random_rows(2, 5))), model.start(2)
        assert [(s.shape, s.dtype) for s in states[0]] == [(s.shape, s.dtype) for s in states[1]]


@torch.no_grad()
def test_attention_sees_notes_and_no_padding():
    model = tiny_model("seq2seq", CONFIGS["seq2seq"]["small"])
    state = model.encode(padded(model, random_rows(2, 5)))
    *before, keys, values, onsets, clock = state
    assert (onsets[:, :5] >= 0).all()
    assert (onsets[:, 5:] == -1).all()
    other = (*before, keys, values + (onsets < 0)[..., None] * 9.0, onsets, clock)
    rows = random_rows(2, 3)
    assert torch.equal(model.parallel(rows, state)[0], model.parallel(rows, other)[0])


@torch.no_grad()
def test_an_answer_s_clock_begins_with_its_first_note_or_with_the_call():
    rows = torch.tensor([[CODEC.start_row.tolist(), [30, 60, 20, 5], [10, 62, 20, 5]]])
    for answer, expected in (("after", [-1, 0, 10]), ("together", [-1, 30, 40])):
        model = tiny_model("seq2seq", CONFIGS["seq2seq"]["small"] | {"answer": answer})
        assert model.clock(rows, torch.tensor([[-1]])).tolist() == [expected]
        assert model.parallel(rows, model.start(1))[1][-1].tolist() == [expected[-1:]]


@torch.no_grad()
def test_pointers_to_ends_work_in_answers():
    config = CONFIGS["seq2seq"]["small"]
    codec = NoteCodec(ends=4)
    model, rows = tiny_model("seq2seq", config, ends=4), random_rows(2, 6, codec)
    features, state = [], model.start(2)
    for t in range(6):
        now, state = model.step(rows[:, t], state)
        features.append(now)
    parallel, end = model.parallel(rows, model.start(2))
    torch.testing.assert_close(parallel, torch.stack(features, 1), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(end, state, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_a_melody_s_clock_counts_sixteenths():
    model = tiny_model("vae", CONFIGS["vae"]["small"])
    rows = torch.tensor([[CODEC.start_row.tolist(), [20, 60, 20, 5], [0, 62, 20, 5], [10, 64, 20, 5]]])
    assert model.parallel(rows, model.start(1))[1][-1].tolist() == [[3]]
    assert model.clock.place(torch.tensor([[0, 15, 16, 47, 48, 99]])).tolist() == [[0, 15, 16, 47, 32, 35]]


def test_divergence_is_that_of_normal_distributions():
    mean, log_deviation = torch.tensor([[0.5, -1.0]]), torch.tensor([[0.2, -0.7]])
    one = torch.distributions.Normal(mean, log_deviation.exp())
    expected = torch.distributions.kl_divergence(one, torch.distributions.Normal(0.0, 1.0)).sum(-1)
    torch.testing.assert_close(divergence(mean, log_deviation), expected)


def test_divergence_costs_little_by_little_and_only_beyond_what_is_free():
    rows = random_rows(4, 6)
    batch = batch_of(rows)._replace(call=rows)
    small = CONFIGS["vae"]["small"]

    def loss(step, **config):
        model = tiny_model("vae", small | config)
        model.at(step)
        return model.loss(batch).item()

    nothing, half, whole = (loss(step, kl_warmup=100) for step in (0, 50, 100))
    assert nothing < half < whole
    assert half - nothing == pytest.approx(whole - half, rel=1e-3)
    assert loss(100, kl_warmup=100, free_bits=1e6) == pytest.approx(nothing)
    assert loss(0, kl_warmup=0) == pytest.approx(whole)
    (kl,) = tiny_model("vae", small).further(batch).values()
    assert whole - nothing == pytest.approx(kl.sum().item() / 24, rel=1e-3)
    (weighed,) = tiny_model("vae", small | {"kl_weight": 0.25}).further(batch).values()
    torch.testing.assert_close(weighed, 0.25 * kl)


def test_a_place_is_drawn_in_training_and_the_mean_elsewhere():
    model, rows = tiny_model("vae", CONFIGS["vae"]["small"]), random_rows(2, 6)
    batch = batch_of(rows)._replace(call=rows)
    assert torch.equal(model.heard(batch), model.heard(batch))
    model.train()
    torch.manual_seed(0)
    assert not torch.equal(model.heard(batch), model.heard(batch))


def test_the_place_is_the_first_part_of_the_state():
    model = tiny_model("vae", CONFIGS["vae"]["small"])
    assert state_spec(model)[0] == {"shape": ["B", 4], "dtype": "float32", "fill": 0.0}
    assert family("vae").Config().bars == 2
    assert np.prod(model.start(3)[0].shape) == 3 * model.latent


@pytest.mark.parametrize(
    ("name", "config", "message"),
    [
        ("seq2seq", {"answer": "before"}, "unknown value of model.answer 'before'"),
        ("seq2seq", {"size": 20, "attention": 4}, "model.size 20 cannot be shared out"),
        ("seq2seq", {"call": 0}, "model.call 0 is out of range"),
        ("seq2seq", {"dropout": 1.0}, "model.dropout 1.0 is out of range"),
        ("vae", {"bars": 0}, "model.bars 0 is out of range"),
        ("vae", {"size": 17}, "model.size 17 cannot be shared out"),
        ("vae", {"free_bits": -1.0}, "model.free_bits -1.0 is out of range"),
        ("vae", {"forget": 1.0}, "model.forget 1.0 is out of range"),
    ],
)
def test_what_is_out_of_range_is_named(name, config, message):
    with pytest.raises(RecipeError, match=message):
        build(name, config, CODEC)


def test_a_vae_has_no_pointers_to_ends():
    with pytest.raises(RecipeError, match=r"codec\.ends does not go with the family vae"):
        build("vae", {}, NoteCodec(ends=4))
