"""What a critic hears: a model's own continuation, with a gradient through each draw."""

import pytest
import torch
from tests.models.test_contract import random_rows
from tests.tiny import EVERY_MODEL, tiny_model

from antiphon.codec import NoteCodec
from antiphon.models.critic import RowCritic, continued, known, straight_through
from antiphon.models.heads import Heads

pytestmark = pytest.mark.torch
ENDS = NoteCodec(ends=4)


def inputs_of(model, count=3, length=5):
    start = torch.from_numpy(model.codec.start_row).long().expand(count, 1, -1)
    return torch.cat([start, random_rows(count, length - 1, model.codec)], 1)


@pytest.mark.parametrize("ends", [0, 4])
def test_what_is_drawn_is_what_is_judged(ends):
    model = tiny_model(ends=ends)
    inputs = inputs_of(model)
    torch.manual_seed(3)
    rows, noise = continued(model, inputs, 6)
    assert rows.shape == (3, 6, 4)
    made = straight_through(model, inputs, rows, noise, 1.0)
    for i, codes in enumerate(made):
        assert torch.equal(codes.argmax(-1), rows[..., i])
        torch.testing.assert_close(codes.max(-1).values, torch.ones(3, 6))
    # In parallel the same logits and noise draw the same codes.
    soft = straight_through(model, inputs, rows, noise, 1e-3)
    for codes, drawn in zip(soft, known(model.codec, rows), strict=True):
        torch.testing.assert_close(codes, drawn)
    torch.manual_seed(3)
    assert torch.equal(continued(model, inputs, 6)[0], rows)


def test_it_draws_what_the_model_gives():
    model = tiny_model()
    inputs = inputs_of(model, 1).expand(4000, -1, -1)
    torch.manual_seed(0)
    rows, _ = continued(model, inputs, 1)
    with torch.no_grad():
        features = model.parallel(inputs[:1], model.start(1))[0][:, -1]
        expected = model.heads.logits(0, features, rows[:1, 0]).softmax(-1)[0]
    found = torch.bincount(rows[:, 0, 0], minlength=len(expected)) / 4000
    assert (found - expected).abs().sum() < 0.3  # of 148 codes, each drawn some 27 times


def hears_notes(name, config):
    model = tiny_model(name, config)
    return isinstance(model.heads, Heads) and isinstance(model.codec, NoteCodec)


@pytest.mark.parametrize(("name", "config"), [one for one in EVERY_MODEL if hears_notes(*one.values)])
def test_a_verdict_reaches_any_model_of_notes(name, config):
    model = tiny_model(name, config)
    critic, inputs = RowCritic(model.codec, 8), inputs_of(model)
    rows, noise = continued(model, inputs, 4)
    made = straight_through(model, inputs, rows, noise, 1.0)
    critic(critic.embed(known(model.codec, inputs[:, 1:])), critic.embed(made)).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_a_start_row_is_no_note():
    start = torch.from_numpy(ENDS.start_row).long().expand(1, 1, -1)
    assert [float(codes.sum()) for codes in known(ENDS, start)] == [0.0] * 4
    assert [codes.shape[-1] for codes in known(ENDS, start)] == [a.size for a in ENDS.attributes]


def test_a_critic_hears_the_beginning_and_the_end():
    critic = RowCritic(ENDS, 8)
    one, other = (critic.embed(known(ENDS, random_rows(2, 8, ENDS, seed=seed))) for seed in (0, 1))
    assert not torch.allclose(critic(one, one), critic(other, one))
    assert not torch.allclose(critic(one, one), critic(one, other))
    torch.testing.assert_close(critic(one, other)[:1], critic(one[:1], other[:1]))
