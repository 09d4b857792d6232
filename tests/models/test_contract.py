"""What every family of model must do; see models/base.py. A new family is tested here without a change."""

import dataclasses

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from tests.tiny import CONFIGS, EVERY_MODEL, stepwise, tiny_model

from antiphon.codec import NoteCodec
from antiphon.errors import ModelError
from antiphon.models.base import Batch, Stepper, count_parameters
from antiphon.models.registry import FAMILIES, build, family

pytestmark = pytest.mark.torch
every_model = pytest.mark.parametrize(("name", "config"), EVERY_MODEL)
CODEC = NoteCodec()
CLOSE = {"rtol": 1e-4, "atol": 1e-4}


def random_rows(batch, length, codec=CODEC, seed=0):
    """(B, T, A) int64 rows of any codes, HELD durations among them."""
    rng = np.random.default_rng(seed)
    return torch.from_numpy(np.stack([rng.integers(0, a.size, (batch, length)) for a in codec.attributes], axis=-1))


def model_and_rows(name, config, batch, length):
    """A model, and (B, T, A) rows of its own codec."""
    model = tiny_model(name, config)
    return model, random_rows(batch, length, model.codec)


def batch_of(rows, codec=CODEC):
    """What training would make of whole pieces (B, T, A) whose durations are known."""
    start = torch.from_numpy(codec.start_row).long().expand(len(rows), 1, -1)
    return Batch(torch.cat([start, rows[:, :-1]], 1), rows, torch.ones(rows.shape[:2]))


@every_model
@torch.no_grad()
def test_in_parallel_and_step_by_step_are_the_same(name, config):
    model, rows = model_and_rows(name, config, 3, 12)
    parallel, end = model.parallel(rows, model.start(3))
    steps, after = stepwise(model, rows, model.start(3))
    torch.testing.assert_close(parallel, steps, **CLOSE)
    torch.testing.assert_close(end, after, **CLOSE)


@every_model
@torch.no_grad()
def test_a_prompt_heard_in_two_halves_is_the_same(name, config):
    model, rows = model_and_rows(name, config, 2, 12)
    whole, end = model.parallel(rows, model.start(2))
    first, state = model.parallel(rows[:, :7], model.start(2))
    second, after = model.parallel(rows[:, 7:], state)
    torch.testing.assert_close(whole, torch.cat([first, second], 1), **CLOSE)
    torch.testing.assert_close(end, after, **CLOSE)


@every_model
@torch.no_grad()
def test_a_step_changes_nothing_it_was_given(name, config):
    model, rows = model_and_rows(name, config, 2, 3)
    _, state = stepwise(model, rows, model.start(2))
    before, row = [s.clone() for s in state], rows[:, 0].clone()
    first, _ = model.step(row, state)
    again, _ = model.step(row, state)
    assert all(torch.equal(a, b) for a, b in zip(before, state, strict=True))
    assert torch.equal(row, rows[:, 0])
    assert torch.equal(first, again)


@every_model
@torch.no_grad()
def test_a_piece_does_not_depend_on_its_neighbours(name, config):
    model, rows = model_and_rows(name, config, 3, 8)
    together, _ = model.parallel(rows, model.start(3))
    alone, _ = model.parallel(rows[1:2], model.start(1))
    torch.testing.assert_close(together[1:2], alone, **CLOSE)


@every_model
@torch.no_grad()
def test_nothing_is_seen_before_it_was_played(name, config):
    model, rows = model_and_rows(name, config, 1, 8)
    changed = rows.clone()
    changed[:, 5:] = random_rows(1, 3, model.codec, seed=9)
    torch.testing.assert_close(
        model.parallel(rows, model.start(1))[0][:, :5], model.parallel(changed, model.start(1))[0][:, :5], **CLOSE
    )


@every_model
@torch.no_grad()
def test_an_attribute_sees_only_those_before_it(name, config):
    model, rows = model_and_rows(name, config, 1, 1)
    rows = rows[:, 0]
    features, _ = model.step(rows, model.start(1))
    for i, attribute in enumerate(model.codec.attributes):
        later = rows.clone()
        later[:, i:] = random_rows(1, 1, model.codec, seed=7)[:, 0, i:]
        assert torch.equal(model.heads.logits(i, features, rows), model.heads.logits(i, features, later)), attribute


@every_model
@torch.no_grad()
def test_log_prob_is_the_normalised_logits_of_each_step(name, config):
    model, rows = model_and_rows(name, config, 2, 6)
    batch = batch_of(rows, model.codec)
    found = model.log_prob(batch)
    features, _ = stepwise(model, batch.inputs, model.start(2))
    for i in range(len(model.codec.attributes)):
        log_p = model.heads.logits(i, features, rows).log_softmax(-1)
        torch.testing.assert_close(found[..., i], log_p.gather(-1, rows[..., i : i + 1])[..., 0], **CLOSE)


@every_model
def test_the_loss_is_a_number_with_a_gradient_for_every_weight_in_use(name, config):
    model = tiny_model(name, config).train()
    rows = random_rows(4, 6, model.codec)
    loss = model.loss(batch_of(rows, model.codec)._replace(call=rows))
    assert loss.dim() == 0
    loss.backward()
    assert torch.isfinite(loss)
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)
    assert sum(p.numel() for p in model.parameters() if p.grad is not None) == count_parameters(model)


@every_model
def test_padding_does_not_count(name, config):
    model, rows = model_and_rows(name, config, 2, 6)
    batch = batch_of(rows, model.codec)
    batch.weight[1, 3:] = 0
    other = rows.clone()
    other[1, 3:] = random_rows(1, 3, model.codec, seed=5)[0]
    loss = model.loss(batch)
    assert torch.isfinite(loss)
    torch.testing.assert_close(loss, model.loss(batch._replace(targets=other)))


@every_model
def test_weights_there_and_back(name, config):
    model, other = tiny_model(name, config), build(name, config, CODEC).eval()
    other.load_state_dict(load(save(model.state_dict())))
    rows = random_rows(1, 4, model.codec)
    assert torch.equal(model.parallel(rows, model.start(1))[0], other.parallel(rows, other.start(1))[0])


@every_model
@torch.no_grad()
def test_with_instruments_too(name, config):
    if name in ("chord", "roll"):
        pytest.skip("their rows have no instruments")
    codec = NoteCodec(programs=True)
    model, rows = tiny_model(name, config, programs=True), random_rows(2, 5, codec)
    parallel, _ = model.parallel(rows, model.start(2))
    torch.testing.assert_close(parallel, stepwise(model, rows, model.start(2))[0], **CLOSE)
    assert model.heads.log_prob(parallel, rows).shape == (2, 5, 5)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_configuration_is_frozen_and_refuses_unknown_keys(name):
    config = family(name).Config()
    field = dataclasses.fields(config)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(config, field, 1)
    with pytest.raises(TypeError):
        build(name, {"no_such_key": 1}, CODEC)


def test_an_unknown_family_suggests_the_nearest():
    with pytest.raises(ModelError, match="unknown model family 'lstn'; did you mean 'lstm'"):
        family("lstn")


@pytest.mark.parametrize("name", [name for name in FAMILIES if issubclass(family(name), Stepper)])
def test_learns_a_scale(name):
    """Up and down C major in even quavers: all is certain but where it begins."""
    scale = [60, 62, 64, 65, 67, 69, 71, 72, 71, 69, 67, 65, 64, 62] * 4
    pieces = torch.tensor([[[25, p, 20, 24] for p in scale[i : i + 16]] for i in range(14)])
    torch.manual_seed(0)
    small = next(iter(CONFIGS.get(name, {"": {}}).values()))
    known = {field.name for field in dataclasses.fields(family(name).Config)}
    wanted = {"size": max(small.get("size", 0), 32), "head_size": 32, "layers": 1, "dropout": 0.0}
    config = small | {key: value for key, value in wanted.items() if key in known}
    model = build(name, config, CODEC)
    if not isinstance(model.codec, NoteCodec):
        pieces = torch.from_numpy(np.stack([model.codec.encode(CODEC.decode(piece)) for piece in pieces])).long()
    batch = batch_of(pieces, model.codec)
    optimiser = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(200):
        optimiser.zero_grad()
        model.loss(batch).backward()
        optimiser.step()
    nats = -model.eval().log_prob(batch).sum(-1)[:, 2:].mean()  # after two notes the direction is known
    assert nats < 1.5  # to know the eight notes but not their order costs 2.04; untrained it was 16
