"""The family that fills what is masked: what of the contract it keeps, and what training and bound are about."""

import dataclasses

import numpy as np
import pytest
import torch
from tests.models.test_contract import batch_of, random_rows
from tests.tiny import CONFIGS, tiny_model, write_model

from antiphon.bins import STEP_BINS
from antiphon.codec import HELD, NoteCodec
from antiphon.engine import open_bundle
from antiphon.engine.torch_engine import TorchEngine
from antiphon.errors import ModelError, RecipeError
from antiphon.gaps import HINTS, hints
from antiphon.models.base import Filler, Stepper, count_parameters
from antiphon.models.diffusion import DiffusionConfig, some_of
from antiphon.models.registry import build, family

pytestmark = pytest.mark.torch
SMALL = CONFIGS["diffusion"]["small"]
CODEC = NoteCodec()
SIZES = torch.tensor([a.size for a in CODEC.attributes])


def model(**config):
    return tiny_model("diffusion", SMALL | config)


def filled(made, rows, told=None):
    return made.fill(rows, rows.new_zeros(*rows.shape[:2], HINTS) if told is None else told)


def known_rows(batch, length, seed=0):
    rows = random_rows(batch, length, seed=seed)
    rows[..., 3] = rows[..., 3].clamp(max=HELD - 1)
    return rows


def test_it_fills_and_has_no_steps(tmp_path):
    made = model()
    assert isinstance(made, Filler)
    assert not isinstance(made, Stepper)
    assert made.fills == SMALL["window"]
    with pytest.raises(ModelError, match="mine does not go from row to row"):
        TorchEngine(open_bundle(write_model(tmp_path / "mine", made, "diffusion", SMALL)))


@torch.no_grad()
def test_a_window_does_not_depend_on_its_neighbours_nor_on_padding():
    made, rows = model(), known_rows(3, 9)
    rows[:, 2:5] = SIZES
    padded = torch.cat([rows, (SIZES + 1).expand(3, 4, 4)], 1)
    for together, alone, longer in zip(filled(made, rows), filled(made, rows[1:2]), filled(made, padded), strict=True):
        torch.testing.assert_close(together[1:2], alone, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(together, longer[:, :9], rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_what_is_masked_sees_all_that_is_not_on_both_sides():
    made, rows = model(), known_rows(1, 8)
    rows[:, 4] = SIZES
    before = filled(made, rows)
    for row in (1, 7):
        for column in range(4):
            other = rows.clone()
            other[0, row, column] = (other[0, row, column] + 5) % HELD
            assert any((a[0, 4] - b[0, 4]).abs().max() > 1e-6 for a, b in zip(before, filled(made, other), strict=True))


@torch.no_grad()
def test_hints_reach_the_steps():
    made, rows = model(), known_rows(1, 8)
    rows[:, 3:6, 0] = SIZES[0]
    told = torch.zeros(1, 8, HINTS, dtype=torch.long)
    told[0, 3:6] = torch.from_numpy(hints(120, 3))
    assert (filled(made, rows, told)[0] - filled(made, rows)[0]).abs().max() > 1e-4


def test_training_masks_parts_and_tells_what_time_they_have():
    made = model(whole=0.0, ending=0.0, told=1.0, some=0.0, kept=0.0)
    rows = known_rows(32, 16)
    torch.manual_seed(0)
    masking = made._drawn(batch_of(rows))
    assert (masking.masked.sum((1, 2)) >= 1).all()
    assert (masking.masked.sum((1, 2)) <= masking.open).all()
    cells = torch.from_numpy(STEP_BINS.middle)[rows[..., 0]]
    told = 0
    for b in range(32):
        steps = masking.masked[b, :, 0]
        if masking.hints[b].any():
            told += 1
            expected = hints(int(cells[b][steps].sum()), int(steps.sum()))
            assert (masking.hints[b][steps] == torch.from_numpy(expected)).all()
        assert not masking.hints[b][~steps].any()
    assert told > 8


def test_some_attributes_and_some_notes_may_stay():
    rows = known_rows(64, 16)
    some = model(whole=1.0, ending=0.0, some=1.0, kept=0.0)._drawn(batch_of(rows)).open
    assert set((some % 16).tolist()) == {0}
    assert len(set(some.tolist())) > 1
    kept = model(whole=1.0, ending=0.0, some=0.0, kept=1.0)._drawn(batch_of(rows))
    assert (kept.open < 64).any()
    assert (kept.open >= 16).all()  # when notes begin may always be masked


def test_padding_is_never_masked():
    rows = known_rows(16, 12)
    batch = batch_of(rows)
    batch.weight[:, 7:] = 0
    for _ in range(20):
        assert not model()._drawn(batch).masked[:, 7:].any()


def test_the_loss_is_a_number_with_a_gradient_for_every_weight():
    made = model(told=1.0).train()
    torch.manual_seed(1)
    loss = made.loss(batch_of(known_rows(16, 16)))
    loss.backward()
    assert torch.isfinite(loss)
    assert all(torch.isfinite(p.grad).all() for p in made.parameters() if p.grad is not None)
    assert sum(p.numel() for p in made.parameters() if p.grad is not None) == count_parameters(made)


@torch.no_grad()
def test_some_of_takes_evenly_from_one_to_all():
    may = torch.zeros(1000, 5, 4, dtype=torch.bool)
    may[:, 1:4] = True
    rng = torch.Generator().manual_seed(0)
    found = some_of(may, torch.rand(may.shape, generator=rng), torch.rand(1000, generator=rng))
    count = found.sum((1, 2))
    assert not (found & ~may).any()
    assert (count.min(), count.max()) == (1, 12)
    assert count.float().mean() == pytest.approx(6.5, abs=0.5)


@torch.no_grad()
def test_the_bound_is_always_the_same_and_right_for_a_model_that_knows_nothing():
    """Where all codes are equally likely, every order of unmasking gives the same nats."""
    made = model()
    for head in made.heads.heads:
        head.weight.zero_()
        head.bias.zero_()
    batch = batch_of(known_rows(400, 10))
    nats = -made.log_prob(batch)
    assert torch.equal(nats, -made.log_prob(batch))
    expected = np.log([a.size for a in CODEC.attributes])
    assert (nats.sum((0, 1)) / 4000).numpy() == pytest.approx(expected, rel=0.1)
    assert nats.sum() / 4000 == pytest.approx(expected.sum(), rel=0.03)


def test_learns_a_scale():
    scale = [60, 62, 64, 65, 67, 69, 71, 72, 71, 69, 67, 65, 64, 62] * 4
    pieces = torch.tensor([[[25, p, 20, 24] for p in scale[i : i + 16]] for i in range(14)])
    torch.manual_seed(0)
    made, batch = build("diffusion", SMALL | {"dropout": 0.0}, CODEC), batch_of(pieces)
    optimiser = torch.optim.Adam(made.parameters(), 0.005)
    for _ in range(300):
        optimiser.zero_grad()
        made.loss(batch).backward()
        optimiser.step()
    nats = -made.eval().log_prob(batch).sum() / (14 * 16)
    assert nats < 1.5  # to know the eight notes but not their order costs 2.04; to know all but where it begins 0.16


def test_with_instruments_too():
    made = tiny_model("diffusion", SMALL, programs=True)
    rows = random_rows(2, 5, made.codec)
    assert [f.shape[-1] for f in filled(made, rows)] == [a.size for a in made.codec.attributes]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"size": 100}, "model.size 100"),
        ({"layers": 0}, "model.layers 0"),
        ({"window": 4}, "model.window 4"),
        ({"told": 1.5}, "model.told 1.5"),
        ({"whole": 0.6, "ending": 0.6}, "together at most 1"),
        ({"dropout": 1.0}, "model.dropout 1.0"),
    ],
)
def test_sizes_out_of_range_are_refused(config, message):
    with pytest.raises(RecipeError, match=message):
        DiffusionConfig(**config)


def test_ends_are_refused():
    with pytest.raises(RecipeError, match="does not go with the family diffusion"):
        tiny_model("diffusion", SMALL, ends=4)


def test_its_configuration_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        family("diffusion").Config().size = 1
